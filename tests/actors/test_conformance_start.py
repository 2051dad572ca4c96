"""GenServer start and init: rows S of docs/conformance.md."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    HIBERNATE,
    IGNORE,
    INFINITY,
    TIMEOUT,
    BadTypeError,
    BadValueError,
    Exit,
    ExitMessage,
    ManualClock,
    Node,
    NoReply,
    Ok,
    Pid,
    Reply,
    StartError,
    Stop,
    call,
    current,
    exit_process,
    is_alive,
    monitor,
    receive,
    registered,
    send,
    spawn,
    spawn_monitor,
    sys,
    trap_exit,
    whereis,
)
from tests.actors.conftest import Reports
from tests.actors.helpers import (
    Script,
    Scripted,
    check_crash,
    down,
    down_after,
    mailbox,
    ms,
    noting,
    noting_reason,
    pause,
    raising,
    result_of,
    returning,
    spawn_caller,
    start,
    start_link,
    start_reason_of,
)


@pytest.mark.otp("S02")
def test_S02_a_timeout_from_init_comes_once_when_nothing_arrives(node: Node, clock: ManualClock) -> None:
    seen: list[Any] = []

    def info(message: Any, state: Any) -> NoReply:
        seen.append((message, ms(clock)))
        return NoReply(state)

    async def main() -> None:
        await start(init=returning(Ok(0, 70)), info=info)
        assert ms(clock) == 0
        await pause(1000)

    node.run(main)
    assert seen == [(TIMEOUT, 70)]


@pytest.mark.otp("S03")
def test_S03_hibernate_from_init_is_accepted_and_the_next_message_is_handled(node: Node) -> None:
    async def main() -> Any:
        pid = await start(init=returning(Ok("s", HIBERNATE)), call=lambda _r, _f, s: Reply(s, s))
        await pause(1000)
        return await call(pid, "state")

    assert node.run(main) == "s"


@pytest.mark.otp("S05")
def test_S05_ignore_frees_the_name_before_start_link_returns(node: Node, reports: Reports) -> None:
    inside: list[Any] = []

    def init() -> Any:
        inside.extend((current(), whereis("it")))
        return IGNORE

    async def main() -> None:
        trap_exit(True)
        assert await Scripted.start_link(Script(init=init), name="it") is None
        assert whereis("it") is None
        assert "it" not in registered()
        pid = inside[0]
        assert inside == [pid, pid]
        assert await receive() == ExitMessage(pid, "normal")
        assert await mailbox() == []

    node.run(main)
    assert reports.kinds == []


@pytest.mark.otp("S06")
def test_S06_stop_from_init_is_the_starters_error_and_one_crash_report(node: Node, reports: Reports) -> None:
    terminated: list[Any] = []

    async def main() -> None:
        script = Script(init=returning(Stop("bad")), terminate=noting_reason(terminated))
        assert await start_reason_of(Scripted.start(script)) == "bad"
        assert await mailbox() == []

    node.run(main)
    assert [(record.report, record.reason) for record in reports.records] == [("crash", "bad")]
    assert terminated == []


@pytest.mark.otp("S08")
def test_S08_a_failed_start_link_leaves_the_exit_in_a_trapping_callers_mailbox(node: Node) -> None:
    pids: list[Pid] = []

    def init() -> Stop:
        pids.append(current())
        return Stop("bad")

    async def main() -> None:
        trap_exit(True)
        assert await start_reason_of(Scripted.start_link(Script(init=init))) == "bad"
        assert await mailbox() == [ExitMessage(pids[0], "bad")]

    node.run(main)


@pytest.mark.otp("S08")
def test_S08_a_failed_start_link_ends_a_caller_that_does_not_trap(node: Node) -> None:
    async def starter() -> None:
        with pytest.raises(StartError):
            await Scripted.start_link(Script(init=returning(Stop("bad"))))
        await pause(1000)

    async def main() -> Any:
        _, ref = spawn_monitor(starter)
        return await down(ref)

    assert node.run(main) == "bad"


@pytest.mark.otp("S09")
def test_S09_a_normal_stop_from_init_does_not_end_the_caller(node: Node, reports: Reports) -> None:
    async def main() -> str:
        assert await start_reason_of(Scripted.start_link(Script(init=returning(Stop("normal"))))) == "normal"
        await pause(10)
        assert await mailbox() == []
        return "survived"

    assert node.run(main) == "survived"
    assert reports.kinds == []


@pytest.mark.otp("S10")
def test_S10_an_exception_in_init_is_the_starters_error_with_its_traceback(node: Node, reports: Reports) -> None:
    async def main() -> Any:
        return await start_reason_of(Scripted.start(Script(init=raising(ValueError("oops")))))

    reason = node.run(main)
    check_crash(reason, "ValueError", "oops")
    assert [(record.report, record.reason) for record in reports.records] == [("crash", reason)]


@pytest.mark.otp("S13")
@pytest.mark.parametrize(
    ("reason", "logged"), [("normal", []), ("shutdown", []), (("shutdown", 1), []), ("other", ["crash"])]
)
def test_S13_an_exit_in_init_is_the_starters_error_as_it_is(
    node: Node, reports: Reports, reason: Any, logged: list[str]
) -> None:
    async def main() -> Any:
        return await start_reason_of(Scripted.start(Script(init=raising(Exit(reason)))))

    assert node.run(main) == reason
    assert reports.kinds == logged


@pytest.mark.otp("S14", "S37")
@pytest.mark.parametrize("junk", [None, "ok", ("ok", 1), NoReply(1), Stop("r", 1), Ok(1, -1), Ok(1, True), Ok(1, 1.5)])  # type: ignore[arg-type]
def test_S14_S37_junk_from_init_is_a_bad_return_value(node: Node, junk: Any) -> None:
    pids: list[Pid] = []

    def init() -> Any:
        pids.append(current())
        return junk

    async def main() -> None:
        trap_exit(True)
        assert await start_reason_of(Scripted.start(Script(init=init))) == ("bad_return_value", junk)
        assert await mailbox() == []
        assert await start_reason_of(Scripted.start_link(Script(init=init))) == ("bad_return_value", junk)
        assert await mailbox() == [ExitMessage(pids[1], ("bad_return_value", junk))]

    node.run(main)


@pytest.mark.otp("S16")
def test_S16_a_slow_init_is_killed_at_the_timeout_and_the_caller_hears_nothing(
    node: Node, clock: ManualClock, reports: Reports
) -> None:
    events: list[Any] = []

    async def init() -> Ok:
        events.append(current())
        try:
            await pause(500)
        finally:
            events.append("unwound")
        return Ok(0)

    async def main() -> None:
        assert await start_reason_of(Scripted.start_link(Script(init=init), name="slow", timeout=100)) == "timeout"
        assert ms(clock) == 100
        assert whereis("slow") is None
        assert not is_alive(events[0])
        await pause(1000)
        assert await mailbox() == []

    node.run(main)
    assert events[1:] == ["unwound"]
    assert reports.kinds == []


@pytest.mark.otp("S16")
def test_S16_the_killed_child_goes_down_as_killed(node: Node) -> None:
    async def main() -> Any:
        me = current()

        async def init() -> Ok:
            send(me, current())
            await pause(500)
            return Ok(0)

        async def starter() -> None:
            await start_reason_of(Scripted.start_link(Script(init=init), timeout=100))

        spawn(starter)
        return await down(monitor(await receive()))

    assert node.run(main) == "killed"


@pytest.mark.otp("S17")
def test_S17_start_waits_for_init_without_a_limit(node: Node, clock: ManualClock) -> None:
    async def init() -> Ok:
        await pause(3_600_000)
        return Ok("late")

    async def main() -> Any:
        return await sys.get_state(await start(init=init))

    assert node.run(main) == "late"
    assert ms(clock) == 3_600_000


@pytest.mark.otp("S20")
def test_S20_start_link_links_and_start_does_not(node: Node) -> None:
    async def main() -> None:
        trap_exit(True)
        linked = await start_link(cast=returning(Stop("boom", 0)))
        alone = await start(cast=returning(Stop("boom", 0)))
        for pid in (alone, linked):
            assert await down_after(pid, lambda pid=pid: exit_process(pid, "boom")) == "boom"  # type: ignore[misc]
        assert await mailbox() == [ExitMessage(linked, "boom")]

    node.run(main)


@pytest.mark.otp("S23")
def test_S23_the_name_is_there_before_init_runs_and_calls_wait_for_it(node: Node, clock: ManualClock) -> None:
    async def main() -> None:
        me = current()

        async def init() -> Ok:
            send(me, ("in init", current()))
            await pause(100)
            return Ok("ready")

        async def starter() -> None:
            await Scripted.start(Script(init=init, call=lambda _r, _f, s: Reply(s, s)), name="named")

        spawn(starter)
        _, pid = await receive()
        assert whereis("named") == pid
        assert await call("named", "state") == "ready"
        assert ms(clock) == 100

    node.run(main)


@pytest.mark.otp("S25")
@pytest.mark.parametrize("init", [returning(Stop("no")), raising(Exit("no")), returning(Stop("normal"))])
def test_S25_the_name_is_free_every_time_a_start_has_failed(node: Node, init: Any) -> None:
    async def main() -> set[Any]:
        trap_exit(True)
        reasons = set()
        for _ in range(25):
            reasons.add(await start_reason_of(Scripted.start(Script(init=init), name="again")))
            reasons.add(await start_reason_of(Scripted.start_link(Script(init=init), name="again")))
        return reasons

    assert len(node.run(main)) == 1


@pytest.mark.otp("S38")
def test_S38_a_child_in_init_that_does_not_trap_dies_at_once_with_its_parent(node: Node, clock: ManualClock) -> None:
    terminated: list[Any] = []

    async def main() -> Any:
        me = current()

        async def init() -> Ok:
            send(me, current())
            await pause(1000)
            return Ok(0)

        async def parent() -> None:
            await start_link(init=init, terminate=noting_reason(terminated))

        father = spawn(parent)
        child = await receive()
        return await down_after(child, lambda: exit_process(father, "boom"))

    assert node.run(main) == "boom"
    assert ms(clock) == 0
    assert terminated == []


@pytest.mark.otp("S38")
def test_S38_a_trapping_child_completes_init_and_then_terminates(node: Node, clock: ManualClock) -> None:
    events: list[Any] = []

    async def main() -> Any:
        me = current()

        async def init() -> Ok:
            trap_exit(True)
            send(me, current())
            await pause(1000)
            events.append("init done")
            return Ok(0)

        async def parent() -> None:
            await start_link(init=init, terminate=noting_reason(events))

        father = spawn(parent)
        child = await receive()
        return await down_after(child, lambda: exit_process(father, "boom"))

    assert node.run(main) == "boom"
    assert ms(clock) == 1000
    assert events == ["init done", "boom"]


@pytest.mark.otp("S34")
def test_S34_a_timeout_of_0_is_a_timeout(node: Node) -> None:
    async def main() -> Any:
        return await start_reason_of(Scripted.start_link(Script(), timeout=0))

    assert node.run(main) == "timeout"


@pytest.mark.otp("S19")
@pytest.mark.parametrize(
    ("name", "error"), [(7, BadTypeError), (("global", "x"), BadTypeError), ("", BadValueError), ("nil", BadValueError)]
)
def test_S19_a_bad_name_raises_in_the_caller(node: Node, name: Any, error: type[Exception]) -> None:
    async def main() -> None:
        with pytest.raises(error):
            await Scripted.start_link(Script(), name=name)
        await pause(10)

    node.run(main)


@pytest.mark.otp("S19")
def test_S19_no_name_means_unnamed(node: Node) -> None:
    async def main() -> None:
        assert await Scripted.start_link(Script(), name=None) is not None
        assert registered() == []

    node.run(main)


@pytest.mark.otp("S24")
def test_S24_messages_sent_to_itself_in_init_are_handled_after_it_in_order(node: Node) -> None:
    seen: list[Any] = []

    def init() -> Ok:
        for n in (1, 2, 3):
            send(current(), n)
        seen.append("init")
        return Ok(0)

    async def main() -> None:
        pid = await start(init=init, info=noting(seen))
        await sys.get_state(pid)

    node.run(main)
    assert seen == ["init", 1, 2, 3]


@pytest.mark.otp("S26")
def test_S26_init_runs_in_the_new_process(node: Node) -> None:
    inside: list[Pid] = []

    def init() -> Ok:
        inside.append(current())
        return Ok(0)

    async def main() -> None:
        assert await start(init=init) == inside[0] != current()

    node.run(main)


@pytest.mark.otp("S35")
def test_S35_a_start_leaves_nothing_in_a_trapping_callers_mailbox(node: Node) -> None:
    async def main() -> Any:
        trap_exit(True)
        await start_link()
        await pause(100)
        return await mailbox()

    assert node.run(main) == []


@pytest.mark.otp("S39")
def test_S39_a_server_does_not_trap_exits_and_alone_has_no_links(node: Node) -> None:
    async def main() -> None:
        pid = await start(call=lambda _r, _f, s: Reply(trap_exit(False), s))
        assert await call(pid, "trapping?") is False
        assert not pid._process.links  # type: ignore[union-attr]

    node.run(main)


def test_a_taken_name_is_already_started_and_sends_no_signal(node: Node) -> None:
    async def main() -> None:
        first = await Scripted.start_link(Script(), name="one")
        assert await start_reason_of(Scripted.start_link(Script(), name="one")) == ("already_started", first)
        assert whereis("one") == first
        await pause(10)

    node.run(main)


def test_a_server_killed_in_init_is_a_start_error_with_killed(node: Node) -> None:
    async def main() -> Any:
        me = current()

        async def init() -> Ok:
            send(me, current())
            await pause(1000)
            return Ok(0)

        async def starter() -> None:
            send(me, ("told", await start_reason_of(Scripted.start(Script(init=init), timeout=INFINITY))))

        spawn(starter)
        exit_process(await receive(), "kill")
        return await receive()

    assert node.run(main) == ("told", "killed")


def test_a_call_queued_in_a_failing_init_hears_the_reason(node: Node) -> None:
    async def main() -> Any:
        me = current()

        async def init() -> Stop:
            send(me, current())
            await pause(100)
            return Stop("no")

        async def starter() -> None:
            await start_reason_of(Scripted.start(Script(init=init), name="failing"))

        spawn(starter)
        await receive()
        return await result_of(spawn_caller("failing", "x"))

    assert node.run(main) == ("exit", ("no", ("GenServer", "call", ("failing", "x", 5000))))
