"""The one form in which a result is stored, printed and packed: JSON, the same bytes for the same result.

Shapes stand as GeoJSON in EPSG:4490, longitude first; every number with all its digits.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.refusal import Refusal
from pipelines.paper.sheet.result import VERSION, Result

_T = TypeVar("_T")


class ResultRefusal(Refusal):
    """What cannot be read as a result."""


def dumped(result: Result) -> bytes:
    """The form of a result: one line of UTF-8."""
    return (json.dumps(_plain(result), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n").encode()


def loaded(form: bytes) -> Result:
    """The result back from its form. Raises ResultRefusal for another version, and where something is not as it is."""
    try:
        given = json.loads(form, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ResultRefusal("result.unreadable", at="$", reason=type(error).__name__) from error
    if isinstance(given, Mapping) and given.get("version") != VERSION:
        raise ResultRefusal("result.version", version=str(given.get("version")), known=VERSION)
    result: Result = _built(Result, given, "$")
    return result


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return dict(_entries(value))
    if isinstance(value, BaseGeometry):
        return shapely.geometry.mapping(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a value, but those that were added later and have their default."""
    for field in fields(value):
        held = getattr(value, field.name)
        if field.default is MISSING or held != field.default:
            yield field.name, _plain(held)


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _built(kind: Any, value: Any, at: str) -> Any:
    """The value of a type from what stands for it; `at` says where it stands."""
    origin = get_origin(kind)
    if origin in (types.UnionType, Union):
        return None if value is None else _built(get_args(kind)[0], value, at)
    if origin is tuple:
        return tuple(_parts(get_args(kind), value, at))
    if origin is Mapping:
        entries = _of(dict, value, at).items()
        return {key: _built(get_args(kind)[1], part, f"{at}.{key}") for key, part in entries}
    if is_dataclass(kind):
        return _record(kind, value, at)
    return _READ[kind](value, at) if kind in _READ else _of(kind, value, at)


def _parts(kinds: tuple[Any, ...], value: Any, at: str) -> Iterator[Any]:
    parts = _of(list, value, at)
    wanted = kinds[:1] * len(parts) if kinds[-1] is Ellipsis else kinds
    if len(wanted) != len(parts):
        _refuse(at, f"{len(parts)} ≠ {len(wanted)}")
    for place, (kind, part) in enumerate(zip(wanted, parts, strict=True)):
        yield _built(kind, part, f"{at}[{place}]")


def _record(kind: Any, value: Any, at: str) -> Any:
    given = _of(dict, value, at)
    hints = _hints(kind)
    if strange := given.keys() - hints.keys():
        _refuse(at, f"? {min(strange)}")
    built = {name: _built(hints[name], part, f"{at}.{name}") for name, part in given.items()}
    try:
        return kind(**built)
    except TypeError as error:
        missing = min(name for name in (f.name for f in fields(kind)) if name not in given)
        raise ResultRefusal("result.unreadable", at=f"{at}.{missing}", reason="—") from error


def _of(kind: Any, value: Any, at: str) -> Any:
    if type(value) is not kind:
        _refuse(at, f"{type(value).__name__} ≠ {kind.__name__}")
    return value


def _number(value: Any, at: str) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        _refuse(at, f"{type(value).__name__} ≠ float")
    return float(value)


def _day(value: Any, at: str) -> date:
    return _parsed(date.fromisoformat, value, at)


def _moment(value: Any, at: str) -> datetime:
    """A moment with its offset."""
    moment = _parsed(datetime.fromisoformat, value, at)
    return moment if moment.tzinfo else _refuse(at, str(value))


def _parsed(read: Callable[[str], _T], value: Any, at: str) -> _T:
    try:
        return read(_of(str, value, at))
    except ValueError as error:
        raise ResultRefusal("result.unreadable", at=at, reason=str(value)[:40]) from error


def _shape(value: Any, at: str) -> BaseGeometry:
    """A polygon or multipolygon of finite coordinates; whether it is valid is for who counts with it."""
    try:
        shape = shapely.geometry.shape(_of(dict, value, at))
        if shape.geom_type in ("Polygon", "MultiPolygon") and np.isfinite(shapely.get_coordinates(shape)).all():
            return shape
    except (ValueError, TypeError, AttributeError, LookupError, shapely.errors.ShapelyError) as error:
        raise ResultRefusal("result.unreadable", at=at, reason=type(error).__name__) from error
    return _refuse(at, shape.geom_type)


_READ: Mapping[Any, Callable[[Any, str], Any]] = {
    float: _number,
    date: _day,
    datetime: _moment,
    BaseGeometry: _shape,
}


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _refuse(at: str, reason: str) -> NoReturn:
    raise ResultRefusal("result.unreadable", at=at, reason=reason)
