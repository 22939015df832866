"""Where the points of a survey coordinate TXT lie: zone, prefix, meridian, axes turned round, degrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from geo.crs import from_storage
from geo.refusal import GeoRefusal
from tests.geo.craft import row_refusals
from tests.geo.formats.survey_txt import (
    EXAMPLE,
    HEADER,
    HOLE,
    OUTER,
    PARCEL,
    is_the_example,
    only,
    rows_of,
    said,
)


def test_without_a_header_the_prefix_says_the_zone(tmp_path: Path) -> None:
    opening, _ = rows_of(tmp_path, PARCEL + OUTER + HOLE)

    assert (opening.epsg, opening.crs_stated) == (4526, True)


def plain(text: str) -> str:
    """Without the zone before the easting."""
    return text.replace(",38634", ",634").replace(",38635", ",635")


@pytest.mark.parametrize(
    ("header", "epsg"),
    [
        (HEADER, 4547),
        (HEADER.replace("几度分带=3\n", ""), 4547),
        (HEADER.replace("几度分带=3", "分带=3度带"), 4547),
        (HEADER.replace("几度分带=3", "几度分带=三度"), 4547),
        (HEADER.replace("带号=38", "带号=38带"), 4547),
        (HEADER.replace("带号=38", "中央经线=114°"), 4547),
        (HEADER.replace("2000国家大地坐标系", "CGCS2000_3_Degree_GK_Zone_38"), 4547),
    ],
    ids=["header", "width left out", "3度带", "三度", "38带", "meridian", "another name"],
)
def test_without_a_prefix_the_header_says_the_zone(tmp_path: Path, header: str, epsg: int) -> None:
    opening, (row,) = rows_of(tmp_path, header + PARCEL + plain(OUTER + HOLE))

    assert (opening.epsg, opening.crs_stated, opening.notes) == (epsg, True, ())
    assert is_the_example(row)


def test_zones_of_six_degrees_are_told_by_their_numbers(tmp_path: Path) -> None:
    moved = from_storage(np.array([shapely.box(115.30, 26.30, 115.31, 26.31)], dtype=object), 4498)[0]
    points = "".join(f"J,1,{y:.3f},{x:.3f}\n" for x, y in shapely.get_coordinates(moved))
    header = HEADER.replace("几度分带=3", "几度分带=6").replace("带号=38", "带号=20")

    opening, _ = rows_of(tmp_path, header + PARCEL.replace("45.3483", "") + points)
    bare, _ = rows_of(tmp_path, header + PARCEL.replace("45.3483", "") + points.replace(",20", ","))

    assert (opening.epsg, bare.epsg) == (4498, 4509)
    assert opening.notes == bare.notes == ()


def test_without_header_and_prefix_the_zone_is_the_only_one_that_lands_in_the_county(tmp_path: Path) -> None:
    opening, (row,) = rows_of(tmp_path, PARCEL + plain(OUTER + HOLE))

    assert (opening.epsg, opening.crs_stated) == (4547, False)
    assert is_the_example(row)


def turned(text: str) -> str:
    parts = [line.split(",") for line in text.splitlines()]
    return "".join(f"{number},{ring},{y},{x}\n" for number, ring, x, y in parts)


@pytest.mark.parametrize("of", [str, plain], ids=["with prefix", "without prefix"])
def test_x_and_y_turned_round_are_recognised_and_said(tmp_path: Path, of: type[str]) -> None:
    row = only(tmp_path, HEADER + PARCEL + turned(of(OUTER + HOLE)))

    assert is_the_example(row)
    assert said(row) == ["survey_txt.turned"]
    assert row.notes[0].values["line"] == 14


@pytest.mark.parametrize("order", [(1, 0), (0, 1)], ids=["latitude first", "longitude first"])
def test_degrees_instead_of_metres_are_read_and_said(tmp_path: Path, order: tuple[int, int]) -> None:
    """The quad of 0.01° at 26.30° N: 1 106 351.0306 m² between exact parallels, by the formula of TD/T 1055."""
    corners = [(115.35, 26.30), (115.36, 26.30), (115.36, 26.31), (115.35, 26.31)]
    points = "".join(f"J,1,{c[order[0]]},{c[order[1]]}\n" for c in corners)

    opening, (row,) = rows_of(tmp_path, HEADER + PARCEL.replace("45.3483", "") + points)

    assert opening.epsg == 4490
    assert [note.id for note in opening.notes] == ["survey_txt.degrees"]
    assert row.survey_area_m2 == pytest.approx(1_106_351.0306, abs=2e-3)


@pytest.mark.parametrize("name", ["1980西安坐标系", "80国家大地坐标系", "西安80", "1954年北京坐标系"])
def test_an_older_datum_is_refused_as_such(tmp_path: Path, name: str) -> None:
    with pytest.raises(GeoRefusal) as refusal:
        rows_of(tmp_path, EXAMPLE.replace("2000国家大地坐标系", name))

    assert refusal.value.id == "crs.other_datum"


def test_a_local_system_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(GeoRefusal) as refusal:
        rows_of(tmp_path, EXAMPLE.replace("2000国家大地坐标系", "兴国独立坐标系"))

    assert (refusal.value.id, refusal.value.values["stated"]) == ("crs.unreadable", "兴国独立坐标系")


@pytest.mark.parametrize(
    ("header", "note", "values"),
    [
        (HEADER.replace("带号=38", "带号=39"), "survey_txt.zone_differs", {"stated": 39, "prefix": 38}),
        (HEADER.replace("几度分带=3", "几度分带=6"), "survey_txt.width_differs", {"stated": 6, "zone": 38, "width": 3}),
        (HEADER.replace("坐标系=2000国家大地坐标系\n", ""), "survey_txt.no_system", {}),
    ],
    ids=["zone", "width", "no system"],
)
def test_a_header_at_odds_with_the_coordinates_is_said_with_both(
    tmp_path: Path, header: str, note: str, values: dict[str, object]
) -> None:
    opening, (row,) = rows_of(tmp_path, header + PARCEL + OUTER + HOLE)

    assert [(n.id, n.values) for n in opening.notes] == [(note, values)]
    assert is_the_example(row)


def test_a_wrong_zone_that_the_prefix_shares_is_refused_for_where_it_lands(tmp_path: Path) -> None:
    wrong = EXAMPLE.replace("带号=38", "带号=39").replace(",38", ",39")

    with pytest.raises(GeoRefusal) as refusal:
        rows_of(tmp_path, wrong)

    assert refusal.value.id == "crs.lands_outside"


def test_a_zone_that_does_not_exist_is_said_and_found_out(tmp_path: Path) -> None:
    opening, _ = rows_of(tmp_path, HEADER.replace("带号=38", "带号=7") + PARCEL + plain(OUTER + HOLE))

    assert (opening.epsg, opening.crs_stated) == (4547, False)
    assert [note.id for note in opening.notes] == ["survey_txt.no_such_zone"]


def test_a_parcel_of_another_zone_in_the_same_file_is_refused_with_both(tmp_path: Path) -> None:
    _, rows = rows_of(tmp_path, EXAMPLE + PARCEL + OUTER.replace(",38", ",39"))

    assert row_refusals(rows) == [None, "survey_txt.other_zone"]
    assert rows[1].refusal is not None
    assert rows[1].refusal.values == {"line": 26, "here": "39", "file": "38"}


def test_a_second_header_that_says_the_same_is_passed_and_another_refused(tmp_path: Path) -> None:
    _, rows = rows_of(tmp_path, EXAMPLE + EXAMPLE)

    with pytest.raises(GeoRefusal) as refusal:
        rows_of(tmp_path, EXAMPLE + EXAMPLE.replace("带号=38", "带号=39"))

    assert row_refusals(rows) == [None, None]
    assert refusal.value.id == "survey_txt.second_header"
    assert (refusal.value.values["line"], refusal.value.values["before"], refusal.value.values["value"]) == (
        33,
        "38",
        "39",
    )
