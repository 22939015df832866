"""A footprint less what blocks it, without what would be too small or too narrow to use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.avoidance.plane import Plane, straightened
from geo.overlay import divide


@dataclass(frozen=True)
class Trimmed:
    """What is left, MultiPolygon, EPSG:4490, perhaps empty; and how many parts of which m² were dropped beside."""

    shape: BaseGeometry
    dropped: int
    dropped_m2: float


def trim(
    footprint: BaseGeometry, blocked: BaseGeometry, plane: Plane, *, least_m2: float, least_width_m: float
) -> Trimmed:
    """Cut off what blocks.

    footprint: EPSG:4490. blocked: in the plane. Parts are dropped that have less than `least_m2` or are nowhere as
    wide as `least_width_m`. What is left lies within the footprint to a millimetre. Raises GeoRefusal as `divide`.
    """
    subject, zone = (np.array([shape], dtype=object) for shape in (footprint, plane.drawn(blocked)))
    parts = shapely.get_parts(divide(subject, zone)[1])
    laid = plane.laid(parts)
    kept = (shapely.area(laid) >= least_m2) & ~shapely.is_empty(shapely.buffer(laid, -least_width_m / 2))
    left = straightened(shapely.MultiPolygon(list(parts[kept])))
    return Trimmed(left, int((~kept).sum()), float(shapely.area(laid[~kept]).sum()))
