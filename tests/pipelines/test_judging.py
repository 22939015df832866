"""The rule of colours: what each sense means, and what no rule of colours may ever do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import facts
from pipelines.restoration.judging import Case, State, judge

START, END = date(2024, 1, 1), date(2026, 12, 31)
MIDDLE = date(2025, 7, 2)
"""Half of the 1096 days have gone at the end of 1 July 2025; here 549."""
RANK = {State.RED: 0, State.AMBER: 1, State.GREEN: 2}


def target(sense: str | None = ">=", **more: Any) -> facts.Target:
    said = {"id": "X", "task": 0, "zh": "某", "en": "some", "kind": "number", "quote": "…", "departments": ()}
    return facts.Target(**{**said, "sense": sense, "year": 2026, "unit": "个", **more})


def case(value: str | None, number: str | None, of: facts.Target | None = None, **more: Any) -> Case:
    exact = [None if n is None else Decimal(n) for n in (value, number)]
    said = {"start": START, "day": MIDDLE, "year": 2025, **more}
    return Case(target=of or target(), value=exact[0], number=exact[1], **said)


def stands(*said: Any, **more: Any) -> tuple[str, str]:
    judged = judge(case(*said, **more))
    return judged.state.value, judged.why.removeprefix("judged.")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("75.37", "green"), ("75.36", "green"), ("75.35", "amber"), ("75.26", "amber"), ("75.25", "red")],
)
def test_a_rate_is_near_its_target_within_a_tenth_of_a_point(value: str, expected: str) -> None:
    rate = target(rate="forest-coverage", unit="%")

    assert judge(case(value, "75.36", rate)).state == expected


@pytest.mark.parametrize(("value", "expected"), [("55", "green"), ("50", "amber"), ("49.9", "red")])
def test_another_percentage_is_near_within_five_points(value: str, expected: str) -> None:
    assert judge(case(value, "55", target(unit="%"))).state == expected


@pytest.mark.parametrize(("value", "expected"), [("140", "green"), ("126", "amber"), ("125", "red")])
def test_another_level_is_near_within_a_tenth_of_it(value: str, expected: str) -> None:
    assert judge(case(value, "140")).state == expected


@pytest.mark.parametrize(("value", "expected"), [("2.01", "green"), ("2", "amber"), ("1.79", "red")])
def test_more_than_is_not_met_by_the_number_itself(value: str, expected: str) -> None:
    assert judge(case(value, "2", target(">"))).state == expected


@pytest.mark.parametrize(("value", "expected"), [("80", "green"), ("76", "green"), ("75", "amber"), ("200", "green")])
def test_about_is_met_from_ninety_five_percent_on_and_more_is_no_fault(value: str, expected: str) -> None:
    assert judge(case(value, "80", target("~"))).state == expected


@pytest.mark.parametrize(("value", "expected"), [("26", "green"), ("25", "amber"), ("27", "amber"), ("20", "red")])
def test_exactly_is_met_by_the_number_alone(value: str, expected: str) -> None:
    assert judge(case(value, "26", target("=="))).state == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    # Due after 549 of 1096 days: 40.07 of 80. Half a unit behind is on pace, a fifth of it near.
    [("40", "green"), ("39", "amber"), ("33", "amber"), ("32", "red")],
)
def test_what_accrues_is_judged_by_what_is_due_on_the_day(value: str, expected: str) -> None:
    assert judge(case(value, "80", target(accrues=True))).state == expected


def test_a_single_piece_is_not_missed_before_half_of_the_time_and_never_red_before_the_end() -> None:
    one = target(accrues=True)

    assert stands("0", "1", one, day=date(2025, 6, 30)) == ("green", "on_pace")
    assert stands("0", "1", one, day=MIDDLE) == ("amber", "behind")
    assert stands("0", "1", one, day=END) == ("amber", "behind")
    assert stands("0", "1", one, day=END + timedelta(1)) == ("red", "ended")


def test_on_pace_but_with_an_overdue_item_is_amber_and_met_is_green_all_the_same() -> None:
    three = target(accrues=True)

    assert stands("2", "3", three, overdue=1) == ("amber", "overdue")
    assert stands("3", "3", three, overdue=1) == ("green", "met")


def test_a_year_that_has_ended_and_is_not_met_is_red_however_near() -> None:
    assert stands("75.35", "75.36", target(rate="forest-coverage"), day=date(2027, 1, 1)) == ("red", "ended")
    assert stands("2", "3", target(accrues=True, year=2024), day=date(2025, 1, 1)) == ("red", "ended")


def test_after_the_year_a_level_waits_for_the_value_of_that_year_and_a_count_does_not() -> None:
    new_year = date(2027, 1, 1)

    assert stands("75.37", "75.36", target(unit="%"), day=new_year) == ("amber", "awaited")
    assert stands("75.37", "75.36", target(unit="%"), day=new_year, year=2026) == ("green", "met")
    assert stands("80", "80", target(accrues=True), day=new_year) == ("green", "met")


@pytest.mark.parametrize(("value", "expected"), [("31", "green"), ("30", "amber"), ("29.9", "red")])
def test_rising_means_above_the_value_before(value: str, expected: str) -> None:
    up = target("up", kind="direction")

    assert judge(case(value, None, up, base=Decimal(30))).state == expected


@pytest.mark.parametrize(("value", "expected"), [("70", "green"), ("69.1", "amber"), ("69", "red")])
def test_steady_or_better_forgives_less_than_one_point(value: str, expected: str) -> None:
    steady = target("steady-up", kind="direction")

    assert judge(case(value, None, steady, base=Decimal(70))).state == expected


def test_an_assigned_number_is_due_at_the_end_of_the_year_it_was_assigned_for() -> None:
    assigned = target(kind="assigned", unit="%")

    assert stands("3", "4", assigned, year=2025, day=date(2025, 12, 31)) == ("amber", "near")
    assert stands("3", "4", assigned, year=2025, day=date(2026, 1, 1)) == ("red", "ended")


def test_each_thing_that_is_not_known_is_grey_and_named() -> None:
    assert stands(None, "80") == ("grey", "no_value")
    assert stands(None, "75.36", target(rate="forest-coverage")) == ("grey", "no_announced")
    assert stands("4", None, target(kind="assigned")) == ("grey", "no_number")
    assert stands("30", None, target("up", kind="direction")) == ("grey", "no_base")


# --- whatever the target

numbers = st.decimals(min_value=-100, max_value=1000, places=2)
targets = st.builds(
    target,
    st.sampled_from([">=", ">", "~", "==", "most", "up", "steady-up"]),
    kind=st.sampled_from(["number", "assigned"]),
    unit=st.sampled_from(["%", "%/a", "个"]),
    rate=st.sampled_from([None, "forest-coverage"]),
    accrues=st.booleans(),
    year=st.integers(2024, 2026),
)
cases = st.builds(
    Case,
    target=targets,
    start=st.just(START),
    day=st.dates(date(2023, 12, 1), date(2027, 12, 31)),
    value=numbers,
    year=st.integers(2023, 2027),
    number=numbers,
    base=numbers,
    overdue=st.integers(0, 2),
)


@given(cases, numbers)
def test_a_worse_value_never_gives_a_better_state(seen: Case, other: Decimal) -> None:
    assert seen.value is not None
    assert seen.number is not None
    exactly = seen.target.sense == "=="
    worse = max(seen.value, other, key=lambda v: abs(v - seen.number)) if exactly else min(seen.value, other)
    better = other if worse == seen.value else seen.value

    assert RANK[judge(replace(seen, value=worse)).state] <= RANK[judge(replace(seen, value=better)).state]


@given(cases, st.integers(1, 1500))
def test_the_same_value_on_a_later_day_never_gives_a_better_state(seen: Case, days: int) -> None:
    later = replace(seen, day=seen.day + timedelta(days))

    assert RANK[judge(later).state] <= RANK[judge(seen).state]


@given(cases, st.integers(1, 5))
def test_more_overdue_items_never_give_a_better_state(seen: Case, more: int) -> None:
    assert RANK[judge(replace(seen, overdue=seen.overdue + more)).state] <= RANK[judge(seen).state]


@given(cases)
def test_a_value_that_is_not_known_is_grey_whatever_else_is(seen: Case) -> None:
    assert judge(replace(seen, value=None)).state is State.GREY


@given(cases)
def test_a_target_that_is_met_in_its_own_year_is_green_and_unmet_after_it_is_red(seen: Case) -> None:
    after = replace(seen, target=replace(seen.target, sense=">="), day=date(2028, 1, 1), year=seen.target.year)

    assert (judge(after).state is State.GREEN) == (seen.value >= seen.number)  # type: ignore[operator]
    assert (judge(after).state is State.RED) == (seen.value < seen.number)  # type: ignore[operator]
