"""A file's text becomes what its column holds, or is refused by name; nothing is guessed."""

from __future__ import annotations

import string
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import facts
from data.texts import text
from layers.controls import Control
from layers.plots import Plot
from pipelines.edits.edit import EditRefusal
from pipelines.files.fields import RowError, match, township_digits, value_of, values_of


@pytest.mark.parametrize(
    ("column", "given", "read"),
    [
        ("township", "100", "360732100"),
        ("township", "360732100", "360732100"),
        ("township", "360732100201", "360732100"),
        ("township", 100.0, "360732100"),
        ("land_class", "乔木林地", "030100"),
        ("land_class", " 030100 ", "030100"),
        ("canopy", "0.6", 0.6),
        ("canopy", 0.605, 0.61),  # half up, as PostgreSQL's numeric rounds
        ("canopy", "", None),
        ("canopy", float("nan"), None),
        ("mean_age", 12.0, 12),
        ("mean_age", "12", 12),
        ("made_up", "是", True),
        ("made_up", 0, False),
        ("subcompartment", 7.0, "7"),
    ],
)
def test_a_value_is_read_as_its_column_holds_it(column: str, given: Any, read: Any) -> None:
    assert value_of(Plot, column, given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-03-31", date(2026, 3, 31)),
        ("20260331", date(2026, 3, 31)),
        ("2026/3/31", date(2026, 3, 31)),
        ("2026.3.31", date(2026, 3, 31)),
        ("2026-03-31T08:00:00", date(2026, 3, 31)),
        (datetime(2026, 3, 31, 8), date(2026, 3, 31)),
        (20260331.0, date(2026, 3, 31)),
    ],
)
def test_a_day_is_read_in_the_ways_bureaus_write_it(given: Any, read: date) -> None:
    assert value_of(Control, "in_force_from", given) == read


@pytest.mark.parametrize(
    ("layer", "column", "given", "said"),
    [
        (Plot, "canopy", "0.6左右", "import.not_a_number"),
        (Plot, "canopy", "1_0", "import.not_a_number"),
        (Plot, "canopy", "inf", "import.not_a_number"),
        (Plot, "mean_age", "3.5", "import.not_a_whole_number"),
        (Plot, "mean_age", "1e999999999", "import.not_a_whole_number"),
        (Plot, "made_up", "也许", "import.not_yes_or_no"),
        (Plot, "remarks", "a\x00b", "import.not_a_text"),
        (Plot, "remarks", "\ud800", "import.not_a_text"),
        (Control, "in_force_from", "2026-02-30", "import.not_a_date"),
        (Control, "in_force_from", "去年", "import.not_a_date"),
    ],
)
def test_a_value_its_column_cannot_hold_is_refused_with_field_value_and_remedy(
    layer: type[Any], column: str, given: str, said: str
) -> None:
    with pytest.raises(RowError) as refused:
        value_of(layer, column, given)

    (note,) = refused.value.notes
    assert note.id == said
    assert note.values["field"] in text(said, "zh", note.values)
    assert str(note.values["label_en"]) in text(said, "en", note.values)


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.none() | st.dates() | st.binary())
def test_any_value_is_read_or_refused_in_words(value: Any) -> None:
    for layer, column in ((Plot, "canopy"), (Plot, "mean_age"), (Plot, "remarks"), (Control, "in_force_to")):
        try:
            value_of(layer, column, value)
        except RowError as refused:
            for note in refused.notes:
                assert text(note.id, "zh", note.values).isprintable()


@given(st.floats(0, 1000).map(lambda number: round(number, 2)))
def test_a_number_that_its_column_can_hold_is_left_as_it_is(number: float) -> None:
    assert value_of(Plot, "canopy", number) == number


def test_a_column_is_matched_by_its_own_its_exchange_or_its_chinese_name_in_any_case() -> None:
    found = match(Plot, ["xiang", "村", "COMPARTMENT", "XBMJ", "QS_ID"], stated={}, fixed={})

    assert found.columns == {"xiang": "township", "村": "village", "COMPARTMENT": "compartment"}
    assert (found.ignored, found.ours) == (("XBMJ",), {"qs_id": "QS_ID"})


def test_a_stated_attribute_wins_over_the_one_of_that_name() -> None:
    found = match(Plot, ["XIANG", "乡镇代码"], stated={"乡镇代码": "township"}, fixed={})

    assert found.columns == {"乡镇代码": "township"}
    assert found.ignored == ("XIANG",)


@pytest.mark.parametrize(
    ("stated", "fixed", "said"),
    [
        ({"XIANG": "version"}, {}, "edit.no_field"),
        ({}, {"shape": "x"}, "edit.no_field"),
        ({"QU": "township"}, {}, "import.no_attribute"),
        ({}, {"canopy": "多"}, "import.not_a_number"),
    ],
)
def test_what_is_stated_wrongly_refuses_the_file(stated: dict[str, str], fixed: dict[str, str], said: str) -> None:
    with pytest.raises(EditRefusal) as refused:
        match(Plot, ["XIANG"], stated=stated, fixed=fixed)

    assert refused.value.id == said


def test_a_row_brings_nothing_for_an_attribute_it_lacks_and_empties_one_it_leaves_empty() -> None:
    found = match(Plot, ["YU_BI_DU", "REMARKS"], stated={}, fixed={})

    values, _ = values_of(Plot, found, {"REMARKS": ""})

    assert values == {"remarks": None}


@given(st.sampled_from([township.code for township in facts.townships()]) | st.text(string.digits, max_size=9))
def test_a_township_goes_out_as_digits_that_come_in_as_itself(code: str) -> None:
    given = township_digits(code)

    assert value_of(Plot, "township", given) in (code, None if not code else value_of(Plot, "township", code))
