"""A county with a canary in every private column, and what of them a publication would betray."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import shapely
from sqlalchemy import Engine, Float, Numeric, SmallInteger, String
from sqlalchemy.orm import Session

from data import facts
from data.releasing import public_layers
from layers.ground.layer import catalogue, fields
from layers.records.stated import Stated

WEST, SOUTH = 115.3712345, 26.3398765
"""Where the first feature lies: told to 4 decimals or more it would betray its place."""
_RARE = 0x2A700
"""Characters that stand in no text of ours, one for each column of words."""


@dataclass(frozen=True)
class Canary:
    """What must not be found, and in which column it was planted."""

    column: str
    pattern: re.Pattern[str]


def plant(engine: Engine) -> list[Canary]:
    """Put a feature into every layer, every column of it filled; gives the canaries of the private ones."""
    found: list[Canary] = []
    numbers = count()
    with Session(engine) as session, session.begin():
        for n, layer in enumerate(catalogue()):
            values: dict[str, Any] = {}
            for name in fields(layer):
                column = layer.__table__.c[name]
                values[name], said = _filled(column, next(numbers))
                if fields(layer)[name].codes == "land-class-systems":
                    values[name], said = column.default.arg, _SILENT  # Another system could not be counted by.
                if not _is_public(layer, name):
                    found.append(Canary(f"{layer.__tablename__}.{name}", said))
                else:
                    values[name] = _harmless(layer, name, values[name])
            session.add(layer(**values, shape=_shape(layer, n)))
        found += _unannounced(session)
    return found


def _unannounced(session: Session) -> list[Canary]:
    """What departments reported and the city assigned, but nobody announced."""
    said = {"year": 2025, "unit": "%", "stated_on": date(2025, 3, 1), "plan": facts.plans()[0], "subject": "T8"}
    found = []
    for n, series in enumerate(("reported", "assigned")):
        words = {name: f"{chr(_RARE + 500 + 4 * n + i)}秘" for i, name in enumerate(("body", "document", "note"))}
        session.add(Stated(series=series, value=Decimal(f"77.731{n}"), **said, **words))
        found += [Canary(f"stated.{name}", re.compile(word[0])) for name, word in words.items()]
        found.append(Canary("stated.value", re.compile(rf"77\.731{n}")))
    return found


def betrayed(files: Mapping[str, bytes], canaries: list[Canary]) -> list[str]:
    """Where a canary, an id or a place told too exactly stands in any file, every byte of it."""
    found = []
    for path, said in _texts(files):
        found += [f"{canary.column} in {path}" for canary in canaries if canary.pattern.search(said)]
        found += [f"a place in {path}: {place}" for place in _PLACE.findall(said)]
        found += [f"an id in {path}: {id_}" for id_ in _UUID.findall(said)]
    return found


_SILENT = re.compile(r"(?!)")
_PLACE = re.compile(r"(?<![\d.])(?:11[4-6]\.\d{4,}|2[56]\.\d{4,})")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _texts(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    for path, content in files.items():
        plain = content.decode("utf-8", "replace")
        yield path, plain
        yield path, re.sub(r"\\u([0-9a-f]{4})\\u([0-9a-f]{4})", _unescaped, plain)
        for start in (found.start() for found in re.finditer(rb"\x1f\x8b\x08", content)):
            try:
                yield f"{path}@{start}", gzip.decompress(content[start:]).decode("utf-8", "replace")
            except (OSError, EOFError):
                continue


def _unescaped(pair: re.Match[str]) -> str:
    high, low = (int(code, 16) for code in pair.groups())
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)) if 0xD800 <= high < 0xDC00 else pair[0]


def _is_public(layer: type[Any], name: str) -> bool:
    allowed = public_layers().get(layer.__tablename__)
    return allowed is not None and name in allowed.columns


def _filled(column: Any, n: int) -> tuple[Any, re.Pattern[str]]:
    """A value of a column that is like no other, and how it would be told."""
    kind = column.type
    if kind.python_type is bool:
        return True, _SILENT  # One of two words: nothing can be told by it that is like no other.
    if kind.python_type is date:
        day = date(1951, 1, 1) + timedelta(days=37 * n)
        return day, re.compile(f"{day}|{day.year}年{day.month}月{day.day}日")
    if isinstance(kind, Numeric | Float):
        places = (kind.precision or 9) - (kind.scale or 0)
        value = round(10 ** min(places - 1, 4) * (1 + (n % 800) / 1000) + 0.137, kind.scale or 3)
        return value, re.compile(rf"(?<![\w.,]){value:,}(?![\w])|(?<![\w.,]){value}(?![\w])")
    if kind.python_type is int:
        value = 23_011 + 7 * n if isinstance(kind, SmallInteger) else 7_300_011 + 7 * n
        return value, re.compile(rf"(?<![\w.,])(?:{value}|{value:,})(?![\w])")
    assert isinstance(kind, String)
    rare = chr(_RARE + n)
    return rare if kind.length and kind.length < 8 else f"{rare}秘", re.compile(rare)


def _harmless(layer: type[Any], name: str, filled: Any) -> Any:
    """What a public column holds, so that the feature is published: a code of its system, a place of the county."""
    system = fields(layer)[name].codes
    special = {"code": "360732100", "village": "200", "kind": None, "micro": True}
    if system == "townships":
        return "360732100"
    if system:
        return next(iter(facts.system(system).codes))
    if layer.__tablename__ == "townships" and name in special and special[name]:
        return special[name]
    if name == "village":
        return "200"
    return filled


def _shape(layer: type[Any], n: int) -> Any:
    """A place of its own for each layer, so large that it has an outline, with seven decimals."""
    west, south = WEST + 0.0100007 * (n % 4), SOUTH + 0.0100003 * (n // 4)
    square = shapely.box(west, south, west + 0.0087654, south + 0.0083456)
    kinds = {"POINT": shapely.Point(west, south), "GEOMETRY": square}
    if layer.__tablename__ == "townships":
        square = shapely.box(WEST - 0.05, SOUTH - 0.05, WEST + 0.1, SOUTH + 0.1)
    return kinds.get(layer.shape_kind, shapely.MultiPolygon([square]))
