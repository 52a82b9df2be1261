"""A potential imposed outside against a dense solution that imposes it, without any shift."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.fields import CurvedPath, PointSource
from ranvier.stimuli import Biphasic, Extracellular, Pulse, Ramp, Samples, Sine, Waveform
from ranvier.stimuli._imposed_potential import jumps_of, slopes_of

DT_ms = 0.01
STEPS = 60
WAVEFORMS = [
    Pulse(onset_ms=0.05, duration_ms=0.1),
    Pulse(onset_ms=0.0533, duration_ms=0.1),
    Biphasic(onset_ms=0.05, duration_ms=0.1, gap_ms=0.03, second_duration_ms=0.3),
    Ramp(onset_ms=0.02, duration_ms=0.2, hold_ms=0.1, start_value=-0.3),
    Sine(duration_ms=0.5, frequency_Hz=2500.0, phase_deg=40.0),
    Samples(t_ms=[0.0, 0.1, 0.1, 0.1, 0.4], value=[0.5, 1.0, -1.0, 2.0, 0.3]),
]


def passive_myelin() -> rv.Discretisation:
    """An MRG fibre whose nodes only leak."""
    myelinated = rv.fibers.mrg(nodes=4, refine=2)
    places = [each for each in myelinated.model.placements if each.mechanism == "leak"]
    model = rv.Model(sections=myelinated.model.sections, placements=places)
    return rv.discretise(model, myelinated.mesh)


def level(waveform: Waveform, t_ms: float) -> float:
    """From the left; 0 before and after."""
    pieces = waveform.lower()
    k = int(np.searchsorted(pieces.t_ms, t_ms, "left"))
    if k == 0 or k == pieces.t_ms.size:
        return 0.0
    (t0, t1), (v0, v1) = pieces.t_ms[k - 1 : k + 1], pieces.value[k - 1 : k + 1]
    return float(v0 + (v1 - v0) * (t_ms - t0) / (t1 - t0))


def mean(waveform: Waveform, from_ms: float) -> float:
    pieces = waveform.lower()
    inside_ms = np.clip(pieces.t_ms, from_ms, from_ms + DT_ms)
    t_ms = np.unique([*inside_ms, from_ms, from_ms + DT_ms])
    middles = 0.5 * (t_ms[1:] + t_ms[:-1])
    return float(sum(np.diff(t_ms) * [level(waveform, each) for each in middles])) / DT_ms


def dense(d: rv.Discretisation, phi_mV: np.ndarray, waveform: Waveform) -> np.ndarray:
    """Membrane potentials by backward Euler: phi itself in the balance of the periaxonal space, its
    change over the step through capacitances and its mean through conductances."""
    n = len(d)
    data = d.to_dict()
    (layer,) = data["layers"]
    leak = data["mechanisms"]["leak"]
    g_uS, e_mV = np.zeros(n), np.zeros(n)
    g_uS[leak["compartment"]] = (
        0.01 * leak["parameters"]["g_bar_S_cm2"] * d.area_um2[leak["compartment"]]
    )
    e_mV[leak["compartment"]] = leak["parameters"]["e_leak_mV"]

    def axial(uS: np.ndarray) -> np.ndarray:
        matrix = np.zeros((n, n))
        for i in range(1, n):
            for a, b in ((i, d.parent[i]), (d.parent[i], i)):
                matrix[a, a] += uS[i]
                matrix[a, b] -= uS[i]
        return matrix

    c, free = np.diag(d.capacitance_nF) / DT_ms, layer["is_unknown"].astype(float)
    g, zero = np.diag(g_uS), np.zeros((n, n))
    c_sheath, g_sheath = np.diag(layer["capacitance_nF"]) / DT_ms, np.diag(layer["conductance_uS"])
    stored = np.block([[c, -c], [-c, c + c_sheath]])
    flows = np.block([[g, -g], [-g, g + g_sheath]])
    flows += np.block(
        [[axial(d.axial_conductance_uS), zero], [zero, axial(layer["axial_conductance_uS"])]]
    )
    matrix = stored + flows
    is_open = np.concatenate([np.zeros(n, bool), free == 0])
    rest = np.concatenate([g @ e_mV, -(g @ e_mV)])
    at_rest = flows.copy()
    at_rest[is_open] = np.eye(2 * n)[is_open]
    x = np.linalg.solve(at_rest, np.where(is_open, 0.0, rest))
    matrix[is_open] = np.eye(2 * n)[is_open]
    outside = np.concatenate([np.zeros(n), phi_mV])
    found = [x[:n] - x[n:]]
    before = 0.0
    for step in range(STEPS):
        after = level(waveform, (step + 1) * DT_ms * (1 - 1e-12))
        held = mean(waveform, step * DT_ms)
        pull = np.concatenate(
            [np.zeros(n), (after - before) * c_sheath @ phi_mV + held * g_sheath @ phi_mV]
        )
        rhs = stored @ x + rest + pull
        x = np.linalg.solve(matrix, np.where(is_open, held * outside, rhs))
        found.append(x[:n] - x[n:])
        before = after
    return np.array(found)


@pytest.mark.parametrize(
    "waveform", [WAVEFORMS[0], WAVEFORMS[2]], ids=lambda each: type(each).__name__
)
def test_potential_of_nodes_is_that_of_the_dense_solution(waveform: Waveform) -> None:
    d = passive_myelin()
    field = PointSource(position_um=(100, 0, 300.0))
    bent = CurvedPath(points_um=[(-1800, 400, 0), (0, 0, 0), (3000, 0, 500)])
    stimulus = Extracellular(field=field, waveform=waveform, amplitude_mA=-0.5, path=bent)
    result = rv.simulate(
        d,
        stimulus,
        rv.Probe(),
        t_stop_ms=STEPS * DT_ms,
        method=rv.Method("backward_euler", dt_ms=DT_ms),
        detect=(),
    )
    expected_mV = dense(d, stimulus.outside_mV(d), waveform)
    is_open = ~d.to_dict()["layers"][0]["is_unknown"]
    found_mV = result["v_mV"].values
    assert np.ptp(expected_mV[:, is_open]) > 1.0
    np.testing.assert_allclose(
        found_mV[:, is_open], expected_mV[:, is_open], atol=tolerances.IMPOSED_POTENTIAL_mV, rtol=0
    )


@pytest.mark.parametrize("waveform", [WAVEFORMS[1], WAVEFORMS[4]], ids=["pulse", "sine"])
def test_lanes_are_driven_as_the_plain_solver_is(waveform: Waveform) -> None:
    fibre = rv.fibers.mrg(nodes=5)
    stimulus = Extracellular(
        field=PointSource(position_um=(100, 0, 300.0)), waveform=waveform, amplitude_mA=-0.2
    )
    lanes, plain = (
        rv.simulate(fibre, stimulus, rv.Probe(), t_stop_ms=1.0, solver=solver)["v_mV"].values
        for solver in ("lanes", "plain")
    )
    np.testing.assert_allclose(lanes, plain, atol=tolerances.IMPOSED_POTENTIAL_mV, rtol=0)


@pytest.mark.parametrize("waveform", WAVEFORMS, ids=lambda each: type(each).__name__)
def test_jumps_and_slopes_add_up_to_the_waveform(waveform: Waveform) -> None:
    pieces = waveform.lower()
    parts = [part for part in (jumps_of(pieces), slopes_of(pieces)) if part is not None]
    for t_ms in np.linspace(0.0077, 0.7, 23):
        total = 0.0
        for part in parts:
            edges_ms = np.minimum(part.t_ms, t_ms)
            total += float(np.trapezoid(part.value, edges_ms))
        assert total == pytest.approx(level(waveform, float(t_ms)), abs=1e-9)
