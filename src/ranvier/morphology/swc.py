"""Read a neuron from an SWC file: rows of id, type, x, y, z, radius, parent (um)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ranvier.model import Ion, Model, Placement, Section
from ranvier.morphology.swc_points import read_points
from ranvier.morphology.swc_sections import to_sections


def read_swc(
    path: str | os.PathLike[str],
    *,
    r_a_ohm_cm: float = 100.0,
    c_m_uF_cm2: float = 1.0,
    placements: Sequence[Placement] = (),
    ions: Sequence[Ion] = (),
    temperature_degC: float = 37.0,
    name: str | None = None,
) -> Model:
    """Read one neuron; raise FormatError naming the lines that are wrong.

    Each unbranched run of one type becomes a section. Types 1 to 4 become the regions `soma`,
    `axon`, `basal` and `apical`, 0 `undefined`, and any other n `typen`; sections are named after
    their region and numbered in the order of the file: `axon[0]`, `axon[1]`, ...

    The rules are those of NEURON's Import3d except where stated:

    * A section starts with its parent's last point, at the parent's diameter, so that every pair
      of point and parent is one frustum. One that leaves a soma starts at its own diameter.
    * A soma of one point is a cylinder as long as it is wide, and so is NeuroMorpho's soma of
      three points (a centre and two sides at one radius); both have the area of the sphere.
      Any other soma is the stack of frusta that its points make.
    * A neurite on a point-like soma, or inside a stack, starts at its own first point: the way
      there from the middle of the soma runs through the soma, so it is no membrane. It is joined
      to the middle of a point-like soma; in a stack to its own point of it, where Import3d takes
      the middle. A neurite of a single point is kept as the cable from there to that point.
    * A root that is no soma and branches at once has its branches joined at position 0 of the
      first; Import3d adds a ball there.
    * A point that repeats its parent's place is merged with it; with another radius it is a
      step in diameter and starts a section.
    """
    sections = [
        Section(
            section.name,
            points_um=np.array(section.points_um),
            parent=section.parent,
            parent_position=section.parent_position,
            region=section.region,
            r_a_ohm_cm=r_a_ohm_cm,
            c_m_uF_cm2=c_m_uF_cm2,
        )
        for section in to_sections(read_points(path), source=os.fspath(path))
    ]
    return Model(
        sections=sections,
        placements=placements,
        ions=ions,
        temperature_degC=temperature_degC,
        name=Path(path).stem if name is None else name,
    )
