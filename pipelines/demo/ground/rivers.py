"""Rivers of the made-up relief: bends of their own, a width by what they drain, the names of the county's rivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from pipelines.demo.ground.plane import Floats, Ints, Shapes
from pipelines.demo.ground.terrain import RIVERS, Relief, river_line


@dataclass(frozen=True)
class Streams:
    """Stretches of water, one from each stream cell to the next, on the plane."""

    cell: Ints
    lines: Shapes
    drained: Floats
    into: Ints
    """The cell that each stretch runs to."""

    def water(self, *, least_m2: float) -> shapely.Geometry:
        """The surface of the streams that drain at least so much, their width growing with it, on the plane."""
        k = self.drained >= least_m2
        surface = shapely.union_all(shapely.buffer(self.lines[k], width_m(self.drained[k]) / 2, quad_segs=3))
        shapely.prepare(surface)
        return surface

    def named(self, name: str) -> shapely.LineString:
        """The course of a river of that name from its head to where it joins, on the plane."""
        head, mouth = (shapely.Point(river_line(RIVERS[name]).coords[k]) for k in (-1, 0))
        wide = np.flatnonzero(self.drained >= 8e6)
        here = int(wide[np.argmin(shapely.distance(self.lines[wide], head))])
        follow = dict(zip(self.cell.tolist(), range(len(self.cell)), strict=True))
        path = [here]
        while (here := follow.get(int(self.into[here]), -1)) >= 0:
            path.append(here)
        end = int(np.argmin(shapely.distance(self.lines[path], mouth)))
        # Not merged: the ends of two curves meet to a rounding, not to the bit.
        return shapely.LineString(
            np.concatenate([shapely.get_coordinates(p)[:-1] for p in self.lines[path[: end + 1]]])
        )


def width_m(drained_m2: Floats) -> Floats:
    """Width of a river that drains so much: 20 m at 10 km², 170 m at 2,500 km²."""
    return np.asarray(8 * (drained_m2 / 1e6) ** 0.39)


def streams(relief: Relief, least_m2: float = 2e6) -> Streams:
    """Every stream that drains at least so much."""
    drained = relief.drained.ravel()
    x, y = (axis.ravel() for axis in relief.grid.mesh())
    wet = np.flatnonzero((drained >= least_m2) & (relief.receiver >= 0))
    points = _straightened(np.stack([x, y], 1), relief, wet)
    curves = _rounded(points, relief, wet)
    curves += np.stack(relief.bend(curves[..., 0], curves[..., 1]), axis=-1)
    return Streams(wet, np.asarray(shapely.linestrings(curves)), drained[wet], relief.receiver[wet])


def _straightened(points: Floats, relief: Relief, wet: Ints) -> Floats:
    """Cell centres drawn towards their neighbours on the stream, so that no step of the grid is left."""
    to, stem = relief.receiver[wet], _main_donor(relief)[wet]
    stem = np.where(stem >= 0, stem, wet)
    for _ in range(4):
        points[wet] = points[wet] / 2 + (points[to] + points[stem]) / 4
    return points


def _main_donor(relief: Relief) -> Ints:
    drained, donor = relief.drained.ravel(), np.full(relief.receiver.size, -1)
    cells = np.flatnonzero(relief.receiver >= 0)
    cells = cells[np.argsort(drained[cells], kind="stable")]
    donor[relief.receiver[cells]] = cells  # the last one written drains most
    return donor


def _rounded(points: Floats, relief: Relief, wet: Ints) -> Floats:
    """(n, 9, 2): each stretch from cell to receiver as part of a Catmull-Rom curve."""
    to, stem = relief.receiver[wet], _main_donor(relief)[wet]
    after = np.where(relief.receiver[to] >= 0, relief.receiver[to], to)
    main = _main_donor(relief)[to] == wet
    before = np.where(stem >= 0, stem, wet)
    p0, p1, p2, p3 = (points[k][:, None] for k in (before, wet, to, after))
    t = np.linspace(0, 1, 9)[None, :, None]
    curve = p1 + t / 2 * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    return np.asarray(np.where(main[:, None, None], curve, p1 + t * (p2 - p1)))
