"""From labels on a grid to a coverage: shared edges are traced once, smoothed once, and stay shared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from data.boundary import boundary
from pipelines.demo.ground.plane import Floats, Grid, Ints, Shapes, to_degrees, to_plane


@dataclass(frozen=True)
class Coverage:
    """Polygons in EPSG:4490 without gaps or overlaps between them, each with its label."""

    shapes: Shapes
    labels: Ints


def coverage(labels: Ints, g: Grid, *, least_m2: float, rounds: int = 6, tolerance_m: float | None = None) -> Coverage:
    """The faces of a label grid inside the county; label 0 is left out.

    least_m2: a smaller face joins the neighbour with which it shares most edge. rounds: of smoothing.
    """
    found = _traced(labels, g, rounds)
    found = _absorbed(_absorbed(found, least_m2), least_m2)
    return _lean(found, g.step / 5 if tolerance_m is None else tolerance_m)


def patches(labels: Ints, g: Grid, *, least_m2: float, rounds: int = 5) -> Coverage:
    """The faces of a label grid that stand apart on a background of 0; a smaller one is left out."""
    found = _traced(labels, g, rounds)
    kept = (found.labels > 0) & (_area(found.shapes) >= least_m2)
    return _lean(Coverage(found.shapes[kept], found.labels[kept]), g.step / 8)


def _traced(labels: Ints, g: Grid, rounds: int) -> Coverage:
    faces = _faces(_smoothed(_arcs(labels), rounds, g))
    middle = to_plane(shapely.get_coordinates(shapely.point_on_surface(faces)))
    found = labels[g.cell(middle[:, 0], middle[:, 1])]
    # A wide face full of holes may have its one point beside an edge that smoothing moved: its cells know better.
    for wide in np.flatnonzero(_area(faces) > 1_000 * g.step**2):
        found[wide] = _commonest(labels, g, faces[wide])
    return Coverage(faces, found)


def _commonest(labels: Ints, g: Grid, face: shapely.Polygon) -> int:
    """The label of most of a face's cells, every third of a row and column looked at."""
    x, y = (mesh[::3, ::3].ravel() for mesh in g.mesh())
    lon, lat = to_degrees(np.column_stack([x, y])).T
    inside = shapely.contains_xy(face, lon, lat)
    return int(np.bincount(labels[::3, ::3].ravel()[inside]).argmax())


def _lean(found: Coverage, tolerance_m: float) -> Coverage:
    """Without the vertices that a tolerance can spare, and without label 0; the county's outline stays as it is."""
    simple = shapely.coverage_simplify(found.shapes, tolerance_m / 105_000, simplify_boundary=False)
    kept = found.labels > 0
    return Coverage(simple[kept], found.labels[kept])


def _area(shapes: Shapes) -> Floats:
    """Rough area in m² of shapes in degrees."""
    return np.asarray(shapely.area(shapes) * 99_850 * 110_783)


def _arcs(labels: Ints) -> Shapes:
    """Lines between different labels, in cell units, from node to node."""
    rows, cols = np.nonzero(labels[1:] != labels[:-1])
    flat = np.stack([cols, rows + 1, cols + 1, rows + 1], 1)
    rows, cols = np.nonzero(labels[:, 1:] != labels[:, :-1])
    upright = np.stack([cols + 1, rows, cols + 1, rows + 1], 1)
    segments = np.concatenate([flat, upright]).astype(float).reshape(-1, 2, 2)
    lines: Shapes = np.asarray(shapely.linestrings(segments))
    return np.asarray(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines))))


def _smoothed(arcs: Shapes, rounds: int, g: Grid) -> Shapes:
    """Arcs without the steps of the grid, in degrees; their ends stay where they are."""
    points, arc = shapely.get_coordinates(arcs, return_index=True)
    free = np.zeros(len(points), dtype=bool)
    free[1:-1] = (arc[1:-1] == arc[:-2]) & (arc[1:-1] == arc[2:])
    k = np.flatnonzero(free)
    for _ in range(rounds):
        points[k] = points[k] / 2 + (points[k - 1] + points[k + 1]) / 4
    placed = to_degrees(points * g.step + np.array([g.x0, g.y0]))
    return np.asarray(shapely.linestrings(placed, indices=arc))


def _faces(arcs: Shapes) -> Shapes:
    """The polygons that arcs and the county's outline enclose, inside the county."""
    county = boundary()
    shapely.prepare(county)
    arcs = arcs[shapely.intersects(county, arcs)]
    inside = shapely.contains_properly(county, arcs)
    edge = shapely.union_all([*arcs[~inside], county.boundary])
    lines = np.concatenate([arcs[inside], shapely.get_parts(edge)])
    faces = shapely.get_parts(shapely.polygonize(lines))
    return np.asarray(faces[shapely.contains(county, shapely.point_on_surface(faces))])


def _absorbed(found: Coverage, least_m2: float) -> Coverage:
    shapes, labels = found.shapes.copy(), found.labels
    small = _area(shapes) < least_m2
    tiny = np.flatnonzero(small)
    if not len(tiny):
        return found
    left, right = shapely.STRtree(shapes).query(shapes[tiny], predicate="intersects")
    left = tiny[left]
    big = ~small[right]
    left, right = left[big], right[big]
    shared = _shared(shapes, left, right)
    best = np.lexsort((-shared, left))
    first = best[np.unique(left[best], return_index=True)[1]]
    first = first[shared[first] > 0]
    return _joined(shapes, labels, left[first], right[first])


def _shared(shapes: Shapes, left: Ints, right: Ints) -> Floats:
    return np.asarray(shapely.length(shapely.intersection(shapes[left], shapes[right])))


def _joined(shapes: Shapes, labels: Ints, small: Ints, into: Ints) -> Coverage:
    order = np.argsort(into, kind="stable")
    small, into = small[order], into[order]
    hosts, starts = np.unique(into, return_index=True)
    for host, group in zip(hosts, np.split(small, starts[1:]), strict=True):
        shapes[host] = shapely.union_all([shapes[host], *shapes[group]])
    keep = np.ones(len(shapes), dtype=bool)
    keep[small] = False
    return Coverage(shapes[keep], labels[keep])


def dissolved(found: Coverage, groups: Ints) -> tuple[Shapes, Ints]:
    """The union of each group of a coverage, and the groups; edges inside a group go."""
    order = np.argsort(groups, kind="stable")
    names, starts = np.unique(groups[order], return_index=True)
    parts = np.split(found.shapes[order], starts[1:])
    return np.array([shapely.coverage_union_all(p) for p in parts], dtype=object), names
