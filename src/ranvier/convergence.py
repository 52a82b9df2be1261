"""Any number that a simulation gives, with an error bar: the same again on finer steps and meshes.

The numerics are in `richardson`; this module knows which runs to make and how to tell the outcome.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ranvier.discretisation import Discretisation, Mesh, refined
from ranvier.errors import DivergedError, ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.methods import Method
from ranvier.model import Model
from ranvier.results import Result, Status
from ranvier.richardson import ORDER_TOLERANCE, Extrapolation, extrapolate, with_error

#: Times finer than the first run, in time (the step, or the tolerances of a method that chooses its
#: steps) and in space. Cuts are odd, so that the centre of a compartment stays the centre of one,
#: and a place that is one is the same place on every mesh.
FINER = (1, 2, 4)
FINER_ADAPTIVE = (1, 4, 16)
CUTS = (1, 3, 5)
#: Finite volumes with the potential at the centres.
ORDER_IN_SPACE = 2
#: The error is to follow the tolerances, whatever the order of the steps.
ORDER_IN_TOLERANCE = 1
#: Differences below this part of the value are rounding, and what a crossing between two steps
#: leaves of where in the step it fell.
NOISE_RELATIVE = 1e-5
#: A method that chooses its own steps follows its tolerance loosely.
ORDER_TOLERANCE_ADAPTIVE = 0.5


class ConvergenceStatus(StrEnum):
    CONVERGED = "converged"
    NOT_CONVERGED = "not_converged"
    TIME_ONLY = "time_only"
    NOT_FINITE = "not_finite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One run: its step `finer` times finer and its mesh `cuts` times, and the value it gave."""

    finer: int
    cuts: int
    method: Method
    value: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Convergence:
    """A number in the limit of small steps and compartments, with its error bar.

    `value` is the extrapolated limit and `error` the bar: the sum of what the ladder in time, the
    ladder in space and their interplay (`cross`, the run that is finest in both less what the two
    ladders add up to) leave. `own_value` is what the first, coarsest run gave. The unit is that of
    the quantity. `time` and `space` hold each ladder with its observed order and its own limit;
    they are None where it did not run.
    """

    status: ConvergenceStatus
    message: str
    own_value: float
    value: float = math.nan
    error: float = math.nan
    cross: float = math.nan
    time: Extrapolation | None = None
    space: Extrapolation | None = None
    rungs: tuple[Rung, ...]

    @property
    def is_converged(self) -> bool:
        """Both ladders show the order that they should, or up to two more."""
        return self.status is ConvergenceStatus.CONVERGED

    @property
    def order_in_time(self) -> float:
        """As observed; NaN where there is none."""
        return math.nan if self.time is None else self.time.observed_order

    @property
    def order_in_space(self) -> float:
        """As observed; NaN where there is none."""
        return math.nan if self.space is None else self.space.observed_order

    def __str__(self) -> str:
        if not math.isfinite(self.value):
            return f"no value ({self.status}): {self.message}"
        number = with_error(self.value, self.error)
        return f"{number} ({self.status}{': ' if self.message else ''}{self.message})"

    def to_dict(self) -> dict[str, Any]:
        """For a table or a JSON file: numbers that are not known are None."""

        def known(value: float) -> float | None:
            return value if math.isfinite(value) else None

        def ladder(of: Extrapolation | None) -> dict[str, Any] | None:
            return (
                None
                if of is None
                else {
                    "finer": list(of.finer),
                    "values": list(of.values),
                    "expected_order": of.expected_order,
                    "observed_order": known(of.observed_order),
                    "limit": known(of.limit),
                    "error": known(of.error),
                    "problem": of.problem,
                }
            )

        return {
            "status": str(self.status),
            "message": self.message,
            "value": known(self.value),
            "error": known(self.error),
            "own_value": known(self.own_value),
            "cross": known(self.cross),
            "time": ladder(self.time),
            "space": ladder(self.space),
            "rungs": [
                {
                    "finer": rung.finer,
                    "cuts": rung.cuts,
                    **rung.method.parameters,
                    "value": known(rung.value),
                }
                for rung in self.rungs
            ],
        }


