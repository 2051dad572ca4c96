"""Commands that a shared connection refuses, each with the reason and what works instead."""

from __future__ import annotations

import pytest

from actors.errors import ActorsError
from actors.exq.refused import check, check_pipeline

REFUSED = [
    *(f"{name} k 0" for name in ("BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP")),
    "WAIT 1 0",
    "WAITAOF 1 0 0",
    "XREAD BLOCK 0 STREAMS s $",
    "XREAD COUNT 5 block 0 STREAMS s $",
    "XREADGROUP GROUP g c COUNT 1 BLOCK 0 STREAMS s >",
    *(f"{prefix}SUBSCRIBE c" for prefix in ("", "P", "S", "UN", "PUN", "SUN")),
    "SUBSCRIBE",
    "MONITOR",
    "SYNC",
    "PSYNC ? -1",
    "REPLCONF ACK 0",
    "CLIENT REPLY OFF",
    "client reply skip",
    "HELLO 3",
    "RESET",
    "QUIT",
    "SELECT 1",
]
PERMITTED = [
    "GET BLOCK",
    "LPOP k",
    "XREAD COUNT 1 STREAMS BLOCK 0",
    "XREADGROUP GROUP BLOCK BLOCK STREAMS s >",
    "CLIENT LIST",
    "CLIENT",
    "PUBLISH c m",
    "AUTH pw",
    "EVAL return 0",
    "SCRIPT LOAD x",
    "PING",
    "SHUTDOWN",
]


@pytest.mark.parametrize("line", REFUSED)
@pytest.mark.parametrize("binary", [False, True])
def test_a_command_that_would_harm_other_callers_is_refused_with_the_way_out(line: str, binary: bool) -> None:
    for words in (line.split(), line.lower().split()):
        command = [word.encode() for word in words] if binary else words
        with pytest.raises(ValueError, match=r"is refused on the shared connection: .+\. Instead: .+\.") as caught:
            check(command)
        assert isinstance(caught.value, ActorsError)
        assert str(caught.value).startswith(line.split()[0].upper())


@pytest.mark.parametrize("line", PERMITTED)
def test_any_other_command_goes_through(line: str) -> None:
    check(line.split())
    check([b"SET", b"BLPOP", 1, 1.5])
    check(["x" * 10_000_000])


@pytest.mark.parametrize(
    "lines",
    [
        ["MULTI", "SET k v", "EXEC"],
        ["MULTI", "DISCARD", "GET k"],
        ["WATCH k", "MULTI", "EXEC"],
        ["WATCH k", "UNWATCH"],
        ["EXEC"],
        ["GET k"],
    ],
)
def test_a_transaction_inside_one_pipeline_is_fine(lines: list[str]) -> None:
    check_pipeline([line.split() for line in lines])


@pytest.mark.parametrize(
    "lines",
    [
        ["MULTI"],
        ["MULTI", "SET k v"],
        ["MULTI", "EXEC", "multi"],
        ["WATCH k"],
        ["WATCH k", "MULTI", "UNWATCH"],
    ],
)
def test_a_transaction_left_open_is_refused(lines: list[str]) -> None:
    with pytest.raises(ValueError, match="is refused if its pipeline doesn't end it"):
        check_pipeline([line.split() for line in lines])


def test_a_pipeline_is_refused_for_any_of_its_commands() -> None:
    with pytest.raises(ValueError, match="BLPOP is refused"):
        check_pipeline([["GET", "k"], ["BLPOP", "k", 0]])
