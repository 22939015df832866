"""Every rate of the made-up county against plain PostGIS, which goes another way to each of its parts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.restoration import ledger
from pipelines.restoration.rates import FORMULAS, Rates, measure

SQL = Path(__file__).with_name("rates.sql").read_text("utf-8")
DAY = date(2026, 11, 1)


def by_postgis(engine: Engine) -> dict[str, dict[str, float]]:
    """Township → figure → m²."""
    functions, query = SQL.split("\nwith town as", 1)
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(functions)
        cursor.execute("with town as" + query, {"on": DAY})
        names = [column[0].replace("_", "-") for column in cursor.description or ()]
        return {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in cursor.fetchall()}


def shares(rates: Rates) -> dict[tuple[str, str], float | None]:
    parts = {rate: (*m.townships, m.county) for rate, m in rates.measured.items()}
    return {(rate, part.code): part.share for rate, of in parts.items() for part in of}


def expected(figures: dict[str, dict[str, float]]) -> dict[tuple[str, str], float | None]:
    whole = {name: sum(of[name] for of in figures.values()) for name in next(iter(figures.values()))}
    rows = {**figures, "360732": whole}
    return {
        (rate, code): row[over] / row[under] if row[under] else None
        for rate, (over, under) in FORMULAS.items()
        for code, row in rows.items()
    }


def test_every_rate_of_every_township_is_what_plain_postgis_counts(sample_county: Engine) -> None:
    with Session(sample_county) as session:
        measured = measure(session, on=DAY)

    assert len(measured.measured) == 5
    assert len(measured.measured["forest-coverage"].townships) == 25
    assert shares(measured) == pytest.approx(expected(by_postgis(sample_county)), abs=1e-9)


def test_the_ledger_holds_what_plain_postgis_counts(sample_county: Engine) -> None:
    followed = ledger.current(sample_county, on=DAY)

    assert followed.uncounted == 0
    assert shares(followed) == pytest.approx(expected(by_postgis(sample_county)), abs=1e-9)
