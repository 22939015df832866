"""The office's side: keys, the list of reports, and taking them in."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from geo.refusal import Note
from layers.ground import cluster
from pipelines.reports.inbox import Inbox, Standing, write
from pipelines.reports.photo import Photo, cleaned
from pipelines.reports.sealing import Report, ReportRefusal, opened, pair, public_of


@dataclass(frozen=True)
class Listed:
    """A sealed report as it lies in the inbox. report: without its photo; None where it does not open, see trouble."""

    number: str
    came_at: float
    """Seconds since 1970, as the disc has it."""
    size: int
    standing: Standing
    report: Report | None = None
    photo_bytes: int = 0
    trouble: Note | None = None


@dataclass(frozen=True)
class Taken:
    """A report taken in. folder: where words.json and photo.jpg are; trouble: why its photo is not."""

    standing: Standing
    folder: Path | None = None
    trouble: Note | None = None


@dataclass(frozen=True)
class Untaken:
    """A report that could not be taken in."""

    number: str
    why: ReportRefusal


@dataclass(frozen=True)
class Terms:
    """How reports are taken in. into: gets a folder for each, named by its number; today: the day that is told."""

    into: Path
    today: date
    answer: str = ""


def key_file() -> Path:
    """Where this checkout keeps the private key: beside its private cluster, and for nobody else to read."""
    return cluster.of().home.with_suffix(".reports") / "office.private"


def make_keys(private: Path, inbox: Inbox) -> bool:
    """Make the pair of keys where there is none yet, and lay the public one into the inbox; whether it was made.

    Raises ReportRefusal where the inbox has another office's key already.
    """
    made = not private.exists()
    written, public = pair() if made else (held(private), "")
    public = public or public_of(written)
    if inbox.key.exists() and inbox.public().strip() != public.strip():
        raise ReportRefusal("reports.key_differs", path=inbox.key, private=private)
    if made:
        private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(written)
    inbox.make()
    write(inbox.key, public.encode(), mode=0o644)
    return made


def held(private: Path) -> str:
    """The written private key. Raises ReportRefusal when there is none."""
    try:
        return private.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReportRefusal("reports.no_private_key", path=private) from error


def listed(inbox: Inbox, private: str) -> list[Listed]:
    """Every report of the inbox: those that wait, then those that were taken in."""
    return [
        _listed(inbox, folder, number, private)
        for folder in (inbox.new, inbox.taken)
        for number in inbox.numbers(folder)
    ]


def _listed(inbox: Inbox, folder: Path, number: str, private: str) -> Listed:
    file = inbox.sealed(folder, number)
    found, standing = file.stat(), inbox.standing(number) or Standing(number, "taken")
    lies = Listed(number, found.st_mtime, found.st_size, standing)
    try:
        report = opened(file.read_bytes(), private, number=number)
        # Thousands may be listed: their photos together would not fit into memory.
        return replace(lies, report=replace(report, photo=None), photo_bytes=len(report.photo or b""))
    except ReportRefusal as refusal:
        return replace(lies, trouble=Note(refusal.id, refusal.values))


def take_all(inbox: Inbox, private: str, terms: Terms) -> list[Taken | Untaken]:
    """Take in every report that waits; one that is refused does not keep the others waiting."""
    return [_tried(inbox, private, number, terms) for number in list(inbox.numbers(inbox.new))]


def _tried(inbox: Inbox, private: str, number: str, terms: Terms) -> Taken | Untaken:
    try:
        return take(inbox, private, number, terms)
    except ReportRefusal as refusal:
        return Untaken(number, refusal)


def take(inbox: Inbox, private: str, number: str, terms: Terms) -> Taken:
    """Take one report in, or answer one that was taken in before; begun again after a fall, it ends the same.

    Raises ReportRefusal: unknown, another key's, damaged, nothing new to do.
    """
    waiting = inbox.sealed(inbox.new, number)
    standing = Standing(number, "answered" if terms.answer else "taken", terms.today, terms.answer)
    if not waiting.exists():
        return _answer(inbox, standing)
    report = opened(waiting.read_bytes(), private, number=number)
    photo, trouble = _photo(report)
    folder = _written(report, photo, trouble, terms.into)
    inbox.stand(standing)
    waiting.replace(inbox.sealed(inbox.taken, number))
    return Taken(standing, folder, trouble)


def _answer(inbox: Inbox, standing: Standing) -> Taken:
    if not inbox.sealed(inbox.taken, standing.number).exists():
        raise ReportRefusal("reports.unknown", number=standing.number, inbox=inbox.place)
    if not standing.answer:
        raise ReportRefusal("reports.taken_before", number=standing.number)
    inbox.stand(standing)
    return Taken(standing)


def _photo(report: Report) -> tuple[Photo | None, Note | None]:
    """The report's photo made safe; words are taken in without it where it cannot be."""
    if report.photo is None:
        return None, None
    try:
        return cleaned(report.photo), None
    except ReportRefusal as refusal:
        return None, Note(refusal.id, refusal.values)


def _written(report: Report, photo: Photo | None, trouble: Note | None, into: Path) -> Path:
    """The report's folder, put in its place when it is whole; one that an earlier try left is replaced."""
    half, folder = into / f".half-{report.number}", into / report.number
    for old in (half, folder):
        shutil.rmtree(old, ignore_errors=True)
    half.mkdir(mode=0o700, parents=True)
    if photo:
        write(half / "photo.jpg", photo.jpeg)
    write(half / "words.json", json.dumps(_told(report, photo, trouble), ensure_ascii=False, indent=2).encode())
    half.rename(folder)
    return folder


def _told(report: Report, photo: Photo | None, trouble: Note | None) -> dict[str, object]:
    said = {name: value for name, value in asdict(replace(report, photo=None)).items() if name != "photo"}
    of_photo = {name: value for name, value in vars(photo).items() if name != "jpeg"} if photo else None
    return {
        **said,
        "received_at": report.received_at.isoformat(),
        "photo": {"file": "photo.jpg", **of_photo} if of_photo else None,
        "photo_refused": trouble.id if trouble else None,
    }
