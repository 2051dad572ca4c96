"""Where Thespian's own actors and the node's processes meet."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from thespian.actors import (
    Actor,
    ActorAddress,
    ActorExitRequest,
    ActorSystem,
    ChildActorExited,
    PoisonMessage,
    WakeupMessage,
)

from actors import (
    TIMEOUT,
    BadTypeError,
    ExitMessage,
    ManualClock,
    Node,
    NodeError,
    NoReply,
    Ok,
    Pid,
    Reply,
    address_of,
    call,
    current,
    is_alive,
    monitor,
    receive,
    send,
    sender,
    spawn,
    sys,
    trap_exit,
)
from tests.actors.helpers import down, exit_when_told, ms, noting_reason, start

TEN_SECONDS = timedelta(seconds=10)


class Echo(Actor):  # type: ignore[misc]  # Thespian has no types
    """A plain actor: answers whoever writes to it."""

    def receiveMessage(self, message: Any, sender: ActorAddress) -> None:
        if not isinstance(message, ActorExitRequest):
            self.send(sender, ("echo", message))


class Forwarder(Actor):  # type: ignore[misc]
    """A plain actor: `(address, message)` goes to that address."""

    def receiveMessage(self, message: Any, _sender: ActorAddress) -> None:
        if isinstance(message, tuple):
            address, text = message
            self.send(address, text)


class Sleeper(Actor):  # type: ignore[misc]
    """A plain actor: `(address, ms)` gets "woken" when that has passed."""

    to: ActorAddress

    def receiveMessage(self, message: Any, _sender: ActorAddress) -> None:
        if isinstance(message, WakeupMessage):
            self.send(self.to, ("woken", message.payload))
        elif isinstance(message, tuple):
            self.to, ms_ = message
            self.wakeupAfter(timedelta(milliseconds=ms_), "payload")


class Crasher(Actor):  # type: ignore[misc]
    """A plain actor that fails over every message but the request to exit."""

    attempts = 0

    def receiveMessage(self, message: Any, _sender: ActorAddress) -> None:
        if not isinstance(message, ActorExitRequest):
            Crasher.attempts += 1
            raise ArithmeticError("a plain actor's crash")  # noqa: TRY004 — no check of a type


def test_a_process_writes_to_a_plain_actor_and_reads_its_answer_and_sender(node: Node) -> None:
    echo = node.system.createActor(Echo)

    async def main() -> None:
        assert sender() is None
        for n in range(3):
            send(echo, n)
        assert [await receive() for _ in range(3)] == [("echo", 0), ("echo", 1), ("echo", 2)]
        assert sender() == echo

    node.run(main)


def test_a_plain_actor_writes_to_a_process_and_a_server(node: Node) -> None:
    forwarder = node.system.createActor(Forwarder)

    async def main() -> Any:
        send(forwarder, (address_of(current()), "to a process"))
        assert await receive() == "to a process"
        server = await start(info=lambda message, _s: NoReply((message, sender())))
        send(forwarder, (address_of(server), "to a server"))
        while await sys.get_state(server) == 0:
            await receive(lambda _: False, 1)
        return await sys.get_state(server)

    assert node.run(main) == ("to a server", forwarder)


def test_a_matching_receive_looks_into_a_plain_actors_message(node: Node) -> None:
    forwarder = node.system.createActor(Forwarder)

    async def main() -> None:
        me = address_of(current())
        send(forwarder, (me, "first"))
        send(forwarder, (me, "second"))
        assert await receive(lambda one: one == "second") == "second"
        assert await receive() == "first"

    node.run(main)


def test_tell_from_another_thread_reaches_a_process_in_order(node: Node) -> None:
    async def collect() -> list[Any]:
        return [await receive() for _ in range(100)]

    async def main() -> Any:
        address = address_of(current())

        def tells() -> None:
            for n in range(100):
                node.system.tell(address, n)

        threading.Thread(target=tells).start()
        return await collect()

    assert node.run(main) == list(range(100))


def test_ask_is_answered_by_a_process_that_sends_to_the_sender(node: Node) -> None:
    async def answers() -> None:
        while True:
            question = await receive()
            asker = sender()
            assert asker is not None
            send(asker, ("answer to", question))

    async def main() -> Pid:
        return spawn(answers)

    pid = node.run(main)
    for n in range(3):
        assert node.system.ask(node.address_of(pid), n, TEN_SECONDS) == ("answer to", n)


def test_ask_is_answered_by_a_plain_actor_and_times_out_with_none(node: Node) -> None:
    assert node.system.ask(node.system.createActor(Echo), "x", TEN_SECONDS) == ("echo", "x")
    assert node.system.ask(node.system.createActor(Sleeper), "x", timedelta(milliseconds=1)) is None


def test_each_private_asker_gets_its_own_answers(node: Node) -> None:
    echo = node.system.createActor(Echo)
    got: dict[int, list[Any]] = {}

    def ask(n: int) -> None:
        with node.system.private() as asker:
            got[n] = [asker.ask(echo, (n, i), TEN_SECONDS) for i in range(20)]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {n: [("echo", (n, i)) for i in range(20)] for n in range(4)}


def test_ask_on_the_nodes_own_thread_raises_and_never_deadlocks(node: Node) -> None:
    echo = node.system.createActor(Echo)

    async def main() -> None:
        with pytest.raises(NodeError, match="would wait for its own thread"):
            node.system.ask(echo, "x", TEN_SECONDS)

    node.run(main)


def test_a_plain_actors_wakeup_comes_at_its_time_on_the_nodes_clock(node: Node, clock: ManualClock) -> None:
    sleeper = node.system.createActor(Sleeper)

    async def main() -> None:
        send(sleeper, (address_of(current()), 50))
        assert await receive() == ("woken", "payload")
        assert ms(clock) == 50

    node.run(main)


def test_a_plain_actor_that_crashes_does_not_touch_processes(node: Node) -> None:
    crasher = node.system.createActor(Crasher)
    Crasher.attempts = 0

    async def main() -> None:
        bystander = await start(call=lambda r, _f, s: Reply(r, s))
        send(crasher, "bang")
        poison = await receive()
        assert isinstance(poison, PoisonMessage)
        assert poison.poisonMessage == "bang"
        assert sender() == crasher
        assert await call(bystander, "alive?") == "alive?"
        assert await receive(timeout=100) is TIMEOUT

    node.run(main)
    assert Crasher.attempts > 0


def test_a_process_that_crashes_over_a_plain_actors_message_gets_it_once(node: Node) -> None:
    received: list[Any] = []

    async def main() -> Any:
        async def crashes() -> None:
            received.append(await receive())
            raise ValueError("over it")

        pid = spawn(crashes)
        ref = monitor(pid)
        node.system.tell(address_of(pid), "message")
        return await down(ref)

    assert node.run(main).kind == "ValueError"
    assert received == ["message"]


def test_an_exit_request_ends_a_process_by_shutdown(node: Node) -> None:
    async def main() -> Any:
        pid = spawn(exit_when_told)
        ref = monitor(pid)
        node.system.tell(address_of(pid), ActorExitRequest())
        return await down(ref)

    assert node.run(main) == "shutdown"


def test_an_exit_request_is_a_message_for_a_process_that_traps_and_terminates_a_server_that_does(node: Node) -> None:
    terminated: list[Any] = []

    async def main() -> None:
        trap_exit(True)
        node.system.tell(address_of(current()), ActorExitRequest())
        assert await receive() == ExitMessage(current(), "shutdown")

        def init() -> Ok:
            trap_exit(True)
            return Ok(0)

        pid = await start(init=init, terminate=noting_reason(terminated))
        ref = monitor(pid)
        node.system.tell(address_of(pid), ActorExitRequest())
        assert await down(ref) == "shutdown"

    node.run(main)
    assert terminated == ["shutdown"]


def test_mail_for_a_dead_process_is_dropped(node: Node) -> None:
    forwarder = node.system.createActor(Forwarder)

    async def main() -> None:
        pid = spawn(exit_when_told)
        ref = monitor(pid)
        send(pid, ("exit", "normal"))
        await down(ref)
        assert not is_alive(pid)
        send(forwarder, (address_of(pid), "too late"))
        node.system.tell(address_of(pid), "too late")
        send(forwarder, (address_of(current()), "a sign of life"))
        assert await receive() == "a sign of life"

    node.run(main)


def test_a_bare_actor_system_elsewhere_is_not_the_nodes(node: Node) -> None:
    bare = ActorSystem("simpleSystemBase", logDefs=False)
    try:
        assert bare is not node.system
        assert type(bare._systemBase) is not type(node.system._systemBase)
        assert bare.ask(bare.createActor(Echo), "bare", TEN_SECONDS) == ("echo", "bare")
        assert node.system.ask(node.system.createActor(Echo), "ours", TEN_SECONDS) == ("echo", "ours")
    finally:
        bare.shutdown()
    assert node.system.ask(node.system.createActor(Echo), "still", TEN_SECONDS) == ("echo", "still")


def test_two_nodes_have_two_actor_systems() -> None:
    with Node() as one, Node() as two:
        assert one.system is not two.system
        assert one.system._systemBase is not two.system._systemBase
        echo = one.system.createActor(Echo)
        assert one.system.ask(echo, "x", TEN_SECONDS) == ("echo", "x")


def test_the_root_log_handlers_are_left_alone() -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    with Node() as node:
        node.system.createActor(Echo)
        assert (list(root.handlers), root.level) == before
    assert (list(root.handlers), root.level) == before


def test_the_registry_keeps_nothing_of_exited_plain_actors_and_processes(node: Node) -> None:
    registry = node.system._systemBase.actorRegistry
    echo = node.system.createActor(Echo)
    before = len(registry)
    for _ in range(50):
        actor = node.system.createActor(Echo)
        assert node.system.ask(actor, "x", TEN_SECONDS) == ("echo", "x")
        node.system.tell(actor, ActorExitRequest())
    assert node.system.ask(echo, "x", TEN_SECONDS) == ("echo", "x")

    async def main() -> None:
        for _ in range(50):
            pid = spawn(exit_when_told)
            ref = monitor(pid)
            send(pid, ("exit", "normal"))
            await down(ref)

    node.run(main)
    assert node.system.ask(echo, "x", TEN_SECONDS) == ("echo", "x")
    assert len(registry) == before


def test_a_plain_actor_hears_of_its_childs_exit_as_ever(node: Node) -> None:
    class Parent(Actor):  # type: ignore[misc]
        def receiveMessage(self, message: Any, asker: ActorAddress) -> None:
            if message == "go":
                self.asker = asker
                self.send(self.createActor(Echo), ActorExitRequest())
            elif isinstance(message, ChildActorExited):
                self.send(self.asker, "child exited")

    assert node.system.ask(node.system.createActor(Parent), "go", TEN_SECONDS) == "child exited"


def test_address_of_refuses_what_is_no_pid() -> None:
    with pytest.raises(BadTypeError, match="address_of takes a Pid"):
        address_of("name")  # type: ignore[arg-type]
