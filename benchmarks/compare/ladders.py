"""What `work_precision.py` measures: two workloads, every method, and the steps it is tried at."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from compare import precision
from compare.workload import W1, W2

import ranvier as rv

#: Steps that hit both edges of the stimulus.
COARSEST_ms = 0.1
CVODE_ATOL = 10.0 ** -np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0])
#: Times the default tolerances of a method that has some.
TOLERANCE_FACTORS = 10.0 ** (3.0 - 0.5 * np.arange(11))


@dataclass(frozen=True, kw_only=True)
class Workload:
    name: str
    title: str
    options: tuple[str, ...]
    track: precision.Track
    first_order_halvings: tuple[int, int]  # of COARSEST_ms: from, to
    peer_first_order_halvings: tuple[int, int]  # fewer where a peer takes minutes
    higher_order_halvings: tuple[int, int]
    reference_halvings: int  # of the coarser of two runs of order 2; one fewer for each order above


SQUID = Workload(
    name="squid",
    title="squid axon, 18.5 degC, 10 cm in 2000 compartments, 10 ms",
    options=("--compartments", "2000"),
    track=precision.Track(
        threshold_mV=W1.threshold_mV,
        distance_mm=W1.distance_mm(2000),
        from_ms=W1.stimulus.onset_ms + W1.stimulus.duration_ms,
    ),
    first_order_halvings=(1, 7),
    peer_first_order_halvings=(1, 7),
    higher_order_halvings=(0, 5),
    reference_halvings=7,
)
MRG = Workload(
    name="mrg",
    title="MRG 10 um, 37 degC, 101 nodes in 1101 compartments, 3 ms",
    options=("--nodes", "101", "--t-stop", "3"),
    track=precision.Track(
        threshold_mV=W2.threshold_mV,
        distance_mm=W2.distance_mm(101),
        from_ms=W2.stimulus.onset_ms + W2.stimulus.duration_ms,
    ),
    first_order_halvings=(2, 11),
    peer_first_order_halvings=(2, 9),
    higher_order_halvings=(1, 8),
    reference_halvings=9,
)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One rung of a ladder: a step, or a tolerance."""

    value: float
    options: tuple[str, ...]
    is_step: bool

    def __str__(self) -> str:
        return f"{1e3 * self.value:.4g} us" if self.is_step else f"tol {self.value:.3g}"


@dataclass(kw_only=True)
class Series:
    """A method of a simulator, with what it is tried at; `order` 0 chooses its own steps."""

    simulator: str
    method: str
    script: str
    order: int
    settings: tuple[Setting, ...]
    options: tuple[str, ...] = ()
    measurements: dict[Setting, dict] = field(default_factory=dict)
    is_missing: bool = False

    def found(self, key: str) -> list[dict]:
        """The measurements, from coarse to fine, that have this."""
        return [each for each in self.measurements.values() if each.get(key)]


def steps(halvings: tuple[int, int]) -> tuple[Setting, ...]:
    first, last = halvings
    values_ms = [COARSEST_ms * 0.5**k for k in range(first, last + 1)]
    return tuple(
        Setting(value=dt_ms, options=("--dt", repr(dt_ms)), is_step=True) for dt_ms in values_ms
    )


def own_series(workload: Workload) -> list[Series]:
    """Every method that ranvier has, whoever wrote it."""
    found = []
    for name in rv.methods.names():
        method = rv.Method(name)
        tolerances = {key: value for key, value in method.parameters.items() if "tol" in key}
        order = 0 if method.is_adaptive else method.order
        if method.is_adaptive:
            settings = tuple(
                Setting(
                    value=factor * tolerances["rtol"],
                    options=(
                        "--parameters",
                        *(f"{key}={factor * value!r}" for key, value in tolerances.items()),
                    ),
                    is_step=False,
                )
                for factor in TOLERANCE_FACTORS.tolist()
            )
        else:
            is_first = order == 1
            settings = steps(
                workload.first_order_halvings if is_first else workload.higher_order_halvings
            )
        found.append(
            Series(
                simulator="ranvier",
                method=name,
                script=f"ranvier_{workload.name}.py",
                order=order,
                settings=settings,
                options=("--method", name),
            )
        )
    return found


def peer_series(workload: Workload) -> list[Series]:
    first = steps(workload.peer_first_order_halvings)
    second = steps(workload.higher_order_halvings)
    cvode = tuple(
        Setting(value=atol, options=("--atol", repr(atol)), is_step=False)
        for atol in CVODE_ATOL.tolist()
    )

    def one(simulator: str, method: str, order: int, *options: str) -> Series:
        program = "neuron" if "NEURON" in simulator else simulator.lower()
        return Series(
            simulator=simulator,
            method=method,
            script=f"{program}_{workload.name}.py",
            order=order,
            settings={0: cvode, 1: first, 2: second}[order],
            options=options if simulator == "Arbor" else ("--method", method, *options),
        )

    neuron = [
        one("NEURON", "backward_euler", 1),
        one("NEURON", "crank_nicolson", 2),
        one("NEURON", "cvode", 0),
    ]
    if workload is MRG:  # the others have no periaxonal space
        return neuron
    return [
        *neuron,
        one("CoreNEURON", "backward_euler", 1, "--core"),
        one("CoreNEURON", "crank_nicolson", 2, "--core"),
        one("Jaxley", "backward_euler", 1),
        one("Jaxley", "crank_nicolson", 2),
        one("Arbor", "fixed_step", 1),
    ]
