"""What a check of many patches leaves: a folder of Parquet parts for programs, one CSV for people, and its sums.

A part appears whole or not at all, its patches last: a portion whose patches are there is done, whoever did it. So a
run that was cut short goes on where it stopped, and a portion worked on twice changes nothing.
"""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS

from data import checking
from data.texts import Lang, text
from geo.refusal import Refusal
from pipelines.redline.many.batch import Checked

_RUN, _SUMMARY = "run.json", "summary.json"
CSV = "patches.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With one of these a cell begins that a spreadsheet would compute."""

_SHOWN = 20
"""Refused patches that are shown."""


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


@dataclass
class Summary:
    """A whole run. touched: patches that meet anything. m2: of all patches by row, null where nothing is loaded.

    refused: how many; first_refused: file, number and note of some.
    """

    patches: int = 0
    touched: int = 0
    area_m2: float = 0.0
    made_up: bool = False
    m2: dict[str, float | None] = field(default_factory=dict)
    touches: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    first_refused: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)

    def take(self, patch: Mapping[str, Any]) -> None:
        if patch["refusal"]:
            self.refused += 1
            if len(self.first_refused) < _SHOWN:
                self.first_refused.append((patch["file"], patch["number"], json.loads(patch["refusal"])))
            return
        found = {row.id: patch[f"{row.id}_m2"] for row in checking.sheet_rows()}
        self.patches += 1
        self.touched += any(found.values())
        self.area_m2 += patch["area_m2"]
        self.made_up |= patch["made_up"]
        for row, m2 in found.items():
            self.touches[row] = self.touches.get(row, 0) + bool(m2)
            self.m2[row] = None if m2 is None else (self.m2.get(row) or 0.0) + m2


def finish(folder: Path, *, lang: Lang) -> Summary:
    """Sum up the parts of a run, and write its patches as one table for people. Raises TableRefusal."""
    summary = Summary()
    try:
        for left in folder.glob("*/.*"):
            left.unlink()  # of a worker that was killed while it wrote
        held = folder / f".{CSV}.{uuid.uuid4().hex}"
        with held.open("w", encoding="utf-8-sig", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(_headings(lang))
            for patch in _patches(folder):
                summary.take(patch)
                rows.writerow([neutral(cell) for cell in _cells(patch, lang)])
        held.replace(folder / CSV)
        _replace(folder / _SUMMARY, json.dumps(asdict(summary), ensure_ascii=False, indent=1).encode())
    except OSError as no:
        raise TableRefusal("table.no_place", folder=folder, reason=no.strerror or no) from no
    return summary


def _patches(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / "patches").glob("*.parquet")):
        names = [name for name in pq.read_schema(path).names if name != "geometry"]
        yield from pq.read_table(path, columns=names).to_pylist()


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _headings(lang: Lang) -> list[str]:
    of = ("file", "number", "name", "area", "townships")
    rows = [text(f"check_row.{row.id}", lang) for row in checking.sheet_rows()]
    return [*(text(f"table.{name}", lang) for name in of), *rows, text("table.remark", lang)]


def _cells(patch: Mapping[str, Any], lang: Lang) -> Iterator[str]:
    """hm² to four decimals, as the field writes them."""
    yield from (patch["file"], str(patch["number"]), patch["name"])
    yield "" if patch["refusal"] else f"{patch['survey_area_m2'] / 1e4:.4f}"
    yield patch["townships"] or ""
    for row in checking.sheet_rows():
        m2 = patch[f"{row.id}_m2"]
        yield text("table.not_checked", lang) if m2 is None else f"{m2 / 1e4:.4f}"
    remarks = [text("check.screening", lang)]
    if patch["made_up"]:
        remarks.append(text("table.made_up", lang))
    remarks += [text(note["id"], lang, note["values"]) for note in notes(patch)]
    yield "; ".join(remarks)


def notes(patch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is said of a patch: why it is refused, and the notes of its row."""
    return [*([json.loads(patch["refusal"])] if patch["refusal"] else []), *json.loads(patch["notes"])]


def _replace(path: Path, content: bytes) -> None:
    held = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    held.write_bytes(content)
    held.replace(path)
