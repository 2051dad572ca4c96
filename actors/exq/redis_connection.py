"""RedisConnection: the process that owns one connection to Redis, with Redix's rules.

Everything is pipelined over one socket. While the connection is made, requests wait; when it is lost, who waits gets
`"disconnected"` and who asks meanwhile `"closed"`, and it is made again after a pause that grows. The process goes
on throughout. No command is ever sent twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redis.exceptions

from actors.child_spec import ChildSpec
from actors.errors import BadTypeError, BadValueError, RedisConnectionError, RedisError
from actors.exits import Exit, is_normal
from actors.exq.commands import Command, encode_pipeline
from actors.exq.endpoint import Endpoint, mask
from actors.exq.refused import check_pipeline
from actors.exq.transport import Transport, open_transport
from actors.exq.transport_error import TransportError, explain
from actors.gen_server import GenServer, call
from actors.messages import ExitMessage
from actors.options import Timeout
from actors.pid import Pid
from actors.processes import current, send, send_after, trap_exit
from actors.request import From
from actors.results import Continue, NoReply, Ok, Reply, Stop

_log = logging.getLogger("actors.exq.redis_connection")

BACKOFF_INITIAL: Final = 500
BACKOFF_MAX: Final = 30_000
_BACKOFF_FACTOR: Final = 1.5
_PAGE_SIZES: Final = {"embedded": 100}
_PAGE_SIZE: Final = 1000
# A page takes 2.6 ms on Redis 7 (5 queues, 260 bytes a job; more a page is slower a job), 1.8 ms on fakeredis, and 6 ms
# there where every job has a queue of its own.


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """What a connection is started with.

    Attributes:
        url: `redis://`, `rediss://`, `unix://`, `embedded://` or `embedded://name`.
        name: the process's registered name, if any.
        backoff_initial: ms before the first attempt to connect again; 500, as Redix.
        backoff_max: the longest such pause, in ms; 30,000, as Redix.
        connect_timeout: ms for connecting, TLS, AUTH and SELECT together; 5000.
    """

    url: str = "redis://127.0.0.1:6379/0"
    name: str | None = None
    backoff_initial: int = BACKOFF_INITIAL
    backoff_max: int = BACKOFF_MAX
    connect_timeout: int = 5000

    def __post_init__(self) -> None:
        Endpoint.parse(self.url)
        for what in ("backoff_initial", "backoff_max", "connect_timeout"):
            value = getattr(self, what)
            if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
                raise BadValueError(f"{what} must be an int of milliseconds above 0; got {value!r}")

    def __repr__(self) -> str:
        """Without the password: reports show it."""
        return f"ConnectionOptions(url={mask(self.url)!r}, name={self.name!r})"

    @classmethod
    def of(cls, options: ConnectionOptions | str | Mapping[str, Any] | None) -> ConnectionOptions:
        """Options from an instance, a URL, or a mapping with the same keys."""
        if options is None:
            return cls()
        if isinstance(options, cls):
            return options
        if isinstance(options, str):
            return cls(url=options)
        if isinstance(options, Mapping):
            known = cls.__dataclass_fields__
            unknown = [key for key in options if key not in known]
            if unknown:
                raise BadValueError(f"unknown option {unknown[0]!r} for a connection; known: {', '.join(known)}")
            return cls(**options)
        raise BadTypeError(
            "a connection is started with a URL such as 'redis://127.0.0.1:6379/0', with ConnectionOptions or a "
            f"mapping of the same keys; got {options!r} of type {type(options).__name__}"
        )


@dataclass(slots=True)
class _State:
    options: ConnectionOptions
    endpoint: Endpoint
    phase: str = "connecting"
    transport: Transport[From] | None = None
    backoff: int | None = None
    postponed: list[tuple[From, Sequence[Command]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pipeline:
    commands: Sequence[Command]


@dataclass(frozen=True, slots=True)
class _Connected:
    transport: Transport[From]


@dataclass(frozen=True, slots=True)
class _NotConnected:
    error: TransportError


@dataclass(frozen=True, slots=True)
class _Lost:
    transport: Transport[From]
    error: TransportError


@dataclass(frozen=True, slots=True)
class _NoAnswer:
    """The answer to who asked and gets none: Redix's reason."""

    reason: str


