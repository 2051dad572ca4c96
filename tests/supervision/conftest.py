"""What the tests of supervisors share: a node on a clock that jumps, and what was logged."""

from __future__ import annotations

import pytest

from tests.actors.conftest import Reports, clock, node

__all__ = ["clock", "node", "reports"]


@pytest.fixture
def reports(caplog: pytest.LogCaptureFixture) -> Reports:
    """The library's records of warnings and errors: a start that worked (`progress`) is left out."""
    return Reports(caplog)
