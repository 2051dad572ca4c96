"""A server that is written in the test that uses it, and short words for what tests of processes keep doing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from actors import (
    INFINITY,
    TIMEOUT,
    Crash,
    Down,
    Exit,
    From,
    GenServer,
    ManualClock,
    NoReply,
    Ok,
    Pid,
    Ref,
    StartError,
    call,
    current,
    monitor,
    receive,
    send,
    spawn,
)

Callback = Callable[..., Any]


@dataclass
class Script:
    """The callbacks of a `Scripted`; what is left out is the library's own default."""

    init: Callback = lambda: Ok(0)
    call: Callback | None = None
    cast: Callback | None = None
    info: Callback | None = None
    cont: Callback | None = None
    terminate: Callback | None = None


class Scripted(GenServer):
    """A server whose callbacks are given at its start."""

    def __init__(self) -> None:
        self.script = Script()

    def init(self, arg: Script) -> Any:
        self.script = arg
        return arg.init()

    def handle_call(self, request: Any, from_: From, state: Any) -> Any:
        if self.script.call is None:
            return super().handle_call(request, from_, state)
        return self.script.call(request, from_, state)

    def handle_cast(self, request: Any, state: Any) -> Any:
        if self.script.cast is None:
            return super().handle_cast(request, state)
        return self.script.cast(request, state)

    def handle_info(self, message: Any, state: Any) -> Any:
        if self.script.info is None:
            return super().handle_info(message, state)
        return self.script.info(message, state)

    def handle_continue(self, term: Any, state: Any) -> Any:
        if self.script.cont is None:
            return super().handle_continue(term, state)
        return self.script.cont(term, state)

    def terminate(self, reason: Any, state: Any) -> Any:
        if self.script.terminate is None:
            return super().terminate(reason, state)
        return self.script.terminate(reason, state)


async def start(**callbacks: Any) -> Pid:
    """A `Scripted` without a link."""
    pid = await Scripted.start(Script(**callbacks))
    assert pid is not None
    return pid


async def start_link(**callbacks: Any) -> Pid:
    """A `Scripted` linked to this process."""
    pid = await Scripted.start_link(Script(**callbacks))
    assert pid is not None
    return pid


def returning(value: Any) -> Callback:
    """A callback that returns `value` whatever it is given."""
    return lambda *_: value


def raising(error: BaseException) -> Callback:
    """A callback that raises `error`."""

    def callback(*_: Any) -> Any:
        raise error

    return callback


def noting(seen: list[Any], *then: Any) -> Callback:
    """A `handle_info` or `handle_cast` that appends the message to `seen`; `then` is what is armed."""

    def callback(message: Any, state: Any) -> NoReply:
        seen.append(message)
        return NoReply(state, *then)

    return callback


def noting_reason(seen: list[Any]) -> Callback:
    """A `terminate` that appends the reason to `seen`."""

    def callback(reason: Any, state: Any) -> None:
        seen.append(reason)

    return callback


async def pause(ms: int) -> None:
    """Let `ms` of the node's time pass; the mailbox stays as it is."""
    assert await receive(lambda _: False, ms) is TIMEOUT


def ms(clock: ManualClock) -> int:
    return round(clock.monotonic() * 1000)


async def mailbox() -> list[Any]:
    """All that waits in this process's mailbox, taken out."""
    found = []
    while (message := await receive(timeout=0)) is not TIMEOUT:
        found.append(message)
    return found


async def exit_reason_of(awaitable: Awaitable[Any]) -> Any:
    """The reason of the `Exit` that awaiting raises."""
    try:
        value = await awaitable
    except Exit as error:
        return error.reason
    raise AssertionError(f"no exit, but {value!r}")


async def start_reason_of(awaitable: Awaitable[Any]) -> Any:
    """The reason of the `StartError` that awaiting raises."""
    try:
        value = await awaitable
    except StartError as error:
        return error.reason
    raise AssertionError(f"no StartError, but {value!r}")


async def down(ref: Ref) -> Any:
    """The reason that a monitor reports; waits for it."""
    message = await receive(lambda one: isinstance(one, Down) and one.ref == ref, 600_000)
    assert isinstance(message, Down), "the process did not end"
    return message.reason


async def down_after(pid: Pid, act: Callable[[], Any]) -> Any:
    """The reason by which `pid` ends when `act` is done."""
    ref = monitor(pid)
    act()
    return await down(ref)


def asked(dest: Any, request: Any, timeout: Any = 5000) -> Any:
    """The second half of a failed call's reason."""
    return ("GenServer", "call", (dest, request, timeout))


def stopped(dest: Any, reason: Any = "normal", timeout: Any = None) -> Any:
    """The second half of a failed stop's reason."""
    return ("GenServer", "stop", (dest, reason, INFINITY if timeout is None else timeout))


def spawn_caller(dest: Any, request: Any, timeout: Any = 5000) -> Pid:
    """A process that calls, and tells this one how it went; `result_of` takes that."""
    me = current()

    async def caller() -> None:
        try:
            outcome = ("reply", await call(dest, request, timeout))
        except Exit as error:
            outcome = ("exit", error.reason)
        send(me, (current(), outcome))

    return spawn(caller)


async def result_of(caller: Pid) -> Any:
    """`("reply", value)` or `("exit", reason)` of a `spawn_caller`."""
    message = await receive(lambda one: isinstance(one, tuple) and one[0] == caller, 600_000)
    assert message is not TIMEOUT, "the caller said nothing"
    return message[1]


def check_crash(reason: Any, kind: str, message: str) -> None:
    """`reason` is the crash by that exception, with its traceback."""
    assert isinstance(reason, Crash), reason
    assert (reason.kind, reason.message) == (kind, message)
    assert "Traceback" in reason.traceback
    assert f"{kind}: {message}".rstrip(": ") in reason.traceback


async def exit_when_told() -> None:
    """A process's body: ends with the reason in `("exit", reason)`, or by what `("raise", error)` raises."""
    what, term = await receive(lambda one: isinstance(one, tuple) and one[0] in ("exit", "raise"))
    if what == "raise":
        raise term
    raise Exit(term)
