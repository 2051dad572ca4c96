"""Scheduler: moves jobs that are due into their live queues, again and again (`Exq.Scheduler.Server`).

Like Exq's it casts `"start_timeout"` to itself when it starts, so that the first poll comes at once; each poll
returns the poll timeout, which arms the next one after the work.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from actors.child_spec import ChildSpec
from actors.exq.config import DEFAULT_NAME, SchedulerOptions
from actors.exq.dequeue_pass import Pass, horizon_of, prefix_is_unchanged
from actors.exq.job_queue import dequeue_passes
from actors.gen_server import GenServer, cast
from actors.messages import TIMEOUT
from actors.pid import Pid
from actors.processes import current
from actors.request import From
from actors.results import Next, NoReply, Ok, Reply
from actors.scope import here

_log = logging.getLogger("actors.exq.scheduler")

_LOOK_AGAIN: Final = 5.0
"""Seconds between two looks at jobs that are kept in their set."""

Options = SchedulerOptions | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class SchedulerState:
    """Exq's state, its four fields first; two states are equal when these are.

    Attributes:
        redis: the connection's pid or name.
        namespace: the prefix of the keys.
        queues: kept, as in Exq.
        scheduler_poll_timeout: ms between polls.
        next_poll: when the next poll is due, in seconds of the node's clock; None before the first.
        moved: jobs moved by the last pass.
        reported: troubles that last, each logged once while it lasts.
        kept: due jobs that a live key of a wrong type keeps in their set, by set.
        horizons: the score of the last of these, by set.
        look_again: when to look at the kept ones again, in seconds of the node's clock.
    """

    redis: Pid | str
    namespace: str | None
    queues: tuple[str, ...] | list[str]
    scheduler_poll_timeout: int
    next_poll: float | None = field(default=None, compare=False)
    moved: int = field(default=0, compare=False)
    reported: frozenset[tuple[str, ...]] = field(default=frozenset(), compare=False)
    kept: Mapping[str, int] = field(default_factory=dict, compare=False)
    horizons: Mapping[str, str | None] = field(default_factory=dict, compare=False)
    look_again: float = field(default=0.0, compare=False)


class Scheduler(GenServer):
    """See the module. Give it a connection: `Scheduler.start_link(SchedulerOptions(redis=pid))`.

    On demand: `Scheduler.start_timeout(pid)` or `send(pid, TIMEOUT)` polls now, `await call(pid, "dequeue")` polls
    and returns how many jobs it moved.
    """

    @classmethod
    async def start_link(cls, opts: Options = None) -> Pid | None:  # type: ignore[override]  # Exq's signature
        """Start the scheduler, linked, under its server name (`Exq.Scheduler.Server.start_link/1`).

        Raises:
            StartError: `("already_started", pid)` where an instance of that name runs.
            BadTypeError, BadValueError: for bad options.
        """
        options = SchedulerOptions.of(opts)
        return await super().start_link(options, name=cls.server_name(options.name))

    @classmethod
    async def start(cls, opts: Options = None) -> Pid | None:  # type: ignore[override]  # as start_link
        """`start_link` without the link."""
        options = SchedulerOptions.of(opts)
        return await super().start(options, name=cls.server_name(options.name))

    @classmethod
    def child_spec(cls, opts: Options = None) -> ChildSpec:
        """How a supervisor runs the scheduler; the options are validated here."""
        return super().child_spec(SchedulerOptions.of(opts))

    @staticmethod
    def server_name(name: str | None = None) -> str:
        """The process name of an instance: `"Exq.Scheduler"` by default."""
        return f"{name or DEFAULT_NAME}.Scheduler"

    @staticmethod
    def start_timeout(pid: Pid | str) -> None:
        """Have the scheduler poll now, without waiting for it (`start_timeout/1`)."""
        cast(pid, "start_timeout")

    # -- callbacks

    async def init(self, opts: Options) -> Ok:
        options = SchedulerOptions.of(opts)
        assert options.redis is not None
        state = SchedulerState(options.redis, options.namespace, options.queues, options.scheduler_poll_timeout)
        self.start_timeout(current())
        return Ok(state)

    async def handle_cast(self, request: Any, state: SchedulerState) -> NoReply:
        if request == "start_timeout":
            return await self.handle_info(TIMEOUT, state)
        _log.error("%r received unexpected cast: %r", self._shown(), request, extra={"report": "unexpected"})
        return await self._go_on(state)

    async def handle_info(self, message: Any, state: SchedulerState) -> NoReply:
        if message is TIMEOUT:
            updated, timeout = await self.dequeue(state)
            return NoReply(updated, timeout)
        _log.error("%r received unexpected message: %r", self._shown(), message, extra={"report": "unexpected"})
        return await self._go_on(state)

    async def handle_call(self, request: Any, from_: From, state: SchedulerState) -> Reply:
        del from_
        if request == "dequeue":
            updated, timeout = await self.dequeue(replace(state, look_again=0.0))
            return Reply(updated.moved, updated, timeout)
        _log.error("%r received unexpected call: %r", self._shown(), request, extra={"report": "unexpected"})
        answer = ("error", ("unknown_request", request))
        going_on = await self._go_on(state)
        return Reply(answer, going_on.state, going_on.next)

    def system_continue(self, state: SchedulerState, timeout: Next) -> Next:
        """A system message moves no poll: what is left until it is armed."""
        del timeout
        return _left(state)

    async def _go_on(self, state: SchedulerState) -> NoReply:
        """Arm what is left until the next poll; poll now if nothing is, or steady mail would put it off for ever."""
        left = _left(state)
        if left == 0:
            return await self.handle_info(TIMEOUT, state)
        return NoReply(state, left)

    def _shown(self) -> object:
        me = here("scheduler")
        return me.name if me.name is not None else me.pid

    # -- the work

    @staticmethod
    async def dequeue(state: SchedulerState) -> tuple[SchedulerState, int]:
        """Move what is due, and say when to poll again (`Exq.Scheduler.Server.dequeue/1`).

        Jobs that a live key of a wrong type keeps in their set have the lowest scores there and would be looked at
        in every poll. So they are passed over, but for one look in `_LOOK_AGAIN` seconds, or ten times as long as
        the last look took: a stuck queue costs a bounded share of Redis however many jobs wait in it. A job that
        comes in among them, or one that goes, brings the look at once.

        Returns:
            The state, and ms until the next poll.
        """
        clock = here("dequeue").run_loop.clock
        started = clock.monotonic()
        looking = started >= state.look_again
        pass_over = {} if looking else await _still_kept(state)
        passes = await dequeue_passes(state.redis, state.namespace, pass_over=pass_over)
        ended = clock.monotonic()
        kept = {one.set_key: one.kept for one in passes if one.kept}
        updated = replace(
            state,
            next_poll=ended + state.scheduler_poll_timeout / 1000,
            moved=sum(one.moved for one in passes),
            reported=_report(passes, state.reported, complete=looking),
            kept=kept,
            horizons={key: await horizon_of(state.redis, key, count) for key, count in kept.items()},
            look_again=ended + max(_LOOK_AGAIN, 10 * (ended - started)) if looking else state.look_again,
        )
        if not updated.kept:
            updated = replace(updated, look_again=0.0)
        return updated, state.scheduler_poll_timeout


async def _still_kept(state: SchedulerState) -> dict[str, int]:
    """What may be passed over: the kept jobs of each set in which nothing has come among them or gone."""
    still = {}
    for set_key, kept in state.kept.items():
        horizon = state.horizons.get(set_key)
        if horizon is not None and await prefix_is_unchanged(state.redis, set_key, kept, horizon):
            still[set_key] = kept
    return still


def _left(state: SchedulerState) -> int:
    """ms until the next poll, rounded up; the first one is on its way as a cast."""
    if state.next_poll is None:
        return state.scheduler_poll_timeout
    left = state.next_poll - here("scheduler").run_loop.clock.monotonic()
    return max(0, math.ceil(left * 1000 - 1e-6))  # less the noise of a subtraction


def _report(passes: list[Pass], reported: frozenset[tuple[str, ...]], *, complete: bool) -> frozenset[tuple[str, ...]]:
    """Log what was moved, and each lasting trouble once; the troubles that last.

    Args:
        passes: what happened in each set.
        reported: what lasted before.
        complete: whether the sets were looked at from their beginning, so that what was not seen is over.
    """
    troubles: dict[tuple[str, ...], str] = {}
    for one in passes:
        if one.moved:
            queues = ", ".join(
                f"{name.decode('utf-8', 'backslashreplace')} {n}" for name, n in one.moved_by_queue.items()
            )
            _log.info(
                "Moved %d due job%s from %s (%s)",
                one.moved,
                "" if one.moved == 1 else "s",
                one.set_key,
                queues,
                extra={"report": "moved", "set": one.set_key, "moved": one.moved},
            )
        for (key, kind), jobs in one.stuck.items():
            shown = key.decode("utf-8", "backslashreplace")
            troubles["stuck", one.set_key, shown, kind] = (
                f"{shown} is a {kind} and takes no jobs: {jobs} due job(s) stay in {one.set_key} until that is mended"
            )
        if one.below_zero:
            troubles["below_zero", one.set_key] = (
                f"{one.below_zero} member(s) of {one.set_key} have a score below 0 and stay there, as in Exq"
            )
        if one.error is not None or not complete:  # not all was seen: what was reported stays so
            for trouble in reported:
                if trouble[1] == one.set_key:
                    troubles.setdefault(trouble, "")
    for trouble, text in troubles.items():
        if trouble not in reported:
            _log.warning("%s", text, extra={"report": trouble[0], "set": trouble[1]})
    return frozenset(troubles)
