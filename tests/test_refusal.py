"""A refusal travels between processes as itself."""

from __future__ import annotations

import pickle

from geo.refusal import GeoRefusal


def test_a_refusal_comes_out_of_a_pickle_as_it_went_in() -> None:
    out = pickle.loads(pickle.dumps(GeoRefusal("file.missing", name="小班.zip")))

    assert type(out) is GeoRefusal
    assert (out.id, out.values) == ("file.missing", {"name": "小班.zip"})
