"""Stop: rows C33 to C38 of docs/conformance.md."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    INFINITY,
    BadTypeError,
    Exit,
    ManualClock,
    Node,
    NoReply,
    Ok,
    Pid,
    Reply,
    call,
    cast,
    current,
    is_alive,
    monitor,
    spawn,
    stop,
    sys,
    trap_exit,
)
from tests.actors.conftest import Reports
from tests.actors.helpers import (
    check_crash,
    down,
    exit_reason_of,
    ms,
    noting_reason,
    pause,
    raising,
    start,
    start_link,
)


@pytest.mark.otp("C33")
def test_C33_stop_terminates_normally_without_a_log_and_again_is_noproc(node: Node, reports: Reports) -> None:
    terminated: list[Any] = []

    async def main() -> None:
        pid = await start(terminate=noting_reason(terminated))
        ref = monitor(pid)
        assert await stop(pid) is None  # type: ignore[func-returns-value]
        assert not is_alive(pid)
        assert await down(ref) == "normal"
        assert await exit_reason_of(stop(pid)) == ("noproc", ("GenServer", "stop", (pid, "normal", INFINITY)))

    node.run(main)
    assert terminated == ["normal"]
    assert reports.kinds == []


@pytest.mark.otp("C34")
@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", 1), "custom", ("a", "pair"), {"any": "term"}])
def test_C34_stop_takes_every_reason(node: Node, reports: Reports, reason: Any) -> None:
    terminated: list[Any] = []

    async def main() -> Any:
        pid = await start(terminate=noting_reason(terminated))
        ref = monitor(pid)
        await stop(pid, reason)
        return await down(ref)

    assert node.run(main) == reason
    assert terminated == [reason]
    orderly = reason in ("normal", "shutdown", ("shutdown", 1))
    assert [(r.report, r.reason) for r in reports.records] == (
        [] if orderly else [("terminate", reason), ("crash", reason)]
    )


@pytest.mark.otp("C36")
def test_C36_an_end_by_another_reason_than_the_one_asked_is_an_exit(node: Node) -> None:
    async def main() -> None:
        pid = await start(terminate=raising(Exit("other")))
        assert await exit_reason_of(stop(pid, "normal")) == (
            "other",
            ("GenServer", "stop", (pid, "normal", INFINITY)),
        )

    node.run(main)


@pytest.mark.otp("C36")
def test_C36_a_terminate_that_raises_is_an_exit_with_its_crash(node: Node) -> None:
    async def main() -> Any:
        pid = await start(terminate=raising(ValueError("oops")))
        return (await exit_reason_of(stop(pid)))[0]

    check_crash(node.run(main), "ValueError", "oops")


@pytest.mark.otp("C37")
def test_C37_a_server_that_stops_itself_is_calling_self(node: Node) -> None:
    async def main() -> None:
        async def handle_call(_request: Any, _from: Any, state: Any) -> Reply:
            return Reply(await exit_reason_of(stop(current())), state)

        pid = await start(call=handle_call)
        why, what = await call(pid, "stop yourself")
        assert (why, what) == ("calling_self", ("GenServer", "stop", (pid, "normal", INFINITY)))
        assert is_alive(pid)

    node.run(main)


@pytest.mark.otp("C38")
def test_C38_messages_queued_before_the_stop_are_handled_first_and_later_ones_are_not(node: Node) -> None:
    seen: list[Any] = []

    async def main() -> None:
        async def handle_cast(request: Any, state: Any) -> NoReply:
            seen.append(request)
            await pause(10)
            return NoReply(state)

        pid = await start(cast=handle_cast, terminate=noting_reason(seen))
        for n in (1, 2, 3):
            cast(pid, n)

        async def stopper() -> None:
            await stop(pid, "shutdown")

        ref = monitor(spawn(stopper))
        await pause(5)
        cast(pid, "behind the stop")
        assert await down(ref) == "normal"

    node.run(main)
    assert seen == [1, 2, 3, "shutdown"]


def test_stop_gives_up_after_its_timeout_and_the_server_stops_all_the_same(node: Node, clock: ManualClock) -> None:
    async def main() -> Any:
        async def slow(_reason: Any, _state: Any) -> None:
            await pause(500)

        pid = await start(terminate=slow)
        ref = monitor(pid)
        assert await exit_reason_of(stop(pid, "normal", 100)) == (
            "timeout",
            ("GenServer", "stop", (pid, "normal", 100)),
        )
        assert ms(clock) == 100
        return await down(ref)

    assert node.run(main) == "normal"
    assert ms(clock) == 500


def test_a_stop_with_the_reason_timeout_that_times_out_is_an_exit(node: Node) -> None:
    async def main() -> Any:
        async def slow(_reason: Any, _state: Any) -> None:
            await pause(500)

        return (await exit_reason_of(stop(await start(terminate=slow), "timeout", 100)))[0]

    assert node.run(main) == "timeout"


def test_stopping_a_linked_server_normally_leaves_the_parent_alive(node: Node) -> None:
    async def main() -> bool:
        pid = await start_link()
        await stop(pid)
        return not is_alive(pid)

    assert node.run(main) is True


def test_stop_refuses_what_is_no_destination(node: Node) -> None:
    async def main() -> Pid | None:
        with pytest.raises(BadTypeError, match="stop takes a Pid or a registered name"):
            await stop(None)  # type: ignore[arg-type]
        return None

    node.run(main)


def test_a_trapping_server_stops_as_any_other(node: Node) -> None:
    def init() -> Ok:
        trap_exit(True)
        return Ok("s")

    async def main() -> Any:
        pid = await start(init=init)
        assert await sys.get_state(pid) == "s"
        await stop(pid, "shutdown")
        return is_alive(pid)

    assert node.run(main) is False
