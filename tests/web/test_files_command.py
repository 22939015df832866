"""`qingshan import`, `export` and `batches`, run as a user runs them: exit codes, languages, JSON, two at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import fiona
import pytest
from sqlalchemy import URL, Engine, text

from tests.pipelines.importing import (
    arguments,
    changes,
    column,
    environment,
    geojson,
    plots,
    qingshan,
    shapefile,
    stand,
)


def test_an_import_says_what_it_read_and_what_landed_and_leaves_with_zero(url: URL, tmp_path: Path) -> None:
    file = shapefile(tmp_path / "林地.zip", [stand(1, REMARKS="兴国县"), stand(2)])

    said = qingshan(url, "--lang", "en", "import", "plots", file)

    assert said.code == 0
    assert said.out == ""
    assert "EPSG:4526" in said.err
    assert "landed: added 2; source 林地, batch 1" in said.err


def test_json_alone_goes_to_standard_output(url: URL, tmp_path: Path) -> None:
    file = geojson(tmp_path / "a.geojson", [stand(1), stand(2, DI_LEI="030301", YU_BI_DU=0.2)])

    said = qingshan(url, "import", "plots", file, "--json")

    assert said.code == 0
    assert said.json["landed"] is True
    assert said.json["counts"] == {"added": 2}
    (row,) = said.json["rows"]
    assert (row["row"], row["code"], row["said"][0]["id"]) == (2, "360732100-001-0001-2", "rule.R1-shrub")
    assert row["said"][0]["values"]["canopy"] == 0.2


def test_a_refused_row_is_told_with_its_place_and_leaves_with_one(url: URL, engine: Engine, tmp_path: Path) -> None:
    file = geojson(tmp_path / "a.geojson", [stand(1), stand(2, YU_BI_DU="零点六")])

    zh = qingshan(url, "--lang", "zh", "import", "plots", file)
    en = qingshan(url, "--lang", "en", "import", "plots", file, "--json")

    assert (zh.code, en.code) == (1, 1)
    assert "字段 YU_BI_DU(郁闭度/覆盖度)的值“零点六”不是数字" in zh.out
    assert "没有导入任何数据" in zh.err
    assert "nothing" not in zh.err
    assert en.json["landed"] is False
    said = en.json["rows"][0]["said"][0]
    assert (said["values"]["field"], said["values"]["value"]) == ("YU_BI_DU", "零点六")
    assert plots(engine) == {}


def test_what_concerns_the_whole_file_is_one_sentence_and_exit_one(url: URL, tmp_path: Path) -> None:
    missing = qingshan(url, "--lang", "en", "import", "plots", tmp_path / "none.zip")
    layer = qingshan(url, "import", "forests", tmp_path / "none.zip", "--json")
    batch = qingshan(url, "batches", "export", 7, tmp_path / "x.gpkg", "--json")

    assert (missing.code, layer.code, batch.code) == (1, 1, 1)
    assert "there is no file" in missing.err
    assert layer.json["refused"] == "layer.unknown"
    assert batch.json["refused"] == "import.no_batch"
    assert "Traceback" not in missing.err + layer.err + batch.err


def test_what_is_typed_wrongly_leaves_with_two(url: URL, tmp_path: Path) -> None:
    assert qingshan(url, "import", "plots").code == 2
    assert qingshan(url, "import", "plots", tmp_path / "a.zip", "--mode", "merge").code == 2


def test_replacing_asks_for_yes_and_lists_what_it_would_end(url: URL, engine: Engine, tmp_path: Path) -> None:
    first = geojson(tmp_path / "a.geojson", [stand(1), stand(2)])
    second = geojson(tmp_path / "b.geojson", [stand(2, YU_BI_DU=0.7)])
    replace = ("--lang", "en", "import", "plots", second, "--source", "林业局", "--mode", "replace")
    qingshan(url, "import", "plots", first, "--source", "林业局")

    asked = qingshan(url, *replace)
    stood = column(engine, "canopy")
    agreed = qingshan(url, *replace, "--yes")

    assert asked.code == 1
    assert "360732100-001-0001-1" in asked.out
    assert "--yes" in asked.err
    assert stood == {"1": 0.6, "2": 0.6}
    assert agreed.code == 0
    assert column(engine, "canopy") == {"2": 0.7}


def test_refused_rows_go_out_are_mended_and_come_again_as_the_continuation(
    url: URL, engine: Engine, tmp_path: Path
) -> None:
    rows = [stand(1), stand(2, YU_BI_DU=0.1), stand(3, YU_BI_DU="x")]
    named = [({("郁闭" if k == "YU_BI_DU" else k): v for k, v in row.items()}, shape) for row, shape in rows]
    file = geojson(tmp_path / "a.geojson", named)
    qingshan(url, "import", "plots", file, "--source", "林业局", "--field", "郁闭=canopy", "--accept-good")
    qingshan(url, "batches", "export", 1, tmp_path / "refused.gpkg")
    _edit(tmp_path / "refused.gpkg", "2", 郁闭="0.4")

    half = qingshan(url, "import", "plots", tmp_path / "refused.gpkg", "--continue", 1, "--accept-good", "--json")
    again = qingshan(url, "import", "plots", tmp_path / "refused.gpkg", "--continue", 1, "--json")
    listed = qingshan(url, "batches", "list", "--json")

    assert half.json["source"] == "林业局"
    assert half.json["counts"] == {"added": 1, "refused": 1}
    assert column(engine, "canopy") == {"1": 0.6, "2": 0.4}
    assert again.code == 1
    said = {row["row"]: row["said"][0]["id"] for row in again.json["rows"]}
    assert said == {1: "import.not_waiting", 2: "import.not_a_number"}
    assert [(b["batch"], b["continues"], b["refused_open"]) for b in listed.json] == [(2, 1, 0), (1, None, 1)]


@pytest.mark.parametrize(("ending", "crs"), [("gpkg", 4527), ("gpkg", 4490), ("geojson", 4526), ("zip", 4547)])
def test_one_plot_edited_in_an_export_is_the_only_one_that_changes(
    url: URL, engine: Engine, tmp_path: Path, ending: str, crs: int
) -> None:
    qingshan(url, "import", "plots", shapefile(tmp_path / "a.zip", [stand(n, REMARKS="兴国县") for n in range(1, 6)]))
    qingshan(url, "export", "plots", tmp_path / f"out.{ending}", "--crs", crs)
    with engine.begin() as connection:  # somebody else, meanwhile
        connection.execute(text("update layers.plots set canopy = 0.9 where subcompartment = '3'"))
    edited = _edit(tmp_path / f"out.{ending}", "3", REMARKS="外业改")

    said = qingshan(url, "import", "plots", edited, "--json")

    assert said.code == 0, said.out + said.err
    assert said.json["counts"] == {"unchanged": 4, "revised": 1}
    assert column(engine, "remarks") == {"1": "兴国县", "2": "兴国县", "3": "外业改", "4": "兴国县", "5": "兴国县"}
    assert plots(engine)["3"].canopy == 0.9
    assert len(qingshan(url, "show", 3, "--json").json["features"]) == 1


def test_an_export_as_of_a_past_change_gives_that_past(url: URL, engine: Engine, tmp_path: Path) -> None:
    qingshan(url, "import", "plots", geojson(tmp_path / "a.geojson", [stand(1), stand(2)]))
    with engine.begin() as connection:
        connection.execute(text("delete from layers.plots where subcompartment = '2'"))
        connection.execute(text("update layers.plots set canopy = 0.9"))

    then = qingshan(url, "export", "plots", tmp_path / "then.geojson", "--as-of", 1, "--json")
    qingshan(url, "export", "plots", tmp_path / "now.geojson")

    assert then.json["rows"] == 2
    assert _canopies(tmp_path / "then.geojson") == {"1": 0.6, "2": 0.6}
    assert _canopies(tmp_path / "now.geojson") == {"1": 0.9}


def test_two_imports_of_the_same_file_at_once_land_once_and_the_other_says_unchanged(
    url: URL, engine: Engine, tmp_path: Path
) -> None:
    file = geojson(tmp_path / "a.geojson", [stand(n) for n in range(1200)])
    command, environs = arguments("import", "plots", file, "--json"), environment(url)

    pair = [subprocess.Popen(command, env=environs, stdout=-1, stderr=-1, text=True) for _ in range(2)]
    answers = [(process.communicate(timeout=300), process.returncode) for process in pair]

    assert [code for _, code in answers] == [0, 0], answers
    counts = sorted(json.dumps(json.loads(out)["counts"]) for (out, _), _ in answers)
    assert counts == ['{"added": 1200}', '{"unchanged": 1200}']
    assert changes(engine) == 1


def test_an_import_that_is_killed_midway_leaves_nothing(url: URL, engine: Engine, tmp_path: Path) -> None:
    file = geojson(tmp_path / "a.geojson", [stand(n) for n in range(4000)])
    process = subprocess.Popen(arguments("import", "plots", file), env=environment(url), stdout=-1, stderr=-1)
    _until_it_writes(engine, process)

    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)

    again = qingshan(url, "import", "plots", file, "--json")
    assert again.json["counts"] == {"added": 4000}
    assert changes(engine) == 1


def _until_it_writes(engine: Engine, process: subprocess.Popen[bytes]) -> None:
    """Come back when the import's transaction has begun to write to the table."""
    at_work = text("""
        select exists (select from pg_locks l join pg_class c on c.oid = l.relation
                        where c.relname = 'plots' and l.mode = 'RowExclusiveLock')
    """)
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        with engine.connect() as connection:
            if connection.scalar(at_work):
                return
    raise AssertionError("the import never wrote")


