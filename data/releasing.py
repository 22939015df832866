"""What may be published and how exactly: the allow-list of data/standards/public.toml as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from data.facts import FactsRefusal, standards
from data.texts import Lang

ShapeKind = Literal["none", "mark", "outline", "cells"]


@dataclass(frozen=True)
class Limit:
    """How exactly something may be told."""

    id: str
    value: int
    unit: str
    zh: str
    en: str
    source: str
    confirmed: bool


@dataclass(frozen=True)
class PublicFigures:
    """Which rates, and which series of stated values, may be told."""

    rates: tuple[str, ...]
    series: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class PublicLayer:
    """A layer that may be published: its columns, which of its rows, and what becomes of its shapes.

    A column that is not named is private.
    """

    layer: str
    columns: tuple[str, ...]
    shape: ShapeKind
    vectors: bool
    """Whether the generalised shapes may be given as open data, once the map they stand on is released."""
    provider_zh: str
    provider_en: str
    reason: str
    rows: Mapping[str, Any] = field(default_factory=dict)
    """Column → the values of the rows that enter."""

    def provider(self, lang: Lang) -> str:
        """Who answers for it, in a language."""
        return self.provider_zh if lang == "zh" else self.provider_en


@cache
def limits() -> Mapping[str, Limit]:
    """The limits by id: width (m), decimals, mark_hm2, hm2_decimals."""
    return MappingProxyType({row["id"]: Limit(**row) for row in standards("public_limit")})


@cache
def public_figures() -> PublicFigures:
    """The rates and series that may be told."""
    (row,) = standards("public_figure")
    return PublicFigures(tuple(row["rates"]), tuple(row["series"]), row["reason"])


@cache
def public_layers() -> Mapping[str, PublicLayer]:
    """The layers that may be published, by table name."""
    return MappingProxyType({row["layer"]: _layer(row) for row in standards("public_layer")})


def public_layer(name: str) -> PublicLayer:
    """The allow-list of a layer. Raises FactsRefusal for a layer that may not be published."""
    try:
        return public_layers()[name]
    except KeyError:
        raise FactsRefusal("facts.not_public", layer=name, known=", ".join(public_layers())) from None


def width_m(hm2: float) -> int:
    """To how many metres a shape of so many hm² is generalised: never below the limit."""
    reached = [width for least, width in _widths() if least <= hm2]
    return max(limits()["width"].value, *reached)


@cache
def _widths() -> tuple[tuple[float, int], ...]:
    return tuple((row["from_hm2"], row["width_m"]) for row in standards("public_width"))


def _layer(row: Mapping[str, Any]) -> PublicLayer:
    rows = {name: tuple(values) for name, values in row.get("rows", {}).items()}
    return PublicLayer(**dict(row) | {"columns": tuple(row["columns"]), "rows": MappingProxyType(rows)})