def converge(
    quantity: Callable[..., float],
    of: Result | Fiber | Model | Discretisation,
    *,
    method: Method | None = None,
    mesh: Mesh | None = None,
    finer: Sequence[int] | None = None,
    cuts: Sequence[int] = CUTS,
    noise_relative: float = NOISE_RELATIVE,
    progress: Callable[[float], None] | None = None,
) -> Convergence:
    """The limit of a quantity as the time step and the compartments go to zero, with an error bar.

    A quantity of one run is a function of its result. The run is made again on every rung with the
    same stimuli and records, at the places where the first run had its compartments, so that traces
    have the same columns:

        probe = rv.Probe("v_mV", ("node[10]", 0.5), every_ms=0.005)
        result = rv.simulate(fibre, fibre.stimulus, probe, t_stop_ms=5)
        peak_mV = rv.converge(lambda result: result["v_mV"].values.max(), result)
        print(peak_mV.value, "+-", peak_mV.error, peak_mV.message)

    A quantity of many runs, such as a threshold, is a function of a fibre, a model or a
    discretisation that makes them with the method and the mesh it is handed:

        def threshold_nA(fibre, *, method, mesh): ...

        rv.converge(threshold_nA, fibre, method=rv.Method(dt_ms=0.005))

    Runs: steps `finer` times finer (None: 1, 2, 4) on the first mesh, compartments cut into `cuts`
    with the first step, and one run that is finest in both, to see whether the two errors add.
    `method` and `mesh` are the first rung's; a result brings its own, a fibre its mesh, and no
    method is the default one. A method that chooses its steps has its tolerances made finer (None:
    1, 4, 16), and its error should follow them. Cuts are odd, so that the centre of a compartment
    stays one: over many runs a place that is none moves as the mesh is refined.

    Each ladder is extrapolated with its observed order. The bar is the sum of both and of the cross
    term, and covers the limit as well as the run at a quarter of the step and of the compartments;
    see `richardson.extrapolate`. Differences below `noise_relative` times the value count as noise.
    `progress` is called with the share of the work that is done.

    Outcomes are statuses: an order that is not the method's, a rung without a value, no mesh to
    refine because the run was of a bare discretisation. Raises ValueError for a ladder or a noise
    that cannot be meant, and ModelError for a result that does not know how it was made, for a
    mesh that is missing, a method or a mesh that is given twice, and for whatever the runs refuse.
    """
    cuts = _ladder("cuts", cuts)
    if not 0 <= noise_relative < 1:
        raise ValueError(f"noise_relative: is {noise_relative:g}, expected 0 up to 1")
    evaluate, method, mesh = _evaluation(quantity, of, method, mesh)
    if finer is None:
        finer = FINER_ADAPTIVE if method.is_adaptive else FINER
    finer = _ladder("finer", finer)
    in_time = [(factor, 1) for factor in finer]
    in_space = [(1, cut) for cut in cuts[1:]] if mesh is not None else []
    both = [(finer[-1], cuts[-1])] if mesh is not None else []

    rungs: dict[tuple[int, int], Rung] = {}
    planned = [*in_time, *in_space, *both]
    growth = 1.0 / method.order if method.is_adaptive else 1.0  # of the number of steps
    share = _Shares([time**growth * space for time, space in planned], progress)
    for factor, cut in planned:
        finer_method = method if factor == 1 else method.finer(factor)
        finer_mesh = mesh if mesh is None or cut == 1 else refined(mesh, cut)
        message = ""
        try:
            value = _number(evaluate(finer_method, finer_mesh, share.of_rung(len(rungs))))
        except DivergedError as error:
            value, message = math.nan, f": {error}"
        rungs[factor, cut] = Rung(finer=factor, cuts=cut, method=finer_method, value=value)
        share.of_rung(len(rungs) - 1)(1.0)
        if not math.isfinite(value):
            step = "rtol" if method.is_adaptive else "dt"
            return Convergence(
                status=ConvergenceStatus.NOT_FINITE,
                message=f"the value is {value} at {step}/{factor} and dx/{cut}{message}",
                own_value=rungs[1, 1].value,
                rungs=tuple(rungs.values()),
            )

    noise = noise_relative * abs(rungs[1, 1].value)
    time = extrapolate(
        [rungs[each].value for each in in_time],
        finer,
        expected_order=ORDER_IN_TOLERANCE if method.is_adaptive else method.order,
        noise=noise,
        order_tolerance=ORDER_TOLERANCE_ADAPTIVE if method.is_adaptive else ORDER_TOLERANCE,
    )
    space = None
    if mesh is not None:
        space = extrapolate(
            [rungs[each].value for each in [(1, 1), *in_space]],
            cuts,
            expected_order=ORDER_IN_SPACE,
            noise=noise,
        )
    return _outcome(time, space, tuple(rungs.values()))


Evaluation = Callable[[Method, Mesh | None, Callable[[float], None]], float]


