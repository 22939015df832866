"""Stating values: what may be said of which subject, and that each says who, where and when."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data.texts import text
from layers.ground.journal import Change
from layers.records.stated import Stated, standing
from pipelines.edits.edit import EditRefusal
from pipelines.edits.stating import StatedRefusal, Statement, enter, number, subject, withdraw
from pipelines.edits.undo import undo
from tests.samples import occasion

TODAY = date(2026, 11, 24)


def statement(named: str = "forest-coverage", value: str = "75.30", **more: Any) -> Statement:
    of = subject(named)
    said = {
        "series": of.series[0], "year": 2024, "value": Decimal(value), "body": "省林业局",
        "document": "甲〔2025〕1号", "stated_on": date(2025, 6, 1),
    }  # fmt: skip
    return Statement(of, **{**said, **more})


def say(engine: Engine, *said: Statement, **why: Any) -> None:
    with Session(engine) as session, session.begin():
        for one in said:
            enter(session, one, occasion(**why), today=TODAY)


def refused(engine: Engine, said: Statement) -> str:
    with Session(engine) as session, pytest.raises(StatedRefusal) as refusal:
        enter(session, said, occasion(), today=TODAY)
    for lang in ("zh", "en"):
        assert text(refusal.value.id, lang, refusal.value.values)  # type: ignore[arg-type]
    return refusal.value.id


def test_a_value_is_stated_in_a_change_that_says_who_and_true_from_which_day(engine: Engine) -> None:
    say(engine, statement(), note="年报", effective_on=date(2025, 6, 1))

    with Session(engine) as session:
        row, change = session.execute(select(Stated, Change).join(Change, Change.id == Stated.change)).one()
    assert (row.plan, row.subject, row.series, row.year, str(row.value), row.unit) == (
        None, "forest-coverage", "announced", 2024, "75.30", "%",
    )  # fmt: skip
    assert (change.no, change.person, change.note, change.effective_on) == (1, "林小青", "年报", date(2025, 6, 1))


def test_several_values_of_one_document_are_one_change(engine: Engine) -> None:
    say(engine, statement(year=2023), statement(year=2024), statement("T5a", "60"))

    with Session(engine) as session:
        assert [row.change for row in standing(session)] == [standing(session)[0].change] * 3


@pytest.mark.parametrize("named", ["forest-coverage", "森林覆盖率", "G1", " G1 "])
def test_a_rate_is_meant_by_its_id_its_name_and_the_target_it_decides(named: str) -> None:
    assert (subject(named).plan, subject(named).id) == (None, "forest-coverage")


def test_a_target_is_meant_by_its_id_or_name_within_its_plan() -> None:
    assert subject("T5a") == subject("新建新能源汽车充电桩", "xingguo-2024-2026")
    assert subject("T5a").plan == "xingguo-2024-2026"


def test_a_subject_that_is_not_there_is_refused_with_those_that_are_near() -> None:
    with pytest.raises(StatedRefusal) as refusal:
        subject("充电桩")

    assert refusal.value.id == "stated.no_subject"
    assert "T5a 新建新能源汽车充电桩" in str(refusal.value.values["near"])


def test_a_subject_like_nothing_is_refused_with_the_rates() -> None:
    with pytest.raises(StatedRefusal) as refusal:
        subject("😀")

    assert "forest-coverage 森林覆盖率" in str(refusal.value.values["near"])


@pytest.mark.parametrize(
    "written", ["", "七十五", "75%", "1,234", "NaN", "Infinity", "1e3", "75.", "--1", "0x10", "1 2"]
)
def test_what_is_no_plain_number_is_refused(written: str) -> None:
    with pytest.raises(StatedRefusal) as refusal:
        number(written)

    assert refusal.value.id == "stated.no_number"


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=6))
def test_a_number_is_read_as_it_is_written(value: Decimal) -> None:
    assert str(number(f"{value:f}")) == f"{value:f}"


def test_digits_of_the_chinese_keyboard_are_digits() -> None:
    assert number("７５.３７") == Decimal("75.37")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"series": "reported"}, "stated.rate_is_announced"),
        ({"series": "assigned"}, "stated.not_assigned"),
        ({"series": "guessed"}, "stated.no_series"),
        ({"value": "100.01"}, "stated.beyond"),
        ({"value": "-0.01"}, "stated.beyond"),
        ({"year": 2018}, "stated.year"),
        ({"year": 2028}, "stated.year"),
        ({"year": 2026}, "stated.year_not_begun"),
        ({"stated_on": date(2026, 11, 25)}, "stated.ahead"),
        ({"body": " "}, "stated.no_body"),
        ({"document": ""}, "stated.no_document"),
    ],
)
def test_what_cannot_be_said_of_a_rate_is_refused(engine: Engine, said: dict[str, Any], why: str) -> None:
    assert refused(engine, statement(**said)) == why


@pytest.mark.parametrize(
    ("named", "said", "why"),
    [
        ("T5a", {"value": "60.5"}, "stated.not_whole"),
        ("T5a", {"value": "-1"}, "stated.beyond"),
        ("T5a", {"value": "60", "series": "assigned"}, "stated.not_assigned"),
        ("G4", {"value": "70", "series": "assigned"}, "stated.not_assigned"),
        ("T10a", {"value": "101"}, "stated.beyond"),
    ],
)
def test_what_cannot_be_said_of_a_target_is_refused(engine: Engine, named: str, said: dict[str, Any], why: str) -> None:
    assert refused(engine, statement(named, **said)) == why


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("T3", {"series": "assigned", "year": 2026, "value": "4.5"}),
        ("T3", {"value": "-0.5"}),
        ("T1b", {"value": "-2.1"}),
        ("G4", {"series": "announced", "value": "71.20"}),
        ("forest-coverage", {"value": "100"}),
        ("forest-coverage", {"year": 2019}),
    ],
)
def test_what_may_be_said_is_taken(engine: Engine, named: str, said: dict[str, Any]) -> None:
    say(engine, statement(named, **said))

    with Session(engine) as session:
        assert [str(row.value) for row in standing(session)] == [said.get("value", "75.30")]


def test_a_refused_value_leaves_no_change(engine: Engine) -> None:
    refused(engine, statement(value="101"))

    with Session(engine) as session:
        assert session.scalars(select(Change)).all() == []


def test_a_withdrawn_value_no_longer_stands_and_is_still_told(engine: Engine) -> None:
    say(engine, statement())
    with Session(engine) as session, session.begin():
        withdraw(session, subject("G1"), "announced", 2024, occasion(note="年度录错"))

    with Session(engine) as session:
        assert standing(session) == []
        assert session.scalars(select(Stated.note).order_by(Stated.id)).all() == [None, "年度录错"]


def test_what_does_not_stand_cannot_be_withdrawn(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(StatedRefusal) as refusal:
        withdraw(session, subject("G1"), "announced", 2024, occasion())

    assert refusal.value.id == "stated.nothing_stands"


def test_a_change_that_stated_values_is_not_undone_in_silence(engine: Engine) -> None:
    say(engine, statement())

    with Session(engine) as session, pytest.raises(EditRefusal) as refusal:
        undo(session, 1, occasion())

    assert refusal.value.id == "undo.stated"
    assert refusal.value.values["subjects"] == "forest-coverage"
