"""What every layer is made of: the mixin, its fields, its shape, and the catalogue read from the models."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import shapely
from geoalchemy2 import Geometry
from shapely.geometry.base import BaseGeometry
from sqlalchemy import BigInteger, ForeignKey, MetaData, Text, TypeDecorator, UniqueConstraint, Uuid, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column

SRID = 4490
"""CGCS2000, longitude and latitude in degrees, longitude first: the CRS of every stored shape."""


@dataclass(frozen=True)
class Field:
    """What a column means: its names, unit, code system and the clause it comes from."""

    zh: str
    en: str
    exchange: str | None = None
    """Its name in exchange files (at most 10 bytes), where the standard gives one."""
    unit: str | None = None
    codes: str | None = None
    """The classification system in data/standards whose codes it takes."""
    see: str | None = None
    """Standard and clause."""


def described(
    zh: str,
    en: str,
    *,
    exchange: str | None = None,
    unit: str | None = None,
    codes: str | None = None,
    see: str | None = None,
    **column: Any,
) -> MappedColumn[Any]:
    """Give a column that describes itself; `column` goes to mapped_column."""
    meaning = Field(zh=zh, en=en, exchange=exchange, unit=unit, codes=codes, see=see)
    return mapped_column(info={"field": meaning}, comment=f"{zh} / {en}", **column)


class Shape(TypeDecorator[BaseGeometry]):
    """A geometry column whose Python side is a shapely geometry in EPSG:4490, longitude first."""

    impl = Geometry
    cache_ok = True

    def __init__(self, kind: str = "MULTIPOLYGON") -> None:
        super().__init__(kind, srid=SRID, spatial_index=False)
        self.kind = kind

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else shapely.to_wkb(shapely.set_srid(value, SRID), hex=True, include_srid=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> BaseGeometry | None:  # noqa: ARG002
        return None if value is None else shapely.from_wkb(value.data if hasattr(value, "data") else value)


class Base(DeclarativeBase):
    """The mapped tables. Layers carry no schema: the search path makes the same query read `layers` or `past`."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map: ClassVar = {str: Text}


class Layer:
    """A map layer: mix it into a mapped class and add columns; the rest follows from the catalogue.

    version and change are written by the journal's trigger alone.
    """

    zh: ClassVar[str]
    en: ClassVar[str]
    shape_kind: ClassVar[str] = "MULTIPOLYGON"
    natural_key: ClassVar[tuple[str, ...]] = ("code",)
    """The columns by which the field knows a feature when a file brings no uuid."""

    __tablename__: str

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, server_default=text("gen_random_uuid()"))
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    change: Mapped[int] = mapped_column(BigInteger, ForeignKey("journal.changes.id"), server_default="0", index=True)
    code: Mapped[str] = described("编号", "code", exchange="BSM")
    name: Mapped[str | None] = described("名称", "name", exchange="MC")
    source: Mapped[str] = described("来源", "source", exchange="LY")
    made_up: Mapped[bool] = described("虚构样例", "made up", exchange="XGYL", server_default="false", default=False)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[UniqueConstraint, ...]:  # noqa: N805 -- SQLAlchemy hands the class in
        return (UniqueConstraint(*cls.natural_key),)

    @declared_attr
    def shape(cls) -> Mapped[BaseGeometry]:  # noqa: N805 -- SQLAlchemy hands the class in
        return mapped_column(Shape(cls.shape_kind))


class SurveyedLayer(Layer):
    """A layer of polygons with an area of record."""

    survey_area_m2: Mapped[float | None] = described(
        "图斑椭球面积",
        "area of record, in the plane of the file it came in; empty after the shape was redrawn by hand",
        exchange="TBMJ",
        unit="m²",
        see="TD/T 1055-2019",
    )
    survey_crs: Mapped[int | None] = described("面积计算坐标系", "EPSG code of that plane", exchange="MJZBX")


def catalogue() -> Iterator[type[Any]]:
    """Every mapped layer, by table name. Nobody writes a second list."""
    importlib.import_module("layers")  # importing the package maps its layers
    mapped = (mapper.class_ for mapper in Base.registry.mappers)
    yield from sorted((c for c in mapped if issubclass(c, Layer)), key=lambda c: str(c.__tablename__))


def fields(layer: type[Any]) -> dict[str, Field]:
    """The described columns of a layer, by column name, in the order they were written."""
    return {c.name: c.info["field"] for c in layer.__table__.columns if "field" in c.info}
