"""The area that two shapes share, without cutting them: from their edges alone, pair by pair.

Let s be the sign of an edge, +1 where its shape lies below it, −1 where above. For closed outlines a and b

    shared area = − Σ Σ s_a s_b ∫ max(y_a − y_b, 0) dx      over every pair of edges, where both have an x.

There is no case to tell apart: edges that touch, coincide or end on one another change the sum by nothing but rounding,
so that data snapped to the zones are as safe as any. Each integral is taken on the ellipsoid, as in `geo.area`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numba import njit

from geo.area import ring_areas, strips
from geo.crs import Floats, Shapes
from geo.rings import Ints, as_rings


@dataclass(frozen=True)
class Outlines:
    """The rings of n shapes, in their order. bounds: (n, 4) degrees. m2: (n,) as geo.area.area gives.

    x, y: degrees of every vertex. start, end: per ring, its first vertex and its last. weight: per ring, +1 where its
    shape lies to its left, −1 where to its right. of: (n + 1,) the first ring of each shape.
    """

    x: Floats
    y: Floats
    start: Ints
    end: Ints
    weight: Floats
    of: Ints
    bounds: Floats
    m2: Floats

    @cached_property
    def vertices(self) -> Ints:
        """(n,) how many each shape has."""
        so_far = np.append(0, np.cumsum(self.end - self.start + 1))
        return np.asarray(so_far[self.of[1:]] - so_far[self.of[:-1]], dtype=np.int64)


def outlines(shapes: Shapes) -> Outlines:
    """What of (n,) polygons or multipolygons their shared areas are made of."""
    rings = as_rings(shapes)
    order = np.argsort(rings.shape, kind="stable")
    end = np.append(rings.first[1:], len(rings.x)) - 1
    m2 = ring_areas(rings)
    weight = rings.sign * np.sign(m2)
    of = np.searchsorted(rings.shape[order], np.arange(rings.n + 1))
    ringed = rings.first[order], end[order], weight[order]
    return Outlines(rings.x, rings.y, *ringed, of, shapely.bounds(shapes), rings.total(m2))


def shared_area(subjects: Outlines, zones: Outlines, subject: Ints, zone: Ints) -> Floats:
    """(m,) m² that a subject and a zone share, for m pairs of their numbers; what only touches shares 0 ± 1e-9 m²."""
    if not len(subject):
        return np.empty(0)
    weights = strips(subjects.bounds[:, 1], subjects.bounds[:, 3])
    found, near = np.empty(len(subject)), np.empty((zones.vertices[zone].max(), 5))
    _sums(*_arrays(subjects), *_arrays(zones), subject, zone, weights, near, found)
    return found


def _arrays(of: Outlines) -> tuple[Floats, Floats, Ints, Ints, Floats, Ints, Floats]:
    return of.x, of.y, of.start, of.end, of.weight, of.of, of.bounds


# Machine code, kept beside the file: ten times faster than whole arrays, whose false pairs cost more than the true.
@njit(nogil=True, cache=True, error_model="numpy")
def _sums(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917 -- numba takes arrays, not values that hold them
    ax, ay, a_start, a_end, a_weight, a_of, a_box, bx, by, b_start, b_end, b_weight, b_of, b_box,
    subject, zone, weights, near, found,
):  # fmt: skip
    for pair in range(len(subject)):
        i, j = subject[pair], zone[pair]
        n = _near(bx, by, b_start, b_end, b_weight, b_of[j], b_of[j + 1], a_box[i], near)
        total = 0.0
        for ring in range(a_of[i], a_of[i + 1]):
            for k in range(a_start[ring], a_end[ring]):
                if ax[k] != ax[k + 1] and _meets(ax[k], ay[k], ax[k + 1], ay[k + 1], b_box[j]):
                    sign = a_weight[ring] if ax[k] > ax[k + 1] else -a_weight[ring]
                    total -= sign * _below(ax[k], ay[k], ax[k + 1], ay[k + 1], near[:n], a_box[i, 1], weights[i])
        found[pair] = total


@njit(nogil=True, cache=True, error_model="numpy")
def _meets(x1, y1, x2, y2, box):  # type: ignore[no-untyped-def]
    """Whether an edge has an x within the box, and comes above its lower side: below it, it has nothing under it."""
    return max(x1, x2) > box[0] and min(x1, x2) < box[2] and max(y1, y2) > box[1]


@njit(nogil=True, cache=True, error_model="numpy")
def _near(x, y, start, end, weight, first, last, box, near):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917 -- as above
    """Write the edges of a shape that may lie under something in the box, west end first, with their signs."""
    n = 0
    for ring in range(first, last):
        for k in range(start[ring], end[ring]):
            x1, y1, x2, y2, sign = x[k], y[k], x[k + 1], y[k + 1], -weight[ring]
            if x1 > x2:
                x1, y1, x2, y2, sign = x2, y2, x1, y1, -sign
            if x1 != x2 and x2 > box[0] and x1 < box[2] and min(y1, y2) < box[3]:
                near[n, 0], near[n, 1], near[n, 2], near[n, 3], near[n, 4] = x1, y1, x2, y2, sign
                n += 1
    return n


@njit(nogil=True, cache=True, error_model="numpy")
def _below(x1, y1, x2, y2, edges, south, weights):  # type: ignore[no-untyped-def]
    """Σ s_b ∫ max(y_a − y_b, 0) dx of one edge a over edges b, in m²."""
    if x1 > x2:
        x1, y1, x2, y2 = x2, y2, x1, y1
    slope, top, total = (y2 - y1) / (x2 - x1), max(y1, y2), 0.0
    for b in range(len(edges)):
        west, east = max(x1, edges[b, 0]), min(x2, edges[b, 2])
        if east <= west or (edges[b, 1] >= top and edges[b, 3] >= top):
            continue
        fall = (edges[b, 3] - edges[b, 1]) / (edges[b, 2] - edges[b, 0])
        # u: how far a lies above the subject's lower side, v: how far b, at the west and at the east.
        u1, u2 = y1 - south + slope * (west - x1), y1 - south + slope * (east - x1)
        v1 = edges[b, 1] - south + fall * (west - edges[b, 0])
        v2 = edges[b, 1] - south + fall * (east - edges[b, 0])
        above1, above2, wide = u1 - v1, u2 - v2, east - west
        if above1 <= 0 and above2 <= 0:
            continue
        if above1 < 0:
            part = above1 / (above1 - above2)
            u1 += part * (u2 - u1)
            v1 = u1
            wide *= 1 - part
        elif above2 < 0:
            part = above1 / (above1 - above2)
            u2 = u1 + part * (u2 - u1)
            v2 = u2
            wide *= part
        total += edges[b, 4] * wide * _strip(u1, u2, v1, v2, weights)
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _strip(u1, u2, v1, v2, weights):  # type: ignore[no-untyped-def]
    """m² a degree of longitude between two edges: Σ w_k (h_k(u) − h_k(v)), h_k = u₁ᵏ + u₁ᵏ⁻¹u₂ + … + u₂ᵏ."""
    u_sum, u_product, u_now, u_before = u1 + u2, u1 * u2, u1 + u2, 1.0
    v_sum, v_product, v_now, v_before = v1 + v2, v1 * v2, v1 + v2, 1.0
    total = 0.0
    for weight in weights:
        total += weight * (u_now - v_now)
        u_now, u_before = u_sum * u_now - u_product * u_before, u_now
        v_now, v_before = v_sum * v_now - v_product * v_before, v_now
    return total
