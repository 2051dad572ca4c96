"""Processes and servers as in OTP, on Thespian actors and asyncio.

Where things are, low to high: `errors` `exits` `clock` `messages` `results` `options` `child_spec` `pid` `timers` are
plain values; `_thespian` is the base and the only file that imports Thespian; `run_loop` steps `process`es;
`processes` `registry` are what a process does; `proc_lib` `server_loop` `gen_server` `sys` are the behaviour; `node`
and `async_node` are the doors for code that is no process; `exq` is Exq's scheduler.
"""

from actors import sys as sys  # importable, but not by *: it would hide Python's own
from actors._thespian import address_of
from actors.async_node import AsyncNode
from actors.child_spec import ChildSpec
from actors.clock import Clock, ManualClock, SystemClock
from actors.errors import (
    ActorsError,
    BadTypeError,
    BadValueError,
    NodeError,
    NotAProcessError,
    RedisConnectionError,
    RedisError,
    StartError,
    SupervisorError,
)
from actors.exits import Crash, Exit, exit
from actors.gen_server import GenServer, call, cast, reply, stop
from actors.messages import TIMEOUT, Down, ExitMessage
from actors.node import Node
from actors.options import INFINITY
from actors.pid import Pid, Ref
from actors.processes import (
    cancel_timer,
    current,
    demonitor,
    exit_process,
    is_alive,
    link,
    monitor,
    receive,
    send,
    send_after,
    sender,
    spawn,
    spawn_link,
    spawn_monitor,
    trap_exit,
    unlink,
)
from actors.registry import register, registered, unregister, whereis
from actors.request import From
from actors.results import HIBERNATE, IGNORE, Continue, NoReply, Ok, Reply, Stop

__all__ = [
    "HIBERNATE",
    "IGNORE",
    "INFINITY",
    "TIMEOUT",
    "ActorsError",
    "AsyncNode",
    "BadTypeError",
    "BadValueError",
    "ChildSpec",
    "Clock",
    "Continue",
    "Crash",
    "Down",
    "Exit",
    "ExitMessage",
    "From",
    "GenServer",
    "ManualClock",
    "NoReply",
    "Node",
    "NodeError",
    "NotAProcessError",
    "Ok",
    "Pid",
    "RedisConnectionError",
    "RedisError",
    "Ref",
    "Reply",
    "StartError",
    "Stop",
    "SupervisorError",
    "SystemClock",
    "address_of",
    "call",
    "cancel_timer",
    "cast",
    "current",
    "demonitor",
    "exit",
    "exit_process",
    "is_alive",
    "link",
    "monitor",
    "receive",
    "register",
    "registered",
    "reply",
    "send",
    "send_after",
    "sender",
    "spawn",
    "spawn_link",
    "spawn_monitor",
    "stop",
    "trap_exit",
    "unlink",
    "unregister",
    "whereis",
]
