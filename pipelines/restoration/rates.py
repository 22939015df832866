"""The county's rates, measured from the layers: numerator and denominator in m², and at which change.

A measured rate is a leading indicator. What counts against a target is announced from above and is never mixed with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from math import fsum

from sqlalchemy import select
from sqlalchemy.orm import Session

from data import facts, measuring
from layers.ground.history import last_no
from layers.townships import Township
from pipelines.restoration.counting import ACCOUNTS, Sum, context, count, sums, towns
from pipelines.restoration.definitions import Definition, in_use

HM2 = 1e4
"""m² in a hectare."""

FORMULAS: Mapping[str, tuple[str, str]] = {
    "forest-coverage": ("forest", "land"),
    "forest-protection": ("protected-forest", "forest"),
    "wetland-protection": ("protected-wetland", "wetland"),
    "soil-conservation": ("kept", "land"),
    "redline-share": ("redline", "land"),
}
"""Rate → the figures it is the quotient of. `kept` is the land that is not `eroded`."""


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
        return None if self.share is None else percent(self.share)


@dataclass(frozen=True)
class Measured:
    """One rate as the layers give it, by township (by code) and for the county."""

    rate: measuring.Rate
    townships: tuple[Part, ...]
    county: Part


@dataclass(frozen=True)
class Adjustment:
    """The land as published, and as drawn: the townships' land is adjusted (平差) from one to the other."""

    official_m2: float
    mapped_m2: float


@dataclass(frozen=True)
class Rates:
    """Every rate that the layers allow, at one change; one whose layers hold nothing is not there."""

    no: int
    """The change up to which edits are counted."""
    uncounted: int
    """Changes that were committed since and are not counted yet."""
    on: date
    """The day on which zones had to be in force."""
    made_up: bool
    adjustment: Adjustment | None
    """None where no land area was published: the land is that of the townships as drawn."""
    measured: Mapping[str, Measured]
    """By the rate: forest-coverage, forest-protection, wetland-protection, soil-conservation, redline-share."""


@dataclass(frozen=True)
class Place:
    """A township as the tables name it."""

    code: str
    name: str
    official_m2: float | None


def measure(session: Session, *, on: date, definition: Definition | None = None) -> Rates:
    """Every rate, counted anew from the layers as the session sees them."""
    c = context(session, on, definition)
    counted = [
        row
        for town in towns(session)
        for account in ACCOUNTS
        for tally in count(session, town, account, c)
        for row in sums(town, tally)
    ]
    return rates_of(counted, places(session), no=last_no(session), on=on, definition=c.definition)


def places(session: Session) -> list[Place]:
    """The townships by code, as the session sees them."""
    found = session.execute(select(Township.code, Township.name, Township.official_area_m2).order_by(Township.code))
    return [Place(row.code, row.name or row.code, row.official_area_m2) for row in found]


def rates_of(
    counted: Iterable[Sum],
    townships: Sequence[Place],
    *,
    no: int,
    on: date,
    uncounted: int = 0,
    definition: Definition | None = None,
) -> Rates:
    """The rates of what was counted."""
    rows = list(counted)
    figures = _by_township(rows)
    drawn = figures.get("land", {})
    adjustment, land = _adjusted(drawn, townships, definition or in_use())
    if land:
        figures["land"] = land
    if "eroded" in figures:
        figures["kept"] = {code: land[code] - eroded for code, eroded in figures["eroded"].items()}
    measured = {
        rate: _measured(measuring.rates()[rate], figures[over], figures[under], townships)
        for rate, (over, under) in FORMULAS.items()
        if over in figures and under in figures
    }
    return Rates(no, uncounted, on, any(row.made_up for row in rows), adjustment, measured)


def percent(share: float, decimals: int = 2) -> Decimal:
    """A share (0–1) in percent, rounded half up."""
    return Decimal(100 * share).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def apportioned(values: Sequence[float], decimals: int) -> tuple[list[Decimal], Decimal]:
    """Values and their sum, rounded so that they add up to the last digit.

    The sum is rounded half up; each value is rounded down, and the units that are left go to the largest remainders.
    """
    unit = Decimal(1).scaleb(-decimals)
    exact = [Decimal(value) for value in values]
    total = sum(exact, Decimal()).quantize(unit, ROUND_HALF_UP)
    floor = [value.quantize(unit, ROUND_FLOOR) for value in exact]
    left = int((total - sum(floor, Decimal())) / unit)
    largest = sorted(range(len(exact)), key=lambda i: (floor[i] - exact[i], i))[:left]
    return [value + unit if i in largest else value for i, value in enumerate(floor)], total


def printed_hm2(values: Sequence[float], decimals: int = 2) -> list[Decimal]:
    """m² of the townships in hm² as they are printed, the county's sum last: they add up to the last digit."""
    parts, total = apportioned([value / HM2 for value in values], decimals)
    return [*parts, total]


def _by_township(rows: Iterable[Sum]) -> dict[str, dict[str, float]]:
    """Figure → township → m², summed in the order of the classes, whatever order the rows come in."""
    found: dict[str, dict[str, list[tuple[str, float]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.figure][row.township].append((row.cls, row.m2))
    return {
        figure: {code: fsum(m2 for _, m2 in sorted(parts)) for code, parts in of.items()}
        for figure, of in found.items()
    }


def _measured(
    rate: measuring.Rate, over: Mapping[str, float], under: Mapping[str, float], townships: Sequence[Place]
) -> Measured:
    parts = tuple(Part(p.code, p.name, over.get(p.code, 0.0), under.get(p.code, 0.0)) for p in townships)
    county = facts.county()
    numerator, denominator = fsum(p.numerator_m2 for p in parts), fsum(p.denominator_m2 for p in parts)
    return Measured(rate, parts, Part(county.adcode, county.zh, numerator, denominator))


def _adjusted(
    drawn: Mapping[str, float], townships: Sequence[Place], definition: Definition
) -> tuple[Adjustment | None, dict[str, float]]:
    """The townships' land, adjusted to what was published of them, and of the county, in proportion."""
    land, published = dict(drawn), {p.code: p.official_m2 for p in townships if p.official_m2}
    if definition.choices["land-area"] != "official" or not land:
        return None, land
    whole = set(published) == set(land)
    official = facts.county().official_area_m2 or (fsum(published.values()) if whole else None)
    if official is None:
        return None, land
    land = {code: published[code] for code in land} if whole else land
    scale = official / fsum(land.values())
    return Adjustment(official, fsum(drawn.values())), {code: m2 * scale for code, m2 in land.items()}
