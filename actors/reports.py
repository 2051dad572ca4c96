"""What the process layer logs: one function a report, the text as an Elixir console prints it.

Each record carries its facts as `extra` fields: `report` says which one it is, the others are named below.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from actors.exits import Crash

if TYPE_CHECKING:
    from actors.pid import Pid

_process_log = logging.getLogger("actors.process")
_server_log = logging.getLogger("actors.gen_server")


def label_of(function: Any) -> str:
    """What reports call a function or a class."""
    return getattr(function, "__qualname__", None) or repr(function)


def reason_text(reason: object) -> str:
    """An exit reason as a report shows it: a crash with its traceback, in Elixir's `(EXIT)` manner otherwise."""
    if isinstance(reason, Crash):
        return f"** ({reason.kind}) {reason.message}\n{reason.traceback.rstrip()}"
    return f"** (stop) {reason!r}"


def process_raised(pid: Pid, label: object, reason: object) -> None:
    """A process without a behaviour ended by an exception. Fields: pid, label, reason."""
    _process_log.error(
        "Process %r (%s) raised an exception\n%s",
        pid,
        label_of(label),
        reason_text(reason),
        extra={"report": "process_raised", "pid": pid, "label": label, "reason": reason},
    )


def would_not_unwind(pid: Pid, label: object, error: BaseException) -> None:
    """A process was told to end and its coroutine would not. Fields: pid, label."""
    _process_log.warning(
        "Process %r (%s) has ended, but its coroutine would not unwind: %r; it is never resumed again",
        pid,
        label_of(label),
        error,
        extra={"report": "would_not_unwind", "pid": pid, "label": label},
    )


def foreign_pid(pid: Pid, node_name: str) -> None:
    """A pid of another node was used; once a node. Fields: pid, node_name."""
    _process_log.warning(
        "%r belongs to another node than %s and counts as dead here (said once for each such node)",
        pid,
        node_name,
        extra={"report": "foreign_pid", "pid": pid, "node_name": node_name},
    )


def terminating(
    pid: Pid, name: object, module: type, reason: object, last_message: object, state: object, client: object
) -> None:
    """A GenServer ends for no orderly reason. Fields: pid, server_name, reason, last_message, state, client."""
    _server_log.error(
        "GenServer %r terminating\n%s\nLast message: %s\nState: %s",
        name if name is not None else pid,
        reason_text(reason),
        _shown(last_message) + (f" (from {client!r})" if client is not None else ""),
        _shown(state),
        extra={
            "report": "terminate",
            "pid": pid,
            "server_name": name if name is not None else pid,
            "behaviour": module,
            "reason": reason,
            "last_message": last_message,
            "state": state,
            "client": client,
        },
    )


def crashed(pid: Pid, name: object, initial_call: object, reason: object, parent: object) -> None:
    """A process of a behaviour ended for no orderly reason (`proc_lib`). Fields: pid, initial_call, reason, parent."""
    _process_log.error(
        "Process %r terminating\n%s\nInitial Call: %s\nAncestors: [%r]",
        name if name is not None else pid,
        reason_text(reason),
        label_of(initial_call),
        parent,
        extra={
            "report": "crash",
            "pid": pid,
            "server_name": name,
            "initial_call": initial_call,
            "reason": reason,
            "parent": parent,
        },
    )


def no_handle_info(pid: Pid, name: object, module: type, message: object) -> None:
    """A message came that no `handle_info` takes. Fields: pid, server_name, behaviour, message_received."""
    _server_log.error(
        "%s %r received unexpected message in handle_info/2: %s",
        label_of(module),
        name if name is not None else pid,
        _shown(message),
        extra={
            "report": "no_handle_info",
            "pid": pid,
            "server_name": name,
            "behaviour": module,
            "message_received": message,
        },
    )


def _shown(term: object) -> str:
    """`repr`, whatever it does: a report must not fail over a user's `__repr__`."""
    try:
        return repr(term)
    except Exception as error:
        return f"<repr() of a {type(term).__name__} failed: {type(error).__name__}>"
