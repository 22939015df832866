"""The desk of rates: measured and announced, for the county and by township."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data import facts, measuring
from layers.ground import db
from layers.records.stated import Stated, standing
from pipelines.restoration import ledger
from pipelines.restoration.definitions import in_use
from pipelines.restoration.rates import FORMULAS, HM2, Adjustment, Measured, Part, Rates, measure, printed_hm2
from web.terminal import asked, say

app = typer.Typer(no_args_is_help=True)


By = Literal["county", "township"]


@app.command()
def rates(
    by: Annotated[By, typer.Option(help="按全县或乡镇 / for the county or by township")] = "county",
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """各项比率：图层量算值与公布值，两列数不相混 / the rates, measured from the layers and announced, never mixed."""
    engine = db.ready()
    found, announced = known_rates(engine, as_of, on)
    tables = township_tables(found) if by == "township" else [_county_table(found), _announced_table(announced)]
    say.answer(plain(found, announced, townships=by == "township"), *tables)


def known_rates(engine: Engine, as_of: str | None, on: datetime | None) -> tuple[Rates, Sequence[Stated]]:
    """The rates and the announced values, of today from the ledger, or of a past moment counted anew."""
    if as_of is None and on is None:
        found = ledger.current(engine, on=asked.today())
        with Session(engine) as session:
            return found, _announced(session)
    with asked.moment(engine, as_of, on) as session:
        return measure(session, on=asked.judged_on(session, as_of, on)), _announced(session)


def plain(found: Rates, announced: Sequence[Stated], *, townships: bool) -> dict[str, Any]:
    """The rates for programs: of each the measured and the announced series."""
    land = found.adjustment
    return {
        "no": found.no,
        "uncounted": found.uncounted,
        "on": found.on,
        "made_up": found.made_up,
        "land": land and {"official_m2": land.official_m2, "mapped_m2": land.mapped_m2},
        "choices": dict(in_use().choices),
        "rates": [_plain_rate(rate, found, announced, townships) for rate in measuring.rates().values()],
    }


def township_tables(found: Rates) -> list[Table]:
    """The rates by township, and the areas they are the quotients of, which add up to the county's."""
    names = list(next(iter(found.measured.values())).townships) if found.measured else []
    county = facts.county()
    rows = [[p.code, p.name] for p in names] + [[county.adcode, county.zh]]
    shares = {_heading(m.rate): [_percent(p) for p in (*m.townships, m.county)] for m in found.measured.values()}
    areas = {
        say.label(*_FIGURES[figure]): [f"{hm2:,}" for hm2 in printed_hm2(values)]
        for figure, values in _areas(found).items()
    }
    return [
        _by_township("各乡镇比率（量算值）", "rates by township (measured), %", rows, shares, found),
        _by_township("各乡镇面积（公顷）", "areas by township, hm²", rows, areas, found),
    ]


_FIGURES = {
    "land": ("土地", "land"),
    "forest": ("森林", "forest"),
    "protected-forest": ("受保护森林", "protected forest"),
    "wetland": ("湿地", "wetland"),
    "protected-wetland": ("受保护湿地", "protected wetland"),
    "kept": ("未流失土地", "land without soil loss"),
    "redline": ("红线", "red line"),
}


def _areas(found: Rates) -> dict[str, list[float]]:
    """Figure → m² by township, in the order of _FIGURES."""
    of: dict[str, list[float]] = {}
    for rate, measured in found.measured.items():
        over, under = FORMULAS[rate]
        of[over] = [part.numerator_m2 for part in measured.townships]
        of[under] = [part.denominator_m2 for part in measured.townships]
    return {figure: of[figure] for figure in _FIGURES if figure in of}


def _by_township(zh: str, en: str, rows: list[list[str]], columns: dict[str, list[str]], found: Rates) -> Table:
    headings = {say.label("代码", "code"): False, say.label("名称", "name"): False, **dict.fromkeys(columns, True)}
    said = [[*row, *(values[i] for values in columns.values())] for i, row in enumerate(rows)]
    return say.table(_title(zh, en, found), headings, said, below=standing_of(found))


def _county_table(found: Rates) -> Table:
    headings = {
        say.label("指标", "rate"): False,
        say.label("分子", "numerator") + " hm²": True,
        say.label("分母", "denominator") + " hm²": True,
        say.label("量算值", "measured") + " %": True,
        say.label("口径", "standing"): False,
    }
    rows = [_county_row(rate, found.measured.get(rate.id)) for rate in measuring.rates().values()]
    return say.table(
        _title("量算值（图层）", "measured from the layers", found), headings, rows, below=standing_of(found)
    )


