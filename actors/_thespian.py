"""The one file that imports Thespian: a system base whose actors are processes, and the seam to plain actors.

Every process is a Thespian `Actor` in this base's registry. Mail between processes goes straight into mailboxes;
Thespian's own ways (`Actor.send`, `ActorSystem.tell` and `ask`, `wakeupAfter`) end at the same mailboxes, so a
plain actor and a process can write to each other.

What of Thespian is worked around here, and why:

- The base is built by overriding `_startupActorSys` with `transientUnique=True`: handed in as an object, a second
  base of the same class is silently dropped for the first, and a bare `ActorSystem()` elsewhere would get ours.
- `logDefs=False`: the default replaces the application's root log handlers.
- An exception in `receiveMessage` makes Thespian deliver the message three times more and then poison the
  sender. A process's `receiveMessage` only appends, so a crash never gets there.
- The stock registry keeps an entry for each actor that has exited; `_killActor` takes it out.
- The stock base keeps every `ChildActorExited` it sends to the system itself; here they are dropped.
"""

from __future__ import annotations

import concurrent.futures
import queue
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from thespian.actors import Actor, ActorAddress, ActorExitRequest, ActorSystem, WakeupMessage
from thespian.system import isInternalActorSystemMessage
from thespian.system.simpleSystemBase import ActorSystemBase, BadActor, PendingSend

from actors.errors import BadTypeError, NodeError
from actors.pid import Pid

if TYPE_CHECKING:
    from actors.process import Process
    from actors.run_loop import RunLoop

__all__ = ["ActorAddress", "ActorSystem", "Base", "ProcessActor", "System", "address_of", "is_actor_address"]

_PROCESS_PREFIX = "/P~"


class ProcessActor(Actor):  # type: ignore[misc]  # Thespian has no types
    """What makes a process a Thespian actor: its address, and mail that only appends.

    It stands in the registry as its own `ActorRef`, which Thespian keeps beside each actor.
    """

    __slots__ = ()

    pid: Pid
    run_loop: RunLoop

    def receive_from_actor(self, message: object, sender: object) -> None:
        raise NotImplementedError

    def exit_from_actor(self) -> None:
        raise NotImplementedError

    def receiveMessage(self, message: object, sender: object) -> None:  # noqa: N802 — Thespian's name
        if isinstance(message, ActorExitRequest):
            self.exit_from_actor()
        else:
            self.receive_from_actor(message, sender)

    _receive = receiveMessage  # what the base calls for mail of its own, `PoisonMessage` above all

    @property
    def _myRef(self) -> ProcessActor:  # noqa: N802 — Thespian's name
        return self

    @property
    def instance(self) -> ProcessActor:
        return self

    @property
    def address(self) -> ActorAddress:
        return ActorAddress(f"{_PROCESS_PREFIX}{self.pid.serial}")

    @property
    def parent(self) -> ActorAddress:
        base = self.run_loop.base
        assert base is not None
        return base.system.systemAddress


class _Registry(dict[str, Any]):
    """Thespian's table of actors by address: its own entries, and the node's processes."""

    def __init__(self, entries: dict[str, Any], run_loop: RunLoop) -> None:
        super().__init__(entries)
        self._run_loop = run_loop

    def process(self, address: str) -> Process | None:
        if not address.startswith(_PROCESS_PREFIX):
            return None
        return self._run_loop.process(int(address[len(_PROCESS_PREFIX) :]))

    def get(self, address: str, default: Any = None) -> Any:
        found = super().get(address)
        return found if found is not None else (self.process(address) or default)

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and self.get(address) is not None

    def __missing__(self, address: str) -> Any:
        process = self.process(address)
        if process is None:
            raise KeyError(address)
        return process


class _External(Actor):  # type: ignore[misc]  # Thespian has no types
    """Where answers to `ActorSystem.ask` arrive; the asking thread takes them from its queue."""

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[object] = queue.SimpleQueue()

    def receiveMessage(self, message: object, sender: object) -> None:  # noqa: ARG002, N802 — Thespian's
        if not isInternalActorSystemMessage(message):
            self.answers.put(message)


