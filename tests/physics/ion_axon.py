"""A squid-like axon whose sodium and potassium move, for ranvier and as a plain right-hand side.

The right-hand side shares nothing with the solver but the parameters that are written down here:
rates, volumes and diffusion are stated again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import ranvier as rv
from ranvier.stimuli import CurrentClamp, Pulse

Array = NDArray[np.float64]

FARADAY_C_MOL = 96485.33212331001
GAS_CONSTANT_J_MOL_K = 8.31446261815324

#: Kager & Somjen's form: saturates, and is smooth.
PUMP = rv.mechanisms.Mechanism.from_dict(
    {
        "kind": "pump",
        "parameters": {"i_max_mA_cm2": 0.006829},
        "definitions": {
            "i_mA_cm2": "i_max_mA_cm2 * (1 + 2 / k_out_mM) ** -2 * (1 + 10 / na_in_mM) ** -3"
        },
        "currents_mA_cm2": {"na": "3 * i_mA_cm2", "k": "-2 * i_mA_cm2"},
    },
    default_name="na_k_pump",
)
#: Of mixed kinds: conductances to both ions behind one gate, so that each current has slopes.
MIXED = rv.mechanisms.Mechanism.from_dict(
    {
        "parameters": {"g_bar_S_cm2": 2e-4},
        "gates": {"r": {"steady_state": "1 / (1 + exp((v_mV + 60) / 8))", "tau_ms": "3.0"}},
        "currents_mA_cm2": {
            "na": "0.3 * g_bar_S_cm2 * r * (v_mV - e_na_mV)",
            "k": "0.7 * g_bar_S_cm2 * r * (v_mV - e_k_mV)",
        },
    },
    default_name="mixed_cation",
)


def vtrap(x: Array, y: float) -> Array:
    return y * np.where(np.abs(x) < 1e-9, 1 - x / y / 2, (x / y) / np.expm1(x / y))


@dataclass(frozen=True)
class IonAxon:
    """A cylinder of equal compartments, with ions in axoplasm and shell; sealed ends."""

    compartments: int = 1
    length_um: float = 20.0
    diameter_um: float = 1.0
    shell_um: float = 0.05
    exchange_ms: float = 40.0
    diffusion_um2_per_ms: float = 1.5
    temperature_degC: float = 18.5
    r_a_ohm_cm: float = 100.0
    g_leak_S_cm2: float = 3e-4
    e_leak_mV: float = -54.0
    v_init_mV: float = -65.0
    na_mM: tuple[float, float] = (60.0, 440.0)
    k_mM: tuple[float, float] = (400.0, 18.0)
    i_nA: float = 0.01
    at: int = 0

    def model(self) -> rv.Model:
        how = {
            "accumulates": "both",
            "diffusion_um2_per_ms": self.diffusion_um2_per_ms,
            "shell_um": self.shell_um,
            "exchange_ms": self.exchange_ms,
        }
        return rv.Model(
            sections=[
                rv.Section(
                    "axon",
                    length_um=self.length_um,
                    diameter_um=self.diameter_um,
                    r_a_ohm_cm=self.r_a_ohm_cm,
                )
            ],
            placements=[
                rv.Placement("na_hh"),
                rv.Placement("k_hh"),
                rv.Placement("leak", g_bar_S_cm2=self.g_leak_S_cm2, e_leak_mV=self.e_leak_mV),
                rv.Placement(PUMP),
                rv.Placement(MIXED),
            ],
            ions=[
                rv.Ion("na", inside_mM=self.na_mM[0], outside_mM=self.na_mM[1], **how),
                rv.Ion("k", inside_mM=self.k_mM[0], outside_mM=self.k_mM[1], **how),
            ],
            temperature_degC=self.temperature_degC,
        )

    def discretised(self) -> rv.Discretisation:
        return rv.discretise(self.model(), rv.FixedCount(self.compartments))

    def stimulus(self) -> CurrentClamp:
        """Constant from the start, so that nothing jumps within a run."""
        return CurrentClamp(
            waveform=Pulse(onset_ms=0.0, duration_ms=1e6), at=[self.at], amplitude_nA=self.i_nA
        )

    def simulation(
        self, dt_ms: float, probes: tuple[rv.Probe, ...] = (), *, ions_every: int = 1
    ) -> rv.Simulation:
        return rv.Simulation(
            self.discretised(),
            method=rv.Method(dt_ms=dt_ms, ions_every=ions_every),
            stimuli=[self.stimulus()],
            probes=probes,
            v_init_mV=self.v_init_mV,
        )

    # The same again, as dy/dt = f(y): y = (v, m, h, n, r, na_in, na_out, k_in, k_out), (9, n).

    @staticmethod
    def rates_per_ms(v: Array) -> list[tuple[Array, Array]]:
        """Of m, h and n at 6.3 degC."""
        return [
            (0.1 * vtrap(-(v + 40), 10), 4 * np.exp(-(v + 65) / 18)),
            (0.07 * np.exp(-(v + 65) / 20), 1 / (np.exp(-(v + 35) / 10) + 1)),
            (0.01 * vtrap(-(v + 55), 10), 0.125 * np.exp(-(v + 65) / 80)),
        ]

    def start(self) -> Array:
        v = np.full(self.compartments, self.v_init_mV)
        gates = [a / (a + b) for a, b in self.rates_per_ms(v)]
        gates.append(1 / (1 + np.exp((v + 60) / 8)))
        one = np.ones(self.compartments)
        return np.array([v, *gates, *(mM * one for mM in (*self.na_mM, *self.k_mM))])

    def slope(self, _t_ms: float, y: Array) -> Array:
        v, m, h, n, r, na_in, na_out, k_in, k_out = y.reshape(9, self.compartments)
        phi = 3.0 ** ((self.temperature_degC - 6.3) / 10)
        gates = [
            phi * (a * (1 - x) - b * x)
            for x, (a, b) in zip((m, h, n), self.rates_per_ms(v), strict=True)
        ]
        gates.append((1 / (1 + np.exp((v + 60) / 8)) - r) / 3.0)
        thermal_mV = 1e3 * GAS_CONSTANT_J_MOL_K * (self.temperature_degC + 273.15) / FARADAY_C_MOL
        e_na, e_k = thermal_mV * np.log(na_out / na_in), thermal_mV * np.log(k_out / k_in)
        pump = 0.006829 * (1 + 2 / k_out) ** -2 * (1 + 10 / na_in) ** -3
        i_na = 0.12 * m**3 * h * (v - e_na) + 3 * pump + 0.3 * 2e-4 * r * (v - e_na)  # mA/cm2
        i_k = 0.036 * n**4 * (v - e_k) - 2 * pump + 0.7 * 2e-4 * r * (v - e_k)
        i_leak = self.g_leak_S_cm2 * (v - self.e_leak_mV)
        dx_um, d, w = self.length_um / self.compartments, self.diameter_um, self.shell_um
        area_um2, volume_um3 = np.pi * d * dx_um, np.pi / 4 * d**2 * dx_um
        shell_um3 = np.pi * w * (d + w) * dx_um
        axial_uS = np.pi / 4 * d**2 / (self.r_a_ohm_cm * dx_um) * 1e2
        drive_nA = np.zeros(self.compartments)
        drive_nA[self.at] = self.i_nA
        i_nA = (i_na + i_k + i_leak) * area_um2 * 1e-2
        v_slope = (along(v, axial_uS) + drive_nA - i_nA) / (area_um2 * 1e-5)
        out = [v_slope, *gates]
        for current, inside, outside, (_, bath) in (
            (i_na, na_in, na_out, self.na_mM),
            (i_k, k_in, k_out, self.k_mM),
        ):
            efflux = current * area_um2 * 1e-2 * 1e6 / FARADAY_C_MOL  # amol/ms
            spread = self.diffusion_um2_per_ms / dx_um**2
            out.append(-efflux / volume_um3 + along(inside, spread))
            out.append(
                efflux / shell_um3 + along(outside, spread) + (bath - outside) / self.exchange_ms
            )
        return np.concatenate(out)

    def state_of(self, simulation: rv.Simulation) -> Array:
        """Potentials and concentrations of a run, (5, n), in the order of y."""
        ledger = simulation.ledger()
        assert ledger is not None
        stores = [
            ledger.store(ion, layer) for ion in ("na", "k") for layer in ("inside", "outside")
        ]
        return np.array([simulation.v_mV, *(store.now_mM for store in stores)])


def along(x: Array, conductance: float) -> Array:
    """What flows in from neighbours along a sealed chain."""
    flow = conductance * np.diff(x)
    into = np.zeros_like(x)
    into[:-1] += flow
    into[1:] -= flow
    return into
