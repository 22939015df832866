"""The desk of the plan: how every target stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session

from data import facts
from data.texts import Lang, text, unit
from layers.ground import db
from pipelines.restoration.plan import PlanStands, TargetStands, Value, stand
from pipelines.restoration.rates import Rates
from web.terminal import asked, say
from web.terminal.desks.progress import hm2
from web.terminal.desks.rates import known_rates

app = typer.Typer(no_args_is_help=True)

PlanId = Annotated[str | None, typer.Option("--plan", help="方案 / id of the plan")]
_COLOURS = {"green": "green", "amber": "yellow", "red": "red", "grey": "bright_black"}


@app.command()
def plan(
    plan_id: PlanId = None,
    wide: Annotated[bool, typer.Option("--wide", help="列出全部责任单位 / list all departments")] = False,
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """方案逐项目标：现值、差距和红黄绿 / every target of a plan: today's value, distance and colour."""
    engine = db.ready()
    rates, _ = known_rates(engine, as_of, on)
    with asked.moment(engine, as_of, on) as session:
        stands = stand(session, asked.plan(plan_id), rates, on=asked.judged_on(session, as_of, on))
    say.answer(plainly(stands), table(stands, wide=wide))


def now(session: Session, rates: Rates) -> tuple[dict[str, Any], Table]:
    """The usual plan as it stands today: for programs, and as a table."""
    stands = stand(session, asked.plan(None), rates, on=asked.today())
    return plainly(stands), table(stands)


def table(stands: PlanStands, *, wide: bool = False) -> Table:
    """A row for each target under its task, and below them the counts and the rule of colours."""
    who = "departments" if wide else "lead"
    headings = {
        "task": True, "target": False, "number": True, "year": True, who: False, "today": True, "distance": True,
        "state": False,
    }  # fmt: skip
    named = {"zh": stands.plan.zh, "en": stands.plan.en, **say.made_up(stands.made_up)}
    rows = list(_rows(stands, wide=wide))
    drawn = say.table(
        say.spoken("plan_table.title", on=stands.on, no=stands.no, **named),
        {say.spoken(f"plan_table.{name}"): numeric for name, numeric in headings.items()},
        rows,
    )
    for line, (row, following) in zip(drawn.rows, pairwise(rows), strict=False):
        line.end_section = row[0] != following[0]
    return say.below(drawn, _legend(stands))


def _rows(stands: PlanStands, *, wide: bool) -> Iterator[Sequence[str]]:
    for target in stands.targets.get(0, ()):
        yield _target_row("", target, wide=wide)
    for number, task in stands.plan.tasks.items():
        for target in stands.targets.get(number, ()):
            yield _target_row(str(number), target, wide=wide)
        if number not in stands.targets:
            name, none = say.named(task.zh, task.en), say.spoken("plan_table.no_figure")
            yield str(number), name, "", "", _who(task, wide=wide), "", "", none


def _target_row(task: str, row: TargetStands, *, wide: bool) -> Sequence[str]:
    target, state = row.target, row.judged.state
    who = _who(target, wide=wide) + ("（推）" if target.departments_inferred else "")
    zh, en = (f"{text(f'state.{state}', lang)} {text(row.judged.why, lang)}" for lang in ("zh", "en"))
    said = f"[{_COLOURS[state]}]{say.named(zh, en)}[/]"
    distance = "" if row.judged.distance is None else _signed(row.judged.distance)
    name = escape(say.named(target.zh, target.en))
    return task, name, _to_reach(row), str(target.year), who, _today(row), distance, said


def _who(named: facts.Task | facts.Target, *, wide: bool) -> str:
    return "、".join(named.departments) if wide else named.lead or ""


def _to_reach(row: TargetStands) -> str:
    target = row.target
    if target.sense in ("up", "steady-up"):
        return say.spoken(f"sense.{target.sense}")
    if row.number is None:
        return say.spoken("plan_table.to_enter")
    lines = [f"{text(f'sense.{target.sense}', lang)} {row.number}{_unit(target)}" for lang in _once(target)]
    return "\n".join([*lines, *([_source(row.assigned)] if row.assigned else [])])


