"""The demo: jobs as Elixir writes them, a tally that can't be talked out of a mismatch, and whole runs."""

from __future__ import annotations

import io
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from actors.exq.scores import float_to_string
from supervision.demo.display import choose, summary_text
from supervision.demo.jobs import failed_job, scheduled_job
from supervision.demo.plan import Plan, batches, planned
from supervision.demo.tally import Late, Remains, Tally, exit_status, summarize

ROOT = Path(__file__).parents[2]


# -- jobs


def test_a_scheduled_job_has_the_bytes_that_exq_writes() -> None:
    written = (
        b'{"args":["x"],"class":"MyApp.Worker","enqueued_at":1.764e9,'
        b'"jid":"c6ad1dfc-b6ff-41c0-ad8b-051d94e910dc","queue":"default","retry":25}'
    )

    job = scheduled_job("c6ad1dfc-b6ff-41c0-ad8b-051d94e910dc", "default", "MyApp.Worker", ["x"], 1764000000.0)

    assert job == written


def test_a_jobs_arguments_have_the_bytes_that_exq_writes() -> None:
    written = (
        '{"args":["arg1",2,{"a":1,"b":null,"c":1.5}],"class":"MyWorker","enqueued_at":1795494752.9262,'
        '"jid":"6d51d83d","queue":"q-ünï","retry":25}'
    )

    args = ["arg1", 2, {"a": 1, "b": None, "c": 1.5}]

    assert scheduled_job("6d51d83d", "q-ünï", "MyWorker", args, 1795494752.9262).decode() == written


def test_a_failed_job_has_the_bytes_that_exq_writes() -> None:
    # recorded from Exq for a first failure; there enqueued_at and retry were the test's own
    written = (
        b'{"args":[1,"a"],"class":"MyApp.Worker","enqueued_at":1795494753.554825,"error_class":null,'
        b'"error_message":"boom","failed_at":1795494753.554825,"finished_at":null,"jid":"jid-1","processor":null,'
        b'"queue":"default","retried_at":1795494753.554825,"retry":25,"retry_count":1}'
    )

    assert failed_job("jid-1", "default", "MyApp.Worker", [1, "a"], 1795494753.554825, "boom") == written


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1764000000.0, "1.764e9"),
        (1795494752.9262, "1795494752.9262"),
        (-5.0, "-5.0"),
        (100.0, "100.0"),
        (0.0, "0.0"),
        (1e22, "1.0e22"),
        (812.07, "812.07"),
    ],
)
def test_floats_are_written_as_elixir_writes_them(number: float, text: str) -> None:
    assert float_to_string(number) == text


# -- plan


def test_every_job_is_put_in_before_it_is_due_and_falls_due_within_the_time() -> None:
    plan = Plan("embedded://x", "x", jobs=300, seconds=2)

    jobs = list(planned(plan, 1000.0, random.Random(1)))

    assert len({job.member for job in jobs}) == 300
    assert all(1000 + job.put_at < job.due <= 1000 + plan.last_due for job in jobs)
    assert {job.set: job for job in jobs}.keys() == {"schedule", "retry"}
    assert sum(plan.totals.values()) == 300
    assert sum(job.set == "retry" for job in jobs) == plan.totals["retry"]
    assert [job for _, batch in batches(jobs) for job in batch] == jobs


# -- tally


def good_tally() -> Tally:
    tally = Tally()
    for number in range(10):
        tally.put("schedule" if number % 2 else "retry", b"job %d" % number, 100.0 + number)
    tally.restarted(105.5)
    for number in range(10):
        tally.seen(b"job %d" % number, 100.1 + number)
    return tally


def test_a_tally_that_adds_up_exits_with_0() -> None:
    summary = summarize(good_tally(), Remains(), 10)

    assert exit_status(summary) == 0
    assert summary.problems == ()
    assert (summary.total.put, summary.total.moved, summary.moved_after, summary.lost) == (10, 10, 4, 0)
    assert "It adds up: 10 put in = 10 moved" in summary_text(summary)


def one_lost(tally: Tally) -> None:
    tally.put("schedule", b"job 10", 110.0)


def one_twice(tally: Tally) -> None:
    tally.seen(b"job 3", 120.0)


def one_changed(tally: Tally) -> None:
    tally.seen(b"job 3 ", 120.0)


def one_early(tally: Tally) -> None:
    tally.put("schedule", b"job 10", 110.0)
    tally.seen(b"job 10", 109.9)


def one_restart_too_many(tally: Tally) -> None:
    tally.restarted(120.0)


def one_struck_out(tally: Tally) -> None:
    tally.sets["schedule"].late.pop()


