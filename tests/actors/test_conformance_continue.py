"""Continue: rows N of docs/conformance.md."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    TIMEOUT,
    Continue,
    ExitMessage,
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
    send,
    spawn,
    sys,
    trap_exit,
)
from tests.actors.conftest import Reports
from tests.actors.helpers import (
    check_crash,
    down,
    down_after,
    ms,
    noting,
    noting_reason,
    pause,
    raising,
    returning,
    start,
    start_link,
)


@pytest.mark.otp("N01")
def test_N01_inits_continue_runs_before_a_message_queued_in_init(node: Node) -> None:
    seen: list[Any] = []

    def init() -> Ok:
        send(current(), "queued")
        return Ok(0, Continue("c"))

    async def main() -> None:
        await sys.get_state(await start(init=init, cont=noting(seen), info=noting(seen)))

    node.run(main)
    assert seen == ["c", "queued"]


@pytest.mark.otp("N02")
def test_N02_a_chain_of_continues_runs_before_the_next_message(node: Node) -> None:
    seen: list[Any] = []

    def cont(term: Any, state: Any) -> NoReply:
        seen.append(term)
        return NoReply(state, Continue("b")) if term == "a" else NoReply(state)

    async def main() -> None:
        pid = await start(cast=returning(NoReply(0, Continue("a"))), cont=cont, info=noting(seen))
        cast(pid, "go")
        send(pid, "queued")
        await sys.get_state(pid)

    node.run(main)
    assert seen == ["a", "b", "queued"]


@pytest.mark.otp("N05")
@pytest.mark.parametrize("junk", [Reply(1, 1), Stop("r", 1, reply=1), "junk", None, NoReply("new", -1), Ok("new")])
def test_N05_a_reply_or_junk_from_handle_continue_is_a_bad_return_value(node: Node, junk: Any) -> None:
    states: list[Any] = []

    async def main() -> Any:
        pid = await start(
            init=returning(Ok("old")),
            cast=lambda _request, state: NoReply(state, Continue("c")),
            cont=returning(junk),
            terminate=lambda _reason, state: states.append(state),
        )
        return await down_after(pid, lambda: cast(pid, "go"))

    assert node.run(main) == ("bad_return_value", junk)
    assert states == ["old"]


@pytest.mark.otp("N06")
def test_N06_start_returns_before_inits_slow_continue_and_the_next_call_waits(node: Node, clock: ManualClock) -> None:
    async def slow(term: Any, _state: Any) -> NoReply:
        await pause(100)
        return NoReply(term)

    async def main() -> None:
        pid = await start(init=returning(Ok(0, Continue("done"))), cont=slow, call=lambda _r, _f, s: Reply(s, s))
        assert ms(clock) == 0
        assert await call(pid, "state") == "done"
        assert ms(clock) == 100

    node.run(main)


@pytest.mark.otp("N07")
def test_N07_a_timeout_from_handle_continue_is_armed(node: Node, clock: ManualClock) -> None:
    seen: list[Any] = []

    def info(message: Any, state: Any) -> NoReply:
        seen.append((message, ms(clock)))
        return NoReply(state)

    async def main() -> None:
        await start(init=returning(Ok(0, Continue("c"))), cont=returning(NoReply(0, 60)), info=info)
        await pause(1000)

    node.run(main)
    assert seen == [(TIMEOUT, 60)]


@pytest.mark.otp("N08")
def test_N08_an_exception_in_inits_continue_is_a_crash_after_the_start(node: Node, reports: Reports) -> None:
    async def main() -> tuple[Pid, Any]:
        trap_exit(True)
        pid = await start_link(init=returning(Ok(0, Continue("c"))), cont=raising(ValueError("oops")))
        message = await receive()
        assert isinstance(message, ExitMessage)
        assert message.pid == pid
        return pid, message.reason

    pid, reason = node.run(main)
    check_crash(reason, "ValueError", "oops")
    assert [(r.report, r.pid, r.reason) for r in reports.records] == [
        ("terminate", pid, reason),
        ("crash", pid, reason),
    ]


@pytest.mark.otp("N10")
def test_N10_the_parents_exit_waits_for_the_chain_of_continues(node: Node, clock: ManualClock) -> None:
    events: list[Any] = []

    def init() -> Ok:
        trap_exit(True)
        return Ok(0, Continue(1))

    async def cont(n: Any, state: Any) -> NoReply:
        await pause(20)
        events.append(n)
        return NoReply(state, Continue(n + 1)) if n < 4 else NoReply(state)

    async def main() -> Any:
        me = current()

        async def parent() -> None:
            send(me, await start_link(init=init, cont=cont, terminate=noting_reason(events), info=noting(events)))
            await receive()

        father = spawn(parent)
        child = await receive()
        ref = monitor(child)
        await pause(10)
        exit_process(father, "shutdown")
        assert is_alive(child)
        return await down(ref)

    assert node.run(main) == "shutdown"
    assert ms(clock) == 80
    assert events == [1, 2, 3, 4, "shutdown"]


@pytest.mark.otp("N11")
def test_N11_get_state_waits_for_a_slow_continue_and_sees_the_new_state(node: Node, clock: ManualClock) -> None:
    async def slow(term: Any, _state: Any) -> NoReply:
        await pause(50)
        return NoReply(term)

    async def main() -> Any:
        return await sys.get_state(await start(init=returning(Ok("old", Continue("new"))), cont=slow))

    assert node.run(main) == "new"
    assert ms(clock) == 50


def test_a_continue_without_handle_continue_is_a_crash_that_says_what_to_define(node: Node) -> None:
    async def main() -> Any:
        pid = await start(cast=returning(NoReply(0, Continue("c"))))
        return await down_after(pid, lambda: cast(pid, "x"))

    reason = node.run(main)
    assert reason.kind == "RuntimeError"
    assert "Continue('c') but has no handle_continue" in reason.message


def test_a_stop_from_handle_continue_terminates(node: Node) -> None:
    terminated: list[Any] = []

    async def main() -> Any:
        pid = await start(
            cast=returning(NoReply(0, Continue("c"))), cont=returning(Stop("r", 1)), terminate=noting_reason(terminated)
        )
        return await down_after(pid, lambda: cast(pid, "x"))

    assert node.run(main) == "r"
    assert terminated == ["r"]
