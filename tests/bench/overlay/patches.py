"""Made-up patches, as they are drawn over satellite pictures: 10 to 60 vertices, 0.05 to 20 hectares."""

from __future__ import annotations

import numpy as np
import shapely

from geo.crs import Shapes
from tests.bench.zones import Box

_DEGREE_M = 111_000
_FLAT = 0.9
"""The cosine of the latitude: a degree of longitude is so much shorter."""
_PORTION = 50_000
_SNAP = 5e-5
"""Degrees, some 5 m: what lies so near is drawn along the zone's own line."""


def scattered(count: int, within: Box, *, vertices: tuple[int, int] = (10, 60)) -> Shapes:
    """(count,) valid polygons anywhere in a box of degrees."""
    portions = [min(_PORTION, count - start) for start in range(0, count, _PORTION)]
    return np.concatenate(
        [_portion(np.random.default_rng([count, n]), of, within, vertices) for n, of in enumerate(portions)]
    )


def _portion(random: np.random.Generator, count: int, within: Box, vertices: tuple[int, int]) -> Shapes:
    held = random.integers(vertices[0], vertices[1] + 1, count)
    reach = np.sqrt(np.exp(random.uniform(np.log(500), np.log(200_000), count)) / np.pi) / _DEGREE_M
    middle = random.uniform(within[:2], within[2:], (count, 2))
    of = np.repeat(np.arange(count), held)
    turn = 2 * np.pi * (np.arange(len(of)) - np.repeat(np.cumsum(held) - held, held)) / held[of]
    lobes, noise = np.sin(3 * turn + random.uniform(0, 6, count)[of]), random.uniform(-0.15, 0.15, len(of))
    around = (reach[of] * (1 + 0.25 * lobes + noise))[:, None] * np.column_stack([np.cos(turn) / _FLAT, np.sin(turn)])
    return np.asarray(shapely.polygons(shapely.linearrings(middle[of] + around, indices=of)), dtype=object)


def snapped(patches: Shapes, zones: Shapes) -> Shapes:
    """The same, those that meet the outline of a zone drawn along its vertices and edges where they come near it."""
    lines = shapely.boundary(zones)
    patch, zone = shapely.STRtree(patches).query(lines, predicate="intersects")[::-1]
    drawn = patches.copy()
    boxes = shapely.bounds(patches[patch]) + 2 * _SNAP * np.array([-1, -1, 1, 1])
    for at, line, box in zip(patch, lines[zone], boxes.tolist(), strict=True):
        along = shapely.snap(drawn[at], shapely.clip_by_rect(line, *box), _SNAP)
        drawn[at] = along if along.is_valid and along.geom_type == "Polygon" else drawn[at]
    return drawn
