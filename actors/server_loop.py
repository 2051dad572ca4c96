"""The loop of a GenServer process: init, receive and dispatch, terminate (`gen_server:init_it` and `loop`)."""

from __future__ import annotations

import inspect
from types import CoroutineType
from typing import TYPE_CHECKING, Any, NoReturn

from actors import reports
from actors.exits import Exit, is_orderly, reason_of
from actors.messages import Call, Cast, ExitMessage, System
from actors.options import INFINITY, is_timeout
from actors.pid import Pid
from actors.proc_lib import Failed, Ignored, Started, Starter
from actors.process import Process
from actors.request import From
from actors.results import NOT_GIVEN, Continue, Hibernate, Ignore, Next, NoReply, Ok, Reply, Stop
from actors.system_messages import handle_system

if TYPE_CHECKING:
    from actors.gen_server import GenServer


class ServerLoop:
    """One server process's run.

    Attributes:
        server: the instance whose callbacks are called.
        process: the process it runs in.
        state: what the last callback passed on.
        suspended: whether only system messages are answered (`sys.suspend`).
    """

    __slots__ = ("_arg", "_cls", "_starter", "process", "server", "state", "suspended")

    def __init__(self, cls: type[GenServer], arg: Any) -> None:
        self._cls = cls
        self._arg = arg
        self.state: Any = None
        self.suspended = False
        self.process: Process
        self.server: GenServer
        self._starter: Starter

    @property
    def parent(self) -> Pid:
        """The process that started this one with a link; itself where there was none."""
        return self._starter.parent

    async def run(self, starter: Starter) -> None:
        """The process's body."""
        self._starter = starter
        self.process = starter.process
        next_ = await self._init()
        if next_ is not None:
            await self._loop(next_)

    # -- init

    async def _init(self) -> Next | None:
        """Call `init` and acknowledge; None where the process is to end normally."""
        starter = self._starter
        try:
            self.server = self._cls()
            result = await _settled(self.server.init(self._arg))
        except BaseException as error:
            if self.process.ending:
                raise
            raise self._failed(reason_of(error)) from None
        if result.__class__ is Ok and _is_next(result.next):
            self.state = result.state
            starter.ack(Started())
            return result.next
        if isinstance(result, Ignore):
            self._free_name()
            starter.ack(Ignored())
            return None
        if result.__class__ is Stop and result.state is NOT_GIVEN:
            raise self._failed(result.reason)
        raise self._failed(("bad_return_value", result))

    def _failed(self, reason: object) -> Exit:
        """Not started: the name is free before the starter hears of it, as in OTP. What to end by."""
        self._free_name()
        self._starter.ack(Failed(reason))
        return Exit(reason)

    def _free_name(self) -> None:
        process = self.process
        if process.name is not None:
            process.run_loop.names.pop(process.name, None)
            process.name = None

    # -- the loop

    async def _loop(self, next_: Next) -> NoReturn:
        process, server = self.process, self.server
        receive, parent = process.receive, self._starter.parent
        handle_call, handle_cast, handle_info = server.handle_call, server.handle_cast, server.handle_info
        while True:
            if next_.__class__ is Continue:
                next_ = await self._continue(next_)
                continue
            message = await receive(None, next_ if next_.__class__ is int else None)
            kind = message.__class__
            from_: From | None = None
            try:
                if kind is Call:
                    from_ = message.from_
                    result = handle_call(message.request, from_, self.state)
                elif kind is Cast:
                    result = handle_cast(message.request, self.state)
                elif kind is System:
                    next_ = await handle_system(self, message, next_)
                    continue
                elif kind is ExitMessage and message.pid is parent:
                    await self._terminate(message.reason, message, None)
                else:
                    result = handle_info(message, self.state)
                if result.__class__ is CoroutineType or (
                    not isinstance(result, Reply | NoReply | Stop) and inspect.isawaitable(result)
                ):
                    result = await result
            except _Terminated as ended:
                raise Exit(ended.reason) from None
            except BaseException as error:  # whatever a callback raises is the server's end
                if process.ending:
                    raise
                await self._terminate_and_exit(reason_of(error), message, from_)
            if result.__class__ is NoReply:
                next_ = result.next
                if next_ is INFINITY or _is_next(next_):
                    self.state = result.state
                    continue
            elif result.__class__ is Reply and from_ is not None:
                next_ = result.next
                if next_ is INFINITY or _is_next(next_):
                    self.state = result.state
                    from_.answer(result.value)
                    continue
            await self._stop(result, message, from_)

    async def _continue(self, next_: Continue) -> Next:
        try:
            result = await _settled(self.server.handle_continue(next_.term, self.state))
        except BaseException as error:
            if self.process.ending:
                raise
            await self._terminate_and_exit(reason_of(error), next_, None)
        if result.__class__ is NoReply and _is_next(result.next):
            self.state = result.state
            return result.next
        return await self._stop(result, next_, None)

    async def _stop(self, result: Any, message: object, from_: From | None) -> NoReturn:
        """A callback returned `Stop`, or nothing that it may return."""
        if result.__class__ is not Stop or result.state is NOT_GIVEN:
            await self._terminate_and_exit(("bad_return_value", result), message, from_)
        if result.reply is NOT_GIVEN:
            self.state = result.state
            await self._terminate_and_exit(result.reason, message, from_)
        if from_ is None:  # only a call can be answered
            await self._terminate_and_exit(("bad_return_value", result), message, from_)
        self.state = result.state
        try:
            await self._terminate(result.reason, message, from_)
        except _Terminated as ended:
            raise Exit(ended.reason) from None
        finally:
            if not self.process.ending:  # a signal that ended it in `terminate` leaves no time for a reply
                from_.answer(result.reply)

    async def _terminate_and_exit(self, reason: object, message: object, from_: From | None) -> NoReturn:
        try:
            await self._terminate(reason, message, from_)
        except _Terminated as ended:
            raise Exit(ended.reason) from None

    async def _terminate(self, reason: object, message: object, from_: From | None) -> NoReturn:
        """Call `terminate`, report what is no orderly end, and end. Its own failure takes the reason's place."""
        failed = False
        try:
            await _settled(self.server.terminate(reason, self.state))
        except BaseException as error:
            if self.process.ending:
                raise
            reason, failed = reason_of(error), True
        if failed or not is_orderly(reason):
            process = self.process
            shown = message.request if message.__class__ is Call else message
            client = from_.pid if from_ is not None else None
            reports.terminating(process.pid, self._starter.name, self._cls, reason, shown, self.state, client)
        raise _Terminated(reason)

    async def terminate(self, reason: object, message: object) -> NoReturn:
        """End as `sys.terminate` asks: `terminate` is called, then the process ends with `reason`."""
        await self._terminate(reason, message, None)


class _Terminated(BaseException):
    """`terminate` has run; the process ends with `reason`. Never seen outside this module."""

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason


def _is_next(value: object) -> bool:
    return is_timeout(value) or value.__class__ is Continue or isinstance(value, Hibernate)


async def _settled(value: Any) -> Any:
    """`value`, awaited if it can be: a callback may be `def` or `async def`."""
    return await value if inspect.isawaitable(value) else value
