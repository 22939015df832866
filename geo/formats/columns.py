"""The columns of a format that declares none: read off its first features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from itertools import chain, islice

from geo.formats.values import Column, Contents, Feature, Kind, LayerListed, Scalar
from geo.refusal import Note

_SEEN = 1000
"""Features that are looked at."""

_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "boolean"),  # A bool is an int, a datetime a date: the narrower first.
    (int, "integer"),
    (float, "real"),
    (datetime, "datetime"),
    (date, "date"),
    (time, "time"),
)


def undeclared(
    features: Iterator[Feature],
    *,
    format: str,  # noqa: A002 -- as in Contents
    chosen: LayerListed,
    layers: tuple[LayerListed, ...] = (),
    encoding: str | None = None,
    stated_crs: str | None = None,
    notes: tuple[Note, ...] = (),
) -> tuple[Contents, Iterator[Feature]]:
    """What is said of a layer that declares neither columns nor count; its features. layers: when it is not alone."""
    ahead = list(islice(features, _SEEN))
    contents = Contents(
        format=format,
        layer=chosen.name,
        layers=layers or (chosen,),
        count=None,
        columns=columns_of(ahead),
        encoding=encoding,
        stated_crs=stated_crs,
        notes=notes,
    )
    return contents, chain(ahead, features)


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
