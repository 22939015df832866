"""The columns of a format that declares none: read off its first features."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time

from geo.formats.values import Column, Feature, Kind, Scalar

SEEN = 1000
"""Features that are looked at."""

_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "boolean"),  # A bool is an int, a datetime a date: the narrower first.
    (int, "integer"),
    (float, "real"),
    (datetime, "datetime"),
    (date, "date"),
    (time, "time"),
)


def columns_of(features: Iterable[Feature]) -> tuple[Column, ...]:
    """Every attribute that any of the features has, in the order of appearance; text where the kinds differ."""
    kinds: dict[str, set[Kind]] = {}
    for feature in features:
        for name, value in feature.attributes.items():
            kinds.setdefault(name, set()).update(() if value is None else (_kind(value),))
    return tuple(Column(name, _widest(found)) for name, found in kinds.items())


def _kind(value: Scalar) -> Kind:
    return next((kind for held, kind in _KINDS if isinstance(value, held)), "text")


def _widest(kinds: set[Kind]) -> Kind:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "real" if kinds == {"integer", "real"} else "text"
