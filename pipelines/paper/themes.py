"""What a map is made of: its sheet, its themes, how they are drawn, and the county's palette.

Every figure is put into words once, here, so the map, its popups and the table below it cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from data.texts import text
from geo.refusal import Refusal

SRID = 4490
ABSENT = "—"
Symbol = Literal["circle", "square", "triangle", "diamond", "drop"]


class MapRefusal(Refusal):
    """What cannot be put on a map."""


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


@dataclass(frozen=True)
class Look:
    """How a class is drawn; colours as #rrggbb. An area without `fill` is an outline, hatched when `hatch` is set."""

    fill: str | None
    line: str
    width: float = 0.8
    opacity: float = 0.85
    dash: str = ""
    hatch: str | None = None
    symbol: Symbol = "circle"


@dataclass(frozen=True)
class Swatch:
    """One entry of the legend."""

    zh: str
    en: str
    look: Look


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
        return tuple(Swatch(span, "", area(fill)) for span, fill in zip(spans, self.ramp, strict=True))

    def pick(self, frame: gpd.GeoDataFrame) -> list[int | None]:
        values = pd.to_numeric(frame[self.column.name]).to_numpy(dtype=float, na_value=np.nan)
        places = np.searchsorted(np.array(self.bounds), values, side="right")
        return [None if np.isnan(value) else int(place) for value, place in zip(values, places, strict=True)]


@dataclass(frozen=True)
class Theme:
    """One layer of a map.

    frame: EPSG:4490; points, lines or polygons, one kind; rows without a shape stand in the table alone.
    """

    zh: str
    en: str
    frame: gpd.GeoDataFrame
    style: Style
    name: str
    """The column that names a feature."""
    columns: tuple[Column, ...] = ()
    made_up: bool = False
    show: bool = True
    label: tuple[str, ...] = ()
    """Columns written on the map beside each feature, the first one large."""
    table: Literal["features", "classes"] = "features"
    total: Mapping[str, Any] | None = None
    """The last row of the table, by column: given by whoever knows how the figures add up."""
    generalise_m: float = 10

    def __post_init__(self) -> None:
        if self.frame.crs is None or self.frame.crs.to_epsg() != SRID:
            raise MapRefusal("map.wrong_crs", layer=self.zh, crs=str(self.frame.crs))
        wanted = {self.name, *self.label, *self.style.columns, *(column.name for column in self.columns)}
        if missing := sorted(wanted - set(self.frame.columns)):
            present = ", ".join(map(str, self.frame.columns))
            raise MapRefusal("map.column_missing", layer=self.zh, columns=", ".join(missing), present=present)
        if isinstance(self.style, Codes):
            _refuse_unknown_codes(self.zh, self.frame[self.style.column], self.style)

    @property
    def summed(self) -> tuple[Column, ...]:
        """The columns whose sums by class mean something."""
        return tuple(column for column in self.columns if column.additive)

    @property
    def headings(self) -> tuple[Column, ...]:
        """The columns of its table."""
        return self.columns if self.table == "features" else self.summed

    def said(self, name: str) -> list[str]:
        """A column in words, row by row."""
        column = next((c for c in self.columns if c.name == name), Column(name, name, name))
        return [column.say(value) for value in self.frame[name]]


@dataclass(frozen=True)
class Sheet:
    """What a map says about itself."""

    zh: str
    en: str
    as_of: str
    sources: tuple[str, ...]
    no: int | None = None
    """The journal's number the figures were read at."""
    approval_no: str | None = None


def area(fill: str) -> Look:
    """A filled area with a quiet edge."""
    return Look(fill=fill, line="#ffffff", width=0.9, opacity=0.92)


def outline(line: str, *, hatched: bool = False, dash: str = "", width: float = 1.6) -> Look:
    """An area shown by its edge, so that what lies below stays readable."""
    return Look(fill=None, line=line, width=width, dash=dash, hatch=line if hatched else None)


def sign(fill: str, symbol: Symbol = "circle") -> Look:
    """A point, told apart by shape as well as by colour."""
    return Look(fill=fill, line="#ffffff", width=1.4, opacity=1, symbol=symbol)


def _refuse_unknown_codes(layer: str, column: pd.Series[Any], style: Codes) -> None:
    if unknown := sorted({str(code) for code in column.dropna().unique() if code not in style.entries}):
        raise MapRefusal("map.code_unknown", layer=layer, column=style.column, codes=", ".join(unknown))


# Ramps run from light to dark in one hue or two, so that they read in grey and to a colour-blind eye.
GREENS = ("#eef0cf", "#c9dba0", "#93bf82", "#559a72", "#1f6f5c", "#0f4740")
BROWNS = ("#f5ead2", "#e8cf9f", "#d3a76a", "#b17a43", "#834f2b")
BLUES = ("#e3eef0", "#b5d3dc", "#7fb2c6", "#4688a8", "#1d5b80")

RED_LINE = outline("#b0203a", hatched=True, width=1.7)
PROTECTED = outline("#5b3f8c", dash="7 4", width=2)
WATERSHED = outline("#2b6f95", dash="2 5", width=2)
WETLAND = Look(fill="#5fa8c4", line="#1d5b80", width=1.2, opacity=0.8)
PROJECT = Look(fill="#d9a521", line="#6b4e05", width=1.6, opacity=0.75)
SECTION = sign("#17618f", "drop")
UNTREATED, UNDER_WAY, DONE, ACCEPTED = (
    sign("#a8401f", "triangle"),
    sign("#e0a12b", "diamond"),
    sign("#4fae9f", "square"),
    sign("#176a5f", "circle"),
)
NO_VALUE = Swatch(
    text("map_sheet.no_value", "zh"),
    text("map_sheet.no_value", "en"),
    Look(fill="#e3e2dc", line="#ffffff", hatch="#a7a69c"),
)
