"""What every layer is made of: the mixin, its fields, its shape, and the catalogue read from the models."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, MappedColumn, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from geo.refusal import Refusal
from layers.ground.base import Base, Shape
from layers.ground.journal import Change


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


class LayerRefusal(Refusal):
    """A layer that is not there, or a question it cannot answer."""


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

    id: Mapped[uuid.UUID] = mapped_column(
        Uuid, primary_key=True, server_default=text("gen_random_uuid()"), sort_order=-2
    )
    version: Mapped[int] = mapped_column(BigInteger, server_default="0", sort_order=-2)
    change: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(Change.id), server_default="0", index=True, sort_order=-2
    )
    code: Mapped[str] = described("编号", "code", exchange="BSM", sort_order=-1)
    name: Mapped[str | None] = described("名称", "name", exchange="MC", sort_order=-1)
    source: Mapped[str] = described("来源", "source", exchange="LY", sort_order=1)
    made_up: Mapped[bool] = described(
        "虚构样例", "made up", exchange="XGYL", server_default="false", default=False, sort_order=1
    )

    @declared_attr.directive
    def __table_args__(cls) -> tuple[SchemaItem, ...]:  # noqa: N805 -- SQLAlchemy hands the class in
        return (
            UniqueConstraint(*cls.natural_key),
            CheckConstraint("ST_IsValid(shape)", name="shape_valid"),
            # QGIS finds the row it edits by its id as text.
            Index(f"{cls.__tablename__}_id_text", text("(id::text)")),
            Index(f"{cls.__tablename__}_shape", "shape", postgresql_using="gist"),
        )

    @declared_attr
    def shape(cls) -> Mapped[BaseGeometry]:  # noqa: N805 -- SQLAlchemy hands the class in
        return mapped_column(Shape(cls.shape_kind), sort_order=2)


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


AREA_OF_RECORD = ("survey_area_m2", "survey_crs")
"""The columns that belong to a shape as it was surveyed: they come with it, and go when it is redrawn by hand."""


def catalogue() -> Iterator[type[Any]]:
    """Every mapped layer, by table name. Nobody writes a second list."""
    importlib.import_module("layers")  # importing the package maps its layers
    mapped = (mapper.class_ for mapper in Base.registry.mappers)
    yield from sorted((c for c in mapped if issubclass(c, Layer)), key=lambda c: str(c.__tablename__))


def layer_named(name: str) -> type[Any]:
    """The layer of a table name. Raises LayerRefusal with the names there are."""
    known = {layer.__tablename__: layer for layer in catalogue()}
    if name not in known:
        raise LayerRefusal("layer.unknown", layer=name, known=", ".join(known))
    return known[name]


def to_json(value: Any) -> Any:
    """A value, or a mapping of values, as JSON can hold it: shapes as hexadecimal WKB, days and ids as text."""
    if isinstance(value, Mapping):
        return {key: to_json(part) for key, part in value.items()}
    if isinstance(value, BaseGeometry):
        return shapely.to_wkb(value, hex=True)
    return str(value) if isinstance(value, date | uuid.UUID) else value


def from_json(column: Any, value: Any) -> Any:
    """The value of a column back from what to_json made of it."""
    if isinstance(column.type, Shape):
        return None if value is None else shapely.from_wkb(value)
    if value is not None and column.type.python_type in (date, uuid.UUID):
        return date.fromisoformat(value) if column.type.python_type is date else uuid.UUID(value)
    return value


def fields(layer: type[Any]) -> dict[str, Field]:
    """The described columns of a layer, by column name, in the order they were written."""
    return {c.name: c.info["field"] for c in layer.__table__.columns if "field" in c.info}
