"""The tables of a result as papers print them, in Chinese: rows of words under named columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely

from data.texts import Lang, text
from geo.crs import Floats, from_storage, points_to_storage
from geo.formats.survey_txt.writing import rings
from pipelines.paper.sheet.result import HM2, MU, Applied, Finding, Parcel, Result, Touched

NUMERIC = frozenset({"count", "hm2", "mu", "m2", "share", "north", "east", "longitude", "latitude", "change"})
"""Columns that hold numbers."""

Row = tuple[str | float | int | None, ...]


@dataclass(frozen=True)
class Table:
    """Rows of text and numbers. columns: ids of `paper_column`; digits: the decimals that a column is printed with."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(words(f"paper_column.{name}") for name in self.columns)

    def printed(self) -> Iterator[tuple[str, ...]]:
        """The rows as they are read."""
        for row in self.rows:
            yield tuple(_shown(name, value) for name, value in zip(self.columns, row, strict=True))


_DIGITS = {"hm2": 4, "mu": 4, "m2": 2, "share": 2, "north": 3, "east": 3, "longitude": 8, "latitude": 8}


def words(id: str, /, **values: object) -> str:  # noqa: A002 -- as in Refusal
    """The Chinese of a text: papers are for an office that writes it."""
    return text(id, "zh", values)


def _shown(column: str, value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.{_DIGITS[column]}f}" if column in _DIGITS and not isinstance(value, str) else str(value)


def overlaps(parcel: Parcel) -> Table:
    """套合情况表: a row for each control, those of its classes below it."""
    columns = ("control", "finding", "count", "hm2", "mu", "m2", "share")
    return Table(columns, tuple(row for finding in parcel.findings for row in _overlap(finding, parcel)))


def _overlap(finding: Finding, parcel: Parcel) -> Iterator[Row]:
    if finding.m2 is None:
        yield finding.zh, words("check.not_checked"), None, None, None, None, None
        return
    said = words("check.close" if finding.close else "check.touched" if finding.features else "check.clear")
    told = "\n".join([said, *spanned(finding, "公顷")])
    yield finding.zh, told, len(finding.features), *_areas(finding.m2, parcel)
    for cls, m2 in finding.by_class.items():
        count = sum(one.cls == cls for one in finding.features)
        yield f"　{class_of(finding, cls)}", None, count, *_areas(m2, parcel)
    for cls in close_classes(finding):
        yield f"　{class_of(finding, cls)}", words("check.close"), 0, *_areas(0.0, parcel)


def spanned(finding: Finding, unit: str = "hm²") -> Iterator[str]:
    """What it may be within the accuracy of borders, where that is another figure than the strict one."""
    if finding.span is None:
        return
    low, high = (f"{m2 / HM2:,.4f}" for m2 in (finding.span.low_m2, finding.span.high_m2))
    if low != high or finding.close:
        yield f"{low}–{high} {unit}"
        yield f"±{finding.span.tolerance_m:.1f} m"


def close_classes(finding: Finding) -> Sequence[str]:
    """The classes of what is not touched, but too close to call; none in a row that is not broken down."""
    classes = {zone.cls for zone in finding.near}.difference(finding.by_class)
    return sorted(cls for cls in classes if cls or finding.by_class)


def villages(parcel: Parcel, lang: Lang) -> str:
    """The villages that a parcel lies in, with what that rests on."""
    if not parcel.villages:
        return text("check.no_village", lang)
    names = "、".join(f"{one.name}（{one.code}）" if one.name else one.code for one in parcel.villages)
    by = next(finding for finding in parcel.findings if finding.id == parcel.villages[0].row)
    marked = parcel.villages[0].made_up
    made_up = {f"made_up_{of}": text("plan_table.made_up", of) if marked else "" for of in ("zh", "en")}
    return text("check.villages", lang, {"names": names, "row": getattr(by, lang), **made_up})


def accuracy(result: Result, lang: Lang) -> str:
    """What the spans rest on."""
    way = result.surveyed
    said = text("check.surveyed", lang, {"way": getattr(way, lang)}) if way else text("check.not_surveyed", lang)
    return text("check.accuracy", lang, {"way": said})


def _areas(m2: float, parcel: Parcel) -> tuple[float, float, float, float]:
    return m2 / HM2, m2 / MU, m2, 100 * m2 / parcel.area_m2


