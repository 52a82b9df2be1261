"""Passive cables that the physics tests share, and how to hold one steady."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

import ranvier as rv
from ranvier.places import Place

E_LEAK_mV = -65.0
#: Long beside any time constant: one implicit step then ends in the steady state to rounding.
FOREVER_ms = 1e12


@dataclass(frozen=True)
class Cylinder:
    """A sealed passive cylinder; by default the one of 1 mm length constant and 20 ms."""

    length_um: float = 1000.0
    diameter_um: float = 2.0
    r_m_ohm_cm2: float = 2e4
    r_a_ohm_cm: float = 100.0
    c_m_uF_cm2: float = 1.0

    @property
    def lambda_um(self) -> float:
        return 1e4 * (1e-4 * self.diameter_um * self.r_m_ohm_cm2 / (4 * self.r_a_ohm_cm)) ** 0.5

    @property
    def tau_ms(self) -> float:
        return 1e-3 * self.r_m_ohm_cm2 * self.c_m_uF_cm2

    @property
    def r_infinite_Mohm(self) -> float:
        """Input resistance of a semi-infinite one."""
        return 0.01 * 4 * self.r_a_ohm_cm * self.lambda_um / (np.pi * self.diameter_um**2)

    @property
    def electrotonic_length(self) -> float:
        return self.length_um / self.lambda_um

    def leak(self) -> rv.Placement:
        return rv.Placement("leak", g_bar_S_cm2=1 / self.r_m_ohm_cm2, e_leak_mV=E_LEAK_mV)

    def section(self, name: str = "cable", **options: object) -> rv.Section:
        shape = {"length_um": self.length_um, "diameter_um": self.diameter_um, **options}
        return rv.Section(name, r_a_ohm_cm=self.r_a_ohm_cm, c_m_uF_cm2=self.c_m_uF_cm2, **shape)

    def discretised(self, compartments: int) -> rv.Discretisation:
        model = rv.Model(sections=[self.section()], placements=[self.leak()])
        return rv.discretise(model, rv.FixedCount(compartments))


def clamp(at: Place, amplitude_nA: float = 1.0, **times_ms: float) -> rv.stimuli.CurrentClamp:
    """A constant current from t = 0 for good, unless `times_ms` say otherwise."""
    pulse = rv.stimuli.Pulse(**{"onset_ms": 0.0, "duration_ms": 1e3 * FOREVER_ms, **times_ms})
    return rv.stimuli.CurrentClamp(waveform=pulse, at=at, amplitude_nA=amplitude_nA)


def steady_mV(
    discretisation: rv.Discretisation,
    at: Place,
    amplitude_nA: float = 1.0,
    *,
    v_init_mV: float = E_LEAK_mV,
) -> np.ndarray:
    """Membrane potentials of a linear cable under a current that has flowed for ever."""
    simulation = rv.Simulation(
        discretisation,
        method=rv.Method("backward_euler", dt_ms=FOREVER_ms),
        stimuli=[clamp(at, amplitude_nA)],
        v_init_mV=v_init_mV,
    )
    simulation.advance(3)
    return simulation.v_mV


def extrapolated(run: Callable[[float], np.ndarray], dt_ms: float, levels: int = 2) -> np.ndarray:
    """`run(dt)` at vanishing dt: Richardson on `levels` halvings of a first-order error."""
    rows = [np.asarray(run(dt_ms / 2**k)) for k in range(levels)]
    for order in range(1, levels):
        weight = 2**order
        rows = [(weight * fine - coarse) / (weight - 1) for coarse, fine in pairwise(rows)]
    return rows[0]
