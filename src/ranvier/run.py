"""One run from start to end: the function most users need."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier.build import build_info
from ranvier.costs import Estimate, Progress
from ranvier.discretisation import Discretisation, Mesh, lowered
from ranvier.errors import DivergedError, Interrupted, ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.methods import Method
from ranvier.model import Model
from ranvier.places import compartments_at, on_any_mesh
from ranvier.recording import PeakMap, Probe, SpikeDetector, lower_probe
from ranvier.results import Geometry, IntArray, Result, Status
from ranvier.simulation import Simulation
from ranvier.stimuli._points import attached

if TYPE_CHECKING:
    from ranvier.places import Place
    from ranvier.stimuli import Stimulus

#: Between two looks at the clock, at Ctrl-C and at the progress callback.
_CHUNK_S = 0.1
_DEFAULT_GUESS_mV = -70.0


def simulate(
    target: Fiber | Model | Discretisation,
    stimuli: Stimulus | Sequence[Stimulus] = (),
    probes: Probe | Sequence[Probe] = (),
    *,
    t_stop_ms: float,
    method: Method | None = None,
    mesh: Mesh | None = None,
    v_init_mV: float | None = None,
    detect: SpikeDetector | Sequence[SpikeDetector] | None = None,
    peaks: PeakMap | Sequence[PeakMap] = (),
    velocity_sites: Place = None,
    solver: str = "auto",
    precision: str = "double",
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Result:
    """Runs `target` from t = 0 to `t_stop_ms` and returns everything that was recorded.

    A Fiber brings its mesh; a Model needs one. `method` is `Method()`, of second order with a step
    of 5 us, if not given. `v_init_mV` None starts at the resting state. `detect` notes spikes
    (upward crossings of -20 mV at every compartment if not given; `()` for none). `peaks` asks for
    maps of the highest potentials. `velocity_sites` are the places that
    `analysis.conduction_velocity` measures at; a Fiber has its own. `progress` is called with the
    share done, 0 to 1, about ten times a second: a number that also knows where the run stands and
    what it will cost (`costs.Progress`).

    The last three say how the numbers are computed, and hardly change them. `solver` "auto" works
    on eight pieces of the fibre at once ("lanes") where the method and the model allow that, and
    else on one compartment after the other ("plain"); a name insists. `precision` "single" makes
    lanes faster, at errors of about 0.01 mV at customary steps. `threads` None means
    RANVIER_NUM_THREADS or OMP_NUM_THREADS of the environment, or one; 0 every processor. Any number
    gives the same result, bit for bit.

    Raises ModelError before anything runs if the description does not hold together, DivergedError
    if the state blows up, and Interrupted on Ctrl-C; the latter two carry the `result` so far.
    """
    started_s = time.perf_counter()
    discretisation = discretised(target, mesh)
    fibre = target if isinstance(target, Fiber) else None
    simulation = Simulation(
        discretisation,
        method=method,
        stimuli=several(stimuli),
        probes=several(probes),
        detectors=detectors_of(detect),
        peaks=several(peaks),
        v_init_mV=v_init_mV,
        v_rest_guess_mV=rest_guess_mV(target),
        solver=solver,
        precision=precision,
        threads=threads,
    )
    if velocity_sites is None and fibre:
        velocity_sites = fibre.velocity_sites
    sites = compartments_at(discretisation, velocity_sites)
    check_t_stop(t_stop_ms)
    simulation.check_disk(t_stop_ms)
    recipe = Recipe(
        target=target,
        stimuli=tuple(several(stimuli)),
        probes=tuple(several(probes)),
        t_stop_ms=t_stop_ms,
        method=simulation.method,
        mesh=mesh or (fibre.mesh if fibre else None),
        v_init_mV=v_init_mV,
        detect=tuple(detectors_of(detect)),
        peaks=tuple(several(peaks)),
        velocity_sites=velocity_sites,
        solver=solver,
        precision=precision,
        threads=threads,
    )
    v_rest_mV = simulation.v_mV[middle_of(sites)]

    def result(status: Status, message: str = "") -> Result:
        return Result(
            traces=simulation.traces(),
            crossings=simulation.crossings(),
            peaks=simulation.peaks(),
            ledger=simulation.ledger(),
            status=status,
            message=message,
            t_stop_ms=simulation.t_ms,
            geometry=geometry_of(discretisation),
            velocity_sites=sites,
            recipe=recipe,
            provenance=provenance_of(
                discretisation,
                simulation.method,
                steps=simulation.step,
                execution=simulation.execution,
                build=build_info(),
                v_init="rest" if v_init_mV is None else v_init_mV,
                v_rest_mV=float(v_rest_mV),
                wall_s=time.perf_counter() - started_s,
            ),
        )

    try:
        _run(simulation, t_stop_ms, progress)
    except DivergedError as error:
        error.result = result(Status.DIVERGED, str(error))
        raise
    except KeyboardInterrupt as interrupt:
        message = f"interrupted at t = {simulation.t_ms:g} ms of {t_stop_ms:g}"
        raise Interrupted(result(Status.INTERRUPTED, message)) from interrupt
    return result(Status.COMPLETED)


def estimate(
    target: Fiber | Model | Discretisation,
    stimuli: Stimulus | Sequence[Stimulus] = (),
    probes: Probe | Sequence[Probe] = (),
    *,
    t_stop_ms: float,
    within_s: float = 0.5,
    method: Method | None = None,
    mesh: Mesh | None = None,
    v_init_mV: float | None = None,
    detect: SpikeDetector | Sequence[SpikeDetector] | None = None,
    peaks: PeakMap | Sequence[PeakMap] = (),
    solver: str = "auto",
    precision: str = "double",
    threads: int | None = None,
) -> Estimate:
    """What a `simulate` with these arguments would take, from its first steps.

    Sets the run up, steps for about `within_s`, and drops it; no file is written. Of a method that
    chooses its steps the time stays NaN, since the first steps say nothing of the others. Raises
    ModelError as `simulate` does.
    """
    check_t_stop(t_stop_ms)
    simulation = Simulation(
        discretised(target, mesh),
        method=method,
        stimuli=several(stimuli),
        probes=several(probes),
        detectors=detectors_of(detect),
        peaks=several(peaks),
        v_init_mV=v_init_mV,
        v_rest_guess_mV=rest_guess_mV(target),
        solver=solver,
        precision=precision,
        threads=threads,
    )
    return simulation.estimate(t_stop_ms, within_s=within_s)


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Recipe:
    """How a result was made: the arguments of `simulate`, to make it again, finer.

    `mesh` is None for a bare discretisation. A pickled result has None in place of its recipe: what
    a worker sends back stays as small as what it recorded, and no stimulus of a user's own has to
    be pickled.
    """

    target: Fiber | Model | Discretisation
    stimuli: tuple[Stimulus, ...]
    probes: tuple[Probe, ...]
    t_stop_ms: float
    method: Method
    mesh: Mesh | None
    v_init_mV: float | None
    detect: tuple[SpikeDetector, ...]
    velocity_sites: Place
    peaks: tuple[PeakMap, ...] = ()
    solver: str = "auto"
    precision: str = "double"
    threads: int | None = None

    def run(
        self,
        *,
        method: Method,
        mesh: Mesh | None,
        progress: Callable[[float], None] | None = None,
    ) -> Result:
        """The same run by another method or on another mesh. Raises what `simulate` raises.

        Places are where this run had its compartments, so that a current into all compartments of
        a section stays the same current, and the columns of a trace the same places. What went to
        a file stays there: the other run records in memory.
        """
        recipe = self if mesh is self.mesh else self._on_any_mesh()
        return simulate(
            recipe.target,
            recipe.stimuli,
            [replace(probe, to=None) for probe in recipe.probes],
            t_stop_ms=recipe.t_stop_ms,
            method=method,
            mesh=mesh,
            v_init_mV=recipe.v_init_mV,
            detect=recipe.detect,
            peaks=recipe.peaks,
            velocity_sites=recipe.velocity_sites,
            solver=recipe.solver,
            precision=recipe.precision,
            threads=recipe.threads,
            progress=progress,
        )

    def watching(self, sites: IntArray, threshold_mV: float) -> Recipe:
        """Without records but the crossings at some compartments, which are the velocity sites."""
        at = sites.tolist()
        detect = (SpikeDetector(threshold_mV, at),)
        return replace(self, probes=(), detect=detect, peaks=(), velocity_sites=at)

    def _on_any_mesh(self) -> Recipe:
        here, _ = attached(discretised(self.target, self.mesh), self.stimuli)
        probes = []
        for probe in self.probes:
            at = probe.at
            if at is None:  # which for a mechanism means wherever it is
                at = lower_probe(probe, here, self.method).compartments.tolist()
            probes.append(replace(probe, at=on_any_mesh(here, at)))
        return replace(
            self,
            stimuli=tuple(each.on_any_mesh(here) for each in self.stimuli),
            probes=tuple(probes),
            detect=tuple(replace(each, at=on_any_mesh(here, each.at)) for each in self.detect),
            peaks=tuple(replace(each, at=on_any_mesh(here, each.at)) for each in self.peaks),
            velocity_sites=on_any_mesh(here, self.velocity_sites),
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _forgotten, ()


def _forgotten() -> None:
    """What a pickled recipe becomes."""


def geometry_of(discretisation: Discretisation) -> Geometry:
    """Where each compartment is, as results keep it."""
    return Geometry(
        distance_um=discretisation.distance_um,
        xyz_um=discretisation.xyz_um,
        length_um=discretisation.length_um,
        diameter_um=discretisation.diameter_um,
        section=discretisation.section,
        is_junction=discretisation.is_junction,
        parent=discretisation.parent,
        section_names=tuple(discretisation.section_names),
        section_regions=tuple(discretisation.section_regions),
        fibre=discretisation.name,
    )


def discretised(target: Fiber | Model | Discretisation, mesh: Mesh | None) -> Discretisation:
    """On its own mesh or a given one. ModelError where neither is there, or both are."""
    if isinstance(target, Fiber):
        return lowered(target.model, mesh or target.mesh)
    if isinstance(target, Discretisation):
        if mesh is not None:
            raise ModelError("mesh: is given with a discretisation, expected it with a model")
        return target
    if not isinstance(target, Model):
        raise TypeError(f"target: is {target!r}, expected a Fiber, Model or Discretisation")
    if mesh is None:
        raise ModelError(
            f"model {target.name!r}: has no mesh, expected mesh=MaxLength(...), DLambda() or "
            "FixedCount(...)"
        )
    return lowered(target, mesh)


def rest_guess_mV(target: Fiber | Model | Discretisation) -> float:
    """Where the search for the resting state starts."""
    return target.v_rest_guess_mV if isinstance(target, Fiber) else _DEFAULT_GUESS_mV


def several(one_or_more: Any) -> list[Any]:
    return list(one_or_more) if isinstance(one_or_more, Sequence) else [one_or_more]


def detectors_of(detect: SpikeDetector | Sequence[SpikeDetector] | None) -> list[SpikeDetector]:
    """Those that are asked for; one for every compartment where nothing is said."""
    return [SpikeDetector()] if detect is None else several(detect)


def check_t_stop(t_stop_ms: float) -> None:
    """Raises ModelError for a time that no run could reach."""
    if not (t_stop_ms > 0 and math.isfinite(t_stop_ms)):
        raise ModelError(f"t_stop_ms: is {t_stop_ms:g}, expected a finite time above 0")


def middle_of(sites: IntArray) -> int:
    """The compartment whose rest is told: mid-way along, away from what the ends do."""
    return int(sites[sites.size // 2]) if sites.size else 0


def _run(
    simulation: Simulation, t_stop_ms: float, progress: Callable[[float], None] | None
) -> None:
    """Advances in chunks of about `_CHUNK_S`, between which Python sees Ctrl-C."""
    chunk = 1
    started_s = time.perf_counter()
    expected = simulation.estimate(t_stop_ms)
    # Rounding must not ask for a step more: advance_to() knows when it is there.
    taken = chunk
    while taken == chunk and simulation.t_ms < t_stop_ms:
        before_s = time.perf_counter()
        done = simulation.step
        simulation.advance_to(t_stop_ms, most_steps=chunk)
        taken = simulation.step - done
        elapsed_s = max(time.perf_counter() - before_s, 1e-9)
        if progress is not None:
            progress(_progress(simulation, t_stop_ms, time.perf_counter() - started_s, expected))
        if taken == chunk:
            chunk = taken = int(np.clip(taken * _CHUNK_S / elapsed_s, 1, 4 * taken))


def _progress(
    simulation: Simulation, t_stop_ms: float, wall_s: float, expected: Estimate
) -> Progress:
    share = min(simulation.t_ms / t_stop_ms, 1.0)
    return Progress(
        share,
        t_ms=simulation.t_ms,
        t_stop_ms=t_stop_ms,
        wall_s=wall_s,
        front_um=simulation.front_um,
        estimate=replace(expected, wall_s=wall_s / max(share, 1e-12)),
    )


def provenance_of(
    discretisation: Discretisation,
    method: Method,
    *,
    steps: int,
    execution: Mapping[str, Any],
    build: Mapping[str, str],
    **more: Any,
) -> dict[str, Any]:
    """Where a result comes from, as it is kept beside the numbers."""
    return {
        "model": discretisation.name,
        "compartments": int((~discretisation.is_junction).sum()),
        "temperature_degC": discretisation.temperature_degC,
        "method": method.name,
        "method_parameters": dict(method.parameters),
        "dt_ms": method.dt_ms,
        "steps": steps,
        "versions": {
            "ranvier": build["version"],
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        **execution,
        "compiler": build["compiler"],
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **more,
    }
