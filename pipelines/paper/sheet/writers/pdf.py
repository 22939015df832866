"""The document of a result as PDF, with its Chinese type embedded, the same bytes for the same document."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

import weasyprint
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from weasyprint.urls import URLFetcher

from pipelines.paper.sheet.document import Block, Document
from pipelines.paper.sheet.fonts import signs

_PAGE = Path(__file__).parent / "page"


def as_pdf(document: Document) -> bytes:
    """The document as PDF. Nothing is fetched: what it shows stands in it."""
    page = _template().render(
        document=document,
        css=Markup((_PAGE / "report.css").read_text("utf-8")),  # noqa: S704 -- a file of ours
        kind_of=_kind,
        inline=_inline,
    )
    # One sign that the fonts lack, and no word of the PDF could be searched or copied.
    lacking = str.maketrans(dict.fromkeys(set(page) - signs() - {"\n"}, "□"))
    fetcher = URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    made: bytes = weasyprint.HTML(string=page.translate(lacking), url_fetcher=fetcher).write_pdf()
    return made


@cache
def _template() -> Template:
    # An autoescaped page: a name of a file or a parcel is words and never markup.
    here = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return here.from_string((_PAGE / "report.html").read_text("utf-8"))


def _kind(block: Block) -> str:
    return type(block).__name__


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
