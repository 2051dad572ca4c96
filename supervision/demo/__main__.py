"""`python -m supervision.demo`: see the scheduler work, die, and be restarted."""

from __future__ import annotations

import asyncio
import sys

import click

from actors.exq import ConnectionOptions
from supervision.demo.display import choose
from supervision.demo.plan import Plan
from supervision.demo.run import run


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--redis",
    "url",
    envvar="REDIS_URL",
    show_envvar=True,
    metavar="URL",
    help="A real Redis; by default an embedded one. The keys are the demo's own and removed afterwards.",
)
@click.option("--jobs", default=2000, type=click.IntRange(10, 100_000), show_default=True, help="How many jobs.")
@click.option(
    "--seconds", default=5.0, type=click.FloatRange(0.5, 60), show_default=True, help="Over how long they come due."
)
@click.option(
    "--poll-timeout",
    default=200,
    type=click.IntRange(1, 5000),
    show_default=True,
    metavar="MS",
    help="The scheduler's; Exq's own default, and the most that a job is late.",
)
def main(url: str | None, jobs: int, seconds: float, poll_timeout: int) -> None:
    """Put jobs into Exq's schedule and retry sets, and see the scheduler move them when they are due.

    Half way the scheduler is killed, and its supervisor starts it again. Exit status: 0 when every job was moved
    exactly once, 1 otherwise, 130 after Ctrl-C.
    """
    namespace = Plan.fresh_namespace()
    plan = Plan(url or f"embedded://{namespace}", namespace, jobs, seconds, poll_timeout)
    try:
        ConnectionOptions(url=plan.url)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    sys.exit(asyncio.run(run(plan, choose(plan.totals), print)))


if __name__ == "__main__":
    main(prog_name="python -m supervision.demo")
