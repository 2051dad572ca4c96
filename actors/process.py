"""A process: one Thespian actor that runs one coroutine, with a mailbox, links and monitors.

The life of one, step by step:

1. `Process(…)` registers it under its serial number, and `schedule` has it stepped.
2. `step` resumes the coroutine until it waits: for a message (`park`), for asyncio (a future), or for its next
   turn (a bare yield).
3. An exit signal that counts (`exit_signal`) marks it with the signal's reason and throws `CancelledError` into
   whatever it waits for. The reason is settled then, whatever the coroutine goes on to raise or return.
4. When the coroutine has unwound, `_end` frees names and links and tells the monitors, in that order. A kill
   does that at once and lets the coroutine unwind behind it.
"""

from __future__ import annotations

import asyncio
import contextvars
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any, Final, Protocol

from actors import reports
from actors._thespian import ProcessActor
from actors.errors import NotAProcessError
from actors.exits import Exit, is_normal, reason_of
from actors.messages import TIMEOUT, Down, Envelope, ExitMessage
from actors.pid import Pid, Ref
from actors.run_loop import RunLoop
from actors.task_facade import TaskFacade
from actors.timers import Timer

Match = Callable[[Any], object]

current_process: ContextVar[Process | None] = ContextVar("current_process", default=None)
"""The process that the running code acts for: set in its own context, and so also in tasks and threads it starts."""

_PARKED: Final = object()
"""Yielded by a coroutine that somebody will wake."""


class Watcher(Protocol):
    """Whoever wants to hear of a process's end."""

    def down(self, pid: Pid, reason: object) -> None: ...


class Monitor:
    """One monitor: what `monitor` makes and `demonitor` takes away."""

    __slots__ = ("object", "owner", "ref", "target")

    def __init__(self, ref: Ref, owner: Process, target: Process, object: Pid | tuple[object, str]) -> None:
        self.ref = ref
        self.owner = owner
        self.target = target
        self.object = object

    def down(self, pid: Pid, reason: object) -> None:
        del pid
        if self.owner.monitors is not None:
            self.owner.monitors.pop(self.ref, None)
        self.owner.deliver(Down(self.ref, self.object, reason))


