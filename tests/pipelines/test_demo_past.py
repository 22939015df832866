"""The past of the demo county: entered in order, true when it says, and every plot keeps the rules."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import shapely

from data import facts
from pipelines.demo import Demo, Row
from pipelines.demo.stands import AGE_GROUP_OF
from tests.pipelines.test_demo_county import made

STOCKED = ("030100", "030200", "030301", "030302", "030303", "030401")


@pytest.fixture(scope="module")
def demo() -> Demo:
    return made(7)


@pytest.fixture(scope="module")
def plots(demo: Demo) -> list[dict[str, Any]]:
    """Every plot in every state it ever had."""
    now: dict[str, dict[str, Any]] = {}
    found = []
    for row in (row for step in demo.steps for row in step.rows if row.layer == "plots"):
        if not row.gone:
            now[row.values["code"]] = now.get(row.values["code"], {}) | row.values
            found.append(now[row.values["code"]])
    return found


def of(demo: Demo, layer: str) -> list[tuple[date, Row]]:
    return [(s.effective_on, r) for s in demo.steps[1:] for r in s.rows if r.layer == layer]


def test_the_past_of_the_layers_has_20_to_40_changes_from_2024_to_2026(demo: Demo) -> None:
    steps = [step for step in demo.steps if step.rows]
    days = [step.effective_on for step in steps]

    assert days[0] == date(2024, 1, 1)
    assert 20 <= len(days) - 1 <= 40
    assert date(2024, 1, 1) < min(days[1:])
    assert max(days) < date(2026, 11, 1)
    assert {step.kind for step in steps[1:]} == {"real", "boundary", "correction", "method"}
    assert all(step.zh and step.en and (step.rows or step.stated) for step in demo.steps)


def test_a_correction_is_true_before_what_was_entered_before_it(demo: Demo) -> None:
    at = next(n for n, step in enumerate(demo.steps) if step.kind == "correction")

    assert demo.steps[at].effective_on < demo.steps[at - 1].effective_on


def test_mines_only_move_forward_and_bring_their_papers(demo: Demo) -> None:
    order = list(facts.system("mine-stage").codes)
    stage = {m["code"]: order.index(m["stage"]) for m in demo.of("mines")}

    for day, row in of(demo, "mines"):
        code, reached = row.values["code"], order.index(row.values["stage"])
        assert reached == stage[code] + 1
        assert reached != order.index("accepted") or row.values["done_on"] == day
        stage[code] = reached
    assert len(set(stage.values())) >= 6


def test_a_plot_divided_is_two_plots_of_the_same_ground(demo: Demo) -> None:
    step = next(s for s in demo.steps if "分割" in s.zh)
    old = {p["code"]: p["shape"] for p in demo.of("plots")}

    for kept, new in zip(step.rows[::2], step.rows[1::2], strict=True):
        halves = [kept.values["shape"], new.values["shape"]]
        whole = old[kept.values["code"]]
        assert new.values["code"] not in old
        assert shapely.area(shapely.intersection(*halves)) < 1e-12
        assert shapely.area(shapely.union_all(halves)) == pytest.approx(whole.area, rel=1e-6)


def test_plots_end_by_their_key(demo: Demo) -> None:
    gone = [row for _, row in of(demo, "plots") if row.gone]

    assert gone
    assert {r.values["code"] for r in gone} <= {p["code"] for p in demo.of("plots")}


def test_canopy_agrees_with_the_land_class_r1(plots: list[dict[str, Any]]) -> None:
    for plot in plots:
        low, high = {
            "030100": (0.20, 1.00),
            "030200": (0.20, 1.00),
            "030401": (0.10, 0.19),
            "030301": (0.30, 1.00),
            "030302": (0.30, 1.00),
        }.get(plot["land_class"], (None, None))
        assert plot["canopy"] is None if low is None else low <= plot["canopy"] <= high


def test_purpose_and_category_stand_together_on_stocked_land_r2_r3(plots: list[dict[str, Any]]) -> None:
    for plot in plots:
        stocked = plot["land_class"] in STOCKED
        assert (plot["purpose"] is not None) == stocked
        assert (plot["category"] is not None) == stocked
        if stocked:
            assert (plot["purpose"][0] == "1") == (plot["category"] in ("011", "012"))


def test_authority_and_grades_follow_from_the_category_r4_to_r6(plots: list[dict[str, Any]]) -> None:
    for plot in plots:
        public = plot["category"] in ("011", "012")
        assert (plot["authority"] is not None) == public
        assert (plot["welfare_grade"] in ("1", "2")) == (plot["authority"] == "11")
        most = {"1": 1, "2": 2}.get(plot["welfare_grade"], 3 if public else 4)
        assert int(plot["protection"]) <= most
        assert public or plot["category"] != "022" or plot["protection"] == "4"


def test_a_stand_is_described_as_its_land_class_asks_r7_r8(plots: list[dict[str, Any]]) -> None:
    for plot in plots:
        living, tall = plot["land_class"] in STOCKED, plot["land_class"] == "030100"
        assert (plot["species"] is not None) == (plot["origin"] is not None) == living
        if tall:
            assert None not in (plot["age_group"], plot["mean_dbh_cm"], plot["volume_m3_hm2"])
            assert 0 <= plot["volume_m3_hm2"] <= 900
            assert plot["age_group"] != "1" or plot["mean_dbh_cm"] >= 5 or plot["volume_m3_hm2"] == 0
        if plot["land_class"] == "030200":
            assert plot["stems_hm2"] is not None
            assert plot["volume_m3_hm2"] is None
        if plot["purpose"] == "252":
            assert plot["age_group"] is None


def test_age_group_is_the_one_of_the_table_for_the_mean_age(plots: list[dict[str, Any]]) -> None:
    # LY/T 2908-2017, South: last year of 幼, 中, 近, 成, planted and natural.
    table = {
        ("pine", True): (20, 30, 40, 60), ("pine", False): (10, 20, 30, 50), ("fir", False): (10, 20, 25, 35),
        ("schima", True): (20, 40, 50, 70), ("schima", False): (10, 20, 30, 50),
        ("oak", True): (20, 40, 50, 70), ("oak", False): (20, 40, 50, 70),
    }  # fmt: skip
    for plot in plots:
        if plot["land_class"] == "030100":
            limits = table[AGE_GROUP_OF[plot["species"]], plot["origin"].startswith("1")]
            assert int(plot["age_group"]) == 1 + sum(plot["mean_age"] > limit for limit in limits)


def test_a_plot_is_no_smaller_than_one_mu_r9_and_of_this_county_r10(plots: list[dict[str, Any]]) -> None:
    codes = {t.code for t in facts.townships()}

    assert all(plot["area_hm2"] >= 0.07 for plot in plots)
    assert all(plot["county"] == "360732" and plot["township"] in codes for plot in plots)
