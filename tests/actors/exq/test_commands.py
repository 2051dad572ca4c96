"""Commands as bytes: what is accepted, and that a refusal comes before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import ActorsError
from actors.exq.commands import encode_pipeline, pack


def test_bytes_text_and_numbers_are_encoded_as_redis_reads_them() -> None:
    assert encode_pipeline([["SET", b"\xff", "é", 10**30, -1, 1.5, float("inf"), ""], ("PING",)]) == [
        (b"SET", b"\xff", "é".encode(), b"1" + b"0" * 30, b"-1", b"1.5", b"inf", b""),
        (b"PING",),
    ]


@pytest.mark.parametrize(
    ("commands", "error", "why"),
    [
        ([], ValueError, "needs a command"),
        ([[]], ValueError, "needs a name"),
        ([[""]], ValueError, "one word"),
        ([[b" "]], ValueError, "one word"),
        ([["CONFIG GET", "x"]], ValueError, "one word"),
        ([["SET", "k", "\ud800"]], ValueError, "no Unicode"),
        ("PING", TypeError, "a list of commands"),
        ({"GET": "k"}, TypeError, "a list of commands"),
        (["PING"], TypeError, "a command is a list"),
        ([b"PING"], TypeError, "a command is a list"),
        ([["GET", None]], TypeError, "got None in 'GET'"),
        ([["SET", "k", True]], TypeError, "got True in 'SET'"),
        ([["SET", "k", ["v"]]], TypeError, "bytes, str, int or float"),
        ([["SET", "k", bytearray(b"v")]], TypeError, "bytes, str, int or float"),
        ([["GET", "k"], ["GET", None]], TypeError, "got None"),
    ],
)
def test_what_cannot_be_sent_is_refused(commands: Any, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why) as caught:
        encode_pipeline(commands)
    assert isinstance(caught.value, ActorsError)


@given(st.lists(st.lists(st.binary(max_size=40), min_size=1), min_size=1), st.booleans())
def test_the_protocol_is_redis_s_own_for_small_arguments_and_large(commands: list[list[bytes]], large: bool) -> None:
    if large:
        commands[0].append(b"x" * 70_000)
    expected = b"".join(
        b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in command)
        for command in commands
    )
    assert b"".join(pack([tuple(command) for command in commands])) == expected
