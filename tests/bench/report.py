"""Figures as a table and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from tests.bench.figure import Figure


def table(figures: Sequence[Figure], machine: Mapping[str, str]) -> str:
    """For people: each figure's contenders, ours first, with what ours is to each."""
    lines = ["; ".join(machine.values())]
    for figure in figures:
        lines += ["", f"{figure.name}: {figure.title}; median of {len(figure.contenders[0].samples)}"]
        lines.append(f"  {'':<38}{figure.unit:>16}{'+/-':>8}{'ours to it':>13}")
        for number, one in enumerate(figure.contenders):
            ratio = f"{figure.ratio(one):.3g} x" if number else ""
            lines.append(f"  {one.name:<38}{one.median:>16,.0f}{one.spread:>8.0%}{ratio:>13}".rstrip())
    return "\n".join(lines)


def as_json(figures: Sequence[Figure], machine: Mapping[str, str]) -> str:
    """For programs."""
    body = {"machine": dict(machine), "figures": {figure.name: figure.as_dict() for figure in figures}}
    return json.dumps(body, indent=2)
