"""What cannot be read of a survey coordinate TXT is refused by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.geo.craft import row_refusals
from tests.geo.formats.survey_txt import (
    EXAMPLE,
    HEADER,
    HOLE,
    OUTER,
    PARCEL,
    only,
    rows_of,
    said,
)


@pytest.mark.parametrize(
    "bad",
    [
        "J2,1",
        "J2,1,abc,38634825.678",
        "J2,1,NaN,38634825.678",
        "J2,1,2914912.345,Infinity",
        "J2,1,1e308,38634825.678",
        "J2,1,2_914_912,38634825.678",
        "J2,1,2914912.345米,38634825.678",
        "此处缺一点",
    ],
)
def test_a_line_that_cannot_be_understood_refuses_its_parcel_with_line_and_text(tmp_path: Path, bad: str) -> None:
    broken = OUTER.replace("J2,1,2914912.345,38634825.678", bad)

    _, rows = rows_of(tmp_path, HEADER + PARCEL + broken + PARCEL + OUTER + HOLE)

    assert row_refusals(rows) == ["survey_txt.line", None]
    assert rows[0].refusal is not None
    assert rows[0].refusal.values == {"line": 15, "text": bad}
    assert rows[0].attributes["地块名称"] == "测试图斑1"


@pytest.mark.parametrize(
    ("points", "line", "count"),
    [
        ("", 13, 0),
        ("J1,1,2914100,38634790\nJ2,1,2914200,38634790\nJ1,1,2914100,38634790\n", 14, 2),
        ("J1,1,2914100,38634790\n" * 4, 14, 1),
        (OUTER + "J6,2,2914400,38634990\nJ7,2,2914400,38635090\n", 20, 2),
    ],
    ids=["none", "a line there and back", "one point", "a hole of two"],
)
def test_a_ring_of_fewer_than_three_points_refuses_its_parcel(
    tmp_path: Path, points: str, line: int, count: int
) -> None:
    _, rows = rows_of(tmp_path, HEADER + PARCEL + points + PARCEL + OUTER)

    assert row_refusals(rows) == ["survey_txt.too_few", None]
    assert rows[0].refusal is not None
    assert rows[0].refusal.values == {"line": line, "count": count, "least": 3}


@pytest.mark.parametrize(
    "odd",
    [
        "J3,1,38635430.250,2914890.500",
        "J3,1,2914890.500,635430.250",
        "J3,1,291489.050,38635430.250",
        "J3,1,38635430.250",
    ],
    ids=["turned round", "prefix missing", "a digit lost", "a coordinate missing"],
)
def test_a_point_unlike_its_parcel_is_refused_by_its_line(tmp_path: Path, odd: str) -> None:
    _, (row,) = rows_of(tmp_path, EXAMPLE.replace("J3,1,2914890.500,38635430.250", odd))

    assert row.refusal is not None
    assert (row.refusal.id, row.refusal.values["line"]) == ("survey_txt.odd_point", 16)


def test_a_bow_tie_is_mended_and_said(tmp_path: Path) -> None:
    points = "".join(f"J,1,{2914000 + n},{38634000 + e}\n" for n, e in ((0, 0), (100, 100), (100, 0), (0, 100)))

    row = only(tmp_path, HEADER + PARCEL.replace("45.3483", "") + points)

    assert said(row) == ["shape.mended"]


def test_the_same_ring_twice_encloses_nothing(tmp_path: Path) -> None:
    _, (row,) = rows_of(tmp_path, HEADER + PARCEL + OUTER + OUTER.replace(",1,", ",2,"))

    assert row.refusal is not None
    assert row.refusal.id == "shape.collapsed"
