"""From a row of a file to what it says of a feature. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shapely.geometry import MultiPoint
from shapely.geometry.base import BaseGeometry

from geo.reading import Row
from geo.refusal import Note
from layers.ground.layer import AREA_OF_RECORD, SurveyedLayer
from pipelines.files.fields import BATCH_ROW, ID, VERSION, Match, RowError, gaps, values_of

_KINDS = {
    "Point": ("点", "point"),
    "MultiPoint": ("多点", "multipoint"),
    "MultiLineString": ("线", "line"),
    "MultiPolygon": ("面", "polygon"),
}


@dataclass(frozen=True)
class Said:
    """What a row says: the columns' values, the shape among them, and of which feature.

    stated: the feature's uuid, where the row names it. over: the version it was made over, as it says.
    derived: columns that the file does not hold and that were made up from others.
    """

    row: Row
    values: Mapping[str, Any]
    derived: tuple[str, ...]
    key: tuple[Any, ...]
    stated: uuid.UUID | None
    over: int | None

    @property
    def code(self) -> str | None:
        code: str | None = self.values.get("code")
        return code


@dataclass(frozen=True)
class Reader:
    """How the rows of one file are understood."""

    layer: type[Any]
    match: Match
    source: str

    def said(self, row: Row) -> Said:
        """What a row says. Raises RowError."""
        if row.refusal is not None or row.shape is None:
            raise RowError(row.refusal or Note("shape.missing"))
        shape = _of_kind(row.shape, self.layer.shape_kind)
        values, notes = values_of(self.layer, self.match, row.attributes)
        stated, over = self._id(row), self._version(row)
        made = {"source": self.source, "code": self._code(values)}
        derived = tuple(name for name in made if values.get(name) is None)
        given = {name: value for name, value in values.items() if name not in derived}
        values = given | {name: made[name] for name in derived if made[name] is not None}
        if stated is None and (lacking := gaps(self.layer, values)):
            raise RowError(*lacking)
        key = tuple(values.get(name) for name in self.layer.natural_key)
        values = self._with_area(values, row) | {"shape": shape}
        return Said(row._replace(notes=(*row.notes, *notes)), values, derived, key, stated, over)

    def batch_row(self, row: Row) -> int | None:
        """The number under which a row of a continuation stood in its batch."""
        stated = self.match.our(BATCH_ROW, row.attributes) or ""
        return int(stated) if _is_number(stated, 9) else None

    def code(self, row: Row) -> str | None:
        """What the field calls a row that could not be read whole, as far as its attributes tell."""
        by_column = {column: row.attributes.get(name) for name, column in self.match.columns.items()}
        code, *key = (by_column.get(name, self.match.fixed.get(name)) for name in ("code", *self.layer.natural_key))
        known = any(part is not None for part in key)
        said = str(code) if code else "-".join("?" if part is None else str(part).strip()[:20] for part in key)
        return said[:60] if code or known else None

    def _with_area(self, values: Mapping[str, Any], row: Row) -> dict[str, Any]:
        """The area of record is what was computed in the file's own plane, whatever its attributes say."""
        values = {name: value for name, value in values.items() if name not in AREA_OF_RECORD}
        if issubclass(self.layer, SurveyedLayer) and row.survey_area_m2 is not None:
            values |= {"survey_area_m2": row.survey_area_m2, "survey_crs": row.survey_epsg}
        return values

    def _id(self, row: Row) -> uuid.UUID | None:
        stated = self.match.our(ID, row.attributes)
        try:
            return uuid.UUID(stated) if stated else None
        except ValueError:
            raise RowError(Note("import.bad_id", {"field": ID, "value": stated})) from None

    def _version(self, row: Row) -> int | None:
        stated = self.match.our(VERSION, row.attributes)
        if stated is None or self.match.our(ID, row.attributes) is None:
            return None
        if not _is_number(stated, 18):
            raise RowError(Note("import.bad_version", {"field": VERSION, "value": stated}))
        return int(stated)

    def _code(self, values: Mapping[str, Any]) -> str | None:
        """The natural key in one text, for a layer whose files bring no code."""
        parts = [values.get(name) for name in self.layer.natural_key if name != "code"]
        return "-".join(map(str, parts)) if parts and None not in parts else None


def _is_number(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits


def _of_kind(shape: BaseGeometry, kind: str) -> BaseGeometry:
    """The shape as its layer keeps it. Raises RowError when it is of another kind."""
    if kind == "POINT" and isinstance(shape, MultiPoint) and len(shape.geoms) == 1:
        return shape.geoms[0]
    if kind not in ("GEOMETRY", shape.geom_type.upper()):
        zh, en = _KINDS[shape.geom_type]
        wanted_zh, wanted_en = _KINDS["Point" if kind == "POINT" else "MultiPolygon"]
        said = {"is_zh": zh, "is_en": en, "wanted_zh": wanted_zh, "wanted_en": wanted_en}
        raise RowError(Note("import.wrong_shape", said))
    return shape
