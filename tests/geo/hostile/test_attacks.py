"""The forty attack files of `attacks.py`, each sent through the sandbox: its answer, and nothing besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.texts import both
from geo.refusal import Note
from geo.sandbox import Limits
from tests.geo.craft import boxed, refused, row_refusals
from tests.geo.hostile.attacks import ATTACKS, Attack, Read, Refused

NUMBERED = [pytest.param(attack, id=f"{attack.number:02d}-{attack.name[:60]!a}") for attack in ATTACKS]


def test_all_forty_are_there() -> None:
    assert {attack.number for attack in ATTACKS} == set(range(1, 41))


@pytest.mark.usefixtures("in_under_five_seconds_with_nothing_left")
@pytest.mark.parametrize("attack", NUMBERED)
def test_an_attack_gets_its_answer_and_leaves_nothing_behind(
    attack: Attack, tmp_path: Path, listener: tuple[int, list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, came = listener
    sent, here = tmp_path / "sent", tmp_path / "here"
    sent.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    path = attack.make(sent, port)
    before = {part: part.stat().st_mtime_ns for part in sent.rglob("*")}

    answer = attack.answer
    said = read(path, answer, attack.limits) if isinstance(answer, Read) else refusal(path, answer)

    for note in said:
        worded = both(note.id, note.values)
        assert all(worded.values())
        assert all(letter.isprintable() for letter in "".join(worded.values()))
    assert {part: part.stat().st_mtime_ns for part in sent.rglob("*")} == before
    assert list(here.iterdir()) == []
    assert came == []


def refusal(path: Path, answer: Refused) -> list[Note]:
    got = refused(path)
    assert got.id in answer.ids
    assert answer.naming in str(got.values)
    return [Note(got.id, got.values)]


def read(path: Path, answer: Read, limits: Limits | None) -> list[Note]:
    opening, rows = boxed(path, limits=limits)
    assert row_refusals(rows) == list(answer.rows)
    notes = [*opening.notes, *(note for row in rows for note in row.notes)]
    assert [note.id for note in notes] == list(answer.notes)
    assert answer.true(opening, rows)
    return [*notes, *(row.refusal for row in rows if row.refusal)]
