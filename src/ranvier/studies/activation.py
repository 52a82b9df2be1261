"""What counts as an answer of a fibre to a stimulus."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.places import Place, compartments_at
from ranvier.recording import SpikeDetector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.batch import Target
    from ranvier.discretisation import Discretisation
    from ranvier.results import Result

#: How far along a fibre a spike has to be seen, from either end: there it has propagated, and is
#: not yet changed by the end.
_NEAR_AN_END = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """At least `spikes` upward crossings of `threshold_mV` in any compartment of the place `at`, or
    in all of them with `needs_all`.

    By default at two places, a tenth of the way from either end of a fibre: a spike that was seen
    there has propagated towards that end. Raises ModelError for what no spike could meet.
    """

    at: Place = None
    spikes: int = 1
    needs_all: bool = False
    threshold_mV: float = -20.0

    def __post_init__(self) -> None:
        if self.spikes != int(self.spikes) or self.spikes < 1:
            raise ModelError(
                f"activation: spikes is {self.spikes}, expected a whole number, 1 or more"
            )
        if not math.isfinite(self.threshold_mV):
            raise ModelError(
                f"activation: threshold_mV is {self.threshold_mV}, expected a finite number"
            )

    @property
    def ends_the_run(self) -> bool:
        """Whether the first crossing at the place decides, so that a run need not go on."""
        return self.spikes == 1 and not self.needs_all

    def compartments(self, target: Target, discretisation: Discretisation) -> NDArray[np.int32]:
        """Where it looks. Raises ModelError for a place that does not exist."""
        if self.at is not None:
            return compartments_at(discretisation, self.at)
        sites = target.velocity_sites if isinstance(target, Fiber) else None
        rows = compartments_at(discretisation, sites)
        distance_um = discretisation.distance_um[rows]
        whole_um = np.ptp(discretisation.distance_um)
        wanted_um = whole_um * np.array([_NEAR_AN_END, 1.0 - _NEAR_AN_END])
        nearest = np.abs(distance_um[:, None] - wanted_um).argmin(axis=0)
        return np.unique(rows[nearest])

    def detector(self, compartments: NDArray[np.int32]) -> SpikeDetector:
        return SpikeDetector(self.threshold_mV, compartments.tolist())

    def is_met(self, result: Result) -> bool:
        """In a run whose first detector was ours."""
        return self.is_enough(result.crossings[0].count)

    def is_enough(self, counts: NDArray[np.integer]) -> bool:
        """So many crossings of each compartment at the place, (n,)."""
        enough = counts >= self.spikes
        return bool(enough.all() if self.needs_all else enough.any())
