"""The shapes of a result: GeoPackage for any GIS, survey coordinate TXT for the field's own tools."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import from_storage
from geo.formats.survey_txt.writing import write_parcels
from geo.formats.values import Column, Scalar
from geo.formats.writing import Layout, Record, write_package
from pipelines.paper.sheet.document import stamp_of
from pipelines.paper.sheet.result import HM2, MU, Parcel, Result
from pipelines.paper.sheet.tables import class_of, touched, words

_OF_PARCEL = (
    Column("地块", "integer"), Column("地块名称", "text"), Column("图斑椭球面积", "real"), Column("公顷", "real"),
    Column("亩", "real"), Column("乡镇", "text"), Column("说明", "text"),
)  # fmt: skip
_OF_PIECE = (
    Column("地块", "integer"), Column("管控要素", "text"), Column("编号", "text"), Column("名称", "text"),
    Column("类别", "text"), Column("类别代码", "text"), Column("平方米", "real"), Column("公顷", "real"),
    Column("说明", "text"),
)  # fmt: skip


def as_package(result: Result) -> bytes:
    """parcels, pieces and the touched zones as far as they lie in the parcels' windows, EPSG:4490."""
    layers = (
        (Layout("parcels", _OF_PARCEL), _parcels(result)),
        (Layout("pieces", _OF_PIECE), _pieces(result)),
        (Layout("zones", _OF_PIECE), _pieces(result, near=True)),
    )
    with tempfile.TemporaryDirectory(prefix="qingshan-") as folder:
        made = Path(folder) / "out.gpkg"
        write_package(layers, made, at=stamp_of(result).at)
        return made.read_bytes()


def _parcels(result: Result) -> Iterator[Record]:
    for parcel in result.parcels:
        m2 = parcel.survey_area_m2
        values = (
            parcel.number,
            parcel.name,
            m2,
            m2 / HM2,
            m2 / MU,
            "、".join(parcel.townships),
            _remark(parcel.made_up),
        )
        yield _named(_OF_PARCEL, values), parcel.shape


def _pieces(result: Result, *, near: bool = False) -> Iterator[Record]:
    for parcel in result.parcels:
        for finding, one in touched(parcel):
            cls = class_of(finding, one.cls) if one.cls else ""
            values = (
                parcel.number, finding.zh, one.code, one.name, cls, one.cls, one.m2, one.m2 / HM2, _remark(one.made_up),
            )  # fmt: skip
            yield _named(_OF_PIECE, values), one.near if near else one.piece


def _named(columns: Iterable[Column], values: tuple[Scalar, ...]) -> dict[str, Scalar]:
    return {column.name: value for column, value in zip(columns, values, strict=True)}


def _remark(made_up: bool) -> str:
    return f"{words('check.screening')}{'；' + words('paper.made_up') if made_up else ''}"


def as_txt(result: Result) -> bytes | None:
    """The pieces as parcels of a survey coordinate TXT in the plane of the papers; None where nothing is touched.

    A piece of less than a millimetre has no corners there: the workbook says of each whether it is there.
    """
    header = {"数据产生单位": result.county.zh, "数据产生日期": f"{stamp_of(result).at:%Y-%m-%d}"}
    records = [record for parcel in result.parcels for record in _txt_pieces(parcel, result.plane)]
    if not records:
        return None
    with tempfile.TemporaryDirectory(prefix="qingshan-") as folder:
        made = Path(folder) / "out.txt"
        # Of the GB family the one that has every character; to a reader of GBK it is the same.
        write_parcels(records, made, epsg=result.plane, encoding="gb18030", header=header)
        return made.read_bytes()


def _txt_pieces(parcel: Parcel, plane: int) -> Iterator[Record]:
    for finding, one in touched(parcel):
        shape = in_millimetres(one.piece, plane)
        if not shape.is_empty:
            use = f"{parcel.number} {parcel.name}涉及{finding.zh}"
            yield {"地块编号": one.code, "地块名称": one.name, "地块用途": use, "地类编码": one.cls}, shape


def in_millimetres(piece: BaseGeometry, plane: int) -> BaseGeometry:
    """A piece in a plane, without the rings that are no rings once they are rounded to millimetres."""
    placed = from_storage(np.array([piece], dtype=object), plane)[0]
    kept = [part for part in shapely.get_parts(placed) if _is_ring(part.exterior)]
    whole = [shapely.Polygon(part.exterior, [hole for hole in part.interiors if _is_ring(hole)]) for part in kept]
    return shapely.MultiPolygon(whole)


def _is_ring(ring: shapely.LinearRing) -> bool:
    return len(np.unique(np.round(shapely.get_coordinates(ring), 3), axis=0)) >= 3
