"""The desk that explains a number: what it is made of, what was left out, and what else it might be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from data import facts, measuring
from data.texts import text
from layers.ground import db
from layers.ground.layer import layer_named
from pipelines.restoration.counting import WELFARE
from pipelines.restoration.explain import LEAST_M2, Explanation, FigureExplained, Otherwise, explain
from pipelines.restoration.rates import FORMULAS, HM2
from web.terminal import asked, say
from web.terminal.desks.rates import land_of

app = typer.Typer(no_args_is_help=True)

_SYSTEMS: Mapping[str, tuple[str, ...]] = {
    "forest": ("forest-2020", "forest-pre2020", "landclass-1055"),
    "protected-forest": ("redline-control",),
    "wetland": ("wetland-type",),
    "protected-wetland": ("wetland-protection",),
    "eroded": ("erosion-intensity",),
    "redline": ("redline-control",),
}
"""Figure → the code systems of its classes."""


_REASONS = (*_SYSTEMS["forest"], "protected-area-kind", "erosion-intensity", "wetland-baseline")
"""The code systems that a reason for not counting may name a code of."""


@app.command("explain")
def explain_rate(
    rate: Annotated[str, typer.Argument(help=f"指标 / rate: {', '.join(FORMULAS)}")],
    township: Annotated[str | None, typer.Option(help="乡镇代码或名称 / township")] = None,
    top: Annotated[int, typer.Option(help="列出最大的多少个图斑 / how many features to list")] = 10,
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """说明一个数：由哪些图斑组成、扣了什么、排除了什么、换个口径是多少 / explain a number."""
    with asked.moment(db.ready(), as_of, on) as session:
        found = explain(session, rate, township=township, on=asked.judged_on(session, as_of, on))
    say.answer(_plain(found), *_tables(found, top))


def _tables(found: Explanation, top: int) -> Iterator[Table]:
    yield _made_of(found)
    for figure in found.figures:
        yield from _removed(figure, top)
    yield from _left_out(found)
    yield from _largest(found, top)
    if found.otherwise:
        yield _other_definitions(found)


def _made_of(found: Explanation) -> Table:
    """Both sides of the quotient by class."""
    headings = {say.label("组成", "made of"): False, say.label("类别", "class"): False}
    headings |= {say.label("图斑", "features"): True, say.label("面积", "area") + " hm²": True}
    headings |= {say.label("已扣重叠", "overlap off") + " hm²": True}
    rows = [row for figure in found.figures for row in _classes(figure)]
    share = "—" if found.part.percent is None else f"{found.part.percent} %"
    made_up = f" · {say.spoken('rates.made_up').replace(chr(10), ' ')}" if found.made_up else ""
    title = f"{found.part.name} {say.label(found.rate.zh, found.rate.en)} {share}{made_up}"
    below = [say.spoken("explain.formula", zh=found.rate.formula, source=found.rate.source)]
    below += [say.spoken("explain.choice", **_answered(choice)) for choice in found.choices]
    below += [say.spoken("explain.method", zh=found.rate.method.zh, en=found.rate.method.en)]
    below += [say.spoken("explain.difference", zh=d.zh, en=d.en) for d in found.rate.differences]
    below += [land_of(found.adjustment)] if any(figure.figure == "land" for figure in found.figures) else []
    below += [say.spoken("rates.at", no=found.no, on=found.on)]
    return say.table(title, headings, rows, below="\n".join(below))


def _answered(choice: measuring.Choice) -> dict[str, str]:
    option = choice.options[choice.chosen]
    return {"zh": f"{choice.zh}：{option.zh}", "en": f"{choice.en}: {option.en}"}


def _classes(figure: FigureExplained) -> Iterator[list[str]]:
    """A figure's classes, the largest first, over all townships."""
    of: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for row in figure.sums:
        of[row.cls] = [sum(pair) for pair in zip(of[row.cls], (row.features, row.m2, row.removed_m2), strict=True)]
    name = say.spoken(f"figure.{figure.figure}").replace("\n", " ")
    for cls, (features, m2, removed) in sorted(of.items(), key=lambda row: -row[1][1]):
        if not features and len(of) > 1:
            continue
        yield [name, words(figure.figure, cls), f"{features:,}", _hm2(m2), _hm2(removed)]


def _removed(figure: FigureExplained, top: int) -> Iterator[Table]:
    """The features of which ground was counted already, in the order in which they take ground."""
    placed = [(place, f) for place, f in enumerate(figure.features, start=1) if f.removed_m2 > LEAST_M2]
    if not placed:
        return
    headings = {say.label("次序", "order"): True, **_feature(), say.label("已扣", "taken off") + " m²": True}
    largest = sorted(sorted(placed, key=lambda pair: -pair[1].removed_m2)[:top])
    rows = [[str(n), *_named(f.layer, f.code, f.name), _town(f.township), f"{f.removed_m2:,.2f}"] for n, f in largest]
    title = say.spoken(f"figure.{figure.figure}").replace("\n", " ")
    below = (
        say.spoken(f"explain.order-{figure.figure}") + "\n" + say.spoken("explain.shown", n=len(rows), of=len(placed))
    )
    yield say.table(f"{title} · {say.label('重叠只计一次', 'overlaps counted once')}", headings, rows, below=below)


