"""A bureau's file lands as one change, or not at all; what is wrong is said with its place."""

from __future__ import annotations

from pathlib import Path

import fiona
import pytest
import shapely
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from data import facts
from geo.area import survey_area
from geo.refusal import GeoRefusal
from layers.ground.journal import Change
from layers.records.batches import Batch, RefusedRow
from pipelines.edits.edit import EditRefusal
from tests.pipelines.importing import (
    changes,
    column,
    geojson,
    plots,
    refusals,
    shapefile,
    stand,
    taken,
    through_gdal,
)
from tests.samples import square

PLAIN_4526 = (
    'PROJCS["CGCS2000_3_Degree_GK_Zone_38",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",38500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)
"""What ArcGIS writes: no authority, no code."""


def test_a_gbk_shapefile_without_cpg_and_without_authority_code_lands_under_the_bureaus_names(
    engine: Engine, tmp_path: Path
) -> None:
    file = shapefile(tmp_path / "林地.zip", [stand(1, REMARKS="兴国县均村乡")], wkt=PLAIN_4526)

    report = taken(engine, file)

    landed = plots(engine)["1"]
    assert report.counts == {"added": 1}
    assert (landed.township, landed.village, landed.compartment) == ("360732100", "001", "0001")
    assert (landed.land_class, landed.canopy, landed.remarks) == ("030100", 0.6, "兴国县均村乡")
    assert (landed.code, landed.source) == ("360732100-001-0001-1", "林业局")


@pytest.mark.parametrize("epsg", [4526, 4547, 4527, 4548, 4498, 4509, 4490, 4326])
def test_a_file_lands_in_the_same_place_from_any_zone_and_keeps_the_area_of_its_own_plane(
    engine: Engine, tmp_path: Path, epsg: int
) -> None:
    file = through_gdal(tmp_path / "a.gpkg", [stand(1)], driver="GPKG", epsg=epsg)

    taken(engine, file)

    landed = plots(engine)["1"]
    with fiona.open(file) as opened:
        given = shapely.geometry.shape(next(iter(opened))["geometry"])
    assert shapely.equals_exact(landed.shape, square(1), 1e-9)
    assert landed.survey_crs == epsg
    assert landed.survey_area_m2 == pytest.approx(float(survey_area([given], epsg=epsg)[0]), abs=1e-6)


def test_zone_39_with_prefix_is_told_from_its_coordinates_when_no_prj_says_it(engine: Engine, tmp_path: Path) -> None:
    east = stand(1, shape=shapely.box(115.60, 26.30, 115.601, 26.301))

    report = taken(engine, shapefile(tmp_path / "a.zip", [east], epsg=4527, wkt=None))

    assert report.counts == {"added": 1}
    assert plots(engine)["1"].survey_crs == 4527


def test_a_file_geodatabase_lands_from_the_layer_that_is_named(engine: Engine, tmp_path: Path) -> None:
    for name, count in (("XBM", 2), ("JZ", 3)):
        rows = [stand(n, REMARKS="小班") for n in range(count)]
        through_gdal(tmp_path / "a.gdb", rows, driver="OpenFileGDB", epsg=4490, layer=name)

    with pytest.raises(GeoRefusal) as refused:
        taken(engine, tmp_path / "a.gdb")
    report = taken(engine, tmp_path / "a.gdb", dataset="XBM")

    assert refused.value.id == "file.which_layer"
    assert "XBM(2)" in str(refused.value)
    assert "JZ(3)" in str(refused.value)
    assert report.counts == {"added": 2}


def test_the_same_file_twice_makes_no_change_and_no_batch(engine: Engine, tmp_path: Path) -> None:
    file = shapefile(tmp_path / "a.zip", [stand(1), stand(2)])
    taken(engine, file)

    again = taken(engine, file)

    assert again.lands
    assert (again.counts, again.batch) == ({"unchanged": 2}, None)
    assert changes(engine) == 1


def test_the_same_rows_in_another_zone_and_format_make_no_change(engine: Engine, tmp_path: Path) -> None:
    taken(engine, shapefile(tmp_path / "a.zip", [stand(1), stand(2)], epsg=4526))

    again = taken(engine, through_gdal(tmp_path / "a.gpkg", [stand(1), stand(2)], driver="GPKG", epsg=4527))

    assert again.counts == {"unchanged": 2}
    assert changes(engine) == 1


def test_one_file_is_one_change_with_its_person_and_door(engine: Engine, tmp_path: Path) -> None:
    taken(engine, geojson(tmp_path / "a.geojson", [stand(n) for n in range(700)]))

    with Session(engine) as session:
        change = session.scalars(select(Change)).one()
        batch = session.scalars(select(Batch)).one()
    assert (change.no, change.person, change.door) == (1, "林小青", "import")
    assert (batch.change, batch.counts, batch.file_name) == (change.id, {"added": 700}, "a.geojson")


def test_with_one_refused_row_nothing_lands_and_nothing_is_kept(engine: Engine, tmp_path: Path) -> None:
    report = taken(engine, geojson(tmp_path / "a.geojson", [stand(1), stand(2, YU_BI_DU=0.1)]))

    assert not report.lands
    assert refusals(report) == {2: ["rule.R1"]}
    assert plots(engine) == {}
    with engine.connect() as connection:
        for table in ("journal.changes", "records.batches", "records.sent", "records.refused_rows"):
            assert connection.scalar(text(f"select count(*) from {table}")) == 0


def test_accepting_the_good_rows_keeps_the_refused_ones_as_the_file_gave_them(engine: Engine, tmp_path: Path) -> None:
    rows = [stand(1), stand(2, YU_BI_DU=0.1, REMARKS="待核")]

    report = taken(engine, geojson(tmp_path / "a.geojson", rows), accept_good=True)

    assert report.lands
    assert set(plots(engine)) == {"1"}
    with Session(engine) as session:
        row = session.scalars(select(RefusedRow)).one()
    assert (row.batch, row.number, row.landed_in) == (report.batch, 2, None)
    assert row.attributes["YU_BI_DU"] == 0.1
    assert row.attributes["REMARKS"] == "待核"
    assert [reason["id"] for reason in row.reasons] == ["rule.R1"]


def test_an_unconfirmed_rule_warns_and_lets_the_row_land(engine: Engine, tmp_path: Path) -> None:
    report = taken(engine, geojson(tmp_path / "a.geojson", [stand(1, DI_LEI="030301", YU_BI_DU=0.2)]))

    assert report.counts == {"added": 1}
    assert [note.id for note in report.rows[0].said] == ["rule.R1-shrub"]
    assert report.rows[0].code == "360732100-001-0001-1"


def test_an_unknown_code_is_refused_with_its_near_matches(engine: Engine, tmp_path: Path) -> None:
    report = taken(engine, geojson(tmp_path / "a.geojson", [stand(1, DI_LEI="030110", YU_BI_DU=None)]))

    said = report.rows[0].said[0]
    assert refusals(report) == {1: ["rule.code"]}
    assert (said.values["value"], said.values["label_zh"]) == ("030110", "地类")
    assert "030100 乔木林地" in str(said.values["near"])


def test_every_unreadable_value_of_a_row_is_said_with_its_field(engine: Engine, tmp_path: Path) -> None:
    rows = [stand(1, YU_BI_DU="零点六", PINGJUN_NL="3.5", DI_LEI=None)]

    report = taken(engine, geojson(tmp_path / "a.geojson", rows))

    said = {note.id: note.values["field"] for note in report.rows[0].said}
    assert said == {
        "import.not_a_number": "YU_BI_DU",
        "import.not_a_whole_number": "PINGJUN_NL",
        "import.required": "DI_LEI",
    }
    assert report.rows[0].code == "100-001-0001-1"


def test_a_key_that_stands_twice_in_a_file_names_the_row_where_it_stood_first(engine: Engine, tmp_path: Path) -> None:
    rows = [stand(n) for n in range(1, 602)] + [stand(1, DI_LEI="030301"), stand(600)]

    report = taken(engine, geojson(tmp_path / "a.geojson", rows))

    assert refusals(report) == {602: ["import.twice"], 603: ["import.twice"]}
    assert [row.said[0].values["first"] for row in report.rows] == [1, 600]


def test_a_key_with_a_gap_is_refused_and_never_mistaken_for_another(engine: Engine, tmp_path: Path) -> None:
    rows = [stand(1, XIAO_BAN=None), stand(2, XIAO_BAN=" "), stand(3)]

    report = taken(engine, geojson(tmp_path / "a.geojson", rows))

    assert set(refusals(report)) == {1, 2}


def test_a_line_among_polygons_is_refused_as_the_wrong_kind(engine: Engine, tmp_path: Path) -> None:
    line = shapely.LineString([(115.35, 26.33), (115.36, 26.33)])

    report = taken(engine, geojson(tmp_path / "a.geojson", [stand(1, shape=line)]))

    assert refusals(report) == {1: ["import.wrong_shape"]}


def test_a_bow_tie_is_mended_and_said_with_its_place(engine: Engine, tmp_path: Path) -> None:
    tie = shapely.Polygon([(115.35, 26.33), (115.352, 26.332), (115.352, 26.33), (115.35, 26.332)])

    report = taken(engine, geojson(tmp_path / "a.geojson", [stand(1, shape=tie)]))

    note = report.rows[0].said[0]
    assert report.counts == {"added": 1}
    assert note.id == "shape.mended"
    assert (float(str(note.values["x"])), float(str(note.values["y"]))) == (115.351, 26.331)
    assert plots(engine)["1"].shape.is_valid


def test_adding_refuses_what_is_there_already(engine: Engine, tmp_path: Path) -> None:
    taken(engine, geojson(tmp_path / "a.geojson", [stand(1)]))

    report = taken(engine, geojson(tmp_path / "b.geojson", [stand(1, YU_BI_DU=0.7), stand(2)]), mode="add")

    assert refusals(report) == {1: ["import.known"]}
    assert column(engine, "canopy") == {"1": 0.6}


def test_replacing_lists_what_it_would_end_by_code(engine: Engine, tmp_path: Path) -> None:
    taken(engine, geojson(tmp_path / "a.geojson", [stand(1), stand(2), stand(3)]))

    report = taken(engine, geojson(tmp_path / "b.geojson", [stand(2), stand(4)]), mode="replace")

    assert report.ending == 2
    assert {r.code for r in report.rows} == {"360732100-001-0001-1", "360732100-001-0001-3"}
    assert set(plots(engine)) == {"2", "4"}


def test_replacing_within_a_set_value_leaves_the_others(engine: Engine, tmp_path: Path) -> None:
    taken(engine, geojson(tmp_path / "a.geojson", [stand(1), stand(2), stand(3, XIANG="101")]))

    taken(engine, geojson(tmp_path / "b.geojson", [stand(2)]), mode="replace", fixed={"township": "100"})

    assert set(plots(engine)) == {"2", "3"}


def test_a_replacing_file_with_refused_rows_ends_nothing(engine: Engine, tmp_path: Path) -> None:
    taken(engine, geojson(tmp_path / "a.geojson", [stand(1), stand(2)]))

    bad = geojson(tmp_path / "b.geojson", [stand(2, YU_BI_DU=0.1), stand(3)])
    report = taken(engine, bad, mode="replace", accept_good=True)

    assert report.keeps_the_missing
    assert set(plots(engine)) == {"1", "2", "3"}


def test_a_plot_that_a_replacing_file_ended_comes_back_with_the_next(engine: Engine, tmp_path: Path) -> None:
    taken(engine, geojson(tmp_path / "a.geojson", [stand(1), stand(2)]))
    taken(engine, geojson(tmp_path / "b.geojson", [stand(2)]), mode="replace")

    report = taken(engine, geojson(tmp_path / "a.geojson", [stand(1), stand(2)]))

    assert report.counts == {"added": 1, "unchanged": 1}
    assert set(plots(engine)) == {"1", "2"}


def test_a_text_that_no_database_holds_is_refused_and_can_wait(engine: Engine, tmp_path: Path) -> None:
    file = geojson(tmp_path / "a.geojson", [stand(1, REMARKS="a\x00b"), stand(3)])

    report = taken(engine, file, accept_good=True)

    assert refusals(report) == {1: ["import.not_a_text"]}
    assert set(plots(engine)) == {"3"}


def test_a_file_without_the_key_fields_is_refused_with_the_remedy(engine: Engine, tmp_path: Path) -> None:
    file = geojson(tmp_path / "a.geojson", [({"XIAO_BAN": "1", "乡镇代码": "100"}, square(1).geoms[0])])

    with pytest.raises(EditRefusal) as refused:
        taken(engine, file)
    stated, fixed = {"乡镇代码": "township"}, {"village": "1", "compartment": "2", "land_class": "乔木林地"}
    report = taken(engine, file, stated=stated, fixed=fixed)

    assert refused.value.id == "import.no_key"
    assert refused.value.values["fields"] == "township, village, compartment"
    assert report.counts == {"added": 1}
    assert plots(engine)["1"].land_class == "030100"


def test_an_attribute_in_lower_case_or_in_chinese_is_known(engine: Engine, tmp_path: Path) -> None:
    township = facts.townships()[3]
    values = {"xiang": township.zh, "村": "001", "LIN_BAN": "0001", "Xiao_Ban": 7, "地类": "乔木林地", "XBMJ": 1}

    report = taken(engine, geojson(tmp_path / "a.geojson", [(values, square(1).geoms[0])]))

    assert report.counts == {"added": 1}
    assert report.ignored == ("XBMJ",)
    assert (plots(engine)["7"].township, plots(engine)["7"].land_class) == (township.code, "030100")


def test_a_row_that_lacks_an_attribute_leaves_the_field_alone(engine: Engine, tmp_path: Path) -> None:
    taken(engine, geojson(tmp_path / "a.geojson", [stand(1, REMARKS="旧"), stand(2, REMARKS="旧")]))
    (values, shape), other = stand(1, REMARKS="旧"), stand(2)
    del values["REMARKS"]

    taken(engine, geojson(tmp_path / "b.geojson", [(values, shape), other]))

    assert column(engine, "remarks") == {"1": "旧", "2": None}
