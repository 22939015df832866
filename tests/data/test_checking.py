"""How well borders and footprints are known, as data/standards/check.toml says it."""

from __future__ import annotations

import pytest

from data import checking
from data.checking import Border, SheetRow
from data.facts import FactsRefusal

ROWS = {row.id: row for row in checking.sheet_rows()}


def test_every_row_but_the_one_that_covers_every_place_has_a_border_with_its_source() -> None:
    assert [row.id for row in ROWS.values() if row.border is None] == ["land-class"]
    assert all(row.border.error_m > 0 and row.border.source for row in ROWS.values() if row.border)


def test_border_and_survey_add_up_as_the_root_of_their_squares_and_twice_that_is_the_limit() -> None:
    row = SheetRow("a", "redlines", border=Border(7.5, "", False))

    assert checking.tolerance_m(row, None) == 15
    assert checking.tolerance_m(row, checking.survey_way("handheld")) == 25  # 2 · √(7.5² + 10²)
    assert checking.tolerance_m(SheetRow("b", "landclass"), checking.survey_way("handheld")) == 0


def test_a_way_of_surveying_that_is_not_known_is_refused_with_the_known_ones() -> None:
    with pytest.raises(FactsRefusal) as refused:
        checking.survey_way("guess")

    assert refused.value.id == "facts.no_survey_way"
    assert "boundary-survey" in refused.value.values["known"]


def test_ways_of_surveying_are_said_in_both_languages_with_their_source() -> None:
    assert all(way.zh and way.en and way.source and way.error_m > 0 for way in checking.survey_ways().values())
