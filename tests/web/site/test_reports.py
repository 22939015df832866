"""A report's whole way: the form over a real socket, the sealed file, the office's command, the number looked up."""

from __future__ import annotations

import http.client
import io
import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from data.reporting import limits
from pipelines.reports.inbox import Inbox
from pipelines.reports.numbers import check
from pipelines.reports.sealing import ReportRefusal
from pipelines.reports.taking import make_keys
from tests.browser import DESK, PHONE, chromium, reading
from tests.web.site.conftest import COMMAND, Answer, Running, open_folder, published, refused, running
from web.site.form import is_photo
from web.site.reporting import Rate

TYPED = {"words": "河边有人倒渣土", "place": "江背镇桥头", "township": "360732101", "contact": "13800000000"}
PHOTO = b"\xff\xd8\xff" + bytes(1000)
_BOUNDARY = "0123456789abcdef"
_ADDRESSES = itertools.count(1)


@dataclass(frozen=True)
class Office:
    """A site with its inbox, and the office's command over it."""

    site: Running
    inbox: Inbox
    key: Path

    def does(self, *words: str) -> subprocess.CompletedProcess[str]:
        return command(*words, "--inbox", str(self.inbox.place), "--key", str(self.key))

    def answers(self, *words: str) -> Any:
        ran = self.does(*words, "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, "reports", *words], capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def opened_office() -> Iterator[Office]:
    place = open_folder()
    inbox, key = Inbox(place / "inbox"), place / "private" / "key"
    make_keys(key, inbox)
    with running(published(place / "folder"), "--inbox", str(inbox.place)) as site:
        yield Office(site, inbox, key)
    shutil.rmtree(place)


@pytest.fixture
def office() -> Iterator[Office]:
    with opened_office() as found:
        yield found


@pytest.fixture(scope="module")
def shared() -> Iterator[Office]:
    """An office for tests that look at their own report alone."""
    with opened_office() as found:
        yield found


def multipart(fields: Mapping[str, str], photo: bytes | None = None) -> bytes:
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode()
        for n, v in fields.items()
    ]
    if photo is not None:
        head = (
            'Content-Disposition: form-data; name="photo"; filename="../../a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        )
        parts.append(f"--{_BOUNDARY}\r\n{head}".encode() + photo + b"\r\n")
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


def post(
    site: Running, fields: Mapping[str, str], photo: bytes | None = None, path: str = "/report", **headers: str
) -> Answer:
    """As nginx on this machine sends it on, from one address each unless it is named."""
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    headers.setdefault("X_Forwarded_For", f"198.51.100.{next(_ADDRESSES)}")
    return site.ask(path, "POST", multipart(fields, photo), Content_Type=kind, **headers)


def sent(site: Running, fields: Mapping[str, str], photo: bytes | None = None, **headers: str) -> str:
    """The number under which a report was taken."""
    answer = post(site, fields, photo, **headers)
    assert answer.status == 303, answer.body.decode()
    return answer.headers["location"].removeprefix("/report/")


def test_a_report_goes_from_the_form_to_the_office_and_its_answer_back(office: Office, tmp_path: Path) -> None:
    photo = _photo_with_position()
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


def looked_up(site: Running, number: str) -> str:
    answer = site.ask(f"/report/{number}")
    assert answer.status == 200
    return answer.body.decode()


def test_the_number_is_found_by_the_form_too_and_in_english(shared: Office) -> None:
    number = sent(shared.site, TYPED)

    english = shared.site.ask(f"/en/report?number={number[:3]}-{number[3:6].lower()}+{number[6:]}")

    assert (english.status, '<html lang="en">' in english.body.decode()) == (200, True)
    assert f"{number[:3]}-{number[3:6]}-{number[6:]}" in english.body.decode()
    assert english.headers["cache-control"] == "no-store"


def test_a_number_mistyped_and_one_that_nobody_has_are_told_apart(shared: Office) -> None:
    mistyped, unknown = shared.site.ask("/report/AAAAAAAAB"), shared.site.ask("/report/AAAAAAAA" + check("A" * 8))

    assert (mistyped.status, unknown.status) == (404, 404)
    assert "编号有误" in mistyped.body.decode()
    assert "没有这个编号" in unknown.body.decode()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"words": " "}, "请写出是什么问题"),
        ({"words": "长" * 2001}, "“什么问题（必填）”太长"),
        ({"words": "长" * 50_000}, "“什么问题（必填）”太长"),
        ({"place": "", "township": ""}, "请说明在哪里"),
        ({"township": "110101001"}, "没有这个乡镇"),
        ({"lon": "115.4"}, "经纬度不在本县"),
        ({"lon": "116.4", "lat": "39.9"}, "经纬度不在本县"),
        ({"lon": "nan", "lat": "26.3"}, "经纬度不在本县"),
    ],
)
def test_what_is_wrong_with_a_form_is_told_and_what_was_typed_is_kept(
    shared: Office, wrong: dict[str, str], said: str
) -> None:
    before = len(list(shared.inbox.new.iterdir()))
    answer = post(shared.site, {**TYPED, **wrong})

    page = answer.body.decode()
    assert (answer.status, said in page) == (400, True), page
    assert 'value="13800000000"' in page
    assert 'role="alert"' in page
    assert len(list(shared.inbox.new.iterdir())) == before


