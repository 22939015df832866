"""What stands on the pages of the county as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from data import measuring
from layers.records.stated import Stated
from pipelines.publish.pages import places, planning, works
from pipelines.publish.pages import protection as protecting
from pipelines.publish.pages.wording import Words
from pipelines.publish.public import Public


@dataclass(frozen=True)
class Rate:
    """A rate as the first page tells it: the newest announced value, and the measured one beside it, never mixed."""

    name: str
    page: str
    own: bool
    announced: Stated | None
    measured: Decimal | None
    made_up: bool
    """Whether what was measured is."""


def home(public: Public, t: Words) -> dict[str, Any]:
    return {
        "tallies": works.tallies(public),
        "summary": works.summary(public, t),
        "rates": [_rate(rate, subject, public, t) for subject, of in protecting.SUBJECTS.items() for rate in of],
        "plan": t.of(public.plan.plan),
        "counts": planning.counts(public.plan, t),
        "townships": [places.named(code, public, t) for code in places.codes(public)],
    }


def _rate(rate: str, subject: str, public: Public, t: Words) -> Rate:
    of, found = measuring.rates()[rate], public.rates.measured.get(rate)
    announced = [said for said in public.announced if said.subject == rate and said.value is not None]
    newest = max(announced, key=lambda said: said.year, default=None)
    measured = found.county.percent if found else None
    return Rate(t.of(of), f"{subject}.html#{rate}", of.own, newest, measured, public.rates.made_up)


def plan(public: Public, t: Words) -> dict[str, Any]:
    stands = public.plan
    return {
        "plan": t.of(stands.plan),
        "counts": planning.counts(stands, t),
        "tables": planning.tables(stands, t),
        "rules": [rule.said(t.lang) for rule in stands.rules],
    }


def protection(subject: str, public: Public, t: Words) -> dict[str, Any]:
    return {
        "subject": subject,
        "rates": public.rates,
        "adjusted": public.rates.adjustment is not None,
        "wetlands": protecting.wetlands(public, t) if subject == "wetland" else None,
        "sections": protecting.sections(public, t) if subject == "water" else None,
    }
