"""Supervisor: a GenServer that traps exits and keeps its children running (OTP's `supervisor`, `one_for_one`)."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from actors import (
    IGNORE,
    INFINITY,
    BadTypeError,
    ChildSpec,
    ExitMessage,
    From,
    GenServer,
    NoReply,
    Ok,
    Pid,
    Reply,
    Stop,
    SupervisorError,
    call,
    cast,
    current,
    trap_exit,
)
from actors.scope import here
from supervision.children import Child, ChildInfo, Children, verdict
from supervision.intensity import Intensity
from supervision.reports import progress, supervisor_report
from supervision.specs import Flags, SpecError, check_flags, check_spec, check_specs, to_spec, to_specs
from supervision.starting import ChildStartError
from supervision.starting import start_child as _start
from supervision.starting import stop_child as _stop

_OPTIONS = ("strategy", "max_restarts", "max_seconds")


class SupervisorInit:
    """What a module-based supervisor's `init` returns (Elixir's `Supervisor.init/2`).

    Args:
        children: a list of children: `Class`, `(Class, arg)`, `ChildSpec` or a dict.
        strategy: `"one_for_one"`.
        max_restarts: restarts allowed within `max_seconds`; 3 by default.
        max_seconds: the window in seconds; 5 by default.

    Raises:
        BadTypeError: for a child of no accepted form.
        BadValueError: for a missing strategy.
    """

    __slots__ = ("flags", "flags_error", "specs")

    def __init__(
        self, children: Sequence[Any], *, strategy: str | None = None, max_restarts: int = 3, max_seconds: int = 5
    ) -> None:
        self.specs = to_specs(children)
        self.flags: Flags | None = None
        self.flags_error: object = None
        try:
            self.flags = check_flags(strategy, max_restarts, max_seconds)
        except SpecError as error:
            self.flags_error = error.reason


class Supervisor:
    """Starts children in order, restarts them by their specs, and stops them in reverse order.

        await Supervisor.start_link([Counter, (Worker, 5)], strategy="one_for_one")

    or, module-based:

        class Tree(Supervisor):
            async def init(self, arg):
                return SupervisorInit([Counter, (Worker, arg)], strategy="one_for_one")

        await Tree.start_link(5)
    """

    _child_spec_options: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__()
        accepted = ("id", "restart", "shutdown", "significant")
        unknown = [key for key in options if key not in accepted]
        if unknown:
            raise BadTypeError(
                f"class {cls.__name__}: a Supervisor class takes the keywords {', '.join(accepted)}; "
                f"got {', '.join(unknown)}"
            )
        cls._child_spec_options = {**cls._child_spec_options, **options}

    def init(self, arg: Any) -> Any:
        """Return `SupervisorInit(children, strategy=…)` or `IGNORE`; for module-based supervisors."""
        raise NotImplementedError(f"{type(self).__qualname__} has no init(self, arg)")

    @classmethod
    async def start_link(cls, arg: Any = None, *, name: str | None = None, **options: Any) -> Pid | None:
        """Start the supervisor, linked, with all its children (`Supervisor.start_link/2` and `/3`).

        Args:
            arg: on `Supervisor` itself the list of children; on a subclass what its `init` gets.
            name: a local name.
            **options: on `Supervisor` itself `strategy`, `max_restarts` (3) and `max_seconds` (5).

        Raises:
            StartError: OTP's reason: `("shutdown", ("failed_to_start_child", id, reason))`,
                `("start_spec", …)`, `("supervisor_data", …)`. The link's exit signal comes too.
            BadTypeError, BadValueError: misuse, raised in the caller before anything starts.
        """
        if cls is not Supervisor:
            if options:
                raise BadTypeError(
                    f"{cls.__name__}.start_link takes arg and name; {', '.join(_OPTIONS)} go into the "
                    f"SupervisorInit that its init returns; got {', '.join(options)}"
                )
            return await _Server.start_link((cls, arg), name=name)
        unknown = [key for key in options if key not in _OPTIONS]
        if unknown:
            raise BadTypeError(
                f"Supervisor.start_link takes the options {', '.join(_OPTIONS)} and name; got {', '.join(unknown)}"
            )
        return await _Server.start_link((None, SupervisorInit(arg, **options)), name=name)

    @classmethod
    def child_spec(cls, arg: Any = None) -> ChildSpec:
        """How a supervisor runs this supervisor: `type="supervisor"`, `shutdown=INFINITY`."""
        options = {"id": cls, "type": "supervisor", **cls._child_spec_options}
        if cls is Supervisor and isinstance(arg, tuple) and len(arg) == 2:
            children, keywords = arg
            return ChildSpec(start=(_start_link_with, (children, keywords)), **options)
        return ChildSpec(start=(cls.start_link, (arg,)), **options)


async def _start_link_with(children: Any, options: dict[str, Any]) -> Pid | None:
    return await Supervisor.start_link(children, **options)


@dataclass(slots=True)
class _State:
    flags: Flags
    children: Children
    intensity: Intensity


class _TryAgain:
    """The supervisor's note to itself: a restart failed, try once more (after the mail that waits)."""

    __slots__ = ("id",)

    def __init__(self, id: Any) -> None:
        self.id = id


