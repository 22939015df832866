"""Ground shared and ground counted once: pieces of shapes within zones, and overlapping shapes made disjoint.

Shapes are valid polygons or multipolygons of one CRS; edges are straight in its coordinates, as everywhere in geo/, so
that the areas of pieces add up (`geo.area.area`). Results depend on the shapes and their order alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

from geo.crs import Shapes

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pieces:
    """Parallel arrays, in the order of subject, then zone: which subject, which zone, and the ground they share."""

    subject: Ints
    zone: Ints
    shape: Shapes

    def __len__(self) -> int:
        return len(self.subject)


def overlap(subjects: Shapes, zones: Shapes) -> Pieces:
    """Every subject cut by every zone with which it shares ground.

    A subject that a zone covers is its own piece, unchanged. What only touches shares nothing.
    """
    tree = shapely.STRtree(subjects)
    zone, subject = tree.query(zones, predicate="intersects")
    inside = _paired(tree.query(zones, predicate="covers"), zone, subject, len(subjects))
    pieces = np.array(subjects[subject], dtype=object)
    pieces[~inside] = _areal(shapely.intersection(subjects[subject[~inside]], zones[zone[~inside]]))
    kept = np.flatnonzero(~shapely.is_empty(pieces))
    kept = kept[np.lexsort((zone[kept], subject[kept]))]
    return Pieces(subject[kept], zone[kept], pieces[kept])


def flatten(shapes: Shapes) -> Shapes:
    """(n,) shapes in order of precedence → (n,) what is left of each once all before it have taken their ground.

    Every place that any of them covers belongs to exactly one; a shape of which nothing is left is empty. A shape that
    overlaps none before it comes back as it is.
    """
    first, second = _overlapping(shapes)
    left = np.array(shapes, dtype=object)
    for loser in np.unique(second):
        taken = shapely.union_all(shapes[first[second == loser]])
        left[loser] = _areal(shapely.difference(shapes[[loser]], taken))[0]
    return left


def _overlapping(shapes: Shapes) -> tuple[Ints, Ints]:
    """The pairs (i, j), i before j, whose interiors meet.

    In a clean coverage every edge meets its like: only shapes with an edge that does not can overlap another.
    """
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    near, other = shapely.STRtree(shapes).query(shapes[suspects], predicate="intersects")
    pairs = np.unique(np.sort(np.column_stack([suspects[near], other]), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    meet = shapely.relate_pattern(shapes[pairs[:, 0]], shapes[pairs[:, 1]], "T********")
    return pairs[meet, 0], pairs[meet, 1]


def _paired(pairs: Ints, zone: Ints, subject: Ints, n: int) -> NDArray[np.bool_]:
    """Whether each (zone, subject) is among the pairs."""
    return np.isin(zone * n + subject, pairs[0] * n + pairs[1])


def _areal(shapes: Shapes) -> Shapes:
    """The polygons of shapes that a cut may have left beside lines and points."""
    mixed = np.flatnonzero(~np.isin(shapely.get_type_id(shapes), (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)))
    kept = np.array(shapes, dtype=object)
    for place in mixed:
        parts = shapely.get_parts(shapes[place])
        kept[place] = shapely.MultiPolygon(list(parts[shapely.get_type_id(parts) == GeometryType.POLYGON]))
    return kept
