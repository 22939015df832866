"""The ground on a working grid: the fields that layers are drawn from, and shapes drawn freely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from data.boundary import boundary
from pipelines.demo.ground.mosaic import Coverage, coverage, patches
from pipelines.demo.ground.parts import Ground
from pipelines.demo.ground.plane import (
    Floats,
    Grid,
    Ints,
    Mask,
    Shapes,
    area_m2,
    grid,
    noise,
    on_plane,
    placed,
    to_plane,
    within,
)


@dataclass(frozen=True)
class Land:
    """Fields over the county and two cells beyond, flat arrays over the cells held; metres and degrees of slope."""

    grid: Grid
    held: Mask
    inside: Mask
    x: Floats
    y: Floats
    u: Floats
    v: Floats
    height: Floats
    above_stream: Floats
    slope: Floats
    rng: np.random.Generator

    @property
    def cell_hm2(self) -> float:
        return self.grid.step**2 / 1e4

    def waves(self, wave_m: float, octaves: int = 4) -> Floats:
        return noise(self.rng, self.x, self.y, wave_m, octaves)

    def far(self, lines: Shapes, reach_m: float = 3_000.0) -> Floats:
        """Distance of every cell from the nearest line on the plane, no more than the reach."""
        found = np.full(len(self.x), reach_m)
        points = shapely.points(self.x, self.y)
        tree = shapely.STRtree(lines)
        (k, _), far = tree.query_nearest(points, max_distance=reach_m, return_distance=True, all_matches=False)
        found[k] = far
        return found

    def far_from(self, lon: float, lat: float) -> Floats:
        x, y = to_plane(np.array([[lon, lat]]))[0]
        return np.asarray(np.hypot(self.x - x, self.y - y))

    def best(self, score: Floats, hm2: float) -> Mask:
        """The cells of the highest score inside the county that make up an area."""
        order = np.argsort(np.where(self.inside, -score, np.inf), kind="stable")
        line = score[order[min(round(hm2 / self.cell_hm2), len(order) - 1)]]
        return np.asarray(score > line)

    def drawn(self, labels: Ints, *, least_hm2: float = 4.0) -> Coverage:
        """The faces of labels given over the cells held."""
        return coverage(self._full(labels), self.grid, least_m2=least_hm2 * 1e4, tolerance_m=self.grid.step / 14)

    def apart(self, labels: Ints, *, least_hm2: float) -> Coverage:
        """The faces of labels that stand apart on a background of 0."""
        return patches(self._full(labels), self.grid, least_m2=least_hm2 * 1e4)

    def _full(self, labels: Ints) -> Ints:
        full = np.zeros(self.grid.shape, dtype=np.int64)
        full[self.held] = labels
        return full


def land(ground: Ground, rng: np.random.Generator, step: float) -> Land:
    """The ground at a cell size."""
    g = grid(step)
    held = within(shapely.buffer(on_plane(boundary()), 2 * step), g)
    xx, yy = g.mesh()
    x, y = xx[held], yy[held]
    inside = np.asarray(shapely.contains_xy(on_plane(boundary()), x, y))
    u, v = ground.relief.unbent(x, y)
    fields = (ground.relief.height, ground.relief.above_stream, ground.slope)
    height, above, slope = (ground.relief.grid.at(field, u, v) for field in fields)
    return Land(g, held, inside, x, y, u, v, height, above, slope, rng)


def blob(rng: np.random.Generator, middle: Floats, hm2: float, *, corners: int = 48) -> shapely.MultiPolygon:
    """A rounded patch of about that area at a point of the plane, in EPSG:4490."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    waves = [rng.normal(0, 0.32 / k) * np.cos(k * turn + rng.uniform(0, 2 * np.pi)) for k in range(1, 7)]
    reach = np.exp(np.sum(waves, axis=0))
    stretch = np.exp(rng.normal(0, 0.25))
    ring = np.stack([reach * np.cos(turn) * stretch, reach * np.sin(turn) / stretch], 1)
    ring *= np.sqrt(hm2 * 1e4 / shapely.Polygon(ring).area)
    return shapely.MultiPolygon([placed(shapely.Polygon(ring + middle))])


def spread(rng: np.random.Generator, points: Floats, n: int, apart_m: float) -> Ints:
    """Up to n of the points, at random, no two nearer than that."""
    chosen: list[int] = []
    for k in rng.permutation(len(points)):
        if all(np.hypot(*(points[k] - points[c])) >= apart_m for c in chosen):
            chosen.append(int(k))
        if len(chosen) == n:
            break
    return np.array(chosen, dtype=int)


def polygons(shape: Any) -> shapely.MultiPolygon:
    """The polygons of a shape, without what an overlay leaves of lines and points."""
    parts = shapely.get_parts(shape)
    if any(p.geom_type == "GeometryCollection" for p in parts):
        parts = shapely.get_parts(parts)
    return shapely.MultiPolygon([p for p in parts if p.geom_type == "Polygon" and p.area > 1e-10])


def hm2(shapes: Any) -> Floats:
    return np.asarray(np.round(area_m2(shapes) / 1e4, 4))
