"""Children for the tests of supervision, and short words for what those tests keep doing."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    IGNORE,
    ChildSpec,
    Down,
    Exit,
    ExitMessage,
    From,
    GenServer,
    NoReply,
    Ok,
    Pid,
    Reply,
    StartError,
    Stop,
    cast,
    current,
    exit_process,
    monitor,
    receive,
    send,
    send_after,
    trap_exit,
    whereis,
)
from supervision import Supervisor, child_spec, which_children

Told = tuple[str, str, object]


class Worker(GenServer):
    """Registers its name, tells `boss` of its start and of `terminate`, and does what it is cast.

    Its argument is a dict: `name`, and optionally `boss`, `trap`, `slow` (ms that terminate takes), `init` (what
    init returns, or a list of these, one a start).
    """

    @classmethod
    async def start_link(cls, arg: dict[str, Any]) -> Pid | None:  # type: ignore[override]
        return await super().start_link(arg, name=arg["name"])

    async def init(self, arg: dict[str, Any]) -> Any:
        answer = arg.get("init", "ok")
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else "ok"
        if answer == "ignore":
            return IGNORE
        if answer == "raise":
            raise RuntimeError("no start")
        if answer != "ok":
            return Stop(answer)
        if arg.get("trap"):
            trap_exit(True)
        _tell(arg, "started", None)
        return Ok({**arg, "count": 0})

    async def handle_call(self, request: Any, from_: From, state: dict[str, Any]) -> Any:
        if request == "count":
            return Reply(state["count"], {**state, "count": state["count"] + 1})
        return Reply(request, state)

    async def handle_cast(self, request: Any, state: dict[str, Any]) -> Any:
        match request:
            case ("stop", reason):
                return Stop(reason, state)
            case "hang":
                send_after(current(), "never", 10_000_000)
                await receive(lambda message: message == "no such message")
            case "raise":
                raise ValueError("boom")
        return NoReply(state)

    async def terminate(self, reason: Any, state: dict[str, Any]) -> None:
        _tell(state, "terminated", reason)
        if state.get("slow"):
            await receive(lambda message: message == "no such message", timeout=state["slow"])


def _tell(arg: dict[str, Any], what: str, term: object) -> None:
    if arg.get("boss") is not None:
        send(arg["boss"], (what, arg["name"], term))


def worker(name: str, *, id: Any = None, boss: Pid | None = None, **rest: Any) -> ChildSpec:
    """A Worker's child spec; spec keys and Worker's own options mixed."""
    keys = {key: rest.pop(key) for key in ("restart", "shutdown", "type", "significant") if key in rest}
    return child_spec((Worker, {"name": name, "boss": boss, **rest}), id=name if id is None else id, **keys)


async def supervise(children: list[Any], **options: Any) -> Pid:
    """A one_for_one supervisor linked to this process."""
    pid = await Supervisor.start_link(children, **{"strategy": "one_for_one", **options})
    assert pid is not None
    return pid


def pid_of(name: str) -> Pid:
    pid = whereis(name)
    assert pid is not None
    return pid


async def ended(pid: Pid) -> object:
    """Wait for a process's end; its reason."""
    ref = monitor(pid)
    message = await receive(lambda one: isinstance(one, Down) and one.ref == ref)
    return message.reason


async def end(name: str, reason: object, sup: Pid) -> None:
    """End a worker with `reason` from within, and wait until the supervisor has dealt with it."""
    pid = pid_of(name)
    if reason == "raise":
        cast(pid, "raise")
    elif reason == "kill":
        exit_process(pid, "kill")
    else:
        cast(pid, ("stop", reason))
    await ended(pid)
    await which_children(sup)


async def told(count: int) -> list[Told]:
    """The next messages that workers sent to their boss."""
    return [await receive(lambda one: isinstance(one, tuple) and len(one) == 3) for _ in range(count)]


async def start_error(children: list[Any], **options: Any) -> object:
    """The reason why a supervisor does not start, for a caller that traps exits; the link's signal has it too."""
    trap_exit(True)
    with pytest.raises(StartError) as caught:
        await supervise(children, **options)
    message = await receive(lambda one: isinstance(one, ExitMessage))
    assert message.reason == caught.value.reason
    return caught.value.reason


async def exit_of(awaitable: Any) -> object:
    """The reason of the Exit that an awaitable raises."""
    with pytest.raises(Exit) as caught:
        await awaitable
    return caught.value.reason
