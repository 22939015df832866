"""The desk of avoidance (避让): the alternatives that clear chosen layers, compared, and written for the surveyor."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table
from shapely.geometry.base import BaseGeometry

from data import facts
from data.avoiding import avoidance
from data.checking import SheetRow, sheet_rows
from data.texts import both, text
from geo.crs import from_storage
from geo.formats.values import Column
from geo.formats.writing import Layout, write
from geo.refusal import Note
from layers.ground import db
from layers.ground.history import last_no
from pipelines.paper.sheet.result import HM2
from pipelines.redline.avoid import Alternative, Comparison, Subject, Wish, compare, subjects
from pipelines.redline.check import Sheet
from pipelines.redline.ways import Way
from web.terminal import asked, say
from web.terminal.desks.sheet.checking import NAMED_BY, InForce, Known

app = typer.Typer(no_args_is_help=True)

_NUMERALS = "一二三四五六七八九"


@dataclass(frozen=True)
class Compared:
    """A file whose subjects were compared."""

    file: Path
    no: int
    on: date
    wish: Wish
    comparisons: Sequence[Comparison]
    refused: Sequence[tuple[int, Note]]


@app.command("avoid")
def avoid_file(  # noqa: PLR0913, PLR0917 -- each one is an option of the command
    file: Annotated[Path, typer.Argument(help="范围面，或廊道中线 / a footprint, or the axis of a corridor")],
    clear: Annotated[list[str] | None, typer.Option(help="要避让的要素，可多次 / a layer to clear, repeatable")] = None,
    within: Annotated[
        float | None, typer.Option(help="最多移动、偏离多少米 / metres to move or lead off at most")
    ] = None,
    clearance: Annotated[float, typer.Option(help="与要素至少间隔多少米 / metres to keep away")] = 0.0,
    turn: Annotated[float | None, typer.Option(help="最多转动多少度 / degrees to turn at most")] = None,
    width: Annotated[float | None, typer.Option(help="廊道宽度，米 / width of a corridor in metres")] = None,
    on: InForce = None,
    known: Known = None,
    out: Annotated[Path | None, typer.Option(help="写出各方案的文件夹 / folder for TXT, GeoJSON and CSV")] = None,
    dataset: Annotated[str | None, typer.Option(help="文件内的图层 / the layer inside the file")] = None,
    _json: asked.AsJson = False,
) -> None:
    """避让：裁剪、平移、转动或绕行，方案比选；初筛，不作为审批依据 / ways round chosen layers, compared."""
    wish = _wish(clear or [], within=within, clearance=clearance, turn=turn)
    if width is not None:
        _between("--width", width, 0.1, 1000.0)
    day = on.date() if on else asked.today()
    with asked.moment(db.ready(), known) as session:
        found = _subjects(file, dataset, width)
        compared = [compare(session, one, wish, on=day) for one in found if isinstance(one, Subject)]
        refused = [one for one in found if not isinstance(one, Subject)]
        answer = Compared(file, last_no(session), day, wish, compared, refused)
    if out is not None:
        _write(answer, out)
    say.answer(_plain(answer), *_tables(answer))
    if not any(one.alternatives or _nothing(one) for one in compared):
        raise typer.Exit(1)


def _wish(clear: Sequence[str], *, within: float | None, clearance: float, turn: float | None) -> Wish:
    """What is asked for. Raises TypedRefusal for a row that is not on the sheet or a number out of bounds."""
    rows, limits = {row.id: row for row in sheet_rows()}, avoidance()
    known = "、".join(rows)
    if not clear:
        raise asked.TypedRefusal("avoid.no_rows", known=known)
    for name in clear:
        if name not in rows:
            raise asked.TypedRefusal("avoid.no_row", row=name, known=known)
    within = _between("--within", limits.within_m if within is None else within, 1.0, limits.most_m)
    turn = _between("--turn", limits.turn_deg if turn is None else turn, 0.1, 180.0)
    chosen = tuple(row for row in sheet_rows() if row.id in clear)
    apart = _between("--clearance", clearance, 0.0, limits.most_m)
    return Wish(chosen, apart, replace(limits, within_m=within, turn_deg=turn))


def _between(option: str, value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        raise asked.TypedRefusal("avoid.number", option=option, least=f"{least:g}", most=f"{most:g}", value=value)
    return value


def _subjects(file: Path, dataset: str | None, width: float | None) -> list[Subject | tuple[int, Note]]:
    with asked.reading(file, dataset) as reading:
        rows = (row for batch in reading.batches for row in batch)
        return list(subjects(rows, width_m=width, epsg=reading.opening.epsg, named_by=NAMED_BY))


def _nothing(one: Comparison) -> bool:
    return any(note.id == "avoid.nothing" for note in one.notes)


def _tables(answer: Compared) -> Iterator[Table]:
    for one in answer.comparisons:
        yield _table(one, answer)
    if answer.refused:
        headings = {say.label("地块", "parcel"): True, say.label("原因", "reason"): False}
        rows = [(str(n), escape(say.spoken(note.id, **note.values))) for n, note in answer.refused]
        yield say.table(say.label("未比选的地块", "parcels without alternatives"), headings, rows)


def _table(one: Comparison, answer: Compared) -> Table:
    headings = {say.label("方案", "alternative"): False, say.label("做法", "way"): False}
    headings |= {say.label("公顷", "hm²"): True, say.label("增减", "change"): True}
    headings |= {say.label("沿用原地", "kept"): True, say.label("间距", "gap") + " m": True}
    headings |= {say.label("仍涉及（公顷）", "still touches (hm²)"): False}
    rows = [_original(one), *(_row(n, alternative, one) for n, alternative in enumerate(one.alternatives))]
    made_up = any(finding.made_up for finding in one.original.findings)
    named = {"name": escape(one.subject.parcel.name), "on": answer.on, "no": answer.no, **say.made_up(made_up)}
    title = say.spoken("avoid.title", rows="、".join(_name(row) for row in answer.wish.rows), **named)
    return say.table(title, headings, rows, below=_foot(one))


def _original(one: Comparison) -> Sequence[str]:
    area = f"{one.original.parcel.area_m2 / HM2:,.4f}"
    return say.named(*both("avoid.original").values()), "—", area, "", area, "", _touched(one.original, one)


def _row(number: int, alternative: Alternative, one: Comparison) -> Sequence[str]:
    said, touched = _said(alternative.way), _touched(alternative.sheet, one)
    return _numbered(number), said, *_areas(alternative), _gap(alternative) or "—", touched


def _areas(one: Alternative) -> Sequence[str]:
    """In hm²: its area, how much more or less than the original's, and how much of the original's ground."""
    change = round(-one.lost_m2 / HM2, 4) or 0.0
    return f"{one.sheet.parcel.area_m2 / HM2:.4f}", f"{change:+.4f}" if change else "0.0000", f"{one.kept_m2 / HM2:.4f}"


def _gap(one: Alternative) -> str:
    return f"{one.gap_m:.2f}" if isfinite(one.gap_m) else ""


def _numbered(number: int) -> str:
    return say.spoken("avoid.numbered", number=_NUMERALS[number] if say.voice.tongue == "zh" else number + 1)


def _said(way: Way) -> str:
    """What is done, in words."""
    return "\n".join(say.spoken(note.id, **note.values) for note in _deeds(way))


def _deeds(way: Way) -> Iterator[Note]:
    move = way.move
    if way.kind == "trim":
        yield Note("avoid.trim")
    if way.dropped:
        yield Note("avoid.dropped", {"count": way.dropped, "m2": f"{way.dropped_m2:,.2f}"})
    if move.turn_deg:
        side = {"way_zh": "逆时针", "way_en": "anticlockwise"}
        side = side if move.turn_deg > 0 else {"way_zh": "顺时针", "way_en": "clockwise"}
        yield Note("avoid.turn", {"deg": f"{abs(move.turn_deg):.3f}", **side})
    if move.shift_m:
        yield Note("avoid.shift", {"metres": f"{move.shift_m:,.2f}", "bearing": f"{move.bearing_deg:.1f}"})
    if way.kind == "bypass":
        radius = f"{way.radius_m:,.0f} m" if isfinite(way.radius_m) else "—"
        side = {"side_zh": "左", "side_en": "left"} if way.left else {"side_zh": "右", "side_en": "right"}
        yield Note("avoid.bypass", {"longer": f"{way.longer_m:,.2f}", "radius": radius, **side})


def _touched(sheet: Sheet, one: Comparison) -> str:
    """What the check finds: rows touched; of the chosen, also those that were not checked."""
    lines = [f"{_name(found.row)} {found.m2 / HM2:,.4f}" for found in sheet.findings if found.touches]
    unchecked = [f"{_name(row)} {say.phrase('check.not_checked')}" for row in one.unloaded]
    return "\n".join([*lines, *unchecked]) or say.spoken("check.clear")


def _name(row: SheetRow) -> str:
    return say.label(*both(f"check_row.{row.id}").values())


def _foot(one: Comparison) -> str:
    lines = [say.spoken(note.id, **note.values) for note in one.notes]
    if one.unloaded:
        some = "avoid.unloaded" if one.alternatives or one.notes else "avoid.none_checked"
        lines.append(say.spoken(some, rows="、".join(_name(row) for row in one.unloaded)))
    unchecked = [_name(found.row) for found in one.original.findings if not found.loaded]
    if unchecked:
        lines.append(f"{say.phrase('check.not_checked')}: {'、'.join(unchecked)}")
    lines.extend(say.spoken(note.id, **note.values) for note in one.subject.parcel.notes)
    lines.append(say.spoken("avoid.ranked", epsg=one.subject.epsg))
    return "\n".join([*lines, say.spoken("avoid.screening")])


def _write(answer: Compared, out: Path) -> None:
    """The alternatives as TXT and GeoJSON, a file each, and the table as CSV. Raises DoorRefusal, GeoRefusal."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        count = sum(_write_one(answer, one, out) for one in answer.comparisons)
        _write_csv(answer, out / f"{answer.file.stem}-方案比选.csv")
    except OSError as fault:
        raise asked.DoorRefusal("avoid.no_folder", folder=out, fault=fault.strerror or fault) from fault
    say.tell("avoid.written", count=count + 1, folder=out)


