"""Jobs as an Elixir node writes them: Exq's keys in Exq's order, floats as Elixir prints them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from actors.exq.scores import float_to_string

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
        return float_to_string(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
