"""A table's lines as an opened layer, whatever kind of file they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from geo.formats.columns import undeclared
from geo.formats.tables.layout import AHEAD, Line, layout_of
from geo.formats.tables.rows import features
from geo.formats.values import Bounds, Contents, Feature, LayerListed, Source
from geo.refusal import GeoRefusal, Note


@dataclass(frozen=True)
class Table:
    """What a file says of a table before its lines."""

    format: str
    layers: tuple[LayerListed, ...]
    chosen: LayerListed
    encoding: str | None = None
    notes: tuple[Note, ...] = ()


def opened(lines: Iterator[Line], table: Table, source: Source, bounds: Bounds) -> tuple[Contents, Iterator[Feature]]:
    """What a table says of itself, and its rows. Raises GeoRefusal when nothing in it places a row."""
    head = list(islice(lines, AHEAD))
    layout = layout_of(head)
    if layout is None:
        raise GeoRefusal("table.nothing", name=source.name)
    rows = features(chain(head, lines), layout, bounds)
    return undeclared(
        rows,
        format=table.format,
        chosen=table.chosen,
        layers=table.layers,
        encoding=table.encoding,
        notes=(*table.notes, *layout.notes),
    )
