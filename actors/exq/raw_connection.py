"""redis-py's asyncio connection, cut down to a pipe: the handshake and the parsing are its own, no policy is.

redis-py connects, speaks TLS, sends AUTH, CLIENT SETNAME and SELECT, and parses with hiredis. Three things
are different here: nothing is ever retried, an error reply is a value with its whole text (redis-py cuts the
code off and raises), and a connection can be dropped at once, also on a server that no longer reads.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from redis._parsers import _AsyncHiredisParser
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationWrongNumberOfArgsError, ResponseError

from actors.exq.endpoint import Endpoint

_READ_BYTES = 65_536


class _Parser(_AsyncHiredisParser):
    """hiredis, with an error reply left whole: `"NOSCRIPT No matching script. …"`, as Redix gives it."""

    def parse_error(self, response: str) -> ResponseError:  # type: ignore[override]  # a class method there
        if response.lower() == "err wrong number of arguments for 'auth' command":
            # a server older than 6.0 has no users: redis-py then sends AUTH again without one, as Redix does
            return AuthenticationWrongNumberOfArgsError(response)
        return ResponseError(response)


class RawConnection(AbstractConnection):
    """What `Wire` needs of a connection beside redis-py's own `connect` and `send_packed_command`."""

    _dropped: asyncio.StreamWriter | None = None

    async def read_reply(self) -> object:
        """The next reply, an error reply included; waits for it as long as it takes.

        Raises:
            redis.exceptions.ConnectionError, OSError: the connection ended.
            redis.exceptions.InvalidResponse: what came is no Redis protocol.
        """
        reply: object = await self._parser.read_response()  # type: ignore[attr-defined]  # the parser is ours
        return reply

    def drop(self) -> None:
        """Close the socket at once: no farewell, nothing left to be flushed, nothing awaited."""
        writer = self._writer
        if writer is not None:
            self._dropped = writer
            writer.transport.abort()
            self._parser.on_disconnect()  # type: ignore[no-untyped-call]
            self._close()  # type: ignore[no-untyped-call]

    async def wait_dropped(self) -> None:
        """Wait (one turn of the loop, or two with TLS) until a dropped socket is really closed."""
        if self._dropped is not None:
            with contextlib.suppress(Exception):  # why it broke was told before
                await self._dropped.wait_closed()


class _Tcp(RawConnection, Connection):
    pass


class _Tls(RawConnection, SSLConnection):
    pass


class _Unix(RawConnection, UnixDomainSocketConnection):
    pass


async def connect(endpoint: Endpoint, *, timeout: float) -> RawConnection:
    """Connect, authenticate and select the database (`Redix.Connector.connect/2`).

    Args:
        endpoint: a `redis`, `rediss` or `unix` endpoint.
        timeout: seconds for all of it; a server that accepts and then hangs counts too.

    Raises:
        Exception: whatever redis-py, asyncio or the system raised; nothing is left open. `explain` reads it.
    """
    connection = _build(endpoint)
    try:
        async with asyncio.timeout(timeout):
            if isinstance(connection, _Tls):  # reading the system's certificates takes tens of ms
                await asyncio.to_thread(connection.ssl_context.get)
            await connection.connect()  # type: ignore[no-untyped-call]
    except BaseException:
        connection.drop()
        await connection.wait_dropped()
        raise
    return connection


def _build(endpoint: Endpoint) -> RawConnection:
    options: dict[str, Any] = {
        "db": endpoint.database,
        "username": endpoint.username,
        "password": endpoint.password,
        "client_name": endpoint.client_name,
        "socket_timeout": None,  # a timeout is the caller's own; a late reply must still be read
        "socket_connect_timeout": None,  # ours, around the whole handshake
        "socket_read_size": _READ_BYTES,
        "retry": Retry(NoBackoff(), 0),  # no command may ever be sent twice
        "retry_on_error": [],
        "health_check_interval": 0,
        "decode_responses": False,
        "protocol": 2,
        "parser_class": _Parser,
    }
    connection: RawConnection
    match endpoint.scheme:
        case "unix":
            connection = _Unix(path=endpoint.path, **options)
        case "rediss":
            connection = _Tls(host=endpoint.host, port=endpoint.port, **options | dict(endpoint.ssl))
        case "redis":
            connection = _Tcp(host=endpoint.host, port=endpoint.port, **options)
        case other:
            raise ValueError(f"{other}:// is no server on a socket")
    # no CLIENT SETINFO: Redix sends none, and a server before 7.2 logs it as an error
    for unsent in ("driver_info", "lib_name", "lib_version"):
        setattr(connection, unsent, None)
    return connection
