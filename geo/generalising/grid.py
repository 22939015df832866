"""Onto a grid of so many decimals of a degree: points, lines, and the mark of a shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely

from geo.crs import Floats, Shapes, metres_per_degree


def points(shapes: Shapes, *, decimals: int) -> Shapes:
    """(n,) points on the grid; None for nothing and for what is empty."""
    scale = 10.0**decimals
    found = np.array(shapely.transform(shapes, lambda xy: np.rint(xy * scale) / scale), dtype=object)
    found[shapely.get_num_coordinates(shapes) == 0] = None
    return found


def marks(shapes: Shapes, *, decimals: int) -> Shapes:
    """(n,) points on the grid, each next to a point within its shape; None for nothing and for what is empty."""
    return points(shapely.point_on_surface(shapes), decimals=decimals)


def lines(shapes: Shapes, *, widths_m: Floats, decimals: int) -> Shapes:
    """(n,) lines or multilines without the bends narrower than their width, on the grid; None where nothing is left.

    widths_m: (n,) metres.
    """
    plane = Plane.of(shapes, decimals)
    simple = shapely.simplify(plane.enter(shapely.normalize(shapes)), widths_m, preserve_topology=False)
    parts, of = shapely.get_parts(plane.leave(plane.to_cells(simple)), return_index=True)
    parts = shapely.remove_repeated_points(parts)
    kept = shapely.length(parts) > 0
    found = np.full(len(shapes), None, dtype=object)
    shapely.multilinestrings(parts[kept], indices=of[kept], out=found)
    return np.asarray(shapely.normalize(found), dtype=object)


class Plane:
    """Degrees as metres and back onto the grid: true to scale at the middle latitude of what it was made for.

    That latitude is taken to a tenth of a degree, so that one shape more or less seldom moves the others.
    """

    def __init__(self, latitude: float, decimals: int) -> None:
        self._scale = 10.0**decimals
        self._metres = metres_per_degree(np.round([latitude], 1))[0]

    @classmethod
    def of(cls, shapes: Shapes, decimals: int) -> Plane:
        south, north = shapely.total_bounds(shapes)[1::2]
        return cls(0.0 if np.isnan(south) else (south + north) / 2, decimals)

    def enter(self, degrees: Shapes) -> Shapes:
        return _each(degrees, lambda xy: xy * self._metres)

    def to_cells(self, metres: Shapes) -> Shapes:
        """Metres as steps of the grid, not whole ones."""
        return _each(metres, lambda xy: xy / self._metres * self._scale)

    def leave(self, cells: Shapes) -> Shapes:
        """Steps of the grid, made whole, as degrees: each the number nearest to its decimals."""
        return _each(cells, lambda xy: np.rint(xy) / self._scale)


def _each(shapes: Shapes, move: Callable[[Floats], Floats]) -> Shapes:
    return np.asarray(shapely.transform(shapes, move), dtype=object)
