"""CSV: comma, semicolon or tab; UTF-8, UTF-16 with its mark, or GBK."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from geo.formats.choice import sole
from geo.formats.encoding import CODECS, WIDE_MARKS, encoding_of
from geo.formats.tables.layout import AHEAD, Line, layout_of
from geo.formats.tables.opening import Table, opened
from geo.formats.values import Bounds, Contents, Feature, Format, Source, shown
from geo.refusal import GeoRefusal, Note

_HEAD = 65536
_DELIMITERS = ("\t", ";", ",", "，")
_CHARACTERS_PER_VERTEX = 48
_CONTROL = bytes(set(range(32)) - set(b"\t\r\n\x0b\x0c"))


def sniff(path: Path) -> bool:
    """Text: no control characters, or the mark of UTF-16."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return head.startswith(WIDE_MARKS) or not head.translate(None, delete=bytes(set(range(256)) - set(_CONTROL)))


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open the one table of the file, named as the file."""
    encoding, whole = encoding_of(source.path)
    csv.field_size_limit(bounds.vertices * _CHARACTERS_PER_VERTEX)
    chosen = sole(layer, source)
    notes = () if whole else (Note("file.text_broken", {"encoding": encoding}),)
    table = Table(FORMAT.name, (chosen,), chosen, encoding, notes)
    with closing(_lines(source, encoding, _delimiter(source, encoding))) as lines:
        yield opened(lines, table, source, bounds)


def _delimiter(source: Source, encoding: str) -> str:
    """The one by which the table shows its coordinates: a WKT is full of commas."""
    for delimiter in _DELIMITERS:
        try:
            with closing(_lines(source, encoding, delimiter)) as lines:
                if layout_of(list(islice(lines, AHEAD))) is not None:
                    return delimiter
        except GeoRefusal:
            continue
    return ","


def _lines(source: Source, encoding: str, delimiter: str) -> Generator[Line, None, None]:
    """Blank lines too: they part parcels. Raises GeoRefusal where a quotation does not end."""
    with source.path.open(encoding=CODECS[encoding], errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            for cells in reader:
                yield Line(reader.line_num, tuple(cell or None for cell in cells))
        except csv.Error as error:
            detail = shown(str(error), 80)
            raise GeoRefusal("table.broken", name=source.name, row=reader.line_num, detail=detail) from error


FORMAT = Format("CSV", (".csv",), sniff, read)
