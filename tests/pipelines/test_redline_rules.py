"""Which clauses a case meets: examples from the documents, and what no rule may ever do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import checking, ruling
from pipelines.redline.rules import Applied, Case, Proposal, Zone, applicable

DAY = date(2026, 11, 24)
LINE = Zone("redline", "outside")
RESERVE = Zone("protected-area", "general", "reserve")


def case(
    *zones: Zone,
    day: date = DAY,
    place: str = "Jiangxi",
    unchecked: Any = (),
    meeting: Any = (),
    close: Any = (),
    **proposal: Any,
) -> Case:
    found = (frozenset(of) for of in (unchecked, meeting, close))
    return Case(place, day, frozenset(zones), Proposal(**proposal), *found)


def met(*zones: Zone, **said: Any) -> dict[str, Applied]:
    return {one.clause.id: one for one in applicable(case(*zones, **said))}


def whole(*zones: Zone, **said: Any) -> set[str]:
    """The clauses that apply without an open question."""
    return {name for name, one in met(*zones, **said).items() if not one.open}


def test_limited_activity_on_new_construction_land_needs_the_city_first_and_then_the_province() -> None:
    found = met(LINE, activity="linear-works", new_construction=True, temporary=False, built_on=ruling.UNBUILT)

    first, then = (
        found["redline-first-opinion"].clause,
        found["redline-opinion"].clause,
    )  # 江西省2022年11月2日通知 一（二）
    assert first.issuer
    assert first.step
    assert (first.issuer.zh, first.step.zh) == ("设区市人民政府", "用地预审和选址")
    assert then.issuer
    assert then.step
    assert (then.issuer.zh, then.step.zh) == ("省人民政府", "农用地转用、土地征收报批")
    assert list(found) == [
        "redline-limited", "jiangxi-measures", "redline-first-opinion", "redline-opinion", "redline-linear",
    ]  # fmt: skip
    assert not any(one.open for one in found.values())


def test_without_new_construction_land_no_opinion_is_asked_for() -> None:
    found = whole(LINE, activity="patrol-and-research", new_construction=False)

    assert "redline-without-construction" in found
    assert not found & {"redline-first-opinion", "redline-opinion"}


def test_in_the_core_the_principle_stands_and_no_list_of_limited_activities() -> None:
    found = whole(Zone("redline", "core"), activity="visiting", new_construction=True)

    assert found == {"redline-core", "jiangxi-measures"}  # 自然资发〔2022〕142号


def test_the_boundary_works_are_listed_by_the_state_and_not_by_jiangxi() -> None:
    said: dict[str, Any] = {"activity": "boundary-works", "new_construction": True}

    assert "redline-unlisted" in whole(LINE, **said)
    assert "redline-unlisted" not in whole(LINE, day=date(2022, 11, 1), **said)  # the day before Jiangxi's notice
    assert "redline-unlisted" not in whole(LINE, place="Hunan", **said)


def test_an_activity_of_no_listed_kind_leads_to_the_procedure_of_national_proposals_alone() -> None:
    found = whole(LINE, activity=ruling.UNLISTED, new_construction=True)

    assert "redline-unlisted" in found
    assert "redline-opinion" not in found


def test_what_is_not_said_is_asked_and_not_guessed() -> None:
    found = met(LINE)

    assert found["redline-opinion"].open == ("activity", "new_construction")
    assert found["redline-temporary"].open == ("temporary",)
    assert found["redline-legacy"].open == ("built",)
    assert not found["redline-limited"].open


def test_a_line_without_its_zone_leaves_open_which_one_it_is() -> None:
    found = met(Zone("redline"))

    assert found["redline-core"].open == ("class",)
    assert found["redline-limited"].open == ("class",)
    assert met(Zone("redline"), Zone("redline", "core"))["redline-core"].open == ()


@pytest.mark.parametrize(("built", "applies"), [(date(2022, 10, 13), True), (date(2022, 10, 14), False)])
def test_what_was_built_before_the_line_is_left_from_the_past(built: date, applies: bool) -> None:
    assert ("redline-legacy" in whole(LINE, built_on=built)) == applies


def test_the_regulations_on_reserves_change_with_their_revision() -> None:
    reserve = Zone("protected-area", "general", "reserve")

    before, after = whole(reserve, day=date(2026, 3, 14)), whole(reserve, day=date(2026, 3, 15))  # 国务院令第830号
    assert ("reserve-1994" in before, "reserve" in before) == (True, False)
    assert ("reserve-1994" in after, "reserve" in after) == (False, True)


def test_a_reserve_in_the_red_line_is_asked_and_one_beside_it_is_not() -> None:
    said: dict[str, Any] = {"activity": "visiting"}
    there = {"meeting": [(RESERVE, "redline")]}

    assert "protected-area-in-redline" in whole(RESERVE, LINE, **there, **said)  # 江西省2022年11月2日通知 一（一）
    assert "protected-area-in-redline" not in met(RESERVE, LINE, **said)  # both are touched, not at the same spot
    assert "protected-area-in-redline" not in met(RESERVE, **said)
    assert met(RESERVE, unchecked=["redline"], **said)["protected-area-in-redline"].open == ("also",)


def test_the_spot_is_asked_of_each_zone_and_not_of_its_neighbour() -> None:
    park = Zone("protected-area", "general", "scenic")

    found = met(RESERVE, park, LINE, meeting=[(park, "redline")], activity="visiting")

    assert found["protected-area-in-redline"].zones == (park,)


def test_a_line_too_close_to_call_is_open_and_none_of_its_clauses_applies() -> None:
    found = met(close=[LINE], activity="visiting", new_construction=False)

    assert found["redline-limited"].open == ("close",)
    assert found["redline-limited"].zones == (LINE,)
    assert all("close" in one.open for one in found.values())


def test_a_core_zone_too_close_to_call_is_open_beside_the_line_that_is_touched() -> None:
    found = met(LINE, close=[Zone("redline", "core")])

    assert found["redline-core"].open == ("close",)
    assert found["redline-limited"].open == ()


def test_whether_a_reserve_lies_in_a_line_too_close_to_call_cannot_be_told() -> None:
    said: dict[str, Any] = {"activity": "visiting"}

    assert met(RESERVE, close=[LINE], **said)["protected-area-in-redline"].open == ("also",)
    assert met(LINE, close=[RESERVE], **said)["protected-area-in-redline"].open == ("also", "close")
    assert "protected-area-in-redline" not in met(close=[RESERVE], **said)


def test_temporary_use_of_forest_land_asks_for_its_own_approval() -> None:
    found = whole(Zone("forest", "011"), temporary=True)

    assert found == {"forest-land-temporary", "forest-welfare"}  # 森林法 第三十八条


_ROWS = [row.id for row in checking.sheet_rows()]
_CLASSES = ["", "core", "general", "outside", "011", "0301", "national", "water-source-1", "polluted-site"]
_zones = st.builds(
    Zone, st.sampled_from(_ROWS), st.sampled_from(_CLASSES), st.sampled_from(["", "reserve", "scenic", "other"])
)
_meetings = st.tuples(_zones, st.just("redline"))
_days = st.dates(date(1990, 1, 1), date(2030, 1, 1))
_proposals = st.builds(
    Proposal,
    st.sampled_from([None, ruling.UNLISTED, *ruling.activities()]),
    st.none() | st.booleans(),
    st.none() | st.booleans(),
    st.none() | _days,
)
_cases = st.builds(
    Case,
    st.sampled_from(["Jiangxi", "Hunan"]),
    _days,
    st.frozensets(_zones, max_size=5),
    _proposals,
    st.frozensets(st.sampled_from(_ROWS), max_size=3),
    st.frozensets(_meetings, max_size=3),
)
_close = st.frozensets(_zones, max_size=3)


def ids(of: Case) -> set[str]:
    return {one.clause.id for one in applicable(of)}


@given(_cases, _zones)
def test_one_more_zone_never_removes_a_clause_nor_opens_a_question(of: Case, zone: Zone) -> None:
    before = {one.clause.id: one.open for one in applicable(of)}
    after = {one.clause.id: one.open for one in applicable(replace(of, zones=of.zones | {zone}))}

    assert set(before) <= set(after)
    assert all(set(after[name]) <= set(asked) for name, asked in before.items())


@given(_cases, _zones, _meetings, _close)
def test_one_more_zone_spot_or_doubt_never_removes_a_clause(
    of: Case, zone: Zone, meeting: tuple[Zone, str], close: frozenset[Zone]
) -> None:
    doubtful = replace(of, close=close)

    assert ids(of) <= ids(doubtful)
    assert ids(doubtful) <= ids(replace(doubtful, zones=of.zones | {zone}))
    assert ids(doubtful) <= ids(replace(doubtful, meeting=of.meeting | {meeting}))


@given(_cases, _close)
def test_what_is_only_close_never_makes_a_clause_apply(of: Case, close: frozenset[Zone]) -> None:
    without, with_ = (
        {one.clause.id for one in applicable(case_) if not one.open} for case_ in (of, replace(of, close=close))
    )

    assert without == with_


@given(_cases)
def test_a_clause_out_of_force_on_the_day_or_of_another_province_never_applies(of: Case) -> None:
    for one in applicable(of):
        document = one.clause.document
        assert (document.in_force_from or of.day) <= of.day <= (document.in_force_to or of.day)
        assert document.place in ("national", of.place)


@given(_cases, _close, st.sampled_from(["activity", "new_construction", "temporary", "built_on"]))
def test_saying_less_of_a_proposal_never_loses_a_clause_nor_an_open_question(
    of: Case, close: frozenset[Zone], unsaid: str
) -> None:
    of = replace(of, close=close)
    silent = replace(of, proposal=replace(of.proposal, **{unsaid: None}))

    assert ids(of) <= ids(silent)
    assert sum(len(one.open) for one in applicable(of)) <= sum(len(one.open) for one in applicable(silent))


@given(_cases, _close)
def test_every_clause_is_told_once_in_the_order_of_the_data_with_zones_that_are_touched_or_close(
    of: Case, close: frozenset[Zone]
) -> None:
    found = applicable(replace(of, close=close))

    order = [ruling.clauses().index(one.clause) for one in found]
    assert order == sorted(set(order))
    assert all(one.zones and set(one.zones) <= of.zones | close for one in found)