class RedisConnection(GenServer):
    """One connection to Redis as a process (`Redix`): `RedisConnection.start_link("redis://…")`.

    Use `command` and `pipeline` to talk to it. It is not for blocking commands or subscriptions, which would hold up
    everybody: these are refused.
    """

    @classmethod
    async def start_link(  # type: ignore[override]  # the options carry the name, as Redix's do
        cls, options: ConnectionOptions | str | Mapping[str, Any] | None = None, name: str | None = None
    ) -> Pid | None:
        """Start the connection, linked; it connects in the background (`Redix.start_link/2`).

        Args:
            options: a URL, `ConnectionOptions`, or a mapping of the same keys.
            name: a registered name; overrides the options' own.

        Raises:
            BadTypeError, BadValueError: for options of no accepted form; the URL's password is masked.
        """
        checked = ConnectionOptions.of(options)
        return await super().start_link(checked, name=name or checked.name)

    @classmethod
    async def start(  # type: ignore[override]  # as start_link
        cls, options: ConnectionOptions | str | Mapping[str, Any] | None = None, name: str | None = None
    ) -> Pid | None:
        """`start_link` without the link."""
        checked = ConnectionOptions.of(options)
        return await super().start(checked, name=name or checked.name)

    @classmethod
    def child_spec(cls, options: ConnectionOptions | str | Mapping[str, Any] | None = None) -> ChildSpec:
        """How a supervisor runs the connection."""
        return super().child_spec(ConnectionOptions.of(options))

    def init(self, options: ConnectionOptions) -> Any:
        trap_exit(True)  # to close the socket in terminate
        return Ok(_State(options, Endpoint.parse(options.url)), Continue("connect"))

    def handle_continue(self, term: Any, state: _State) -> Any:
        del term
        self._connect(state)
        return NoReply(state)

    def _connect(self, state: _State) -> None:
        state.phase = "connecting"
        self._connecting = asyncio.get_running_loop().create_task(_open(current(), state))

    def handle_call(self, request: Any, from_: From, state: _State) -> Any:
        if isinstance(request, _Pipeline):
            if state.phase == "connected":
                self._submit(state, from_, request.commands)
                return NoReply(state)
            if state.phase == "connecting":
                state.postponed.append((from_, request.commands))
                return NoReply(state)
            return Reply(_NoAnswer("closed"), state)
        if request == "page_size":
            return Reply(_PAGE_SIZES.get(state.endpoint.scheme, _PAGE_SIZE), state)
        return Reply(_NoAnswer(f"unknown request {request!r}"), state)

    def _submit(self, state: _State, from_: From, commands: Sequence[Command]) -> None:
        assert state.transport is not None
        try:
            state.transport.submit(commands, from_)
        except TransportError:
            from_.answer(_NoAnswer("closed"))

    def handle_info(self, message: Any, state: _State) -> Any:
        match message:
            case _Connected(transport):
                if state.phase == "connected":
                    transport.abort()
                    return NoReply(state)
                _log.info("Connected to Redis (%s)", state.endpoint, extra={"report": "connected"})
                state.phase, state.transport, state.backoff = "connected", transport, None
                postponed, state.postponed = state.postponed, []
                for from_, commands in postponed:
                    self._submit(state, from_, commands)
                return NoReply(state)
            case _NotConnected(error):
                return self._disconnected(state, error, "Failed to connect to Redis")
            case _Lost(transport, error):
                if transport is state.transport:
                    return self._disconnected(state, error, "Disconnected from Redis")
                return NoReply(state)
            case "reconnect":
                if state.phase == "disconnected":
                    self._connect(state)
                return NoReply(state)
            case ExitMessage(_, reason):
                return NoReply(state) if is_normal(reason) else Stop(reason, state)
        return super().handle_info(message, state)

    def _disconnected(self, state: _State, error: TransportError, what: str) -> Any:
        state.phase, state.transport = "disconnected", None
        postponed, state.postponed = state.postponed, []
        for from_, _ in postponed:
            from_.answer(_NoAnswer("closed"))
        if error.permanent:
            _log.error("%s (%s): %s; giving up", what, state.endpoint, error, extra={"report": "refused"})
            return Stop(("redis_error", error.reason), state)
        options = state.options
        if state.backoff is None:
            state.backoff = options.backoff_initial
        else:
            state.backoff = min(round(state.backoff * _BACKOFF_FACTOR), options.backoff_max)
        _log.error(
            "%s (%s): %s; trying again in %d ms",
            what,
            state.endpoint,
            error,
            state.backoff,
            extra={"report": "disconnected", "reason": error.reason, "backoff": state.backoff},
        )
        send_after(current(), "reconnect", state.backoff)
        return NoReply(state)

    def terminate(self, reason: Any, state: _State) -> None:
        del reason
        if state.transport is not None:
            for from_ in state.transport.abort():
                from_.answer(_NoAnswer("disconnected"))
        for from_, _ in state.postponed:
            from_.answer(_NoAnswer("closed"))