def class_of(finding: Finding, cls: str) -> str:
    said = finding.classes.get(cls)
    return said.zh if said else cls or words("paper.not_stated")


def features(parcel: Parcel) -> Table:
    """涉及图斑: every feature that is touched, and the ground shared with it."""
    columns = ("control", "code", "name", "class", "hm2", "m2")
    return Table(columns, tuple(_feature(finding, one) for finding, one in touched(parcel)))


def touched(parcel: Parcel) -> Iterator[tuple[Finding, Touched]]:
    """Every feature that is touched, with its row of the sheet."""
    for finding in parcel.findings:
        yield from ((finding, one) for one in finding.features)


def _feature(finding: Finding, one: Touched) -> Row:
    cls = class_of(finding, one.cls) if one.cls or finding.by_class else ""
    kind = finding.kinds.get(one.kind)
    named = "　".join(filter(None, (kind.zh if kind else one.kind, cls)))
    return finding.zh, one.code, one.name, named, one.m2 / HM2, one.m2


def clauses(parcel: Parcel) -> Table:
    """适用条款与需办手续."""
    columns = ("touched", "clause", "paper", "issuer", "step", "source")
    findings = {finding.id: finding for finding in parcel.findings}
    return Table(columns, tuple(_clause(one, findings[one.zones[0].row]) for one in parcel.clauses))


def _clause(one: Applied, finding: Finding) -> Row:
    names = [finding.kinds.get(zone.kind) for zone in one.zones] + [finding.classes.get(zone.cls) for zone in one.zones]
    led = dict.fromkeys(said.zh for said in names if said)
    asked = [words("clauses.open", asked="；".join(question.zh for question in one.open))] if one.open else []
    mark = "" if one.confirmed else words("clauses.unconfirmed")
    source = [f"{one.source}{one.clause or ''}{mark}", *([one.note.zh] if one.note else [])]
    papers = (said.zh if said else "—" for said in (one.paper, one.issuer, one.step))
    return "\n".join([finding.zh, *led]), "\n".join([one.zh, *asked]), *papers, "\n".join(source)


def corners(parcel: Parcel, plane: int) -> Table:
    """界址点坐标: numbered and turned as in a survey coordinate TXT, each ring back to its first point."""
    columns = ("corner", "ring", "north", "east", "longitude", "latitude")
    return Table(columns, tuple(row for run in _numbered(parcel, plane) for row in run))


@cache
def _rings(parcel_shape: bytes, plane: int) -> tuple[Floats, ...]:
    shape = from_storage(np.array([shapely.from_wkb(parcel_shape)], dtype=object), plane)[0]
    return tuple(rings(shapely.transform(shape, lambda xy: np.round(xy, 3))))


def _numbered(parcel: Parcel, plane: int) -> Iterator[Sequence[Row]]:
    first = 1
    for ring, run in enumerate(_rings(shapely.to_wkb(parcel.shape), plane), start=1):
        lonlat = points_to_storage(run, plane)
        numbers = [*range(first, first + len(run) - 1), first]
        first += len(run) - 1
        yield [
            (f"J{number}", str(ring), float(north), float(east), float(lon), float(lat))
            for number, (east, north), (lon, lat) in zip(numbers, run, lonlat, strict=True)
        ]


def layers(result: Result) -> Table:
    """图层状态: what each layer was when it was checked."""
    zone = result.stored.at.tzinfo if result.stored else None
    rows = (
        (one.zh, one.no, f"{one.at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if one.at else "—") for one in result.layers
    )
    return Table(("layer", "change", "at"), tuple(rows))


def refused(result: Result) -> Table:
    """未核对的地块, and why."""
    return Table(("parcel", "reason"), tuple((str(one.parcel), one.zh) for one in result.refused))


def summary(result: Result) -> Table:
    """What each parcel touches, in one line."""
    return Table(("parcel", "name", "hm2", "touched_hm2", "untouched"), tuple(map(_in_short, result.parcels)))


def _in_short(parcel: Parcel) -> Row:
    met = [f"{one.zh} {one.hm2:.4f}" for one in parcel.findings if one.features]
    met += [f"{one.zh} {words('check.close')}" for one in parcel.findings if one.close and not one.features]
    unchecked = [one.zh for one in parcel.findings if not one.checked]
    hm2 = parcel.survey_area_m2 / HM2
    return str(parcel.number), parcel.name, hm2, "；".join(met) or words("check.clear"), "、".join(unchecked) or "—"
