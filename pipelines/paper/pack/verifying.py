"""Whether an evidence pack is whole and says what its shapes give: with neither database nor network.

What it shows is that nothing in the pack was changed by itself. Who makes a whole pack anew can make anything: the hash
of the result on signed paper, or in the office's database, is what a pack is held against in the end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.formats.archive import contents
from geo.formats.values import Bounds, shown
from geo.refusal import Refusal
from pipelines.paper.pack.packed import FORMAT, MANIFEST, RESULT, input_name, manifest, paper_name
from pipelines.paper.pack.recounting import recount
from pipelines.paper.sheet.document import result_sha256
from pipelines.paper.sheet.form import ResultRefusal, dumped, loaded
from pipelines.paper.sheet.making import made_with, papers
from pipelines.paper.sheet.result import Result, Stamp
from pipelines.paper.sheet.writers.zipped import zipped

_EARLIEST, _LATEST = 1980, 2107
"""Years that a zip knows."""
_BOUNDS = Bounds(entries=1000, unpacked_bytes=1024**3, ratio=100)


class PackRefusal(Refusal):
    """A pack that is not whole, or was changed."""


@dataclass(frozen=True)
class Verified:
    """A sound pack. unlike: papers that other versions made than are here, so that they cannot be made again."""

    stamp: Stamp
    result_sha256: str
    parcels: int
    members: int
    papers: int
    unlike: tuple[str, ...]


def verify(pack: Path) -> Verified:
    """Hold a pack against itself.

    Raises GeoRefusal for a zip that is broken or hostile, PackRefusal, RecountRefusal, ResultRefusal.
    """
    members = _members(pack)
    listed = _listed(members, shown(pack.name))
    _check_hashes(members, listed)
    result, stamp = _result(members[RESULT])
    _check_inputs(members, result)
    recount(result)
    unlike = _check_papers(members, result, listed["made_with"])
    _check_manifest(members, result, listed["made_with"])
    _check_bytes(pack, members, stamp, listed["made_with"])
    made = sum(name.startswith("papers/") for name in members)
    return Verified(stamp, result_sha256(result), len(result.parcels), len(members), made, unlike)


def _members(pack: Path) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    for name, content in contents(pack, _BOUNDS):
        if name in members:
            raise PackRefusal("pack.twice", entry=shown(name))
        members[name] = content
    return members


def _listed(members: Mapping[str, bytes], pack: str) -> dict[str, Any]:
    """The manifest. Raises PackRefusal where it has not the form of one."""
    if MANIFEST not in members:
        raise PackRefusal("pack.not_a_pack", name=pack, entry=MANIFEST)
    try:
        listed = json.loads(members[MANIFEST])
        hashes = {entry["name"]: entry["sha256"] for entry in listed["members"]}
        made = {str(name): str(version) for name, version in listed["made_with"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise PackRefusal("pack.manifest") from error
    if listed.get("format") != FORMAT:
        raise PackRefusal("pack.not_a_pack", name=pack, entry=FORMAT)
    return {"hashes": hashes, "made_with": made}


def _check_hashes(members: Mapping[str, bytes], listed: Mapping[str, Any]) -> None:
    """That the manifest lists every member but itself, and each is what it lists."""
    hashes = listed["hashes"]
    for name in sorted(({RESULT} | hashes.keys()) - members.keys()):
        raise PackRefusal("pack.missing", entry=shown(name))
    for name in sorted(members.keys() - hashes.keys() - {MANIFEST}):
        raise PackRefusal("pack.extra", entry=shown(name))
    for name, sha256 in hashes.items():
        if hashlib.sha256(members[name]).hexdigest() != sha256:
            raise PackRefusal("pack.changed", entry=shown(name))


def _result(form: bytes) -> tuple[Result, Stamp]:
    """The result, in its one form, and its stamp. Raises ResultRefusal."""
    result = loaded(form)
    if result.stored is None or not _EARLIEST <= result.stored.at.year < _LATEST:
        raise ResultRefusal("result.unreadable", at="$.stored", reason=str(result.stored and result.stored.at))
    if dumped(result) != form:
        raise ResultRefusal("result.unreadable", at="$", reason="≠")
    return result, result.stored


def _check_inputs(members: Mapping[str, bytes], result: Result) -> None:
    """That the files of the result are there where it keeps them, and no others."""
    kept = {input_name(one.sha256): one for one in result.files if one.kept}
    for name, one in kept.items():
        if name not in members:
            raise PackRefusal("pack.missing", entry=one.name)
        if (hashlib.sha256(members[name]).hexdigest(), len(members[name])) != (one.sha256, one.size):
            raise PackRefusal("pack.input", entry=one.name)
    for name in sorted(members.keys() - kept.keys()):
        if name.startswith("inputs/"):
            raise PackRefusal("pack.extra", entry=shown(name))


def _check_papers(members: Mapping[str, bytes], result: Result, made: Mapping[str, str]) -> tuple[str, ...]:
    """That the papers are those that the result gives; the ones that other versions made cannot be told."""
    again = {paper_name(name): content for name, content in papers(result).items() if not name.endswith(".json")}
    for name in sorted(again.keys() - members.keys()):
        raise PackRefusal("pack.missing", entry=name)
    known = {MANIFEST, RESULT, *(input_name(one.sha256) for one in result.files if one.kept)}
    for name in sorted(members.keys() - again.keys() - known):
        raise PackRefusal("pack.extra", entry=shown(name))
    unlike = tuple(name for name, content in again.items() if members[name] != content)
    if unlike and made == made_with():
        raise PackRefusal("pack.paper", entry=unlike[0])
    return unlike


def _check_bytes(pack: Path, members: Mapping[str, bytes], stamp: Stamp, made: Mapping[str, str]) -> None:
    """That the zip itself is the one that is made of these members, to the byte; other versions pack otherwise."""
    if made == made_with() and zipped(members, stamp.at) != pack.read_bytes():
        raise PackRefusal("pack.manifest")


def _check_manifest(members: Mapping[str, bytes], result: Result, made: Mapping[str, str]) -> None:
    """That the manifest is the one of these members."""
    rest = {name: content for name, content in members.items() if name != MANIFEST}
    if manifest(result, rest, made) != members[MANIFEST]:
        raise PackRefusal("pack.manifest")
