"""Whoever writes is recorded: who, when, through which door, why, and true from which day."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from layers.ground.history import past
from layers.plots import Plot
from pipelines.edits.apply import apply
from tests.layers.conftest import Psql
from tests.layers.ledger import ONE, Said, another, changes, clock, everything, number
from tests.samples import occasion, revised


def test_the_program_names_the_person_it_has_asked(layered: Engine) -> None:
    before, since = clock(layered), number(layered)
    said = occasion("王林", door="web", kind="real", note="造林验收", effective_on=date(2025, 12, 31))

    with Session(layered) as session, session.begin():
        apply(session, [revised(1, name="新名")], said)

    (made,) = changes(layered, above=since)
    assert made._replace(at=before) == Said(since + 1, before, "王林", "web", "real", date(2025, 12, 31), "造林验收")
    assert before < made.at < clock(layered)


def test_the_programs_own_login_needs_no_more_than_its_role(
    layered: Engine, login: Callable[[Engine, str], URL]
) -> None:
    program = create_engine(
        login(layered, "qingshan_program"), connect_args={"options": "-c search_path=layers,public"}
    )
    since = number(layered)

    with Session(program) as session, session.begin():
        apply(session, [revised(1, name="程序")], occasion("李四", door="field"))
    with pytest.raises(ProgrammingError, match="permission denied for table changes"), program.begin() as connection:
        connection.execute(text("insert into journal.changes (no, at) values (1000, now())"))

    program.dispose()
    assert [(c.no, c.person, c.door) for c in changes(layered, above=since)] == [(since + 1, "李四", "field")]


def test_psql_is_recorded_as_whoever_is_logged_in(layered: Engine, editor: Psql) -> None:
    before, since = clock(layered), number(layered)

    answers = editor(f"update layers.plots set name = 'psql' where id = '{ONE}' returning name")

    (made,) = changes(layered, above=since)
    assert answers == ["psql"]
    assert (made.no, made.person, made.door, made.kind, made.note) == (since + 1, editor.login, "sql", None, None)
    assert made.effective_on == made.at.astimezone(ZoneInfo("Asia/Shanghai")).date()
    assert before < made.at < clock(layered)


def test_psql_may_say_why_and_from_which_day(layered: Engine, editor: Psql) -> None:
    since = number(layered)

    answers = editor(f"""
        begin;
        insert into journal.changes (kind, note, effective_on) values ('correction', '线划错', '2024-12-31');
        update layers.plots set name = '更正' where id = '{ONE}';
        commit;""")

    (made,) = changes(layered, above=since)
    assert answers == []
    assert made._replace(at=datetime.min) == Said(
        since + 1, datetime.min, editor.login, "sql", "correction", date(2024, 12, 31), "线划错"
    )


def test_one_transaction_of_a_qgis_like_client_is_one_change_through_its_door(layered: Engine, editor: Psql) -> None:
    since = number(layered)
    url = editor.url.set(drivername="postgresql").render_as_string(hide_password=False)

    with psycopg.connect(url, application_name="QGIS3.22.4-Białowieża") as qgis:
        qgis.execute("insert into layers.plots " + another(2))
        qgis.execute("update layers.plots set name = '图上改' where id = %s", [ONE])
        qgis.execute("delete from layers.plots where id = %s", [uuid.UUID(int=2)])

    assert [(c.no, c.person, c.door) for c in changes(layered, above=since)] == [(since + 1, editor.login, "qgis")]
    with past(layered, since + 1) as then:
        assert [(p.id, p.name) for p in then.query(Plot)] == [(ONE, "图上改")]


def test_nothing_changed_is_no_change(layered: Engine, editor: Psql) -> None:
    before = everything(layered)

    answers = editor("update layers.plots set name = name, version = 77, change = 1; select count(*) from layers.plots")

    assert answers == ["1"]
    assert everything(layered) == before


# --- the owner, without switching anything off


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("truncate layers.plots", "55000: journal.layers: truncate on layers.plots is refused"),
        ("truncate journal.changes cascade", "55000: journal.changes: truncate on journal.changes is refused"),
        ("truncate journal.versions", "55000: journal.versions: truncate on journal.versions is refused"),
        ("delete from journal.changes", "55000: journal.changes: delete on journal.changes is refused"),
        ("update journal.changes set at = now()", "55000: journal.changes: update on journal.changes is refused"),
        ("update journal.versions set gone = true", "55000: journal.versions: update on journal.versions is refused"),
        ("delete from journal.versions", "55000: journal.versions: delete on journal.versions is refused"),
        (
            f"insert into journal.versions (layer, id, version, change, gone) values ('plots', '{ONE}', 9, 1, true)",
            "55000: journal.versions: insert on journal.versions is refused",
        ),
    ],
)
def test_even_the_owner_is_refused(layered: Engine, script: str, answer: str) -> None:
    before = everything(layered)

    assert Psql(layered.url)(script) == [answer]
    assert everything(layered) == before


def test_even_the_owner_does_not_choose_number_or_time(layered: Engine) -> None:
    before, since = clock(layered), number(layered)

    answers = Psql(layered.url)("""
        insert into journal.changes (no, at, person, door) values (1000, '2020-01-01', '张三', 'cli')""")

    (made,) = changes(layered, above=since)
    assert answers == []
    assert (made.no, made.person, made.door) == (since + 1, "张三", "cli")
    assert before < made.at < datetime.now(UTC).replace(year=9999)