def _left_out(found: Explanation) -> Iterator[Table]:
    rows = [
        [layer_named(e.layer).zh, say.spoken(e.reason.id, **_reason(e.reason.values)), f"{e.features:,}", _hm2(e.m2)]
        for figure in found.figures
        for e in sorted(figure.excluded, key=lambda e: -e.m2)
    ]
    if rows:
        headings = {say.label("图层", "layer"): False, say.label("原因", "reason"): False}
        headings |= {say.label("图斑", "features"): True, say.label("面积", "area") + " hm²": True}
        yield say.table(say.label("未计入", "not counted"), headings, rows)


def _reason(values: Mapping[str, object]) -> dict[str, object]:
    """The values of a reason, a code with its words."""
    code = str(values.get("code", ""))
    known = (facts.system(name) for name in _REASONS)
    said = next((system[code] for system in known if code in system), None)
    return {**values, "zh": said.zh if said else "", "en": said.en if said else ""}


def _largest(found: Explanation, top: int) -> Iterator[Table]:
    for figure in found.figures:
        if figure.figure == "land" or not figure.features:
            continue
        headings = {**_feature(), say.label("类别", "class"): False, say.label("面积", "area") + " hm²": True}
        largest = sorted(figure.features, key=lambda f: -f.m2)[:top]
        rows = [
            [*_named(f.layer, f.code, f.name), _town(f.township), words(figure.figure, f.cls), _hm2(f.m2)]
            for f in largest
        ]
        title = say.spoken(f"figure.{figure.figure}").replace("\n", " ")
        below = say.spoken("explain.shown", n=len(rows), of=len(figure.features))
        yield say.table(f"{title} · {say.label('最大的图斑', 'the largest')}", headings, rows, below=below)


def _other_definitions(found: Explanation) -> Table:
    headings = {say.label("若改为", "counted otherwise"): False, say.label("结果", "result") + " %": True}
    headings |= {say.label("相差（百分点）", "difference (points)"): True}
    rows = [[say.label(o.difference.zh, o.difference.en), *_result(found, o)] for o in found.otherwise]
    return say.table(say.label("其他许可的口径", "other permitted definitions"), headings, rows)


def _result(found: Explanation, other: Otherwise) -> list[str]:
    here, there = found.part.share, other.part.share if other.part else None
    if other.part is None:
        return [say.label("未载入", "not loaded"), ""]
    if here is None or there is None:
        return ["—", ""]
    return [str(other.part.percent), f"{100 * (there - here):+.2f}"]


def words(figure: str, cls: str) -> str:
    """A class of a figure in words."""
    if cls == WELFARE:
        return say.label("公益林", "public-welfare forest")
    known = (facts.system(name).codes.get(cls) for name in _SYSTEMS.get(figure, ()))
    code = next((code for code in known if code is not None), None)
    return say.label(code.zh, code.en) if code else cls or "—"


def _feature() -> dict[str, bool]:
    pairs = ("图层", "layer"), ("编号", "code"), ("名称", "name"), ("乡镇", "township")
    return {say.label(*pair): False for pair in pairs}


def _named(layer: str, code: str, name: str) -> list[str]:
    return [str(layer_named(layer).zh), code, name]


def _town(code: str) -> str:
    found = facts.township(code)
    return found.zh if found else code


def _hm2(m2: float) -> str:
    return f"{m2 / HM2:,.4f}"


def _plain(found: Explanation) -> dict[str, Any]:
    part = found.part
    return {
        "rate": found.rate.id,
        "zh": found.rate.zh,
        "en": found.rate.en,
        "formula": found.rate.formula,
        "source": found.rate.source,
        "method": vars(found.rate.method),
        "differences": [vars(d) for d in found.rate.differences],
        "no": found.no,
        "on": found.on,
        "made_up": found.made_up,
        "place": {"code": part.code, "name": part.name},
        "numerator_m2": part.numerator_m2,
        "denominator_m2": part.denominator_m2,
        "percent": None if part.percent is None else float(part.percent),
        "choices": {choice.id: choice.chosen for choice in found.choices},
        "figures": [_plain_figure(figure) for figure in found.figures],
        "otherwise": [_plain_other(found, other) for other in found.otherwise],
    }


def _plain_figure(figure: FigureExplained) -> dict[str, Any]:
    order = f"explain.order-{figure.figure}"
    return {
        "figure": figure.figure,
        "order": {"zh": text(order, "zh"), "en": text(order, "en")},
        "sums": [asdict(row) for row in figure.sums],
        "features": [asdict(feature) for feature in figure.features],
        "excluded": [
            {"layer": e.layer, "reason": e.reason.id, "values": e.reason.values, "features": e.features, "m2": e.m2}
            for e in figure.excluded
        ],
    }


def _plain_other(found: Explanation, other: Otherwise) -> dict[str, Any]:
    part = other.part
    share = part.share if part else None
    here = found.part.share
    points = None if share is None or here is None else 100 * (share - here)
    percent = None if part is None or part.percent is None else float(part.percent)
    return {"difference": vars(other.difference), "percent": percent, "points": points}
