"""The plan's page: every target with the number to reach, today's value, the distance and the state."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from data import facts
from pipelines.publish.pages.tables import Cell, Table, cells, columns
from pipelines.publish.pages.wording import ABSENT, Words
from pipelines.restoration.judging import State
from pipelines.restoration.plan import PlanStands, TargetStands, Value

_HEADS = ("target", "number", "today", "distance", "state")

FOR_READERS = {"judged.no_value": "judged.no_announced", "judged.no_number": "public.not_assigned"}
"""Reasons that are said to who enters values, and how they are said to who reads them."""


def tables(stands: PlanStands, t: Words) -> list[Table]:
    """The main targets, then a table for each action of the plan with the targets of its tasks."""
    named = columns((t(f"plan_table.{head}").capitalize() for head in _HEADS), numeric=(3,))
    main = [_row(None, target, t) for target in stands.targets.get(0, ())]
    found = [Table("main", t("public.main_targets"), named, main)] if main else []
    for n, action in enumerate(dict.fromkeys(task.action for task in stands.plan.tasks.values()), start=1):
        tasks = [task for task in stands.plan.tasks.values() if task.action == action]
        rows = [row for task in tasks for row in _task_rows(task, stands, t)]
        found.append(Table(f"action-{n}", action, named, rows))
    return found


def counts(stands: PlanStands, t: Words) -> list[tuple[State, str, int]]:
    """How many targets stand at each state, by its word."""
    return [(state, t(f"state.{state}"), n) for state, n in stands.counts().items()]


def of_rate(stands: PlanStands, rate: str) -> list[TargetStands]:
    """The targets that the announced value of a rate decides."""
    return [row for row in stands.all_targets if row.target.rate == rate]


def _task_rows(task: facts.Task, stands: PlanStands, t: Words) -> Iterator[list[Cell]]:
    for target in stands.targets.get(task.number, ()):
        yield _row(task, target, t)
    if task.number not in stands.targets:
        yield cells(Cell(t.of(task), note=_of_task(task, t)), t("plan_table.no_figure"), ABSENT, ABSENT, ABSENT)


def _row(task: facts.Task | None, row: TargetStands, t: Words) -> list[Cell]:
    distance = ABSENT if row.judged.distance is None else signed(row.judged.distance)
    name = Cell(t.of(row.target), note=_of_task(task, t) if task else None)
    return cells(name, to_reach(row, t), _today(row, t), distance, state(row, t))


def _of_task(task: facts.Task, t: Words) -> str:
    return t("public.of_task", number=task.number, task=t.of(task), lead=task.lead or ABSENT)


def to_reach(row: TargetStands, t: Words) -> Cell:
    """What is to be reached by the end of which year."""
    target, due = row.target, t("public.by_year", year=row.target.year)
    if target.sense in ("up", "steady-up"):
        return Cell(t(f"sense.{target.sense}"), note=due)
    if row.number is None:
        return Cell(t("public.not_assigned"), note=due)
    assigned = f" · {t('series.assigned')}" if row.assigned else ""
    return Cell(f"{t(f'sense.{target.sense}')}\u00a0{_valued(row.number, target, t)}", note=f"{due}{assigned}")


def state(row: TargetStands, t: Words) -> Cell:
    """In words, with a sign before them."""
    why = FOR_READERS.get(row.judged.why, row.judged.why)
    return Cell(f"{t(f'state.{row.judged.state}')} · {t(why)}", sign=row.judged.state.value)


def signed(value: Decimal) -> str:
    return f"{value:+,}".replace("-", "−") if value else "0"


def _today(row: TargetStands, t: Words) -> Cell:
    """Today's value, its year and source; below it what it was counted from, and what was found beside."""
    said = ABSENT if row.today is None else _valued(row.today.value, row.target, t)
    return Cell(said, note=" · ".join(_notes(row, t)) or None)


def _notes(row: TargetStands, t: Words) -> Iterator[str]:
    if row.today is not None:
        yield _source(row.today, t)
        if row.today.works is not None:
            yield t("public.of_works", done=row.today.works.done.count, whole=row.today.works.whole.count)
    if row.measured is not None:
        beside = "" if row.difference is None else f" ({signed(row.difference)})"
        yield f"{t('plan_table.measured')} {row.measured} %{beside}"
    if row.beside is not None:
        yield f"{_valued(row.beside.value, row.target, t)} {_source(row.beside, t)}"


def _source(value: Value, t: Words) -> str:
    made_up = f" ({t('public.made_up_mark')})" if value.made_up else ""
    return t("public.year_series", year=value.year, series=t(f"series.{value.series}")) + made_up


def _valued(value: Decimal, target: facts.Target, t: Words) -> str:
    return f"{value:,}\u00a0{t.unit(target.unit)}".rstrip()