def _canopies(file: Path) -> dict[str, float]:
    features = json.loads(file.read_text("utf-8"))["features"]
    return {f["properties"]["XIAO_BAN"]: f["properties"]["YU_BI_DU"] for f in features}


def _edit(file: Path, plot: str, **values: str) -> Path:
    """Change values of one plot of an exported file as a GIS does; gives the file to send."""
    zipped = file.suffix == ".zip"
    with fiona.open(f"zip://{file}" if zipped else str(file)) as opened:
        rows, meta = list(opened), opened.meta
    made = file.with_name("edited.shp") if zipped else file.with_name(f"edited{file.suffix}")
    with fiona.open(made, "w", **meta | ({"encoding": "UTF-8"} if zipped else {})) as out:
        for row in rows:
            changed = values if row["properties"]["XIAO_BAN"] == plot else {}
            properties = dict(row["properties"]) | changed
            out.write({"type": "Feature", "properties": properties, "geometry": row["geometry"]})
    return made if zipped else made.replace(file)


SURVEYED = """[属性描述]
坐标系=2000国家大地坐标系
几度分带=3
带号=38
[地块坐标]
4,1.0000,K-1,一号采坑,面,,生态修复,,@
J1,1,2914000.000,38634000.000
J2,1,2914000.000,38634100.000
J3,1,2914100.000,38634100.000
J4,1,2914100.000,38634000.000
4,,K-2,二号采坑,面,,生态修复,,@
J1,1,38634300.000,2914000.000
J2,1,38634400.000,2914000.000
J3,1,38634400.000,2914100.000
J4,1,38634300.000,2914100.000
"""
"""The first parcel declares its area in the plane; the second has X and Y turned round."""


