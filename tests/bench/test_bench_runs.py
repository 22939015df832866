"""The bench itself does not rot: it runs small, fills every cell of its tables, and fails when answers differ."""

from __future__ import annotations

import json

import pytest
from rich.console import Console
from sqlalchemy import Engine

from tests.bench import benching, report, rounds
from tests.bench.benching import Size
from tests.bench.stores import KEPT, PLAIN, STORES, DifferentAnswers
from tests.bench.timings import TASKS, Timings

SMALL = (Size(200, rounds=1, edits=5, imports=1), Size(50, rounds=1, edits=5, imports=0))


def test_the_bench_measures_every_task_on_the_journal_and_its_peers(server: Engine) -> None:
    console = Console(width=150, quiet=True)

    measured = benching.measure(server, SMALL, lambda done, so_far: None)
    console.print(report.drawn(measured, SMALL))

    figures = {(task.key, s.key): measured.timings.median(task, s.key, 200) for task in TASKS for s in STORES}
    missing = {key for key, figure in figures.items() if figure is None}
    assert missing == {(task, PLAIN.key) for task in ("sql.past_few", "sql.past_all", "sql.touched")} | {
        ("program.past_all", store.key) for store in (PLAIN, KEPT)
    }
    assert {"geopandas", "qingshan import"} <= {one.loader for one in measured.imports}
    assert all(one.peak_bytes > 10_000_000 for one in measured.imports)
    assert json.loads(json.dumps(report.plain(measured, SMALL)))["sizes"][0]["rows"] == 200


def test_one_value_that_differs_fails_the_bench(server: Engine) -> None:
    with benching.prepared(server, 20) as name:
        url = server.url.set(database=name)
        with benching.connected(url) as connection:
            connection.execute("""
                create function peers.falsify() returns trigger language plpgsql as
                  $$ begin new.canopy := new.canopy + 0.01; return new; end $$;
                create trigger falsify before update on peers.plain
                  for each row when (new.subcompartment = '0') execute function peers.falsify()""")

        with pytest.raises(DifferentAnswers, match="edited: plain"):
            rounds.sql_round(url, 20, 2, Timings())
