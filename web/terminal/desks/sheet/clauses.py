"""The desk of what a finding leads to: clauses and papers below the sheet, and the permitted activities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from data import ruling
from data.measuring import Said
from data.ruling import ActivityList
from data.texts import text
from pipelines.paper.sheet.result import Applied, Finding, Parcel, Proposed, Result, Spot
from pipelines.redline.rules import Proposal
from web.terminal import asked, say

app = typer.Typer(no_args_is_help=True)

Kind = Annotated[
    str | None,
    typer.Option("--activity", help="拟开展的活动，见 qingshan activities / what is to be done there"),
]
NewConstruction = Annotated[
    bool | None,
    typer.Option("--new-construction/--no-new-construction", help="是否新增建设用地 / new construction land or not"),
]
Temporary = Annotated[
    bool | None, typer.Option("--temporary/--permanent", help="是否临时用地 / temporary use of land or not")
]
Built = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="已建成的，建成日期 / the day on which it was built")
]
Unbuilt = Annotated[bool, typer.Option("--unbuilt", help="尚未建设 / not built yet")]


@app.command("activities")
def list_activities(_json: asked.AsJson = False) -> None:
    """生态保护红线内允许的有限人为活动：类别、出处、是否核实 / the activities permitted in the red line."""
    headings = {say.label("序号", "no"): True, "--activity": False, say.label("活动", "activity"): False}
    headings |= {say.label(one.zh, one.en): False for one in ruling.activity_lists()}
    found = list(_activities())
    below = [line for one in ruling.activity_lists() for line in _listed(one)]
    drawn = say.table(say.spoken("activities.title"), headings, found)
    say.answer(_activities_plainly(), say.below(drawn, "\n".join([*below, escape(say.spoken("activities.unlisted"))])))


def _activities() -> Iterator[Sequence[str]]:
    for one in ruling.activities().values():
        listed = ("✓" if one.id in of.activities else "—" for of in ruling.activity_lists())
        yield str(one.number), one.id, _marked(say.named(one.zh, one.en), confirmed=one.confirmed), *listed


def _listed(one: ActivityList) -> Iterator[str]:
    document = one.document
    for lang in say.voice.langs:
        mark = "" if document.confirmed else text("clauses.unconfirmed", lang)
        of = {"zh": one.zh, "en": one.en, "source": document.source, "clause": document.clause or "", "mark": mark}
        yield escape(text("activities.list", lang, {**of, "from": document.in_force_from or "—"}))
    if document.note:
        yield escape(say.named(document.note.zh, document.note.en))


def _activities_plainly() -> dict[str, Any]:
    lists = [
        {"id": one.id, "zh": one.zh, "en": one.en, "activities": one.activities, **asdict(one.document)}
        for one in ruling.activity_lists()
    ]
    return {"activities": [asdict(one) for one in ruling.activities().values()], "lists": lists}


def proposed(
    activity: str | None,
    new_construction: bool | None,
    temporary: bool | None,
    built_on: date | None,
) -> Proposal:
    """What was typed of a proposal. Raises FactsRefusal for an unknown activity."""
    return Proposal(ruling.activity(activity) if activity else None, new_construction, temporary, built_on)


def built_on(built: datetime | None, *, unbuilt: bool) -> date | None:
    """The day of building that was typed. Raises TypedRefusal for a day on which it was built and was not."""
    if built and unbuilt:
        raise asked.TypedRefusal("typed.built")
    return ruling.UNBUILT if unbuilt else built.date() if built else None


def table(parcel: Parcel, checked: Result) -> Table:
    """A row for each clause: what leads to it, the paper, who issues it at which step, and its source."""
    headings = {say.label("涉及", "touched"): False, say.label("适用条款", "clause"): False}
    headings |= {say.label("需办手续", "paper"): False, say.label("出具单位", "issued by"): False}
    headings |= {say.label("环节", "step"): False, say.label("来源", "source"): False}
    findings = {finding.id: finding for finding in parcel.findings}
    rows = [_row(one, findings[one.zones[0].row]) for one in parcel.clauses]
    named = {"name": escape(parcel.name), "on": checked.on, **say.made_up(parcel.made_up)}
    drawn = say.table(say.spoken("clauses.title", **named), headings, rows)
    drawn.show_lines = True
    return say.below(drawn, "\n".join(_foot(parcel, checked.proposal)))


def _row(one: Applied, finding: Finding) -> Sequence[str]:
    lines = [escape(say.named(one.zh, one.en)), *_questions(one)]
    papers = (_said(said) for said in (one.paper, one.issuer, one.step))
    return _touched(one.zones, finding), "\n".join(lines), *papers, _source(one)


def _questions(one: Applied) -> Iterator[str]:
    if one.open:
        for lang in say.voice.langs:
            asked_for = ("；" if lang == "zh" else "; ").join(getattr(question, lang) for question in one.open)
            yield f"[yellow]{escape(text('clauses.open', lang, {'asked': asked_for}))}[/]"


def _touched(zones: Sequence[Spot], finding: Finding) -> str:
    """The row's name, and below it the classes and kinds that lead to a clause."""
    told = [_named(finding.kinds, zone.kind) for zone in zones] + [_named(finding.classes, zone.cls) for zone in zones]
    return "\n".join([say.named(finding.zh, finding.en), *(f"  {one}" for one in dict.fromkeys(told) if one)])


def _named(names: Mapping[str, Said], value: str) -> str:
    said = names.get(value)
    return say.label(said.zh, said.en) if said else escape(value)


def _said(said: Said | None) -> str:
    return escape(say.named(said.zh, said.en)) if said else "—"


def _source(one: Applied) -> str:
    words = f"{one.source} {one.clause or ''}".strip()
    note = [say.named(one.note.zh, one.note.en)] if one.note else []
    return _marked("\n".join([words, *note]), confirmed=one.confirmed)


def _marked(words: str, *, confirmed: bool) -> str:
    """Words with the mark of what is unconfirmed behind them."""
    return escape(words if confirmed else f"{words}\n{say.phrase('clauses.unconfirmed')}")


def _foot(parcel: Parcel, proposal: Proposed) -> Iterator[str]:
    for lang in say.voice.langs:
        yield escape(text("clauses.said", lang, {"said": getattr(proposal.said, lang)}))
    if None in (proposal.activity, proposal.new_construction, proposal.temporary) or not (
        proposal.built_on or proposal.unbuilt
    ):
        yield escape(say.spoken("clauses.ask"))
    if not parcel.clauses:
        yield say.spoken("clauses.none")
    unchecked = [finding for finding in parcel.findings if not finding.checked]
    if unchecked:
        for lang in say.voice.langs:
            rows = ("、" if lang == "zh" else ", ").join(getattr(finding, lang) for finding in unchecked)
            yield text("clauses.not_checked", lang, {"rows": rows})
    yield escape(say.spoken("clauses.unconfirmed_note"))
