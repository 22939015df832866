"""What a publication is made of: values that have passed the allow-list, and nothing else.

Places are on the public grid, areas rounded; names are words that may be told. Files are made of these values alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

from shapely.geometry.base import BaseGeometry

from data import facts
from data.releasing import limits, public_layer
from layers.ground.layer import fields, layer_named
from layers.records.stated import Stated
from pipelines.restoration.plan import PlanStands
from pipelines.restoration.rates import Measured, Rates, printed_hm2

KINDS: Mapping[str, str] = {
    "mines": "mines", "clean-watersheds": "watersheds", "micro-wetlands": "wetlands", "projects": "projects"
}  # fmt: skip
"""The kinds of works that have a page each, and the layer they stand in."""

NEAR_KM = 10
"""How far off the works are that a village's page calls near."""


@cache
def stage_system(kind: str) -> str:
    """The code system of the stages of a kind of works."""
    return str(fields(layer_named(KINDS[kind]))["stage"].codes)


Printed = Mapping[str, tuple[Decimal, Decimal]]
"""Code of a township, or of the county → numerator and denominator in hm², as they add up."""


def printed(of: Measured) -> Printed:
    """The areas of a rate as exactly as they may be told: the townships' add up to the county's."""
    decimals = limits()["hm2_decimals"].value
    over = printed_hm2([part.numerator_m2 for part in of.townships], decimals)
    under = printed_hm2([part.denominator_m2 for part in of.townships], decimals)
    codes = [part.code for part in (*of.townships, of.county)]
    return dict(zip(codes, zip(over, under, strict=True), strict=True))


@dataclass(frozen=True)
class Moment:
    """What the publication speaks of: the last change it knows and the day it is true on."""

    no: int
    on: date
    made_up: bool


@dataclass(frozen=True, eq=False)
class Released:
    """One feature as it may be told. A column that is not on the allow-list is an AttributeError."""

    key: str
    """Its public name: tells nothing of its id or code."""
    layer: str
    values: Mapping[str, Any]
    """The columns of the allow-list."""
    shape: BaseGeometry | None
    """On the public grid, EPSG:4490; None where the layer tells no place."""
    hm2: float | None
    """Area, rounded; None of points and lines."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            if name == "code":
                return self.key
            raise AttributeError(f"{self.layer}.{name} is not on the allow-list") from None

    @property
    def source(self) -> str:
        """Who answers for the layer; the column of that name is private."""
        return public_layer(self.layer).provider_zh


@dataclass(frozen=True, eq=False)
class Site:
    """A piece of the works: what has a page of its own."""

    kind: str
    """Of KINDS."""
    feature: Released
    stages: tuple[str | None, ...]
    """Its stage at the end of each quarter; None where it was not on the list yet."""
    accepted: bool
    """Whether it counts as done: the rule is that of `qingshan progress`."""
    overdue: bool
    """Its planned day has passed, and it is not done."""

    @property
    def key(self) -> str:
        return self.feature.key

    @property
    def stage_named(self) -> facts.Code | None:
        """Its stage as its system names it; None where none is stated."""
        return facts.system(stage_system(self.kind)).codes.get(self.feature.stage or "")


@dataclass(frozen=True)
class Quarter:
    """A quarter, or the part of one up to the moment of the publication."""

    label: str
    """Such as 2025Q3."""
    end: date


@dataclass(frozen=True)
class Village:
    """A village by its code of 12 digits, with the forest that its plots make up."""

    code: str
    name: str
    township: str
    forest_hm2: Mapping[str, int]
    """Class → hm², whole; empty where no plot names the village."""
    near: tuple[tuple[str, int], ...]
    """The keys of the works near it, and how far in km, the nearest first."""


@dataclass(frozen=True, eq=False)
class Public:
    """Everything that is published of a moment."""

    moment: Moment
    features: Mapping[str, Sequence[Released]]
    """By layer, in the order of their keys; plots are not among them."""
    sites: Sequence[Site]
    quarters: Sequence[Quarter]
    villages: Sequence[Village]
    rates: Rates
    plan: PlanStands
    announced: Sequence[Stated]
    """Announced values of the rates, by rate and year."""

    @cached_property
    def site(self) -> Mapping[str, Site]:
        return {site.key: site for site in self.sites}

    @cached_property
    def townships(self) -> Mapping[str, Released]:
        """By code of 9 digits."""
        return {t.values["code"]: t for t in self.features["townships"]}

    def in_township(self, code: str) -> list[Site]:
        """The works of a township, by kind and name."""
        return [site for site in self.sites if site.feature.values["township"] == code]
