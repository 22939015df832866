"""Made-up zones as red lines are drawn: winding outlines of many vertices, holes, several parts, overlapping."""

from __future__ import annotations

import numpy as np
import shapely

from geo.crs import Shapes

Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""
Point = tuple[float, float]

_WINDING = -1.3
_HOLES_AT = (0.5, 2.6, 4.7)
"""Directions from the middle, in radians: holes of a tenth of the reach do not meet there."""


def red_lines(count: int, vertices: int, *, largest: int, within: Box) -> Shapes:
    """(count,) zones spread in size as in the province's red line: many small ones, a few very large.

    vertices: of all together, about. largest: how many have more than 100,000.
    """
    random = np.random.default_rng(count)
    spread = np.exp(random.normal(0, 1, count))
    spread[:largest] = 0
    large = np.linspace(101_000, 135_000, largest)
    held = spread / spread.sum() * (vertices - large.sum())
    held[:largest] = large
    return drawn(random, np.maximum(held, 40), 0.004 + 0.002 * held**0.22, within)


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
    """A star-like ring, 0.36 to 1 of its reach from the middle, so that it cannot cross itself.

    It winds at every scale, as a line that follows ground does: waves of amplitude k^−1.3.
    """
    turn, wave = np.linspace(0, 2 * np.pi, vertices, endpoint=False), np.zeros(vertices // 2 + 1, dtype=complex)
    k = np.arange(2, len(wave))
    wave[2:] = k**_WINDING * (random.normal(size=len(k)) + 1j * random.normal(size=len(k)))
    height = np.fft.irfft(wave, vertices)
    far = reach * (0.68 + 0.32 * height / np.abs(height).max())
    return np.array(middle) + far[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
