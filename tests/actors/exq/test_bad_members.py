"""Members that aren't as Exq writes them, and keys of the wrong type: nothing is lost, nothing blocks what is good."""

from __future__ import annotations

import itertools
import json
import logging
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import ManualClock, Node, Pid, call
from actors.exq import Scheduler, SchedulerOptions, command, job_queue, pipeline, redis_connection
from actors.exq.job_queue import dequeue_passes
from tests.actors.exq.on_node import State, connect, job, on_node, pause, whole_state
from tests.redis_server import RedisServer

DEEP_1000 = b'{"queue":"default","x":' + b"[" * 999 + b"]" * 999 + b"}"
DEEP_1001 = b'{"queue":"default","x":' + b"[" * 1001 + b"]" * 1001 + b"}"

NUMBERS = [
    "5", "0", "-5", "1.1", "0.1", "1.5", "1e300", "1e15", "1e14", "1e16", "123456789012345", "12345678901234567890",
    "-0", "0.30000000000000004", "1e-7", "100000000000000000000", "9007199254740993", "0x10", "NaN", "nan", "Infinity",
    "-Infinity", "inf", "1.", ".5", "+1", "01", "1e400", "-1e400", "1e", "0x", "--1",
]  # fmt: skip

ODD: list[bytes] = [
    b"",
    b" ",
    b"x",
    b"not JSON",
    b"{",
    b"}",
    b"{}",
    b"[]",
    b"[1,2]",
    b'["queue"]',
    b'{"queue"',
    b'{"queue":',
    b'{"queue":"default"',
    b'{"queue":"default',
    b'{"queue":"default",}',
    b'{"queue":"default"}}',
    b'{"queue":"default"} x',
    b'{"queue":"default"}{"queue":"default"}',
    b"{'queue':'default'}",
    b'{queue:"default"}',
    b'{"queue" "default"}',
    b'"default"',
    b'"queue"',
    b'""',
    b"5",
    b"-1.5",
    b"true",
    b"false",
    b"null",
    b"nil",
    b'{"jid":"no-queue"}',
    b'{"queue":null,"jid":"null-queue"}',
    b'{"queue":true,"jid":"true-queue"}',
    b'{"queue":false,"jid":"false-queue"}',
    b'{"queue":{},"jid":"object-queue"}',
    b'{"queue":{"queue":"default"},"jid":"object-queue-2"}',
    b'{"queue":[],"jid":"array-queue"}',
    b'{"queue":["default"],"jid":17}',
    b'{"queue":null,"jid":null}',
    b'{"queue":null,"jid":["x"]}',
    b'{"Queue":"default","QUEUE":"default"}',
    b'{"queue ":"default"}',
    b'{"args":[{"queue":"inside"}],"jid":"inside-only"}',
    b'{"args":{"queue":"inside"},"queue":"default"}',
    b'{"args":["\\"queue\\":\\"inside\\""],"queue":"default"}',
    b'{"args":"\\",\\"queue\\":\\"inside","queue":"default"}',
    b'{"queue":"first","queue":"last"}',
    b'{"queue":"first","queue":null}',
    b'{"queue":null,"queue":"last"}',
    b'{"queue":1,"qu\\u0065ue":"escaped"}',
    b'{"qu\\u0065ue":"escaped"}',
    b'{"queue":"a\\"b"}',
    b'{"queue":"a\\\\b"}',
    b'{"queue":"a\\/b"}',
    b'{"queue":"a\\nb\\t"}',
    b'{"queue":"\\u00fc\\u4e2d"}',
    b'{"queue":"\\ud83c\\udf89"}',
    b'{"queue":"\\ud83c"}',
    b'{"queue":"\\udf89"}',
    b'{"queue":"\\u00"}',
    b'{"queue":"\\x41"}',
    b'{"queue":"a\\u0000b"}',
    b'{"queue":"a\x00b"}',
    b'{"queue":"default"}\x00',
    b'\x00{"queue":"default"}',
    b"\x00",
    b'{"queue":"a\nb"}',
    b'{"queue":"a\tb"}',
    b'{"queue":"a\x01b"}',
    b'{"queue":"a\x7fb"}',
    b'\xef\xbb\xbf{"queue":"default"}',
    b'{"queue":"\xff\xfe"}',
    b'{"queue":"\xc3\x28"}',
    b'{"queue":"\xed\xa0\x80"}',
    b"\xff\xfe\x00",
    b'{"queue":"default","x":"\xff"}',
    b'{"queue":""}',
    b'{"queue":" "}',
    b'{"queue":"*"}',
    b'{"queue":"a:b"}',
    b'{"queue":"' + b"q" * 5000 + b'"}',
    b' \t\r\n{"queue":"default"} \r\n',
    b'\x0b{"queue":"default"}',
    b'{"queue":"default","x":NaN,"y":Infinity,"z":-Infinity,"h":0x1F}',
    b'{"queue":"default",/* c */"x":1}',
    b'{"queue":"default","x":tru}',
    b'{"queue":"default","x":01}',
    DEEP_1000,
    DEEP_1001,
    b"[" * 1001 + b"]" * 1001,
    b"[" * 100_000,
    b'{"x":"' + b"y" * 300_000 + b'","jid":"big-bad"}',
    b'{"x":"' + b"y" * 300_000 + b'","queue":"default"}',
    b"y" * 300_000,
    *[b'{"queue":' + number.encode() + b',"jid":"n"}' for number in NUMBERS],
]

