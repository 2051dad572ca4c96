"""A supervisor's children: the table, and what the end of one calls for. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from actors import ChildSpec, Pid
from actors.exits import is_orderly

Running: TypeAlias = Pid | Literal["restarting"] | None


class ChildInfo(NamedTuple):
    """One row of `which_children`: OTP's `{id, pid, type, modules}`; pid None stands for undefined."""

    id: Any
    pid: Running
    type: str
    modules: Any


@dataclass(slots=True)
class Child:
    """A child and what runs for it: its pid, `"restarting"` between attempts, or None."""

    spec: ChildSpec
    pid: Running = None

    def info(self) -> ChildInfo:
        return ChildInfo(self.spec.id, self.pid, self.spec.type, self.spec.effective_modules)


class Children:
    """The children in the order of their start."""

    __slots__ = ("_by_id", "_by_pid")

    def __init__(self) -> None:
        self._by_id: dict[Hashable, Child] = {}
        self._by_pid: dict[Pid, Child] = {}

    def __iter__(self) -> Iterator[Child]:
        return iter(list(self._by_id.values()))

    def newest_first(self) -> list[Child]:
        return list(reversed(self._by_id.values()))

    def add(self, child: Child) -> None:
        self._by_id[child.spec.id] = child
        self.set_pid(child, child.pid)

    def remove(self, child: Child) -> None:
        self._by_id.pop(child.spec.id, None)
        self.set_pid(child, None)

    def by_id(self, id: Hashable) -> Child | None:
        try:
            return self._by_id.get(id)
        except TypeError:  # not hashable, so nobody's
            return None

    def by_pid(self, pid: Pid) -> Child | None:
        return self._by_pid.get(pid)

    def set_pid(self, child: Child, pid: Running) -> None:
        if isinstance(child.pid, Pid):
            self._by_pid.pop(child.pid, None)
        child.pid = pid
        if isinstance(pid, Pid):
            self._by_pid[pid] = child

    def counts(self) -> dict[str, int]:
        """OTP's `count_children`; `workers` and `supervisors` count the specs, dead ones too."""
        children = list(self._by_id.values())
        supervisors = sum(child.spec.type == "supervisor" for child in children)
        return {
            "specs": len(children),
            "active": sum(isinstance(child.pid, Pid) and child.pid._process is not None for child in children),
            "supervisors": supervisors,
            "workers": len(children) - supervisors,
        }


Verdict = Literal["restart", "keep", "remove"]


def verdict(spec: ChildSpec, reason: object) -> tuple[Verdict, bool]:
    """What the end of a child with `reason` calls for, and whether it is reported (OTP's `do_restart`)."""
    orderly = is_orderly(reason)
    if spec.restart == "permanent":
        return "restart", True
    if spec.restart == "transient":
        return ("keep", False) if orderly else ("restart", True)
    return "remove", not orderly
