"""What a map is made of: its sheet, and its themes.

Every figure is put into words once, here, so the map, its popups and the table below it cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.texts import Lang
from pipelines.paper.offline import data_block
from pipelines.paper.packing import MapRefusal, anchor, generalise, pack
from pipelines.paper.palette import NO_VALUE, Swatch
from pipelines.paper.styles import Codes, Column, Steps, Style

SRID = 4490
Words = Mapping[Lang, str]


@dataclass(frozen=True)
class Figure:
    """What the sheet says in large: a number with its unit, and what it is."""

    said: str
    unit: str
    words: Words


@dataclass(frozen=True)
class Sheet:
    """What a map says about itself."""

    zh: str
    en: str
    as_of: str
    sources: tuple[str, ...]
    no: int | None = None
    """The journal's number the figures were read at."""
    uncounted: int = 0
    """Edits that the rates on the sheet do not count yet."""
    approval_no: str | None = None
    figures: tuple[Figure, ...] = ()
    notes: tuple[Words, ...] = ()
    """How the figures were made, and what was done to what is drawn."""


@dataclass(frozen=True, eq=False)
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
    level: int = 0
    """Themes of a higher level are drawn above; within a level in the order of the legend."""
    label: tuple[str, ...] = ()
    """Columns written on the map beside each feature, the first one large."""
    quiet: bool = False
    """Its labels give way to all others."""
    table: Literal["features", "classes"] = "features"
    total: Mapping[str, Any] | None = None
    """The last row of the table, by column: given by whoever knows how the figures add up."""
    generalise_m: float = 10
    sources: tuple[str, ...] = ()
    """Who sent what it shows."""
    notes: tuple[Words, ...] = ()
    """What a reader of the sheet must know of it."""

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

    @cached_property
    def picks(self) -> list[int]:
        """Each feature's place in `swatches`."""
        last = len(self.style.swatches)
        return [last if pick is None else pick for pick in self.style.pick(self.frame)]

    @cached_property
    def swatches(self) -> tuple[Swatch, ...]:
        """The legend, with an entry for missing values where there are any."""
        known = self.style.swatches
        return (*known, NO_VALUE) if len(known) in self.picks else known

    @cached_property
    def counts(self) -> list[int]:
        """Features under each entry of the legend."""
        return [self.picks.count(place) for place in range(len(self.swatches))]

    @cached_property
    def kind(self) -> str:
        """How the legend shows it: point, line or area."""
        dimensions = shapely.get_dimensions(self.frame.geometry.to_numpy())
        return ("point", "line", "area")[dimensions.max(initial=0)] if (dimensions >= 0).any() else "area"

    @property
    def ramp(self) -> bool:
        """Whether the legend is one bar of steps."""
        return isinstance(self.style, Steps) or (isinstance(self.style, Codes) and self.style.ranked)

    @property
    def unit(self) -> str:
        """The unit of a ramp."""
        return self.style.column.unit if isinstance(self.style, Steps) else ""

    @cached_property
    def rows(self) -> list[list[str]]:
        """The table below the map: what the popups say, or its sums by class."""
        if self.table == "features":
            said = [self.said(name) for name in (self.name, *(c.name for c in self.columns))]
            return [list(row) for row in zip(*said, strict=True)]
        sums = [self._sums(column) for column in self.summed]
        return [
            [f"{swatch.zh} {swatch.en}", str(count), *said]
            for swatch, count, *said in zip(self.swatches, self.counts, *sums, strict=True)
        ]

    @cached_property
    def payload(self) -> str:
        """What the page's script draws, as JSON that no text in it can end."""
        shapes = generalise(self.frame.geometry.to_numpy(), metres=self.generalise_m)
        there = shapes[shapely.get_num_coordinates(shapes) > 0]
        west, south, *_ = shapely.total_bounds(there) if len(there) else (0, 0)
        origin = (round(float(west), 2), round(float(south), 2))
        packed = {
            "zh": self.zh, "en": self.en, "madeUp": self.made_up, "quiet": self.quiet, "origin": origin,
            "looks": [
                asdict(swatch.look) | {"zh": swatch.zh, "en": swatch.en, "dark": swatch.look.dark}
                for swatch in self.swatches
            ],
            "columns": [{"zh": c.zh, "en": c.en, "unit": c.unit} for c in self.columns],
            "picks": self.picks,
            "names": _coded(self.said(self.name)),
            "values": [_coded(self.said(c.name)) for c in self.columns],
            "labels": [self.said(name) for name in self.label],
            "anchors": [anchor(shape) for shape in shapes] if self.label else [],
            "shapes": [pack(shape, origin) for shape in shapes],
        }  # fmt: skip
        return data_block(packed)

    def _sums(self, column: Column) -> list[str]:
        values = self.frame[column.name].to_numpy(dtype=float, na_value=0)
        return [column.say(sum_) for sum_ in np.bincount(self.picks, values, len(self.swatches))]


def _coded(said: list[str]) -> dict[str, list[Any]]:
    """A column with each distinct text once."""
    place = {word: i for i, word in enumerate(dict.fromkeys(said))}
    return {"of": list(place), "at": [place[word] for word in said]}


def _refuse_unknown_codes(layer: str, column: pd.Series[Any], style: Codes) -> None:
    if unknown := sorted({str(code) for code in column.dropna().unique() if code not in style.entries}):
        raise MapRefusal("map.code_unknown", layer=layer, column=style.column, codes=", ".join(unknown))