def _write_one(answer: Compared, one: Comparison, out: Path) -> int:
    count = 0
    for n, alternative in enumerate(one.alternatives):
        name = f"{answer.file.stem}-{one.subject.parcel.number}-方案{_NUMERALS[n]}"
        shapes = {"": alternative.sheet.parcel.shape, "-中线": alternative.way.axis}
        for part, shape in shapes.items():
            if shape is not None:
                _write_shape(shape, name + part, one, answer, out)
                count += 2
    return count


def _write_shape(shape: BaseGeometry, name: str, one: Comparison, answer: Compared, out: Path) -> None:
    epsg = one.subject.epsg
    header = {
        "数据产生单位": facts.county().zh,
        "数据产生日期": answer.on.isoformat(),
        "说明": text("check.screening", "zh") + text("plan_table.made_up", "zh") * _made_up(one),
    }
    values: dict[str, Any] = {"地块编号": str(one.subject.parcel.number), "地块名称": name}
    (laid,) = from_storage(np.array([shape], dtype=object), epsg)
    # GB 18030 is GBK for whatever GBK holds, and holds every name besides.
    write([(values, laid)], out / f"{name}.txt", Layout(name, (), epsg=epsg, encoding="GB18030", header=header))
    said = {**values, "说明": header["说明"]}
    write([(said, shape)], out / f"{name}.geojson", Layout(name, tuple(Column(key, "text") for key in said)))


