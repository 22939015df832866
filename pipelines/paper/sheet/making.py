"""Every paper of a stored result, by the name of its file.

Each is made by a library of its own, imported only when a paper is asked for: a check alone must answer at once.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from data import checking
from data.facts import DATA
from pipelines.paper.sheet.document import document, stamp_of
from pipelines.paper.sheet.fonts import font_files
from pipelines.paper.sheet.form import dumped
from pipelines.paper.sheet.result import Result
from pipelines.paper.sheet.tables import words

_HERE = Path(__file__).parent
_LIBRARIES = (
    "weasyprint",
    "pydyf",
    "fonttools",
    "python-docx",
    "openpyxl",
    "pillow",
    "segno",
    "fiona",
    "shapely",
    "pyproj",
)
_WORDS = ("papers.toml", "check.toml", "clauses.toml")


def fits_paper(result: Result) -> bool:
    """Whether docx and PDF are made: they hold so many parcels and no more."""
    return len(result.parcels) <= checking.papers().parcels


def papers(result: Result) -> dict[str, bytes]:
    """The papers of a stored result, the same bytes for the same result. Raises PaperRefusal."""
    name = words("paper.name", number=stamp_of(result).number)
    return {f"{name}.{ending}": content for ending, content in _made(result)}


def _made(result: Result) -> Iterator[tuple[str, bytes]]:
    from pipelines.paper.sheet.writers.spatial import as_package, as_txt  # noqa: PLC0415 -- as above
    from pipelines.paper.sheet.writers.workbook import as_workbook  # noqa: PLC0415 -- as above

    if fits_paper(result):
        yield from _documents(result)
    yield "xlsx", as_workbook(result)
    yield "gpkg", as_package(result)
    txt = as_txt(result)
    if txt is not None:
        yield "txt", txt
    yield "json", dumped(result)


def _documents(result: Result) -> Iterator[tuple[str, bytes]]:
    from pipelines.paper.sheet.writers.docx import as_docx  # noqa: PLC0415 -- as above
    from pipelines.paper.sheet.writers.pdf import as_pdf  # noqa: PLC0415 -- as above

    drawn = document(result)
    yield "docx", as_docx(drawn)
    yield "pdf", as_pdf(drawn)


@cache
def made_with() -> Mapping[str, str]:
    """What decides the bytes of papers beside the result: this program, its words, libraries and fonts."""
    from fiona import __gdal_version__  # noqa: PLC0415 -- as above
    from PIL import features  # noqa: PLC0415 -- as above
    from weasyprint.text.ffi import pango  # noqa: PLC0415 -- as above

    sources = [file for kind in ("py", "html", "css") for file in sorted(_HERE.rglob(f"*.{kind}"))]
    sources += [DATA / "words" / name for name in _WORDS]
    return {
        "program": _hash(sources),
        "python": sys.version.split()[0],
        **{name: version(name) for name in _LIBRARIES},
        "gdal": __gdal_version__,
        "freetype": str(features.version("freetype2")),
        "zlib": str(features.version("zlib")),
        "pango": str(pango.pango_version()),
        "fonts": _hash([*font_files().values()]),
    }


def _hash(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()
