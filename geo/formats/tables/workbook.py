"""Workbooks (.xlsx), read for their values alone: no formula is computed, no link followed, no macro looked at."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from geo.formats.archive import check
from geo.formats.choice import choose
from geo.formats.tables.layout import AHEAD, Line, layout_of
from geo.formats.tables.opening import Table, opened
from geo.formats.values import Bounds, Contents, Feature, Format, LayerListed, Scalar, Source, shown
from geo.refusal import GeoRefusal

_MOST_ROWS = 1_048_576
"""A sheet has no more; a row that says it lies beyond is a lie."""

_FAULTS = (
    InvalidFileException, ParseError, zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, ValueError,
    TypeError, AttributeError, IndexError,
)  # fmt: skip


def sniff(path: Path) -> bool:
    """A zip that holds a workbook."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open one sheet; only sheets in which something is placed by coordinates are offered."""
    check(source.path, bounds)
    with closing(_workbook(source)) as book:
        sheets = {str(sheet.title): sheet for sheet in book.worksheets if sheet.sheet_state == "visible"}
        layers = tuple(LayerListed(name, None, "Unknown") for name, sheet in sheets.items() if _places(sheet, source))
        if not layers:
            raise GeoRefusal("table.nothing", name=source.name)
        chosen = choose(layers, layer, source)
        lines = _lines(sheets[chosen.name], source)
        yield opened(lines, Table(FORMAT.name, layers, chosen), source, bounds)


def _workbook(source: Source) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of what a workbook holds besides its values.
            return load_workbook(source.path, read_only=True, data_only=True, keep_links=False)
    except _FAULTS as error:
        raise _unreadable(source, error) from error


def _places(sheet: Any, source: Source) -> bool:
    return layout_of(list(islice(_lines(sheet, source), AHEAD))) is not None


def _lines(sheet: Any, source: Source) -> Iterator[Line]:
    sheet.reset_dimensions()  # What it says of its own size is not believed.
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > _MOST_ROWS:
                raise GeoRefusal("table.broken", name=source.name, row=number, detail=f"> {_MOST_ROWS}")
            yield Line(number, tuple(map(_scalar, cells)))
    except _FAULTS as error:
        raise _unreadable(source, error) from error


def _scalar(value: Any) -> Scalar:
    """A cell as it stands; an error such as #REF! is text, a duration is written out."""
    held: Scalar = str(value) if isinstance(value, timedelta) else value
    return held


def _unreadable(source: Source, error: Exception) -> GeoRefusal:
    detail = str(error).replace(str(source.path), source.name) or type(error).__name__
    return GeoRefusal("file.unreadable", name=source.name, detail=shown(detail, 200))


FORMAT = Format("xlsx", (".xlsx",), sniff, read)
