"""A result of whole squares, as a check would give it: two parcels, one of which touches the red line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon

from data.measuring import Said
from data.texts import both
from geo.area import area
from geo.overlay import overlap
from pipelines.paper.sheet import result as told
from pipelines.paper.sheet.frame import window
from pipelines.paper.sheet.result import HM2, Result, Stamp
from tests.samples import square, strip

STAMP = Stamp(12, datetime(2026, 11, 24, 1, 30, 0, 123456, tzinfo=UTC), "林小青")
CONTENT = b"two parcels"
SHA256 = "5a1ad3d0ab1fbb2ab8a8a9e4b2f1ef2f3a1a5f7cf7c6bb3f3f1c8b6b8f0e5a77"


def m2(shape: Any) -> float:
    return float(area(np.array([shape], dtype=object))[0])


def finding(row: str, parcel: MultiPolygon, zones: list[tuple[MultiPolygon, str]], **more: Any) -> told.Finding:
    """What zones that do not overlap are to a parcel, each with its class."""
    features, by_class = [], dict[str, float]()
    for n, (zone, cls) in enumerate(zones, start=1):
        (piece,) = overlap(np.array([parcel], dtype=object), np.array([zone], dtype=object)).shape
        features.append(told.Touched(f"{n:03d}", f"第{n}片", cls, m2(piece), "", piece, zone, False))
        by_class[cls] = by_class.get(cls, 0.0) + m2(piece)
    whole = sum(by_class.values(), 0.0)
    areas = {"m2": whole, "hm2": round(whole / HM2, 4), "share": whole / m2(parcel)}
    named = {"core": Said("核心保护区", "core zone"), "outside": Said("自然保护地外红线", "outside protected areas")}
    classes = {cls: named[cls] for cls in by_class if cls}
    held = {"by_class": by_class if classes else {}, "classes": classes, "kinds": {}, "features": tuple(features)}
    return told.Finding(row, **both(f"check_row.{row}"), checked=True, **areas, **held, made_up=False, **more)


def not_checked(row: str) -> told.Finding:
    return told.Finding(row, **both(f"check_row.{row}"), checked=False, m2=None, hm2=None, share=None, by_class={},
                        classes={}, kinds={}, features=(), made_up=False)  # fmt: skip


CLAUSE = told.Applied(
    "redline-opinion", "红线内有限人为活动出具认定意见", "an opinion on limited activity", False,
    (told.Remark("temporary", **both("question.temporary")),), (told.Spot("redline", "outside", ""),),
    Said("认定意见", "opinion"), Said("省人民政府", "the province"), None, "赣自然资〔2022〕1号", "第三条", "Jiangxi",
    False, date(2022, 11, 2), None, None,
)  # fmt: skip


def parcel(number: int, name: str, shape: MultiPolygon, findings: tuple[told.Finding, ...]) -> told.Parcel:
    clauses = (CLAUSE,) if any(f.features for f in findings if f.id == "redline") else ()
    return told.Parcel(
        number,
        name,
        m2(shape),
        m2(shape),
        shape.bounds,
        window(shape.bounds),
        {"第0乡": m2(shape)},
        (),
        findings,
        clauses,
        shape,
    )


def result(**more: Any) -> Result:
    """Stored as the twelfth check, of four squares and of one."""
    first, second = strip(0, 4), square(7)
    lines = [(strip(0, 1), "core"), (strip(3, 3), "outside")]
    of_first = (finding("redline", first, lines), finding("urban", first, []), not_checked("farmland"))
    of_second = (finding("redline", second, []), finding("urban", second, [(strip(7, 1), "")]), not_checked("farmland"))
    made = Result(
        version=told.VERSION, stored=STAMP, county=Said("兴国县", "Xingguo"), file="范围.geojson", sha256=SHA256,
        files=(told.InputFile("范围.geojson", SHA256, 11),), crs="CGCS2000 / 3-degree Gauss-Kruger zone 39",
        crs_stated=True, survey_plane=4490, plane=4527, no=7, on=date(2026, 11, 24), made_up=False,
        proposal=told.Proposed("linear-works", True, None, None, True, Said("新增建设用地", "new construction land")),
        notes=(told.Remark("file.encoding_wrong", "编码与所注不符", "not the encoding it states"),),
        layers=(told.LayerState("redlines", "生态保护红线", "red lines", 5, datetime(2026, 11, 20, tzinfo=UTC)),),
        parcels=(parcel(1, "一号地", first, of_first), parcel(2, "二号地", second, of_second)),
        refused=(told.Refused(3, "check.no_area", "不是面", "not an area"),), screening=Said(**both("check.screening")),
    )  # fmt: skip
    return replace(made, **more)


def bent(*offsets: float) -> MultiPolygon:
    """A four-sided parcel whose corners are moved by millionths of a degree."""
    moved = (
        [115.35, 26.33] + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * 0.001 + np.array(offsets).reshape(4, 2) * 1e-6
    )
    return MultiPolygon([shapely.Polygon(moved)])
