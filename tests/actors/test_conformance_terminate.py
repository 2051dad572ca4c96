"""Terminate/2: rows X of docs/conformance.md (X26 is with E04, in test_conformance_exits.py)."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    Exit,
    ExitMessage,
    From,
    Node,
    NoReply,
    Ok,
    Pid,
    Reply,
    Stop,
    call,
    cast,
    current,
    exit_process,
    is_alive,
    link,
    monitor,
    receive,
    send,
    spawn,
    stop,
    sys,
    trap_exit,
    whereis,
)
from tests.actors.conftest import Reports
from tests.actors.helpers import (
    Script,
    Scripted,
    asked,
    check_crash,
    down,
    down_after,
    exit_when_told,
    noting,
    noting_reason,
    pause,
    raising,
    returning,
    start,
    start_link,
)


def trapping() -> Ok:
    trap_exit(True)
    return Ok("state")


async def parent_and_child(**callbacks: Any) -> tuple[Pid, Pid]:
    """A process that started a server with a link and then does what it is told, and the server."""
    me = current()

    async def parent() -> None:
        send(me, await start_link(**callbacks))
        await exit_when_told()

    father = spawn(parent)
    return father, await receive(lambda one: isinstance(one, Pid))


async def linked_stranger(pid: Pid) -> Pid:
    """A process that is linked to `pid` and is not its parent."""
    me = current()

    async def stranger() -> None:
        link(pid)
        send(me, current())
        await exit_when_told()

    return_value = spawn(stranger)
    assert await receive(lambda one: one == return_value) == return_value
    return return_value


@pytest.mark.otp("X01")
def test_X01_a_normal_stop_terminates_without_a_log(node: Node, reports: Reports) -> None:
    terminated: list[Any] = []

    async def main() -> Any:
        pid = await start(
            cast=returning(Stop("normal", "new")), terminate=lambda reason, state: terminated.append((reason, state))
        )
        return await down_after(pid, lambda: cast(pid, "x"))

    assert node.run(main) == "normal"
    assert terminated == [("normal", "new")]
    assert reports.kinds == []


@pytest.mark.otp("X02")
def test_X02_a_callback_that_raises_terminates_with_its_crash_and_two_reports(node: Node, reports: Reports) -> None:
    terminated: list[Any] = []

    async def main() -> Any:
        pid = await start(cast=raising(ValueError("oops")), terminate=noting_reason(terminated))
        return await down_after(pid, lambda: cast(pid, "x"))

    reason = node.run(main)
    check_crash(reason, "ValueError", "oops")
    assert terminated == [reason]
    assert [(r.report, r.reason) for r in reports.records] == [("terminate", reason), ("crash", reason)]


@pytest.mark.otp("X05")
def test_X05_a_bad_value_terminates_with_bad_return_value(node: Node) -> None:
    terminated: list[Any] = []

    async def main() -> Any:
        pid = await start(cast=returning("v"), terminate=noting_reason(terminated))
        return await down_after(pid, lambda: cast(pid, "x"))

    assert node.run(main) == ("bad_return_value", "v")
    assert terminated == [("bad_return_value", "v")]


@pytest.mark.otp("X06")
def test_X06_a_linked_strangers_death_ends_a_server_that_does_not_trap_without_terminate(
    node: Node, reports: Reports
) -> None:
    terminated: list[Any] = []

    async def main() -> Any:
        pid = await start(terminate=noting_reason(terminated))
        stranger = await linked_stranger(pid)
        return await down_after(pid, lambda: send(stranger, ("exit", "boom")))

    assert node.run(main) == "boom"
    assert terminated == []
    assert reports.kinds == []


@pytest.mark.otp("X06")
def test_X06_a_server_in_a_callback_dies_at_once_without_terminate(node: Node, reports: Reports) -> None:
    events: list[Any] = []

    async def main() -> Any:
        async def slow(_request: Any, state: Any) -> NoReply:
            events.append("begins")
            await pause(1000)
            events.append("goes on")
            return NoReply(state)

        pid = await start(cast=slow, terminate=noting_reason(events))
        stranger = await linked_stranger(pid)
        cast(pid, "x")
        await pause(10)
        return await down_after(pid, lambda: send(stranger, ("exit", "boom")))

    assert node.run(main) == "boom"
    assert events == ["begins"]
    assert reports.kinds == []


@pytest.mark.otp("X07", "X23")
@pytest.mark.parametrize("reason", ["boom", "normal", "shutdown", ("shutdown", 1), "kill"])
def test_X07_X23_a_linked_strangers_death_is_a_message_for_a_trapping_server(
    node: Node, reports: Reports, reason: Any
) -> None:
    seen: list[Any] = []
    terminated: list[Any] = []

    async def main() -> Pid:
        pid = await start(init=trapping, info=noting(seen), terminate=noting_reason(terminated))
        stranger = await linked_stranger(pid)
        await down_after(stranger, lambda: send(stranger, ("exit", reason)))
        assert await sys.get_state(pid) == "state"
        return stranger

    stranger = node.run(main)
    assert seen == [ExitMessage(stranger, reason)]
    assert terminated == []
    assert reports.kinds == []


@pytest.mark.otp("X09")
@pytest.mark.parametrize("reason", ["boom", "shutdown", ("shutdown", 1), "normal", "kill"])
def test_X09_the_parents_death_terminates_a_trapping_server_whatever_the_reason(
    node: Node, reports: Reports, reason: Any
) -> None:
    seen: list[Any] = []
    terminated: list[Any] = []

    async def main() -> Any:
        parent, child = await parent_and_child(init=trapping, info=noting(seen), terminate=noting_reason(terminated))
        if reason == "kill":
            return await down_after(child, lambda: exit_process(parent, "kill"))
        return await down_after(child, lambda: send(parent, ("exit", reason)))

    expected = "killed" if reason == "kill" else reason
    assert node.run(main) == expected
    assert terminated == [expected]
    assert seen == []
    logged = [("terminate", expected), ("crash", expected)] if expected in ("boom", "killed") else []
    assert [(r.report, r.reason) for r in reports.records] == logged


@pytest.mark.otp("X10")
def test_X10_kill_ends_a_trapping_server_as_killed_without_terminate_or_log(node: Node, reports: Reports) -> None:
    terminated: list[Any] = []

    async def main() -> Any:
        pid = await start(init=trapping, terminate=noting_reason(terminated))
        return await down_after(pid, lambda: exit_process(pid, "kill"))

    assert node.run(main) == "killed"
    assert terminated == []
    assert reports.kinds == []


@pytest.mark.otp("X11")
def test_X11_a_normal_exit_signal_is_ignored_by_a_server_that_does_not_trap(node: Node) -> None:
    async def main() -> Any:
        pid = await start(info=noting([]))
        exit_process(pid, "normal")
        await sys.get_state(pid)
        return is_alive(pid)

    assert node.run(main) is True


@pytest.mark.otp("X11")
def test_X11_a_normal_exit_signal_is_a_message_for_a_trapping_server(node: Node) -> None:
    seen: list[Any] = []

    async def main() -> Pid:
        pid = await start(init=trapping, info=noting(seen))
        exit_process(pid, "normal")
        await sys.get_state(pid)
        return current()

    assert seen == [ExitMessage(node.run(main), "normal")]


@pytest.mark.otp("X15", "X16")
@pytest.mark.parametrize("handle", [returning(Stop("why", 0)), raising(ValueError("first")), returning("junk")])
def test_X15_X16_a_terminate_that_raises_takes_the_reasons_place(node: Node, reports: Reports, handle: Any) -> None:
    async def main() -> Any:
        pid = await start(cast=handle, terminate=raising(KeyError("in terminate")))
        return await down_after(pid, lambda: cast(pid, "x"))

    reason = node.run(main)
    check_crash(reason, "KeyError", "'in terminate'")
    assert [(r.report, r.reason) for r in reports.records] == [("terminate", reason), ("crash", reason)]


@pytest.mark.otp("X17")
@pytest.mark.parametrize(
    ("terminate", "reason", "logged"),
    [
        (returning("junk"), "why", ["terminate", "crash"]),
        (returning(Stop("no", 0)), "why", ["terminate", "crash"]),
        (raising(Exit("e")), "e", ["terminate", "crash"]),
        (raising(Exit("normal")), "normal", ["terminate"]),
    ],
)
def test_X17_what_terminate_returns_is_ignored_and_an_exit_in_it_counts(
    node: Node, reports: Reports, terminate: Any, reason: Any, logged: list[str]
) -> None:
    async def main() -> Any:
        pid = await start(cast=returning(Stop("why", 0)), terminate=terminate)
        return await down_after(pid, lambda: cast(pid, "x"))

    assert node.run(main) == reason
    assert [(r.report, r.reason) for r in reports.records] == [(kind, reason) for kind in logged]


@pytest.mark.otp("X19")
def test_X19_the_parents_exit_keeps_its_place_in_the_mailbox(node: Node) -> None:
    seen: list[Any] = []

    async def main() -> Any:
        async def handle_cast(request: Any, state: Any) -> NoReply:
            await pause(100)
            seen.append(request)
            return NoReply(state)

        parent, child = await parent_and_child(init=trapping, cast=handle_cast, terminate=noting_reason(seen))
        ref = monitor(child)
        cast(child, "in progress")
        await pause(10)
        cast(child, "before")
        parent_ref = monitor(parent)
        send(parent, ("exit", "boom"))
        await down(parent_ref)
        cast(child, "after")
        return await down(ref)

    assert node.run(main) == "boom"
    assert seen == ["in progress", "before", "boom"]


@pytest.mark.otp("X20")
def test_X20_the_name_is_registered_in_terminate_and_gone_when_the_end_is_seen(node: Node) -> None:
    seen: list[Any] = []

    async def main() -> None:
        pid = await Scripted.start(Script(terminate=lambda _r, _s: seen.append(whereis("named"))), name="named")
        assert pid is not None
        ref = monitor(pid)
        await stop(pid)
        assert whereis("named") is None
        await down(ref)
        assert seen == [pid]

    node.run(main)


@pytest.mark.otp("X21")
def test_X21_a_name_is_free_whenever_a_monitor_hears(node: Node) -> None:
    async def main() -> None:
        for ending in ("stop", "kill", "signal") * 10:
            pid = await Scripted.start(Script(cast=returning(Stop("stop", 0))), name="again")
            assert pid is not None
            ref = monitor(pid)
            if ending == "stop":
                cast(pid, "x")
            else:
                exit_process(pid, ending)
            assert await down(ref) == ("killed" if ending == "kill" else ending)
            assert whereis("again") is None

    node.run(main)


@pytest.mark.otp("X22")
def test_X22_a_server_without_terminate_stops(node: Node) -> None:
    async def main() -> bool:
        pid = await start()
        await stop(pid)
        return is_alive(pid)

    assert node.run(main) is False


@pytest.mark.otp("X24")
def test_X24_an_exit_with_kill_in_a_callback_is_an_ordinary_reason(node: Node) -> None:
    terminated: list[Any] = []

    async def main() -> Any:
        pid = await start(cast=raising(Exit("kill")), terminate=noting_reason(terminated))
        return await down_after(pid, lambda: cast(pid, "x"))

    assert node.run(main) == "kill"
    assert terminated == ["kill"]


@pytest.mark.otp("X28")
def test_X28_a_failed_nested_call_ends_the_server_with_the_pair(node: Node) -> None:
    terminated: list[Any] = []

    async def main() -> None:
        inner = await start(call=returning(Stop("normal", 0)))

        async def forward(request: Any, _from: From, state: Any) -> Reply:
            return Reply(await call(inner, request), state)

        outer = await start(call=forward, terminate=noting_reason(terminated))
        ref = monitor(outer)
        cast_reason = ("normal", asked(inner, "x"))
        with pytest.raises(Exit) as caught:
            await call(outer, "x")
        assert caught.value.reason == (cast_reason, asked(outer, "x"))
        assert await down(ref) == cast_reason
        assert terminated == [cast_reason]

    node.run(main)


def test_an_exit_signal_in_terminate_ends_a_server_that_does_not_trap_at_once(node: Node, reports: Reports) -> None:
    async def main() -> Any:
        async def slow(_reason: Any, _state: Any) -> None:
            await pause(1000)

        pid = await start(cast=returning(Stop("first", 0)), terminate=slow)
        ref = monitor(pid)
        cast(pid, "x")
        await pause(10)
        exit_process(pid, "second")
        return await down(ref)

    assert node.run(main) == "second"
    assert reports.kinds == []
