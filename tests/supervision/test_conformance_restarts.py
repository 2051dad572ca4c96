"""Rows L (restart matrix), M (strategies) and R (restart intensity), for one_for_one."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    ChildSpec,
    Exit,
    ManualClock,
    Node,
    Pid,
    SupervisorError,
    call,
    cast,
    current,
    exit_process,
    monitor,
    receive,
    spawn,
    trap_exit,
    whereis,
)
from actors.messages import Down
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
from tests.supervision.workers import Worker, end, ended, exit_of, pid_of, supervise, told, worker


async def _after(restart: str, reason: object) -> tuple[str, int]:
    """What became of a child that ended: and how many specs are left."""
    sup = await supervise([worker("a", restart=restart)])
    before = pid_of("a")
    await end("a", reason, sup)
    children = await which_children(sup)
    if not children:
        return "removed", 0
    if children[0].pid is None:
        return "kept", 1
    assert children[0].pid != before
    assert children[0].pid == pid_of("a")
    return "restarted", 1


MATRIX = [
    pytest.param("permanent", "normal", "restarted", 1, id="L01", marks=pytest.mark.otp("L01")),
    pytest.param("permanent", "shutdown", "restarted", 1, id="permanent-shutdown"),
    pytest.param("permanent", ("shutdown", 1), "restarted", 1, id="L03"),
    pytest.param("permanent", "raise", "restarted", 1, id="L04"),
    pytest.param("permanent", "kill", "restarted", 1, id="permanent-kill"),
    pytest.param("transient", "normal", "kept", 0, id="L06"),
    pytest.param("transient", "shutdown", "kept", 0, id="L07"),
    pytest.param("transient", ("shutdown", 1), "kept", 0, id="L08"),
    pytest.param("transient", "raise", "restarted", 1, id="transient-raise"),
    pytest.param("transient", "kill", "restarted", 1, id="L10"),
    pytest.param("temporary", "normal", "removed", 0, id="L11"),
    pytest.param("temporary", "shutdown", "removed", 0, id="temporary-shutdown"),
    pytest.param("temporary", ("shutdown", 1), "removed", 0, id="L13"),
    pytest.param("temporary", "raise", "removed", 1, id="L14"),
    pytest.param("temporary", "kill", "removed", 1, id="temporary-kill"),
]


@pytest.mark.otp("L01", "L03", "L04", "L06", "L07", "L08", "L10", "L11", "L13", "L14")
@pytest.mark.parametrize(("restart", "reason", "becomes", "reported"), MATRIX)
def test_L_what_becomes_of_a_child_by_restart_type_and_reason(
    node: Node, reports: Reports, restart: str, reason: object, becomes: str, reported: int
) -> None:
    assert node.run(_after, restart, reason)[0] == becomes
    assert len(reports.of("child_terminated")) == reported


@pytest.mark.otp("M01", "R17")
def test_M01_R17_only_the_killed_child_is_restarted_with_a_new_pid_and_a_fresh_state(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([worker(name) for name in "abcd"])
        before = {name: pid_of(name) for name in "abcd"}
        assert [await call("b", "count") for _ in range(3)] == [0, 1, 2]
        await end("b", "kill", sup)
        after = {name: pid_of(name) for name in "abcd"}
        assert [name for name in "abcd" if before[name] != after[name]] == ["b"]
        assert await call("b", "count") == 0

    node.run(main)


@pytest.mark.otp("M07")
def test_M07_terminating_a_child_by_hand_triggers_nothing(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([worker(name) for name in "ab"])
        a = pid_of("a")
        await terminate_child(sup, "b")
        assert pid_of("a") == a
        assert whereis("b") is None

    node.run(main)


@pytest.mark.otp("M13")
def test_M13_two_that_end_are_handled_in_their_order_and_both_count(node: Node) -> None:
    async def main() -> list[object]:
        trap_exit(True)
        sup = await supervise([worker(name, boss=current()) for name in "abc"], max_restarts=2)
        await told(3)
        for name in ("c", "a"):
            exit_process(pid_of(name), "kill")
        order = [name for _, name, _ in await told(2)]
        exit_process(pid_of("b"), "kill")
        return [order, await ended(sup)]

    assert node.run(main) == [["c", "a"], "shutdown"]


@pytest.mark.otp("R01")
def test_R01_the_fourth_crash_within_the_window_ends_the_supervisor(node: Node, reports: Reports) -> None:
    async def main() -> object:
        trap_exit(True)
        sup = await supervise([worker("a"), worker("b", boss=current(), trap=True)])
        for _ in range(3):
            await end("a", "kill", sup)
            assert (await count_children(sup))["active"] == 2
        await told(1)
        exit_process(pid_of("a"), "kill")
        reason = await ended(sup)
        assert await told(1) == [("terminated", "b", "shutdown")]
        assert whereis("a") is None
        return reason

    assert node.run(main) == "shutdown"
    assert [record.report for record in reports.records if record.report != "progress"][-2:] == [
        "child_terminated",
        "shutdown",
    ]
    assert reports.of("shutdown")[0].reason == "reached_max_restart_intensity"


@pytest.mark.otp("R02", "R18")
@pytest.mark.parametrize("reason", ["normal", "kill", "raise"])
def test_R02_R18_with_max_restarts_0_the_first_end_of_a_permanent_child_is_one_too_many(
    node: Node, reason: str
) -> None:
    async def main() -> object:
        trap_exit(True)
        sup = await supervise([worker("a")], max_restarts=0)
        pid = pid_of("a")
        cast(pid, "raise") if reason == "raise" else (
            exit_process(pid, "kill") if reason == "kill" else cast(pid, ("stop", "normal"))
        )
        return await ended(sup)

    assert node.run(main) == "shutdown"


@pytest.mark.otp("R03")
@pytest.mark.parametrize(("apart", "lives"), [(1, False), (999, False), (1000, False), (1001, True), (2100, True)])
def test_R03_the_window_is_max_seconds_to_the_millisecond_its_boundary_included(
    node: Node, apart: int, lives: bool
) -> None:
    async def main() -> bool:
        trap_exit(True)
        sup = await supervise([worker("a")], max_restarts=1, max_seconds=1)
        await end("a", "kill", sup)
        await receive(timeout=apart)
        exit_process(pid_of("a"), "kill")
        ref = monitor(sup)
        message = await receive(lambda one: isinstance(one, Down) and one.ref == ref, timeout=100)
        return not isinstance(message, Down)

    assert node.run(main) is lives


@pytest.mark.otp("R16")
def test_R16_ends_that_restart_nothing_are_not_counted(node: Node) -> None:
    async def main() -> dict[str, int]:
        sup = await supervise(
            [worker("a", restart="temporary"), worker("b", restart="transient"), worker("c")], max_restarts=0
        )
        await end("a", "raise", sup)
        await end("b", "normal", sup)
        return await count_children(sup)

    assert node.run(main) == {"specs": 2, "active": 1, "supervisors": 0, "workers": 2}


@pytest.mark.otp("R12", "G18")
def test_R12_G18_what_is_done_by_hand_is_neither_counted_nor_reported(node: Node, reports: Reports) -> None:
    async def main() -> None:
        sup = await supervise([worker("a")], max_restarts=1)
        for _ in range(5):
            await terminate_child(sup, "a")
            await restart_child(sup, "a")
        assert (await count_children(sup))["active"] == 1

    node.run(main)
    assert reports.kinds == []


class Inner(Supervisor):
    """A supervisor as a child; `max_restarts` and its children come with the argument."""

    async def init(self, arg: dict[str, Any]) -> SupervisorInit:
        return SupervisorInit(arg["children"], strategy="one_for_one", max_restarts=arg.get("max_restarts", 0))


async def _only_child(sup: Pid) -> Pid:
    (child,) = await which_children(sup)
    assert isinstance(child.pid, Pid)
    return child.pid


@pytest.mark.otp("R05")
def test_R05_an_inner_supervisor_that_gives_up_is_restarted_with_its_first_children(
    node: Node, reports: Reports
) -> None:
    async def main() -> list[Any]:
        outer = await supervise([(Inner, {"children": [worker("a")]})])
        inner = await _only_child(outer)
        await start_child(inner, worker("added"))
        exit_process(pid_of("a"), "kill")
        assert await ended(inner) == "shutdown"
        fresh = await _only_child(outer)
        assert fresh != inner
        return [child.id for child in await which_children(fresh)]

    assert node.run(main) == ["a"]
    assert ("shutdown", "supervisor") in [
        (record.reason, record.offender["child_type"]) for record in reports.of("child_terminated")
    ]


@pytest.mark.otp("R06")
@pytest.mark.parametrize(("restart", "left"), [("transient", 1), ("temporary", 0)])
def test_R06_an_inner_supervisor_that_is_not_permanent_goes_without_a_word(
    node: Node, reports: Reports, restart: str, left: int
) -> None:
    async def main() -> dict[str, int]:
        outer = await supervise([child_spec((Inner, {"children": [worker("a")]}), restart=restart)])
        inner = await _only_child(outer)
        exit_process(pid_of("a"), "kill")
        await ended(inner)
        return await count_children(outer)

    assert node.run(main) == {"specs": left, "active": 0, "supervisors": left, "workers": 0}
    assert [record.offender["child_type"] for record in reports.of("child_terminated")] == ["worker"]


@pytest.mark.otp("R07")
def test_R07_a_restart_that_fails_is_tried_again_and_every_attempt_counts(node: Node, reports: Reports) -> None:
    async def main(max_restarts: int) -> object:
        trap_exit(True)
        sup = await supervise([worker("a", init=["ok", "no", "no", "ok"])], max_restarts=max_restarts)
        exit_process(pid_of("a"), "kill")
        while True:
            try:
                (child,) = await which_children(sup)
            except Exit:
                return "gave up"
            if isinstance(child.pid, Pid):
                return "restarted"

    assert node.run(main, 3) == "restarted"
    assert [kind for kind in reports.kinds if kind in ("start_error", "child_terminated")] == [
        "child_terminated",
        "start_error",
        "start_error",
    ]
    assert node.run(main, 2) == "gave up"


@pytest.mark.otp("R08")
def test_R08_a_start_that_always_fails_uses_the_whole_intensity_up(node: Node, reports: Reports) -> None:
    async def main() -> object:
        trap_exit(True)
        sup = await supervise([worker("a", init=["ok", *["no"] * 20])])
        exit_process(pid_of("a"), "kill")
        return await ended(sup)

    assert node.run(main) == "shutdown"
    assert len(reports.of("start_error")) == 3


@pytest.mark.otp("R09")
def test_R09_management_calls_are_served_between_attempts(node: Node) -> None:
    async def main() -> list[object]:
        sup = await supervise([worker("a", init=["ok", *["no"] * 1000])], max_restarts=10_000)
        pid = pid_of("a")
        exit_process(pid, "kill")
        await ended(pid)
        seen: list[object] = [(await which_children(sup))[0].pid, (await count_children(sup))["active"]]
        for refused in (restart_child(sup, "a"), delete_child(sup, "a"), start_child(sup, worker("a"))):
            try:
                await refused
            except SupervisorError as error:
                seen.append(error.reason)
        await terminate_child(sup, "a")
        seen.append((await which_children(sup))[0].pid)
        await receive(timeout=10)
        seen.append((await which_children(sup))[0].pid)
        return seen

    assert node.run(main) == ["restarting", 0, "restarting", "restarting", "already_present", None, None]


@pytest.mark.otp("R20")
def test_R20_a_name_is_free_between_death_and_restart(node: Node) -> None:
    async def main() -> None:
        sup = await supervise([worker("a")])
        exit_process(pid_of("a"), "kill")
        assert await exit_of(call("a", "count")) == ("noproc", ("GenServer", "call", ("a", "count", 5000)))
        cast("a", ("stop", "lost"))
        await which_children(sup)
        assert await call("a", "count") == 0

    node.run(main)


def test_an_exit_of_a_process_that_is_no_child_is_ignored(node: Node) -> None:
    async def main() -> dict[str, int]:
        sup = await supervise([worker("a")])

        async def stranger() -> None:
            exit_process(sup, "boom")

        await ended(spawn(stranger))
        return await count_children(sup)

    assert node.run(main)["active"] == 1


def test_time_stands_still_while_children_are_restarted(node: Node, clock: ManualClock) -> None:
    async def main() -> None:
        sup = await supervise([(Worker, {"name": "a"})])
        await end("a", "kill", sup)

    node.run(main)
    assert clock.monotonic() == 0.0


def test_a_child_whose_restart_is_ignored_keeps_its_spec_without_a_pid(node: Node) -> None:
    async def main() -> list[Any]:
        sup = await supervise([worker("a", init=["ok", "ignore"])])
        await end("a", "kill", sup)
        return [(child.id, child.pid) for child in await which_children(sup)]

    assert node.run(main) == [("a", None)]


def test_a_restart_whose_start_function_is_pythons_own_exit_is_one_that_failed(node: Node, reports: Reports) -> None:
    left = [1, 0, 1]

    async def start() -> Pid | None:
        if not left.pop(0):
            raise SystemExit(3)
        return await Worker.start_link({"name": "a"})

    async def main() -> None:
        sup = await supervise([ChildSpec("a", (start, ()))])
        await end("a", "kill", sup)
        while whereis("a") is None:
            await which_children(sup)

    node.run(main)
    assert [record.reason[1].kind for record in reports.of("start_error")] == ["SystemExit"]
