"""How rates are measured: data/standards/rates.toml as frozen values. What each counts is code of its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from data.facts import standards


@dataclass(frozen=True)
class Said:
    """Words in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Rate:
    """A rate as its source defines it; `decimals` and `rounding` are how it is printed."""

    id: str
    zh: str
    en: str
    formula: str
    source: str
    confirmed: bool
    decimals: int
    rounding: str
    rounding_confirmed: bool
    method: Said
    """How it is measured here."""
    differences: tuple[Said, ...] = ()
    """Why the measured value is not the announced one."""
    own: bool = False
    """An indicator of this system's own, not one that is assessed."""
    note: str | None = None


@dataclass(frozen=True)
class Choice:
    """A question that the standards leave open about a figure: its permitted answers, and the one chosen."""

    id: str
    figure: str
    zh: str
    en: str
    source: str
    confirmed: bool
    chosen: str
    options: Mapping[str, Said]


@dataclass(frozen=True)
class ProtectionForm:
    """What is drawn on the layers for a form of wetland protection: kinds of protected areas, kinds of controls.

    A form of which nothing is drawn is known from the wetland's own entry alone.
    """

    form: str
    confirmed: bool
    areas: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counted:
    """A code of a system that counts in a rate, or of which the question is open (`counts` false)."""

    rate: str
    system: str
    code: str
    counts: bool
    confirmed: bool
    min_canopy: float | None = None
    """It counts from this canopy density on, 0-1."""
    note: str | None = None


@cache
def rates() -> Mapping[str, Rate]:
    return MappingProxyType({row["id"]: _rate(row) for row in standards("rate")})


@cache
def choices() -> Mapping[str, Choice]:
    """The open questions of the rates by id."""
    return MappingProxyType({row["id"]: _choice(row) for row in standards("choice")})


@cache
def protection_forms() -> tuple[ProtectionForm, ...]:
    """The forms of wetland protection, in the order in which they take ground."""
    drawn = standards("protection_form")
    return tuple(
        ProtectionForm(row["form"], row["confirmed"], tuple(row.get("areas", ())), tuple(row.get("controls", ())))
        for row in drawn
    )


@cache
def considered() -> tuple[Counted, ...]:
    """Every code of which it is said whether it counts in a rate, the open questions among them."""
    return tuple(Counted(**row) for row in standards("counted"))


def _rate(row: Mapping[str, Any]) -> Rate:
    said = {"method": Said(**row["method"]), "differences": tuple(Said(**d) for d in row.get("differences", ()))}
    return Rate(**dict(row) | said)


def _choice(row: Mapping[str, Any]) -> Choice:
    options = {option["id"]: Said(option["zh"], option["en"]) for option in row["options"]}
    return Choice(**dict(row) | {"options": MappingProxyType(options)})
