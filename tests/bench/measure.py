"""Contenders in turn, so that a machine that slows down or speeds up does so for all of them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping


def interleaved(contenders: Mapping[str, Callable[[], float]], repetitions: int) -> dict[str, list[float]]:
    """Each contender once, then each again, every time from another one on.

    Args:
        contenders: by name, what measures one sample.
        repetitions: samples of each.
    """
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for repetition in range(repetitions):
        first = repetition % len(names)
        for name in names[first:] + names[:first]:
            gc.collect()
            samples[name].append(contenders[name]())
    return samples
