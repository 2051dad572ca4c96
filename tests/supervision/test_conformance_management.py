"""Rows G (management API), U (start), D (shutdown) and the supervisor's LR (reports)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors import (
    INFINITY,
    BadTypeError,
    BadValueError,
    ChildSpec,
    Exit,
    ExitMessage,
    GenServer,
    ManualClock,
    Node,
    Ok,
    Pid,
    StartError,
    SupervisorError,
    call,
    cast,
    current,
    exit_process,
    is_alive,
    receive,
    send,
    spawn,
    spawn_link,
    stop,
    trap_exit,
    unlink,
    whereis,
)
from actors.exits import Crash
from supervision import (
    Supervisor,
    SupervisorInit,
    child_spec,
    count_children,
    delete_child,
    restart_child,
    start_child,
    terminate_child,
    which_children,
)
from tests.actors.conftest import Reports
from tests.supervision.workers import Worker, end, ended, exit_of, pid_of, start_error, supervise, told, worker


async def refusal(awaitable: Any) -> object:
    """The reason of the SupervisorError that an awaitable raises."""
    with pytest.raises(SupervisorError) as caught:
        await awaitable
    return caught.value.reason


async def silent(name: str) -> Pid | None:
    """A start function of a child without a link."""
    return await GenServer.start.__func__(Plain, None, name=name)  # type: ignore[attr-defined, no-any-return]


class Plain(GenServer):
    async def init(self, arg: Any) -> Ok:
        return Ok(arg)


# -- start


@pytest.mark.otp("U02")
def test_U02_when_a_child_fails_those_before_it_are_stopped_in_reverse_and_later_ones_never_start(
    node: Node, reports: Reports
) -> None:
    async def main() -> tuple[object, list[Any]]:
        boss = current()
        children = [worker(name, boss=boss, trap=True) for name in "ab"] + [worker("k", init="nope"), worker("z")]
        reason = await start_error(children)
        assert whereis("z") is None
        return reason, await told(4)

    reason, seen = node.run(main)
    assert reason == ("shutdown", ("failed_to_start_child", "k", "nope"))
    assert seen == [
        ("started", "a", None),
        ("started", "b", None),
        ("terminated", "b", "shutdown"),
        ("terminated", "a", "shutdown"),
    ]
    (report,) = reports.of("start_error")
    assert (report.reason, report.offender["id"], report.offender["pid"]) == ("nope", "k", None)


@pytest.mark.otp("U03")
def test_U03_a_caller_that_does_not_trap_ends_by_the_link(node: Node) -> None:
    async def main() -> object:
        async def caller() -> None:
            await supervise([worker("k", init="nope")])

        return await ended(spawn(caller))

    assert node.run(main) == ("shutdown", ("failed_to_start_child", "k", "nope"))


@pytest.mark.otp("U05")
def test_U05_an_ignored_childs_spec_is_kept_but_a_temporary_ones(node: Node) -> None:
    async def main() -> list[tuple[Any, Any]]:
        sup = await supervise([worker("a", init="ignore"), worker("b", init="ignore", restart="temporary")])
        return [(child.id, child.pid) for child in await which_children(sup)]

    assert node.run(main) == [("a", None)]


@pytest.mark.otp("U08")
def test_U08_a_taken_name_is_the_inner_reason(node: Node) -> None:
    async def main() -> tuple[object, Pid | None]:
        holder = await Plain.start(None, name="a")
        return await start_error([worker("a")]), holder

    reason, holder = node.run(main)
    assert reason == ("shutdown", ("failed_to_start_child", "a", ("already_started", holder)))


@pytest.mark.otp("U11")
def test_U11_a_child_without_a_link_ends_unnoticed(node: Node) -> None:
    async def main() -> tuple[bool, dict[str, int]]:
        sup = await supervise([ChildSpec("s", (silent, ("s",)))])
        pid = pid_of("s")
        exit_process(pid, "kill")
        listed = (await which_children(sup))[0].pid == pid
        return listed, await count_children(sup)

    assert node.run(main) == (True, {"specs": 1, "active": 0, "supervisors": 0, "workers": 1})


class SlowStart(GenServer):
    @classmethod
    async def start_link(cls, timeout: int) -> Pid | None:  # type: ignore[override]
        return await super().start_link(None, timeout=timeout)

    async def init(self, arg: Any) -> Ok:
        await receive()
        return Ok(arg)


@pytest.mark.otp("U17", "U18")
def test_U17_U18_a_start_timeout_is_the_childs_own(node: Node, clock: ManualClock) -> None:
    async def main() -> object:
        return await start_error([child_spec((SlowStart, 50), id="slow")])

    assert node.run(main) == ("shutdown", ("failed_to_start_child", "slow", "timeout"))
    assert clock.monotonic() == pytest.approx(0.05)


@pytest.mark.otp("U07")
def test_U07_whatever_else_a_start_function_raises_is_an_EXIT(node: Node) -> None:
    async def explode() -> None:
        raise LookupError("no such function")

    async def leave() -> None:
        raise Exit("left")

    async def main(start: Any) -> object:
        return await start_error([ChildSpec("x", (start, ()))])

    (_, (_, _, reason)) = node.run(main, explode)
    assert reason[0] == "EXIT"
    assert isinstance(reason[1], Crash)
    assert reason[1].kind == "LookupError"
    assert node.run(main, leave) == ("shutdown", ("failed_to_start_child", "x", ("EXIT", "left")))


@pytest.mark.otp("U07")
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()], ids=repr)
def test_U07_pythons_own_exit_in_a_start_function_is_the_childs_failure_and_not_the_supervisors_end(
    node: Node, error: BaseException
) -> None:
    async def leave() -> None:
        raise error

    async def main() -> Any:
        sup = await supervise([worker("a")])
        reason: Any = await refusal(start_child(sup, ChildSpec("x", (leave, ()))))
        assert (await count_children(sup))["active"] == 1
        return reason

    ((tag, crash), spec) = node.run(main)
    assert (tag, crash.kind, spec.id) == ("EXIT", type(error).__name__, "x")


@pytest.mark.otp("U07")
def test_U07_what_a_start_function_may_not_return_is_the_reason(node: Node) -> None:
    async def main() -> object:
        return await start_error([ChildSpec("x", (lambda: "junk", ()))])

    assert node.run(main) == ("shutdown", ("failed_to_start_child", "x", "junk"))


@pytest.mark.otp("U06")
def test_U06_what_a_start_returns_beside_the_pid_is_for_start_child_alone(node: Node) -> None:
    async def with_info() -> tuple[Pid | None, str]:
        return await Plain.start_link(), "info"

    async def main() -> None:
        sup = await supervise([ChildSpec("first", (with_info, ()))])
        pid, info = await start_child(sup, ChildSpec("second", (with_info, ())))
        assert info == "info"
        newest, _ = await which_children(sup)
        assert newest.pid == pid

    node.run(main)


@pytest.mark.otp("U09", "Y17")
def test_U09_Y17_a_supervisor_without_children_runs_and_traps_exits(node: Node) -> None:
    async def main() -> dict[str, int]:
        sup = await supervise([])

        async def stranger() -> None:
            exit_process(sup, "boom")

        await ended(spawn(stranger))
        return await count_children(sup)

    assert node.run(main) == {"specs": 0, "active": 0, "supervisors": 0, "workers": 0}


@pytest.mark.otp("U14", "U15", "U16")
def test_U14_U15_U16_junk_is_logged_or_answered_and_ends_nothing(node: Node, reports: Reports) -> None:
    async def main() -> Any:
        sup = await supervise([worker("a")])
        send(sup, "junk")
        cast(sup, "junk")
        answer = await call(sup, "junk")
        assert await call(sup, ("start_child", "junk")) == ("error", ("invalid_child_spec", "junk"))
        assert (await count_children(sup))["active"] == 1
        return answer

    assert node.run(main) == ("error", ("unknown_request", "junk"))
    assert [record.message_received for record in reports.of("no_handle_info")] == ["junk", "junk"]


# -- management


@pytest.mark.otp("G01")
def test_G01_start_child_new_running_and_ended(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([])
        pid = await start_child(sup, worker("a"))
        assert pid == pid_of("a")
        assert await refusal(start_child(sup, worker("a"))) == ("already_started", pid)
        await terminate_child(sup, "a")
        assert await refusal(start_child(sup, worker("a"))) == "already_present"

    node.run(main)


@pytest.mark.otp("G02")
def test_G02_an_ignored_child_is_kept_a_temporary_one_is_not(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([])
        assert await start_child(sup, worker("a", init="ignore")) is None
        assert await refusal(start_child(sup, worker("a"))) == "already_present"
        assert await start_child(sup, worker("b", init="ignore", restart="temporary")) is None
        assert [child.id for child in await which_children(sup)] == ["a"]

    node.run(main)


@pytest.mark.otp("G03", "G04")
def test_G03_G04_a_failed_start_child_pairs_the_reason_with_the_spec_and_keeps_nothing(
    node: Node, reports: Reports
) -> None:
    async def main() -> None:
        sup = await supervise([])
        spec = worker("a", init="no")
        assert await refusal(start_child(sup, spec)) == ("no", spec)

        async def explode() -> None:
            raise RuntimeError("bang")

        reason: Any = await refusal(start_child(sup, ChildSpec("x", (explode, ()))))
        assert reason[0][0] == "EXIT"
        assert reason[0][1].message == "bang"
        assert await which_children(sup) == []

    node.run(main)
    assert reports.of("start_error") == []


@pytest.mark.otp("G05", "G06")
def test_G05_G06_a_bad_form_is_the_callers_error(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([])
        with pytest.raises(BadTypeError, match=r"ChildSpec.*got 'str'"):
            await start_child(sup, "str")
        assert isinstance(await start_child(sup, (Worker, {"name": "a"})), Pid)

    node.run(main)


@pytest.mark.otp("G08")
def test_G08_restart_child(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([worker("a"), worker("b", init=["ok", "no", "ignore"])])
        assert await refusal(restart_child(sup, "unknown")) == "not_found"
        assert await refusal(restart_child(sup, "a")) == "running"
        await terminate_child(sup, "a")
        assert await restart_child(sup, "a") == pid_of("a")
        await terminate_child(sup, "b")
        assert await refusal(restart_child(sup, "b")) == "no"
        assert await restart_child(sup, "b") is None
        assert await restart_child(sup, "b") == pid_of("b")

    node.run(main)


@pytest.mark.otp("G09")
def test_G09_delete_child(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([worker("a")])
        assert await refusal(delete_child(sup, "unknown")) == "not_found"
        assert await refusal(delete_child(sup, "a")) == "running"
        await terminate_child(sup, "a")
        await delete_child(sup, "a")
        assert await refusal(delete_child(sup, "a")) == "not_found"

    node.run(main)


@pytest.mark.otp("G08", "G09")
@pytest.mark.parametrize("function", [terminate_child, restart_child, delete_child])
def test_G08_G09_an_id_that_can_be_no_ones_is_not_found(node: Node, function: Any) -> None:
    """OTP takes any term; one that has no hash must not take the supervisor down."""

    async def main() -> object:
        sup = await supervise([worker("a")])
        reason = await refusal(function(sup, ["no hash"]))
        assert (await count_children(sup))["active"] == 1
        return reason

    assert node.run(main) == "not_found"


def test_a_dead_supervisor_is_noproc_whatever_is_asked_of_it(node: Node) -> None:
    async def main() -> None:
        for asked in (start_child("sup", {"id": 1}), terminate_child("sup", 1), which_children("sup")):
            reason: Any = await exit_of(asked)
            assert reason[0] == "noproc"

    node.run(main)


@pytest.mark.otp("G11")
def test_G11_which_children_and_count_children(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([worker("a"), child_spec(Empty, id="s")])
        await terminate_child(sup, "a")
        first, second = await which_children(sup)
        assert (first.id, first.type, first.modules) == ("s", "supervisor", [Empty])
        assert tuple(second) == ("a", None, "worker", [Worker])
        assert await count_children(sup) == {"specs": 2, "active": 1, "supervisors": 1, "workers": 1}

    node.run(main)


class Empty(Supervisor):
    async def init(self, arg: Any) -> SupervisorInit:
        return SupervisorInit([], strategy="one_for_one")


@pytest.mark.otp("G12", "D18")
def test_G12_D18_a_supervisor_does_one_thing_at_a_time(node: Node, clock: ManualClock) -> None:
    async def main() -> float:
        sup = await supervise([worker("a", trap=True, slow=200)])
        boss = current()

        async def terminator() -> None:
            await terminate_child(sup, "a")
            send(boss, "done")

        spawn(terminator)
        await receive(timeout=1)
        await count_children(sup)
        return clock.monotonic()

    assert node.run(main) == pytest.approx(0.2)


@pytest.mark.otp("G14")
def test_G14_a_transient_child_that_finished_can_be_restarted(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([worker("a", restart="transient")])
        await end("a", "normal", sup)
        assert await refusal(start_child(sup, worker("a"))) == "already_present"
        assert await restart_child(sup, "a") == pid_of("a")

    node.run(main)


@pytest.mark.otp("G16")
def test_G16_an_exit_is_handled_before_a_call_that_came_later(node: Node) -> None:
    async def main() -> int:
        sup = await supervise([worker("a")])
        exit_process(pid_of("a"), "kill")
        return (await count_children(sup))["active"]

    assert node.run(main) == 1


@pytest.mark.otp("G20")
def test_G20_ids_may_be_any_terms(node: Node) -> None:
    async def main() -> list[Any]:
        sup = await supervise([worker("a", id="same"), worker("b", id=("same",)), worker("c", id=1)])
        return [child.id for child in await which_children(sup)]

    assert node.run(main) == [1, ("same",), "same"]


# -- shutdown


@pytest.mark.otp("D01", "LR09")
def test_D01_LR09_a_child_that_does_not_stop_in_time_is_killed_and_reported(
    node: Node, clock: ManualClock, reports: Reports
) -> None:
    async def main() -> object:
        trap_exit(True)
        sup = await supervise([worker("a", trap=True, slow=1000, shutdown=100)])
        child = pid_of("a")
        watcher = spawn_watch(child)
        await stop(sup)
        return await receive(lambda one: isinstance(one, tuple) and one[0] == watcher)

    assert node.run(main)[1] == "killed"
    assert clock.monotonic() == pytest.approx(0.1)
    assert [record.reason for record in reports.of("shutdown_error")] == ["killed"]


def spawn_watch(pid: Pid) -> Pid:
    """A process that tells this one the reason of another's end."""
    boss = current()

    async def watch() -> None:
        send(boss, (current(), await ended(pid)))

    return spawn(watch)


