"""THE TIMEOUT: rows T of docs/conformance.md. Times are exact: the clock jumps from deadline to deadline."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    HIBERNATE,
    TIMEOUT,
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
    monitor,
    send,
    send_after,
    sys,
)
from tests.actors.conftest import Reports
from tests.actors.helpers import (
    Callback,
    Script,
    Scripted,
    down,
    down_after,
    ms,
    noting_reason,
    pause,
    returning,
    start,
    start_reason_of,
)


class Timed:
    """A `handle_info` or `handle_cast` that notes each message with its time."""

    def __init__(self, clock: ManualClock, then: Any = None) -> None:
        self.clock = clock
        self.seen: list[tuple[Any, int]] = []
        self.then: Callback = then or (lambda _message: ())

    def __call__(self, message: Any, state: Any) -> Any:
        self.seen.append((message, ms(self.clock)))
        then = self.then(message)
        return then if isinstance(then, Stop) else NoReply(state, *then)


@pytest.mark.otp("T01")
def test_T01_an_idle_servers_timeout_comes_once_at_its_time_and_is_the_bare_TIMEOUT(
    node: Node, clock: ManualClock
) -> None:
    info = Timed(clock)

    async def main() -> None:
        await start(init=returning(Ok(0, 100)), info=info)
        await pause(1000)

    node.run(main)
    assert info.seen == [(TIMEOUT, 100)]
    assert info.seen[0][0] is TIMEOUT


@pytest.mark.otp("T05")
def test_T05_a_junk_message_is_logged_and_cancels_the_timeout(node: Node, reports: Reports) -> None:
    async def main() -> None:
        pid = await start(init=returning(Ok(0, 60)))
        await pause(30)
        send(pid, "junk")
        await pause(1000)

    node.run(main)
    assert [record.message_received for record in reports.records] == ["junk"]


@pytest.mark.otp("T06")
def test_T06_without_handle_info_the_timeout_itself_is_logged_as_unexpected(node: Node, reports: Reports) -> None:
    async def main() -> None:
        await start(init=returning(Ok(0, 60)))
        await pause(1000)

    node.run(main)
    assert [(record.report, record.message_received) for record in reports.records] == [("no_handle_info", TIMEOUT)]


@pytest.mark.otp("T07", "T28")
def test_T07_T28_a_timeout_repeats_only_as_long_as_it_is_returned_again(node: Node, clock: ManualClock) -> None:
    fires = iter([(100,), (100,), (100,), ()])
    info = Timed(clock, lambda _message: next(fires))

    async def main() -> None:
        await start(init=returning(Ok(0, 100)), info=info)
        await pause(2000)

    node.run(main)
    assert info.seen == [(TIMEOUT, 100), (TIMEOUT, 200), (TIMEOUT, 300), (TIMEOUT, 400)]


@pytest.mark.otp("T28")
def test_T28_a_stop_ends_the_repetition(node: Node, clock: ManualClock) -> None:
    info = Timed(clock, lambda _message: (100,) if ms(clock) < 300 else Stop("enough", 0))

    async def main() -> Any:
        pid = await start(init=returning(Ok(0, 100)), info=info)
        return await down(monitor(pid))

    assert node.run(main) == "enough"
    assert [at for _, at in info.seen] == [100, 200, 300]


@pytest.mark.otp("T09")
def test_T09_polling_the_state_starves_the_timeout_which_starts_anew_after_the_last(
    node: Node, clock: ManualClock
) -> None:
    info = Timed(clock)

    async def main() -> None:
        pid = await start(init=returning(Ok(0, 100)), info=info)
        for _ in range(6):
            await pause(60)
            await sys.get_state(pid)
        assert info.seen == []
        await pause(1000)

    node.run(main)
    assert info.seen == [(TIMEOUT, 460)]


@pytest.mark.otp("T10", "T26")
@pytest.mark.parametrize("ask", [lambda pid: sys.replace_state(pid, lambda s: s), sys.get_status, sys.get_state])
def test_T10_T26_the_timeout_still_fires_after_a_system_message(node: Node, clock: ManualClock, ask: Any) -> None:
    info = Timed(clock)

    async def main() -> None:
        pid = await start(init=returning(Ok(0, 60)), info=info)
        await pause(30)
        await ask(pid)
        await pause(1000)

    node.run(main)
    assert info.seen == [(TIMEOUT, 90)]


@pytest.mark.otp("T11")
def test_T11_a_suspended_servers_timeout_waits_and_starts_anew_at_resume(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    async def main() -> None:
        pid = await start(init=returning(Ok(0, 100)), info=info)
        await sys.suspend(pid)
        await pause(250)
        assert info.seen == []
        await sys.resume(pid)
        await pause(1000)

    node.run(main)
    assert info.seen == [(TIMEOUT, 350)]


@pytest.mark.otp("T13")
def test_T13_messages_win_over_a_timeout_of_0_from_init(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    def init() -> Ok:
        send(current(), "m1")
        send(current(), "m2")
        return Ok(0, 0)

    async def main() -> None:
        await start(init=init, info=info)
        await pause(1000)

    node.run(main)
    assert info.seen == [("m1", 0), ("m2", 0)]


@pytest.mark.otp("T14")
def test_T14_a_timeout_of_0_means_when_the_mailbox_is_empty(node: Node, clock: ManualClock) -> None:
    info = Timed(clock, lambda message: () if message is TIMEOUT else (0,))

    def init() -> Ok:
        send(current(), "m1")
        send(current(), "m2")
        return Ok(0, 0)

    async def main() -> None:
        await start(init=init, info=info)
        await pause(1000)

    node.run(main)
    assert info.seen == [("m1", 0), ("m2", 0), (TIMEOUT, 0)]


@pytest.mark.otp("T17")
def test_T17_a_message_of_send_after_comes_whatever_is_called_in_between(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    def init() -> Ok:
        send_after(current(), "timer", 40)
        return Ok(0)

    async def main() -> None:
        pid = await start(init=init, info=info, call=lambda _r, _f, s: Reply(None, s))
        await pause(20)
        await call(pid, "x")
        await pause(1000)

    node.run(main)
    assert info.seen == [("timer", 40)]


@pytest.mark.otp("T18")
def test_T18_hibernate_cancels_the_timeout(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    async def main() -> None:
        pid = await start(init=returning(Ok(0, 60)), cast=returning(NoReply(0, HIBERNATE)), info=info)
        await pause(30)
        cast(pid, "x")
        await pause(1000)

    node.run(main)
    assert info.seen == []


@pytest.mark.otp("T21")
def test_T21_a_late_reply_that_is_dropped_does_not_touch_the_timeout(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    async def main() -> None:
        async def slow(_request: Any, _from: From, state: Any) -> Reply:
            await pause(100)
            return Reply("late", state)

        other = await start(call=slow)

        async def handle_cast(_request: Any, state: Any) -> NoReply:
            with pytest.raises(Exit):
                await call(other, "x", 50)
            return NoReply(state, 200)

        pid = await start(cast=handle_cast, info=info)
        cast(pid, "go")
        await pause(1000)

    node.run(main)
    assert info.seen == [(TIMEOUT, 250)]


@pytest.mark.otp("T22", "T23")
def test_T22_a_continue_from_init_whose_no_reply_has_no_timeout_arms_none(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    async def main() -> None:
        await start(init=returning(Ok(0, Continue("c"))), cont=returning(NoReply(0)), info=info)
        await pause(1000)

    node.run(main)
    assert info.seen == []


@pytest.mark.otp("T23")
def test_T23_a_continue_takes_an_earlier_timeout_away(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    async def main() -> None:
        pid = await start(
            init=returning(Ok(0, 60)),
            cast=returning(NoReply(0, Continue("c"))),
            cont=returning(NoReply(0)),
            info=info,
        )
        await pause(30)
        cast(pid, "x")
        await pause(1000)

    node.run(main)
    assert info.seen == []


@pytest.mark.otp("T24")
def test_T24_a_timeout_returned_with_a_reply_starts_anew(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    async def main() -> None:
        pid = await start(init=returning(Ok(0, 100)), call=returning(Reply("r", 0, 100)), info=info)
        await pause(50)
        assert await call(pid, "x") == "r"
        await pause(1000)

    node.run(main)
    assert info.seen == [(TIMEOUT, 150)]


@pytest.mark.otp("T25")
def test_T25_steady_traffic_holds_a_timeout_back_for_ever(node: Node, clock: ManualClock) -> None:
    info = Timed(clock, lambda message: () if message is TIMEOUT else (200,))

    async def main() -> None:
        pid = await start(init=returning(Ok(0, 200)), info=info)
        for n in range(50):
            await pause(20)
            send(pid, n)
        await pause(1000)

    node.run(main)
    assert info.seen == [*((n, 20 * (n + 1)) for n in range(50)), (TIMEOUT, 1200)]


@pytest.mark.otp("T29")
@pytest.mark.parametrize("too_long", [5_000_000_000, 2**32])
def test_T29_a_timeout_above_erlangs_limit_is_refused_as_a_bad_return_value(node: Node, too_long: int) -> None:
    terminated: list[Any] = []

    async def main() -> None:
        script = Script(init=returning(Ok(0, too_long)))
        assert await start_reason_of(Scripted.start(script)) == ("bad_return_value", Ok(0, too_long))
        pid = await start(cast=returning(NoReply(0, too_long)), terminate=noting_reason(terminated))
        reason = await down_after(pid, lambda: cast(pid, "x"))
        assert reason == ("bad_return_value", NoReply(0, too_long))
        assert terminated == [reason]

    node.run(main)


@pytest.mark.otp("T29")
def test_T29_the_longest_timeout_is_accepted_and_kept(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    async def main() -> None:
        await start(init=returning(Ok(0, 2**32 - 1)), info=info)
        await pause(2**32 - 1)
        await pause(1)

    node.run(main)
    assert info.seen == [(TIMEOUT, 2**32 - 1)]


@pytest.mark.otp("T30")
@pytest.mark.parametrize("at", [0, 59, 60])
def test_T30_a_timeout_that_a_message_cancelled_never_comes_later(node: Node, clock: ManualClock, at: int) -> None:
    info = Timed(clock)

    async def main() -> None:
        def init() -> Ok:
            send_after(current(), "message", at)
            return Ok(0, 60)

        await start(init=init, info=info)
        await pause(1000)

    node.run(main)
    assert info.seen == [("message", at)]


def test_cancelling_timeouts_in_both_orders_keeps_the_earlier_deadline(node: Node, clock: ManualClock) -> None:
    info = Timed(clock)

    async def main() -> Pid:
        pid = await start(cast=lambda ms, state: NoReply(state, ms), info=info)
        cast(pid, 300)
        cast(pid, 50)
        await pause(100)
        cast(pid, 10)
        cast(pid, 500)
        await pause(1000)
        return pid

    node.run(main)
    assert info.seen == [(TIMEOUT, 50), (TIMEOUT, 600)]
