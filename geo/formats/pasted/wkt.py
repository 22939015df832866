"""Shapes in WKT or EWKT, one after another, over as many lines as they like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from geo.formats.choice import sole
from geo.formats.columns import undeclared
from geo.formats.encoding import CODECS, encoding_of
from geo.formats.tables.positions import Fault
from geo.formats.tables.rows import EWKT, from_wkt
from geo.formats.values import Bounds, Contents, Feature, Source
from geo.refusal import GeoRefusal

_CHARACTERS_PER_VERTEX = 48
_BEGINS = re.compile(
    r"(SRID\s*=\s*\d+\s*;)?\s*((MULTI)?(POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION)\s*(Z|M|ZM)?\s*(\(|EMPTY)",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[()]")
_BETWEEN = " \t\r\n;；,，。\ufeff"


def begins(text: str) -> bool:
    return _BEGINS.match(" ".join(text.lstrip("\ufeff").split())) is not None


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open the shapes as one layer, named as the file. The SRIDs must be one, which the text then states."""
    encoding, _ = encoding_of(source.path)
    most = bounds.vertices * _CHARACTERS_PER_VERTEX
    with source.path.open(encoding=CODECS[encoding], errors="replace") as file:
        text = file.read(most + 1)
    if len(text) > most:
        raise GeoRefusal("file.monster", name=source.name, points=len(text) // 20, most=bounds.vertices)
    codes = sorted({found[1] for found in EWKT.finditer(text)})
    if len(codes) > 1:
        raise GeoRefusal("pasted.two_systems", name=source.name, codes="、".join(codes))
    yield undeclared(
        (_feature(n, row, part, bounds) for n, (row, part) in enumerate(_parts(text), start=1)),
        format="WKT",
        chosen=sole(layer, source),
        encoding=encoding,
        stated_crs=f"EPSG:{codes[0]}" if codes else None,
    )


def _feature(number: int, row: int, text: str, bounds: Bounds) -> Feature:
    try:
        return Feature(number, {}, from_wkt(text, row, bounds))
    except Fault as fault:
        return Feature(number, {}, None, fault.note)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The line each shape begins at, and its text: up to the bracket that closes its first."""
    start = depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] == "(" else -1
        if depth <= 0:
            yield from _part(text, start, bracket.end())
            start, depth = bracket.end(), 0
    yield from _part(text, start, len(text))


def _part(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    held = text[start:end].strip(_BETWEEN)
    if held:
        yield 1 + text.count("\n", 0, text.index(held, start)), held
