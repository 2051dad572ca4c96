"""Look into a running server and hold it (OTP's `:sys`): `from actors import sys`.

The request goes through the server's mailbox like any message, and its answer waits for the callback in progress. As
in OTP a timeout that was armed starts anew after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.errors import ActorsError
from actors.exits import Exit
from actors.messages import System
from actors.options import INFINITY, Timeout, check_timeout
from actors.pid import Pid
from actors.registry import find
from actors.request import From
from actors.scope import here


class CallbackFailed(ActorsError):
    """The function given to `replace_state` failed (`{:callback_failed, …}`); the state is as it was.

    Attributes:
        reason: `("callback_failed", ("gen_server", "system_replace_state"), Crash)`.
    """

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason


async def get_state(dest: Pid | str, timeout: Timeout = 5000) -> Any:
    """The server's state (`:sys.get_state/2`)."""
    return await _ask("get_state", dest, None, timeout)


async def replace_state(dest: Pid | str, function: Callable[[Any], Any], timeout: Timeout = 5000) -> Any:
    """Make `function(state)` the server's state, and return it (`:sys.replace_state/3`).

    Raises:
        CallbackFailed: when the function raised; the state is unchanged and the server lives.
    """
    return await _ask("replace_state", dest, function, timeout)


async def get_status(dest: Pid | str, timeout: Timeout = 5000) -> dict[str, Any]:
    """What the server is and does (`:sys.get_status/2`): pid, module, status, parent, name and state."""
    status: dict[str, Any] = await _ask("get_status", dest, None, timeout)
    return status


async def suspend(dest: Pid | str, timeout: Timeout = 5000) -> None:
    """Have the server answer only `sys` until `resume`; other messages wait (`:sys.suspend/2`)."""
    await _ask("suspend", dest, None, timeout)


async def resume(dest: Pid | str, timeout: Timeout = 5000) -> None:
    """Let a suspended server go on (`:sys.resume/2`)."""
    await _ask("resume", dest, None, timeout)


async def _ask(what: str, dest: Pid | str, argument: Any, timeout: Timeout) -> Any:
    me = here(f"sys.{what}")
    check_timeout(timeout, f"sys.{what}: timeout")
    process = find(me.run_loop, dest, f"sys.{what}")
    if process is None:
        why: object = "noproc"
    elif process is me:
        why = "calling_self"
    else:
        from_ = From(me)
        process.deliver(System(from_, (what, argument)))
        if await from_.wait(process, timeout if timeout is not INFINITY else None):  # type: ignore[arg-type]
            verdict, value = from_.value
            if verdict == "ok":
                return value
            raise CallbackFailed(value)
        why = from_.value
    arguments = (dest,) if argument is None else (dest, argument)
    raise Exit((why, ("sys", what, arguments if timeout == 5000 else (*arguments, timeout))))
