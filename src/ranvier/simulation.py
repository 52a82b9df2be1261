"""A run in hand: step it, look at it, take and restore snapshots. The only mutable object."""

from __future__ import annotations

import functools
import math
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from ranvier import _core
from ranvier.costs import Estimate, size
from ranvier.errors import ModelError, RanvierError
from ranvier.ledger import Ledger, ledger_of
from ranvier.methods import Method
from ranvier.recording import (
    LoweredDetector,
    LoweredProbe,
    PeakMap,
    Probe,
    SpikeDetector,
    lower_detector,
    lower_peak_map,
    lower_probe,
)
from ranvier.results import Crossings, Peaks, Trace
from ranvier.stimuli._points import attached
from ranvier.threads import thread_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier._core import Discretisation
    from ranvier.stimuli import Stimulus


#: What may carry out a run, and in what numbers.
SOLVERS = ("auto", "lanes", "plain")
PRECISIONS = ("double", "single")

#: As many steps as there are.
_ALL = sys.maxsize
#: What a crossing takes, and a place of a map of peaks.
_CROSSING_BYTES = 20
_PEAK_BYTES = 16

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
    probe, detector or map does not fit the discretisation or no resting state is found.

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
        stimuli: Sequence[Stimulus] = (),
        probes: Sequence[Probe] = (),
        detectors: Sequence[SpikeDetector] = (),
        peaks: Sequence[PeakMap] = (),
        v_init_mV: float | None = None,
        v_rest_guess_mV: float = -70.0,
        solver: str = "auto",
        precision: str = "double",
        threads: int | None = None,
    ) -> None:
        self._busy = threading.RLock()
        discretisation, trains = attached(discretisation, stimuli)
        self.discretisation = discretisation
        self.method = method or Method()
        self._detectors = [lower_detector(detector, discretisation) for detector in detectors]
        self._probes = [lower_probe(probe, discretisation, self.method) for probe in probes]
        self._peak_maps = [lower_peak_map(each, discretisation, self.method) for each in peaks]
        self._steps_at_once = min((each.steps_at_once for each in self._probes), default=_ALL)
        _check_files(self._probes)
        self._core = _core.CoreSimulation(
            discretisation,
            method=self.method.name,
            parameters=self.method.parameters,
            drives=[drive for stimulus in stimuli for drive in stimulus.lower(discretisation)],
            probes=[probe.core for probe in self._probes],
            detectors=[detector.core for detector in self._detectors],
            peak_maps=[each.core for each in self._peak_maps],
            solver=solver,
            precision=precision,
            threads=thread_count(threads),
            trains=trains,
        )
        self.initialise(v_init_mV, v_rest_guess_mV=v_rest_guess_mV)

    @_alone
    def initialise(self, v_init_mV: float | None = None, *, v_rest_guess_mV: float = -70.0) -> None:
        """Starts anew at t = 0, as the constructor does, and drops what was recorded."""
        if v_init_mV is None:
            self._core.initialise_at_rest(v_rest_guess_mV)
        else:
            self._core.initialise(v_init_mV)
        self._start_files_anew()

    @_alone
    def advance(self, steps: int) -> None:
        """Takes `steps` steps. Raises DivergedError if the state blows up; it then stands at the
        last good step, with everything recorded until there."""
        self._advance(steps)

    @_alone
    def advance_to(self, t_stop_ms: float, *, most_steps: int = _ALL) -> None:
        """Takes steps until `t_stop_ms` is reached, or `most_steps` of them.

        A fixed step ends at the first whole number of steps that reaches it. A method that chooses
        its steps ends one there: the same way for any `most_steps`, but another time to stop at is
        another sequence of steps, equal within the tolerance. Raises ModelError for a time that is
        past by more than a step, DivergedError as `advance()` does.
        """
        if not math.isfinite(t_stop_ms):
            raise ModelError(f"t_stop_ms: is {t_stop_ms:g}, expected a finite time")
        self._advance(most_steps, t_stop_ms)

    def _advance(self, steps: int, t_stop_ms: float = math.inf) -> None:
        """In pieces after which samples go to their files, before they fill the memory."""
        is_over = False
        while not is_over:
            piece = min(steps, self._steps_at_once)
            goal = self._core.step + piece
            self._core.advance(piece, t_stop_ms)
            self._write_samples()
            steps -= piece
            is_over = steps <= 0 or self._core.step < goal

    def _write_samples(self) -> None:
        for k, probe in enumerate(self._probes):
            if probe.file is not None:
                probe.file.append(*self._core.take_trace(k))

    def _start_files_anew(self) -> None:
        for probe in self._probes:
            if probe.file is not None:
                probe.file.start_anew()

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
    def ledger(self) -> Ledger | None:
        """What has been moved since t = 0, by which mechanisms; None where no ion accumulates."""
        return ledger_of(self._core.ledger())

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
        self._start_files_anew()

    @_alone
    def traces(self) -> tuple[Trace, ...]:
        """What the probes recorded so far; of those that write to a file, a map of it."""
        self._write_samples()
        return tuple(
            trace_of(probe, *(self._core.trace(k) if probe.file is None else probe.file.read()))
            for k, probe in enumerate(self._probes)
        )

    @_alone
    def crossings(self) -> tuple[Crossings, ...]:
        """What the detectors saw so far, in time order."""
        return tuple(
            crossings_of(detector, *self._core.crossings(k))
            for k, detector in enumerate(self._detectors)
        )

    @_alone
    def peaks(self) -> tuple[Peaks, ...]:
        """What the maps of peaks have seen so far."""
        return tuple(
            Peaks(compartments=each.compartments, v_mV=v_mV, t_ms=t_ms)
            for each, (v_mV, t_ms) in zip(
                self._peak_maps, map(self._core.peaks, range(len(self._peak_maps))), strict=True
            )
        )

    @property
    @_alone
    def front_um(self) -> float | None:
        """Where the first detector saw the latest crossing, as path distance; None before any."""
        latest = self._core.latest_crossing(0) if self._detectors else None
        return None if latest is None else float(self._distance_um[latest])

    @functools.cached_property
    def _distance_um(self) -> NDArray[np.float64]:
        return self.discretisation.distance_um

    def check_disk(self, t_stop_ms: float) -> None:
        """Raises ModelError where a run to `t_stop_ms` would fill the disk before its end."""
        for each in self._probes:
            if each.file is None:
                continue
            needed = self._samples_bytes(each, t_stop_ms)
            free = shutil.disk_usage(each.file.path.parent).free + each.file.bytes_on_disk()
            if needed > free:
                raise ModelError(
                    f"probe {each.probe.quantity!r}: will write {size(needed)} to "
                    f"'{each.probe.to}', expected at most the {size(free)} that are free there: "
                    "record less often (every_ms) or at fewer places (at)"
                )

    def _samples_bytes(self, probe: LoweredProbe, t_stop_ms: float) -> int:
        """Of what a probe brings until then; of one at steps that are not known, the first."""
        unknown_ms = math.inf if self.method.is_adaptive else self.method.dt_ms
        rows = int(t_stop_ms / (probe.probe.every_ms or unknown_ms) + 1e-9) + 1
        return rows * (8 * probe.compartments.size + 16)  # with its time and its step

    @_alone
    def estimate(self, t_stop_ms: float, *, within_s: float = 0.0) -> Estimate:
        """What a run from t = 0 to `t_stop_ms` takes.

        With `within_s` it goes on for about so long, and times its steps. Otherwise, and with a
        method that chooses its steps, the time is not known and stays NaN.
        """
        is_adaptive, dt_ms = self.method.is_adaptive, self.method.dt_ms
        in_memory = on_disk = 0
        for each in self._probes:
            samples = self._samples_bytes(each, t_stop_ms)
            in_memory += samples if each.file is None else 0
            on_disk += samples if each.file is not None else 0
        for spikes in self._detectors:
            kept = spikes.detector.keep
            in_memory += spikes.compartments.size * _CROSSING_BYTES * (1 if kept is None else kept)
        in_memory += sum(_PEAK_BYTES * each.compartments.size for each in self._peak_maps)
        steps = None if is_adaptive else math.ceil(t_stop_ms / dt_ms - 1e-6)
        return Estimate(
            steps=steps,
            run_bytes=self._core.bytes,
            record_bytes=in_memory,
            disk_bytes=on_disk,
            wall_s=math.nan if steps is None else steps * self._step_s(t_stop_ms, within_s),
        )

    def _step_s(self, t_stop_ms: float, within_s: float) -> float:
        """How long a step takes, from twice as many each time; without the first, which fills the
        caches. NaN where there is no time for that."""
        step_s, chunk = math.nan, 1
        until_s = time.perf_counter() + within_s
        while time.perf_counter() < until_s:
            before, started_s = self._core.step, time.perf_counter()
            self._core.advance(chunk, t_stop_ms)
            elapsed_s = time.perf_counter() - started_s
            if (taken := self._core.step - before) < chunk:
                break
            step_s = elapsed_s / taken
            # What is left of the time allows so many.
            chunk = min(2 * chunk, max(1, int((until_s - time.perf_counter()) / step_s)))
        return step_s


