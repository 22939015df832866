"""What the site process answers over HTTP: whole files, ranges, what has not changed, and what there is not."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.site.sites import PAGES, Running
from web.site.answers import named, span, takes_gzip
from web.site.publication import proper

TILES = PAGES["data/forest.pmtiles"]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("assets/x.0a1b2c.js", "text/javascript; charset=utf-8"),
        ("assets/x.0a1b2c.css", "text/css; charset=utf-8"),
        ("data/a.csv", "text/csv; charset=utf-8"),
        ("data/a.geojson", "application/geo+json; charset=utf-8"),
        ("data/forest.pmtiles", "application/vnd.pmtiles"),
        ("feed.atom", "application/atom+xml; charset=utf-8"),
        ("photo.jpg", "image/jpeg"),
    ],
)
def test_a_file_comes_whole_with_its_type_its_hash_and_what_browsers_must_not_do(
    site: Running, path: str, media_type: str
) -> None:
    answer = site.ask(f"/{path}")

    assert (answer.status, answer.body) == (200, PAGES[path])
    assert answer.headers["content-type"] == media_type
    assert answer.headers["etag"] == f'"{hashlib.sha256(PAGES[path]).hexdigest()}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "tianditu" not in policy
    assert "server" not in answer.headers


def test_head_says_what_get_would_and_sends_nothing(site: Running) -> None:
    for path in ("/", "/data/forest.pmtiles", "/nothing"):
        head, whole = site.ask(path, "HEAD"), site.ask(path)

        assert head.body == b""
        assert {**head.headers, "date": ""} == {**whole.headers, "date": ""}


def test_a_folder_is_its_index_and_named_without_its_slash_leads_there(site: Running) -> None:
    assert site.ask("/").body == PAGES["index.html"]
    assert site.ask("/en/").body == PAGES["en/index.html"]
    away = site.ask("/en")
    assert (away.status, away.headers["location"]) == (302, "/en/")
    assert site.ask("/data/").status == 404


def test_what_has_its_hash_in_its_name_is_kept_a_year_and_the_rest_asked_for_again(site: Running) -> None:
    assert site.ask("/assets/x.0a1b2c.js").headers["cache-control"] == "public, max-age=31536000, immutable"
    assert site.ask("/data/forest.pmtiles").headers["cache-control"] == "no-cache"
    assert site.ask("/").headers["cache-control"] == "no-cache"


def test_text_is_compressed_for_those_who_take_it_under_a_tag_of_its_own(site: Running) -> None:
    plain, zipped = site.ask("/data/a.csv"), site.ask("/data/a.csv", Accept_Encoding="br, gzip;q=0.8")

    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body == PAGES["data/a.csv"]
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert zipped.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert "content-encoding" not in site.ask("/data/a.csv", Accept_Encoding="gzip;q=0").headers


@pytest.mark.parametrize("path", ["/data/forest.pmtiles", "/photo.jpg", "/data/a.geojson"])
def test_tiles_pictures_and_what_does_not_shrink_are_never_compressed(site: Running, path: str) -> None:
    assert "content-encoding" not in site.ask(path, Accept_Encoding="gzip").headers


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_what_a_client_has_is_not_sent_again(site: Running, encoding: str) -> None:
    tag = site.ask("/", Accept_Encoding=encoding).headers["etag"]

    again = site.ask("/", Accept_Encoding=encoding, If_None_Match=f'"other", W/{tag}')

    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["vary"] == "accept-encoding"
    assert site.ask("/", Accept_Encoding=encoding, If_None_Match='"other"').status == 200


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-16483", 100, 16_484),
        ("bytes=699990-", 699_990, 700_000),
        ("bytes=-5", 699_995, 700_000),
        ("bytes=300000-99999999999999999999999", 300_000, 700_000),
        ("bytes=-800000", 0, 700_000),
    ],
)
def test_a_range_is_those_bytes(site: Running, asked: str, first: int, end: int) -> None:
    answer = site.ask("/data/forest.pmtiles", Range=asked)

    assert (answer.status, answer.body) == (206, TILES[first:end])
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/700000"
    assert answer.headers["content-length"] == str(end - first)


@pytest.mark.parametrize("asked", ["bytes=700000-", "bytes=-0"])
def test_a_range_beyond_the_file_is_told_its_size(site: Running, asked: str) -> None:
    answer = site.ask("/data/forest.pmtiles", Range=asked)

    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */700000")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,5-6", "bytes=-", "rows=1-2", "bytes=a-b", "bytes=٣-٤"])
def test_a_range_that_is_none_is_passed_over(site: Running, asked: str) -> None:
    answer = site.ask("/photo.jpg", Range=asked.encode().decode("latin-1"))

    assert (answer.status, answer.body) == (200, PAGES["photo.jpg"])


def test_a_range_of_a_compressed_file_is_of_the_file_itself(site: Running) -> None:
    answer = site.ask("/data/a.csv", Range="bytes=3-8", Accept_Encoding="gzip")

    assert (answer.status, answer.body) == (206, PAGES["data/a.csv"][3:9])


def test_a_part_is_sent_only_of_the_file_that_the_client_has_begun(site: Running) -> None:
    tag = site.ask("/data/forest.pmtiles").headers["etag"]

    assert site.ask("/data/forest.pmtiles", Range="bytes=0-9", If_Range=tag).status == 206
    assert site.ask("/data/forest.pmtiles", Range="bytes=0-9", If_Range='"old"').status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../manifest.json",
        "/data/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/index.html%00.jpg",
        "/data%5Ca.csv",
        "/.secret",
        "//index.html",
        "/./index.html",
        "/unlisted.html",
        "/out.html",
    ],
)
def test_what_the_manifest_does_not_list_is_not_there(site: Running, path: str) -> None:
    folder = Path(site.said["folder"])
    for name in (".secret", "unlisted.html"):
        (folder / name).write_text("not published", "utf-8")
    if not (folder / "out.html").exists():
        (folder / "out.html").symlink_to("/etc/passwd")

    answer = site.ask(path)

    assert (answer.status, answer.body) == (404, PAGES["404.html"])
    assert "etag" not in answer.headers


def test_the_manifest_itself_is_there(site: Running) -> None:
    assert {row["path"] for row in json.loads(site.ask("/manifest.json").body)["files"]} == set(PAGES)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_done_but_read(site: Running, method: str) -> None:
    answer = site.ask("/", method, b"")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert "只能查看" in answer.body.decode()


@given(size=st.integers(0, 300), first=st.none() | st.integers(0, 400), last=st.none() | st.integers(0, 400))
def test_a_range_is_what_a_slice_of_the_file_is(size: int, first: int | None, last: int | None) -> None:
    content = bytes(range(256)) * 2
    content = content[:size]
    written = f"bytes={'' if first is None else first}-{'' if last is None else last}"

    found = span(written, size)

    if (first is None and last is None) or (first is not None and last is not None and last < first):
        assert found is None
    else:
        expected = (
            content[max(size - (last or 0), 0) :]
            if first is None
            else content[first : None if last is None else last + 1]
        )
        assert found is not None
        assert content[found.first : found.end] == expected
        assert len(found) == len(expected)


@given(st.text(alphabet="bytes=-0123456789, x", max_size=20), st.integers(0, 1000))
def test_whatever_is_asked_for_a_range_lies_in_the_file_or_is_empty(written: str, size: int) -> None:
    found = span(written, size)

    assert found is None or len(found) == 0 or 0 <= found.first < found.end <= size


@given(st.text(alphabet="/.\\%0aé\0", max_size=12))
def test_a_path_is_looked_up_as_it_is_or_with_index_html_after_its_slash(asked: str) -> None:
    key = named(f"/{asked}")

    assert key in {asked, f"{asked}index.html"}
    assert (key == asked) == (not f"/{asked}".endswith("/"))


@given(
    st.lists(st.sampled_from(["a", "..", ".", "", ".git", "b.html", "c\\d", "e\0f", "兴国"]), min_size=1, max_size=5)
)
def test_a_proper_path_stays_beneath_its_folder_and_shows_nothing_hidden(steps: list[str]) -> None:
    good = all(step in {"a", "b.html", "兴国"} for step in steps)

    assert proper("/".join(steps)) == good


@pytest.mark.parametrize(
    ("written", "takes"),
    [
        ("gzip", True),
        ("br, GZIP", True),
        ("gzip;q=0.5", True),
        ("gzip; q=0", False),
        ("gzip;q=0.000", False),
        ("br", False),
        ("", False),
        ("*", False),
    ],
)
def test_gzip_is_taken_where_it_is_named_and_not_refused(written: str, takes: bool) -> None:
    assert takes_gzip(written) == takes
