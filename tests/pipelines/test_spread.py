"""A run on a Dask cluster: real processes on loopback, one of them killed at every point where it can be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from geo.reading import Row
from pipelines.redline.many import running, spread
from pipelines.redline.many.batch import patches_of
from pipelines.redline.many.kept import Kept, keep
from pipelines.redline.many.parts import TableRefusal, begin, finish
from pipelines.redline.many.running import Task
from pipelines.redline.many.spread import Cluster
from tests.pipelines.dying import POINTS

DASK = Path(sys.executable).with_name("dask")
DYING = Path(__file__).with_name("dying.py")
PARTS = 5

Workers = Callable[..., subprocess.Popen[str]]


@contextmanager
def process(ready: str, *words: str | Path, **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A process of Dask's while the block runs, and the line in which it says that it is ready."""
    with subprocess.Popen(
        [DASK, *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, **environment}
    ) as started:
        try:
            assert started.stderr is not None
            yield next(line for line in started.stderr if ready in line), started
        finally:
            started.kill()


@pytest.fixture
def scheduler() -> Iterator[str]:
    words = ("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
    with process("Scheduler at:", *words) as (line, _):
        yield line.split()[-1]


@pytest.fixture
def worker(scheduler: str) -> Iterator[Workers]:
    with ExitStack() as stack:

        def start(dies: str | None = None) -> subprocess.Popen[str]:
            words = ["worker", scheduler, "--host", "127.0.0.1", "--no-nanny", "--nthreads", "1", "--no-dashboard"]
            preload: list[str | Path] = ["--preload", DYING] if dies else []
            return stack.enter_context(process("Registered to:", *words, *preload, DIES=dies or ""))[1]

        yield start


@pytest.fixture(scope="module")
def layers(sample_county: Engine, tmp_path_factory: pytest.TempPathFactory) -> list[Kept]:
    with Session(sample_county) as session:
        return keep(session, tmp_path_factory.mktemp("index") / "kept", building=lambda row: None)


@pytest.fixture
def patches(layers: list[Kept]) -> list[pa.Table]:
    """Portions of patches about the middle of the county."""
    random = np.random.default_rng(4490)
    middle = shapely.bounds(layers[0].zones.index.zones).mean(axis=0).reshape(2, 2).mean(axis=0)
    points = shapely.points(random.normal(middle, 0.1, (PARTS * 40, 2)))
    shapes = shapely.multipolygons(shapely.buffer(points, random.uniform(1e-4, 5e-3, len(points))).reshape(-1, 1))
    rows = [Row(n, {}, shape, 1.0, 4490, (), None) for n, shape in enumerate(shapes, start=1)]
    table = patches_of(rows, file="甲.gpkg", named_by=[])
    cut = [(table.slice(start, 15), table.slice(start + 15, 25)) for start in range(0, len(table), 40)]
    return [pa.concat_tables(two) for two in cut]


def task(folder: Path) -> Task:
    begin(folder, {})
    return Task(folder, "2026-11-25", running.program())


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a run with its content: what Parquet writes of one table is the same every time."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.suffix == ".parquet"}


@pytest.fixture
def expected(patches: list[pa.Table], layers: list[Kept], tmp_path: Path) -> dict[str, bytes]:
    """What threads of this process give."""
    here = tmp_path / "here"
    assert sum(running.here(patches, [one.zones for one in layers], task(here), threads=2)) == PARTS * 40
    return held(here)


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_at_any_point_loses_nothing_and_changes_no_bit(
    point: str, expected: dict[str, bytes], patches: list[pa.Table], layers: list[Kept], tmp_path: Path,
    scheduler: str, worker: Workers,
) -> None:  # fmt: skip
    dies = worker(dies=point)
    worker()
    there = task(tmp_path / "there")

    with spread.out(Cluster(scheduler), patches, layers, there) as done:
        told = sum(done)

    assert (dies.wait(timeout=60), told) == (-signal.SIGKILL, PARTS * 40)
    assert finish(there.folder, lang="zh") == finish(tmp_path / "here", lang="zh")
    assert held(there.folder) == expected
    left = {one.name for one in there.folder.rglob("*") if one.name not in {Path(name).name for name in expected}}
    assert left == {"classes", "findings", "patches", "run.json", "summary.json", "patches.csv"}


def test_a_cluster_without_workers_and_one_that_is_not_there_are_refused_with_the_remedy(
    patches: list[pa.Table], layers: list[Kept], tmp_path: Path, scheduler: str
) -> None:
    with (
        pytest.raises(TableRefusal) as none,
        spread.out(Cluster(scheduler, patience_s=1), patches, layers, task(tmp_path / "a")) as done,
    ):
        sum(done)
    with (
        pytest.raises(TableRefusal) as wrong,
        spread.out(Cluster("udp://nowhere"), patches, layers, task(tmp_path / "b")),
    ):
        pass

    assert (none.value.id, wrong.value.id) == ("workers.none", "workers.unreachable")


def test_workers_of_another_program_are_refused(
    patches: list[pa.Table], layers: list[Kept], tmp_path: Path, scheduler: str, worker: Workers
) -> None:
    worker()
    other = Task(task(tmp_path / "there").folder, "2026-11-25", "0123456789abcdef")

    with pytest.raises(TableRefusal) as no, spread.out(Cluster(scheduler), patches, layers, other) as done:
        sum(done)

    assert no.value.id == "workers.other_program"
    assert held(other.folder) == {}


def test_a_run_that_is_interrupted_keeps_what_is_finished_and_goes_on_to_the_same_end(
    expected: dict[str, bytes], patches: list[pa.Table], layers: list[Kept], tmp_path: Path
) -> None:
    there = task(tmp_path / "there")
    zones = [one.zones for one in layers]

    def cut_short() -> Iterator[pa.Table]:
        yield from patches[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sum(running.here(cut_short(), zones, there, threads=2))
    first = held(there.folder)
    told = sum(running.here(patches, zones, there, threads=2))

    assert {name for name in first if name.startswith("patches")} == {f"patches/{n:06d}.parquet" for n in range(3)}
    assert first.items() <= expected.items()
    assert (told, held(there.folder)) == (PARTS * 40, expected)


@pytest.mark.parametrize("sizes", [[], [1], [running.PORTION], [500] * 40, [3 * running.PORTION + 7, 1]])
def test_portions_are_cut_alike_however_batches_come(sizes: list[int]) -> None:
    rows = pa.table({"n": range(sum(sizes))})
    batches = [rows.slice(sum(sizes[:i]), size) for i, size in enumerate(sizes)]

    cut = list(running.portions(batches))

    assert [one["n"].to_pylist()[0] for one in cut] == list(range(0, sum(sizes), running.PORTION))
    assert sum(map(len, cut)) == sum(sizes)
    assert all(len(one) == running.PORTION for one in cut[:-1])
