"""Edits become one change; conflicts wait in the inbox; an undo puts back what nobody touched since."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from layers.ground.history import last_no, past
from layers.ground.journal import Change, InboxItem
from layers.plots import Plot
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit, Outcome, Receipt
from pipelines.edits.undo import undo
from tests.samples import ended, occasion, plot, revised, square


def land(engine: Engine, *edits: Edit, **said: Any) -> list[Receipt]:
    with Session(engine) as session, session.begin():
        return apply(session, edits, occasion(**said))


def classes(engine: Engine) -> dict[str, str]:
    with Session(engine) as session:
        return dict(session.execute(select(Plot.subcompartment, Plot.land_class)).all())


def test_edits_of_one_call_are_one_change_with_its_person_and_door(engine: Engine) -> None:
    receipts = land(engine, plot(1), plot(2), person="王林", note="年度更新")

    with Session(engine) as session:
        changes = session.scalars(select(Change)).all()
    assert [(r.outcome, r.version) for r in receipts] == [(Outcome.ADDED, 1), (Outcome.ADDED, 1)]
    assert [(c.no, c.person, c.door, c.note) for c in changes] == [(1, "王林", "cli", "年度更新")]


def test_the_same_edits_again_make_no_change(engine: Engine) -> None:
    land(engine, plot(1))

    again = land(engine, plot(1))

    with Session(engine) as session:
        assert last_no(session) == 1
    assert again[0].outcome is Outcome.UNCHANGED


def test_edits_to_different_fields_of_the_same_base_are_both_kept(engine: Engine) -> None:
    land(engine, plot(1))
    land(engine, revised(1, base=1, land_class="030200"))

    receipt = land(engine, revised(1, base=1, village="002"))[0]

    with Session(engine) as session:
        stands = session.scalars(select(Plot)).one()
        assert (stands.land_class, stands.village, receipt.version) == ("030200", "002", 3)


def test_a_field_that_both_changed_waits_in_the_inbox_and_the_rest_lands(engine: Engine) -> None:
    land(engine, plot(1))
    land(engine, revised(1, base=1, land_class="030200"))

    receipt = land(engine, revised(1, base=1, land_class="030302", village="002"))[0]

    with Session(engine) as session:
        item = session.scalars(select(InboxItem)).one()
        stands = session.scalars(select(Plot)).one()
    assert receipt.outcome is Outcome.CONFLICTED
    assert (stands.land_class, stands.village) == ("030200", "002")
    assert (item.field, item.base, item.theirs, item.mine) == ("land_class", "030100", "030200", "030302")


def test_the_end_of_a_feature_that_somebody_changed_since_waits_in_the_inbox(engine: Engine) -> None:
    land(engine, plot(1))
    land(engine, revised(1, land_class="030200"))

    receipt = land(engine, ended(1, base=1))[0]

    assert receipt.outcome is Outcome.CONFLICTED
    assert classes(engine) == {"1": "030200"}


def test_an_edit_to_a_feature_that_was_ended_meanwhile_waits_in_the_inbox(engine: Engine) -> None:
    land(engine, plot(1))
    land(engine, ended(1))

    receipt = land(engine, revised(1, base=1, land_class="030200"))[0]

    with Session(engine) as session:
        item = session.scalars(select(InboxItem)).one()
    assert receipt.outcome is Outcome.CONFLICTED
    assert item.field == "*"
    assert item.mine["land_class"] == "030200"


def test_a_natural_key_that_is_taken_refuses_that_edit_alone(engine: Engine) -> None:
    land(engine, plot(1))

    receipts = land(engine, Edit("plots", uuid.UUID(int=9), plot(1).fields), plot(2))

    assert [r.outcome for r in receipts] == [Outcome.REFUSED, Outcome.ADDED]
    assert receipts[0].reasons[0].id == "edit.key_taken"


def test_a_key_set_free_can_be_taken_in_the_same_change(engine: Engine) -> None:
    land(engine, plot(1))

    receipts = land(engine, ended(1), Edit("plots", uuid.UUID(int=9), plot(1).fields))

    assert [r.outcome for r in receipts] == [Outcome.ENDED, Outcome.ADDED]


def test_a_new_feature_without_its_required_fields_is_refused_by_name(engine: Engine) -> None:
    receipt = land(engine, Edit("plots", uuid.UUID(int=1), {"code": "x", "shape": square(1)}))[0]

    assert receipt.outcome is Outcome.REFUSED
    assert "township" in str(receipt.reasons[0].values["fields"])


def test_a_column_of_the_journal_cannot_be_edited(engine: Engine) -> None:
    land(engine, plot(1))

    receipt = land(engine, revised(1, version=7))[0]

    assert receipt.outcome is Outcome.REFUSED


def test_undo_puts_back_what_was_revised_ended_and_added(engine: Engine) -> None:
    land(engine, plot(1), plot(2))
    land(engine, revised(1, land_class="030200", shape=square(7)), ended(2), plot(3))

    with Session(engine) as session, session.begin():
        undone = undo(session, 2, occasion(door="undo"))

    assert classes(engine) == {"1": "030100", "2": "030100"}
    assert not undone.touched_since
    with past(engine, 1) as then, Session(engine) as now:
        shapes = select(Plot.id, Plot.shape).order_by(Plot.id)
        assert then.execute(shapes).all() == now.execute(shapes).all()


def test_undo_leaves_and_lists_what_somebody_touched_since(engine: Engine) -> None:
    land(engine, plot(1), plot(2))
    land(engine, revised(1, land_class="030200"), revised(2, land_class="030200"))
    land(engine, revised(2, village="009"))

    with Session(engine) as session, session.begin():
        undone = undo(session, 2, occasion(door="undo"))

    assert classes(engine) == {"1": "030100", "2": "030200"}
    assert [d.id for d in undone.touched_since] == [uuid.UUID(int=2)]
    with Session(engine) as session:
        assert session.scalar(text("select undoes from journal.changes where no = 4")) is not None


def test_an_undo_can_be_undone(engine: Engine) -> None:
    land(engine, plot(1))
    land(engine, ended(1))
    for no in (2, 3):
        with Session(engine) as session, session.begin():
            undo(session, no, occasion(door="undo"))

    assert classes(engine) == {}
