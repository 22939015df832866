"""What tells others that something is new: the feed, as Atom and JSON Feed, and the sitemap."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.etree import ElementTree as ET

from data import facts
from data.texts import Lang, text
from pipelines.publish.public import Public, Site, stage_system

_ATOM = "http://www.w3.org/2005/Atom"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MOST = 100
"""Entries of a feed: the newest."""


@dataclass(frozen=True)
class News:
    """A site that was first seen at a stage in a quarter."""

    site: Site
    stage: str
    on: date

    @property
    def id(self) -> str:
        """The same for ever, and no address: the site may move."""
        return f"urn:qingshan:{facts.county().adcode}:{self.site.key}:{self.stage}"

    def title(self, lang: Lang) -> str:
        code = facts.system(stage_system(self.site.kind)).codes.get(self.stage)
        stage = getattr(code, lang) if code else self.stage
        made_up = text("public_feed.made_up", lang) if self.site.feature.made_up else ""
        return text("public_feed.title", lang, {"name": self.site.feature.name, "stage": stage}) + made_up


def news(public: Public) -> list[News]:
    """What was reached since the first quarter, the newest first."""
    found = []
    for site in public.sites:
        for before, now, quarter in zip(site.stages, site.stages[1:], public.quarters[1:], strict=False):
            if now is not None and now != before:
                found.append(News(site, now, quarter.end))
    return sorted(found, key=lambda n: (-n.on.toordinal(), n.site.kind, n.site.key))[:_MOST]


def feeds(public: Public) -> dict[str, bytes]:
    """The feed in both forms and both languages."""
    return {
        "feed.atom": _atom(public, "zh"), "feed.json": _json_feed(public, "zh"),
        "en/feed.atom": _atom(public, "en"), "en/feed.json": _json_feed(public, "en"),
    }  # fmt: skip


def sitemap(paths: Iterable[str], on: date, address: str) -> bytes:
    """Every page. address: where the site stands, ending in `/`; empty: paths alone, which robots do not follow."""
    root = ET.Element("urlset", xmlns=_SITEMAP)
    for path in sorted(path for path in paths if path.endswith(".html") and not path.endswith("404.html")):
        url = ET.SubElement(root, "url")
        ET.SubElement(url, "loc").text = address + path
        ET.SubElement(url, "lastmod").text = on.isoformat()
    return _xml(root)


def _atom(public: Public, lang: Lang) -> bytes:
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": _LANG[lang]})
    ET.SubElement(root, "id").text = f"urn:qingshan:{facts.county().adcode}:{lang}"
    ET.SubElement(root, "title").text = _title(lang)
    ET.SubElement(root, "updated").text = _instant(public.moment.on)
    ET.SubElement(ET.SubElement(root, "author"), "name").text = text("public_feed.author", lang)
    ET.SubElement(root, "link", rel="self", href="feed.atom")
    for item in news(public):
        entry = ET.SubElement(root, "entry")
        ET.SubElement(entry, "id").text = item.id
        ET.SubElement(entry, "title").text = item.title(lang)
        ET.SubElement(entry, "updated").text = _instant(item.on)
        ET.SubElement(entry, "link", href=f"sites/{item.site.key}.html")
    return _xml(root)


def _json_feed(public: Public, lang: Lang) -> bytes:
    items: Sequence[object] = [
        {
            "id": item.id,
            "title": item.title(lang),
            "url": f"sites/{item.site.key}.html",
            "date_published": _instant(item.on),
            "content_text": item.title(lang),
        }
        for item in news(public)
    ]
    said = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(lang),
        "language": _LANG[lang],
        "items": items,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


_LANG = {"zh": "zh-Hans", "en": "en"}


def _title(lang: Lang) -> str:
    return text("public_feed.feed", lang, {"zh": facts.county().zh, "en": facts.county().en})


def _instant(day: date) -> str:
    return f"{day.isoformat()}T00:00:00+08:00"


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"
