"""Tables of a docx as XML, in one piece: cell by cell python-docx takes seconds for a parcel of many corners."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

from docx.oxml.ns import nsdecls

SONG, HEI, LATIN = "宋体", "黑体", "Times New Roman"
_TWIPS = 56.7
"""In a millimetre."""
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold."""
_EDGES = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)
_INSIDE = '<w:tblCellMar><w:left w:w="70" w:type="dxa"/><w:right w:w="70" w:type="dxa"/></w:tblCellMar>'
_MIDDLE = '<w:vAlign w:val="center"/>'


def fit(words: str) -> str:
    """Words without what XML cannot hold."""
    return _UNFIT.sub("�", words)


def table(widths: Sequence[float], rows: Sequence[str]) -> str:
    """A table with edges, its columns of fixed widths in mm."""
    columns = "".join(f'<w:gridCol w:w="{_twips(width)}"/>' for width in widths)
    whole = f'<w:tblW w:w="{_twips(sum(widths))}" w:type="dxa"/><w:jc w:val="center"/>'
    of_table = f'{whole}<w:tblBorders>{_EDGES}</w:tblBorders><w:tblLayout w:type="fixed"/>{_INSIDE}'
    inside = f"<w:tblPr>{of_table}</w:tblPr><w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}"
    return f"<w:tbl {nsdecls('w')}>{inside}</w:tbl>"


def row(cells: Sequence[str], *, head: bool = False) -> str:
    """A row that no page divides; a head is said again on every page."""
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{''.join(cells)}</w:tr>"


def cell(
    words: str, width: float, *, bold: bool = False, grey: bool = False, small: bool = False, side: str = "left"
) -> str:
    """A cell of a width in mm; bold is set in 黑体, as the field does."""
    shade = '<w:shd w:val="clear" w:color="auto" w:fill="EDEFEA"/>' if grey else ""
    fonts = f'<w:rFonts w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:eastAsia="{HEI if bold else SONG}"/>'
    of_run = f'<w:rPr>{fonts}{"<w:b/>" if bold and not grey else ""}<w:sz w:val="{16 if small else 18}"/></w:rPr>'
    of_line = f'<w:pPr><w:spacing w:before="20" w:after="20"/><w:jc w:val="{side}"/></w:pPr>'
    lines = "".join(f"<w:p>{of_line}{_text(line, of_run)}</w:p>" for line in words.split("\n"))
    return f"<w:tc><w:tcPr>{_wide(width)}{shade}{_MIDDLE}</w:tcPr>{lines}</w:tc>"


def joined(width: float, *, first: bool) -> str:
    """A cell of a column whose cells are one."""
    merge = '<w:vMerge w:val="restart"/>' if first else "<w:vMerge/>"
    return f"<w:tc><w:tcPr>{_wide(width)}{merge}{_MIDDLE}</w:tcPr><w:p/></w:tc>"


def _text(line: str, of_run: str) -> str:
    return f'<w:r>{of_run}<w:t xml:space="preserve">{escape(fit(line))}</w:t></w:r>' if line else ""


def _wide(width: float) -> str:
    return f'<w:tcW w:w="{_twips(width)}" w:type="dxa"/>'


def _twips(millimetres: float) -> int:
    return round(millimetres * _TWIPS)
