"""What GenServer callbacks return: Elixir's tuples, as small classes.

They are made for every message and so are not frozen: that alone would double their cost. Nobody changes them.
The third place of each takes a timeout in ms, `INFINITY`, `HIBERNATE` or `Continue(term)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from actors.options import INFINITY, Infinity


class Hibernate:
    """The type of `HIBERNATE` (`:hibernate`): accepted everywhere; CPython has nothing to shrink."""

    _instance: Hibernate | None = None

    def __new__(cls) -> Hibernate:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "HIBERNATE"

    def __reduce__(self) -> str:
        return "HIBERNATE"


class Ignore:
    """The type of `IGNORE` (`:ignore`), which only `init` returns."""

    _instance: Ignore | None = None

    def __new__(cls) -> Ignore:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "IGNORE"

    def __reduce__(self) -> str:
        return "IGNORE"


HIBERNATE: Final = Hibernate()
IGNORE: Final = Ignore()


@dataclass(slots=True)
class Continue:
    """`{:continue, term}`: run `handle_continue(term, state)` before anything else."""

    term: Any


Next: TypeAlias = int | Infinity | Hibernate | Continue


@dataclass(slots=True)
class Ok:
    """`{:ok, state}` of `init`."""

    state: Any
    next: Next = INFINITY


@dataclass(slots=True)
class Reply:
    """`{:reply, value, state}` of `handle_call`."""

    value: Any
    state: Any
    next: Next = INFINITY


@dataclass(slots=True)
class NoReply:
    """`{:noreply, state}`."""

    state: Any
    next: Next = INFINITY


class _NotGiven:
    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = _NotGiven()


@dataclass(slots=True)
class Stop:
    """`{:stop, reason}` of `init`; `{:stop, reason, state}` and, from `handle_call` alone, `reply=value`."""

    reason: Any
    state: Any = NOT_GIVEN
    reply: Any = NOT_GIVEN
