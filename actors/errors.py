"""The exceptions a caller may catch, in one tree.

    Exception
    └── ActorsError
        ├── StartError            a process did not start            .reason
        ├── SupervisorError       a management call was refused      .reason
        ├── RedisError            Redis answered with an error       .message
        ├── RedisConnectionError  Redis could not be reached         .reason
        ├── BadValueError         misuse: a value out of range       (also a ValueError)
        ├── BadTypeError          misuse: a value of the wrong type  (also a TypeError)
        ├── NotAProcessError      misuse: called outside a process   (also a RuntimeError)
        └── NodeError             misuse: the node can't do this now (also a RuntimeError)

`Exit` (exits.py) stands apart: it is an exit, not an error, and `except Exception` does not catch it.
"""

from __future__ import annotations


class ActorsError(Exception):
    """The root of every error that this library raises."""


class StartError(ActorsError):
    """A process could not be started: what OTP answers with `{:error, reason}`.

    Attributes:
        reason: OTP's reason, e.g. `("already_started", pid)`, `"timeout"`, `("bad_return_value", value)`,
            or a `Crash` when `init` raised.
    """

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the process did not start: {self.reason!r}"


class SupervisorError(ActorsError):
    """A supervisor refused a management call: what OTP answers with `{:error, reason}`.

    Attributes:
        reason: `"not_found"`, `"running"`, `"restarting"`, `("already_started", pid)`, `"already_present"`,
            or for a child that failed to start `(reason, ChildSpec)`.
    """

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the supervisor refused: {self.reason!r}"


class RedisError(ActorsError):
    """Redis answered a command with an error (`Redix.Error`).

    Attributes:
        message: the server's whole text, its code included: `"WRONGTYPE Operation against …"`.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class RedisConnectionError(ActorsError):
    """A command got no answer (`Redix.ConnectionError`).

    Attributes:
        reason: `"closed"` (there was no connection, nothing was sent), `"disconnected"` (the connection was
            lost while the answer was awaited: the command may or may not have run) or `"timeout"`.
    """

    _TEXTS = {  # noqa: RUF012 — a constant, shared on purpose
        "closed": "there is no connection to Redis at the moment; the command was not sent",
        "disconnected": "the connection to Redis was lost before the answer came; the command may have run",
        "timeout": "Redis did not answer in time; the command may still run",
    }

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason}: {self._TEXTS.get(self.reason, 'the connection to Redis failed')}"


class BadValueError(ActorsError, ValueError):
    """A value is out of range or of no accepted form."""


class BadTypeError(ActorsError, TypeError):
    """A value is of the wrong type."""


class NotAProcessError(ActorsError, RuntimeError):
    """A function that acts for the current process was called where there is none."""

    def __init__(self, function: str, instead: str) -> None:
        super().__init__(function, instead)
        self.function = function
        self.instead = instead

    def __str__(self) -> str:
        return f"{self.function} was called outside a process; from other code use {self.instead}"


class NodeError(ActorsError, RuntimeError):
    """A node can't do what was asked of it in the state it is in."""
