"""The comparison of alternatives: whatever is offered clears what was chosen, by the check itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data.avoiding import avoidance
from data.boundary import boundary
from data.checking import sheet_rows
from geo.area import area
from geo.avoidance.plane import plane_around
from geo.reading import Row
from geo.refusal import Note
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from pipelines.redline.avoid import Comparison, Subject, Wish, compare, subjects
from pipelines.redline.check import check
from tests.samples import feature, occasion, square

DAY = date(2026, 6, 30)
WEST, SOUTH = square(0).bounds[:2]


def land(engine: Engine, *edits: Edit) -> None:
    with Session(engine) as session, session.begin():
        apply(session, edits, occasion())


def ground(x0: float, y0: float, x1: float, y1: float) -> MultiPolygon:
    """A rectangle in squares of about 100 m × 111 m from the corner of the first."""
    return MultiPolygon([shapely.box(*(np.array([x0, y0, x1, y1]) / 1000 + np.array([WEST, SOUTH, WEST, SOUTH])))])


def line(*corners: tuple[float, float]) -> BaseGeometry:
    return shapely.MultiLineString([np.array(corners) / 1000 + (WEST, SOUTH)])


def subject(shape: BaseGeometry, width_m: float | None = None) -> Subject:
    area_m2 = 1.0 if shape.geom_type == "MultiPolygon" else None
    row = Row(1, {"name": "一号地"}, shape, area_m2, 4527, (), None)
    (found,) = subjects([row], width_m=width_m, epsg=4527, named_by=["name"])
    assert isinstance(found, Subject)
    return found


def wish(*rows: str, clearance_m: float = 0.0, **limits: float) -> Wish:
    chosen = tuple(row for row in sheet_rows() if row.id in rows)
    return Wish(chosen, clearance_m, replace(avoidance(), **limits))


def compared(engine: Engine, what: Subject, asked: Wish, on: date = DAY) -> Comparison:
    with Session(engine) as session:
        return compare(session, what, asked, on=on)


def ways(found: Comparison) -> Sequence[str]:
    return [one.way.kind for one in found.alternatives]


def said(found: Comparison) -> dict[str, Note]:
    return {note.id: note for note in found.notes}


def m2(shape: BaseGeometry) -> float:
    return float(area(np.array([shape], dtype=object))[0])


def test_the_alternatives_are_trim_shifts_and_turns_the_least_loss_first(engine: Engine) -> None:
    land(engine, feature("redlines", 1, ground(0, 0, 4, 1)))

    found = compared(engine, subject(ground(3.8, 0.2, 4.8, 0.8)), wish("redline"))

    assert ways(found) == ["shift", "shift", "trim"]
    near, far, trim = found.alternatives
    assert near.way.move.shift_m == pytest.approx(0.2 * 99.85, abs=0.1)  # 0.001° of longitude at 26.33° is 99.85 m
    assert far.way.move.shift_m == pytest.approx(0.8 * 110.8, abs=0.1)  # and of latitude 110.80 m
    assert trim.lost_m2 == pytest.approx(found.original.findings[0].m2, rel=1e-2)
    assert trim.kept_m2 == pytest.approx(m2(trim.way.shape), rel=1e-6)
    assert [round(one.gap_m, 2) for one in found.alternatives] == [0.01] * 3
    assert said(found).keys() == {"avoid.no_turn"}


def test_a_clearance_is_kept_by_all(engine: Engine) -> None:
    land(engine, feature("redlines", 1, ground(0, 0, 4, 4)), feature("controls", 1, ground(6, 0, 9, 4), kind="urban"))

    found = compared(engine, subject(ground(4.1, 1, 5.1, 2)), wish("redline", "urban", clearance_m=25))

    assert "shift" in ways(found)
    assert all(25 <= one.gap_m < 60 for one in found.alternatives)


def test_what_touches_nothing_has_nothing_to_avoid(engine: Engine) -> None:
    land(engine, feature("redlines", 1, ground(0, 0, 4, 1)))

    beside = compared(engine, subject(ground(4, 0, 5, 1)), wish("redline", "farmland"))
    far = compared(engine, subject(ground(300, 0, 301, 1)), wish("redline", clearance_m=100))
    nearby = compared(engine, subject(ground(4.1, 0, 5, 1)), wish("redline", clearance_m=11))

    assert said(beside).keys() == {"avoid.nothing"}
    assert [row.id for row in beside.unloaded] == ["farmland"]
    assert not beside.alternatives
    assert said(far).keys() == {"avoid.nothing"}
    assert nearby.alternatives  # 10 m off, where 11 m are asked for


def test_a_row_that_is_not_loaded_is_never_nothing_to_avoid(engine: Engine) -> None:
    found = compared(engine, subject(ground(0, 0, 1, 1)), wish("redline", "farmland"))

    assert [row.id for row in found.unloaded] == ["redline", "farmland"]
    assert (found.alternatives, found.notes) == ((), ())


def test_lines_out_of_force_are_not_avoided(engine: Engine) -> None:
    land(engine, feature("redlines", 1, ground(0, 0, 4, 1), in_force_from=date(2026, 1, 1)))

    before = compared(engine, subject(ground(3, 0, 5, 1)), wish("redline"), on=date(2025, 12, 31))

    assert said(before).keys() == {"avoid.nothing"}


def test_where_the_limit_is_too_near_it_says_how_far_the_nearest_place_is(engine: Engine) -> None:
    """Twelve squares of red line: from the middle to beyond the northern edge are 5 squares and the parcel."""
    land(engine, feature("redlines", 1, ground(0, 0, 40, 10)))

    found = compared(engine, subject(ground(20, 5, 21, 6)), wish("redline", within_m=200.0))

    assert not found.alternatives
    assert said(found).keys() == {"avoid.no_trim", "avoid.shift_needs", "avoid.no_turn"}
    assert float(str(said(found)["avoid.shift_needs"].values["needs"])) == pytest.approx(5 * 110.8, abs=1)
    assert "avoid.no_shift" in said(compared(engine, subject(ground(20, 5, 21, 6)), wish("redline", within_m=100.0)))


def test_nothing_is_moved_out_of_the_county(engine: Engine) -> None:
    """At the western end of the county the way out of the red line to the west would be shorter."""
    west, _, _, _ = boundary().bounds
    edge = min(shapely.get_coordinates(boundary()), key=lambda xy: xy[0])
    inside = shapely.intersection(boundary(), shapely.box(west, edge[1] - 0.01, west + 0.02, edge[1] + 0.01))
    spot = shapely.Point(shapely.get_coordinates(shapely.maximum_inscribed_circle(inside))[0])
    parcel = MultiPolygon([shapely.box(spot.x, spot.y, spot.x + 0.001, spot.y + 0.001)])
    land(
        engine, feature("redlines", 1, MultiPolygon([shapely.box(spot.x - 1, spot.y - 1, spot.x + 0.004, spot.y + 1)]))
    )

    found = compared(engine, subject(parcel), wish("redline", within_m=5000.0))

    assert found.alternatives
    assert all(boundary().covers(one.way.shape) for one in found.alternatives)


def test_a_line_becomes_a_corridor_and_goes_round_on_either_side(engine: Engine) -> None:
    land(engine, feature("redlines", 1, ground(4, -0.5, 6, 1)))

    found = compared(engine, subject(line((0, 0), (10, 0)), width_m=12), wish("redline"))

    assert set(ways(found)) == {"bypass"}
    shortest, near, far = found.alternatives
    assert [one.way.left for one in (shortest, near, far)] == [False, False, True]
    assert m2(found.original.parcel.shape) == pytest.approx(12 * 998.5, rel=1e-3)
    aside = 0.5 * 110.8 + 6.01
    assert shortest.way.longer_m == pytest.approx(2 * (np.hypot(4 * 99.85, aside) - 4 * 99.85), abs=0.5)
    # Left and joined again at an angle whose cosine is 1/1.1: less of the axis is given up, for a longer way.
    slant = aside / np.sqrt(1 - 1 / 1.1**2)
    assert near.way.longer_m == pytest.approx(2 * slant * (1 - 1 / 1.1), abs=0.5)
    assert near.kept_m2 > shortest.kept_m2 + 1000
    assert all(0 < one.gap_m < 0.1 for one in found.alternatives)


def test_an_end_within_the_zone_and_a_way_too_narrow_are_said_with_the_remedy(engine: Engine) -> None:
    land(engine, feature("redlines", 1, ground(4, -4, 6, 4)))

    ended = compared(engine, subject(line((0, 0), (5, 0)), width_m=12), wish("redline"))
    narrow = compared(engine, subject(line((0, 0), (10, 0)), width_m=12), wish("redline", within_m=300.0))
    never = compared(engine, subject(line((0, 0), (10, 0)), width_m=12), wish("redline", within_m=100.0))

    assert float(str(said(ended)["avoid.end_blocked"].values["metres"])) == pytest.approx(99.85 + 6.01, abs=0.3)
    assert said(narrow)["avoid.bypass_needs"].values == {"within": "300", "needs": "600"}
    assert said(never).keys() == {"avoid.no_bypass"}


def test_a_long_narrow_area_of_a_width_is_led_round_by_its_middle_line(engine: Engine) -> None:
    land(engine, feature("redlines", 1, ground(4, -0.5, 6, 1)))
    road = subject(line((0, 0), (10, 0)), width_m=12).parcel.shape

    found = compared(engine, subject(road, width_m=12), wish("redline"))

    assert set(ways(found)) == {"bypass"}
    assert found.original.parcel.shape == road
    assert max(one.kept_m2 for one in found.alternatives) > 0.4 * m2(road)  # the axis is kept where it is clear


def test_an_area_that_is_no_strip_of_the_width_is_refused() -> None:
    row = Row(1, {}, ground(0, 0, 1, 1), 1.0, 4527, (), None)

    ((number, note),) = subjects([row], width_m=12.0, epsg=4527, named_by=[])

    assert (number, note.id) == (1, "avoid.no_ribbon")


def test_lines_without_a_width_and_lines_in_pieces_are_refused_by_row() -> None:
    rows = [
        Row(1, {}, line((0, 0), (1, 0)), None, None, (), None),
        Row(
            2,
            {},
            shapely.MultiLineString([[(115.3, 26.3), (115.31, 26.3)], [(115.4, 26.3), (115.41, 26.3)]]),
            None,
            None,
            (),
            None,
        ),
        Row(3, {}, shapely.Point(115.3, 26.3), None, None, (), None),
        Row(4, {}, None, None, None, (), Note("shape.none")),
    ]

    first = list(subjects(rows[:1], width_m=None, epsg=4490, named_by=[]))
    rest = list(subjects(rows[1:], width_m=12.0, epsg=4490, named_by=[]))

    ids = [(one[0], one[1].id) for one in (*first, *rest) if not isinstance(one, Subject)]
    assert ids == [(1, "avoid.width_needed"), (2, "avoid.many_lines"), (3, "check.no_area"), (4, "shape.none")]


corners = st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(2, 16), st.integers(2, 16))
rectangles = st.lists(corners, min_size=1, max_size=4)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rectangles, corners, st.sampled_from([0.0, 7.5]))
def test_whatever_is_offered_clears_and_keeps_what_it_says(
    engine: Engine, zones: list[tuple[int, ...]], parcel: tuple[int, ...], clearance: float
) -> None:
    with Session(engine) as session:
        shapes = [ground(x / 10, y / 10, (x + w) / 10, (y + h) / 10) for x, y, w, h in zones]
        apply(session, [feature("redlines", n, shape) for n, shape in enumerate(shapes)], occasion())
        x, y, w, h = parcel
        what = subject(ground(x / 10, y / 10, (x + w) / 10, (y + h) / 10))

        found = compare(session, what, wish("redline", clearance_m=clearance), on=DAY)

        again = check(session, [one.sheet.parcel for one in found.alternatives], on=DAY)
        session.rollback()
    assert [one.sheet.findings for one in found.alternatives] == [sheet.findings for sheet in again]
    assert "avoid.not_clear" not in said(found)
    assert len(found.alternatives) <= 5
    plane = plane_around(what.parcel.shape, what.epsg)
    for one in found.alternatives:
        assert not next(f for f in one.sheet.findings if f.row.id == "redline").touches
        assert one.gap_m >= clearance
        (laid,) = plane.laid(np.array([one.way.shape], dtype=object))
        assert shapely.distance(laid, shapely.union_all(plane.laid(np.array(shapes, dtype=object)))) >= clearance - 1e-3
        if one.way.kind != "trim":
            assert m2(one.way.shape) == pytest.approx(m2(what.parcel.shape), rel=2e-5)
            assert one.way.move.shift_m <= avoidance().within_m
            assert abs(one.way.move.turn_deg) <= avoidance().turn_deg


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rectangles, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20)), min_size=2, max_size=4, unique=True))
def test_whatever_way_a_corridor_is_led_it_clears_and_stays_within_the_width(
    engine: Engine, zones: list[tuple[int, ...]], axis: list[tuple[int, int]]
) -> None:
    what = subject(line(*((x / 10, y / 10) for x, y in axis)), width_m=8)
    with Session(engine) as session:
        shapes = [ground(x / 10, y / 10, (x + w) / 10, (y + h) / 10) for x, y, w, h in zones]
        apply(session, [feature("redlines", n, shape) for n, shape in enumerate(shapes)], occasion())

        found = compare(session, what, wish("redline", clearance_m=3, within_m=150), on=DAY)

        session.rollback()
    assert "avoid.not_clear" not in said(found)
    assert found.alternatives or found.notes
    plane = plane_around(what.parcel.shape, what.epsg)
    red, old = (plane.traced(np.array(of, dtype=object)) for of in (shapes, [what.axis]))
    for one in found.alternatives:
        new, ground_of = plane.traced(np.array([one.way.axis, one.way.shape], dtype=object))
        assert shapely.distance(ground_of, shapely.union_all(red)) >= 3
        assert shapely.covers(shapely.buffer(old[0], 150.01, quad_segs=64), new)
        assert m2(one.way.shape) <= 8 * new.length + 60  # what turns outwards at a bend goes beyond the half widths
        assert one.way.longer_m == pytest.approx(new.length - old[0].length, abs=0.01)


def test_the_same_question_has_the_same_answer_to_the_last_bit(engine: Engine) -> None:
    land(engine, feature("redlines", 1, ground(0, 0, 4, 1)), feature("redlines", 2, ground(4.5, 0.3, 6, 2)))

    first, second = (compared(engine, subject(ground(3.8, 0.2, 4.8, 0.8)), wish("redline")) for _ in range(2))

    assert [one.way.shape.wkb for one in first.alternatives] == [one.way.shape.wkb for one in second.alternatives]
    assert first.alternatives
