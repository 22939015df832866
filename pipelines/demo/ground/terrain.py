"""A made-up relief: a river tree, the heights that belong to it, and what follows from both.

Height rises from a cell's receiver by a slope that falls with the area drained (a landscape in steady state), so that
ridges, valleys, rivers and watersheds all belong to one ground.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import shapely

from data.boundary import boundary
from pipelines.demo.ground.plane import Floats, Grid, Ints, Mask, grid, noise, on_plane, to_plane, within

STEP_M = 200.0
_OUTLET = (115.215, 26.085)
RIVERS: dict[str, list[tuple[float, float]]] = {
    "平江": [(115.215, 26.085), (115.262, 26.15), (115.301, 26.186), (115.325, 26.26), (115.352, 26.315)],
    "潋水": [(115.352, 26.315), (115.42, 26.31), (115.482, 26.302), (115.552, 26.363), (115.62, 26.40),
           (115.697, 26.448), (115.772, 26.491)],
    "濊水": [(115.352, 26.315), (115.366, 26.366), (115.40, 26.40), (115.454, 26.416), (115.487, 26.509),
           (115.576, 26.559), (115.668, 26.604)],
    "崇贤河": [(115.37, 26.375), (115.36, 26.45), (115.344, 26.549), (115.35, 26.60)],
    "永丰河": [(115.325, 26.26), (115.26, 26.29), (115.209, 26.306), (115.16, 26.36)],
    "均村河": [(115.24, 26.295), (115.17, 26.285), (115.105, 26.325)],
    "高兴河": [(115.352, 26.315), (115.30, 26.36), (115.283, 26.433), (115.161, 26.477)],
    "社富河": [(115.31, 26.21), (115.365, 26.167), (115.436, 26.219)],
}  # fmt: skip
"""Names are the county's; the courses are made up, drawn from seat to seat."""
_NEIGHBOURS = np.array([(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)])


