"""What counts in the rates, on ground of whole squares, so that every share can be checked in the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data import measuring
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit, Outcome
from pipelines.restoration import definitions
from pipelines.restoration.counting import FIGURES
from pipelines.restoration.rates import Rates, apportioned, measure
from tests.samples import feature, occasion, plot, revised, square, strip, township

DAY = date(2026, 6, 30)


def land(engine: Engine, *edits: Edit, **said: Any) -> None:
    with Session(engine) as session, session.begin():
        receipts = apply(session, edits, occasion(**said))
    assert {r.outcome for r in receipts} <= {Outcome.ADDED, Outcome.REVISED, Outcome.ENDED}, receipts


def measured(engine: Engine, *, on: date = DAY, **choices: str) -> Rates:
    used = definitions.in_use()
    definition = replace(used, choices={**used.choices, **{k.replace("_", "-"): v for k, v in choices.items()}})
    with Session(engine) as session:
        return measure(session, on=on, definition=definition)


def percents(rates: Rates, rate: str) -> list[float | None]:
    """By township, the county last."""
    of = rates.measured[rate]
    return [None if part.percent is None else float(part.percent) for part in (*of.townships, of.county)]


@pytest.fixture
def county(engine: Engine) -> Engine:
    """Two townships of ten squares by two, the lower row of the first four forested."""
    land(engine, township(0, strip(0, 10, rows=2)), township(1, strip(10, 10, rows=2)), *(plot(i) for i in range(4)))
    return engine


def test_forest_counts_where_it_lies_and_not_where_its_attribute_says(county: Engine) -> None:
    land(county, plot(15, township="360732100"))

    assert percents(measured(county), "forest-coverage") == [20.0, 5.0, 12.5]


def test_forest_on_a_border_is_shared_by_both_townships(county: Engine) -> None:
    half = shapely.MultiPolygon([shapely.box(115.3595, 26.33, 115.3605, 26.331)])  # half of square 9 and half of 10

    land(county, plot(9, shape=half))

    assert percents(measured(county), "forest-coverage") == [22.5, 2.5, 12.5]


def test_forest_drawn_twice_is_counted_once(county: Engine) -> None:
    land(county, plot(5, shape=strip(2, 4)))  # over plots 2 and 3, and two squares more

    assert percents(measured(county), "forest-coverage") == [30.0, 0.0, 15.0]


def test_forest_outside_all_townships_does_not_count(county: Engine) -> None:
    land(county, plot(30))

    assert percents(measured(county), "forest-coverage") == [20.0, 0.0, 10.0]


def test_ground_of_two_townships_belongs_to_the_first(county: Engine) -> None:
    land(county, township(2, strip(0, 12, rows=2)))

    rates = measured(county)

    of = rates.measured["forest-coverage"]
    assert [part.denominator_m2 for part in of.townships][2] == 0
    assert percents(rates, "forest-coverage") == [20.0, 0.0, None, 10.0]


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"land_class": "030100", "canopy": 0.2}, True),
        ({"land_class": "030200"}, True),
        ({"land_class": "030301"}, True),
        ({"land_class": "030302"}, False),
        ({"land_class": "030405"}, False),
        ({"land_class": "0111", "land_class_system": "forest-pre2020"}, True),
        ({"land_class": "0132", "land_class_system": "forest-pre2020"}, False),
    ],
)
def test_a_land_class_counts_as_the_regulation_says(county: Engine, fields: dict[str, Any], counts: bool) -> None:
    # 森林法实施条例: closed forest from a canopy of 0.20, bamboo, and the shrub the state counts.
    land(county, plot(4, **fields))

    assert percents(measured(county), "forest-coverage")[0] == (25.0 if counts else 20.0)


def test_a_rate_whose_layer_holds_nothing_is_not_there(county: Engine) -> None:
    assert set(measured(county).measured) == {"forest-coverage"}


def test_forest_under_protection_is_counted_once_where_zones_overlap(county: Engine) -> None:
    core = {"kind": "reserve", "control": "core"}
    land(county, feature("redlines", 1, strip(0, 3)), feature("protected_areas", 1, strip(2, 1), **core))

    assert percents(measured(county), "forest-protection") == [75.0, None, 75.0]


def test_a_zone_out_of_force_protects_nothing(county: Engine) -> None:
    land(county, feature("redlines", 1, strip(0, 2), in_force_from=date(2026, 7, 1)))
    land(county, feature("redlines", 2, strip(2, 1), in_force_to=date(2026, 6, 30)))

    assert percents(measured(county), "redline-share")[0] == 5.0
    assert percents(measured(county, on=date(2026, 7, 1)), "redline-share")[0] == 10.0


def test_public_welfare_forest_counts_only_under_the_definition_that_says_so(county: Engine) -> None:
    land(county, revised(3, category="011", purpose="111", authority="21"), feature("redlines", 1, strip(0, 1)))

    assert percents(measured(county), "forest-protection")[0] == 25.0
    assert percents(measured(county, forest_protected_by="zones-and-welfare"), "forest-protection")[0] == 50.0


def wetlands() -> Sequence[Edit]:
    """Squares in a wetland park (twice), entered as important, in a water-source zone, and of the third survey."""
    second = {"baseline": "second", "kind": "501"}
    return (
        feature("wetlands", 0, square(10), **second, protection_form="wetland-park"),
        feature("wetlands", 1, square(11), **second, protection_form="important"),
        feature("wetlands", 2, square(12), **second, protection_form="water-source"),
        feature("wetlands", 3, square(13), baseline="third", kind="501"),
        feature("wetlands", 4, square(10), **second),
        feature("protected_areas", 1, strip(10, 1), kind="wetland-park"),
        feature("controls", 1, strip(12, 1), kind="water-source"),
    )


def test_wetland_is_protected_by_ground_or_by_an_entry_of_which_nothing_is_drawn(county: Engine) -> None:
    land(county, *wetlands())

    # Two of three squares of the second survey; the one that is there twice counts once.
    assert percents(measured(county), "wetland-protection") == [None, 66.67, 66.67]
    assert measured(county).measured["wetland-protection"].rate.confirmed


def test_without_protected_areas_it_is_not_known_what_of_the_wetland_they_hold(county: Engine) -> None:
    land(county, *(edit for edit in wetlands() if edit.layer == "wetlands"))

    assert "wetland-protection" not in measured(county).measured
    assert "wetland-protection" in measured(county, wetland_protected_by="form").measured


def test_wetland_under_the_other_definitions(county: Engine) -> None:
    land(county, *wetlands())

    assert percents(measured(county, wetland_baseline="third"), "wetland-protection")[-1] == 0.0
    assert percents(measured(county, wetland_protected_by="form"), "wetland-protection")[-1] == 66.67


def test_erosion_is_that_of_the_latest_year_and_stronger_than_slight(county: Engine) -> None:
    light = {"year": 2025, "intensity": "light"}
    land(
        county,
        feature("erosion", 1, strip(0, 5), year=2024, intensity="light"),
        feature("erosion", 2, strip(0, 2), **light),
        feature("erosion", 3, strip(1, 2), year=2025, intensity="severe"),
        feature("erosion", 4, strip(5, 1), year=2025, intensity="slight"),
    )

    assert percents(measured(county), "soil-conservation") == [85.0, 100.0, 92.5]


def test_with_a_published_land_area_the_townships_are_adjusted_to_it_and_it_is_said_by_how_much(engine: Engine) -> None:
    drawn = drawn_land(engine)
    official = [1.25 * m2 for m2 in drawn]
    for number, m2 in enumerate(official):
        land(engine, Edit("townships", township(number, strip(0, 1)).id, {"official_area_m2": round(m2, 2)}))

    rates = measured(engine)

    of = rates.measured["forest-coverage"]
    assert rates.adjustment is not None
    assert rates.adjustment.official_m2 == pytest.approx(sum(official), abs=0.02)
    assert rates.adjustment.mapped_m2 == pytest.approx(sum(drawn), rel=1e-12)
    assert of.county.denominator_m2 == pytest.approx(rates.adjustment.official_m2, rel=1e-12)
    assert percents(rates, "forest-coverage") == [16.0, 0.0, 8.0]  # 20 % of the drawn is 16 % of a quarter more
    assert percents(measured(engine, land_area="mapped"), "forest-coverage") == [20.0, 0.0, 10.0]


def drawn_land(engine: Engine) -> list[float]:
    land(engine, township(0, strip(0, 10, rows=2)), township(1, strip(10, 10, rows=2)), *(plot(i) for i in range(4)))
    return [part.denominator_m2 for part in measured(engine).measured["forest-coverage"].townships]


@given(st.lists(st.floats(0, 1e10), max_size=40), st.integers(0, 4))
def test_printed_parts_add_up_to_the_printed_sum_and_each_is_within_a_unit(values: list[float], decimals: int) -> None:
    parts, total = apportioned(values, decimals)

    unit = Decimal(1).scaleb(-decimals)
    assert sum(parts, Decimal()) == total
    assert abs(total - sum(map(Decimal, values), Decimal())) <= unit / 2
    assert all(abs(part - Decimal(value)) < unit for part, value in zip(parts, values, strict=True))


def test_units_that_are_left_go_to_the_largest_remainders() -> None:
    parts, total = apportioned([0.36, 0.36, 0.28], 1)

    assert [str(part) for part in parts] == ["0.4", "0.3", "0.3"]  # 1.0 less 0.8: to .08 and, of two .06, the first
    assert str(total) == "1.0"


def test_every_open_question_gives_another_definition_with_another_fingerprint() -> None:
    every = {figure: list(definitions.variants({figure})) for figure in FIGURES}

    prints = {v.definition.fingerprint for of in every.values() for v in of}
    assert len(prints) == sum(map(len, every.values()))
    assert definitions.in_use().fingerprint not in prints
    assert {v.difference.zh for v in every["protected-wetland"]} >= {"计入饮用水水源保护区(water-source)"}
    assert {choice.figure for choice in measuring.choices().values()} <= set(FIGURES)
