"""From a file's attributes to the columns of a layer, and back. Pure."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from data import facts
from geo.refusal import Note
from layers.ground.layer import Field, fields
from pipelines.edits.edit import EditRefusal

_TRUE, _FALSE = frozenset({"1", "true", "t", "yes", "y", "是"}), frozenset({"0", "false", "f", "no", "n", "否"})

ID = "qs_id"
"""The attribute that carries a feature's uuid out and in again."""
VERSION = "qs_version"
BATCH_ROW = "qs_row"
"""The attribute that carries a refused row's number out and in again."""


@dataclass(frozen=True)
class Match:
    """Which attribute of a file fills which column, what is set for every row, and what nobody asked for."""

    columns: Mapping[str, str]
    """Attribute → column."""
    fixed: Mapping[str, Any]
    ignored: tuple[str, ...]


class RowError(ValueError):
    """A row that cannot become the values of a feature."""

    def __init__(self, note: Note) -> None:
        super().__init__(note.id)
        self.note = note


def match(layer: type[Any], attributes: Iterable[str], *, stated: Mapping[str, str], fixed: Mapping[str, str]) -> Match:
    """Match attributes to columns by what was stated, else by column name, exchange name or Chinese name, in any case.

    Raises EditRefusal for a stated attribute or column that is not there.
    """
    names = list(attributes)
    known = _names(layer)
    for wanted in (*stated.values(), *fixed):
        if wanted not in layer.__table__.columns:
            raise EditRefusal("edit.no_field", layer=layer.__tablename__, fields=wanted)
    if missing := [name for name in stated if name not in names]:
        raise EditRefusal("import.no_attribute", attributes=", ".join(missing), present=", ".join(names))
    columns: dict[str, str] = {}
    for name in names:
        column = stated.get(name) or known.get(name.casefold())
        if column and column not in fixed and column not in columns.values():
            columns[name] = column
    kept = {ID, VERSION, BATCH_ROW}
    values = {column: value_of(layer, column, value) for column, value in fixed.items()}
    return Match(columns, values, tuple(n for n in names if n not in columns and n.casefold() not in kept))


def _names(layer: type[Any]) -> dict[str, str]:
    """Every name under which a file may bring a column, the surest last."""
    described: dict[str, Field] = fields(layer)
    by_zh = {field.zh.casefold(): column for column, field in described.items()}
    by_exchange = {f.exchange.casefold(): column for column, f in described.items() if f.exchange}
    return by_zh | by_exchange | {column.casefold(): column for column in described}


def values_of(layer: type[Any], matched: Match, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    """The columns' values of one row, and what was done to them. Raises RowError for one its column cannot hold."""
    values, notes = dict(matched.fixed), []
    for name, column in matched.columns.items():
        given = attributes.get(name)
        values[column] = value = value_of(layer, column, given)
        if isinstance(value, float) and isinstance(given, int | float) and value != given:
            notes.append(Note("import.rounded", {"column": column, "given": given, "value": value}))
    return values, notes


def value_of(layer: type[Any], column: str, value: Any) -> Any:
    """One value as its column holds it: typed, coded, rounded; empty text is no value. Raises RowError."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(value).strip()
    if not text:
        return None
    kind = layer.__table__.columns[column].type.python_type
    try:
        found = _READ[kind](value, text)
    except (ValueError, OverflowError, KeyError):
        label = fields(layer)[column]
        said = {"column": column, "zh": label.zh, "value": text[:80], "kind": kind.__name__}
        raise RowError(Note("import.not_a_value", said)) from None
    return _rounded(layer, column, found) if kind is float else _coded(layer, column, found)


def _rounded(layer: type[Any], column: str, value: float) -> float:
    """A number with as many decimals as its column keeps, rounded as the database would."""
    scale = getattr(layer.__table__.columns[column].type, "scale", None)
    if scale is None:
        return value
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _coded(layer: type[Any], column: str, value: Any) -> Any:
    """The code that a file's text means, be it the code, its Chinese name, or the last digits of a township's."""
    described = fields(layer).get(column)
    if described is None or described.codes is None:
        return value
    if described.codes == "townships":
        township = facts.township(str(value))
        return township.code if township else value
    system = facts.systems().get(described.codes)
    return (system.read(str(value)) if system else None) or value


def _as_text(value: Any, text: str) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else text


def _as_int(_value: Any, text: str) -> int:
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)


def _as_float(_value: Any, text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _as_bool(_value: Any, text: str) -> bool:
    if text.casefold() in _TRUE:
        return True
    if text.casefold() in _FALSE:
        return False
    raise ValueError(text)


def _as_date(value: Any, text: str) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    compact = text.replace("/", "-").replace(".", "-").split("T")[0].split(" ")[0]
    if len(compact) == 8 and compact.isdigit():
        return date(int(compact[:4]), int(compact[4:6]), int(compact[6:]))
    year, month, day = compact.split("-")
    return date(int(year), int(month), int(day))


def _as_uuid(_value: Any, text: str) -> uuid.UUID:
    return uuid.UUID(text)


_READ: Mapping[type, Callable[[Any, str], Any]] = {
    str: _as_text,
    int: _as_int,
    float: _as_float,
    bool: _as_bool,
    date: _as_date,
    uuid.UUID: _as_uuid,
}
