"""A result as a document: what stands in it and in what order, whatever it is written in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from data import checking
from geo.crs import STORAGE, name_of, zones
from pipelines.paper.sheet import tables
from pipelines.paper.sheet.code import square_code
from pipelines.paper.sheet.fonts import font_files
from pipelines.paper.sheet.form import dumped
from pipelines.paper.sheet.frame import Frame
from pipelines.paper.sheet.picture import picture
from pipelines.paper.sheet.result import HM2, MU, PaperRefusal, Parcel, Remark, Result, Stamp, dms
from pipelines.paper.sheet.tables import NUMERIC, Table, words


@dataclass(frozen=True)
class Heading:
    words: str
    level: int = 1
    new_page: bool = False


@dataclass(frozen=True)
class Lines:
    """Paragraphs, one below the other; `small` for what explains."""

    lines: tuple[str, ...]
    small: bool = False


@dataclass(frozen=True)
class Basics:
    """Names and values, two pairs a line, with the square code beside them."""

    pairs: tuple[tuple[str, str], ...]
    code: bytes
    """PNG."""
    code_said: str


@dataclass(frozen=True)
class Grid:
    """A table under its caption. widths: shares of the page; bold: the rows that stand out."""

    caption: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    bold: frozenset[int] = frozenset()
    small: bool = False


@dataclass(frozen=True)
class Picture:
    png: bytes
    caption: str


@dataclass(frozen=True)
class Signing:
    """Room for signatures and the seal: names, each with room beside it."""

    places: tuple[str, ...]
    dated: str


Block = Heading | Lines | Basics | Grid | Picture | Signing


@dataclass(frozen=True)
class Document:
    """title: on the first page. running, screening: on every page; warning too, where something is made up."""

    title: str
    running: str
    screening: str
    warning: str
    stamp: Stamp
    blocks: tuple[Block, ...]


def result_sha256(result: Result) -> str:
    return hashlib.sha256(dumped(result)).hexdigest()


def stamp_of(result: Result) -> Stamp:
    """Raises PaperRefusal for a result that is not stored."""
    if result.stored is None:
        raise PaperRefusal("paper.not_stored")
    return result.stored


def document(result: Result) -> Document:
    """The document of a stored result. Raises PaperRefusal for more parcels than go on paper, or where a font lacks."""
    stamp, most = stamp_of(result), checking.papers().parcels
    font_files()
    if len(result.parcels) > most:
        raise PaperRefusal("paper.too_many", parcels=len(result.parcels), most=most)
    county = result.county.zh
    return Document(
        title=words("paper.title", county=county),
        running=words("paper.running", county=county, number=stamp.number),
        screening=result.screening.zh,
        warning=words("paper.made_up") if result.made_up else "",
        stamp=stamp,
        blocks=tuple(_blocks(result, stamp)),
    )


def _blocks(result: Result, stamp: Stamp) -> Iterator[Block]:
    yield Heading(words("paper.basics"))
    yield _basics(result, stamp)
    yield from _remarks(result.notes)
    yield Lines((words("paper.terms"),), small=True)
    yield Heading(words("paper.summary"))
    yield _grid("", tables.summary(result), (8, 24, 12, 36, 20))
    if result.refused:
        yield _grid(words("paper.refused"), tables.refused(result), (12, 88))
    yield Heading(words("paper.layers"))
    yield _grid("", tables.layers(result), (40, 25, 35))
    for place, parcel in enumerate(result.parcels, start=1):
        yield from _parcel(parcel, place, result)
    yield Heading(words("paper.signing"))
    yield Signing(tuple(words(f"paper.{name}") for name in ("signed", "reviewed", "sealed")), words("paper.dated"))


def _basics(result: Result, stamp: Stamp) -> Basics:
    code = f"QINGSHAN CHECK {stamp.number} SHA256 {result_sha256(result).upper()}"
    return Basics(basics(result), square_code(code), words("paper.qr"))


def basics(result: Result) -> tuple[tuple[str, str], ...]:
    """What was checked, when, by whom and against what: names and values."""
    stamp = stamp_of(result)
    degrees = words("paper.degrees") if result.crs == name_of(STORAGE) else ""
    crs = crs_of(result.survey_plane) or degrees or result.crs
    pairs = {
        "number": words("paper.numbered", number=stamp.number),
        "stored_at": f"{stamp.at:%Y-%m-%d %H:%M:%S}",
        "file": _file(result),
        "person": stamp.person,
        "crs": crs if result.crs_stated else words("paper.crs_found", name=crs),
        "on": result.on.isoformat(),
        "parcels": _count(result),
        "change": words("paper.as_of", no=result.no),
        "proposal": result.proposal.said.zh,
        "sha256": result.sha256,
        "result_sha256": result_sha256(result),
    }
    return tuple((words(f"paper.{name}"), said) for name, said in pairs.items())


def crs_of(epsg: int) -> str:
    """A Gauss zone of CGCS2000 as the field names it; empty for another system."""
    if epsg not in zones():
        return ""
    zone = zones()[epsg]
    number = zone.central_meridian // 3 if zone.width == 3 else (zone.central_meridian + 3) // 6
    return words("paper.zone", width=zone.width, number=number, meridian=zone.central_meridian)


def _file(result: Result) -> str:
    parts = len(result.files)
    named = words("paper.of_parts", name=result.file, count=parts) if parts > 1 else result.file
    return named if all(one.kept for one in result.files) else words("paper.not_kept", name=named)


def _count(result: Result) -> str:
    m2 = sum(parcel.survey_area_m2 for parcel in result.parcels)
    of = {"count": len(result.parcels), "hm2": f"{m2 / HM2:.4f}", "mu": f"{m2 / MU:.4f}"}
    refused = len(result.refused)
    return words("paper.count_refused", **of, refused=refused) if refused else words("paper.count", **of)


def _remarks(notes: Sequence[Remark]) -> Iterator[Block]:
    if notes:
        yield Lines(tuple(words("paper.remark", said=note.zh) for note in notes))


def _parcel(parcel: Parcel, place: int, result: Result) -> Iterator[Block]:
    if place == 1:
        yield Heading(words("paper.sheets"), new_page=True)
    yield Heading(words("paper.parcel", number=parcel.number, name=parcel.name), level=2, new_page=place > 1)
    yield Lines(tuple(_about(parcel)))
    yield from _remarks(parcel.notes)
    scale = f"{Frame(parcel.window).scale:,}".replace(",", " ")
    drawn = picture(parcel, plane=result.plane, made_up=result.made_up)
    yield Picture(drawn, words("paper.picture", number=place, name=parcel.name, scale=scale))
    found = tables.overlaps(parcel)
    standing_out = (words("check.touched"), words("check.close"))
    touched = {n for n, row in enumerate(found.rows) if str(row[1] or "").startswith(standing_out)}
    yield _grid(words("paper.sheet"), found, (25, 20, 8, 13, 13, 14, 10), bold=touched)
    yield Lines((tables.accuracy(result, "zh"),), small=True)
    yield from _features(parcel)
    yield from _clauses(parcel)
    yield from _corners(parcel, result.plane)


def _about(parcel: Parcel) -> Iterator[str]:
    m2 = parcel.survey_area_m2
    yield words("paper.area", hm2=f"{m2 / HM2:.4f}", mu=f"{m2 / MU:.4f}", m2=f"{m2:.2f}")
    yield words("paper.townships", names="、".join(parcel.townships) or "—")
    yield tables.villages(parcel, "zh")
    west, south, east, north = map(dms, parcel.bounds)
    yield words("paper.extent", west=west, east=east, south=south, north=north)


def _features(parcel: Parcel) -> Iterator[Block]:
    found, most = tables.features(parcel), checking.papers().features
    if found.rows:
        shown = Table(found.columns, found.rows[:most])
        yield _grid(words("paper.features"), shown, (17, 18, 25, 15, 11, 14))
    if len(found.rows) > most:
        yield Lines((words("paper.features_more", count=len(found.rows), shown=most),), small=True)


def _clauses(parcel: Parcel) -> Iterator[Block]:
    found = tables.clauses(parcel)
    if found.rows:
        yield _grid(words("paper.clauses"), found, (12, 29, 15, 12, 12, 20), small=True)
    else:
        yield Lines((words("clauses.none"),), small=True)
    unchecked = [finding.zh for finding in parcel.findings if not finding.checked]
    if unchecked:
        yield Lines((words("clauses.not_checked", rows="、".join(unchecked)),), small=True)


def _corners(parcel: Parcel, plane: int) -> Iterator[Block]:
    found, most = tables.corners(parcel, plane), checking.papers().corners
    if len(found.rows) > most:
        yield Lines((words("paper.corners_more", count=len(found.rows), most=most),), small=True)
        return
    caption = words("paper.corners", crs=crs_of(plane))
    yield _grid(caption, found, (10, 8, 21, 21, 20, 20))


def _grid(
    caption: str, table: Table, widths: Sequence[float], *, bold: Iterable[int] = (), small: bool = False
) -> Grid:
    numeric = tuple(name in NUMERIC for name in table.columns)
    shares = tuple(width / sum(widths) for width in widths)
    return Grid(caption, table.headings, numeric, shares, tuple(table.printed()), frozenset(bold), small)
