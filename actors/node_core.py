"""A node's inside, on the node's own thread: runs, trees, and the end. `Node` and `AsyncNode` are doors to it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final

from actors import owned_tasks
from actors._thespian import System
from actors.clock import Clock
from actors.errors import BadTypeError, BadValueError, StartError
from actors.exits import Crash, Exit
from actors.messages import ExitMessage
from actors.pid import Pid
from actors.process import Process
from actors.processes import receive, start_process, trap_exit
from actors.run_loop import RunLoop

DEFAULT_NAME: Final = "nonode@nohost"
_UNWIND_SECONDS: Final = 1.0
"""How long the end of a node waits for `finally` blocks that await asyncio."""


class Outcome:
    """How a `run` ended: told by the process's end, and by what its function returned or raised."""

    def __init__(self, run_loop: RunLoop, done: Callable[[Outcome], None]) -> None:
        self._run_loop = run_loop
        self._done = done
        self._finished = False
        self.value: Any = None
        self.error: BaseException | None = None

    async def body(self, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        try:
            value = function(*arguments, **options)
            self.value = await value if inspect.isawaitable(value) else value
        except Exception as error:
            self.error = error
            raise Exit(Crash.from_exception(error)) from None
        self._finished = True

    def down(self, pid: Pid, reason: object) -> None:
        del pid
        self._run_loop.runs -= 1
        if not self._finished and not isinstance(self.error, Exception):
            self.error = Exit(reason)
        self._done(self)


class NodeCore:
    """A node's inside: everything here happens on its own thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, name: str) -> None:
        self.run_loop = RunLoop(loop, clock, name)
        self.system = System(self.run_loop)
        self.trees: list[Process] = []
        owned_tasks.install(loop)

    def run(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        done: Callable[[Outcome], None],
    ) -> Process:
        outcome = Outcome(self.run_loop, done)
        process = start_process(self.run_loop, outcome.body, (function, arguments, options))
        process.label = function
        process.watchers[outcome] = None
        self.run_loop.runs += 1
        return process

    def start_tree(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], started: Callable[[TreeStart], None]
    ) -> Process:
        start = TreeStart(started)
        master = start_process(self.run_loop, start.body, (function, arguments))
        master.label = function
        master.reports_exceptions = False
        start.master = master
        master.watchers[start] = None
        self.trees = [tree for tree in self.trees if not tree.ended]
        self.trees.append(master)
        return master

    async def stop(self) -> None:
        """End the trees in reverse order of their start, then every other process, then Thespian."""
        for master in reversed(self.trees):
            if not master.ended:
                ended = self.run_loop.loop.create_future()
                master.watchers[_Signal(ended)] = None
                master.exit_signal(master.pid, "shutdown")
                await ended
        await self._end_all()
        self.system.shutdown()
        self.run_loop.close()
        owned_tasks.uninstall(self.run_loop.loop)

    async def _end_all(self) -> None:
        """Kill every process, those too that another's `finally` spawns, and give them a while to unwind."""
        loop = self.run_loop.loop
        deadline = loop.time() + _UNWIND_SECONDS
        killed: dict[Process, None] = {}
        while True:
            for process in list(self.run_loop.processes.values()):
                killed[process] = None
                process.exit_signal(process.pid, "kill", kill=True)
            unwinding = [process for process in killed if process.coroutine is not None]
            if not unwinding or loop.time() > deadline:
                break
            await asyncio.sleep(0.001 if any(process.awaited is not None for process in unwinding) else 0)
        for process in killed:
            process.close()


class _Signal:
    def __init__(self, future: asyncio.Future[None]) -> None:
        self._future = future

    def down(self, pid: Pid, reason: object) -> None:
        del pid, reason
        if not self._future.done():
            self._future.set_result(None)


class TreeStart:
    """The process above a top supervisor, as OTP's application master: it starts it, and ends with it."""

    def __init__(self, started: Callable[[TreeStart], None]) -> None:
        self._started = started
        self._told = False
        self._on_end: list[Callable[[object], None]] = []
        self.master: Process | None = None
        self.pid: Pid | None = None
        self.error: BaseException | None = None
        self.reason: object = None
        self.ended = False

    async def body(self, function: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> None:
        trap_exit(True)
        try:
            self.pid = await function(*arguments)
            if self.pid is None:
                raise StartError("ignore")
        except Exception as error:  # raised again where start_tree was called
            self.error = error
            return
        self._tell_started()
        me = self.master
        assert me is not None
        while True:
            message = await receive(lambda one: isinstance(one, ExitMessage))
            if message.pid == self.pid:
                raise Exit(message.reason)
            if message.pid == me.pid:  # the node's own stop
                top = self.pid._process
                if top is not None:
                    top.exit_signal(me.pid, message.reason)

    def _tell_started(self) -> None:
        if not self._told:
            self._told = True
            self._started(self)

    def down(self, pid: Pid, reason: object) -> None:
        del pid
        self.ended, self.reason = True, reason
        if self.pid is None and self.error is None:
            self.error = Exit(reason)
        self._tell_started()
        for callback in self._on_end:
            callback(reason)

    def when_ended(self, callback: Callable[[object], None]) -> None:
        if self.ended:
            callback(self.reason)
        else:
            self._on_end.append(callback)


def check_base(base: object) -> None:
    if base == "multiprocess":
        raise BadValueError(
            'Node("multiprocess"), an OS process for each actor, comes in a later release; accepted now: Node(), '
            "one OS process. For blocking or CPU-bound work use asyncio.to_thread in a handler"
        )
    if base != "embedded":
        raise BadValueError(f'Node takes a base: "embedded" (the default); got {base!r}')


def check_callable(what: str, function: object) -> None:
    if not callable(function):
        hint = "; pass the function and its arguments, not what it returns" if inspect.iscoroutine(function) else ""
        if inspect.iscoroutine(function):
            function.close()
        raise BadTypeError(f"{what} takes an async function and its arguments; got {function!r}{hint}")
