"""Answers over HTTP from a publication: whole files and ranges, compressed or not, or only that nothing has changed.

An ASGI application by itself: a framework between would cost more than all that is done here (docs/decisions).
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from data.texts import text
from web.site.publication import File, Publication

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_FOREVER, _ASK_AGAIN = b"public, max-age=31536000, immutable", b"no-cache"
_CHUNK = 128 * 1024
_RANGE = re.compile(r"(?a:\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*)", re.IGNORECASE)
_MOST_DIGITS = 18
"""Of a position in a file; what is longer lies beyond every file."""
_TIANDITU = " https://*.tianditu.gov.cn"


def safety(*, tianditu: bool) -> Headers:
    """What every answer forbids the browser. tianditu: pictures of the national map service may come in."""
    pictures = f"img-src 'self' data: blob:{_TIANDITU if tianditu else ''}"
    # 'unsafe-inline' is for styles alone: maps place every tile and mark by one.
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; {pictures}; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'self'"
    )
    return [
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"permissions-policy", b"geolocation=(), camera=(), microphone=(), payment=(), usb=()"),
    ]


@dataclass(frozen=True)
class Span:
    """Bytes of a file, from first up to end, end not included; none at all: not satisfiable."""

    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first


def span(written: str, size: int) -> Span | None:
    """The one range that a Range header asks of a file (RFC 9110, 14.1.2); None: it is to be ignored.

    Several ranges, other units and what cannot be read are ignored, as a server may.
    """
    found = _RANGE.fullmatch(written)
    if not found or not any(found.groups()):
        return None
    first, last = (None if digits == "" else _position(digits) for digits in found.groups())
    if first is None:
        return Span(max(size - (last or 0), 0), size)
    if last is not None and last < first:
        return None
    end = size if last is None else min(last + 1, size)
    return Span(first, max(end, first))


def _position(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS


def takes_gzip(written: str) -> bool:
    """Whether an Accept-Encoding header permits gzip."""
    for one in written.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


@dataclass(frozen=True)
class Ready:
    """A file with the heads of its answers made beforehand, for they are the same each time."""

    file: File
    plain_tag: bytes
    gzip_tag: bytes
    plain: Headers
    gzipped: Headers
    unchanged: Headers


def ready(file: File, always: Headers) -> Ready:
    """The heads of a file's answers. always: what stands in each of them."""
    plain_tag, gzip_tag = (f'"{file.sha256}{mark}"'.encode() for mark in ("", "-gzip"))
    common = [*always, (b"cache-control", _FOREVER if file.immutable else _ASK_AGAIN)]
    if file.gzipped is not None:
        common.append((b"vary", b"accept-encoding"))
    typed = [*common, (b"content-type", file.media_type.encode())]
    gzip_length = str(len(file.gzipped or b"")).encode()
    return Ready(
        file, plain_tag, gzip_tag,
        [*typed, (b"etag", plain_tag), (b"accept-ranges", b"bytes"), (b"content-length", str(file.size).encode())],
        [*typed, (b"etag", gzip_tag), (b"content-encoding", b"gzip"), (b"content-length", gzip_length)],
        common,
    )  # fmt: skip


def named(path: str) -> str:
    """Under which path of a manifest a client's is looked up; it is looked up only, and never opened."""
    return f"{path[1:]}index.html" if path.endswith("/") else path[1:]


class Site:
    """The publication that is served now. `show` puts another in its place between two answers, never within one."""

    def __init__(self, publication: Publication, always: Headers) -> None:
        self.always = always
        self.show(publication)

    def show(self, publication: Publication) -> None:
        self._files = {path: ready(file, self.always) for path, file in publication.files.items()}
        self._folders = publication.folders
        self.publication = publication

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        method, path = scope["method"], scope["path"]
        if method not in {"GET", "HEAD"}:
            await say(send, 405, "site_page.method", self.always, more=[(b"allow", b"GET, HEAD")])
            return
        found = self._files.get(named(path))
        if found is None:
            await self._elsewhere(path, send, head=method == "HEAD")
            return
        await _answer(found, dict(scope["headers"]), send, head=method == "HEAD")

    async def _elsewhere(self, path: str, send: Send, *, head: bool) -> None:
        """A folder named without its slash, whose links would lead astray; or nothing."""
        if path[1:] in self._folders:
            await redirect(send, quote(f"{path}/"), self.always)
            return
        tree = "en/" if path.startswith("/en/") else ""
        page = self._files.get(f"{tree}404.html")
        if page is None or page.file.content is None:
            await say(send, 404, "site_page.missing", self.always, head=head)
            return
        # Its links are relative, and it stands in for a page of any depth.
        content = page.file.content.replace(b"<head>", f'<head><base href="/{tree}">'.encode(), 1)
        typed = (b"content-type", page.file.media_type.encode()), (b"content-length", str(len(content)).encode())
        await _whole(send, 404, [*self.always, (b"cache-control", _ASK_AGAIN), *typed], b"" if head else content)


