"""KML (OGC 12-007r2) and what 奥维 (Ovital) makes of it, .ovkml; KMZ and .ovkmz are zips of them.

Placemarks are read one by one, all folders as one layer. Nothing is followed: no document type, no entity, no network
link, no style, no schema. Coordinates are WGS 84 by definition; only Ovital shifts them, and says so in OvCoordType.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, iterparse

from geo.formats.choice import sole
from geo.formats.columns import undeclared
from geo.formats.kml.shapes import local, shape_of
from geo.formats.values import Bounds, Contents, Feature, Format, Scalar, Source, shown
from geo.refusal import GeoRefusal, Note

_HEAD = 65536
_DEEPEST = 100
_GCJ02 = "GCJ02"
_UNSHIFTED = {"CGCS2000", "WGS84"}
_CONTAINERS = {"kml", "Document", "Folder"}
_ROOT = re.compile(r"<(?:\w+:)?kml[\s>]")
_DECLARED = re.compile(rb"""^[^>]*encoding\s*=\s*["']([\w-]+)""")
_CHINESE = {"gbk", "gb2312", "gb18030", "cp936"}
"""Encodings of more than one byte that expat does not know."""


class _Found(NamedTuple):
    """A placemark or network link. folder: the names of its folders. shift: the OvCoordType that holds for it."""

    element: Element
    folder: str
    shift: str | None


def sniff(path: Path) -> bool:
    """An element named kml near the beginning."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return bool(_ROOT.search(head.decode("utf-16" if wide else "latin-1", errors="replace")))


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open all placemarks as one layer, named as the file."""
    with source.path.open("rb") as file:
        rows = _features(file, source, bounds)
        chosen = sole(layer, source)
        yield undeclared(rows, format=FORMAT.name, chosen=chosen, encoding="UTF-8", stated_crs="EPSG:4326")


def _features(file: IO[bytes], source: Source, bounds: Bounds) -> Iterator[Feature]:
    for number, found in enumerate(_found(file, source), start=1):
        if found.shift not in (None, _GCJ02, *_UNSHIFTED):
            raise GeoRefusal("kml.shifted", name=source.name, row=number, system=shown(found.shift or "", 20))
        attributes = _attributes(found)
        if local(found.element) == "NetworkLink":
            yield Feature(number, attributes, None, Note("kml.network_link"))
            continue
        shape, refusal, notes = shape_of(found.element, bounds)
        unsaid = found.shift is None and source.name.lower().endswith(".ovkml")
        told = None if found.shift is None else found.shift == _GCJ02
        yield Feature(number, attributes, shape, refusal, (*notes, *(Note("kml.shift_unsaid"),) * unsaid), gcj02=told)


def _found(file: IO[bytes], source: Source) -> Iterator[_Found]:
    """Placemarks and network links, in file order. Raises GeoRefusal where the file cannot be read on."""
    try:
        yield from _walk(file, source)
    except DefusedXmlException as error:
        raise GeoRefusal("kml.doctype", name=source.name) from error
    except ParseError as error:
        raise GeoRefusal("kml.broken", name=source.name, line=error.position[0], detail=shown(str(error))) from error
    except (UnicodeError, LookupError, ValueError) as error:
        raise GeoRefusal("file.unreadable", name=source.name, detail=shown(str(error), 200)) from error


def _walk(file: IO[bytes], source: Source) -> Iterator[_Found]:
    """What is over is dropped at once, so that memory holds one placemark, and the names of the folders around it."""
    trail = _Trail()
    for event, element in _events(file):
        if event == "start":
            trail.enter(element)
            if len(trail.open) > _DEEPEST:
                raise GeoRefusal("kml.too_deep", name=source.name, most=_DEEPEST)
            continue
        found = trail.leave(element)
        if trail.within not in _CONTAINERS:
            continue
        if local(element) in ("Placemark", "NetworkLink"):
            yield found
        trail.open[-1].remove(element)


class _Trail:
    """The elements that are open, and what of them holds for those within: the folders' names, Ovital's shift."""

    def __init__(self) -> None:
        self.open: list[Element] = []
        self._names: list[str] = []
        self._shifts: list[str | None] = [None]

    @property
    def within(self) -> str:
        return local(self.open[-1]) if self.open else ""

    def enter(self, element: Element) -> None:
        self.open.append(element)
        self._names.append("")
        self._shifts.append(self._shifts[-1])

    def leave(self, element: Element) -> _Found:
        self.open.pop()
        self._names.pop()
        found = _Found(element, "/".join(filter(None, self._names)), self._shifts.pop())
        if local(element) == "OvCoordType":
            self._shifts[-1] = re.sub(r"\W", "", element.text or "").upper()
        if local(element) == "name" and self.within == "Folder":
            self._names[-1] = (element.text or "").strip()
        return found


def _events(file: IO[bytes]) -> Iterator[tuple[str, Element]]:
    declared = _DECLARED.match(file.read(200))
    file.seek(0)
    stream: object = file
    encoding = None
    if declared and declared[1].decode().lower() in _CHINESE:
        stream, encoding = codecs.EncodedFile(file, "utf-8", "gb18030"), "utf-8"
    parser = DefusedXMLParser(target=TreeBuilder(), encoding=encoding, forbid_dtd=True)
    return iter(iterparse(stream, ("start", "end"), parser))


def _attributes(found: _Found) -> dict[str, Scalar]:
    """Name, description and folder, then the extended data, all as text; a name that comes again replaces the first."""
    own = {local(child): (child.text or "").strip() or None for child in found.element}
    held: dict[str, Scalar] = {name: own.get(name) for name in ("name", "description")}
    held["folder"] = found.folder or None
    for element in found.element.iter():
        key = element.get("name")
        if key and local(element) == "Data":
            held[key] = next((c.text for c in element if local(c) == "value"), None)
        elif key and local(element) == "SimpleData":
            held[key] = element.text
    return held


FORMAT = Format("KML", (".kml", ".ovkml"), sniff, read)
