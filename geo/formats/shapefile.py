"""Shapefile: .shp with .shx and .dbf, of whatever encoding the sender's office writes."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geo.formats import ogr
from geo.formats.choice import choose
from geo.formats.encoding import bears, likely
from geo.formats.values import Bounds, Contents, Feature, Format, LayerListed, Source
from geo.refusal import GeoRefusal, Note

_HEADER = 100
_BYTES_PER_POINT = 16
_CHUNK = 4 * 1024 * 1024

_KINDS = {0: "null", 1: "Point", 3: "LineString", 5: "Polygon", 8: "MultiPoint"}

_CODE_PAGES = {
    "utf-8": "UTF-8", "utf8": "UTF-8", "65001": "UTF-8",
    "936": "GB18030", "cp936": "GB18030", "gbk": "GB18030", "gb2312": "GB18030", "gb18030": "GB18030",
    "54936": "GB18030", "oem": "GB18030", "ansi 936": "GB18030", "ms936": "GB18030",
}  # fmt: skip


@dataclass(frozen=True)
class _Table:
    """What the header of a .dbf says."""

    records: int
    header_bytes: int
    record_bytes: int


def sniff(path: Path) -> bool:
    """File code 9994, big-endian."""
    with path.open("rb") as file:
        return file.read(4) == b"\x00\x00\x27\x0a"


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open a .shp whose siblings lie beside it under the same stem: one layer, named as the file."""
    shape_kind, records = _checked(source, bounds)
    chosen = choose((LayerListed(Path(source.name).stem, records, shape_kind),), layer, source)
    encoding, notes = text_encoding(source.path)
    with ogr.collection(source, driver="ESRI Shapefile", layer=None, encoding=encoding) as opened:
        columns = ogr.columns(opened, source)
        contents = Contents(
            format=FORMAT.name,
            layer=chosen.name,
            layers=(chosen,),
            count=records,
            columns=columns,
            encoding=encoding,
            stated_crs=ogr.stated_crs(opened),
            notes=notes,
        )
        yield contents, ogr.features(opened, source, columns, bounds)


def text_encoding(path: Path) -> tuple[str, tuple[Note, ...]]:
    """The encoding of a .dbf: what the .cpg says if the text bears it, else what gives Chinese, UTF-8 first."""
    stated = _code_page(path.with_suffix(".cpg"))
    table = path.with_suffix(".dbf")
    if stated and bears(_text(table, stated)):
        return stated, ()
    notes = (Note("file.encoding_wrong", {"stated": stated}),) if stated else ()
    for encoding in likely(lambda encoding: _text(table, encoding)):
        if encoding != stated and bears(_text(table, encoding)):
            return encoding, notes
    return stated or "GB18030", (Note("file.text_broken", {"encoding": stated or "GB18030"}),)


def _code_page(path: Path) -> str | None:
    if not path.exists():
        return None
    with path.open("rb") as file:
        named = file.read(64).decode("ascii", "replace").strip().lower()
    if named in _CODE_PAGES:
        return _CODE_PAGES[named]
    try:
        return codecs.lookup(named).name.upper()
    except (LookupError, ValueError):  # The latter for a name with a nul in it.
        return None


def _text(path: Path, encoding: str) -> Iterator[str]:
    """The table's text in portions, strictly. Blanks stand between the fields, so no character runs across two."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        head = file.read(32)
        header_bytes = struct.unpack("<H", head[8:10])[0]
        yield _names_decode(file.read(header_bytes - 32), encoding)
        file.seek(header_bytes)
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _names_decode(descriptors: bytes, encoding: str) -> str:
    starts = range(0, len(descriptors) - 31, 32)
    return " ".join(descriptors[start : start + 11].split(b"\x00")[0].decode(encoding) for start in starts)


def _checked(source: Source, bounds: Bounds) -> tuple[str, int]:
    """Hold the three files against each other before a driver trusts them. Gives the kind of shapes and the count."""
    for ending in (".shx", ".dbf"):
        if not source.path.with_suffix(ending).exists():
            raise GeoRefusal("shapefile.incomplete", name=source.name, missing=ending)
    kind = _checked_header(source, ".shp")
    _checked_header(source, ".shx")
    longest, shapes = _checked_index(source)
    table = _checked_table(source)
    if table.records != shapes:
        raise GeoRefusal("shapefile.counts_differ", name=source.name, shapes=shapes, rows=table.records)
    if longest // _BYTES_PER_POINT > 2 * bounds.vertices:  # Z and M double a point.
        points = longest // _BYTES_PER_POINT
        raise GeoRefusal("file.monster", name=source.name, points=points, most=bounds.vertices)
    return _KINDS.get(kind % 10, "unknown"), shapes


def _checked_header(source: Source, ending: str) -> int:
    path = source.path.with_suffix(ending)
    with path.open("rb") as file:
        head = file.read(_HEADER)
    if len(head) < _HEADER or head[:4] != b"\x00\x00\x27\x0a":
        raise GeoRefusal("shapefile.damaged", name=source.name, part=ending)
    stated, actual = 2 * int(struct.unpack(">i", head[24:28])[0]), path.stat().st_size
    if stated != actual:
        raise GeoRefusal("shapefile.length_lies", name=source.name, part=ending, stated=stated, actual=actual)
    return int(struct.unpack("<i", head[32:36])[0])


def _checked_index(source: Source) -> tuple[int, int]:
    """The longest record in bytes and the number of records, every one of them inside the .shp."""
    index = np.fromfile(source.path.with_suffix(".shx"), dtype=">i4", offset=_HEADER)
    if len(index) % 2:
        raise GeoRefusal("shapefile.damaged", name=source.name, part=".shx")
    offsets, lengths = 2 * index[0::2].astype(np.int64), 2 * index[1::2].astype(np.int64)
    size = source.path.stat().st_size
    if len(offsets) and (offsets.min() < _HEADER or lengths.min() < 0 or (offsets + 8 + lengths).max() > size):
        raise GeoRefusal("shapefile.damaged", name=source.name, part=".shx")
    return int(lengths.max(initial=0)), len(offsets)


def _checked_table(source: Source) -> _Table:
    path = source.path.with_suffix(".dbf")
    with path.open("rb") as file:
        head = file.read(32)
        if len(head) < 32:
            raise GeoRefusal("shapefile.damaged", name=source.name, part=".dbf")
        table = _Table(*struct.unpack("<IHH", head[4:12]))
        descriptors = file.read(max(0, table.header_bytes - 32)).split(b"\r")[0]
    lengths = [descriptors[at + 16] for at in range(0, len(descriptors) - 31, 32)]
    wanted = table.header_bytes + table.records * table.record_bytes
    if 1 + sum(lengths) != table.record_bytes or not wanted <= path.stat().st_size <= wanted + 2:
        raise GeoRefusal("shapefile.table_lies", name=source.name, rows=table.records)
    return table


FORMAT = Format("Shapefile", (".shp",), sniff, read)


def siblings(path: Path) -> dict[str, Path]:
    """The files that make up a shapefile lying in a folder, by ending, whatever the case of their names."""
    same = (p for p in path.parent.iterdir() if p.stem.lower() == path.stem.lower())
    return {p.suffix.lower(): p for p in same if p.suffix.lower() in (".shp", ".shx", ".dbf", ".prj", ".cpg")}
