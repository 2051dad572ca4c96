"""The door for code that is no process: `Node` has a thread and an event loop of its own, and serves any thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from actors._thespian import ActorAddress, ActorSystem, address_of
from actors.clock import SYSTEM_CLOCK, Clock
from actors.errors import NodeError
from actors.gen_server import call, cast
from actors.node_core import DEFAULT_NAME, NodeCore, Outcome, TreeStart, check_base, check_callable
from actors.options import Timeout
from actors.pid import Pid
from actors.processes import Destination, send
from actors.registry import whereis


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
        check_base(base)
        self._clock = clock
        self._name = name
        self._core: NodeCore | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tree: TreeStart | None = None
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
                try:
                    self._core = NodeCore(asyncio.get_running_loop(), self._clock, self._name)
                except BaseException as error:  # raised again where start was called
                    ready.set_exception(error)
                    return
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
        check_callable("node.run", function)
        result: concurrent.futures.Future[Any] = concurrent.futures.Future()

        def done(outcome: Outcome) -> None:
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
        check_callable("node.start_tree", function)
        result: concurrent.futures.Future[TreeStart] = concurrent.futures.Future()
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

    def _running(self) -> NodeCore:
        if self._core is None:
            raise NodeError("the node is not running: use it inside `with Node() as node:`")
        return self._core

    def _post(self, what: str, callback: Callable[[NodeCore], object]) -> None:
        """Have `callback` called on the node's thread, for one who will wait for what it does."""
        with self._lock:
            core = self._running()
            if core.run_loop.on_own_thread:
                raise NodeError(
                    f"{what} waits for the node, and was called on the node's own thread: inside a process "
                    "await the function itself (call, receive, Tree.start_link …)"
                )
            core.run_loop.post(lambda: callback(core))
