"""The mapped tables' common ground: their metadata, and the CRS of every stored shape."""

from __future__ import annotations

from typing import Any, ClassVar

import shapely
from geoalchemy2 import Geometry
from shapely.geometry.base import BaseGeometry
from sqlalchemy import MetaData, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase

SRID = 4490
"""CGCS2000, longitude and latitude in degrees, longitude first: the CRS of every stored shape."""


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
