"""The area that a file says a shape has, held against its area of record."""

from __future__ import annotations

from dataclasses import dataclass

from geo.refusal import Note

_M2_PER_HM2 = 10_000


@dataclass(frozen=True)
class Agreement:
    """How far two areas may differ and still be called the same: hm2, the step it is written in; share of the area."""

    hm2: float
    share: float


def compare(declared_m2: float, survey_m2: float, plane_m2: float | None, agreement: Agreement) -> Note | None:
    """What is odd about a declared area; None when it is the area of record, or near enough to it.

    plane_m2: the area in the plane of the file, which many declare instead; None when the file is in degrees.
    """
    step = agreement.hm2 * _M2_PER_HM2
    apart = declared_m2 - survey_m2
    if abs(apart) <= step:
        return None
    said = {
        "declared_hm2": f"{declared_m2 / _M2_PER_HM2:.4f}",
        "survey_hm2": f"{survey_m2 / _M2_PER_HM2:.4f}",
        "apart_m2": f"{apart:+.2f}",
    }
    if plane_m2 is not None and abs(declared_m2 - plane_m2) <= step:
        return Note("area.declared_is_plane", said)
    return Note("area.declared_differs", said) if abs(apart) > agreement.share * survey_m2 else None
