"""Scores: due times as the text that Exq sends to Redis. Pure."""

from __future__ import annotations

import math
from typing import Final

_MICROSECONDS: Final = 1_000_000
_ALL_DIGITS_COUNT: Final = 2.0**53
"""From here on not every whole number is a double, and Erlang writes all with an exponent."""


def time_to_score(seconds: float) -> str:
    """A time as a score's text, cut to microseconds as Elixir's `DateTime` is (`Exq.Support.Time.time_to_score/1`).

    Args:
        seconds: since 1970.

    Returns:
        The bytes that Exq sends, e.g. `"1764000000.5"` or `"1.764e9"`.

    Raises:
        ValueError, OverflowError: for a NaN or an infinity, which are no times.
    """
    microseconds = round(seconds * _MICROSECONDS)
    if microseconds / _MICROSECONDS > seconds:  # it was rounded up; cut instead, as DateTime does
        microseconds -= 1
    return float_to_string(microseconds / _MICROSECONDS)


def float_to_string(number: float) -> str:
    """A finite double as Elixir's `Float.to_string/1` writes it.

    The shortest digits that read back as the same double, plain or with an exponent, whichever is shorter; plain
    where both are of one length.
    """
    if number == 0 or not math.isfinite(number):
        return repr(number)
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = f"{abs(number)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    padded = whole + fraction
    stripped = padded.lstrip("0")
    digits = stripped.rstrip("0")
    # number = 0.digits × 10**place
    place = len(whole) + int(exponent or 0) - (len(padded) - len(stripped))
    scientific = f"{digits[0]}.{digits[1:] or '0'}e{place - 1}"
    plain = _plain(digits, place)
    shorter = len(plain) <= len(scientific) and abs(number) < _ALL_DIGITS_COUNT
    return sign + (plain if shorter else scientific)


def _plain(digits: str, place: int) -> str:
    if place <= 0:
        return "0." + "0" * -place + digits
    return digits[:place].ljust(place, "0") + "." + (digits[place:] or "0")
