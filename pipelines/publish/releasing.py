"""Draft → release decision → review by a second person → switched on → rolled back.

What was reviewed is what goes out: a site is made of the files of its draft, and nothing is read again. Only the mark
of the maps changes, from "draft" to the decision; without a decision the maps stay behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo.refusal import Refusal
from layers.records.publications import Draft, Release, Review, Switch
from pipelines.publish import folder
from pipelines.publish.folder import Entry
from pipelines.publish.making import Edition, current_values, draft_files, site_files

LINK = "sites/current"
"""What is served: a link beside the sites, for who serves it shall not be able to read the drafts."""


class PublishRefusal(Refusal):
    """What stands between a draft and the public."""


@dataclass(frozen=True)
class Made:
    """A folder that was written: a draft or a site."""

    number: int
    folder: Path
    hash: str
    files: int
    release: int | None = None
    """The number of the decision that its maps are shown under; None: tables alone, or a draft."""
    approval_no: str | None = None


def draft(engine: Engine, root: Path, asked: Edition) -> Made:
    """Make the draft of a moment, with all its maps marked as not released, and put it on record. Commits.

    The very same draft is on record once: made again, it keeps its number and its maker.
    """
    files, about = draft_files(engine, asked)
    told = folder.manifest(files, about)
    hash_ = folder.hash_of(told)
    place = draft_folder(root, hash_)
    folder.write(files, about, place)
    with Session(engine) as session, session.begin():
        said = {"hash": hash_, "manifest": told.decode(), "files": len(files), "made_up": about["made_up"]}
        row = {"no": asked.no, "on": asked.on, "plan": asked.plan.id, **said}
        session.execute(insert(Draft).values(row).on_conflict_do_nothing(index_elements=["hash"]))
        number = session.scalars(select(Draft.number).where(Draft.hash == hash_)).one()
    return Made(number, place, hash_, len(files))


def decide(session: Session, number: int, decision: Mapping[str, Any]) -> Release:
    """Put the decision on the maps of a draft on record: it holds for this draft alone. Raises PublishRefusal."""
    drafted = a_draft(session, number)
    if missing := [name for name in ("secrecy_no", "approval_no", "approver") if not decision[name].strip()]:
        raise PublishRefusal("publish.decision_empty", what=", ".join(missing))
    if decision["expires_on"] < decision["decided_on"]:
        raise PublishRefusal("publish.expiry_before", **decision)
    row = Release(hash=drafted.hash, **decision)
    session.add(row)
    session.flush()
    return row


def review(session: Session, number: int, *, accepted: bool, note: str | None) -> Review:
    """Put on record what a second person found of a draft. Raises PublishRefusal for the login that made it."""
    drafted = a_draft(session, number)
    if drafted.login == login(session):
        raise PublishRefusal("publish.own_review", number=number, login=drafted.login)
    row = Review(draft=number, accepted=accepted, note=note)
    session.add(row)
    session.flush()
    return row


def switch(session: Session, root: Path, number: int, *, today: date) -> Made:
    """Switch on the site of an accepted draft: with its maps where a decision holds today, else tables alone.

    Raises PublishRefusal where no second person accepted it last, or its folder is not what was reviewed.
    """
    _one_at_a_time(session)
    drafted = a_draft(session, number)
    if not is_accepted(session, number):
        raise PublishRefusal("publish.not_reviewed", number=number)
    decision = decision_on(session, drafted.hash, today)
    return _switched(session, root, _site(root, drafted, decision), back=False)


def rollback(session: Session, root: Path, *, today: date) -> Made:
    """Go back to the site that was on before the present one, made of its draft as then. Raises PublishRefusal.

    A decision that no longer holds takes its maps along: then it is tables alone.
    """
    _one_at_a_time(session)
    switches = list(session.scalars(select(Switch).order_by(Switch.number)))
    before = _before(switches)
    if before is None:
        raise PublishRefusal("publish.nothing_before")
    drafted = a_draft(session, before.draft)
    decision = decision_on(session, drafted.hash, today)
    return _switched(session, root, _site(root, drafted, decision), back=True)


def whole(engine: Engine, place: Path, asked: Edition, *, today: date) -> Made:
    """The site of a moment straight into a folder: with maps where the very same draft is accepted and released."""
    files, about = draft_files(engine, asked)
    hash_ = folder.hash_of(folder.manifest(files, about))
    with Session(engine) as session:
        number = session.scalar(select(Draft.number).where(Draft.hash == hash_)) or 0
        decision = decision_on(session, hash_, today) if is_accepted(session, number) else None
        site, told = _made_of(files, about, hash_, decision)
        return _made(number, place, site, told, decision)


def a_draft(session: Session, number: int) -> Draft:
    """A draft by its number. Raises PublishRefusal when there is none."""
    found = session.get(Draft, number)
    if found is None:
        raise PublishRefusal("publish.no_draft", number=number)
    return found


def is_accepted(session: Session, number: int) -> bool:
    """Whether the last review of a draft accepted it."""
    last = session.scalar(select(Review.accepted).where(Review.draft == number).order_by(Review.number.desc()).limit(1))
    return bool(last)


def decision_on(session: Session, hash: str, day: date) -> Release | None:  # noqa: A002 -- as in Refusal
    """The last decision on a draft that holds on a day."""
    holds = (Release.hash == hash, Release.decided_on <= day, Release.expires_on >= day)
    return session.scalar(select(Release).where(*holds).order_by(Release.number.desc()).limit(1))


def switched_on(session: Session) -> Switch | None:
    """What was switched on last."""
    return session.scalar(select(Switch).order_by(Switch.number.desc()).limit(1))


def login(session: Session) -> str:
    """The login that the database knows this session by."""
    return str(session.connection().exec_driver_sql("select session_user").scalar_one())


def draft_folder(root: Path, hash: str) -> Path:  # noqa: A002 -- as in Refusal
    return root / "drafts" / hash[:16]


def entries_of(drafted: Draft) -> list[Entry]:
    """What a draft holds, as it was put on record."""
    return folder.entries_in(drafted.manifest.encode())


def _site(root: Path, drafted: Draft, decision: Release | None) -> Made:
    """Make the site of a draft from the files that were reviewed."""
    place = draft_folder(root, drafted.hash)
    if not place.is_dir():
        raise PublishRefusal("publish.draft_gone", number=drafted.number, folder=place, no=drafted.no)
    found, about = folder.verified(place)
    if found != drafted.hash:
        raise PublishRefusal(
            "publish.draft_differs", number=drafted.number, folder=place, hash=drafted.hash[:16], found=found[:16]
        )
    files = {entry.path: (place / entry.path).read_bytes() for entry in about.pop("files")}
    site, told = _made_of(files, about, drafted.hash, decision)
    hash_ = folder.hash_of(folder.manifest(site, told))
    return _made(drafted.number, root / "sites" / hash_[:16], site, told, decision)


def _made(number: int, place: Path, site: folder.Files, told: Mapping[str, Any], decision: Release | None) -> Made:
    """Write a site; what was written, and under which decision."""
    under = (decision.number, decision.approval_no) if decision else ()
    return Made(number, place, folder.write(site, told, place), len(site), *under)


def _made_of(
    files: folder.Files, about: Mapping[str, Any], hash_: str, decision: Release | None
) -> tuple[folder.Files, dict[str, Any]]:
    """The files of a site, and what its manifest says: the draft it was made of and the decision it stands on."""
    on, address = date.fromisoformat(str(about["on"])), about.get("address", "")  # drafts from before have none
    if decision is None:
        return site_files(files, None, on, address), {**about, "state": "tables", "draft": hash_}
    said = {name: getattr(decision, name) for name in _TOLD}
    site = site_files(files, decision.approval_no, on, address)
    return site, {**about, "state": "maps", "draft": hash_, "release": said}


_TOLD = ("secrecy_no", "approval_no", "approver", "decided_on", "expires_on")


def _switched(session: Session, root: Path, made: Made, *, back: bool) -> Made:
    """On record first: what the record refuses is never shown."""
    session.add(Switch(draft=made.number, release=made.release, hash=made.hash, back=back))
    session.flush()
    folder.point(root / LINK, made.folder)
    return made


def _one_at_a_time(session: Session) -> None:
    """Until this transaction ends nobody else switches: what the link leads to is what was put on record last."""
    session.execute(text("select pg_advisory_xact_lock(4490, 3)"))


def _before(switches: Sequence[Switch]) -> Switch | None:
    """The one to go back to: each rollback takes the last one off the pile."""
    pile: list[Switch] = []
    for one in switches:
        if one.back:
            pile.pop()
        else:
            pile.append(one)
    return pile[-2] if len(pile) > 1 else None


def publish_now(engine: Engine, root: Path, asked: Edition) -> Path:
    """Put the current values beside the site that is on, in one small file. Raises PublishRefusal where none is on."""
    site = root / LINK
    if not site.is_dir():
        raise PublishRefusal("publish.nothing_switched", root=root)
    return folder.put_now(site.resolve(), current_values(engine, asked))
