"""What one run of the demo does: which jobs, in which set, due when, put in when. Pure, but for chance."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from actors.exq.scores import time_to_score
from supervision.demo.jobs import failed_job, scheduled_job

SETS: Final = ("schedule", "retry")
QUEUES: Final = ("default", "mailers", "billing", "reports")
_WORKERS: Final = ("MyApp.WelcomeMail", "MyApp.Invoice", "MyApp.Report", "MyApp.Cleanup")
_LEAD: Final = 0.4
"""Seconds from the start to the first due time: the tree has to be up."""
_BATCH: Final = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """A run.

    Attributes:
        url: where Redis is.
        namespace: the prefix of the run's own keys.
        jobs: how many.
        seconds: over how long they come due.
        poll_timeout: the scheduler's, in ms.
    """

    url: str
    namespace: str
    jobs: int = 2000
    seconds: float = 5.0
    poll_timeout: int = 200

    @property
    def half_way(self) -> float:
        """Seconds from the start to the scheduler's end."""
        return _LEAD + self.seconds / 2

    @property
    def last_due(self) -> float:
        """Seconds from the start to the last due time."""
        return _LEAD + self.seconds

    @property
    def totals(self) -> dict[str, int]:
        """How many jobs come into each set."""
        return {name: sum(set_of(number) == name for number in range(self.jobs)) for name in SETS}

    @staticmethod
    def fresh_namespace() -> str:
        """A namespace that nobody else uses."""
        return f"demo-{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True, slots=True)
class Planned:
    """A job to put in.

    Attributes:
        set: `"schedule"` or `"retry"`.
        member: its bytes.
        score: the due time as Exq's score text.
        due: the same as a number, seconds since 1970.
        put_at: seconds from the start until it is put in.
    """

    set: str
    member: bytes
    score: str
    due: float
    put_at: float = field(compare=False)


def set_of(number: int) -> str:
    """The set that a job comes into: of ten, three have failed before."""
    return "retry" if number % 10 in {2, 5, 8} else "schedule"


def planned(plan: Plan, started: float, chance: random.Random) -> Iterator[Planned]:
    """The jobs by due time, put in twice as fast as they come due.

    Args:
        plan: the run.
        started: its start, seconds since 1970.
        chance: which queue and worker.
    """
    for number in range(plan.jobs):
        part = (number + 1) / plan.jobs
        due = started + _LEAD + plan.seconds * part
        put_at = plan.seconds * part / 2
        score = time_to_score(due)
        jid = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        queue, worker = chance.choice(QUEUES), chance.choice(_WORKERS)
        args = [number, {"to": f"user{number}@example.com", "amount": chance.randrange(100_000) / 100}]
        if set_of(number) == "retry":
            failed_at = float(time_to_score(started - chance.uniform(15, 60)))
            member = failed_job(jid, queue, worker, args, failed_at, "connection refused")
            yield Planned("retry", member, score, float(score), put_at)
        else:
            yield Planned(
                "schedule", scheduled_job(jid, queue, worker, args, float(score)), score, float(score), put_at
            )


def batches(jobs: Sequence[Planned]) -> list[tuple[float, list[Planned]]]:
    """The jobs in batches of 50 ms, each with its time, in seconds from the start."""
    grouped = groupby(jobs, key=lambda job: int(job.put_at / _BATCH))
    return [(number * _BATCH, list(batch)) for number, batch in grouped]
