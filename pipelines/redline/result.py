"""From the sheets of a check to its result: the value that is stored, with all words and shapes that papers need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from data import checking, facts, ruling
from data.checking import SurveyWay
from data.measuring import Said
from data.texts import Lang, both
from geo.crs import Shapes, zones
from geo.formats.values import shown
from geo.overlay import divide
from geo.reading import Opening
from geo.refusal import Note
from layers.ground.history import last_no, last_touch
from layers.ground.layer import layer_named
from pipelines.paper.sheet import result as told
from pipelines.paper.sheet.frame import window
from pipelines.paper.sheet.result import HM2, VERSION, Extent, Result
from pipelines.redline.check import Finding, Sheet, Touch, Villages, kinds_of, system_of
from pipelines.redline.rules import Applied, Case, Proposal, Zone, applicable


@dataclass(frozen=True)
class Received:
    """A file as it was received and read."""

    file: str
    sha256: str
    files: tuple[told.InputFile, ...]
    opening: Opening


@dataclass(frozen=True)
class Asked:
    """What was asked of it: lines in force on a day, what is proposed.

    plane: of the papers; None: of the file. way: how the footprint was surveyed; None where it is not stated.
    """

    on: date
    proposal: Proposal
    plane: int | None = None
    way: SurveyWay | None = None


def result(
    session: Session,
    received: Received,
    asked: Asked,
    sheets: Sequence[Sheet],
    refused: Sequence[tuple[int, Note]],
) -> Result:
    """The result of a check, as the session saw the layers; not stored yet."""
    county, opening = facts.county(), received.opening
    return Result(
        version=VERSION,
        stored=None,
        county=Said(county.zh, county.en),
        file=received.file,
        sha256=received.sha256,
        files=received.files,
        crs=opening.crs_name,
        crs_stated=opening.crs_stated,
        survey_plane=opening.survey_epsg,
        plane=asked.plane or _plane(opening, sheets),
        no=last_no(session),
        on=asked.on,
        made_up=any(finding.made_up for sheet in sheets for finding in sheet.findings),
        proposal=_proposed(asked.proposal),
        notes=_remarks(opening.notes),
        layers=tuple(_layers(session)),
        parcels=tuple(_parcel(sheet, asked) for sheet in sheets),
        refused=tuple(told.Refused(number, note.id, **both(note.id, note.values)) for number, note in refused),
        screening=Said(**both("check.screening")),
        surveyed=told.Surveyed(**asdict(asked.way)) if asked.way else None,
    )


def _plane(opening: Opening, sheets: Sequence[Sheet]) -> int:
    """The zone of the file; where it is in none, the zone of 3° in which the first parcel lies."""
    for epsg in (opening.epsg, opening.survey_epsg):
        if epsg in zones():
            return epsg
    west, _, east, _ = sheets[0].parcel.shape.bounds if sheets else facts.county().box
    meridian = 3 * round((west + east) / 6)
    return next(z.epsg for z in zones().values() if z.prefix and (z.width, z.central_meridian) == (3, meridian))


def _layers(session: Session) -> Iterator[told.LayerState]:
    for name in dict.fromkeys(row.layer for row in checking.sheet_rows()):
        layer = layer_named(name)
        no, at = last_touch(session, name)
        yield told.LayerState(name, layer.zh, layer.en, no, at)


def _parcel(sheet: Sheet, asked: Asked) -> told.Parcel:
    parcel = sheet.parcel
    frame = window(parcel.shape.bounds)
    return told.Parcel(
        number=parcel.number,
        name=shown(parcel.name, 200),
        survey_area_m2=parcel.survey_area_m2,
        area_m2=parcel.area_m2,
        bounds=parcel.shape.bounds,
        window=frame,
        townships=dict(sheet.townships),
        notes=_remarks(parcel.notes),
        findings=tuple(_finding(finding, parcel.area_m2, frame) for finding in sheet.findings),
        clauses=tuple(_applied(one) for one in _clauses(sheet, asked)),
        shape=parcel.shape,
        villages=tuple(_villages(sheet.villages)),
    )


def _villages(villages: Villages) -> Iterator[told.Village]:
    if villages.row is not None:
        for code, m2 in villages.m2.items():
            yield told.Village(code, facts.villages().get(code), m2, villages.row.id, villages.made_up)


def _clauses(sheet: Sheet, asked: Asked) -> tuple[Applied, ...]:
    place = facts.county().province_en
    case = Case(place, asked.on, sheet.zones, asked.proposal, sheet.unchecked, sheet.meeting, sheet.close)
    return applicable(case)


def _finding(finding: Finding, parcel_m2: float, frame: Extent) -> told.Finding:
    row, named = finding.row, both(f"check_row.{finding.row.id}")
    near = _near(np.array([touch.feature for touch in finding.touches], dtype=object), frame)
    of_ground: Sequence[Touch | Zone] = [*finding.touches, *finding.near]
    areas: Mapping[str, Any] = {"m2": None, "hm2": None, "share": None}
    if finding.loaded:
        areas = {"m2": finding.m2, "hm2": round(finding.m2 / HM2, 4), "share": finding.m2 / parcel_m2}
    return told.Finding(
        id=row.id,
        zh=named["zh"],
        en=named["en"],
        checked=finding.loaded,
        **areas,
        by_class=dict(finding.by_class) if row.by else {},
        classes=_names(system_of(row), (one.cls for one in of_ground)),
        kinds=_names(kinds_of(row), (one.kind for one in of_ground)),
        features=tuple(_touched(touch, part) for touch, part in zip(finding.touches, near, strict=True)),
        made_up=finding.made_up,
        span=told.Span(**asdict(finding.span)) if finding.loaded else None,
        close=finding.close,
        near=tuple(told.Spot(**asdict(zone)) for zone in sorted(finding.near)),
    )


def _touched(touch: Touch, near: Any) -> told.Touched:
    return told.Touched(
        shown(touch.code, 200),
        shown(touch.name, 200),
        touch.cls,
        touch.m2,
        touch.kind,
        touch.piece,
        near,
        touch.made_up,
    )


def _near(features: Shapes, frame: Extent) -> Shapes:
    """(n,) features as far as they lie in a frame."""
    if not len(features):
        return features
    box = shapely.box(*frame)
    out = ~shapely.covered_by(shapely.box(*shapely.bounds(features).T), box)
    near = features.copy()
    near[out] = divide(features[out], np.full(int(out.sum()), box, dtype=object))[0]
    return near


def _names(system: facts.CodeSystem | None, codes: Iterable[str]) -> Mapping[str, Said]:
    """The names of those codes that the system has, in its order."""
    held = set(codes)
    return {code: Said(one.zh, one.en) for code, one in system.codes.items() if code in held} if system else {}


def _applied(one: Applied) -> told.Applied:
    clause, document = one.clause, one.clause.document
    return told.Applied(
        clause.id,
        clause.zh,
        clause.en,
        not one.open,
        tuple(told.Remark(name, **both(f"question.{name}")) for name in one.open),
        tuple(told.Spot(**asdict(zone)) for zone in one.zones),
        clause.paper,
        clause.issuer,
        clause.step,
        document.source,
        document.clause,
        document.place,
        document.confirmed,
        document.in_force_from,
        document.in_force_to,
        document.note,
    )


def _remarks(notes: Sequence[Note]) -> tuple[told.Remark, ...]:
    return tuple(told.Remark(note.id, **both(note.id, note.values)) for note in notes)


def _proposed(proposal: Proposal) -> told.Proposed:
    unbuilt = proposal.built_on == ruling.UNBUILT
    said = Said("，".join(_stated(proposal, "zh")), ", ".join(_stated(proposal, "en")))
    of_land = (proposal.activity, proposal.new_construction, proposal.temporary)
    return told.Proposed(*of_land, None if unbuilt else proposal.built_on, unbuilt, said)


def _stated(proposal: Proposal, lang: Lang) -> Iterator[str]:
    named = ruling.activities().get(proposal.activity or "")
    ids = {None: "no_activity", ruling.UNLISTED: "unlisted"}
    activity = {"zh": named.zh, "en": named.en}[lang] if named else ""
    yield both(f"clause_said.{ids.get(proposal.activity, 'activity')}", {"activity": activity})[lang]
    for name in ("new_construction", "temporary"):
        state = {True: "", False: "no_", None: "unknown_"}[getattr(proposal, name)]
        yield both(f"clause_said.{state}{name}")[lang]
    built = {None: "unknown_built", ruling.UNBUILT: "unbuilt"}.get(proposal.built_on, "built")
    yield both(f"clause_said.{built}", {"on": proposal.built_on})[lang]
