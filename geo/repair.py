"""What is wrong with a shape, and the mending of what can be mended without guessing.

Every mend is said with its place and what it did to the area; what cannot be mended is refused. The result is always
a two-dimensional point, multipoint, multilinestring or multipolygon.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import shapely
from shapely import GeometryType
from shapely.geometry.base import BaseGeometry

from geo.crs import Shapes
from geo.refusal import Note

Mend = Callable[[BaseGeometry], BaseGeometry | None]
"""Gives valid polygons for an invalid shape, or None when it took too long."""

Measure = Callable[[Shapes], np.ndarray[tuple[int], np.dtype[np.float64]]]
"""(n,) areas in m² of (n,) shapes."""

_AREAL = (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)
_PLACE = re.compile(r"\[(\S+) (\S+)\]")


@dataclass(frozen=True)
class Settled:
    """A shape that may be kept, or the refusal; and what was mended on the way."""

    shape: BaseGeometry | None
    notes: tuple[Note, ...] = ()
    refusal: Note | None = None


def inspect(shape: BaseGeometry | None) -> Note | None:
    """The fault for which a shape must be refused or mended; None when it is sound."""
    if shape is None:
        return Note("shape.missing")
    if shape.is_empty:
        return Note("shape.empty")
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return Note("shape.not_finite")
    reason = shapely.is_valid_reason(shape)
    return None if reason == "Valid Geometry" else _fault(shape, reason)


def repair(shapes: Shapes, *, measure: Measure = shapely.area, mend: Mend | None = None) -> list[Settled]:
    """Settle (n,) shapes in any CRS, with east first.

    measure: gives the areas said with a mend, m². mend: how an invalid polygon is made valid; `structure` by default.
    """
    shapes = np.asarray(shapes, dtype=object)
    sound = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes) & shapely.is_valid(shapes)
    flat = ~shapely.has_z(shapes)
    return [
        Settled(_to_multi(shape)) if fine else _settle(shape, measure, mend or structure)
        for shape, fine in zip(shapes, sound & flat & _single_kind(shapes), strict=True)
    ]


def structure(shape: BaseGeometry) -> BaseGeometry | None:
    """The valid polygons of an invalid shape: outer rings joined, holes taken out, what has no area dropped."""
    made = _polygons(shapely.make_valid(shape, method="structure", keep_collapsed=False))
    if not shapely.is_valid(made):  # GEOS may leave two polygons side by side that it should have joined.
        made = _polygons(shapely.union_all(shapely.get_parts(made)))
    return made if shapely.is_valid(made) else None


def _settle(shape: BaseGeometry | None, measure: Measure, mend: Mend) -> Settled:
    shape, notes = _simplified(shape)
    fault = inspect(shape)
    if fault is None and shape is not None:
        refusal = Note("shape.collection") if shape.geom_type == "GeometryCollection" else None
        return Settled(None if refusal else _to_multi(shape), notes, refusal)
    mendable = fault is not None and fault.id == "shape.invalid" and shapely.get_type_id(shape) in _AREAL
    if shape is None or not mendable:
        return Settled(None, notes, fault)
    return _mended(shape, fault or Note("shape.invalid"), notes, measure, mend)


def _mended(shape: BaseGeometry, fault: Note, notes: tuple[Note, ...], measure: Measure, mend: Mend) -> Settled:
    place = {"fault": fault.values["fault"], "x": fault.values["x"], "y": fault.values["y"]}
    mended = mend(shape)
    if mended is None:
        return Settled(None, notes, Note("shape.too_tangled", place))
    if mended.is_empty:
        return Settled(None, notes, Note("shape.collapsed", place))
    before, after = measure(np.array([shape, mended], dtype=object))
    areas: dict[str, str | int | float] = {"before_m2": round(float(before), 2), "after_m2": round(float(after), 2)}
    return Settled(_to_multi(mended), (*notes, Note("shape.mended", place | areas)))


def _simplified(shape: BaseGeometry | None) -> tuple[BaseGeometry | None, tuple[Note, ...]]:
    """Without heights, and out of a collection that holds one kind only."""
    notes: list[Note] = []
    if shape is not None and shape.has_z:
        shape = shapely.force_2d(shape)
        notes.append(Note("shape.height_dropped"))
    if shape is not None and shape.geom_type == "GeometryCollection":
        kinds = {part.geom_type for part in shapely.get_parts(shape)}
        if len(kinds) == 1 and kinds <= {"Polygon", "LineString", "Point"}:
            shape = _gathered(list(shapely.get_parts(shape)), kinds.pop())
            notes.append(Note("shape.collection_opened"))
    return shape, tuple(notes)


def _gathered(parts: list[BaseGeometry], kind: str) -> BaseGeometry:
    gather = {"Polygon": shapely.multipolygons, "LineString": shapely.multilinestrings, "Point": shapely.multipoints}
    return cast(BaseGeometry, cast(Callable[[object], object], gather[kind])(parts))


def _single_kind(shapes: Shapes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    kinds = shapely.get_type_id(shapes)
    return np.asarray((kinds != GeometryType.GEOMETRYCOLLECTION) & (kinds != GeometryType.LINEARRING))


def _to_multi(shape: BaseGeometry) -> BaseGeometry:
    many = shape.geom_type in ("Polygon", "LineString")
    return _gathered([shape], shape.geom_type) if many else shape


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return _gathered(list(parts[shapely.get_type_id(parts) == GeometryType.POLYGON]), "Polygon")


def _fault(shape: BaseGeometry, reason: str) -> Note:
    """GEOS says "Self-intersection[115.3 26.3]": the kind and the place."""
    found = _PLACE.search(reason)
    x, y = found.groups() if found else [f"{v:.10g}" for v in shapely.get_coordinates(shape)[0]]
    return Note("shape.invalid", {"fault": reason.split("[", maxsplit=1)[0], "x": x, "y": y})
