"""How the county divides: townships grown from their seats, villages, compartments, plots, each a union of the next."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import shapely

from data import facts
from data.boundary import boundary
from pipelines.demo.ground.mosaic import Coverage, coverage, dissolved
from pipelines.demo.ground.plane import Floats, Grid, Ints, Shapes, grid, noise, on_plane, to_plane, within
from pipelines.demo.ground.rivers import Streams
from pipelines.demo.ground.terrain import Relief

FOREST_SHARE = 0.795
"""Of the county, under forest management; what counts as forest is less."""
_SUPPOSED_SEATS = {
    "360732100": (115.3560, 26.3300),
    "360732201": (115.7350, 26.5600),
    "360732203": (115.6150, 26.3950),
    "360732209": (115.1050, 26.3250),
    "360732212": (115.6250, 26.5000),
}
"""Where a township grows from when no seat is published; of use here only."""


@dataclass(frozen=True)
class Mosaic:
    """The county cut into patches; every array has one entry per patch, in the same order.

    township: index into facts. kind: 1 forest, 2 open land, 3 water. village, compartment: unique in the county.
    """

    shapes: Shapes
    township: Ints
    village: Ints
    compartment: Ints
    kind: Ints
    slope_deg: Floats
    aspect_deg: Floats
    height: Floats
    above_stream: Floats
    middle: Floats
    """A point in each, metres on the plane."""


@dataclass(frozen=True)
class _Seeds:
    """One seed in every square of a lattice: where it stands on the ground and how strongly it pulls."""

    spacing: float
    shape: tuple[int, int]
    x0: float
    y0: float
    features: Floats
    """(5, n): x, y, height, and the direction of the slope, all in metres."""
    pull: Floats


class Ground:
    """The relief as features of points: position, height and facing, so that cells end on ridges and in valleys."""

    def __init__(self, relief: Relief, rng: np.random.Generator) -> None:
        self.relief, self._grid = relief, relief.grid
        self._rng_state = rng.bit_generator.state
        gy, gx = np.gradient(_blurred(relief.height), relief.grid.step)
        steep = np.hypot(gx, gy)
        self.slope = np.degrees(np.arctan(3.2 * steep))  # cells of 200 m flatten a hillside; a plot is steeper
        self._east, self._north = gx / (steep + 0.05), gy / (steep + 0.05)

    def features(self, x: Floats, y: Floats, reach: float) -> Floats:
        """(5, n) of points; `reach` is the size of the cells to come."""
        g, facing = self._grid, 0.45 * reach
        bend = np.random.default_rng(0)
        bend.bit_generator.state = self._rng_state
        dx, dy = (0.3 * reach * noise(bend, x, y, 1.5 * reach, 3) for _ in range(2))
        u, v = self.relief.unbent(x, y)
        rows = [x + dx, y + dy, 1.2 * g.at(self.relief.height, u, v)]
        rows += [facing * g.at(self._east, u, v), facing * g.at(self._north, u, v)]
        return np.array(rows, dtype=np.float32)


def divided(ground: Ground, streams: Streams, rng: np.random.Generator, plots: int) -> Mosaic:
    """Cut the county into about `plots` forest plots and the open land between."""
    spacing = float(np.sqrt(1.08 * FOREST_SHARE * 3_216e6 / plots))
    fine = grid(spacing / 8)
    held = within(shapely.buffer(on_plane(boundary()), 3 * fine.step), fine)
    rows, cols = np.nonzero(held)
    x, y = (axis[k] for axis, k in zip(fine.centres, (cols, rows), strict=True))
    seeds, villages, compartments = _nested_seeds(ground, rng, spacing)
    patch = _nearest_of(seeds, ground.features(x, y, spacing))
    kind = _kinds(ground.relief, streams, rng, x, y)
    labels = np.zeros(fine.shape, dtype=np.int64)
    labels[rows, cols] = 4 * patch + kind
    found = coverage(labels, fine, least_m2=max(3_000.0, 0.07 * spacing**2))
    return _described(found, ground, seeds, villages, compartments)


def _nested_seeds(ground: Ground, rng: np.random.Generator, spacing: float) -> tuple[_Seeds, Ints, Ints]:
    """Plot seeds with, for each, its village and compartment: a seed belongs where its coarser seed belongs."""
    plots, compartments, villages = (_seeds(ground, rng, reach) for reach in (spacing, 5.3 * spacing, 3_200.0))
    # Read again at the coarser reach, so that bends of each size belong to it.
    x, y = plots.features[:2].astype(float)
    compartment = _nearest_of(compartments, ground.features(x, y, compartments.spacing))
    cx, cy = compartments.features[:2].astype(float)
    village = _nearest_of(villages, ground.features(cx, cy, villages.spacing))
    return plots, village[compartment], compartment


def _seeds(ground: Ground, rng: np.random.Generator, spacing: float) -> _Seeds:
    g = grid(spacing, 2_500 + 3 * spacing)
    xx, yy = g.mesh()
    x, y = (a.ravel() + rng.uniform(-0.48, 0.48, a.size) * spacing for a in (xx, yy))
    features = ground.features(x, y, spacing)
    return _Seeds(spacing, g.shape, g.x0, g.y0, features, rng.gamma(1.2, 0.3, x.size).astype(np.float32) * spacing**2)


def _nearest_of(seeds: _Seeds, points: Floats) -> Ints:
    """The seed that is nearest to each point, less its pull, among the 25 squares around."""
    col = ((points[0] - seeds.x0) / seeds.spacing).astype(np.int32)
    row = ((points[1] - seeds.y0) / seeds.spacing).astype(np.int32)
    best = np.full(points.shape[1], np.inf, dtype=np.float32)
    found = np.zeros(points.shape[1], dtype=np.int32)
    for i in range(-2, 3):
        for j in range(-2, 3):
            there = np.clip(row + i, 0, seeds.shape[0] - 1) * seeds.shape[1] + np.clip(col + j, 0, seeds.shape[1] - 1)
            far = -seeds.pull[there]
            for own, other in zip(points, seeds.features, strict=True):
                far += (own - other[there]) ** 2
            nearer = far < best
            best[nearer], found[nearer] = far[nearer], there[nearer]
    return found


def _kinds(relief: Relief, streams: Streams, rng: np.random.Generator, x: Floats, y: Floats) -> Ints:
    """1 forest, 2 open land (the low and level part), 3 the wide rivers."""
    seats = to_plane(np.array([seat_of(t) for t in facts.townships() if t.kind != "zone"]))
    town = np.exp(-np.min([(x - a) ** 2 + (y - b) ** 2 for a, b in seats], axis=0) / 1_500**2)
    capital = np.exp(-((x - seats[0, 0]) ** 2 + (y - seats[0, 1]) ** 2) / 6_000**2)
    score = relief.grid.at(relief.above_stream, *relief.unbent(x, y)) / 45 + 0.55 * noise(rng, x, y, 2_600, 5)
    score -= 0.7 * town + 1.2 * capital
    inside = shapely.contains_xy(on_plane(boundary()), x, y)
    open_land = score < np.quantile(score[inside], 1 - FOREST_SHARE)
    return np.where(shapely.contains_xy(streams.water(least_m2=200e6), x, y), 3, np.where(open_land, 2, 1))


def seat_of(township: facts.Township) -> tuple[float, float]:
    return township.seat or _SUPPOSED_SEATS[township.code]


def _townships(relief: Relief) -> Ints:
    """Townships on the relief's grid, each grown from its seat; climbing costs, so that borders lie on ridges."""
    g, height = relief.grid, relief.height.ravel().tolist()
    units = [t for t in facts.townships() if t.kind != "zone"]
    row, col = g.cell(*to_plane(np.array([seat_of(t) for t in units])).T)
    heap = [(0.0, int(r * g.shape[1] + c), n) for n, (r, c) in enumerate(zip(row, col, strict=True))]
    owner = np.full(len(height), -2)
    owner[relief.order] = -1
    return _grown(heap, height, owner.tolist(), g)


