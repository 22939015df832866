"""Random files of two sources and edits by hand: no edit by hand is ever lost unless it was in conflict and said so."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, text, update
from sqlalchemy.orm import Session

from layers.plots import Plot
from pipelines.edits.edit import Outcome
from tests.pipelines.importing import geojson, plots, stand, taken
from tests.samples import square

_FIELDS = {"YU_BI_DU": "canopy", "REMARKS": "remarks", "PINGJUN_NL": "mean_age"}
_SENT: dict[str, list[Any]] = {"YU_BI_DU": [0.3, 0.5], "REMARKS": ["甲", "乙", None], "PINGJUN_NL": [10, 20, None]}
_BY_HAND: dict[str, list[Any]] = {"canopy": [0.4, 0.6], "remarks": ["手一", "手二"], "mean_age": [31, 32]}
"""No file sends these: what stands tells whose it is."""


def _row() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in _SENT.items()})


def _files() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(_row(), min_size=1, max_size=3)


def _bare(number: int) -> dict[str, Any]:
    """The key and class of a plot, and nothing else."""
    return {name: value for name, value in stand(number)[0].items() if name not in _FIELDS and name != "YOU_SHI_SZ"}


def test_no_edit_by_hand_is_lost_to_a_file_without_a_word(engine: Engine) -> None:
    class Office(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.by_hand: dict[tuple[str, str], Any] = {}
            self.sent: dict[tuple[str, int], dict[str, Any]] = {}
            with engine.begin() as connection:
                connection.execute(text("delete from layers.plots"))
                connection.execute(text("truncate records.sent"))

        @rule(
            source=st.sampled_from(["甲局", "乙队"]), files=st.lists(_row(), min_size=1, max_size=3), good=st.booleans()
        )
        def file(self, source: str, files: list[dict[str, Any]], good: bool) -> None:
            rows = [({**_bare(number), **given}, square(number).geoms[0]) for number, given in enumerate(files)]
            with tempfile.TemporaryDirectory() as folder:
                report = taken(engine, geojson(Path(folder) / "a.geojson", rows), source=source, accept_good=good)
            said = {row.number for row in report.rows if row.outcome == Outcome.CONFLICTED}
            for number, given in enumerate(files):
                assert number + 1 in said or not self.overrules(source, number, given)
            if report.lands:
                self.sent |= {(source, number): given for number, given in enumerate(files)}

        def overrules(self, source: str, number: int, given: dict[str, Any]) -> bool:
            """Whether the source now says something else than before of a field that was edited by hand."""
            before = self.sent.get((source, number), {})
            return any(
                (str(number), _FIELDS[name]) in self.by_hand and name in before and before[name] != value
                for name, value in given.items()
            )

        @rule(number=st.integers(0, 2), column=st.sampled_from(list(_BY_HAND)), pick=st.integers(0, 1))
        def hand(self, number: int, column: str, pick: int) -> None:
            if str(number) not in plots(engine):
                return
            with Session(engine) as session, session.begin():
                of_plot = update(Plot).where(Plot.subcompartment == str(number))
                session.execute(of_plot.values({column: _BY_HAND[column][pick]}))
            self.by_hand[str(number), column] = _BY_HAND[column][pick]

        @invariant()
        def every_edit_by_hand_stands(self) -> None:
            there = plots(engine)
            assert all(getattr(there[number], column) == mine for (number, column), mine in self.by_hand.items())

    how = settings(max_examples=8, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Office, settings=how)
