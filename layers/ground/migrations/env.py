"""Alembic's entry: one connection, handed in by layers.ground.schema, inside its transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from layers.ground.base import SRID, Base, Shape
from layers.ground.layer import catalogue

list(catalogue())


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a reflected schema or table is this project's."""
    if kind == "schema":
        return name in (None, "journal", "records")
    return name != "spatial_ref_sys"


def frozen(kind: str, thing: Any, imports: Any) -> str | Literal[False]:
    """Write a shape's type by what it is in the database, so that a migration outlives our class."""
    if kind != "type" or not isinstance(thing, Shape):
        return False
    imports.imports.add("from geoalchemy2 import Geometry")
    return f"Geometry({thing.kind!r}, srid={SRID}, spatial_index=False)"


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_schemas=True,
    include_name=ours,
    render_item=frozen,
    version_table_schema="journal",
)
context.run_migrations()