def _grown(heap: list[tuple[float, int, int]], height: list[float], owner: list[int], g: Grid) -> Ints:
    """`owner` is -1 where land is free and -2 beyond it; a cell goes to whoever reaches it at the least cost."""
    width = g.shape[1]
    moves = [(-1, 1.0), (1, 1.0), (-width, 1.0), (width, 1.0)]
    moves += [(m, 1.414) for m in (-width - 1, -width + 1, width - 1, width + 1)]
    heapq.heapify(heap)
    while heap:
        paid, here, unit = heapq.heappop(heap)
        if owner[here] >= 0:
            continue
        owner[here] = unit
        for move, far in moves:
            there = here + move
            if owner[there] == -1:
                climb = height[there] - height[here]
                heapq.heappush(heap, (paid + far * g.step + (9 if climb > 0 else 2) * abs(climb), there, unit))
    return _spilled(np.array(owner).reshape(g.shape))


def _spilled(owner: Ints) -> Ints:
    """The owners, some cells over the edge of the land, so that a point moved by the bends still finds one."""
    for shift, axis in [(s, a) for _ in range(12) for a in (0, 1) for s in (-1, 1)]:
        owner = np.where(owner < 0, np.roll(owner, shift, axis), owner)
    return owner


def _described(found: Coverage, ground: Ground, seeds: _Seeds, villages: Ints, compartments: Ints) -> Mosaic:
    relief, g = ground.relief, ground.relief.grid
    seed, kind = np.divmod(found.labels, 4)
    owner = _townships(relief)
    township = owner[g.cell(*relief.unbent(*seeds.features[:2].astype(float)))][seed]
    middle = to_plane(shapely.get_coordinates(shapely.point_on_surface(found.shapes)))
    x, y = relief.unbent(*middle.T)
    heights = g.at(relief.height, x, y)
    aspect = np.degrees(np.arctan2(-g.at(ground._east, x, y), -g.at(ground._north, x, y))) % 360
    return Mosaic(
        found.shapes,
        township,
        _numbered(township, villages[seed]),
        _numbered(township, compartments[seed]),
        kind,
        g.at(ground.slope, x, y),
        aspect,
        heights,
        g.at(relief.above_stream, x, y),
        middle,
    )


def _numbered(township: Ints, unit: Ints) -> Ints:
    """Units cut by township borders, numbered apart."""
    return np.unique(np.stack([township, unit]), axis=1, return_inverse=True)[1].ravel()


def _blurred(field: Floats) -> Floats:
    for axis in (0, 1):
        field = (np.roll(field, 1, axis) + 2 * field + np.roll(field, -1, axis)) / 4
    return field


def townships_of(m: Mosaic) -> tuple[Shapes, Ints]:
    """The outline of each township and its index."""
    return dissolved(Coverage(m.shapes, m.kind), m.township)
