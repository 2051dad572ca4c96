"""One call of the script, seen from outside: what a page answers, and what it must not confuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fakeredis
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from actors.exq.dequeue_reply import Page, parse_page
from actors.exq.scripts import SCHEDULER_DEQUEUE
from tests.redis_server import RedisServer


@pytest.fixture(params=["fakeredis", pytest.param("redis", marks=pytest.mark.redis)])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client that never sends a command twice: redis-py's own would, after an error."""
    if request.param == "fakeredis":
        yield fakeredis.FakeRedis(version=(7, 0))
        return
    request.getfixturevalue("real_redis_url")
    server: RedisServer = request.getfixturevalue("redis_server")
    with redis.Redis(host="127.0.0.1", port=server.port, retry=Retry(NoBackoff(), 0)) as real:
        yield real


def page(client: Any, limit: int = 10, max_score: str = "+inf", pass_over: int = 0) -> Page:
    return parse_page(client.eval(SCHEDULER_DEQUEUE.source, 1, "schedule", limit, max_score, "", pass_over))


def schedule(client: Any, *members: bytes) -> None:
    client.zadd("schedule", {member: score for score, member in enumerate(members)})


def test_the_hash_is_the_one_by_which_the_server_knows_the_script(client: Any) -> None:
    assert client.script_load(SCHEDULER_DEQUEUE.source) == SCHEDULER_DEQUEUE.sha


def test_a_page_says_what_it_did(client: Any) -> None:
    client.set("queue:stuck", "x")
    first, second = b'{"queue":"a","n":1}', b'{"queue":"a","n":2}'
    schedule(client, first, b'{"queue":"stuck"}', b'{"jid":"j"}', second, b'{"queue":"b"}')
    client.zadd("schedule", {b"early": -1})
    found = page(client)
    assert (found.examined, found.moved, found.kept, found.below_zero) == (5, 3, 1, 1)
    assert found.moved_by_queue == {b"a": 2, b"b": 1}
    assert [(one.reason, one.jid) for one in found.set_aside] == [("no queue", b"j")]
    assert [(one.key, one.type, one.jobs) for one in found.stuck] == [(b"queue:stuck", "string", 1)]
    assert client.zrange("schedule", 0, -1) == [b"early", b'{"queue":"stuck"}']
    assert client.xinfo_stream("set_aside")["last-generated-id"] == found.set_aside[0].entry_id


def test_the_next_page_begins_behind_what_was_kept_and_counts_nothing_below_zero(client: Any) -> None:
    client.set("queue:stuck", "x")
    schedule(client, b'{"queue":"stuck","n":1}', b'{"queue":"stuck","n":2}', b'{"queue":"a"}')
    client.zadd("schedule", {b"early": -1})
    assert page(client, limit=2).kept == 2
    found = page(client, limit=2, pass_over=2)
    assert (found.examined, found.moved, found.below_zero) == (1, 1, 0)


def test_a_key_that_takes_no_jobs_is_named_once_however_many_queues_wait_for_it(client: Any) -> None:
    client.set("queues", "x")
    schedule(client, *[b'{"queue":"q%d"}' % number for number in range(5)])
    assert [(one.key, one.jobs) for one in page(client).stuck] == [(b"queues", 5)]


def test_zero_and_minus_zero_are_two_queues_and_one_and_the_text_1_are_one(client: Any) -> None:
    zero, minus = b'{"queue":0}', b'{"queue":-0.0}'
    one, text, again = b'{"queue":"1","n":1}', b'{"queue":1,"n":2}', b'{"queue":"1","n":3}'
    schedule(client, zero, minus, one, text, again)
    assert page(client).moved == 5
    assert client.lrange("queue:0", 0, -1) == [zero]
    assert client.lrange("queue:-0", 0, -1) == [minus]
    assert client.lrange("queue:1", 0, -1) == [again, text, one], "in score order across both"


def test_a_number_for_a_jid_is_written_alike_in_the_answer_and_the_stream(client: Any) -> None:
    schedule(client, b'{"jid":9007199254740991}')
    [aside] = page(client).set_aside
    [(_id, entry)] = client.xrange("set_aside")
    assert aside.jid == entry[b"jid"] == b"9007199254740991"


def test_a_long_jid_is_whole_in_the_stream_and_cut_in_the_answer(client: Any) -> None:
    schedule(client, b'{"jid":"' + b"j" * 100_000 + b'"}')
    [aside] = page(client).set_aside
    [(_id, entry)] = client.xrange("set_aside")
    assert aside.jid == b"j" * 255
    assert entry[b"jid"] == b"j" * 100_000


def test_what_is_not_json_is_set_aside_with_the_parsers_own_words(client: Any) -> None:
    schedule(client, b'{"queue":"default","args":[1')
    [aside] = page(client).set_aside
    assert aside.reason.startswith("not JSON: Expect")
    assert aside.reason.count("\n") == 0


@pytest.mark.parametrize("max_score", ["abc", "nan", "1,5", "(x"])
def test_a_score_that_redis_refuses_is_redis_own_error(client: Any, max_score: str) -> None:
    schedule(client, b'{"queue":"a"}')
    with pytest.raises(redis.ResponseError, match="min or max is not a float"):
        page(client, max_score=max_score)
    assert client.zcard("schedule") == 1


def test_a_set_of_a_wrong_type_is_redis_own_error(client: Any) -> None:
    client.set("schedule", "x")
    with pytest.raises(redis.ResponseError, match=r"WRONGTYPE|wrong kind of value"):
        page(client)
