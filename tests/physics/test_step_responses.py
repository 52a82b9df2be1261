"""Passive cylinders under a current step, against series and error functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erfc

import ranvier as rv
import tolerances
from physics.cables import Cylinder, E_LEAK_mV, clamp, extrapolated


def step_response_mV(
    d: rv.Discretisation, rows: list[int], t_ms: list[float], dt_ms: float, amplitude_nA: float
) -> np.ndarray:
    """(t, row) at times that are multiples of dt, the step being at t = 0."""
    result = rv.simulate(
        d,
        clamp(0, amplitude_nA),
        rv.Probe("v_mV", rows),
        t_stop_ms=t_ms[-1],
        method=rv.Method("backward_euler", dt_ms=dt_ms),
        v_init_mV=E_LEAK_mV,
        detect=(),
    )
    return result["v_mV"].values[np.round(np.array(t_ms) / dt_ms).astype(int)]


def semi_infinite(x: float, t: float) -> float:
    """Rall 1977, in units of the steady deflection at x = 0."""
    root = np.sqrt(t)
    return 0.5 * float(
        np.exp(-x) * erfc(x / (2 * root) - root) - np.exp(x) * erfc(x / (2 * root) + root)
    )


def sealed(x: float, t: float, length: float) -> float:
    """The eigenfunction series of a sealed cylinder, in units of I R_infinity."""
    k = np.arange(1, 20_000)
    a = k * np.pi / length
    series = np.exp(-t * (1 + a**2)) * np.cos(a * x) / (1 + a**2)
    steady = np.cosh(length - x) / np.sinh(length)
    return float(steady - np.exp(-t) / length - 2 / length * series.sum())


@pytest.mark.parametrize(
    ("x", "t", "printed"),
    [
        *((0.0, t, v) for t, v in [(0.1, 0.345279), (0.5, 0.682689), (1, 0.842701), (2, 0.9545)]),
        *((1.0, t, v) for t, v in [(0.1, 0.003636), (0.5, 0.122098), (1, 0.233612), (2, 0.326423)]),
    ],
)
def test_semi_infinite_formula(x: float, t: float, printed: float) -> None:
    assert semi_infinite(x, t) == pytest.approx(printed, abs=5e-7)


def test_step_into_a_semi_infinite_cable() -> None:
    cylinder = Cylinder(length_um=12e3)  # the far end is not felt within two time constants
    d = cylinder.discretised(4800)
    rows = [0, 200, 400, 800]
    t_ms = [cylinder.tau_ms * t for t in (0.1, 0.5, 1.0, 2.0)]
    v_mV = extrapolated(lambda dt: step_response_mV(d, rows, t_ms, dt, 1.0), 0.02)
    found = (v_mV - E_LEAK_mV) / cylinder.r_infinite_Mohm
    x = d.distance_um[rows] / cylinder.lambda_um
    expected = [[semi_infinite(xx, t / cylinder.tau_ms) for xx in x] for t in t_ms]
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerances.STEP_RESPONSE)


# Rallpack 1.1: Bhalla, Bilitch & Bower 1992, doi:10.1016/0166-2236(92)90009-W. The values are those
# of the series above at the very ends; a compartment reports its centre.
RALLPACK_t_ms = [1.0, 10.0, 50.0, 100.0, 250.0]
RALLPACK_1_mV = {
    0.0: [-42.47171632, 1.47329766, 65.70189176, 91.72945829, 101.93505186],
    1.0: [-64.99991149, -54.27068945, 6.86336675, 32.89087439, 43.09646797],
}
RALLPACK_2_mV = {
    0.0: [-64.33297886, -59.44619773, -47.2038009, -42.12029757, -40.12701757],
    0.08: [-64.41251391, -59.52573278, -47.28333596, -42.19983262, -40.20655263],
}
RALLPACK_CYLINDER = Cylinder(length_um=1000.0, diameter_um=1.0, r_m_ohm_cm2=4e4)


@pytest.mark.parametrize("x", RALLPACK_1_mV)
def test_series_gives_rallpack_1(x: float) -> None:
    i_r_mV = 0.1 * RALLPACK_CYLINDER.r_infinite_Mohm
    found_mV = [-65.0 + i_r_mV * sealed(x, t / 40.0, 1.0) for t in RALLPACK_t_ms]
    np.testing.assert_allclose(found_mV, RALLPACK_1_mV[x], rtol=0, atol=1e-7)


def test_rallpack_1() -> None:
    d = RALLPACK_CYLINDER.discretised(1000)
    v_mV = extrapolated(lambda dt: step_response_mV(d, [0, 999], RALLPACK_t_ms, dt, 0.1), 0.1, 3)
    i_r_mV = 0.1 * RALLPACK_CYLINDER.r_infinite_Mohm
    centres = d.distance_um[[0, 999]] / 1000.0
    exact_mV = [[-65.0 + i_r_mV * sealed(x, t / 40.0, 1.0) for x in centres] for t in RALLPACK_t_ms]
    np.testing.assert_allclose(v_mV, exact_mV, rtol=0, atol=tolerances.RALLPACK_1_mV)
    # Half a compartment from the end: 0.06 mV from the published value at 1000 compartments.
    published_mV = np.transpose(list(RALLPACK_1_mV.values()))
    np.testing.assert_allclose(v_mV, published_mV, rtol=0, atol=tolerances.RALLPACK_1_END_mV)


def rallpack_2() -> rv.Discretisation:
    """1023 compartments in ten levels, each daughter thinner by 2^(2/3) and shorter by 2^(1/3)."""
    sections = [rv.Section("1", length_um=32.0, diameter_um=16.0)]
    for index in range(2, 1024):
        level = index.bit_length() - 1
        sections.append(
            rv.Section(
                str(index),
                parent=str(index // 2),
                length_um=32.0 * 2 ** (-level / 3),
                diameter_um=16.0 * 2 ** (-2 * level / 3),
            )
        )
    leak = rv.Placement("leak", g_bar_S_cm2=1 / 4e4, e_leak_mV=-65.0)
    return rv.discretise(rv.Model(sections=sections, placements=[leak]), rv.FixedCount(1))


def test_rallpack_2() -> None:
    d = rallpack_2()
    tip = len(d) - 1
    v_mV = extrapolated(lambda dt: step_response_mV(d, [0, tip], RALLPACK_t_ms, dt, 0.1), 0.1, 3)
    trunk = Cylinder(length_um=320.0, diameter_um=16.0, r_m_ohm_cm2=4e4)
    i_r_mV = 0.1 * trunk.r_infinite_Mohm
    exact_mV = [
        [-65.0 + i_r_mV * sealed(x, t / 40.0, 0.08) for x in (0.004, 0.076)] for t in RALLPACK_t_ms
    ]
    np.testing.assert_allclose(v_mV, exact_mV, rtol=0, atol=tolerances.RALLPACK_2_mV)
    published_mV = np.transpose(list(RALLPACK_2_mV.values()))
    np.testing.assert_allclose(v_mV, published_mV, rtol=0, atol=tolerances.RALLPACK_2_END_mV)


@pytest.mark.parametrize("mode", range(5))
def test_modes_of_a_sealed_cylinder_decay_at_their_own_rates(mode: int) -> None:
    """cos(k pi x / L) is a mode of the cable and of any equal mesh of it."""
    cylinder = Cylinder()
    n, dt_ms = 501, 0.01
    d = cylinder.discretised(n)
    simulation = rv.Simulation(
        d,
        method=rv.Method("backward_euler", dt_ms=dt_ms),
        stimuli=[clamp(0, 10.0, duration_ms=dt_ms)],
        v_init_mV=E_LEAK_mV,
    )
    shape = np.cos(mode * np.pi * d.distance_um / cylinder.length_um)
    simulation.advance(1)
    before = shape @ (simulation.v_mV - E_LEAK_mV)
    steps = 100
    simulation.advance(steps)
    decay = (shape @ (simulation.v_mV - E_LEAK_mV) / before) ** (1 / steps)
    rate_per_ms = (1 / decay - 1) / dt_ms  # backward Euler's factor is 1 / (1 + dt rate)

    curvature = 2 - 2 * np.cos(mode * np.pi / n)
    on_the_mesh = (1 + (n * cylinder.lambda_um / cylinder.length_um) ** 2 * curvature) / 20.0
    assert rate_per_ms == pytest.approx(on_the_mesh, rel=tolerances.MODE_ON_THE_MESH_RELATIVE)
    exact = (1 + (mode * np.pi / cylinder.electrotonic_length) ** 2) / 20.0
    assert rate_per_ms == pytest.approx(exact, rel=tolerances.MODE_RELATIVE)
