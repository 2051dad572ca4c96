"""Tasks that a process makes end with it.

A task factory notes which process made a task: `asyncio.create_task`, `TaskGroup` and `gather` inside a process
all come through it. A factory that the application had set keeps making the tasks.

Asyncio lets `SystemExit` and `KeyboardInterrupt` of a task through to whoever runs the event loop. That would be the
end of the node, so in a process's task they are an exit of the task, with the crash as its reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from actors.exits import Crash, Exit
from actors.process import current_process


class _Contained(Coroutine[Any, Any, Any]):
    """A process's task's coroutine; what would end the program ends the task. No `async def` around it would do: one
    that is cancelled before its first step would leave the coroutine inside never awaited."""

    __slots__ = ("_coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine

    def send(self, value: Any) -> Any:
        try:
            return self._coroutine.send(value)
        except (SystemExit, KeyboardInterrupt) as error:
            raise Exit(Crash.from_exception(error)) from None

    def throw(self, *error: Any) -> Any:
        try:
            return self._coroutine.throw(*error)
        except (SystemExit, KeyboardInterrupt) as raised:
            raise Exit(Crash.from_exception(raised)) from None

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Any:
        return self._coroutine.__await__()

    def __getattr__(self, name: str) -> Any:
        """The name, the frame and what else asyncio's debugging output shows."""
        return getattr(self._coroutine, name)


class OwningTaskFactory:
    """The task factory of a loop that runs nodes; counts how many do, and goes with the last."""

    def __init__(self, before: Any) -> None:
        self.before = before
        self.users = 0

    def __call__(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Future[Any]:
        process = current_process.get()
        if process is None or process.run_loop.loop is not loop:
            process = None
        else:
            coroutine = _Contained(coroutine)
        task: Any
        if self.before is not None:
            task = self.before(loop, coroutine, **options)
        else:
            task = asyncio.Task(coroutine, loop=loop, **options)
        if process is not None:
            if process.owned_tasks is None:
                process.owned_tasks = set()
            process.owned_tasks.add(task)
            task.add_done_callback(process.owned_tasks.discard)
        return task  # type: ignore[no-any-return]  # whatever the application's own factory made


def install(loop: asyncio.AbstractEventLoop) -> None:
    """Have tasks on `loop` belong to the processes that make them."""
    factory: Any = loop.get_task_factory()
    if not isinstance(factory, OwningTaskFactory):
        factory = OwningTaskFactory(factory)
        loop.set_task_factory(factory)
    factory.users += 1


def uninstall(loop: asyncio.AbstractEventLoop) -> None:
    """Undo one `install`; the last one gives the application's factory back."""
    factory: Any = loop.get_task_factory()
    if isinstance(factory, OwningTaskFactory):
        factory.users -= 1
        if not factory.users:
            loop.set_task_factory(factory.before)
