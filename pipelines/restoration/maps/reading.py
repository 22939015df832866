"""What the maps read: layers as the session sees them, each read once, and their columns in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypedDict, TypeVar

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from data import facts
from data.texts import both
from geo.area import area as ground_area
from layers.ground.base import SRID
from layers.ground.layer import fields
from pipelines.paper.palette import Swatch
from pipelines.paper.styles import Codes, Column, Style
from pipelines.paper.themes import Figure, Theme
from pipelines.restoration.rates import Rates

Told = tuple[Column, Callable[[Any], Any]]
"""A column of a popup, and how it is read off a feature."""
Made = TypeVar("Made")

HM2 = Column("hm2", "面积", "area", "hm²", 2, additive=True)
_DIGITS = {"hm²": 2, "t/(km²·a)": 0, "分": 1, "万元": 2}


@dataclass(frozen=True, eq=False)
class Reading:
    """One session's layers and rates, for any number of maps. Zones are drawn when the rates count them."""

    session: Session
    rates: Rates
    as_of: date
    """The day that the layers speak of."""
    _made: dict[object, Any] = field(default_factory=dict)

    def once(self, make: Callable[[Reading], Made]) -> Made:
        """What `make` gives, made once however many maps ask for it."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    def features(self, layer: type[Any]) -> Sequence[Any]:
        """All features of a layer, by code."""
        if layer not in self._made:
            self._made[layer] = self.session.scalars(select(layer).order_by(layer.code)).all()
        features: Sequence[Any] = self._made[layer]
        return features

    def in_force(self, layer: type[Any]) -> list[Any]:
        """The features of a layer of zones that are in force on the day of the rates."""
        return [f for f in self.features(layer) if _covers(f.in_force_from, f.in_force_to, self.rates.on)]

    def figure(self, rate_id: str) -> Iterator[Figure]:
        """The county's value of a rate, where it is measured."""
        measured = self.rates.measured.get(rate_id)
        if measured is not None and measured.county.percent is not None:
            rate = measured.rate
            yield Figure(str(measured.county.percent), "%", both("map_figure.rate", {"zh": rate.zh, "en": rate.en}))


def _covers(start: date | None, end: date | None, on: date) -> bool:
    return (start is None or start <= on) and (end is None or on <= end)


def told(layer: type[Any], *names: str) -> tuple[Told, ...]:
    """Columns of a layer in words, named as they describe themselves."""
    return tuple(_told(layer, name) for name in names)


def _told(layer: type[Any], name: str) -> Told:
    described = fields(layer)[name]
    unit = described.unit or ""
    # What follows a comma explains the column to those who fill it in; a township's code is read as its name.
    en = "township" if described.codes == "townships" else re.split("[,;]", described.en)[0]
    column = Column(name, described.zh, en, unit, _DIGITS.get(unit))
    if described.codes is None:
        return column, lambda feature: getattr(feature, name)
    codes = facts.system(described.codes).codes

    def said(feature: Any) -> str | None:
        value = getattr(feature, name)
        return f"{codes[value].zh} {codes[value].en}" if value in codes else value

    return column, said


def layer_theme(
    id: str,  # noqa: A002 -- as in Refusal
    features: Sequence[Any],
    style: Style,
    *,
    says: Iterable[Told] = (),
    group: Callable[[Any], str | None] | None = None,
    as_signs: bool = False,
    values: Mapping[str, object] | None = None,
    **how: Any,
) -> Theme | None:
    """Features of a layer as a theme, its name in data/words under `map_layer`; None when there are none.

    values: what that name leaves open. says: the columns of its popups, to which their area is added.
    group: what the style reads in the column `group`. as_signs: areas as points in their middle.
    how: the other fields of Theme.
    """
    if not features:
        return None
    says = tuple(says)
    rows = [
        {"name": f.name or f.code, "group": group and group(f), **{column.name: say(f) for column, say in says}}
        for f in features
    ]
    frame = framed(rows, [f.shape for f in features])
    known = [getattr(f, "hm2", None) for f in features]
    if any(size is not None for size in known):
        frame["hm2"] = np.array(known, dtype=float)  # What is released brings its area: its shape is too coarse.
    if as_signs:
        frame["geometry"] = frame.geometry.representative_point()
    columns = (*(column for column, _ in says), *((HM2,) if frame["hm2"].notna().any() else ()))
    return Theme(
        **layer_words(id, **(values or {})), frame=frame, style=style, name="name", columns=columns,
        made_up=any(f.made_up for f in features), sources=distinct(f.source for f in features), **how,
    )  # fmt: skip


class Names(TypedDict):
    """The two names of a theme, as its fields."""

    zh: str
    en: str


def layer_words(id: str, **values: object) -> Names:  # noqa: A002 -- as in Refusal
    """A theme's names in data/words under `map_layer`."""
    words = both(f"map_layer.{id}", values)
    return {"zh": words["zh"], "en": words["en"]}


def framed(rows: list[dict[str, Any]], shapes: Iterable[Any]) -> gpd.GeoDataFrame:
    """The rows with their shapes and their area in hm²; lines and points have none."""
    drawn = np.array(list(shapes), dtype=object)
    areal = shapely.get_dimensions(drawn) == 2
    hm2 = np.full(len(drawn), np.nan)
    hm2[areal] = ground_area(drawn[areal]) / 1e4
    return gpd.GeoDataFrame(rows, geometry=drawn, crs=SRID).assign(hm2=hm2)


def present(entries: dict[str, Swatch], picked: Iterable[str | None], *, ranked: bool = False) -> Codes:
    """A style of the column `group` with the entries that occur, in their order."""
    seen = set(picked)
    return Codes("group", {code: swatch for code, swatch in entries.items() if code in seen}, ranked)


def distinct(sources: Iterable[str]) -> tuple[str, ...]:
    """The sources in the order in which they are met."""
    return tuple(dict.fromkeys(sources))
