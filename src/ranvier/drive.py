"""The lowered forms of stimuli: a time course with weights, and events with what they bring."""

from ranvier._core import Drive, EventTrain

__all__ = ["Drive", "EventTrain"]
