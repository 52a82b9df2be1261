"""Many runs in one call: fibres of equal shape share lanes, and results equal those of single runs.

Everything is described, placed and checked here, run by run; the core then runs them all.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier import _core
from ranvier.build import build_info
from ranvier.discretisation import Discretisation, Mesh
from ranvier.errors import Interrupted, ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.methods import Method
from ranvier.model import Model
from ranvier.places import compartments_at
from ranvier.recording import (
    LoweredDetector,
    LoweredProbe,
    Probe,
    SpikeDetector,
    lower_detector,
    lower_probe,
)
from ranvier.results import Crossings, Geometry, IntArray, Result, Status
from ranvier.run import (
    Recipe,
    check_t_stop,
    detectors_of,
    discretised,
    geometry_of,
    middle_of,
    provenance_of,
    rest_guess_mV,
    several,
)
from ranvier.simulation import crossings_of, trace_of
from ranvier.stimuli._points import attached
from ranvier.threads import thread_count

if TYPE_CHECKING:
    from ranvier.places import Place
    from ranvier.stimuli import Stimulus

#: What a run can be made of.
Target = Fiber | Model | Discretisation

#: How many runs the core takes through its lanes at once.
LANES = 8
#: A sample of the start and no other.
_NEVER_AGAIN = 2**40


def simulate_batch(
    targets: Target | Sequence[Target],
    stimuli: Sequence[Stimulus | Sequence[Stimulus]] = (),
    probes: Probe | Sequence[Probe] = (),
    *,
    t_stop_ms: float,
    method: Method | None = None,
    mesh: Mesh | None = None,
    v_init_mV: float | Sequence[float] | None = None,
    detect: SpikeDetector | Sequence[SpikeDetector] | None = None,
    velocity_sites: Place = None,
    stop_when: Place = None,
    solver: str = "auto",
    precision: str = "double",
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Result]:
    """Runs every target from t = 0 to `t_stop_ms` and returns one result for each, in order.

    `stimuli` has one entry for each run, itself one stimulus or a sequence of them (`()` for none);
    without any, nothing is stimulated. A single target is run once for each entry of `stimuli`.
    `v_init_mV` is None for the resting state, one number, or one number for each run. Probes,
    detectors, sites and the rest are the same for all runs, and mean what they mean in `simulate`.
    With `stop_when`, a place, a run ends with the step in which a spike is seen there: a crossing
    of the threshold of the first `detect`, or of -20 mV. Its status is then "stopped".

    A result equals that of `simulate` on the same target, and does not depend on its neighbours; it
    has no `ledger`.
    Fibres of one shape (the same tree of compartments, with the same channels in the same places)
    go through the lanes eight at a time, whatever their diameters and stimuli; others run one by
    one. A target that is given several times, as the same object, is discretised once. In the
    provenance `wall_s` is the time of the whole batch, of `batch_runs` runs.

    All runs are checked before the first begins: raises ModelError, with the number of the run. A
    run that goes wrong later is a row like any other, with a status ("diverged", or "failed" where
    no resting state was found) and a message. On Ctrl-C raises Interrupted, whose `results` has
    every run, the finished ones whole.
    """
    batch = Batch(
        probes=tuple(several(probes)),
        t_stop_ms=t_stop_ms,
        method=method or Method(),
        mesh=mesh,
        detect=tuple(detectors_of(detect)),
        velocity_sites=velocity_sites,
        stop_when=stop_when,
        solver=solver,
        precision=precision,
        threads=threads,
    )
    return batch.simulate(_run_by_run(targets, stimuli, v_init_mV), progress)


def _run_by_run(
    targets: Target | Sequence[Target],
    stimuli: Sequence[Stimulus | Sequence[Stimulus]],
    v_init_mV: float | Sequence[float] | None,
) -> list[tuple[Target, tuple[Stimulus, ...], float | None]]:
    """One target, its stimuli and its start for each run. Raises ModelError for other lengths."""
    if not isinstance(stimuli, Sequence):
        raise ModelError("stimuli: is one stimulus, expected a sequence with one entry per run")
    if isinstance(targets, Sequence):
        each_target = list(targets)
        runs = len(each_target)
    else:
        runs = len(stimuli) or 1
        each_target = [targets] * runs
    each_stimuli = [tuple(several(entry)) for entry in stimuli] or [()] * runs
    if isinstance(v_init_mV, Sequence | np.ndarray):
        each_start: list[float | None] = [float(start_mV) for start_mV in v_init_mV]
    else:
        each_start = [v_init_mV] * runs
    for name, found in (("stimuli", each_stimuli), ("v_init_mV", each_start)):
        if len(found) != runs:
            raise ModelError(f"{name}: has {len(found)} entries, expected {runs}, one for each run")
    return list(zip(each_target, each_stimuli, each_start, strict=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """How a run of a search ended, and what its first detector has seen, as in a result."""

    status: Status
    t_stop_ms: float
    message: str
    crossings: Sequence[Crossings]


@dataclass(frozen=True, slots=True, eq=False)
class _Seen(Sequence[Crossings]):
    """Crossings as the core has them, made ready when they are asked for."""

    detectors: Sequence[LoweredDetector]
    seen: Sequence[tuple[Any, Any, Any]]

    def __getitem__(self, index: Any) -> Any:
        return crossings_of(self.detectors[index], *self.seen[index])

    def __len__(self) -> int:
        return len(self.seen)


@dataclass(frozen=True, eq=False)
class _Places:
    """What is looked at, in compartments."""

    detectors: list[LoweredDetector]  # those asked for, then that of `stop_when` if it is another
    asked: int
    stop: int | None  # the number of that of `stop_when`
    sites: IntArray

    @cached_property
    def start(self) -> _core.CoreProbe:
        """For the potential at the start, which the provenance tells."""
        return _core.CoreProbe(
            quantity="v_mV", compartment=[middle_of(self.sites)], every_steps=_NEVER_AGAIN
        )


@dataclass(frozen=True, eq=False)
class _Ground:
    """A target with everything placed on it that runs of it have in common."""

    discretisation: Discretisation
    probes: list[LoweredProbe]
    places: _Places
    velocity_sites: Place
    mesh: Mesh | None

    @cached_property
    def geometry(self) -> Geometry:
        return geometry_of(self.discretisation)


@dataclass(frozen=True, eq=False, kw_only=True)
class Batch:
    """What all runs have in common, and the grounds that were laid for them.

    Runs of targets that it has seen before, as the same objects, are quicker to set up: for
    searches, which run the same fibres again and again. Keep the targets as long as the batch.
    """

    probes: tuple[Probe, ...]
    t_stop_ms: float
    method: Method
    mesh: Mesh | None
    detect: tuple[SpikeDetector, ...]
    velocity_sites: Place
    stop_when: Place
    solver: str
    precision: str
    threads: int | None
    grounds: dict[int, _Ground] = field(default_factory=dict)  # by id of the target
    tried: set[int] = field(default_factory=set)  # likewise
    places: dict[object, _Places] = field(default_factory=dict)

    def simulate(
        self,
        runs: Sequence[tuple[Target, tuple[Stimulus, ...], float | None]],
        progress: Callable[[float], None] | None = None,
        *,
        t_stops_ms: Sequence[float] | None = None,
    ) -> list[Result]:
        """Runs them, each a target, its stimuli and its start, as `simulate_batch` says; to a time
        of its own where `t_stops_ms` has one for each."""
        started_s = time.perf_counter()
        check_t_stop(self.t_stop_ms)
        core_threads = thread_count(self.threads)
        for probe in self.probes:
            if probe.to is not None:
                raise ModelError(
                    f"probe {probe.quantity!r}: to is '{probe.to}', expected none in a batch, "
                    "whose runs would write to one file"
                )
        stops_ms = [self.t_stop_ms] * len(runs) if t_stops_ms is None else t_stops_ms
        checked = [
            self._checked(k, *each, t_stop_ms=t_stop_ms)
            for k, (each, t_stop_ms) in enumerate(zip(runs, stops_ms, strict=True))
        ]
        build = build_info()  # which refuses what RANVIER_ISA may not be
        if progress is not None:
            progress(0.0)  # the core's first look may find runs that are over
        outcomes = _core.run_batch(
            [run.core for run in checked],
            method=self.method.name,
            parameters=self.method.parameters,
            solver=self.solver,
            precision=self.precision,
            threads=core_threads,
            progress=progress,
        )
        wall_s = time.perf_counter() - started_s
        results = [
            run.result(outcome, build=build, wall_s=wall_s, batch_runs=len(checked))
            for run, outcome in zip(checked, outcomes, strict=True)
        ]
        for result in results:
            if result.status is Status.INTERRUPTED:
                raise Interrupted(result, results)
        if progress is not None:
            progress(1.0)
        return results

    def search(
        self,
        fibres: Sequence[tuple[Target, tuple[Stimulus, ...], tuple[Stimulus, ...]]],
        begins: Sequence[tuple[int, float, float]],
        after: Callable[[int, Answer], tuple[float, float] | None],
    ) -> bool:
        """Runs fibres again and again, with all that was made ready for them; False if Ctrl-C came.

        A fibre is a target, its stimuli, and others that stay as they are. Each of `begins` has the
        number of a fibre, how many times as strong as given its stimuli are first, and until when
        that runs. `after` is told the number of the entry and how its run ended, and gives the next
        factor and time, or None for no more. A fibre that has several entries is in as many lanes;
        a few that have one each are spread over all of them, one by one.
        Raises ModelError for what cannot be run.
        """
        checked = [
            self._checked(k, target, stimuli, None, background, t_stop_ms=self.t_stop_ms)
            for k, (target, stimuli, background) in enumerate(fibres)
        ]

        def answered(entry: int, outcome: dict[str, Any]) -> tuple[float, float] | None:
            return after(entry, checked[begins[entry][0]].answer(outcome))

        has_one_each = len(begins) == len(fibres)
        is_alone = has_one_each and self.are_sooner_alone([target for target, _, _ in fibres])
        outcomes = _core.run_batch(
            [checked[k].core.driven(factor, stop_ms, is_alone) for k, factor, stop_ms in begins],
            method=self.method.name,
            parameters=self.method.parameters,
            solver=self.solver,
            precision=self.precision,
            # The lanes of one fibre take up what the others have found: in one order, whatever
            # the threads do.
            threads=thread_count(self.threads) if has_one_each else 1,
            after=answered,
        )
        return all(outcome["status"] != Status.INTERRUPTED for outcome in outcomes)

    def _checked(
        self,
        k: int,
        target: Target,
        stimuli: tuple[Stimulus, ...],
        v_init_mV: float | None,
        background: tuple[Stimulus, ...] = (),
        *,
        t_stop_ms: float,
    ) -> _Run:
        """Run number `k`, with all that the core needs. ModelError if it cannot be run."""
        try:
            return self._run(target, stimuli, v_init_mV, background, t_stop_ms)
        except ModelError as error:
            raise ModelError(f"run {k}: {error}", error.problems) from error

    def _run(
        self,
        target: Target,
        stimuli: tuple[Stimulus, ...],
        v_init_mV: float | None,
        background: tuple[Stimulus, ...],
        t_stop_ms: float,
    ) -> _Run:
        is_new = id(target) not in self.tried
        self.tried.add(id(target))
        ground = self._ground_of(target)
        placed, trains = attached(ground.discretisation, (*stimuli, *background))
        if placed is not ground.discretisation:
            # Of this run alone: the next may have other synapses.
            own = [lower_probe(probe, placed, self.method) for probe in self.probes]
            ground = replace(ground, discretisation=placed, probes=own)
        places = ground.places
        grid = ground.discretisation
        drives = [drive for each in stimuli for drive in each.lower(grid)]
        fixed = [drive for each in background for drive in each.lower(grid)]
        probes = [*(probe.core for probe in ground.probes), places.start]
        detectors = [detector.core for detector in places.detectors]
        self._try(ground, [*drives, *fixed], trains, probes, detectors, v_init_mV, is_new=is_new)
        return _Run(
            ground=ground,
            recipe=Recipe(
                target=target,
                stimuli=stimuli,
                probes=self.probes,
                t_stop_ms=t_stop_ms,
                method=self.method,
                mesh=ground.mesh,
                v_init_mV=v_init_mV,
                detect=self.detect,
                velocity_sites=ground.velocity_sites,
                solver=self.solver,
                precision=self.precision,
                threads=self.threads,
            ),
            core=_core.BatchRun(
                grid,
                drives=drives,
                background=fixed,
                probes=probes,
                detectors=detectors,
                t_stop_ms=t_stop_ms,
                v_init_mV=v_init_mV,
                v_rest_guess_mV=rest_guess_mV(target),
                stops_at_detector=places.stop,
                trains=trains,
            ),
        )

    def are_sooner_alone(self, targets: Sequence[Target]) -> bool:
        """Whether runs of so many are sooner done one by one than side by side."""
        return all(
            len(targets) <= _core.most_alone(self._ground_of(each).discretisation)
            for each in targets[:LANES]
        )

    def lanes(self, target: Target, stimuli: Sequence[Stimulus]) -> int:
        """How many runs of a target under these stimuli go side by side."""
        placed, _ = attached(self._ground_of(target).discretisation, stimuli)
        is_side_by_side = _core.goes_side_by_side(
            placed,
            method=self.method.name,
            parameters=self.method.parameters,
            solver=self.solver,
        )
        return LANES if is_side_by_side else 1

    def lay(self, target: Target, discretisation: Discretisation) -> None:
        """Lets its runs have this one, which is that of its mesh."""
        if id(target) not in self.grounds:
            self.grounds[id(target)] = self._ground(target, discretisation)

    def _ground_of(self, target: Target) -> _Ground:
        if id(target) not in self.grounds:
            self.lay(target, discretised(target, self.mesh))
        return self.grounds[id(target)]

    def _ground(self, target: Target, discretisation: Discretisation) -> _Ground:
        fibre = target if isinstance(target, Fiber) else None
        sites = self.velocity_sites
        if sites is None and fibre:
            sites = fibre.velocity_sites
        return _Ground(
            discretisation=discretisation,
            probes=[lower_probe(probe, discretisation, self.method) for probe in self.probes],
            places=self._places(discretisation, sites),
            velocity_sites=sites,
            mesh=self.mesh or (fibre.mesh if fibre else None),
        )

    def _places(self, discretisation: Discretisation, sites: Place) -> _Places:
        """Looked up once for all fibres that have the same sections in the same compartments."""
        names = (
            *discretisation.section_names,
            *discretisation.section_regions,
            pickle.dumps(sites),
        )
        sections = discretisation.section.tobytes()
        key = (names, sections, discretisation.is_junction.tobytes())
        if key not in self.places:
            detectors = [lower_detector(each, discretisation) for each in self.detect]
            stop = None
            if self.stop_when is not None:
                threshold_mV = (*self.detect, SpikeDetector())[0].threshold_mV
                ending = lower_detector(SpikeDetector(threshold_mV, self.stop_when), discretisation)
                stop = next(
                    (k for k, each in enumerate(detectors) if each.sees_the_same(ending)),
                    len(detectors),
                )
                detectors += [ending][: stop + 1 - len(detectors)]
            self.places[key] = _Places(
                detectors=detectors,
                asked=len(self.detect),
                stop=stop,
                sites=compartments_at(discretisation, sites),
            )
        return self.places[key]

    def _try(
        self,
        ground: _Ground,
        drives: list[_core.Drive],
        trains: list[_core.EventTrain],
        probes: list[_core.CoreProbe],
        detectors: list[_core.CoreDetector],
        v_init_mV: float | None,
        *,
        is_new: bool,
    ) -> None:
        """Lets the core refuse what it would refuse of a single run."""
        # Only they can be missing; to set up lanes that would be there takes longer than a check.
        insists = self.solver != "auto" or self.precision != "double"
        simulation = _core.CoreSimulation(
            ground.discretisation,
            method=self.method.name,
            parameters=self.method.parameters,
            drives=drives,
            probes=probes,
            detectors=detectors,
            solver=self.solver if is_new and insists else "plain",
            precision=self.precision if is_new else "double",
            trains=trains,
        )
        if v_init_mV is not None:
            simulation.initialise(v_init_mV)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Run:
    """One run, ready for the core, and what its result is made of besides the outcome."""

    ground: _Ground
    recipe: Recipe
    core: _core.BatchRun

    def answer(self, outcome: dict[str, Any]) -> Answer:
        places = self.ground.places
        return Answer(
            Status(outcome["status"]),
            outcome["t_ms"],
            outcome["message"],
            _Seen(places.detectors, outcome["crossings"]),
        )

    def result(self, outcome: dict[str, Any], **more: Any) -> Result:
        ground, asked = self.ground, self.recipe
        status, t_ms = Status(outcome["status"]), outcome["t_ms"]
        traces, crossings = outcome["traces"], outcome["crossings"]
        if status is Status.FAILED or not traces:  # it never began
            columns = [*(probe.compartments.size for probe in ground.probes), 1]
            traces = [(np.empty(0), np.empty((0, width))) for width in columns]
            empty = np.zeros(len(ground.discretisation), np.int32)
            crossings = [(np.empty(0, np.int32), np.empty(0), empty)] * ground.places.asked
        *traces, start = traces
        message = outcome["message"]
        if status in (Status.STOPPED, Status.INTERRUPTED):
            message = f"{status} at t = {t_ms:g} ms of {asked.t_stop_ms:g}"
        return Result(
            traces=tuple(
                trace_of(probe, *trace) for probe, trace in zip(ground.probes, traces, strict=True)
            ),
            # Without those of `stop_when`, which are the last.
            crossings=tuple(
                crossings_of(detector, *seen)
                for detector, seen in zip(
                    ground.places.detectors[: ground.places.asked], crossings, strict=False
                )
            ),
            status=status,
            message=message,
            t_stop_ms=t_ms,
            geometry=ground.geometry,
            velocity_sites=ground.places.sites,
            recipe=asked,
            provenance=provenance_of(
                ground.discretisation,
                asked.method,
                steps=outcome["steps"],
                execution=outcome["execution"],
                v_init="rest" if asked.v_init_mV is None else asked.v_init_mV,
                v_rest_mV=float(start[1][0, 0]) if start[0].size else None,
                **more,
            ),
        )
