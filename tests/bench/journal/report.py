"""What the bench of the journal says: tables for people, and every single run for programs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from tests.bench.databases import said
from tests.bench.found import compared, number, table
from tests.bench.journal.stores import JOURNAL, KEPT, PLAIN, STORES
from tests.bench.journal.timings import TASKS, Timings

LINEAR = 1.5
"""Up to so much faster than its peer's may the journal's time of a row grow before the table marks it."""


def drawn(timings: Timings, rows: Sequence[int], settings: dict[str, str]) -> list[Table]:
    """The tables: times for each size, growth when there are two, and what was compared with what."""
    parts = [_times(timings, size) for size in rows]
    parts += [_growth(timings, rows[0], rows[-1])] if len(rows) > 1 else []
    return [*parts, compared(("server", said(settings)), *((store.title, store.said) for store in STORES))]


def plain(timings: Timings) -> list[dict[str, Any]]:
    """Times in seconds, of an edit or of each row."""
    return [
        {"task": task, "store": store, "rows": rows, "median_s": statistics.median(runs), "runs_s": runs}
        for (task, store, rows), runs in timings.seconds.items()
    ]


def _times(timings: Timings, rows: int) -> Table:
    titles = [store.title for store in STORES]
    made = table(f"{rows:,} plots, medians", "", "unit", *titles, "journal / plain", "journal / history")
    for task in TASKS:
        medians = [timings.median(task, store.key, rows) for store in STORES]
        ratios = [timings.ratio(task, JOURNAL.key, to.key, rows) for to in (PLAIN, KEPT)]
        made.add_row(task.title, task.unit, *map(number, medians), *map(_times_as_dear, ratios))
    return made


def _growth(timings: Timings, small: int, large: int) -> Table:
    """How much dearer each row is in the larger layer, and whether ours grows faster than what it is compared with."""
    title = f"Growth: time of an edit or of a row at {large:,} over that at {small:,}; 1.0 is linear"
    made = table(title, "", *(store.title for store in STORES), "journal / peer")
    for task in TASKS:
        grown = {store.key: timings.growth(task, store.key, small, large) for store in STORES}
        ours, peer = grown[JOURNAL.key], grown[PLAIN.key] or grown[KEPT.key]
        beside = ours / peer if ours and peer else None
        marked = "–" if beside is None else f"{beside:.2f}{' !' if beside > LINEAR else ''}"
        made.add_row(task.title, *map(number, grown.values()), marked)
    return made


def _times_as_dear(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.1f} ×"
