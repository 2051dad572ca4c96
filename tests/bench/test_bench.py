"""The bench works, at a hundredth of its size; its figures are the bench's business."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.bench import moving
from tests.bench.__main__ import FIGURES, main
from tests.bench.figure import Figure
from tests.bench.measure import interleaved
from tests.bench.report import table


def test_contenders_take_turns_and_each_repetition_begins_with_another() -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return len(order)

    samples = interleaved({"a": lambda: measure("a"), "b": lambda: measure("b")}, 3)

    assert order == ["a", "b", "b", "a", "a", "b"]
    assert samples == {"a": [1, 4, 5], "b": [2, 3, 6]}


def test_a_ratio_is_the_median_of_each_repetitions_own() -> None:
    figure = Figure.of("x", "title", "jobs/s", {"ours": [10, 20, 90], "theirs": [5, 10, 30]})

    assert figure.ratio(figure.contenders[1]) == 2
    assert figure.contenders[0].median == 20
    assert "2 x" in table([figure], {"python": "CPython"})


def test_a_job_of_the_bench_has_the_size_that_the_title_says() -> None:
    assert 240 <= len(moving._job(99_999)) <= 260


@pytest.mark.redis
def test_every_figure_comes_out_as_json() -> None:
    done = CliRunner().invoke(main, ["--json", "--scale", "0.001"])

    assert done.exit_code == 0, done.output
    body = json.loads(done.stdout)
    assert body["figures"].keys() == FIGURES.keys()
    for figure in body["figures"].values():
        assert all(one["median"] > 0 and one["ours_to_it"] > 0 for one in figure["contenders"].values())
    assert body["machine"]["python"]
