"""What a server answers to `sys` and `stop` without its callbacks (OTP's `sys:handle_system_msg`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.exits import Crash
from actors.messages import ExitMessage, System
from actors.results import Next

if TYPE_CHECKING:
    from actors.server_loop import ServerLoop


async def handle_system(loop: ServerLoop, message: System, next_: Next) -> Next:
    """Answer one system message, and while suspended all that follow; what to arm then."""
    _answer(loop, message)
    await _terminate_if_asked(loop, message)
    parent = loop.parent
    while loop.suspended:
        following = await loop.process.receive(
            lambda one: one.__class__ is System or (one.__class__ is ExitMessage and one.pid is parent), None
        )
        if following.__class__ is ExitMessage:
            await loop.terminate(following.reason, following)
        _answer(loop, following)
        await _terminate_if_asked(loop, following)
    return loop.server.system_continue(loop.state, next_)


async def _terminate_if_asked(loop: ServerLoop, message: System) -> None:
    match message.request:
        case ("terminate", reason):
            await loop.terminate(reason, message)


def _answer(loop: ServerLoop, message: System) -> None:
    from_ = message.from_
    match message.request:
        case ("get_state", None):
            from_.answer(("ok", loop.state))
        case ("replace_state", function):
            from_.answer(_replaced(loop, function))
        case ("get_status", None):
            from_.answer(("ok", _status(loop)))
        case ("suspend", None):
            loop.suspended = True
            from_.answer(("ok", None))
        case ("resume", None):
            loop.suspended = False
            from_.answer(("ok", None))
        case ("terminate", _):
            pass  # who asked hears of the end
        case unknown:
            from_.answer(("error", ("unknown_system_msg", unknown)))


def _replaced(loop: ServerLoop, function: Any) -> tuple[str, Any]:
    try:
        state = function(loop.state)
    except Exception as error:  # it is the asker's function, and the asker's failure
        return "error", ("callback_failed", ("gen_server", "system_replace_state"), Crash.from_exception(error))
    loop.state = state
    return "ok", state


def _status(loop: ServerLoop) -> dict[str, Any]:
    return {
        "pid": loop.process.pid,
        "module": type(loop.server),
        "status": "suspended" if loop.suspended else "running",
        "parent": loop.parent,
        "name": loop.process.name,
        "state": loop.state,
    }
