"""The desks of progress, of the plan and of stated values, through the command."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from pipelines.edits.stating import Statement, enter, subject
from tests.samples import occasion, square

DOCUMENT = ("--body", "省林业局", "--document", "甲〔2026〕1号", "--date", "2026-06-01")
COVERAGE = ("enter", "森林覆盖率", "75.30", "--year", "2025", *DOCUMENT)


def target(answer: Any, id: str) -> Any:  # noqa: A002
    of_tasks = [t for task in answer["tasks"] for t in task["targets"]]
    return next(t for t in [*answer["targets"], *of_tasks] if t["id"] == id)


@pytest.fixture
def mines(engine: Engine) -> Engine:
    rows = {
        1: {"stage": "accepted"},
        2: {"stage": "works", "planned_on": date(2025, 12, 31), "name": "[red]某矿[/red]"},
    }
    with Session(engine) as session, session.begin():
        apply(
            session,
            [
                Edit("mines", uuid.UUID(int=n), {"code": f"KS{n}", "source": "test", "shape": square(n), **row})
                for n, row in rows.items()
            ],
            occasion(effective_on=date(2025, 1, 1)),
        )
    return engine


@pytest.fixture
def stated(engine: Engine) -> Engine:
    """The coverage of 2025 is announced: 75.30 %."""
    said = Statement(subject("G1"), "announced", 2025, Decimal("75.30"), "省林业局", "甲〔2026〕1号", date(2026, 6, 1))
    with Session(engine) as session, session.begin():
        enter(session, said, occasion(effective_on=said.stated_on), today=date(2026, 6, 2))
    return engine


def test_a_value_that_is_entered_stands_in_the_plan_and_in_the_list(asked: Any) -> None:
    entered = asked(*COVERAGE)

    row = target(asked("plan"), "G1")
    assert (entered["no"], entered["subject"], entered["value"]) == (1, "forest-coverage", 75.3)
    assert entered["replaced"] is None
    assert (row["today"]["written"], row["today"]["year"], row["today"]["series"]) == ("75.30", 2025, "announced")
    assert (row["today"]["body"], row["today"]["document"]) == ("省林业局", "甲〔2026〕1号")
    assert (row["state"], row["distance"]) == ("amber", -0.06)
    listed = asked("entered")["rows"]
    assert [(r["subject"], r["written"], r["state"], r["made_up"]) for r in listed] == [
        ("forest-coverage", "75.30", "stands", False)
    ]


def test_a_correction_and_a_withdrawal_are_told_and_kept(asked: Any) -> None:
    asked(*COVERAGE)
    corrected = asked(*COVERAGE[:2], "75.37", *COVERAGE[3:])
    withdrawn = asked("withdraw", "G1", "--year", "2025", "--note", "年度录错")

    assert (corrected["no"], corrected["replaced"]) == (2, 75.3)
    assert (withdrawn["no"], withdrawn["value"]) == (3, 75.37)
    assert [(r["no"], r["state"]) for r in asked("entered")["rows"]] == [
        (1, "replaced"), (2, "replaced"), (3, "withdrawn"),
    ]  # fmt: skip
    assert target(asked("plan"), "G1")["state"] == "grey"
    assert target(asked("plan", "--as-of", "2"), "G1")["today"]["value"] == 75.37
    assert target(asked("plan", "--on", "2026-05-31"), "G1")["state"] == "grey"


def test_a_value_below_zero_can_be_entered_where_it_may_be_so(asked: Any) -> None:
    assert asked("enter", "T3", "-0.5", "--year", "2025", *DOCUMENT)["value"] == -0.5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("enter", "充电桩", "3", "--year", "2025", *DOCUMENT), "T5a 新建新能源汽车充电桩"),
        (("enter", "G1", "七十五", "--year", "2025", *DOCUMENT), "不是数字"),
        (("enter", "G1", "101", "--year", "2025", *DOCUMENT), "超出范围"),
        (("enter", "G1", "75", "--year", "2025", "--as", "reported", *DOCUMENT), "--as announced"),
        (("enter", "T5a", "75", "--year", "2025", "--as", "assigned", *DOCUMENT), "新建设新能源汽车充电桩78座"),
        (("enter", "G1", "75", "--year", "1999", *DOCUMENT), "2019—2027"),
        (("withdraw", "G1", "--year", "2024"), "qingshan entered"),
        (("plan", "--plan", "xingguo-1999"), "xingguo-2024-2026"),
        (("undo", "1"), "qingshan withdraw"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(
    stated: Engine, qingshan: Any, words: tuple[str, ...], said: str
) -> None:
    ran = qingshan(*words)

    assert ran.returncode == 1, ran.stderr
    assert said in ran.stderr


def test_a_date_that_lies_ahead_is_refused(qingshan: Any) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()

    ran = qingshan(*COVERAGE[:-1], ahead)

    assert ran.returncode == 1
    assert ahead in ran.stderr


def test_a_change_that_entered_a_value_says_so(asked: Any) -> None:
    asked(*COVERAGE, "--note", "省公报")

    told = asked("show", "1")

    assert (told["note"], told["effective_on"]) == ("省公报", "2026-06-01")
    assert told["stated"] == [
        {"subject": "forest-coverage", "plan": None, "series": "announced", "year": 2025, "written": "75.30"}
    ]


def test_progress_counts_by_stage_and_lists_every_item(mines: Engine, asked: Any) -> None:
    answer = asked("progress", "--on", "2026-11-24")

    found = {group["id"]: group for group in answer["groups"]}
    assert (answer["no"], answer["on"], answer["made_up"]) == (1, "2026-11-24", False)
    assert found["mines"]["done"]["count"] == found["mines"]["overdue"]["count"] == 1
    assert [i["code"] for i in found["mines"]["items"] if i["overdue"]] == ["KS2"]
    assert {s["stage"]: s["count"] for s in found["mines"]["stages"]}["works"] == 1
    assert found["clean-watersheds"] == {
        "id": "clean-watersheds", "zh": "生态清洁小流域", "en": "clean watersheds", "loaded": False,
    }  # fmt: skip
    assert answer["done_from"][0] == {
        "system": "mine-stage", "stage": "accepted", "confirmed": False,
        "source": "本系统规定：工程验收即计入完成，管护、终验和销号另列",
    }  # fmt: skip


def test_a_layer_that_is_not_loaded_says_so_in_the_table(mines: Engine, qingshan: Any) -> None:
    shown = qingshan("progress").stdout

    assert "未载入" in shown
    assert "工程验收 1" in shown


def test_the_table_of_the_plan_holds_every_task_and_target_whole_and_fits_160_columns(
    qingshan: Any, asked: Any
) -> None:
    answer = asked("plan")

    shown = qingshan("--lang", "zh", "plan").stdout

    table = [line for line in shown.splitlines() if line.startswith("│")]
    cells = "".join(line.split("│")[2].strip() for line in table)
    assert [task["number"] for task in answer["tasks"]] == list(range(1, 22))
    for task in answer["tasks"]:
        for named in task["targets"] or [task]:
            assert named["zh"] in cells, named["zh"]
    assert "…" not in "".join(table)
    assert all(_columns(line) <= 160 for line in table)


def test_the_rule_of_colours_is_printed_and_answered_with_its_source(qingshan: Any, asked: Any) -> None:
    rule = asked("plan")["rule"]

    shown = qingshan("plan").stdout

    assert all(not part["confirmed"] and part["source"].startswith("本系统规定") for part in rule)
    for part in rule:
        assert part["zh"] in shown
        assert part["en"] in shown
        assert "{" not in part["zh"] + part["en"]


def test_the_wide_table_names_every_department(qingshan: Any) -> None:
    assert "国家金融监管总局兴国监管支局" not in qingshan("plan").stdout
    shown = qingshan("plan", "--wide").stdout

    assert "国家金融监管总局兴国监管支局" in "".join(
        line.split("│")[5].strip() for line in shown.splitlines() if "│" in line
    )


def test_states_are_said_in_words_and_counted(stated: Engine, qingshan: Any, asked: Any) -> None:
    shown = qingshan("plan").stdout

    assert "黄 接近" in shown
    assert "amber near" in shown
    assert asked("plan")["counts"] == {"green": 0, "amber": 1, "red": 0, "grey": 37}


def test_as_of_a_number_the_day_is_that_of_the_change_and_as_of_a_date_that_date(stated: Engine, asked: Any) -> None:
    by_number, by_date = asked("plan", "--as-of", "1"), asked("plan", "--as-of", "2026-03-31")

    assert (by_number["no"], by_number["on"]) == (1, datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat())
    assert (by_date["no"], by_date["on"]) == (0, "2026-03-31")


def test_a_refusal_can_be_read_by_programs(qingshan: Any) -> None:
    ran = qingshan("enter", "G1", "101", "--year", "2025", *DOCUMENT, "--json")

    assert ran.returncode == 1
    assert json.loads(ran.stdout)["refused"] == "stated.beyond"


def _columns(line: str) -> int:
    """The width of a line in a terminal: Chinese takes two columns a character."""
    return sum(2 if "\u2e80" <= character <= "\uffef" else 1 for character in line)
