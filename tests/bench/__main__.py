"""`python -m tests.bench`: the figures, each beside what it is compared with in the same run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import click

from tests.bench import calls, memory, moving
from tests.bench.figure import Figure
from tests.bench.machine import machine
from tests.bench.report import as_json, table

FIGURES: Final[dict[str, Callable[[float], Figure]]] = {
    "moving": moving.figure,
    "calls": calls.figure,
    "memory": memory.figure,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--figure", "names", multiple=True, type=click.Choice(list(FIGURES)), help="Only this one; repeatable.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--scale",
    default=1.0,
    type=click.FloatRange(0, 100, min_open=True),
    show_default=True,
    help="How much of everything: 0.01 to see that it works, 10 for quieter figures.",
)
def main(names: tuple[str, ...], json_wanted: bool, scale: float) -> None:
    """Measure; compare ratios, not figures, between machines."""
    figures = []
    for name in names or FIGURES:
        click.echo(f"measuring {name} ...", err=True)
        figures.append(FIGURES[name](scale))
    click.echo(as_json(figures, machine()) if json_wanted else table(figures, machine()))


if __name__ == "__main__":
    main(prog_name="python -m tests.bench")