FAKEREDIS_READS_OTHERWISE: dict[str, list[bytes]] = {
    "refuses a raw control character in a string": [b'{"queue":"a\nb"}', b'{"queue":"a\tb"}', b'{"queue":"a\x01b"}'],
    "refuses a NUL behind the JSON": [b'{"queue":"default"}\x00'],
    "reads past a byte order mark": [b'\xef\xbb\xbf{"queue":"default"}'],
    "refuses what is no UTF-8": [
        b'{"queue":"\xff\xfe"}',
        b'{"queue":"\xc3\x28"}',
        b'{"queue":"\xed\xa0\x80"}',
        b'{"queue":"default","x":"\xff"}',
    ],
    "refuses the numbers of C that aren't JSON's, wherever they stand": [
        b'{"queue":"default","x":NaN,"y":Infinity,"z":-Infinity,"h":0x1F}',
        b'{"queue":"default","x":01}',
        *[b'{"queue":' + n + b',"jid":"n"}' for n in (b"0x10", b"nan", b"inf", b"1.", b"+1", b"01")],
    ],
    "refuses an integer beyond 64 bits": [
        b'{"queue":12345678901234567890,"jid":"n"}',
        b'{"queue":100000000000000000000,"jid":"n"}',
    ],
    "has no -0": [b'{"queue":-0,"jid":"n"}'],
    "may run out of stack, depending on Python's version": [DEEP_1000, DEEP_1001],
}
"""Where fakeredis's cjson, Python's json, decides otherwise than Redis's. It may: it loses and blocks nothing."""

# What Exq's sequence makes of one member: {1, the list's key, the set's entries}, or {0, what failed}. In the order in
# which Exq's script does it, each step with the queue as cjson gave it.
EXQ_SEQUENCE = """
local ok, failure = pcall(function()
  local fields = cjson.decode(ARGV[1])
  local name = fields['queue']
  redis.call('SADD', 'reference:queues', name)
  redis.call('LPUSH', 'reference:queue:' .. name, ARGV[1])
end)
if not ok then
  return {0, type(failure) == 'table' and failure.err or tostring(failure)}
end
local fields = cjson.decode(ARGV[1])
return {1, 'queue:' .. fields['queue'], redis.call('SMEMBERS', 'reference:queues')}
"""


async def reference(redis: Pid, member: bytes) -> tuple[bytes, list[bytes]] | None:
    """The key, without its namespace, and the entries in `queues` that Exq would make; None where it fails."""
    answer = await command(redis, "EVAL", EXQ_SEQUENCE, 0, member)
    await command(redis, "FLUSHALL")
    return (answer[1], sorted(answer[2])) if answer[0] else None


