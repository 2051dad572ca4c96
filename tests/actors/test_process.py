"""Processes: mailboxes, ends, asyncio inside them, and the door from other code."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import pickle
import threading
import time
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from actors import (
    INFINITY,
    TIMEOUT,
    AsyncNode,
    BadTypeError,
    BadValueError,
    Crash,
    Down,
    Exit,
    ExitMessage,
    From,
    ManualClock,
    Node,
    NodeError,
    NoReply,
    NotAProcessError,
    Pid,
    Reply,
    StartError,
    Stop,
    call,
    cancel_timer,
    cast,
    current,
    demonitor,
    exit_process,
    is_alive,
    link,
    monitor,
    receive,
    register,
    registered,
    send,
    send_after,
    spawn,
    spawn_link,
    spawn_monitor,
    stop,
    sys,
    trap_exit,
    unregister,
    whereis,
)
from tests.actors.conftest import Reports
from tests.actors.helpers import (
    Script,
    Scripted,
    check_crash,
    down,
    down_after,
    exit_reason_of,
    exit_when_told,
    mailbox,
    ms,
    pause,
    returning,
    start,
)

# -- mailboxes


def test_receive_takes_the_first_match_and_leaves_the_others_in_order(node: Node) -> None:
    async def main() -> None:
        for message in (1, "a", 2, "b", 3):
            send(current(), message)
        assert await receive(lambda one: isinstance(one, str)) == "a"
        assert await receive(lambda one: one == 3) == 3
        assert await receive() == 1
        assert await mailbox() == [2, "b"]

    node.run(main)


def test_receive_waits_for_a_match_and_looks_at_each_message_once(node: Node) -> None:
    looked_at: list[Any] = []

    async def main() -> None:
        def match(one: Any) -> bool:
            looked_at.append(one)
            return bool(one == "it")

        send(current(), "early")
        for ms_, message in ((10, "other"), (20, "it"), (30, "late")):
            send_after(current(), message, ms_)
        assert await receive(match) == "it"
        await pause(100)
        assert await mailbox() == ["early", "other", "late"]

    node.run(main)
    assert looked_at == ["early", "other", "it"]


def test_receive_gives_TIMEOUT_at_its_time_whatever_else_arrives(node: Node, clock: ManualClock) -> None:
    async def main() -> None:
        for at in (10, 20, 30, 40):
            send_after(current(), at, at)
        assert await receive(lambda one: one == "never", 35) is TIMEOUT
        assert ms(clock) == 35
        assert await mailbox() == [10, 20, 30]

    node.run(main)


def test_a_match_that_raises_leaves_the_message_where_it_was(node: Node) -> None:
    async def main() -> None:
        send(current(), "text")
        with pytest.raises(TypeError):
            await receive(lambda one: one > 1)
        assert await mailbox() == ["text"]

    node.run(main)


@pytest.mark.parametrize("bad", [-1, 2**32])
def test_receive_refuses_a_number_that_is_no_time(node: Node, bad: int) -> None:
    async def main() -> None:
        with pytest.raises(BadValueError):
            await receive(timeout=bad)

    node.run(main)


@pytest.mark.parametrize("bad", [1.5, True, None, "1"])
def test_receive_refuses_what_is_no_time(node: Node, bad: Any) -> None:
    async def main() -> None:
        with pytest.raises(BadTypeError):
            await receive(timeout=bad)

    node.run(main)


def test_messages_between_two_processes_keep_their_order(node: Node) -> None:
    async def main() -> None:
        me = current()

        async def sender(name: str) -> None:
            for n in range(2000):
                send(me, (name, n))
                if n % 100 == 0:
                    await asyncio.sleep(0)

        for name in ("a", "b"):
            spawn(sender, name)
        got: dict[str, list[int]] = {"a": [], "b": []}
        for _ in range(4000):
            name, n = await receive()
            got[name].append(n)
        assert got == {"a": list(range(2000)), "b": list(range(2000))}

    node.run(main)


def test_timers_fire_in_the_order_of_their_deadlines_and_equal_ones_in_that_of_their_start(
    node: Node, clock: ManualClock
) -> None:
    async def main() -> None:
        for message, at in (("c", 30), ("a", 10), ("b1", 20), ("b2", 20), ("now", 0)):
            send_after(current(), message, at)
        assert await receive(timeout=0) is TIMEOUT  # even 0 ms is asynchronous
        got = [(await receive(), ms(clock)) for _ in range(5)]
        assert got == [("now", 0), ("a", 10), ("b1", 20), ("b2", 20), ("c", 30)]

    node.run(main)


def test_cancel_timer_gives_the_time_that_was_left(node: Node) -> None:
    async def main() -> None:
        ref = send_after(current(), "never", 100)
        await pause(30)
        assert cancel_timer(ref) == 70
        assert cancel_timer(ref) is None
        await pause(1000)
        assert await mailbox() == []

    node.run(main)


def test_names_are_given_looked_up_and_taken_away(node: Node) -> None:
    async def main() -> None:
        pid = spawn(exit_when_told)
        register("a", pid)
        assert (whereis("a"), registered()) == (pid, ["a"])
        with pytest.raises(BadValueError, match="has a name already, 'a'"):
            register("b", pid)
        with pytest.raises(BadValueError, match="is taken by"):
            register("a", current())
        unregister("a")
        assert whereis("a") is None
        with pytest.raises(BadValueError, match="nobody has the name"):
            unregister("a")
        register("b", pid)
        await down_after(pid, lambda: exit_process(pid, "end"))
        with pytest.raises(BadValueError, match="no living process"):
            register("a", pid)

    node.run(main)


# -- ends


def test_names_are_freed_before_links_and_monitors_hear(node: Node) -> None:
    async def main() -> None:
        trap_exit(True)
        pid = spawn_link(exit_when_told)
        register("named", pid)
        ref = monitor(pid)
        send(pid, ("exit", "boom"))
        for expected in (ExitMessage(pid, "boom"), Down(ref, pid, "boom")):
            assert await receive() == expected
            assert whereis("named") is None
            assert not is_alive(pid)

    node.run(main)


def test_a_killed_process_that_catches_everything_is_dead_and_spins_nothing(node: Node, reports: Reports) -> None:
    async def main() -> None:
        async def immortal() -> None:
            while True:
                try:  # noqa: SIM105 — as it is written by who has this trouble
                    await receive()
                except BaseException:
                    pass

        pid = spawn(immortal)
        register("immortal", pid)
        await pause(10)
        assert await down_after(pid, lambda: exit_process(pid, "kill")) == "killed"
        assert whereis("immortal") is None
        await pause(1000)

    node.run(main)
    assert reports.kinds == ["would_not_unwind"]


def test_a_killed_process_that_polls_and_catches_everything_is_never_resumed_again(node: Node) -> None:
    rounds = 0

    async def main() -> None:
        async def immortal() -> None:
            nonlocal rounds
            while True:
                try:
                    rounds += 1
                    await receive(timeout=0)
                except BaseException:
                    pass

        pid = spawn(immortal)
        for _ in range(5):
            await asyncio.sleep(0)
        assert await down_after(pid, lambda: exit_process(pid, "kill")) == "killed"
        for _ in range(20):
            await asyncio.sleep(0)
        before = rounds
        assert before
        for _ in range(20):
            await asyncio.sleep(0)
        assert rounds == before

    node.run(main)


def test_an_exit_signal_that_is_swallowed_still_ends_the_process_at_its_next_receive(node: Node) -> None:
    handled: list[Any] = []

    async def main() -> Any:
        async def swallows() -> None:
            while True:
                try:
                    handled.append(await receive())
                except asyncio.CancelledError:
                    handled.append("swallowed")

        pid = spawn(swallows)
        await pause(10)
        ref = monitor(pid)
        exit_process(pid, "boom")
        for n in range(3):
            send(pid, n)
        return await down(ref)

    assert node.run(main) == "boom"
    assert handled == ["swallowed"]


def test_a_server_whose_callback_swallows_its_end_handles_nothing_more(node: Node, reports: Reports) -> None:
    handled: list[Any] = []

    async def main() -> Any:
        async def handle_cast(request: Any, state: Any) -> NoReply:
            handled.append(request)
            try:
                await pause(1000)
            except asyncio.CancelledError:
                handled.append("swallowed")
            return NoReply(state)

        pid = await start(cast=handle_cast, terminate=lambda reason, _s: handled.append(reason))
        for n in range(3):
            cast(pid, n)
        await pause(10)
        return await down_after(pid, lambda: exit_process(pid, "boom"))

    assert node.run(main) == "boom"
    assert handled == [0, "swallowed"]
    assert reports.kinds == []


@pytest.mark.parametrize("then", ["returns", "raises", "exits"])
def test_the_reason_is_the_signals_whatever_the_coroutine_then_does(node: Node, reports: Reports, then: str) -> None:
    async def main() -> Any:
        async def process() -> None:
            try:
                await receive()
            except asyncio.CancelledError:
                if then == "raises":
                    raise ValueError("of its own") from None
                if then == "exits":
                    raise Exit("of its own") from None

        pid = spawn(process)
        await pause(10)
        return await down_after(pid, lambda: exit_process(pid, "boom"))

    assert node.run(main) == "boom"
    assert reports.kinds == []


def test_a_finally_may_await_asyncio_after_an_exit_signal_and_the_end_is_told_after_it(node: Node) -> None:
    events: list[str] = []

    async def main() -> Any:
        async def process() -> None:
            try:
                await receive()
            finally:
                await asyncio.sleep(0.01)
                events.append(await asyncio.to_thread(lambda: "unwound"))

        pid = spawn(process)
        await pause(10)
        ref = monitor(pid)
        exit_process(pid, "boom")
        assert not is_alive(pid)
        reason = await down(ref)
        events.append("told")
        return reason

    assert node.run(main) == "boom"
    assert events == ["unwound", "told"]


def test_after_a_kill_the_end_is_told_at_once_and_the_coroutine_unwinds_behind_it(node: Node) -> None:
    events: list[str] = []

    async def main() -> Any:
        unwound = asyncio.Event()

        async def process() -> None:
            try:
                await receive()
            finally:
                await asyncio.sleep(0.01)
                events.append("unwound")
                unwound.set()

        pid = spawn(process)
        await pause(10)
        reason = await down_after(pid, lambda: exit_process(pid, "kill"))
        events.append("told")
        await unwound.wait()
        return reason

    assert node.run(main) == "killed"
    assert events == ["told", "unwound"]


@pytest.mark.parametrize("way", ["receive", "call"])
def test_a_finally_that_receives_or_calls_after_an_exit_signal_is_abandoned(node: Node, way: str) -> None:
    events: list[str] = []

    async def main() -> Any:
        deaf = await start(call=lambda _r, _f, s: NoReply(s))

        async def process() -> None:
            try:
                await receive()
            finally:
                events.append("finally")
                await (receive() if way == "receive" else call(deaf, "x", INFINITY))
                events.append("never")

        pid = spawn(process)
        await pause(10)
        return await down_after(pid, lambda: exit_process(pid, "boom"))

    assert node.run(main) == "boom"
    assert events == ["finally"]


def test_an_exit_signal_beside_the_end_of_what_the_process_awaits_is_thrown_once(node: Node) -> None:
    events: list[Any] = []

    async def main() -> Any:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        me = current()

        async def process() -> None:
            send(me, "waits")
            try:
                events.append(await future)
            except asyncio.CancelledError:
                events.append("cancelled")
                await asyncio.sleep(0.01)
                events.append("unwound")
                raise

        pid = spawn(process)
        assert await receive() == "waits"
        ref = monitor(pid)
        future.set_result("value")
        exit_process(pid, "boom")
        return await down(ref)

    assert node.run(main) == "boom"
    assert events == ["cancelled", "unwound"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SystemExit(3), "SystemExit"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (asyncio.CancelledError(), "CancelledError"),
    ],
)
def test_what_would_end_a_program_is_a_crash_of_the_process_alone(
    node: Node, reports: Reports, error: BaseException, kind: str
) -> None:
    async def main() -> Any:
        pid = spawn(exit_when_told)
        return await down_after(pid, lambda: send(pid, ("raise", error)))

    reason = node.run(main)
    assert isinstance(reason, Crash)
    assert reason.kind == kind
    assert reports.kinds == ["process_raised"]
    assert ("from actors import exit" in reason.message) == (kind == "SystemExit")
    assert node.run(returning("the node lives")) == "the node lives"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_in_a_task_of_a_process_they_are_a_crash_of_the_process_too(node: Node, error: BaseException) -> None:
    async def main() -> Any:
        async def fails() -> None:
            await asyncio.sleep(0)
            raise error

        async def process() -> None:
            await asyncio.gather(fails())

        _, ref = spawn_monitor(process)
        return await down(ref)

    reason = node.run(main)
    assert isinstance(reason, Crash)
    assert reason.kind == type(error).__name__
    assert node.run(returning("the node lives")) == "the node lives"


def test_a_task_of_a_process_shows_its_own_name_and_may_be_cancelled_before_it_began(node: Node) -> None:
    async def main() -> str:
        async def never_begins() -> None:
            raise AssertionError

        task = asyncio.create_task(never_begins())
        shown = repr(task)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return shown

    assert "never_begins" in node.run(main)


def test_a_server_whose_callback_calls_sys_exit_crashes_and_terminates(node: Node, reports: Reports) -> None:
    async def main() -> Any:
        def handle_cast(_request: Any, _state: Any) -> Any:
            raise SystemExit(1)

        pid = await start(cast=handle_cast)
        return await down_after(pid, lambda: cast(pid, "x"))

    assert node.run(main).kind == "SystemExit"
    assert reports.kinds == ["terminate", "crash"]


def test_a_crash_is_picklable_and_equal_to_its_copy(node: Node) -> None:
    class Local(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    async def main() -> Any:
        pid = spawn(exit_when_told)
        return await down_after(pid, lambda: send(pid, ("raise", Local())))

    reason = node.run(main)
    assert (reason.kind, reason.message) == ("Local", "<str() of it failed: RuntimeError>")
    assert pickle.loads(pickle.dumps(reason)) == reason


def test_a_chain_of_20_000_links_falls_without_recursion(node: Node) -> None:
    async def main() -> None:
        pids: list[Pid] = []

        async def link_to_the_one_before() -> None:
            if len(pids) > 1:
                link(pids[-2])
            await receive()

        for _ in range(20_000):
            pids.append(spawn(link_to_the_one_before))
            await asyncio.sleep(0)
        ref = monitor(pids[-1])
        exit_process(pids[0], "boom")
        assert await down(ref) == "boom"
        assert not any(map(is_alive, pids))

    node.run(main)


def test_a_cascade_stops_at_a_process_that_traps(node: Node) -> None:
    async def main() -> None:
        trap_exit(True)
        me = current()

        async def middle() -> None:
            for _ in range(100):
                send(me, spawn_link(exit_when_told))
            await receive()

        top = spawn_link(middle)
        leaves = [await receive() for _ in range(100)]
        send(leaves[50], ("exit", "boom"))
        assert await receive() == ExitMessage(top, "boom")
        assert [await down(monitor(leaf)) for leaf in leaves] == ["noproc"] * 100 or not any(map(is_alive, leaves))
        assert is_alive(me)

    node.run(main)


def test_a_process_killed_before_its_first_step_never_runs(node: Node) -> None:
    ran: list[str] = []

    async def main() -> Any:
        async def process() -> None:
            ran.append("ran")

        pid = spawn(process)
        return await down_after(pid, lambda: exit_process(pid, "kill"))

    assert node.run(main) == "killed"
    assert ran == []


def test_spawn_refuses_what_is_no_async_function(node: Node) -> None:
    async def main() -> None:
        with pytest.raises(BadTypeError, match="a process runs an `async def` function"):
            spawn(lambda: 1)  # type: ignore[arg-type, return-value]

    node.run(main)


# -- asyncio inside a process


def test_asyncio_timeout_in_a_handler_ends_a_receive_and_a_call(node: Node) -> None:
    async def main() -> Any:
        deaf = await start(call=lambda _r, _f, s: NoReply(s))

        async def handle_call(request: Any, _from: From, state: Any) -> Reply:
            try:
                async with asyncio.timeout(0.005):
                    await (receive(lambda _: False) if request == "receive" else call(deaf, "x", INFINITY))
            except TimeoutError:
                return Reply("timed out", state)
            return Reply("not reached", state)

        pid = await start(call=handle_call)
        return [await call(pid, "receive", INFINITY), await call(pid, "call", INFINITY), await sys.get_state(pid)]

    assert node.run(main) == ["timed out", "timed out", 0]


def test_asyncio_timeout_that_is_not_reached_leaves_nothing_behind(node: Node) -> None:
    async def main() -> Any:
        send(current(), "here")
        async with asyncio.timeout(60):
            got = await receive()
        await pause(100)
        return got

    assert node.run(main) == "here"


def test_wait_for_in_a_handler_gives_up_a_call_and_the_server_goes_on(node: Node) -> None:
    async def main() -> Any:
        deaf = await start(call=lambda _r, _f, s: NoReply(s))

        async def handle_call(_request: Any, _from: From, state: Any) -> Reply:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(call(deaf, "x", INFINITY), 0.005)
            return Reply("went on", state)

        return await call(await start(call=handle_call), "x", INFINITY)

    assert node.run(main) == "went on"


def test_gather_of_calls_in_a_handler_asks_side_by_side(node: Node, clock: ManualClock) -> None:
    async def main() -> Any:
        async def slow(request: Any, _from: From, state: Any) -> Reply:
            await asyncio.sleep(0.001)
            return Reply(request, state)

        servers = [await start(call=slow) for _ in range(3)]

        async def handle_call(_request: Any, _from: From, state: Any) -> Reply:
            return Reply(await asyncio.gather(*(call(pid, n) for n, pid in enumerate(servers))), state)

        return await call(await start(call=handle_call), "x")

    assert node.run(main) == [0, 1, 2]
    assert ms(clock) == 0


def test_an_exit_of_a_gathered_call_is_the_handlers(node: Node) -> None:
    async def main() -> Any:
        async def handle_call(_request: Any, _from: From, state: Any) -> Reply:
            return Reply(await asyncio.gather(call("nobody", 1), call("nobody", 1), return_exceptions=True), state)

        return await call(await start(call=handle_call), "x")

    first, second = node.run(main)
    assert isinstance(first, Exit)
    assert first.reason == second.reason == ("noproc", ("GenServer", "call", ("nobody", 1, 5000)))


def test_a_task_group_in_a_handler_runs_and_its_failure_is_the_handlers(node: Node) -> None:
    async def main() -> Any:
        async def double(n: int) -> int:
            await asyncio.sleep(0)
            if n < 0:
                raise ValueError(n)
            return 2 * n

        async def handle_call(numbers: Any, _from: From, state: Any) -> Reply:
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(double(n)) for n in numbers]
            except* ValueError as errors:
                return_value: Any = [str(error) for error in errors.exceptions]
            else:
                return_value = [task.result() for task in tasks]
            return Reply(return_value, state)

        pid = await start(call=handle_call)
        return [await call(pid, [1, 2, 3]), await call(pid, [1, -2, 3]), await call(pid, [4])]

    assert node.run(main) == [[2, 4, 6], ["-2"], [8]]


def test_to_thread_in_a_handler_does_not_hold_others_and_acts_for_the_process(node: Node) -> None:
    async def main() -> None:
        me = current()
        go = threading.Event()

        def blocking() -> Pid:
            assert go.wait(30)
            send(me, ("from the thread", current()))
            return current()

        async def handle_call(_request: Any, _from: From, state: Any) -> Reply:
            return Reply(await asyncio.to_thread(blocking), state)

        pid = await start(call=handle_call)
        other = await start(call=lambda r, _f, s: Reply(r, s))

        async def caller() -> None:
            send(me, ("answer", await call(pid, "x")))

        spawn(caller)
        assert await call(other, "meanwhile") == "meanwhile"
        go.set()
        assert await receive() == ("from the thread", pid)
        assert await receive() == ("answer", pid)

    node.run(main)


def test_the_tasks_a_process_made_are_cancelled_when_it_ends(node: Node) -> None:
    async def main() -> None:
        for end in ("return", "signal", "kill"):
            cancelled, running = asyncio.Event(), asyncio.Event()

            async def for_ever(running: asyncio.Event = running, cancelled: asyncio.Event = cancelled) -> None:
                running.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    cancelled.set()

            async def process(for_ever: Any = for_ever) -> None:
                task = asyncio.create_task(for_ever())
                await receive()
                assert not task.done()

            pid = spawn(process)
            await running.wait()
            if end == "return":
                send(pid, "return")
            else:
                exit_process(pid, end)
            await cancelled.wait()

    node.run(main)


def test_send_current_and_call_work_in_a_processes_task_and_receive_raises(node: Node) -> None:
    async def main() -> None:
        echo = await start(call=lambda r, _f, s: Reply(r, s))

        async def in_a_task() -> Pid:
            send(current(), "sent")
            assert await call(echo, "echo") == "echo"
            with pytest.raises(NotAProcessError, match="receive in a task that a process made"):
                await receive()
            return current()

        assert await asyncio.create_task(in_a_task()) == current()
        assert await receive() == "sent"

    node.run(main)


def test_a_process_refuses_to_await_another_loops_future_and_what_is_no_awaitable(node: Node) -> None:
    class Odd:
        def __await__(self) -> Generator[str, None, None]:
            yield "odd"

    other = asyncio.new_event_loop()

    async def main() -> None:
        with pytest.raises(RuntimeError, match="belongs to another event loop"):
            await other.create_future()
        with pytest.raises(RuntimeError, match=r"a process can await .* got 'odd'"):
            await Odd()

    try:
        node.run(main)
    finally:
        other.close()


def test_what_a_process_sets_in_a_context_variable_is_its_own_and_its_childrens(node: Node) -> None:
    var: contextvars.ContextVar[str] = contextvars.ContextVar("var", default="unset")

    async def main() -> None:
        me = current()

        async def tells(sets: str | None) -> None:
            if sets:
                var.set(sets)
            await asyncio.sleep(0)
            send(me, (sets, var.get()))

        spawn(tells, "a")
        spawn(tells, "b")
        spawn(tells, None)
        assert sorted([await receive() for _ in range(3)], key=str) == [("a", "a"), ("b", "b"), (None, "unset")]
        assert var.get() == "unset"
        var.set("inherited")
        spawn(tells, None)
        assert await receive() == (None, "inherited")

    node.run(main)

    async def look() -> str:
        return var.get()

    assert node.run(look) == "unset"
    assert var.get() == "unset"


def test_httpx_talks_to_a_server_from_within_a_process(node: Node) -> None:
    async def main() -> tuple[int, str]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        async def handle_call(path: Any, _from: From, state: Any) -> Reply:
            async with httpx.AsyncClient(trust_env=False) as client:
                responses = await asyncio.gather(*(client.get(f"http://127.0.0.1:{port}{path}{n}") for n in range(3)))
            return Reply((responses[0].status_code, " ".join(one.text for one in responses)), state)

        pid = await start(call=handle_call)
        try:
            async with server:
                answered: tuple[int, str] = await call(pid, "/path")
        finally:
            await stop(pid)
        return answered

    assert node.run(main) == (200, "/path0 /path1 /path2")


# -- the door


@pytest.mark.parametrize(
    ("function", "instead"),
    [
        (lambda pid: asyncio.run(call(pid, "x")), r"call was called outside a process; .* node\.call\("),
        (lambda pid: cast(pid, "x"), r"cast was called outside a process; .* node\.cast\("),
        (lambda pid: send(pid, "x"), r"send was called outside a process; .* node\.send\("),
        (lambda _: receive(), r"receive was called outside a process; .* node\.run\("),
        (lambda _: spawn(exit_when_told), r"spawn was called outside a process; .* node\.run\("),
        (lambda _: whereis("x"), r"whereis was called outside a process; .* node\.whereis\("),
        (lambda pid: asyncio.run(stop(pid)), r"stop was called outside a process; .* node\.run\(stop, pid\)"),
    ],
)
def test_outside_a_process_a_function_raises_and_names_the_nodes(node: Node, function: Any, instead: str) -> None:
    pid = node.run(start)
    with pytest.raises(NotAProcessError, match=instead):
        function(pid)


def test_a_node_runs_calls_casts_sends_and_looks_up_names(node: Node) -> None:
    script = Script(
        call=lambda r, _f, s: Reply((r, s), s), cast=lambda r, _s: NoReply(r), info=lambda m, _s: NoReply(("info", m))
    )
    pid = node.run(Scripted.start, script, name="named")
    assert node.whereis("named") == pid
    assert node.whereis("nobody") is None
    assert node.call(pid, "q") == ("q", 0)
    node.cast("named", "cast")
    assert node.call("named", "q", timeout=100) == ("q", "cast")
    node.send(pid, "sent")
    assert node.call(pid, "q") == ("q", ("info", "sent"))
    with pytest.raises(Exit) as caught:
        node.call("nobody", "q")
    assert caught.value.reason == ("noproc", ("GenServer", "call", ("nobody", "q", 5000)))


def test_run_raises_what_the_function_raised_and_an_exit_where_it_ended_otherwise(node: Node, reports: Reports) -> None:
    class Mine(Exception):
        pass

    async def raises() -> None:
        raise Mine("text")

    async def exits() -> None:
        raise Exit("reason")

    async def is_ended() -> None:
        spawn_link(raises)
        await receive()

    with pytest.raises(Mine, match="text"):
        node.run(raises)
    with pytest.raises(Exit) as caught:
        node.run(exits)
    assert caught.value.reason == "reason"
    assert reports.kinds == []
    with pytest.raises(Exit) as caught:
        node.run(is_ended)
    check_crash(caught.value.reason, "Mine", "text")


def test_waiting_for_the_node_on_its_own_thread_raises_and_never_deadlocks(node: Node) -> None:
    pid = node.run(start)

    async def main() -> None:
        for wait in (
            lambda: node.run(start),
            lambda: node.call(pid, "x"),
            lambda: node.cast(pid, "x"),
            lambda: node.whereis("x"),
            lambda: node.start_tree(start),
        ):
            with pytest.raises(NodeError, match="own thread"):
                wait()
        with pytest.raises(NodeError, match="own thread"):
            node.stop()

    node.run(main)
    assert node.run(returning("still here")) == "still here"


def test_run_refuses_a_coroutine_that_was_made_already(node: Node) -> None:
    with pytest.raises(BadTypeError, match="pass the function and its arguments"):
        node.run(start())  # type: ignore[arg-type]


def test_another_nodes_pid_counts_as_dead_and_is_logged_once(node: Node, reports: Reports) -> None:
    with Node(name="other@host") as other:
        foreign, second = other.run(start), other.run(start)

        async def main() -> None:
            send(foreign, "x")
            cast(second, "x")
            assert (await exit_reason_of(call(foreign, "x")))[0] == "noproc"
            assert await down(monitor(foreign)) == "noproc"
            assert not is_alive(foreign)
            exit_process(foreign, "kill")
            with pytest.raises(BadValueError):
                register("name", foreign)

        node.run(main)
        assert other.run(sys.get_state, foreign) == 0
    assert [(record.report, record.pid) for record in reports.records] == [("foreign_pid", foreign)]


def test_a_pid_that_comes_back_from_a_pickle_is_the_same_process(node: Node) -> None:
    async def main() -> None:
        pid = await start(call=lambda r, _f, s: Reply(r, s))
        copy = pickle.loads(pickle.dumps(pid))
        assert (copy, hash(copy), repr(copy)) == (pid, hash(pid), repr(pid))
        assert await call(copy, "x") == "x"
        await stop(pid)
        dead = pickle.loads(pickle.dumps(pid))
        assert dead == pid
        assert not is_alive(dead)

    node.run(main)


def test_a_node_is_used_from_several_threads(node: Node) -> None:
    pid = node.run(start, call=lambda r, _f, s: Reply(s + r, s + r))

    def work(_n: int) -> int:
        for _ in range(50):
            node.call(pid, 1)
        return threading.get_ident()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert node.call(pid, 0) == 400


def test_several_nodes_live_side_by_side() -> None:
    with Node() as one, Node() as two:
        first, second = one.run(start), two.run(start)
        assert first != second
        assert one.run(is_alive_, first)
        assert not two.run(is_alive_, first)


async def is_alive_(pid: Pid) -> bool:
    return is_alive(pid)


def test_a_node_stops_though_a_process_is_stuck_in_its_finally(caplog: pytest.LogCaptureFixture) -> None:
    async def stuck() -> None:
        try:
            await receive()
        finally:
            await asyncio.Event().wait()

    async def refuses() -> None:
        while True:
            try:  # noqa: SIM105 — as it is written by who has this trouble
                await asyncio.sleep(3600)
            except BaseException:
                pass

    async def main() -> None:
        spawn(stuck)
        spawn(refuses)
        await asyncio.sleep(0)

    node = Node().start()
    node.run(main)
    began = time.monotonic()
    node.stop()
    assert time.monotonic() - began < 10
    node.stop()
    with pytest.raises(NodeError, match="not running"):
        node.run(main)
    assert [getattr(record, "report", None) for record in caplog.records] == ["would_not_unwind"]


def test_stopping_a_node_ends_its_trees_in_reverse_order_with_shutdown() -> None:
    ended: list[Any] = []

    def tree(name: str) -> Script:
        def init() -> Any:
            trap_exit(True)
            return Script().init()

        return Script(init=init, terminate=lambda reason, _s: ended.append((name, reason)))

    node = Node().start()
    for name in ("first", "second"):
        node.start_tree(Scripted.start_link, tree(name))
    node.stop()
    assert ended == [("second", "shutdown"), ("first", "shutdown")]
    assert node.wait() == "shutdown"


def test_wait_gives_the_trees_reason_and_times_out_before() -> None:
    with Node() as node:
        with pytest.raises(NodeError, match="start_tree first"):
            node.wait()
        with pytest.raises(StartError):
            node.start_tree(Scripted.start_link, Script(init=returning(Stop("no"))))
        pid = node.start_tree(Scripted.start_link, Script(cast=returning(Stop("over", 0))))
        with pytest.raises(TimeoutError):
            node.wait(1)
        node.cast(pid, "end")
        assert node.wait(10_000) == "over"


def test_a_base_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadValueError, match="comes in a later release"):
        Node("multiprocess")
    with pytest.raises(BadValueError, match="Node takes a base"):
        Node("other")


# -- on the caller's own loop


def test_an_async_node_shares_the_callers_loop() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        factory = loop.get_task_factory()
        async with AsyncNode(clock=ManualClock(jumps=True)) as node:
            pid = await node.run(
                Scripted.start, Script(call=lambda r, _f, s: Reply((r, s), s), cast=lambda r, _s: NoReply(r))
            )
            assert await node.call(pid, "q") == ("q", 0)
            await node.cast(pid, "cast")
            await node.send(pid, "unexpected")
            assert await node.call(pid, "q") == ("q", "cast")
            assert await node.whereis("nobody") is None

            async def on_this_loop() -> bool:
                return asyncio.get_running_loop() is loop

            assert await node.run(on_this_loop)
            assert asyncio.current_task() is not None
            with pytest.raises(Exit) as caught:
                await node.call("nobody", "x", 10)
            assert caught.value.reason == ("noproc", ("GenServer", "call", ("nobody", "x", 10)))
        assert loop.get_task_factory() is factory
        with pytest.raises(NodeError, match="not running"):
            await node.call(pid, "q")

    asyncio.run(main())


def test_a_cancelled_run_of_an_async_node_ends_its_process_as_cancelled() -> None:
    async def main() -> Any:
        async with AsyncNode() as node:
            pids: asyncio.Queue[Pid] = asyncio.Queue()

            async def waits() -> None:
                pids.put_nowait(current())
                await receive()

            task = asyncio.create_task(node.run(waits))
            pid = await pids.get()

            async def watch() -> Any:
                ref = monitor(pid)
                task.cancel()
                return await down(ref)

            reason = await node.run(watch)
            with pytest.raises(asyncio.CancelledError):
                await task
            return reason

    assert asyncio.run(main()) == "cancelled"


def test_an_async_node_starts_a_tree_and_waits_for_its_end() -> None:
    async def main() -> Any:
        async with AsyncNode() as node:
            pid = await node.start_tree(Scripted.start_link, Script(cast=returning(Stop("over", 0))))
            with pytest.raises(TimeoutError):
                await node.wait(1)
            await node.cast(pid, "end")
            return await node.wait(10_000)

    assert asyncio.run(main()) == "over"


def test_a_spawn_monitor_hears_of_an_end_that_comes_at_once(node: Node) -> None:
    async def main() -> None:
        async def returns() -> None:
            pass

        pid, ref = spawn_monitor(returns)
        assert await receive() == Down(ref, pid, "normal")

    node.run(main)


def test_flushing_in_a_task_while_the_process_receives_skips_no_message(node: Node) -> None:
    async def main() -> Any:
        me = current()
        ref = monitor(spawn(asyncio.sleep, 0))
        await asyncio.sleep(0)
        while not any(isinstance(message, Down) for message in me._process.mailbox):  # type: ignore[union-attr]
            await asyncio.sleep(0)

        async def flush_then_send() -> None:
            await asyncio.sleep(0)
            demonitor(ref, flush=True)
            send(me, "wanted")

        task = asyncio.get_running_loop().create_task(flush_then_send())
        got = await receive(lambda message: message == "wanted", timeout=5000)
        await task
        return got

    assert node.run(main) == "wanted"


def test_a_process_that_a_finally_spawns_while_the_node_stops_ends_too() -> None:
    ended: list[str] = []

    async def child() -> None:
        try:
            await receive()
        finally:
            ended.append("child")

    async def parent() -> None:
        try:
            await receive()
        finally:
            spawn(child)
            await asyncio.sleep(0)
            ended.append("parent")

    async def main() -> None:
        spawn(parent)
        await asyncio.sleep(0)

    with Node() as running:
        running.run(main)
    assert "parent" in ended


def test_runs_from_many_threads_return_or_raise_when_the_node_stops() -> None:
    async def nothing() -> str:
        return "done"

    outcomes: list[str] = []

    def hammer(running: Node) -> None:
        while True:
            try:
                outcomes.append(running.run(nothing))
            except (NodeError, Exit):
                return

    for _ in range(20):
        running = Node().start()
        threads = [threading.Thread(target=hammer, args=(running,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        running.stop()
        for thread in threads:
            thread.join(timeout=20)
            assert not thread.is_alive()


def test_an_exit_signal_beside_an_expiring_timeout_is_not_lost() -> None:
    async def victim() -> None:
        while True:
            try:
                async with asyncio.timeout(0.005):
                    await asyncio.sleep(10)
            except TimeoutError:
                pass

    async def main() -> list[object]:
        victims = [spawn_monitor(victim) for _ in range(40)]
        for number, (pid, _) in enumerate(victims):
            if number % 4 == 0:
                await asyncio.sleep(0.0012)
            exit_process(pid, "shutdown")
        return [(await receive(lambda one: isinstance(one, Down))).reason for _ in victims]

    with Node() as running:
        assert running.run(main) == ["shutdown"] * 40


def test_a_node_goes_on_after_a_timer_or_a_watcher_that_raises(node: Node) -> None:
    class Raising:
        def down(self, pid: Pid, reason: object) -> None:
            raise RuntimeError("a watcher's own fault")

    heard: list[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: heard.append(context["exception"]))

        async def waiting() -> None:
            await receive()

        process = spawn(waiting)._process
        assert process is not None
        process.watchers[Raising()] = None
        exit_process(process.pid, "boom")

    node.run(main)

    async def more() -> str:
        await receive(timeout=1)
        return "goes on"

    assert node.run(more) == "goes on"
    assert [str(error) for error in heard] == ["a watcher's own fault"]


def test_what_changes_the_node_is_refused_in_a_thread(node: Node) -> None:
    async def main() -> None:
        async def child() -> None: ...

        with pytest.raises(NotAProcessError, match="spawn in a thread that a process started"):
            await asyncio.to_thread(spawn, child)
        with pytest.raises(NotAProcessError, match="send_after in a thread"):
            await asyncio.to_thread(send_after, current(), "x", 1)

    node.run(main)


def test_a_node_whose_start_fails_says_so() -> None:
    class Broken(ManualClock):
        def call_when_moved(self, callback: Any) -> None:
            raise RuntimeError("no clock")

    with pytest.raises(RuntimeError, match="no clock"):
        Node(clock=Broken()).start()


def test_a_cancelled_start_tree_harms_no_node() -> None:
    async def bad() -> Pid:
        await asyncio.sleep(0.02)
        raise StartError("late")

    async def main() -> str:
        async with AsyncNode() as running:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(running.start_tree(bad), 0.005)
            await asyncio.sleep(0.03)

            async def works() -> str:
                return "works"

            return str(await running.run(works))

    assert asyncio.run(main()) == "works"
