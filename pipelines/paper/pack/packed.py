"""The evidence pack: one zip of a stored result, its files and its papers, under a manifest of hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pipelines.paper.sheet.document import result_sha256, stamp_of
from pipelines.paper.sheet.form import dumped
from pipelines.paper.sheet.making import made_with
from pipelines.paper.sheet.result import Result
from pipelines.paper.sheet.tables import words
from pipelines.paper.sheet.writers.zipped import zipped

MANIFEST, RESULT = "manifest.json", "result.json"
FORMAT, VERSION = "qingshan-check", 1


def packed(result: Result, papers: Mapping[str, bytes], kept: Mapping[str, bytes]) -> bytes:
    """The pack of a stored result. papers: by name; kept: the bytes of its files by their hashes."""
    members = {
        RESULT: dumped(result),
        **{input_name(sha256): content for sha256, content in sorted(kept.items())},
        **{paper_name(name): content for name, content in papers.items() if not name.endswith(".json")},
    }
    return zipped({MANIFEST: manifest(result, members, made_with()), **members}, stamp_of(result).at)


def pack_name(result: Result) -> str:
    return words("paper.pack", number=stamp_of(result).number)


def input_name(sha256: str) -> str:
    """The member of a file that was checked: under its hash, for its own name may be anything."""
    return f"inputs/{sha256}"


def paper_name(name: str) -> str:
    return f"papers/{name}"


def manifest(result: Result, members: Mapping[str, bytes], made: Mapping[str, str]) -> bytes:
    """What a pack holds: every other member with its hash, the names of the inputs, and what made the papers."""
    listed: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "county": result.county.zh,
        "number": stamp_of(result).number,
        "result_sha256": result_sha256(result),
        "screening": result.screening.zh,
        "made_up": result.made_up,
        "inputs": [
            {"name": one.name, "sha256": one.sha256, "member": input_name(one.sha256) if one.kept else None}
            for one in result.files
        ],
        "members": [
            {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in members.items()
        ],
        "made_with": dict(made),
    }
    return (json.dumps(listed, ensure_ascii=False, indent=2) + "\n").encode()