@pytest.mark.otp("D21")
def test_D21_a_child_stuck_in_a_callback_is_killed_and_the_next_one_stopped(node: Node, clock: ManualClock) -> None:
    async def main() -> list[Any]:
        trap_exit(True)
        sup = await supervise(
            [worker("a", boss=current(), trap=True), worker("b", boss=current(), trap=True, shutdown=50)]
        )
        await told(2)
        cast("b", "hang")
        await receive(timeout=1)
        await stop(sup)
        return await told(1)

    assert node.run(main) == [("terminated", "a", "shutdown")]
    assert clock.monotonic() == pytest.approx(0.051)


@pytest.mark.otp("D17")
def test_D17_a_shutdown_of_0_kills_at_once(node: Node, reports: Reports) -> None:
    async def main() -> None:
        trap_exit(True)
        sup = await supervise([worker("a", trap=True, slow=100, shutdown=0)])
        await stop(sup)

    node.run(main)
    assert [record.reason for record in reports.of("shutdown_error")] == ["killed"]


@pytest.mark.otp("D04")
def test_D04_children_stop_one_by_one_in_reverse_order(node: Node, clock: ManualClock) -> None:
    async def main() -> list[Any]:
        trap_exit(True)
        sup = await supervise([worker(name, boss=current(), trap=True, slow=100) for name in "abc"])
        await told(3)
        await stop(sup)
        return [name for _, name, _ in await told(3)]

    assert node.run(main) == ["c", "b", "a"]
    assert clock.monotonic() == pytest.approx(0.3)