def _evaluation(
    quantity: Callable[..., float],
    of: Result | Fiber | Model | Discretisation,
    method: Method | None,
    mesh: Mesh | None,
) -> tuple[Evaluation, Method, Mesh | None]:
    """What gives the value of a rung, and the method and mesh of the first."""
    if isinstance(of, Result):
        recipe = of.recipe
        if recipe is None:
            raise ModelError(
                "result: does not know how it was made, expected one straight from simulate() "
                "and not from a file"
            )
        if of.status not in (Status.COMPLETED, Status.STOPPED):
            raise ModelError(
                f"result: is {of.status} at {of.t_stop_ms:g} ms, expected a run that completed"
            )
        if method is not None or mesh is not None:
            raise ModelError(
                "converge: method or mesh is given with a result, expected those it was made with"
            )
        # One that was stopped early lacks what the finer ones, which run to the end, will have.
        first = of if of.status is Status.COMPLETED else None

        def of_result(
            method: Method, mesh: Mesh | None, progress: Callable[[float], None]
        ) -> float:
            is_there = method is recipe.method and mesh is recipe.mesh
            if is_there and first is not None:
                return quantity(first)  # the first rung is there already
            return quantity(recipe.run(method=method, mesh=mesh, progress=progress))

        return of_result, recipe.method, recipe.mesh

    target = of
    if not isinstance(target, Fiber | Model | Discretisation):
        raise TypeError(
            f"converge: got {target!r}, expected a Result, Fiber, Model or Discretisation"
        )
    if not (method is None or isinstance(method, Method)):
        raise TypeError(f"method: is {method!r}, expected a Method such as Method('adaptive')")
    if mesh is None and isinstance(target, Fiber):
        mesh = target.mesh
    if (mesh is None) != isinstance(target, Discretisation):
        has = "no mesh" if mesh is None else "a mesh"
        raise ModelError(
            f"converge: has {has}, expected one with a model, none with a discretisation"
        )

    def of_target(method: Method, mesh: Mesh | None, progress: Callable[[float], None]) -> float:
        return quantity(target, method=method, mesh=mesh)

    return of_target, method or Method(), mesh


def _outcome(
    time: Extrapolation, space: Extrapolation | None, rungs: tuple[Rung, ...]
) -> Convergence:
    own, finest = rungs[0].value, rungs[-1].value
    problems = [
        f"{name}: {each.problem}"
        for name, each in (("in time", time), ("in space", space))
        if each is not None and each.problem
    ]
    if space is None:
        problems.append("the mesh of a discretisation cannot be refined, the bar is of time alone")
        return Convergence(
            status=ConvergenceStatus.TIME_ONLY
            if time.is_converging
            else ConvergenceStatus.NOT_CONVERGED,
            message="; ".join(problems),
            own_value=own,
            value=time.limit,
            error=time.error,
            time=time,
            rungs=rungs,
        )
    cross = finest - (time.values[-1] + space.values[-1] - own)
    # The finest run has most of the cross term in it already; the rest is no more than that.
    return Convergence(
        status=ConvergenceStatus.NOT_CONVERGED if problems else ConvergenceStatus.CONVERGED,
        message="; ".join(problems),
        own_value=own,
        value=finest + (time.limit - time.values[-1]) + (space.limit - space.values[-1]),
        error=time.error + space.error + abs(cross),
        cross=cross,
        time=time,
        space=space,
        rungs=rungs,
    )


def _number(value: Any) -> float:
    try:
        return float(value)
    except TypeError as error:
        raise TypeError(f"quantity: gives {value!r}, expected one number") from error


def _ladder(name: str, factors: Sequence[int]) -> tuple[int, ...]:
    rising = all(a < b for a, b in itertools.pairwise(factors))
    whole = all(factor == int(factor) for factor in factors)
    if len(factors) < 3 or factors[0] != 1 or not rising or not whole:
        raise ValueError(
            f"{name}: is {tuple(factors)}, expected three or more rising whole numbers from 1"
        )
    return tuple(int(factor) for factor in factors)


class _Shares:
    """The share done of all rungs, given that of one: work goes with steps times compartments."""

    def __init__(self, work: Sequence[float], progress: Callable[[float], None] | None) -> None:
        self._work = work
        self._progress = progress

    def of_rung(self, rung: int) -> Callable[[float], None]:
        def tell(done: float) -> None:
            if self._progress is not None:
                done_work = sum(self._work[:rung]) + done * self._work[rung]
                self._progress(done_work / sum(self._work))

        return tell
