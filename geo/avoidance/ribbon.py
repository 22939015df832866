"""The axis of a long narrow polygon, such as the ground of a road, in a plane of metres."""

from __future__ import annotations

import heapq
from collections import defaultdict
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.ops import substring

from geo.crs import Floats

_STEP = 1 / 4
"""Of the width, from point to point of the outline whose cells' borders are the axis."""
_INNER = 0.3
"""Of the width, how far from the outline an axis stands at least: its forks into the corners do not."""
_ENDS = 1.0
"""Of the width, what is taken off either end, where the axis forks, and drawn straight on to the outline."""
_SMOOTH = 1 / 20
_LONG = 4.0
"""Widths that a ribbon is long at least."""
_EVEN = 0.25
"""How far a ribbon's area may be off its length times its width, as a share."""

_Place = tuple[float, float]
_Web = dict[_Place, dict[_Place, float]]


def axis_of(ribbon: Polygon, width_m: float) -> LineString | None:
    """The middle line of a ribbon, from its western end to the other; None for what is no ribbon of that width."""
    inner = shapely.buffer(ribbon, -_INNER * width_m)
    if inner.geom_type != "Polygon" or inner.is_empty or ribbon.interiors:
        return None
    middle = _longest(_web(ribbon, inner, width_m))
    if middle is None or middle.length < _LONG * width_m:
        return None
    cut = _ENDS * width_m
    straight = shapely.simplify(substring(middle, cut, middle.length - cut), _SMOOTH * width_m)
    axis = _to_the_outline(shapely.get_coordinates(straight), ribbon, 3 * width_m)
    return axis if abs(axis.length * width_m / ribbon.area - 1) <= _EVEN else None


def _web(ribbon: Polygon, inner: Polygon, width_m: float) -> _Web:
    """The borders between the cells of points on the outline, where they run well inside: place → neighbours."""
    points = shapely.get_coordinates(shapely.segmentize(ribbon.exterior, _STEP * width_m))
    borders = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), only_edges=True))
    shapely.prepare(inner)
    web: _Web = defaultdict(dict)
    for border in borders[shapely.covers(inner, borders)]:
        for a, b in pairwise(map(tuple, np.round(shapely.get_coordinates(border), 6).tolist())):
            web[a][b] = web[b][a] = Point(a).distance(Point(b))
    return web


def _longest(web: _Web) -> LineString | None:
    """The longest of the shortest ways through a web, which is a tree but for rounding."""
    if not web:
        return None
    far = _furthest(web, min(web))[-1]
    return LineString(_furthest(web, far)) if len(web) > 1 else None


def _furthest(web: _Web, start: _Place) -> list[_Place]:
    """The shortest way from a place to the one that is furthest from it."""
    reached, before = {start: 0.0}, {start: start}
    waiting, here = [(0.0, start)], start
    while waiting:
        gone, here = heapq.heappop(waiting)
        for there, step in web[here].items():
            if gone + step < reached.get(there, np.inf):
                reached[there], before[there] = gone + step, here
                heapq.heappush(waiting, (gone + step, there))
    way = [max(reached, key=lambda place: (reached[place], place))]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]


def _to_the_outline(xy: Floats, ribbon: Polygon, reach_m: float) -> LineString:
    """A line of (n, 2) corners drawn straight on from both ends, until it leaves the ribbon."""
    ends = []
    for end, before in ((xy[0], xy[1]), (xy[-1], xy[-2])):
        ahead = LineString([end, end + (end - before) * reach_m / np.hypot(*(end - before))])
        hits = shapely.get_coordinates(shapely.intersection(ahead, ribbon.exterior))
        ends.append(hits[np.argmin(np.hypot(*(hits - end).T))] if len(hits) else end)
    drawn = [ends[0], *xy[1:-1], ends[1]]
    return LineString(drawn if tuple(ends[0]) <= tuple(ends[1]) else drawn[::-1])
