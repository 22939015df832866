"""The folder through which reports go from the site to the office, by disc where need be.

    office.key   the public key that reports are sealed to        new/     sealed reports: the site writes them
    states/      what became of each: the office writes them      taken/   sealed reports that the office has opened

The site process may write in new/ and read office.key and states/, no more.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from data.reporting import limits
from pipelines.reports.sealing import ReportRefusal, checked

State = Literal["received", "taken", "answered"]
_SEALED, _HALF = ".sealed", ".half-"


@dataclass(frozen=True)
class Standing:
    """What became of a report: all that its number tells anybody. on: the day; answer: the office's words."""

    number: str
    state: State
    on: date | None = None
    answer: str = ""


@dataclass(frozen=True)
class Inbox:
    """The folder by its place."""

    place: Path

    @property
    def key(self) -> Path:
        return self.place / "office.key"

    @property
    def new(self) -> Path:
        return self.place / "new"

    @property
    def states(self) -> Path:
        return self.place / "states"

    @property
    def taken(self) -> Path:
        return self.place / "taken"

    def public(self) -> str:
        """The written public key. Raises ReportRefusal when there is none."""
        try:
            return checked(self.key.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ReportRefusal("reports.no_office_key", path=self.key, inbox=self.place) from error

    def make(self) -> None:
        """Make its folders where they are not there yet; the group may share them."""
        for folder in (self.new, self.states, self.taken):
            if not folder.is_dir():
                folder.mkdir(parents=True)
                folder.chmod(0o2770)

    def keep(self, number: str, sealed: bytes) -> None:
        """Keep a sealed report under its number, whole or not at all. Raises ReportRefusal when there is no room."""
        self._has_room(len(sealed))
        write(self.new / f"{number}{_SEALED}", sealed)

    def free(self, draw: Callable[[], str]) -> str:
        """A number, as drawn, that no report has."""
        while self.standing(number := draw()) is not None:
            pass
        return number

    def standing(self, number: str) -> Standing | None:
        """What became of a report; None for a number that no report has. Reads nothing of the report."""
        try:
            said = json.loads((self.states / f"{number}.json").read_text("utf-8"))
            return Standing(number, said["state"], date.fromisoformat(said["on"]), str(said["answer"]))
        except FileNotFoundError:
            return Standing(number, "received") if self.sealed(self.new, number).exists() else None
        except (ValueError, LookupError, TypeError):  # it came over by disc, and not whole
            return Standing(number, "taken")

    def stand(self, standing: Standing) -> None:
        """Write down what became of a report."""
        said = {**asdict(standing), "on": standing.on.isoformat() if standing.on else None}
        file = self.states / f"{standing.number}.json"
        write(file, json.dumps(said, ensure_ascii=False).encode(), mode=0o644)

    def numbers(self, folder: Path) -> Iterator[str]:
        """The numbers of the sealed reports in new/ or taken/, those that came first at first."""
        found = [path for path in folder.glob(f"*{_SEALED}") if not path.name.startswith(_HALF)]
        yield from (path.name.removesuffix(_SEALED) for path in sorted(found, key=lambda path: path.stat().st_mtime_ns))

    def sealed(self, folder: Path, number: str) -> Path:
        return folder / f"{number}{_SEALED}"

    def _has_room(self, more: int) -> None:
        sizes = [entry.stat().st_size for entry in os.scandir(self.new)]
        full = len(sizes) >= limits().most or sum(sizes) + more > limits().most_bytes
        if full or shutil.disk_usage(self.new).free - more < limits().free_bytes:
            raise ReportRefusal("reports.full", inbox=self.new, files=len(sizes), megabytes=sum(sizes) // 1024**2)


def write(path: Path, content: bytes, *, mode: int = 0o640) -> None:
    """Write a file whole or not at all, on the disc when this is over."""
    half = path.with_name(f"{_HALF}{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        half.rename(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
