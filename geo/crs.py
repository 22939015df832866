"""Which coordinate reference system a file is in, and the way to the one everything is stored in.

Taken: CGCS2000 in longitude and latitude, its Gauss zones of 3° and 6° with and without prefix, and, when the file
states them, other systems on CGCS2000 or WGS 84. Refused: older Chinese datums, whose way to CGCS2000 is not public.
Everywhere here x is east and y is north, whatever the axis order of the EPSG entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import cos, radians

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from geo.refusal import GeoRefusal

STORAGE = 4490
"""CGCS2000, longitude first, in degrees. EPSG:4326 is the same to storage: they differ by decimetres."""

DEGREES = frozenset({4490, 4326})

_SAME_FRAME = ("China 2000", "World Geodetic System 1984")
_KM_PER_DEGREE = 111.32
_ELLIPSOID = pyproj.Geod(a=6378137.0, rf=298.257222101)
_LANDED = 0.5
"""The share of the sampled points that must lie inside; the few astray are refused row by row."""

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Box:
    """Longitudes and latitudes in degrees within which data is expected."""

    west: float
    south: float
    east: float
    north: float

    def grown(self, km: float) -> Box:
        """The box with a margin on every side."""
        up = km / _KM_PER_DEGREE
        wide = up / cos(radians((self.south + self.north) / 2))
        return Box(self.west - wide, self.south - up, self.east + wide, self.north + up)

    def holds(self, xy: Floats) -> NDArray[np.bool_]:
        """Which of (n, 2) longitudes and latitudes lie inside; never a NaN."""
        x, y = xy[:, 0], xy[:, 1]
        return (x >= self.west) & (x <= self.east) & (y >= self.south) & (y <= self.north)


@dataclass(frozen=True)
class Zone:
    """A Gauss zone of CGCS2000: easting = 500 000 + prefix · 1 000 000 at its central meridian."""

    epsg: int
    width: int
    central_meridian: int
    prefix: int

    @property
    def false_easting(self) -> float:
        return 500_000.0 + self.prefix * 1_000_000.0


@dataclass(frozen=True)
class Taken:
    """The CRS a file is read in: stated by the file, or found because nothing else lands in the box."""

    epsg: int
    name: str
    stated: bool


@cache
def zones() -> dict[int, Zone]:
    """The CGCS2000 Gauss zones by EPSG code: 4491–4512 of 6°, 4513–4554 of 3°."""
    six = ((4491 + i, 6, 75 + 6 * i, 13 + i) for i in range(11))
    six_plain = ((4502 + i, 6, 75 + 6 * i, 0) for i in range(11))
    three = ((4513 + i, 3, 75 + 3 * i, 25 + i) for i in range(21))
    three_plain = ((4534 + i, 3, 75 + 3 * i, 0) for i in range(21))
    return {epsg: Zone(epsg, *rest) for part in (six, six_plain, three, three_plain) for epsg, *rest in part}


def take_crs(stated: str | None, sample: Floats, *, box: Box | None, margin_km: float = 2.0) -> Taken:
    """The CRS of a file.

    stated: WKT, URN or "EPSG:n" from the file, None when it says nothing. sample: (n, 2) x, y as they stand in it.
    Raises GeoRefusal when the stated system cannot be taken or puts the sample outside the box plus margin; when
    nothing is stated and none, or more than one, candidate lands there.
    """
    sample = sample[np.isfinite(sample).all(axis=1)]
    around = box.grown(margin_km) if box else None
    if stated is not None:
        return _stated(resolve(stated), sample, around)
    if around is None:
        raise GeoRefusal("crs.not_stated")
    return _found(sample, around)


def name_of(epsg: int) -> str:
    return str(pyproj.CRS.from_epsg(epsg).name)


def to_storage(shapes: Shapes, epsg: int) -> Shapes:
    """(n,) shapes in the given CRS as (n,) shapes in EPSG:4490, longitude first."""
    return _moved(shapes, epsg, STORAGE)


def from_storage(shapes: Shapes, epsg: int) -> Shapes:
    """(n,) shapes in EPSG:4490 as (n,) shapes in the given CRS, east first."""
    return _moved(shapes, STORAGE, epsg)


def points_to_storage(xy: Floats, epsg: int) -> Floats:
    """(n, 2) coordinates in the given CRS as longitudes and latitudes; inf where there is none."""
    if epsg in DEGREES:
        return xy
    lon, lat = _transformer(epsg, STORAGE).transform(xy[:, 0], xy[:, 1])
    return np.column_stack([lon, lat])


def metres_per_degree(latitude: Floats) -> Floats:
    """(n,) latitudes → (n, 2): metres in a degree of longitude and of latitude there, on the ellipsoid of storage."""
    phi = np.radians(latitude)
    v2 = 1 - _ELLIPSOID.es * np.sin(phi) ** 2
    across = _ELLIPSOID.a / np.sqrt(v2)
    return np.column_stack([np.radians(across * np.cos(phi)), np.radians(across * (1 - _ELLIPSOID.es) / v2)])


def _moved(shapes: Shapes, source: int, target: int) -> Shapes:
    if source == target or {source, target} <= DEGREES:
        return shapes
    transformer = _transformer(source, target)
    return shapely.transform(shapes, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))


@cache
def _transformer(source: int, target: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def resolve(stated: str) -> Taken:
    """The system a file states, by WKT, URN or code. Raises GeoRefusal for one that cannot be taken."""
    try:
        crs = pyproj.CRS.from_user_input(stated)
    except CRSError as error:
        raise GeoRefusal("crs.unreadable", stated=stated[:120]) from error
    if crs.is_compound:
        crs = crs.sub_crs_list[0]  # Heights are dropped with Z.
    geodetic = crs.geodetic_crs
    if geodetic is None:
        raise GeoRefusal("crs.unknown", name=crs.name)
    datum = geodetic.datum.name if geodetic.datum else "?"
    if not datum.startswith(_SAME_FRAME):
        raise GeoRefusal("crs.other_datum", name=crs.name, datum=datum)
    epsg = _code(crs)
    if epsg is None:
        raise GeoRefusal("crs.unknown", name=crs.name)
    return Taken(epsg, crs.name, stated=True)


def _code(crs: pyproj.CRS) -> int | None:
    """The EPSG code of a system on a datum that is taken; by its parameters when its name says nothing."""
    if crs.is_projected:
        known = crs.to_epsg(min_confidence=70)
        return known if known in zones() else _zone_code(crs) or known
    # An ESRI .prj carries no code, and CRS84 is EPSG:4326 with longitude first, as we read it anyway.
    datum = crs.datum.name if crs.datum else ""
    return 4490 if datum.startswith("China 2000") else 4326


def _zone_code(crs: pyproj.CRS) -> int | None:
    operation = crs.coordinate_operation
    if operation is None or "Transverse Mercator" not in operation.method_name or not _on_cgcs2000(crs):
        return None
    value: dict[str, float] = {p.name: float(p.value) for p in operation.params}
    plain = (value.get("Latitude of natural origin"), value.get("Scale factor at natural origin"))
    north = value.get("False northing")
    meridian, east = value.get("Longitude of natural origin"), value.get("False easting")
    if plain != (0, 1) or north != 0:
        return None
    six = "6_degree" in crs.name.lower() or "6-degree" in crs.name.lower()
    fits = [z for z in zones().values() if (z.central_meridian, z.false_easting) == (meridian, east)]
    fits.sort(key=lambda z: (z.width == 6) != six)  # A plain 6° zone equals a plain 3° one: the name decides.
    return fits[0].epsg if fits else None


def _on_cgcs2000(crs: pyproj.CRS) -> bool:
    geodetic = crs.geodetic_crs
    return bool(geodetic and geodetic.datum and geodetic.datum.name.startswith("China 2000"))


def _stated(taken: Taken, sample: Floats, around: Box | None) -> Taken:
    if around is None or not len(sample) or _lands(sample, taken.epsg, around):
        return taken
    if _lands(sample[:, ::-1], taken.epsg, around):
        raise GeoRefusal("crs.swapped", x=_number(sample[0, 0]), y=_number(sample[0, 1]), name=taken.name)
    raise GeoRefusal("crs.lands_outside", name=taken.name, landed=_landed(sample, taken.epsg), box=said(around))


def _found(sample: Floats, around: Box) -> Taken:
    if not len(sample):
        raise GeoRefusal("crs.not_stated")
    fits = [epsg for epsg in _candidates(sample, around) if _lands(sample, epsg, around)]
    if len(fits) == 1:
        return Taken(fits[0], name_of(fits[0]), stated=False)
    x, y = _number(sample[0, 0]), _number(sample[0, 1])
    if fits:
        raise GeoRefusal("crs.ambiguous", x=x, y=y, candidates=_named(fits))
    turned = sample[:, ::-1]
    swapped = [epsg for epsg in _candidates(turned, around) if _lands(turned, epsg, around)]
    if swapped:
        raise GeoRefusal("crs.swapped", x=x, y=y, name=_named(swapped))
    tried = _named(list(_candidates(sample, around)))
    raise GeoRefusal("crs.none_lands", x=x, y=y, candidates=tried or "—", box=said(around))


def _candidates(sample: Floats, around: Box) -> Iterator[int]:
    """The systems the eastings allow: a prefix names its zone, six digits leave the meridians near the box."""
    east = float(np.median(sample[:, 0]))
    if abs(east) <= 180:
        yield STORAGE
    elif east >= 1_000_000:
        yield from (z.epsg for z in zones().values() if z.prefix == int(east // 1_000_000))
    elif east >= 0:
        # A plain 6° zone is the same projection as the plain 3° zone of its meridian: one candidate, not two.
        plain = (z for z in zones().values() if not z.prefix and z.width == 3)
        yield from (z.epsg for z in plain if around.west - 3 <= z.central_meridian <= around.east + 3)


def _lands(sample: Floats, epsg: int, around: Box) -> bool:
    return float(around.holds(points_to_storage(sample, epsg)).mean()) > _LANDED


def _landed(sample: Floats, epsg: int) -> str:
    lonlat = points_to_storage(sample, epsg)
    lonlat = lonlat[np.isfinite(lonlat).all(axis=1)]
    if not len(lonlat):
        return "—"
    lon, lat = np.median(lonlat, axis=0)
    return f"{lon:.4f}, {lat:.4f}"


def said(box: Box) -> str:
    """A box in words: west–east, south–north."""
    return f"{box.west:.3f}–{box.east:.3f}°E, {box.south:.3f}–{box.north:.3f}°N"


def _named(codes: list[int]) -> str:
    return ", ".join(f"EPSG:{code} {name_of(code)}" for code in codes)


def _number(value: float) -> str:
    return f"{value:.6f}" if abs(value) <= 180 else f"{value:.3f}"
