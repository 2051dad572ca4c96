"""A child that notes what happens to it and ends as it is told, and short words for what tests of supervisors do."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from actors import (
    TIMEOUT,
    ChildSpec,
    Exit,
    ExitMessage,
    GenServer,
    NoReply,
    Ok,
    Pid,
    Reply,
    StartError,
    SupervisorError,
    cast,
    is_alive,
    monitor,
    receive,
    trap_exit,
)
from supervision import Supervisor, which_children
from tests.actors.helpers import down, pause

STUCK = 3_600_000
"""An hour: longer than any test's time."""


@dataclass(frozen=True)
class Plan:
    """What a `Worker` does.

    Attributes:
        name: what it is called in `seen`.
        seen: gets `(name, "started")` and, where it traps exits, `(name, "terminate", reason)`.
        traps: whether it traps exits, so that a shutdown has it run `terminate`.
        slow: ms that `terminate` takes.
        slow_start: ms that `init` takes.
    """

    name: Any
    seen: list[Any]
    traps: bool = False
    slow: int = 0
    slow_start: int = 0


class Worker(GenServer):
    """Its state counts the messages; `cast` it `("exit", reason)`, `("raise", text)` or `("hang", ms)`."""

    async def init(self, plan: Plan) -> Ok:
        self.plan = plan
        trap_exit(plan.traps)
        if plan.slow_start:
            await pause(plan.slow_start)
        plan.seen.append((plan.name, "started"))
        return Ok(0)

    def handle_call(self, request: Any, from_: Any, state: int) -> Reply:
        return Reply(state, state + 1)

    async def handle_cast(self, request: Any, state: int) -> NoReply:
        match request:
            case "exit", reason:
                raise Exit(reason)
            case "raise", text:
                raise ValueError(text)
            case "hang", ms:
                await pause(ms)
        return NoReply(state + 1)

    async def terminate(self, reason: Any, state: int) -> None:
        if self.plan.traps:
            self.plan.seen.append((self.plan.name, "terminate", reason))
            if self.plan.slow:
                await pause(self.plan.slow)


def worker(name: Any, seen: list[Any] | None = None, *, plan: dict[str, Any] | None = None, **spec: Any) -> ChildSpec:
    """The spec of a `Worker` with the id `name`; `plan` and `spec` are fields of either."""
    planned = Plan(name, [] if seen is None else seen, **(plan or {}))
    return ChildSpec(name, (Worker.start_link, (planned,)), **spec)


def starting(*results: Any, id: Any = "f") -> ChildSpec:
    """The spec of a child whose start function gives `results` in turn, the last one for ever.

    A result is `"up"` (a Worker), an exception to raise, or what to return.
    """
    left = list(results)

    async def start() -> Any:
        result = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(result, BaseException):
            raise result
        return await Worker.start_link(Plan(id, [])) if result == "up" else result

    return ChildSpec(id, (start, ()))


async def start_supervisor(children: list[Any], **options: Any) -> Pid:
    """A one_for_one supervisor linked to this process."""
    pid = await Supervisor.start_link(children, **{"strategy": "one_for_one", **options})
    assert pid is not None
    return pid


async def pids(supervisor: Pid | str) -> dict[Any, Any]:
    """Id -> pid, in the order of their start."""
    return {child.id: child.pid for child in reversed(await which_children(supervisor))}


async def pid_of(supervisor: Pid | str, id: Any) -> Pid:
    pid = (await pids(supervisor))[id]
    assert isinstance(pid, Pid), pid
    return pid


async def end(pid: Pid, reason: Any) -> Any:
    """Have a Worker end by `reason` and wait for it; `"crash"` raises. The reason it ended with."""
    ref = monitor(pid)
    cast(pid, ("raise", "crash") if reason == "crash" else ("exit", reason))
    return await down(ref)


async def end_child(supervisor: Pid | str, id: Any, reason: Any) -> Any:
    """Have the child `id` end by `reason`, and wait until the supervisor has dealt with it."""
    ended = await end(await pid_of(supervisor, id), reason)
    if isinstance(supervisor, Pid) and is_alive(supervisor):
        try:
            await which_children(supervisor)
        except Exit:  # its intensity was reached
            assert not is_alive(supervisor)
    return ended


async def exit_message(pid: Pid) -> Any:
    """The reason of the trapped exit that comes from `pid`; waits for it."""
    message = await receive(lambda one: isinstance(one, ExitMessage) and one.pid == pid, STUCK)
    assert message is not TIMEOUT, "no exit came"
    return message.reason


async def refusal_of(awaitable: Awaitable[Any]) -> Any:
    """The reason of the `SupervisorError` that awaiting raises."""
    try:
        value = await awaitable
    except SupervisorError as error:
        return error.reason
    raise AssertionError(f"no SupervisorError, but {value!r}")


async def start_failure(children: list[Any], **options: Any) -> Any:
    """The reason of the `StartError` that starting a supervisor raises, in a process that traps exits."""
    trap_exit(True)
    try:
        pid = await start_supervisor(children, **options)
    except StartError as error:
        return error.reason
    raise AssertionError(f"no StartError, but {pid!r}")


async def unlinked(plan: Plan) -> Pid:
    """A start function that forgot the link."""
    pid = await Worker.start(plan)
    assert pid is not None
    return pid
