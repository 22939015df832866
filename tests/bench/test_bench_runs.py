"""The bench itself does not rot: its parts run small, fill every cell of their tables, and fail when answers differ."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sqlalchemy import Engine

from tests.bench import area, databases, importing
from tests.bench.found import DifferentAnswers, Found
from tests.bench.journal import part as journal
from tests.bench.journal import rounds
from tests.bench.journal.stores import KEPT, PLAIN, STORES
from tests.bench.journal.timings import TASKS, Timings

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


def test_an_area_that_is_another_by_a_millionth_fails_the_bench() -> None:
    ours = np.array([10_000.0, 20_000.0])

    area.agree({"area": ours, "other": ours * (1 + 5e-7)})
    with pytest.raises(DifferentAnswers, match="other: parcel 1"):
        area.agree({"area": ours, "other": ours * [1, 1 + 1e-6]})


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
