"""How messages name a process."""

from __future__ import annotations

from actors.process import Process


def shown_name(process: Process) -> str:
    """A process's name, or its pid where it has none, as Elixir's messages show it."""
    return repr(process.name if process.name is not None else process.pid)
