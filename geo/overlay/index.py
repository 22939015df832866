"""The zones of a layer subdivided once, for many subjects: areas without a cut, whole pieces where they are asked for.

Areas come from `shared.py`, over disjoint cells; they say which subjects a zone has wholly, and every piece that GEOS
cuts is held against them. A piece is cut from one window of its zone that reaches around the subject, so that no seam
runs through it. Results do not depend on which subjects stand together, nor on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from zipfile import BadZipFile

import numpy as np
import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from geo.area import area
from geo.crs import Floats, Shapes
from geo.overlay.cutting import Mask, areal, divide, tried
from geo.overlay.shared import Outlines, outlines, shared_area
from geo.overlay.subdividing import Parts, subdivide
from geo.refusal import GeoRefusal
from geo.rings import Ints

_T = TypeVar("_T")

_CELL, _WINDOW = 64, 4096
"""Vertices that a cell and a window may have."""
_MARGIN = 0.004
"""Degrees, some 400 m, that a window reaches beyond its own box: subjects up to twice as wide have one around them."""
_AROUND = 1e-5
"""Degrees, some 1 m."""
_ROUNDING = 1e-11
"""Relative: what is nearer to a whole area is the whole."""
_GROUND_M2 = 1e-6
"""What is less is rounding, not ground: coordinates of degrees in double precision are good for 1.5 nm."""
_SUBJECTS, _CUTS = 8192, 512
"""Worked on at a time by one thread."""
_FORM = 1
"""Of the file: raised when what it holds changes."""


@dataclass(frozen=True)
class Shared:
    """Parallel arrays, in the order of subject, then zone: the area that the two share; all the subject has or not."""

    subject: Ints
    zone: Ints
    m2: Floats
    whole: Mask

    def __len__(self) -> int:
        return len(self.subject)


@dataclass(frozen=True)
class Index:
    """Zones, the disjoint cells they consist of, and overlapping windows of them; EPSG:4490."""

    zones: Shapes
    cells: Outlines
    cell_zone: Ints
    windows: Parts
    margin: float

    @classmethod
    def of(cls, zones: Shapes, *, cell: int = _CELL, window: int = _WINDOW, margin: float = _MARGIN) -> Index:
        """Subdivide (n,) valid polygons or multipolygons.

        cell, window: vertices that each may have. margin: degrees that a window reaches beyond its own box. Raises
        GeoRefusal.
        """
        zones = np.asarray(zones, dtype=object)
        cells = subdivide(zones, vertices=cell)
        lines, of = outlines(cells.shape), cells.zone
        del cells  # Its shapes are needed no more, and windows take as much memory again.
        return cls(zones, lines, of, subdivide(zones, vertices=window, margin=margin), margin)

    def areas(self, subjects: Shapes, *, threads: int = 1) -> Shared:
        """Every subject and zone that share ground, and how much of it; (n,) valid polygons or multipolygons."""
        subjects = np.asarray(subjects, dtype=object)
        tree = self._cell_tree
        found = _in_threads(
            lambda at: self._areas(subjects[at], tree), len(subjects), portion=_SUBJECTS, threads=threads
        )
        for number, part in enumerate(found):
            part.subject[:] += number * _SUBJECTS
        return Shared(*(np.concatenate([getattr(part, name) for part in (_nothing(), *found)]) for name in _SHARED))

    def _areas(self, subjects: Shapes, tree: shapely.STRtree) -> Shared:
        subject, cell = tree.query(subjects)
        if not len(subject):
            return _nothing()
        touched, of = np.unique(subject, return_inverse=True)
        near = outlines(subjects[touched])
        m2 = shared_area(near, self.cells, of, cell)
        return _summed(of, self.cell_zone[cell], m2, touched, near.m2)

    def pieces(self, subjects: Shapes, shared: Shared, *, threads: int = 1) -> Shapes:
        """(m,) the ground that each pair of `areas` shares. Raises GeoRefusal where no cut can be believed.

        A subject that a zone covers is its own piece, unchanged, and so is a zone that a subject covers.
        """
        subjects = np.asarray(subjects, dtype=object)
        found = subjects[shared.subject]
        covered = ~shared.whole & (shared.m2 >= self._zone_m2[shared.zone] * (1 - _ROUNDING))
        found[covered] = self.zones[shared.zone[covered]]
        crossing = np.flatnonzero(~shared.whole & ~covered)
        if not len(crossing):
            return found
        around = self._around(subjects[shared.subject[crossing]], shared.zone[crossing])

        def cut(at: slice) -> Shapes:
            return areal(tried(shapely.intersection, found[crossing[at]], _close(around[at], found[crossing[at]])))

        cuts = _in_threads(cut, len(crossing), portion=_CUTS, threads=threads)
        made = np.concatenate(cuts)
        doubtful = ~_agree(made, shared.m2[crossing])
        made[doubtful] = self._with_care(found[crossing[doubtful]], shared, crossing[doubtful])
        found[crossing] = made
        return found

    def save(self, path: Path) -> None:
        """Write it to a file, which is there wholly or not at all."""
        held = {f"cells_{name}": getattr(self.cells, name) for name in _OUTLINES}
        held |= {"cell_zone": self.cell_zone, "window_zone": self.windows.zone, "window_box": self.windows.box}
        held |= _flat("zones", self.zones) | _flat("windows", self.windows.shape)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with part.open("wb") as stream:
                np.savez(stream, form=np.array(_FORM), margin=np.array(self.margin), **held)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Index | None:
        """Read it back: the same in every bit. None where the file is not there, broken, or of another form."""
        try:
            with path.open("rb") as stream, np.load(stream) as held:
                if held["form"] != _FORM:
                    return None
                cells = Outlines(*(held[f"cells_{name}"] for name in _OUTLINES))
                windows = Parts(held["window_zone"], held["window_box"], _shapes("windows", held))
                return cls(_shapes("zones", held), cells, held["cell_zone"], windows, float(held["margin"]))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):  # numpy has no error of its own for it
            return None

    @cached_property
    def _cell_tree(self) -> shapely.STRtree:
        return _tree(self.cells.bounds)

    @cached_property
    def _window_tree(self) -> shapely.STRtree:
        return _tree(self.windows.box)

    @cached_property
    def _zone_m2(self) -> Floats:
        return area(self.zones)

    def _around(self, subjects: Shapes, zone: Ints) -> Shapes:
        """The window of its zone that reaches around each subject, or the zone itself where none does."""
        bounds = shapely.bounds(subjects)
        middle = shapely.points((bounds[:, :2] + bounds[:, 2:]) / 2)
        subject, window = self._window_tree.query(middle)
        own = self.windows.zone[window] == zone[subject]
        subject, window = subject[own], window[own]
        inner, outer = bounds[subject], self.windows.box[window] + self.margin * np.array([-1, -1, 1, 1])
        fits = (inner[:, :2] > outer[:, :2]).all(axis=1) & (inner[:, 2:] < outer[:, 2:]).all(axis=1)
        around = self.zones[zone]
        around[subject[fits]] = self.windows.shape[window[fits]]
        return around

    def _with_care(self, subjects: Shapes, shared: Shared, at: Ints) -> Shapes:
        """Cut by the whole zone, a cut that is believed on its own account. Raises GeoRefusal."""
        if not len(at):
            return subjects
        within = divide(subjects, self.zones[shared.zone[at]])[0]
        wrong = np.flatnonzero(~_agree(within, shared.m2[at]))
        if len(wrong):
            lon, lat = shapely.get_coordinates(shapely.point_on_surface(subjects[wrong[0]]))[0]
            raise GeoRefusal("overlay.doubtful", lon=f"{lon:.5f}", lat=f"{lat:.5f}")
        return within


_SHARED = ("subject", "zone", "m2", "whole")
_OUTLINES = ("x", "y", "start", "end", "weight", "of", "bounds", "m2")


def _tree(boxes: Floats) -> shapely.STRtree:
    return shapely.STRtree(np.asarray(shapely.box(*boxes.T), dtype=object))


def _nothing() -> Shared:
    return Shared(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))


def _summed(pair: Ints, zone: Ints, m2: Floats, subjects: Ints, own: Floats) -> Shared:
    """What cells give, added up by subject and zone. own: m² of each of the subjects."""
    order = np.lexsort((zone, pair))
    pair, zone, m2 = pair[order], zone[order], m2[order]
    first = np.flatnonzero(np.diff(pair, prepend=-1) | np.diff(zone, prepend=-1))
    total = np.add.reduceat(m2, first) if len(first) else m2
    whole = total >= own[pair[first]] * (1 - _ROUNDING)
    total = np.where(whole, own[pair[first]], total)
    ground = total > _GROUND_M2
    return Shared(subjects[pair[first]][ground], zone[first][ground], total[ground], whole[ground])


def _close(zones: Shapes, subjects: Shapes) -> Shapes:
    """What of each zone lies in the box of its subject and a little around it: clipping costs less than cutting."""
    bounds = shapely.bounds(subjects) + _AROUND * np.array([-1, -1, 1, 1])
    return np.array([_clipped(zone, box) for zone, box in zip(zones, bounds.tolist(), strict=True)], dtype=object)


def _clipped(zone: BaseGeometry, box: list[float]) -> BaseGeometry:
    try:
        return shapely.clip_by_rect(zone, *box)
    except GEOSException:  # a vertex that all but lies on the box's side
        return zone


def _agree(pieces: Shapes, m2: Floats) -> Mask:
    """Whether pieces have the areas that their edges said: a tenth of a thousandth m², or 1e-9 of a large one."""
    return np.asarray(np.abs(area(pieces) - m2) <= 1e-4 + 1e-9 * m2)


def _in_threads(work: Callable[[slice], _T], n: int, *, portion: int, threads: int) -> list[_T]:
    """What `work` gives for each portion of n things, in their order."""
    portions = [slice(start, start + portion) for start in range(0, n, portion)]
    if threads == 1 or len(portions) < 2:
        return [work(one) for one in portions]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, portions))


def _flat(name: str, shapes: Shapes) -> dict[str, np.ndarray]:
    if not len(shapes):
        return {}
    kind, xy, offsets = shapely.to_ragged_array(shapes, include_z=False)
    return {f"{name}_kind": np.array(kind.value), f"{name}_xy": xy} | {f"{name}_{n}": o for n, o in enumerate(offsets)}


def _shapes(name: str, held: np.lib.npyio.NpzFile) -> Shapes:
    if f"{name}_kind" not in held:
        return np.empty(0, dtype=object)
    kind = shapely.GeometryType(int(held[f"{name}_kind"]))
    offsets = [held[f"{name}_{n}"] for n in range(3 if kind == shapely.GeometryType.MULTIPOLYGON else 2)]
    return np.asarray(shapely.from_ragged_array(kind, held[f"{name}_xy"], tuple(offsets)))