class _Server(GenServer):
    """The process of every supervisor."""

    _module: type[Supervisor] | None = None

    async def init(self, arg: Any) -> Any:
        trap_exit(True)
        self._module, given = arg
        if self._module is not None:
            made = self._module().init(given)
            given = await made if inspect.isawaitable(made) else made
            if given is IGNORE:
                return IGNORE
            if not isinstance(given, SupervisorInit):
                return Stop(("bad_return", (self._module, "init", given)))
        if given.flags is None:
            return Stop(given.flags_error)
        try:
            specs = check_specs(given.specs)
        except SpecError as error:
            return Stop(("start_spec", error.reason))
        flags: Flags = given.flags
        state = _State(flags, Children(), Intensity(flags.max_restarts, flags.max_seconds))
        for spec in specs:
            child = Child(spec)
            try:
                up = await _start(spec)
            except ChildStartError as error:
                self._report("start_error", error.reason, child)
                await self._stop_all(state)
                return Stop(("shutdown", ("failed_to_start_child", spec.id, error.reason)))
            if up.pid is None and spec.restart == "temporary":
                continue
            child.pid = up.pid
            state.children.add(child)
            if up.pid is not None:
                progress(self._shown(), child)
        return Ok(state)

    # -- management

    async def handle_call(self, request: Any, from_: From, state: _State) -> Any:
        del from_
        children = state.children
        match request:
            case "which_children", None:
                return Reply([child.info() for child in children.newest_first()], state)
            case "count_children", None:
                return Reply(children.counts(), state)
            case "start_child", spec:
                return Reply(await self._start_child(spec, state), state)
            case "terminate_child", id:
                child = children.by_id(id)
                if child is None:
                    return Reply(("error", "not_found"), state)
                await self._stop_one(child, state)
                if child.spec.restart == "temporary":
                    children.remove(child)
                return Reply("ok", state)
            case "restart_child", id:
                return Reply(await self._restart_child(children.by_id(id), state), state)
            case "delete_child", id:
                child = children.by_id(id)
                if child is None:
                    return Reply(("error", "not_found"), state)
                if child.pid is not None:
                    return Reply(("error", "restarting" if child.pid == "restarting" else "running"), state)
                children.remove(child)
                return Reply("ok", state)
        return Reply(("error", ("unknown_request", request)), state)

    async def _start_child(self, given: Any, state: _State) -> Any:
        try:
            spec = check_spec(given)
        except SpecError as error:
            return "error", error.reason
        present = state.children.by_id(spec.id)
        if present is not None:
            if isinstance(present.pid, Pid):
                return "error", ("already_started", present.pid)
            return "error", "already_present"
        try:
            up = await _start(spec)
        except ChildStartError as error:
            return "error", (error.reason, spec)
        if up.pid is not None or spec.restart != "temporary":
            child = Child(spec, up.pid)
            state.children.add(child)
            if up.pid is not None:
                progress(self._shown(), child)
        return "ok", (up.pid if up.info is None else (up.pid, up.info))

    async def _restart_child(self, child: Child | None, state: _State) -> Any:
        if child is None:
            return "error", "not_found"
        if child.pid is not None:
            return "error", "restarting" if child.pid == "restarting" else "running"
        try:
            up = await _start(child.spec)
        except ChildStartError as error:
            return "error", error.reason
        state.children.set_pid(child, up.pid)
        if up.pid is not None:
            progress(self._shown(), child)
        return "ok", (up.pid if up.info is None else (up.pid, up.info))

    # -- restarts

    async def handle_info(self, message: Any, state: _State) -> Any:
        if isinstance(message, ExitMessage):
            child = state.children.by_pid(message.pid)
            if child is not None:
                return await self._child_ended(child, message.reason, state)
            return NoReply(state)  # a process that linked itself, or a child ended by terminate_child
        return super().handle_info(message, state)

    async def handle_cast(self, request: Any, state: _State) -> Any:
        if isinstance(request, _TryAgain):
            child = state.children.by_id(request.id)
            if child is not None and child.pid == "restarting":
                return await self._restart(child, state)
            return NoReply(state)
        return super().handle_info(request, state)

    async def _child_ended(self, child: Child, reason: object, state: _State) -> Any:
        what, reported = verdict(child.spec, reason)
        if reported:
            self._report("child_terminated", reason, child)
        if what == "restart":
            return await self._restart(child, state)
        if what == "keep":
            state.children.set_pid(child, None)
        else:
            state.children.remove(child)
        return NoReply(state)

    async def _restart(self, child: Child, state: _State) -> Any:
        run_loop = here("restart").run_loop
        if not state.intensity.add(round(run_loop.clock.monotonic() * 1000)):
            self._report("shutdown", "reached_max_restart_intensity", child)
            state.children.remove(child)
            return Stop("shutdown", state)
        try:
            up = await _start(child.spec)
        except ChildStartError as error:
            self._report("start_error", error.reason, child)
            state.children.set_pid(child, "restarting")
            cast(current(), _TryAgain(child.spec.id))
            return NoReply(state)
        if up.pid is None and child.spec.restart == "temporary":
            state.children.remove(child)
            return NoReply(state)
        state.children.set_pid(child, up.pid)
        if up.pid is not None:
            progress(self._shown(), child)
        return NoReply(state)

    # -- the end

    async def terminate(self, reason: Any, state: _State) -> None:
        del reason
        await self._stop_all(state)

    async def _stop_all(self, state: _State) -> None:
        for child in state.children.newest_first():
            await self._stop_one(child, state)

    async def _stop_one(self, child: Child, state: _State) -> None:
        pid = child.pid
        if isinstance(pid, Pid):
            reason = await _stop(child.spec, pid)
            if reason is not None:
                self._report("shutdown_error", reason, child)
        state.children.set_pid(child, None)

    def _shown(self) -> object:
        me = here("supervisor")
        return me.name if me.name is not None else (me.pid, self._module or Supervisor)

    def _report(self, context: str, reason: object, child: Child) -> None:
        supervisor_report(context, self._shown(), reason, child)


