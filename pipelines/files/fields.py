"""From a file's attributes to the columns of a layer, and back. Pure."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from data import facts
from geo.refusal import Note
from layers.ground.layer import Field, fields, layer_named
from pipelines.edits.edit import EditRefusal

_TRUE, _FALSE = frozenset({"1", "true", "t", "yes", "y", "是"}), frozenset({"0", "false", "f", "no", "n", "否"})

_DIGITS = 18
"""More of them than any column holds; 1e999999999 would be a number of a gigabyte."""

ID = "qs_id"
"""The attribute that carries a feature's uuid out and in again."""
VERSION = "qs_version"
BATCH_ROW = "qs_row"
"""The attribute that carries a refused row's number out and in again."""
SAID = "qs_said"
"""The attribute that says why a row was refused."""
_OURS = (ID, VERSION, BATCH_ROW, SAID)


@dataclass(frozen=True)
class Match:
    """Which attribute of a file fills which column, what is set for every row, and what nobody asked for."""

    columns: Mapping[str, str]
    """Attribute → column."""
    fixed: Mapping[str, Any]
    ours: Mapping[str, str]
    """qs_id, qs_version, qs_row → the attribute that carries it."""
    ignored: tuple[str, ...]

    def our(self, name: str, attributes: Mapping[str, Any]) -> str | None:
        """What a row says in one of our own attributes, as text; None when it says nothing."""
        value = attributes.get(self.ours.get(name, name))
        return None if value is None else _as_text(value, str(value).strip()) or None


class RowError(ValueError):
    """A row that cannot become the values of a feature, with everything that is wrong with it."""

    def __init__(self, *notes: Note) -> None:
        super().__init__(", ".join(note.id for note in notes))
        self.notes = notes


def match(layer: type[Any], attributes: Iterable[str], *, stated: Mapping[str, str], fixed: Mapping[str, str]) -> Match:
    """Match attributes to columns by what was stated, else by column name, exchange name or Chinese name, in any case.

    Raises EditRefusal for a stated attribute or column that is not there, and for a set value its column cannot hold.
    """
    names, described = list(attributes), fields(layer)
    if unknown := [wanted for wanted in (*stated.values(), *fixed) if wanted not in described]:
        raise EditRefusal("edit.no_field", layer=layer.__tablename__, fields=", ".join(unknown))
    if missing := [name for name in stated if name not in names]:
        raise EditRefusal("import.no_attribute", attributes=", ".join(missing), present=", ".join(names))
    known = _names(layer)
    columns = {name: stated[name] for name in names if name in stated}
    for name in names:
        column = known.get(name.casefold())
        if name not in columns and column and column not in fixed and column not in columns.values():
            columns[name] = column
    ours = {name.casefold(): name for name in names if name.casefold() in _OURS}
    ignored = tuple(n for n in names if n not in columns and n.casefold() not in _OURS)
    return Match(columns, _fixed(layer, fixed), ours, ignored)


def _fixed(layer: type[Any], fixed: Mapping[str, str]) -> dict[str, Any]:
    try:
        return {column: value_of(layer, column, value) for column, value in fixed.items()}
    except RowError as error:
        raise EditRefusal(error.notes[0].id, **error.notes[0].values) from None


def _names(layer: type[Any]) -> dict[str, str]:
    """Every name under which a file may bring a column, the surest last."""
    described: dict[str, Field] = fields(layer)
    by_zh = {field.zh.casefold(): column for column, field in described.items()}
    by_exchange = {f.exchange.casefold(): column for column, f in described.items() if f.exchange}
    return by_zh | by_exchange | {column.casefold(): column for column in described}