async def _open(owner: Pid, state: _State) -> None:
    """Open the transport, in a task of the connection's process, and tell it."""
    opened: list[Transport[From]] = []

    def lost(error: TransportError, waiters: list[From]) -> None:
        for from_ in waiters:
            from_.answer(_NoAnswer("disconnected"))
        send(owner, _Lost(opened[0], error))

    try:
        transport: Transport[From] = await open_transport(
            state.endpoint, on_reply=From.answer, on_close=lost, connect_timeout=state.options.connect_timeout / 1000
        )
    except Exception as error:
        send(owner, _NotConnected(explain(error)))
    else:
        opened.append(transport)
        send(owner, _Connected(transport))


# -- what callers use


async def command(redis: Pid | str, *command: Any, timeout: Timeout = 5000) -> Any:
    """Send one command and wait for its reply (`Redix.command/3`).

    Args:
        redis: the connection's pid or name.
        *command: name and arguments: `bytes`, `str` (as UTF-8), `int` or `float`.
        timeout: ms; 5000 by default.

    Returns:
        The raw RESP2 reply: `bytes`, `int`, `None` or a list of these.

    Raises:
        RedisError: Redis answered with an error.
        RedisConnectionError: `"closed"`, `"disconnected"` or `"timeout"`.
        BadTypeError, BadValueError: the command can't be sent; nothing was.
        Exit: the connection's process is dead, as `call` has it.
    """
    (reply,) = await pipeline(redis, [command], timeout=timeout)
    if isinstance(reply, RedisError):
        raise reply
    return reply


async def pipeline(redis: Pid | str, commands: Sequence[Sequence[Any]], timeout: Timeout = 5000) -> list[Any]:
    """Send several commands at once and wait for all replies (`Redix.pipeline/3`).

    Returns:
        A reply for each; a `RedisError` stands in its place, and the others are unharmed.

    Raises:
        RedisConnectionError, BadTypeError, BadValueError, Exit: as `command`.
    """
    check_pipeline(commands)
    encode_pipeline(commands)
    return [_own(reply) for reply in await _ask(redis, _Pipeline(commands), timeout)]


async def _ask(redis: Pid | str, request: Any, timeout: Timeout) -> Any:
    """`call`, its timeout an error as Redix's is, and no exit."""
    try:
        answer = await call(redis, request, timeout)
    except Exit as error:
        if isinstance(error.reason, tuple) and error.reason[0] == "timeout":
            raise RedisConnectionError("timeout") from None
        raise
    if isinstance(answer, _NoAnswer):
        raise RedisConnectionError(answer.reason)
    return answer


def _own(reply: Any) -> Any:
    """The reply, redis-py's error in it as ours; EXEC and scripts have some inside."""
    if isinstance(reply, list):
        if any(isinstance(one, list | redis.exceptions.ResponseError) for one in reply):
            return [_own(one) for one in reply]
        return reply
    return RedisError(str(reply)) if isinstance(reply, redis.exceptions.ResponseError) else reply


async def page_size(redis: Pid | str) -> int:
    """How many members one script should look at, so that it holds what runs it for about 5 ms at most."""
    size: int = await _ask(redis, "page_size", 5000)
    return size


__all__ = [
    "ConnectionOptions",
    "RedisConnection",
    "command",
    "page_size",
    "pipeline",
]
