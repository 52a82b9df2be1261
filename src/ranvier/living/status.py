"""How a run of a patch ended."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    COMPLETED = "completed"
    #: A concentration came to nothing, where logarithms end.
    EXHAUSTED = "exhausted"
    #: A quasi-steady run came to where its rest is no longer one that gates and potential keep.
    REST_LOST = "rest_lost"
    #: The integrator gave up.
    FAILED = "failed"
