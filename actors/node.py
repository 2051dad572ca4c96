"""The door for code that is no process: start a node, run coroutines on it as processes, stop it.

`Node` has a thread and an event loop of its own and may be used from any thread. `AsyncNode` runs on the caller's
running loop, its methods awaited. Both stand on `_Core`, which lives on the node's own thread.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from actors import owned_tasks
from actors._thespian import ActorAddress, ActorSystem, System, address_of
from actors.clock import SYSTEM_CLOCK, Clock
from actors.errors import BadTypeError, BadValueError, NodeError, StartError
from actors.exits import Crash, Exit
from actors.gen_server import call, cast
from actors.messages import ExitMessage
from actors.options import Timeout
from actors.pid import Pid
from actors.process import Process
from actors.processes import Destination, receive, send, start_process, trap_exit
from actors.registry import whereis
from actors.run_loop import RunLoop

DEFAULT_NAME = "nonode@nohost"
_UNWIND_SECONDS = 1.0
"""How long the end of a node waits for `finally` blocks that await asyncio."""


class _Outcome:
    """How a `run` ended: told by the process's end, and by what its function returned or raised."""

    def __init__(self, run_loop: RunLoop, done: Callable[[_Outcome], None]) -> None:
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


class _Core:
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
        done: Callable[[_Outcome], None],
    ) -> Process:
        outcome = _Outcome(self.run_loop, done)
        process = start_process(self.run_loop, outcome.body, (function, arguments, options))
        process.label = function
        process.watchers[outcome] = None
        self.run_loop.runs += 1
        return process

    def start_tree(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], started: Callable[[_TreeStart], None]
    ) -> None:
        start = _TreeStart(started)
        master = start_process(self.run_loop, start.body, (function, arguments))
        master.label = function
        master.reports_exceptions = False
        start.master = master
        master.watchers[start] = None
        self.trees.append(master)

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


class _TreeStart:
    """The process above a top supervisor, as OTP's application master: it starts it, and ends with it."""

    def __init__(self, started: Callable[[_TreeStart], None]) -> None:
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


def _check_base(base: object) -> None:
    if base == "multiprocess":
        raise BadValueError(
            'Node("multiprocess"), an OS process for each actor, comes in a later release; accepted now: Node(), '
            "one OS process. For blocking or CPU-bound work use asyncio.to_thread in a handler"
        )
    if base != "embedded":
        raise BadValueError(f'Node takes a base: "embedded" (the default); got {base!r}')


def _check_callable(what: str, function: object) -> None:
    if not callable(function):
        hint = "; pass the function and its arguments, not what it returns" if inspect.iscoroutine(function) else ""
        if inspect.iscoroutine(function):
            function.close()
        raise BadTypeError(f"{what} takes an async function and its arguments; got {function!r}{hint}")