def _made_up(one: Comparison) -> bool:
    return any(finding.made_up for finding in one.original.findings)


def _write_csv(answer: Compared, path: Path) -> None:
    """One line an alternative, the original first; numbers plain, for a spreadsheet."""
    headings = ["地块", "方案", "做法", "面积公顷", "增减公顷", "沿用原地公顷", "间距米"]
    names = [text(f"check_row.{row.id}", "zh") for row in sheet_rows()]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*headings, *(f"涉及{name}公顷" for name in names), "说明"])
        for one in answer.comparisons:
            writer.writerows(_csv_lines(one))


def _csv_lines(one: Comparison) -> Iterator[list[object]]:
    said = text("check.screening", "zh") + text("plan_table.made_up", "zh") * _made_up(one)
    number = one.subject.parcel.number
    hm2 = f"{one.original.parcel.area_m2 / HM2:.4f}"
    yield [number, text("avoid.original", "zh"), "", hm2, "", hm2, "", *_figures(one.original), said]
    for n, each in enumerate(one.alternatives):
        deeds = "；".join(text(note.id, "zh", note.values) for note in _deeds(each.way))
        yield [number, f"方案{_NUMERALS[n]}", deeds, *_areas(each), _gap(each), *_figures(each.sheet), said]


def _figures(sheet: Sheet) -> list[str]:
    unchecked = text("check.not_checked", "zh")
    return [f"{found.m2 / HM2:.4f}" if found.loaded else unchecked for found in sheet.findings]


