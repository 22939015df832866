"""Tables as values: said once, so that desk, phone and screen reader are given the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Sign = Literal["green", "amber", "red", "grey", "late"]


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table."""

    said: str
    page: str | None = None
    """The page of the same tree that it leads to."""
    file: str | None = None
    """A file of the publication, by its path from the root, that it leads to."""
    chinese: bool = False
    """A name that has no other language."""
    note: str | None = None
    """What is said below it, in small."""
    sign: Sign | None = None
    """Drawn before it; the words say the same."""
    order: str | None = None
    """What it is sorted by, where that is not what it says."""


@dataclass(frozen=True)
class Column:
    said: str
    numeric: bool = False
    wide: bool = False
    """Whether a card gives it a whole line."""


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row names it."""

    id: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    foot: Sequence[Cell] | None = None
    """A last row that is the sum of the others."""
    sortable: bool = False
    """Whether a script may sort and filter it."""
    narrow: bool = False
    """Whether a phone holds its columns side by side, so that its rows need not become cards."""


def cells(*said: str | Cell) -> list[Cell]:
    """A row, of which plain words are cells of nothing else."""
    return [cell if isinstance(cell, Cell) else Cell(cell) for cell in said]


def columns(names: Iterable[str], *, numeric: Sequence[int] = (), wide: Sequence[int] = ()) -> list[Column]:
    """The columns by their names. numeric, wide: the places of those that hold numbers, or many words."""
    return [Column(name, n in numeric, n in wide) for n, name in enumerate(names)]
