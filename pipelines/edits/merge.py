"""Three-way merge by field. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shapely.geometry.base import BaseGeometry

STILL = 1e-9
"""Degrees, 0.1 mm: less than a tenth of a survey's last digit, more than a way through another CRS and back."""

WHOLE = "*"
"""The field of a conflict about the feature as a whole."""


@dataclass(frozen=True)
class Conflict:
    """One field that both sides changed, each to something else."""

    field: str
    base: Any
    theirs: Any
    mine: Any


@dataclass(frozen=True)
class Merged:
    """What of mine is to be written over theirs, and what cannot be decided here."""

    fields: Mapping[str, Any]
    conflicts: tuple[Conflict, ...] = ()


def same(one: Any, other: Any) -> bool:
    """Whether two values of a field are equal; shapes when every vertex is in its place within STILL; NaN is NaN."""
    if isinstance(one, BaseGeometry) and isinstance(other, BaseGeometry):
        return one.equals_exact(other, STILL)
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 -- NaN alone differs from itself


def merge(base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> Merged:
    """Merge my values, made over `base`, into theirs, field by field; the shape is one field.

    A field that `base` does not hold counts as unchanged by them.
    """
    fields: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for field, wanted in mine.items():
        stands = theirs.get(field)
        before = base.get(field, stands)
        if same(wanted, stands) or (field in base and same(wanted, before)):
            continue
        if same(stands, before):
            fields[field] = wanted
        else:
            conflicts.append(Conflict(field, before, stands, wanted))
    return Merged(fields, tuple(conflicts))
