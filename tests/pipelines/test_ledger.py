"""The ledger follows the journal: what it holds is always what counting everything would give, to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Engine, select, text
from sqlalchemy.orm import Session

from layers.ground import db
from layers.ground.history import past
from layers.ground.layer import layer_named
from layers.records.figures import Figure
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from pipelines.restoration import ledger
from pipelines.restoration.rates import Rates, measure
from tests.samples import ended, feature, identity, occasion, plot, revised, square, strip, township

DAY = date(2026, 6, 30)


def land(engine: Engine, *edits: Edit) -> None:
    with Session(engine) as session, session.begin():
        apply(session, edits, occasion())


def stored(engine: Engine) -> Rates:
    with Session(engine) as session:
        found = ledger.read(session)
    assert found is not None
    return found


def counted(engine: Engine, no: int, on: date = DAY) -> Rates:
    with past(engine, no) as session:
        return measure(session, on=on)


def touched(engine: Engine, before: dict[tuple[str, str], str]) -> set[tuple[str, str]]:
    """Townships and accounts whose rows were written anew."""
    return {key for key, row in rows(engine).items() if before.get(key) != row}


def rows(engine: Engine) -> dict[tuple[str, str], str]:
    """By township and account, the transactions that wrote its rows."""
    written = text("""select township, account, string_agg(xmin::text, ',' order by figure, class)
                        from records.figures group by 1, 2""")
    with engine.connect() as connection:
        return {(row[0], row[1]): row[2] for row in connection.execute(written)}


@pytest.fixture
def county(engine: Engine) -> Engine:
    """Three townships of ten squares by two, some of every layer, counted."""
    towns = [township(n, strip(10 * n, 10, rows=2)) for n in range(3)]
    zones = [feature("redlines", 1, strip(0, 4)), feature("protected_areas", 1, strip(12, 3), kind="reserve")]
    others = [
        feature("wetlands", 1, strip(12, 2, row=1), baseline="second"),
        feature("erosion", 1, strip(22, 2), year=2025, intensity="light"),
    ]
    land(engine, *towns, *(plot(n) for n in (0, 1, 12, 13, 25)), *zones, *others)
    ledger.follow(engine, on=DAY)
    return engine


def test_the_ledger_holds_what_counting_everything_gives(county: Engine) -> None:
    found = stored(county)

    assert found == counted(county, found.no)
    assert len(found.measured) == 5


def test_only_the_township_that_was_touched_is_counted_again(county: Engine) -> None:
    before = rows(county)
    land(county, plot(14))

    ledger.follow(county, on=DAY)

    assert touched(county, before) == {("360732101", "forest")}
    assert stored(county) == counted(county, 2)


def test_a_plot_that_moved_touches_where_it_lay_and_where_it_lies(county: Engine) -> None:
    before = rows(county)
    land(county, revised(0, shape=square(29)))

    ledger.follow(county, on=DAY)

    assert touched(county, before) == {("360732100", "forest"), ("360732102", "forest")}
    assert stored(county) == counted(county, 2)


def test_a_plot_that_ended_is_counted_out(county: Engine) -> None:
    land(county, ended(25))

    ledger.follow(county, on=DAY)

    assert stored(county) == counted(county, 2)
    assert stored(county).measured["forest-coverage"].townships[2].numerator_m2 == 0


def test_what_is_counted_in_no_figure_touches_nothing(county: Engine) -> None:
    before = rows(county)
    land(county, feature("mines", 1, square(3)))

    ledger.follow(county, on=DAY)

    assert touched(county, before) == set()
    assert (stored(county).no, stored(county).uncounted) == (2, 0)


def test_a_township_that_grows_takes_ground_from_the_next_and_one_that_ends_leaves_no_row(county: Engine) -> None:
    land(county, Edit("townships", identity("townships", 0), {"shape": strip(0, 13, rows=2)}))
    ledger.follow(county, on=DAY)
    assert stored(county) == counted(county, 2)

    land(county, Edit("townships", identity("townships", 2), {}, gone=True))
    ledger.follow(county, on=DAY)

    assert stored(county) == counted(county, 3)
    assert {code for code, _ in rows(county)} == {"360732100", "360732101"}


def test_a_new_year_of_the_monitoring_is_counted_in_every_township(county: Engine) -> None:
    before = rows(county)
    land(county, feature("erosion", 2, strip(5, 1), year=2026, intensity="light"))

    ledger.follow(county, on=DAY)

    assert {code for code, account in touched(county, before) if account == "erosion"} == {
        f"36073210{n}" for n in range(3)
    }
    assert stored(county) == counted(county, 2)


def test_a_zone_that_comes_into_force_is_counted_on_its_day_though_nothing_was_edited(county: Engine) -> None:
    land(county, feature("redlines", 2, strip(24, 2), in_force_from=date(2026, 7, 2), in_force_to=date(2026, 7, 9)))
    ledger.follow(county, on=DAY)
    before = rows(county)

    for day in (date(2026, 7, 2), date(2026, 7, 9), date(2026, 7, 10)):
        ledger.follow(county, on=day)
        assert stored(county) == counted(county, 2, day)

    assert stored(county).measured["redline-share"].townships[2].numerator_m2 == 0
    assert touched(county, before)


def test_edits_that_are_not_counted_yet_are_told(county: Engine) -> None:
    land(county, plot(14))
    land(county, plot(15))

    assert (stored(county).no, stored(county).uncounted) == (1, 2)


def test_while_another_counts_the_last_count_is_given_with_what_it_lacks(county: Engine) -> None:
    land(county, plot(14))
    with Session(county) as other:
        ledger.lock(other)

        found = ledger.current(county, on=DAY)

    assert (found.no, found.uncounted) == (1, 1)
    assert ledger.current(county, on=DAY).uncounted == 0


def test_a_follower_that_dies_has_done_nothing_and_the_next_does_it(county: Engine) -> None:
    land(county, plot(14))
    with Session(county) as session:
        ledger.catch_up(session, ledger.lock(session), DAY)
        session.flush()
        session.connection().connection.driver_connection.close()  # type: ignore[union-attr] -- as kill -9 would
        session.invalidate()
    assert stored(county).uncounted == 1

    ledger.follow(county, on=DAY)

    assert stored(county) == counted(county, 2)


def test_two_followers_at_once_count_once_and_leave_the_right_figures(county: Engine) -> None:
    land(county, plot(14))
    steady = county.execution_options(isolation_level="REPEATABLE READ")
    with Session(steady) as late:
        late.scalar(select(Figure.m2).limit(1))  # its snapshot stands
        ledger.follow(county, on=DAY)

        with pytest.raises(Exception, match="could not serialize"):
            ledger.lock(late)

    assert stored(county) == counted(county, 2)


def test_who_may_only_read_gets_the_last_count(county: Engine, login: Callable[[Engine, str], URL]) -> None:
    land(county, plot(14))
    reader = db.engine(login(county, "qingshan_read"))

    found = ledger.current(reader, on=DAY)

    reader.dispose()
    assert (found.no, found.uncounted) == (1, 1)


def test_who_may_only_read_gets_a_count_of_their_own_where_there_is_none(
    engine: Engine, login: Callable[[Engine, str], URL]
) -> None:
    land(engine, township(0, strip(0, 10)), plot(1))
    reader = db.engine(login(engine, "qingshan_read"))

    found = ledger.current(reader, on=DAY)

    reader.dispose()
    assert str(found.measured["forest-coverage"].county.percent) == "10.00"


# --- any edits, in any order

_PLACES = st.tuples(st.integers(-2, 30), st.integers(0, 1), st.integers(1, 6))
_MADE: dict[str, dict[str, Any]] = {
    "plots": {"land_class": "030100"},
    "redlines": {"control": "core"},
    "protected_areas": {"kind": "wetland-park"},
    "wetlands": {"baseline": "second", "kind": "501"},
    "erosion": {"year": 2025, "intensity": "severe"},
    "townships": {},
    "controls": {"kind": "water-source"},
}


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """A feature of any counted layer comes, moves or goes."""
    layer, number = draw(st.sampled_from(sorted(_MADE))), draw(st.integers(0, 4))
    first, row, columns = draw(_PLACES)
    shape = shapely.transform(strip(first, columns, row=row), lambda xy: xy + draw(st.sampled_from([0.0, 0.0003])))
    if layer == "plots":
        return plot(number, shape=shape, **_MADE[layer])
    if layer == "townships":
        return township(number, shape)
    return feature(layer, number, shape, **_MADE[layer])


@given(st.lists(st.tuples(st.lists(edits(), min_size=1, max_size=4), st.booleans()), min_size=1, max_size=6))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_following_any_edits_gives_what_counting_everything_gives(
    engine: Engine, changes: list[tuple[list[Edit], bool]]
) -> None:
    for wanted, end in changes:
        with Session(engine) as session, session.begin():
            for edit in {(e.layer, e.id): e for e in wanted}.values():
                there = session.get(layer_named(edit.layer), edit.id) is not None
                apply(session, [Edit(edit.layer, edit.id, {}, gone=True) if there and end else edit], occasion())

        no = ledger.follow(engine, on=DAY)

        with Session(engine) as session:
            assert ledger.read(session) in (None, measure(session, on=DAY))
        assert stored(engine).no == no if rows(engine) else True
