"""The permitted activities and the clauses, as data/standards/activities.toml and clauses.toml say them."""

from __future__ import annotations

from datetime import date

import pytest

from data import checking, facts, ruling

ROWS = {row.id: row for row in checking.sheet_rows()}
CLASSES = {
    "redline": "redline-control",
    "protected-area": "protected-area-zone",
    "land-class": "landclass-1055",
    "forest": "forest-category",
    "wetland": "wetland-grade",
    "water-source": "control-grade",
    "polluted": "control-grade",
}
"""The code system of the classes of the rows whose clauses name any."""


def test_the_national_list_has_ten_kinds_of_which_the_last_four_are_unconfirmed() -> None:
    kinds = ruling.activities().values()

    assert [kind.number for kind in kinds] == list(range(1, 11))  # 自然资发〔2022〕142号
    assert [kind.number for kind in kinds if not kind.confirmed] == [7, 8, 9, 10]


def test_the_list_of_jiangxi_is_the_national_one_less_the_boundary_works() -> None:
    national, jiangxi = ruling.activity_lists()  # 江西省2022年11月2日通知: 9类

    assert national.activities == tuple(ruling.activities())
    assert len(jiangxi.activities) == 9
    assert jiangxi.activities == tuple(kind for kind in national.activities if kind != "boundary-works")
    assert (jiangxi.document.place, jiangxi.document.in_force_from) == ("Jiangxi", date(2022, 11, 2))


def test_a_list_holds_from_its_day_on_and_in_its_province_alone() -> None:
    jiangxi = ruling.activity_lists()[1].document

    assert jiangxi.holds("Jiangxi", date(2022, 11, 2))
    assert not jiangxi.holds("Jiangxi", date(2022, 11, 1))
    assert not jiangxi.holds("Hunan", date(2026, 1, 1))


def test_every_clause_is_said_in_both_languages_with_its_source() -> None:
    for clause in ruling.clauses():
        assert all([clause.zh, clause.en, clause.document.source, clause.document.place]), clause.id
        for said in (clause.paper, clause.issuer, clause.step, clause.document.note):
            assert said is None or (said.zh and said.en), clause.id


def test_the_days_of_every_document_are_in_order_and_no_id_stands_twice() -> None:
    documents = [clause.document for clause in ruling.clauses()] + [one.document for one in ruling.activity_lists()]

    assert all(d.in_force_from <= d.in_force_to for d in documents if d.in_force_from and d.in_force_to)
    assert len({clause.id for clause in ruling.clauses()}) == len(ruling.clauses())
    assert {document.place for document in documents} == {"national", facts.county().province_en}


def test_a_clause_names_rows_classes_kinds_and_activities_that_exist_in_the_order_of_the_sheet() -> None:
    whens = [clause.when for clause in ruling.clauses()]

    order = [list(ROWS).index(when.row) for when in whens]
    assert order == sorted(order)
    assert {when.row for when in whens} == set(ROWS)
    for when in whens:
        assert when.also is None or when.also in ROWS
        assert all(cls in facts.system(CLASSES[when.row]) for cls in when.classes)
        assert all(kind in facts.system("protected-area-kind") for kind in when.kinds)
        assert set(when.activities) <= set(ruling.activities())


def test_every_kind_of_protected_area_leads_to_a_clause_of_its_own() -> None:
    kinds = {kind for clause in ruling.clauses() for kind in clause.when.kinds}

    assert kinds == set(facts.system("protected-area-kind").codes)


def test_no_clause_is_a_verdict() -> None:
    said = " ".join(clause.zh + (clause.paper.zh if clause.paper else "") for clause in ruling.clauses())

    assert not any(word in said for word in ("不予", "不许可", "不通过", "符合要求", "可以建设", "占用红线"))


def test_an_unknown_activity_is_refused_with_the_list() -> None:
    with pytest.raises(facts.FactsRefusal) as refusal:
        ruling.activity("golf")

    assert refusal.value.id == "facts.no_activity"
    assert "linear-works" in str(refusal.value.values["known"])
    assert ruling.activity(ruling.UNLISTED) == ruling.UNLISTED
