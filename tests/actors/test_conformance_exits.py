"""Exits, links, monitors: rows E (and X26) of docs/conformance.md."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    Down,
    Exit,
    ExitMessage,
    Node,
    Ok,
    Pid,
    current,
    demonitor,
    exit,
    exit_process,
    is_alive,
    link,
    monitor,
    receive,
    register,
    send,
    spawn,
    spawn_link,
    spawn_monitor,
    sys,
    trap_exit,
    unlink,
)
from tests.actors.conftest import Reports
from tests.actors.helpers import (
    check_crash,
    down,
    down_after,
    exit_when_told,
    mailbox,
    noting,
    noting_reason,
    pause,
    start,
)

REASONS = ["normal", "shutdown", ("shutdown", "x"), "other", "kill", 7, None]


@pytest.mark.otp("E02")
@pytest.mark.parametrize("reason", REASONS)
def test_E02_a_linked_peer_dies_with_the_same_reason_unless_it_is_normal(node: Node, reason: Any) -> None:
    async def main() -> Any:
        me = current()

        async def pair() -> None:
            send(me, spawn_link(exit_when_told))
            await receive()
            exit("survived")

        peer, ref = spawn_monitor(pair)
        other = await receive()
        await down_after(other, lambda: send(other, ("exit", reason)))
        send(peer, "go on")
        return await down(ref)

    assert node.run(main) == ("survived" if reason == "normal" else reason)


@pytest.mark.otp("E03")
@pytest.mark.parametrize("reason", REASONS)
def test_E03_a_trapping_peer_gets_every_reason_as_a_message(node: Node, reason: Any) -> None:
    async def main() -> None:
        trap_exit(True)
        pid = spawn_link(exit_when_told)
        send(pid, ("exit", reason))
        assert await receive() == ExitMessage(pid, reason)
        assert await mailbox() == []

    node.run(main)


@pytest.mark.otp("E03")
def test_E03_an_end_by_returning_is_normal(node: Node) -> None:
    async def main() -> None:
        async def returns() -> str:
            return "a value"

        trap_exit(True)
        pid = spawn_link(returns)
        assert await receive() == ExitMessage(pid, "normal")

    node.run(main)


@pytest.mark.otp("E04", "X26")
def test_E04_X26_a_killed_process_is_killed_for_its_peers(node: Node) -> None:
    async def main() -> None:
        trap_exit(True)
        pid = spawn_link(exit_when_told)
        exit_process(pid, "kill")
        assert await receive() == ExitMessage(pid, "killed")

    node.run(main)


@pytest.mark.otp("E04", "X26")
def test_E04_X26_a_peer_that_does_not_trap_dies_as_killed_too(node: Node) -> None:
    async def main() -> Any:
        me = current()

        async def pair() -> None:
            send(me, spawn_link(exit_when_told))
            await receive()

        _, ref = spawn_monitor(pair)
        exit_process(await receive(), "kill")
        return await down(ref)

    assert node.run(main) == "killed"


@pytest.mark.otp("E05")
def test_E05_a_dead_pid_or_an_unknown_name_is_down_with_noproc_at_once(node: Node) -> None:
    async def main() -> None:
        pid = spawn(exit_when_told)
        await down_after(pid, lambda: exit_process(pid, "boom"))
        by_pid, by_name = monitor(pid), monitor("nobody")
        assert await mailbox() == [
            Down(by_pid, pid, "noproc"),
            Down(by_name, ("nobody", "nonode@nohost"), "noproc"),
        ]

    node.run(main)


@pytest.mark.otp("E05")
def test_E05_a_monitor_by_name_shows_the_name_and_the_node(node: Node) -> None:
    async def main() -> None:
        pid = spawn(exit_when_told)
        register("named", pid)
        ref = monitor("named")
        send("named", ("exit", "boom"))
        assert await receive() == Down(ref, ("named", "nonode@nohost"), "boom")

    node.run(main)


@pytest.mark.otp("E06")
def test_E06_each_monitor_gives_its_own_down_and_a_demonitored_one_none(node: Node) -> None:
    async def main() -> None:
        pid = spawn(exit_when_told)
        refs = [monitor(pid) for _ in range(3)]
        assert len(set(refs)) == 3
        assert demonitor(refs[1]) is True
        assert demonitor(refs[1]) is False
        send(pid, ("exit", "boom"))
        await pause(10)
        assert await mailbox() == [Down(refs[0], pid, "boom"), Down(refs[2], pid, "boom")]

    node.run(main)


@pytest.mark.otp("E06")
def test_E06_demonitor_with_flush_takes_a_down_that_has_come(node: Node) -> None:
    async def main() -> None:
        pid = spawn(exit_when_told)
        kept, flushed = monitor(pid), monitor(pid)
        send(pid, ("exit", "boom"))
        await pause(10)
        assert demonitor(flushed, flush=True) is False
        assert await mailbox() == [Down(kept, pid, "boom")]

    node.run(main)


@pytest.mark.otp("E07")
def test_E07_a_normal_exit_signal_to_oneself_counts(node: Node) -> None:
    after: list[str] = []

    async def main() -> Any:
        async def ends_itself() -> None:
            exit_process(current(), "normal")
            after.append("went on")

        _, ref = spawn_monitor(ends_itself)
        return await down(ref)

    assert node.run(main) == "normal"
    assert after == []


@pytest.mark.otp("E07")
@pytest.mark.parametrize(("reason", "seen"), [("boom", "boom"), ("kill", "killed")])
def test_E07_an_exit_signal_to_oneself_does_not_return(node: Node, reason: str, seen: str) -> None:
    after: list[str] = []

    async def main() -> Any:
        async def ends_itself() -> None:
            exit_process(current(), reason)
            after.append("went on")

        _, ref = spawn_monitor(ends_itself)
        return await down(ref)

    assert node.run(main) == seen
    assert after == []


@pytest.mark.otp("E07")
def test_E07_a_trapping_process_gets_its_own_exit_signal_as_a_message(node: Node) -> None:
    async def main() -> None:
        trap_exit(True)
        exit_process(current(), "normal")
        assert await receive() == ExitMessage(current(), "normal")

    node.run(main)


@pytest.mark.otp("E09")
def test_E09_a_linked_plain_process_that_raises_takes_its_peer_along(node: Node) -> None:
    async def main() -> Any:
        me = current()

        async def pair() -> None:
            send(me, spawn_link(exit_when_told))
            await receive()

        _, ref = spawn_monitor(pair)
        send(await receive(), ("raise", ValueError("oops")))
        return await down(ref)

    check_crash(node.run(main), "ValueError", "oops")


@pytest.mark.otp("E10")
def test_E10_after_unlink_nothing_is_received(node: Node) -> None:
    async def main() -> Any:
        trap_exit(True)
        pid = spawn_link(exit_when_told)
        unlink(pid)
        send(pid, ("exit", "boom"))
        await pause(10)
        assert not is_alive(pid)
        return await mailbox()

    assert node.run(main) == []


@pytest.mark.otp("E10")
def test_E10_unlink_works_from_either_side(node: Node) -> None:
    async def main() -> Any:
        me = current()

        async def child() -> None:
            unlink(me)
            exit("boom")

        _, ref = spawn_monitor(child)
        linked = spawn_link(child)
        assert await down(monitor(linked)) == "boom"
        return await down(ref)

    assert node.run(main) == "boom"


@pytest.mark.otp("E11")
def test_E11_an_exit_of_a_plain_process_is_not_logged(node: Node, reports: Reports) -> None:
    async def main() -> Any:
        pid = spawn(exit_when_told)
        return await down_after(pid, lambda: send(pid, ("exit", "boom")))

    assert node.run(main) == "boom"
    assert reports.kinds == []


@pytest.mark.otp("E11")
def test_E11_an_exception_of_a_plain_process_is_logged_as_an_error(node: Node, reports: Reports) -> None:
    async def main() -> tuple[Pid, Any]:
        pid = spawn(exit_when_told)
        return pid, await down_after(pid, lambda: send(pid, ("raise", ValueError("oops"))))

    pid, reason = node.run(main)
    check_crash(reason, "ValueError", "oops")
    (record,) = reports.records
    assert (record.report, record.levelname, record.pid, record.reason) == ("process_raised", "ERROR", pid, reason)


@pytest.mark.otp("E13")
def test_E13_a_strangers_exit_signal_is_a_message_for_a_trapping_server(node: Node) -> None:
    seen: list[Any] = []
    terminated: list[Any] = []

    def init() -> Ok:
        trap_exit(True)
        return Ok(0)

    async def main() -> Pid:
        pid = await start(init=init, info=noting(seen), terminate=noting_reason(terminated))
        exit_process(pid, ("custom", 1))
        await sys.get_state(pid)
        return current()

    assert seen == [ExitMessage(node.run(main), ("custom", 1))]
    assert terminated == []


def test_a_link_to_a_dead_process_is_an_exit_with_noproc(node: Node) -> None:
    async def main() -> Any:
        pid = spawn(exit_when_told)
        await down_after(pid, lambda: exit_process(pid, "boom"))

        async def links() -> None:
            link(pid)

        _, ref = spawn_monitor(links)
        assert await down(ref) == "noproc"
        trap_exit(True)
        link(pid)
        assert await receive() == ExitMessage(pid, "noproc")

    node.run(main)


def test_an_exit_is_caught_by_except_exit_and_not_by_except_exception(node: Node) -> None:
    async def main() -> Any:
        try:
            try:
                exit("r")
            except Exception:
                return "caught as an Exception"
        except Exit as error:
            return error.reason

    assert node.run(main) == "r"
