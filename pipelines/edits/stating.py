"""State a value for a year: what is announced from above, reported by a department, or assigned by the city."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from sqlalchemy import insert
from sqlalchemy.orm import Session

from data import facts, judging, measuring
from layers.records.stated import SERIES, Stated, standing
from pipelines.edits.apply import open_change
from pipelines.edits.edit import EditRefusal, Occasion

_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,6})?")


class StatedRefusal(EditRefusal):
    """A value that cannot be stated."""


@dataclass(frozen=True)
class Subject:
    """What a value can be stated of: a rate, or a target of a plan (plan None: a rate)."""

    plan: str | None
    id: str
    zh: str
    en: str
    unit: str
    series: tuple[str, ...]
    """What may be stated of it, the usual one first."""
    years: tuple[int, int]
    """The first and the last that can be stated."""
    quote: str = ""
    signed: bool = False


@dataclass(frozen=True)
class Statement:
    """A value as it was stated of a subject for a year; None withdraws what was stated before."""

    subject: Subject
    series: str
    year: int
    value: Decimal | None
    body: str
    document: str
    stated_on: date
    note: str | None = None
    made_up: bool = False


def number(written: str) -> Decimal:
    """A value as written, with its decimals. Raises StatedRefusal for what is no plain number."""
    if not _NUMBER.fullmatch(written.strip()):
        raise StatedRefusal("stated.no_number", value=written)
    return Decimal(written.strip())


def subject(written: str, plan: str | None = None) -> Subject:
    """The rate or target of an id or Chinese name; the target of a rate means the rate. plan: which one, of several.

    Raises StatedRefusal, with what is near, when there is none or more than one; FactsRefusal for an unknown plan.
    """
    written = written.strip()
    known = [*_rates(), *_targets(plan)]
    found = [s for s in known if written in (s.id, s.zh)] or [*map(_rate, _rate_of_target(written, plan))]
    if not found:
        raise StatedRefusal("stated.no_subject", subject=written, near=_near(written, known))
    if len({(s.plan, s.id) for s in found}) > 1:
        raise StatedRefusal("stated.several", subject=written, plans="、".join(s.plan or s.id for s in found))
    return found[0]


def enter(session: Session, statement: Statement, occasion: Occasion, *, today: date) -> None:
    """State a value in this transaction's change. A newer one for the same subject, year and series replaces it.

    Raises StatedRefusal when it cannot be so, EditRefusal when the change was opened on another occasion.
    """
    _refuse_series(statement)
    _refuse_years(statement, today)
    _refuse_value(statement)
    _write(session, statement, occasion)


def withdraw(session: Session, subject: Subject, series: str, year: int, occasion: Occasion) -> Stated:
    """Take back what stands of a subject, series and year: nothing stands there then. Gives what stood.

    Raises StatedRefusal when nothing does.
    """
    _refuse_unknown(series)
    key = (subject.plan, subject.id, series, year)
    row = next((row for row in standing(session) if (row.plan, row.subject, row.series, row.year) == key), None)
    if row is None:
        raise StatedRefusal("stated.nothing_stands", zh=subject.zh, en=subject.en, series=series, year=year)
    withdrawn = Statement(
        subject, series, year, None, row.body, row.document, row.stated_on, occasion.note, made_up=row.made_up
    )
    _write(session, withdrawn, occasion)
    return row


def _write(session: Session, said: Statement, occasion: Occasion) -> None:
    open_change(session, occasion)
    row = {"plan": said.subject.plan, "subject": said.subject.id, "unit": said.subject.unit}
    own = {name: value for name, value in vars(said).items() if name != "subject"}
    session.execute(insert(Stated).values(**row, **own))


def _refuse_unknown(series: str) -> None:
    if series not in SERIES:
        raise StatedRefusal("stated.no_series", series=series, known="、".join(SERIES))


def _refuse_series(said: Statement) -> None:
    _refuse_unknown(said.series)
    named = {"zh": said.subject.zh, "en": said.subject.en}
    if said.series == "reported" and said.subject.plan is None:
        raise StatedRefusal("stated.rate_is_announced", **named)
    if said.series not in said.subject.series:
        raise StatedRefusal("stated.not_assigned", **named, quote=said.subject.quote)


def _refuse_years(said: Statement, today: date) -> None:
    first, last = said.subject.years
    if not first <= said.year <= last:
        raise StatedRefusal("stated.year", year=said.year, first=first, last=last)
    if said.stated_on > today:
        raise StatedRefusal("stated.ahead", day=said.stated_on, today=today)
    if said.series != "assigned" and said.year > said.stated_on.year:
        raise StatedRefusal("stated.year_not_begun", year=said.year, day=said.stated_on)
    for name in ("body", "document"):
        if not getattr(said, name).strip():
            raise StatedRefusal(f"stated.no_{name}")


def _refuse_value(said: Statement) -> None:
    if said.value is None:
        raise StatedRefusal("stated.no_number", value="")
    unit = said.subject.unit
    most = Decimal(100) if unit == "%" else None
    least = -Decimal(100) if said.subject.signed or unit == "%/a" else Decimal(0)
    if said.value < least or (most is not None and said.value > most):
        raise StatedRefusal("stated.beyond", value=said.value, unit=unit, least=least, most=most or "∞")
    if unit in judging.entering().settings["whole"] and said.value % 1:
        raise StatedRefusal("stated.not_whole", value=said.value, unit=unit)


def _rates() -> Iterator[Subject]:
    yield from map(_rate, measuring.rates())


def _rate(id: str) -> Subject:  # noqa: A002 -- as in Refusal
    """A rate as a subject; its years are those of every plan that holds it to a target, else of every plan."""
    rate = measuring.rates()[id]
    plans = [facts.plan(p) for p in facts.plans()]
    holding = [p for p in plans if any(t.rate == id for t in p.targets.values())] or plans
    years = [_years(plan) for plan in holding]
    return Subject(
        None, rate.id, rate.zh, rate.en, "%", ("announced",), (min(y[0] for y in years), max(y[1] for y in years))
    )


def _targets(plan: str | None) -> Iterator[Subject]:
    """The targets that no rate decides."""
    for of_plan in _plans(plan):
        for target in of_plan.targets.values():
            if target.rate is None:
                yield _target(of_plan, target)


def _target(plan: facts.Plan, target: facts.Target) -> Subject:
    series = ("reported", "announced", *(("assigned",) if target.kind == "assigned" else ()))
    named = (plan.id, target.id, target.zh, target.en, target.unit or "")
    return Subject(*named, series, _years(plan), target.quote, target.signed)


def _rate_of_target(written: str, plan: str | None) -> Iterator[str]:
    targets = (t for p in _plans(plan) for t in p.targets.values())
    yield from sorted({t.rate for t in targets if t.rate and written in (t.id, t.zh)})


def _plans(plan: str | None) -> list[facts.Plan]:
    return [facts.plan(id) for id in ([plan] if plan else facts.plans())]  # noqa: A001 -- as in Refusal


def _years(plan: facts.Plan) -> tuple[int, int]:
    rule = judging.entering()
    return plan.start.year - int(rule["before"]), plan.end.year + int(rule["after"])


def _near(written: str, known: list[Subject]) -> str:
    """Subjects whose id or name is like what was written; all rates when none is."""
    names = {name: s for s in known for name in (s.id, s.zh)}
    close = [n for n in names if written and (written in n or n in written)]
    close += get_close_matches(written, names, n=5, cutoff=0.3)
    found = {names[n].id: names[n].zh for n in close} or {s.id: s.zh for s in known if s.plan is None}
    return "、".join(f"{id} {zh}" for id, zh in list(found.items())[:5])  # noqa: A001 -- as in Refusal