def placed(state: State) -> dict[bytes, Counter[bytes]]:
    """Every member in the state, by its key."""
    found: dict[bytes, Counter[bytes]] = {}
    for key, (kind, content) in state.items():
        match kind:
            case "list":
                found[key] = Counter(content)
            case "zset":
                found[key] = Counter(member for member, _score in content)
            case "stream":
                found[key] = Counter(entry[b"member"] for entry in content)
    return found


def number_or_text(text: bytes) -> object:
    """The text, as a number where it is one and no NaN, which equals nothing."""
    try:
        number = float(text)
    except ValueError:
        return text
    return text if math.isnan(number) else number


def everything(state: State) -> Counter[bytes]:
    """Every member in the state, and how often."""
    return sum(placed(state).values(), Counter())


# ---- one member


@pytest.mark.redis
def test_a_member_is_read_as_exqs_script_reads_it_or_set_aside_whole(real_redis_url: str) -> None:
    """On the real server: accepted is what its cjson gives a queue for, and only that; key and entry are Exq's."""

    async def main() -> None:
        redis = await connect(real_redis_url)
        accepted = 0
        for member in ODD:
            expected = await reference(redis, member)
            await command(redis, "ZADD", "exq:schedule", "1.25", member)
            moved = await job_queue.scheduler_dequeue(redis, "exq", "2")
            state = await whole_state(redis)
            await command(redis, "FLUSHALL")
            shown = member[:80]
            if expected is None:
                assert moved == 0, shown
                assert list(state) == [b"exq:set_aside"], shown
                [entry] = state[b"exq:set_aside"][1]
                assert (entry[b"member"], entry[b"set"], entry[b"score"]) == (member, b"exq:schedule", b"1.25"), shown
                assert entry[b"reason"], shown
            else:
                accepted += 1
                key, names = expected
                assert moved == 1, shown
                assert state == {b"exq:" + key: ("list", [member]), b"exq:queues": ("set", names)}, shown
        assert 40 < accepted < len(ODD) - 40

    on_node(main)


@pytest.mark.redis
def test_embedded_redis_reads_all_but_a_list_of_members_as_a_server_does(
    real_redis_url: str, embedded_url: str
) -> None:
    listed = {member for members in FAKEREDIS_READS_OTHERWISE.values() for member in members}
    assert listed <= set(ODD)

    async def main(url: str) -> dict[bytes, State]:
        redis = await connect(url)
        states: dict[bytes, State] = {}
        for member in ODD:
            await command(redis, "ZADD", "exq:retry", "1.25", member)
            await job_queue.scheduler_dequeue(redis, "exq", "2")
            states[member] = state = await whole_state(redis)
            assert everything(state) == Counter([member])
            assert b"exq:retry" not in state
            for entry in state.get(b"exq:set_aside", ("stream", []))[1]:
                entry[b"reason"] = entry[b"reason"].partition(b":")[0]  # the parser's own words
            if b"exq:queues" in state:  # how many digits SADD gets of a number depends on the server
                state[b"exq:queues"] = ("set", [*map(number_or_text, state[b"exq:queues"][1])])
            await command(redis, "FLUSHALL")
        return states

    real, embedded = on_node(lambda: main(real_redis_url)), on_node(lambda: main(embedded_url))
    assert [member for member in ODD if real[member] != embedded[member] and member not in listed] == []


@pytest.mark.redis
def test_queues_that_share_a_key_leave_every_entry_that_exq_leaves(real_redis_url: str) -> None:
    names = ["1.1", '"1.1"', "1.10000000000000010", "1.1000000000000003", "5", '"5"', "0", "-0", '"0"', "NaN", '"nan"']
    members = [json.dumps({"jid": n})[:-1].encode() + f',"queue":{name}}}'.encode() for n, name in enumerate(names * 2)]

    async def main() -> None:
        redis = await connect(real_redis_url)
        for member in members:
            await command(redis, "EVAL", EXQ_SEQUENCE, 0, member)
        expected = {key.replace(b"reference:", b"exq:"): typed for key, typed in (await whole_state(redis)).items()}
        await command(redis, "FLUSHALL")
        for score, member in enumerate(members):
            await command(redis, "ZADD", "exq:retry", score, member)
        assert await job_queue.scheduler_dequeue(redis, "exq", "+inf") == len(members)
        assert await whole_state(redis) == expected

    on_node(main)


