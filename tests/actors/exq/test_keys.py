"""The keys are Exq's, to the byte: Elixir nodes work on the same Redis."""

from __future__ import annotations

import pytest

from actors.exq import keys


@pytest.mark.parametrize("namespace", [None, ""])
def test_without_a_namespace_there_is_no_prefix(namespace: str | None) -> None:
    assert keys.full_key(namespace, "queues") == "queues"
    assert keys.full_key(namespace, "") == ""
    assert keys.schedule_queues(namespace) == ["schedule", "retry"]


@pytest.mark.parametrize("namespace", ["exq", "a:b", " ", "ünï", "0"])
def test_a_namespace_stands_before_a_colon(namespace: str) -> None:
    assert keys.full_key(namespace, "queues") == f"{namespace}:queues"
    assert keys.full_key(namespace, "") == f"{namespace}:"


def test_each_key_is_the_one_that_exq_uses() -> None:
    assert keys.queue_key("exq", "default") == "exq:queue:default"
    assert keys.queue_key("exq", "") == "exq:queue:"
    assert keys.unique_key("exq", "token=") == "exq:unique:token="
    assert keys.backup_queue_key("exq", "host", "default") == "exq:queue:backup::host::default"
    assert keys.scheduled_queue_key("exq") == "exq:schedule"
    assert keys.retry_queue_key("exq") == "exq:retry"
    assert keys.failed_queue_key("exq") == "exq:dead"
    assert keys.set_aside_key("exq") == "exq:set_aside"


def test_schedule_is_drained_before_retry() -> None:
    assert keys.schedule_queues("exq") == ["exq:schedule", "exq:retry"]