class Base(ActorSystemBase):  # type: ignore[misc]  # Thespian has no types
    """A Thespian system base that an asyncio event loop drives."""

    actorRegistry: _Registry  # noqa: N815 — Thespian's name

    def __init__(self, system: System, run_loop: RunLoop) -> None:
        super().__init__(system, logDefs=False)
        self._run_loop = run_loop
        self._pump_booked = False
        self._clones = 0
        external = self._newRefAndActor(
            system, system.systemAddress, ActorAddress("System:ExternalRequester"), _External
        )
        sink = self._newRefAndActor(system, system.systemAddress, system.systemAddress, BadActor)
        self.actorRegistry = _Registry(self.actorRegistry, run_loop)
        self.actorRegistry["System:ExternalRequester"] = external
        self.actorRegistry[system.systemAddress.actorAddressString] = sink
        self._external = external
        system.capabilities["Thespian ActorSystem Name"] = "exq-actors"
        run_loop.base = self

    # -- mail

    def actor_send(self, sender: ActorAddress, to: ActorAddress, message: object) -> None:
        """Thespian's `Actor.send`: into a process's mailbox, or into the queue for plain actors."""
        if not self._run_loop.on_own_thread:
            self._run_loop.post(lambda: self.actor_send(sender, to, message))
            return
        process = self.actorRegistry.process(to.actorAddressString)
        if process is not None:
            process.receiveMessage(message, sender)
        else:
            self._pendingSends.append(PendingSend(sender, message, to))
            self._book_pump()

    def tell(self, to: ActorAddress, message: object) -> None:
        """`ActorSystem.tell`, from any thread."""
        self.actor_send(self._external.address, to, message)

    def ask(self, to: ActorAddress, message: object, timeout: Any = None) -> object | None:
        """`ActorSystem.ask`, from any thread but the node's own, which has to run the actor that answers."""
        if self._run_loop.on_own_thread:
            raise NodeError(
                "ActorSystem.ask waits, and would wait for its own thread here; in a process use send and receive"
            )
        self.tell(to, message)
        return self.listen(timeout)

    def listen(self, timeout: Any = None) -> object | None:
        return _take(self._external.instance.answers, timeout)

    def external_clone(self) -> _PrivateBase:
        with self._private_lock:
            self._clones += 1
            return _PrivateBase(self, self._clones)

    def _book_pump(self) -> None:
        if not self._pump_booked:
            self._pump_booked = True
            self._run_loop.post(self._pump)

    def _pump(self) -> None:
        """Hand plain actors their mail: what waits now, so that other callbacks get their turn after it."""
        self._pump_booked = False
        for _ in range(len(self._pendingSends)):
            self._runSingleSend(self._pendingSends.pop(0))
        if self._pendingSends:
            self._book_pump()

    def _runSends(self, *_arguments: object, **_options: object) -> None:  # noqa: N802 — Thespian's name
        self._book_pump()

    # -- wakeups

    def wakeupAfter(self, sender: ActorAddress, period: timedelta | float, payload: object) -> None:  # noqa: N802
        """A plain actor's `wakeupAfter`, on the node's own timers."""
        seconds = period.total_seconds() if isinstance(period, timedelta) else float(period)
        message = WakeupMessage(period, payload)
        self._run_loop.start_timer(round(seconds * 1000), lambda: self.actor_send(sender, sender, message))

    def _realizeWakeups(self) -> None:  # noqa: N802 — Thespian's name
        """Nothing to do: the timers deliver."""

    # -- actors

    def newPrimaryActor(self, *arguments: Any) -> ActorAddress:  # noqa: N802 — Thespian's name
        """`ActorSystem.createActor`, on the node's thread whichever one asks."""
        create: Callable[..., ActorAddress] = super().newPrimaryActor
        if self._run_loop.on_own_thread:
            return create(*arguments)
        made: concurrent.futures.Future[ActorAddress] = concurrent.futures.Future()

        def on_own_thread() -> None:
            try:
                made.set_result(create(*arguments))
            except Exception as error:  # raised again in the thread that asked
                made.set_exception(error)

        self._run_loop.post(on_own_thread)
        return made.result()

    def _killActor(self, target: Any, pending: Any) -> None:  # noqa: N802 — Thespian's name
        super()._killActor(target, pending)
        self.actorRegistry.pop(pending.toActor.actorAddressString, None)


class _PrivateBase:
    """`ActorSystem.private()`: an asker of its own for one thread."""

    def __init__(self, base: Base, number: int) -> None:
        self._base = base
        self._address = ActorAddress(f"System:ExternalRequester:{number}")
        self._ref = base._newRefAndActor(base.system, base.system.systemAddress, self._address, _External)
        base.actorRegistry[self._address.actorAddressString] = self._ref

    def tell(self, to: ActorAddress, message: object) -> None:
        self._base.actor_send(self._address, to, message)

    def ask(self, to: ActorAddress, message: object, timeout: Any = None) -> object | None:
        self.tell(to, message)
        return self.listen(timeout)

    def listen(self, timeout: Any = None) -> object | None:
        return _take(self._ref.instance.answers, timeout)

    def newPrimaryActor(self, *arguments: Any) -> ActorAddress:  # noqa: N802 — Thespian's name
        return self._base.newPrimaryActor(*arguments)

    def exit_context(self) -> None:
        self._base.actorRegistry.pop(self._address.actorAddressString, None)


class System(ActorSystem):  # type: ignore[misc]  # Thespian has no types
    """The `ActorSystem` of one node: never the program-wide one."""

    def __init__(self, run_loop: RunLoop) -> None:
        self._run_loop = run_loop
        super().__init__(transientUnique=True, logDefs=False)

    def _startupActorSys(self, *_arguments: object) -> Base:  # noqa: N802 — Thespian's name
        self.systemAddress = ActorAddress("/ActorSys")
        self.capabilities: dict[str, object] = {}
        self._systemBase = Base(self, self._run_loop)
        return self._systemBase


def is_actor_address(value: object) -> bool:
    """Whether `value` is the address of a Thespian actor."""
    return isinstance(value, ActorAddress)


def address_of(pid: Pid) -> ActorAddress:
    """The Thespian address of a process, for a plain actor to write to or `ActorSystem.tell`.

    Raises:
        BadTypeError: when `pid` is no `Pid`.
    """
    if not isinstance(pid, Pid):
        raise BadTypeError(f"address_of takes a Pid; got {pid!r} of type {type(pid).__name__}")
    return ActorAddress(f"{_PROCESS_PREFIX}{pid.serial}")


def _take(answers: queue.SimpleQueue[object], timeout: Any) -> object | None:
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return None