@dataclass(frozen=True)
class Relief:
    """Fields on one grid; flat cell numbers, -1 for none. Heights and distances in metres, drained area in m²."""

    grid: Grid
    inside: Mask
    height: Floats
    above_stream: Floats
    """Height above the stream that a cell drains to."""
    drained: Floats
    receiver: Ints
    order: Ints
    """Cells, each after its receiver."""
    bends: int
    """Seed of the field that bends the ground, so that no valley runs along the grid."""

    def bend(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """How far east and north the ground at a point has been moved."""
        rng = np.random.default_rng(self.bends)
        return 380 * noise(rng, x, y, 2_600, 3), 380 * noise(rng, x, y, 2_600, 3)

    def unbent(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Where on the grid the ground at a point comes from."""
        dx, dy = self.bend(x, y)
        return x - dx, y - dy


def relief(rng: np.random.Generator) -> Relief:
    """The ground of a seed."""
    g = grid(STEP_M)
    land = within(shapely.buffer(on_plane(boundary()), 1_400), g)
    receiver, order = _first_tree(g, land, _resistance(rng, g))
    rough = np.exp(rng.normal(0, 0.7, land.size) + noise(rng, *g.mesh(), 5_000, 3).ravel())
    drained, height = _raise(receiver, order, rough)
    for _ in range(3):
        receiver, order = _steepest(height.reshape(g.shape), land)
        drained, height = _raise(receiver, order, rough)
    height = 130 + 1_050 * (height / np.quantile(height[land.ravel()], 0.9995)) ** 1.4
    above = _above_stream(receiver, order, height, drained)
    inside = within(on_plane(boundary()), g)
    height, above, drained = (a.reshape(g.shape) for a in (height, above, drained))
    return Relief(g, inside, height, above, drained, receiver, order, int(rng.integers(2**31)))


def river_line(points: list[tuple[float, float]]) -> shapely.LineString:
    return shapely.LineString(to_plane(np.array(points)))


def _resistance(rng: np.random.Generator, g: Grid) -> Floats:
    """What the river tree pays to cross a cell: noise, and little along the named courses."""
    xx, yy = g.mesh()
    bend = noise(rng, xx, yy, 9_000, 3) * 1_400, noise(rng, xx, yy, 9_000, 3) * 1_400
    here = shapely.points(xx + bend[0], yy + bend[1])
    courses = shapely.MultiLineString([river_line(points) for points in RIVERS.values()])
    shapely.prepare(courses)
    near = np.exp(-((shapely.distance(here, courses) / 900) ** 2))
    return np.asarray(np.exp(1.6 * noise(rng, xx, yy, 7_000, 5)) * (1 - 0.93 * near) + 0.02)


def _first_tree(g: Grid, land: Mask, cost: Floats) -> tuple[Ints, Ints]:
    """The cheapest way from every cell to the outlet: receivers, and the cells in the order they were reached."""
    row, col = g.cell(*to_plane(np.array([_OUTLET]))[0])
    start = _nearest(land, int(row), int(col))
    open_, price = land.ravel().tolist(), cost.ravel().tolist()
    steps = [(int(r * g.shape[1] + c), float(np.hypot(r, c))) for r, c in _NEIGHBOURS]
    receiver, order = np.full(land.size, -1), []
    heap = [(0.0, start, -1)]
    while heap:
        paid, here, below = heapq.heappop(heap)
        if not open_[here]:
            continue
        open_[here] = False
        receiver[here] = below
        order.append(here)
        for move, length in steps:
            if open_[here + move]:
                heapq.heappush(heap, (paid + length * price[here + move], here + move, here))
    return receiver, np.array(order)


def _nearest(land: Mask, row: int, col: int) -> int:
    rows, cols = np.nonzero(land)
    k = np.argmin((rows - row) ** 2 + (cols - col) ** 2)
    return int(rows[k] * land.shape[1] + cols[k])


def _steepest(height: Floats, land: Mask) -> tuple[Ints, Ints]:
    """Each cell's steepest way down, and the cells from low to high."""
    high = np.where(land, height, np.inf)
    inner = (slice(1, -1), slice(1, -1))
    best, receiver = np.zeros(land.shape), np.full(land.shape, -1)
    numbers = np.arange(land.size).reshape(land.shape)
    for r, c in _NEIGHBOURS:
        there = (slice(1 + r, high.shape[0] - 1 + r), slice(1 + c, high.shape[1] - 1 + c))
        with np.errstate(invalid="ignore"):
            fall = (high[inner] - high[there]) / np.hypot(r, c)
        better = land[inner] & (fall > best[inner])
        best[inner] = np.where(better, fall, best[inner])
        receiver[inner] = np.where(better, numbers[there], receiver[inner])
    cells = np.flatnonzero(land.ravel())
    return receiver.ravel(), cells[np.argsort(height.ravel()[cells], kind="stable")]


def _raise(receiver: Ints, order: Ints, rough: Floats) -> tuple[Floats, Floats]:
    """Area drained by each cell, and the height at which slope = rough · k · area^-0.42, never over 30°."""
    area, below = [STEP_M**2] * len(rough), receiver.tolist()
    for here in order[::-1].tolist():
        if below[here] >= 0:
            area[below[here]] += area[here]
    drained = np.array(area)
    rise = (STEP_M * np.minimum(0.58, 130 * rough * drained**-0.42)).tolist()
    height = [0.0] * len(rough)
    for here in order.tolist():
        if below[here] >= 0:
            height[here] = height[below[here]] + rise[here]
    return drained, np.array(height)


def _above_stream(receiver: Ints, order: Ints, height: Floats, drained: Floats) -> Floats:
    below, stream, z = receiver.tolist(), (drained > 2e6).tolist(), height.tolist()
    above = [0.0] * len(z)
    for here in order.tolist():
        if not stream[here] and below[here] >= 0:
            above[here] = above[below[here]] + z[here] - z[below[here]]
    return np.array(above)
