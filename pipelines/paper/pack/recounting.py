"""Whether a result says what its shapes give: areas, extents and shares counted anew from the shapes in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import isclose
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.area import area, survey_area
from geo.crs import DEGREES, Floats, Shapes, from_storage, zones
from geo.overlay import counted_once, overlap
from geo.refusal import Refusal
from pipelines.paper.sheet.form import ResultRefusal
from pipelines.paper.sheet.frame import window
from pipelines.paper.sheet.result import HM2, Extent, Finding, Parcel, Result

_SAME, _SAME_M2, _SAME_DEGREES = 1e-9, 1e-6, 1e-9
"""How far what is counted on another machine may differ: as a share, in m², and in degrees."""
_SURVEYED_M2 = 22.0
"""m² for each degree of edge: the standard rounds corners to 0.1 mm, which moving to degrees and back may turn over."""
_PLANES = DEGREES | set(zones())


class RecountRefusal(Refusal):
    """A result that its shapes do not give."""


class _Count(NamedTuple):
    """Where a number stands, the number told, the one found, and how far they may differ, as a share and at least."""

    at: str
    told: float
    found: float
    share: float = _SAME
    least: float = _SAME_M2


def recount(result: Result) -> None:
    """Raises RecountRefusal at the first number that the shapes do not give, ResultRefusal for planes that are none."""
    for at, plane, known in (("plane", result.plane, set(zones())), ("survey_plane", result.survey_plane, _PLANES)):
        if plane not in known:
            raise ResultRefusal("result.unreadable", at=f"$.{at}", reason=str(plane))
    for parcel in result.parcels:
        if parcel.made_up and not result.made_up:
            raise ResultRefusal("result.unreadable", at="$.made_up", reason=parcel.name)
        if not shapely.is_valid(_shapes(parcel)).all():
            raise ResultRefusal("result.unreadable", at="$.parcels", reason=parcel.name)
        for one in _of_parcel(parcel, result.survey_plane):
            if not isclose(one.told, one.found, rel_tol=one.share, abs_tol=one.least):
                at = f"{parcel.number} {parcel.name} {one.at}"
                raise RecountRefusal("pack.area", at=at, told=one.told, found=one.found)


def _shapes(parcel: Parcel) -> Shapes:
    """All shapes of a parcel."""
    features = [one for finding in parcel.findings for one in finding.features]
    return _array([parcel.shape, *(one.piece for one in features), *(one.near for one in features)])


def _of_parcel(parcel: Parcel, survey_plane: int) -> Iterator[_Count]:
    whole = float(area(_array([parcel.shape]))[0])
    surveyed = survey_area(from_storage(_array([parcel.shape]), survey_plane), epsg=survey_plane)
    yield _Count("m²", parcel.area_m2, whole)
    yield _Count("TD/T 1055 m²", parcel.survey_area_m2, float(surveyed[0]), least=_SURVEYED_M2 * parcel.shape.length)
    yield from _of_extent("", parcel.bounds, parcel.shape.bounds)
    yield from _of_extent("□ ", parcel.window, window(parcel.bounds))
    for finding in parcel.findings:
        if finding.m2 is not None:
            for one in _of_finding(finding, parcel, whole):
                yield one._replace(at=f"{finding.zh} {one.at}")


def _of_extent(at: str, told: Extent, found: Extent) -> Iterator[_Count]:
    for side, here, there in zip("WSEN", told, found, strict=True):
        yield _Count(f"{at}{side}", here, there, 0.0, _SAME_DEGREES)


def _of_finding(finding: Finding, parcel: Parcel, whole: float) -> Iterator[_Count]:
    pieces = _array([one.piece for one in finding.features])
    m2 = area(pieces)
    for one, piece, counted in zip(finding.features, _cut_anew(finding, parcel), m2, strict=True):
        yield _Count(one.code, one.m2, float(counted))
        yield _Count(one.code, one.m2, float(area(_array([piece]))[0]))
        yield from _of_extent(f"{one.code} ", one.piece.bounds, piece.bounds)
    own = counted_once(pieces, m2)
    told = finding.m2 or 0.0
    yield _Count("m²", told, float(own.sum()))
    yield _Count("hm²", finding.hm2 or 0.0, round(told / HM2, 4), 0.0, 0.0)
    yield _Count("%", finding.share or 0.0, told / whole)
    yield from _of_classes(finding, own)
    if finding.span is not None:
        yield _Count("≤ m²", max(finding.span.low_m2, told), told)
        yield _Count("≥ m²", min(finding.span.high_m2, told), told)


def _of_classes(finding: Finding, own: Floats) -> Iterator[_Count]:
    if not finding.by_class:
        return
    found: dict[str, float] = defaultdict(float)
    for one, m2 in zip(finding.features, own, strict=True):
        found[one.cls] += float(m2)
    for cls in {**finding.by_class, **found}:
        yield _Count(cls, finding.by_class.get(cls, 0.0), found.get(cls, 0.0))


def _cut_anew(finding: Finding, parcel: Parcel) -> Shapes:
    """The ground that the parcel shares with each feature, cut from the features as they stand beside it."""
    near = _array([one.near for one in finding.features])
    pieces = overlap(_array([parcel.shape]), near)
    cut = _array([shapely.Polygon()] * len(near))
    cut[pieces.zone] = pieces.shape
    return cut


def _array(shapes: list[BaseGeometry]) -> Shapes:
    held = np.empty(len(shapes), dtype=object)
    held[:] = shapes
    return held
