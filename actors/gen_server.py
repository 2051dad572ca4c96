"""GenServer: the behaviour of a server process, a loop over `receive` (OTP's `gen_server`).

    class Counter(GenServer):
        async def init(self, start):
            return Ok(start)

        async def handle_call(self, request, from_, state):
            return Reply(state, state)

        async def handle_cast(self, request, state):
            return NoReply(state + request)

The class is what a module is in Elixir; each process has an instance of its own, made without arguments. Its
state is what the callbacks pass on. A callback may be `def` or `async def`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from actors import reports
from actors.child_spec import RESTARTS, ChildSpec
from actors.errors import BadTypeError, BadValueError, StartError
from actors.exits import Exit
from actors.messages import Call, Cast, System
from actors.options import INFINITY, MAX_TIMEOUT, Timeout, check_timeout
from actors.pid import Pid
from actors.proc_lib import start as _start_process
from actors.registry import check_name, find
from actors.request import From
from actors.results import Next, NoReply
from actors.scope import here
from actors.server_loop import ServerLoop
from actors.wording import shown_name

MaybeAwaitable = Any

_SPEC_OPTIONS = ("id", "restart", "shutdown", "type", "significant", "modules")


class GenServer:
    """The base class of a server. Override the callbacks; start it with `start_link` under a supervisor.

    Class keywords override its child spec: `class Worker(GenServer, restart="transient", shutdown=10_000)`.
    When one only needs a function to run beside others, `spawn` is enough; a GenServer is for state that others
    ask of.
    """

    _child_spec_options: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__()
        unknown = [key for key in options if key not in _SPEC_OPTIONS]
        if unknown:
            raise BadTypeError(
                f"class {cls.__name__}: a GenServer class takes the keywords {', '.join(_SPEC_OPTIONS)}; "
                f"got {', '.join(unknown)}"
            )
        if "restart" in options and options["restart"] not in RESTARTS:
            raise BadValueError(
                f"class {cls.__name__}: restart is one of {', '.join(map(repr, RESTARTS))}; got {options['restart']!r}"
            )
        cls._child_spec_options = {**cls._child_spec_options, **options}

    # -- callbacks

    def init(self, arg: Any) -> MaybeAwaitable:
        """Return `Ok(state)`, `IGNORE` or `Stop(reason)`; runs in the new process before `start_link` returns."""
        raise NotImplementedError(f"{type(self).__qualname__} has no init: define `async def init(self, arg)`")

    def handle_call(self, request: Any, from_: From, state: Any) -> MaybeAwaitable:
        """Answer a `call` with `Reply(value, state)`, or `NoReply(state)` and `reply(from_, value)` later."""
        del request, from_, state
        raise RuntimeError(
            f"attempted to call GenServer {shown_name(here('handle_call'))} but no handle_call/3 clause was provided"
        )

    def handle_cast(self, request: Any, state: Any) -> MaybeAwaitable:
        """Handle a `cast`: `NoReply(state)` or `Stop(reason, state)`."""
        del request, state
        raise RuntimeError(
            f"attempted to cast GenServer {shown_name(here('handle_cast'))} but no handle_cast/2 clause was provided"
        )

    def handle_info(self, message: Any, state: Any) -> MaybeAwaitable:
        """Handle any other message, `TIMEOUT` among them. By default it is logged and dropped, as Elixir's does."""
        me = here("handle_info")
        reports.no_handle_info(me.pid, me.name, type(self), message)
        return NoReply(state)

    def handle_continue(self, term: Any, state: Any) -> MaybeAwaitable:
        """Handle a `Continue(term)` that a callback returned, before any message."""
        del state
        raise RuntimeError(
            f"{type(self).__qualname__} returned Continue({term!r}) but has no handle_continue: "
            "define `async def handle_continue(self, term, state)`"
        )

    def terminate(self, reason: Any, state: Any) -> MaybeAwaitable:
        """Clean up. Called when a callback stops or fails, and when the parent ends while exits are trapped;
        not when an exit signal ends a process that doesn't trap exits."""

    def system_continue(self, state: Any, timeout: Next) -> Next:
        """What to arm after a system message: by default the whole `timeout` anew, as OTP's loop does."""
        del state
        return timeout

    # -- starting

    @classmethod
    async def start_link(cls, arg: Any = None, *, name: str | None = None, timeout: Timeout = INFINITY) -> Pid | None:
        """Start the server linked to this process and wait until `init` has returned (`GenServer.start_link/3`).

        Args:
            arg: passed to `init`.
            name: a local name, given before `init` runs.
            timeout: ms that `init` may take; `INFINITY` by default, as in OTP.

        Returns:
            The pid, or None when `init` returned `IGNORE`.

        Raises:
            StartError: with OTP's reason. As in OTP the link's exit signal comes too, so that a caller which
                doesn't trap exits ends by it; `("already_started", pid)` sends none.
        """
        return await _start(cls, arg, name, timeout, link=True)

    @classmethod
    async def start(cls, arg: Any = None, *, name: str | None = None, timeout: Timeout = INFINITY) -> Pid | None:
        """`start_link` without the link (`GenServer.start/3`)."""
        return await _start(cls, arg, name, timeout, link=False)

    @classmethod
    def child_spec(cls, arg: Any = None) -> ChildSpec:
        """How a supervisor runs this server (the `child_spec/1` that `use GenServer` defines)."""
        options = {"id": cls, **cls._child_spec_options}
        return ChildSpec(start=(cls.start_link, (arg,)), **options)


