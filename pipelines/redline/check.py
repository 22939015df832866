"""The check: a footprint laid over every control layer, one sheet a parcel (套合情况表).

What it says is a geometric finding, 涉及, and a first screening: it is no ground for approval.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from data import checking, facts, ruling
from data.checking import SheetRow, SurveyWay
from geo.area import area
from geo.borders import spans
from geo.crs import Box, Floats, Shapes
from geo.formats.values import shown
from geo.overlay import broad, counted_once, overlap
from geo.reading import Row
from geo.refusal import Note
from geo.rings import Ints
from layers.ground.layer import fields, layer_named
from layers.ground.questions import Features, features_near
from layers.townships import Township
from pipelines.redline.rules import Zone


@dataclass(frozen=True)
class Parcel:
    """A parcel to be checked: MultiPolygon, EPSG:4490."""

    number: int
    name: str
    shape: BaseGeometry
    survey_area_m2: float
    """Of record, TD/T 1055, in the plane of its file."""
    area_m2: float
    """Additive: what its parts sum to."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Touch:
    """A feature that a parcel meets, and the ground they share, be it another's too."""

    code: str
    name: str
    cls: str
    m2: float
    piece: BaseGeometry
    feature: BaseGeometry
    """The whole of it."""
    kind: str = ""
    """Of a row that has kinds: the feature's."""
    made_up: bool = False


@dataclass(frozen=True)
class Span:
    """The m² that a parcel shares with a row, at least and at most, when borders may be off by a tolerance."""

    low_m2: float = 0.0
    high_m2: float = 0.0
    tolerance_m: float = 0.0


@dataclass(frozen=True)
class Finding:
    """One row of the sheet. m2, by_class: every place once, however many features lie on it."""

    row: SheetRow
    loaded: bool
    """Whether the layer holds anything at all: where it does not, the row is not checked, never clear."""
    m2: float
    by_class: Mapping[str, float]
    touches: tuple[Touch, ...]
    made_up: bool = False
    """Whether anything is that it touches or is near."""
    span: Span = Span()
    near: frozenset[Zone] = frozenset()
    """What is not touched, but no further away than the tolerance."""

    @property
    def close(self) -> bool:
        """Whether it is too close to call: within the accuracy of the borders there may be an overlap or none."""
        return self.loaded and self.span.low_m2 == 0 < self.span.high_m2


@dataclass(frozen=True)
class Villages:
    """Code of 12 digits → m² of the parcel on features that state it, the largest first; and the row they are of."""

    m2: Mapping[str, float] = field(default_factory=dict)
    row: SheetRow | None = None
    made_up: bool = False


@dataclass(frozen=True)
class Sheet:
    """One parcel over every control layer."""

    parcel: Parcel
    townships: Mapping[str, float]
    """Name → m² of the parcel on its ground, the largest first."""
    findings: tuple[Finding, ...]
    meeting: frozenset[tuple[Zone, str]] = frozenset()
    """A zone, and a row with which it shares ground within the parcel, where some clause asks for that."""
    villages: Villages = Villages()

    @property
    def zones(self) -> frozenset[Zone]:
        """What is touched, as the rules ask for it."""
        return frozenset(Zone(f.row.id, touch.cls, touch.kind) for f in self.findings for touch in f.touches)

    @property
    def close(self) -> frozenset[Zone]:
        """What is not touched, but too close to call."""
        return frozenset(zone for finding in self.findings for zone in finding.near) - self.zones

    @property
    def unchecked(self) -> frozenset[str]:
        """The rows of which nothing is loaded."""
        return frozenset(f.row.id for f in self.findings if not f.loaded)


def parcels(rows: Iterable[Row], *, named_by: Sequence[str]) -> Iterator[Parcel | tuple[int, Note]]:
    """The parcels among a file's rows; of another, its number and why it is none.

    named_by: attributes of which the first that holds something names the parcel.
    """
    for row in rows:
        if row.refusal is not None:
            yield row.number, row.refusal
        elif row.shape is None or row.survey_area_m2 is None:
            yield row.number, Note("check.no_area", {"kind": row.shape.geom_type if row.shape else "—"})
        else:
            name = shown(next((str(row.attributes[n]) for n in named_by if row.attributes.get(n)), str(row.number)))
            m2 = float(area(np.array([row.shape], dtype=object))[0])
            yield Parcel(row.number, name, row.shape, row.survey_area_m2, m2, row.notes)


