"""Parcels out as a coordinate file that the field's own tools read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.area import survey_area
from geo.crs import Floats, zones
from geo.formats.values import Scalar, shown
from geo.refusal import GeoRefusal

_DECIMALS = 3
_M2_PER_HM2 = 10_000
_FIGURES = {"Polygon": "面", "LineString": "线", "Point": "点"}
_TEXTS = ("地块编号", "地块名称", "图幅号", "地块用途", "地类编码")

Record = tuple[dict[str, Scalar], BaseGeometry | None]


def write_parcels(
    records: Iterable[Record], path: Path, *, epsg: int, encoding: str, header: Mapping[str, str] | None = None
) -> int:
    """Write one parcel a record; gives their number.

    records: shapes in a CGCS2000 Gauss zone, east first, with those of 地块编号, 地块名称, 图幅号, 地块用途 and
    地类编码 that they have; nothing else is held. header: who made the data and when. Outer rings run clockwise from
    their north-west, holes the other way; rings are numbered through a parcel and end at their first point. Raises
    GeoRefusal for another CRS, one without shape, a ring too small for millimetres, a character not in the encoding.
    """
    if epsg not in zones():
        raise GeoRefusal("write.no_zone", epsg=epsg)
    count = 0
    with path.open("w", encoding=encoding, newline="\r\n") as file:
        file.writelines(_header(epsg, header or {}))
        for count, (attributes, shape) in enumerate(records, start=1):
            try:
                file.writelines(_parcel(count, attributes, shape, epsg))
            except UnicodeEncodeError as error:
                column = "、".join(_TEXTS)
                raise GeoRefusal("write.not_in_encoding", row=count, column=column, encoding=encoding) from error
    return count


def _header(epsg: int, stated: Mapping[str, str]) -> Iterator[str]:
    zone = zones()[epsg]
    middle = zone.central_meridian
    number = zone.prefix or (middle // 3 if zone.width == 3 else (middle + 3) // 6)
    yield "[属性描述]\n"
    entries = {
        "格式版本号": "1.01",
        "数据产生单位": "",
        "数据产生日期": "",
        "坐标系": "2000国家大地坐标系",
        "几度分带": str(zone.width),
        "投影类型": "高斯克吕格",
        "计量单位": "米",
        "带号": str(number),
        "精度": "0.001",
        "转换参数": ",,,,,,",
    }
    yield from (f"{key}={value}\n" for key, value in (entries | dict(stated)).items())
    yield "[地块坐标]\n"


def _parcel(row: int, attributes: dict[str, Scalar], shape: BaseGeometry | None, epsg: int) -> Iterator[str]:
    if shape is None or shape.is_empty:
        raise GeoRefusal("write.no_shape", row=row)
    exact = shapely.transform(shape, lambda xy: np.round(xy, _DECIMALS))
    figure = _FIGURES[shape.geom_type.removeprefix("Multi")]
    runs = list(rings(exact))
    if figure == "面" and any(len(np.unique(run, axis=0)) < 3 for run in runs):
        raise GeoRefusal("write.too_small", row=row)
    area = f"{survey_area(np.array([exact], dtype=object), epsg=epsg)[0] / _M2_PER_HM2:.4f}" if figure == "面" else ""
    code, name, sheet, use, land_class = (_text(attributes.get(key)) for key in _TEXTS)
    points = sum(map(len, runs))
    yield f"{points},{area},{code},{name},{figure},{sheet},{use},{land_class},@\n"
    number = 1
    for ring, run in enumerate(runs, start=1):
        closed = figure == "面"
        for n, (east, north) in enumerate(run):
            back = closed and n == len(run) - 1
            yield f"J{number - n if back else number},{ring},{north:.3f},{east:.3f}\n"
            number += not back


def rings(shape: BaseGeometry) -> Iterator[Floats]:
    """The rings, lines or points of a shape, each (n, 2); rings turned and begun as the field has them."""
    for part in shapely.get_parts(shape):
        if isinstance(part, shapely.Polygon):
            yield _begun(part.exterior, clockwise=True)
            for hole in part.interiors:
                yield _begun(hole, clockwise=False)
        else:
            yield shapely.get_coordinates(part)


def _begun(ring: shapely.LinearRing, *, clockwise: bool) -> Floats:
    """A ring from its north-western vertex round to it again."""
    xy = shapely.get_coordinates(ring)[:-1]
    if shapely.is_ccw(ring) == clockwise:
        xy = xy[::-1]
    xy = np.roll(xy, -int(np.argmax(xy[:, 1] - xy[:, 0])), axis=0)
    return np.concatenate([xy, xy[:1]])


def _text(value: Scalar) -> str:
    """A field of a parcel's line: a comma would divide it, so it is written full-width."""
    return "" if value is None else shown(" ".join(str(value).split()).replace(",", "，"), 200)
