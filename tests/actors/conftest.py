"""What the tests of the process layer share: a node on a clock that jumps, and what was logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from actors import ManualClock, Node


@pytest.fixture
def clock() -> ManualClock:
    """Time that passes only where every process waits for it."""
    return ManualClock(jumps=True)


@pytest.fixture
def node(clock: ManualClock) -> Iterator[Node]:
    with Node(clock=clock) as running:
        yield running


class Reports:
    """The library's records, in order."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    @property
    def records(self) -> list[Any]:
        return [record for record in self._caplog.records if hasattr(record, "report")]

    @property
    def kinds(self) -> list[str]:
        return [record.report for record in self.records]

    def of(self, kind: str) -> list[Any]:
        return [record for record in self.records if record.report == kind]


@pytest.fixture
def reports(caplog: pytest.LogCaptureFixture) -> Reports:
    caplog.set_level(logging.INFO, logger="actors")
    return Reports(caplog)
