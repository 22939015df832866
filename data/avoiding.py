"""How far ways round are looked for, and what is too small to keep: data/standards/avoid.toml as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from data import facts


@dataclass(frozen=True)
class Avoidance:
    """Metres on the ground, degrees, m²; what each is for stands beside it in the file."""

    within_m: float
    most_m: float
    turn_deg: float
    allowance_m: float
    least_part_m2: float
    least_width_m: float
    off_axis: float
    wider: float
    source: str
    confirmed: bool


@cache
def avoidance() -> Avoidance:
    (row,) = facts.standards("avoidance")
    return Avoidance(**row)
