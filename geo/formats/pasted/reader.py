"""Which of the ways to write coordinates a text is in. The way is told by its first lines, never by its name."""

from __future__ import annotations

import codecs

import numpy as np

from geo.formats import survey_txt
from geo.formats.encoding import WIDE_MARKS
from geo.formats.geojson import reader as geojson
from geo.formats.kml import reader as kml
from geo.formats.pasted import positions, wkt
from geo.formats.survey_txt import grammar
from geo.formats.survey_txt.header import kinds
from geo.formats.survey_txt.text import is_text, refuse_unmarked
from geo.formats.values import Bounds, Format, Opened, Source

_HEAD = 65536
_LINES = 400


def read(source: Source, layer: str | None, bounds: Bounds) -> Opened:
    """Open a text by the reader of what it holds."""
    refuse_unmarked(source)
    if geojson.sniff(source.path):
        return geojson.read(source, layer, bounds)
    if kml.sniff(source.path):
        return kml.read(source, layer, bounds)
    head = _head(source)
    if wkt.begins(head):
        return wkt.read(source, layer, bounds)
    if any(map(_of_survey, head.splitlines()[:_LINES])):
        return survey_txt.read(source, layer, bounds)
    return positions.read(source, layer, bounds)


def _head(source: Source) -> str:
    with source.path.open("rb") as file:
        raw = file.read(_HEAD)
    if raw.startswith(WIDE_MARKS):
        return raw.decode("utf-16", "replace")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")("strict").decode(raw)
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _of_survey(line: str) -> bool:
    """Whether a line is one that only a survey coordinate TXT has: a heading, an entry, a parcel, a numbered point."""
    text = line.strip()
    entry = grammar.entry(text)
    heading = grammar.section(text) or (entry is not None and not entry[0].isascii())
    if (heading and not text.isascii()) or grammar.parcel(0, text):
        return True  # But [[115.3, 26.3]] is no heading, and X=2914100 no entry.
    found = grammar.numbered_point(text)
    return found is not None and bool(kinds(np.array([found[1]]), np.array([found[2]]))[0])


FORMAT = Format(survey_txt.FORMAT.name, (".txt",), is_text, read)