@pytest.mark.otp("D05")
def test_D05_a_child_that_does_not_trap_ends_without_terminate(node: Node) -> None:
    async def main() -> list[Any]:
        trap_exit(True)
        sup = await supervise([worker("a", boss=current()), worker("b", boss=current(), trap=True)])
        await told(2)
        await stop(sup)
        seen = await told(1)
        assert await receive(lambda one: isinstance(one, tuple), timeout=100) is not None
        return seen

    assert node.run(main) == [("terminated", "b", "shutdown")]


@pytest.mark.otp("D07")
@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", 1), "custom"])
def test_D07_children_get_shutdown_whatever_the_supervisor_is_stopped_with(
    node: Node, reports: Reports, reason: object
) -> None:
    async def main() -> list[Any]:
        trap_exit(True)
        sup = await supervise([worker("a", boss=current(), trap=True)])
        await told(1)
        await stop(sup, reason)
        message = await receive(lambda one: isinstance(one, ExitMessage))
        assert message == ExitMessage(sup, reason)
        return await told(1)

    assert node.run(main) == [("terminated", "a", "shutdown")]
    assert len(reports.of("terminate") + reports.of("crash")) == (2 if reason == "custom" else 0)


@pytest.mark.otp("D10", "D11")
@pytest.mark.parametrize("reason", ["normal", "boom"])
def test_D10_D11_a_supervisor_ends_with_its_owner_and_its_reason(node: Node, reason: str) -> None:
    async def main() -> tuple[object, list[Any]]:
        boss = current()

        async def owner() -> None:
            sup = await supervise([worker("a", boss=boss, trap=True)])
            send(boss, ("sup", "pid", sup))
            await receive(lambda one: one == "go")
            raise Exit(reason)

        pid = spawn(owner)
        first, second = await told(2)
        sup = second[2] if second[0] == "sup" else first[2]
        send(pid, "go")
        return await ended(sup), await told(1)  # type: ignore[arg-type]

    assert node.run(main) == (reason, [("terminated", "a", "shutdown")])


