"""What a finding of the check leads to: data/standards/activities.toml and clauses.toml as frozen values.

Which clauses a case meets is said by pipelines/redline/rules.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

from data.facts import FactsRefusal, standards
from data.measuring import Said

UNLISTED = "unlisted"
"""The id that stands for an activity of no listed kind."""
UNBUILT = date.max
"""The day on which something was built that is not built yet."""


@dataclass(frozen=True)
class Activity:
    """A kind of limited human activity (有限人为活动); `number` is its place among the national ten."""

    id: str
    number: int
    zh: str
    en: str
    confirmed: bool


@dataclass(frozen=True)
class Document:
    """Where something holds and when: a place is `national` or a province, both days are included."""

    source: str
    place: str
    confirmed: bool
    clause: str | None = None
    in_force_from: date | None = None
    in_force_to: date | None = None
    note: Said | None = None

    def holds(self, place: str, day: date) -> bool:
        """Whether it is in force in a province on a day."""
        begun = self.in_force_from is None or self.in_force_from <= day
        return begun and (self.in_force_to is None or day <= self.in_force_to) and self.place in ("national", place)


@dataclass(frozen=True)
class ActivityList:
    """The activities that a document lists as permitted inside the red line, by id."""

    id: str
    zh: str
    en: str
    activities: tuple[str, ...]
    document: Document


@dataclass(frozen=True)
class Conditions:
    """When a clause applies: all that is stated must hold; None, or nothing named, does not matter."""

    row: str
    """The row of the sheet that must be touched."""
    classes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    also: str | None = None
    """Another row that must be touched on the same ground."""
    listed: bool | None = None
    """Whether the activity stands in every list in force."""
    activities: tuple[str, ...] = ()
    new_construction: bool | None = None
    temporary: bool | None = None
    built_before: date | None = None


@dataclass(frozen=True)
class Clause:
    """What applies, the paper it asks for, who issues it and at which step; never a verdict. None: not stated."""

    id: str
    zh: str
    en: str
    document: Document
    when: Conditions
    paper: Said | None = None
    issuer: Said | None = None
    step: Said | None = None


@cache
def activities() -> Mapping[str, Activity]:
    """The kinds of permitted activity by id, in the order of the national list."""
    return MappingProxyType({row["id"]: Activity(**row) for row in standards("activity")})


def activity(id: str) -> str:  # noqa: A002 -- as in Refusal
    """The id of a known activity, or UNLISTED. Raises FactsRefusal for another."""
    if id != UNLISTED and id not in activities():
        raise FactsRefusal("facts.no_activity", activity=id, known=", ".join([*activities(), UNLISTED]))
    return id


@cache
def activity_lists() -> tuple[ActivityList, ...]:
    return tuple(_list(row) for row in standards("activity_list"))


@cache
def clauses() -> tuple[Clause, ...]:
    """Every clause, in the order of the sheet."""
    return tuple(_clause(row) for row in standards("clause"))


@cache
def asked_together() -> frozenset[tuple[str, str]]:
    """The pairs of rows of which some clause asks whether they are touched on the same ground."""
    return frozenset((clause.when.row, clause.when.also) for clause in clauses() if clause.when.also)


_DOCUMENT = ("source", "place", "confirmed", "clause", "in_force_from", "in_force_to", "note")
_SAID = ("paper", "issuer", "step")


def _list(row: Mapping[str, Any]) -> ActivityList:
    return ActivityList(row["id"], row["zh"], row["en"], tuple(row["activities"]), _document(row))


def _clause(row: Mapping[str, Any]) -> Clause:
    said = {name: Said(**row[name]) for name in _SAID if name in row}
    when = Conditions(**dict(_conditions(row)))
    return Clause(row["id"], row["zh"], row["en"], _document(row), when, **said)


def _document(row: Mapping[str, Any]) -> Document:
    stated = {name: row[name] for name in _DOCUMENT if name in row}
    return Document(**stated | ({"note": Said(**row["note"])} if "note" in row else {}))


def _conditions(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name not in ("id", "zh", "en", *_DOCUMENT, *_SAID):
            yield name, tuple(value) if isinstance(value, list) else value