def _plain(answer: Compared) -> dict[str, Any]:
    return {
        "file": answer.file.name,
        "no": answer.no,
        "on": answer.on,
        "clear": [row.id for row in answer.wish.rows],
        "within_m": answer.wish.limits.within_m,
        "clearance_m": answer.wish.clearance_m,
        "turn_deg": answer.wish.limits.turn_deg,
        "parcels": [_plain_comparison(one) for one in answer.comparisons],
        "refused": [{"parcel": number, **_note(note)} for number, note in answer.refused],
        "screening": both("avoid.screening"),
    }


def _plain_comparison(one: Comparison) -> dict[str, Any]:
    parcel = one.subject.parcel
    return {
        "number": parcel.number,
        "name": parcel.name,
        "epsg": one.subject.epsg,
        "made_up": _made_up(one),
        "area_m2": parcel.area_m2,
        "findings": _plain_findings(one.original),
        "not_checked": [row.id for row in one.unloaded],
        "alternatives": [_plain_alternative(n, each) for n, each in enumerate(one.alternatives, start=1)],
        "notes": [_note(note) for note in (*one.notes, *parcel.notes)],
    }


def _plain_alternative(number: int, each: Alternative) -> dict[str, Any]:
    way, move = each.way, each.way.move
    return {
        "number": number,
        "way": way.kind,
        "area_m2": each.sheet.parcel.area_m2,
        "survey_area_m2": each.sheet.parcel.survey_area_m2,
        "lost_m2": each.lost_m2,
        "kept_m2": each.kept_m2,
        "gap_m": each.gap_m if isfinite(each.gap_m) else None,
        "shift_m": move.shift_m,
        "bearing_deg": move.bearing_deg if move.shift_m else None,
        "turn_deg": move.turn_deg,
        "mean_m": way.mean_m,
        "dropped": way.dropped,
        "dropped_m2": way.dropped_m2,
        "longer_m": way.longer_m,
        "radius_m": way.radius_m if isfinite(way.radius_m) else None,
        "findings": _plain_findings(each.sheet),
        "wkt": (way.axis or way.shape).wkt,
    }


def _plain_findings(sheet: Sheet) -> list[Mapping[str, Any]]:
    found = ((one, one.m2 if one.loaded else None) for one in sheet.findings)
    return [{"id": one.row.id, "checked": one.loaded, "touched": bool(one.touches), "m2": m2} for one, m2 in found]


def _note(note: Note) -> dict[str, Any]:
    return {"id": note.id, **{lang: text(note.id, lang, note.values) for lang in ("zh", "en")}}
