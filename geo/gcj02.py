"""GCJ-02, by which maps published in China are off: hundreds of metres, smoothly. It is no datum.

It was never published; this is the series in public use, on the ellipsoid of Krassovsky, in degrees from 105°E 35°N.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import Floats, Shapes

_SAYS_SO = re.compile(r"GCJ.?02|火星坐标|高德坐标|高德地图|腾讯地图|\bAMap\b", re.IGNORECASE)
_SAYS_MOVED = re.compile("WGS.?84|CGCS|2000|转|纠偏|已校", re.IGNORECASE)
_PER_DEGREE = 111_320.0
_NEAR = 1e-3
_A, _E2 = 6_378_245.0, 0.006_693_421_622_965_943
_ENOUGH = 1e-10
_MOST_STEPS = 10


def shifted(lonlat: Floats) -> Floats:
    """(n, 2) longitudes and latitudes in CGCS2000 or WGS 84 as GCJ-02 draws them."""
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    east, north = _offset(lon - 105, lat - 35)
    sine = np.sin(np.radians(lat))
    w2 = 1 - _E2 * sine * sine
    meridian = _A * (1 - _E2) / (w2 * np.sqrt(w2))
    parallel = _A / np.sqrt(w2) * np.cos(np.radians(lat))
    return np.column_stack([lon + np.degrees(east / parallel), lat + np.degrees(north / meridian)])


def unshifted(lonlat: Floats) -> Floats:
    """(n, 2) longitudes and latitudes in GCJ-02 where they really are, to 1e-10 degrees, else as they stand."""
    with np.errstate(over="ignore", invalid="ignore"):
        return _inverse(lonlat)


def metres_apart(one: Floats, other: Floats) -> Floats:
    """(n,) metres between near places, in degrees, to a part in a hundred."""
    return np.asarray(np.hypot(*(_metres(one) - _metres(other, like=one)).T), dtype=np.float64)


def on_edges(lonlat: Floats, shapes: Shapes, *, within_m: float) -> NDArray[np.bool_]:
    """(n,) which places lie on an edge of any of the shapes, all in degrees, or within so many metres of one."""
    low, high = lonlat.min(axis=0) - _NEAR, lonlat.max(axis=0) + _NEAR
    edges = shapely.clip_by_rect(shapely.boundary(shapes), *low, *high)  # A red line may have a million vertices.
    edges = edges[~shapely.is_missing(edges) & ~shapely.is_empty(edges)]
    tree = shapely.STRtree(shapely.transform(edges, lambda xy: _metres(xy, like=lonlat)))
    found, _ = tree.query(shapely.points(_metres(lonlat)), predicate="dwithin", distance=within_m)
    return np.isin(np.arange(len(lonlat)), found)


def says_so(texts: Iterable[str]) -> str | None:
    """The first of the texts that names GCJ-02, or a map drawn in it, and does not say that it was moved since."""
    return next((text for text in texts if _SAYS_SO.search(text) and not _SAYS_MOVED.search(text)), None)


def _metres(lonlat: Floats, like: Floats | None = None) -> Floats:
    """Places in metres on a plane that fits around the first of `like`."""
    lat = (lonlat if like is None else like)[0, 1]
    return np.asarray(lonlat * [_PER_DEGREE * np.cos(np.radians(lat)), _PER_DEGREE], dtype=np.float64)


def _inverse(lonlat: Floats) -> Floats:
    """By iteration: the offset hardly differs between a place and the one it is drawn at."""
    real = lonlat.copy()
    for _ in range(_MOST_STEPS):
        error = shifted(real) - lonlat
        real -= error
        if not (np.abs(error) > _ENOUGH).any():
            break
    found = (np.abs(shifted(real) - lonlat) <= _ENOUGH).all(axis=1, keepdims=True)
    return np.where(found, real, lonlat)


def _offset(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Metres to the east and to the north."""
    short = 20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)
    root = np.sqrt(np.abs(x))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + (short + _waves(x, 20, 40, 150, 300)) * 2 / 3
    north = (
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + (short + _waves(y, 20, 40, 160, 320)) * 2 / 3
    )
    return east, north


def _waves(at: Floats, *heights: float) -> Floats:
    """Waves of 2°, 6°, 24° and 60°."""
    parts = (height * np.sin(at * np.pi / half) for height, half in zip(heights, (1, 3, 12, 30), strict=True))
    return np.asarray(np.sum(list(parts), axis=0), dtype=np.float64)
