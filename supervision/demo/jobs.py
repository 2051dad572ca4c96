"""Jobs as an Elixir node writes them: Exq's keys in Exq's order, floats as Elixir prints them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

MAX_RETRIES: Final = 25
"""Exq's default for a job's `retry`."""


def scheduled_job(jid: str, queue: str, worker: str, args: Sequence[Any], due: float) -> bytes:
    """What `Exq.enqueue_at/5` puts into `schedule`; `enqueued_at` is the due time, as Exq has it."""
    return _encode(
        {
            "args": args,
            "class": worker,
            "enqueued_at": due,
            "jid": jid,
            "queue": queue,
            "retry": MAX_RETRIES,
        }
    )


def failed_job(jid: str, queue: str, worker: str, args: Sequence[Any], failed_at: float, message: str) -> bytes:
    """What Exq puts into `retry` when a job failed for the first time (`JobQueue.retry_job/5`)."""
    return _encode(
        {
            "args": args,
            "class": worker,
            "enqueued_at": failed_at,
            "error_class": None,
            "error_message": message,
            "failed_at": failed_at,
            "finished_at": None,
            "jid": jid,
            "processor": None,
            "queue": queue,
            "retried_at": failed_at,
            "retry": MAX_RETRIES,
            "retry_count": 1,
        }
    )


def _encode(job: Mapping[str, Any]) -> bytes:
    return _text(job).encode()


def _text(value: Any) -> str:
    """JSON without blanks; `json.dumps` would write some floats otherwise than Elixir (1764000000.0 for 1.764e9)."""
    if isinstance(value, float):
        return elixir_float(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def elixir_float(number: float) -> str:
    """A finite double as Elixir's `Float.to_string/1` writes it.

    The shortest digits that read back as the same double, plain or with an exponent, whichever is shorter; plain
    where both are of one length.
    """
    if number == 0:
        return repr(number)
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int), "neither Elixir nor JSON has infinities"
    text = "".join(map(str, digits))
    scientific = f"{text[0]}.{text[1:] or '0'}e{exponent + len(text) - 1}"
    plain = f"{Decimal((0, digits, exponent)):f}"
    if "." not in plain:
        plain += ".0"
    shorter = len(plain) <= len(scientific) and abs(number) < 2.0**53  # from there on Erlang always has an exponent
    return ("-" if sign else "") + (plain if shorter else scientific)
