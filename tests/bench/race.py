"""Several ways to one answer, each once in every round, so that what slows the machine slows them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from tests.bench.found import table


@dataclass(frozen=True)
class Way:
    """One way to an answer. said: what it is and does, with its settings."""

    title: str
    said: str
    run: Callable[[], Any]


@dataclass(frozen=True)
class Race:
    """Seconds of every run, by the title of the way. The first way is ours."""

    title: str
    ways: Sequence[Way]
    seconds: dict[str, list[float]]

    def median(self, way: Way) -> float:
        return statistics.median(self.seconds[way.title])

    def ratio(self, way: Way) -> float:
        """How many times as long as ours a way takes."""
        return self.median(way) / self.median(self.ways[0])

    def drawn(self) -> Table:
        rounds = len(self.seconds[self.ways[0].title])
        made = table(f"{self.title}; {rounds} rounds", "", "median s", "min", "max", f"÷ {self.ways[0].title}")
        for way in self.ways:
            runs = self.seconds[way.title]
            figures = [f"{of:,.3f}" for of in (self.median(way), min(runs), max(runs))]
            made.add_row(way.title, *figures, f"{self.ratio(way):,.2f} ×")
        return made

    def plain(self) -> dict[str, Any]:
        runs = [{"way": way.title, "said": way.said, "runs_s": self.seconds[way.title]} for way in self.ways]
        return {"title": self.title, "runs": runs}


def run(title: str, ways: Sequence[Way], rounds: int, agree: Callable[[dict[str, Any]], None]) -> Race:
    """Let every way answer once a round. agree: is given the answers of each round, and raises DifferentAnswers."""
    seconds: dict[str, list[float]] = {way.title: [] for way in ways}
    for _ in range(rounds):
        answers = {}
        for way in ways:
            began = time.perf_counter()
            answers[way.title] = way.run()
            seconds[way.title].append(time.perf_counter() - began)
        agree(answers)
    return Race(title, ways, seconds)
