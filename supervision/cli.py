"""The command `exq`: run the scheduler's tree until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

import click

from actors import ActorsError, AsyncNode
from actors.exq import ConnectionOptions, SchedulerOptions
from actors.exq.config import DEFAULT_NAME, DEFAULT_NAMESPACE, DEFAULT_POLL_TIMEOUT
from supervision.application import TreeOptions, start_link

LEVELS = ("debug", "info", "warning", "error")

_log = logging.getLogger("supervision.cli")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="exq-actors")
def main() -> None:
    """Exq's scheduler in Python: moves jobs that are due into their live queues."""


@main.command()
@click.option(
    "--redis",
    "url",
    envvar="REDIS_URL",
    default="redis://127.0.0.1:6379/0",
    show_default=True,
    show_envvar=True,
    metavar="URL",
    help="redis://, rediss://, unix:// or embedded://.",
)
@click.option(
    "--namespace",
    envvar="EXQ_NAMESPACE",
    default=lambda: os.environ.get("EXQ_NAMESPACE", DEFAULT_NAMESPACE),  # click takes an empty variable for none
    show_default=DEFAULT_NAMESPACE,
    show_envvar=True,
    help='Prefix of every key; "" for none.',
)
@click.option(
    "--poll-timeout",
    "poll_timeout",
    envvar=["EXQ_POLL_TIMEOUT", "EXQ_SCHEDULER_POLL_TIMEOUT"],
    default=DEFAULT_POLL_TIMEOUT,
    type=click.IntRange(0, 2**32 - 1),
    show_default=True,
    show_envvar=True,
    metavar="MS",
    help="Milliseconds from the end of one poll to the next.",
)
@click.option(
    "--name",
    envvar="EXQ_NAME",
    default=DEFAULT_NAME,
    show_default=True,
    show_envvar=True,
    help="The instance; its processes are NAME.Sup, NAME.Redis.Client and NAME.Scheduler.",
)
@click.option(
    "--log-level",
    envvar="EXQ_LOG_LEVEL",
    default="info",
    type=click.Choice(LEVELS),
    show_default=True,
    show_envvar=True,
    help="What is written to standard error.",
)
def scheduler(url: str, namespace: str, poll_timeout: int, name: str, log_level: str) -> None:
    """Run the scheduler until SIGTERM or SIGINT.

    Exit status: 0 after a signal, 1 when the tree gave up (the reason is on standard error), 2 for bad options.
    """
    try:
        options = TreeOptions(
            SchedulerOptions(name=name, namespace=namespace, scheduler_poll_timeout=poll_timeout),
            ConnectionOptions(url=url),
        )
    except (ValueError, TypeError) as error:
        raise click.UsageError(str(error)) from None
    logging.basicConfig(
        level=log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s.%(msecs)03d [%(levelname)s] %(message)s",
        datefmt="%H:%M:%S",
    )
    sys.exit(asyncio.run(run(options)))


async def run(options: TreeOptions) -> int:
    """Run the tree until a signal or its own end; the exit status."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, number, stopped)
    async with AsyncNode() as node:
        try:
            await node.start_tree(start_link, options)
        except ActorsError as error:
            _log.error("The tree did not start: %s", error)
            return 1
        _log.info(
            "Scheduler %s runs: polling %s every %d ms",
            options.scheduler.name,
            options.scheduler.namespace or "(no namespace)",
            options.scheduler.scheduler_poll_timeout,
        )
        ended = asyncio.ensure_future(node.wait())
        told = asyncio.ensure_future(stopped.wait())
        await asyncio.wait([ended, told], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if ended.done() and not stopped.is_set():
            _log.error("The tree gave up with reason %r; the errors above say what kept failing", ended.result())
            return 1
        ended.cancel()
    _log.info("Stopped")
    return 0


def _on_signal(number: signal.Signals, stopped: asyncio.Event) -> None:
    _log.info("%s: stopping", signal.Signals(number).name)
    stopped.set()
