"""What a footprint is checked against, and how well borders are known: data/standards/check.toml as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import hypot
from types import MappingProxyType
from typing import Any

from data.facts import FactsRefusal, standards


@dataclass(frozen=True)
class Border:
    """How well the borders of a layer are known: the standard error (中误差) of their position, in m."""

    error_m: float
    source: str
    confirmed: bool


@dataclass(frozen=True)
class SheetRow:
    """One row of the overlap sheet (套合情况表): a layer, or one kind of the layer of control zones."""

    id: str
    layer: str
    kind: str | None = None
    by: str | None = None
    """The column whose classes the row is broken down by."""
    kinds: str | None = None
    """The column that tells what kind a feature is, where clauses differ by kind."""
    border: Border | None = None
    """None: the row has no border of its own, as it covers every place."""
    village: tuple[str, ...] = ()
    """The columns whose texts, joined, begin with the 12 digits of a feature's village."""


@dataclass(frozen=True)
class SurveyWay:
    """How a footprint was surveyed; `error_m`: the standard error of its corners, in m."""

    id: str
    zh: str
    en: str
    error_m: float
    source: str
    confirmed: bool


@cache
def sheet_rows() -> tuple[SheetRow, ...]:
    """The rows of the sheet, in its order."""
    return tuple(_row(row) for row in standards("sheet_row"))


@cache
def survey_ways() -> Mapping[str, SurveyWay]:
    return MappingProxyType({row["id"]: SurveyWay(**row) for row in standards("survey_way")})


def survey_way(id: str) -> SurveyWay:  # noqa: A002 -- as in Refusal
    """A way of surveying. Raises FactsRefusal for one that is not known."""
    if id not in survey_ways():
        raise FactsRefusal("facts.no_survey_way", way=id, known=", ".join(survey_ways()))
    return survey_ways()[id]


def tolerance_m(row: SheetRow, way: SurveyWay | None) -> float:
    """How far apart a row's border and a footprint's may be drawn and yet be the same line: 限差, in m.

    way: None where it is not stated; then the row's border alone counts. 0 for a row without a border.
    """
    return _limit() * hypot(row.border.error_m, way.error_m if way else 0.0) if row.border else 0.0


@cache
def _limit() -> float:
    (row,) = standards("border_limit")
    return float(row["errors"])


def _row(row: dict[str, Any]) -> SheetRow:
    border = Border(**row["border"]) if "border" in row else None
    return SheetRow(**row | {"border": border, "village": tuple(row.get("village", ()))})


@dataclass(frozen=True)
class Papers:
    """What is kept of a check, and how much of it fits on paper."""

    kept_bytes: int
    """The size of files up to which they are kept."""
    parcels: int
    """In one document."""
    features: int
    """Touched ones listed of one parcel."""
    corners: int
    """In one parcel's table."""
    confirmed: bool


@cache
def papers() -> Papers:
    (row,) = standards("papers")
    return Papers(**row)
