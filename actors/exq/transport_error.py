"""Why a connection could not be opened, or was lost: Redix's reasons, as `str` (`Redix.ConnectionError`)."""

from __future__ import annotations

import errno
import re
import socket
import ssl

import redis.exceptions

# Answers of a server that is there and will take us later: the owner goes on trying.
_PASSING = ("LOADING", "MASTERDOWN", "TRYAGAIN", "BUSY", "CLUSTERDOWN", "ERR max number of clients")


class TransportError(Exception):
    """A connection to Redis that could not be opened, was lost, or is closed.

    Not for callers: the owner of the transport turns it into the `RedisConnectionError` that they see.

    Attributes:
        reason: an error of the system by its POSIX name (`"econnrefused"`, `"econnreset"`, `"epipe"`,
            `"enoent"`, `"ehostunreach"` …), `"nxdomain"` (no such host), `"timeout"`, `"tcp_closed"` and
            `"ssl_closed"` (the server ended the connection), `"ssl_error"`, `"protocol_error"`, `"closed"`
            (by its owner, or lost before), or, where the server answered AUTH or SELECT with an error, that error's
            whole text.
        detail: more for the log, or `""`.
        permanent: whether the server refused AUTH or SELECT, so that to try again makes no sense. Redix's
            connection stops then, with the `Redix.Error`.
    """

    def __init__(self, reason: str, detail: str = "", *, permanent: bool = False) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.permanent = permanent

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail and self.detail != self.reason else self.reason


def explain(error: BaseException, *, closed: str = "tcp_closed") -> TransportError:
    """What a failure of redis-py, of asyncio or of the system means.

    Args:
        error: what was raised; redis-py's own errors hide the system's, so that their causes are looked
            through.
        closed: the reason where the server ended the connection: `"tcp_closed"`, or `"ssl_closed"` with TLS.
    """
    if isinstance(error, TransportError):
        return error
    detail = str(error) or type(error).__name__
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, redis.exceptions.ResponseError):
            text = str(cause)
            return TransportError(text, permanent=not text.startswith(_PASSING))
    for cause in causes:
        if isinstance(cause, redis.exceptions.InvalidResponse):
            return TransportError("protocol_error", str(cause))
        if isinstance(cause, OSError):
            return TransportError(_system_reason(cause, closed), str(cause) or detail)
    if isinstance(error, redis.exceptions.TimeoutError):
        return TransportError("timeout", detail)
    if isinstance(error, redis.exceptions.ConnectionError):
        return TransportError(closed, detail)
    return TransportError("protocol_error", repr(error))


def _system_reason(error: OSError, closed: str) -> str:
    match error:
        case socket.gaierror():
            return "nxdomain"
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return closed
        case ssl.SSLError():
            return "ssl_error"
    number = error.errno
    if number is None:  # asyncio sums up several addresses' errors in one text
        numbers = re.findall(r"\[Errno (\d+)\]", str(error))
        number = int(numbers[-1]) if numbers else None
    if number is not None and number in errno.errorcode:
        return errno.errorcode[number].lower()
    match error:
        case TimeoutError():
            return "timeout"
        case BrokenPipeError():
            return "epipe"
        case ConnectionResetError():
            return "econnreset"
    return closed


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it was raised for, outermost first."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
