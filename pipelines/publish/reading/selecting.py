"""The one way from a layer to what may leave the house: the rows and columns of the allow-list, and exact shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from sqlalchemy import LargeBinary, Select, func, select

from data.releasing import PublicLayer
from layers.ground.layer import layer_named


def allowed_rows(allowed: PublicLayer) -> Select[Any]:
    """The rows that may be told, by id: each with its id, the columns of the allow-list, and its shape as `wkb`."""
    table = layer_named(allowed.layer).__table__
    columns = [table.c[name] for name in allowed.columns]
    wkb = func.ST_AsBinary(table.c.shape, type_=LargeBinary).label("wkb")
    only = [table.c[name].in_(values) for name, values in allowed.rows.items()]
    return select(table.c.id, *columns, wkb).where(*only).order_by(table.c.id)


def exact_shapes(rows: Iterable[Any]) -> Any:
    """The shapes of such rows, decoded together: EPSG:4490, to be generalised before anything is told of them."""
    return np.asarray(shapely.from_wkb([row.wkb for row in rows]), dtype=object)