class Node:
    """A node on a thread of its own; use it as a context manager, from any thread.

        with Node() as node:
            pid = node.run(Counter.start, 0)
            node.call(pid, "get")

    Args:
        base: `"embedded"`: all processes in this OS process.
        clock: what timers and the wall clock read; `ManualClock` in tests.
        name: the node's name, which monitors by name show.
    """

    def __init__(self, base: str = "embedded", *, clock: Clock = SYSTEM_CLOCK, name: str = DEFAULT_NAME) -> None:
        _check_base(base)
        self._clock = clock
        self._name = name
        self._core: _Core | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tree: _TreeStart | None = None
        self._lock = threading.Lock()  # what was posted before a stop is done before it

    def start(self) -> Self:
        """Start the thread; `with Node() as node` does."""
        if self._thread is not None:
            raise NodeError("this node was started before; make a new Node")
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._main, args=(ready,), name=f"node {self._name}", daemon=True)
        self._thread.start()
        ready.result()
        return self

    def _main(self, ready: concurrent.futures.Future[None]) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._stopped = asyncio.Event()

            async def main() -> None:
                self._core = _Core(asyncio.get_running_loop(), self._clock, self._name)
                ready.set_result(None)
                await self._stopped.wait()

            runner.run(main())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the trees in order, end every process, and end the thread. Stopping twice is allowed."""
        with self._lock:
            core = self._core
            if core is None:
                return
            if core.run_loop.on_own_thread:
                raise NodeError("node.stop waits for the node, and can't be called on its own thread")
            self._core = None
            loop = core.run_loop.loop
            stopping = asyncio.run_coroutine_threadsafe(core.stop(), loop)
        stopping.result()
        loop.call_soon_threadsafe(self._stopped.set)
        assert self._thread is not None
        self._thread.join()

    @property
    def system(self) -> ActorSystem:
        """The node's Thespian `ActorSystem`: `createActor`, `tell` and `ask` for plain actors."""
        return self._running().system

    def address_of(self, pid: Pid) -> ActorAddress:
        """A process's Thespian address."""
        return address_of(pid)

    def run(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Run `function(*arguments, **options)` as a process, and return what it returns.

        Raises:
            Exit: when the process ended by an exit or a signal.
            NodeError: on the node's own thread, where waiting would be a deadlock.
            Exception: whatever the function raised.
        """
        _check_callable("node.run", function)
        result: concurrent.futures.Future[Any] = concurrent.futures.Future()

        def done(outcome: _Outcome) -> None:
            if outcome.error is not None:
                result.set_exception(outcome.error)
            else:
                result.set_result(outcome.value)

        self._post("node.run", lambda core: core.run(function, arguments, options, done))
        return result.result()

    def call(self, dest: Pid | str, request: Any, timeout: Timeout = 5000) -> Any:
        """`call` from outside: see there."""
        return self.run(call, dest, request, timeout)

    def cast(self, dest: Pid | str, request: Any) -> None:
        """`cast` from outside: see there."""
        self.run(cast, dest, request)

    def send(self, dest: Destination, message: Any) -> None:
        """`send` from outside: see there."""
        self.run(send, dest, message)

    def whereis(self, name: str) -> Pid | None:
        """`whereis` from outside: see there."""
        found: Pid | None = self.run(whereis, name)
        return found

    def start_tree(self, function: Callable[..., Awaitable[Any]], *arguments: Any) -> Pid:
        """Start a top supervisor as OTP starts a permanent application: `node.start_tree(Tree.start_link, arg)`.

        Returns:
            The supervisor's pid. `wait` tells of its end; `stop` ends it in order.

        Raises:
            StartError: when it did not start.
        """
        _check_callable("node.start_tree", function)
        result: concurrent.futures.Future[_TreeStart] = concurrent.futures.Future()
        self._post("node.start_tree", lambda core: core.start_tree(function, arguments, result.set_result))
        tree = result.result()
        if tree.error is not None:
            raise tree.error
        self._tree = tree
        assert tree.pid is not None
        return tree.pid

    def wait(self, timeout: Timeout | None = None) -> object:
        """Wait until the tree started last has ended for good.

        Args:
            timeout: ms to wait; without it, for ever.

        Returns:
            Its exit reason.

        Raises:
            TimeoutError: when it still runs after `timeout`.
            NodeError: when no tree was started.
        """
        tree = self._tree
        if tree is None:
            raise NodeError("node.wait waits for a tree: call node.start_tree first")
        if tree.ended:
            return tree.reason
        result: concurrent.futures.Future[object] = concurrent.futures.Future()
        self._post("node.wait", lambda _core: tree.when_ended(result.set_result))
        return result.result(timeout / 1000 if isinstance(timeout, int) else None)

    def _running(self) -> _Core:
        if self._core is None:
            raise NodeError("the node is not running: use it inside `with Node() as node:`")
        return self._core

    def _post(self, what: str, callback: Callable[[_Core], object]) -> None:
        """Have `callback` called on the node's thread, for one who will wait for what it does."""
        with self._lock:
            core = self._running()
            if core.run_loop.on_own_thread:
                raise NodeError(
                    f"{what} waits for the node, and was called on the node's own thread: inside a process "
                    "await the function itself (call, receive, Tree.start_link …)"
                )
            core.run_loop.post(lambda: callback(core))


class AsyncNode:
    """A node on the running event loop: `async with AsyncNode() as node`, for FastAPI's lifespan and the like.

    The methods are those of `Node`, awaited. Processes and the application's own tasks share the loop.
    """

    def __init__(self, base: str = "embedded", *, clock: Clock = SYSTEM_CLOCK, name: str = DEFAULT_NAME) -> None:
        _check_base(base)
        self._clock = clock
        self._name = name
        self._core: _Core | None = None
        self._tree: _TreeStart | None = None

    async def start(self) -> Self:
        """Start on the running loop; `async with` does."""
        if self._core is not None:
            raise NodeError("this node runs already")
        self._core = _Core(asyncio.get_running_loop(), self._clock, self._name)
        return self

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop the trees in order and end every process. Stopping twice is allowed."""
        core, self._core = self._core, None
        if core is not None:
            await core.stop()

    @property
    def system(self) -> ActorSystem:
        """The node's Thespian `ActorSystem`; its `ask` waits and so is for other threads."""
        return self._running().system

    def address_of(self, pid: Pid) -> ActorAddress:
        """A process's Thespian address."""
        return address_of(pid)

    async def run(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """`Node.run`, awaited. A cancelled `run` ends its process with the reason `"cancelled"`."""
        _check_callable("node.run", function)
        core = self._running()
        result: asyncio.Future[_Outcome] = core.run_loop.loop.create_future()

        def done(outcome: _Outcome) -> None:
            if not result.done():
                result.set_result(outcome)

        process = core.run(function, arguments, options, done)
        try:
            outcome = await result
        except asyncio.CancelledError:
            process.exit_signal(process.pid, "cancelled")
            raise
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    async def call(self, dest: Pid | str, request: Any, timeout: Timeout = 5000) -> Any:
        """`call` from outside: see there."""
        return await self.run(call, dest, request, timeout)

    async def cast(self, dest: Pid | str, request: Any) -> None:
        """`cast` from outside: see there."""
        await self.run(cast, dest, request)

    async def send(self, dest: Destination, message: Any) -> None:
        """`send` from outside: see there."""
        await self.run(send, dest, message)

    async def whereis(self, name: str) -> Pid | None:
        """`whereis` from outside: see there."""
        found: Pid | None = await self.run(whereis, name)
        return found

    async def start_tree(self, function: Callable[..., Awaitable[Any]], *arguments: Any) -> Pid:
        """`Node.start_tree`, awaited."""
        _check_callable("node.start_tree", function)
        core = self._running()
        result: asyncio.Future[_TreeStart] = core.run_loop.loop.create_future()
        core.start_tree(function, arguments, result.set_result)
        tree = await result
        if tree.error is not None:
            raise tree.error
        self._tree = tree
        assert tree.pid is not None
        return tree.pid

    async def wait(self, timeout: Timeout | None = None) -> object:
        """`Node.wait`, awaited."""
        tree = self._tree
        if tree is None:
            raise NodeError("node.wait waits for a tree: call node.start_tree first")
        result: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        tree.when_ended(lambda reason: None if result.done() else result.set_result(reason))
        async with asyncio.timeout(timeout / 1000 if isinstance(timeout, int) else None):
            return await result

    def _running(self) -> _Core:
        if self._core is None:
            raise NodeError("the node is not running: use it inside `async with AsyncNode() as node:`")
        return self._core
