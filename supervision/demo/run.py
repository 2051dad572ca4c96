"""One run: start the node and its tree, put jobs in, kill the scheduler half way, and count."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable
from typing import Any, Final

from actors import AsyncNode, Exit, RedisConnectionError, RedisError, StartError
from actors.exq.endpoint import mask
from supervision.demo import tree
from supervision.demo.display import Display, summary_text
from supervision.demo.narrator import Narrator, narrating
from supervision.demo.plan import Plan, planned
from supervision.demo.tally import Tally, exit_status, summarize

_REFRESH: Final = 0.1
_CLEAN_UP_SECONDS: Final = 3.0


class DemoError(Exception):
    """Why the demo could not go on, in words for who started it."""


async def run(plan: Plan, display: Display, tell: Callable[[str], None]) -> int:
    """Run it, and print the summary.

    Args:
        plan: what to do.
        display: shows it; its block ends before the summary.
        tell: prints a text after that.

    Returns:
        The exit status: 0, 1 when it does not add up or Redis fails, 128 and the signal's number after a signal.
    """
    tally = Tally()
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _on_signal, number, told)
    with display:
        narrator = Narrator(tally, display.tell)
        with narrating(narrator):
            try:
                return_text, status = await _with_node(plan, tally, display, narrator, told)
            except DemoError as error:
                return_text, status = f"\nThe demo ended early: {error}", 1
        display.update(tally)
    tell(return_text)
    return status


def _on_signal(number: int, told: asyncio.Future[int]) -> None:
    if not told.done():
        told.set_result(number)


async def _with_node(
    plan: Plan, tally: Tally, display: Display, narrator: Narrator, told: asyncio.Future[int]
) -> tuple[str, int]:
    display.tell(f"Redis: {mask(plan.url)}, namespace {plan.namespace}")
    async with AsyncNode() as node:
        checking: asyncio.Future[Any] = asyncio.ensure_future(_check(node, plan, narrator))
        await asyncio.wait([checking, told], return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
            return _stopped(told.result(), tally, display)
        checking.result()
        try:
            await node.start_tree(tree.start_link, plan, tally)
        except StartError as error:
            raise DemoError(f"the tree did not start: {error}") from None
        work = asyncio.ensure_future(_work(node, plan, tally, display))
        gave_up = asyncio.ensure_future(node.wait())
        drawing = asyncio.ensure_future(_draw(display, tally))
        others: list[asyncio.Future[Any]] = [work, gave_up, drawing]
        try:
            await asyncio.wait([*others, told], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            if told.done():
                return _stopped(told.result(), tally, display)
            if drawing.done():
                drawing.result()
            raise DemoError(f"the tree gave up with reason {gave_up.result()!r}")
        finally:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await _clean_up(node, plan, display)


def _stopped(number: int, tally: Tally, display: Display) -> tuple[str, int]:
    name = signal.Signals(number).name
    display.tell(f"{name}: stopping in order")
    return f"\nStopped by {name} with {tally.total_moved:,} of {tally.total_put:,} moved", 128 + number


async def _check(node: AsyncNode, plan: Plan, narrator: Narrator) -> None:
    narrator.muted = True
    try:
        await node.run(tree.check, plan)
    except (RedisConnectionError, RedisError, Exit) as error:
        raise DemoError(
            f"Redis can't be used: {narrator.first_error or f'{mask(plan.url)}: {error}'}.\n"
            "Start it, set REDIS_URL to where it is, or unset REDIS_URL for the embedded one"
        ) from None
    narrator.muted = False


async def _draw(display: Display, tally: Tally) -> None:
    while True:
        display.update(tally)
        await asyncio.sleep(_REFRESH)


async def _work(node: AsyncNode, plan: Plan, tally: Tally, display: Display) -> tuple[str, int]:
    started = time.monotonic()
    jobs = list(planned(plan, time.time(), random.Random()))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(node.run(tree.put_in, plan, tally, jobs, started))
            group.create_task(node.run(tree.kill_half_way, plan, started, display.tell))
            group.create_task(node.run(tree.all_moved, plan, tally, started))
        summary = summarize(tally, await node.run(tree.remains, plan), plan.jobs)
    except* (RedisConnectionError, RedisError, Exit) as errors:
        raise DemoError(f"Redis was lost on the way: {errors.exceptions[0]}") from None
    return summary_text(summary), exit_status(summary)


async def _clean_up(node: AsyncNode, plan: Plan, display: Display) -> None:
    try:
        async with asyncio.timeout(_CLEAN_UP_SECONDS):
            await node.run(tree.remove_keys, plan)
    except (RedisConnectionError, RedisError, Exit, TimeoutError):
        display.tell(f"The keys under {plan.namespace}: could not be removed")
