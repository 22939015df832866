"""The bench itself does not rot: its parts run small, fill every cell of their tables, and fail when answers differ."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from rich.console import Console
from sqlalchemy import Engine

from tests.bench import area, databases, flatten, importing, plots, rates, site
from tests.bench.found import DifferentAnswers, Found
from tests.bench.journal import part as journal
from tests.bench.journal import rounds
from tests.bench.journal.stores import KEPT, PLAIN, STORES
from tests.bench.journal.timings import TASKS, Timings
from tests.bench.overlay import part as overlay
from tests.bench.overlay.answers import Areas
from tests.bench.overlay.answers import agree as same_ground

SMALL = (journal.Size(200, rounds=1, edits=5), journal.Size(50, rounds=1, edits=5))


def shown(found: Found) -> Found:
    """What was found, once it was drawn and could be written down."""
    Console(width=150, quiet=True).print(*found.tables)
    json.dumps(found.plain)
    return found


def test_the_journal_and_its_peers_are_measured_at_every_task(server: Engine) -> None:
    found = shown(journal.measure(server, SMALL, lambda done: None))

    measured = {
        (run["task"], run["store"]) for run in found.plain["runs"] if run["rows"] == 200 and run["median_s"] > 0
    }
    missing = {(task.key, store.key) for task in TASKS for store in STORES} - measured
    assert missing == {(task, PLAIN.key) for task in ("sql.past_few", "sql.past_all", "sql.touched")} | {
        ("program.past_all", store.key) for store in (PLAIN, KEPT)
    }


def test_one_value_that_differs_fails_the_journal(server: Engine) -> None:
    with journal.prepared(server, 20) as name:
        url = server.url.set(database=name)
        with databases.connected(url) as connection:
            connection.execute("""
                create function peers.falsify() returns trigger language plpgsql as
                  $$ begin new.canopy := new.canopy + 0.01; return new; end $$;
                create trigger falsify before update on peers.plain
                  for each row when (new.subcompartment = '0') execute function peers.falsify()""")

        with pytest.raises(DifferentAnswers, match="edited: plain"):
            rounds.sql_round(url, 20, 2, Timings())


def test_an_import_is_measured_beside_its_peers(server: Engine) -> None:
    found = shown(importing.measure(server, (200,), lambda done: None))

    imports = found.plain["imports"]
    assert {"geopandas", "qingshan import"} <= {one["loader"] for one in imports}
    assert all(one["peak_bytes"] > 10_000_000 for one in imports)


def test_areas_are_measured_beside_their_peers(server: Engine) -> None:
    found = shown(area.measure(server, area.Size(300, rounds=2, cut=20), lambda done: None))

    ways = {run["way"]: run["runs_s"] for run in found.plain["runs"]}
    assert ways.keys() == {"area", "survey_area", "Geod loop", "to_crs().area", "PostGIS"}
    assert all(len(runs) == 2 for runs in ways.values())


def test_flattening_is_measured_beside_unions(server: Engine) -> None:
    found = shown(flatten.measure(server, flatten.Size(12, 3_000, largest=0, rounds=2), lambda done: None))

    ways = {run["way"]: run["runs_s"] for run in found.plain["runs"]}
    assert ways.keys() == {"flatten", "ST_Union", "ST_Difference"}


def test_ground_that_is_lost_fails_the_bench() -> None:
    square = np.array([shapely.box(115, 26, 115.1, 26.1)], dtype=object)
    less = np.array([shapely.box(115, 26, 115.1, 26.1 - 1e-8)], dtype=object)

    with pytest.raises(DifferentAnswers, match="ST_Union"):
        flatten.agree({"flatten": square, "ST_Union": less})


def test_an_overlay_is_asked_of_all_peers_at_every_size(server: Engine) -> None:
    runs = [overlay.Run(2_000, 2), overlay.Run(2_000, 1, snapped=True)]
    size = overlay.Size(60, 20_000, largest=0, runs=runs, parcels=3)
    found = shown(overlay.measure(server, size, lambda done: None))

    peers = {"ours", "PostGIS", "PostGIS, workers", "PostGIS, planar", "sedonadb", "DuckDB"}
    areas, pieces, whole, *_ = ({run["way"] for run in one["runs"]} for one in found.plain["races"])
    assert areas == peers
    assert pieces == peers - {"PostGIS, planar"}
    assert whole == {"ours", "PostGIS, naive", "geopandas.overlay"}
    assert {(one["asked"], one["of"]) for one in found.plain["single"]} >= {("areas", "ours"), ("pieces", "ours")}


def test_a_pair_that_is_missing_or_ground_that_is_lost_fails_the_overlay() -> None:
    ours = Areas(np.array([0, 1]), np.array([0, 0]), np.array([5.0, 1e4]))

    same_ground({"other": Areas(np.array([0, 1, 7]), np.array([0, 0, 7]), np.array([5.0, 1e4, 1e-5]))}, ours, ours)
    with pytest.raises(DifferentAnswers, match="1 pairs that only one finds"):
        same_ground({"other": Areas(np.array([1]), np.array([0]), np.array([1e4]))}, ours, ours)
    with pytest.raises(DifferentAnswers, match="are shared in all"):
        same_ground({"other": Areas(np.array([0, 1]), np.array([0, 0]), np.array([5.0, 1e4 - 0.01]))}, ours, ours)


def test_rates_are_counted_beside_plain_sql_and_the_edit_lies_in_the_township_counted_alone(server: Engine) -> None:
    found = shown(rates.measure(server, (rates.Size(300, rounds=2),), lambda done: None))

    (of_size,) = found.plain["races"]
    assert {run["way"] for run in of_size["runs"]} == {"after one edit", "its township", "warm", "cold", "plain SQL"}
    edited = plots.shapes(300, of=300)[plots.middle(300)]
    assert shapely.contains(rates.box(2, 2), edited)


def test_a_figure_that_differs_by_more_than_rounding_fails_the_bench() -> None:
    counted = {("forest", "360732100"): 5e7, ("land", "360732100"): 1e8}

    rates.agree({"warm": counted, "its township": {("forest", "360732100"): 5e7}, "plain SQL": counted})
    with pytest.raises(DifferentAnswers, match=r"warm: .*forest"):
        rates.agree({"warm": {}, "plain SQL": counted})
    with pytest.raises(DifferentAnswers, match=r"warm: .*land"):
        rates.agree({"warm": counted | {("land", "360732100"): 1e8 + 0.2}, "plain SQL": counted})


def test_an_area_that_is_another_by_a_millionth_fails_the_bench() -> None:
    ours = np.array([10_000.0, 20_000.0])

    area.agree({"area": ours, "other": ours * (1 + 5e-7)})
    with pytest.raises(DifferentAnswers, match="other: parcel 1"):
        area.agree({"area": ours, "other": ours * [1, 1 + 1e-6]})


def test_a_page_that_another_server_gives_otherwise_fails_the_bench() -> None:
    pages = {"p/0.html": "200 ab", "p/1.html": "200 cd"}

    site.agree({"ours": pages, "nginx": dict(pages)})
    with pytest.raises(DifferentAnswers, match=r"nginx: p/1\.html"):
        site.agree({"ours": pages, "nginx": {**pages, "p/1.html": "404 cd"}})
    with pytest.raises(DifferentAnswers, match=r"http\.server"):
        site.agree({"ours": pages, "nginx": pages, "http.server": {}})


def test_servers_are_not_measured_without_what_asks_them(monkeypatch: pytest.MonkeyPatch, server: Engine) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(FileNotFoundError, match="apt-get install -y --no-install-recommends wrk"):
        site.measure(server, site.QUICK, lambda done: None)


def test_a_part_is_asked_for_by_its_name(tmp_path: Path) -> None:
    bench = [sys.executable, "-m", "tests.bench", "--into", str(tmp_path)]

    unknown = subprocess.run([*bench, "areas"], capture_output=True, text=True, check=False)

    assert unknown.returncode == 2
    assert "no such part: areas" in unknown.stderr


def test_the_command_shows_a_part_and_keeps_every_run(tmp_path: Path) -> None:
    bench = [sys.executable, "-m", "tests.bench", "area", "--quick", "--into", str(tmp_path)]

    done = subprocess.run(bench, capture_output=True, text=True, check=True)

    assert "at least 8 × asked" in done.stdout
    kept = json.loads((tmp_path / "area.json").read_text("utf-8"))
    assert [len(run["runs_s"]) for run in kept["runs"]] == [area.QUICK.rounds] * 5


def test_a_publication_is_measured_beside_folium_on_a_slow_phone(tmp_path: Path) -> None:
    """Through the command: the part drives a browser of its own."""
    bench = [sys.executable, "-m", "tests.bench", "publish", "--quick", "--into", str(tmp_path)]

    ran = subprocess.run(bench, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    (told,) = json.loads((tmp_path / "publish.json").read_text())["publish"]
    assert [row[0].split(", ")[1] for row in told["rows"]] == ["the map of progress", "the map of forest", "folium"]
    assert all(isinstance(figure, str) or figure > 0 for row in told["rows"] for figure in row)
