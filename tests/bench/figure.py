"""A figure: what was measured of each contender, and its ratios. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Contender:
    """One contender's samples; the first contender of a figure is ours."""

    name: str
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.samples)

    @property
    def spread(self) -> float:
        """Half the range, as a part of the median."""
        return (max(self.samples) - min(self.samples)) / 2 / self.median


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure.

    Attributes:
        name: as `--figure` takes it.
        title: what was measured, and how much of it.
        unit: of the samples.
        contenders: ours first.
    """

    name: str
    title: str
    unit: str
    contenders: tuple[Contender, ...]

    @classmethod
    def of(cls, name: str, title: str, unit: str, samples: Mapping[str, Sequence[float]]) -> Figure:
        return cls(name, title, unit, tuple(Contender(who, tuple(values)) for who, values in samples.items()))

    def ratio(self, contender: Contender) -> float:
        """Ours divided by the contender's: the median of the repetitions' own ratios, since these ran side by side."""
        return median(ours / theirs for ours, theirs in zip(self.contenders[0].samples, contender.samples, strict=True))

    def as_dict(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "unit": self.unit,
            "contenders": {
                one.name: {"median": one.median, "samples": list(one.samples), "ours_to_it": self.ratio(one)}
                for one in self.contenders
            },
        }
