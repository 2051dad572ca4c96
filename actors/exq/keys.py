"""The keys in Redis, by Exq's names. Pure."""

from __future__ import annotations


def full_key(namespace: str | None, key: str) -> str:
    """`namespace:key`; the key alone where the namespace is None or `""` (`JobQueue.full_key/2`)."""
    return f"{namespace}:{key}" if namespace else key


def queue_key(namespace: str | None, queue: str) -> str:
    """The list of a queue's live jobs (`queue_key/2`)."""
    return full_key(namespace, f"queue:{queue}")


def unique_key(namespace: str | None, unique_token: str) -> str:
    """The string that holds a unique job's lock (`unique_key/2`)."""
    return full_key(namespace, f"unique:{unique_token}")


def backup_queue_key(namespace: str | None, node_id: str, queue: str) -> str:
    """The list of jobs that a node has taken and not finished (`backup_queue_key/3`)."""
    return full_key(namespace, f"queue:backup::{node_id}::{queue}")


def schedule_queues(namespace: str | None) -> list[str]:
    """The sorted sets that the scheduler drains, in its order (`schedule_queues/1`)."""
    return [scheduled_queue_key(namespace), retry_queue_key(namespace)]


def scheduled_queue_key(namespace: str | None) -> str:
    """The sorted set of jobs for later (`scheduled_queue_key/1`)."""
    return full_key(namespace, "schedule")


def retry_queue_key(namespace: str | None) -> str:
    """The sorted set of jobs that failed and will be tried again (`retry_queue_key/1`)."""
    return full_key(namespace, "retry")


def failed_queue_key(namespace: str | None) -> str:
    """The sorted set of jobs that failed for good (`failed_queue_key/1`)."""
    return full_key(namespace, "dead")


def set_aside_key(namespace: str | None) -> str:
    """The stream of members that could not be placed. Ours; Exq reads no such key."""
    return full_key(namespace, "set_aside")
