"""The resting state of a fibre: where it is, and whether a membrane stays in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ranvier import _core
from ranvier.errors import ModelError
from ranvier.run import discretised, rest_guess_mV

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.discretisation import Discretisation, Mesh
    from ranvier.fibers import Fiber
    from ranvier.model import Model


class Stability(StrEnum):
    STABLE = "stable"
    UNSTABLE = "unstable"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A state in which nothing changes, and what becomes of small disturbances of it.

    `potential_mV` is (layers, n), against ground: the axoplasm and, under myelin, the periaxonal
    space. `gates` holds one array per (mechanism, gate), by the compartments that carry it.

    `residual_mV_per_ms` is the largest rate of change of a membrane potential that is left beyond
    rounding; the last digit of the potentials alone makes up to `rounding_mV_per_ms`.
    `gate_rate_per_ms` is the largest that is left of a gate.

    In the end a small disturbance goes as exp(`growth_rate_per_ms` t), swinging with
    `frequency_kHz`, which is None if it does not swing. Both are None where the stability is
    undecided: where some disturbance neither grows nor decays, as without any conductance.
    """

    v_mV: NDArray[np.float64]
    potential_mV: NDArray[np.float64]
    gates: dict[tuple[str, str], NDArray[np.float64]]
    residual_mV_per_ms: float
    rounding_mV_per_ms: float
    gate_rate_per_ms: float
    iterations: int
    stability: Stability
    growth_rate_per_ms: float | None
    frequency_kHz: float | None

    @property
    def is_stable(self) -> bool:
        """Whether every small disturbance dies out."""
        return self.stability is Stability.STABLE

    def __str__(self) -> str:
        low_mV, high_mV = self.v_mV.min(), self.v_mV.max()
        there = f"{low_mV:.4g} mV"
        if high_mV - low_mV > 1e-3:
            there = f"{low_mV:.5g} to {high_mV:.5g} mV"
        return f"rests at {there}, {self.stability}: {self._fate()}"

    def _fate(self) -> str:
        if self.growth_rate_per_ms is None:
            return "some disturbance neither grows nor dies out"
        tau_ms = 1.0 / abs(self.growth_rate_per_ms)
        swinging = f", swinging at {self.frequency_kHz:.3g} kHz" if self.frequency_kHz else ""
        if self.is_stable:
            return f"the slowest disturbance dies out by a factor of e in {tau_ms:.3g} ms{swinging}"
        return (
            f"a disturbance grows by a factor of e in {tau_ms:.3g} ms{swinging}, "
            "so that the membrane leaves this state by itself"
        )


def rest(
    target: Fiber | Model | Discretisation,
    *,
    mesh: Mesh | None = None,
    v_rest_guess_mV: float | None = None,
) -> Rest:
    """The resting state of `target` near a guess: the fixed point without stimuli.

    A Fiber brings its mesh and guess; a Model needs a mesh, and its guess is -70 mV if not given.
    Raises ModelError if the description does not hold together or no fixed point is found.

    `simulate()` starts here if it is given no `v_init_mV`. Whether the fixed point is stable, it
    does not look at: a run from an unstable one may stay there for long. Start such a membrane with
    `v_init_mV`, or disturb it.
    """
    discretisation = discretised(target, mesh)
    guess_mV = rest_guess_mV(target) if v_rest_guess_mV is None else v_rest_guess_mV
    found = _core.CoreRest(discretisation, guess_mV)
    if not found.is_found:
        raise ModelError(
            f"resting state: none was found near {guess_mV:g} mV "
            f"({found.residual_mV_per_ms:.3g} mV/ms left at "
            f"{discretisation.label(found.compartment)} after {found.iterations} iterations), "
            "expected a membrane that settles"
        )
    growth_rate_per_ms, frequency_kHz = found.fastest_mode() or (None, None)
    return Rest(
        v_mV=found.v_mV,
        potential_mV=np.array(found.potential_mV),
        gates=found.gates,
        residual_mV_per_ms=found.residual_mV_per_ms,
        rounding_mV_per_ms=found.rounding_mV_per_ms,
        gate_rate_per_ms=found.gate_rate_per_ms,
        iterations=found.iterations,
        stability=Stability(found.stability()),
        growth_rate_per_ms=growth_rate_per_ms,
        frequency_kHz=frequency_kHz or None,
    )
