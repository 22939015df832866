"""What a part of the bench found, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table

Say = Callable[[str], None]
"""Is told after each stage what was done."""


@dataclass(frozen=True)
class Found:
    """Tables for people, and the same with every single run for programs; times in seconds."""

    tables: Sequence[RenderableType]
    plain: dict[str, Any]


class DifferentAnswers(AssertionError):
    """Two ways that should answer the same do not: what they were measured at means nothing."""


def table(title: str, *headings: str) -> Table:
    """A table whose first column is words and whose others are figures."""
    made = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        made.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return made


def compared(*rows: tuple[str, str]) -> Table:
    """What was measured beside what, and with which settings."""
    made = Table(title="What was compared; all gave the same answers", title_justify="left", show_header=False)
    for row in rows:
        made.add_row(*row)
    return made


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}" if value < 10 else f"{value:,.0f}"
