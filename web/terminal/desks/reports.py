"""The desk of citizens' reports: the office's key, what has come in, and taking it in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from data import facts
from data.texts import both
from geo.formats.values import shown
from pipelines.reports import numbers, taking
from pipelines.reports.inbox import Inbox
from pipelines.reports.taking import Listed, Taken, Terms, Untaken
from web.terminal import asked, say
from web.terminal.asked import TypedRefusal

app = typer.Typer(no_args_is_help=True, help="公众反映的问题 / what citizens report")

_FIRST_WORDS = 60
InboxAt = Annotated[Path, typer.Option("--inbox", help="收件目录 / the inbox")]
KeyAt = Annotated[
    Path | None, typer.Option("--key", help="私钥文件；不写为本机保存的 / private key; else the one kept here")
]


@app.command("key")
def make_key(inbox: InboxAt, key: KeyAt = None, _json: asked.AsJson = False) -> None:
    """生成密钥，公钥放进收件目录 / make the office's keys, and lay the public one into the inbox."""
    private, box = key or taking.key_file(), Inbox(inbox)
    made = taking.make_keys(private, box)
    if say.voice.as_json:
        say.answer({"made": made, "private": str(private), "public": str(box.key)})
    else:
        say.tell("reports.key_made" if made else "reports.key_there", private=private, public=box.key)


@app.command("list")
def list_reports(inbox: InboxAt, key: KeyAt = None, _json: asked.AsJson = False) -> None:
    """列出收到的反映 / list the reports that came in."""
    found = taking.listed(Inbox(inbox), taking.held(key or taking.key_file()))
    columns = {"number": False, "received": False, "kilobytes": True, "state": False, "place": False, "words": False}
    headings = {say.spoken(f"reports_table.{name}"): numeric for name, numeric in columns.items()}
    table = say.table(say.spoken("reports_table.title"), headings, map(_row, found))
    say.answer({"reports": [_plainly(one) for one in found]}, table)


@app.command()
def take(
    inbox: InboxAt,
    number: Annotated[str | None, typer.Argument(help="编号 / its number")] = None,
    every: Annotated[bool, typer.Option("--all", help="所有等待的 / all that wait")] = False,
    into: Annotated[
        Path | None, typer.Option(help="放到哪里；不写为本机私有目录 / where to; else a private folder of this machine")
    ] = None,
    answer: Annotated[
        str, typer.Option(help="答复：凭编号的人都能看到 / an answer, seen by whoever has the number")
    ] = "",
    key: KeyAt = None,
    _json: asked.AsJson = False,
) -> None:
    """取出反映，或答复已取出的 / take reports in, or answer one that was taken in."""
    if every == (number is not None):
        raise TypedRefusal("reports.which")
    if every and answer:
        raise TypedRefusal("reports.one_answer")
    box, private = Inbox(inbox), taking.held(key or taking.key_file())
    terms = Terms(into or taking.key_file().with_name("taken"), asked.today(), answer)
    done = [taking.take(box, private, _number(number), terms)] if number else taking.take_all(box, private, terms)
    if say.voice.as_json:
        say.answer({"taken": [_done(one) for one in done]})
    else:
        _tell(done)
    if any(isinstance(one, Untaken) for one in done):
        raise typer.Exit(1)


def _number(typed: str) -> str:
    read = numbers.read(typed)
    if read is None:
        raise TypedRefusal("reports.mistyped", text=shown(typed))
    return read


def _done(one: Taken | Untaken) -> dict[str, Any]:
    if isinstance(one, Untaken):
        return {"number": one.number, "refused": one.why.id, "said": both(one.why.id, one.why.values)}
    trouble = both(one.trouble.id, one.trouble.values) if one.trouble else None
    return {"number": one.standing.number, "state": one.standing.state, "folder": one.folder, "trouble": trouble}


def _tell(done: Sequence[Taken | Untaken]) -> None:
    if not done:
        say.tell("reports.none")
    for one in done:
        if isinstance(one, Untaken):
            say.refuse(one.why)
            continue
        number = numbers.grouped(one.standing.number)
        if one.folder:
            say.tell("reports.took", number=number, folder=one.folder)
        if one.trouble:
            say.tell(one.trouble.id, **one.trouble.values)
        if one.standing.answer:
            say.tell("reports.answered", number=number)


def _came(one: Listed) -> str:
    at = one.report.received_at if one.report else datetime.fromtimestamp(one.came_at, asked.zone())
    return at.astimezone(asked.zone()).isoformat(timespec="minutes")


def _place(one: Listed) -> str:
    if one.report is None:
        return ""
    township = facts.township(one.report.township) if one.report.township else None
    parts = [township.zh if township else "", one.report.place]
    if one.report.lon is not None:
        parts.append(f"{one.report.lon:.5f}, {one.report.lat:.5f}")
    return " ".join(part for part in parts if part)


def _plainly(one: Listed) -> dict[str, Any]:
    said = {"number": one.number, "received": _came(one), "bytes": one.size, "state": one.standing.state}
    if one.report is None:
        return {**said, "trouble": both(one.trouble.id, one.trouble.values) if one.trouble else None}
    return {**said, "place": _place(one), "words": one.report.words, "photo_bytes": one.photo_bytes}


def _row(one: Listed) -> list[str]:
    first = one.report.words if one.report else say.spoken(one.trouble.id, **one.trouble.values) if one.trouble else ""
    words = shown(first.replace("\n", " "), _FIRST_WORDS if one.report else 400)
    cells = [numbers.grouped(one.number), _came(one)[:16].replace("T", " "), f"{one.size / 1000:,.0f}"]
    return [
        escape(cell)
        for cell in (*cells, say.spoken(f"report_page.state_{one.standing.state}"), shown(_place(one)), words)
    ]
