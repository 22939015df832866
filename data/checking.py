"""What a footprint is checked against: data/standards/check.toml as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from data.facts import standards


@dataclass(frozen=True)
class SheetRow:
    """One row of the overlap sheet (套合情况表): a layer, or one kind of the layer of control zones."""

    id: str
    layer: str
    kind: str | None = None
    by: str | None = None
    """The column whose classes the row is broken down by."""
    kinds: str | None = None
    """The column that tells what kind a feature is, where clauses differ by kind."""


@cache
def sheet_rows() -> tuple[SheetRow, ...]:
    """The rows of the sheet, in its order."""
    return tuple(SheetRow(**row) for row in standards("sheet_row"))


@dataclass(frozen=True)
class Papers:
    """What is kept of a check, and how much of it fits on paper."""

    kept_bytes: int
    """The size of files up to which they are kept."""
    parcels: int
    """In one document."""
    features: int
    """Touched ones listed of one parcel."""
    corners: int
    """In one parcel's table."""
    confirmed: bool


@cache
def papers() -> Papers:
    (row,) = standards("papers")
    return Papers(**row)
