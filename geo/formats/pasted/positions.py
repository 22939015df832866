"""Lines of positions, with point numbers or without, in metres or degrees: every outer ring is a parcel.

A ring ends at a blank line, where its number changes, or where it comes back to its first position. One that lies
in another is its hole, and that is said. One line may hold a whole ring. A line that cannot be read refuses the text
as a whole: without it another ring might be no hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain, dropwhile, islice
from typing import NamedTuple

import numpy as np
import shapely

from geo.formats.choice import sole
from geo.formats.columns import undeclared
from geo.formats.encoding import encoding_of
from geo.formats.survey_txt.text import lines
from geo.formats.tables.cells import number
from geo.formats.tables.layout import AHEAD, Layout, Line, layout_of
from geo.formats.tables.parcels import CORNERS, rings_of
from geo.formats.tables.positions import Fault, Position, position
from geo.formats.tables.rows import features
from geo.formats.values import Bounds, Contents, Feature, Scalar, Source, shown
from geo.nesting import even_odd
from geo.refusal import GeoRefusal, Note

_LONGEST = 4 * 1024 * 1024
_MOST_RINGS = 1000
_WITHIN_ANGLE = re.compile(r"(?<=[°º度′'’分])\s+(?=\d)|\s+(?=[°º度′'’分″\"”秒])")
_LABEL = re.compile(r"(?<![^\s,，;；(\[])[A-Za-z\u4e00-\u9fff]{1,4}\s*[:：=＝]\s*(?=[\d东北EN])")
_BETWEEN_BRACKETS = re.compile(r"[\])）】]\s*[,，;；]?\s*[\[(（【]")
_EDGES = " []()（）【】,，;；"
_CELLS = re.compile(r"[\s,，;；、|]+")
_GROUPS = (
    (re.compile("[;；|]"), re.compile(r"[\s,，]+")),
    (re.compile(r"\s+"), re.compile("[,，]")),
    (re.compile("[,，]"), re.compile(r"\s+")),
)
"""How positions on one line are parted, and the numbers within each."""


class _Corner(NamedTuple):
    row: int
    ring: Scalar
    at: Position


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open the positions as one layer. Raises GeoRefusal when nothing in the text places anything."""
    encoding, whole = encoding_of(source.path)
    with closing(lines(source, encoding, longest=_LONGEST)) as numbered:
        told = (line for row, text in numbered for line in _divided(row, text))
        head = list(islice(told, AHEAD))
        layout = layout_of(head)
        if layout is None:
            raise GeoRefusal("survey_txt.nothing", name=source.name)
        broken = () if whole else (Note("survey_txt.text_broken", {"encoding": encoding}),)
        yield undeclared(
            _rows(chain(head, told), layout, bounds),
            format="坐标文本",
            chosen=sole(layer, source),
            encoding=encoding,
            notes=(*broken, *layout.notes, *_above(head, layout)),
        )


def _divided(row: int, text: str) -> Iterator[Line]:
    """A line as the cells of one position, or of as many as it holds."""
    text = " ".join(text.split())  # First, for the patterns look ahead over blanks.
    text = _LABEL.sub("", _WITHIN_ANGLE.sub("", text))
    text = _BETWEEN_BRACKETS.sub(";", text).strip(_EDGES)
    yield from (Line(row, cells) for cells in _positions(text) or [tuple(_CELLS.split(text))])


def _positions(text: str) -> list[tuple[Scalar, ...]]:
    for between, within in _GROUPS:
        groups = [tuple(within.split(group.strip())) for group in between.split(text) if group.strip()]
        plain = all(len(group) in (2, 3) and all(number(cell) is not None for cell in group) for group in groups)
        if len(groups) >= CORNERS and plain:
            return [*groups]
    return []


def _above(head: list[Line], layout: Layout) -> tuple[Note, ...]:
    """What stands over the first position of a text without a heading, and was passed over."""
    over = [] if layout.heading else head[: len(head) - len(list(_begun(head, layout)))]
    said = [(line.number, " ".join(map(str, line.cells))) for line in over if not line.blank]
    values = {"count": len(said), "line": said[0][0], "text": shown(said[0][1], 40)} if said else {}
    return (Note("survey_txt.skipped", values),) if said else ()


def _begun(told: Iterable[Line], layout: Layout) -> Iterator[Line]:
    return dropwhile(lambda line: number(line.at(layout.north)) is None or number(line.at(layout.east)) is None, told)


def _rows(told: Iterator[Line], layout: Layout, bounds: Bounds) -> Iterator[Feature]:
    """A text with a heading that says more than positions is a table as any other."""
    if layout.kind != "parcels" or "parcel" in layout.roles:
        yield from features(told, layout, bounds)
        return
    below = (line for line in told if line.number > layout.heading)
    try:
        yield from _parcels(list(_rings(_begun(below, layout), layout, bounds)))
    except Fault as fault:
        yield Feature(1, {}, None, fault.note)


def _rings(told: Iterator[Line], layout: Layout, bounds: Bounds) -> Iterator[list[Position]]:
    """The rings. Raises Fault for a line that is no position, for too many of them, and for a ring of too few."""
    blocks = _blocks(told, layout, bounds)
    if all(len(block) < CORNERS for block in blocks):
        blocks = [list(chain.from_iterable(blocks))]  # Blank lines between all lines say nothing.
    for block in blocks:
        for ring in rings_of((corner.ring, corner.at) for corner in block):
            if len(set(ring)) < CORNERS:
                values = {"row": block[0].row, "count": len(set(ring)), "least": CORNERS}
                raise Fault(Note("table.too_few", values))
            yield ring


def _ring_column(layout: Layout) -> int | None:
    """Where no heading says it: numbers of points stand before those of rings, these before the coordinates."""
    before = min(layout.north, layout.east)
    return before - 1 if layout.heading == 0 and before >= 2 else None


def _blocks(told: Iterator[Line], layout: Layout, bounds: Bounds) -> list[list[_Corner]]:
    column = layout.roles.get("ring", _ring_column(layout))
    blocks: list[list[_Corner]] = [[]]
    for count, line in enumerate(told):
        if count >= bounds.vertices:
            raise Fault(Note("shape.too_many_points", {"most": bounds.vertices}))
        if not line.blank:
            blocks[-1].append(_Corner(line.number, line.at(column), position(line, layout)))
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _parcels(rings: list[list[Position]]) -> Iterator[Feature]:
    """Every outer ring with its holes, in the order of the text."""
    if len(rings) > _MOST_RINGS:
        raise Fault(Note("pasted.too_many_rings", {"rings": len(rings), "most": _MOST_RINGS}))
    place = {ring[0]: n for n, ring in reversed(list(enumerate(rings)))}
    parts = shapely.get_parts(even_odd([np.array(ring) for ring in rings]))
    for n, part in enumerate(sorted(parts, key=lambda part: place[part.exterior.coords[0]]), start=1):
        holes = len(part.interiors)
        yield Feature(n, {}, part, notes=(Note("pasted.holes", {"holes": holes}),) if holes else ())
