"""Progress bars with rich, drawn by the node's own loop: no thread of rich's, which would want the lock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from supervision.demo.display import RECENT, milliseconds
from supervision.demo.plan import SETS
from supervision.demo.tally import Late, Tally


class LiveDisplay:
    """For each set a bar of what was put in and one of what was moved, and how late the last ones were."""

    def __init__(self, totals: Mapping[str, int], console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.fields[set]:<9}{task.fields[what]:<6}", markup=False),
            BarColumn(bar_width=36),
            TextColumn("{task.completed:>6,.0f}", markup=False),
            TextColumn("{task.fields[late]}", markup=False),
            console=console,
            auto_refresh=False,
        )
        self._bars: dict[tuple[str, str], TaskID] = {
            (name, what): self._progress.add_task("", total=totals[name], set=name, what=what, late="")
            for name in SETS
            for what in ("put in", "moved")
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.refresh()
        self._progress.stop()

    def tell(self, line: str) -> None:
        self._console.print(f"{time.monotonic() - self._started:5.1f} s  {line}")

    def update(self, tally: Tally) -> None:
        for name, one in tally.sets.items():
            late = Late.of(one.late[-RECENT:])
            text = f"late p50 {milliseconds(late.p50)}, p99 {milliseconds(late.p99)}" if one.late else ""
            self._progress.update(self._bars[name, "put in"], completed=one.put)
            self._progress.update(self._bars[name, "moved"], completed=one.moved, late=text)
        self._progress.refresh()
