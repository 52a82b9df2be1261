"""The lowered form of a stimulus: a time course, weights and what it acts on."""

from ranvier._core import Drive

__all__ = ["Drive"]
