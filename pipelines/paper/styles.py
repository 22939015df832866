"""How values become words and classes: a column as a reader meets it, and the three ways of drawing features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from pipelines.paper.palette import BOUNDS, Swatch, area

ABSENT = "—"


@dataclass(frozen=True)
class Column:
    """A column of a theme as a reader meets it. With the unit % the values are shares (0–1)."""

    name: str
    zh: str
    en: str
    unit: str = ""
    digits: int | None = None
    """Decimals of a number; a column without them holds words."""
    additive: bool = False
    """Whether its sum over a class means something, as an area's does and a share's does not."""

    @property
    def numeric(self) -> bool:
        return self.digits is not None

    def say(self, value: Any) -> str:
        """The value in words: `1,234.5`, `66.2`, a name, or a dash when there is none."""
        if value is None or pd.isna(value):
            return ABSENT
        if self.digits is None:
            return str(value)
        return f"{float(value) * (100 if self.unit == '%' else 1):,.{self.digits}f}"


class Style(Protocol):
    """How a theme's features fall into the entries of its legend."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""

    @property
    def swatches(self) -> tuple[Swatch, ...]:
        """The legend, in order."""

    def pick(self, frame: gpd.GeoDataFrame) -> list[int | None]:
        """For each feature its place in `swatches`; None where it has no value."""


@dataclass(frozen=True)
class One:
    """Every feature drawn alike."""

    swatch: Swatch
    columns: tuple[str, ...] = ()

    @property
    def swatches(self) -> tuple[Swatch, ...]:
        return (self.swatch,)

    def pick(self, frame: gpd.GeoDataFrame) -> list[int | None]:
        return [0] * len(frame)


@dataclass(frozen=True)
class Codes:
    """A look for each code of a column. A code without an entry is refused, never drawn as something else."""

    column: str
    entries: Mapping[str, Swatch]
    ranked: bool = False
    """Whether the codes rise: the legend shows them as one bar."""

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def swatches(self) -> tuple[Swatch, ...]:
        return tuple(self.entries.values())

    def pick(self, frame: gpd.GeoDataFrame) -> list[int | None]:
        place = {code: i for i, code in enumerate(self.entries)}
        return [None if pd.isna(code) else place[code] for code in frame[self.column]]


@dataclass(frozen=True)
class Steps:
    """A ramp over a number: `bounds` rise, each class holds its lower bound, `ramp` has one colour more than bounds."""

    column: Column
    bounds: tuple[float, ...]
    ramp: tuple[str, ...]
    legend_digits: int = 0
    """Decimals of the bounds in the legend."""

    def __post_init__(self) -> None:
        if len(self.ramp) != len(self.bounds) + 1 or list(self.bounds) != sorted(set(self.bounds)):
            raise ValueError("bounds must rise and the ramp have one colour more than there are bounds")

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column.name,)

    @property
    def swatches(self) -> tuple[Swatch, ...]:
        said = [replace(self.column, digits=self.legend_digits).say(bound) for bound in self.bounds]
        spans = [f"< {said[0]}", *(f"{low}–{high}" for low, high in pairwise(said)), f"≥ {said[-1]}"]
        return tuple(
            Swatch(span, "", area(fill, line=BOUNDS, width=0.7)) for span, fill in zip(spans, self.ramp, strict=True)
        )

    def pick(self, frame: gpd.GeoDataFrame) -> list[int | None]:
        values = pd.to_numeric(frame[self.column.name]).to_numpy(dtype=float, na_value=np.nan)
        places = np.searchsorted(np.array(self.bounds), values, side="right")
        return [None if np.isnan(value) else int(place) for value, place in zip(values, places, strict=True)]
