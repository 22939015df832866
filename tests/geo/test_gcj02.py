"""The offset of GCJ-02 against values in public use, and back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo import sandbox
from geo.crs import from_storage
from geo.gcj02 import metres_apart, on_edges, says_so, shifted, unshifted
from geo.reading import Opening, Row
from geo.refusal import GeoRefusal
from tests.geo.craft import COUNTY, SQUARE, geojson, row_refusals, write_shapefile

IN_CHINA = st.tuples(st.floats(73, 135), st.floats(18, 53))


@pytest.mark.parametrize(
    ("real", "drawn"),
    [  # The values that implementations in public use are tested with: Shanghai, Shenzhen, Beijing.
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_the_offset_is_the_one_in_public_use(real: tuple[float, float], drawn: tuple[float, float]) -> None:
    assert shifted(np.array([real]))[0] == pytest.approx(drawn, abs=1e-6)


def test_in_the_county_it_is_some_620_metres_to_the_south_east() -> None:
    real = np.array([[115.36, 26.33]])

    azimuth, _, metres = Geod(ellps="GRS80").inv(*real[0], *shifted(real)[0])

    assert metres == pytest.approx(620, abs=10)
    assert 90 < azimuth < 180


@given(IN_CHINA)
def test_what_is_shifted_comes_back(at: tuple[float, float]) -> None:
    assert unshifted(shifted(np.array([at])))[0] == pytest.approx(at, abs=1e-9)


def test_what_lies_nowhere_stays_as_it_stands() -> None:
    nowhere = np.array([[np.nan, 26.3], [1e308, 26.3], [np.inf, 0]])

    assert np.array_equal(unshifted(nowhere), nowhere, equal_nan=True)


@given(IN_CHINA, st.floats(-0.004, 0.004), st.floats(-0.004, 0.004))
def test_metres_between_near_places_are_good_to_a_hundredth(at: tuple[float, float], east: float, north: float) -> None:
    there = (at[0] + east, at[1] + north)

    (metres,) = metres_apart(np.array([at]), np.array([there]))

    assert metres == pytest.approx(Geod(ellps="GRS80").inv(*at, *there)[2], rel=0.01, abs=0.01)


def test_places_on_an_edge_or_within_some_metres_of_one_are_told_from_others() -> None:
    metre = 1 / 111_320
    places = np.array([[115.30, 26.305], [115.30 + metre, 26.305], [115.30 + 3 * metre, 26.305], [115.305, 26.305]])

    assert on_edges(places, np.array([SQUARE], dtype=object), within_m=2).tolist() == [True, True, False, False]
    assert not on_edges(places, np.array([shapely.Point(115.3, 26.305)], dtype=object), within_m=2).any()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("来源=高德地图", True),
        ("坐标系=GCJ-02", True),
        ("source=AMap", True),
        ("火星坐标", True),
        ("来源=高德地图，已转换为CGCS2000", False),
        ("坐标系=GCJ02转WGS84", False),
        ("地址=高德路12号", False),
        ("name=Swamp map", False),
        ("来源=天地图", False),
    ],
)
def test_a_text_that_names_it_is_heard_unless_it_says_that_it_was_moved(text: str, said: bool) -> None:
    assert (says_so(["甲", text]) == text) == said


# --- in a file ---


def read(path: Path, *, gcj02: bool = False) -> tuple[Opening, list[Row]]:
    with sandbox.read(path, box=COUNTY, gcj02=gcj02) as reading:
        return reading.opening, [row for batch in reading.batches for row in batch]


def drawn(path: Path, **properties: str) -> Path:
    geometry = shapely.geometry.mapping(shapely.transform(SQUARE, shifted))
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    return geojson(path, text=json.dumps({"type": "FeatureCollection", "features": [feature]}))


def test_a_file_that_is_said_to_be_so_is_moved_back_and_the_metres_are_said(tmp_path: Path) -> None:
    opening, (row,) = read(drawn(tmp_path / "a.geojson"), gcj02=True)

    assert row.shape is not None
    assert shapely.hausdorff_distance(row.shape, SQUARE) < 1e-9
    # The quad of 0.01° at 26.30° N between exact parallels, by the formula of TD/T 1055.
    assert row.survey_area_m2 == pytest.approx(1_106_351.03, abs=0.05)
    assert [note.id for note in opening.notes] == ["gcj02.moved"]
    assert 610 < float(str(opening.notes[0].values["metres"])) < 630


def test_a_file_that_names_it_is_left_where_it_is_and_the_words_are_said(tmp_path: Path) -> None:
    opening, (row,) = read(drawn(tmp_path / "a.geojson", 来源="高德地图"))

    assert row.shape is not None
    assert shapely.hausdorff_distance(row.shape, SQUARE) > 0.003
    assert [(note.id, note.values) for note in opening.notes] == [("gcj02.named", {"text": "来源=高德地图"})]


def test_a_file_in_metres_cannot_be_so_and_is_refused_when_it_is_said_to_be(tmp_path: Path) -> None:
    plane = from_storage(np.array([SQUARE], dtype=object), 4526)[0]
    path = write_shapefile(tmp_path, "a", [plane], epsg=4526, names=["高德地图"])

    with pytest.raises(GeoRefusal) as refused:
        read(path, gcj02=True)

    assert refused.value.id == "gcj02.not_degrees"
    assert read(path)[0].notes == ()


def test_a_place_without_an_inverse_lies_outside_and_refuses_its_row(tmp_path: Path) -> None:
    far = {"type": "Polygon", "coordinates": [[[1e300, 0], [1e301, 0], [1e301, 1], [1e300, 0]]]}
    good = shapely.geometry.mapping(SQUARE)

    _, rows = read(geojson(tmp_path / "a.geojson", good, good, far), gcj02=True)

    assert row_refusals(rows) == [None, None, "shape.outside"]
