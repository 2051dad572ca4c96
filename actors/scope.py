"""Which process the running code acts for."""

from __future__ import annotations

from actors.errors import NotAProcessError
from actors.process import Process, current_process

_INSTEAD = {
    "call": "node.call(pid, request)",
    "cast": "node.cast(pid, request)",
    "send": "node.send(pid, message)",
    "stop": "node.run(stop, pid)",
    "whereis": "node.whereis(name)",
    "receive": (
        "node.run(main), where main is an `async def` that receives: it runs as a process (or node.call for an answer)"
    ),
}


def at_home(function: str) -> Process:
    """`here`, on the node's own thread alone: for what changes the node.

    Raises:
        NotAProcessError: also in a thread that a process started (`asyncio.to_thread`).
    """
    process = here(function)
    if not process.run_loop.on_own_thread:
        raise NotAProcessError(
            f"{function} in a thread that a process started",
            "send, cast, reply or exit_process there, and do the rest in the process",
        )
    return process


def here(function: str) -> Process:
    """The process that the running code acts for: its own, or that of the task or thread it runs in.

    Raises:
        NotAProcessError: when there is none; it names what to use instead.
    """
    process = current_process.get()
    if process is None:
        raise NotAProcessError(
            function, _INSTEAD.get(function, "node.run(main), where main is an `async def` that calls it")
        )
    return process
