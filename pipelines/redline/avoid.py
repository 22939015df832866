"""Ways round (避让): the least trim, shift and turn of a footprint, and bypass of a corridor, that clear chosen rows.

Each alternative is laid over every control layer by the same check, in the same session and for the same day, and only
what that check finds clear of the chosen rows is an alternative. Rows that are not loaded are not checked, and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from data.avoiding import Avoidance
from data.boundary import boundary
from data.checking import SheetRow
from geo.area import area, survey_area
from geo.avoidance.bypass import bypass
from geo.avoidance.plane import Plane, bow_m, grown, plane_around, zone_for
from geo.avoidance.ribbon import axis_of
from geo.crs import Shapes, from_storage
from geo.overlay import divide
from geo.reading import Row
from geo.refusal import Note
from layers.ground.layer import layer_named
from layers.ground.questions import features_near
from pipelines.redline.check import Parcel, Sheet, check, in_force, of_kind, parcels
from pipelines.redline.ways import Way, corridor, least_reach, ways_along, ways_round

_METRES_A_DEGREE = 80_000
"""At most as many in China south of 44°: a box grown by it is large enough."""


@dataclass(frozen=True)
class Subject:
    """What shall find its way round: a footprint, or a corridor about its axis (EPSG:4490)."""

    parcel: Parcel
    epsg: int
    """The Gauss zone to work in and to write."""
    axis: LineString | None = None
    width_m: float = 0.0


@dataclass(frozen=True)
class Wish:
    """What is to be cleared, by how much, and how far one may go for it."""

    rows: tuple[SheetRow, ...]
    clearance_m: float
    limits: Avoidance


@dataclass(frozen=True)
class Alternative:
    """A way round with its sheet."""

    way: Way
    sheet: Sheet
    kept_m2: float
    """Of the original's ground."""
    lost_m2: float
    """Less than the original has; negative where it has more."""
    gap_m: float
    """To the nearest zone of the chosen rows; inf where none is near."""


@dataclass(frozen=True)
class Comparison:
    """What 方案比选 compares: the original, then the alternatives, the best first, and why there are no more."""

    subject: Subject
    original: Sheet
    alternatives: tuple[Alternative, ...]
    notes: tuple[Note, ...]
    unloaded: tuple[SheetRow, ...]
    """Of the chosen rows, those that are not loaded: not checked, on any alternative."""


def subjects(
    rows: Iterable[Row], *, width_m: float | None, epsg: int, named_by: Sequence[str]
) -> Iterator[Subject | tuple[int, Note]]:
    """Rows of a file as subjects; or the row's number and why it is none.

    Without a width an area is a footprint, and a line is refused; with one both are corridors, a line by its axis, an
    area by its middle line. epsg: the CRS of the file; where it is no Gauss zone, the nearest of 3° is worked in.
    """
    for row in rows:
        if row.shape is None or row.shape.geom_type != "MultiLineString":
            (found,) = parcels([row], named_by=named_by)
            yield _of_area(found, width_m, epsg) if isinstance(found, Parcel) else found
            continue
        joined = shapely.line_merge(row.shape)
        if width_m is None:
            yield row.number, Note("avoid.width_needed")
        elif joined.geom_type != "LineString" or joined.is_ring:
            yield row.number, Note("avoid.many_lines", {"count": len(shapely.get_parts(joined))})
        else:
            yield _of_line(row, joined, width_m, zone_for(joined, epsg), named_by)


def compare(session: Session, subject: Subject, wish: Wish, *, on: date) -> Comparison:
    """Ways round for one subject, as the session sees the layers. Raises GeoRefusal as the overlay."""
    (original,) = check(session, [subject.parcel], on=on)
    chosen = [found for found in original.findings if found.row in wish.rows]
    unloaded = tuple(found.row for found in chosen if not found.loaded)
    if len(unloaded) == len(chosen):
        return Comparison(subject, original, (), (), unloaded)
    ground = _Ground(session, subject, wish, on)
    if not _touches(original, wish) and ground.gap_m(subject.parcel.shape) >= wish.clearance_m:
        return Comparison(subject, original, (), (Note("avoid.nothing"),), unloaded)
    blocked = ground.blocked(wish.limits.within_m)
    found = ground.ways(blocked)
    sheets = check(session, [_parcel(subject, way) for way in found], on=on)
    clear = [(way, sheet) for way, sheet in zip(found, sheets, strict=True) if not _touches(sheet, wish)]
    unclear = [Note("avoid.not_clear", {"count": len(found) - len(clear)})] if len(found) > len(clear) else []
    alternatives = sorted((_alternative(way, sheet, original, ground) for way, sheet in clear), key=_rank)
    misses = _misses(ground, blocked, [way for way, _ in clear])
    return Comparison(subject, original, tuple(alternatives), (*unclear, *misses), unloaded)


