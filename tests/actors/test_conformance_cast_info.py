"""Cast and info: rows K and I of docs/conformance.md."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    HIBERNATE,
    BadTypeError,
    BadValueError,
    Continue,
    From,
    Node,
    NoReply,
    Ok,
    Pid,
    Reply,
    Stop,
    call,
    cast,
    is_alive,
    monitor,
    send,
    sys,
)
from tests.actors.conftest import Reports
from tests.actors.helpers import (
    Script,
    Scripted,
    down,
    down_after,
    noting,
    pause,
    raising,
    returning,
    spawn_caller,
    start,
)


@pytest.mark.otp("K02")
def test_K02_one_senders_casts_sends_and_calls_keep_their_order(node: Node) -> None:
    seen: list[Any] = []

    def handle_call(request: Any, _from: From, state: Any) -> Reply:
        seen.append(request)
        return Reply(None, state)

    async def main() -> None:
        pid = await start(call=handle_call, cast=noting(seen), info=noting(seen))
        for n in range(0, 60, 6):
            cast(pid, n)
            send(pid, n + 1)
            await call(pid, n + 2)
            send(pid, n + 3)
            cast(pid, n + 4)
            await call(pid, n + 5)

    node.run(main)
    assert seen == list(range(60))


@pytest.mark.otp("K04")
@pytest.mark.parametrize("name", ["counter", None])
def test_K04_a_server_without_handle_cast_says_so(node: Node, name: str | None) -> None:
    async def main() -> tuple[Any, Pid]:
        pid = await Scripted.start(Script(), name=name)
        assert pid is not None
        return await down_after(pid, lambda: cast(pid, "x")), pid

    reason, pid = node.run(main)
    shown = repr(name or pid).strip("'\"")
    assert reason.kind == "RuntimeError"
    assert reason.message.replace('"', "").replace("'", "") == (
        f"attempted to cast GenServer {shown} but no handle_cast/2 clause was provided"
    )


@pytest.mark.otp("K06")
@pytest.mark.parametrize("then", [(), (100,), (0,), (HIBERNATE,), (Continue("c"),)])
def test_K06_every_form_of_no_reply_is_accepted(node: Node, then: tuple[Any, ...]) -> None:
    async def main() -> Any:
        pid = await start(cast=lambda request, _state: NoReply(request, *then), cont=noting([]), info=noting([]))
        cast(pid, "new")
        return await sys.get_state(pid)

    assert node.run(main) == "new"


@pytest.mark.otp("K07")
def test_K07_stop_from_handle_cast_terminates_with_its_reason_and_state(node: Node) -> None:
    seen: list[Any] = []

    async def main() -> Any:
        pid = await start(
            cast=returning(Stop("r", "new")), terminate=lambda reason, state: seen.append((reason, state))
        )
        return await down_after(pid, lambda: cast(pid, "x"))

    assert node.run(main) == "r"
    assert seen == [("r", "new")]


@pytest.mark.otp("K07")
@pytest.mark.parametrize(
    "junk", [Reply(1, 1), Stop("r", "new", reply="rep"), Stop("r"), "bad", None, NoReply("new", -1), Ok("new")]
)
@pytest.mark.parametrize("way", [cast, send])
def test_K07_what_only_a_call_may_return_and_junk_are_bad_return_values(node: Node, junk: Any, way: Any) -> None:
    seen: list[Any] = []

    async def main() -> Any:
        pid = await start(
            init=returning(Ok("old")),
            cast=returning(junk),
            info=returning(junk),
            terminate=lambda reason, state: seen.append((reason, state)),
        )
        return await down_after(pid, lambda: way(pid, "x"))

    assert node.run(main) == ("bad_return_value", junk)
    assert seen == [(("bad_return_value", junk), "old")]


@pytest.mark.otp("I01")
@pytest.mark.parametrize("name", ["named", None])
def test_I01_without_handle_info_a_message_is_logged_and_the_server_lives_on(
    node: Node, reports: Reports, name: str | None
) -> None:
    async def main() -> Pid:
        pid = await Scripted.start(Script(init=returning(Ok("state"))), name=name)
        assert pid is not None
        send(pid, "hello")
        assert await sys.get_state(pid) == "state"
        assert is_alive(pid)
        return pid

    pid = node.run(main)
    (record,) = reports.records
    assert (record.report, record.levelname) == ("no_handle_info", "ERROR")
    assert (record.pid, record.server_name, record.behaviour, record.message_received) == (pid, name, Scripted, "hello")


@pytest.mark.otp("I06")
def test_I06_send_to_an_unknown_name_raises_and_cast_does_not(node: Node) -> None:
    async def main() -> None:
        with pytest.raises(BadValueError, match="nobody is registered as 'nobody'"):
            send("nobody", "x")
        cast("nobody", "x")

    node.run(main)


@pytest.mark.otp("I06")
def test_I06_a_dead_pid_is_ignored_by_both(node: Node) -> None:
    async def main() -> None:
        pid = await start(cast=returning(Stop("normal", 0)))
        await down_after(pid, lambda: cast(pid, "end"))
        send(pid, "x")
        cast(pid, "x")

    node.run(main)


@pytest.mark.parametrize("way", [cast, send])
def test_what_is_no_destination_is_refused(node: Node, way: Any) -> None:
    async def main() -> None:
        for bad in (None, 7, b"name", ("global", "x")):
            with pytest.raises(BadTypeError, match=f"{way.__name__} takes a Pid or a registered name"):
                way(bad, "x")

    node.run(main)


@pytest.mark.otp("I07")
def test_I07_messages_to_a_server_that_waits_in_a_call_wait_and_are_handled_after_it(node: Node) -> None:
    seen: list[Any] = []

    async def main() -> None:
        async def slow(_request: Any, _from: From, state: Any) -> Reply:
            await pause(100)
            seen.append("b answers")
            return Reply("from b", state)

        b = await start(call=slow)

        async def forward(request: Any, _from: From, state: Any) -> Reply:
            answer = await call(b, request)
            seen.append("a goes on")
            return Reply(answer, state)

        a = await start(call=forward, info=noting(seen))
        caller = spawn_caller(a, "x")
        await pause(10)
        send(a, "meanwhile 1")
        send(a, "meanwhile 2")
        ref = monitor(caller)
        await down(ref)
        await sys.get_state(a)

    node.run(main)
    assert seen == ["b answers", "a goes on", "meanwhile 1", "meanwhile 2"]


def test_an_exception_in_handle_info_ends_the_server_with_two_reports(node: Node, reports: Reports) -> None:
    async def main() -> Any:
        pid = await start(info=raising(KeyError("k")))
        return await down_after(pid, lambda: send(pid, "x"))

    reason = node.run(main)
    assert (reason.kind, reason.message) == ("KeyError", "'k'")
    assert [(r.report, r.reason) for r in reports.records] == [("terminate", reason), ("crash", reason)]
    assert reports.of("terminate")[0].last_message == "x"
