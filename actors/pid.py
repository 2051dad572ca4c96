"""Identities: `Pid` names a process, `Ref` names a monitor, a timer or a request."""

from __future__ import annotations

import itertools
import secrets
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.process import Process
    from actors.run_loop import RunLoop

_run_loops: weakref.WeakValueDictionary[str, RunLoop] = weakref.WeakValueDictionary()
"""The nodes of this program by id, for pids that come back from a pickle."""


def new_node_id(run_loop: RunLoop) -> str:
    """A random id for a node, remembered as long as the node lives."""
    node_id = secrets.token_hex(8)
    _run_loops[node_id] = run_loop
    return node_id


class Pid:
    """A process's identity (Erlang's pid): hashable, picklable, equal by (node, serial), never used again.

    It prints as `#Pid<0.serial.0>`. A pid outlives its process and then names a dead one.
    """

    __slots__ = ("__weakref__", "_process", "node_id", "serial")

    def __init__(self, node_id: str, serial: int, process: Process | None) -> None:
        self.node_id = node_id
        self.serial = serial
        self._process = process

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Pid) and self.serial == other.serial and self.node_id == other.node_id

    def __hash__(self) -> int:
        return hash((self.node_id, self.serial))

    def __repr__(self) -> str:
        return f"#Pid<0.{self.serial}.0>"

    def __reduce__(self) -> tuple[object, ...]:
        return (_pid_from_pickle, (self.node_id, self.serial))


def _pid_from_pickle(node_id: str, serial: int) -> Pid:
    """The living process's own pid where this program has it, and otherwise a pid that counts as dead."""
    run_loop = _run_loops.get(node_id)
    process = run_loop.process(serial) if run_loop is not None else None
    return process.pid if process is not None else Pid(node_id, serial, None)


_serials = itertools.count(1)
_program = secrets.token_hex(4)


class Ref:
    """A unique reference (Erlang's `make_ref/0`): hashable, picklable, equal to itself and its copies."""

    __slots__ = ("_id",)

    def __init__(self) -> None:
        self._id = (_program, next(_serials))

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Ref) and self._id == other._id)

    def __hash__(self) -> int:
        return hash(self._id)

    def __repr__(self) -> str:
        return f"#Ref<{self._id[0]}.{self._id[1]}>"
