"""A squid patch under voltage clamp: sodium current against gates in closed form, and what a series
resistance does to it.

    python benchmarks/voltage_clamp.py            some seconds

At constant potential every gate relaxes exponentially, so that the current is g m^3 h (v - E) with
numbers that a formula gives. The first table is of a clamp that holds (2 ohm), the second of
what an electrode has. Peaks are of samples every us.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import ranvier as rv
from ranvier import mechanisms
from ranvier.stimuli import Samples, VoltageClamp

HOLDING_mV, E_NA_mV, ONSET_ms = -65.0, 50.0, 0.5
LENGTH_um = DIAMETER_um = 10.0
LEVELS_mV = (-40.0, -20.0, 0.0, 20.0, 40.0, 49.999, 50.001, 60.0, 80.0)
EVERY_ms = 0.001
METHODS = (
    rv.Method("adaptive", rtol=1e-7, atol_mV=1e-6),
    rv.Method("rosenbrock2", dt_ms=0.001),
    rv.Method("rosenbrock2", dt_ms=0.005),
)


def patch() -> rv.Discretisation:
    model = rv.Model(
        sections=[rv.Section("patch", length_um=LENGTH_um, diameter_um=DIAMETER_um)],
        placements=[rv.Placement("na_hh")],
        ions=[rv.Ion("na", e_mV=E_NA_mV)],
        temperature_degC=6.3,
    )
    return rv.discretise(model, rv.FixedCount())


def clamped_mA_cm2(
    level_mV: float, resistance_Mohm: float, method: rv.Method
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Times since the step, (m,), sodium current and potential there."""
    clamp = VoltageClamp(
        waveform=Samples(t_ms=[ONSET_ms, 100.0], value=[1.0, 1.0]),
        at="patch",
        holding_mV=HOLDING_mV,
        amplitude_mV=level_mV - HOLDING_mV,
        series_resistance_Mohm=resistance_Mohm,
    )
    every_ms = EVERY_ms if method.is_adaptive else None
    result = rv.simulate(
        patch(),
        clamp,
        [
            rv.Probe("i_mA_cm2", mechanism="na_hh", every_ms=every_ms),
            rv.Probe("v_mV", every_ms=every_ms),
        ],
        t_stop_ms=ONSET_ms + 5.0,
        method=method,
        v_init_mV=HOLDING_mV,
        detect=(),
    )
    trace = result["i_mA_cm2"]
    after = trace.t_ms > ONSET_ms + 2e-3
    return trace.t_ms[after] - ONSET_ms, trace.values[after, 0], result["v_mV"].values[after, 0]


def analytic_mA_cm2(level_mV: float, since_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    gates = []
    for gate in ("m", "h"):
        alpha, beta = mechanisms.rates("na_hh", np.array([HOLDING_mV, level_mV]))[gate]
        steady, rate_per_ms = alpha / (alpha + beta), alpha + beta
        gates.append(steady[1] + (steady[0] - steady[1]) * np.exp(-rate_per_ms[1] * since_ms))
    m, h = gates
    g_S_cm2 = mechanisms.describe("na_hh")["parameters"]["g_bar_S_cm2"]
    return np.asarray(g_S_cm2 * m**3 * h * (level_mV - E_NA_mV))


def peak(values: NDArray[np.float64]) -> tuple[int, float]:
    at = int(np.abs(values).argmax())
    return at, float(values[at])


def compare_methods() -> None:
    print("peak sodium current, mA/cm2, and the largest error after the step over that peak")
    head = "".join(f"{m.name} {m.dt_ms * 1e3:g} us".rjust(20) for m in METHODS)
    print(f"{'level, mV':>10}{'analytic':>14}{head}")
    crossing: dict[int, list[float]] = {}
    for level_mV in LEVELS_mV:
        errors = ""
        for k, method in enumerate(METHODS):
            since_ms, found, _ = clamped_mA_cm2(level_mV, 2e-6, method)
            exact = analytic_mA_cm2(level_mV, since_ms)
            _, largest = peak(exact)
            errors += f"{np.abs(found - exact).max() / abs(largest):20.1e}"
            if abs(level_mV - E_NA_mV) < 0.01:
                crossing.setdefault(k, []).append(peak(found)[1])
        print(f"{level_mV:10g}{largest:14.6g}{errors}")
    for k, (below, above) in crossing.items():
        at_mV = E_NA_mV - 1e-3 - below * 2e-3 / (above - below)
        print(f"reverses at {at_mV:.9g} mV by {METHODS[k].name}, expected {E_NA_mV:g}")


def compare_resistances() -> None:
    print("\nat a command of -20 mV, 5 us by rosenbrock2: what the resistance does")
    print(f"{'R, Mohm':>10}{'peak, mA/cm2':>15}{'at, ms':>10}{'v then, mV':>12}")
    for resistance_Mohm in (2e-6, 0.1, 1.0, 5.0, 20.0):
        since_ms, found, v_mV = clamped_mA_cm2(-20.0, resistance_Mohm, METHODS[2])
        at, largest = peak(found)
        print(f"{resistance_Mohm:10g}{largest:15.5g}{since_ms[at]:10.4g}{v_mV[at]:12.4f}")


if __name__ == "__main__":
    compare_methods()
    compare_resistances()
