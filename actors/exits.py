"""Exits and their reasons: what ends a process, and which ends count as orderly."""

from __future__ import annotations

import traceback as _traceback
from dataclasses import dataclass
from typing import Any, NoReturn

_FORGOTTEN_IMPORT = (
    " (Python's own exit() or sys.exit() was called inside a process; "
    "to end the process with a reason: from actors import exit)"
)


class Exit(BaseException):
    """An exit, raised by `exit(reason)` and by a failed `call` (Erlang's class `exit`).

    It is a `BaseException` on purpose: `except Exception` does not catch it, as Elixir's `rescue` does not
    catch an exit. Uncaught, it ends the process with its reason.

    Attributes:
        reason: any term; `"normal"`, `"shutdown"` and `("shutdown", term)` are the orderly ones.
    """

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return repr(self.reason)


@dataclass(frozen=True, slots=True)
class Crash:
    """The reason of a process that ended by an exception: Erlang's `{exception, stacktrace}`.

    It holds texts alone, so that it can be kept, compared and pickled whatever was raised.

    Attributes:
        kind: the exception's class name, e.g. `"ValueError"`.
        message: what `str()` of the exception said.
        traceback: the formatted traceback.
    """

    kind: str
    message: str
    traceback: str

    @classmethod
    def from_exception(cls, error: BaseException) -> Crash:
        """The crash that `error` is. An exception whose own `str()` fails gets a text that says so."""
        try:
            message = str(error)
        except BaseException as failure:  # a user's __str__ may raise anything
            message = f"<str() of it failed: {type(failure).__name__}>"
        if isinstance(error, SystemExit):
            message += _FORGOTTEN_IMPORT
        try:
            text = "".join(_traceback.format_exception(error))
        except BaseException:  # formatting asks the user's __str__ again
            text = "".join(_traceback.format_tb(error.__traceback__)) + type(error).__name__
        return cls(type(error).__name__, message, text)

    def __repr__(self) -> str:
        return f"Crash({self.kind}: {self.message})"


def exit(reason: object) -> NoReturn:
    """End this process with `reason` (Elixir's `exit/1`).

    Raises:
        Exit: always. `try … except Exit` catches it, as `catch :exit` does.
    """
    raise Exit(reason)


def reason_of(error: BaseException) -> object:
    """The exit reason of a process whose coroutine raised `error`."""
    return error.reason if isinstance(error, Exit) else Crash.from_exception(error)


def is_normal(reason: object) -> bool:
    """Whether `reason` is exactly `"normal"`, whatever `==` a foreign type defines."""
    return isinstance(reason, str) and reason == "normal"


def is_orderly(reason: Any) -> bool:
    """Whether OTP counts `reason` as no failure: `"normal"`, `"shutdown"` or `("shutdown", term)`."""
    if isinstance(reason, str):
        return reason in ("normal", "shutdown")
    return isinstance(reason, tuple) and len(reason) == 2 and isinstance(reason[0], str) and reason[0] == "shutdown"
