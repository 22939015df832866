"""What was measured: every run by task, store and size, and the medians over the runs."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["ms", "µs/row"]


@dataclass(frozen=True)
class Task:
    """Something that is measured. unit: of one edit, or of each row of the layer."""

    key: str
    title: str
    unit: Unit


TASKS = tuple(
    Task(*of)
    for of in (
        ("sql.edit", "SQL: one edit with its commit", "ms"),
        ("sql.insert", "SQL: bulk insert, one transaction", "µs/row"),
        ("sql.update", "SQL: bulk update, one transaction", "µs/row"),
        ("sql.now", "SQL: whole layer now", "µs/row"),
        ("sql.past_few", "SQL: as of before the single edits", "µs/row"),
        ("sql.past_all", "SQL: as of before the bulk update", "µs/row"),
        ("sql.touched", "SQL: what the single edits touched", "ms"),
        ("program.edit", "program: one edit with its commit", "ms"),
        ("program.insert", "program: bulk insert, one transaction", "µs/row"),
        ("program.update", "program: bulk update, one transaction", "µs/row"),
        ("program.now", "program: whole layer now, as objects", "µs/row"),
        ("program.past_all", "program: as of before the bulk update", "µs/row"),
    )
)


@dataclass
class Timings:
    """Seconds by (task, store, rows): of an edit, or of each row, one for every run."""

    seconds: dict[tuple[str, str, int], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, task: str, store: str, rows: int, seconds: float) -> None:
        self.seconds[task, store, rows].append(seconds)

    @contextmanager
    def of(self, task: str, store: str, rows: int, *, parts: int = 1) -> Iterator[None]:
        """Time what is done inside, and share it among its parts: the rows that are written or read."""
        began = time.perf_counter()
        yield
        self.add(task, store, rows, (time.perf_counter() - began) / parts)

    def median(self, task: Task, store: str, rows: int) -> float | None:
        """In the unit of the task; None when it was not measured."""
        runs = self.seconds.get((task.key, store, rows))
        return statistics.median(runs) * (1e3 if task.unit == "ms" else 1e6) if runs else None

    def ratio(self, task: Task, store: str, to: str, rows: int) -> float | None:
        """How many times dearer a store is than another."""
        ours, theirs = self.median(task, store, rows), self.median(task, to, rows)
        return ours / theirs if ours and theirs else None

    def growth(self, task: Task, store: str, small: int, large: int) -> float | None:
        """How much dearer an edit, or each row, is in the larger layer: 1 is linear growth."""
        before, after = self.median(task, store, small), self.median(task, store, large)
        return after / before if before and after else None
