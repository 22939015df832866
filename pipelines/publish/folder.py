"""Files become a folder: written under the hash of what they hold, with a manifest, and never half."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from geo.refusal import Refusal

MANIFEST = "manifest.json"
NOW, CURRENT = "now.json", "data/current.json"
"""The current values, published oftener than the rest: no part of what the manifest answers for, and at first a copy of
what it does answer for."""
Files = Mapping[str, bytes]
"""Path inside the folder → bytes."""


class FolderRefusal(Refusal):
    """A folder that is not what its manifest says, or that may not be written."""


@dataclass(frozen=True)
class Entry:
    """One file of a publication."""

    path: str
    sha256: str
    bytes: int


def entries(files: Files) -> list[Entry]:
    """The files by path."""
    return [Entry(path, hashlib.sha256(files[path]).hexdigest(), len(files[path])) for path in sorted(files)]


def manifest(files: Files, about: Mapping[str, Any]) -> bytes:
    """What a folder holds and speaks of. about: the moment and the decision, told as they are."""
    said = {**about, "files": [asdict(entry) for entry in entries(files)]}
    return json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True, default=str).encode() + b"\n"


def hash_of(manifest: bytes) -> str:
    """The name of a publication: that of its manifest, which names every file by its hash."""
    return hashlib.sha256(manifest).hexdigest()


def write(files: Files, about: Mapping[str, Any], folder: Path) -> str:
    """Write a publication where nothing or an earlier one stands; gives its hash. A reader never meets half of it.

    One that stands there whole already is left as it is, its current values too. Raises FolderRefusal where something
    else stands.
    """
    if folder.exists() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise FolderRefusal("publish.not_ours", folder=folder)
    told = manifest(files, about)
    if _stands(folder, told):
        return hash_of(told)
    with _beside(folder) as half:
        now = {NOW: files[CURRENT]} if CURRENT in files else {}
        for path, content in {**files, MANIFEST: told, **now}.items():
            place = half / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        _swap(half, folder)
    return hash_of(told)


def entries_in(manifest: bytes) -> list[Entry]:
    """The files that a manifest names."""
    return [Entry(**entry) for entry in json.loads(manifest)["files"]]


def verified(folder: Path) -> tuple[str, dict[str, Any]]:
    """A folder's hash and manifest, every file held against it. Raises FolderRefusal naming the first fault."""
    try:
        written = (folder / MANIFEST).read_bytes()
        told = {**json.loads(written), "files": entries_in(written)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderRefusal("publish.no_manifest", folder=folder) from error
    listed = {entry.path: entry for entry in told["files"]}
    present = {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()} - {MANIFEST, NOW}
    for path in sorted(listed.keys() | present):
        whole = path in listed and path in present and not (folder / path).is_symlink()
        if not whole or hashlib.sha256((folder / path).read_bytes()).hexdigest() != listed[path].sha256:
            raise FolderRefusal("publish.file_differs", folder=folder, path=path)
    return hash_of(written), told


def packed(folder: Path) -> bytes:
    """A folder as one archive (tar.gz) to carry on a disc: always the same bytes. Raises FolderRefusal."""
    _, told = verified(folder)
    plain = BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        now = [NOW] if (folder / NOW).is_file() else []
        for path in (MANIFEST, *now, *(entry.path for entry in told["files"])):
            content = (folder / path).read_bytes()
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(content), 0o644
            tar.addfile(info, BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)


def point(link: Path, folder: Path) -> None:
    """Make a link lead to a folder, by rename: who follows it meets the old one or the new one, never none."""
    half = link.with_name(f".{link.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    half.symlink_to(os.path.relpath(folder, link.parent), target_is_directory=True)
    half.replace(link)


def put_now(folder: Path, content: bytes) -> Path:
    """Put the current values into a site that is being read."""
    half = folder / f".{NOW}.half"
    half.write_bytes(content)
    return half.replace(folder / NOW)


def _stands(folder: Path, told: bytes) -> bool:
    """Whether the publication of a manifest is there, whole."""
    try:
        return verified(folder)[0] == hash_of(told)
    except FolderRefusal:
        return False


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A new folder on the same file system, gone afterwards if it is still there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    half.chmod(0o755)
    try:
        yield half
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _swap(half: Path, folder: Path) -> None:
    """Put a folder in place; what stood there goes."""
    if not folder.exists():
        half.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    folder.rename(old)
    half.rename(folder)
    shutil.rmtree(old)
