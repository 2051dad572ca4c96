"""What is seen: progress bars on a terminal, plain lines elsewhere, and the summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Protocol, Self, TextIO

from supervision.demo.tally import Late, Row, Summary, Tally

RECENT: Final = 200
"""Jobs that the lateness shown on the way is of."""

RICH_MISSING: Final = (
    "The live display needs the package rich, which is not installed: plain lines instead.\n"
    "For the display: python -m pip install 'exq-actors[demo]' (in a clone: python -m pip install -e '.[demo]')"
)


class Display(Protocol):
    """A way to show a run; used inside a `with` block."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def tell(self, line: str) -> None:
        """Say what happened."""

    def update(self, tally: Tally) -> None:
        """Show how far it is; called every tenth of a second."""


class PlainDisplay:
    """Lines of text, one a second: for pipes, files and CI."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._started = time.monotonic()
        self._next = self._started + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def tell(self, line: str) -> None:
        print(f"{time.monotonic() - self._started:5.1f} s  {line}", file=self._out, flush=True)

    def update(self, tally: Tally) -> None:
        if time.monotonic() >= self._next:
            self._next += 1
            self.tell(";  ".join(_progress(name, one.put, one.moved, one.late) for name, one in tally.sets.items()))


def _progress(name: str, put: int, moved: int, late: list[float]) -> str:
    return f"{name}: {put:,} put in, {moved:,} moved, late p50 {milliseconds(Late.of(late[-RECENT:]).p50)}"


def choose(totals: Mapping[str, int], out: TextIO | None = None) -> Display:
    """Bars where they can be drawn, otherwise lines; says on standard error when rich is missing."""
    out = sys.stdout if out is None else out
    try:
        from rich.console import Console

        from supervision.demo.live_display import LiveDisplay
    except ImportError:
        print(RICH_MISSING, file=sys.stderr)
        return PlainDisplay(out)
    # not Console.is_terminal, which variables such as FORCE_COLOR set for files as well
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    if out.isatty() and not console.is_dumb_terminal:
        return LiveDisplay(totals, console)
    return PlainDisplay(out)


def milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"


def summary_text(summary: Summary) -> str:
    """The summary as text, the same everywhere."""
    lines = ["", f"{'set':<12}{'put in':>9}{'moved':>9}{'late p50':>11}{'late p99':>11}"]
    lines += [_row(row) for row in (*summary.rows, summary.total)]
    lines += [
        "",
        f"moved after the restart  {summary.moved_after:>9,}",
        f"restarts                 {summary.restarts:>9,}",
        f"set aside                {summary.set_aside:>9,}",
        f"lost                     {summary.lost:>9,}",
        "",
    ]
    total = summary.total
    sum_line = (
        f"{total.put:,} put in = {total.moved:,} moved + {summary.set_aside:,} set aside + {summary.left:,} left "
        f"+ {summary.lost:,} lost"
    )
    if not summary.problems:
        return "\n".join([*lines, f"It adds up: {sum_line}"])
    return "\n".join([*lines, f"IT DOES NOT ADD UP: {sum_line}", *(f"  - {problem}" for problem in summary.problems)])


def _row(row: Row) -> str:
    return f"{row.name:<12}{row.put:>9,}{row.moved:>9,}{milliseconds(row.late.p50):>11}{milliseconds(row.late.p99):>11}"
