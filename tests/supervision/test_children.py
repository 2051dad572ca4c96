"""The table of children, and what the end of one calls for: without a process."""

from __future__ import annotations

from typing import Any

import pytest

from actors import ChildSpec
from supervision.children import Child, ChildInfo, Children, verdict


async def start() -> None:
    """A start function."""


def child(id: Any, **fields: Any) -> Child:
    return Child(ChildSpec(id, (start, ()), **fields))


def table(*children: Child) -> Children:
    made = Children()
    for one in children:
        made.add(one)
    return made


def test_children_keep_the_order_of_their_start() -> None:
    children = table(child("a"), child("b"), child("c"))
    assert [one.spec.id for one in children] == ["a", "b", "c"]
    assert [one.spec.id for one in children.newest_first()] == ["c", "b", "a"]


def test_a_child_may_go_while_the_others_are_walked_over() -> None:
    children = table(child("a"), child("b"), child("c"))
    for one in children:
        children.remove(one)
    assert list(children) == []


def test_an_id_finds_its_child_and_what_has_no_hash_finds_none() -> None:
    a = child("a")
    children = table(a)
    assert children.by_id("a") is a
    assert children.by_id("b") is None
    assert children.by_id(["a"]) is None  # type: ignore[arg-type]


def test_specs_are_counted_by_type_and_only_what_runs_is_active() -> None:
    children = table(child("a"), child("b", type="supervisor"), child("c"))
    children.set_pid(child("c"), "restarting")
    assert children.counts() == {"specs": 3, "active": 0, "supervisors": 1, "workers": 2}


def test_a_child_s_info_is_a_row_of_which_children() -> None:
    assert child("a", modules=(start,)).info() == ChildInfo("a", None, "worker", [start])
    assert child("s", type="supervisor", modules="dynamic").info() == ChildInfo("s", None, "supervisor", "dynamic")


ORDERLY = ("normal", "shutdown", ("shutdown", "any term"))
FAILURES = ("killed", "noproc", ("shutdown",), ("shutdown", 1, 2), ["shutdown", 1], None, 5)


@pytest.mark.parametrize("reason", [*ORDERLY, *FAILURES], ids=repr)
def test_the_verdict_on_an_end_is_that_of_the_restart_type(reason: Any) -> None:
    orderly = reason in ORDERLY
    specs = {restart: child(1, restart=restart).spec for restart in ("permanent", "transient", "temporary")}
    assert verdict(specs["permanent"], reason) == ("restart", True)
    assert verdict(specs["transient"], reason) == (("keep", False) if orderly else ("restart", True))
    assert verdict(specs["temporary"], reason) == ("remove", not orderly)
