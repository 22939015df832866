"""Explaining a number: its parts sum to it, and everything left out is named with its reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data import measuring
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from pipelines.restoration.explain import ExplainRefusal, Explanation, explain
from pipelines.restoration.rates import FORMULAS, measure
from tests.samples import feature, occasion, plot, square, strip, township

DAY = date(2026, 6, 30)


def land(engine: Engine, *edits: Edit) -> None:
    with Session(engine) as session, session.begin():
        apply(session, edits, occasion())


def explained(engine: Engine, rate: str, township: str | None = None) -> Explanation:
    with Session(engine) as session:
        return explain(session, rate, township=township, on=DAY)


def otherwise(found: Explanation) -> dict[str, Any]:
    return {o.difference.zh: o.part and float(o.part.percent or 0) for o in found.otherwise}


@pytest.fixture
def county(engine: Engine) -> Engine:
    """Two townships of ten squares; in the first four of forest, one there twice, one bare, one too open."""
    land(
        engine,
        township(0, strip(0, 10)),
        township(1, strip(10, 10)),
        *(plot(n) for n in range(4)),
        plot(8, shape=square(3)),
        plot(4, land_class="030405"),
        plot(5, canopy=0.1, land_class="030401"),
        plot(30),
    )
    return engine


@pytest.mark.parametrize("rate", FORMULAS)
@pytest.mark.parametrize("place", [None, "崇贤乡"])
def test_the_features_of_each_side_sum_to_it(sample_county: Engine, rate: str, place: str | None) -> None:
    found = explained(sample_county, rate, place)
    with Session(sample_county) as session:
        measured = measure(session, on=DAY).measured[rate]

    part = measured.county if place is None else next(p for p in measured.townships if p.name == place)
    assert found.part == part
    over, under = found.figures
    numerator = sum(f.m2 for f in over.features)
    expected = part.denominator_m2 - numerator if rate == "soil-conservation" else numerator
    assert part.numerator_m2 == pytest.approx(expected, rel=1e-9)
    assert part.denominator_m2 == pytest.approx(sum(f.m2 for f in under.features), rel=1e-9)


def test_what_was_counted_already_is_taken_off_and_said_of_whom(county: Engine) -> None:
    forest = explained(county, "forest-coverage", "第0乡").figures[0]

    removed = {f.code[-1]: round(f.removed_m2 / f.m2 if f.m2 else 1) for f in forest.features if f.removed_m2 > 0.01}
    assert removed == {"8": 1}  # plot 8 lies on plot 3, whose code comes first
    assert [f.code[-1] for f in forest.features] == ["0", "1", "2", "3", "8"]


def test_what_does_not_count_is_named_with_its_reason_and_its_ground(county: Engine) -> None:
    forest = explained(county, "forest-coverage").figures[0]
    unit = forest.features[0].m2

    excluded = {
        (e.reason.id, e.reason.values.get("code")): (e.features, round(e.m2 / unit, 3)) for e in forest.excluded
    }
    assert excluded == {
        ("count.class", "030405"): (1, 1.0),
        ("count.class", "030401"): (1, 1.0),
        ("count.outside", None): (1, 1.0),
    }


def test_a_township_is_found_by_name_by_code_and_by_its_last_digits(county: Engine) -> None:
    parts = [explained(county, "forest-coverage", said).part for said in ("第1乡", "360732101", "101")]

    assert len({part.code for part in parts}) == 1
    assert str(parts[0].percent) == "0.00"


def test_the_other_definitions_give_their_own_values(county: Engine) -> None:
    land(county, feature("landclass", 1, strip(0, 7), land_class="0301"), plot(6, land_class="050101"))

    found = otherwise(explained(county, "forest-coverage", "第0乡"))

    assert found["森林面积取自：国土调查地类图斑"] == 70.0
    assert found["计入森林沼泽(050101)"] == 50.0


def test_a_definition_whose_layer_holds_nothing_has_no_value(county: Engine) -> None:
    assert otherwise(explained(county, "forest-coverage"))["森林面积取自：国土调查地类图斑"] is None


def test_only_the_questions_that_bear_on_a_rate_are_told(sample_county: Engine) -> None:
    told = {rate: {c.id for c in explained(sample_county, rate, "崇贤乡").choices} for rate in FORMULAS}

    assert told["forest-coverage"] == {"land-area", "forest-source"}
    assert told["forest-protection"] == {"forest-source", "forest-protected-by"}
    assert told["wetland-protection"] == {"wetland-baseline", "wetland-protected-by"}
    assert told["soil-conservation"] == told["redline-share"] == {"land-area"}


@pytest.mark.parametrize(
    ("rate", "place", "refused"),
    [("forest", None, "explain.no_rate"), ("forest-coverage", "无此乡", "explain.no_township")],
)
def test_what_is_not_there_is_refused(county: Engine, rate: str, place: str | None, refused: str) -> None:
    with pytest.raises(ExplainRefusal) as refusal:
        explained(county, rate, place)

    assert refusal.value.id == refused


def test_a_rate_whose_layers_hold_nothing_cannot_be_explained(county: Engine) -> None:
    with pytest.raises(ExplainRefusal) as refusal:
        explained(county, "wetland-protection")

    assert refusal.value.id == "explain.not_loaded"
    assert refusal.value.values["rate_zh"] == measuring.rates()["wetland-protection"].zh
