"""A plan as it stands: its tasks with their targets, today's value of each, the distance and the colour.

Today's value of a target is the announced one of its rate, what the layers give, or what a department reported; which
of them, the plan's file says. A measured rate stands beside the announced one and decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from sqlalchemy.orm import Session

from data import facts, judging
from layers.ground.history import last_no
from layers.records.stated import SERIES, Stated, standing
from pipelines.restoration.judging import Case, Judged, State, judge
from pipelines.restoration.progress import Progress, Tally, progress
from pipelines.restoration.rates import Measured, Rates


@dataclass(frozen=True)
class Works:
    """What of a group is done, of how much, and what of it is overdue."""

    done: Tally
    whole: Tally
    overdue: Tally


@dataclass(frozen=True)
class Value:
    """A value of a target in its unit, of a year, and where it comes from."""

    value: Decimal
    year: int
    series: str
    """announced, reported, assigned or computed."""
    body: str | None = None
    document: str | None = None
    stated_on: date | None = None
    made_up: bool = False
    works: Works | None = None
    """Of a computed one, what it was counted from."""


@dataclass(frozen=True)
class TargetStands:
    """One target as it stands."""

    target: facts.Target
    number: Decimal | None
    """What it is held against: the text's, the rule's or the assigned number; None where it is to be entered."""
    assigned: Value | None
    today: Value | None
    before: Value | None
    """For directions, the earlier value it is compared with."""
    beside: Value | None
    """Of a computed target, what was stated of it: shown, and decides nothing."""
    measured: Decimal | None
    """量算参考, of rates: percent."""
    judged: Judged

    @property
    def difference(self) -> Decimal | None:
        """The measured less the announced value, in percentage points."""
        return None if self.measured is None or self.today is None else self.measured - self.today.value

    @property
    def made_up(self) -> bool:
        return any(
            value is not None and value.made_up for value in (self.today, self.assigned, self.before, self.beside)
        )


@dataclass(frozen=True)
class PlanStands:
    """A plan on a day, as known at a change. Tasks without a number of their own have no targets."""

    plan: facts.Plan
    no: int
    on: date
    targets: Mapping[int, Sequence[TargetStands]]
    """By task; 0 the main targets."""
    rules: Iterable[judging.Rule]

    @property
    def made_up(self) -> bool:
        return any(target.made_up for target in self.all_targets)

    @property
    def all_targets(self) -> list[TargetStands]:
        return [target for of_task in self.targets.values() for target in of_task]

    def counts(self) -> Mapping[State, int]:
        """How many targets stand at each colour."""
        states = [target.judged.state for target in self.all_targets]
        return {state: states.count(state) for state in State}


def stand(
    session: Session, plan: facts.Plan, rates: Rates, *, on: date, series: Collection[str] = SERIES
) -> PlanStands:
    """A plan as it stands on a day, by the layers and stated values as the session sees them, its rates beside them.

    series: which stated values are looked at, where not all may be told.
    """
    stated = [row for row in standing(session) if row.series in series]
    seen = _Seen(stated, progress(session, on=on), rates.measured)
    targets: dict[int, list[TargetStands]] = defaultdict(list)
    for target in plan.targets.values():
        targets[target.task].append(_stands(plan, target, seen, on))
    return PlanStands(plan, last_no(session), on, targets, judging.rules().values())


@dataclass(frozen=True)
class _Seen:
    """What a session shows of everything that targets are judged by."""

    stated: Sequence[Stated]
    progress: Progress
    measured: Mapping[str, Measured]

    def of(self, plan: facts.Plan, target: facts.Target, series: Sequence[str]) -> list[Value]:
        """What stands of a target in some series, by year; of one year the series named first."""
        key = (None, target.rate) if target.rate else (plan.id, target.id)
        rows = [row for row in self.stated if (row.plan, row.subject) == key and row.series in series]
        rows.sort(key=lambda row: (row.year, -series.index(row.series)))
        return list({row.year: _value(row) for row in rows}.values())


def _stands(plan: facts.Plan, target: facts.Target, seen: _Seen, on: date) -> TargetStands:
    values = _values(plan, target, seen, on)
    assigned = {value.year: value for value in seen.of(plan, target, ["assigned"])}
    today = _today(target, values, assigned)
    held = assigned.get(today.year) if today else _latest(assigned.values())
    number = _number(target, held)
    before = next((v for v in reversed(values) if today is not None and v.year < today.year), None)
    case = Case(
        target=target,
        start=plan.start,
        day=on,
        value=None if today is None else today.value,
        year=target.year if today is None else today.year,
        number=number,
        base=None if before is None else before.value,
        overdue=today.works.overdue.count if today and today.works else 0,
    )
    return TargetStands(
        target,
        number,
        held,
        today,
        before=before if target.sense in ("up", "steady-up") else None,
        beside=_latest(_stated(plan, target, seen)) if today and today.series == "computed" else None,
        measured=_measured(target, seen.measured),
        judged=judge(case),
    )


def _values(plan: facts.Plan, target: facts.Target, seen: _Seen, on: date) -> list[Value]:
    """Every value known of a target, by year: the layers' own, else what was stated."""
    if target.computed and (value := _computed(plan, target, seen.progress, on)) is not None:
        return [value]
    return _stated(plan, target, seen)


def _stated(plan: facts.Plan, target: facts.Target, seen: _Seen) -> list[Value]:
    return seen.of(plan, target, ["announced"] if target.rate else ["announced", "reported"])


def _today(target: facts.Target, values: Sequence[Value], assigned: Mapping[int, Value]) -> Value | None:
    """The newest value; where the city assigns the number, the newest of a year that has one."""
    with_number = [v for v in values if v.year in assigned] if target.kind == "assigned" else values
    return _latest(with_number) or _latest(values)


def _latest(values: Iterable[Value]) -> Value | None:
    return max(values, key=lambda value: value.year, default=None)


def _number(target: facts.Target, assigned: Value | None) -> Decimal | None:
    if target.kind == "assigned":
        return None if assigned is None else assigned.value
    return judging.rules()["most"]["share"] if target.sense == "most" else target.value


def _computed(plan: facts.Plan, target: facts.Target, seen: Progress, on: date) -> Value | None:
    """What the layers give: how many are done or, where most have to be, the lower share of number and area.

    None where the layer is not loaded or holds none of the kind.
    """
    group = seen[str(target.computed)]
    of_plan = group.of_plan(plan.id) if group else None
    if of_plan is None or not of_plan.items:
        return None
    works = Works(of_plan.done, of_plan.whole, of_plan.overdue)
    value = _least_share(works) if target.sense == "most" else Decimal(works.done.count)
    return Value(value, on.year, "computed", made_up=any(i.made_up for i in of_plan.items), works=works)


def _least_share(works: Works) -> Decimal:
    """The lower of the shares done by number and by area, in percent to one decimal, never rounded up to a target."""
    done, whole = works.done, works.whole
    by_area = (done.hm2 or 0.0) / whole.hm2 if whole.hm2 else 0.0
    return Decimal(100 * min(done.count / whole.count, by_area)).quantize(Decimal("0.1"), ROUND_FLOOR)


def _measured(target: facts.Target, measured: Mapping[str, Measured]) -> Decimal | None:
    found = measured.get(target.rate or "")
    return found.county.percent if found else None


def _value(row: Stated) -> Value:
    if row.value is None:
        raise ValueError("what was withdrawn does not stand")
    return Value(row.value, row.year, row.series, row.body, row.document, row.stated_on, row.made_up)
