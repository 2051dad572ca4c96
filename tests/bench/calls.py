"""Calls per second between two processes, each with OTP's timeout of 5,000 ms armed."""

from __future__ import annotations

import time
from typing import Any, Final

import pykka

from actors import From, GenServer, Node, Ok, Pid, Reply, call
from tests.bench import trampoline
from tests.bench.figure import Figure
from tests.bench.measure import interleaved

CALLS: Final = 200_000
REPETITIONS: Final = 5


class Echo(GenServer):
    """Answers with what it is asked."""

    def init(self, arg: Any) -> Ok:
        return Ok(arg)

    def handle_call(self, request: Any, from_: From, state: Any) -> Reply:
        return Reply(request, state)


class PykkaEcho(pykka.ThreadingActor):
    """The same for pykka."""

    use_daemon_thread = True

    def on_receive(self, message: Any) -> Any:
        return message


def figure(scale: float = 1.0) -> Figure:
    """A GenServer's `call`, beside pykka's `ask` and a bare trampoline."""
    calls = max(10, round(CALLS * scale))
    asks = max(10, calls // 10)
    with Node() as node:
        server = node.run(Echo.start, None)
        actor = PykkaEcho.start()
        try:
            samples = interleaved(
                {
                    "call (GenServer)": lambda: float(node.run(_ours, server, calls)),
                    "ask (pykka)": lambda: _pykka(actor, asks),
                    "bare coroutine trampoline": lambda: trampoline.calls_per_second(calls * 5),
                },
                REPETITIONS,
            )
        finally:
            actor.stop()
    return Figure.of(
        "calls",
        f"{calls:,} calls from one process to another (trampoline {calls * 5:,}, pykka {asks:,})",
        "calls/s",
        samples,
    )


async def _ours(server: Pid, calls: int) -> float:
    started = time.perf_counter()
    for number in range(calls):
        await call(server, number)
    return calls / (time.perf_counter() - started)


def _pykka(actor: pykka.ActorRef[PykkaEcho], asks: int) -> float:
    started = time.perf_counter()
    for number in range(asks):
        actor.ask(number, timeout=5)
    return asks / (time.perf_counter() - started)
