"""A patch through time, from milliseconds to days, with a stiff integrator of SciPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier._text import expected_one_of
from ranvier.errors import ModelError
from ranvier.living._quasi_steady import QuasiSteady
from ranvier.living._system import Array, System
from ranvier.living.patch import Patch, Step, check_steps
from ranvier.living.result import LivingResult
from ranvier.living.status import Status

METHODS = ("LSODA", "BDF", "Radau")
MS_PER_S = 1e3


def simulate(
    patch: Patch,
    *,
    t_stop_s: float,
    steps: Sequence[Step] = (),
    v_init_mV: float | None = None,
    quasi_steady: bool = False,
    every_s: float | None = None,
    method: str = "LSODA",
    relative_tolerance: float = 1e-7,
) -> LivingResult:
    """Integrate `patch` from 0 to `t_stop_s`; each of `steps` takes effect at its time.

    Begins at `v_init_mV` with gates settled, or where that is None at the resting potential of the
    concentrations at the start, the most negative one where there are several. Samples are the
    integrator's own steps, or `every_s`; it goes from one step to the next at once, so that
    no change is passed over. `method` is one of SciPy's stiff ones.

    With `quasi_steady` the potential and the gates follow the concentrations without delay: the net
    current is 0 at every moment, and only concentrations are integrated. That holds while they take
    longer to change than gates do, and ends where that rest loses its stability: the result's
    status says so, and its samples end there.

    Raises ModelError for steps that cannot be, and for a membrane without a resting potential
    where one is asked for; ImportError without SciPy.
    """
    if method not in METHODS:
        raise ModelError(f"method {method!r}: is unknown, {expected_one_of(method, METHODS)}")
    if not (np.isfinite(t_stop_s) and t_stop_s > 0):
        raise ModelError(f"t_stop_s: is {t_stop_s:g} s, expected a number above 0")
    if every_s is not None and not (np.isfinite(every_s) and every_s > 0):
        raise ModelError(f"every_s: is {every_s:g} s, expected a number above 0")
    if not 1e-13 < relative_tolerance < 1:
        raise ModelError(
            f"relative_tolerance: is {relative_tolerance:g}, expected a number from 1e-13 to 1"
        )
    ordered = check_steps(patch, steps, t_stop_s)
    system = System(patch)
    if v_init_mV is None:
        from ranvier.living.rests import lowest_rest_mV

        v_init_mV = lowest_rest_mV(patch)
    y = system.start(v_init_mV)
    equations: System | QuasiSteady = system
    if quasi_steady:
        equations = QuasiSteady(system, v_init_mV)
        y = equations.reduced(y)
    run = _Run(system, equations, method, relative_tolerance)
    borders = sorted({0.0, *(step.at_s for step in ordered), t_stop_s})
    waiting = list(ordered)
    for start_s, end_s in pairwise(borders):
        while waiting and waiting[0].at_s <= start_s:
            step = waiting.pop(0)
            system.apply(step.what, step.value)
        run.applied = len(ordered) - len(waiting)
        y = run.piece(y, start_s, end_s, every_s)
        if run.status is not Status.COMPLETED:
            break
    return run.result(patch, ordered, quasi_steady)


class _Run:
    """What has been integrated so far."""

    def __init__(
        self,
        system: System,
        equations: System | QuasiSteady,
        method: str,
        relative_tolerance: float,
    ) -> None:
        self.system = system
        self.equations = equations
        self.method = method
        self.relative_tolerance = relative_tolerance
        self.status = Status.COMPLETED
        self.message = ""
        self.evaluations = 0
        self.applied = 0
        self.pieces: list[NDArray[np.int64]] = []
        self.times_ms: list[Array] = []
        self.states: list[Array] = []

    def piece(self, y: Array, start_s: float, end_s: float, every_s: float | None) -> Array:
        """Integrate between two steps; keeps samples, and gives the states at the end."""
        solve_ivp = _solve_ivp()
        start_ms, end_ms = MS_PER_S * start_s, MS_PER_S * end_s
        for number, (status, reason) in enumerate(self.equations.ends):
            # What has passed its end already would never come to it.
            if self.equations.watched(y, number) <= 0.0:
                self.status, self.message = status, f"{reason} at {start_s:.4g} s"
                self._keep(np.array([start_ms]), y[:, None])
                return y
        wanted = None
        if every_s is not None:
            count = np.arange(np.ceil(start_s / every_s), np.floor(end_s / every_s) + 1)
            wanted = np.unique([start_ms, *(MS_PER_S * every_s * count), end_ms])
            wanted = wanted[(wanted >= start_ms) & (wanted <= end_ms)]
        found = solve_ivp(
            lambda _, y: self.equations.change(y),
            (start_ms, end_ms),
            y,
            method=self.method,
            jac=lambda _, y: self.equations.slopes(y),
            t_eval=wanted,
            rtol=self.relative_tolerance,
            atol=self.relative_tolerance * self.equations.scales(y),
            events=self._ends(),
        )
        self.evaluations += int(found.nfev)
        self._keep(found.t, found.y)
        if found.status == 1:
            event = next(n for n, times in enumerate(found.t_events) if len(times))
            at_s = float(found.t_events[event][0]) / MS_PER_S
            self.status, reason = self.equations.ends[event]
            self.message = f"{reason} at {at_s:.4g} s"
        elif found.status != 0:
            self.status, self.message = Status.FAILED, str(found.message)
        if found.t.size == 0:
            return y
        final: Array = found.y[:, -1]
        return final

    def _keep(self, t_ms: Array, states: Array) -> None:
        self.times_ms.append(t_ms)
        self.states.append(states)
        self.pieces.append(np.full(t_ms.size, self.applied))

    def _ends(self) -> list[Callable[[float, Array], float]]:
        """What the integrator watches, and where it stops."""
        found: list[Callable[[float, Array], float]] = []
        for number in range(len(self.equations.ends)):

            def watched(_: float, y: Array, number: int = number) -> float:
                return self.equations.watched(y, number)

            watched.terminal = True  # type: ignore[attr-defined]
            found.append(watched)
        return found

    def result(self, patch: Patch, steps: Sequence[Step], quasi_steady: bool) -> LivingResult:
        t_ms = np.concatenate(self.times_ms) if self.times_ms else np.zeros(0)
        pieces = np.concatenate(self.pieces) if self.pieces else np.zeros(0, dtype=np.int64)
        joined = (
            np.concatenate(self.states, axis=1)
            if self.states
            else np.zeros((self.equations.size, 0))
        )
        return LivingResult(
            patch=patch,
            steps=tuple(steps),
            status=self.status,
            message=self.message,
            quasi_steady=quasi_steady,
            method=self.method,
            evaluations=self.evaluations,
            t_s=t_ms / MS_PER_S,
            _states=self.equations.full(joined, pieces, steps),
            _pieces=pieces,
        )


def _solve_ivp() -> Any:
    try:
        from scipy.integrate import solve_ivp
    except ImportError as error:
        raise ImportError(
            "living.simulate needs SciPy, expected it installed: pip install 'ranvier[living]'"
        ) from error
    return solve_ivp
