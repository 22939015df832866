"""The form over a real socket and in a browser: what it takes, refuses and keeps of what was typed."""

from __future__ import annotations

import http.client
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from data.reporting import limits
from pipelines.paper.offline import NODE_MODULES
from pipelines.reports.inbox import Inbox
from pipelines.reports.numbers import check
from tests.web.site.offices import (
    BOUNDARY,
    PHOTO,
    TYPED,
    Office,
    command,
    multipart,
    photo_with_position,
    post,
    sent,
)
from tests.web.site.sites import Running, published, refused, running
from web.site.form import is_photo
from web.site.reporting import Rate

pytest_plugins = ["tests.browser"]
DESK, PHONE = (1440, 900), (390, 844)


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
    head = multipart(TYPED, b"")[: -len(f"\r\n--{BOUNDARY}--\r\n")]

    for length in ({"Content-Length": str(1024**3)}, {"Transfer-Encoding": "chunked"}):
        connection = office.site.connected()
        connection.putrequest("POST", "/report")
        connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
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
        "/report", "POST", multipart(TYPED)[:-10], Content_Type=f"multipart/form-data; boundary={BOUNDARY}"
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


def test_an_address_of_ipv4_is_itself_however_it_is_told() -> None:
    rate = Rate(1, clock=lambda: 0.0)

    assert rate.permits("203.0.113.7")
    assert not rate.permits("::ffff:203.0.113.7")
    assert rate.permits("::ffff:203.0.113.8")


def test_addresses_of_one_network_of_ipv6_are_one_and_the_longest_silent_is_forgotten() -> None:
    rate = Rate(1, clock=lambda: 0.0)

    assert rate.permits("2001:db8::1")
    assert not rate.permits("2001:db8::2")
    for n in range(limits().addresses):
        rate.permits(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert rate.permits("2001:db8::3")


def test_a_full_inbox_is_told_to_who_reports(office: Office) -> None:
    for n in range(limits().most):
        (office.inbox.new / f"{n}.sealed").touch()

    answer = post(office.site, TYPED)

    assert (answer.status, "收件箱已满" in answer.body.decode()) == (503, True)
    assert TYPED["words"] in answer.body.decode()
    assert "a report was not taken" in _last_said(office.site, lines=3)


def test_an_inbox_that_is_gone_is_told_to_both_sides(office: Office) -> None:
    shutil.rmtree(office.inbox.new)

    answer = post(office.site, TYPED)

    assert (answer.status, TYPED["words"] in answer.body.decode()) == (503, True)
    assert "cannot be written to (No such file or directory)" in _last_said(office.site, lines=3)


def _last_said(site: Running, *, lines: int) -> str:
    return [site.line() for _ in range(lines)][-1]


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
    shared: Office, tmp_path: Path, size: tuple[int, int], path: str, window: Any
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photo_with_position())
    with window(size, offline=False, script=False) as found:
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


@pytest.mark.parametrize("size", [DESK, (320, 700)])
def test_no_serious_barrier_stands_on_the_form_in_either_language(
    shared: Office, size: tuple[int, int], window: Any
) -> None:
    axe = (NODE_MODULES / "axe-core" / "axe.min.js").read_text("utf-8")

    with window(size, offline=False) as found:
        for path in ("report", "en/report", "report/000000000"):
            found.page.goto(f"{shared.site.url}{path}")
            found.page.evaluate(axe)
            told = found.page.evaluate("axe.run({ resultTypes: ['violations'] })")
            barriers = [(v["id"], v["nodes"][0]["html"][:100]) for v in told["violations"]]

            assert (path, barriers) == (path, [])
            assert found.page.evaluate("document.documentElement.scrollWidth") <= size[0]
