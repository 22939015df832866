"""Townships (乡镇): the county's reporting units on the ground."""

from __future__ import annotations

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer


class Township(SurveyedLayer, Base):
    """A township, by its 9-digit administrative code."""

    __tablename__ = "townships"
    zh, en = "乡镇", "townships"
