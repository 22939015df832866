"""Many small or thin shapes as whole cells of the grid: which class each cell has, never which shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio import features

from geo.crs import Floats, Shapes
from geo.refusal import GeoRefusal
from geo.rings import Ints, portions

_NOTHING = np.iinfo(np.int32).max
_MOST = 100_000_000
"""Cells of a canvas, 400 MB: more are shapes that lie elsewhere."""
_PORTION = 500_000
"""Vertices burned at a time: rasterio takes each of them as an object of its own."""


@dataclass(frozen=True)
class Cells:
    """Parallel arrays: each class that has a cell, ascending, and its cells as one multipolygon."""

    classes: NDArray[np.generic]
    shapes: Shapes


def cells(shapes: Shapes, classes: Sequence[object], *, decimals: int, touched: bool = False) -> Cells:
    """Shapes as cells of the grid, dissolved by class.

    shapes: (n,) polygons, multipolygons or lines, EPSG:4490; None and empty are left out. classes: (n,) values of one
    kind that can be sorted; where several lay claim to a cell, the first in that order has it.
    touched: every cell a shape touches, for what is thinner than a cell; else those whose middle it covers.
    Raises GeoRefusal when they lie too far apart to be of one county.
    """
    names, codes = np.unique(np.asarray(classes), return_inverse=True)
    held = shapely.get_num_coordinates(shapes) > 0
    if not held.any():
        return Cells(names[:0], np.empty(0, dtype=object))
    canvas = Canvas(shapely.total_bounds(shapes), decimals=decimals)
    canvas.paint(shapes, codes, touched=touched)
    found = canvas.cells()
    return Cells(names[found.classes], found.shapes)


class Canvas:
    """The grid over a box of degrees (west, south, east, north), to be painted portion by portion, in any order.

    Classes are whole numbers from 0; the lowest has a cell that several lay claim to. What lies outside is left out.
    """

    def __init__(self, box: Floats, *, decimals: int) -> None:
        self._scale = 10.0**decimals
        west, south, east, north = np.asarray(box) * self._scale
        self._first = np.floor([west, south])
        wide, high = (int(n) for n in np.ceil([east, north]) - self._first + 1)
        if wide * high > _MOST:
            raise GeoRefusal("generalising.too_wide", cells=wide * high, most=_MOST, bounds=np.asarray(box).tolist())
        self._classes = np.full((high, wide), _NOTHING, dtype=np.int32)

    def paint(self, shapes: Shapes, classes: Ints, *, touched: bool = False) -> None:
        """Lay (n,) shapes of (n,) classes onto it."""
        kept = np.flatnonzero(shapely.get_num_coordinates(shapes) > 0)
        kept = kept[np.argsort(-np.asarray(classes)[kept], kind="stable")]  # The last burned stays: the lowest class.
        for portion in portions(shapes[kept], vertices=_PORTION):
            self._burn(shapes[kept[portion]], np.asarray(classes)[kept[portion]], touched=touched)

    def _burn(self, shapes: Shapes, classes: Ints, *, touched: bool) -> None:
        if not len(shapes):
            return
        burned = features.rasterize(
            zip(shapely.transform(shapes, self._enter), classes.tolist(), strict=True),
            out_shape=self._classes.shape, fill=_NOTHING, all_touched=touched, dtype=np.int32,
        )  # fmt: skip
        np.minimum(self._classes, burned, out=self._classes)

    def cells(self, *, step: int = 1) -> Cells:
        """What has been painted, in blocks of step × step cells: each is of what most of it is, be it nothing."""
        first = self._first - self._first % step
        left, above = (self._first - first).astype(int).tolist()
        classes = _blocks(self._classes, above, left, step)
        found = list(features.shapes(classes, mask=classes != _NOTHING, connectivity=4))
        codes = np.array([code for _, code in found], dtype=np.int64)
        order = np.argsort(codes, kind="stable")
        regions = self._polygons([shape["coordinates"] for shape, _ in found], first, step)[order]
        kept, of = np.unique(codes[order], return_inverse=True)
        shapes = np.asarray(shapely.multipolygons(regions, indices=of), dtype=object)
        return Cells(kept, np.asarray(shapely.normalize(shapes), dtype=object))

    def _polygons(self, found: Sequence[Sequence[Sequence[tuple[float, float]]]], first: Floats, step: int) -> Shapes:
        """Polygons from their rings, in blocks from the first."""
        rings = list(chain.from_iterable(found))
        of_vertex = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
        of_ring = np.repeat(np.arange(len(found)), [len(polygon) for polygon in found])
        xy = np.array(list(chain.from_iterable(rings)), dtype=np.float64).reshape(-1, 2)
        drawn = np.asarray(shapely.linearrings((xy * step + first) / self._scale, indices=of_vertex), dtype=object)
        return np.asarray(shapely.polygons(drawn, indices=of_ring), dtype=object)

    def _enter(self, degrees: Floats) -> Floats:
        return degrees * self._scale - self._first


def _blocks(classes: NDArray[np.int32], above: int, left: int, step: int) -> NDArray[np.int32]:
    """The class that most cells of each block have, of equals the lowest. above, left: cells lacking in the first."""
    if step == 1:
        return classes
    below, right = ((-(lacking + size)) % step for lacking, size in zip((above, left), classes.shape, strict=True))
    whole = np.pad(classes, ((above, below), (left, right)), constant_values=_NOTHING)
    high, wide = (size // step for size in whole.shape)
    cells = np.sort(whole.reshape(high, step, wide, step).swapaxes(1, 2).reshape(high, wide, step * step))
    alike = np.stack([(cells == cells[..., [i]]).sum(axis=-1) for i in range(step * step)], axis=-1)
    return np.asarray(np.take_along_axis(cells, alike.argmax(axis=-1)[..., None], axis=-1)[..., 0])
