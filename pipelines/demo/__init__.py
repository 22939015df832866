"""The demo county: the real outline and township names, everything else made up from a seed."""

from __future__ import annotations

from pipelines.demo.county import county
from pipelines.demo.values import Demo, Row, Step

__all__ = ["Demo", "Row", "Step", "county"]
