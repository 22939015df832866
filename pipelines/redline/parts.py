"""What a check of many patches leaves: a folder of Parquet parts for programs, one CSV for people, and its sums.

A part appears whole or not at all, its patches last: a portion whose patches are there is done, whoever did it. So a run
that was cut short goes on where it stopped, and a portion worked on twice changes nothing.
"""

from __future__ import annotations

import csv
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS

from data import checking
from data.texts import text
from geo.refusal import Refusal
from pipelines.redline.batch import Checked

_RUN, _SUMMARY = "run.json", "summary.json"
CSV = "patches.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With one of these a cell begins that a spreadsheet would compute."""


class TableRefusal(Refusal):
    """A folder that cannot take a run's tables, or workers that cannot do its work."""


def begin(folder: Path, run: Mapping[str, Any]) -> None:
    """Make a folder for a run, or go on in the one that holds the same. Raises TableRefusal for any other."""
    said = json.dumps(run, ensure_ascii=False, indent=1, default=str)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (folder / _RUN).is_file():
            if (folder / _RUN).read_text("utf-8") != said:
                raise TableRefusal("table.other_run", folder=folder)
        elif any(folder.iterdir()):
            raise TableRefusal("table.not_empty", folder=folder)
        for name in ("findings", "classes", "patches"):
            (folder / name).mkdir(exist_ok=True)
        _replace(folder / _RUN, said.encode())
    except OSError as no:
        raise TableRefusal("table.no_place", folder=folder, reason=no.strerror or no) from no


def part(folder: Path, number: int) -> Path:
    """The patches of a portion; it is done when they are there."""
    return folder / "patches" / f"{number:06d}.parquet"


def write_part(checked: Checked, folder: Path, number: int) -> None:
    """Write a portion's tables, the patches last. Raises OSError."""
    for table, name in ((checked.findings, "findings"), (checked.classes, "classes")):
        write_table(table, folder / name / f"{number:06d}.parquet")
    write_table(checked.patches.replace_schema_metadata({"geo": _geo()}), part(folder, number))


def write_table(table: pa.Table, path: Path) -> None:
    """Write a Parquet file, which is there wholly or not at all. Raises OSError."""
    held = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        pq.write_table(table, held, compression="zstd")
        held.replace(path)
    finally:
        held.unlink(missing_ok=True)


def _geo() -> str:
    """What makes a Parquet file a GeoParquet file (1.1): its shapes, and their CRS."""
    column = {"encoding": "WKB", "geometry_types": ["MultiPolygon"], "crs": CRS.from_epsg(4490).to_json_dict()}
    return json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}})


@dataclass(frozen=True)
class Sum:
    """A row of the sheet over all patches. touched: patches. m2: theirs together, be it the same ground; None unchecked."""

    row: str
    touched: int
    m2: float | None


@dataclass(frozen=True)
class Summary:
    """A whole run. patches: that were checked; touched: that meet anything; refused: their file, number and JSON note."""

    patches: int
    touched: int
    area_m2: float
    made_up: bool
    rows: tuple[Sum, ...]
    refused: int
    first_refused: tuple[tuple[str, int, str], ...]


def finish(folder: Path, langs: tuple[str, ...]) -> Summary:
    """Sum up the parts of a run, and write them as one table for people. Raises TableRefusal."""
    try:
        with _whole(folder / CSV) as stream:
            return _summed(folder, csv.writer(stream), langs)
    except OSError as no:
        raise TableRefusal("table.no_place", folder=folder, reason=no.strerror or no) from no
