"""The ground that is drawn about a parcel: at a round scale, of one shape whatever the parcel's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin, sqrt

from geo.crs import Floats
from pipelines.paper.sheet.result import Extent

MAP_MM = (165.0, 110.0)
"""Width and height of the map on paper."""
_A, _E2 = 6378137.0, 0.00669438002290
"""The ellipsoid of CGCS2000."""
_ROOM = 0.75
"""The share of the map that a parcel takes at most."""
_ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)


@dataclass(frozen=True)
class Frame:
    """A window of longitudes and latitudes as a map: metres, millimetres, scale."""

    window: Extent

    @cached_property
    def metres_per_degree(self) -> tuple[float, float]:
        """East and north, in the middle of the window."""
        return _metres_per_degree((self.window[1] + self.window[3]) / 2)

    @property
    def metres(self) -> float:
        """The width of the window on the ground."""
        return (self.window[2] - self.window[0]) * self.metres_per_degree[0]

    @property
    def scale(self) -> int:
        """Its denominator."""
        return round(self.metres / MAP_MM[0] * 1000)

    def placed(self, lonlat: Floats, *, width: float) -> Floats:
        """(n, 2) longitudes and latitudes as x to the right and y downwards, on a map of that width."""
        west, _, east, north = self.window
        over = width / (east - west)
        up = over * self.metres_per_degree[1] / self.metres_per_degree[0]
        placed: Floats = (lonlat - [west, north]) * [over, -up]
        return placed


def window(bounds: Extent) -> Extent:
    """The window at the largest round scale that leaves room about an extent."""
    west, south, east, north = bounds
    x, y = (west + east) / 2, (south + north) / 2
    wide, high = _metres_per_degree(y)
    width, height = (side / 1000 for side in MAP_MM)
    least = max((east - west) * wide / width, (north - south) * high / height) / _ROOM
    scale = next(round(s * 10**k) for k in range(2, 9) for s in _ROUND if s * 10**k >= max(least, 500))
    half, up = scale * width / wide / 2, scale * height / high / 2
    return x - half, y - up, x + half, y + up


def _metres_per_degree(latitude: float) -> tuple[float, float]:
    phi = radians(latitude)
    flat = 1 - _E2 * sin(phi) ** 2
    return radians(1) * _A * cos(phi) / sqrt(flat), radians(1) * _A * (1 - _E2) / flat**1.5
