"""Commands that a connection shared by all callers refuses (`Redix`'s `assert_valid_command/1`, widened).

One socket serves every caller, and a reply is known by its place alone. Refused is what would make all others
wait (Redix permits the blocking commands and lets everyone behind them wait), what has no reply or more than
one, and what would change the connection under its other callers. Whatever else Redis knows goes through.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.errors import BadValueError
from actors.exq.commands import Command

_OWN = "open a connection of your own for it (redis.asyncio.Redis)"
_WAITS = "it waits inside Redis, and every caller of the shared connection would wait behind it"
_STREAMS = "its replies come unasked, and every later reply would be taken for another command's"

_REFUSED: dict[str, tuple[str, str]] = {
    **{name: (_WAITS, f"use {instead}, or {_OWN}") for name, instead in {
        "BLPOP": "LPOP", "BRPOP": "RPOP", "BLMOVE": "LMOVE", "BRPOPLPUSH": "RPOPLPUSH", "BLMPOP": "LMPOP",
        "BZPOPMIN": "ZPOPMIN", "BZPOPMAX": "ZPOPMAX", "BZMPOP": "ZMPOP",
    }.items()},
    **dict.fromkeys(("WAIT", "WAITAOF"), (_WAITS, _OWN)),
    **dict.fromkeys(
        ("SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"),
        (_STREAMS, "open a connection of your own for Pub/Sub (redis.asyncio.Redis().pubsub())"),
    ),
    **dict.fromkeys(("MONITOR", "SYNC", "PSYNC"), (_STREAMS, _OWN)),
    "REPLCONF": ("it may have no reply", _OWN),
    "HELLO": ("it changes the protocol under every caller", "the replies are RESP2's; " + _OWN),
    "RESET": ("it takes database and user from every caller", "stop the connection and start another"),
    "QUIT": ("it closes the connection of every caller", "stop the connection's process"),
    "SELECT": (
        "it moves every caller to another database, until the next reconnect moves them back",
        "name the database in the URL (redis://host:port/3), and start a connection for each database",
    ),
}  # fmt: skip
_CLIENT_REPLY = ("it would leave every later command without its reply", "ignore the reply")
_BLOCK = (_WAITS, f"leave BLOCK out, or {_OWN}")
_OPENS = {"MULTI": "MULTI", "WATCH": "WATCH"}
_CLOSES = frozenset({"EXEC", "DISCARD"})
_LONGEST = max(map(len, [*_REFUSED, "XREADGROUP", "DISCARD", "UNWATCH"]))


def check(command: Command) -> None:
    """Refuse a command that may not run on a shared connection.

    Args:
        command: the name and its arguments, `str` or `bytes`, in any case.

    Raises:
        BadValueError: a `ValueError`: which command, why, and what works instead.
    """
    name = _word(command[0]) if command else ""
    refusal = _REFUSED.get(name)
    if refusal is None and name == "CLIENT" and len(command) > 1 and _word(command[1]) == "REPLY":
        name, refusal = "CLIENT REPLY", _CLIENT_REPLY
    if refusal is None and name in {"XREAD", "XREADGROUP"} and _blocks(command, name):
        name, refusal = f"{name} with BLOCK", _BLOCK
    if refusal is not None:
        why, instead = refusal
        raise BadValueError(f"{name} is refused on the shared connection: {why}. Instead: {instead}.")


def check_pipeline(commands: Sequence[Command]) -> None:
    """Refuse a pipeline with a refused command, or one that leaves a transaction open behind it.

    The commands of the next caller would be queued in that transaction. `Redix.transaction_pipeline/3` closes
    its own; a `WATCH` left open would make another caller's EXEC fail.

    Raises:
        BadValueError: a `ValueError`; see `check`.
    """
    open_ = ""
    for command in commands:
        check(command)
        name = _word(command[0]) if command else ""
        if name in _OPENS:
            open_ = "MULTI" if "MULTI" in {name, open_} else name
        elif name in _CLOSES or (name == "UNWATCH" and open_ == "WATCH"):
            open_ = ""
    if open_:
        raise BadValueError(
            f"{open_} is refused if its pipeline doesn't end it: it would swallow other callers' commands. "
            'Instead: send all of it as one pipeline, [["MULTI"], …, ["EXEC"]], or use a script (EVAL).'
        )


def _blocks(command: Command, name: str) -> bool:
    """Whether BLOCK stands among the options: not as a group's, a consumer's or a stream's name."""
    options = [_word(part) for part in command[4 if name == "XREADGROUP" else 1 :]]
    if "STREAMS" in options:
        options = options[: options.index("STREAMS")]
    return "BLOCK" in options


def _word(part: object) -> str:
    """In capitals if it may be a word that we look for; a long one is not even copied (Redix's issue 177)."""
    if isinstance(part, bytes) and len(part) <= _LONGEST:
        return part.decode("latin-1").upper()
    if isinstance(part, str) and len(part) <= _LONGEST:
        return part.upper()
    return ""
