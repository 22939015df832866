"""The office's side: its key, what came in, taking it in and answering, by disc too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from data.reporting import limits
from layers.ground import cluster
from pipelines.reports.inbox import Inbox
from pipelines.reports.numbers import check
from pipelines.reports.sealing import ReportRefusal
from pipelines.reports.taking import key_file, make_keys
from tests.web.site.offices import (
    PHOTO,
    TYPED,
    Office,
    command,
    looked_up,
    photo_with_position,
    sent,
)


def test_a_report_goes_from_the_form_to_the_office_and_its_answer_back(office: Office, tmp_path: Path) -> None:
    photo = photo_with_position()
    number = sent(office.site, TYPED, photo)
    sealed = office.inbox.sealed(office.inbox.new, number)
    assert sealed.stat().st_mode & 0o007 == 0
    assert not any(word.encode() in sealed.read_bytes() for word in TYPED.values())
    assert "已收到" in looked_up(office.site, number)

    (row,) = office.answers("list")["reports"]
    assert (row["number"], row["state"], row["photo_bytes"]) == (number, "received", len(photo))
    assert row["place"] == "江背镇 江背镇桥头"
    assert row["words"] == TYPED["words"]

    (taken,) = office.answers("take", "--all", "--into", str(tmp_path))["taken"]
    assert (taken["number"], taken["state"], taken["trouble"]) == (number, "taken", None)
    words = json.loads((tmp_path / number / "words.json").read_text("utf-8"))
    assert {name: words[name] for name in TYPED} == TYPED
    assert (words["photo"]["lon"], words["photo"]["lat"]) == (115.36, 26.33)
    with Image.open(tmp_path / number / "photo.jpg") as picture:
        assert dict(picture.getexif()) == {}
    assert not sealed.exists()
    assert office.inbox.sealed(office.inbox.taken, number).exists()
    page = looked_up(office.site, number)
    assert "已受理" in page
    assert not any(word in page for word in TYPED.values())

    office.answers("take", number.lower(), "--answer", "已派人查看 <b>")
    page = looked_up(office.site, number)
    assert "已答复" in page
    assert "已派人查看 &lt;b&gt;" in page


def test_the_inbox_refuses_before_it_is_too_full(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.make()
    inbox.keep("A", b"sealed")
    for n in range(limits().most - 1):
        (inbox.new / f"{n}.sealed").touch()

    with pytest.raises(ReportRefusal, match=r"reports\.full"):
        inbox.keep("B", b"sealed")
    assert inbox.sealed(inbox.new, "A").read_bytes() == b"sealed"


def test_words_are_taken_in_though_their_photo_is_broken(shared: Office, tmp_path: Path) -> None:
    number = sent(shared.site, TYPED, PHOTO)

    (taken,) = shared.answers("take", number, "--into", str(tmp_path))["taken"]

    assert "打不开" in taken["trouble"]["zh"]
    assert json.loads((tmp_path / number / "words.json").read_text("utf-8"))["photo_refused"] == "reports.photo_broken"
    assert not (tmp_path / number / "photo.jpg").exists()


def test_taking_in_begun_again_after_a_fall_ends_the_same(shared: Office, tmp_path: Path) -> None:
    number = sent(shared.site, TYPED)
    sealed = shared.inbox.sealed(shared.inbox.new, number)
    content = sealed.read_bytes()
    shared.answers("take", number, "--into", str(tmp_path))
    words = (tmp_path / number / "words.json").read_bytes()

    sealed.write_bytes(content)  # as when it fell before the file was moved
    (tmp_path / f".half-{number}").mkdir()
    shared.answers("take", number, "--into", str(tmp_path))

    assert (tmp_path / number / "words.json").read_bytes() == words
    assert [path.name for path in tmp_path.iterdir()] == [number]
    assert not sealed.exists()


def test_the_office_is_told_what_is_wrong_and_the_rest_is_taken_in(office: Office, tmp_path: Path) -> None:
    good, bad = sent(office.site, TYPED), sent(office.site, TYPED)
    damaged = office.inbox.sealed(office.inbox.new, bad)
    damaged.write_bytes(damaged.read_bytes()[:-1])

    rows = {row["number"]: row for row in office.answers("list")["reports"]}
    ran = office.does("take", "--all", "--into", str(tmp_path))

    assert "已损坏" in rows[bad]["trouble"]["zh"]
    assert ran.returncode == 1
    assert f"反映 {bad} 的文件已损坏" in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == [good]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("take",), 2, "请给出编号"),
        (("take", "AAAAAAAAB"), 2, "编号“AAAAAAAAB”有误"),
        (("take", "--all", "--answer", "x"), 2, "只能答复一件"),
        (("take", "AAAAAAAA" + check("A" * 8)), 1, "没有编号"),
    ],
)
def test_what_the_office_types_wrongly_is_told(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    key = tmp_path / "key"
    assert command("key", "--inbox", str(tmp_path / "inbox"), "--key", str(key)).returncode == 0

    ran = command(*words, "--inbox", str(tmp_path / "inbox"), "--key", str(key))

    assert (ran.returncode, said in ran.stderr) == (code, True), ran.stderr


def test_a_report_goes_by_disc_and_what_became_of_it_comes_back(shared: Office, tmp_path: Path) -> None:
    number, inside = sent(shared.site, TYPED), Inbox(tmp_path / "inside")
    make_keys(shared.key, inside)

    shutil.move(shared.inbox.sealed(shared.inbox.new, number), inside.new)
    assert shared.site.ask(f"/report/{number}").status == 404
    ran = command(
        "take", number, "--inbox", str(inside.place), "--key", str(shared.key), "--into", str(tmp_path / "in")
    )
    assert ran.returncode == 0, ran.stderr
    shutil.copy(inside.states / f"{number}.json", shared.inbox.states)

    assert "已受理" in looked_up(shared.site, number)
    (shared.inbox.states / f"{number}.json").write_text('{"state": "answ', "utf-8")
    assert "已受理" in looked_up(shared.site, number)


def test_a_report_taken_in_before_is_not_taken_in_twice(shared: Office, tmp_path: Path) -> None:
    number = sent(shared.site, TYPED)
    shared.answers("take", number, "--into", str(tmp_path))

    again = shared.does("take", number, "--into", str(tmp_path))

    assert (again.returncode, "早已取出" in again.stderr) == (1, True)


def test_the_private_key_is_nobody_elses_and_made_once(tmp_path: Path) -> None:
    key, inbox = tmp_path / "private" / "key", Inbox(tmp_path / "inbox")
    make = ("key", "--inbox", str(inbox.place), "--key", str(key), "--json")
    assert json.loads(command(*make).stdout)["made"] is True
    written = key.read_bytes()

    assert json.loads(command(*make).stdout)["made"] is False
    assert key.read_bytes() == written
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert key.read_text().split()[1] not in inbox.key.read_text()

    other = command("key", "--inbox", str(inbox.place), "--key", str(tmp_path / "other"))
    assert (other.returncode, "不是一对" in other.stderr) == (1, True)
    assert not (tmp_path / "other").exists()


def test_the_private_key_is_kept_outside_the_checkout() -> None:
    assert not key_file().is_relative_to(cluster.CHECKOUT)
    assert key_file().parent != cluster.of().home  # which the server's user may read


def test_without_the_private_key_nothing_is_opened(office: Office, tmp_path: Path) -> None:
    sent(office.site, TYPED)
    ran = command("list", "--inbox", str(office.inbox.place), "--key", str(tmp_path / "none"))
    assert (ran.returncode, "没有私钥" in ran.stderr) == (1, True)

    wrong = tmp_path / "wrong"
    assert command("key", "--inbox", str(tmp_path / "elsewhere"), "--key", str(wrong)).returncode == 0
    (row,) = json.loads(command("list", "--inbox", str(office.inbox.place), "--key", str(wrong), "--json").stdout)[
        "reports"
    ]
    assert "另一把公钥" in row["trouble"]["zh"]
    assert "words" not in row
