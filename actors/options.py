"""Times and names as the API takes them: what is accepted, and what a refusal says."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from actors.errors import BadTypeError, BadValueError

MAX_TIMEOUT: Final = 2**32 - 1
"""The longest time, in ms: Erlang's own limit for `receive … after` (49.7 days)."""


class Infinity:
    """The type of `INFINITY` (Erlang's `:infinity`): a wait that never ends. There is one instance."""

    _instance: Infinity | None = None

    def __new__(cls) -> Infinity:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "INFINITY"

    def __reduce__(self) -> str:
        return "INFINITY"


INFINITY: Final = Infinity()

Timeout: TypeAlias = int | Infinity
"""Milliseconds, or `INFINITY`."""

Shutdown: TypeAlias = int | Infinity | Literal["brutal_kill"]


def is_timeout(value: object) -> bool:
    """Whether `value` is an `int` from 0 to `MAX_TIMEOUT`, or `INFINITY`. A `bool` is not."""
    if value.__class__ is int:
        return 0 <= value <= MAX_TIMEOUT
    return value is INFINITY


def check_timeout(value: object, what: str) -> None:
    """Refuse what is no time.

    Raises:
        BadTypeError: for a `bool`, a `float` or any other type.
        BadValueError: for a negative number or one above `MAX_TIMEOUT`.
    """
    if is_timeout(value):
        return
    accepted = f"{what} must be an int of milliseconds from 0 to {MAX_TIMEOUT}, or INFINITY"
    if isinstance(value, int) and not isinstance(value, bool):
        raise BadValueError(f"{accepted}; got {value!r}")
    hint = " (seconds? 1.5 s is 1500)" if isinstance(value, float) else ""
    raise BadTypeError(f"{accepted}; got {value!r} of type {type(value).__name__}{hint}")
