"""What counts in the rates, as data/standards/rates.toml says it."""

from __future__ import annotations

from data import facts, measuring


def counts(rate: str, system: str) -> dict[str, float | None]:
    """The codes of a system that count in a rate, each with the canopy from which it does."""
    of = (c for c in measuring.considered() if (c.rate, c.system) == (rate, system))
    return {c.code: c.min_canopy for c in of if c.counts}


def test_forest_is_trees_bamboo_and_the_shrub_the_state_counts() -> None:
    assert set(counts("forest-coverage", "forest-2020")) == {"030100", "030200", "030301"}
    assert set(counts("forest-coverage", "forest-pre2020")) == {"0111", "0113", "0131"}
    assert counts("forest-coverage", "forest-2020")["030100"] == 0.20  # 森林法实施条例


def test_shrub_of_the_land_survey_is_an_open_question_and_not_counted() -> None:
    shrub = next(c for c in measuring.considered() if (c.system, c.code) == ("landclass-1055", "0305"))

    assert not shrub.counts
    assert "0305" not in counts("forest-coverage", "landclass-1055")


def test_slight_erosion_is_no_loss() -> None:
    assert set(counts("soil-conservation", "erosion-intensity")) == {
        "light", "moderate", "intense", "very-intense", "severe",
    }  # fmt: skip


def test_every_counted_code_stands_in_its_system_and_rate() -> None:
    for counted in measuring.considered():
        assert counted.rate in measuring.rates()
        assert facts.system(counted.system)[counted.code].code == counted.code


def test_an_open_question_of_a_rate_is_answered_with_one_of_its_options() -> None:
    for choice in measuring.choices().values():
        assert choice.chosen in choice.options
        assert len(choice.options) > 1


def test_every_form_of_wetland_protection_is_drawn_by_known_kinds_or_known_from_the_entry() -> None:
    drawn = measuring.protection_forms()

    assert {f.form for f in drawn} == set(facts.system("wetland-protection").codes)
    kinds = [kind for f in drawn for kind in f.areas]
    assert sorted(kinds) == sorted(facts.system("protected-area-kind").codes)  # each kind is one form
    assert [f.form for f in drawn if not f.areas and not f.controls] == ["important"]


def test_the_indicator_of_our_own_says_that_it_is_not_assessed() -> None:
    assert [rate.id for rate in measuring.rates().values() if rate.own] == ["forest-protection"]
    assert "非考核" in measuring.rates()["forest-protection"].source