def test_what_was_typed_cannot_become_a_part_of_the_page(shared: Office) -> None:
    answer = post(shared.site, {**TYPED, "words": "", "place": '"><script>alert(1)</script>'})

    assert "<script" not in answer.body.decode()
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_a_file_that_is_no_photo_is_415_and_a_large_one_413_with_the_words_kept(shared: Office) -> None:
    before = len(list(shared.inbox.new.iterdir()))
    other = post(shared.site, TYPED, b"MZ\x90\x00" + bytes(100))
    large = post(shared.site, TYPED, PHOTO + bytes(limits().photo_bytes))

    assert (other.status, large.status) == (415, 413)
    assert "须是 JPEG" in other.body.decode()
    assert "照片超过 5 MB" in large.body.decode()
    assert TYPED["words"] in large.body.decode()
    assert len(list(shared.inbox.new.iterdir())) == before


def test_a_photo_as_large_as_it_may_be_is_taken(shared: Office) -> None:
    number = sent(shared.site, TYPED, PHOTO + bytes(limits().photo_bytes - len(PHOTO)))

    assert shared.inbox.sealed(shared.inbox.new, number).stat().st_size > limits().photo_bytes


def test_a_gigabyte_is_hung_up_on_and_none_of_it_is_kept(office: Office) -> None:
    before = _most_memory(office.site)
    head = multipart(TYPED, b"")[: -len(f"\r\n--{_BOUNDARY}--\r\n")]

    for length in ({"Content-Length": str(1024**3)}, {"Transfer-Encoding": "chunked"}):
        connection = office.site.connected()
        connection.putrequest("POST", "/report")
        connection.putheader("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
        for name, value in length.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert _sends_in_vain(connection, head, chunked="Transfer-Encoding" in length)
        connection.close()

    assert _most_memory(office.site) - before < 40 * 1024  # kB
    assert office.site.ask("/report").status == 200


def _sends_in_vain(connection: http.client.HTTPConnection, head: bytes, *, chunked: bool) -> bool:
    """Send up to a gigabyte; whether the server hung up before its end."""
    piece = bytes(256 * 1024)
    assert connection.sock is not None
    try:
        for content in [head, *[piece] * 4096]:
            connection.sock.sendall(f"{len(content):x}\r\n".encode() + content + b"\r\n" if chunked else content)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def _most_memory(site: Running) -> int:
    status = Path(f"/proc/{site.process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


def test_what_is_no_form_of_ours_is_told(shared: Office) -> None:
    before = len(list(shared.inbox.new.iterdir()))
    plain = shared.site.ask("/report", "POST", b"words=x", Content_Type="application/x-www-form-urlencoded")
    broken = shared.site.ask("/report", "POST", b"--x\r\nbroken", Content_Type="multipart/form-data; boundary=x")
    ends_early = shared.site.ask(
        "/report", "POST", multipart(TYPED)[:-10], Content_Type=f"multipart/form-data; boundary={_BOUNDARY}"
    )

    assert (plain.status, broken.status, ends_early.status) == (415, 400, 400)
    assert "没有收全" in ends_early.body.decode()
    assert len(list(shared.inbox.new.iterdir())) == before


def test_one_address_is_bounded_and_another_is_not_kept_waiting(office: Office) -> None:
    for _ in range(limits().per_hour):
        sent(office.site, TYPED, X_Forwarded_For="203.0.113.6")

    again = post(office.site, TYPED, X_Forwarded_For="203.0.113.6")

    assert (again.status, again.headers["retry-after"]) == (429, "3600")
    assert TYPED["words"] in again.body.decode()
    assert len(list(office.inbox.new.iterdir())) == limits().per_hour
    assert sent(office.site, TYPED, X_Forwarded_For="203.0.113.7")


def test_an_address_may_go_on_when_its_hour_is_over() -> None:
    now = [0.0]
    rate = Rate(2, clock=lambda: now[0])

    first = [rate.permits("203.0.113.7") for _ in range(3)]
    now[0] = 3601.0

    assert (first, rate.permits("203.0.113.7")) == ([True, True, False], True)


def test_addresses_of_one_network_of_ipv6_are_one_and_the_longest_silent_is_forgotten() -> None:
    rate = Rate(1, clock=lambda: 0.0)

    assert rate.permits("2001:db8::1")
    assert not rate.permits("2001:db8::2")
    for n in range(limits().addresses):
        rate.permits(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert rate.permits("2001:db8::3")


def test_the_inbox_refuses_before_it_is_too_full(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.make()
    inbox.keep("A", b"sealed")
    for n in range(limits().most - 1):
        (inbox.new / f"{n}.sealed").touch()

    with pytest.raises(ReportRefusal, match=r"reports\.full"):
        inbox.keep("B", b"sealed")
    assert inbox.sealed(inbox.new, "A").read_bytes() == b"sealed"


def test_a_full_inbox_is_told_to_who_reports(office: Office) -> None:
    for n in range(limits().most):
        (office.inbox.new / f"{n}.sealed").touch()

    answer = post(office.site, TYPED)

    assert (answer.status, "收件箱已满" in answer.body.decode()) == (503, True)


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


def test_a_site_with_an_inbox_without_a_key_does_not_start_and_one_without_inbox_has_no_form(place: Path) -> None:
    folder = published(place / "folder")

    assert refused(folder, "--inbox", str(place / "inbox"))["refused"] == "reports.no_office_key"
    with running(folder) as site:
        assert site.ask("/report").status == 404


def test_an_inbox_that_may_not_be_written_is_told_at_the_start(place: Path) -> None:
    inbox, key = Inbox(place / "inbox"), place / "key"
    command("key", "--inbox", str(inbox.place), "--key", str(key))
    inbox.new.chmod(0o500)
    if os.geteuid() == 0:
        os.chown(inbox.new, 12345, 12345)

    assert refused(published(place / "folder"), "--inbox", str(inbox.place))["refused"] == "reports.inbox_closed"


@pytest.mark.parametrize(
    ("size", "path"), [(DESK, "/report"), (PHONE, "/report"), (PHONE, "/en/report"), ((320, 568), "/report")]
)
def test_a_browser_without_script_reports_and_reads_the_number(
    shared: Office, tmp_path: Path, size: tuple[int, int], path: str
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(_photo_with_position())
    with chromium() as browser, reading(browser, size, offline=False, script=False) as found:
        page = found.page
        page.goto(shared.site.url.rstrip("/") + path)
        assert page.locator("body").evaluate("document.documentElement.scrollWidth") <= size[0]
        page.fill("#words", TYPED["words"])
        page.fill("#place", TYPED["place"])
        page.select_option("#township", TYPED["township"])
        page.set_input_files("#photo", photo)
        page.click("form[method=post] button")
        number = page.inner_text("#number").replace("-", "")
        assert shared.inbox.sealed(shared.inbox.new, number).exists()

        page.click("main a")
        page.fill("#number", number.lower())
        page.click("form[method=get] button")
        assert page.inner_text("#number").replace("-", "") == number

    assert found.complaints == []
    assert all(url.startswith(shared.site.url) for url in found.requests)


def test_every_field_of_the_form_has_its_label_and_the_page_its_language(shared: Office) -> None:
    page = shared.site.ask("/report").body.decode()

    fields = set(re.findall(r'<(?:input|select|textarea) id="(\w+)"', page))
    labelled = set(re.findall(r'<label for="(\w+)"', page)) | set(re.findall(r"<label>[^<]+<input id=\"(\w+)\"", page))
    assert fields == labelled == {"words", "place", "township", "lon", "lat", "contact", "photo", "number"}
    assert '<html lang="zh">' in page


@pytest.mark.parametrize(
    ("start", "is_one"),
    [
        (b"\xff\xd8\xff\xe0", True), (b"\x89PNG\r\n\x1a\n", True), (b"RIFF\0\0\0\0WEBP", True),
        (b"\0\0\0\x18ftypheic", True), (b"\0\0\0\x18ftypmif1", True), (b"\0\0\0\x18ftypmp42", False),
        (b"RIFF\0\0\0\0WAVE", False), (b"GIF89a", False), (b"<svg", False), (b"", False),
    ],
)  # fmt: skip
def test_a_photo_is_known_by_its_first_bytes(start: bytes, is_one: bool) -> None:
    assert is_photo(start) == is_one


def _photo_with_position() -> bytes:
    exif = Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", (26.0, 19.0, 48.0)
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", (115.0, 21.0, 36.0)
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "green").save(out, "JPEG", exif=exif)
    return out.getvalue()