@pytest.mark.otp("D13")
def test_D13_a_killed_supervisor_stops_nothing_its_links_do(node: Node) -> None:
    async def main() -> list[Any]:
        trap_exit(True)
        sup = await supervise([worker("a", boss=current(), trap=True), worker("b")])
        await told(1)
        b = pid_of("b")
        exit_process(sup, "kill")
        assert await ended(b) in ("killed", "noproc")
        return await told(1)

    assert node.run(main) == [("terminated", "a", "killed")]


@pytest.mark.otp("D15")
def test_D15_nested_supervisors_stop_depth_first(node: Node) -> None:
    class Nested(Supervisor):
        async def init(self, arg: Any) -> SupervisorInit:
            return SupervisorInit(arg, strategy="one_for_one")

    async def main() -> list[Any]:
        trap_exit(True)
        boss = current()
        inner = [worker(name, boss=boss, trap=True) for name in "bc"]
        sup = await supervise([worker("a", boss=boss, trap=True), (Nested, inner), worker("d", boss=boss, trap=True)])
        await told(4)
        await stop(sup)
        return [name for _, name, _ in await told(4)]

    assert node.run(main) == ["d", "c", "b", "a"]


@pytest.mark.otp("D03")
def test_D03_infinity_waits(node: Node, clock: ManualClock, reports: Reports) -> None:
    async def main() -> None:
        trap_exit(True)
        sup = await supervise([worker("a", trap=True, slow=400, shutdown=INFINITY)])
        await stop(sup)

    node.run(main)
    assert clock.monotonic() == pytest.approx(0.4)
    assert reports.of("shutdown_error") == []