async def _start(cls: type[GenServer], arg: Any, name: str | None, timeout: Timeout, *, link: bool) -> Pid | None:
    me = here("start_link" if link else "start")
    if name is not None:
        check_name(name)
        holder = me.run_loop.names.get(name)
        if holder is not None:
            raise StartError(("already_started", holder.pid))
    loop = ServerLoop(cls, arg)
    return await _start_process(loop.run, name=name, initial_call=cls, link=link, timeout=timeout)


# -- talking to servers


async def call(dest: Pid | str, request: Any, timeout: Timeout = 5000) -> Any:
    """Send a request and wait for its reply (`GenServer.call/3`). Only this process waits.

    Args:
        dest: a pid or a registered name.
        request: any term.
        timeout: ms, 5000 by default, or `INFINITY`.

    Raises:
        Exit: with OTP's pair `(why, ("GenServer", "call", (dest, request, timeout)))`, where `why` is
            `"timeout"`, `"noproc"`, `"calling_self"` or the reason by which the server ended.
        BadTypeError, BadValueError: for a bad destination or timeout.
    """
    me = here("call")
    if timeout.__class__ is not int or not 0 <= timeout <= MAX_TIMEOUT:
        check_timeout(timeout, "call: timeout")
    process = find(me.run_loop, dest, "call")
    if process is None or process.ended:
        why: object = "noproc"
    elif process is me:
        why = "calling_self"
    else:
        from_ = From(me)
        process.deliver(Call(from_, request))
        if await from_.wait(process, timeout if timeout is not INFINITY else None):  # type: ignore[arg-type]
            return from_.value
        why = from_.value
    raise Exit((why, ("GenServer", "call", (dest, request, timeout))))


def cast(dest: Pid | str, request: Any) -> None:
    """Send a request that has no reply (`GenServer.cast/2`). A dead pid or an unknown name is ignored.

    Raises:
        BadTypeError: when `dest` is neither a Pid nor a name.
    """
    me = here("cast")
    run_loop = me.run_loop
    if not run_loop.on_own_thread:
        run_loop.post(lambda: me.context.copy().run(cast, dest, request))
        return
    process = find(run_loop, dest, "cast")
    if process is not None:
        process.deliver(Cast(request))


def reply(from_: From, value: Any) -> None:
    """Answer a call from anywhere in the node (`GenServer.reply/2`); too late, it is dropped.

    Raises:
        BadTypeError: when `from_` is not what `handle_call` got.
    """
    if not isinstance(from_, From):
        raise BadTypeError(f"reply takes the from_ that handle_call got; got {from_!r} of type {type(from_).__name__}")
    run_loop = from_.run_loop
    if run_loop.on_own_thread:
        from_.answer(value)
    else:
        run_loop.post(lambda: from_.answer(value))


async def stop(dest: Pid | str, reason: Any = "normal", timeout: Timeout = INFINITY) -> None:
    """Have a server terminate, after the messages it already has, and wait for its end (`GenServer.stop/3`).

    Raises:
        Exit: `(why, ("GenServer", "stop", (dest, reason, timeout)))`: `"noproc"`, `"timeout"`,
            `"calling_self"`, or the reason it ended with, where that is not `reason`.
    """
    me = here("stop")
    check_timeout(timeout, "stop: timeout")
    process = find(me.run_loop, dest, "stop")
    if process is None:
        why: object = "noproc"
    elif process is me:
        why = "calling_self"
    else:
        from_ = From(me)
        process.deliver(System(from_, ("terminate", reason)))
        await from_.wait(process, timeout if timeout is not INFINITY else None)  # type: ignore[arg-type]
        why = from_.value
        if process.ended and _same(why, reason):
            return
    raise Exit((why, ("GenServer", "stop", (dest, reason, timeout))))


def _same(one: object, other: object) -> bool:
    return one is other or bool(one == other)
