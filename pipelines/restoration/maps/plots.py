"""The forest plots: one by one while a page can carry them, beyond that merged by compartment and land class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select

from data import facts
from data.texts import both
from layers.plots import Plot
from pipelines.paper.palette import FORESTS, Look, swatch
from pipelines.paper.styles import Column
from pipelines.paper.themes import Theme
from pipelines.restoration.maps.reading import HM2, Reading, framed, layer_words, present

ONE_BY_ONE = 25_000
"""Plots up to which each is drawn: a page of 2 MB."""
COMPARTMENT = ("township", "village", "compartment")

_GROUPS = {
    "arboreal": ("030100", "0111"),
    "bamboo": ("030200", "0113"),
    "special-shrub": ("030301", "0131"),
    "shrub": ("030302", "030303", "0132"),
    "sparse": ("030401", "0120"),
}
GROUP_OF = {code: group for group, codes in _GROUPS.items() for code in codes}
"""Land class → the group it is drawn in; any other is `other`."""
ENTRIES = {
    group: swatch(f"map_class.{group}", Look(fill=colour, line="#ffffff00", opacity=0.92))
    for group, colour in FORESTS.items()
}
"""How each group is drawn, in the order of the legend."""
_PLACE = Column("place", "林班", "compartment")
_CLASS = Column("class", "地类", "land class")
COUNT = Column("plots", "小班数", "plots", "", 0, additive=True)


def shown(read: Reading) -> Theme | None:
    """The plots as the page can carry them."""
    return read.once(_each if len(read.once(rows)) <= ONE_BY_ONE else merged)


def merged(read: Reading) -> Theme | None:
    """The plots merged by compartment and land class."""
    found = read.once(rows)
    if not found:
        return None
    joined = _placed(merge(read.once(frame), (*COMPARTMENT, "class", "group"))).rename(columns={"place": "name"})
    return _theme(joined, (_CLASS, COUNT, HM2), found, notes=(both("map_note.merged", {"plots": f"{len(found):,}"}),))


def merge(plots: gpd.GeoDataFrame, by: Sequence[str]) -> gpd.GeoDataFrame:
    """Rows that agree in `by` as one, with their number in `plots` and their hm2 summed; in the order of the keys.

    Edges that two of them share exactly go; where they overlap or miss each other, what they cover stays.
    """
    order = plots.sort_values(list(by), kind="stable")
    shapes = order.geometry.to_numpy()
    key = order.groupby(list(by), sort=False, dropna=False).ngroup().to_numpy()
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    unions = [_union(part) for part in np.split(shapes, starts[1:])]
    summed = {"hm2": np.add.reduceat(order["hm2"].to_numpy(), starts), "plots": np.diff(starts, append=len(key))}
    return gpd.GeoDataFrame(order.iloc[starts][list(by)].assign(**summed), geometry=unions, crs=plots.crs)


def _union(shapes: NDArray[Any]) -> Any:
    if shapely.coverage_is_valid(shapes):
        return shapely.coverage_union_all(shapes)
    return shapely.union_all(shapes)


def _each(read: Reading) -> Theme | None:
    found = read.once(rows)
    return _theme(_placed(read.once(frame)), (_PLACE, _CLASS, HM2), found) if found else None


def _theme(drawn: gpd.GeoDataFrame, columns: tuple[Column, ...], found: Sequence[Any], **how: Any) -> Theme:
    return Theme(
        **layer_words("plots"), frame=drawn, style=present(ENTRIES, drawn["group"]), name="name",
        columns=columns, made_up=any(r.made_up for r in found), show=False, table="classes", generalise_m=40,
        sources=tuple(dict.fromkeys(r.source for r in found)), **how,
    )  # fmt: skip


def rows(read: Reading) -> Sequence[Any]:
    """Every plot as the layer has it, by code."""
    place = (Plot.township, Plot.village, Plot.compartment, Plot.subcompartment)
    found: Sequence[Any] = read.session.execute(
        select(
            *place, Plot.land_class, Plot.land_class_system, Plot.category, Plot.source, Plot.made_up, Plot.shape
        ).order_by(Plot.code)
    ).all()
    return found


def frame(read: Reading) -> gpd.GeoDataFrame:
    """Every plot with its place, class, forest category and hm²: what it may be merged by."""
    said = [
        {
            "name": f"小班 plot {r.subcompartment}",
            "township": r.township, "village": r.village, "compartment": r.compartment,
            "class": _class(r.land_class_system, r.land_class), "group": GROUP_OF.get(r.land_class, "other"),
            "category": r.category,
        }
        for r in read.once(rows)
    ]  # fmt: skip
    return framed(said, [r.shape for r in read.once(rows)])


def _class(system: str, code: str) -> str:
    known = facts.system(system)
    return f"{known[code].zh} {known[code].en}" if code in known else code


def _placed(drawn: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """With the compartment in words in `place`."""
    return drawn.assign(place=[_compartment(*key) for key in zip(*(drawn[c] for c in COMPARTMENT), strict=True)])


def _compartment(township: str, village: str, compartment: str) -> str:
    known = facts.township(township)
    return f"{known.zh if known else township} {village}村 {compartment}林班"
