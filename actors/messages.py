"""The messages that the library itself puts into mailboxes: a closed set.

`Down` and `ExitMessage` and `TIMEOUT` are for everybody; `Call`, `Cast` and `System` are the protocol between
`gen_server`'s functions and its loop (Erlang's `$gen_call`, `$gen_cast` and `system` tuples). `Call` and `Cast`
are made for each request, and so are not frozen: that alone would double their cost. Nobody changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from actors.pid import Pid, Ref

if TYPE_CHECKING:
    from actors.request import From


class Timeout_:  # noqa: N801 — `Timeout` is the type of a time
    """The type of `TIMEOUT` (Erlang's `:timeout` message). There is one instance."""

    _instance: Timeout_ | None = None

    def __new__(cls) -> Timeout_:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "TIMEOUT"

    def __reduce__(self) -> str:
        return "TIMEOUT"


TIMEOUT: Final = Timeout_()
"""What `receive` returns, and `handle_info` gets, when nothing came in time."""


@dataclass(frozen=True, slots=True)
class Down:
    """A monitored process ended: Erlang's `{:DOWN, ref, :process, pid, reason}`.

    Attributes:
        ref: what `monitor` returned.
        pid: the process; for a monitor by name, `(name, node name)` as in Erlang.
        reason: its exit reason; `"noproc"` where there was none to monitor.
    """

    ref: Ref
    pid: Pid | tuple[object, str]
    reason: object


@dataclass(frozen=True, slots=True)
class ExitMessage:
    """An exit signal that a trapping process got as a message: Erlang's `{:EXIT, pid, reason}`."""

    pid: Pid
    reason: object


@dataclass(slots=True)
class Call:
    """A request that waits for a reply: Erlang's `{:"$gen_call", from, request}`."""

    from_: From
    request: object


@dataclass(slots=True)
class Cast:
    """A request without a reply: Erlang's `{:"$gen_cast", request}`."""

    request: object


@dataclass(frozen=True, slots=True)
class System:
    """A request to the behaviour itself: Erlang's `{:system, from, request}`."""

    from_: From
    request: object


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a plain Thespian actor sent, beside its address. `receive` takes it out again."""

    message: object
    sender: object
