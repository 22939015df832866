"""The made-up values that others stated: the three rates as announced, and what departments reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from pipelines.demo.values import Step
from pipelines.edits.stating import Statement, subject

_BODIES = {
    "announced": "省级主管部门（示例，虚构）",
    "reported": "县直部门（示例，虚构）",
    "assigned": "市（示例，虚构）",
}
_ANNOUNCED = {
    2023: {"forest-coverage": "75.31", "soil-conservation": "85.24", "wetland-protection": "50.12"},
    2024: {"forest-coverage": "75.34", "soil-conservation": "85.37", "wetland-protection": "50.80", "G4": "71.2"},
    2025: {"forest-coverage": "75.37", "soil-conservation": "85.45", "wetland-protection": "51.46", "G4": "71.0"},
}
_REPORTED = {
    "G5": "2.3", "T1a": "66", "T2a": "6", "T3": "4.3", "T5a": "62", "T7a": "83", "T7b": "71", "T8": "31.5",
    "T10a": "56.2", "T11": "92.4", "T17b": "14.2",
}  # fmt: skip
_REPORTED_BEFORE = {"T8": "28.0", "T10a": "51.7"}
_ASSIGNED = {"T3": "4.0"}
_PLAN = "xingguo-2024-2026"


def figures() -> Iterator[Step]:
    """Each document one change; they were all entered after the past of the layers."""
    for year, values in _ANNOUNCED.items():
        day = date(year + 1, 5, 31)
        yield _step(day, f"{year}年度公布值", f"values announced for {year}", "announced", year, values)
    yield _step(date(2025, 1, 20), "2024年度填报值", "values reported for 2024", "reported", 2024, _REPORTED_BEFORE)
    yield _step(date(2025, 3, 10), "2025年度市下达", "numbers assigned for 2025", "assigned", 2025, _ASSIGNED)
    yield _step(date(2026, 1, 20), "2025年度填报值", "values reported for 2025", "reported", 2025, _REPORTED)


def _step(day: date, zh: str, en: str, series: str, year: int, values: dict[str, str]) -> Step:
    document = f"示例文件〔{day.year}〕{day.month}号（虚构）"
    stated = [
        Statement(subject(named, _PLAN), series, year, Decimal(value), _BODIES[series], document, day, made_up=True)
        for named, value in values.items()
    ]
    return Step(day, f"{zh}（虚构）", f"{en} (made up)", None, [], stated)
