"""The cheapest way round for the axis of a corridor, in a plane of metres.

What may be walked is the ground within a distance of the axis, less what blocks, which is grown by half the corridor's
width and its clearance already. The way is found among the corners round which a shortest way can bend, and points
along the axis where it may leave and return; off the axis a metre costs more, so that what is clear stays as designed.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from geo.avoidance.forbidden import outline
from geo.crs import Floats
from geo.overlay import Mask
from geo.rings import Ints

_CORNERS = 400
"""Corners to bend round at most; beyond, outlines of what blocks are taken."""
_FINEST = 1 / 400
"""The tolerance of the first outline, as a share of the distance allowed; it doubles."""
_STATIONS = 200
"""Points along the axis, near what blocks it, at which the way may leave and return."""
_NEAR = 3
"""How many times the distance allowed a station stands from what blocks at most."""
_THICK_M = 0.01
_MM = 1e-3


@dataclass(frozen=True)
class Way:
    """A way from the start of an axis to its end. axis: LineString. cost: metres, those off the old axis weighed."""

    axis: LineString
    cost: float


@dataclass(frozen=True)
class _Ground:
    """What may be walked, and the nodes on it: the start, stations along the axis, the end, then corners."""

    free: BaseGeometry
    nodes: Floats
    stations: Floats
    """Distances along the axis of the first nodes."""
    linked: Mask
    """Whether the axis is free from each station to the next."""


def bypass(
    axis: LineString, blocked: BaseGeometry, *, within_m: float, off_axis: float, unlike: Sequence[LineString] = ()
) -> Way | None:
    """The cheapest way within `within_m` of the axis, clear of what blocks; None without one.

    off_axis: what a metre costs that is not on the axis, at least 1. unlike: ways found before;
    this one passes what blocks on another side. The cheapest to within the distance between stations (a 200th of what
    of the axis is near what blocks) and, where outlines stood for it, a hundredth of `within_m`.
    """
    band: BaseGeometry = shapely.buffer(axis, within_m, quad_segs=8)
    if any(shapely.hausdorff_distance(way, axis) < _MM for way in unlike):
        return None  # The axis itself is free, and passes nothing.
    # Barriers join what blocks: cut out of the band they would leave cracks to walk in where the two overlap.
    barriers = [_barrier(axis, way, band) for way in unlike]
    # Cut off beyond the band: an edge shared with the band's would leave a crack along it.
    near = shapely.intersection(blocked, shapely.box(*shapely.buffer(band, 1.0).bounds))
    ground = _ground(axis, shapely.union_all([near, *barriers]), band, within_m)
    found = None if ground is None else _cheapest(axis, ground, off_axis)
    if found is None or any(not _parted(found.axis, way, blocked) for way in unlike):
        return None
    return found


def least_radius_m(axis: LineString) -> float:
    """The largest radius that the curve at every bend can have, of tangents that reach half-way to the next; or inf."""
    steps = np.diff(shapely.get_coordinates(axis), axis=0)
    length = np.hypot(*steps.T)
    turn = np.abs(np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))))
    tangent = np.minimum(length[:-1], length[1:]) / 2
    bends = turn > 1e-6
    return float((tangent[bends] / np.tan(np.minimum(turn[bends], np.pi - 1e-9) / 2)).min(initial=np.inf))


def passes_left(way: LineString, axis: LineString) -> bool:
    """Whether more of the ground between an axis and a way lies left of the axis, as one goes, than right."""
    # Not is_ccw: where the two run together the ring is none that it can judge.
    x, y = np.concatenate([shapely.get_coordinates(axis), shapely.get_coordinates(way)[::-1]]).T
    x, y = x - x[0], y - y[0]
    return bool((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0)


def _ground(axis: LineString, blocked: BaseGeometry, band: BaseGeometry, within_m: float) -> _Ground | None:
    """What may be walked from the start to the end, with few enough corners; None when no ground joins the two."""
    shape, tolerance = blocked, _FINEST * within_m
    start, end = (shapely.Point(axis.coords[n]) for n in (0, -1))
    while True:
        parts = shapely.get_parts(shapely.difference(band, shape))
        joined = parts[shapely.covers(parts, start) & shapely.covers(parts, end)]
        if not len(joined):
            return None
        corners = _corners(joined[0])
        if len(corners) <= _CORNERS:
            return _with_stations(axis, blocked, joined[0], corners, within_m)
        shape = outline(blocked, tolerance)
        tolerance *= 2


def _corners(free: BaseGeometry) -> Floats:
    """(n, 2): the corners of walkable ground that turn inwards, which alone a shortest way bends round."""
    found = [np.empty((0, 2))]
    for ring in shapely.get_rings(shapely.orient_polygons(free)):
        xy = shapely.get_coordinates(ring)[:-1]
        before, after = xy - np.roll(xy, 1, axis=0), np.roll(xy, -1, axis=0) - xy
        found.append(xy[before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0] < 0])
    return np.concatenate(found)


def _with_stations(
    axis: LineString, blocked: BaseGeometry, free: BaseGeometry, corners: Floats, within_m: float
) -> _Ground:
    shapely.prepare(free)
    along = np.linspace(0, axis.length, 1 + max(1, int(axis.length // (within_m / 8))))
    hit = shapely.intersection(axis, blocked)
    points = shapely.line_interpolate_point(axis, along)
    near = along[shapely.dwithin(points, hit, _NEAR * within_m)] if not hit.is_empty else along[:0]
    first, last = (near[0], near[-1]) if len(near) else (0.0, axis.length)
    stations = np.unique([0.0, *np.linspace(first, last, _STATIONS), axis.length])
    inner = shapely.covers(free, shapely.line_interpolate_point(axis, stations))
    stations = stations[inner]
    pieces = [substring(axis, a, b) for a, b in pairwise(stations)]
    linked = np.asarray(shapely.covers(free, np.array(pieces, dtype=object)))
    places = shapely.get_coordinates(shapely.line_interpolate_point(axis, stations))
    places[0], places[-1] = axis.coords[0], axis.coords[-1]
    return _Ground(free, np.concatenate([places, corners]), stations, linked)


def _cheapest(axis: LineString, ground: _Ground, off_axis: float) -> Way | None:
    """The cheapest way by A*: what is seen from a node is looked up when the way comes to it."""
    nodes, end = ground.nodes, len(ground.stations) - 1
    ahead = np.hypot(*(nodes - nodes[end]).T)
    cost, before = np.full(len(nodes), np.inf), np.full(len(nodes), -1)
    cost[0], done, waiting = 0.0, np.zeros(len(nodes), dtype=bool), [(float(ahead[0]), 0)]
    while waiting:
        _, here = heapq.heappop(waiting)
        if here == end:
            return Way(_drawn(axis, ground, cost, before), float(cost[end]))
        if done[here]:
            continue
        done[here] = True
        reached = cost[here] + _steps(ground, here, off_axis)
        better = np.flatnonzero(~done & (reached < cost))
        better = better[_seen(ground, here, better)]
        cost[better], before[better] = reached[better], here
        for node in better:
            heapq.heappush(waiting, (float(cost[node] + ahead[node]), int(node)))
    return None


def _steps(ground: _Ground, here: int, off_axis: float) -> Floats:
    """What it costs from a node to every other, if it is seen."""
    cost = off_axis * np.hypot(*(ground.nodes - ground.nodes[here]).T)
    for there in _beside(ground, here):
        cost[there] = abs(ground.stations[there] - ground.stations[here])
    return np.asarray(cost)


def _beside(ground: _Ground, here: int) -> list[int]:
    """The stations to which the axis leads freely from one."""
    last = len(ground.stations) - 1
    found = [here - 1] if 0 < here <= last and ground.linked[here - 1] else []
    return [*found, here + 1] if here < last and ground.linked[here] else found


def _seen(ground: _Ground, here: int, nodes: Ints) -> Mask:
    ends = ground.nodes[nodes]
    lines = shapely.linestrings(np.stack([np.broadcast_to(ground.nodes[here], ends.shape), ends], axis=1))
    return np.asarray(shapely.covers(ground.free, lines)) | np.isin(nodes, _beside(ground, here))


def _drawn(axis: LineString, ground: _Ground, cost: Floats, before: Ints) -> LineString:
    """The way as a line, back from the end; along the axis with the axis's own corners."""
    node, runs = len(ground.stations) - 1, []
    while node:
        last = int(before[node])
        if last in _beside(ground, node) and np.isclose(cost[node] - cost[last], abs(_run(ground, last, node))):
            run = shapely.get_coordinates(substring(axis, ground.stations[last], ground.stations[node]))
        else:
            run = ground.nodes[[last, node]]
        runs.append(run)
        node = last
    return shapely.simplify(shapely.LineString(np.concatenate(runs[::-1])), _MM)


def _run(ground: _Ground, a: int, b: int) -> float:
    return float(ground.stations[b] - ground.stations[a])


def _barrier(axis: LineString, way: LineString, band: BaseGeometry) -> BaseGeometry:
    """A cut from the axis to the edge of the band, through the point of a way that is furthest off."""
    points = shapely.get_coordinates(shapely.segmentize(way, way.length / _STATIONS))
    furthest = max(map(shapely.Point, points), key=axis.distance)
    near = shapely.get_coordinates(shapely.shortest_line(axis, furthest))[0]
    x, y = shapely.get_coordinates(furthest)[0] - near
    far = near + 1e6 * np.array([x, y]) / np.hypot(x, y)
    parts = shapely.get_parts(shapely.intersection(band, shapely.LineString([near, far])))
    through: BaseGeometry = parts[np.argmin(shapely.distance(parts, furthest))]
    return shapely.buffer(through, _THICK_M, cap_style="square")


def _parted(way: LineString, other: LineString, blocked: BaseGeometry) -> bool:
    """Whether two ways have something of what blocks between them."""
    loop = shapely.Polygon([*way.coords, *other.coords[::-1]])
    return bool(shapely.intersects(shapely.make_valid(loop), blocked))
