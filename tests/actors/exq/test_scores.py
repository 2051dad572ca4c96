"""Scores are the texts that Elixir writes, not only the same numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.exq.scores import float_to_string, time_to_score

RECORDED = json.loads((Path(__file__).parents[2] / "fixtures" / "exq" / "scores.json").read_text("utf-8"))

EXACT = 2**52  # µs up to which (until the year 2112) each microsecond is a double of its own


def test_a_time_is_written_as_exq_writes_it() -> None:
    assert len(RECORDED["time_to_score"]) > 500
    for microseconds, text in RECORDED["time_to_score"]:
        assert time_to_score(microseconds / 1_000_000) == text, microseconds


def test_a_double_is_written_as_elixir_writes_it() -> None:
    assert len(RECORDED["float_to_string"]) > 300
    for number, text in RECORDED["float_to_string"]:
        assert float_to_string(float(number)) == text, number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_reads_back_as_the_same_double(number: float) -> None:
    text = float_to_string(number)
    assert float(text) == number
    assert math.copysign(1, float(text)) == math.copysign(1, number)
    assert "." in text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_text_is_longer_than_with_an_exponent(number: float) -> None:
    text = float_to_string(number)
    if "e" not in text:
        digits = text.lstrip("-").replace(".", "").strip("0") or "0"
        exponent = math.floor(math.log10(abs(number))) if number else 0
        assert len(text.lstrip("-")) <= max(len(digits), 2) + len(f".e{exponent}")


@given(st.integers(0, EXACT))
def test_no_microsecond_is_lost_on_the_way(microseconds: int) -> None:
    assert round(float(time_to_score(microseconds / 1_000_000)) * 1_000_000) == microseconds


def test_what_is_finer_than_a_microsecond_is_cut_not_rounded() -> None:
    assert time_to_score(0.0000019) == "1.0e-6"
    assert time_to_score(0.9999999) == "0.999999"
    assert time_to_score(12.3456789) == "12.345678"
    assert time_to_score(math.nextafter(0.000002, 0)) == "1.0e-6"


@given(st.floats(0, EXACT / 1_000_000))
def test_a_score_is_never_later_than_its_time(seconds: float) -> None:
    assert float(time_to_score(seconds)) <= seconds


def test_a_whole_number_of_seconds_may_be_an_int() -> None:
    assert time_to_score(1_764_000_000) == "1.764e9"


@pytest.mark.parametrize("no_time", [math.nan, math.inf, -math.inf])
def test_what_is_no_time_is_refused(no_time: float) -> None:
    with pytest.raises((ValueError, OverflowError)):
        time_to_score(no_time)
