"""`qingshan avoid`: a footprint or a line in, alternatives that clear chosen layers out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import MultiPolygon
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from tests.samples import feature, occasion, square, strip, township


@pytest.fixture
def county(engine: Engine) -> Engine:
    """Red line on squares 0 to 3, urban from square 6; a square is about 100 m wide and 111 m high."""
    with Session(engine) as session, session.begin():
        zones = feature("redlines", 1, strip(0, 4), control="core"), feature("controls", 1, strip(6, 9), kind="urban")
        apply(session, [township(0, strip(0, 10)), *zones], occasion())
    return engine


def sent(folder: Path, shape: shapely.Geometry, epsg: int = 4527) -> Path:
    file = folder / "范围.geojson"
    gpd.GeoDataFrame({"DKMC": ["一号地"]}, geometry=[shape], crs=4490).to_crs(epsg).to_file(file, driver="GeoJSON")
    return file


@pytest.fixture
def footprint(tmp_path: Path) -> Path:
    """A parcel a fifth of a square wide more than its own square, over the red line."""
    west, south, east, north = square(4).bounds
    return sent(tmp_path, MultiPolygon([shapely.box(west - 0.0002, south + 0.0002, east - 0.0002, north - 0.0002)]))


def test_each_alternative_clears_what_was_chosen_by_the_check(county: Engine, footprint: Path, asked: Any) -> None:
    told = asked("avoid", str(footprint), "--clear", "redline", "--clear", "farmland")

    (parcel,) = told["parcels"]
    red = {row["id"]: row for row in parcel["findings"]}["redline"]
    assert red["touched"]
    assert parcel["not_checked"] == ["farmland"]
    assert 2 <= len(parcel["alternatives"]) <= 5
    for one in parcel["alternatives"]:
        rows = {row["id"]: row for row in one["findings"]}
        assert not rows["redline"]["touched"]
        assert rows["farmland"] == {"id": "farmland", "checked": False, "touched": False, "m2": None}
    first = parcel["alternatives"][0]
    assert (first["way"], first["bearing_deg"]) == ("shift", pytest.approx(90, abs=1))
    assert first["shift_m"] == pytest.approx(20, abs=0.2)  # 0.0002° of longitude at 26.33° are 19.97 m
    trim = next(one for one in parcel["alternatives"] if one["way"] == "trim")
    assert trim["lost_m2"] == pytest.approx(red["m2"], rel=0.01)
