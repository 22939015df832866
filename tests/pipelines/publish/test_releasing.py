"""Switching by two people at once: whoever comes second waits, and the link leads to what was put on record last."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from layers.records.publications import Draft
from pipelines.publish import folder, releasing

TODAY = date(2026, 11, 25)


@pytest.fixture
def accepted(engine: Engine, tmp_path: Path) -> Path:
    """Two small drafts, both accepted by somebody else; gives the root of the publications."""
    for no in (1, 2):
        files = {f"{tree}maps/no-maps.html": b"none" for tree in ("", "en/")} | {"index.html": f"change {no}".encode()}
        about = {"no": no, "on": "2026-11-25"}
        told = folder.manifest(files, about)
        hash_ = folder.hash_of(told)
        folder.write(files, about, releasing.draft_folder(tmp_path, hash_))
        with engine.begin() as connection:
            connection.execute(text("alter table records.reviews disable trigger second_person"))
            connection.execute(
                text("""insert into records.drafts (no, "on", plan, hash, manifest, files, made_up)
                        values (:no, '2026-11-25', 'p', :hash, :manifest, 3, true)"""),
                {"no": no, "hash": hash_, "manifest": told.decode()},
            )
            connection.execute(text("insert into records.reviews (draft, accepted) values (:no, true)"), {"no": no})
            connection.execute(text("alter table records.reviews enable trigger second_person"))
    return tmp_path


def test_who_switches_second_waits_for_the_first_and_then_has_the_last_word(engine: Engine, accepted: Path) -> None:
    with Session(engine) as first, first.begin():
        releasing.switch(first, accepted, 1, today=TODAY)
        with Session(engine) as second, second.begin():
            second.execute(text("set local lock_timeout = '50ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                releasing.switch(second, accepted, 2, today=TODAY)
    with Session(engine) as second, second.begin():
        made = releasing.switch(second, accepted, 2, today=TODAY)

    with Session(engine) as session:
        on = releasing.switched_on(session)
        assert on is not None
        assert session.get(Draft, on.draft).no == 2  # type: ignore[union-attr]
    assert (accepted / releasing.LINK).resolve() == made.folder.resolve()
    assert (accepted / releasing.LINK / "index.html").read_text() == "change 2"


def test_a_draft_whose_last_review_refused_it_does_not_take_the_place_of_the_one_before(
    engine: Engine, accepted: Path
) -> None:
    with Session(engine) as session, session.begin():
        releasing.switch(session, accepted, 1, today=TODAY)
    with engine.begin() as connection:
        connection.execute(text("alter table records.reviews disable trigger second_person"))
        connection.execute(text("insert into records.reviews (draft, accepted) values (2, false)"))

    with Session(engine) as session, session.begin(), pytest.raises(releasing.PublishRefusal, match="not_reviewed"):
        releasing.switch(session, accepted, 2, today=TODAY)

    assert json.loads((accepted / releasing.LINK / "manifest.json").read_bytes())["no"] == 1


def test_rollbacks_go_back_one_by_one_and_a_new_switch_stands_on_top(engine: Engine, accepted: Path) -> None:
    def back() -> int:
        return releasing.rollback(session, accepted, today=TODAY).number

    with Session(engine) as session:
        for number in (1, 2, 1):
            releasing.switch(session, accepted, number, today=TODAY)
        seen = [back(), back()]
        with pytest.raises(releasing.PublishRefusal, match="nothing_before"):
            back()
        releasing.switch(session, accepted, 2, today=TODAY)
        seen += [back()]

    assert seen == [2, 1, 1]


def test_switched_to_again_a_site_keeps_the_current_values_that_were_published_since(
    engine: Engine, accepted: Path
) -> None:
    with Session(engine) as session:
        for number in (1, 2):
            made = releasing.switch(session, accepted, number, today=TODAY)
        folder.put_now(made.folder, b'{"no":9}')

        releasing.switch(session, accepted, 1, today=TODAY)
        again = releasing.switch(session, accepted, 2, today=TODAY)

    assert again == made
    assert (accepted / releasing.LINK / "now.json").read_bytes() == b'{"no":9}'
