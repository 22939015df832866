"""DXF in text, through ezdxf: the model space alone. Blocks are not opened, nothing that is referred to is read.

A drawing states neither unit nor CRS: its coordinates are taken as metres or degrees, east first, and placed by trying.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.formats.choice import choose
from geo.formats.columns import columns_of
from geo.formats.values import Bounds, Contents, Feature, Format, LayerListed, Source
from geo.refusal import GeoRefusal, Note

_BINARY = b"AutoCAD Binary DXF"
_DWG = re.compile(rb"AC10\d\d|AC1\.\d")
_TEXT = re.compile(rb"\s*(?:999\s*?\n[^\n]*\n\s*)*0\s*?\n\s*SECTION\s")


def sniff(path: Path) -> bool:
    """A section at the beginning; or the marks of what is refused with a remedy of its own."""
    with path.open("rb") as file:
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
    return bool(head.startswith(_BINARY) or _DWG.match(head) or _TEXT.match(head))


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open one layer of the drawing; only layers with shapes are offered."""
    _refuse_binary(source)
    from geo.formats.dxf import drawing  # noqa: PLC0415 -- half a second, which the other formats need not wait

    opened = drawing.opened(source, bounds)
    counts = Counter(drawn.layer for drawn in opened.shapes)
    layers = tuple(LayerListed(name, count, "Unknown") for name, count in sorted(counts.items()))
    chosen = choose(layers, layer, source)
    rows = drawing.features(opened, chosen.name)
    contents = Contents(
        format=FORMAT.name,
        layer=chosen.name,
        layers=layers,
        count=chosen.count,
        columns=columns_of(rows),
        encoding=opened.encoding,
        stated_crs=None,
        notes=_passed(opened.passed),
    )
    yield contents, iter(rows)


def _refuse_binary(source: Source) -> None:
    with source.path.open("rb") as file:
        head = file.read(32)
    if head.startswith(_BINARY):
        raise GeoRefusal("dxf.binary", name=source.name)
    if _DWG.match(head):
        raise GeoRefusal("dxf.dwg", name=source.name)


def _passed(kinds: Counter[str]) -> tuple[Note, ...]:
    said = "、".join(f"{kind}({count})" for kind, count in sorted(kinds.items()))
    return (Note("dxf.passed", {"kinds": said}),) if said else ()


FORMAT = Format("DXF", (".dxf",), sniff, read)
