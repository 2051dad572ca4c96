"""Tasks that a process makes end with it.

A task factory notes which process made a task: `asyncio.create_task`, `TaskGroup` and `gather` inside a process
all come through it. A factory that the application had set keeps making the tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from actors.process import current_process


class OwningTaskFactory:
    """The task factory of a loop that runs nodes; counts how many do, and goes with the last."""

    def __init__(self, before: Any) -> None:
        self.before = before
        self.users = 0

    def __call__(
        self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Future[Any]:
        task: Any
        if self.before is not None:
            task = self.before(loop, coroutine, **options)
        else:
            task = asyncio.Task(coroutine, loop=loop, **options)
        process = current_process.get()
        if process is not None and process.run_loop.loop is loop:
            if process.owned_tasks is None:
                process.owned_tasks = set()
            process.owned_tasks.add(task)
            task.add_done_callback(process.owned_tasks.discard)
        return task  # type: ignore[no-any-return]  # whatever the application's own factory made


def install(loop: asyncio.AbstractEventLoop) -> None:
    """Have tasks on `loop` belong to the processes that make them."""
    factory = loop.get_task_factory()
    if not isinstance(factory, OwningTaskFactory):
        factory = OwningTaskFactory(factory)
        loop.set_task_factory(factory)
    factory.users += 1


def uninstall(loop: asyncio.AbstractEventLoop) -> None:
    """Undo one `install`; the last one gives the application's factory back."""
    factory = loop.get_task_factory()
    if isinstance(factory, OwningTaskFactory):
        factory.users -= 1
        if not factory.users:
            loop.set_task_factory(factory.before)
