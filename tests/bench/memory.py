"""Bytes a process: how much the resident memory of a fresh Python grows by thousands of idle ones.

Resident memory, not tracemalloc: an actor of pykka's is a thread, whose stack Python does not count.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from actors import Node, Pid, current, receive, send, spawn
from tests.bench.calls import Echo, PykkaEcho
from tests.bench.figure import Figure
from tests.bench.measure import interleaved

PROCESSES: Final = 10_000
REPETITIONS: Final = 3

_ROOT: Final = Path(__file__).parents[2]


def figure(scale: float = 1.0) -> Figure:
    """GenServers, beside pykka's actors and processes that only wait for mail; a new Python for each sample."""
    count = max(10, round(PROCESSES * scale))
    samples = interleaved(
        {
            "GenServer": lambda: _in_new_python("gen_server", count),
            "actor (pykka, a thread)": lambda: _in_new_python("pykka", count),
            "spawned process": lambda: _in_new_python("spawn", count),
        },
        REPETITIONS,
    )
    return Figure.of("memory", f"{count:,} idle processes, growth of resident memory", "bytes/process", samples)


def _in_new_python(kind: str, count: int) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.memory", kind, str(count)],
        cwd=_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{count} of {kind} could not be started:\n{done.stderr[-2000:]}")
    return float(done.stdout)


def _resident() -> int:
    gc.collect()
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(os.getpid())])) * 1024


def _growth(start: Callable[[int], None], count: int) -> float:
    start(10)  # what is made once
    before = _resident()
    start(count)
    return (_resident() - before) / count


def _gen_servers(count: int) -> float:
    async def start(number: int) -> None:
        for _ in range(number):
            await Echo.start(None)

    with Node() as node:
        return _growth(lambda number: node.run(start, number), count)


def _spawned(count: int) -> float:
    async def wait(parent: Pid) -> None:
        send(parent, "up")
        await receive()

    async def start(number: int) -> None:
        for _ in range(number):
            spawn(wait, current())
        for _ in range(number):
            await receive()

    with Node() as node:
        return _growth(lambda number: node.run(start, number), count)


def _pykka(count: int) -> float:
    def start(number: int) -> None:
        for _ in range(number):
            PykkaEcho.start()

    return _growth(start, count)


if __name__ == "__main__":
    print({"gen_server": _gen_servers, "spawn": _spawned, "pykka": _pykka}[sys.argv[1]](int(sys.argv[2])))