def _county_row(rate: measuring.Rate, measured: Measured | None) -> list[str]:
    standing_ = say.label("自定义，非考核", "our own, not assessed") if rate.own else say.label("参考", "indicative")
    if measured is None:
        return [say.label(rate.zh, rate.en), "—", "—", say.label("未载入", "not loaded"), standing_]
    part = measured.county
    areas = [f"{part.numerator_m2 / HM2:,.2f}", f"{part.denominator_m2 / HM2:,.2f}"]
    return [say.label(rate.zh, rate.en), *areas, _percent(part), standing_]


def _announced_table(announced: Sequence[Stated]) -> Table:
    columns = ("指标", "rate"), ("年度", "year"), ("公布值", "announced"), ("机关", "body"), ("文件", "document")
    headings = {say.label(*pair): pair[1] in ("year", "announced") for pair in (*columns, ("日期", "date"))}
    rows = [
        [say.label(r.zh, r.en), str(a.year), f"{a.value} {a.unit}", a.body, a.document, str(a.stated_on)]
        for a in announced
        if (r := measuring.rates().get(a.subject))
    ]
    made_up = f"，{say.spoken('rates.made_up')}" if any(a.made_up for a in announced) else ""
    below = "" if rows else say.spoken("rates.none_announced")
    title = say.label("公布值（上级公布，考核以此为准）", "announced from above: they alone meet a target")
    return say.table(title + made_up, headings, rows, below=below)


def standing_of(found: Rates) -> str:
    """At which change the figures stand, what they do not count yet, and how the land was adjusted."""
    said = [say.spoken("rates.at", no=found.no, on=found.on)]
    if found.uncounted:
        said.append(say.spoken("rates.uncounted", n=found.uncounted))
    return "\n".join([*said, land_of(found.adjustment)])


def land_of(adjustment: Adjustment | None) -> str:
    """By how much the townships' land was adjusted to the published area."""
    if adjustment is None:
        return say.spoken("rates.mapped")
    by = adjustment.official_m2 - adjustment.mapped_m2
    hm2 = {"official": adjustment.official_m2, "mapped": adjustment.mapped_m2, "by": by}
    said = {name: f"{m2 / HM2:,.2f}" for name, m2 in hm2.items()}
    return say.spoken("rates.adjusted", **said, share=f"{1000 * by / adjustment.mapped_m2:+.3f}‰")


def _title(zh: str, en: str, found: Rates) -> str:
    made_up = f" · {say.spoken('rates.made_up').replace(chr(10), ' ')}" if found.made_up else ""
    return say.label(zh, en) + made_up


def _heading(rate: measuring.Rate) -> str:
    return say.label(rate.zh, rate.en)


def _percent(part: Part) -> str:
    return "—" if part.percent is None else str(part.percent)


def _announced(session: Session) -> list[Stated]:
    return [stated for stated in standing(session) if stated.series == "announced" and stated.plan is None]


def _plain_rate(rate: measuring.Rate, found: Rates, announced: Sequence[Stated], townships: bool) -> dict[str, Any]:
    measured = found.measured.get(rate.id)
    values = [a for a in announced if a.subject == rate.id]
    return {
        "rate": rate.id,
        "zh": rate.zh,
        "en": rate.en,
        "own": rate.own,
        "formula": rate.formula,
        "source": rate.source,
        "measured": measured and _plain_measured(measured, townships),
        "announced": [
            {key: getattr(a, key) for key in ("year", "value", "unit", "body", "document", "stated_on", "made_up")}
            for a in values
        ],
    }


def _plain_measured(measured: Measured, townships: bool) -> dict[str, Any]:
    rate = measured.rate
    said = {
        **_plain_part(measured.county),
        "method": vars(rate.method),
        "differences": [vars(difference) for difference in rate.differences],
    }
    return {**said, "townships": [_plain_part(part) for part in measured.townships]} if townships else said


def _plain_part(part: Part) -> dict[str, Any]:
    share = None if part.percent is None else float(part.percent)
    areas = {"numerator_m2": part.numerator_m2, "denominator_m2": part.denominator_m2}
    return {"code": part.code, "name": part.name, **areas, "percent": share}
