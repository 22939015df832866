"""What a page holds, as a reader of its HTML finds it; and pictures to show on one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from io import BytesIO

from PIL import Image

from pipelines.publish.folder import Files
from pipelines.publish.pages import Download, Pictures
from pipelines.publish.pages.pictures import Picture

TODAY = date(2026, 11, 25)
TABLE = Download("data/works.csv", "public.works_title", 1234)


@dataclass
class Read(HTMLParser):
    """What a page holds: its tags with their attributes, its title, and its words."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    title: str = ""
    words: str = ""
    _inside: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        self.title += data if self._inside == "title" else ""
        self.words += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def __contains__(self, said: str) -> bool:
        return said in " ".join(self.words.split())


def page(content: bytes) -> Read:
    found = Read()
    found.feed(content.decode())
    return found


def html(files: Files) -> Iterator[tuple[str, bytes]]:
    """The pages among the files."""
    return ((path, content) for path, content in files.items() if path.endswith(".html"))


def jpeg(colour: str, size: tuple[int, int] = (800, 600), **how: object) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", **how)
    return out.getvalue()


def pair(before: bytes | None = None) -> Pictures:
    """Two pictures of nothing, brown and green."""
    return Pictures(
        Picture(before or jpeg("#8a6d4b"), date(2024, 3, 1), "采坑裸露", "bare pit", made_up=True),
        Picture(jpeg("#3d7a4e"), date(2026, 10, 1), "复绿一年", "green for a year", made_up=True),
    )