def _check_files(probes: Sequence[LoweredProbe]) -> None:
    """Raises ModelError where two probes write to one file."""
    taken: set[Path] = set()
    for probe in probes:
        if probe.file is None:
            continue
        for path in (probe.file.path, probe.file.times_path):
            if path in taken:
                raise ModelError(
                    f"probe {probe.probe.quantity!r}: to is '{probe.probe.to}', where another "
                    "probe writes, expected a file for each"
                )
            taken.add(path)


def trace_of(probe: LoweredProbe, t_ms: NDArray[np.float64], values: NDArray[np.float64]) -> Trace:
    """What the core recorded, (m,) and (m, compartments), with its labels."""
    return Trace(
        name=probe.probe.quantity,
        unit=probe.probe.unit,
        mechanism=probe.probe.mechanism,
        t_ms=t_ms,
        values=values,
        compartments=probe.compartments,
        path=None if probe.file is None else probe.file.path,
    )


def crossings_of(
    detector: LoweredDetector,
    compartment: NDArray[np.int32],
    t_ms: NDArray[np.float64],
    count: NDArray[np.int32],
) -> Crossings:
    """What the core saw, (s,) and (s,) by step, in time order; `count` (n,) of every compartment,
    or (0,) where all crossings were kept."""
    order = np.argsort(t_ms, kind="stable")
    asked = detector.detector
    return Crossings(
        threshold_mV=asked.threshold_mV,
        compartment=compartment[order],
        t_ms=t_ms[order],
        watched=detector.compartments,
        keep=asked.keep,
        counted=None if asked.keep is None else count[detector.compartments],
    )
