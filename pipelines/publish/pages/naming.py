"""Places by name, each leading to its page."""

from __future__ import annotations

from data import facts
from pipelines.publish.pages.tables import Cell
from pipelines.publish.pages.wording import ABSENT, Words
from pipelines.publish.public import Village


def township_page(code: str) -> str:
    return f"townships/{code}.html"


def village_page(code: str) -> str:
    return f"villages/{code}.html"


def township(code: str | None, t: Words) -> Cell:
    """A township; one that the facts do not know by its code alone."""
    known = facts.township(code) if code else None
    if known is None:
        return Cell(code or ABSENT)
    return Cell(t.of(known), page=township_page(known.code))


def village(of: Village) -> Cell:
    return Cell(of.name, page=village_page(of.code), chinese=True)
