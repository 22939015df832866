"""The check of a footprint, on ground of whole squares: what it touches, by how much, and what was not looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import MultiPolygon
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data import checking, facts
from geo.area import area
from geo.reading import Row
from geo.refusal import Note
from layers.ground.history import past
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from pipelines.redline.check import Finding, Parcel, Sheet, Villages, check, parcels
from pipelines.redline.rules import Zone
from tests.samples import feature, occasion, plot, square, strip, township

DAY = date(2026, 6, 30)


def land(engine: Engine, *edits: Edit) -> None:
    with Session(engine) as session, session.begin():
        apply(session, edits, occasion())


def parcel(shape: MultiPolygon) -> Parcel:
    m2 = float(area(np.array([shape], dtype=object))[0])
    return Parcel(1, "一号地块", shape, m2, m2)


def checked(engine: Engine, shape: MultiPolygon, on: date = DAY, *, way: str | None = None) -> Sheet:
    with Session(engine) as session:
        (sheet,) = check(session, [parcel(shape)], on=on, way=checking.survey_way(way) if way else None)
    return sheet


def moved(shape: MultiPolygon, *, east: float) -> MultiPolygon:
    """A shape some degrees further east."""
    return affinity.translate(shape, east)


def finding(sheet: Sheet, row: str) -> Finding:
    return next(f for f in sheet.findings if f.row.id == row)


def share(sheet: Sheet, row: str) -> float:
    return round(finding(sheet, row).m2 / sheet.parcel.area_m2, 6)


def test_every_kind_of_control_and_every_control_layer_has_its_row() -> None:
    rows = checking.sheet_rows()

    assert {row.kind for row in rows if row.kind} == set(facts.system("control-kind").codes)
    assert {row.layer for row in rows} == {
        "redlines", "protected_areas", "controls", "landclass", "plots", "wetlands",
    }  # fmt: skip


def test_a_layer_that_is_not_loaded_is_not_checked_and_never_clear(engine: Engine) -> None:
    land(engine, feature("redlines", 1, strip(20, 2)), feature("controls", 1, strip(0, 1), kind="farmland"))

    sheet = checked(engine, strip(0, 4))

    loaded = {f.row.id for f in sheet.findings if f.loaded}
    assert loaded == {"redline", "farmland"}
    assert not finding(sheet, "redline").touches
    assert share(sheet, "farmland") == 0.25


def test_ground_that_two_zones_share_counts_once_and_goes_to_the_stricter(engine: Engine) -> None:
    land(
        engine,
        feature("redlines", 1, strip(0, 3), control="outside"),
        feature("redlines", 2, strip(2, 2), control="core"),
    )

    red = finding(sheet := checked(engine, strip(0, 8)), "redline")

    assert share(sheet, "redline") == 0.5  # four of eight squares
    unit = sheet.parcel.area_m2 / 8
    assert {cls: round(m2 / unit, 3) for cls, m2 in red.by_class.items()} == {"core": 2.0, "outside": 2.0}
    assert [round(touch.m2 / unit, 3) for touch in red.touches] == [2.0, 3.0]  # each feature with all it shares


def test_what_only_touches_is_not_touched_but_too_close_to_call(engine: Engine) -> None:
    land(engine, feature("redlines", 1, strip(4, 2), control="core", made_up=True))

    red = finding(sheet := checked(engine, strip(0, 4)), "redline")

    assert (red.m2, red.touches, red.close, red.made_up) == (0, (), True, True)
    assert (red.span.low_m2, red.span.high_m2 > 0) == (0, True)
    assert (sheet.zones, sheet.close) == (set(), {Zone("redline", "core")})


def test_a_sliver_is_told_and_too_close_to_call_and_counts_as_touched_for_the_rules(engine: Engine) -> None:
    land(engine, feature("redlines", 1, strip(4, 2), control="core"))

    red = finding(sheet := checked(engine, moved(strip(0, 4), east=0.000_001)), "redline")

    assert 0 < red.m2 < 12  # 0.1 m along a square of 111 m
    assert (red.close, len(red.touches)) == (True, 1)
    assert (sheet.zones, sheet.close) == ({Zone("redline", "core")}, set())


def test_the_span_is_the_border_moved_by_twice_the_standard_errors_of_border_and_survey(engine: Engine) -> None:
    land(engine, feature("redlines", 1, strip(2, 20, row=-10, rows=21)))
    squares, east_m = 4, 99.84  # a square is 0.001°: at 26.33° 99.84 m from west to east (GeographicLib)

    plain, by_hand = (finding(checked(engine, strip(0, 4), way=way), "redline") for way in (None, "handheld"))

    for found, tolerance in ((plain, 15.0), (by_hand, 25.0)):  # 2 · 7.5, and 2 · √(7.5² + 10²)
        assert found.span.tolerance_m == pytest.approx(tolerance)
        moved_by = tolerance / (squares * east_m)
        assert found.span.low_m2 / found.m2 == pytest.approx(1 - 2 * moved_by, rel=1e-3)
        assert found.span.high_m2 / found.m2 == pytest.approx(1 + 2 * moved_by, rel=1e-3)
        assert not found.close


def test_what_is_further_away_than_the_tolerance_is_clear_until_a_rougher_survey_reaches_it(engine: Engine) -> None:
    land(engine, feature("redlines", 1, moved(strip(4, 2), east=0.000_2)))  # 20 m to the east

    plain, by_hand = (finding(checked(engine, strip(0, 4), way=way), "redline") for way in (None, "handheld"))

    assert (plain.close, plain.span.high_m2, plain.near) == (False, 0, set())
    assert (by_hand.close, by_hand.m2) == (True, 0)


def test_a_row_without_a_border_of_its_own_has_no_span(engine: Engine) -> None:
    land(engine, feature("landclass", 1, strip(4, 2), land_class="0301"))

    found = finding(checked(engine, strip(0, 4)), "land-class")

    assert (found.close, found.span.tolerance_m, found.near) == (False, 0, set())


@pytest.mark.parametrize(("line", "together"), [(strip(2, 2), False), (strip(1, 2), True)])
def test_zones_meet_where_they_share_ground_within_the_parcel(
    engine: Engine, line: MultiPolygon, together: bool
) -> None:
    land(
        engine,
        feature("redlines", 1, line, control="outside"),
        feature("redlines", 2, strip(4, 3), control="general"),  # shares ground with the reserve outside the parcel
        feature("protected_areas", 1, strip(0, 2), kind="reserve", control="general"),
        feature("protected_areas", 2, strip(4, 3), kind="scenic", control="general"),
    )

    sheet = checked(engine, strip(0, 4))

    reserve = Zone("protected-area", "general", "reserve")
    assert sheet.meeting == ({(reserve, "redline")} if together else set())


def test_the_village_is_the_one_that_land_class_states_and_else_that_of_plots(engine: Engine) -> None:
    land(engine, plot(0, village="203"), plot(1, village="204"), plot(2, village="204"))
    of_plots = checked(engine, strip(0, 4)).villages
    place = "3607321002050000000"  # 19 digits, of which the first 12 are the village
    land(engine, feature("landclass", 1, strip(0, 1), land_class="0301", place_code=place))

    of_land = checked(engine, strip(0, 4)).villages

    assert of_plots.row
    assert (of_plots.row.id, list(of_plots.m2)) == ("forest", ["360732100204", "360732100203"])
    assert of_land.row
    assert (of_land.row.id, list(of_land.m2)) == ("land-class", ["360732100205"])


def test_no_village_is_told_where_nothing_states_one(engine: Engine) -> None:
    land(engine, feature("landclass", 1, strip(0, 4), land_class="0301", place_code="36073210"))

    assert checked(engine, strip(0, 4)).villages == Villages()


def test_a_line_out_of_force_on_the_day_is_not_there_but_the_layer_was_checked(engine: Engine) -> None:
    land(engine, feature("redlines", 1, strip(0, 2), in_force_from=date(2026, 7, 1)))

    before, after = checked(engine, strip(0, 4)), checked(engine, strip(0, 4), date(2026, 7, 1))

    assert finding(before, "redline").loaded
    assert share(before, "redline") == 0
    assert share(after, "redline") == 0.5


def test_lines_can_be_asked_for_as_they_were_known(engine: Engine) -> None:
    land(engine, feature("redlines", 1, strip(0, 1)))
    land(engine, feature("redlines", 2, strip(1, 1)))

    with past(engine, 1) as session:
        (then,) = check(session, [parcel(strip(0, 4))], on=DAY)

    assert share(then, "redline") == 0.25
    assert share(checked(engine, strip(0, 4)), "redline") == 0.5


def test_a_land_class_is_broken_down_on_the_first_four_places(engine: Engine) -> None:
    classes = enumerate(["0301", "0201K", "0201"])
    land(engine, *(feature("landclass", n, square(n), land_class=code) for n, code in classes))

    found = finding(checked(engine, strip(0, 4)), "land-class")

    assert set(found.by_class) == {"0301", "0201"}


def test_the_rules_get_class_and_kind_of_what_is_touched_and_the_rows_that_were_not_checked(engine: Engine) -> None:
    land(
        engine,
        feature("redlines", 1, strip(0, 2), control="core"),
        feature("protected_areas", 1, strip(1, 2), kind="scenic", control="general"),
        feature("controls", 1, strip(20, 1), kind="farmland"),
    )

    sheet = checked(engine, strip(0, 4))

    assert sheet.zones == {Zone("redline", "core"), Zone("protected-area", "general", "scenic")}
    assert sheet.unchecked == {row.id for row in checking.sheet_rows()} - {"redline", "protected-area", "farmland"}


def test_the_townships_are_told_the_largest_first(engine: Engine) -> None:
    land(engine, township(0, strip(0, 1)), township(1, strip(1, 9)), plot(1))

    assert list(checked(engine, strip(0, 4)).townships) == ["第1乡", "第0乡"]


def test_what_is_no_area_is_told_and_what_was_refused_keeps_its_reason() -> None:
    shape, point = square(1), shapely.Point(115.35, 26.33)
    rows = [
        Row(1, {"DKMC": "甲"}, shape, 11_000.0, 4490, (), None),
        Row(2, {}, point, None, None, (), None),
        Row(3, {}, None, None, None, (), Note("shape.empty")),
    ]

    first, second, third = parcels(rows, named_by=("DKMC",))

    assert isinstance(first, Parcel)
    assert first.name == "甲"
    assert not isinstance(second, Parcel)
    assert not isinstance(third, Parcel)
    assert (second[0], second[1].id) == (2, "check.no_area")
    assert (third[0], third[1].id) == (3, "shape.empty")


_STRIPS = st.tuples(st.integers(0, 9), st.integers(1, 6), st.integers(0, 1), st.sampled_from(["core", "general", None]))


@given(st.lists(_STRIPS, min_size=1, max_size=6), st.tuples(st.integers(0, 9), st.integers(1, 8)))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_finding_is_the_union_of_what_is_shared_and_never_more_than_the_parcel(
    engine: Engine, lines: list[tuple[int, int, int, str | None]], footprint: tuple[int, int]
) -> None:
    shapes = [strip(first, columns, row=row) for first, columns, row, _ in lines]
    with Session(engine) as session:
        edits = [
            feature("redlines", n, shape, control=line[3])
            for n, (shape, line) in enumerate(zip(shapes, lines, strict=True))
        ]
        apply(session, edits, occasion())
        (sheet,) = check(session, [parcel(strip(*footprint))], on=DAY)
        session.rollback()

    red = finding(sheet, "redline")
    shared = shapely.intersection(shapely.union_all(shapes), sheet.parcel.shape)
    assert red.m2 == pytest.approx(float(area(np.array([shared], dtype=object))[0]), rel=1e-9, abs=1e-3)
    assert red.span.low_m2 <= red.m2 <= red.span.high_m2 <= sheet.parcel.area_m2 * (1 + 1e-10)
    assert red.m2 <= sheet.parcel.area_m2 * (1 + 1e-10)
    assert sum(red.by_class.values()) == pytest.approx(red.m2, rel=1e-12)


def test_many_parcels_together_give_what_each_gives_alone(sample_county: Engine) -> None:
    west, south = 115.30, 26.30
    boxes = [MultiPolygon([shapely.box(west + n / 90, south, west + n / 90 + 0.006, south + 0.02)]) for n in range(12)]
    footprints = [replace(parcel(shape), number=n) for n, shape in enumerate(boxes)]

    with Session(sample_county) as session:
        together = check(session, footprints, on=DAY)
        alone = [check(session, [one], on=DAY)[0] for one in footprints]

    assert together == alone
    assert [sheet.parcel.number for sheet in together] == list(range(12))
    assert sum(len(finding.touches) for sheet in together for finding in sheet.findings) > 50


def test_no_parcel_gives_no_sheet(engine: Engine) -> None:
    with Session(engine) as session:
        assert check(session, [], on=DAY) == []