@dataclass(frozen=True)
class _Ground:
    """The ground round a subject."""

    session: Session
    subject: Subject
    wish: Wish
    on: date

    @cached_property
    def plane(self) -> Plane:
        return plane_around(self.subject.parcel.shape, self.subject.epsg)

    @cached_property
    def traced(self) -> Any:
        """The subject in the plane: its footprint, or its axis."""
        shape = self.subject.parcel.shape if self.subject.axis is None else self.subject.axis
        (traced,) = self.plane.traced(np.array([shape], dtype=object))
        return traced

    def gap_m(self, shape: BaseGeometry) -> float:
        """From a shape of EPSG:4490 to the nearest zone within reach; inf where none is."""
        (traced,) = self.plane.traced(np.array([shape], dtype=object))
        return float(np.nan_to_num(shapely.distance(traced, self._zones), nan=np.inf))

    @cached_property
    def _zones(self) -> BaseGeometry:
        return self._zones_within(self.wish.limits.within_m)

    def _zones_within(self, reach_m: float) -> BaseGeometry:
        """What the chosen rows hold within reach, in the plane."""
        near = self._near(reach_m)
        shapes = [shape for row in self.wish.rows for shape in self._of(row, near)]
        clipped = shapely.intersection(np.array(shapes, dtype=object), near)
        return shapely.union_all(self.plane.traced(clipped))

    def blocked(self, reach_m: float) -> BaseGeometry:
        """Where a footprint, or an axis, must not be: the chosen rows, and beyond the county when it begins inside."""
        half = self.subject.width_m / 2
        (laid,) = self.plane.laid(np.array([self.subject.parcel.shape], dtype=object))
        allowance = self.wish.limits.allowance_m + bow_m(laid)
        zones = grown(self._zones_within(reach_m), self.wish.clearance_m + half + allowance)
        if not boundary().covers(self.subject.parcel.shape):
            return zones
        outside = shapely.difference(self._near(reach_m), boundary())
        (beyond,) = self.plane.traced(np.array([outside], dtype=object))
        return shapely.union(zones, grown(beyond, half + allowance) if half else beyond)

    def ways(self, blocked: BaseGeometry) -> list[Way]:
        limits = self.wish.limits
        if self.subject.axis is None:
            return list(ways_round(self.subject.parcel.shape, blocked, self.plane, limits))
        return list(ways_along(self.subject.axis, self.subject.width_m, blocked, self.plane, limits))

    def _near(self, reach_m: float) -> BaseGeometry:
        """The box round the subject that its ways may come to."""
        reach = reach_m + self.wish.clearance_m + self.subject.width_m + 1
        west, south, east, north = self.subject.parcel.shape.bounds
        wide = reach / _METRES_A_DEGREE
        return shapely.box(west - wide, south - wide, east + wide, north + wide)

    def _of(self, row: SheetRow, near: BaseGeometry) -> Shapes:
        layer = layer_named(row.layer)
        of_row = of_kind(layer, row)
        return features_near(self.session, layer, [], near, *of_row, *in_force(layer, self.on)).shapes


def _misses(ground: _Ground, blocked: BaseGeometry, ways: Sequence[Way]) -> Iterator[Note]:
    """Why there are no more alternatives, and how far the nearest is that the limits shut out."""
    kinds, limits = {way.kind for way in ways}, ground.wish.limits
    if ground.subject.axis is not None:
        yield from () if kinds else _no_bypass(ground, blocked)
        return
    if "trim" not in kinds:
        yield Note("avoid.no_trim", {"least": f"{limits.least_part_m2:g}"})
    if "shift" not in kinds:
        yield _no_shift(ground)
    if "turn" not in kinds:
        yield Note("avoid.no_turn", {"deg": f"{limits.turn_deg:g}"})


