"""Fixtures for all tests: where Redis is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.redis_server import RedisServer

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real server for all tests that don't harm it."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def real_redis_url(redis_server: RedisServer) -> str:
    """The real server's URL, the server emptied."""
    with redis_server.client() as client:
        client("FLUSHALL")
        client("SCRIPT", "FLUSH")
    return redis_server.url


@pytest.fixture
def embedded_url() -> str:
    """An embedded server that no other test uses."""
    return f"embedded://test-{next(_numbers)}"


@pytest.fixture(params=["embedded", pytest.param("redis", marks=pytest.mark.redis)])
def redis_url(request: pytest.FixtureRequest) -> str:
    """An empty Redis: once embedded, once a real server."""
    url: str = request.getfixturevalue("embedded_url" if request.param == "embedded" else "real_redis_url")
    return url
