"""Scores: due times as Redis compares them. Pure."""

from __future__ import annotations


def time_to_score(seconds: float) -> str:
    """A time as a score's text, cut to microseconds as Elixir's `DateTime` is (`Exq.Support.Time.time_to_score/1`).

    Args:
        seconds: since 1970.

    Returns:
        The shortest decimal text of the double nearest to it, which is the double that Exq sends. Elixir writes some
        of them with an exponent (`1.764e9`); to Redis that is the same number.
    """
    return repr(int(seconds * 1_000_000) / 1_000_000)
