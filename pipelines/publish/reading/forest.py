"""The forest as it may be told: the grid of its classes, and sums by village. No plot leaves this module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from data import facts
from data.releasing import PublicLayer, limits
from geo.area import area
from geo.generalising import Canvas
from pipelines.publish.public import NEAR_KM, Site, Village
from pipelines.publish.reading.selecting import allowed_rows, exact_shapes
from pipelines.restoration.maps.plots import ENTRIES, GROUP_OF

_PORTION = 20_000
_LEVELS = {(8, 9): 6, (10, 10): 3, (11, 12): 1}
"""Zooms → of how many cells the side of a block is: a block is then some two pixels wide."""


@dataclass(frozen=True, eq=False)
class Level:
    """The forest as it is seen from one zoom to another."""

    zooms: tuple[int, int]
    cells: Mapping[str, BaseGeometry]
    """Group of land classes → where it prevails."""


@dataclass(frozen=True, eq=False)
class Forest:
    """The forest of the county on the public grid, and by village."""

    levels: Sequence[Level]
    """From afar to near."""
    hm2: Mapping[str, Mapping[str, float]]
    """Village (12 digits) → group → hm²."""
    middle: Mapping[str, tuple[float, float]]
    """Village → the middle of its plots, on the public grid."""
    plots: int
    made_up: bool


def read_forest(session: Session, allowed: PublicLayer) -> Forest:
    """The forest as the session sees it; plots are read in portions and let go."""
    decimals, names = limits()["decimals"].value, list(ENTRIES)
    canvas = Canvas(np.array(facts.county().box), decimals=decimals)
    hm2: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    weighed: dict[str, Any] = defaultdict(lambda: np.zeros(3))
    plots, made_up = 0, False
    for rows, shapes in _portions(session, allowed):
        groups = np.array([names.index(GROUP_OF.get(row.land_class, "other")) for row in rows])
        canvas.paint(shapes, groups)
        middles = shapely.get_coordinates(shapely.centroid(shapes))
        for row, group, size, (x, y) in zip(rows, groups, area(shapes) / 1e4, middles, strict=True):
            village = f"{row.township}{row.village}"
            hm2[village][names[group]] += float(size)
            weighed[village] += (size * x, size * y, size)
            made_up = made_up or row.made_up
        plots += len(rows)
    middle = {v: (round(x / w, decimals), round(y / w, decimals)) for v, (x, y, w) in weighed.items()}
    levels = [_level(canvas, names, zooms, step) for zooms, step in _LEVELS.items()] if plots else []
    return Forest(levels, hm2, middle, plots, made_up)


def _level(canvas: Canvas, names: Sequence[str], zooms: tuple[int, int], step: int) -> Level:
    found = canvas.cells(step=step)
    return Level(zooms, {names[n]: shape for n, shape in zip(found.classes, found.shapes, strict=True)})


def _portions(session: Session, allowed: PublicLayer) -> Iterator[tuple[Sequence[Any], Any]]:
    """The plots by id, portion by portion, with the columns of the allow-list and their exact shapes."""
    found = session.execute(allowed_rows(allowed).execution_options(yield_per=_PORTION, stream_results=True))
    for rows in found.partitions():
        yield rows, exact_shapes(rows)


def villages(forest: Forest, sites: Sequence[Site]) -> list[Village]:
    """Every village of the county, with what its plots make up and the works near them."""
    found = []
    for code, name in facts.villages().items():
        hm2 = {group: round(size) for group, size in forest.hm2.get(code, {}).items() if round(size)}
        middle = forest.middle.get(code)
        found.append(Village(code, name, code[:9], hm2, _near(middle, sites) if middle else ()))
    return found


def _near(middle: tuple[float, float], sites: Sequence[Site]) -> tuple[tuple[str, int], ...]:
    away = ((site.key, _km(middle, site.feature.shape)) for site in sites if site.feature.shape is not None)
    return tuple(sorted((near for near in away if near[1] <= NEAR_KM), key=lambda near: (near[1], near[0])))


def _km(middle: tuple[float, float], shape: BaseGeometry) -> int:
    """Whole km, as far as a reader of the public map could measure them."""
    lon, lat = middle
    scale = cos(radians(lat))
    flat = shapely.transform(shape, lambda xy: (xy - (lon, lat)) * (111.32 * scale, 110.8))
    return round(hypot(*shapely.shortest_line(flat, shapely.Point(0, 0)).coords[0]))
