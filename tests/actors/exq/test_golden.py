"""What Exq itself left in Redis, case by case: `scheduler_dequeue` leaves the same, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actors.exq import command, job_queue, redis_connection
from tests.actors.exq.on_node import State, connect, on_node, whole_state

FIXTURE = Path(__file__).parents[2] / "fixtures" / "exq" / "scheduler_dequeue.json"
CASES: list[dict[str, Any]] = json.loads(FIXTURE.read_text("utf-8"))["cases"]

READS_OTHERWISE = {
    "queue-raw-newline": "fakeredis decodes with Python's json, which refuses a raw control character in a string",
    "nested-1000": "Python's json may run out of stack at this depth, depending on its version",
}
"""Cases where fakeredis's cjson decides otherwise than Redis's; it may lose and block nothing."""


def text(value: Any) -> bytes:
    """A text of the fixture."""
    if isinstance(value, str):
        return value.encode()
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in value["parts"]).encode()


def expected(case: dict[str, Any]) -> State:
    """The case's state afterwards, as `whole_state` has it."""
    state: State = {}
    for key, typed in case["after"].items():
        [(kind, content)] = typed.items()
        match kind:
            case "zset":
                state[key.encode()] = kind, [(text(one["member"]), float(one["score"])) for one in content]
            case "string":
                state[key.encode()] = kind, text(content)
            case "set":
                state[key.encode()] = kind, sorted(map(text, content))
            case _:
                state[key.encode()] = kind, [*map(text, content)]
    return state


async def play(url: str, case: dict[str, Any]) -> tuple[list[int], State]:
    """Make the case's state, call as often as it was called, and look."""
    redis = await connect(url)
    await command(redis, "FLUSHALL")
    for one in case["before"]:
        await command(redis, *map(text, one))
    moved = [await job_queue.scheduler_dequeue(redis, case["prefix"], case["due_until"]) for _ in case["moved"]]
    return moved, numbers(await whole_state(redis))


def numbers(state: State) -> State:
    """The state, its scores as numbers: how a server writes 1e300 depends on its version."""
    return {
        key: (kind, [(member, float(score)) for member, score in content]) if kind == "zset" else (kind, content)
        for key, (kind, content) in state.items()
    }


def members(state: State) -> list[bytes]:
    """Every job in the state, wherever it is."""
    found: list[bytes] = []
    for kind, content in state.values():
        match kind:
            case "list":
                found += content
            case "zset":
                found += [member for member, _score in content]
            case "stream":
                found += [entry[b"member"] for entry in content]
    return sorted(found)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_state_is_that_which_exq_left(
    case: dict[str, Any], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weaker = redis_url.startswith("embedded") and case["id"] in READS_OTHERWISE
    for size in sorted({case["page"], 1, 3, 10, 1000}):
        monkeypatch.setattr(redis_connection, "_PAGE_SIZES", {})
        monkeypatch.setattr(redis_connection, "_PAGE_SIZE", size)
        moved, state = on_node(lambda: play(redis_url, case))
        if weaker:
            assert members(state) == members(expected(case)), size
            set_aside = state.get(b"exq:set_aside", ("stream", []))[1]
            assert moved == [sum(case["moved"]) - len(set_aside), 0], size
            assert [entry[b"reason"][:8] for entry in set_aside] in ([], [b"not JSON"]), size
        else:
            assert (moved, state) == (case["moved"], expected(case)), size


def test_there_are_50_cases_and_the_list_of_exceptions_names_cases() -> None:
    assert len(CASES) == len({case["id"] for case in CASES}) == 50
    assert {case["id"] for case in CASES} >= set(READS_OTHERWISE)
