"""The desk of the check: any surveyor's file over all control layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session

from data import facts
from data.surveying import declared_area
from data.texts import text
from geo import sandbox
from geo.crs import Box
from geo.declared import Agreement
from geo.reading import Opening
from geo.refusal import Note
from layers.ground import db
from layers.ground.history import last_no
from pipelines.redline.check import Finding, Parcel, Sheet, check, parcels, system_of
from pipelines.redline.rules import Proposal
from web.terminal import asked, say
from web.terminal.desks import clauses, many

app = typer.Typer(no_args_is_help=True)

HM2, MU = 1e4, 1e4 / 15
"""m² in a hectare (公顷), and in a mu (亩)."""
_PORTION = 500
"""Parcels that are laid over the layers together."""
NAMED_BY = ("地块名称", "DKMC", "XMMC", "name", "NAME", "MC")
"""Attributes that name a parcel, in files of the field."""

Known = Annotated[
    str | None, typer.Option(help="按当时所知：变更号、日期或时刻 / as known then: change number, date or time")
]
InForce = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="按哪一天有效的界线，默认今天 / lines in force on this day"),
]


@dataclass(frozen=True)
class Checked:
    """A file that was checked."""

    file: Path
    sha256: str
    opening: Opening
    no: int
    on: date
    proposal: Proposal
    sheets: Sequence[Sheet]
    refused: Sequence[tuple[int, Note]]

    @property
    def made_up(self) -> bool:
        return any(finding.made_up for sheet in self.sheets for finding in sheet.findings)


@app.command("check")
def check_file(  # noqa: PLR0913, PLR0917 -- each one is an option of the command
    file: Annotated[Path, typer.Argument(help="范围文件 / the footprint, in whatever file the surveyor sent")],
    on: InForce = None,
    known: Known = None,
    activity: clauses.Kind = None,
    new_construction: clauses.NewConstruction = None,
    temporary: clauses.Temporary = None,
    built: clauses.Built = None,
    unbuilt: clauses.Unbuilt = False,
    dataset: Annotated[str | None, typer.Option(help="文件内的图层 / the layer inside the file")] = None,
    table: many.Folder = None,
    cluster: many.Address = None,
    tls_ca: many.Authority = None,
    tls_cert: many.Certificate = None,
    tls_key: many.Key = None,
    _json: asked.AsJson = False,
) -> None:
    """套合：一个范围与全部管控图层，涉及面积、条款和手续；初筛，不作为审批依据 / a footprint over every layer."""
    proposal = clauses.proposed(activity, new_construction, temporary, clauses.built_on(built, unbuilt=unbuilt))
    day = on.date() if on else asked.today()
    if table is not None:
        there = many.named(cluster, tls_ca, tls_cert, tls_key)
        many.check_many(many.Wanted(file, table, day, known, dataset, NAMED_BY, there))
        return
    many.refuse_without_table(cluster, tls_ca, tls_cert, tls_key)
    with asked.moment(db.ready(), known) as session:
        checked = _checked(session, file, dataset, day, proposal)
    say.answer(_plain(checked), *_tables(checked))
    if not checked.sheets:
        raise typer.Exit(1)


def _checked(session: Session, file: Path, dataset: str | None, on: date, proposal: Proposal) -> Checked:
    box, margin_km = Box(*facts.county().box), facts.county().margin_m / 1000
    agreement = Agreement(declared_area().hm2, declared_area().share)
    with sandbox.read(file, box=box, margin_km=margin_km, layer=dataset, agreement=agreement) as reading:
        found = list(many.few(file, parcels((row for batch in reading.batches for row in batch), named_by=NAMED_BY)))
        opening = reading.opening
    footprint = [one for one in found if isinstance(one, Parcel)]
    portions = (footprint[start : start + _PORTION] for start in range(0, len(footprint), _PORTION))
    sheets = [sheet for portion in portions for sheet in check(session, portion, on=on)]
    refused = [one for one in found if not isinstance(one, Parcel)]
    return Checked(file, _sha256(file), opening, last_no(session), on, proposal, sheets, refused)


def _sha256(file: Path) -> str:
    if not file.is_file():
        return ""
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _tables(checked: Checked) -> Iterator[Table]:
    for sheet in checked.sheets:
        yield _sheet(sheet, checked)
        yield clauses.table(sheet, checked.proposal, checked.on)
    if checked.refused:
        headings = {say.label("地块", "parcel"): True, say.label("原因", "reason"): False}
        rows = [(str(n), escape(say.spoken(note.id, **note.values))) for n, note in checked.refused]
        yield say.table(say.label("未核对的地块", "parcels that could not be checked"), headings, rows)


def _sheet(sheet: Sheet, checked: Checked) -> Table:
    headings = {say.label("管控要素", "control"): False, say.label("套合情况", "finding"): False}
    headings |= {say.label("图斑", "features"): True, say.label("公顷", "hm²"): True, say.label("亩", "mu"): True}
    headings |= {"m²": True, say.label("占比", "share") + " %": True}
    rows = [row for finding in sheet.findings for row in _rows(finding, sheet.parcel)]
    parcel, made_up = sheet.parcel, say.made_up(checked.made_up)
    named = {"name": escape(parcel.name), "on": checked.on, "no": checked.no, **made_up}
    return say.table(say.spoken("check.title", **named), headings, rows, below=_foot(sheet, checked))


def _rows(finding: Finding, parcel: Parcel) -> Iterator[Sequence[str]]:
    name = say.named(*(text(f"check_row.{finding.row.id}", lang) for lang in ("zh", "en")))
    if not finding.loaded:
        yield name, say.spoken("check.not_checked"), "", "", "", "", ""
        return
    if not finding.touches:
        yield name, say.spoken("check.clear"), "0", *_areas(0.0, parcel)
        return
    yield name, say.spoken("check.touched"), str(len(finding.touches)), *_areas(finding.m2, parcel)
    for cls, m2 in finding.by_class.items():
        if finding.row.by:
            number = sum(touch.cls == cls for touch in finding.touches)
            yield "  " + _class(finding, cls), "", str(number), *_areas(m2, parcel)


def _areas(m2: float, parcel: Parcel) -> Sequence[str]:
    return f"{m2 / HM2:,.4f}", f"{m2 / MU:,.4f}", f"{m2:,.2f}", f"{100 * m2 / parcel.area_m2:.2f}"


def _class(finding: Finding, cls: str) -> str:
    system = system_of(finding.row)
    code = system.codes.get(cls) if system else None
    return say.label(code.zh, code.en) if code else cls or say.label("未填", "not stated")


def _foot(sheet: Sheet, checked: Checked) -> str:
    parcel = sheet.parcel
    west, south, east, north = parcel.shape.bounds
    lines = [
        say.spoken("check.area", hm2=f"{parcel.survey_area_m2 / HM2:,.4f}", mu=f"{parcel.survey_area_m2 / MU:,.4f}"),
        say.spoken("check.townships", names="、".join(sheet.townships) or "—"),
        say.spoken("check.extent", west=_dms(west), east=_dms(east), south=_dms(south), north=_dms(north)),
        say.spoken(
            "check.source", file=escape(checked.file.name), crs=checked.opening.crs_name, sha=checked.sha256[:16]
        ),
        *(say.spoken(note.id, **note.values) for note in (*checked.opening.notes, *parcel.notes)),
        say.spoken("check.screening"),
    ]
    return "\n".join(lines)


def _dms(degrees: float) -> str:
    seconds = round(degrees * 3600, 2)
    return f"{int(seconds // 3600)}°{int(seconds % 3600 // 60):02d}′{seconds % 60:05.2f}″"


def _plain(checked: Checked) -> dict[str, Any]:
    return {
        "file": checked.file.name,
        "sha256": checked.sha256,
        "crs": checked.opening.crs_name,
        "crs_stated": checked.opening.crs_stated,
        "no": checked.no,
        "on": checked.on,
        "made_up": checked.made_up,
        "proposal": clauses.proposal_plainly(checked.proposal),
        "notes": [_note(note) for note in checked.opening.notes],
        "parcels": [_plain_sheet(sheet, checked) for sheet in checked.sheets],
        "refused": [{"parcel": number, **_note(note)} for number, note in checked.refused],
        "screening": {lang: text("check.screening", lang) for lang in ("zh", "en")},
    }


def _plain_sheet(sheet: Sheet, checked: Checked) -> dict[str, Any]:
    parcel = sheet.parcel
    return {
        "number": parcel.number,
        "name": parcel.name,
        "survey_area_m2": parcel.survey_area_m2,
        "area_m2": parcel.area_m2,
        "bounds": parcel.shape.bounds,
        "townships": dict(sheet.townships),
        "notes": [_note(note) for note in parcel.notes],
        "findings": [_plain_finding(finding, parcel) for finding in sheet.findings],
        "clauses": clauses.plainly(sheet, checked.proposal, checked.on),
    }


def _plain_finding(finding: Finding, parcel: Parcel) -> Mapping[str, Any]:
    named = {"id": finding.row.id, "zh": text(f"check_row.{finding.row.id}", "zh"), "checked": finding.loaded}
    if not finding.loaded:
        return named
    touches = [vars(touch) for touch in finding.touches]
    areas = {"m2": finding.m2, "hm2": round(finding.m2 / HM2, 4), "share": finding.m2 / parcel.area_m2}
    return {**named, **areas, "by_class": dict(finding.by_class) if finding.row.by else {}, "features": touches}


def _note(note: Note) -> dict[str, Any]:
    said = {lang: text(note.id, lang, note.values) for lang in ("zh", "en")}
    return {"id": note.id, **said}
