"""Stated values are only ever added, each in a change of its own transaction; the one known last stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import URL, Engine, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data import facts
from layers.ground.history import last_no, past
from layers.ground.journal import Change
from layers.records.plans import PlanRow, TargetRow, TaskRow
from layers.records.stated import Stated, standing
from tests.layers.conftest import Psql

COVERAGE = {
    "series": "announced", "subject": "forest-coverage", "year": 2024, "value": Decimal("75.30"), "unit": "%",
    "body": "省林业局", "document": "甲〔2025〕1号", "stated_on": date(2025, 6, 1),
}  # fmt: skip


def state(engine: Engine, **more: Any) -> None:
    with Session(engine) as session, session.begin():
        session.execute(insert(Stated).values({**COVERAGE, **more}))


def stands(session: Session) -> list[tuple[str, int, str]]:
    return [(row.subject, row.year, str(row.value)) for row in standing(session)]


def test_a_value_keeps_its_decimals_and_belongs_to_a_change_that_the_journal_numbered(engine: Engine) -> None:
    state(engine)

    with Session(engine) as session:
        row, change = session.execute(select(Stated, Change).join(Change, Change.id == Stated.change)).one()
        assert str(row.value) == "75.30"
        assert (change.no, row.made_up) == (1, False)


def test_of_a_subject_and_year_the_newest_stands_and_both_are_kept(engine: Engine) -> None:
    state(engine)
    state(engine, year=2023, value=Decimal("75.31"))
    state(engine, value=Decimal("75.34"), document="甲〔2025〕2号")

    with Session(engine) as session:
        assert stands(session) == [("forest-coverage", 2023, "75.31"), ("forest-coverage", 2024, "75.34")]
        assert session.scalars(select(Stated.document).where(Stated.year == 2024).order_by(Stated.id)).all() == [
            "甲〔2025〕1号", "甲〔2025〕2号",
        ]  # fmt: skip


def test_a_correction_of_an_older_document_stands_because_it_was_known_last(engine: Engine) -> None:
    state(engine, stated_on=date(2025, 6, 1))
    state(engine, stated_on=date(2025, 5, 1), value=Decimal("75.29"))

    with Session(engine) as session:
        assert stands(session) == [("forest-coverage", 2024, "75.29")]


def test_series_of_one_subject_do_not_mix(engine: Engine) -> None:
    target = {"plan": "xingguo-2024-2026", "subject": "T3", "unit": "%"}
    state(engine, **target, series="assigned", value=Decimal(4))
    state(engine, **target, series="reported", value=Decimal(3))

    with Session(engine) as session:
        assert [(row.series, row.value) for row in standing(session)] == [("assigned", 4), ("reported", 3)]


def test_what_was_withdrawn_does_not_stand_and_what_stood_is_not_brought_back(engine: Engine) -> None:
    for value in (Decimal("75.30"), Decimal("75.34"), None):
        state(engine, value=value)

    with Session(engine) as session:
        assert stands(session) == []


def test_a_session_of_the_past_sees_what_was_known_then_of_what_had_been_stated_by_its_day(engine: Engine) -> None:
    state(engine)
    state(engine, value=Decimal("75.34"))
    state(engine, year=2025, value=Decimal("75.37"), stated_on=date(2026, 6, 1))

    with past(engine, 1) as then:
        assert stands(then) == [("forest-coverage", 2024, "75.30")]
    with past(engine, 3, on=date(2025, 12, 31)) as then:
        assert stands(then) == [("forest-coverage", 2024, "75.34")]
    with past(engine, 3, on=date(2025, 1, 1)) as then:
        assert stands(then) == []


def test_a_transaction_sees_its_own_value_as_known_last_and_others_do_not(engine: Engine) -> None:
    state(engine)

    with Session(engine) as mine, Session(engine) as other:
        mine.execute(insert(Stated).values({**COVERAGE, "value": Decimal("75.40")}))
        assert stands(mine) == [("forest-coverage", 2024, "75.40")]
        assert stands(other) == [("forest-coverage", 2024, "75.30")]


ROW = """insert into records.stated (series, subject, year, value, unit, body, document, stated_on)
         values ('{series}', '{subject}', {year}, {value}, '%', 'x', 'x', '{day}')"""
FINE = {"series": "announced", "subject": "forest-coverage", "year": 2024, "value": 75, "day": "2025-06-01"}


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("update records.stated set value = 80", "stated: update on records.stated is refused"),
        ("delete from records.stated", "stated: delete on records.stated is refused"),
        ("truncate records.stated", "stated: truncate on records.stated is refused"),
        (ROW.format(**FINE | {"value": "'NaN'"}), "stated_value_finite_check"),
        (ROW.format(**FINE | {"value": "'Infinity'"}), "stated_value_finite_check"),
        (ROW.format(**FINE | {"series": "guessed"}), "stated_series_check"),
        (ROW.format(**FINE | {"series": "assigned"}), "stated_rate_not_assigned_check"),
        (ROW.format(**FINE | {"day": "infinity"}), "stated_stated_on_check"),
        (ROW.format(**FINE | {"year": 20244}), "stated_year_check"),
    ],
)
def test_the_owner_of_the_tables_is_refused_too(engine: Engine, script: str, answer: str) -> None:
    state(engine)

    with pytest.raises(DBAPIError, match=answer), engine.begin() as connection:
        connection.execute(text(script))


def test_a_login_of_the_program_may_only_add_and_cannot_choose_the_change(
    engine: Engine, login: Callable[[Engine, str], URL]
) -> None:
    state(engine)
    program = Psql(login(engine, "qingshan_program"))

    refused = [
        program("update records.stated set value = 80")[-1],
        program("delete from records.stated")[-1],
        program("truncate records.stated")[-1],
    ]
    program(ROW.format(**FINE).replace("(series", "(change, series").replace("values (", "values (1, "))

    assert refused == ["42501: permission denied for table stated"] * 3
    with Session(engine) as session:
        nos = session.scalars(select(Change.no).join(Stated, Stated.change == Change.id).order_by(Stated.id)).all()
        assert nos == [1, 2]
        assert last_no(session) == 2


@pytest.mark.parametrize("group", ["qingshan_read", "qingshan_edit"])
def test_others_may_read_stated_values_and_not_state_any(
    engine: Engine, login: Callable[[Engine, str], URL], group: str
) -> None:
    state(engine)
    person = Psql(login(engine, group))

    assert person("select value from records.stated") == ["75.30"]
    assert person(ROW.format(**FINE)) == ["42501: permission denied for table stated"]


def test_the_plans_their_tasks_and_targets_are_rows_as_the_files_say(engine: Engine) -> None:
    plan = facts.plan("xingguo-2024-2026")

    with Session(engine) as session:
        row = session.scalars(select(PlanRow).where(PlanRow.id == plan.id)).one()
        tasks = session.scalars(select(TaskRow).where(TaskRow.plan == plan.id).order_by(TaskRow.number)).all()
        targets = session.scalars(select(TargetRow).where(TargetRow.plan == plan.id).order_by(TargetRow.rank)).all()

    assert (row.starts_on, row.ends_on) == (plan.start, plan.end)
    assert [(t.number, t.lead, t.lead_inferred) for t in tasks][11] == (12, "自然资源局", True)
    assert [t.id for t in targets] == list(plan.targets)
    assert [t.value for t in targets] == [t.value for t in plan.targets.values()]
    assert (targets[0].found, targets[0].rate, str(targets[0].value)) == ("announced", "forest-coverage", "75.36")


def test_sql_can_join_targets_with_what_was_stated_of_them(engine: Engine) -> None:
    state(engine)
    state(engine, plan="xingguo-2024-2026", subject="T5a", series="reported", value=Decimal(60), unit="座")

    with engine.connect() as connection:
        found = connection.execute(
            text("""select t.id, s.value from records.targets t join records.stated s
                      on s.plan = t.plan and s.subject = t.id or s.plan is null and s.subject = t.rate
                     order by t.rank""")
        ).all()

    assert [tuple(row) for row in found] == [("G1", Decimal("75.30")), ("T5a", Decimal(60))]
