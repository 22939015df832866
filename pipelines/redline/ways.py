"""The ways round that are looked for (pure): of a footprint a trim, shifts, turns; of a corridor its bypasses.

What blocks is a polygon in the plane, grown by the clearance already. Whether a way clears is for the check to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from data.avoiding import Avoidance
from geo.avoidance.bypass import bypass, least_radius_m, passes_left
from geo.avoidance.forbidden import outline
from geo.avoidance.moving import STILL, Move, mean_m, shift, turn, turn_and_shift
from geo.avoidance.plane import Plane
from geo.avoidance.trimming import trim

_WORTH = 0.95
"""A turn with a shift is offered when the ground moves by less than this share of what shift or turn alone need."""
_MANY, _LIGHT_M = 2_000, 0.1
"""Corners of what blocks from which on an outline of this tolerance stands for it while moves are looked for."""
_APART_M = 1.0
"""Ways of a corridor that nowhere stand further apart are one."""


@dataclass(frozen=True)
class Way:
    """One way round. kind: trim, shift, turn, turn-shift or bypass. shape: MultiPolygon, EPSG:4490."""

    kind: str
    shape: BaseGeometry
    move: Move = STILL
    mean_m: float = 0.0
    """How far the ground moves: the root of the mean square."""
    dropped: int = 0
    dropped_m2: float = 0.0
    """Parts that a trim left too small or too narrow."""
    axis: BaseGeometry | None = None
    """Of a corridor: LineString, EPSG:4490."""
    longer_m: float = 0.0
    left: bool = False
    """Whether it passes left of the old axis, as one goes."""
    radius_m: float = inf
    """The largest radius that the curve at every bend can have."""


def ways_round(footprint: BaseGeometry, blocked: BaseGeometry, plane: Plane, limits: Avoidance) -> Iterator[Way]:
    """Trim, least shift, the least on another side, least turn, least of both, as far as they are found.

    footprint: MultiPolygon, EPSG:4490. Raises GeoRefusal as the overlay.
    """
    trimmed = trim(footprint, blocked, plane, least_m2=limits.least_part_m2, least_width_m=limits.least_width_m)
    if not trimmed.shape.is_empty:
        yield Way("trim", trimmed.shape, dropped=trimmed.dropped, dropped_m2=trimmed.dropped_m2)
    (traced,) = plane.traced(np.array([footprint], dtype=object))
    for kind, move in _moves(traced, _lighter(blocked), limits):
        yield _moved(kind, move, footprint, traced, plane)


def ways_along(
    axis: LineString, width_m: float, blocked: BaseGeometry, plane: Plane, limits: Avoidance
) -> Iterator[Way]:
    """The cheapest bypass, the cheapest on another side, and the shortest of all from end to end.

    axis: LineString, EPSG:4490. blocked: grown by half the width besides.
    """
    traced: LineString = plane.traced(np.array([axis], dtype=object))[0]
    first = bypass(traced, blocked, within_m=limits.within_m, off_axis=limits.off_axis)
    if first is None:
        return
    other = bypass(traced, blocked, within_m=limits.within_m, off_axis=limits.off_axis, unlike=[first.axis])
    shortest = bypass(traced, blocked, within_m=limits.within_m, off_axis=1.0)
    seen: list[LineString] = []
    for found in filter(None, (first, other, shortest)):
        if all(shapely.hausdorff_distance(found.axis, one) > _APART_M for one in seen):
            seen.append(found.axis)
            yield _along(found.axis, traced, width_m, plane)


def corridor(axis: LineString, width_m: float, plane: Plane) -> BaseGeometry:
    """The ground of a corridor: MultiPolygon, EPSG:4490. axis: in the plane."""
    return plane.drawn(shapely.buffer(axis, width_m / 2, cap_style="flat"))


def least_reach(traced: BaseGeometry, blocked: BaseGeometry, *, within_m: float) -> float | None:
    """How far a footprint in the plane must be moved, up to `within_m`: what is said where less was allowed."""
    move = shift(traced, blocked, within_m=within_m)
    return None if move is None else move.shift_m


def _moves(traced: BaseGeometry, blocked: BaseGeometry, limits: Avoidance) -> Iterator[tuple[str, Move]]:
    first = shift(traced, blocked, within_m=limits.within_m)
    turned = turn(traced, blocked, within_deg=limits.turn_deg)
    if first is not None:
        yield "shift", first
        other = shift(traced, blocked, within_m=limits.within_m, unlike=[first])
        if other is not None:
            yield "shift", other
    if turned is not None:
        yield "turn", turned
    alone = min((mean_m(move, traced) for move in (first, turned) if move), default=limits.within_m)
    both = turn_and_shift(
        traced, blocked, within_m=limits.within_m, within_deg=limits.turn_deg, less_than_m=_WORTH * alone
    )
    if both is not None:
        yield "turn-shift", both


def _lighter(blocked: BaseGeometry) -> BaseGeometry:
    """What blocks, or an outline that holds it: moves that it costs decimetres are found in seconds, not in minutes."""
    return blocked if shapely.get_num_coordinates(blocked) <= _MANY else outline(blocked, _LIGHT_M)


def _moved(kind: str, move: Move, footprint: BaseGeometry, traced: BaseGeometry, plane: Plane) -> Way:
    """The footprint's own corners moved, by whole millimetres of the zone."""
    east, north = map(float, plane.rounded(np.array([move.east, move.north])))
    exact = replace(move, east=east, north=north)
    (laid,) = plane.laid(np.array([footprint], dtype=object))
    return Way(kind, plane.placed(exact.of(laid, traced.centroid)), exact, mean_m(exact, traced))


def _along(axis: LineString, before: LineString, width_m: float, plane: Plane) -> Way:
    return Way(
        "bypass",
        corridor(axis, width_m, plane),
        axis=plane.drawn(axis),
        longer_m=axis.length - before.length,
        left=passes_left(axis, before),
        radius_m=least_radius_m(axis),
    )
