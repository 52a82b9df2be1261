"""Studies: many runs with one question."""

from __future__ import annotations

from ranvier.studies.activation import Activation, Block
from ranvier.studies.table import Curve, Picture, StudyInterrupted, StudyTable
from ranvier.studies.threshold import find_threshold, find_thresholds
from ranvier.studies.threshold_result import Threshold, Thresholds, ThresholdStatus

__all__ = [
    "Activation",
    "Block",
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
