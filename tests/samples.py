"""Small values for tests: edits and occasions that say only what matters."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import shapely
from shapely.geometry import MultiPolygon

from pipelines.edits.edit import Edit, Occasion


def square(column: int, row: int = 0, *, size: float = 0.001) -> MultiPolygon:
    """A square of `size` degrees in the middle of the county, the `column`-th to the east."""
    west, south = 115.35 + column * size, 26.33 + row * size
    return MultiPolygon([shapely.box(west, south, west + size, south + size)])


def occasion(person: str = "林小青", **said: Any) -> Occasion:
    return Occasion(person=person, door=said.pop("door", "cli"), **said)


def plot(number: int, **fields: Any) -> Edit:
    """A new forest plot with the given number, 0.001° wide."""
    values: dict[str, Any] = {
        "code": f"360732100-001-0001-{number}",
        "township": "360732100",
        "village": "001",
        "compartment": "0001",
        "subcompartment": str(number),
        "land_class": "030100",
        "source": "test",
        "shape": square(number),
        **fields,
    }
    return Edit("plots", uuid.UUID(int=number), values)


def feature(layer: str, number: int, shape: MultiPolygon, **fields: Any) -> Edit:
    """A new feature of any layer, under a code made of its number."""
    values = {"code": f"{number:03d}", "name": f"{layer} {number}", "source": "test", "shape": shape, **fields}
    return Edit(layer, identity(layer, number), values)


def identity(layer: str, number: int) -> uuid.UUID:
    """The id of that feature."""
    return uuid.uuid5(uuid.UUID(int=4490), f"{layer} {number}")


def township(number: int, shape: MultiPolygon, **fields: Any) -> Edit:
    return feature("townships", number, shape, **{"code": f"36073210{number}", "name": f"第{number}乡", **fields})


def strip(first: int, columns: int, row: int = 0, rows: int = 1) -> MultiPolygon:
    """A rectangle of whole squares, for townships and zones over plots."""
    return MultiPolygon([shapely.union_all([square(first + i, row + j) for i in range(columns) for j in range(rows)])])


def revised(number: int, base: int | None = None, **fields: Any) -> Edit:
    """A revision of that plot."""
    return Edit("plots", uuid.UUID(int=number), fields, base)


def ended(number: int, base: int | None = None) -> Edit:
    """The end of that plot."""
    return Edit("plots", uuid.UUID(int=number), {}, base, gone=True)


DAY = date(2025, 6, 30)
