"""The rule of colours, pure: a value, what it is held against and a day in; a state and its reason out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from data import judging
from data.facts import Target


class State(StrEnum):
    """How a target stands; grey: not known."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


@dataclass(frozen=True)
class Case:
    """What a target is judged by, on a day.

    value: today's, in the target's unit, of a year; None where it is not known.
    number: what it is held against; None where it is not known. base: the value of an earlier year, for directions.
    """

    target: Target
    start: date
    """The plan's first day."""
    day: date
    value: Decimal | None
    year: int
    number: Decimal | None
    base: Decimal | None = None
    overdue: int = 0
    """Items of it whose planned day has passed undone."""

    @property
    def due(self) -> date:
        """The end of the year in which it is to be met: of an assigned number, the year it was assigned for."""
        return date(self.year if self.target.kind == "assigned" else self.target.year, 12, 31)

    @property
    def ended(self) -> bool:
        return self.day > self.due

    @property
    def awaited(self) -> bool:
        """Whether the target's year has ended and its own value is not there yet. What accrues is not lost again."""
        last = date(self.target.year, 12, 31)
        return self.day > last and self.year < self.target.year and not self.target.accrues


@dataclass(frozen=True)
class Judged:
    """A state, why (the id of a text), and how far the value is beyond what it is held against (below: negative)."""

    state: State
    why: str
    distance: Decimal | None = None


def judge(case: Case) -> Judged:
    """How a target stands. A worse value never gives a better state, nor does the same value on a later day."""
    if case.target.kind == "assigned" and case.number is None:
        return Judged(State.GREY, "judged.no_number")
    if case.value is None:
        return Judged(State.GREY, "judged.no_announced" if case.target.rate else "judged.no_value")
    if case.target.sense in ("up", "steady-up"):
        return _by_direction(case, case.value)
    if case.number is None:
        return Judged(State.GREY, "judged.no_number")
    return Judged(*_against(case, case.value, case.number), distance=case.value - case.number)


def _against(case: Case, value: Decimal, number: Decimal) -> tuple[State, str]:
    if _meets(case.target, value, number):
        return _met(case)
    if case.ended:
        return State.RED, "judged.ended"
    return _by_pace(case, value, number) if case.target.accrues else _by_level(case, value, number)


def _met(case: Case) -> tuple[State, str]:
    return (State.AMBER, "judged.awaited") if case.awaited else (State.GREEN, "judged.met")


def _meets(target: Target, value: Decimal, number: Decimal) -> bool:
    if target.sense == ">":
        return value > number
    return value == number if target.sense == "==" else value >= _least(target, number)


def _least(target: Target, number: Decimal) -> Decimal:
    """The smallest value that meets a target."""
    about = target.sense == "~"
    return min(number, number * judging.rules()["about"]["share"] / 100) if about else number


def _short(target: Target, value: Decimal, number: Decimal) -> Decimal:
    """How far a value is from meeting a target; 0 where it just does not exceed what it has to."""
    return abs(number - value) if target.sense == "==" else _least(target, number) - value


def _by_level(case: Case, value: Decimal, number: Decimal) -> tuple[State, str]:
    near = _short(case.target, value, number) <= _near(case.target, number)
    return (State.AMBER, "judged.near") if near else (State.RED, "judged.far")


def _near(target: Target, number: Decimal) -> Decimal:
    rule = judging.rules()["level"]
    if target.rate:
        return rule["rate_pp"]
    return rule["percent_pp"] if (target.unit or "").startswith("%") else abs(number) * rule["share"] / 100


def _by_pace(case: Case, value: Decimal, number: Decimal) -> tuple[State, str]:
    rule = judging.rules()["pace"]
    least = _least(case.target, number)
    expected = max(least, Decimal(0)) * _elapsed(case)
    behind = expected - (least - _short(case.target, value, number))
    if behind < rule["green"]:
        return (State.AMBER, "judged.overdue") if case.overdue else (State.GREEN, "judged.on_pace")
    near = behind <= max(rule["amber"], expected * rule["share"] / 100)
    return (State.AMBER, "judged.behind") if near else (State.RED, "judged.far_behind")


def _elapsed(case: Case) -> Decimal:
    """The part of the days from the plan's start to the due day that have gone, the day itself included; 0–1."""
    days, gone = (case.due - case.start).days + 1, (case.day - case.start).days + 1
    return Decimal(min(max(gone, 0), days)) / days if days > 0 else Decimal(1)


def _by_direction(case: Case, value: Decimal) -> Judged:
    if case.base is None:
        return Judged(State.GREY, "judged.no_base")
    rise = value - case.base
    if rise > 0 or (rise == 0 and case.target.sense == "steady-up"):
        state, why = _met(case)
        return Judged(state, "judged.kept" if why == "judged.met" else why, rise)
    if case.ended:
        return Judged(State.RED, "judged.ended", rise)
    slack = judging.rules()["direction"]["steady"] if case.target.sense == "steady-up" else Decimal(0)
    near = rise > -slack or rise == 0
    return Judged(State.AMBER if near else State.RED, "judged.level" if near else "judged.fell", rise)