def _no_shift(ground: _Ground) -> Note:
    within, wider = ground.wish.limits.within_m, ground.wish.limits.within_m * ground.wish.limits.wider
    needed = least_reach(ground.traced, ground.blocked(wider), within_m=wider)
    if needed is None:
        return Note("avoid.no_shift", {"within": f"{within:g}", "wider": f"{wider:g}"})
    return Note("avoid.shift_needs", {"within": f"{within:g}", "needs": f"{needed:.1f}"})


def _no_bypass(ground: _Ground, blocked: BaseGeometry) -> Iterator[Note]:
    limits, axis = ground.wish.limits, ground.traced
    for name, place in (("start", axis.coords[0]), ("end", axis.coords[-1])):
        end = shapely.Point(place)
        if shapely.intersects(blocked, end):
            metres = f"{shapely.distance(blocked.boundary, end):.1f}"
            yield Note(f"avoid.{name}_blocked", {"metres": metres})
            return
    wider, most = limits.within_m, limits.within_m * limits.wider
    while (wider := 2 * wider) <= most:
        if bypass(axis, ground.blocked(wider), within_m=wider, off_axis=limits.off_axis):
            yield Note("avoid.bypass_needs", {"within": f"{limits.within_m:g}", "needs": f"{wider:g}"})
            return
    yield Note("avoid.no_bypass", {"within": f"{limits.within_m:g}", "wider": f"{most:g}"})


def _of_area(parcel: Parcel, width_m: float | None, epsg: int) -> Subject | tuple[int, Note]:
    zone = zone_for(parcel.shape, epsg)
    if width_m is None:
        return Subject(parcel, zone)
    plane = plane_around(parcel.shape, zone)
    parts = shapely.get_parts(plane.laid(np.array([parcel.shape], dtype=object))[0])
    axis = axis_of(parts[0], width_m) if len(parts) == 1 else None
    if axis is None:
        return parcel.number, Note("avoid.no_ribbon", {"width": f"{width_m:g}"})
    return Subject(parcel, zone, LineString(plane.drawn(axis).coords), width_m)


def _of_line(
    row: Row, axis: LineString, width_m: float, epsg: int, named_by: Sequence[str]
) -> Subject | tuple[int, Note]:
    plane = plane_around(axis, epsg)
    (traced,) = plane.traced(np.array([axis], dtype=object))
    shape = corridor(traced, width_m, plane)
    widened = row._replace(shape=shape, survey_area_m2=_survey_area(shape, epsg), survey_epsg=epsg)
    (found,) = parcels([widened], named_by=named_by)
    return Subject(found, epsg, axis, width_m) if isinstance(found, Parcel) else found


def _parcel(subject: Subject, way: Way) -> Parcel:
    m2 = float(area(np.array([way.shape], dtype=object))[0])
    return replace(
        subject.parcel, shape=way.shape, survey_area_m2=_survey_area(way.shape, subject.epsg), area_m2=m2, notes=()
    )


def _survey_area(shape: BaseGeometry, epsg: int) -> float:
    return float(survey_area(from_storage(np.array([shape], dtype=object), epsg), epsg=epsg)[0])


def _touches(sheet: Sheet, wish: Wish) -> bool:
    return any(found.touches for found in sheet.findings if found.row in wish.rows)


def _alternative(way: Way, sheet: Sheet, original: Sheet, ground: _Ground) -> Alternative:
    before, after = (np.array([one.parcel.shape], dtype=object) for one in (original, sheet))
    kept = float(area(divide(before, after)[0])[0])
    lost = original.parcel.area_m2 - sheet.parcel.area_m2
    return Alternative(way, sheet, kept, lost, ground.gap_m(way.shape))


def _rank(one: Alternative) -> tuple[float, float, str]:
    """The best first: what loses least ground, to the m²; of these what moves or lengthens least."""
    return max(0.0, round(one.lost_m2)), round(max(one.way.mean_m, one.way.longer_m), 3), one.way.kind
