"""Large zones cut into small parts, so that what meets a subject is found at once and is small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geo.crs import Floats, Shapes
from geo.overlay.cutting import Mask, areal, divide, tried
from geo.refusal import GeoRefusal
from geo.rings import Ints, portions

_FAR = 1.0
"""Degrees: a half plane is cut off as a rectangle whose other sides lie this far from everything."""
_SMALLEST = 1e-7
"""Degrees: no part is cut smaller, however many vertices it has."""
_NEAR = 1e-9
"""Degrees, 0.1 mm: what is nearer to a cut may touch it."""
_BLOCK = 262_144
"""Vertices looked at together: of millions at once, the arrays beside them take more memory than the zones."""


@dataclass(frozen=True)
class Parts:
    """Parallel arrays. zone: which zone a part is of. box: (m, 4) degrees, its own; the boxes of a zone tile it.

    shape: what of the zone lies in the box, or up to a margin around it.
    """

    zone: Ints
    box: Floats
    shape: Shapes

    def __getitem__(self, chosen: Mask) -> Parts:
        return Parts(self.zone[chosen], self.box[chosen], self.shape[chosen])


def subdivide(zones: Shapes, *, vertices: int, margin: float = 0.0) -> Parts:
    """Halve the box of every zone, and again, until no part has more vertices or its box is as small as the margin.

    margin: degrees around its box that a part holds too; without one, the parts sum to the zone. Raises GeoRefusal.
    """
    grown = shapely.bounds(zones) + margin * np.array([-1, -1, 1, 1])
    left = Parts(np.arange(len(zones)), grown, zones)[~shapely.is_empty(zones)]
    done = []
    while len(left.zone):
        small = (shapely.get_num_coordinates(left.shape) <= vertices) | (_sides(left.box).max(axis=1) <= _least(margin))
        done.append(left[small])
        left = _halves(left[~small], margin)
    return joined([left, *done])


def joined(parts: Sequence[Parts]) -> Parts:
    """All of them, in the order of their zones."""
    zone = np.concatenate([part.zone for part in parts])
    order = np.argsort(zone, kind="stable")
    box, shape = (np.concatenate([getattr(part, name) for part in parts]) for name in ("box", "shape"))
    return Parts(zone[order], box[order], shape[order])


def _least(margin: float) -> float:
    return max(margin, _SMALLEST)


def _sides(box: Floats) -> Floats:
    return np.asarray(box[:, 2:] - box[:, :2])


def _halves(parts: Parts, margin: float) -> Parts:
    """Both halves of each part across its longer side, without those that hold nothing."""
    across = np.argmax(_sides(parts.box), axis=1)
    row = np.arange(len(across))
    cut = (parts.box[row, across] + parts.box[row, across + 2]) / 2
    low, high = parts.box.copy(), parts.box.copy()
    low[row, across + 2] = high[row, across] = cut
    first, second = (_within(parts.shape, box, side, margin) for box, side in ((low, across + 2), (high, across)))
    if not margin:
        _believe(parts.shape, low, first, second)
    both = Parts(np.tile(parts.zone, 2), np.concatenate([low, high]), np.concatenate([first, second]))
    return both[~shapely.is_empty(both.shape)]


def _within(shapes: Shapes, box: Floats, side: Ints, margin: float) -> Shapes:
    """What of each shape lies on the inner side of one side of its box, the margin added."""
    far = shapely.bounds(shapes) + _FAR * np.array([-1, -1, 1, 1])
    row = np.arange(len(side))
    far[row, side] = box[row, side] + margin * np.where(side < 2, -1, 1)
    found, touching = np.array(shapes, dtype=object), _on_line(shapes, side % 2, far[row, side])
    # Clipping joins what touches the cut in a single point, into rings that cross or have two points.
    boxes = np.asarray(shapely.box(*far[touching].T), dtype=object).reshape(-1)
    found[touching] = tried(shapely.intersection, shapes[touching], boxes)
    clear = np.flatnonzero(~touching)
    found[clear] = [shapely.clip_by_rect(shapes[i], *far[i].tolist()) for i in clear]
    return areal(found)


def _on_line(shapes: Shapes, axis: Ints, at: Floats) -> Mask:
    """Whether a vertex of each shape has that longitude (axis 0) or latitude (axis 1), or all but has it."""
    found = np.zeros(len(shapes), dtype=np.bool_)
    for portion in portions(shapes, vertices=_BLOCK):
        xy, of = shapely.get_coordinates(shapes[portion], return_index=True)
        near = np.abs(xy[np.arange(len(of)), axis[portion][of]] - at[portion][of]) < _NEAR
        found[portion.start + of[near]] = True
    return found


def _believe(shapes: Shapes, low: Floats, first: Shapes, second: Shapes) -> None:
    """Cut once more, with care, what does not sum to the whole: clipping can lose ground that lies along the cut."""
    missing = np.abs(shapely.area(shapes) - shapely.area(first) - shapely.area(second))
    doubtful = missing > 1e-12 * shapely.area(shapes) + 1e-13 * shapely.length(shapes)
    far = low + _FAR * np.array([-1, -1, 0, 0])  # The halves before it lie nowhere near.
    for part in np.flatnonzero(doubtful):
        one, box = shapes[part : part + 1], np.array([shapely.box(*far[part])], dtype=object)
        try:
            first[part], second[part] = (half[0] for half in divide(one, box))
        except GeoRefusal:
            first[part], second[part] = one[0], shapely.Polygon()  # whole for now: the next cut lies elsewhere
