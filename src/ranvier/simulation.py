"""A run in hand: step it, look at it, take and restore snapshots. The only mutable object."""

from __future__ import annotations

import functools
import math
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from ranvier import _core
from ranvier.errors import ModelError, RanvierError
from ranvier.methods import Method
from ranvier.recording import (
    LoweredDetector,
    LoweredProbe,
    Probe,
    SpikeDetector,
    lower_detector,
    lower_probe,
)
from ranvier.results import Crossings, Trace
from ranvier.threads import thread_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier._core import Discretisation
    from ranvier.stimuli import CurrentClamp


#: What may carry out a run, and in what numbers.
SOLVERS = ("auto", "lanes", "plain")
PRECISIONS = ("double", "single")

Guarded = TypeVar("Guarded", bound=Callable[..., Any])


def _alone(method: Guarded) -> Guarded:
    """Refuses a call while another thread is inside: the core runs without the GIL."""

    @functools.wraps(method)
    def guarded(self: Simulation, *args: Any, **kwargs: Any) -> Any:
        if not self._busy.acquire(blocking=False):
            raise RanvierError(
                "simulation: is in use by another thread, expected one thread at a time"
            )
        try:
            return method(self, *args, **kwargs)
        finally:
            self._busy.release()

    return cast("Guarded", guarded)


class Simulation:
    """Steps a discretisation through time under stimuli, and records.

    Copies what it needs: changing nothing elsewhere changes a run. `v_init_mV` None starts from the
    resting state that is found near `v_rest_guess_mV`; a number starts every membrane there with
    its gates in their steady state. Raises ModelError, before anything runs, where a stimulus,
    probe or detector does not fit the discretisation or no resting state is found.

    `solver`, `precision` and `threads` say how the numbers are computed, as in `simulate`; what was
    chosen is in `execution`.

    One thread at a time: a second one is refused with RanvierError. Separate simulations run
    side by side, without the GIL.
    """

    def __init__(
        self,
        discretisation: Discretisation,
        *,
        method: Method | None = None,
        stimuli: Sequence[CurrentClamp] = (),
        probes: Sequence[Probe] = (),
        detectors: Sequence[SpikeDetector] = (),
        v_init_mV: float | None = None,
        v_rest_guess_mV: float = -70.0,
        solver: str = "auto",
        precision: str = "double",
        threads: int | None = None,
    ) -> None:
        self._busy = threading.RLock()
        self.discretisation = discretisation
        self.method = method or Method()
        self._detectors = [lower_detector(detector, discretisation) for detector in detectors]
        self._probes = [lower_probe(probe, discretisation, self.method) for probe in probes]
        self._core = _core.CoreSimulation(
            discretisation,
            method=self.method.name,
            parameters=self.method.parameters,
            drives=[stimulus.lower(discretisation) for stimulus in stimuli],
            probes=[probe.core for probe in self._probes],
            detectors=[detector.core for detector in self._detectors],
            solver=solver,
            precision=precision,
            threads=thread_count(threads),
        )
        self.initialise(v_init_mV, v_rest_guess_mV=v_rest_guess_mV)

    @_alone
    def initialise(self, v_init_mV: float | None = None, *, v_rest_guess_mV: float = -70.0) -> None:
        """Starts anew at t = 0, as the constructor does, and drops what was recorded."""
        if v_init_mV is None:
            self._core.initialise_at_rest(v_rest_guess_mV)
        else:
            self._core.initialise(v_init_mV)

    @_alone
    def advance(self, steps: int) -> None:
        """Takes `steps` steps. Raises DivergedError if the state blows up; it then stands at the
        last good step, with everything recorded until there."""
        self._core.advance(steps)

    @_alone
    def advance_to(self, t_stop_ms: float, *, most_steps: int = sys.maxsize) -> None:
        """Takes steps until `t_stop_ms` is reached, or `most_steps` of them.

        A fixed step ends at the first whole number of steps that reaches it. A method that chooses
        its steps ends one there: the same way for any `most_steps`, but another time to stop at is
        another sequence of steps, equal within the tolerance. Raises ModelError for a time that is
        past by more than a step, DivergedError as `advance()` does.
        """
        if not math.isfinite(t_stop_ms):
            raise ModelError(f"t_stop_ms: is {t_stop_ms:g}, expected a finite time")
        self._core.advance(most_steps, t_stop_ms)

    @property
    def execution(self) -> dict[str, Any]:
        """How the run is carried out: "solver" (lanes or plain), "precision" (double or single),
        "threads", and "isa", the instruction set of the lanes (base, v3 or v4)."""
        return self._core.execution

    @property
    def t_ms(self) -> float:
        """Time reached."""
        return self._core.t_ms

    @property
    def step(self) -> int:
        """Steps taken since t = 0."""
        return self._core.step

    @property
    @_alone
    def v_mV(self) -> NDArray[np.float64]:
        """Membrane potentials now, (n,): a copy."""
        return self._core.v_mV

    @_alone
    def potential_mV(self, layer: int) -> NDArray[np.float64]:
        """Potentials of a layer against ground, (n,): 0 the axoplasm, 1 the periaxonal space."""
        return self._core.potential_mV(layer)

    @_alone
    def snapshot(self) -> bytes:
        """The whole state. Restored into this simulation, or into another of the same
        discretisation, method, solver and precision, it goes on bit for bit."""
        return self._core.snapshot()

    @_alone
    def restore(self, snapshot: bytes) -> None:
        """Goes on from a snapshot and records anew from there. ModelError if the bytes come from
        another model."""
        self._core.restore(snapshot)

    @_alone
    def traces(self) -> tuple[Trace, ...]:
        """What the probes recorded so far."""
        return tuple(trace_of(probe, *self._core.trace(k)) for k, probe in enumerate(self._probes))

    @_alone
    def crossings(self) -> tuple[Crossings, ...]:
        """What the detectors saw so far, in time order."""
        return tuple(
            crossings_of(detector, *self._core.crossings(k))
            for k, detector in enumerate(self._detectors)
        )


def trace_of(probe: LoweredProbe, t_ms: NDArray[np.float64], values: NDArray[np.float64]) -> Trace:
    """What the core recorded, (m,) and (m, compartments), with its labels."""
    return Trace(
        name=probe.probe.quantity,
        unit=probe.probe.unit,
        mechanism=probe.probe.mechanism,
        t_ms=t_ms,
        values=values,
        compartments=probe.compartments,
    )


def crossings_of(
    detector: LoweredDetector, compartment: NDArray[np.int32], t_ms: NDArray[np.float64]
) -> Crossings:
    """What the core saw, (s,) and (s,) by step, in time order."""
    order = np.argsort(t_ms, kind="stable")
    return Crossings(
        threshold_mV=detector.threshold_mV,
        compartment=compartment[order],
        t_ms=t_ms[order],
        watched=detector.compartments,
    )
