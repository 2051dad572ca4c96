"""The public names are a contract: a change here is a change for users."""

from __future__ import annotations

import actors
import actors.exq
import supervision

ACTORS = """
HIBERNATE IGNORE INFINITY TIMEOUT ActorsError AsyncNode BadTypeError BadValueError ChildSpec Clock Continue Crash Down
Exit ExitMessage From GenServer ManualClock NoReply Node NodeError NotAProcessError Ok Pid RedisConnectionError
RedisError Ref Reply StartError Stop SupervisorError SystemClock address_of call cancel_timer cast current demonitor
exit exit_process is_alive link monitor receive register registered reply send send_after sender spawn spawn_link
spawn_monitor stop trap_exit unlink unregister whereis
"""
EXQ = """
ConnectionOptions RedisConnection RedisConnectionError RedisError Scheduler SchedulerOptions SchedulerState command
job_queue pipeline redis_client_name top_supervisor
"""
SUPERVISION = """
ChildInfo Supervisor SupervisorInit child_spec count_children delete_child restart_child start_child terminate_child
which_children
"""


def test_actors_has_just_these_names() -> None:
    assert sorted(actors.__all__) == sorted(ACTORS.split())


def test_actors_exq_has_just_these_names() -> None:
    assert sorted(actors.exq.__all__) == sorted(EXQ.split())


def test_supervision_has_just_these_names() -> None:
    assert sorted(supervision.__all__) == sorted(SUPERVISION.split())


def test_every_name_is_there() -> None:
    for package in (actors, actors.exq, supervision):
        assert [name for name in package.__all__ if not hasattr(package, name)] == []


def test_sys_is_importable_and_not_hidden_behind_pythons_own() -> None:
    from actors import sys

    assert sys.get_state.__module__ == "actors.sys"
