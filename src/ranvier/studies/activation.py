"""What counts as an answer of a fibre to a stimulus: a spike, that there is none, or a block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.places import Place, compartments_at
from ranvier.recording import SpikeDetector
from ranvier.results import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.batch import Answer, Target
    from ranvier.discretisation import Discretisation
    from ranvier.results import Result

#: How far along a fibre a spike has to be seen, from either end: there it has propagated, and is
#: not yet changed by the end.
_NEAR_AN_END = 0.1


class Criterion(Protocol):
    """What a search for a threshold asks of a run; it is to be met above a threshold."""

    #: How a fibre is called that does not meet it, and the sentence if one does unstimulated.
    unmet: ClassVar[str]
    met_without: ClassVar[str]

    @property
    def ends_the_run(self) -> bool:
        """Whether the first crossing at the place decides, so that a run need not go on."""

    def compartments(self, target: Target, discretisation: Discretisation) -> NDArray[np.int32]:
        """Where it looks. Raises ModelError for a place that does not exist."""

    def detector(self, compartments: NDArray[np.int32]) -> SpikeDetector:
        """What the run has to be watched with, as the first of its detectors."""

    def check(self, t_stop_ms: float) -> None:
        """Raises ModelError if no run until then could tell."""

    @property
    def needs_whole_runs(self) -> bool:
        """Whether it is only known at the end of a run that it is met."""

    def is_met(self, result: Result | Answer) -> bool:
        """In a run whose first detector was that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """At least `spikes` upward crossings of `threshold_mV` in any compartment of the place `at`, or
    in all of them with `needs_all`.

    By default at two places, a tenth of the way from either end of a fibre: a spike that was seen
    there has propagated towards that end. Crossings before `after_ms` do not count. Raises
    ModelError for what no spike could meet.
    """

    unmet: ClassVar[str] = "silent"
    met_without: ClassVar[str] = "active without the stimulus"

    at: Place = None
    spikes: int = 1
    needs_all: bool = False
    threshold_mV: float = -20.0
    after_ms: float = 0.0

    def __post_init__(self) -> None:
        if self.spikes != int(self.spikes) or self.spikes < 1:
            raise ModelError(
                f"activation: spikes is {self.spikes}, expected a whole number, 1 or more"
            )
        for name in ("threshold_mV", "after_ms"):
            if not math.isfinite(getattr(self, name)):
                raise ModelError(
                    f"activation: {name} is {getattr(self, name)}, expected a finite number"
                )

    @property
    def ends_the_run(self) -> bool:
        """Whether the first crossing at the place decides, so that a run need not go on."""
        return self.spikes == 1 and not self.needs_all and self.after_ms <= 0

    def check(self, t_stop_ms: float) -> None:
        _check_begins("activation", self.after_ms, t_stop_ms)

    @property
    def needs_whole_runs(self) -> bool:
        return False

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

    def is_met(self, result: Result | Answer) -> bool:
        """In a run whose first detector was ours."""
        if result.status is Status.STOPPED:
            return True
        seen = result.crossings[0]
        if not len(seen) and seen.counted is None:
            return False
        count = seen.count
        if self.after_ms > 0:
            late = seen.compartment[seen.t_ms >= self.after_ms]
            count = (late[:, None] == seen.watched).sum(axis=0)
        enough = count >= self.spikes
        return bool(enough.all() if self.needs_all else enough.any())


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """That `activation` is not met: what a search above a threshold looks for."""

    unmet: ClassVar[str] = "active"
    met_without: ClassVar[str] = "silent at the threshold"

    activation: Activation

    @property
    def ends_the_run(self) -> bool:
        return self.activation.ends_the_run

    def check(self, t_stop_ms: float) -> None:
        self.activation.check(t_stop_ms)

    @property
    def needs_whole_runs(self) -> bool:
        return True

    def compartments(self, target: Target, discretisation: Discretisation) -> NDArray[np.int32]:
        return self.activation.compartments(target, discretisation)

    def detector(self, compartments: NDArray[np.int32]) -> SpikeDetector:
        return self.activation.detector(compartments)

    def is_met(self, result: Result | Answer) -> bool:
        """In a run that came to its end: one that blew up says nothing."""
        return result.status is not Status.DIVERGED and not self.activation.is_met(result)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """No upward crossing of `threshold_mV` in any compartment of the place `at` from `after_ms` to
    `before_ms`: a test spike that is on its way there then does not arrive.

    What was fired before, as by the onset of an alternating current, does not count, but has to be
    over by then. By default at nine tenths of the way along a fibre. Raises ModelError for times
    that are no span.
    """

    unmet: ClassVar[str] = "not blocked"
    met_without: ClassVar[str] = "the test spike does not arrive without the stimulus either"

    at: Place = None
    after_ms: float
    before_ms: float = math.inf
    threshold_mV: float = -20.0

    def __post_init__(self) -> None:
        if not self.after_ms < self.before_ms:
            raise ModelError(
                f"block: after_ms is {self.after_ms:g} and before_ms {self.before_ms:g}, expected "
                "a span of time"
            )

    @property
    def ends_the_run(self) -> bool:
        return False

    def check(self, t_stop_ms: float) -> None:
        _check_begins("block", self.after_ms, t_stop_ms)

    @property
    def needs_whole_runs(self) -> bool:
        return True

    def compartments(self, target: Target, discretisation: Discretisation) -> NDArray[np.int32]:
        """Where it looks. Raises ModelError for a place that does not exist."""
        ends = Activation(at=self.at).compartments(target, discretisation)
        if self.at is not None:
            return ends
        far = np.argmax(discretisation.distance_um[ends])
        return ends[far : far + 1]

    def detector(self, compartments: NDArray[np.int32]) -> SpikeDetector:
        return SpikeDetector(self.threshold_mV, compartments.tolist())

    def is_met(self, result: Result | Answer) -> bool:
        """In a run that came to its end: one that blew up says nothing."""
        t_ms = result.crossings[0].t_ms
        is_silent = not ((t_ms >= self.after_ms) & (t_ms <= self.before_ms)).any()
        return result.status is not Status.DIVERGED and is_silent


def _check_begins(subject: str, after_ms: float, t_stop_ms: float) -> None:
    if after_ms >= t_stop_ms:
        raise ModelError(
            f"{subject}: after_ms is {after_ms:g}, expected before the end of the run, "
            f"{t_stop_ms:g} ms"
        )
