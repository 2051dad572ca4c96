"""The script's reply, read."""

from __future__ import annotations

import pytest

from actors.exq.dequeue_reply import Page, SetAside, Stuck, parse_page


def test_a_page_that_moved_nothing() -> None:
    assert parse_page([0, 0, 0, 0, [], [], []]) == Page(0, 0, 0, 0, {}, (), ())


def test_every_part_of_a_page() -> None:
    reply = [
        9, 3, 4, 1,
        [b"default", 2, b"\xff\x00", 1],
        [b"1-0", b"no queue", b"a", b"2-0", b"not JSON: x", None],
        [b"exq:queue:s", b"string", 3, b"exq:set_aside", b"hash", 1],
    ]  # fmt: skip
    assert parse_page(reply) == Page(
        examined=9,
        moved=3,
        kept=4,
        below_zero=1,
        moved_by_queue={b"default": 2, b"\xff\x00": 1},
        set_aside=(SetAside(b"1-0", "no queue", b"a"), SetAside(b"2-0", "not JSON: x", None)),
        stuck=(Stuck(b"exq:queue:s", "string", 3), Stuck(b"exq:set_aside", "hash", 1)),
    )


def test_a_text_that_is_not_utf_8_is_shown_escaped() -> None:
    page = parse_page([1, 0, 1, 0, [], [b"1-0", b"\xff", None], [b"k", b"\xfe", 1]])
    assert (page.set_aside[0].reason, page.stuck[0].type) == ("\\xff", "\\xfe")


@pytest.mark.parametrize("reply", [[], [1, 2, 3], [0, 0, 0, 0, [b"q"], [], []], [0, 0, 0, 0, [], [b"1-0"], []]])
def test_anything_else_is_refused(reply: list[object]) -> None:
    with pytest.raises(ValueError):
        parse_page(reply)
