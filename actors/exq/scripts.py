"""The Lua scripts, one in a file, with the hashes by which Redis knows them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Script:
    """A script: its name, its text, and the SHA1 that EVALSHA takes."""

    name: str
    source: str
    sha: str


def _load(name: str) -> Script:
    source = files("actors.exq").joinpath("scripts", f"{name}.lua").read_text("utf-8")
    return Script(name, source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


SCHEDULER_DEQUEUE = _load("scheduler_dequeue")
