"""The session → Public, through the allow-list and nothing else."""

from __future__ import annotations

from pipelines.publish.reading.features import key_of, read, read_works
from pipelines.publish.reading.forest import Forest
from pipelines.publish.reading.pictures import read_pictures

__all__ = ["Forest", "key_of", "read", "read_pictures", "read_works"]
