"""The desk of progress: how far the works have come, by kind and stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session

from data import facts, judging
from data.texts import text
from layers.ground import db
from pipelines.restoration.progress import Group, Progress, Tally
from pipelines.restoration.progress import progress as see_progress
from web.terminal import asked, say

app = typer.Typer(no_args_is_help=True)


@app.command()
def progress(as_of: asked.AsOf = None, on: asked.On = None, _json: asked.AsJson = False) -> None:
    """修复进度：矿山、清洁小流域、小微湿地、工程的阶段、应完成和已完成 / progress of the works by stage."""
    with asked.moment(db.ready(), as_of, on) as session:
        seen = see_progress(session, on=asked.judged_on(session, as_of, on))
    say.answer(plainly(seen), table(seen))


def now(session: Session) -> tuple[dict[str, Any], Table]:
    """The progress as it stands today: for programs, and as a table."""
    seen = see_progress(session, on=asked.today())
    return plainly(seen), table(seen)


def table(seen: Progress) -> Table:
    """A row for each group, and below it what counts as done."""
    headings = {
        "group": False, "whole": True, "hm2": True, "due": True, "done": True, "done_hm2": True, "overdue": True,
        "stages": False,
    }  # fmt: skip
    drawn = say.table(
        say.spoken("progress_table.title", on=seen.on, no=seen.no, **say.made_up(seen.made_up)),
        {say.spoken(f"progress_table.{name}"): numeric for name, numeric in headings.items()},
        (_group_row(group) for group in seen.groups),
    )
    return say.below(drawn, _done_note(seen))


def _group_row(group: Group) -> Sequence[str]:
    name = escape(say.named(group.zh, group.en))
    if not group.loaded:
        return name, say.spoken("progress_table.not_loaded"), *[""] * 6
    if not group.items:
        return name, "0", *[""] * 5, say.spoken("progress_table.none")
    whole, done = group.whole, group.done
    counts = (str(group.planned_by_now.count), str(done.count), hm2(done), str(group.overdue.count))
    return name, str(whole.count), hm2(whole), *counts, _stages(group)


def hm2(tally: Tally) -> str:
    return "—" if tally.hm2 is None else f"{tally.hm2:,.2f}"


def _stages(group: Group) -> str:
    """How many stand at each stage that is held, in the order of the stages."""
    held = [(_stage_names(group.system, stage), tally) for stage, tally in group.stages() if tally.count]
    zh, en = (" · ".join(f"{names[n]} {tally.count}" for names, tally in held) for n in (0, 1))
    return say.named(zh, en)


def _stage_names(system: str, stage: str | None) -> tuple[str, str]:
    if stage is None:
        return text("progress_table.no_stage", "zh"), text("progress_table.no_stage", "en")
    code = facts.system(system)[stage]
    return code.zh, code.en


def _done_note(seen: Progress) -> str:
    codes = [facts.system(s)[judging.done(s).stage] for s in dict.fromkeys(group.system for group in seen.groups)]
    zh, en = (dict.fromkeys(names) for names in ([c.zh for c in codes], [c.en for c in codes]))
    return say.spoken("progress_table.done_note", stages_zh="、".join(zh), stages_en=", ".join(en))


def plainly(seen: Progress) -> dict[str, Any]:
    """The progress for programs; items stand in the groups that are not parts of others."""
    systems = dict.fromkeys(group.system for group in seen.groups)
    return {
        "no": seen.no,
        "on": seen.on,
        "made_up": seen.made_up,
        "done_from": [judging.done(system) for system in systems],
        "groups": [_group_plainly(group) for group in seen.groups],
    }


def _group_plainly(group: Group) -> dict[str, Any]:
    named = {"id": group.id, "zh": group.zh, "en": group.en, "loaded": group.loaded}
    if not group.loaded:
        return named
    stages = [
        {"stage": stage, **dict(zip(("zh", "en"), _stage_names(group.system, stage), strict=True)), **asdict(tally)}
        for stage, tally in group.stages()
    ]
    tallies: dict[str, Tally] = {
        "whole": group.whole, "planned_by_now": group.planned_by_now, "done": group.done, "overdue": group.overdue
    }  # fmt: skip
    return {**named, **tallies, "stages": stages, **({} if "." in group.id else {"items": group.items})}
