"""What `ranvier velocity` simulates: a published fibre, or a cell from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ranvier.discretisation import FixedCount, MaxLength, Mesh
from ranvier.fibers import Fiber
from ranvier.model import Model
from ranvier.places import Place
from ranvier.stimuli import CurrentClamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """All that a run needs. `stimuli` are tried in turn until a spike propagates.

    `facts` (for JSON) and `rows` (for people) say what a result does not know. `sites` None stands
    for the sites of the fibre.
    """

    title: str
    file_stem: str
    target: Fiber | Model
    mesh: Mesh
    stimuli: Sequence[CurrentClamp]
    t_stop_ms: float
    shown: NDArray[np.integer]  # the compartments that a picture shows
    sites: Place = None
    facts: dict[str, str | float] = field(default_factory=dict)
    rows: Sequence[tuple[str, str]] = ()


def chosen_mesh(compartments: int | None, max_length_um: float | None) -> Mesh | None:
    """The mesh that the options ask for; None if they leave it open."""
    if compartments is not None:
        return FixedCount(compartments)
    return None if max_length_um is None else MaxLength(max_length_um)
