"""The plans, their tasks and targets as rows, so that QGIS and SQL can join them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Connection, Numeric, SmallInteger, Text, delete, insert
from sqlalchemy.orm import Mapped, mapped_column

from data import facts
from layers.ground.base import Base


class PlanRow(Base):
    """One plan, copied from data/plan at set-up; the files stay the truth."""

    __tablename__ = "plans"
    __table_args__ = {"schema": "records"}  # noqa: RUF012 -- SQLAlchemy reads it as it stands

    id: Mapped[str] = mapped_column(primary_key=True)
    zh: Mapped[str]
    en: Mapped[str]
    adcode: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    adopted_on: Mapped[date]
    issued_on: Mapped[date]
    source: Mapped[str]
    note: Mapped[str | None]


class TaskRow(Base):
    """One task of a plan."""

    __tablename__ = "tasks"
    __table_args__ = {"schema": "records"}  # noqa: RUF012 -- as above

    plan: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    action: Mapped[str] = mapped_column(comment="行动 / part of the plan")
    zh: Mapped[str]
    en: Mapped[str]
    lead: Mapped[str | None] = mapped_column(comment="牵头单位 / lead department")
    lead_inferred: Mapped[bool] = mapped_column(comment="牵头单位系推定 / the text names no lead")
    departments: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="责任单位 / all departments, as listed")


class TargetRow(Base):
    """One target of a plan; task 0 is the section of main targets."""

    __tablename__ = "targets"
    __table_args__ = {"schema": "records"}  # noqa: RUF012 -- as above

    plan: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(SmallInteger, comment="次序 / order within the plan")
    task: Mapped[int] = mapped_column(SmallInteger, comment="任务序号，0 为主要目标 / task; 0: main target")
    zh: Mapped[str]
    en: Mapped[str]
    kind: Mapped[str] = mapped_column(comment="number, assigned or direction")
    sense: Mapped[str | None] = mapped_column(comment=">= > ~ == up steady-up most")
    value: Mapped[Decimal | None] = mapped_column(Numeric, comment="目标值 / empty: not in the text")
    unit: Mapped[str | None]
    year: Mapped[int] = mapped_column(SmallInteger)
    found: Mapped[str] = mapped_column(comment="现值来源 / announced, computed or reported")
    rate: Mapped[str | None] = mapped_column(comment="决定它的指标 / rate whose announced value decides")
    lead: Mapped[str | None] = mapped_column(comment="牵头单位 / lead department")
    departments: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="责任单位 / all departments, as listed")
    departments_inferred: Mapped[bool] = mapped_column(comment="责任单位系推定 / the text names none beside it")
    quote: Mapped[str] = mapped_column(comment="原文 / as published")
    note: Mapped[str | None]


def rows() -> Iterator[tuple[type[Any], list[Mapping[str, Any]]]]:
    """Every table of plans with its rows."""
    plans = [facts.plan(id) for id in facts.plans()]  # noqa: A001 -- as in Refusal
    yield PlanRow, [_plan(plan) for plan in plans]
    yield TaskRow, [_task(plan, task) for plan in plans for task in plan.tasks.values()]
    yield TargetRow, [_target(plan, *ranked) for plan in plans for ranked in enumerate(plan.targets.values(), 1)]


def load(connection: Connection) -> None:
    """Make the tables say what data/plan says."""
    for table, found in rows():
        connection.execute(delete(table))
        connection.execute(insert(table), found)


def _plan(plan: facts.Plan) -> Mapping[str, Any]:
    days = {"starts_on": plan.start, "ends_on": plan.end, "adopted_on": plan.adopted, "issued_on": plan.issued}
    named = {"id": plan.id, "zh": plan.zh, "en": plan.en, "adcode": plan.adcode}
    return {**named, **days, "source": plan.source, "note": plan.note}


def _task(plan: facts.Plan, task: facts.Task) -> Mapping[str, Any]:
    named = {"number": task.number, "action": task.action, "zh": task.zh, "en": task.en}
    return {
        "plan": plan.id,
        **named,
        "lead": task.lead,
        "lead_inferred": task.lead_inferred,
        "departments": list(task.departments),
    }


def _target(plan: facts.Plan, rank: int, target: facts.Target) -> Mapping[str, Any]:
    taken = TargetRow.__table__.columns.keys()
    said = {name: getattr(target, name) for name in taken if name not in ("plan", "rank", "departments")}
    return {"plan": plan.id, "rank": rank, **said, "departments": list(target.departments)}
