"""Studies: many runs with one question."""

from __future__ import annotations

from ranvier.studies.activation import Activation
from ranvier.studies.table import Curve, Picture, StudyInterrupted, StudyTable
from ranvier.studies.threshold import (
    Threshold,
    Thresholds,
    ThresholdStatus,
    find_threshold,
    find_thresholds,
)

__all__ = [
    "Activation",
    "Curve",
    "Picture",
    "StudyInterrupted",
    "StudyTable",
    "Threshold",
    "ThresholdStatus",
    "Thresholds",
    "find_threshold",
    "find_thresholds",
]
