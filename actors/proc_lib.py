"""Starting a process and waiting until it says that it is ready (Erlang's `proc_lib`)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from actors import reports
from actors.errors import StartError
from actors.exits import Exit, is_orderly, reason_of
from actors.options import INFINITY, Timeout, check_timeout
from actors.pid import Pid
from actors.process import Process
from actors.processes import flush_exit, join, part, start_process
from actors.registry import give
from actors.request import From
from actors.scope import here


@dataclass(frozen=True, slots=True)
class Started:
    """The acknowledgement of a process that is ready."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """The acknowledgement of a process that chose not to run."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The acknowledgement of a process that could not start."""

    reason: object


Ack = Started | Ignored | Failed
Initialise = Callable[["Starter"], Coroutine[Any, Any, None]]


class Starter:
    """What a new process needs to know of its start.

    Attributes:
        parent: the process that started it; itself for a start without a link, as in OTP.
        name: its local name, if any.
        initial_call: what reports name.
    """

    __slots__ = ("_request", "initial_call", "name", "parent", "process")

    def __init__(self, request: From, name: str | None, initial_call: object) -> None:
        self._request = request
        self.name = name
        self.initial_call = initial_call
        self.process: Process = None  # type: ignore[assignment]  # set before the process is stepped
        self.parent: Pid = request.pid

    def ack(self, ack: Ack) -> None:
        """Tell who started it (`init_ack`)."""
        self._request.answer(ack)


async def _run(initialise: Initialise, starter: Starter) -> None:
    """Run the behaviour and report its end if it is no orderly one."""
    try:
        await initialise(starter)
    except BaseException as error:
        process = starter.process
        if process.ending:
            raise
        reason = reason_of(error)
        if not is_orderly(reason):
            reports.crashed(process.pid, starter.name, starter.initial_call, reason, starter.parent)
        raise Exit(reason) from None


async def start(
    initialise: Initialise,
    *,
    name: str | None,
    initial_call: object,
    link: bool,
    timeout: Timeout,
) -> Pid | None:
    """Start a process and wait for its acknowledgement (`proc_lib:start_link/5`).

    Args:
        initialise: the process's body; it calls `starter.ack` once.
        name: a free local name, which it has before it runs.
        initial_call: what reports name.
        link: whether to link it to this process.
        timeout: ms to wait for the acknowledgement; then the process is killed.

    Returns:
        Its pid, or None where it was ignored.

    Raises:
        StartError: with the reason why it did not start.
    """
    me = here("start_link")
    check_timeout(timeout, "start: timeout")
    request = From(me)
    starter = Starter(request, name, initial_call)
    process = start_process(me.run_loop, _run, (initialise, starter))
    process.label = initial_call
    process.reports_exceptions = False
    starter.process = process
    if link:
        join(me, process)
    else:
        starter.parent = process.pid
    if name is not None:
        give(me.run_loop, name, process)
    answered = await request.wait(process, None if timeout is INFINITY else timeout)  # type: ignore[arg-type]
    ack = request.value
    if not answered:
        if ack == "timeout" and not process.ended:
            part(me, process)
            process.exit_signal(me.pid, "kill", kill=True)
            flush_exit(me, process.pid)
        raise StartError(ack)
    match ack:
        case Started():
            return process.pid
        case Ignored():
            return None
        case Failed(reason):
            raise StartError(reason)
        case _:
            raise AssertionError(ack)