async def _answer(asked: Ready, headers: Mapping[bytes, bytes], send: Send, *, head: bool) -> None:
    wanted = None if head else headers.get(b"range")
    if wanted and headers.get(b"if-range") in {None, asked.plain_tag}:
        part = span(wanted.decode("latin-1"), asked.file.size)
        if part is not None and not _known(asked.plain_tag, headers):
            await _part(asked, part, send)
            return
    zipped = (
        asked.file.gzipped is not None
        and not wanted
        and takes_gzip(headers.get(b"accept-encoding", b"").decode("latin-1"))
    )
    tag = asked.gzip_tag if zipped else asked.plain_tag
    if _known(tag, headers):
        await _whole(send, 304, [*asked.unchanged, (b"etag", tag)], b"")
    elif zipped or head:
        await _whole(send, 200, asked.gzipped if zipped else asked.plain, b"" if head else asked.file.gzipped or b"")
    else:
        await _bytes(asked, Span(0, asked.file.size), 200, asked.plain, send)


def _known(tag: bytes, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the client has this very form of the file: compared weakly, as RFC 9110, 13.1.2 says."""
    said = headers.get(b"if-none-match")
    if said is None:
        return False
    return said.strip() == b"*" or tag in {one.strip().removeprefix(b"W/") for one in said.split(b",")}


async def _part(asked: Ready, part: Span, send: Send) -> None:
    size = asked.file.size
    if not len(part):
        headers = [*asked.unchanged, (b"content-range", f"bytes */{size}".encode()), (b"content-length", b"0")]
        await _whole(send, 416, headers, b"")
        return
    changed = {
        b"content-length": str(len(part)).encode(),
        b"content-range": f"bytes {part.first}-{part.end - 1}/{size}".encode(),
    }
    headers = [(name, value) for name, value in asked.plain if name not in changed] + list(changed.items())
    await _bytes(asked, part, 206, headers, send)


async def _bytes(asked: Ready, part: Span, status: int, headers: Headers, send: Send) -> None:
    if asked.file.content is not None:
        await _whole(send, status, headers, asked.file.content[part.first : part.end])
        return
    try:
        opened = os.open(asked.file.place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # its publication was removed before the next was seen
        gone = [pair for pair in asked.unchanged if pair[0] not in {b"cache-control", b"vary"}]
        await say(send, 503, "site_page.switching", gone, more=[(b"retry-after", b"2")])
        return
    try:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for content in _read(opened, part):
            await send({"type": "http.response.body", "body": content, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        os.close(opened)


def _read(opened: int, part: Span) -> Iterator[bytes]:
    at = part.first
    while at < part.end:
        content = os.pread(opened, min(_CHUNK, part.end - at), at)
        if not content:
            raise OSError("the file has become shorter while it was read")
        at += len(content)
        yield content


async def _whole(send: Send, status: int, headers: Headers, content: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def redirect(send: Send, to: str, always: Headers, *, status: int = 302) -> None:
    """Send the client to another path of this site."""
    headers = [*always, (b"location", to.encode()), (b"cache-control", b"no-store"), (b"content-length", b"0")]
    await _whole(send, status, headers, b"")


async def page(
    send: Send, status: int, html: str, always: Headers, *, more: Headers | None = None, head: bool = False
) -> None:
    """A page made for this request, which nobody may keep."""
    content = html.encode()
    headers = [
        *always, *(more or []), (b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store"),
        (b"content-length", str(len(content)).encode()),
    ]  # fmt: skip
    await _whole(send, status, headers, b"" if head else content)


async def say(
    send: Send,
    status: int,
    id: str,  # noqa: A002 -- as in Refusal
    always: Headers,
    *,
    more: Headers | None = None,
    head: bool = False,
) -> None:
    """A page of a few words, Chinese first."""
    words = "".join(f'<p lang="{lang}">{text(id, lang)}</p>' for lang in ("zh", "en"))
    html = (
        '<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<link rel="icon" href="data:,">'
        f"<title>{text(id, 'zh')}</title><style>body{{font:1.25rem/1.6 sans-serif;margin:2rem}}</style>{words}"
        f'<p><a href="/">首页 Home</a></p></html>'
    )
    await page(send, status, html, always, more=more, head=head)