class Process(ProcessActor):
    """See the module. Everything here is called on the node's own thread.

    Attributes:
        pid: its identity.
        run_loop: the node's heart that steps it.
        mailbox: what was sent and not yet received, oldest first.
        trapping: whether exit signals come as messages.
        ended: whether it counts as dead for everybody else.
        queued: whether it stands in the run loop's queue.
        awaited: the asyncio future it waits for, if any.
        throw_next: what is to be thrown at its next wait, if anything.
        links: the processes it is linked to.
        watchers: who hears of its end (monitors, and callers that wait).
        monitors: the monitors it has set, by reference.
        label: what reports call it: its initial function.
    """

    __slots__ = (
        "_cancelled",
        "_looked_at",
        "_reason",
        "_waiting",
        "awaited",
        "context",
        "coroutine",
        "ended",
        "ending",
        "label",
        "last_sender",
        "links",
        "mailbox",
        "monitors",
        "name",
        "owned_tasks",
        "pid",
        "queued",
        "reports_exceptions",
        "run_loop",
        "task",
        "throw_next",
        "trapping",
        "watchers",
    )

    def __init__(self, run_loop: RunLoop, coroutine: Coroutine[Any, Any, Any], label: object) -> None:
        serial = run_loop.next_serial()
        self.pid = Pid(run_loop.node_id, serial, self)
        self.run_loop = run_loop
        self.label = label
        self.mailbox: deque[Any] = deque()
        self.trapping = False
        self.ended = False
        self.ending = False
        self.queued = False
        self.reports_exceptions = True
        self.awaited: asyncio.Future[Any] | None = None
        self.links: dict[Process, None] | None = None
        self.watchers: dict[Watcher, None] = {}
        self.monitors: dict[Ref, Monitor] | None = None
        self.owned_tasks: set[asyncio.Task[Any]] | None = None
        self.name: str | None = None
        self.last_sender: object | None = None
        self._reason: object = None
        self._waiting = False
        self._looked_at = 0
        self._cancelled = False
        self.throw_next: BaseException | None = None
        self.coroutine: Coroutine[Any, Any, Any] | None = coroutine
        self.task = TaskFacade(self)
        self.context = contextvars.copy_context()
        self.context.run(current_process.set, self)
        run_loop.processes[serial] = self

    def __repr__(self) -> str:
        return f"<process {self.pid!r} {self.label!r}>"

    # -- the mailbox

    def deliver(self, message: object) -> None:
        """Append `message`; wake the process if it waits for one. The mail of one that ends is dropped."""
        if self.ending:
            return
        self.mailbox.append(message)
        if self._waiting:
            self._waiting = False
            self.run_loop.schedule(self)

    async def receive(self, match: Match | None, timeout: int | None) -> Any:
        """The first message that `match` takes, or `TIMEOUT` after `timeout` ms (None: never)."""
        run_loop, mailbox = self.run_loop, self.mailbox
        if run_loop.running is not self:
            raise NotAProcessError(
                "receive in a task that a process made", "receive in the process itself, and hand the message on"
            )
        if run_loop.turn_is_over():
            await (self.park() if self._cancelled else _next_turn())  # after its end there is no next turn
        if match is None and mailbox:
            return self._opened(mailbox.popleft())
        self._looked_at = 0
        timer: Timer | None = None
        try:
            while True:
                found = self._find(match, self._looked_at)
                if found is not None:
                    return self._opened(self.take(found))
                self._looked_at = len(mailbox)
                if timer is None:
                    if timeout == 0:
                        return TIMEOUT
                    if timeout is not None:
                        timer = run_loop.start_timer(timeout, self._receive_timed_out)
                elif timer.callback is None:
                    return TIMEOUT
                self._waiting = True
                await self.park()
        finally:
            self._waiting = False
            if timer is not None and timer.callback is not None:
                run_loop.timers.cancel(timer)

    def _find(self, match: Match | None, start: int) -> int | None:
        if match is None:
            return 0 if self.mailbox else None
        for index in range(start, len(self.mailbox)):
            message = self.mailbox[index]
            if match(message.message if message.__class__ is Envelope else message):
                return index
        return None

    def take(self, index: int) -> Any:
        """Take one message out of the mailbox; a `receive` that waits has then looked at one fewer."""
        message = self.mailbox[index]
        del self.mailbox[index]
        if index < self._looked_at:
            self._looked_at -= 1
        return message

    def _opened(self, message: Any) -> Any:
        if message.__class__ is Envelope:
            self.last_sender = message.sender
            return message.message
        return message

    def _receive_timed_out(self) -> None:
        if self._waiting:
            self._waiting = False
            self.run_loop.schedule(self)

    def receive_from_actor(self, message: object, sender: object) -> None:
        """What Thespian delivers: a plain actor's message, beside its address."""
        self.deliver(Envelope(message, sender))

    def exit_from_actor(self) -> None:
        """Thespian's `ActorExitRequest`: an exit signal `shutdown`."""
        self.exit_signal(self.pid, "shutdown")

    # -- waiting and being resumed

    @types.coroutine
    def park(self) -> Generator[object, None, None]:
        """Wait until `run_loop.schedule` is called for this process."""
        yield _PARKED

    def step(self) -> None:
        """Resume the coroutine until it waits again, or ends."""
        coroutine = self.coroutine
        if coroutine is None:
            return
        try:
            yielded = self.context.run(coroutine.send, None) if self.throw_next is None else self._throw(coroutine)
            while yielded is _PARKED and self.throw_next is not None:
                yielded = self._throw(coroutine)
        except StopIteration:
            self._end("normal")
        except BaseException as error:  # whatever a process raises is its own end, never the node's
            self._end_by(error)
        else:
            if yielded is _PARKED:
                if self._cancelled:  # it waits for mail or a reply after its end
                    self._abandon(coroutine)
            elif yielded is None:
                self.run_loop.schedule(self)
            else:
                self._await(yielded)

    def _throw(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        error, self.throw_next = self.throw_next, None
        assert error is not None
        if self.ending:
            self._cancelled = True
        return self.context.run(coroutine.throw, error)

    def _await(self, yielded: Any) -> None:
        """Wait for what asyncio's own awaitables yield: a future of this loop."""
        if getattr(yielded, "_asyncio_future_blocking", None) is not True:
            text = f"a process can await this library's functions and anything of asyncio; got {yielded!r}"
        elif yielded.get_loop() is not self.run_loop.loop:
            text = f"{yielded!r} belongs to another event loop than this process's node"
        else:
            yielded._asyncio_future_blocking = False
            self.awaited = yielded
            self.run_loop.awaiting_asyncio += 1
            yielded.add_done_callback(self._awaited_done, context=self.context)
            if self.throw_next is not None and yielded.cancel(msg=_text_of(self.throw_next)):
                self.throw_next = None
            return
        self.throw_next = RuntimeError(text)
        self.run_loop.schedule(self)

    def _awaited_done(self, future: asyncio.Future[Any]) -> None:
        self.awaited = None
        self.run_loop.asyncio_wait_ended()
        if self.ending and not self._cancelled:
            if future.cancelled():
                self._cancelled = True
            elif self.throw_next is None:
                self.throw_next = asyncio.CancelledError()  # what it awaited swallowed the cancellation
        self.run_loop.schedule(self)

    def interrupt(self, message: object | None = None) -> None:
        """Throw `CancelledError` into what the process waits for, or at its next wait if it runs now."""
        awaited = self.awaited
        if awaited is not None and awaited.cancel(msg=message):
            return
        self.throw_next = asyncio.CancelledError() if message is None else asyncio.CancelledError(message)
        if awaited is None and self.run_loop.running is not self:  # what is done already will wake it by itself
            self._waiting = False
            self.run_loop.schedule(self)

    def uninterrupt(self) -> None:
        """Take back an interrupt that has not been thrown (asyncio's `uncancel`)."""
        if not self.ending and isinstance(self.throw_next, asyncio.CancelledError):
            self.throw_next = None

    # -- exits

    def exit_signal(self, sender: Pid, reason: object, *, kill: bool = False) -> None:
        """An exit signal arrives: ignored, put into the mailbox, or the end (Erlang's rules for `exit/2`)."""
        if kill:
            if not self.ended:
                self._die("killed")
                self._leave()
        elif self.ending or self.ended:
            return
        elif self.trapping:
            self.deliver(ExitMessage(sender, reason))
        elif not is_normal(reason) or sender is self.pid:
            self._die(reason)

    def _die(self, reason: object) -> None:
        already = self.ending
        self.ending = True
        self._reason = reason
        self.mailbox.clear()
        if self.run_loop.running is self:
            self.run_loop.turn_ends = 0.0
        if not already:
            self.task.count_signal()
            self.interrupt()

    def _end_by(self, error: BaseException) -> None:
        reason = reason_of(error)
        if not self.ending and self.reports_exceptions and not isinstance(error, Exit):
            reports.process_raised(self.pid, self.label, reason)
        self._end(reason)

    def _abandon(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """The end of a coroutine that waits for mail after its end: there will be none."""
        self._close(coroutine)
        self._end(self._reason)

    def _close(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        try:
            self.context.run(coroutine.close)
        except BaseException as error:  # it refuses to end, whatever it says
            _never_resume(coroutine)
            reports.would_not_unwind(self.pid, self.label, error)

    def _end(self, reason: object) -> None:
        self.coroutine = None
        if not self.ending:
            self.ending = True
            self._reason = reason
        if not self.ended:
            self._leave()
        self.task.tell_done()

    def _leave(self) -> None:
        """Count as dead: names first, then links, then monitors."""
        self.ended = True
        reason, pid, run_loop = self._reason, self.pid, self.run_loop
        run_loop.processes.pop(pid.serial, None)
        pid._process = None
        if self.name is not None:
            run_loop.names.pop(self.name, None)
        self.mailbox.clear()
        for monitor in (self.monitors or {}).values():
            monitor.target.watchers.pop(monitor, None)
        self.monitors = None
        if self.owned_tasks:
            for task in list(self.owned_tasks):
                task.cancel()
        links, self.links = self.links, None
        for linked in links or ():
            if linked.links is not None:
                linked.links.pop(self, None)
            linked.exit_signal(pid, reason)
        watchers, self.watchers = self.watchers, {}
        for watcher in watchers:
            watcher.down(pid, reason)

    def close(self) -> None:
        """The node ends: whatever the coroutine still does, it does now."""
        coroutine, self.coroutine = self.coroutine, None
        self.ended = self.ending = True
        if coroutine is not None:
            self._close(coroutine)


@types.coroutine
def _next_turn() -> Generator[None, None, None]:
    """Let the others have their turn."""
    yield None


def _text_of(error: BaseException) -> object | None:
    return error.args[0] if error.args else None


def _never_resume(coroutine: object) -> None:
    """Keep a coroutine that catches everything, its own end too, from being collected.

    Collecting it would throw `GeneratorExit` into it again, and `while True: try: … except BaseException: pass`
    would then spin the interpreter for ever. One reference too many, which nothing gives back, prevents that even
    at the program's end.
    """
    import ctypes  # for a case that a sound program never meets

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(coroutine))
