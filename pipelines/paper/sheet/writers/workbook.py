"""The tables of a result as xlsx, whole: numbers as numbers, and words never as formulas."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.paper.sheet import tables
from pipelines.paper.sheet.document import basics, stamp_of
from pipelines.paper.sheet.result import Parcel, Result
from pipelines.paper.sheet.tables import Row, Table, touched, words
from pipelines.paper.sheet.writers.spatial import in_millimetres
from pipelines.paper.sheet.writers.zipped import unzipped, zipped

_THIN = Side("thin", "000000")
_EDGE = Border(_THIN, _THIN, _THIN, _THIN)
_HEAD = PatternFill("solid", fgColor="EDEFEA")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMATS = {"hm2": "0.0000", "mu": "0.0000", "m2": "0.00", "share": "0.00", "north": "0.000", "east": "0.000",
            "longitude": "0.00000000", "latitude": "0.00000000"}  # fmt: skip
_WIDTHS = {"clause": 48, "source": 36, "paper": 28, "issuer": 22, "step": 20, "touched": 20, "name": 34, "reason": 60,
           "control": 26, "touched_hm2": 60, "untouched": 40, "parcel_name": 26, "code": 24, "remark": 60,
           "said": 80, "at": 22, "finding": 26}  # fmt: skip
_WIDTH = 15
_LINE = 15.0
"""The height of a line, in points."""
_HIGHEST = 409.0
"""Excel takes no higher row."""


def as_workbook(result: Result) -> bytes:
    """The workbook of a result, the same bytes for the same result."""
    stamp = stamp_of(result)
    book = Workbook()
    book.remove(book.active)
    for name, table in _sheets(result):
        _write(book.create_sheet(name), table, result)
    book.properties.creator = book.properties.lastModifiedBy = stamp.person
    book.properties.title = words("paper.running", county=result.county.zh, number=stamp.number)
    book.properties.created = stamp.at.replace(tzinfo=None, microsecond=0)
    held = io.BytesIO()
    book.save(held)
    parts = unzipped(held.getvalue())
    parts["docProps/core.xml"] = _undated(parts["docProps/core.xml"])
    return zipped(parts, stamp.at)


def _undated(core: bytes) -> bytes:
    """Openpyxl writes the present moment as that of the last change: the one of making stands there instead."""
    made = re.search(rb"<dcterms:created[^>]*>([^<]*)<", core)
    assert made  # noqa: S101 -- openpyxl writes it above
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*<", rb"\g<1>" + made[1] + b"<", core)


def _sheets(result: Result) -> Iterator[tuple[str, Table]]:
    notes = ((words("paper_column.remark"), note.zh) for note in result.notes)
    told = tables.refused(result).rows
    yield words("paper_tab.basics"), Table(("item", "said"), (*basics(result), *notes))
    yield words("paper_tab.summary"), tables.summary(result)
    yield words("paper_tab.overlaps"), _together(result, [tables.overlaps(parcel) for parcel in result.parcels])
    yield words("paper_tab.features"), _together(result, [_with_txt(parcel, result.plane) for parcel in result.parcels])
    yield words("paper_tab.clauses"), _together(result, [tables.clauses(parcel) for parcel in result.parcels])
    corners = [tables.corners(parcel, result.plane) for parcel in result.parcels]
    yield words("paper_tab.corners"), _together(result, corners)
    yield words("paper_tab.layers"), tables.layers(result)
    yield words("paper_tab.remarks"), _together(result, [_remarks(parcel) for parcel in result.parcels], told)


def _together(result: Result, of_parcels: Sequence[Table], more: Sequence[Row] = ()) -> Table:
    """The tables of all parcels as one, each row with its parcel."""
    rows: list[Row] = []
    for parcel, table in zip(result.parcels, of_parcels, strict=True):
        rows += [(str(parcel.number), parcel.name, *row) for row in table.rows]
    rows += [(row[0], "", *row[1:]) for row in more]
    columns = of_parcels[0].columns if of_parcels else ("remark",)
    return Table(("parcel", "parcel_name", *columns), tuple(rows))


def _remarks(parcel: Parcel) -> Table:
    return Table(("remark",), tuple((note.zh,) for note in parcel.notes))


def _with_txt(parcel: Parcel, plane: int) -> Table:
    """涉及图斑, and whether a piece is large enough to have corners in millimetres."""
    found = tables.features(parcel)
    held = (not in_millimetres(one.piece, plane).is_empty for _, one in touched(parcel))
    rows = tuple((*row, words("paper.yes" if fits else "paper.no")) for row, fits in zip(found.rows, held, strict=True))
    return replace(found, columns=(*found.columns, "in_txt"), rows=rows)


def _write(sheet: Worksheet, table: Table, result: Result) -> None:
    warning = words("paper.made_up") if result.made_up else ""
    _put(sheet.cell(1, 1), f"{result.screening.zh}　{warning}".strip())
    sheet.cell(1, 1).font = Font(color="B3001B", bold=True)
    sheet.cell(1, 1).alignment, sheet.cell(1, 1).border = Alignment(vertical="center"), Border()
    for column, (name, heading) in enumerate(zip(table.columns, table.headings, strict=True), start=1):
        head = sheet.cell(2, column)
        _put(head, heading)
        head.fill, head.border, head.font = _HEAD, _EDGE, Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTHS.get(name, _WIDTH)
    for place, row in enumerate(table.rows, start=3):
        for column, (name, value) in enumerate(zip(table.columns, row, strict=True), start=1):
            _put(sheet.cell(place, column), value, _FORMATS.get(name))
        sheet.row_dimensions[place].height = min(_LINE * max(map(_lines, table.columns, row)), _HIGHEST)
    sheet.freeze_panes = "A3"
    _set_print(sheet, result)


def _lines(column: str, value: str | float | None) -> int:
    """How many lines a value takes in its column: not every program fits the height of a row to them."""
    if not isinstance(value, str):
        return 1
    room = _WIDTHS.get(column, _WIDTH) - 1
    wide = (sum(2 if east_asian_width(one) in "WF" else 1 for one in line) for line in value.split("\n"))
    return sum(max(1, -(-width // room)) for width in wide)


def _put(cell: Cell, value: str | float | None, shown: str | None = None) -> None:
    """A value as what it is: a word that begins like a formula stays a word, and says so to who copies it on."""
    if isinstance(value, str):
        cell.value = _UNFIT.sub("�", value)
        cell.data_type = "s"
        cell.quotePrefix = value[:1] in ("=", "+", "-", "@", "\t", "\r")
    else:
        cell.value = value
        cell.number_format = shown or "General"
    cell.border = _EDGE
    cell.alignment = Alignment(vertical="center", wrap_text=True)


def _set_print(sheet: Worksheet, result: Result) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:2"
    sheet.oddHeader.right.text = result.screening.zh
    sheet.oddFooter.center.text = words("paper.page", page="&P", pages="&N")
