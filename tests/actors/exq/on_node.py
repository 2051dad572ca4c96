"""What tests of the connection and the scheduler share: a node to run on, and Redis's whole state."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from actors import Clock, Node, Pid, SystemClock, receive
from actors.exq import ConnectionOptions, RedisConnection, command

State = dict[bytes, tuple[str, Any]]


def on_node(main: Callable[[], Awaitable[Any]], clock: Clock | None = None) -> Any:
    """Run a test's coroutine function as a process of a node of its own."""
    with Node(clock=clock or SystemClock()) as node:
        return node.run(main)


async def connect(url: str, **options: Any) -> Pid:
    """A connection, linked to the caller, which soon tries again."""
    pid = await RedisConnection.start_link(ConnectionOptions(url=url, **{"backoff_initial": 20, **options}))
    assert pid is not None
    return pid


async def pause(ms: int) -> None:
    """Let `ms` of the node's clock pass; messages stay in the mailbox."""
    await receive(lambda _: False, timeout=ms)


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 10.0) -> Any:
    """Wait until the condition gives something true, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {condition}"
        await pause(5)


async def whole_state(redis: Pid | str) -> State:
    """Every key: its type, and what it holds; sets and hashes sorted, a stream's entries without their ids."""
    found: State = {}
    for key in await command(redis, "KEYS", "*"):
        kind = (await command(redis, "TYPE", key)).decode()
        content: Any
        match kind:
            case "string":
                content = await command(redis, "GET", key)
            case "list":
                content = await command(redis, "LRANGE", key, 0, -1)
            case "set":
                content = sorted(await command(redis, "SMEMBERS", key))
            case "zset":
                flat = await command(redis, "ZRANGE", key, 0, -1, "WITHSCORES")
                content = list(zip(flat[::2], flat[1::2], strict=True))
            case "stream":
                content = [
                    dict(zip(fields[::2], fields[1::2], strict=True))
                    for _id, fields in await command(redis, "XRANGE", key, "-", "+")
                ]
            case _:
                content = sorted(await command(redis, "HGETALL", key))
        found[key] = (kind, content)
    return found


def job(jid: str | int, queue: object = "default") -> str:
    """A member as Exq writes it, the arguments before the queue."""
    fields = {"args": [1, {"queue": "not this one"}], "queue": queue, "jid": str(jid), "class": "W", "retry": 25}
    return json.dumps(fields, separators=(",", ":"))
