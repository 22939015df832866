"""Exact shapes become public ones: marks, outlines and cells on the grid of data/standards/public.toml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from data.releasing import PublicLayer, limits, width_m
from geo.area import area
from geo.generalising import cells, lines, marks, outlines

Shapes = NDArray[Any]


def hectares(shapes: Shapes) -> list[float | None]:
    """The areas as they may be told, in hm²; None of points and lines."""
    areal = shapely.get_dimensions(shapes) == 2
    found = np.full(len(shapes), np.nan)
    found[areal] = area(shapes[areal]) / 1e4
    return [None if np.isnan(hm2) else round(float(hm2), limits()["hm2_decimals"].value) for hm2 in found]


def generalised(shapes: Shapes, hm2: Sequence[float | None], allowed: PublicLayer) -> list[BaseGeometry | None]:
    """What of each shape may be shown: None where the layer tells no place.

    A shape below the limit of size, or one that generalising leaves nothing of, is a mark: nothing that is public
    vanishes from the map.
    """
    if allowed.shape == "none":
        return [None] * len(shapes)
    told: list[BaseGeometry | None] = list(marks(shapes, decimals=_decimals()))
    if allowed.shape == "mark":
        return told
    large = [n for n, size in enumerate(hm2) if size is not None and size >= limits()["mark_hm2"].value]
    drawn = (
        _outlined(shapes[large], [hm2[n] or 0 for n in large])
        if allowed.shape == "outline"
        else _gridded(shapes[large])
    )
    along = np.flatnonzero(shapely.get_dimensions(shapes) == 1)
    for n, shape in [*zip(large, drawn, strict=True), *zip(along.tolist(), _lines(shapes[along]), strict=True)]:
        told[n] = told[n] if shape is None else shape
    return told


def _outlined(shapes: Shapes, hm2: Sequence[float]) -> Sequence[BaseGeometry | None]:
    widths = np.array([width_m(size) for size in hm2], dtype=float)
    return list(outlines(shapes, widths_m=widths, decimals=_decimals()))


def _lines(shapes: Shapes) -> Sequence[BaseGeometry | None]:
    widths = np.full(len(shapes), float(limits()["width"].value))
    return list(lines(shapes, widths_m=widths, decimals=_decimals())) if len(shapes) else []


def _gridded(shapes: Shapes) -> Sequence[BaseGeometry | None]:
    """Each shape as the cells it touches; of two that touch the same cell the first has it."""
    found = cells(shapes, range(len(shapes)), decimals=_decimals(), touched=True)
    of = dict(zip(found.classes.tolist(), found.shapes, strict=True))
    return [of.get(n) for n in range(len(shapes))]


def _decimals() -> int:
    return limits()["decimals"].value
