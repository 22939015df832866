"""Whether a footprint in degrees is drawn in GCJ-02: told where it fits what is stored only once it is moved back.

Corners are asked whether they lie on stored edges, wide outlines how far they agree with known ones. Where nothing near
was drawn from the same lines, nothing can be told, and nothing is said. Nothing is moved here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from data import checking, facts
from data.boundary import boundary
from data.surveying import Gcj02Doubt, gcj02_doubt
from geo import gcj02
from geo.crs import DEGREES, Floats
from geo.reading import Opening
from geo.refusal import Note
from layers.ground.layer import layer_named
from layers.ground.questions import features_near
from layers.townships import Township

_PARCELS = 8
_OUTLINES = 30
"""As many are looked at: the offset is that of the file."""
_APART_DEGREES = 1e-4
"""About ten metres."""


def suspected(session: Session, opening: Opening, shapes: Sequence[BaseGeometry]) -> Opening:
    """The opening of a file with a note when its shapes, EPSG:4490 as they stand in it, look like GCJ-02."""
    if opening.epsg not in DEGREES or any(note.id == "gcj02.moved" for note in opening.notes):
        return opening
    doubt = gcj02_doubt()
    note = next(chain(_by_outlines(session, shapes, doubt), _by_edges(session, shapes, doubt)), None)
    return opening if note is None else replace(opening, notes=(*opening.notes, note))


def _is_wide(shape: BaseGeometry, doubt: Gcj02Doubt) -> bool:
    west, south, east, north = shape.bounds
    return max(east - west, north - south) > doubt.wide_degrees


def _by_edges(session: Session, shapes: Sequence[BaseGeometry], doubt: Gcj02Doubt) -> Iterator[Note]:
    narrow = [shape for shape in shapes if not _is_wide(shape, doubt)]
    sample = [_corners(shape) for shape in narrow[:: max(1, len(narrow) // _PARCELS)][:_PARCELS]]
    count = sum(map(len, sample))
    if count < doubt.corners:
        return
    for name in dict.fromkeys([*(row.layer for row in checking.sheet_rows()), Township.__tablename__]):
        layer = layer_named(name)
        met = np.sum([_met(session, layer, corners, doubt) for corners in sample], axis=0)
        if met[0] <= doubt.before * count and met[1] >= doubt.after * count:
            metres = _metres(np.concatenate(sample))
            values = {"count": count, "before": int(met[0]), "after": int(met[1])}
            yield Note("gcj02.edges", {**values, "layer": f"{layer.zh} {layer.en}", "metres": metres})


def _met(session: Session, layer: type[Any], corners: Floats, doubt: Gcj02Doubt) -> tuple[int, int]:
    """How many corners lie on edges of a layer, as they are and once moved back."""
    moved = gcj02.unshifted(corners)
    near = shapely.box(*shapely.total_bounds(shapely.points(np.concatenate([corners, moved]))))
    edges = features_near(session, layer, [], near).shapes
    if not len(edges):
        return 0, 0
    here, there = (gcj02.on_edges(at, edges, within_m=doubt.within_m).sum() for at in (corners, moved))
    return int(here), int(there)


def _corners(shape: BaseGeometry) -> Floats:
    """(n, 2) corners of a shape, those but one left out that lie within some ten metres."""
    xy = shapely.get_coordinates(shape)
    _, kept = np.unique(np.floor(xy / _APART_DEGREES), axis=0, return_index=True)
    return xy[np.sort(kept)]


def _by_outlines(session: Session, shapes: Sequence[BaseGeometry], doubt: Gcj02Doubt) -> Iterator[Note]:
    for shape in [shape for shape in shapes if _is_wide(shape, doubt)][:_OUTLINES]:
        moved = shapely.transform(shape, gcj02.unshifted)
        for name, outline in _known(session, shape):
            before, after = _common(shape, outline), _common(moved, outline)
            if after >= doubt.outline and 1 - after <= doubt.shrinks_to * (1 - before):
                shares = {"before": f"{100 * before:.1f}", "after": f"{100 * after:.1f}"}
                yield Note("gcj02.outline", {**shares, "outline": name, "metres": _metres(_corners(shape))})


def _known(session: Session, shape: BaseGeometry) -> Iterator[tuple[str, BaseGeometry]]:
    county = facts.county()
    yield f"{county.zh} {county.en}", boundary()
    found = features_near(session, Township, ["name"], shape)
    yield from ((row.name or row.code, outline) for row, outline in zip(found.rows, found.shapes, strict=True))


def _common(one: BaseGeometry, other: BaseGeometry) -> float:
    """The share of what either covers that both cover; in degrees, which is near enough."""
    if not shapely.box(*one.bounds).intersects(shapely.box(*other.bounds)):
        return 0.0
    both = shapely.area(shapely.intersection(one, other))
    return float(both / (shapely.area(one) + shapely.area(other) - both))


def _metres(lonlat: Floats) -> str:
    return f"{gcj02.metres_apart(lonlat, gcj02.unshifted(lonlat)).mean():.0f}"
