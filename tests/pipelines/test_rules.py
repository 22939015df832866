from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from data import facts
from data.texts import text
from layers.erosion import ErosionPatch
from layers.ground.layer import catalogue, fields
from layers.landclass import LandClass
from layers.plots import Plot
from layers.wetlands import Wetland
from pipelines.edits.rules import Broken, broken, rules

SOUND = {
    "county": "360732",
    "township": "360732101",
    "village": "001",
    "compartment": "0001",
    "subcompartment": "000001",
    "land_class": "030100",
    "land_class_system": "forest-2020",
    "canopy": 0.7,
    "purpose": "112",
    "category": "011",
    "authority": "11",
    "welfare_grade": "2",
}


def names(found: list[Broken]) -> list[str]:
    return [b.rule for b in found]


def plot(**values: Any) -> list[Broken]:
    return broken(Plot, SOUND | values)


def code_or_none(system: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(list(facts.system(system).codes))


any_plot = st.fixed_dictionaries(
    {
        "county": st.sampled_from([None, "360732", "360731"]),
        "township": st.sampled_from(["360732101", "360731101"]),
        "land_class": st.sampled_from(list(facts.system("forest-2020").codes)),
        "canopy": st.none() | st.floats(0, 1.2) | st.just(float("nan")),
        "purpose": code_or_none("forest-purpose"),
        "category": code_or_none("forest-category"),
        "authority": code_or_none("authority-level"),
        "welfare_grade": code_or_none("welfare-grade"),
    }
)


def test_a_sound_plot_breaks_nothing() -> None:
    assert plot() == []


def test_an_empty_row_breaks_nothing() -> None:
    for layer in catalogue():
        assert broken(layer, {}) == []


@given(any_plot, st.floats(0, 0.1999))
def test_any_arboreal_plot_below_a_fifth_of_canopy_names_r1_and_is_refused(row: dict[str, Any], canopy: float) -> None:
    found = broken(Plot, row | {"land_class": "030100", "canopy": canopy})

    r1 = next(b for b in found if b.rule == "R1")
    assert r1.confirmed
    assert r1.values["canopy"] == canopy


@given(any_plot)
def test_mending_what_a_rule_names_mends_that_rule(row: dict[str, Any]) -> None:
    fields_of = {rule.id: rule.fields for rule in rules("plots")}
    found = [b.rule for b in broken(Plot, row) if b.rule in fields_of]
    assume(found)

    for rule in found:
        assert rule not in names(broken(Plot, row | dict.fromkeys(fields_of[rule])))


@given(any_plot)
def test_every_broken_rule_can_be_said_in_both_languages(row: dict[str, Any]) -> None:
    for found in broken(Plot, row):
        assert text(found.text, "zh", found.values)
        assert text(found.text, "en", found.values)


@given(any_plot)
def test_refusals_come_before_warnings(row: dict[str, Any]) -> None:
    standing = [b.confirmed for b in broken(Plot, row)]

    assert standing == sorted(standing, reverse=True)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"canopy": 0.19}, "R1"),
        ({"canopy": 70.0}, "R1"),  # percent where a share belongs
        ({"land_class": "0111", "land_class_system": "forest-pre2020", "canopy": 0.1}, "R1"),
        ({"land_class": "030401", "canopy": 0.2, "purpose": None}, "R1-sparse"),
        ({"land_class": "030302", "canopy": 0.29}, "R1-shrub"),
        ({"land_class": "030405", "canopy": 0.3, "purpose": None}, "R1-other"),
        ({"land_class": "030404", "canopy": None}, "R2"),
        ({"purpose": "252"}, "R3"),  # oil-tea is commercial
        ({"category": "022", "authority": None, "welfare_grade": None}, "R3"),
        ({"authority": None, "welfare_grade": None}, "R4"),
        ({"purpose": "233", "category": "022"}, "R4"),
        ({"welfare_grade": None}, "R5"),
        ({"welfare_grade": "3"}, "R5"),
        ({"authority": "21"}, "R5"),
        ({"county": "360731"}, "R10"),
    ],
)
def test_a_row_that_breaks_one_rule_names_that_one_alone(values: dict[str, Any], rule: str) -> None:
    assert names(plot(**values)) == [rule]


def test_a_canopy_that_is_not_a_number_is_refused_as_such_and_by_r1() -> None:
    assert set(names(plot(canopy=float("nan")))) == {"R1", "size"}


@pytest.mark.parametrize(
    "values",
    [
        {"canopy": 0.2},
        {"canopy": 1.0},
        {"canopy": None},
        {"land_class": "030401", "canopy": 0.1},
        {"land_class": "030405", "canopy": 0, "purpose": None},
        {"purpose": "233", "category": "022", "authority": None, "welfare_grade": None},
        {"purpose": None},
        {"category": "11", "authority": "10"},  # the older codes
        {"county": None},
    ],
)
def test_a_row_at_the_edge_of_a_rule_breaks_none(values: dict[str, Any]) -> None:
    assert plot(**values) == []


