"""The forty attack files given to `qingshan check`, in this process so that all of them take seconds."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.texts import texts
from layers.ground import db
from tests.geo.hostile.attacks import ATTACKS, Read
from web.terminal import main, say


def test_every_attack_is_answered_in_words_with_the_exit_code_that_says_so(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(db, "ready", lambda: engine)  # One that is closed at the end, which a command need not.
    monkeypatch.setattr(say.voice, "as_json", say.voice.as_json)
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))

    for n, attack in enumerate(ATTACKS):
        folder = tmp_path / str(n)
        folder.mkdir()
        path = str(attack.make(folder, 9))
        if "\x00" in path:
            continue  # No system passes such a word to a program.
        monkeypatch.setattr(sys, "argv", ["qingshan", "check", path])

        with pytest.raises(SystemExit) as ended:
            main.run()

        out, err = capsys.readouterr()
        parcels = isinstance(attack.answer, Read) and None in attack.answer.rows
        assert ended.value.code == (0 if parcels else 1), (attack, err)
        assert "Traceback" not in err
        assert "\x1b" not in out + err
        if isinstance(attack.answer, Read):
            assert ("初筛结果，不作为审批依据" in out) == parcels
            assert ("坐标疑似带有 GCJ-02" in out) == (attack.number == 38)
        else:
            assert any(_said(id_, err) for id_ in attack.answer.ids), (attack, err)
    assert list((tmp_path / "scratch").iterdir()) == []


def _said(id_: str, err: str) -> bool:
    """Whether the words of that message up to its first value were said, in both languages."""
    plain = "".join(err.split())
    return all("".join(texts()[id_][lang].split("{")[0].split()) in plain for lang in texts()[id_])
