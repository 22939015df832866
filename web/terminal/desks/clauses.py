"""The desk of what a finding leads to: clauses and papers below the sheet, and the permitted activities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from data import facts, ruling
from data.measuring import Said
from data.ruling import ActivityList, Document
from data.texts import Lang, both, text
from pipelines.redline.check import Finding, Sheet, kinds_of, system_of
from pipelines.redline.rules import Applied, Case, Proposal, Zone, applicable
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


def applied(sheet: Sheet, proposal: Proposal, on: date) -> tuple[Applied, ...]:
    """The clauses that a sheet's findings lead to in the county on a day."""
    case = Case(facts.county().province_en, on, sheet.zones, proposal, sheet.unchecked, sheet.meeting, sheet.close)
    return applicable(case)


def table(sheet: Sheet, proposal: Proposal, on: date) -> Table:
    """A row for each clause: what leads to it, the paper, who issues it at which step, and its source."""
    headings = {say.label("涉及", "touched"): False, say.label("适用条款", "clause"): False}
    headings |= {say.label("需办手续", "paper"): False, say.label("出具单位", "issued by"): False}
    headings |= {say.label("环节", "step"): False, say.label("来源", "source"): False}
    findings = {finding.row.id: finding for finding in sheet.findings}
    rows = [_row(one, findings[one.clause.when.row]) for one in applied(sheet, proposal, on)]
    made_up = say.made_up(any(finding.made_up for finding in sheet.findings))
    title = say.spoken("clauses.title", name=escape(sheet.parcel.name), on=on, **made_up)
    drawn = say.table(title, headings, rows)
    drawn.show_lines = True
    return say.below(drawn, "\n".join(_foot(sheet, proposal, rows)))


def _row(one: Applied, finding: Finding) -> Sequence[str]:
    clause = one.clause
    lines = [escape(say.named(clause.zh, clause.en)), *_questions(one)]
    papers = (_said(said) for said in (clause.paper, clause.issuer, clause.step))
    return _touched(one.zones, finding), "\n".join(lines), *papers, _source(clause.document)


def _questions(one: Applied) -> Iterator[str]:
    if one.open:
        for lang in say.voice.langs:
            asked_for = ("；" if lang == "zh" else "; ").join(text(f"question.{name}", lang) for name in one.open)
            yield f"[yellow]{escape(text('clauses.open', lang, {'asked': asked_for}))}[/]"


def _touched(zones: Sequence[Zone], finding: Finding) -> str:
    """The row's name, and below it the classes and kinds that lead to a clause."""
    classes, kinds = system_of(finding.row), kinds_of(finding.row)
    told = [_named(kinds, zone.kind) for zone in zones] + [_named(classes, zone.cls) for zone in zones]
    name = say.named(*(text(f"check_row.{finding.row.id}", lang) for lang in ("zh", "en")))
    return "\n".join([name, *(f"  {one}" for one in dict.fromkeys(told) if one)])


def _named(system: facts.CodeSystem | None, value: str) -> str:
    code = system.codes.get(value) if system else None
    return say.label(code.zh, code.en) if code else value


def _said(said: Said | None) -> str:
    return escape(say.named(said.zh, said.en)) if said else "—"


def _source(document: Document) -> str:
    words = f"{document.source} {document.clause or ''}".strip()
    note = [say.named(document.note.zh, document.note.en)] if document.note else []
    return _marked("\n".join([words, *note]), confirmed=document.confirmed)


def _marked(words: str, *, confirmed: bool) -> str:
    """Words with the mark of what is unconfirmed behind them."""
    return escape(words if confirmed else f"{words}\n{say.phrase('clauses.unconfirmed')}")


def _foot(sheet: Sheet, proposal: Proposal, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for lang in say.voice.langs:
        comma = "，" if lang == "zh" else ", "
        yield text("clauses.said", lang, {"said": comma.join(_stated(proposal, lang))})
    if None in asdict(proposal).values():
        yield escape(say.spoken("clauses.ask"))
    if not rows:
        yield say.spoken("clauses.none")
    if sheet.unchecked:
        for lang in say.voice.langs:
            names = [text(f"check_row.{f.row.id}", lang) for f in sheet.findings if not f.loaded]
            yield text("clauses.not_checked", lang, {"rows": ("、" if lang == "zh" else ", ").join(names)})
    yield escape(say.spoken("clauses.unconfirmed_note"))


def _stated(proposal: Proposal, lang: Lang) -> Iterator[str]:
    named = ruling.activities().get(proposal.activity or "")
    ids = {None: "no_activity", ruling.UNLISTED: "unlisted"}
    yield text(f"clause_said.{ids.get(proposal.activity, 'activity')}", lang, {"activity": named.id if named else ""})
    for name in ("new_construction", "temporary"):
        state = {True: "", False: "no_", None: "unknown_"}[getattr(proposal, name)]
        yield text(f"clause_said.{state}{name}", lang)
    built = {None: "unknown_built", ruling.UNBUILT: "unbuilt"}.get(proposal.built_on, "built")
    yield text(f"clause_said.{built}", lang, {"on": proposal.built_on})


def proposal_plainly(proposal: Proposal) -> Mapping[str, Any]:
    """What was said of a proposal, for programs: null where nothing was said."""
    unbuilt = proposal.built_on == ruling.UNBUILT
    return {**asdict(proposal), "built_on": None if unbuilt else proposal.built_on, "unbuilt": unbuilt}


def plainly(sheet: Sheet, proposal: Proposal, on: date) -> list[dict[str, Any]]:
    """The clauses for programs, each with the zones that lead to it and its open questions."""
    return [_clause_plainly(one) for one in applied(sheet, proposal, on)]


def _clause_plainly(one: Applied) -> dict[str, Any]:
    clause = one.clause
    said = {name: asdict(said) if said else None for name, said in _papers(one).items()}
    return {
        "id": clause.id,
        "zh": clause.zh,
        "en": clause.en,
        "applies": not one.open,
        "open": [{"id": name, **both(f"question.{name}")} for name in one.open],
        "zones": [asdict(zone) for zone in one.zones],
        **said,
        **asdict(clause.document),
    }


def _papers(one: Applied) -> Mapping[str, Said | None]:
    return {"paper": one.clause.paper, "issuer": one.clause.issuer, "step": one.clause.step}
