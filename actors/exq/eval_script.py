"""Run a script by its hash, and by its text where the server doesn't know it (`Exq.Redis.Script.eval!/4`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.errors import RedisError
from actors.exq.redis_connection import command
from actors.exq.scripts import Script
from actors.options import Timeout
from actors.pid import Pid


async def eval_script(
    redis: Pid | str, script: Script, keys: Sequence[Any], arguments: Sequence[Any], timeout: Timeout = 5000
) -> Any:
    """EVALSHA, then EVAL on `NOSCRIPT` (which says that nothing ran, so that nothing runs twice).

    Raises:
        RedisError, RedisConnectionError, Exit: as `command`.
    """
    try:
        return await command(redis, "EVALSHA", script.sha, len(keys), *keys, *arguments, timeout=timeout)
    except RedisError as error:
        if not error.message.startswith("NOSCRIPT"):
            raise
    return await command(redis, "EVAL", script.source, len(keys), *keys, *arguments, timeout=timeout)
