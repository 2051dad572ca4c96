"""Commands as bytes: what a caller writes, checked whole before anything is sent.

A pipeline is a list of commands, a command a list of a name and its arguments (`Redix.pipeline/3`). Refused
here is what could not be sent as it stands, or would shift every later reply: an empty command has no reply
at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, TypeAlias

from hiredis import pack_command

from actors.errors import BadTypeError, BadValueError

Argument: TypeAlias = bytes | str | int | float
Command: TypeAlias = Sequence[Argument]
Encoded: TypeAlias = tuple[bytes, ...]

_LARGE = 65_536  # bytes of an argument from which hiredis's packing, a growing copy, costs more than it saves
_EXAMPLE = '[["SET", "key", "value"], ["GET", "key"]]'


def encode_pipeline(commands: Sequence[Command]) -> list[Encoded]:
    """Each command as a tuple of bytes.

    `bytes` stay as they are, `str` becomes UTF-8, an `int` or `float` its digits, as Redis reads them.

    Raises:
        BadTypeError: a `TypeError`: no list of lists, or an argument of another type (`None` and `bool` among
            them: Redis has neither, and both `"True"` and `"1"` have been meant).
        BadValueError: a `ValueError`: no command, an empty one, a name with white space, text that is no
            Unicode.
    """
    if isinstance(commands, bytes | str) or not isinstance(commands, Sequence):
        raise BadTypeError(f"a pipeline is a list of commands, as {_EXAMPLE}; got {_shown(commands)}")
    if not commands:
        raise BadValueError(f"a pipeline needs a command, as {_EXAMPLE}; got an empty one")
    return [encode_command(command) for command in commands]


def encode_command(command: Command) -> Encoded:
    """One command as a tuple of bytes; see `encode_pipeline`."""
    if isinstance(command, bytes | str) or not isinstance(command, Sequence):
        raise BadTypeError(f'a command is a list, as ["GET", "key"]; got {_shown(command)}')
    if not command:
        raise BadValueError('a command needs a name, as ["GET", "key"]; got an empty one')
    encoded = tuple([part if type(part) is bytes else _encode(part, command) for part in command])
    name = encoded[0]
    if len(name.split()) != 1 or name.strip() != name:
        raise BadValueError(
            'a command\'s name is one word, its arguments beside it, as ["CONFIG", "GET", "maxmemory"]; '
            f"got the name {_shown(command[0])}"
        )
    return encoded


def pack(commands: Sequence[Encoded]) -> list[bytes]:
    """The pipeline in Redis's protocol (`Redix.Protocol.pack/1`), in pieces to be written in order."""
    pieces: list[bytes] = []
    for command in commands:
        if max(map(len, command)) <= _LARGE:
            pieces.append(pack_command(command))  # type: ignore[arg-type]  # its stub asks for a tuple of one
        else:
            pieces.append(b"*%d\r\n" % len(command))
            for part in command:
                pieces += (b"$%d\r\n" % len(part), part, b"\r\n")
    return pieces


def _encode(part: object, command: Command) -> bytes:
    if isinstance(part, bool) or part is None:
        _refuse(part, command, 'write 1 or 0, "true" or "false", "" or nothing, whichever the reader expects')
    if isinstance(part, bytes):
        return bytes(part)
    if isinstance(part, str):
        try:
            return part.encode()
        except UnicodeEncodeError as error:
            raise BadValueError(f"an argument of {_shown(command[0])} is no Unicode text: {error}") from None
    if isinstance(part, int):
        return b"%d" % part
    if not isinstance(part, float):
        _refuse(part, command, "encode it first (json.dumps, str, bytes)")
    return float.__repr__(part).encode()


def _refuse(part: object, command: Command, instead: str) -> NoReturn:
    raise BadTypeError(
        f"an argument of a command is bytes, str, int or float; got {_shown(part)} in {_shown(command[0])}: {instead}"
    )


def _shown(value: object) -> str:
    """The value for a message, cut: a command may hold megabytes."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
