"""A published folder as it is served: what its manifest lists, held against its hashes, and nothing else.

What a client asks for is looked up among the manifest's paths and never becomes a path of the file system. A folder
is loaded whole before the first of its files is served, and the one before it is served until then.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from data import facts
from pipelines.publish.folder import MANIFEST, NOW
from web.site.confine import SiteRefusal

_COUNTY_TIME = ZoneInfo(facts.county().timezone)
"""Read here, for later it cannot be."""
_MAPS = ("maps/", "en/maps/")
_TEXT = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript", ".csv": "text/csv",
    ".txt": "text/plain", ".md": "text/markdown", ".json": "application/json", ".geojson": "application/geo+json",
    ".xml": "application/xml", ".atom": "application/atom+xml", ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}  # fmt: skip
_BINARY = {
    ".pmtiles": "application/vnd.pmtiles", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
    ".webp": "image/webp", ".gif": "image/gif", ".ico": "image/x-icon", ".woff2": "font/woff2",
    ".pdf": "application/pdf", ".zip": "application/zip", ".gpkg": "application/geopackage+sqlite3",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
_KEPT_BYTES = 256 * 1024
"""Files up to this size stay in memory; what can be compressed stays so, whatever its size."""
_MOST_KEPT_BYTES = 256 * 1024**2
"""Of all files together; what goes beyond is read from the disc at each request, uncompressed."""
_WORTH = 0.9
"""Compressed is kept where it is smaller than this share."""


@dataclass(frozen=True)
class File:
    """A file of a publication. content: None where it is read from the disc; gzipped: None where that is no gain."""

    path: str
    place: Path = field(repr=False)
    size: int
    sha256: str
    media_type: str
    content: bytes | None = field(default=None, repr=False)
    gzipped: bytes | None = field(default=None, repr=False)

    @property
    def immutable(self) -> bool:
        """Its name holds its hash, so that it is never another file."""
        return self.path.startswith("assets/")


@dataclass(frozen=True)
class Publication:
    """One publication. mark: what tells it from the next; files: by their path."""

    mark: tuple[object, ...]
    files: Mapping[str, File]
    folders: frozenset[str]
    """Those that have an index.html, without a slash at the end."""


def mark(folder: Path) -> tuple[object, ...]:
    """What is another for another publication: where the folder leads, which manifest and values lie there, the day."""
    real = os.path.realpath(folder)
    return real, _today(), *(_look(f"{real}/{name}") for name in (MANIFEST, NOW))


def _look(file: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _today() -> date:
    return datetime.now(_COUNTY_TIME).date()


def load(folder: Path) -> Publication:
    """The publication a folder holds or leads to, each file read once. Raises SiteRefusal."""
    marked, real = mark(folder), Path(os.path.realpath(folder))
    try:
        written = (real / MANIFEST).read_bytes()
        files = {file.path: file for file in _bounded(_files(real, written))}
    except OSError as error:
        raise SiteRefusal("site.unreadable", folder=folder, reason=error) from error
    if mark(folder) != marked:
        return load(folder)  # switched meanwhile
    folders = {
        path.removesuffix("index.html").rstrip("/") for path in files if PurePosixPath(path).name == "index.html"
    }
    return Publication(marked, files, frozenset(folders))


def _files(real: Path, written: bytes) -> Iterator[File]:
    listed, expired = list(_listed(real, written)), _expired(written)
    for path, sha256 in listed:
        if not (expired and path.startswith(_MAPS)):
            yield _file(real, path, sha256)
    yield _made(real, MANIFEST, written)
    if (real / NOW).is_file() and not (real / NOW).is_symlink():
        yield _made(real, NOW, (real / NOW).read_bytes())


def _expired(written: bytes) -> bool:
    """Whether the decision that releases the maps of a publication no longer holds: then they are not served."""
    try:
        told = json.loads(written).get("release")
        return told is not None and date.fromisoformat(told["expires_on"]) < _today()
    except (AttributeError, ValueError, LookupError, TypeError):
        return True


def _listed(real: Path, written: bytes) -> Iterator[tuple[str, str]]:
    """The paths of a manifest with their hashes. Raises SiteRefusal for one that leads elsewhere."""
    try:
        listed = [(str(one["path"]), str(one["sha256"])) for one in json.loads(written)["files"]]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise SiteRefusal("site.bad_manifest", folder=real, reason=repr(error)) from error
    for path, sha256 in listed:
        if not proper(path):
            raise SiteRefusal("site.bad_path", folder=real, path=path)
        if path != MANIFEST:
            yield path, sha256


def proper(path: str) -> bool:
    """Whether a path names a file beneath its folder, plainly: no step up, nothing hidden, no other slash."""
    return bool(path) and "\\" not in path and "\0" not in path and all(
        step and not step.startswith(".") for step in path.split("/")
    )  # fmt: skip


def _file(real: Path, path: str, sha256: str) -> File:
    place = real / path
    if os.path.realpath(place) != str(place):
        raise SiteRefusal("site.bad_path", folder=real, path=path)
    made = _made(real, path, place.read_bytes()) if _worth_reading(place) else _large(real, path)
    if made.sha256 != sha256:
        raise SiteRefusal("site.bad_hash", folder=real, path=path)
    return made


def _worth_reading(place: Path) -> bool:
    """Whether anything of a file is kept in memory."""
    return place.suffix.lower() in _TEXT or place.stat().st_size <= _KEPT_BYTES


def _large(real: Path, path: str) -> File:
    """A file that is never whole in memory: of tiles there may be hundreds of megabytes."""
    with (real / path).open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
    return File(path, real / path, size, sha256, _media_type(path))


def _made(real: Path, path: str, content: bytes) -> File:
    sha256, text = hashlib.sha256(content).hexdigest(), PurePosixPath(path).suffix.lower() in _TEXT
    kept = content if len(content) <= _KEPT_BYTES else None
    gzipped = _gzipped(content) if text else None
    return File(path, real / path, len(content), sha256, _media_type(path), kept, gzipped)


def _media_type(path: str) -> str:
    suffix = PurePosixPath(path).suffix.lower()
    text = _TEXT.get(suffix)
    return f"{text}; charset=utf-8" if text else _BINARY.get(suffix, "application/octet-stream")


def _gzipped(content: bytes) -> bytes | None:
    made = gzip.compress(content, compresslevel=6, mtime=0)
    return made if len(made) < _WORTH * len(content) else None


def _bounded(files: Iterator[File]) -> Iterator[File]:
    """The same files, those that no longer fit into memory without their content."""
    kept = 0
    for file in files:
        more = len(file.content or b"") + len(file.gzipped or b"")
        fits = kept + more <= _MOST_KEPT_BYTES
        kept += more if fits else 0
        yield file if fits else replace(file, content=None, gzipped=None)
