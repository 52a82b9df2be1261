"""Cells from files: every reader here returns a `Model`."""

from __future__ import annotations

from ranvier.morphology.path import CablePath, longest_path
from ranvier.morphology.swc import read_swc

__all__ = ["CablePath", "longest_path", "read_swc"]
