"""A result as the terminal shows it: a sheet and its clauses for each parcel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from pipelines.paper.sheet.result import HM2, MU, Finding, Parcel, Result, dms
from pipelines.paper.sheet.tables import accuracy, close_classes, spanned, villages
from web.terminal import say
from web.terminal.desks.sheet import clauses


def tables(checked: Result) -> Iterator[Table]:
    """A sheet and its clauses for each parcel, and what could not be checked."""
    for parcel in checked.parcels:
        yield _sheet(parcel, checked)
        yield clauses.table(parcel, checked)
    if checked.refused:
        headings = {say.label("地块", "parcel"): True, say.label("原因", "reason"): False}
        rows = [(str(one.parcel), escape(say.named(one.zh, one.en))) for one in checked.refused]
        yield say.table(say.label("未核对的地块", "parcels that could not be checked"), headings, rows)


def _sheet(parcel: Parcel, checked: Result) -> Table:
    headings = {say.label("管控要素", "control"): False, say.label("套合情况", "finding"): False}
    headings |= {say.label("图斑", "features"): True, say.label("公顷", "hm²"): True, say.label("亩", "mu"): True}
    headings |= {"m²": True, say.label("占比", "share") + " %": True}
    rows = [row for finding in parcel.findings for row in _rows(finding, parcel)]
    named = {"name": escape(parcel.name), "on": checked.on, "no": checked.no, **say.made_up(checked.made_up)}
    return say.table(say.spoken("check.title", **named), headings, rows, below=_foot(parcel, checked))


def _rows(finding: Finding, parcel: Parcel) -> Iterator[Sequence[str]]:
    name = say.named(finding.zh, finding.en)
    if finding.m2 is None:
        yield name, say.spoken("check.not_checked"), "", "", "", "", ""
        return
    said = "check.close" if finding.close else "check.touched" if finding.features else "check.clear"
    told = "\n".join([say.spoken(said), *spanned(finding)])
    yield name, told, str(len(finding.features)), *_areas(finding.m2, parcel)
    for cls, m2 in finding.by_class.items():
        number = sum(one.cls == cls for one in finding.features)
        yield "  " + _class(finding, cls), "", str(number), *_areas(m2, parcel)
    for cls in close_classes(finding):
        yield "  " + _class(finding, cls), say.spoken("check.close"), "0", *_areas(0.0, parcel)


def _areas(m2: float, parcel: Parcel) -> Sequence[str]:
    return f"{m2 / HM2:,.4f}", f"{m2 / MU:,.4f}", f"{m2:,.2f}", f"{100 * m2 / parcel.area_m2:.2f}"


def _class(finding: Finding, cls: str) -> str:
    said = finding.classes.get(cls)
    return say.label(said.zh, said.en) if said else escape(cls) or say.label("未填", "not stated")


def _foot(parcel: Parcel, checked: Result) -> str:
    west, south, east, north = parcel.bounds
    lines = [
        say.spoken("check.area", hm2=f"{parcel.survey_area_m2 / HM2:,.4f}", mu=f"{parcel.survey_area_m2 / MU:,.4f}"),
        say.spoken("check.townships", names="、".join(parcel.townships) or "—"),
        *(escape(villages(parcel, lang)) for lang in say.voice.langs),
        say.spoken("check.extent", west=dms(west), east=dms(east), south=dms(south), north=dms(north)),
        say.spoken("check.source", file=escape(checked.file), crs=checked.crs, sha=checked.sha256[:16]),
        *(escape(accuracy(checked, lang)) for lang in say.voice.langs),
        *(escape(say.named(note.zh, note.en)) for note in (*checked.notes, *parcel.notes)),
        say.named(checked.screening.zh, checked.screening.en),
    ]
    return "\n".join(lines)