def test_confirmed_rules_refuse_and_the_others_warn_as_their_facts_say() -> None:
    for rule in rules("plots") + rules("wetlands"):
        assert rule.confirmed == facts.rules()[rule.id].confirmed
    assert {r.id for r in rules("plots") if r.confirmed} == {"R1", "R10"}


def test_every_rule_of_the_facts_reads_columns_its_layer_has() -> None:
    layers = {layer.__tablename__: set(layer.__table__.columns.keys()) for layer in catalogue()}

    for fact in facts.rules().values():
        assert set(fact.fields) <= layers[fact.layer], fact.id


def test_every_rule_names_codes_that_exist() -> None:
    known = {"classes": "land", "except": "land", "public": "forest-category", "commercial": "forest-category",
             "national": "authority-level", "grades": "welfare-grade"}  # fmt: skip
    land = {*facts.system("forest-2020").codes, *facts.system("forest-pre2020").codes}

    for fact in facts.rules().values():
        for name in known.keys() & fact.settings.keys():
            codes = land if known[name] == "land" else set(facts.system(known[name]).codes)
            assert set(fact.settings[name]) <= codes, (fact.id, name)


@pytest.mark.parametrize(
    ("row", "breaks"),
    [
        ({"micro": True, "area_hm2": 7.9999}, False),  # GB/T 42481-2023: below 8 hm²
        ({"micro": True, "area_hm2": 8.0}, True),
        ({"micro": False, "area_hm2": 3577.0}, False),
        ({"micro": True, "survey_area_m2": 80_000.0}, True),
        ({"micro": True, "survey_area_m2": 79_999.0}, False),
        ({"micro": True}, False),
    ],
)
def test_a_micro_wetland_is_smaller_than_eight_hectares(row: dict[str, Any], breaks: bool) -> None:
    assert names(broken(Wetland, row)) == (["micro-wetland"] if breaks else [])


def test_a_strange_code_of_a_whole_list_is_refused_with_value_field_system_and_near_codes() -> None:
    (found,) = plot(land_class="030110", purpose=None, canopy=None)

    assert (found.rule, found.confirmed) == ("code", True)
    assert (found.values["value"], found.values["field"], found.values["system"]) == (
        "030110",
        "land_class",
        "forest-2020",
    )
    assert "030100 乔木林地" in str(found.values["near"])


def test_a_strange_code_of_an_unfinished_list_is_a_warning() -> None:
    (found,) = plot(species="750000")

    assert (found.rule, found.confirmed) == ("code", False)


def test_a_name_written_for_a_code_is_answered_with_the_code() -> None:
    (found,) = broken(ErosionPatch, {"intensity": "强烈侵蚀"})

    assert "intense 强烈" in str(found.values["near"])


def test_a_land_class_is_judged_in_the_system_its_row_states() -> None:
    mangrove = {"land_class": "0306", "land_class_system": "landclass-1055"}

    assert broken(LandClass, mangrove) == []
    assert names(broken(LandClass, mangrove | {"land_class_system": "landuse-2020"})) == ["code"]


def test_an_unknown_system_is_said_once_and_its_codes_are_not_judged() -> None:
    found = plot(land_class="xx", land_class_system="forest-2099", purpose=None, canopy=None)

    assert [b.values["field"] for b in found] == ["land_class_system"]


@given(st.text(max_size=12))
def test_any_text_is_a_code_of_its_system_or_is_named_as_strange(value: str) -> None:
    known = value in facts.system("aspect").codes

    assert names(plot(aspect=value)) == ([] if known else ["code"])


def test_every_coded_column_is_held_to_its_system() -> None:
    for layer in catalogue():
        for name, field in fields(layer).items():
            if field.codes:
                found = broken(layer, {name: "不存在的编码"})
                assert [b.values["field"] for b in found if b.rule == "code"] == [name]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"village": "360732101001"}, "length"),  # CUN is C3
        ({"volume_m3_hm2": 10_000_000.0}, "size"),  # HUO_LMGQXJ is D8.1
        ({"mean_dbh_cm": float("inf")}, "size"),
        ({"soil_depth_cm": 40_000}, "size"),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused_with_its_field(values: dict[str, Any], rule: str) -> None:
    (found,) = plot(**values)

    assert (found.rule, found.confirmed, found.values["field"]) == (rule, True, next(iter(values)))
    assert text(found.text, "zh", found.values)


def test_a_value_that_just_fits_its_column_breaks_nothing() -> None:
    assert plot(village="001", volume_m3_hm2=-9_999_999.9, soil_depth_cm=32_767) == []