def values_of(layer: type[Any], matched: Match, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    """The columns' values of one row, and what was done to them; an attribute that the row lacks brings nothing.

    Raises RowError with all values that their columns cannot hold.
    """
    values = dict(matched.fixed)
    notes: list[Note] = []
    faults: list[Note] = []
    described = _described(layer)
    for name, column in matched.columns.items():
        if name not in attributes:
            continue
        given = attributes[name]
        try:
            value = value_of(layer, column, given)
        except RowError as error:
            faults += error.notes
            continue
        if value is not None or described[column].nullable:
            values[column] = value
        elif described[column].required:
            faults.append(Note("import.required", _labels(layer, column)))
        if isinstance(value, float) and isinstance(given, int | float) and value != given:
            notes.append(Note("import.rounded", _labels(layer, column) | {"given": given, "value": value}))
    if faults:
        raise RowError(*faults)
    return values, notes


def gaps(layer: type[Any], values: Mapping[str, Any]) -> list[Note]:
    """The parts of the natural key that a row leaves empty."""
    empty = [column for column in layer.natural_key if values.get(column) is None]
    return [Note("import.no_key_value", _labels(layer, column)) for column in empty]


def value_of(layer: type[Any], column: str, value: Any) -> Any:
    """One value as its column holds it: typed, coded, rounded; empty text is no value. Raises RowError."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(value).strip()
    if not text:
        return None
    kind = _described(layer)[column].kind
    try:
        if isinstance(value, bytes):
            raise ValueError(text)
        found = _READ[kind](value, text)
    except (ValueError, OverflowError, KeyError, ArithmeticError):
        said = _labels(layer, column) | {"value": _printable(text[:80])}
        raise RowError(Note(_NOT[kind], said)) from None
    return _rounded(layer, column, found) if kind is float else _coded(layer, column, found)


@dataclass(frozen=True)
class _Described:
    """What reading asks of a column, looked up once."""

    kind: type
    scale: int | None
    codes: str | None
    nullable: bool
    required: bool
    """Neither null, nor given by the database, nor made up here from other columns."""
    labels: Mapping[str, object]


def _described(layer: type[Any]) -> dict[str, _Described]:
    return _described_by_name(layer.__tablename__)


@cache
def _described_by_name(name: str) -> dict[str, _Described]:
    layer = layer_named(name)
    columns = layer.__table__.columns
    return {
        name: _Described(
            kind=columns[name].type.python_type,
            scale=getattr(columns[name].type, "scale", None),
            codes=field.codes,
            nullable=columns[name].nullable,
            required=not (columns[name].nullable or columns[name].server_default or name in ("code", "source")),
            labels={"field": field.exchange or name, "label_zh": field.zh, "label_en": field.en},
        )
        for name, field in fields(layer).items()
    }


def _labels(layer: type[Any], column: str) -> dict[str, object]:
    """How a text names a column: its exchange name, and its names in both languages."""
    return dict(_described(layer)[column].labels)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)


def _rounded(layer: type[Any], column: str, value: float) -> float:
    """A number with as many decimals as its column keeps, rounded as the database would."""
    scale = _described(layer)[column].scale
    if scale is None or round(value, scale) == value:
        return value
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _coded(layer: type[Any], column: str, value: Any) -> Any:
    """The code that a file's text means, be it the code, its Chinese name, or the last digits of a township's."""
    codes = _described(layer)[column].codes
    return value if codes is None or not isinstance(value, str) else _code(codes, value)


@cache
def _townships() -> Mapping[str, str]:
    return {written: t.code for t in facts.townships() for written in (t.code, t.code[-3:], t.zh)}


def township_digits(code: str | None) -> str | None:
    """A township's code as exchange files carry it: its last three digits, where they say which one it is."""
    return code[-3:] if code and _townships().get(code[-3:]) == code else code


def _code(codes: str, value: str) -> str:
    if codes == "townships":
        return _townships().get(value) or _townships().get(value[:9]) or value
    system = facts.systems().get(codes)
    return (system.read(value) if system else None) or value


def _as_text(value: Any, text: str) -> str:
    """A number without its empty decimals. Raises ValueError for what no database text can hold."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if "\x00" in text:
        raise ValueError(text)
    text.encode()  # Half a surrogate pair, as JSON can write it, is no text.
    return text


def _as_int(_value: Any, text: str) -> int:
    number = Decimal(_number(text))
    if not number.is_finite() or number.adjusted() > _DIGITS or number != number.to_integral_value():
        raise ValueError(text)
    return int(number)


def _as_float(_value: Any, text: str) -> float:
    number = float(_number(text))
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _number(text: str) -> str:
    """Digits that Python would join over an underscore are no number of a file's."""
    if "_" in text:
        raise ValueError(text)
    return text


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
    compact = _as_text(value, text).replace("/", "-").replace(".", "-").split("T")[0].split(" ")[0]
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

_NOT: Mapping[type, str] = {
    str: "import.not_a_text",
    int: "import.not_a_whole_number",
    float: "import.not_a_number",
    bool: "import.not_yes_or_no",
    date: "import.not_a_date",
    uuid.UUID: "import.not_an_id",
}
