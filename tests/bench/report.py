"""What a bench says: tables for people, and the same with every single run for programs."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group
from rich.table import Table

from tests.bench import importing
from tests.bench.benching import Measured, Size
from tests.bench.importing import Import
from tests.bench.stores import JOURNAL, KEPT, PLAIN, STORES
from tests.bench.timings import TASKS, Timings

LINEAR = 1.5
"""Up to so much faster than its peer's may the journal's time of a row grow before the table marks it."""


def drawn(measured: Measured, sizes: tuple[Size, ...]) -> Group:
    """The tables: times for each size, growth when there are two, imports, and what was compared with what."""
    rows = [size.rows for size in sizes]
    parts = [_times(measured.timings, size) for size in rows]
    parts += [_growth(measured.timings, rows[0], rows[-1])] if len(rows) > 1 else []
    return Group(*parts, _imports(measured.imports), _compared(measured.settings))


def plain(measured: Measured, sizes: tuple[Size, ...]) -> dict[str, Any]:
    """Everything measured, as JSON can hold it; times in seconds, of an edit or of each row."""
    return {
        "machine": {
            "cores": os.cpu_count(),
            "cpu": platform.processor() or platform.machine(),
            "load": os.getloadavg(),
        },
        "settings": measured.settings,
        "sizes": [vars(size) for size in sizes],
        "runs": [
            {"task": task, "store": store, "rows": rows, "median_s": statistics.median(runs), "runs_s": runs}
            for (task, store, rows), runs in measured.timings.seconds.items()
        ],
        "imports": [vars(i) | {"rows_per_s": i.rows_per_s} for i in measured.imports],
    }


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table


def _times(timings: Timings, rows: int) -> Table:
    titles = [store.title for store in STORES]
    table = _table(f"{rows:,} plots, medians", "", "unit", *titles, "journal / plain", "journal / history")
    for task in TASKS:
        medians = [timings.median(task, store.key, rows) for store in STORES]
        ratios = [timings.ratio(task, JOURNAL.key, to.key, rows) for to in (PLAIN, KEPT)]
        table.add_row(task.title, task.unit, *map(_number, medians), *map(_times_as_dear, ratios))
    return table


def _growth(timings: Timings, small: int, large: int) -> Table:
    """How much dearer each row is in the larger layer, and whether ours grows faster than what it is compared with."""
    title = f"Growth: time of an edit or of a row at {large:,} over that at {small:,}; 1.0 is linear"
    table = _table(title, "", *(store.title for store in STORES), "journal / peer")
    for task in TASKS:
        grown = {store.key: timings.growth(task, store.key, small, large) for store in STORES}
        ours, peer = grown[JOURNAL.key], grown[PLAIN.key] or grown[KEPT.key]
        beside = ours / peer if ours and peer else None
        said = "–" if beside is None else f"{beside:.2f}{' !' if beside > LINEAR else ''}"
        table.add_row(task.title, *map(_number, grown.values()), said)
    return table


def _imports(imports: Iterable[Import]) -> Table:
    table = _table("Import of a GeoPackage", "", "rows", "rows/s", "seconds", "CPU s", "peak memory")
    for (loader, rows), runs in _grouped(imports):
        seconds = statistics.median(run.seconds for run in runs)
        cpu = statistics.median(run.cpu_s for run in runs)
        peak = max(run.peak_bytes for run in runs) / 1e6
        table.add_row(loader, f"{rows:,}", f"{rows / seconds:,.0f}", f"{seconds:.1f}", f"{cpu:.1f}", f"{peak:,.0f} MB")
    return table


def _grouped(imports: Iterable[Import]) -> Iterator[tuple[tuple[str, int], list[Import]]]:
    groups: dict[tuple[str, int], list[Import]] = {}
    for one in imports:
        groups.setdefault((one.loader, one.rows), []).append(one)
    yield from groups.items()


def _compared(settings: dict[str, str]) -> Table:
    table = Table(title="What was compared; all gave the same answers", title_justify="left", show_header=False)
    table.add_row("server", ", ".join(f"{name} {value}" for name, value in settings.items()))
    for store in STORES:
        table.add_row(store.title, store.said)
    for title, said in importing.SAID.items():
        table.add_row(title, said)
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


def _times_as_dear(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.1f} ×"
