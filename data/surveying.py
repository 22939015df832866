"""How survey files are checked: data/standards/survey.toml as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from data import facts


@dataclass(frozen=True)
class DeclaredArea:
    """How far a declared area may be off: by the step it is written in, in hm², and as a share of the computed one."""

    hm2: float
    share: float
    source: str
    confirmed: bool


@cache
def declared_area() -> DeclaredArea:
    (row,) = facts.standards("declared_area")
    return DeclaredArea(**row)


@dataclass(frozen=True)
class Gcj02Doubt:
    """By what a file is suspected of GCJ-02; shares are 0 to 1."""

    corners: int
    within_m: float
    before: float
    after: float
    wide_degrees: float
    outline: float
    shrinks_to: float
    source: str
    confirmed: bool


@cache
def gcj02_doubt() -> Gcj02Doubt:
    (row,) = facts.standards("gcj02_doubt")
    return Gcj02Doubt(**row)
