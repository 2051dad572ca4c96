"""Starting and stopping one child: what runs in the supervisor's process (OTP's `do_start_child` and `shutdown`)."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from actors import (
    INFINITY,
    TIMEOUT,
    ChildSpec,
    Down,
    Exit,
    ExitMessage,
    Pid,
    Ref,
    StartError,
    exit_process,
    monitor,
    receive,
    unlink,
)
from actors.exits import Crash, is_orderly
from actors.options import Timeout
from actors.processes import flush_exit
from actors.scope import here


class ChildStartError(Exception):
    """A child did not start, for OTP's reason."""

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Up:
    """A child that runs, or was ignored (pid None), and what its start returned beside the pid."""

    pid: Pid | None
    info: Any = None


async def start_child(spec: ChildSpec) -> Up:
    """Call the start function.

    Raises:
        ChildStartError: with its reason; whatever but StartError it raises is `("EXIT", reason)`, Python's own
            `exit()` too: the failure is the child's, not the supervisor's.
    """
    function, arguments = spec.start
    try:
        result = function(*arguments)
        if inspect.isawaitable(result):
            result = await result
    except StartError as error:
        raise ChildStartError(error.reason) from None
    except Exit as error:
        raise ChildStartError(("EXIT", error.reason)) from None
    except BaseException as error:
        if here("start_child").ending:  # a signal that ends the supervisor is no failure of the child
            raise
        raise ChildStartError(("EXIT", Crash.from_exception(error))) from None
    match result:
        case Pid() | None:
            return Up(result)
        case (Pid() as pid, info):
            return Up(pid, info)
        case _:
            raise ChildStartError(result)


async def stop_child(spec: ChildSpec, pid: Pid) -> object | None:
    """End a child as its spec says; the reason to report, or None where it ended as it should.

    The link is taken away first and the monitor tells of the end, so that a child which unlinked itself or was
    never linked is ended all the same.
    """
    ref = monitor(pid)
    unlink(pid)
    early = flush_exit(here("stop_child"), pid)
    shutdown = spec.effective_shutdown
    if shutdown == "brutal_kill":
        exit_process(pid, "kill")
        return _unexpected(spec, early, await _down(ref), told="killed")
    exit_process(pid, "shutdown")
    reason = await _down(ref, shutdown)
    if reason is TIMEOUT:
        exit_process(pid, "kill")
        reason = await _down(ref)
    return _unexpected(spec, early, reason, told="shutdown")


async def _down(ref: Ref, timeout: Timeout = INFINITY) -> object:
    """The reason that the monitor tells, or TIMEOUT."""
    message = await receive(lambda one: isinstance(one, Down) and one.ref == ref, timeout)
    return message.reason if isinstance(message, Down) else message


def _unexpected(spec: ChildSpec, early: object, reason: object, *, told: str) -> object | None:
    """The reason if it has to be reported: neither what the child was `told` nor, unless it is permanent, orderly.

    A child that had ended before it was told is judged by its own reason.
    """
    if isinstance(early, ExitMessage):
        reason = early.reason
    as_told = isinstance(reason, str) and reason == told
    return None if as_told or (spec.restart != "permanent" and is_orderly(reason)) else reason
