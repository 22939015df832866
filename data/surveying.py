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
