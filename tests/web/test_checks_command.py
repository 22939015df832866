"""`qingshan check --out`, `checks` and `verify`: stored, handed out, made again, and proved elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from tests.samples import feature, occasion, square, strip, township


@pytest.fixture
def county(engine: Engine) -> Engine:
    """A red line of two overlapping zones that reach far beyond the parcels, one of them with a hole."""
    wide = shapely.MultiPolygon([strip(-40, 90, -30, 60).difference(shapely.box(115.3521, 26.3302, 115.3525, 26.3306))])
    with Session(engine) as session, session.begin():
        zones = (
            feature("redlines", 1, strip(0, 2), control="core", made_up=True),
            feature("redlines", 2, wide, control="outside"),
            feature("controls", 1, strip(3, 9), kind="urban"),
        )
        apply(session, [township(0, strip(0, 10)), *zones], occasion())
    return engine


@pytest.fixture
def footprint(tmp_path: Path) -> Path:
    frame = gpd.GeoDataFrame({"DKMC": ["一号地", "二号地"]}, geometry=[strip(0, 4), square(7)], crs=4490).to_crs(4527)
    file = tmp_path / "范围.geojson"
    frame.to_file(file, driver="GeoJSON")
    return file


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


ALONE = """
import sys

def refuse(event, args):
    if event.startswith("socket."):
        raise SystemExit(f"network: {event}")

sys.addaudithook(refuse)
from web.terminal.main import run
run()
"""


def elsewhere(*words: object) -> subprocess.CompletedProcess[str]:
    """The command where no database can be reached, ended as soon as it asks for a socket."""
    nowhere = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    ran = [sys.executable, "-c", ALONE, *map(str, words)]
    return subprocess.run(ran, env=nowhere, capture_output=True, text=True, check=False)


def test_papers_of_a_stored_check_come_out_the_same_though_the_layers_have_changed(
    county: Engine, footprint: Path, tmp_path: Path, qingshan: Any, asked: Any
) -> None:
    first = qingshan("check", str(footprint), "--out", str(tmp_path / "a" / "b"), "--json")
    with Session(county) as session, session.begin():
        apply(session, [feature("redlines", 3, strip(2, 1), control="core")], occasion())

    again = asked("checks", "paper", "1", "--out", str(tmp_path / "c"))

    assert first.returncode == 0, first.stderr
    assert contents(tmp_path / "a" / "b") == contents(tmp_path / "c")
    assert {file["name"] for file in again["files"]} == {
        "套合-1.docx", "套合-1.pdf", "套合-1.xlsx", "套合-1.gpkg", "套合-1.txt", "套合-1.json", "套合-1-证据包.zip",
    }  # fmt: skip
    assert (tmp_path / "c" / "套合-1.json").read_text("utf-8") == first.stdout
    assert "第 1 号" in first.stderr


def test_a_pack_is_verified_without_database_or_network_and_no_paper_is_written_over(
    county: Engine, footprint: Path, tmp_path: Path, qingshan: Any, asked: Any
) -> None:
    assert qingshan("check", str(footprint), "--out", str(tmp_path)).returncode == 0
    written_in, gone = tmp_path / "套合-1.docx", tmp_path / "套合-1.pdf"
    written_in.write_bytes(b"signed")
    gone.unlink()

    sound = elsewhere("verify", tmp_path / "套合-1-证据包.zip")
    again = qingshan("checks", "paper", "1", "--out", str(tmp_path))

    (listed,) = asked("checks", "list")["checks"]
    assert sound.returncode == 0, sound.stderr
    assert "完好：第 1 号" in sound.stdout
    assert "5 份文件重新生成后逐字节相同" in sound.stdout
    assert f"结果 SHA-256 {listed['result_sha256']}" in sound.stdout
    assert again.returncode == 1
    assert "套合-1.docx" in again.stderr
    assert written_in.read_bytes() == b"signed"
    assert not gone.exists()


def test_a_pack_that_is_broken_is_refused_in_words_and_as_json(tmp_path: Path) -> None:
    broken = tmp_path / "包.zip"
    broken.write_bytes(b"PK\x03\x04" + bytes(100))

    said, told = elsewhere("verify", broken), elsewhere("verify", broken, "--json")
    missing = elsewhere("verify", tmp_path / "none.zip")

    assert (said.returncode, told.returncode, missing.returncode) == (1, 1, 1)
    assert json.loads(told.stdout)["refused"] == "zip.broken"
    assert "Traceback" not in said.stderr + missing.stderr


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_stored(
    county: Engine, footprint: Path, qingshan: Any, asked: Any
) -> None:
    refused = qingshan("check", str(footprint), "--out", str(footprint / "folder"))

    assert refused.returncode == 1
    assert "换一个文件夹" in refused.stderr
    assert asked("checks", "list") == {"checks": []}


def test_coordinates_are_printed_in_the_zone_that_was_asked_for(footprint: Path, county: Engine, asked: Any) -> None:
    assert asked("check", str(footprint))["plane"] == 4527
    assert asked("check", str(footprint), "--crs", "4526")["plane"] == 4526


def test_a_zone_that_is_none_was_typed_wrongly(footprint: Path, qingshan: Any) -> None:
    typed = qingshan("check", str(footprint), "--crs", "3857")

    assert typed.returncode == 2
    assert "4526" in typed.stderr


def test_a_file_in_degrees_gets_the_zone_it_lies_in(county: Engine, tmp_path: Path, asked: Any) -> None:
    for west, zone in ((115.35, 4526), (115.6, 4527)):
        file = tmp_path / f"{zone}.geojson"
        shape = square(round((west - 115.35) * 1000))
        gpd.GeoDataFrame({"DKMC": ["甲"]}, geometry=[shape], crs=4490).to_file(file, driver="GeoJSON")

        assert asked("check", str(file))["plane"] == zone
