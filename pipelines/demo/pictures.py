"""Made-up pictures of some mines before and after: drawn, and saying so, so that nobody takes them for photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select
from sqlalchemy.orm import Session

from layers.mines import Mine
from pipelines.paper.sheet.fonts import SANS, font_files

_SIZE = (960, 640)
_SKY, _FAR = "#dfe8e2", "#9db8ab"
_BARE = ("#b98c63", "#a5774f", "#93663f", "#7f5535")
_GREEN = ("#6fa653", "#4f8a4c", "#357545", "#1f5a48")
_MOST = 4


def write_pictures(session: Session, folder: Path) -> Path:
    """The pairs of some mines that are struck off the list, with pictures.toml; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    said = []
    closed = select(Mine.code).where(Mine.stage == "closed").order_by(Mine.code).limit(_MOST)
    for n, code in enumerate(session.scalars(closed)):
        for which, colours in (("before", _BARE), ("after", _GREEN)):
            _draw(n, colours).save(folder / f"{n}-{which}.jpg", quality=88)
        said.append(_entry(n, code))
    (folder / "pictures.toml").write_text("\n".join(said), "utf-8")
    return folder


def _entry(n: int, code: str) -> str:
    both = [
        f'{which} = {{ file = "{n}-{which}.jpg", taken_on = {day}, caption_zh = "{zh}（示意图，虚构）", '
        f'caption_en = "{en} (drawing, made up)", made_up = true }}'
        for which, day, zh, en in (
            ("before", date(2024, 1, 15), "修复前：采坑裸露", "before: the pit lies bare"),
            ("after", date(2026, 9, 30), "修复后：台地复绿", "after: the terraces are green again"),
        )
    ]
    return "\n".join([f'[[picture]]\nlayer = "mines"\ncode = "{code}"', *both, ""])


def _draw(seed: int, colours: Sequence[str]) -> Image.Image:
    """The same hill of terraces in the colours given."""
    picture = Image.new("RGB", _SIZE, _SKY)
    pen = ImageDraw.Draw(picture)
    for colour, line in zip((_FAR, *colours), _lines(np.random.default_rng(seed), 1 + len(colours)), strict=True):
        pen.polygon([*line, (_SIZE[0], _SIZE[1]), (0, _SIZE[1])], fill=colour)
    pen.text((24, 20), "示意图 · 虚构", fill="#6d2c0c", font=ImageFont.truetype(str(font_files()[SANS]), 30, index=2))
    return picture


def _lines(rng: np.random.Generator, count: int) -> Iterator[list[tuple[float, float]]]:
    """Ridges from far to near."""
    x = np.linspace(0, _SIZE[0], 40)
    for n in range(count):
        waves = sum(rng.uniform(8, 34) * np.sin(x / rng.uniform(60, 260) + rng.uniform(0, 6)) for _ in range(3))
        y = 190 + 95 * n + np.asarray(waves)
        yield list(zip(x.tolist(), y.tolist(), strict=True))
