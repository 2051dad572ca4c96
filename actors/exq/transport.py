"""The seam between a Redis connection's process and whatever carries its commands: a socket, or fakeredis.

The owner opens a transport, submits pipelines, and is called back. It decides everything else: when to open
another one, what its callers hear, which commands it refuses (`refused.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from actors.exq.commands import Command
from actors.exq.embedded import Embedded
from actors.exq.endpoint import Endpoint
from actors.exq.transport_error import TransportError
from actors.exq.wire import Wire

W = TypeVar("W")


class Transport(Protocol[W]):
    """An open connection. Use it on the loop that opened it; `W` is whatever the owner knows a caller by."""

    def submit(self, commands: Sequence[Command], waiter: W) -> None:
        """Queue a pipeline; its replies come to `on_reply(waiter, replies)`, in a later turn of the loop.

        Never blocks and never awaits. Pipelines are answered in the order in which they were submitted, each
        with one reply for each command: `bytes`, `int`, `None` or a list of these, an error reply in its
        place as a `redis.exceptions.ResponseError` whose text is the server's whole text. No command is ever
        sent twice.

        Raises:
            BadTypeError, BadValueError: the commands can't be sent; nothing was queued. See
                `encode_pipeline`.
            TransportError: `"closed"`; nothing was queued.
        """

    def abort(self) -> list[W]:
        """Close at once and without `on_close`, from whichever state; those who still waited, oldest first.

        What they had asked may have run, unless it was still unsent; nobody knows. Closed already: `[]`.
        """

    async def aclose(self) -> list[W]:
        """`abort`, then wait until nothing of the connection is left. Never waits for the server."""


async def open_transport(
    endpoint: Endpoint,
    *,
    on_reply: Callable[[W, list[Any]], None],
    on_close: Callable[[TransportError, list[W]], None],
    connect_timeout: float = 5.0,
) -> Transport[W]:
    """Open what the endpoint names.

    Args:
        endpoint: see `Endpoint.parse`.
        on_reply: called with a waiter and its replies. An exception of its own goes to the loop's exception
            handler.
        on_close: called once if the connection is lost, with the reason and those who still waited, oldest
            first. Not called after `abort` or `aclose`. The transport is closed by then.
        connect_timeout: seconds for connecting, TLS, AUTH and SELECT together.

    Raises:
        TransportError: it could not be opened: why, and whether that is permanent.
    """
    opener = Embedded[W].open if endpoint.scheme == "embedded" else Wire[W].open
    return await opener(endpoint, on_reply=on_reply, on_close=on_close, connect_timeout=connect_timeout)
