"""Two connections for every lock: the second waits for the first, then answers to what it finds."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from time import monotonic
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from layers.ground.history import last_no, past
from layers.plots import Plot
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit, EditRefusal, Outcome, Receipt
from pipelines.edits.undo import undo
from tests.layers.ledger import ONE, another
from tests.samples import ended, occasion, plot, revised


def land(engine: Engine, *edits: Edit, **said: Any) -> list[Receipt]:
    with Session(engine) as session, session.begin():
        return apply(session, edits, occasion(**said))


def behind(engine: Engine, first: Session, second: Callable[[], Any]) -> Any:
    """The answer of `second`, which waits for a lock (the server says so) until `first` is committed."""
    with ThreadPoolExecutor(1) as other, engine.connect() as observer:
        answer: Future[Any] = other.submit(second)
        try:
            _until_waiting(observer.connection.driver_connection, answer)
        finally:
            first.commit()
        return answer.result(timeout=20)


def _until_waiting(observer: Any, answer: Future[Any]) -> None:
    end = monotonic() + 10
    while monotonic() < end:
        waiting = observer.execute(
            "select exists (select from pg_locks where not granted and pid in "
            "(select pid from pg_stat_activity where datname = current_database()))"
        ).fetchone()[0]
        if waiting:
            return
        assert not answer.done(), f"it did not wait: {answer.result()}"
    raise AssertionError("neither done nor waiting")


def test_the_second_edit_of_a_row_waits_and_is_merged(engine: Engine) -> None:
    land(engine, plot(1))
    with Session(engine) as first:
        apply(first, [revised(1, base=1, name="先")], occasion("先"))

        (receipt,) = behind(engine, first, lambda: land(engine, revised(1, base=1, village="002"), person="后"))

    with Session(engine) as session:
        stands = session.get_one(Plot, ONE)
    assert (receipt.outcome, stands.version, stands.name, stands.village) == (Outcome.REVISED, 3, "先", "002")


def test_the_second_edit_of_a_field_waits_and_conflicts(engine: Engine) -> None:
    land(engine, plot(1))
    with Session(engine) as first:
        apply(first, [revised(1, base=1, name="先")], occasion("先"))

        (receipt,) = behind(engine, first, lambda: land(engine, revised(1, base=1, name="后")))

    with Session(engine) as session:
        assert (receipt.outcome, session.get_one(Plot, ONE).name) == (Outcome.CONFLICTED, "先")


def test_a_number_taken_at_the_same_moment_refuses_the_second_alone(engine: Engine) -> None:
    rival = Edit("plots", uuid.UUID(int=9), plot(1).fields)
    with Session(engine) as first:
        apply(first, [plot(1)], occasion("先"))

        receipts = behind(engine, first, lambda: land(engine, rival, plot(2), person="后"))

    assert [r.outcome for r in receipts] == [Outcome.REFUSED, Outcome.ADDED]
    assert (receipts[0].reasons[0].id, receipts[0].reasons[0].values["holder"]) == ("edit.key_taken", ONE)
    with Session(engine) as session:
        assert last_no(session) == 2


def test_a_snapshot_that_cannot_see_the_rival_is_refused_with_a_remedy(engine: Engine) -> None:
    land(engine, plot(3))
    with Session(engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        session.execute(text("select count(*) from layers.plots"))
        land(engine, plot(1))

        with pytest.raises(EditRefusal) as refused:
            apply(session, [Edit("plots", uuid.UUID(int=9), plot(1).fields)], occasion())

    assert (refused.value.id, refused.value.values) == ("edit.raced", {"layer": "plots"})


def test_the_same_new_feature_twice_at_the_same_moment_lands_once(engine: Engine) -> None:
    with Session(engine) as first:
        apply(first, [plot(1)], occasion("先"))

        (receipt,) = behind(engine, first, lambda: land(engine, plot(1), person="后"))

    assert (receipt.outcome, receipt.version) == (Outcome.UNCHANGED, 1)


def test_a_raw_return_of_a_feature_whose_end_it_could_not_see_is_refused(engine: Engine) -> None:
    land(engine, plot(1), plot(2))
    copy = "insert into layers.plots " + another(2).replace(str(ONE), str(uuid.UUID(int=2)))

    def bring_back() -> Any:
        with psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False)) as raw:
            try:
                return raw.execute(copy).rowcount
            except psycopg.Error as error:
                return error.sqlstate

    with Session(engine) as first:
        apply(first, [ended(2)], occasion())
        answer = behind(engine, first, bring_back)
    land(engine, plot(2))
    land(engine, revised(2, name="又改"))

    assert answer == "40001"
    with Session(engine) as session:
        assert session.get_one(Plot, uuid.UUID(int=2)).version == 4


def test_a_long_import_does_not_hold_up_an_edit_elsewhere(engine: Engine) -> None:
    land(engine, plot(1))
    with Session(engine) as importing:
        apply(importing, [plot(n) for n in range(2, 300)], occasion("导入", door="import"))

        with engine.connect() as edit:
            edit.execute(text("set lock_timeout = '1ms'"))
            edit.commit()
            with Session(edit) as session:
                (receipt,) = apply(session, [revised(1, name="改")], occasion("改"))
                session.commit()
        importing.commit()

    with Session(engine) as session:
        found = session.execute(text("select no, person from journal.changes order by no")).all()
    assert receipt.outcome is Outcome.REVISED
    assert [tuple(row) for row in found] == [(1, "林小青"), (2, "改"), (3, "导入")]


def test_an_undo_waits_for_an_edit_under_way_and_leaves_what_it_touched(engine: Engine) -> None:
    land(engine, plot(1))
    land(engine, revised(1, name="误"))

    def take_back() -> Any:
        with Session(engine) as session, session.begin():
            return undo(session, 2, occasion(door="undo"))

    with Session(engine) as first:
        apply(first, [revised(1, village="002")], occasion("先"))
        undone = behind(engine, first, take_back)

    assert [d.id for d in undone.touched_since] == [ONE]
    assert not undone.receipts
    with Session(engine) as session:
        assert session.get_one(Plot, ONE).name == "误"


def test_one_transaction_is_not_recorded_as_another_persons(engine: Engine) -> None:
    with Session(engine) as session:
        apply(session, [plot(1)], occasion("甲"))

        with pytest.raises(EditRefusal, match=r"edit\.other_occasion"):
            apply(session, [plot(2)], occasion("乙"))


def test_a_required_field_cannot_be_emptied(engine: Engine) -> None:
    land(engine, plot(1))

    receipt = land(engine, revised(1, land_class=None))[0]

    assert (receipt.outcome, receipt.reasons[0].id) == (Outcome.REFUSED, "edit.missing")


def test_a_past_session_reads_the_past_after_its_own_commit_too(engine: Engine) -> None:
    land(engine, plot(1, name="先"), effective_on=date(2025, 1, 1))
    land(engine, revised(1, name="后"))

    with past(engine, 1) as then:
        names = [then.query(Plot).one().name]
        then.commit()
        names.append(then.query(Plot).one().name)
        then.rollback()
        names.append(then.query(Plot).one().name)

    assert names == ["先", "先", "先"]
