"""Local names: register, find, and what counts as a destination."""

from __future__ import annotations

from actors._thespian import is_actor_address
from actors.errors import BadTypeError, BadValueError
from actors.pid import Pid
from actors.process import Process
from actors.run_loop import RunLoop
from actors.scope import at_home, here

_RESERVED = ("undefined", "nil")


def register(name: str, pid: Pid) -> None:
    """Give a living process of this node a local name (Elixir's `Process.register/2`).

    Raises:
        BadTypeError: when `name` is no `str` or `pid` no `Pid`.
        BadValueError: when the name is taken or reserved, or the process is dead, foreign or named already.
    """
    run_loop = at_home("register").run_loop
    if not isinstance(pid, Pid):
        raise BadTypeError(f"register takes a name and a Pid; got {pid!r} of type {type(pid).__name__}")
    check_name(name)
    process = living(run_loop, pid)
    if process is None:
        raise BadValueError(f"register: {pid!r} is no living process of this node")
    if process.name is not None:
        raise BadValueError(f"register: {pid!r} has a name already, {process.name!r}; a process has one local name")
    holder = run_loop.names.get(name)
    if holder is not None:
        raise BadValueError(f"register: the name {name!r} is taken by {holder.pid!r}")
    give(run_loop, name, process)


def unregister(name: str) -> None:
    """Take a local name away again (Elixir's `Process.unregister/1`).

    Raises:
        BadValueError: when nobody has the name.
    """
    run_loop = at_home("unregister").run_loop
    check_name(name)
    process = run_loop.names.pop(name, None)
    if process is None:
        raise BadValueError(f"unregister: nobody has the name {name!r}")
    process.name = None


def whereis(name: str) -> Pid | None:
    """The process that has the local name, or None (Elixir's `Process.whereis/1`).

    Raises:
        BadTypeError: when `name` is no `str`.
    """
    run_loop = here("whereis").run_loop
    check_name(name)
    process = run_loop.names.get(name)
    return None if process is None else process.pid


def registered() -> list[str]:
    """All local names that are given out on this node (Elixir's `Process.registered/0`)."""
    return list(here("registered").run_loop.names)


def check_name(name: object) -> None:
    """Refuse what can be no local name.

    Raises:
        BadTypeError: for anything but a `str`.
        BadValueError: for an empty or reserved one.
    """
    if not isinstance(name, str):
        forms = "a name is a str, e.g. 'Counter'; ('global', term) and ('via', module, term) come in a later release"
        raise BadTypeError(f"{forms}; got {name!r} of type {type(name).__name__}")
    if not name or name in _RESERVED:
        raise BadValueError(f"a name is a non-empty str other than {', '.join(map(repr, _RESERVED))}; got {name!r}")


def give(run_loop: RunLoop, name: str, process: Process) -> None:
    """Give a free name; the caller has checked."""
    run_loop.names[name] = process
    process.name = name


def living(run_loop: RunLoop, pid: Pid) -> Process | None:
    """The process behind `pid`, unless it is dead or of another node."""
    process: Process | None = pid._process
    if process is None or process.run_loop is not run_loop:
        run_loop.is_foreign(pid)
        return None
    return process


def find(run_loop: RunLoop, destination: object, function: str) -> Process | None:
    """The living process that a pid or name stands for.

    Raises:
        BadTypeError: when `destination` is neither.
    """
    if destination.__class__ is Pid:
        return living(run_loop, destination)
    if isinstance(destination, str):
        return run_loop.names.get(destination)
    if is_actor_address(destination):
        raise BadTypeError(
            f"{function} works with processes; {destination} is a plain Thespian actor (send reaches it)"
        )
    raise BadTypeError(
        f"{function} takes a Pid or a registered name (a str); got {destination!r} of type {type(destination).__name__}"
    )
