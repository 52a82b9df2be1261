"""Extracellular fields: mV per mA in space, one file each, and paths of fibres through them.

A new field is one new file here that defines one subclass of Field; `fields()` finds it.
"""

from __future__ import annotations

from ranvier._registry import classes_by_file
from ranvier.fields._field import Field
from ranvier.fields.disc_electrode import DiscElectrode
from ranvier.fields.electrode_set import ElectrodeSet
from ranvier.fields.line_electrode import LineElectrode
from ranvier.fields.paths import CurvedPath, ModelPath, Path, Positions, StraightPath
from ranvier.fields.point_source import PointSource
from ranvier.fields.sampled_field import SampledField
from ranvier.fields.uniform_field import UniformField

__all__ = [
    "CurvedPath",
    "DiscElectrode",
    "ElectrodeSet",
    "Field",
    "LineElectrode",
    "ModelPath",
    "Path",
    "PointSource",
    "Positions",
    "SampledField",
    "StraightPath",
    "UniformField",
    "fields",
]


def fields() -> dict[str, type[Field]]:
    """Every field by the name of its file."""
    # The base may be abstract: nothing is made of it.
    return classes_by_file(__name__, __path__, Field)  # type: ignore[type-abstract]