def check(session: Session, parcels: Sequence[Parcel], *, on: date, way: SurveyWay | None = None) -> list[Sheet]:
    """Lay parcels over every control layer as the session sees them, a sheet each, in their order.

    on: the day on which zones must be in force. way: how the parcels were surveyed; None: not stated.
    Each layer is read once for all: near parcels belong together.
    """
    if not parcels:
        return []
    shapes = np.array([parcel.shape for parcel in parcels], dtype=object)
    columns = [
        _find(session, row, shapes, on=on, tolerance_m=checking.tolerance_m(row, way)) for row in checking.sheet_rows()
    ]
    townships = _townships(session, shapes)
    rows = zip(parcels, townships, zip(*columns, strict=True), strict=True)
    return [_sheet(parcel, ground, found) for parcel, ground, found in rows]


@dataclass(frozen=True)
class _Met:
    """The features that one parcel meets: their places, the ground they share, and its m²."""

    zone: Ints
    feature: Shapes
    ground: Shapes
    m2: Floats


_NOTHING = _Met(np.empty(0, dtype=np.int64), np.empty(0, dtype=object), np.empty(0, dtype=object), np.empty(0))


@dataclass(frozen=True)
class _Found:
    """A finding with what led to it, and beside each feature met its zone and, where the row knows it, its village."""

    finding: Finding
    met: _Met = _NOTHING
    zones: Sequence[Zone] = ()
    villages: Sequence[str] = ()


def _sheet(parcel: Parcel, townships: Mapping[str, float], found: Sequence[_Found]) -> Sheet:
    return Sheet(parcel, townships, tuple(one.finding for one in found), _meeting(found), _villages(found))


def _find(session: Session, row: SheetRow, shapes: Shapes, *, on: date, tolerance_m: float) -> list[_Found]:
    """One row of the sheet of every parcel."""
    layer = layer_named(row.layer)
    of_row = of_kind(layer, row)
    if session.scalar(select(layer.id).where(*of_row).limit(1)) is None:
        return [_Found(Finding(row, False, 0.0, {}, ()))] * len(shapes)
    columns = dict.fromkeys(["name", "made_up", *filter(None, (row.by, row.kinds)), *row.village])
    near = _around(shapes, tolerance_m)
    features = features_near(session, layer, list(columns), near, *of_row, *in_force(layer, on))
    zones = [Zone(row.id, class_of(one, row), kind_of(one, row)) for one in features.rows]
    found = [_found(row, features, zones, met) for met in _by_parcel(shapes, features.shapes)]
    return list(_spanned(found, shapes, features, zones, tolerance_m))


def _around(shapes: Shapes, tolerance_m: float) -> BaseGeometry:
    """The box around shapes, with room for what is no further away than the tolerance."""
    around = Box(*shapely.total_bounds(shapes)).grown(2 * tolerance_m / 1000)
    return Polygon.from_bounds(*astuple(around))


def _by_parcel(parcels: Shapes, features: Shapes) -> Iterator[_Met]:
    """What each parcel meets."""
    pieces = overlap(parcels, features)
    m2 = area(pieces.shape)
    for start, end in pairwise(np.searchsorted(pieces.subject, np.arange(len(parcels) + 1))):
        zone = pieces.zone[start:end]
        yield _Met(zone, features[zone], pieces.shape[start:end], m2[start:end])


def _found(row: SheetRow, features: Features, zones: Sequence[Zone], met: _Met) -> _Found:
    rows, of = [features.rows[i] for i in met.zone], [zones[i] for i in met.zone]
    villages = [_village(one, row) for one in rows] if row.village else []
    return _Found(_finding(row, rows, of, met), met, of, villages)


def _finding(row: SheetRow, met: Sequence[Any], zones: Sequence[Zone], ground: _Met) -> Finding:
    """What one parcel meets, in order of precedence: of two on the same ground the first has it."""
    order = sorted(range(len(met)), key=lambda i: (rank_of(zones[i].cls, row), i))
    touches = tuple(_touch(met[i], zones[i], ground, i) for i in order)
    by_class: dict[str, float] = defaultdict(float)
    for touch, m2 in zip(touches, counted_once(ground.ground[order], ground.m2[order]), strict=True):
        by_class[touch.cls] += float(m2)
    return Finding(row, True, sum(by_class.values(), 0.0), dict(by_class), touches, any(found.made_up for found in met))


