"""Which clauses a case meets, pure: the zones it touches and what is said of the proposal in, clauses out.

A condition of which nothing is said is neither taken as met nor as failed: the clause is told with the question open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from data import ruling
from data.ruling import Clause


@dataclass(frozen=True, order=True)
class Zone:
    """What is touched: a row of the sheet, the class and the kind of the feature there; empty where not stated."""

    row: str
    cls: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Proposal:
    """What is said of the land's use; None: nothing is said."""

    activity: str | None = None
    """An id of `ruling.activities`, or UNLISTED."""
    new_construction: bool | None = None
    temporary: bool | None = None
    built_on: date | None = None
    """The day it was built on, UNBUILT where it is not."""


@dataclass(frozen=True)
class Case:
    """A proposal in a province on a day, and the zones it touches."""

    place: str
    day: date
    zones: frozenset[Zone]
    proposal: Proposal = Proposal()
    unchecked: frozenset[str] = frozenset()
    """The rows of which nothing is loaded."""
    meeting: frozenset[tuple[Zone, str]] = frozenset()
    """A zone, and a row with which it shares ground that the proposal takes."""
    close: frozenset[Zone] = frozenset()
    """The zones that are not touched, but too close for the accuracy of their borders to tell."""


@dataclass(frozen=True)
class Applied:
    """A clause, the zones that lead to it, and the conditions of it that are open; none: it applies."""

    clause: Clause
    zones: tuple[Zone, ...]
    open: tuple[str, ...] = ()
    """Ids of questions: close, class, kind, also, activity, new_construction, temporary, built."""


def applicable(case: Case) -> tuple[Applied, ...]:
    """The clauses in force that a case meets or may meet, in the order of the sheet."""
    in_force = (clause for clause in ruling.clauses() if clause.document.holds(case.place, case.day))
    return tuple(found for clause in in_force if (found := _applied(clause, case)))


def _applied(clause: Clause, case: Case) -> Applied | None:
    """What is touched leads to a clause; what is only close where nothing touched does, with that question open."""
    led = _led(clause, case, case.zones) or {
        zone: answers | {"close": None} for zone, answers in _led(clause, case, case.close).items()
    }
    asked = dict(_of_proposal(clause, case))
    if not led or False in asked.values():
        return None
    sure = [zone for zone, answers in led.items() if None not in answers.values()]
    doubts = {} if sure else {name: None for answers in led.values() for name in _open(answers)}
    return Applied(clause, tuple(sorted(sure or led)), (*sorted(doubts), *_open(asked)))


def _led(clause: Clause, case: Case, zones: frozenset[Zone]) -> dict[Zone, dict[str, bool | None]]:
    """The zones that may lead to a clause, with the answers to what it asks of each."""
    of_row = {zone: dict(_of_zone(clause, zone, case)) for zone in zones if zone.row == clause.when.row}
    return {zone: answers for zone, answers in of_row.items() if False not in answers.values()}


def _open(answers: dict[str, bool | None]) -> list[str]:
    return [name for name, answer in answers.items() if answer is None]


def _of_zone(clause: Clause, zone: Zone, case: Case) -> Iterator[tuple[str, bool | None]]:
    """Whether a zone has the class and kind that a clause names, and lies in the row that it asks for beside it.

    None where the zone does not state them, or where it cannot be told.
    """
    for name, stated, wanted in (("class", zone.cls, clause.when.classes), ("kind", zone.kind, clause.when.kinds)):
        if wanted:
            yield name, stated in wanted if stated else None
    if clause.when.also:
        yield "also", _meets(zone, clause.when.also, case)


def _meets(zone: Zone, row: str, case: Case) -> bool | None:
    """Whether a zone shares ground with a row; None where the row was not checked, or one of the two is only close."""
    if row in case.unchecked:
        return None
    if (zone, row) in case.meeting:
        return True
    others = case.close | case.zones if zone in case.close else case.close
    return None if any(other.row == row for other in others) else False


def _of_proposal(clause: Clause, case: Case) -> Iterator[tuple[str, bool | None]]:
    """Whether each other condition that a clause states holds; None where nothing is said of it."""
    when, proposal = clause.when, case.proposal
    if when.listed is not None or when.activities:
        yield "activity", _activity(clause, case)
    if when.new_construction is not None:
        yield "new_construction", _same(proposal.new_construction, when.new_construction)
    if when.temporary is not None:
        yield "temporary", _same(proposal.temporary, when.temporary)
    if when.built_before is not None:
        yield "built", None if proposal.built_on is None else proposal.built_on < when.built_before


def _activity(clause: Clause, case: Case) -> bool | None:
    when, activity = clause.when, case.proposal.activity
    if activity is None:
        return None
    named = not when.activities or activity in when.activities
    return named and (when.listed is None or when.listed == _listed(activity, case))


def _listed(activity: str, case: Case) -> bool:
    """Whether an activity stands in every list in force, and in one at least."""
    lists = [one for one in ruling.activity_lists() if one.document.holds(case.place, case.day)]
    return bool(lists) and all(activity in one.activities for one in lists)


def _same(stated: bool | None, wanted: bool) -> bool | None:
    return None if stated is None else stated == wanted
