"""The least shift, the least turn, and the least of both together that take a footprint off what blocks it.

Footprints and what blocks them are polygons in a plane of metres (`geo.avoidance.plane`), the latter grown by the
clearance already. Results are those of the outlines' corners, and are exact to the tolerances said; whether a moved
footprint really clears is for the overlay to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import acos, atan2, cos, degrees, hypot, radians, sin

import numpy as np
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from geo.avoidance.forbidden import APART_DEG, least_vector
from geo.crs import Floats

_FEW_PAIRS = 2_000
"""Pairs of edges when a shift is looked for at each of many turns."""
_TURNS = 6
"""Turns each way at which a shift is looked for, and then each way round the best of them."""
_SWEEP_M = 0.5
"""How far the outermost corner moves from one turn to the next that is tried."""
_STEPS = 2_000
_HALVINGS = 20


@dataclass(frozen=True)
class Move:
    """A turn about the footprint's centroid, anticlockwise in degrees, then a shift east and north in metres."""

    turn_deg: float = 0.0
    east: float = 0.0
    north: float = 0.0

    @property
    def shift_m(self) -> float:
        return hypot(self.east, self.north)

    @property
    def bearing_deg(self) -> float:
        """Of the shift, clockwise from grid north, 0–360."""
        return degrees(atan2(self.east, self.north)) % 360

    def of(self, footprint: BaseGeometry, about: Point) -> BaseGeometry:
        """The footprint moved. about: the centroid it turns about."""
        c, s, centre = cos(radians(self.turn_deg)), sin(radians(self.turn_deg)), np.array([about.x, about.y])
        turned = np.array([[c, s], [-s, c]])
        return shapely.transform(footprint, lambda xy: (xy - centre) @ turned + centre + (self.east, self.north))


STILL = Move()


def mean_m(move: Move, footprint: BaseGeometry) -> float:
    """How far the footprint's ground moves: the root of the mean square over its area."""
    return hypot(move.shift_m, 2 * sin(radians(abs(move.turn_deg)) / 2) * _gyration(footprint))


def shift(
    footprint: BaseGeometry, blocked: BaseGeometry, *, within_m: float, unlike: Sequence[Move] = ()
) -> Move | None:
    """The least shift, up to `within_m`, off all that blocks; None without one.

    unlike: shifts from whose directions it must be 85° off.
    """
    others = tuple(np.array([move.east, move.north]) for move in unlike)
    vector = least_vector(footprint, blocked, within_m=within_m, unlike=others)
    if vector is None or any(_aside(vector, other) for other in others):
        return None
    return Move(0.0, *map(float, vector))


def turn(footprint: BaseGeometry, blocked: BaseGeometry, *, within_deg: float) -> Move | None:
    """The least turn about the centroid, either way, off all that blocks; None without one.

    Turns are tried in steps by which no corner moves more than half a metre, or of a two-thousandth of `within_deg`:
    a gap that is narrower is not seen.
    """
    reach = float(shapely.hausdorff_distance(footprint.centroid, footprint))
    step = max(degrees(_SWEEP_M / reach), within_deg / _STEPS)
    shapely.prepare(blocked)
    before = 0.0
    for angle in np.arange(step, within_deg + step, step):
        both = [Move(min(float(angle), within_deg)), Move(-min(float(angle), within_deg))]
        free = [move for move in both if _clears(move, footprint, blocked)]
        if free:
            return min((_nearer(move, before, footprint, blocked) for move in free), key=lambda m: abs(m.turn_deg))
        before = float(angle)
    return None


def turn_and_shift(
    footprint: BaseGeometry, blocked: BaseGeometry, *, within_m: float, within_deg: float, less_than_m: float
) -> Move | None:
    """Of turns with a shift, the one by which the footprint's ground moves least; None without one below `less_than_m`.

    Each move is the least shift at its turn; turns are tried in steps, finer round the best.
    """
    best, least = None, less_than_m
    step = within_deg / _TURNS
    tried = [sign * n * step for n in range(1, _TURNS + 1) for sign in (1, -1)]
    for round_ in range(2):
        for angle in tried:
            move = _shift_at(angle, footprint, blocked, within_m=within_m, less_than_m=least)
            if move is not None:
                best, least = move, mean_m(move, footprint)
        if best is None or round_:
            return best
        finer = (best.turn_deg + step * n / _TURNS for n in range(1 - _TURNS, _TURNS) if n)
        tried = [angle for angle in finer if abs(angle) <= within_deg]
    return best


def _shift_at(
    angle: float, footprint: BaseGeometry, blocked: BaseGeometry, *, within_m: float, less_than_m: float
) -> Move | None:
    """The least shift at a turn, when with it the ground moves by less than `less_than_m`."""
    alone = mean_m(Move(angle), footprint)
    left = less_than_m**2 - alone**2
    if left <= 0:
        return None
    turned = Move(angle).of(footprint, footprint.centroid)
    reach = min(within_m, float(np.sqrt(left)))
    vector = least_vector(turned, blocked, within_m=reach, pairs=_FEW_PAIRS)
    if vector is None or hypot(*vector) >= reach:
        return None
    return Move(angle, *map(float, vector))


def _aside(vector: Floats, other: Floats) -> bool:
    """Whether a vector is just 85° off another: it was held there, and is no way of its own."""
    return degrees(acos(np.clip(vector @ other / (hypot(*vector) * hypot(*other)), -1, 1))) < APART_DEG + 0.01


def _clears(move: Move, footprint: BaseGeometry, blocked: BaseGeometry) -> bool:
    return not shapely.intersects(blocked, move.of(footprint, footprint.centroid))


def _nearer(move: Move, before: float, footprint: BaseGeometry, blocked: BaseGeometry) -> Move:
    """A turn that clears, brought back to where it begins to. before: a smaller turn that does not."""
    low, high = before, abs(move.turn_deg)
    sign = 1.0 if move.turn_deg > 0 else -1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _clears(Move(sign * middle), footprint, blocked):
            high = middle
        else:
            low = middle
    return Move(sign * high)


def _gyration(shape: BaseGeometry) -> float:
    """The root of the mean squared distance of a polygon's ground from its centroid."""
    centre = shapely.get_coordinates(shape.centroid)[0]
    polygons = shapely.orient_polygons(shapely.get_parts(shape))
    xy, ring = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
    x, y = (xy - centre).T
    within = ring[:-1] == ring[1:]
    x0, y0, x1, y1 = (values[within] for values in (x[:-1], y[:-1], x[1:], y[1:]))
    cross = x0 * y1 - x1 * y0
    moment = float((cross * (x0**2 + x0 * x1 + x1**2 + y0**2 + y0 * y1 + y1**2)).sum()) / 12
    return float(np.sqrt(moment / shape.area))
