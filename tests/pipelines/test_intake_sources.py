"""What a source sends is merged over what it sent last: no edit by hand is overwritten without a word."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import Engine, delete, update
from sqlalchemy.orm import Session

from layers.plots import Plot
from pipelines.edits.undo import undo
from tests.pipelines.importing import changes, column, geojson, plots, refusals, stand, taken, waiting
from tests.samples import occasion, square


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def send(engine: Engine, folder: Path, *rows: Any, **plan: Any) -> Any:
    return taken(engine, geojson(folder / "a.geojson", rows), **plan)


def by_hand(engine: Engine, number: int, **values: Any) -> None:
    """Edit a plot as QGIS does: straight in the table."""
    with Session(engine) as session, session.begin():
        session.execute(update(Plot).where(Plot.subcompartment == str(number)).values(**values))


def end_by_hand(engine: Engine, number: int) -> None:
    with Session(engine) as session, session.begin():
        session.execute(delete(Plot).where(Plot.subcompartment == str(number)))


def test_a_source_that_repeats_itself_leaves_an_edit_by_hand(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1))
    by_hand(engine, 1, canopy=0.8)

    report = send(engine, folder, stand(1))

    assert report.counts == {"unchanged": 1}
    assert column(engine, "canopy") == {"1": 0.8}
    assert changes(engine) == 2


def test_another_field_than_the_one_edited_by_hand_lands_beside_it(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1))
    by_hand(engine, 1, canopy=0.8)

    report = send(engine, folder, stand(1, REMARKS="补充调查"))

    assert report.counts == {"revised": 1}
    assert (column(engine, "canopy"), column(engine, "remarks")) == ({"1": 0.8}, {"1": "补充调查"})


def test_the_same_field_as_edited_by_hand_is_a_conflict_and_nothing_lands(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1), stand(2))
    by_hand(engine, 1, canopy=0.8)

    report = send(engine, folder, stand(1, YU_BI_DU=0.5), stand(2, YU_BI_DU=0.5))

    assert not report.lands
    assert [(r.number, r.outcome, r.said[0].id) for r in report.rows] == [(1, "conflicted", "import.conflict")]
    assert column(engine, "canopy") == {"1": 0.8, "2": 0.6}
    assert waiting(engine) == []


def test_an_accepted_conflict_waits_in_the_inbox_and_is_not_said_again(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1), stand(2))
    by_hand(engine, 1, canopy=0.8)
    rows = (stand(1, YU_BI_DU=0.5, REMARKS="x"), stand(2, YU_BI_DU=0.5))

    send(engine, folder, *rows, accept_good=True)
    again = send(engine, folder, *rows)

    assert column(engine, "canopy") == {"1": 0.8, "2": 0.5}
    assert column(engine, "remarks") == {"1": "x", "2": None}
    assert waiting(engine) == [("canopy", 0.8, 0.5)]
    assert again.counts == {"unchanged": 2}


def test_the_first_file_of_another_source_does_not_overwrite_an_edit_by_hand(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1, REMARKS="a"), source="甲")
    by_hand(engine, 1, canopy=0.8)

    report = send(engine, folder, stand(1, YU_BI_DU=0.5, REMARKS="b"), source="乙", accept_good=True)

    assert report.counts == {"conflicted": 1}
    assert (column(engine, "canopy"), column(engine, "remarks")) == ({"1": 0.8}, {"1": "b"})
    assert waiting(engine) == [("canopy", 0.8, 0.5)]


def test_a_plot_entered_by_hand_is_not_overwritten_but_its_gaps_are_filled(engine: Engine, folder: Path) -> None:
    entered = {"township": "360732100", "village": "001", "compartment": "0001", "subcompartment": "1"}
    with Session(engine) as session, session.begin():
        session.add(Plot(**entered, code="手绘", land_class="030100", source="外业", canopy=0.8, shape=square(1)))

    report = send(engine, folder, stand(1, YU_BI_DU=0.5, REMARKS="补"), accept_good=True)

    assert report.counts == {"conflicted": 1}
    assert waiting(engine) == [("canopy", 0.8, 0.5)]
    landed = plots(engine)["1"]
    assert (landed.code, landed.source, landed.remarks) == ("手绘", "外业", "补")
    assert landed.survey_area_m2 is not None


def test_a_column_that_a_source_leaves_out_for_a_while_is_still_its_own(engine: Engine, folder: Path) -> None:
    without = {name: value for name, value in stand(1, REMARKS="x")[0].items() if name != "YU_BI_DU"}
    send(engine, folder, stand(1))
    send(engine, folder, (without, square(1).geoms[0]))

    report = send(engine, folder, stand(1, YU_BI_DU=0.5, REMARKS="x"))

    assert report.counts == {"revised": 1}
    assert column(engine, "canopy") == {"1": 0.5}


def test_a_shape_redrawn_by_hand_keeps_no_area_of_another_shape(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1))
    by_hand(engine, 1, shape=square(5))

    send(engine, folder, stand(1, shape=square(6).geoms[0]), accept_good=True)

    landed = plots(engine)["1"]
    assert shapely.equals(landed.shape, square(5))
    assert landed.survey_area_m2 is None
    assert [field for field, *_ in waiting(engine)] == ["shape"]


def test_a_plot_ended_by_hand_stays_ended_when_the_source_repeats_itself(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1))
    end_by_hand(engine, 1)

    report = send(engine, folder, stand(1))

    assert report.counts == {"unchanged": 1}
    assert report.rows[0].said[0].id == "import.ended_since"
    assert plots(engine) == {}


@pytest.mark.parametrize("source", ["甲", "乙"])
def test_a_plot_ended_by_hand_is_a_conflict_when_a_source_sends_something_new(
    engine: Engine, folder: Path, source: str
) -> None:
    send(engine, folder, stand(1), source="甲")
    end_by_hand(engine, 1)

    report = send(engine, folder, stand(1, YU_BI_DU=0.5), source=source)

    assert report.counts == {"conflicted": 1}
    assert not report.lands


def test_a_file_that_was_undone_can_come_again(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1))
    send(engine, folder, stand(1, YU_BI_DU=0.3))
    with Session(engine) as session, session.begin():
        undo(session, 2, occasion(door="undo"))

    report = send(engine, folder, stand(1, YU_BI_DU=0.3))

    assert report.counts == {"revised": 1}
    assert column(engine, "canopy") == {"1": 0.3}


def test_a_first_file_that_was_undone_can_come_again(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1))
    with Session(engine) as session, session.begin():
        undo(session, 1, occasion(door="undo"))

    report = send(engine, folder, stand(1))

    assert report.counts == {"added": 1}


def test_a_key_given_up_by_a_renumbered_plot_names_a_new_one(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1))
    old = plots(engine)["1"].id
    by_hand(engine, 1, subcompartment="9")

    report = send(engine, folder, stand(1, shape=square(7).geoms[0]))

    assert report.counts == {"added": 1}
    assert plots(engine)["9"].id == old
    assert plots(engine)["1"].id != old


def test_two_plots_that_take_each_others_number_are_refused_with_the_holder(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1), stand(2))
    ids = {number: str(plot.id) for number, plot in plots(engine).items()}

    report = send(engine, folder, stand(2, qs_id=ids["1"]), stand(1, qs_id=ids["2"]))

    assert refusals(report) == {1: ["edit.key_taken"], 2: ["edit.key_taken"]}


def test_a_row_with_a_strange_id_or_version_is_refused_with_its_value(engine: Engine, folder: Path) -> None:
    rows = (
        stand(1, qs_id="小班一"),
        stand(2, qs_id=str(uuid.UUID(int=2)), qs_version="第三版"),
        stand(3, qs_id=str(uuid.UUID(int=3)), qs_version=7),
    )

    report = send(engine, folder, *rows)

    assert refusals(report) == {1: ["import.bad_id"], 2: ["import.bad_version"], 3: ["edit.no_base"]}


def test_a_code_and_a_source_that_a_file_does_not_bring_stay_as_they_are(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1))
    by_hand(engine, 1, code="手编", source="外业")
    there = plots(engine)["1"]

    report = send(engine, folder, stand(1, YU_BI_DU=0.7, qs_id=str(there.id), qs_version=there.version), source="某队")

    assert report.counts == {"revised": 1}
    assert (column(engine, "code"), column(engine, "source")) == ({"1": "手编"}, {"1": "外业"})


def test_a_row_known_by_its_id_alone_revises_its_feature(engine: Engine, folder: Path) -> None:
    send(engine, folder, stand(1))
    bare = {"qs_id": str(plots(engine)["1"].id), "REMARKS": "外业改"}

    report = send(engine, folder, (bare, square(1).geoms[0]), source="某队")

    assert report.counts == {"revised": 1}
    assert (column(engine, "remarks"), column(engine, "canopy")) == ({"1": "外业改"}, {"1": 0.6})
