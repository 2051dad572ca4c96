"""Call: rows C of docs/conformance.md (those of stop, C33 to C38, are in test_conformance_stop.py)."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    INFINITY,
    BadTypeError,
    BadValueError,
    Continue,
    Exit,
    From,
    ManualClock,
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
    monitor,
    receive,
    reply,
    send,
    spawn,
    sys,
)
from tests.actors.conftest import Reports
from tests.actors.helpers import (
    Script,
    Scripted,
    asked,
    check_crash,
    down,
    exit_reason_of,
    mailbox,
    ms,
    noting_reason,
    pause,
    raising,
    result_of,
    returning,
    spawn_caller,
    start,
)


@pytest.mark.otp("C01")
def test_C01_a_reply_is_the_calls_value_and_the_new_state_is_kept(node: Node) -> None:
    async def main() -> Any:
        pid = await start(call=lambda request, _f, state: Reply((request, state), state + 1))
        return [await call(pid, "a"), await call(pid, "b"), await sys.get_state(pid)]

    assert node.run(main) == [("a", 0), ("b", 1), 2]


@pytest.mark.otp("C04")
def test_C04_the_reply_is_sent_before_handle_continue_runs(node: Node, clock: ManualClock) -> None:
    async def slow(term: Any, state: Any) -> NoReply:
        await pause(80)
        return NoReply(term)

    async def main() -> None:
        pid = await start(call=lambda _r, _f, s: Reply("now", s, Continue("later")), cont=slow)
        assert await call(pid, "x") == "now"
        assert ms(clock) == 0
        assert await sys.get_state(pid) == "later"
        assert ms(clock) == 80

    node.run(main)


@pytest.mark.otp("C05")
def test_C05_a_later_callback_may_reply(node: Node) -> None:
    def handle_cast(request: Any, from_: From) -> NoReply:
        reply(from_, request)
        return NoReply(None)

    async def main() -> Any:
        pid = await start(call=lambda _r, from_, _s: NoReply(from_), cast=handle_cast)
        caller = spawn_caller(pid, "x")
        while await sys.get_state(pid) == 0:
            await pause(1)
        cast(pid, "answer")
        return await result_of(caller)

    assert node.run(main) == ("reply", "answer")


@pytest.mark.otp("C06")
def test_C06_an_unrelated_process_may_reply(node: Node) -> None:
    async def main() -> Any:
        def delegate(_request: Any, from_: From, state: Any) -> NoReply:
            async def other() -> None:
                reply(from_, current())

            return NoReply(spawn(other))

        pid = await start(call=delegate)
        answer = await call(pid, "x")
        return answer == await sys.get_state(pid)

    assert node.run(main) is True


@pytest.mark.otp("C07")
def test_C07_reply_answers_at_once_and_the_timeout_is_armed(node: Node, clock: ManualClock) -> None:
    fired: list[int] = []

    def handle_call(_request: Any, from_: From, state: Any) -> NoReply:
        reply(from_, "now")
        return NoReply(state, 70)

    def info(_message: Any, state: Any) -> NoReply:
        fired.append(ms(clock))
        return NoReply(state)

    async def main() -> None:
        pid = await start(call=handle_call, info=info)
        assert await call(pid, "x") == "now"
        assert ms(clock) == 0
        await pause(500)

    node.run(main)
    assert fired == [70]


@pytest.mark.otp("C09")
def test_C09_even_a_normal_stop_is_an_exit_of_the_waiting_caller(node: Node, reports: Reports) -> None:
    async def main() -> None:
        pid = await start(call=returning(Stop("normal", 0)))
        assert await exit_reason_of(call(pid, "x")) == ("normal", asked(pid, "x"))

    node.run(main)
    assert reports.kinds == []


@pytest.mark.otp("C10")
def test_C10_a_stop_without_a_reply_is_an_exit_with_its_reason_and_two_reports(node: Node, reports: Reports) -> None:
    async def main() -> Pid:
        pid = await start(call=returning(Stop("why", "new state")))
        assert await exit_reason_of(call(pid, "x")) == ("why", asked(pid, "x"))
        return pid

    pid = node.run(main)
    assert [(record.report, record.reason, record.pid) for record in reports.records] == [
        ("terminate", "why", pid),
        ("crash", "why", pid),
    ]
    terminate = reports.of("terminate")[0]
    assert (terminate.last_message, terminate.state) == ("x", "new state")


@pytest.mark.otp("C11")
def test_C11_the_reply_of_a_stop_arrives_though_terminate_raises(node: Node) -> None:
    async def main() -> Any:
        pid = await start(call=returning(Stop("normal", 0, reply="bye")), terminate=raising(ValueError("in terminate")))
        ref = monitor(pid)
        assert await call(pid, "x") == "bye"
        return await down(ref)

    check_crash(node.run(main), "ValueError", "in terminate")


@pytest.mark.otp("C11")
def test_C11_a_server_killed_by_a_signal_in_terminate_sends_no_reply(node: Node) -> None:
    async def terminate(_reason: Any, _state: Any) -> None:
        await pause(1000)

    async def main() -> Any:
        pid = await start(call=returning(Stop("normal", 0, reply="bye")), terminate=terminate)
        caller = spawn_caller(pid, "x")
        await pause(10)
        exit_process(pid, "boom")
        return await result_of(caller) == ("exit", ("boom", asked(pid, "x")))

    assert node.run(main) is True


@pytest.mark.otp("C12")
def test_C12_an_abnormal_stop_with_a_reply_replies_and_reports(node: Node, reports: Reports) -> None:
    async def main() -> Any:
        pid = await start(call=returning(Stop("abn", 0, reply="r")))
        ref = monitor(pid)
        assert await call(pid, "x") == "r"
        return await down(ref)

    assert node.run(main) == "abn"
    assert [(record.report, record.reason) for record in reports.records] == [("terminate", "abn"), ("crash", "abn")]


@pytest.mark.otp("C15")
def test_C15_a_dead_pid_is_noproc(node: Node) -> None:
    async def main() -> None:
        pid = await start(cast=returning(Stop("normal", 0)))
        ref = monitor(pid)
        cast(pid, "end")
        await down(ref)
        assert await exit_reason_of(call(pid, "x")) == ("noproc", asked(pid, "x"))

    node.run(main)


@pytest.mark.otp("C17")
def test_C17_an_unknown_name_is_noproc_and_the_exit_names_the_name(node: Node) -> None:
    async def main() -> Any:
        return await exit_reason_of(call("nobody", "x", 100))

    assert node.run(main) == ("noproc", ("GenServer", "call", ("nobody", "x", 100)))


@pytest.mark.otp("C18")
def test_C18_none_is_no_destination(node: Node) -> None:
    async def main() -> None:
        with pytest.raises(BadTypeError, match=r"call takes a Pid or a registered name .*; got None of type NoneType"):
            await call(None, "x")  # type: ignore[arg-type]

    node.run(main)


@pytest.mark.otp("C19")
@pytest.mark.parametrize(
    ("dest", "timeout", "error"),
    [
        ("name", -1, BadValueError),
        ("name", 2**32, BadValueError),
        ("name", 1.5, BadTypeError),
        ("name", True, BadTypeError),
        ("name", None, BadTypeError),
        (7, 5000, BadTypeError),
        (b"name", 5000, BadTypeError),
    ],
)
def test_C19_a_bad_timeout_or_destination_raises_in_the_caller(
    node: Node, dest: Any, timeout: Any, error: type[Exception]
) -> None:
    async def main() -> None:
        await Scripted.start_link(Script(), name="name")
        with pytest.raises(error):
            await call(dest, "x", timeout)

    node.run(main)


@pytest.mark.otp("C20")
def test_C20_an_exception_in_the_callback_is_the_callers_exit_and_two_reports(node: Node, reports: Reports) -> None:
    async def main() -> tuple[Any, Any]:
        pid = await start(call=raising(ValueError("oops")))
        ref = monitor(pid)
        why, what = await exit_reason_of(call(pid, "x"))
        assert what == asked(pid, "x")
        return why, await down(ref)

    why, reason = node.run(main)
    check_crash(why, "ValueError", "oops")
    assert why == reason
    assert [(record.report, record.reason) for record in reports.records] == [("terminate", why), ("crash", why)]


@pytest.mark.otp("C23")
@pytest.mark.parametrize(
    "junk",
    [
        "ok",
        None,
        ("reply", 1),
        Ok(1),
        Reply(1, 1, "foo"),  # type: ignore[arg-type]
        Reply(1, 1, -5),
        Reply(1, 1, True),
        NoReply(1, -5),
        NoReply(1, 1.5),  # type: ignore[arg-type]
        Stop("without a state"),
    ],
)
def test_C23_junk_from_handle_call_stops_the_server_and_the_old_state_is_terminates(node: Node, junk: Any) -> None:
    states: list[Any] = []

    async def main() -> None:
        pid = await start(
            init=returning(Ok("old")),
            call=returning(junk),
            terminate=lambda reason, state: states.append((reason, state)),
        )
        assert await exit_reason_of(call(pid, "x")) == (("bad_return_value", junk), asked(pid, "x"))

    node.run(main)
    assert states == [(("bad_return_value", junk), "old")]


@pytest.mark.otp("C25")
@pytest.mark.parametrize("name", ["counter", None])
def test_C25_a_server_without_handle_call_says_so(node: Node, name: str | None) -> None:
    async def main() -> tuple[Any, Pid]:
        pid = await Scripted.start(Script(), name=name)
        assert pid is not None
        why, _ = await exit_reason_of(call(pid, "x"))
        return why, pid

    why, pid = node.run(main)
    shown = repr(name or pid)
    assert why.kind == "RuntimeError"
    assert why.message.replace("'", "").replace('"', "") == (
        f"attempted to call GenServer {shown} but no handle_call/3 clause was provided".replace("'", "")
    )


@pytest.mark.otp("C26")
def test_C26_an_exit_in_the_callback_is_the_callers_exit_terminates_reason_and_two_reports(
    node: Node, reports: Reports
) -> None:
    terminated: list[Any] = []

    async def main() -> None:
        pid = await start(call=raising(Exit("leave")), terminate=noting_reason(terminated))
        assert await exit_reason_of(call(pid, "x")) == ("leave", asked(pid, "x"))

    node.run(main)
    assert terminated == ["leave"]
    assert [(record.report, record.reason) for record in reports.records] == [
        ("terminate", "leave"),
        ("crash", "leave"),
    ]


@pytest.mark.otp("C28")
@pytest.mark.parametrize("timeout", [5000, INFINITY])
def test_C28_from_is_opaque_but_for_the_callers_pid(node: Node, timeout: Any) -> None:
    async def main() -> bool:
        pid = await start(call=lambda _r, from_, s: Reply(from_.pid, s))
        return bool(await call(pid, "who?", timeout) == current())

    assert node.run(main) is True


@pytest.mark.otp("C29")
def test_C29_a_reply_before_a_crash_is_the_calls_value(node: Node) -> None:
    def handle_call(_request: Any, from_: From, _state: Any) -> Any:
        reply(from_, "in time")
        raise ValueError("too late")

    async def main() -> Any:
        return await call(await start(call=handle_call), "x")

    assert node.run(main) == "in time"


@pytest.mark.otp("C39")
def test_C39_a_reply_to_a_dead_caller_is_harmless(node: Node) -> None:
    async def main() -> None:
        pid = await start(call=lambda _r, from_, _s: NoReply(from_))

        async def caller() -> None:
            await call(pid, "x", 50)

        ref = monitor(spawn(caller))
        assert (await down(ref))[0] == "timeout"
        reply(await sys.get_state(pid), "late")
        await pause(10)
        assert await mailbox() == []
        assert is_alive(pid)

    node.run(main)


@pytest.mark.otp("C39")
def test_C39_a_late_reply_never_reaches_the_caller_that_lives_on(node: Node) -> None:
    async def main() -> Any:
        async def slow(request: Any, _from: From, state: Any) -> Reply:
            await pause(100)
            return Reply(request, state)

        pid = await start(call=slow)
        assert await exit_reason_of(call(pid, 1, 50)) == ("timeout", asked(pid, 1, 50))
        assert await call(pid, 2) == 2
        return await mailbox()

    assert node.run(main) == []


@pytest.mark.otp("C41")
def test_C41_a_process_that_is_no_server_is_a_plain_timeout(node: Node, clock: ManualClock) -> None:
    async def main() -> None:
        async def deaf() -> None:
            await receive(lambda _: False)

        pid = spawn(deaf)
        assert await exit_reason_of(call(pid, "x", 50)) == ("timeout", asked(pid, "x", 50))
        assert ms(clock) == 50

    node.run(main)


@pytest.mark.otp("C45")
def test_C45_a_call_waits_5000_ms_by_default(node: Node, clock: ManualClock) -> None:
    async def main() -> None:
        pid = await start(call=lambda _r, _f, s: NoReply(s))
        assert await exit_reason_of(call(pid, "x")) == ("timeout", ("GenServer", "call", (pid, "x", 5000)))
        assert ms(clock) == 5000
        assert is_alive(pid)

    node.run(main)


def test_a_timeout_of_0_is_a_timeout_and_the_request_is_still_handled(node: Node) -> None:
    async def main() -> Any:
        pid = await start(call=lambda _r, _f, s: Reply("r", s + 1))
        assert await exit_reason_of(call(pid, "x", 0)) == ("timeout", asked(pid, "x", 0))
        return await sys.get_state(pid)

    assert node.run(main) == 1


@pytest.mark.otp("C46")
def test_C46_a_dead_callers_request_is_still_handled(node: Node) -> None:
    async def main() -> None:
        async def slow(request: Any, _from: From, _state: Any) -> Reply:
            await pause(100)
            return Reply("to nobody", request)

        pid = await start(call=slow)
        caller = spawn_caller(pid, "handled")
        await pause(10)
        exit_process(caller, "kill")
        assert await sys.get_state(pid) == "handled"
        assert await mailbox() == []

    node.run(main)


@pytest.mark.otp("C47")
def test_C47_all_queued_callers_exit_with_the_first_requests_crash(node: Node) -> None:
    handled: list[Any] = []

    async def main() -> None:
        async def handle_call(request: Any, _from: From, _state: Any) -> Any:
            handled.append(request)
            await pause(50)
            raise Exit("crashed")

        pid = await start(call=handle_call)
        callers = [spawn_caller(pid, n) for n in (1, 2, 3)]
        for n, caller in enumerate(callers, 1):
            assert await result_of(caller) == ("exit", ("crashed", asked(pid, n)))

    node.run(main)
    assert handled == [1]


@pytest.mark.otp("C48")
def test_C48_a_call_queued_behind_a_stop_with_a_reply_exits(node: Node) -> None:
    async def main() -> None:
        async def handle_call(_request: Any, _from: From, state: Any) -> Stop:
            await pause(50)
            return Stop("normal", state, reply="bye")

        pid = await start(call=handle_call)
        first, second = spawn_caller(pid, 1), spawn_caller(pid, 2)
        assert await result_of(first) == ("reply", "bye")
        assert await result_of(second) == ("exit", ("normal", asked(pid, 2)))

    node.run(main)


@pytest.mark.otp("C49")
def test_C49_infinity_stands_in_the_exit(node: Node) -> None:
    async def main() -> None:
        pid = await start(call=returning(Stop("r", 0)))
        assert await exit_reason_of(call(pid, "x", INFINITY)) == ("r", ("GenServer", "call", (pid, "x", INFINITY)))

    node.run(main)


def test_calling_oneself_is_an_exit(node: Node) -> None:
    async def main() -> Any:
        return await exit_reason_of(call(current(), "x")) == ("calling_self", asked(current(), "x"))

    assert node.run(main) is True


def test_reply_refuses_what_is_no_from(node: Node) -> None:
    async def main() -> None:
        with pytest.raises(BadTypeError, match="reply takes the from_ that handle_call got"):
            reply("from", "x")  # type: ignore[arg-type]

    node.run(main)


def test_a_call_finds_its_reply_whatever_waits_in_the_mailbox(node: Node) -> None:
    async def main() -> Any:
        pid = await start(call=lambda r, _f, s: Reply(r, s))
        for n in range(100):
            send(current(), n)
        assert await call(pid, "r") == "r"
        return await mailbox()

    assert node.run(main) == list(range(100))


def test_answered_and_failed_calls_leave_nothing_behind_at_the_server(node: Node) -> None:
    async def main() -> None:
        pid = await start(call=lambda r, _f, s: Reply(r, s) if r else NoReply(s))
        for n in range(50):
            await call(pid, n + 1)
        assert (await exit_reason_of(call(pid, 0, 10)))[0] == "timeout"
        assert not pid._process.watchers  # type: ignore[union-attr]
        assert not current()._process.run_loop.timers  # type: ignore[union-attr]

    node.run(main)
