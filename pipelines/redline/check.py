"""The check: a footprint laid over every control layer, one sheet a parcel (套合情况表).

What it says is a geometric finding, 涉及, and a first screening: it is no ground for approval.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from data import checking, facts
from data.checking import SheetRow
from geo.area import area
from geo.crs import Floats, Shapes
from geo.overlay import flatten, overlap
from geo.reading import Row
from geo.refusal import Note
from geo.rings import Ints
from layers.ground.layer import fields, layer_named
from layers.ground.questions import features_near
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
    kind: str = ""
    """Of a row that has kinds: the feature's."""


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


@dataclass(frozen=True)
class Sheet:
    """One parcel over every control layer."""

    parcel: Parcel
    townships: Mapping[str, float]
    """Name → m² of the parcel on its ground, the largest first."""
    findings: tuple[Finding, ...]

    @property
    def zones(self) -> frozenset[Zone]:
        """What is touched, as the rules ask for it."""
        return frozenset(Zone(f.row.id, touch.cls, touch.kind) for f in self.findings for touch in f.touches)

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
            name = next((str(row.attributes[n]) for n in named_by if row.attributes.get(n)), str(row.number))
            m2 = float(area(np.array([row.shape], dtype=object))[0])
            yield Parcel(row.number, name, row.shape, row.survey_area_m2, m2, row.notes)


def check(session: Session, parcels: Sequence[Parcel], *, on: date) -> list[Sheet]:
    """Lay parcels over every control layer as the session sees them, a sheet each, in their order.

    on: the day on which zones must be in force. Each layer is read once for all: near parcels belong together.
    """
    if not parcels:
        return []
    shapes = np.array([parcel.shape for parcel in parcels], dtype=object)
    near = shapely.box(*shapely.total_bounds(shapes))
    columns = [_find(session, row, shapes, near, on) for row in checking.sheet_rows()]
    townships = _townships(session, shapes, near)
    rows = zip(parcels, townships, zip(*columns, strict=True), strict=True)
    return [Sheet(parcel, ground, tuple(findings)) for parcel, ground, findings in rows]


def _find(session: Session, row: SheetRow, shapes: Shapes, near: BaseGeometry, on: date) -> list[Finding]:
    """One row of the sheet of every parcel."""
    layer = layer_named(row.layer)
    of_row = of_kind(layer, row)
    if session.scalar(select(layer.id).where(*of_row).limit(1)) is None:
        return [Finding(row, False, 0.0, {}, ())] * len(shapes)
    columns = ["name", "made_up", *filter(None, (row.by, row.kinds))]
    found = features_near(session, layer, columns, near, *of_row, *_in_force(layer, on))
    return [_finding(row, [found.rows[i] for i in met.zone], met) for met in _by_parcel(shapes, found.shapes)]


@dataclass(frozen=True)
class _Met:
    """The features that one parcel meets: their places, the ground they share, and its m²."""

    zone: Ints
    ground: Shapes
    m2: Floats


def _by_parcel(parcels: Shapes, features: Shapes) -> Iterator[_Met]:
    """What each parcel meets."""
    pieces = overlap(parcels, features)
    m2 = area(pieces.shape)
    for start, end in pairwise(np.searchsorted(pieces.subject, np.arange(len(parcels) + 1))):
        yield _Met(pieces.zone[start:end], pieces.shape[start:end], m2[start:end])


def _finding(row: SheetRow, met: Sequence[Any], ground: _Met) -> Finding:
    """What one parcel meets, in order of precedence: of two on the same ground the first has it."""
    classes = [class_of(found, row) for found in met]
    order = sorted(range(len(met)), key=lambda i: (rank_of(classes[i], row), i))
    touches = tuple(
        Touch(met[i].code, met[i].name or met[i].code, classes[i], float(ground.m2[i]), kind_of(met[i], row))
        for i in order
    )
    by_class: dict[str, float] = defaultdict(float)
    for touch, m2 in zip(touches, _own(ground.ground[order], ground.m2[order]), strict=True):
        by_class[touch.cls] += float(m2)
    return Finding(row, True, sum(by_class.values()), dict(by_class), touches, any(found.made_up for found in met))


def _own(shapes: Shapes, m2: Floats) -> Floats:
    """The m² that are left of each once all before it have taken their ground."""
    left = flatten(shapes) if len(shapes) > 1 else shapes
    fewer = np.array([now is not before for now, before in zip(left, shapes, strict=True)], dtype=bool)
    own = m2.copy()
    if fewer.any():
        own[fewer] = area(left[fewer])
    return own


def of_kind(layer: type[Any], row: SheetRow) -> Sequence[ColumnElement[bool]]:
    """What tells the features of a row from the others of its layer."""
    return [layer.kind == row.kind] if row.kind else []


def _in_force(layer: type[Any], on: date) -> Sequence[ColumnElement[bool]]:
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


def _townships(session: Session, shapes: Shapes, near: BaseGeometry) -> Iterator[Mapping[str, float]]:
    """Of each parcel, township → m², the largest first."""
    found = features_near(session, Township, ["name"], near)
    for met in _by_parcel(shapes, found.shapes):
        names = (found.rows[i].name or found.rows[i].code for i in met.zone)
        m2 = dict(zip(names, map(float, met.m2), strict=True))
        yield dict(sorted(m2.items(), key=lambda pair: -pair[1]))