@pytest.mark.otp("D08", "D09")
def test_D08_D09_stop_of_nobody_and_of_one_that_takes_too_long(node: Node) -> None:
    async def main() -> None:
        trap_exit(True)
        reason: Any = await exit_of(stop("nobody"))
        assert reason[0] == "noproc"
        sup = await supervise([worker("a", boss=current(), trap=True, slow=200)])
        reason = await exit_of(stop(sup, "normal", 50))
        assert reason == ("timeout", ("GenServer", "stop", (sup, "normal", 50)))
        assert is_alive(sup)
        assert await ended(sup) == "normal"

    node.run(main)


@pytest.mark.otp("D19")
def test_D19_a_child_without_a_link_is_stopped_all_the_same(node: Node) -> None:
    async def main() -> object:
        trap_exit(True)
        sup = await supervise([ChildSpec("s", (silent, ("s",)))])
        watcher = spawn_watch(pid_of("s"))
        await receive(timeout=0)
        await stop(sup)
        return (await receive(lambda one: isinstance(one, tuple) and one[0] == watcher))[1]

    assert node.run(main) == "shutdown"


def test_a_brutal_kill_does_not_ask(node: Node, reports: Reports) -> None:
    async def main() -> list[Any]:
        trap_exit(True)
        sup = await supervise([worker("a", boss=current(), trap=True, shutdown="brutal_kill")])
        await told(1)
        await stop(sup)
        return [await receive(lambda one: isinstance(one, tuple), timeout=100)]

    assert not isinstance(node.run(main)[0], tuple)
    assert reports.of("shutdown_error") == []


# What OTP 25 says of a child that ends by `ends` when it is told to, observed for each.
ENDS = [
    ("permanent", 5000, "shutdown", False),
    ("permanent", 5000, ("shutdown", 1), True),
    ("permanent", 5000, "normal", True),
    ("permanent", 5000, "other", True),
    ("permanent", "brutal_kill", "other", False),
    *((restart, 5000, ends, False) for restart in ("transient", "temporary") for ends in ("normal", ("shutdown", 1))),
    *((restart, 5000, "other", True) for restart in ("transient", "temporary")),
    *((restart, "brutal_kill", "other", False) for restart in ("transient", "temporary")),
]


