"""Made-up zones as red lines are drawn: winding outlines of many vertices, holes, several parts, overlapping."""

from __future__ import annotations

import numpy as np
import shapely

from geo.crs import Shapes

Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""
Point = tuple[float, float]

_WAVES = np.arange(2, 40)
_HOLES_AT = (0.5, 2.6, 4.7)
"""Directions from the middle, in radians: holes of a tenth of the reach do not meet there."""


def drawn(random: np.random.Generator, vertices: np.ndarray, reach: np.ndarray, within: Box) -> Shapes:
    """(n,) valid multipolygons, of about so many vertices and reaching so far from their middles, in degrees."""
    west, south, east, north = within
    x, y = random.uniform(west, east, len(vertices)), random.uniform(south, north, len(vertices))
    of = zip(x, y, reach, vertices, strict=True)
    return np.array([_zone(random, (lon, lat), float(r), int(n)) for lon, lat, r, n in of], dtype=object)


def _zone(random: np.random.Generator, middle: Point, reach: float, vertices: int) -> shapely.MultiPolygon:
    """One part with up to three holes, and for a third of the zones a smaller part beside it."""
    (x, y), few = middle, max(vertices // 20, 8)
    around = [(x + 0.2 * reach * np.cos(at), y + 0.2 * reach * np.sin(at)) for at in _HOLES_AT[: random.integers(0, 4)]]
    holes = [_ring(random, hole, 0.1 * reach, few) for hole in around]
    parts = [shapely.Polygon(_ring(random, middle, reach, vertices), holes)]
    if random.random() < 1 / 3:
        parts.append(shapely.Polygon(_ring(random, (x + 1.4 * reach, y), 0.35 * reach, few)))
    return shapely.MultiPolygon(parts)


def _ring(random: np.random.Generator, middle: Point, reach: float, vertices: int) -> np.ndarray:
    """A star-like ring, 0.35 to 1 of its reach from the middle, so that it cannot cross itself."""
    turn = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    height = random.normal(size=(len(_WAVES), 1)) / _WAVES[:, None] ** 1.2
    wave = height * np.cos(np.outer(_WAVES, turn) + random.uniform(0, 2 * np.pi, (len(_WAVES), 1)))
    far = reach * np.clip(0.7 + 0.12 * wave.sum(axis=0) + random.uniform(-0.004, 0.004, vertices), 0.35, 1)
    return np.array(middle) + far[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
