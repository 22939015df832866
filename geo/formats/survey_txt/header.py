"""What the header says of the coordinate system, held against what the coordinates themselves show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.crs import Floats, zones
from geo.formats.values import shown
from geo.refusal import Note

_SYSTEM = ("坐标系", "坐标系统", "坐标系名称")
_WIDTH = ("几度分带", "分带", "度带", "分带类型")
_ZONE = ("带号", "投影带号", "投影带")
_MERIDIAN = ("中央经线", "中央子午线", "中央经度")
PLACING = (*_SYSTEM, *_WIDTH, *_ZONE, *_MERIDIAN)
"""The keys that say where the coordinates are."""

_DATUMS = (
    (re.compile("2000|CGCS", re.IGNORECASE), "CGCS2000"),
    (re.compile("80"), "EPSG:4610"),
    (re.compile("54"), "EPSG:4214"),
    (re.compile("WGS", re.IGNORECASE), "EPSG:4326"),
)

_PLANE, _TURNED, _DEGREES, _DEGREES_TURNED = 100, 200, 300, 400


@dataclass(frozen=True)
class Frame:
    """How pairs of coordinates are to be taken. prefix: the zone before the easting, 0 without. turned: east first."""

    degrees: bool
    turned: bool
    prefix: int

    def said(self) -> str:
        return "°" if self.degrees else f"{self.prefix or '—'}"


def kinds(first: Floats, second: Floats) -> NDArray[np.int64]:
    """(n,) what each pair can only be, 0 when nothing: northings, eastings and degrees in China do not overlap."""
    kind = np.zeros(len(first), dtype=np.int64)
    for north, east, plane, degrees in (
        (first, second, _PLANE, _DEGREES),
        (second, first, _TURNED, _DEGREES_TURNED),
    ):
        prefix = np.floor(east / 1e6).astype(np.int64)
        within = east - prefix * 1e6
        eastern = ((prefix == 0) | ((prefix >= 13) & (prefix <= 45))) & (within >= 1e5) & (within < 1e6)
        northern = (north >= 1e6) & (north < 1e7)
        kind[eastern & northern] = (plane + prefix)[eastern & northern]
        kind[(east >= 73) & (east <= 136) & (north >= 3) & (north <= 54)] = degrees
    return kind


def frame_of(kind: int) -> Frame | None:
    """The frame of one kind of pair; None when it is no known one."""
    if kind == 0:
        return None
    return Frame(degrees=kind >= _DEGREES, turned=kind // 100 * 100 in (_TURNED, _DEGREES_TURNED), prefix=kind % 100)


def stated_crs(header: Mapping[str, str], frame: Frame | None) -> tuple[str | None, tuple[Note, ...]]:
    """What geo.crs is told that the file states, None when it must find out; and what contradicts what."""
    system = _said(header, _SYSTEM)
    datum = next((code for pattern, code in _DATUMS if pattern.search(system)), system)
    if datum == "EPSG:4326" and not (frame and frame.degrees):
        datum = system  # No plane of WGS 84 is meant by a zone number alone.
    if datum not in ("", "CGCS2000"):
        return shown(datum), ()
    if frame and frame.degrees:
        return "EPSG:4490", (Note("survey_txt.degrees"),)
    code, notes = _zone(header, frame.prefix if frame else 0)
    if code is not None and header and not system:
        notes = (*notes, Note("survey_txt.no_system"))
    return (None if code is None else f"EPSG:{code}"), notes


def _zone(header: Mapping[str, str], prefix: int) -> tuple[int | None, tuple[Note, ...]]:
    """The EPSG code of the zone. A prefix says it itself: then the header can only contradict it."""
    stated, width = _number(_said(header, _ZONE)), _number(_said(header, _WIDTH))
    number = prefix or stated
    if number is None:
        return _by_meridian(_number(_said(header, _MERIDIAN)), width), ()
    zone = next((z for z in zones().values() if z.prefix == number), None)
    if zone is None:
        return None, (Note("survey_txt.no_such_zone", {"zone": number}),)
    notes = []
    if stated is not None and stated != number:
        notes.append(Note("survey_txt.zone_differs", {"stated": stated, "prefix": prefix}))
    if width is not None and width != zone.width:
        notes.append(Note("survey_txt.width_differs", {"stated": width, "zone": number, "width": zone.width}))
    return (zone.epsg if prefix else _by_meridian(zone.central_meridian, zone.width)), tuple(notes)


def _by_meridian(meridian: int | None, width: int | None) -> int | None:
    fits = (z.epsg for z in zones().values() if (z.prefix, z.central_meridian, z.width) == (0, meridian, width or 3))
    return next(fits, None)


def _said(header: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((header[key] for key in keys if header.get(key)), "")


def _number(text: str) -> int | None:
    """The first whole number: 38带 and 三度带 say the same as 38 and 3."""
    found = re.search(r"\d{1,3}", text.replace("三", "3").replace("六", "6"))
    return int(found[0]) if found else None