class Ending(GenServer):
    """Ends by its argument when it is shut down."""

    async def init(self, arg: Any) -> Ok:
        trap_exit(True)
        return Ok(arg)

    async def terminate(self, reason: Any, state: Any) -> None:
        raise Exit(state)


@pytest.mark.parametrize(("restart", "shutdown", "ends", "reported"), ENDS)
def test_which_ends_at_a_shutdown_are_reported(
    node: Node, reports: Reports, restart: str, shutdown: Any, ends: Any, reported: bool
) -> None:
    async def main() -> None:
        sup = await supervise([child_spec((Ending, ends), restart=restart, shutdown=shutdown)])
        await terminate_child(sup, Ending)

    node.run(main)
    assert [record.reason for record in reports.of("shutdown_error")] == ([ends] if reported else [])


def test_a_child_that_was_gone_before_it_was_told_is_judged_by_its_own_end(node: Node, reports: Reports) -> None:
    async def main() -> None:
        trap_exit(True)
        sup = await supervise([worker("a"), worker("b", trap=True, slow=100)])
        stopping = spawn(stop, sup)
        await receive(timeout=50)  # b takes its time, and a ends meanwhile
        cast("a", ("stop", "normal"))
        await ended(stopping)

    node.run(main)
    assert [(record.reason, record.offender["id"]) for record in reports.of("shutdown_error")] == [("normal", "a")]


def test_a_child_that_took_its_link_away_is_stopped_all_the_same(node: Node) -> None:
    class Loner(GenServer):
        async def init(self, boss: Pid) -> Ok:
            unlink(boss)
            return Ok(None)

    async def start() -> Pid | None:
        return await Loner.start_link(current(), name="loner")

    async def main() -> None:
        sup = await supervise([ChildSpec("a", (start, ()))])
        pid = pid_of("loner")
        await terminate_child(sup, "a")
        assert not is_alive(pid)

    node.run(main)


def test_a_supervisor_that_is_killed_while_a_child_starts_is_gone_at_once(node: Node, reports: Reports) -> None:
    async def main() -> None:
        trap_exit(True)
        sup = await supervise([worker("a")])
        adding = spawn(start_child, sup, child_spec((SlowStart, 3_600_000), id="slow"))
        await receive(timeout=10)
        exit_process(sup, "kill")
        assert await ended(sup) in ("killed", "noproc")
        assert await ended(adding) != "normal"
        assert whereis("a") is None

    node.run(main)
    assert reports.kinds == []


# -- reports


@pytest.mark.otp("LR06", "LR07", "LR13")
def test_LR06_LR07_LR13_the_fields_of_a_report_and_the_order_around_a_restart(
    node: Node, reports: Reports, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def main() -> None:
        sup = await supervise([worker("a")], name="sup")
        await end("a", "raise", sup)

    node.run(main)
    assert reports.kinds == ["progress", "terminate", "crash", "child_terminated", "progress"]
    (report,) = reports.of("child_terminated")
    assert report.supervisor == "sup"
    assert report.error_context == "child_terminated"
    assert report.reason.kind == "ValueError"
    assert report.levelname == "ERROR"
    offender = report.offender
    assert (offender["id"], offender["restart_type"], offender["shutdown"], offender["child_type"]) == (
        "a",
        "permanent",
        5000,
        "worker",
    )


@pytest.mark.otp("LR07")
def test_LR07_an_unnamed_supervisor_is_shown_as_its_pid_and_class(node: Node, reports: Reports) -> None:
    async def main() -> Pid:
        trap_exit(True)
        sup = await supervise([worker("a", init=["ok", "no", "ok"])])
        await end("a", "kill", sup)
        while whereis("a") is None:
            await which_children(sup)
        return sup

    sup = node.run(main)
    (report,) = reports.of("start_error")
    assert (report.supervisor, report.error_context, report.reason) == ((sup, Supervisor), "start_error", "no")
    assert set(report.offender) == {
        "pid",
        "id",
        "start",
        "restart_type",
        "significant",
        "shutdown",
        "child_type",
    }


def test_a_supervisor_can_be_linked_to_and_named(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([], name="sup")
        with pytest.raises(StartError) as caught:
            await supervise([], name="sup")
        assert caught.value.reason == ("already_started", sup)
        with pytest.raises(BadTypeError, match="name is a str"):
            await supervise([], name=5)
        with pytest.raises(BadValueError, match="strategy"):
            await Supervisor.start_link([])

        async def linked() -> None:
            await receive()

        other = spawn_link(linked)
        assert is_alive(other)

    node.run(main)
