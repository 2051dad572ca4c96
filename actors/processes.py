"""What a process does: spawn, send, receive, link, monitor, exit. Erlang's BIFs, by their own names."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

from actors._thespian import ActorAddress, is_actor_address
from actors.errors import BadTypeError, BadValueError
from actors.exits import Exit
from actors.messages import TIMEOUT, Down, ExitMessage, Timeout_
from actors.options import INFINITY, Infinity, Timeout, check_timeout
from actors.pid import Pid, Ref
from actors.process import Match, Monitor, Process
from actors.registry import find, living
from actors.run_loop import RunLoop
from actors.scope import at_home, here
from actors.timers import Timer

AsyncFunction = Callable[..., Coroutine[Any, Any, Any]]
Destination: TypeAlias = Pid | str | ActorAddress


def start_process(run_loop: RunLoop, function: AsyncFunction, arguments: tuple[Any, ...]) -> Process:
    """Make a process of `function(*arguments)` and have it stepped.

    Raises:
        BadTypeError: when the function is no `async def`.
    """
    coroutine = function(*arguments)
    if not isinstance(coroutine, Coroutine):
        raise BadTypeError(
            f"a process runs an `async def` function: spawn(fn, *args) with `async def fn(*args)`; "
            f"got {function!r}, which returned {type(coroutine).__name__}"
        )
    process = Process(run_loop, coroutine, function)
    run_loop.schedule(process)
    return process


def spawn(function: AsyncFunction, *arguments: Any) -> Pid:
    """Run `async def function(*arguments)` as a new process (Erlang's `spawn/3`).

    Raises:
        BadTypeError: when the function is no `async def`.
    """
    return start_process(at_home("spawn").run_loop, function, arguments).pid


def spawn_link(function: AsyncFunction, *arguments: Any) -> Pid:
    """`spawn`, linked to this process from the first moment (Erlang's `spawn_link/3`)."""
    me = at_home("spawn_link")
    process = start_process(me.run_loop, function, arguments)
    join(me, process)
    return process.pid


def spawn_monitor(function: AsyncFunction, *arguments: Any) -> tuple[Pid, Ref]:
    """`spawn`, monitored from the first moment (Erlang's `spawn_monitor/3`): the pid and the monitor."""
    me = at_home("spawn_monitor")
    process = start_process(me.run_loop, function, arguments)
    return process.pid, watch(me, process, process.pid)


def current() -> Pid:
    """This process's own pid (Elixir's `self()`)."""
    return here("current").pid


def send(dest: Destination, message: object) -> None:
    """Put `message` into a mailbox (Elixir's `send/2`); never waits. Messages go by reference.

    A dead pid is ignored. Order between two processes is kept.

    Raises:
        BadValueError: when `dest` is a name that nobody has.
        BadTypeError: when `dest` is no Pid, name or Thespian address.
    """
    me = here("send")
    run_loop = me.run_loop
    if not run_loop.on_own_thread:
        run_loop.post(lambda: _send_from_thread(me, dest, message))
        return
    if dest.__class__ is Pid:
        process = dest._process
        if process is not None and process.run_loop is run_loop:
            process.deliver(message)
        else:
            run_loop.is_foreign(dest)
        return
    if is_actor_address(dest):
        base = run_loop.base
        assert base is not None
        base.actor_send(me.address, dest, message)
        return
    target = find(run_loop, dest, "send")
    if target is None:
        raise BadValueError(f"send: nobody is registered as {dest!r}")
    target.deliver(message)


def _send_from_thread(me: Process, dest: Destination, message: object) -> None:
    def send_as_the_process() -> None:
        with contextlib.suppress(BadValueError):  # nobody is left to be told
            send(dest, message)

    me.context.copy().run(send_as_the_process)


def receive(match: Match | None = None, timeout: Timeout = INFINITY) -> Awaitable[Any]:
    """The first message for which `match(message)` is true (any, by default), awaited (Erlang's `receive`).

    Messages that don't match stay in the mailbox, in order.

    Args:
        match: called with each waiting message, oldest first; must not have side effects.
        timeout: ms to wait, `INFINITY` by default; 0 looks at what is there.

    Returns:
        The message, or `TIMEOUT`.

    Raises:
        NotAProcessError: outside a process, or in a task that a process made.
        BadTypeError, BadValueError: for a bad timeout.
    """
    me = here("receive")
    check_timeout(timeout, "receive: timeout")
    return me.receive(match, timeout if isinstance(timeout, int) else None)


def sender() -> ActorAddress | None:
    """The address of the plain Thespian actor (or `ActorSystem.ask`) whose message was received last.

    `send(sender(), answer)` answers it. None when no plain actor has written yet. Messages of processes carry
    no sender, as in OTP: put `current()` into them.
    """
    return here("sender").last_sender


def link(pid: Pid) -> None:
    """Link this process and another (Erlang's `link/1`): when one ends, the other gets an exit signal.

    Raises:
        Exit: `"noproc"` when the process is dead and this one doesn't trap exits; a trapping one gets
            `ExitMessage(pid, "noproc")`, as in OTP.
    """
    me = at_home("link")
    _check_pid(pid, "link")
    process = living(me.run_loop, pid)
    if process is None:
        me.exit_signal(pid, "noproc")
        if not me.trapping:
            raise Exit("noproc")
    elif process is not me:
        join(me, process)


def unlink(pid: Pid) -> None:
    """Take the link away (Erlang's `unlink/1`): no exit signal comes from it any more."""
    me = at_home("unlink")
    _check_pid(pid, "unlink")
    process = living(me.run_loop, pid)
    if process is not None:
        part(me, process)


def monitor(dest: Pid | str) -> Ref:
    """Be told once, by `Down(ref, pid, reason)`, when a process ends (Elixir's `Process.monitor/1`).

    A dead process or an unknown name gives `Down` with `"noproc"` at once. For a monitor by name the message's
    `pid` is `(name, node name)`, as in OTP.
    """
    me = at_home("monitor")
    process = find(me.run_loop, dest, "monitor")
    what: Pid | tuple[object, str] = dest if isinstance(dest, Pid) else (dest, me.run_loop.name)
    if process is None:
        ref = Ref()
        me.deliver(Down(ref, what, "noproc"))
        return ref
    return watch(me, process, what)


def demonitor(ref: Ref, flush: bool = False) -> bool:
    """Take a monitor away (Erlang's `demonitor/2`).

    Args:
        ref: what `monitor` returned.
        flush: also take its `Down` out of the mailbox, if it has come.

    Returns:
        Whether it was still set.
    """
    me = at_home("demonitor")
    if not isinstance(ref, Ref):
        raise BadTypeError(f"demonitor takes what monitor returned, a Ref; got {ref!r} of type {type(ref).__name__}")
    found = me.monitors.pop(ref, None) if me.monitors else None
    if found is not None:
        found.target.watchers.pop(found, None)
    elif flush:
        flush_down(me, ref)
    return found is not None


def trap_exit(flag: bool) -> bool:
    """Get exit signals as `ExitMessage`s instead of ending by them (`Process.flag(:trap_exit, flag)`).

    Returns:
        The flag as it was.
    """
    me = at_home("trap_exit")
    if not isinstance(flag, bool):
        raise BadTypeError(f"trap_exit takes True or False; got {flag!r} of type {type(flag).__name__}")
    before, me.trapping = me.trapping, flag
    return before


def exit_process(pid: Pid, reason: object) -> None:
    """Send an exit signal (Elixir's `Process.exit/2`).

    `"kill"` can't be trapped, and others see it as `"killed"`. `"normal"` is ignored by a process that does not
    trap exits, unless it is this one. Sent to oneself, untrapped, it does not return.
    """
    me = here("exit_process")
    if not me.run_loop.on_own_thread:
        me.run_loop.post(lambda: me.context.copy().run(exit_process, pid, reason))
        return
    _check_pid(pid, "exit_process")
    process = living(me.run_loop, pid)
    if process is None:
        return
    kill = isinstance(reason, str) and reason == "kill"
    process.exit_signal(me.pid, reason, kill=kill)
    if process is me and me.ending and me.run_loop.running is me:
        raise Exit(reason)


class TimerRef(Ref):
    """What `send_after` returns and `cancel_timer` takes."""

    __slots__ = ("_run_loop", "_timer")

    def __init__(self, run_loop: RunLoop, timer: Timer) -> None:
        super().__init__()
        self._run_loop = run_loop
        self._timer = timer

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a timer can't be pickled: it belongs to its node")


def send_after(dest: Pid | str, message: object, ms: int) -> TimerRef:
    """Send `message` after `ms` milliseconds (Elixir's `Process.send_after/3`); traffic doesn't cancel it.

    A name is looked up when the time comes; if nobody has it then, the message is dropped.

    Raises:
        BadTypeError, BadValueError: for a time that is no int from 0 to 2**32-1, or a bad destination.
    """
    me = at_home("send_after")
    if isinstance(ms, Infinity):
        raise BadValueError("send_after: ms must be an int of milliseconds; a message after INFINITY never comes")
    check_timeout(ms, "send_after: ms")
    run_loop = me.run_loop
    find(run_loop, dest, "send_after")  # refuses what is no destination

    def due() -> None:
        target = find(run_loop, dest, "send_after")
        if target is not None:
            target.deliver(message)

    return TimerRef(run_loop, run_loop.start_timer(ms, due))


def cancel_timer(ref: TimerRef) -> int | None:
    """Cancel what `send_after` started (Elixir's `Process.cancel_timer/1`).

    Returns:
        The milliseconds that were left, or None when it had fired or been cancelled.
    """
    if not isinstance(ref, TimerRef):
        raise BadTypeError(f"cancel_timer takes what send_after returned; got {ref!r} of type {type(ref).__name__}")
    return ref._run_loop.cancel_timer(ref._timer)


def is_alive(pid: Pid) -> bool:
    """Whether the process lives (Elixir's `Process.alive?/1`): False from the exit signal on that ends it."""
    me = here("is_alive")
    _check_pid(pid, "is_alive")
    process = living(me.run_loop, pid)
    return process is not None and not process.ending


# -- for the behaviours above


def join(one: Process, other: Process) -> None:
    """Link two living processes."""
    for mine, theirs in ((one, other), (other, one)):
        if mine.links is None:
            mine.links = {}
        mine.links[theirs] = None


def part(one: Process, other: Process) -> None:
    """Take the link between two processes away."""
    for mine, theirs in ((one, other), (other, one)):
        if mine.links is not None:
            mine.links.pop(theirs, None)


def watch(owner: Process, target: Process, what: Pid | tuple[object, str]) -> Ref:
    """Have `owner` monitor `target`."""
    ref = Ref()
    made = Monitor(ref, owner, target, what)
    if owner.monitors is None:
        owner.monitors = {}
    owner.monitors[ref] = made
    target.watchers[made] = None
    return ref


def flush_down(me: Process, ref: Ref) -> None:
    """Take a monitor's `Down` out of the mailbox."""
    for index, message in enumerate(me.mailbox):
        if isinstance(message, Down) and message.ref == ref:
            me.take(index)
            return


def flush_exit(me: Process, pid: Pid) -> ExitMessage | Timeout_:
    """Take a process's `ExitMessage` out of the mailbox, if it has come."""
    for index, message in enumerate(me.mailbox):
        if isinstance(message, ExitMessage) and message.pid == pid:
            me.take(index)
            return message
    return TIMEOUT


def _check_pid(pid: object, function: str) -> None:
    if not isinstance(pid, Pid):
        hint = "; whereis(name) gives a name's Pid" if isinstance(pid, str) else ""
        raise BadTypeError(f"{function} takes a Pid; got {pid!r} of type {type(pid).__name__}{hint}")