def test_good_jobs_behind_bad_ones_move_at_every_page_size(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good = [job(number, f"q{number % 3}").encode() for number in range(len(ODD) + 1)]

    async def main() -> None:
        redis = await connect(redis_url)
        adds = []
        for number, (bad, fine) in enumerate(itertools.zip_longest(ODD, good)):
            if bad is not None:
                adds += [["ZADD", "exq:schedule", number, bad], ["ZADD", "exq:retry", number, bad]]
            adds.append(["ZADD", "exq:schedule", number + 0.5, fine])
        await pipeline(redis, adds)
        before = everything(await whole_state(redis))
        moved = await job_queue.scheduler_dequeue(redis, "exq", "+inf")
        state = await whole_state(redis)
        found = placed(state)
        assert b"exq:schedule" not in state
        assert b"exq:retry" not in state
        assert everything(state) == before
        for which in range(3):  # in score order: the latest at the head
            assert state[f"exq:queue:q{which}".encode()][1] == good[which::3][::-1]
        assert moved == sum(before.values()) - sum(found[b"exq:set_aside"].values())
        await command(redis, "FLUSHALL")

    for size in (1, 7, 1000):
        monkeypatch.setattr(redis_connection, "_PAGE_SIZES", {})
        monkeypatch.setattr(redis_connection, "_PAGE_SIZE", size)
        on_node(main)


@pytest.mark.parametrize(
    ("member", "reason", "jid"),
    [
        (b"not JSON \xff\x00", "not JSON", None),
        (b'"text"', "not a JSON object", None),
        (b'{"jid":"abc","args":[{"queue":"x"}]}', "no queue", b"abc"),
        (b'{"jid":17,"queue":null}', "queue is null", b"17"),
        (b'{"queue":true,"jid":{}}', "queue is a boolean", None),
        (b'{"queue":["default"],"jid":""}', "queue is an array or object", b""),
    ],
)
def test_a_member_set_aside_is_kept_whole_with_its_story_and_logged_once(
    member: bytes, reason: str, jid: bytes | None, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        await command(redis, "ZADD", "a:b:retry", "1764000000.123456", member)
        for _ in range(3):
            assert await job_queue.scheduler_dequeue(redis, "a:b", "+inf") == 0
        state = await whole_state(redis)
        assert list(state) == [b"a:b:set_aside"]
        [entry] = state[b"a:b:set_aside"][1]
        assert entry.pop(b"member") == member
        assert entry.pop(b"set") == b"a:b:retry"
        assert float(entry.pop(b"score")) == 1764000000.123456
        assert entry.pop(b"reason").decode().startswith(reason)
        assert entry.pop(b"jid", None) == jid
        assert entry == {}

    on_node(main)
    [record] = [one for one in caplog.records if one.__dict__.get("report") == "set_aside"]
    assert record.levelno == logging.ERROR
    assert reason in record.getMessage()
    assert "a:b:set_aside" in record.getMessage()
    assert f"jid {'none' if jid is None else jid.decode()}" in record.getMessage()


# ---- keys of the wrong type

MAKE: dict[str, list[Any]] = {
    "string": ["SET", "{}", "x"],
    "list": ["RPUSH", "{}", "x"],
    "set": ["SADD", "{}", "x"],
    "zset": ["ZADD", "{}", 1, "x"],
    "hash": ["HSET", "{}", "f", "x"],
    "stream": ["XADD", "{}", "*", "f", "x"],
}


async def make(redis: Pid, key: str, kind: str) -> None:
    await command(redis, *[key if part == "{}" else part for part in MAKE[kind]])


@pytest.mark.parametrize("kind", ["string", "set", "zset", "hash", "stream"])
def test_a_live_key_of_a_wrong_type_keeps_its_jobs_and_holds_up_no_other(
    kind: str, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        await make(redis, "exq:queue:stuck", kind)
        adds: list[list[Any]] = []
        for number in range(60):
            adds.append(["ZADD", "exq:schedule", number, job(f"s{number}", "stuck")])
            adds.append(["ZADD", "exq:schedule", number, job(f"g{number}", "good")])
        await pipeline(redis, adds)
        scheduler = await Scheduler.start_link(SchedulerOptions(redis=redis, scheduler_poll_timeout=60_000))
        assert scheduler is not None
        assert await call(scheduler, "dequeue") == 0
        assert await command(redis, "LLEN", "exq:queue:good") == 60
        assert await command(redis, "TYPE", "exq:queue:stuck") == kind.encode()
        assert await command(redis, "ZCARD", "exq:schedule") == 60
        assert await command(redis, "SMEMBERS", "exq:queues") == [b"good"]
        await command(redis, "DEL", "exq:queue:stuck")
        assert await call(scheduler, "dequeue") == 60
        assert await command(redis, "LINDEX", "exq:queue:stuck", -1) == job("s0", "stuck").encode()
        assert await command(redis, "LLEN", "exq:queue:stuck") == 60

    on_node(main)
    [reported] = [one for one in caplog.messages if "takes no jobs" in one]
    assert f"exq:queue:stuck is a {kind}" in reported
    assert "60 due job(s) stay in exq:schedule" in reported


@pytest.mark.parametrize("kind", ["string", "list", "zset", "hash", "stream"])
def test_queues_of_a_wrong_type_keeps_all_jobs_until_it_is_mended(kind: str, redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        await make(redis, "exq:queues", kind)
        await command(redis, "ZADD", "exq:retry", 1, job(1), 2, b"bad", 3, job(2))
        assert await job_queue.scheduler_dequeue(redis, "exq", 9) == 0
        state = await whole_state(redis)
        assert [member for member, _ in state[b"exq:retry"][1]] == [job(1).encode(), job(2).encode()]
        assert [entry[b"member"] for entry in state[b"exq:set_aside"][1]] == [b"bad"]
        await command(redis, "DEL", "exq:queues")
        assert await job_queue.scheduler_dequeue(redis, "exq", 9) == 2

    on_node(main)


@pytest.mark.parametrize("kind", ["string", "list", "set", "zset", "hash"])
def test_set_aside_of_a_wrong_type_keeps_the_bad_ones_and_moves_the_good(kind: str, redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        await make(redis, "exq:set_aside", kind)
        adds: list[list[Any]] = []
        for number in range(30):
            adds += [["ZADD", "exq:retry", number, f"bad {number}"], ["ZADD", "exq:retry", number, job(number)]]
        await pipeline(redis, adds)
        assert await job_queue.scheduler_dequeue(redis, "exq", 99) == 30
        assert await command(redis, "ZCARD", "exq:retry") == 30
        await command(redis, "DEL", "exq:set_aside")
        assert await job_queue.scheduler_dequeue(redis, "exq", 99) == 0
        assert await command(redis, "XLEN", "exq:set_aside") == 30

    on_node(main)


@pytest.mark.redis
def test_a_stream_that_takes_no_more_entries_keeps_the_bad_ones_and_moves_the_good(real_redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(real_redis_url)
        await command(redis, "XADD", "exq:set_aside", f"{2**64 - 1}-{2**64 - 1}", "f", "x")
        await command(redis, "ZADD", "exq:retry", 1, "bad", 2, job(1), 3, "worse", 4, job(2))
        assert await job_queue.scheduler_dequeue(redis, "exq", 99) == 2
        assert await command(redis, "ZRANGE", "exq:retry", 0, -1) == [b"bad", b"worse"]

    on_node(main)


@pytest.mark.parametrize("kind", ["string", "list", "set", "hash", "stream"])
@pytest.mark.parametrize("key", ["schedule", "retry"])
def test_a_set_of_a_wrong_type_is_logged_and_the_other_one_drained(
    key: str, kind: str, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = {"schedule": "retry", "retry": "schedule"}[key]

    async def main() -> None:
        redis = await connect(redis_url)
        await make(redis, f"exq:{key}", kind)
        await command(redis, "ZADD", f"exq:{other}", 1, job(1))
        assert await job_queue.scheduler_dequeue(redis, "exq", 9) == 1
        assert await job_queue.scheduler_dequeue(redis, "exq", 9) == 0
        assert await command(redis, "TYPE", f"exq:{key}") == kind.encode()

    on_node(main)
    assert sum(f"Error dequeueing jobs from scheduler queue exq:{key}" in one for one in caplog.messages) == 2


@pytest.mark.redis
def test_a_stuck_queue_of_thousands_costs_a_bounded_share_and_drains_when_mended(
    real_redis_url: str, redis_server: RedisServer
) -> None:
    def scripts() -> int:
        with redis_server.client() as client:
            stats = client("INFO", "commandstats")
            return sum(int(stats.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("evalsha", "eval"))

    async def main() -> None:
        redis = await connect(real_redis_url)
        await command(redis, "SET", "exq:queue:stuck", "x")
        await pipeline(redis, [["ZADD", "exq:schedule", 1, job(n, "stuck")] for n in range(5000)])
        state = (await Scheduler().init(SchedulerOptions(redis=redis))).state  # it polls by hand here
        with redis_server.client() as client:
            client("CONFIG", "RESETSTAT")
        for poll in range(40):
            await command(redis, "ZADD", "exq:schedule", 2, job(f"g{poll}", "good"))
            state, _timeout = await Scheduler.dequeue(state)
            assert await command(redis, "LLEN", "exq:queue:good") == poll + 1
        # the first poll looks at all 5,000, in pages of 1,000; each later one is a page for each set
        assert scripts() <= 2 * 40 + 5 * 2 + 1
        assert await command(redis, "ZCARD", "exq:schedule") == 5000
        await command(redis, "DEL", "exq:queue:stuck")
        assert await job_queue.scheduler_dequeue(redis, "exq") == 5000
        assert await command(redis, "LLEN", "exq:queue:stuck") == 5000

    on_node(main)


def test_a_job_that_comes_in_below_the_kept_ones_is_moved_by_the_next_poll(embedded_url: str) -> None:
    clock = ManualClock(jumps=True)

    async def main() -> None:
        redis = await connect(embedded_url)
        await command(redis, "SET", "exq:queue:stuck", "x")
        for number in range(10):
            await command(redis, "ZADD", "exq:schedule", 100, job(number, "stuck"))
        await Scheduler.start_link(SchedulerOptions(redis=redis))
        await pause(1000)
        await command(redis, "ZADD", "exq:schedule", 50, job("early", "good"), 150, job("late", "good"))
        await pause(300)
        assert await command(redis, "LLEN", "exq:queue:good") == 2
        await command(redis, "DEL", "exq:queue:stuck")
        await pause(5500)
        assert await command(redis, "LLEN", "exq:queue:stuck") == 10

    on_node(main, clock)


def test_a_score_below_zero_stays_and_is_reported_once(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        await command(
            redis, "ZADD", "exq:retry", -1, job(1), "-inf", job(2), "-1e-300", job(3), "-0.0", job(4), 0, job(5)
        )
        scheduler = await Scheduler.start_link(SchedulerOptions(redis=redis, scheduler_poll_timeout=60_000))
        assert scheduler is not None
        for _ in range(3):
            await call(scheduler, "dequeue")
        assert await command(redis, "ZCARD", "exq:retry") == 3
        assert await command(redis, "LLEN", "exq:queue:default") == 2

    on_node(main)
    [reported] = [one for one in caplog.messages if "below 0" in one]
    assert reported.startswith("3 member(s) of exq:retry ")


# ---- large and full


@pytest.mark.redis
@pytest.mark.parametrize("size", [1000, 20_000])
def test_more_members_than_lua_can_unpack(size: int, real_redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_connection, "_PAGE_SIZE", size)

    async def main() -> None:
        redis = await connect(real_redis_url)
        await pipeline(redis, [["ZADD", "exq:schedule", n, job(n)] for n in range(20_000)], timeout=20_000)
        assert await job_queue.scheduler_dequeue(redis, "exq", "+inf") == 20_000
        live = await command(redis, "LRANGE", "exq:queue:default", 0, -1)
        assert live == [job(n).encode() for n in reversed(range(20_000))]
        assert await command(redis, "EXISTS", "exq:schedule") == 0

    on_node(main)


def test_a_script_that_the_server_has_forgotten_is_sent_again(redis_url: str) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        for turn in range(3):
            await command(redis, "SCRIPT", "FLUSH")
            await command(redis, "ZADD", "exq:schedule", 1, job(turn))
            assert await job_queue.scheduler_dequeue(redis, "exq", 2) == 1
        assert await command(redis, "LLEN", "exq:queue:default") == 3

    on_node(main)


@pytest.mark.redis
def test_a_server_out_of_memory_loses_and_doubles_nothing(caplog: pytest.LogCaptureFixture) -> None:
    members = [b"bad " + b"x" * 2000, *[job(n, f"q{n % 7}").encode() for n in range(3000)]]

    async def main(url: str) -> None:
        redis = await connect(url)
        await pipeline(redis, [["ZADD", "exq:retry", n, member] for n, member in enumerate(members)])
        await command(redis, "CONFIG", "SET", "maxmemory-policy", "noeviction")
        await command(redis, "CONFIG", "SET", "maxmemory", "1mb")
        assert await job_queue.scheduler_dequeue(redis, "exq", "+inf") == 0
        await command(redis, "CONFIG", "SET", "maxmemory", "0")
        assert await command(redis, "ZCARD", "exq:retry") == len(members)
        used = (await command(redis, "INFO", "memory")).split(b"used_memory:")[1].split()[0]
        await command(redis, "CONFIG", "SET", "maxmemory", int(used) + 150_000)  # full after a page or two
        await job_queue.scheduler_dequeue(redis, "exq", "+inf")
        assert everything(await whole_state(redis)) == Counter(members)
        await command(redis, "CONFIG", "SET", "maxmemory", "0")
        await job_queue.scheduler_dequeue(redis, "exq", "+inf")
        state = await whole_state(redis)
        assert everything(state) == Counter(members)
        assert b"exq:retry" not in state

    with RedisServer() as server:
        on_node(lambda: main(server.url))
    assert "OOM" in caplog.text


# ---- anything at all

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MEMBER = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda queue, jid: json.dumps({"args": [], "queue": queue, "jid": jid}).encode(), ANY_JSON, ANY_JSON),
    st.builds(lambda value: json.dumps(value).encode(), ANY_JSON),
    st.builds(lambda raw: b'{"queue":"' + raw + b'"}', st.binary(max_size=10)),
    st.sampled_from(ODD[:60]),
)
SCORE = st.one_of(st.floats(allow_nan=False), st.integers(-3, 3).map(float), st.floats(0, 2e9))
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


@pytest.fixture
def node() -> Iterator[Node]:
    with Node() as node:
        yield node


@given(
    schedule=st.dictionaries(MEMBER, SCORE, max_size=12),
    retry=st.dictionaries(MEMBER, SCORE, max_size=12),
    page=st.sampled_from([1, 2, 3, 1000]),
    due=st.sampled_from(["+inf", "0", "1000000000"]),
)
@SETTINGS
def test_whatever_the_members_each_is_accounted_for_once(
    redis_url: str, node: Node, schedule: dict[bytes, float], retry: dict[bytes, float], page: int, due: str
) -> None:
    async def main() -> None:
        redis = await connect(redis_url)
        await command(redis, "FLUSHALL")
        for key, members in (("exq:schedule", schedule), ("exq:retry", retry)):
            for member, score in members.items():
                await command(redis, "ZADD", key, score, member)
        before = everything(await whole_state(redis))
        passes = await dequeue_passes(redis, "exq", due)
        assert [one.error for one in passes] == [None, None]
        state = await whole_state(redis)
        assert everything(state) == before
        found = placed(state)
        for key, members in (("exq:schedule", schedule), ("exq:retry", retry)):
            left = {member for member, score in members.items() if not 0 <= score <= float(due)}
            assert set(found.get(key.encode(), ())) == left
        live = sum(sum(count.values()) for key, count in found.items() if key.startswith(b"exq:queue:"))
        assert sum(one.moved for one in passes) == live

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_connection, "_PAGE_SIZES", {})
        patch.setattr(redis_connection, "_PAGE_SIZE", page)
        node.run(main)
