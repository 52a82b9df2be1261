"""The end of a fibre at which a spike arrives that a stimulus has started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ranvier.run import discretised
from ranvier.studies.activation import Activation

if TYPE_CHECKING:
    from ranvier.batch import Target
    from ranvier.discretisation import Mesh
    from ranvier.stimuli import Stimulus


def far_end(target: Target, stimulus: Stimulus, mesh: Mesh | None = None) -> Activation:
    """A spike at the one of the two places of `Activation()` that is farther from where the
    stimulus is strongest: there nothing but a spike that has propagated is seen. Raises ModelError
    where the stimulus does not fit."""
    grid = discretised(target, mesh)
    ends = Activation().compartments(target, grid)
    start = strongest(stimulus, grid)
    away_um = np.abs(grid.distance_um[ends] - grid.distance_um[start])
    return Activation(at=int(ends[np.argmax(away_um)]))


def strongest(stimulus: Stimulus, grid: object) -> int:
    """The compartment into which it puts, or out of which it takes, the most."""
    parts = stimulus.injections(grid)  # type: ignore[arg-type]
    peaks = [(float(np.abs(part.weight_nA).max()), part) for part in parts if part.weight_nA.size]
    if not peaks:
        return 0
    _, part = max(peaks, key=lambda each: each[0])
    return int(part.compartment[np.argmax(np.abs(part.weight_nA))])