def _spanned(
    found: Sequence[_Found], shapes: Shapes, features: Features, zones: Sequence[Zone], tolerance_m: float
) -> Iterator[_Found]:
    """The findings, with what they may be within the tolerance."""
    strict_m2 = np.array([one.finding.m2 for one in found])
    of = spans(shapes, features.shapes, strict_m2=strict_m2, tolerance_m=tolerance_m)
    near: dict[int, list[int]] = defaultdict(list)
    for subject, zone in zip(of.subject, of.zone, strict=True):
        near[int(subject)].append(zone)
    for place, (one, low, high) in enumerate(zip(found, of.low, of.high, strict=True)):
        span = Span(float(low), float(high), tolerance_m)
        apart = frozenset(zones[i] for i in near[place]).difference(one.zones)
        made_up = one.finding.made_up or any(features.rows[i].made_up for i in near[place])
        yield replace(one, finding=replace(one.finding, span=span, near=apart, made_up=made_up))


def _meeting(found: Sequence[_Found]) -> frozenset[tuple[Zone, str]]:
    """The zones that share ground within the parcel with a row for which a clause asks beside theirs."""
    of = {one.finding.row.id: one for one in found}
    pairs = [(of[row], of[other]) for row, other in ruling.asked_together() if of[row].zones and of[other].zones]
    return frozenset((zone, other.finding.row.id) for one, other in pairs for zone in _sharing(one, other))


def _sharing(one: _Found, other: _Found) -> Iterator[Zone]:
    """The zones of one that share ground with the other; neighbours whose common border was rounded apart do not."""
    pieces = overlap(one.met.ground, other.met.ground)
    for place in np.unique(pieces.subject[broad(pieces.shape)]):
        yield one.zones[place]


def _villages(found: Sequence[_Found]) -> Villages:
    """The villages that the features of a row state: of the first row in which any does."""
    for one in (one for one in found if one.villages):
        m2: dict[str, float] = defaultdict(float)
        for code, of in zip(one.villages, one.met.m2, strict=True):
            m2[code] += float(of)
        known = {code: m2[code] for code in sorted(m2, key=lambda code: -m2[code]) if code}
        if known:
            return Villages(known, one.finding.row, one.finding.made_up)
    return Villages()


def _touch(found: Any, zone: Zone, met: _Met, i: int) -> Touch:
    m2, ground = float(met.m2[i]), (met.ground[i], met.feature[i])
    return Touch(found.code, found.name or found.code, zone.cls, m2, *ground, zone.kind, found.made_up)


def of_kind(layer: type[Any], row: SheetRow) -> Sequence[ColumnElement[bool]]:
    """What tells the features of a row from the others of its layer."""
    return [layer.kind == row.kind] if row.kind else []


def in_force(layer: type[Any], on: date) -> Sequence[ColumnElement[bool]]:
    """The conditions under which a feature of a layer is in force on a day; none where the layer has no such days."""
    if not hasattr(layer, "in_force_from"):
        return ()
    begun = or_(layer.in_force_from.is_(None), layer.in_force_from <= on)
    return begun, or_(layer.in_force_to.is_(None), layer.in_force_to >= on)


def system_of(row: SheetRow) -> facts.CodeSystem | None:
    """The code system of the classes a row is broken down by."""
    return _system(row, row.by)


def kinds_of(row: SheetRow) -> facts.CodeSystem | None:
    """The code system of the kinds that a row tells."""
    return _system(row, row.kinds)


@cache
def _system(row: SheetRow, column: str | None) -> facts.CodeSystem | None:
    codes = fields(layer_named(row.layer))[column].codes if column else None
    return facts.systems().get(codes or "")


def class_of(found: Any, row: SheetRow) -> str:
    """The class of a feature; land classes compare on the places that their system says."""
    if row.by is None:
        return ""
    system, value = system_of(row), str(getattr(found, row.by) or "")
    return value[: system.places] if system else value


def kind_of(found: Any, row: SheetRow) -> str:
    return str(getattr(found, row.kinds) or "") if row.kinds else ""


def rank_of(cls: str, row: SheetRow) -> int:
    """Which class takes ground that two share: the one that its system lists first, as the stricter zone."""
    listed = list(system.codes) if (system := system_of(row)) else []
    return listed.index(cls) if cls in listed else len(listed)


def _village(found: Any, row: SheetRow) -> str:
    """The 12 digits of the village that a feature states; empty where it states none."""
    code = "".join(str(getattr(found, column) or "") for column in row.village)[:12]
    return code if len(code) == 12 and code.isdecimal() else ""


def _townships(session: Session, shapes: Shapes) -> Iterator[Mapping[str, float]]:
    """Of each parcel, township → m², the largest first."""
    found = features_near(session, Township, ["name"], _around(shapes, 0.0))
    for met in _by_parcel(shapes, found.shapes):
        names = (found.rows[i].name or found.rows[i].code for i in met.zone)
        m2 = dict(zip(names, map(float, met.m2), strict=True))
        yield dict(sorted(m2.items(), key=lambda pair: -pair[1]))
