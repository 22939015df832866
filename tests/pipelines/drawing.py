"""What the maps of the sample county are drawn from: its layers, and every rate there may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from data import facts
from layers.townships import Township
from pipelines.restoration.maps import Reading
from pipelines.restoration.rates import Measured, Part, Rates, measure

TODAY = date(2026, 11, 25)
RATE_IDS = ("forest-coverage", "forest-protection", "wetland-protection", "soil-conservation", "redline-share")


def every_rate(session: Session, *, uncounted: int = 0) -> Rates:
    """What is measured, and where a rate is not, one whose shares run through all steps; the last township has none."""
    measured = measure(session)
    return Rates(measured.no, uncounted, True, {id_: _some(session, id_) for id_ in RATE_IDS} | dict(measured.measured))


def _some(session: Session, rate_id: str) -> Measured:
    rate = facts.rates().get(rate_id) or replace(facts.rates()["forest-coverage"], id=rate_id, zh="自定义指标")
    townships = session.query(Township.code, Township.name).order_by(Township.code).all()
    parts = [Part(t.code, t.name, i * 4.5e6, 1e8) for i, t in enumerate(townships[:-1])]
    none = Part(townships[-1].code, townships[-1].name, 0, 0)
    county = Part("360732", "兴国县", sum(p.numerator_m2 for p in parts), sum(p.denominator_m2 for p in parts))
    return Measured(rate, (*parts, none), county)


def reading(session: Session, *, rates: Rates | None = None, on: date = TODAY) -> Reading:
    return Reading(session, rates or every_rate(session), on)
