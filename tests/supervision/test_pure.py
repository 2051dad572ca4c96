"""The decisions of supervision, without a process."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervision.intensity import Intensity


@given(
    gaps=st.lists(st.integers(0, 3000), max_size=40),
    max_restarts=st.integers(0, 5),
    max_seconds=st.integers(1, 4),
)
def test_a_restart_is_allowed_exactly_while_the_window_holds_no_more_than_the_maximum(
    gaps: list[int], max_restarts: int, max_seconds: int
) -> None:
    intensity, now, made = Intensity(max_restarts, max_seconds), 0, []
    for gap in gaps:
        now += gap
        made.append(now)
        within = [at for at in made if at >= now - max_seconds * 1000]
        assert intensity.add(now) is (len(within) <= max_restarts)