def test_a_survey_coordinate_file_lands_and_says_what_was_odd(url: URL, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "界址点.txt"
    file.write_bytes(SURVEYED.replace("\n", "\r\n").encode("gbk"))
    fields = ("--field", "地块编号=code", "--field", "地块名称=name")

    said = qingshan(url, "import", "mines", file, *fields, "--json")

    assert said.code == 0, said.out + said.err
    assert (said.json["format"], said.json["encoding"], said.json["crs"]["epsg"]) == ("界址点坐标 TXT", "GB18030", 4526)
    told = {row["code"]: row["said"][0]["id"] for row in said.json["rows"]}
    assert told == {"K-1": "area.declared_is_plane", "K-2": "survey_txt.turned"}
    with engine.connect() as connection:
        stored = connection.execute(
            text("select code, name, survey_area_m2, survey_crs from layers.mines order by code")
        )
        areas = {code: (name, crs, area) for code, name, area, crs in stored}
    assert {code: row[:2] for code, row in areas.items()} == {"K-1": ("一号采坑", 4526), "K-2": ("二号采坑", 4526)}
    assert all(area == pytest.approx(10_000, rel=1e-3) for _, _, area in areas.values())


def test_a_layer_goes_out_as_a_survey_coordinate_file_and_comes_in_again_unchanged(
    url: URL, engine: Engine, tmp_path: Path
) -> None:
    file, fields = tmp_path / "界址点.txt", ("--field", "地块编号=code", "--field", "地块名称=name")
    file.write_bytes(SURVEYED.encode("gbk"))
    qingshan(url, "import", "mines", file, *fields, "--source", "测绘队")

    degrees = qingshan(url, "export", "mines", tmp_path / "out.txt", "--json")
    out = qingshan(url, "export", "mines", tmp_path / "out.txt", "--crs", 4526, "--json")
    again = qingshan(url, "import", "mines", tmp_path / "out.txt", *fields, "--source", "另一家", "--json")

    assert (degrees.code, degrees.json["refused"]) == (1, "write.no_zone")
    assert out.json["rows"] == 2
    lines = (tmp_path / "out.txt").read_bytes().decode("gbk").split("\r\n")
    assert {"带号=38", "几度分带=3", "数据产生单位=兴国县"} < set(lines)
    assert "5,0.9996,K-1,一号采坑,面,,历史遗留废弃矿山,,@" in lines
    assert "J1,1,2914100.000,38634000.000" in lines
    assert again.code == 0, again.out + again.err
    assert not [row for row in again.json["rows"] if row["outcome"] == "refused"]
    assert all(note["id"] != "area.declared_differs" for row in again.json["rows"] for note in row["said"])


def test_refused_rows_do_not_go_out_as_a_survey_coordinate_file(url: URL, tmp_path: Path) -> None:
    file = geojson(tmp_path / "a.geojson", [stand(1), stand(2, YU_BI_DU="x")])
    qingshan(url, "import", "plots", file, "--accept-good")

    said = qingshan(url, "batches", "export", 1, tmp_path / "refused.txt", "--json")

    assert (said.code, said.json["refused"]) == (1, "export.refused_as_txt")