@pytest.mark.parametrize(
    ("tamper", "problem"),
    [
        (one_lost, "1 lost"),
        (one_twice, "1 moved twice"),
        (one_changed, "nobody put in"),
        (one_early, "before they were due"),
        (one_restart_too_many, "restarted 2 times"),
        (one_struck_out, "don't add up"),
    ],
)
def test_a_tally_that_does_not_add_up_exits_with_1(tamper: Callable[[Tally], None], problem: str) -> None:
    tally = good_tally()
    tamper(tally)

    summary = summarize(tally, Remains(), tally.total_put)

    assert exit_status(summary) == 1
    assert problem in " ".join(summary.problems)
    assert "IT DOES NOT ADD UP" in summary_text(summary)


def test_what_redis_still_holds_is_not_lost_but_a_mismatch() -> None:
    tally = good_tally()
    for number in range(10, 16):
        tally.put("schedule", b"job %d" % number, 110.0)

    summary = summarize(tally, Remains(waiting=1, in_queues=2, set_aside=3), 16)

    assert (summary.lost, summary.left, summary.set_aside) == (0, 3, 3)
    assert exit_status(summary) == 1


def test_without_a_restart_or_with_nothing_moved_after_it_the_demo_has_not_shown_what_it_is_for() -> None:
    never = Tally()
    never.put("schedule", b"job", 100.0)
    never.seen(b"job", 100.1)
    late = Tally()
    late.put("schedule", b"job", 100.0)
    late.seen(b"job", 100.1)
    late.restarted(101.0)

    assert exit_status(summarize(never, Remains(), 1)) == 1
    assert "nothing was moved after the restart" in summarize(late, Remains(), 1).problems


def test_lateness_is_the_nearest_rank_in_ms() -> None:
    hundred = [number / 1000 for number in range(1, 101)]

    assert Late.of(hundred) == Late(p50=50.0, p99=99.0)
    assert Late.of([]) == Late(None, None)


# -- display


def test_without_rich_the_display_is_plain_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    out = io.StringIO()

    with choose({"schedule": 7, "retry": 3}, out) as display:
        display.tell("something")

    assert out.getvalue().endswith("something\n")
    assert "exq-actors[demo]" in capsys.readouterr().err


# -- whole runs


def demo(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*options), env=clean(environment), capture_output=True, text=True, timeout=40)


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "supervision.demo", *options]


def clean(environment: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    return {**kept, "PYTHONPATH": str(ROOT), **environment}


def test_a_run_shows_the_restart_and_adds_up(redis_url: str) -> None:
    given = {} if redis_url.startswith("embedded") else {"REDIS_URL": redis_url}

    done = demo("--jobs", "200", "--seconds", "1", FORCE_COLOR="1", **given)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "It adds up: 200 put in = 200 moved + 0 set aside + 0 left + 0 lost" in done.stdout
    assert re.search(r"^restarts +1$", done.stdout, re.MULTILINE)
    assert re.search(r"^moved after the restart +[1-9][0-9]*$", done.stdout, re.MULTILINE)
    assert re.search(r"^all +200 +200 +[0-9]+ ms +[0-9]+ ms$", done.stdout, re.MULTILINE)
    first, second = re.findall(r"scheduler (?:runs as|is now) (#Pid<[0-9.]+>)", done.stdout)
    assert first != second
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout


@pytest.mark.redis
def test_a_run_leaves_no_key_and_touches_no_other(real_redis_url: str) -> None:
    with redis.Redis.from_url(real_redis_url) as client:
        client.set("mine", "1")

        demo("--jobs", "50", "--seconds", "0.5", REDIS_URL=real_redis_url)

        assert client.keys() == [b"mine"]


@pytest.mark.redis
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(real_redis_url: str, number: signal.Signals) -> None:
    with subprocess.Popen(
        command("--seconds", "20"),
        env=clean({"REDIS_URL": real_redis_url}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while "put in" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(number)
        rest, errors = process.communicate(timeout=20)

    assert process.returncode == 128 + number
    assert errors == ""
    assert f"{number.name}: stopping in order" in rest
    with redis.Redis.from_url(real_redis_url) as client:
        assert client.keys() == []


def test_a_redis_that_is_not_there_is_named_without_its_password() -> None:
    done = demo(REDIS_URL="redis://:secret@127.0.0.1:1/0")

    assert done.returncode == 1
    assert "Redis can't be used: Failed to connect to Redis (redis://:*****@127.0.0.1:1/0)" in done.stdout
    assert "REDIS_URL" in done.stdout
    assert "secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_bad_url_is_a_usage_error() -> None:
    done = demo(REDIS_URL="http://:secret@example.com")

    assert done.returncode == 2
    assert "secret" not in done.stderr
