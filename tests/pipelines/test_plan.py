"""The progress of the works and the plan as it stands, on a database with a few works and stated values."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyproj import Geod
from shapely import segmentize
from shapely.geometry import LineString
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data import facts
from layers.ground.history import past
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from pipelines.edits.stating import Statement, enter, subject
from pipelines.restoration.plan import PlanStands, TargetStands, stand
from pipelines.restoration.progress import Group, progress
from tests.samples import occasion, square

PLAN = facts.plan("xingguo-2024-2026")
ON = date(2026, 11, 24)
GEOD = Geod(ellps="GRS80")


def feature(layer: str, n: int, **values: Any) -> Edit:
    shape = values.pop("shape", square(n))
    return Edit(layer, uuid.UUID(int=n), {"code": f"{layer}-{n}", "source": "test", "shape": shape, **values})


def land(engine: Engine, *edits: Edit, **why: Any) -> None:
    with Session(engine) as session, session.begin():
        for receipt in apply(session, edits, occasion(**why)):
            assert not receipt.reasons, receipt


def say(engine: Engine, named: str, year: int, value: str, series: str | None = None, **more: Any) -> None:
    of = subject(named)
    said = {"body": "省厅", "document": "甲〔2026〕1号", "stated_on": date(year + 1, 6, 1), **more}
    with Session(engine) as session, session.begin():
        enter(session, Statement(of, series or of.series[0], year, Decimal(value), **said), occasion(), today=ON)


def seen(engine: Engine, named: str, on: date = ON) -> Group:
    with Session(engine) as session:
        found = progress(session, on=on)[named]
    assert found is not None
    return found


def plan(engine: Engine, on: date = ON, of: facts.Plan = PLAN) -> PlanStands:
    with Session(engine) as session:
        return stand(session, of, on=on)


def target(engine: Engine, named: str, **when: Any) -> TargetStands:
    return next(t for t in plan(engine, **when).all_targets if t.target.id == named)


def stands(engine: Engine, named: str, **when: Any) -> tuple[str, str]:
    judged = target(engine, named, **when).judged
    return judged.state.value, judged.why.removeprefix("judged.")


# --- progress


@pytest.fixture
def mines(engine: Engine) -> Engine:
    """Four mines of one size: planned and late, under works, accepted, struck off; the last two of a programme."""
    planned = {"planned_on": date(2025, 12, 31)}
    land(
        engine,
        feature("mines", 1, stage="planned", **planned),
        feature("mines", 2, stage="works", planned_on=date(2026, 12, 31)),
        feature("mines", 3, stage="accepted", programme="画眉坳独立工矿区改造提升", **planned),
        feature("mines", 4, stage="closed", programme="画眉坳独立工矿区改造提升"),
        effective_on=PLAN.start,
    )
    return engine


def test_mines_are_counted_by_list_and_area_at_every_stage_in_the_order_of_the_stages(mines: Engine) -> None:
    group = seen(mines, "mines")

    hm2 = abs(GEOD.geometry_area_perimeter(segmentize(square(1), 1e-4))[0]) / 1e4
    assert [(stage, tally.count) for stage, tally in group.stages()] == [
        ("verified", 0), ("planned", 1), ("approved", 0), ("works", 1), ("accepted", 1), ("tended", 0),
        ("reviewed", 0), ("closed", 1),
    ]  # fmt: skip
    assert (group.whole.count, group.done.count) == (4, 2)
    assert group.whole.hm2 == pytest.approx(4 * hm2, rel=1e-6)
    assert group.done.hm2 == pytest.approx(2 * hm2, rel=1e-6)


def test_what_was_planned_by_now_and_is_not_done_is_overdue(mines: Engine) -> None:
    assert [i.code for i in seen(mines, "mines").items if i.overdue] == ["mines-1"]
    assert seen(mines, "mines").planned_by_now.count == 2
    on_the_day = seen(mines, "mines", date(2025, 12, 31))
    assert (on_the_day.planned_by_now.count, on_the_day.overdue.count) == (2, 0)
    assert seen(mines, "mines", date(2027, 1, 1)).overdue.count == 2


def test_a_programme_stands_as_a_part_of_its_mines(mines: Engine) -> None:
    part = seen(mines, "mines.画眉坳独立工矿区改造提升")

    assert (part.whole.count, part.done.count) == (2, 2)


def test_an_area_of_record_goes_before_the_drawn_one(engine: Engine) -> None:
    land(engine, feature("mines", 1, stage="works", survey_area_m2=12_000.0, survey_crs=4490))

    assert seen(engine, "mines").whole.hm2 == 1.2


def test_a_layer_without_rows_is_not_loaded_and_one_without_works_has_none(engine: Engine) -> None:
    land(engine, feature("watersheds", 1))

    assert not seen(engine, "mines").loaded
    assert seen(engine, "clean-watersheds").loaded
    assert seen(engine, "clean-watersheds").items == ()


def test_only_watersheds_and_micro_wetlands_with_a_stage_are_works(engine: Engine) -> None:
    land(
        engine,
        feature("watersheds", 1, stage="rated"),
        feature("watersheds", 2),
        feature("wetlands", 3, micro=True, stage="works"),
        feature("wetlands", 4, micro=True),
        feature("wetlands", 5, stage="accepted"),
    )

    assert [(i.code, i.done) for i in seen(engine, "clean-watersheds").items] == [("watersheds-1", True)]
    assert [(i.code, i.done) for i in seen(engine, "micro-wetlands").items] == [("wetlands-3", False)]


def test_projects_are_parted_by_kind_and_a_line_has_no_area(engine: Engine) -> None:
    line = LineString([(115.3, 26.3), (115.4, 26.3)])
    land(
        engine,
        feature("projects", 1, kind="river-belt", shape=line),
        feature("projects", 2, kind="greening", stage="accepted"),
    )

    assert seen(engine, "projects").whole.count == 2
    assert seen(engine, "projects.river-belt").whole.hm2 is None
    assert [(s, t.count) for s, t in seen(engine, "projects.river-belt").stages() if t.count] == [(None, 1)]
    assert seen(engine, "projects.greening").done.count == 1


def test_progress_can_be_read_as_it_was(mines: Engine) -> None:
    land(mines, Edit("mines", uuid.UUID(int=1), {"stage": "accepted"}), effective_on=date(2026, 3, 31))

    with past(mines, 1) as then:
        assert progress(then, on=ON)["mines"].done.count == 2  # type: ignore[union-attr]
    for day, done in ((date(2026, 3, 30), 2), (date(2026, 3, 31), 3)):
        with past(mines, 2, on=day) as then:
            assert progress(then, on=day)["mines"].done.count == done  # type: ignore[union-attr]


# --- the plan


def test_of_an_empty_database_every_target_is_grey_and_every_task_is_there(engine: Engine) -> None:
    empty = plan(engine)

    assert {t.judged.state.value for t in empty.all_targets} == {"grey"}
    assert [t.target.id for t in empty.all_targets] == list(PLAN.targets)
    assert (empty.no, empty.made_up) == (0, False)


def test_a_rate_is_judged_by_its_announced_value_and_the_measured_one_stands_beside_it(engine: Engine) -> None:
    """Two of the hundred squares of a township are forest: measured 2 %, announced 75.34 %."""
    land(
        engine,
        feature("townships", 1, code="360732100", name="第一乡", shape=square(0, size=0.01)),
        *(feature("plots", 10 + n, land_class="030100", township="360732100", village="001", compartment="0001",
                  subcompartment=str(n), shape=square(n, 1)) for n in range(2)),
    )  # fmt: skip
    say(engine, "G1", 2024, "75.31")
    say(engine, "G1", 2025, "75.34")

    row = target(engine, "G1")

    assert row.today is not None
    assert (str(row.today.value), row.today.year, row.today.series) == ("75.34", 2025, "announced")
    assert (row.judged.state, row.judged.distance) == ("amber", Decimal("-0.02"))
    assert row.measured == Decimal("2.00")
    assert row.difference == Decimal("-73.34")


def test_a_measured_rate_alone_leaves_the_target_grey(engine: Engine) -> None:
    land(engine, feature("townships", 1, code="360732100", name="第一乡"))

    assert target(engine, "G1").measured == Decimal("0.00")
    assert stands(engine, "G1") == ("grey", "no_announced")


@pytest.mark.parametrize(("value", "state"), [("75.36", "green"), ("75.30", "amber"), ("75.20", "red")])
def test_an_announced_value_decides_the_colour(engine: Engine, value: str, state: str) -> None:
    say(engine, "forest-coverage", 2025, value)

    assert target(engine, "G1").judged.state == state


def test_a_correction_and_a_withdrawal_change_what_stands_and_the_past_stays(engine: Engine) -> None:
    say(engine, "G1", 2025, "75.30")
    say(engine, "G1", 2025, "75.37")

    assert target(engine, "G1").judged.state == "green"
    with past(engine, 1) as then:
        assert stand(then, PLAN, on=ON).targets[0][0].judged.state == "amber"
    with past(engine, 2, on=date(2026, 5, 31)) as then:
        assert stand(then, PLAN, on=date(2026, 5, 31)).targets[0][0].judged.state == "grey"


def test_most_mines_means_by_list_and_by_area_whichever_is_lower(engine: Engine) -> None:
    """Nine small ones of ten are done, and the tenth has as much area as the nine."""
    small = [feature("mines", n, stage="accepted", survey_area_m2=1e4, survey_crs=4490) for n in range(9)]
    land(engine, *small, feature("mines", 9, stage="works", survey_area_m2=9e4, survey_crs=4490))

    row = target(engine, "T12a")

    assert row.today is not None
    assert (str(row.today.value), row.today.works.done.count) == ("50.0", 9)  # type: ignore[union-attr]
    assert row.judged.state == "red"


def test_a_share_just_below_most_is_not_rounded_up_to_it(engine: Engine) -> None:
    """899.9 of 1000 hm² are 89.99 %."""
    land(
        engine,
        *(feature("mines", n, stage="closed", survey_area_m2=89.99e4 / 9, survey_crs=4490) for n in range(9)),
        feature("mines", 9, stage="works", survey_area_m2=10.01e4, survey_crs=4490),
    )

    assert str(target(engine, "T12a").today.value) == "89.9"  # type: ignore[union-attr]
    assert stands(engine, "T12a", on=date(2027, 1, 1)) == ("red", "ended")


def test_built_works_are_counted_from_the_layers_of_this_plan(engine: Engine) -> None:
    belts = [feature("projects", n, kind="village-belt", stage="accepted", plan=PLAN.id) for n in range(3)]
    land(engine, *belts, feature("projects", 9, kind="village-belt", stage="accepted", plan="another"))

    row = target(engine, "T10b")

    assert row.today is not None
    assert (row.today.value, row.today.series, row.today.year) == (3, "computed", 2026)
    assert row.judged.state == "green"


def test_an_overdue_river_belt_is_never_green(engine: Engine) -> None:
    land(engine, feature("projects", 1, kind="river-belt", stage="works", planned_on=date(2024, 12, 31)))

    assert stands(engine, "T9b", on=date(2025, 3, 1)) == ("amber", "overdue")
    assert stands(engine, "T9b", on=date(2024, 3, 1)) == ("green", "on_pace")


def test_where_the_layer_is_not_loaded_the_reported_value_is_taken_and_else_stands_beside(engine: Engine) -> None:
    say(engine, "T12b", 2025, "3")
    assert target(engine, "T12b").today.series == "reported"  # type: ignore[union-attr]

    land(engine, feature("watersheds", 1, stage="works"))

    row = target(engine, "T12b")
    assert row.today is not None
    assert row.beside is not None
    assert (row.today.series, row.today.value) == ("computed", 0)
    assert (row.beside.series, row.beside.value) == ("reported", 3)


def test_of_one_year_the_announced_value_goes_before_the_reported_one(engine: Engine) -> None:
    say(engine, "T11", 2025, "94", "announced")
    say(engine, "T11", 2025, "95", "reported")
    assert str(target(engine, "T11").today.value) == "94"  # type: ignore[union-attr]

    say(engine, "T11", 2026, "92", "reported", stated_on=date(2026, 9, 30))
    assert str(target(engine, "T11").today.value) == "92"  # type: ignore[union-attr]


def test_an_assigned_number_is_held_against_the_value_of_its_own_year(engine: Engine) -> None:
    assert stands(engine, "T3") == ("grey", "no_number")
    say(engine, "T3", 2026, "5", "assigned", stated_on=date(2026, 1, 10))
    assert stands(engine, "T3") == ("grey", "no_value")
    say(engine, "T3", 2025, "4.1")
    assert stands(engine, "T3") == ("grey", "no_number")
    say(engine, "T3", 2025, "4", "assigned")

    row = target(engine, "T3")
    assert (row.number, row.judged.state, row.judged.distance) == (Decimal(4), "green", Decimal("0.1"))


def test_a_direction_is_held_against_the_year_before(engine: Engine) -> None:
    say(engine, "G4", 2025, "71.0")
    assert stands(engine, "G4") == ("grey", "no_base")

    say(engine, "G4", 2023, "71.5")

    row = target(engine, "G4")
    assert (row.judged.state, row.judged.distance) == ("amber", Decimal("-0.5"))
    assert row.before is not None
    assert row.before.year == 2023


def test_a_made_up_value_marks_the_plan(engine: Engine) -> None:
    say(engine, "G1", 2025, "75.37", made_up=True)

    assert target(engine, "G1").made_up
    assert plan(engine).made_up


def test_another_plan_has_its_own_targets_days_and_values(engine: Engine) -> None:
    """A plan of 2027 to 2029 that asks for more forest and for charging points of its own."""
    points = replace(PLAN.targets["T5a"], year=2029)
    coverage = replace(PLAN.targets["G1"], year=2029, value=Decimal("75.60"))
    next_plan = replace(
        PLAN, id="xingguo-2027-2029", start=date(2027, 1, 1), end=date(2029, 12, 31),
        targets={"G1": coverage, "T5a": points},
    )  # fmt: skip
    say(engine, "T5a", 2025, "78")
    say(engine, "G1", 2025, "75.37")

    both = plan(engine), plan(engine, of=next_plan, on=date(2027, 6, 1))

    assert [t.judged.state for p in both for t in p.all_targets if t.target.id == "G1"] == ["green", "red"]
    assert [t.judged.state for p in both for t in p.all_targets if t.target.id == "T5a"] == ["green", "grey"]


def test_every_group_that_a_plan_computes_from_is_one_that_progress_gives(engine: Engine) -> None:
    kinds = {f"projects.{kind}" for kind in facts.system("project-kind").codes}
    with Session(engine) as session:
        known = {group.id for group in progress(session, on=ON).groups} | kinds

    for of_plan in map(facts.plan, facts.plans()):
        assert {t.computed for t in of_plan.targets.values() if t.computed} <= known