# -- the management functions: OTP's error atoms come as SupervisorError


async def _manage(supervisor: Pid | str, request: tuple[str, Any]) -> Any:
    answer = await call(supervisor, request, timeout=INFINITY)
    if isinstance(answer, tuple) and answer[0] == "error":
        raise SupervisorError(answer[1])
    return answer[1] if isinstance(answer, tuple) else answer


async def start_child(supervisor: Pid | str, child: Any) -> Any:
    """Add a child and start it (`Supervisor.start_child/2`).

    Returns:
        Its pid, `None` where it was ignored, or `(pid, info)`.

    Raises:
        SupervisorError: `("already_started", pid)`, `"already_present"`, `(reason, ChildSpec)` where it failed
            to start, or the reason why the spec is bad.
        BadTypeError: for a child of no accepted form.
    """
    return await _manage(supervisor, ("start_child", to_spec(child)))


async def terminate_child(supervisor: Pid | str, id: Any) -> None:
    """Stop a child and keep its spec; a temporary one's goes too (`Supervisor.terminate_child/2`).

    Raises:
        SupervisorError: `"not_found"`.
    """
    await _manage(supervisor, ("terminate_child", id))


async def restart_child(supervisor: Pid | str, id: Any) -> Any:
    """Start a child that is not running (`Supervisor.restart_child/2`); not counted as a restart.

    Returns:
        As `start_child`.

    Raises:
        SupervisorError: `"not_found"`, `"running"`, `"restarting"`, or the reason why it failed to start.
    """
    return await _manage(supervisor, ("restart_child", id))


async def delete_child(supervisor: Pid | str, id: Any) -> None:
    """Forget a child that is not running (`Supervisor.delete_child/2`).

    Raises:
        SupervisorError: `"not_found"`, `"running"` or `"restarting"`.
    """
    await _manage(supervisor, ("delete_child", id))


async def which_children(supervisor: Pid | str) -> list[ChildInfo]:
    """The children, the one started last first (`Supervisor.which_children/1`)."""
    children: list[ChildInfo] = await call(supervisor, ("which_children", None), timeout=INFINITY)
    return children


async def count_children(supervisor: Pid | str) -> dict[str, int]:
    """`specs`, `active`, `supervisors` and `workers` (`Supervisor.count_children/1`)."""
    counts: dict[str, int] = await call(supervisor, ("count_children", None), timeout=INFINITY)
    return counts


__all__ = [
    "Supervisor",
    "SupervisorInit",
    "count_children",
    "delete_child",
    "restart_child",
    "start_child",
    "terminate_child",
    "which_children",
]
