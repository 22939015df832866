"""Nothing leaves the house that is not on the allow-list: over every byte of every file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data import facts
from data.releasing import public_layers
from layers.ground import db
from layers.ground.history import last_no
from layers.ground.layer import catalogue, fields
from pipelines.publish.making import Edition, draft_files, site_files
from tests.conftest import a_database
from tests.pipelines.packed import unpacked
from tests.pipelines.publish.canaries import Canary, betrayed, plant

DAY = date(2099, 12, 31)


@dataclass(frozen=True)
class Planted:
    """A county with canaries, and its draft."""

    engine: Engine
    canaries: list[Canary]
    files: Mapping[str, bytes]


@pytest.fixture(scope="module")
def planted(server: Engine, template: str) -> Iterator[Planted]:
    name = f"{template}_canaries"
    with a_database(server, name, template):
        engine = db.engine(server.url.set(database=name))
        canaries = plant(engine)
        with Session(engine) as session:
            no = last_no(session)
        files, _ = draft_files(engine, Edition(no, DAY, facts.plan(facts.plans()[0])))
        yield Planted(engine, canaries, files)
        engine.dispose()


def test_no_private_column_of_any_layer_is_in_any_file(planted: Planted) -> None:
    files = planted.files

    assert len(planted.canaries) > 150
    assert len(files) > 700
    assert betrayed(files, planted.canaries) == []


def test_the_same_look_finds_what_is_put_there(planted: Planted) -> None:
    """Each canary is told in a file of its own, plainly: every one is found."""
    with Session(planted.engine) as session:
        told = {
            f"{layer.__tablename__}.txt": "\n".join(
                f"<td>{getattr(row, name)}</td>" for row in session.query(layer) for name in fields(layer)
            ).encode()
            for layer in catalogue()
        }

    found = {said.split(" in ")[0] for said in betrayed(told, planted.canaries)}

    silent = {c.column for c in planted.canaries if c.pattern.pattern == "(?!)"}
    assert {c.column for c in planted.canaries if not c.column.startswith("stated.")} - silent == found
    assert len(silent) < 10  # yes or no, and the classification system that a count goes by
    assert betrayed({"a.txt": b"115.37123"}, []) == ["a place in a.txt: 115.37123"] * 2


def test_the_planted_features_are_published_all_the_same(planted: Planted) -> None:
    """Else the test above would find nothing because nothing is there."""
    files = planted.files

    sites = [path for path in files if re.fullmatch(r"sites/[0-9a-f]{12}\.html", path)]
    vectors = {path for path in files if path.endswith(".geojson")}
    assert len(sites) == 4
    assert vectors == {f"maps/data/{n}.geojson" for n in ("townships", "watersheds", "wetlands", "projects")}


def test_every_coordinate_of_the_vectors_is_on_the_public_grid_and_none_is_one_of_the_register(
    planted: Planted,
) -> None:
    shapes = [shape for layer in catalogue() for shape in _shapes(planted.engine, layer)]
    exact = {tuple(xy) for xy in shapely.get_coordinates(shapes).tolist()}

    for path, content in planted.files.items():
        if path.endswith(".geojson"):
            told = np.vstack([_coordinates(f["geometry"]) for f in json.loads(content)["features"]])
            assert (told == np.round(told, 3)).all()
            assert not exact & set(map(tuple, told.tolist()))


def test_a_site_without_a_decision_holds_no_shape_at_all(planted: Planted) -> None:
    files = site_files(planted.files, None, DAY)

    maps = [path for path in files if re.match(r"(en/)?maps/", path)]
    assert sorted(maps) == ["en/maps/index.html", "maps/index.html"]
    assert not any(b"application/json" in content for path, content in files.items() if path.endswith(".html"))
    assert not any(re.search(rb"(?<![\d.])115\.\d", content) for content in files.values())


def test_a_layer_that_is_not_named_is_in_no_file_by_its_name(planted: Planted) -> None:
    files = planted.files

    private = {str(layer.__tablename__) for layer in catalogue()} - set(public_layers())
    assert private == {"controls", "erosion", "landclass", "protected_areas", "redlines"}
    for path in files:
        assert not any(name in path for name in private)


def _shapes(engine: Engine, layer: type[Any]) -> list[Any]:
    with Session(engine) as session:
        return [row.shape for row in session.query(layer)]


def _coordinates(geometry: Any) -> np.ndarray[Any, Any]:
    return shapely.get_coordinates(shapely.from_geojson(json.dumps(geometry)))


def test_every_shape_packed_into_a_map_is_on_the_public_grid(planted: Planted) -> None:
    """As steps of 0.00001° from an origin of two decimals: on the grid of three they are whole hundreds."""
    found = 0
    for path, content in planted.files.items():
        for block in re.findall(rb'<script type="application/json" id="(?:theme\d+|ground)">(.*?)</script>', content):
            told = json.loads(block)
            for part in (part for shape in told.get("shapes") or [told["shape"]] for part in shape.split("|") if part):
                vertices = [xy for ring in part[1:].split(".") for xy in unpacked(ring)]
                assert all(v % 100 == 0 for xy in vertices for v in xy), path
                found += len(vertices)
            assert all(at is None or at == [round(v, 3) for v in at] for at in told.get("anchors", [])), path
    assert found > 1000
