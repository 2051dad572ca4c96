"""The door for an asyncio application: `AsyncNode` runs on the caller's own loop, its methods awaited."""

from __future__ import annotations

import asyncio
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


class AsyncNode:
    """A node on the running event loop: `async with AsyncNode() as node`, for FastAPI's lifespan and the like.

    The methods are those of `Node`, awaited. Processes and the application's own tasks share the loop.
    """

    def __init__(self, base: str = "embedded", *, clock: Clock = SYSTEM_CLOCK, name: str = DEFAULT_NAME) -> None:
        check_base(base)
        self._clock = clock
        self._name = name
        self._core: NodeCore | None = None
        self._tree: TreeStart | None = None

    async def start(self) -> Self:
        """Start on the running loop; `async with` does."""
        if self._core is not None:
            raise NodeError("this node runs already")
        self._core = NodeCore(asyncio.get_running_loop(), self._clock, self._name)
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
        check_callable("node.run", function)
        core = self._running()
        result: asyncio.Future[Outcome] = core.run_loop.loop.create_future()

        def done(outcome: Outcome) -> None:
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
        check_callable("node.start_tree", function)
        core = self._running()
        result: asyncio.Future[TreeStart] = core.run_loop.loop.create_future()

        def started(tree: TreeStart) -> None:
            if not result.done():
                result.set_result(tree)

        master = core.start_tree(function, arguments, started)
        try:
            tree = await result
        except asyncio.CancelledError:
            master.exit_signal(master.pid, "kill", kill=True)
            raise
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

    def _running(self) -> NodeCore:
        if self._core is None:
            raise NodeError("the node is not running: use it inside `async with AsyncNode() as node:`")
        return self._core
