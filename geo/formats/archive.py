"""Unpacking what was sent, so that nothing but names and sizes of our choosing reaches a reader.

Only files of known endings come out, under names written here; the sender's names are kept for messages.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from geo.formats.values import Bounds, Source, shown
from geo.refusal import GeoRefusal

_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_SINGLE = (".gpkg", ".geojson", ".json", ".kml", ".ovkml", ".csv", ".xlsx", ".dxf", ".txt")
_ZIPPED = (".xlsx",)
"""Zips themselves, which their reader checks as this one does."""

ZIPS = (".zip", ".kmz", ".ovkmz")
_PACKED = (*ZIPS, ".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz")
_GEODATABASE_MEMBER = re.compile(r"[A-Za-z0-9_]{1,40}(\.[A-Za-z0-9_]{1,20}){0,3}")
_CHUNK = 1024 * 1024
_RATIO_FROM = 32 * _CHUNK
"""A small dbf of blanks packs a thousandfold in all honesty; a bomb is not small."""

_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
"""What zipfile raises of a broken zip; the last for a name that says it is UTF-8 and is not."""

_UTF8_NAME = 0x800
_ENCRYPTED = 0x1


def unpack(path: Path, into: Path, bounds: Bounds) -> list[Source]:
    """Take the readable files of a zip into a folder; give each whole dataset once.

    Raises GeoRefusal for whatever does not belong into an exchange file: links, ways out of the folder, archives in
    the archive, passwords, more or larger or more tightly packed entries than allowed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _checked(archive, bounds)
            return _taken(archive, entries, into, bounds)
    except _FAULTS as error:
        raise GeoRefusal("zip.broken", detail=shown(str(error), 200)) from error


def check(path: Path, bounds: Bounds) -> None:
    """Refuse what `unpack` would refuse of a zip that another reader opens, such as a workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            _checked(archive, bounds)
    except _FAULTS as error:
        raise GeoRefusal("zip.broken", detail=shown(str(error), 200)) from error


def contents(path: Path, bounds: Bounds) -> Iterator[tuple[str, bytes]]:
    """The members of a zip as they stand in it, archives among them; nothing is written anywhere.

    Raises GeoRefusal for what `unpack` refuses but archives in the archive, and for folders.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _checked(archive, bounds, nested=True)
            for info in archive.infolist():
                yield str(_name(info)), _content(archive, info)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, zlib.error) as error:
        raise GeoRefusal("zip.broken", detail=shown(str(error), 200)) from error


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member, no longer than its entry says: what the entry says was held against the bounds."""
    with archive.open(info) as packed:
        content = packed.read(info.file_size + 1)
    if len(content) > info.file_size:
        raise GeoRefusal("zip.too_large", megabytes=len(content) // 1024**2, most=info.file_size // 1024**2)
    return content


def _checked(
    archive: zipfile.ZipFile, bounds: Bounds, *, nested: bool = False
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    infos = archive.infolist()
    if len(infos) > bounds.entries:
        raise GeoRefusal("zip.too_many", entries=len(infos), most=bounds.entries)
    entries = [(info, _name(info)) for info in infos if not info.is_dir()]
    for info, name in entries:
        _check_entry(info, name, nested=nested)
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos) or 1
    if unpacked > bounds.unpacked_bytes:
        raise GeoRefusal("zip.too_large", megabytes=unpacked // 1024**2, most=bounds.unpacked_bytes // 1024**2)
    if unpacked > _RATIO_FROM and unpacked / packed > bounds.ratio:
        raise GeoRefusal("zip.bomb", ratio=unpacked // packed, most=bounds.ratio)
    return entries


def _name(info: zipfile.ZipInfo) -> PurePosixPath:
    """The name as the sender wrote it: without the UTF-8 mark it is read as cp437, yet mostly GBK here."""
    raw = info.orig_filename
    if not info.flag_bits & _UTF8_NAME:
        packed = raw.encode("cp437")
        try:
            raw = packed.decode("utf-8")
        except UnicodeDecodeError:
            raw = packed.decode("gb18030", errors="replace")
    return PurePosixPath(raw.replace("\\", "/"))


def _check_entry(info: zipfile.ZipInfo, name: PurePosixPath, *, nested: bool) -> None:
    said = shown(str(name))
    escapes = name.is_absolute() or ".." in name.parts or re.match(r"[A-Za-z]:", str(name))
    if escapes or not str(name).isprintable():
        raise GeoRefusal("zip.escapes", entry=said)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise GeoRefusal("zip.link", entry=said)
    if info.flag_bits & _ENCRYPTED:
        raise GeoRefusal("zip.password", entry=said)
    if name.suffix.lower() in _PACKED and not nested:
        raise GeoRefusal("zip.nested", entry=said)


def _taken(
    archive: zipfile.ZipFile, entries: list[tuple[zipfile.ZipInfo, PurePosixPath]], into: Path, bounds: Bounds
) -> list[Source]:
    room = bounds.unpacked_bytes
    found: dict[str, Source] = {}
    for info, name in entries:
        key = _dataset(name)
        if key is None:
            continue
        source = found.setdefault(key.lower(), Source(_own_path(key, into, len(found)), PurePosixPath(key).name))
        target = source.path / name.name if source.path.suffix == ".gdb" else source.path.with_suffix(_ending(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        room -= _copy(archive, info, target, room)
    whole = [source for source in found.values() if source.path.exists()]
    # A text beside a dataset is what the sender wrote about it.
    return [source for source in whole if source.path.suffix != ".txt"] or whole


def _dataset(name: PurePosixPath) -> str | None:
    """The dataset an entry belongs to, by the sender's name; None for what no reader needs."""
    if "__MACOSX" in name.parts:
        return None
    for parent in name.parents:
        if parent.suffix.lower() == ".gdb":
            return str(parent) if _GEODATABASE_MEMBER.fullmatch(name.name) and name.parent == parent else None
    ending = name.suffix.lower()
    if ending in _SHAPEFILE:
        return str(name.with_suffix(".shp"))
    return str(name) if ending in _SINGLE else None


def _own_path(key: str, into: Path, count: int) -> Path:
    return into / f"set{count}" / f"in{PurePosixPath(key).suffix.lower()}"


def _ending(name: PurePosixPath) -> str:
    return name.suffix.lower()


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, room: int) -> int:
    written = 0
    with archive.open(info) as packed, target.open("xb") as plain:
        for chunk in _chunks(packed):
            if not written and chunk.startswith(b"PK\x03\x04") and target.suffix not in _ZIPPED:
                raise GeoRefusal("zip.nested", entry=shown(info.filename))
            written += len(chunk)
            if written > room:
                raise GeoRefusal("zip.too_large", megabytes=written // 1024**2, most=room // 1024**2)
            plain.write(chunk)
    return written


def _chunks(packed: IO[bytes]) -> Iterator[bytes]:
    while chunk := packed.read(_CHUNK):
        yield chunk
