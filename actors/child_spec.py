"""The child specification: how a supervisor starts, restarts and stops a child. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from actors.options import INFINITY, Shutdown

RESTARTS = ("permanent", "transient", "temporary")
TYPES = ("worker", "supervisor")


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """Elixir's child spec map; built as given, and validated by the supervisor that gets it.

    Attributes:
        id: any hashable term, unique among the supervisor's children.
        start: `(async function, arguments)`; it returns a `Pid`, `None` (ignore) or `(Pid, info)`, or raises
            `StartError`.
        restart: `"permanent"` (always), `"transient"` (after a failure), `"temporary"` (never).
        shutdown: ms to wait after the signal `shutdown` before a kill, `"brutal_kill"` or `INFINITY`. None
            stands for the default: 5000 for a worker, `INFINITY` for a supervisor.
        type: `"worker"` or `"supervisor"`.
        significant: whether its end may end the supervisor (`auto_shutdown`).
        modules: what `which_children` shows; by default the class that `start` belongs to.
    """

    id: Any
    start: tuple[Callable[..., Any], tuple[Any, ...]]
    restart: Literal["permanent", "transient", "temporary"] = "permanent"
    shutdown: Shutdown | None = None
    type: Literal["worker", "supervisor"] = "worker"
    significant: bool = False
    modules: tuple[Any, ...] | Literal["dynamic"] | None = None

    @property
    def effective_shutdown(self) -> Shutdown:
        """`shutdown`, or the default for the type."""
        if self.shutdown is not None:
            return self.shutdown
        return INFINITY if self.type == "supervisor" else 5000

    @property
    def effective_modules(self) -> Any:
        """`modules`, or the class whose method `start` is."""
        if self.modules is not None:
            return list(self.modules) if isinstance(self.modules, tuple) else self.modules
        function = self.start[0]
        return [getattr(function, "__self__", function)]
