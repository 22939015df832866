"""The ground the demo stands on: a plane in metres over the county's real outline, grids and noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from data.boundary import boundary

Floats = NDArray[Any]
Ints = NDArray[Any]
Mask = NDArray[np.bool_]
Shapes = NDArray[np.object_]

_ORIGIN = np.array([115.45, 26.35])
_METRES = np.array([99_850.0, 110_783.0])
"""Metres in a degree of longitude and latitude at the origin. Affine, so that straight stays straight."""
_A, _E = 6_378_137.0, 0.0818191910428158


def to_plane(lonlat: Floats) -> Floats:
    """Degrees (n, 2) to metres on the demo's plane."""
    return np.asarray((lonlat - _ORIGIN) * _METRES)


def to_degrees(plane: Floats) -> Floats:
    """Metres (n, 2) to degrees at 9 decimals, a tenth of a millimetre."""
    return np.asarray(np.round(plane / _METRES + _ORIGIN, 9))


def placed(shapes: Any) -> Any:
    """Shapes of the plane as EPSG:4490."""
    return shapely.transform(shapes, to_degrees)


def on_plane(shapes: Any) -> Any:
    """Shapes in EPSG:4490 on the plane."""
    return shapely.transform(shapes, to_plane)


def _equal_area(lonlat: Floats) -> Floats:
    s = np.sin(np.radians(lonlat[:, 1]))
    q = (1 - _E**2) * (s / (1 - (_E * s) ** 2) + np.arctanh(_E * s) / _E)
    return np.column_stack([_A * np.radians(lonlat[:, 0]), _A * q / 2])


def area_m2(shapes: Any) -> Any:
    """Ellipsoidal area of shapes in EPSG:4490, by the equal-area cylinder of CGCS2000."""
    return shapely.area(shapely.transform(shapes, _equal_area))


@dataclass(frozen=True)
class Grid:
    """Square cells on the plane; row 0 is the southernmost."""

    x0: float
    y0: float
    step: float
    shape: tuple[int, int]

    @property
    def centres(self) -> tuple[Floats, Floats]:
        rows, cols = self.shape
        return self.x0 + (np.arange(cols) + 0.5) * self.step, self.y0 + (np.arange(rows) + 0.5) * self.step

    def mesh(self) -> tuple[Floats, Floats]:
        x, y = self.centres
        xx, yy = np.meshgrid(x, y)
        return xx, yy

    def cell(self, x: Any, y: Any) -> tuple[Ints, Ints]:
        """Row and column of each point, held at the edge."""
        row = np.clip(((np.asarray(y) - self.y0) / self.step).astype(int), 0, self.shape[0] - 1)
        col = np.clip(((np.asarray(x) - self.x0) / self.step).astype(int), 0, self.shape[1] - 1)
        return row, col

    def at(self, field: Floats, x: Floats, y: Floats) -> Floats:
        """A field of this grid at points, bilinear."""
        u = np.clip((x - self.x0) / self.step - 0.5, 0, self.shape[1] - 1.001)
        v = np.clip((y - self.y0) / self.step - 0.5, 0, self.shape[0] - 1.001)
        i, j = v.astype(int), u.astype(int)
        v, u = v - i, u - j
        low = field[i, j] * (1 - u) + field[i, j + 1] * u
        high = field[i + 1, j] * (1 - u) + field[i + 1, j + 1] * u
        return np.asarray(low * (1 - v) + high * v)


def grid(step: float, margin_m: float = 2_500) -> Grid:
    """A grid over the county and a margin."""
    west, south, east, north = on_plane(boundary()).bounds
    across = (np.array([north - south, east - west]) + 2 * margin_m) / step
    rows, cols = np.ceil(across).astype(int)
    return Grid(west - margin_m, south - margin_m, step, (int(rows), int(cols)))


def within(area: Any, g: Grid) -> Mask:
    """The cells of a grid whose centre lies in an area of the plane."""
    shapely.prepare(area)
    xx, yy = g.mesh()
    return np.asarray(shapely.contains_xy(area, xx, yy))


def noise(rng: np.random.Generator, x: Floats, y: Floats, wave_m: float, octaves: int = 4) -> Floats:
    """Fractal noise at points, about -1 to 1; each octave has half the wave, from `wave_m`, and half the height."""
    total = np.zeros(np.broadcast(x, y).shape, dtype=np.float32)
    for octave in range(octaves):
        total += 0.5**octave * _octave(rng, x, y, wave_m / 2**octave)
    return total


def _octave(rng: np.random.Generator, x: Floats, y: Floats, wave: float) -> Floats:
    turn = rng.uniform(0, 2 * np.pi)  # else forest edges of all octaves line up with the axes
    u, v = (np.cos(turn) * x + np.sin(turn) * y) / wave, (np.cos(turn) * y - np.sin(turn) * x) / wave
    u, v = u + rng.uniform(1_000, 2_000), v + rng.uniform(1_000, 2_000)
    lattice = rng.uniform(-1, 1, (512, 512)).astype(np.float32)
    i, j = np.floor(v).astype(int), np.floor(u).astype(int)
    s, t = _ease(v - i), _ease(u - j)
    i, j, k, m = i % 512, j % 512, (i + 1) % 512, (j + 1) % 512
    low = lattice[i, j] * (1 - t) + lattice[i, m] * t
    high = lattice[k, j] * (1 - t) + lattice[k, m] * t
    return np.asarray(low * (1 - s) + high * s)


def _ease(t: Floats) -> Floats:
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
