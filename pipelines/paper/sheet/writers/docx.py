"""The document of a result as docx, for the office that goes on writing in it.

Type is named, not embedded: 宋体 and 黑体, which every office has. Tables are written as XML in one piece: cell by cell
python-docx takes seconds for a parcel of many corners.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from pipelines.paper.sheet.document import Basics, Block, Document, Grid, Heading, Lines, Picture, Signing
from pipelines.paper.sheet.frame import MAP_MM
from pipelines.paper.sheet.writers import docx_table
from pipelines.paper.sheet.writers.docx_table import HEI, LATIN, SONG, cell, fit, joined
from pipelines.paper.sheet.writers.zipped import unzipped, zipped

_PAGE_MM, _MARGIN_MM = (210, 297), 22.5
_TEXT_MM = _PAGE_MM[0] - 2 * _MARGIN_MM
_CODE_MM = 28
Writer = Any
"""A docx.document.Document, whose package publishes no type for it under its own name."""


def as_docx(document: Document) -> bytes:
    """The document as docx, the same bytes for the same document."""
    written = docx.Document()
    _set_page(written, document)
    _set_styles(written)
    title = _paragraph(written, document.title, size=18, font=HEI, centred=True, after=4)
    title.paragraph_format.space_before = Pt(6)
    for block in document.blocks:
        _write(block, written)
    _set_properties(written, document)
    held = io.BytesIO()
    written.save(held)
    return zipped(unzipped(held.getvalue()), document.stamp.at)


def _write(block: Block, written: Writer) -> None:
    match block:
        case Heading():
            _write_heading(block, written)
        case Lines():
            for line in block.lines:
                _paragraph(written, line, size=9 if block.small else 10.5, before=2, after=2)
        case Basics():
            _write_basics(block, written)
        case Grid():
            _write_grid(block, written)
        case Picture():
            _write_picture(block, written)
        case Signing():
            _write_signing(block, written)


def _write_heading(block: Heading, written: Writer) -> None:
    size = {1: 14, 2: 12}[block.level]
    made = _paragraph(written, block.words, size=size, font=HEI, before=10 if block.level == 1 else 6, after=4)
    made.style = written.styles[f"Heading {block.level}"]
    made.paragraph_format.keep_with_next = True
    made.paragraph_format.page_break_before = block.new_page


def _write_basics(block: Basics, written: Writer) -> None:
    side = _CODE_MM + 4
    rest = _TEXT_MM - side
    widths = [rest * 0.24, rest * 0.76, side]
    rows = [
        docx_table.row([cell(name, widths[0], grey=True), cell(said, widths[1]), joined(widths[2], first=n == 0)])
        for n, (name, said) in enumerate(block.pairs)
    ]
    beside = _table(written, widths, rows).rows[0].cells[2]
    held = beside.paragraphs[0]
    held.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _place(held, block.code, _CODE_MM)
    below = beside.add_paragraph()
    below.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(below, block.code_said, size=7.5)


def _write_grid(block: Grid, written: Writer) -> None:
    if block.caption:
        caption = _paragraph(written, block.caption, size=10.5, font=HEI, before=6, after=2, centred=True)
        caption.paragraph_format.keep_with_next = True
    widths = [share * _TEXT_MM for share in block.widths]
    named = zip(block.headings, widths, strict=True)
    heading = [cell(words, width, bold=True, grey=True, side="center") for words, width in named]
    rows = [docx_table.row(heading, head=True), *(_grid_row(block, widths, n, row) for n, row in enumerate(block.rows))]
    _table(written, widths, rows)


def _write_picture(block: Picture, written: Writer) -> None:
    held = _paragraph(written, "", size=10.5, centred=True, before=4)
    held.paragraph_format.keep_with_next = True
    _place(held, block.png, MAP_MM[0])
    _paragraph(written, block.caption, size=9, centred=True, after=2)


def _write_signing(block: Signing, written: Writer) -> None:
    width = _TEXT_MM / len(block.places)
    cells = [cell(f"{place}\n\n\n\n{block.dated}", width) for place in block.places]
    _table(written, [width] * len(cells), [docx_table.row(cells)])


def _set_page(written: Writer, document: Document) -> None:
    section = written.sections[0]
    section.page_width, section.page_height = (Mm(side) for side in _PAGE_MM)
    section.left_margin = section.right_margin = Mm(_MARGIN_MM)
    section.top_margin, section.bottom_margin = Mm(25), Mm(22)
    section.header_distance, section.footer_distance = Mm(12), Mm(11)
    head = section.header.paragraphs[0]
    head.style = written.styles["Normal"]  # that of a header has tab stops of its own
    head.paragraph_format.tab_stops.add_tab_stop(Mm(_TEXT_MM), WD_TAB_ALIGNMENT.RIGHT)
    _run(head, f"{document.running}\t", size=9)
    _run(head, document.screening, size=9, font=HEI)
    if document.warning:
        head.paragraph_format.space_after = Pt(0)
        _run(section.header.add_paragraph(style="Normal"), document.warning, size=9, font=HEI, red=True)
    _number_pages(section.footer.paragraphs[0])


def _number_pages(foot: Any) -> None:
    """第 X 页 共 Y 页, counted by whoever opens it."""
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for words, field in (("第 ", "PAGE"), (" 页　共 ", "NUMPAGES"), (" 页", None)):
        _run(foot, words, size=9)
        if field:
            foot._p.append(
                parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr="{field}"><w:r><w:t>1</w:t></w:r></w:fldSimple>')
            )


def _set_styles(written: Writer) -> None:
    for name in ("Normal", "Heading 1", "Heading 2"):
        style = written.styles[name]
        style.font.name, style.font.color.rgb = LATIN, RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), SONG if name == "Normal" else HEI)
        fonts.set(qn("w:hAnsi"), LATIN)
        style.font.bold = False


def _set_properties(written: Writer, document: Document) -> None:
    properties, at = written.core_properties, document.stamp.at
    properties.title, properties.subject = document.title, document.running
    properties.author = properties.last_modified_by = document.stamp.person
    properties.comments, properties.language = document.screening, "zh-CN"
    properties.created = properties.modified = datetime.fromtimestamp(int(at.timestamp()), tz=at.tzinfo)


def _paragraph(
    written: Writer,
    words: str,
    *,
    size: float,
    font: str = SONG,
    before: float = 0,
    after: float = 0,
    centred: bool = False,
) -> Any:
    made = written.add_paragraph()
    made.paragraph_format.space_before, made.paragraph_format.space_after = Pt(before), Pt(after)
    if centred:
        made.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if words:
        _run(made, words, size=size, font=font)
    return made


def _run(paragraph: Any, words: str, *, size: float, font: str = SONG, red: bool = False) -> None:
    run = paragraph.add_run(fit(words))
    run.font.size, run.font.name = Pt(size), LATIN
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    if red:
        run.font.color.rgb = RGBColor(0xB3, 0, 0x1B)


def _place(paragraph: Any, png: bytes, width: float) -> None:
    """A picture of a width in mm."""
    inline = paragraph.add_run().add_picture(io.BytesIO(png), width=Mm(width))._inline
    for side in "TBLR":
        inline.set(f"dist{side}", "0")  # left out, LibreOffice takes an eighth of an inch


def _table(written: Writer, widths: Sequence[float], rows: Sequence[str]) -> Any:
    """A table at the end of the document."""
    table = parse_xml(docx_table.table(widths, rows))
    body = written.element.body
    body.insert(len(body) - 1, table)  # the last is the section
    return docx.table.Table(table, written._body)


def _grid_row(block: Grid, widths: Sequence[float], n: int, row: Sequence[str]) -> str:
    sides = ("right" if numeric else "left" for numeric in block.numeric)
    of_row = {"bold": n in block.bold, "small": block.small}
    of_cells = zip(row, widths, sides, strict=True)
    return docx_table.row([cell(words, width, side=side, **of_row) for words, width, side in of_cells])
