"""How a draft differs from what is on: file by file, and value by value in the tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from pipelines.publish.folder import Entry
from pipelines.publish.tables import KEYS


@dataclass(frozen=True)
class FileChanges:
    """Paths that a draft adds, changes and takes away."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True)
class ValueChange:
    """One value of a table. before, after: None where the row was not there."""

    table: str
    key: str
    column: str
    before: str | None
    after: str | None


def of_files(old: Iterable[Entry], new: Iterable[Entry]) -> FileChanges:
    """What the new files are against the old ones."""
    before, after = ({entry.path: entry.sha256 for entry in of} for of in (old, new))
    both = before.keys() & after.keys()
    return FileChanges(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(path for path in both if before[path] != after[path])),
    )


def of_values(old: Path, new: Path) -> Iterator[ValueChange]:
    """Every value of the tables that differs between two folders; of a row that comes or goes all of it, under `*`."""
    for table, keys in KEYS.items():
        before, after = (_rows(folder / "data" / f"{table}.csv", keys) for folder in (old, new))
        for key in dict.fromkeys([*before, *after]):
            yield from _of_row(table, key, before.get(key), after.get(key))


def _of_row(
    table: str, key: str, before: Mapping[str, str] | None, after: Mapping[str, str] | None
) -> Iterator[ValueChange]:
    if before is None or after is None:
        yield ValueChange(
            table, key, "*", *(None if row is None else " · ".join(row.values()) for row in (before, after))
        )
        return
    for column in dict.fromkeys([*before, *after]):
        if before.get(column) != after.get(column):
            yield ValueChange(table, key, column, before.get(column), after.get(column))


def _rows(file: Path, keys: int) -> dict[str, dict[str, str]]:
    """The rows of a table by their first columns, which name them."""
    if not file.is_file():
        return {}
    read = csv.DictReader(StringIO(file.read_bytes().decode("utf-8-sig"), newline=""))
    return {" ".join(list(row.values())[:keys]): row for row in read}
