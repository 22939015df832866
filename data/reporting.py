"""What a citizen's report may hold, and how many come in: data/standards/reporting.toml as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from data.facts import standards


@dataclass(frozen=True)
class Limits:
    """Characters, bytes, seconds, pixels; what each is for stands beside it in the file."""

    words: int
    place: int
    contact: int
    photo_bytes: int
    drained_bytes: int
    form_s: int
    forms_at_once: int
    per_hour: int
    lookups_per_hour: int
    addresses: int
    most: int
    most_bytes: int
    free_bytes: int
    photo_pixels: int
    photo_side: int
    photo_cpu_s: int
    photo_memory_bytes: int
    source: str
    confirmed: bool


@cache
def limits() -> Limits:
    (row,) = standards("report_limits")
    return Limits(**row)
