"""Membrane currents, found from what flows along an axon, against what its membranes pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ranvier as rv
from physics.cables import clamp
from physics.test_kirchhoff import forked_mrg, mrg, squid, tree
from ranvier.analysis._layers import LayerRun
from ranvier.fields import PointSource
from ranvier.stimuli import Extracellular, Ramp

IMBALANCE_RELATIVE = 1e-12  # of the sum of magnitudes, at every time


def recorded(d: rv.Discretisation, stimulus: rv.stimuli.Stimulus, dt_ms: float) -> rv.Result:
    ionic = [rv.Probe("i_mA_cm2", mechanism=name) for name in d.to_dict()["mechanisms"]]
    return rv.simulate(
        d,
        stimulus,
        [*rv.analysis.layer_probes(d), *ionic],
        t_stop_ms=1.5,
        method=rv.Method(dt_ms=dt_ms),
        detect=(),
    )


def through_membranes_nA(result: rv.Result, d: rv.Discretisation) -> np.ndarray:
    """(m - 2, n) at the inner samples: ionic currents as the channels told them, and capacitances
    by central differences; under a sheath what the myelin passes, by its own law."""
    data = d.to_dict()
    (run_mV,) = [potentials for _, potentials, _ in LayerRun(result).pieces()]
    t_ms = result["v_axoplasm_mV"].t_ms
    across_mV = run_mV[0] - (run_mV[1] if len(run_mV) == 2 else outside_mV(result, d))

    def slope(v_mV: np.ndarray) -> np.ndarray:
        return (v_mV[2:] - v_mV[:-2]) / (t_ms[2:] - t_ms[:-2])[:, None]

    ionic_nA = np.zeros(across_mV.shape)
    for name in data["mechanisms"]:
        trace = result["i_mA_cm2", name]
        rows = trace.compartments
        ionic_nA[:, rows] += 0.01 * trace.values * d.area_um2[rows]
    passed_nA = d.capacitance_nF * slope(across_mV) + ionic_nA[1:-1]
    if len(run_mV) == 1:
        return passed_nA
    (layer,) = data["layers"]
    free = layer["is_unknown"]
    over_myelin_mV = run_mV[1] - outside_mV(result, d)
    myelin_nA = (
        layer["capacitance_nF"] * slope(over_myelin_mV)
        + layer["conductance_uS"] * over_myelin_mV[1:-1]
    )
    # Out of the periaxonal space into an open one: a sum over neighbours of its own.
    arriving_nA = np.zeros_like(passed_nA)
    for child in range(len(d)):
        parent = int(d.parent[child])
        if parent >= 0 and (free[child] or free[parent]):
            drop_mV = (run_mV[1][:, parent] - run_mV[1][:, child])[1:-1]
            arriving_nA[:, child] += layer["axial_conductance_uS"][child] * drop_mV
            arriving_nA[:, parent] -= layer["axial_conductance_uS"][child] * drop_mV
    return np.where(free, myelin_nA, passed_nA + arriving_nA)


def outside_mV(result: rv.Result, d: rv.Discretisation) -> np.ndarray:
    """(m, n): what the electrodes of a ramp impose."""
    t_ms = result["v_axoplasm_mV"].t_ms
    total_mV = np.zeros((t_ms.size, len(d)))
    for stimulus in result.recipe.stimuli if result.recipe else ():
        if isinstance(stimulus, Extracellular):
            pieces = stimulus.waveform.lower()
            level = np.interp(t_ms, pieces.t_ms, pieces.value)
            total_mV += np.outer(level, stimulus.outside_mV(d))
    return total_mV


def away_from_corners(t_ms: np.ndarray, corners_ms: list[float]) -> np.ndarray:
    """Where central differences see a smooth curve: the inner samples 0.1 ms from any corner."""
    return np.min(np.abs(t_ms[1:-1, None] - corners_ms), axis=1) > 0.1


@pytest.mark.parametrize(
    ("build", "amplitude_nA"),
    [(squid, 1e4), (tree, 20.0), (mrg, 5.0), (forked_mrg, 20.0)],
)
def test_they_are_what_the_membranes_pass_to_second_order(
    build: Callable[[], tuple[rv.Discretisation, int]], amplitude_nA: float
) -> None:
    d, stimulated = build()
    stimulus = clamp(stimulated, amplitude_nA, onset_ms=0.1, duration_ms=0.1)
    errors = []
    for dt_ms in (0.004, 0.002, 0.001):
        result = recorded(d, stimulus, dt_ms)
        found = rv.analysis.membrane_currents(result)
        smooth = away_from_corners(found.t_ms, [0.0, 0.1, 0.2])
        expected_nA = through_membranes_nA(result, d)[smooth]
        scale_nA = np.abs(expected_nA).max()
        errors.append(np.abs(found.i_nA[1:-1][smooth] - expected_nA).max() / scale_nA)
    assert errors[-1] < 2e-3
    assert errors[-1] < errors[-2] / 3 < errors[-3] / 9  # by 4, where the step is small enough


@pytest.mark.parametrize("build", [squid, mrg])
def test_under_an_electrode_they_are_what_the_membranes_pass(
    build: Callable[[], tuple[rv.Discretisation, int]],
) -> None:
    """With the potential imposed outside put back, which runs leave out."""
    d, _ = build()
    electrode = Extracellular(
        field=PointSource(position_um=(300.0, 0.0, 700.0)),
        waveform=Ramp(onset_ms=0.1, duration_ms=0.7),
        amplitude_mA=0.2 if build is mrg else 1.0,
    )
    errors = []
    for dt_ms in (0.002, 0.001):
        result = recorded(d, electrode, dt_ms)
        found = rv.analysis.membrane_currents(result)
        assert not found.injected_nA.any()
        during = away_from_corners(found.t_ms, [0.1, 0.8]) & (found.t_ms[1:-1] < 0.8)
        expected_nA = through_membranes_nA(result, d)[during]
        scale_nA = np.abs(expected_nA).max()
        errors.append(np.abs(found.i_nA[1:-1][during] - expected_nA).max() / scale_nA)
    assert errors[-1] < 1e-2
    assert errors[-1] < errors[-2] / 3


@pytest.mark.parametrize(
    ("build", "amplitude_nA"),
    [(squid, 1e4), (tree, 20.0), (mrg, 5.0), (forked_mrg, 20.0)],
)
@pytest.mark.parametrize("method", ["backward_euler", "rosenbrock2"])
def test_with_the_stimulus_they_sum_to_zero_at_every_time(
    build: Callable[[], tuple[rv.Discretisation, int]], amplitude_nA: float, method: str
) -> None:
    d, stimulated = build()
    result = rv.simulate(
        d,
        clamp(stimulated, amplitude_nA, onset_ms=0.1, duration_ms=0.3),
        rv.analysis.layer_probes(d),
        t_stop_ms=1.0,
        method=rv.Method(method, dt_ms=0.005),
    )
    found = rv.analysis.membrane_currents(result)
    assert found.imbalance.max() <= IMBALANCE_RELATIVE
    during = (found.t_ms > 0.11) & (found.t_ms < 0.39)
    assert (found.injected_nA[during] == amplitude_nA).all()
    assert found.i_nA[during].sum(axis=1) == pytest.approx(amplitude_nA, rel=1e-9)
    assert np.abs(found.i_nA).max() > 0.01 * amplitude_nA


def test_a_junction_has_no_current_and_takes_its_potential_from_its_neighbours() -> None:
    d, stimulated = tree()
    result = rv.simulate(
        d,
        clamp(stimulated, 20.0),
        rv.Probe("v_axoplasm_mV", list(range(len(d)))),
        t_stop_ms=1.0,
        method=rv.Method("backward_euler", dt_ms=0.005),
        detect=(),
    )
    ((_, (v_mV,), _),) = LayerRun(result).pieces()
    # What the solver has there, which the function does not look at.
    assert np.allclose(v_mV, result["v_axoplasm_mV"].values, rtol=0, atol=1e-9)
    assert d.is_junction.sum() == 2


def test_many_pieces_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fibre = rv.fibers.mrg(nodes=5)
    probes = rv.analysis.layer_probes(fibre, every_ms=0.02)
    result = rv.simulate(fibre, fibre.stimulus, probes, t_stop_ms=1)
    whole = rv.analysis.membrane_currents(result)
    monkeypatch.setattr("ranvier.analysis._layers.PIECE_BYTES", 7 * 8 * 45)
    pieces = rv.analysis.membrane_currents(result)
    assert np.array_equal(pieces.i_nA, whole.i_nA)
    assert np.array_equal(pieces.injected_nA, whole.injected_nA)


def test_potentials_that_went_to_disk_are_read_from_there(tmp_path: Path) -> None:
    fibre = rv.fibers.mrg(nodes=5)
    on_disk = [
        rv.Probe(each.quantity, to=tmp_path / f"{each.quantity}.npy")
        for each in rv.analysis.layer_probes(fibre)
    ]
    found = [
        rv.analysis.membrane_currents(rv.simulate(fibre, fibre.stimulus, probes, t_stop_ms=0.5))
        for probes in (on_disk, rv.analysis.layer_probes(fibre))
    ]
    assert np.array_equal(found[0].i_nA, found[1].i_nA)


def test_steps_that_choose_themselves_balance_too() -> None:
    fibre = rv.fibers.mrg(nodes=7)
    result = rv.simulate(
        fibre,
        fibre.stimulus,
        rv.analysis.layer_probes(fibre),
        t_stop_ms=1.0,
        method=rv.Method("adaptive"),
    )
    assert rv.analysis.membrane_currents(result).imbalance.max() <= IMBALANCE_RELATIVE


def test_a_result_from_a_file_needs_to_be_told_what_it_was_a_run_of(tmp_path: Path) -> None:
    fibre = rv.fibers.mrg(nodes=5)
    d = rv.discretise(fibre.model, fibre.mesh)
    result = rv.simulate(fibre, fibre.stimulus, rv.analysis.layer_probes(fibre), t_stop_ms=0.5)
    result.save(tmp_path / "run.npz")
    again = rv.load(tmp_path / "run.npz")
    with pytest.raises(ValueError, match="does not know what it was a run of"):
        rv.analysis.membrane_currents(again)
    found = rv.analysis.membrane_currents(again, discretisation=d, stimuli=[fibre.stimulus])
    assert np.array_equal(found.i_nA, rv.analysis.membrane_currents(result).i_nA)
    other = rv.fibers.mrg(nodes=6)
    with pytest.raises(ValueError, match=r"the discretisation has 56 compartments, expected the"):
        rv.analysis.membrane_currents(
            again, discretisation=rv.discretise(other.model, other.mesh), stimuli=[]
        )


@pytest.mark.parametrize(
    ("probes", "sentence"),
    [
        ([rv.Probe("v_mV")], "v_axoplasm_mV was not recorded, expected a run with the probes"),
        ([rv.Probe("v_axoplasm_mV")], "v_periaxonal_mV was not recorded, expected a run with"),
        (
            [rv.Probe("v_axoplasm_mV", "node"), rv.Probe("v_periaxonal_mV")],
            "v_axoplasm_mV was not recorded in 40 of 45 compartments, expected it everywhere",
        ),
        (
            [rv.Probe("v_axoplasm_mV"), rv.Probe("v_periaxonal_mV", every_ms=0.02)],
            "the layers were recorded at different times, expected the same",
        ),
    ],
)
def test_what_was_not_recorded_is_a_sentence(probes: list[rv.Probe], sentence: str) -> None:
    fibre = rv.fibers.mrg(nodes=5)
    result = rv.simulate(fibre, fibre.stimulus, probes, t_stop_ms=0.1)
    with pytest.raises(ValueError, match=sentence):
        rv.analysis.membrane_currents(result)
