"""Rows P: child specs and their validation."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    IGNORE,
    INFINITY,
    TIMEOUT,
    BadTypeError,
    BadValueError,
    ChildSpec,
    GenServer,
    Node,
    Ok,
    Pid,
    StartError,
    SupervisorError,
    current,
    receive,
    trap_exit,
)
from actors.exits import Crash
from supervision import Supervisor, SupervisorInit, child_spec, start_child, which_children
from tests.actors.conftest import Reports
from tests.supervision.workers import start_error, supervise, worker


class Plain(GenServer):
    async def init(self, arg: Any) -> Ok:
        return Ok(arg)


class Optioned(GenServer, restart="transient", shutdown=10_000, id="x"):
    async def init(self, arg: Any) -> Ok:
        return Ok(arg)


class Tree(Supervisor):
    async def init(self, arg: Any) -> Any:
        return SupervisorInit([], strategy="one_for_one") if arg is None else arg


@pytest.mark.otp("P01")
def test_P01_the_spec_of_a_genserver_is_its_class_and_start_link() -> None:
    assert Plain.child_spec(5) == ChildSpec(Plain, (Plain.start_link, (5,)))


@pytest.mark.otp("P02")
def test_P02_class_keywords_are_merged_in() -> None:
    expected = ChildSpec("x", (Optioned.start_link, (1,)), restart="transient", shutdown=10_000)
    assert Optioned.child_spec(1) == expected


@pytest.mark.otp("P03")
def test_P03_a_child_spec_can_be_overridden_with_super() -> None:
    class Renamed(Plain):
        @classmethod
        def child_spec(cls, arg: Any = None) -> ChildSpec:
            return child_spec(super().child_spec(arg), id=("renamed", arg))

    assert Renamed.child_spec(3).id == ("renamed", 3)


@pytest.mark.otp("P04")
def test_P04_overrides_and_a_bare_class() -> None:
    assert child_spec(Plain, id="y", restart="temporary").restart == "temporary"
    assert child_spec((Plain, 7), id="y").start == (Plain.start_link, (7,))
    assert child_spec(Plain).start == (Plain.start_link, ([],))
    given = {"id": 1, "start": (Plain.start_link, (1,))}
    assert child_spec(given, restart="transient") == ChildSpec(1, (Plain.start_link, (1,)), restart="transient")


@pytest.mark.otp("P05")
def test_P05_an_unknown_override_is_refused() -> None:
    with pytest.raises(BadValueError, match=r"unknown key 'foo'.*known: id, start"):
        child_spec(Plain, foo=1)
    assert child_spec(Plain, significant=True).significant  # a key from Elixir 1.15 on


@pytest.mark.otp("P08", "P09")
def test_P08_P09_a_supervisors_spec_has_its_type_and_waits_for_ever() -> None:
    spec = Tree.child_spec(None)
    assert (spec.type, spec.effective_shutdown, Plain.child_spec(0).effective_shutdown) == (
        "supervisor",
        INFINITY,
        5000,
    )


@pytest.mark.otp("P10", "P11")
@pytest.mark.parametrize("child", ["str", 1, (Plain,), (1, 2), None, object(), int, (int, 1), print], ids=repr)
def test_P10_P11_a_child_of_no_accepted_form_is_the_callers_error(node: Node, child: Any) -> None:
    async def main() -> None:
        with pytest.raises(BadTypeError, match="a child is a class with child_spec"):
            await supervise([child])

    node.run(main)


@pytest.mark.otp("P10", "P11")
@pytest.mark.parametrize("children", [None, 5, "abc", {"id": 1}, (child for child in [Plain])], ids=repr)
def test_P10_P11_children_that_are_no_list_are_the_callers_error(node: Node, children: Any) -> None:
    """A generator too: a supervisor that is restarted reads its children again."""

    async def main() -> None:
        with pytest.raises(BadTypeError, match="children is a list"):
            await supervise(children)

    node.run(main)


@pytest.mark.otp("P12", "P13")
def test_P12_P13_a_missing_strategy_is_the_callers_error_a_bogus_one_is_otps(node: Node) -> None:
    async def main() -> object:
        with pytest.raises(BadValueError, match="expected the strategy option to be given"):
            await Supervisor.start_link([])
        with pytest.raises(BadValueError, match="expected the strategy option to be given"):
            await supervise([], strategy=None)
        return await start_error([], strategy="bogus")

    assert node.run(main) == ("supervisor_data", ("invalid_strategy", "bogus"))


START = (Plain.start_link, ())
BAD = [
    ({"start": START}, "missing_id"),
    ({"id": 1}, "missing_start"),
    ({"id": 1, "start": "mfa"}, ("invalid_mfa", "mfa")),
    ({"id": 1, "start": (Plain.start_link,)}, ("invalid_mfa", (Plain.start_link,))),
    ({"id": 1, "start": ("no function", ())}, ("invalid_mfa", ("no function", ()))),
    ({"id": 1, "start": (Plain.start_link, 1)}, ("invalid_mfa", (Plain.start_link, 1))),
    ({"id": 1, "start": START, "restart": "often"}, ("invalid_restart_type", "often")),
    ({"id": 1, "start": START, "shutdown": -1}, ("invalid_shutdown", -1)),
    ({"id": 1, "start": START, "shutdown": 1.5}, ("invalid_shutdown", 1.5)),
    ({"id": 1, "start": START, "shutdown": True}, ("invalid_shutdown", True)),
    ({"id": 1, "start": START, "type": "boss"}, ("invalid_child_type", "boss")),
    ({"id": 1, "start": START, "modules": 5}, ("invalid_modules", 5)),
    ({"id": 1, "start": START, "modules": [Plain, 5]}, ("invalid_module", 5)),
    ({"id": 1, "start": START, "significant": 1}, ("invalid_significant", 1)),
    ({"id": 1, "start": 5, "restart": "often", "shutdown": -1}, ("invalid_mfa", 5)),
    (
        {"id": 1, "start": START, "significant": True},
        ("bad_combination", (("restart", "permanent"), ("significant", True))),
    ),
    (
        {"id": 1, "start": START, "significant": True, "restart": "temporary"},
        ("bad_combination", (("auto_shutdown", "never"), ("significant", True))),
    ),
]


@pytest.mark.otp("P15", "P17", "P28")
@pytest.mark.parametrize(("spec", "reason"), BAD)
def test_P15_P17_P28_a_bad_spec_has_otps_reason(node: Node, spec: dict[str, Any], reason: object) -> None:
    async def start_one() -> object:
        return await start_error([spec])

    async def add_one() -> object:
        sup = await supervise([])
        with pytest.raises(SupervisorError) as caught:
            await start_child(sup, spec)
        return caught.value.reason

    assert node.run(start_one) == ("start_spec", reason)
    assert node.run(add_one) == reason


@pytest.mark.otp("P15")
def test_P15_no_child_starts_before_all_specs_are_valid(node: Node) -> None:
    async def main() -> None:
        await start_error([worker("good", boss=current()), {"id": 1}])
        assert await receive(timeout=0) is TIMEOUT

    node.run(main)


@pytest.mark.otp("P16")
def test_P16_what_is_no_spec_is_named(node: Node) -> None:
    class Wrong(Plain):
        @classmethod
        def child_spec(cls, arg: Any = None) -> Any:
            return "no spec"

    async def main() -> object:
        return await start_error([Wrong])

    assert node.run(main) == ("start_spec", ("invalid_child_spec", "no spec"))


@pytest.mark.otp("P16")
def test_P16_an_id_may_stand_once(node: Node) -> None:
    async def main() -> object:
        return await start_error([worker("a", id="same"), worker("b", id="same")])

    assert node.run(main) == ("start_spec", ("duplicate_child_name", "same"))


@pytest.mark.otp("P21")
def test_P21_what_a_module_based_init_may_return(node: Node) -> None:
    class Ignoring(Supervisor):
        async def init(self, arg: Any) -> Any:
            return IGNORE

    class Raising(Supervisor):
        def init(self, arg: Any) -> Any:
            raise RuntimeError("no tree")

    async def failing(module: type[Supervisor], arg: Any) -> object:
        trap_exit(True)
        with pytest.raises(StartError) as caught:
            await module.start_link(arg)
        return caught.value.reason

    async def ignored() -> None:
        assert await Ignoring.start_link(name="tree") is None
        await supervise([], name="tree")  # the name is free again

    node.run(ignored)
    assert node.run(failing, Tree, "junk") == ("bad_return", (Tree, "init", "junk"))
    reason = node.run(failing, Raising, None)
    assert isinstance(reason, Crash)
    assert reason.message == "no tree"


@pytest.mark.otp("P23", "P24", "P27")
def test_P23_P24_P27_the_defaults_are_three_restarts_in_five_seconds() -> None:
    flags = SupervisorInit([], strategy="one_for_one").flags
    assert flags is not None
    assert (flags.max_restarts, flags.max_seconds) == (3, 5)


@pytest.mark.otp("P26")
def test_P26_a_taken_name_and_a_bad_one(node: Node) -> None:
    async def main() -> None:
        first = await supervise([], name="tree")
        with pytest.raises(StartError) as caught:
            await supervise([], name="tree")
        assert caught.value.reason == ("already_started", first)
        with pytest.raises(BadTypeError):
            await supervise([], name=1)

    node.run(main)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"max_restarts": -1}, ("invalid_intensity", -1)),
        ({"max_restarts": 1.5}, ("invalid_intensity", 1.5)),
        ({"max_restarts": True}, ("invalid_intensity", True)),
        ({"max_seconds": "5"}, ("invalid_period", "5")),
        ({"max_seconds": 0}, ("invalid_period", 0)),
    ],
)
def test_bad_flags_have_otps_reason(node: Node, options: dict[str, Any], reason: object) -> None:
    async def main() -> object:
        return await start_error([], **options)

    assert node.run(main) == ("supervisor_data", reason)


def test_an_unknown_key_of_a_dict_is_ignored_with_a_warning(node: Node, reports: Reports, caplog: Any) -> None:
    async def main() -> list[Any]:
        sup = await supervise([{"id": 1, "start": (Plain.start_link, (0,)), "restrat": "temporary"}])
        return [child.id for child in await which_children(sup)]

    assert node.run(main) == [1]
    assert "unknown key 'restrat' ignored" in caplog.text


def test_class_keywords_are_checked() -> None:
    with pytest.raises(BadTypeError, match="takes the keywords id, restart"):
        type("Bad", (GenServer,), {}, foo=1)
    with pytest.raises(BadValueError, match="restart is one of 'permanent'"):
        type("Bad", (GenServer,), {}, restart="often")
    with pytest.raises(BadTypeError, match="takes the keywords"):
        type("Bad", (Supervisor,), {}, strategy="one_for_one")


def test_options_are_checked_and_misuse_names_the_accepted_ones(node: Node) -> None:
    async def main() -> None:
        with pytest.raises(BadTypeError, match="takes the options strategy, max_restarts, max_seconds and name"):
            await supervise([], max_restart=1)
        with pytest.raises(BadTypeError, match="go into the SupervisorInit that its init returns"):
            await Tree.start_link(None, strategy="one_for_one")
        for strategy in ("one_for_all", "rest_for_one"):
            with pytest.raises(BadValueError, match="comes in a later release; accepted now: 'one_for_one'"):
                await supervise([], strategy=strategy)

    node.run(main)


def test_a_supervisor_as_a_child_takes_its_children_and_options_as_a_pair(node: Node) -> None:
    async def main() -> list[Any]:
        top = await supervise([(Supervisor, ([worker("inner")], {"strategy": "one_for_one"}))])
        ((id, inner, type, _),) = await which_children(top)
        assert (id, type) == (Supervisor, "supervisor")
        assert isinstance(inner, Pid)
        return [child.id for child in await which_children(inner)]

    assert node.run(main) == ["inner"]