def _once(target: facts.Target) -> Sequence[Lang]:
    """The languages in which a sense is said: a sign is said once."""
    return say.voice.langs if target.sense in ("~", "most") else say.voice.langs[:1]


def _unit(target: facts.Target) -> str:
    """The unit after a value."""
    said = unit(target.unit or "", say.voice.langs[0])
    return f" {said}" if said else ""


def _today(row: TargetStands) -> str:
    """Today's value, its year and source; of works what they were counted from; of rates the measured one beside."""
    lines = ["—"] if row.today is None else list(_found(row.target, row.today))
    if row.measured is not None:
        difference = "" if row.difference is None else f" ({_signed(row.difference)})"
        lines += [say.phrase("plan_table.measured"), f"{row.measured} %{difference}"]
    if row.beside is not None:
        lines.append(f"{row.beside.value}{_unit(row.target)} {_source(row.beside)}")
    return "\n".join(lines)


def _found(target: facts.Target, today: Value) -> Iterator[str]:
    yield f"{today.value}{_unit(target)}"
    yield _source(today)
    if today.works is not None:
        done, whole = today.works.done, today.works.whole
        by_area = f" · {hm2(done)}/{hm2(whole)} hm²" if target.sense == "most" else ""
        yield f"{done.count}/{whole.count}{by_area}"


def _source(value: Value) -> str:
    return f"{value.year} {say.phrase(f'series.{value.series}')}"


def _signed(value: Decimal) -> str:
    return f"{value:+}" if value else "0"


def _legend(stands: PlanStands) -> str:
    counts = say.spoken("plan_table.counts", **{str(state): n for state, n in stands.counts().items()})
    notes = [counts, say.spoken("plan_table.lead_note"), say.spoken("plan_table.rules")]
    return "\n".join([*notes, *(f"- {rule.said(lang)}" for rule in stands.rules for lang in say.voice.langs)])


def plainly(stands: PlanStands) -> dict[str, Any]:
    """The plan for programs: tasks with their targets, task 0 the main targets, and the rule they are judged by."""
    plan = stands.plan
    rule = [
        {"id": r.id, "zh": r.said("zh"), "en": r.said("en"), "source": r.source, "confirmed": r.confirmed}
        for r in stands.rules
    ]
    return {
        "plan": plan.id,
        "zh": plan.zh,
        "en": plan.en,
        "start": plan.start,
        "end": plan.end,
        "no": stands.no,
        "on": stands.on,
        "made_up": stands.made_up,
        "counts": stands.counts(),
        "targets": [_target_plainly(target) for target in stands.targets.get(0, ())],
        "tasks": [
            {**_task_plainly(task), "targets": [_target_plainly(t) for t in stands.targets.get(task.number, ())]}
            for task in plan.tasks.values()
        ],
        "rule": rule,
    }


def _task_plainly(task: facts.Task) -> dict[str, Any]:
    named = {"number": task.number, "action": task.action, "zh": task.zh, "en": task.en}
    return {**named, "lead": task.lead, "lead_inferred": task.lead_inferred, "departments": task.departments}


def _target_plainly(row: TargetStands) -> dict[str, Any]:
    target, why = row.target, row.judged.why
    same = ("id", "zh", "en", "kind", "sense", "unit", "year", "found", "rate", "lead", "quote", "note")
    return {
        **{name: getattr(target, name) for name in same},
        "lead_inferred": target.stated_lead is None,
        "departments": target.departments,
        "departments_inferred": target.departments_inferred,
        "number": _float(row.number),
        "assigned": _value_plainly(row.assigned),
        "today": _value_plainly(row.today),
        "before": _value_plainly(row.before),
        "beside": _value_plainly(row.beside),
        "measured_percent": _float(row.measured),
        "measured_difference": _float(row.difference),
        "distance": _float(row.judged.distance),
        "state": row.judged.state,
        "why": {"id": why, "zh": text(why, "zh"), "en": text(why, "en")},
    }


def _value_plainly(value: Value | None) -> dict[str, Any] | None:
    return None if value is None else {**asdict(value), "value": float(value.value), "written": str(value.value)}


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
