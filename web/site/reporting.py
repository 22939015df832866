"""“Report a problem”: the form, what it leaves in the inbox, and what became of a report by its number.

What was typed is sealed before it is written. This process cannot open it again, nor read anything of the office's.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader

from data import facts
from data.reporting import limits
from data.texts import Lang, text
from pipelines.reports import numbers
from pipelines.reports.inbox import Inbox, Standing
from pipelines.reports.sealing import Report, ReportRefusal, seal
from web.site import form
from web.site.answers import Headers, Receive, Scope, Send, page, redirect, say
from web.site.form import ClientGone, Form, Problem

_PATH = re.compile(r"(?P<en>/en)?/report(?:/(?P<number>[^/]*))?/?")
_HOUR_S = 3600.0


class Rate:
    """How often each address may do something in an hour. A fixed number of addresses is remembered."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def permits(self, address: str) -> bool:
        """Whether it may be done once more; if so, it is counted."""
        key, now = _network(address), self._clock()
        times = [at for at in self._times.get(key, ()) if at > now - _HOUR_S]
        permitted = len(times) < self._most
        self._times[key] = [*times, now] if permitted else times
        self._times.move_to_end(key)
        if len(self._times) > limits().addresses:
            self._times.popitem(last=False)
        return permitted


def _network(address: str) -> str:
    """The address; of IPv6 the network of 64 bits, of which one client has every address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address) or known.ipv4_mapped:
        return str(getattr(known, "ipv4_mapped", known))
    return str(ipaddress.ip_network((known, 64), strict=False))


class Desk:
    """Answers what concerns reports. always: headers of every answer; tell: is told why a report could not be kept."""

    def __init__(self, inbox: Inbox, public: str, always: Headers, *, tell: Callable[..., None]) -> None:
        self._inbox, self._public, self._always, self._tell = inbox, public, always, tell
        self._reports, self._lookups = Rate(limits().per_hour), Rate(limits().lookups_per_hour)
        self._coming = 0
        self._page = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True).get_template(
            "report.html"
        )
        self._render("zh", problems=[Problem("report_page.no_words")])  # all that it loads is loaded now

    @staticmethod
    def owns(path: str) -> bool:
        return _PATH.fullmatch(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request to a path of its own."""
        found = _PATH.fullmatch(scope["path"])
        lang: Lang = "en" if found and found["en"] else "zh"
        number = found["number"] if found else None
        address = scope["client"][0] if scope["client"] else ""
        if scope["method"] == "POST" and not number:
            await self._take(scope, receive, send, lang, address)
        elif scope["method"] not in {"GET", "HEAD"}:
            await say(send, 405, "site_page.method", self._always, more=[(b"allow", b"GET, HEAD, POST")])
        else:
            await self._show(scope, send, lang, address, number)

    async def _show(self, scope: Scope, send: Send, lang: Lang, address: str, number: str | None) -> None:
        """The form, or what became of a report. A number may come in the path or as the form sends it."""
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("number", [""])[0]
        head = scope["method"] == "HEAD"
        if not number and not asked:
            await page(send, 200, self._render(lang), self._always, head=head)
            return
        status, answer = self._found(number or asked, address)
        more = [(b"retry-after", b"3600")] if status == 429 else None
        html = self._render(lang, asked=number or asked, **answer)
        await page(send, status, html, self._always, more=more, head=head)

    def _found(self, written: str, address: str) -> tuple[int, dict[str, Any]]:
        number = numbers.read(written[:100])
        if number is None:
            return 404, {"problems": [Problem("report_page.mistyped", 404, "number")]}
        if not self._lookups.permits(address):
            return 429, {"problems": [Problem("report_page.too_many_lookups", 429, "number")]}
        standing = self._inbox.standing(number)
        if standing is None:
            return 404, {"problems": [Problem("report_page.unknown", 404, "number")]}
        return 200, {"standing": standing}

    async def _take(self, scope: Scope, receive: Receive, send: Send, lang: Lang, address: str) -> None:
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        content_type, length = (
            headers.get(name, b"").decode("latin-1") for name in (b"content-type", b"content-length")
        )
        permitted, room = self._reports.permits(address), self._coming < limits().forms_at_once
        self._coming += 1
        try:
            came = await form.read(receive, content_type, length, keep_photo=permitted and room)
            if not permitted:
                came.problems = [Problem("report_page.too_many", 429)]
            elif not room:
                came.problems = [Problem("report_page.busy", 503)]
            number = None if came.problems else await self._kept(came)
        except ClientGone:
            return
        finally:
            self._coming -= 1
        prefix = "/en" if lang == "en" else ""
        if number:
            await redirect(send, f"{prefix}/report/{number}", self._always, status=303)
        else:
            await self._refuse(came, send, lang)

    async def _kept(self, came: Form) -> str | None:
        """Seal and keep a report; its number, or None with the problem added."""
        number = self._inbox.free(numbers.drawn)
        lon, lat = came.position() or (None, None)
        typed = {name: came.typed.get(name, "") for name in ("words", "place", "township", "contact")}
        report = Report(number, datetime.now(UTC), lon=lon, lat=lat, photo=came.photo, **typed)
        try:
            await asyncio.to_thread(lambda: self._inbox.keep(number, seal(report, self._public)))
        except ReportRefusal as refusal:
            self._tell(refusal.id, **refusal.values)
        except OSError as error:
            self._tell("reports.not_kept", inbox=self._inbox.new, reason=error.strerror)
        else:
            return number
        came.problems = [Problem("report_page.full", 503)]
        return None

    async def _refuse(self, came: Form, send: Send, lang: Lang) -> None:
        status = max(problem.status for problem in came.problems)
        more: Headers = [(b"connection", b"close")] if came.cut else []
        if status == 429:
            more.append((b"retry-after", b"3600"))
        html = self._render(lang, typed=came.typed, problems=came.problems)
        await page(send, status, html, self._always, more=more)

    def _render(
        self,
        lang: Lang,
        *,
        typed: Mapping[str, str] | None = None,
        problems: list[Problem] | None = None,
        standing: Standing | None = None,
        asked: str = "",
    ) -> str:
        def said(name: str, **values: object) -> str:
            return text(f"report_page.{name}", lang, values)

        values = vars(limits()) | _megabytes()
        told = [(one.field, text(one.id, lang, values | {"name": _label(one, lang)})) for one in problems or []]
        return self._page.render(
            lang=lang, said=said, typed=typed or {}, problems=told, standing=standing, asked=asked,
            wrong={name for name, _ in told}, townships=facts.townships(), county=facts.county(), limits=limits(),
            grouped=numbers.grouped, prefix="/en" if lang == "en" else "", **_megabytes(),
        )  # fmt: skip


def _label(problem: Problem, lang: Lang) -> str:
    return text(f"report_page.{problem.field}", lang) if problem.field in form.FIELDS else ""


def _megabytes() -> dict[str, int]:
    return {"photo_mb": limits().photo_bytes // 1024**2, "form_mb": limits().drained_bytes // 1024**2}
