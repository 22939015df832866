"""The county's rates, measured from the layers: numerator and denominator in m², and at which change.

A measured rate is a leading indicator. What counts against a target is announced from above and is never mixed with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from shapely.geometry import MultiPolygon
from sqlalchemy import select
from sqlalchemy.orm import Session

from data import facts
from geo.area import area
from layers.ground.history import last_no
from layers.plots import Plot
from layers.townships import Township


@dataclass(frozen=True)
class Part:
    """A rate in one township, or in the county as the sum of them."""

    code: str
    name: str
    numerator_m2: float
    denominator_m2: float

    @property
    def share(self) -> float | None:
        """0–1; None where there is nothing to take a share of."""
        return self.numerator_m2 / self.denominator_m2 if self.denominator_m2 else None

    @property
    def percent(self) -> Decimal | None:
        """In percent, rounded half up to 2 decimals; None as above."""
        if self.share is None:
            return None
        return Decimal(100 * self.share).quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Measured:
    """One rate as the layers give it, by township (by code) and for the county."""

    rate: facts.Rate
    townships: tuple[Part, ...]
    county: Part


@dataclass(frozen=True)
class Rates:
    """Every rate that the layers allow, at one change; one whose layers hold nothing is not there."""

    no: int
    """The change up to which edits are counted."""
    uncounted: int
    """Edits that were committed since and are not counted yet."""
    made_up: bool
    measured: Mapping[str, Measured]
    """By the rate: forest-coverage, forest-protection, wetland-protection, soil-conservation, redline-share."""


def measure(session: Session, *, on: date | None = None) -> Rates:  # noqa: ARG001 -- zones follow
    """Every rate, computed anew from the layers as the session sees them. on: the day on which zones are in force."""
    *townships, county = forest_coverage(session)
    parts = [Part(c.code, c.name, c.forest_m2, c.land_m2) for c in (*townships, county)]
    coverage = Measured(facts.rates()["forest-coverage"], tuple(parts[:-1]), parts[-1])
    return Rates(last_no(session), 0, any(t.made_up for t in townships), {coverage.rate.id: coverage})


@dataclass(frozen=True)
class Coverage:
    """The forest coverage of one township, or of the county as the sum of them."""

    code: str
    name: str
    forest_m2: float
    land_m2: float
    shape: MultiPolygon | None = None
    """The township, EPSG:4490; None for the county."""
    made_up: bool = False

    @property
    def percent(self) -> Decimal | None:
        """In percent, rounded half up to 2 decimals; None where there is no land."""
        if not self.land_m2:
            return None
        return Decimal(100 * self.forest_m2 / self.land_m2).quantize(Decimal("0.01"), ROUND_HALF_UP)


def forest_coverage(session: Session) -> list[Coverage]:
    """森林覆盖率 by township, by code, the county last: the forest's plots over the townships' land.

    Areas are additive (edges straight in longitude and latitude), so that the townships add up to the county.
    Which land classes are forest is in data/standards/rates.toml. A plot counts for the township in its attribute.
    """
    forest = _forest_by_township(session)
    townships = session.execute(
        select(Township.code, Township.name, Township.shape, Township.made_up).order_by(Township.code)
    ).all()
    land = area(np.array([row.shape for row in townships], dtype=object))
    rows = [
        Coverage(row.code, row.name or "", forest.get(row.code, 0.0), float(m2), row.shape, row.made_up)
        for row, m2 in zip(townships, land, strict=True)
    ]
    county = facts.county()
    return [*rows, Coverage(county.adcode, county.zh, sum(r.forest_m2 for r in rows), sum(r.land_m2 for r in rows))]


def _forest_by_township(session: Session) -> Mapping[str, float]:
    rows = [row for row in session.execute(_COUNTED) if _is_forest(row)]
    areas = area(np.array([row.shape for row in rows], dtype=object))
    forest: dict[str, float] = defaultdict(float)
    for row, m2 in zip(rows, areas, strict=True):
        forest[row.township] += float(m2)
    return forest


_COUNTED = select(Plot.township, Plot.shape, Plot.land_class, Plot.land_class_system, Plot.canopy)


def _is_forest(plot: Any) -> bool:
    """Whether a plot's class counts, and its canopy where the class asks for one and the plot states it."""
    counted = facts.forest_classes(plot.land_class_system).get(plot.land_class)
    if counted is None:
        return False
    return counted.min_canopy is None or plot.canopy is None or plot.canopy >= counted.min_canopy
