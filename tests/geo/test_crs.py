"""Which CRS a file is taken to be in, and why it is refused."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj.enums import WktVersion

from geo.crs import Box, Floats, from_storage, name_of, resolve, take_crs, to_storage, zones
from geo.refusal import GeoRefusal

COUNTY = Box(115.0, 26.0, 115.9, 26.7)

# A .prj as ArcGIS writes it: no authority code anywhere.
ESRI = (
    'PROJCS["CGCS2000_3_Degree_GK_Zone_38",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",38500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


def at(x: float, y: float) -> Floats:
    return np.array([[x, y], [x + 1e-3, y]])


def test_every_zone_is_the_one_the_epsg_registry_describes() -> None:
    for zone in zones().values():
        operation = pyproj.CRS.from_epsg(zone.epsg).coordinate_operation
        assert operation is not None
        value = {p.name: p.value for p in operation.params}
        assert value["Longitude of natural origin"] == zone.central_meridian
        assert value["False easting"] == zone.false_easting
        assert ("3-degree" in name_of(zone.epsg)) == (zone.width == 3)
    assert sorted(zones()) == list(range(4491, 4555))


# Eastings of the county at 26.35°N, computed apart from this program.
@pytest.mark.parametrize(
    ("x", "y", "epsg"),
    [
        (38_599_822.0, 2_916_000.0, 4526),
        (39_390_195.0, 2_916_000.0, 4527),
        (20_390_195.0, 2_916_000.0, 4498),
        (599_822.0, 2_916_000.0, 4547),
        (390_195.0, 2_916_000.0, 4548),
        (115.35, 26.35, 4490),
    ],
    ids=["zone 38", "zone 39", "6° zone 20", "meridian 114", "meridian 117", "degrees"],
)
def test_a_silent_file_is_taken_by_the_only_candidate_that_lands_in_the_county(x: float, y: float, epsg: int) -> None:
    taken = take_crs(None, at(x, y), box=COUNTY)

    assert (taken.epsg, taken.stated) == (epsg, False)


def test_a_silent_file_that_fits_two_meridians_is_refused_naming_both() -> None:
    wide = Box(112.0, 20.0, 120.0, 40.0)

    with pytest.raises(GeoRefusal) as refused:
        take_crs(None, at(500_000.0, 2_916_000.0), box=wide)

    assert refused.value.id == "crs.ambiguous"
    assert "EPSG:4547" in str(refused.value.values["candidates"])
    assert "EPSG:4548" in str(refused.value.values["candidates"])


@pytest.mark.parametrize(("x", "y"), [(26.35, 115.35), (2_916_000.0, 38_634_790.0), (2_916_000.0, 599_822.0)])
def test_swapped_axes_are_refused_with_the_remedy_and_never_turned(x: float, y: float) -> None:
    with pytest.raises(GeoRefusal, match=r"crs\.swapped"):
        take_crs(None, at(x, y), box=COUNTY)


def test_swapped_axes_in_a_stated_crs_are_refused_as_such() -> None:
    with pytest.raises(GeoRefusal, match=r"crs\.swapped"):
        take_crs("EPSG:4490", at(26.35, 115.35), box=COUNTY)


def test_a_silent_file_that_lands_nowhere_near_is_refused_naming_the_candidates() -> None:
    with pytest.raises(GeoRefusal) as refused:
        take_crs(None, at(38_400_000.0, 4_400_000.0), box=COUNTY)

    assert refused.value.id == "crs.none_lands"
    assert "4526" in str(refused.value.values["candidates"])


def test_a_stated_crs_that_lands_elsewhere_is_refused_naming_where() -> None:
    with pytest.raises(GeoRefusal) as refused:
        take_crs("EPSG:4527", at(38_599_822.0, 2_916_000.0), box=COUNTY)
    assert refused.value.id == "crs.lands_outside"

    with pytest.raises(GeoRefusal) as refused:
        take_crs("EPSG:4548", at(599_822.0, 2_916_000.0), box=COUNTY)
    assert str(refused.value.values["landed"]).startswith("118.00")


def test_the_margin_counts_in_kilometres() -> None:
    south = at(115.4, 26.0 - 3 / 111.32)

    with pytest.raises(GeoRefusal):
        take_crs(None, south, box=COUNTY, margin_km=2)
    assert take_crs(None, south, box=COUNTY, margin_km=4).epsg == 4490


def test_a_few_points_astray_do_not_lose_the_file() -> None:
    sample = np.array([[115.3, 26.3]] * 9 + [[0.0, 0.0]])

    assert take_crs(None, sample, box=COUNTY).epsg == 4490


def test_a_prj_without_a_code_is_known_by_its_parameters() -> None:
    assert resolve(ESRI).epsg == 4526
    assert resolve(ESRI.replace("38500000.0", "500000.0").replace("Zone_38", "CM_114E")).epsg == 4547
    assert resolve(ESRI.replace("CGCS2000_3_Degree_GK_Zone_38", "whatever")).epsg == 4526


def test_every_zone_survives_its_own_esri_prj() -> None:
    for epsg in zones():
        assert resolve(pyproj.CRS.from_epsg(epsg).to_wkt(WktVersion.WKT1_ESRI)).epsg == epsg


@pytest.mark.parametrize(
    ("stated", "epsg"),
    [
        ("EPSG:4490", 4490),
        ("urn:ogc:def:crs:EPSG::4490", 4490),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326),
        ("EPSG:3857", 3857),
        ("EPSG:32650", 32650),
        ("EPSG:4490+5737", 4490),
    ],
)
def test_other_ways_of_stating_a_crs_on_the_same_frame_are_taken(stated: str, epsg: int) -> None:
    assert resolve(stated).epsg == epsg


@pytest.mark.parametrize("stated", ["EPSG:2362", "EPSG:4610", "EPSG:4214", "EPSG:2436", "EPSG:4267"])
def test_xian_80_beijing_54_and_other_datums_are_refused_with_the_remedy(stated: str) -> None:
    with pytest.raises(GeoRefusal, match="other_datum"):
        resolve(stated)


def test_a_local_meridian_without_a_code_is_refused_by_name() -> None:
    local = ESRI.replace('"Central_Meridian",114.0', '"Central_Meridian",115.5').replace("GK_Zone_38", "Local")

    with pytest.raises(GeoRefusal, match=r"crs\.unknown"):
        resolve(local)


def test_words_that_are_no_crs_are_refused() -> None:
    with pytest.raises(GeoRefusal, match=r"crs\.unreadable"):
        resolve("2000国家大地坐标系")


def test_without_a_box_and_a_statement_nothing_is_guessed() -> None:
    with pytest.raises(GeoRefusal, match=r"crs\.not_stated"):
        take_crs(None, at(38_599_822.0, 2_916_000.0), box=None)


@settings(deadline=None)
@given(
    lon=st.floats(115.0, 115.9),
    lat=st.floats(26.0, 26.7),
    epsg=st.sampled_from([4526, 4527, 4547, 4548, 4498, 4509, 3857, 4490, 4326]),
)
def test_there_and_back_from_storage_is_the_same_place(lon: float, lat: float, epsg: int) -> None:
    here = np.array([shapely.Point(lon, lat)], dtype=object)

    back = to_storage(from_storage(here, epsg), epsg)[0]

    assert shapely.distance(back, here[0]) < 1e-11
