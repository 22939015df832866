"""The Chinese fonts that papers are set in, as Debian's fonts-noto-cjk brings them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTCollection

from pipelines.paper.sheet.result import PaperRefusal

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
SANS, SERIF = "NotoSansCJK-Regular.ttc", "NotoSerifCJK-Regular.ttc"


def font_files(folders: Sequence[Path] = FOLDERS) -> dict[str, Path]:
    """Where both fonts are. Raises PaperRefusal where one is not: a PDF would be set in empty boxes without a word."""
    found = {name: next(_named(name, folders), None) for name in (SANS, SERIF)}
    for name, file in found.items():
        if file is None:
            raise PaperRefusal("paper.no_font", font=name)
    return {name: file for name, file in found.items() if file}


def _named(name: str, folders: Sequence[Path]) -> Iterator[Path]:
    return (file for folder in folders for file in sorted(folder.glob(f"**/{name}")))


@cache
def signs() -> frozenset[str]:
    """The signs that both simplified Chinese faces have."""
    faces = [_face(file) for file in font_files().values()]
    return frozenset(map(chr, faces[0].keys() & faces[1].keys()))


def _face(file: Path) -> Mapping[int, str]:
    with TTCollection(str(file), lazy=True) as collection:
        face = next(one for one in collection if one["name"].getDebugName(1).endswith(" CJK SC"))
        held: Mapping[int, str] = face.getBestCmap()
        return held
