"""Exq's options, one place each: type, unit, default, validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from actors.errors import BadTypeError, BadValueError
from actors.options import INFINITY, check_timeout
from actors.pid import Pid

DEFAULT_NAME: Final = "Exq"
DEFAULT_NAMESPACE: Final = "exq"
DEFAULT_POLL_TIMEOUT: Final = 200


def top_supervisor(name: str | None = None) -> str:
    """The supervisor's process name, `Exq.Sup` (`Exq.Support.Opts.top_supervisor/1`)."""
    return f"{name or DEFAULT_NAME}.Sup"


def redis_client_name(name: str | None = None) -> str:
    """The connection's process name, `Exq.Redis.Client` (`Exq.Support.Opts.redis_client_name/1`)."""
    return f"{name or DEFAULT_NAME}.Redis.Client"


@dataclass(frozen=True, slots=True)
class SchedulerOptions:
    """What the scheduler is started with: Exq's own options and defaults, validated when built.

    Attributes:
        name: the instance's name; processes are called after it. `"Exq"` by default.
        namespace: the prefix of every key; None or `""` for none. `"exq"` by default.
        queues: the queues this node works on; kept, as in Exq, and not used for moving jobs.
        redis: the connection's pid or name; by default the instance's own, `"Exq.Redis.Client"`.
        scheduler_poll_timeout: ms from the end of one poll to the next; 200 by default.

    Raises:
        BadTypeError, BadValueError: what was wrong, the accepted forms, the value given.
    """

    name: str = DEFAULT_NAME
    namespace: str | None = DEFAULT_NAMESPACE
    queues: tuple[str, ...] | list[str] = ("default",)
    redis: Pid | str | None = None
    scheduler_poll_timeout: int = DEFAULT_POLL_TIMEOUT

    def __post_init__(self) -> None:
        given: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        name, namespace, queues = given["name"], given["namespace"], given["queues"]
        if name is None:
            name = DEFAULT_NAME
        if not isinstance(name, str):
            raise _bad_type("name", "a non-empty str, e.g. 'Exq'", name)
        if not name:
            raise BadValueError("name must be a non-empty str, e.g. 'Exq'; got ''")
        if namespace is not None and not isinstance(namespace, str):
            raise _bad_type("namespace", "a str such as 'exq', or None for no prefix", namespace)
        if not isinstance(queues, list | tuple) or not all(isinstance(queue, str) for queue in queues):
            raise _bad_type("queues", "a list of str, e.g. ['default']", queues)
        redis = redis_client_name(name) if given["redis"] is None else given["redis"]
        if not isinstance(redis, Pid | str):
            raise _bad_type("redis", "the Pid of a RedisConnection, or its registered name", redis)
        check_timeout(self.scheduler_poll_timeout, "scheduler_poll_timeout")
        if given["scheduler_poll_timeout"] is INFINITY:
            raise BadValueError("scheduler_poll_timeout must be an int of milliseconds; INFINITY would never poll")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "redis", redis)

    @classmethod
    def of(cls, options: SchedulerOptions | Mapping[str, Any] | None) -> SchedulerOptions:
        """Options from an instance, a mapping with the same keys, or None for the defaults.

        Raises:
            BadTypeError: for anything else.
            BadValueError: for an unknown key.
        """
        if options is None:
            return cls()
        if isinstance(options, cls):
            return options
        if not isinstance(options, Mapping):
            raise _bad_type("the scheduler's options", "SchedulerOptions or a mapping with the same keys", options)
        known = [field.name for field in fields(cls)]
        unknown = [key for key in options if key not in known]
        if unknown:
            raise BadValueError(f"unknown option {unknown[0]!r} for the scheduler; known: {', '.join(known)}")
        return cls(**options)


def _bad_type(what: str, accepted: str, value: object) -> BadTypeError:
    return BadTypeError(f"{what} must be {accepted}; got {value!r} of type {type(value).__name__}")
