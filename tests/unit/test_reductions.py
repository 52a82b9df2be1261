"""What a run reduces itself to while it goes on: counts of spikes, first arrivals, peaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier import _core
from ranvier.analysis import conduction_velocity, local_velocity
from ranvier.errors import DivergedError
from ranvier.results import Crossings, Peaks

FIBRE = rv.fibers.hodgkin_huxley(length_um=20e3)
MESH = rv.FixedCount(40)
TRAIN = [
    rv.stimuli.CurrentClamp(
        waveform=rv.stimuli.Pulse(onset_ms=onset_ms, duration_ms=0.2), at=0, amplitude_nA=2e4
    )
    for onset_ms in (0.1, 8.1, 16.1)
]
SOLVERS = ["plain", "lanes"]


def run(**options: Any) -> rv.Result:
    stimuli = options.pop("stimuli", TRAIN)
    probes = options.pop("probes", ())
    t_stop_ms = options.pop("t_stop_ms", 24.0)
    return rv.simulate(FIBRE, stimuli, probes, t_stop_ms=t_stop_ms, mesh=MESH, **options)


# Spikes


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("keep", [0, 1, 2, 100])
def test_first_crossings_are_kept_and_all_are_counted(solver: str, keep: int) -> None:
    whole, some = run(
        detect=[rv.SpikeDetector(), rv.SpikeDetector(at=list(range(39, -1, -3)), keep=keep)],
        solver=solver,
    ).crossings
    assert whole.count.sum() == len(whole) == 120
    np.testing.assert_array_equal(some.count, whole.count[some.watched])
    assert len(some) == min(keep, 3) * some.watched.size
    for spike in range(min(keep, 3)):
        expected_ms = whole.arrival_ms(some.watched, spike=spike)
        assert np.isfinite(expected_ms).all()
        np.testing.assert_array_equal(some.arrival_ms(spike=spike), expected_ms)


def test_velocity_needs_no_more_than_first_crossings() -> None:
    whole, first = run(), run(detect=rv.SpikeDetector(keep=1))
    assert str(conduction_velocity(first)) == str(conduction_velocity(whole))
    with pytest.raises(
        ValueError, match="spike: is 1, expected one of the crossings that the dete"
    ):
        conduction_velocity(first, spike=1)
    with pytest.raises(ValueError, match="spike: is -1, expected 0 for the first crossing or more"):
        first.crossings[0].arrival_ms(spike=-1)


def test_a_silent_place_has_no_arrival_and_no_count() -> None:
    seen = Crossings(0.0, [2, 1, 2], [0.1, 0.2, 0.3], [1, 2, 5])
    assert seen.count.tolist() == [1, 2, 0]
    np.testing.assert_array_equal(seen.arrival_ms(), [0.2, 0.1, np.nan])
    np.testing.assert_array_equal(seen.arrival_ms([2, 1], spike=1), [0.3, np.nan])
    assert Crossings(0.0, [], [], []).count.tolist() == []


def test_counts_of_a_batch_are_those_of_single_runs() -> None:
    detect = rv.SpikeDetector(keep=1)
    batch = rv.simulate_batch(FIBRE, [TRAIN, TRAIN[:1]], t_stop_ms=24.0, mesh=MESH, detect=detect)
    for result, stimuli in zip(batch, (TRAIN, TRAIN[:1]), strict=True):
        expected = run(detect=detect, stimuli=stimuli).crossings[0]
        np.testing.assert_array_equal(result.crossings[0].count, expected.count)
        # Of one fibre in eight pieces, and of two in whole lanes: rounding.
        np.testing.assert_allclose(result.crossings[0].t_ms, expected.t_ms, rtol=1e-12)


# Peaks


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("every_ms", [None, 0.025])
def test_peaks_are_those_of_the_trace(solver: str, every_ms: float | None) -> None:
    at = [17, 3, 39]
    result = run(
        probes=rv.Probe("v_mV", at, every_ms=every_ms),
        peaks=[rv.PeakMap(at=at, every_ms=every_ms), rv.PeakMap()],
        solver=solver,
    )
    v_mV, t_ms = result["v_mV"].values, result["v_mV"].t_ms
    chosen, whole = result.peaks
    assert chosen.compartments.tolist() == at
    np.testing.assert_array_equal(chosen.v_mV, v_mV.max(axis=0))
    np.testing.assert_array_equal(chosen.t_ms, t_ms[v_mV.argmax(axis=0)])
    assert whole.compartments.size == 40
    if every_ms is None:
        np.testing.assert_array_equal(whole.v_mV[at], chosen.v_mV)


def test_peaks_under_myelin_are_those_of_the_trace() -> None:
    fibre = rv.fibers.mrg(nodes=5)
    result = rv.simulate(
        fibre, fibre.stimulus, rv.Probe(), t_stop_ms=0.5, peaks=rv.PeakMap(), precision="single"
    )
    np.testing.assert_array_equal(result.peaks[0].v_mV, result["v_mV"].values.max(axis=0))


def test_peaks_of_a_method_that_chooses_its_steps_are_at_their_ends() -> None:
    method = rv.Method("adaptive")
    result = run(probes=rv.Probe(), peaks=rv.PeakMap(), method=method, t_stop_ms=5.0)
    np.testing.assert_array_equal(result.peaks[0].v_mV, result["v_mV"].values.max(axis=0))
    with pytest.raises(rv.ModelError, match=r"peak map: every_ms is 0\.1, expected None with a me"):
        run(peaks=rv.PeakMap(every_ms=0.1), method=method)
    with pytest.raises(
        rv.ModelError, match=r"peak map: every_ms is 0\.0051, expected a whole mult"
    ):
        run(peaks=rv.PeakMap(every_ms=0.0051))


def test_what_a_diverging_run_takes_back_is_reduced_to_nothing() -> None:
    """Steps are repeated to find the fault: nothing may be counted twice, or after it."""
    pulse = rv.stimuli.Pulse(onset_ms=22.0, duration_ms=1.0)
    absurd = rv.stimuli.CurrentClamp(waveform=pulse, at=20, amplitude_nA=1e300)
    options = {"detect": rv.SpikeDetector(keep=1), "peaks": rv.PeakMap()}
    for solver in SOLVERS:
        with pytest.raises(DivergedError) as caught:
            run(stimuli=[*TRAIN, absurd], solver=solver, **options)
        result = caught.value.result
        assert result is not None
        good = run(t_stop_ms=result.t_stop_ms, solver=solver, **options)
        np.testing.assert_array_equal(result.crossings[0].count, good.crossings[0].count)
        np.testing.assert_array_equal(result.peaks[0].v_mV, good.peaks[0].v_mV)
        np.testing.assert_array_equal(result.peaks[0].t_ms, good.peaks[0].t_ms)


def test_reductions_begin_anew_with_the_run() -> None:
    d = rv.discretise(FIBRE.model, MESH)
    detect = [rv.SpikeDetector(keep=1)]
    simulation = rv.Simulation(d, stimuli=TRAIN[:1], detectors=detect, peaks=[rv.PeakMap()])
    rest_mV = simulation.v_mV
    assert simulation.front_um is None
    simulation.advance_to(2.0)
    assert simulation.crossings()[0].count.sum() > 0
    front = int(simulation.crossings()[0].compartment[-1])
    assert simulation.front_um == d.distance_um[front]
    simulation.initialise()
    assert simulation.crossings()[0].count.sum() == 0
    assert simulation.front_um is None
    np.testing.assert_array_equal(simulation.peaks()[0].v_mV, rest_mV)


def test_an_error_bar_takes_maps_along() -> None:
    result = run(stimuli=TRAIN[:1], t_stop_ms=2.0, peaks=rv.PeakMap(at=("axon", 0.1)))
    found = rv.converge(lambda each: float(each.peaks[0].v_mV[0]), result)
    assert abs(found.value - result.peaks[0].v_mV[0]) < 2.0


def test_reductions_survive_a_file(tmp_path: Path) -> None:
    result = run(detect=[rv.SpikeDetector(), rv.SpikeDetector(keep=1)], peaks=rv.PeakMap())
    assert "120 crossings, 120 crossings, peaks (40)" in repr(result)
    assert "at 40 places" in result._repr_html_()
    result.save(tmp_path / "run.npz")
    again = rv.load(tmp_path / "run.npz")
    assert [each.keep for each in again.crossings] == [None, 1]
    np.testing.assert_array_equal(again.crossings[1].count, result.crossings[1].count)
    for name in ("compartments", "v_mV", "t_ms"):
        np.testing.assert_array_equal(getattr(again.peaks[0], name), getattr(result.peaks[0], name))


def test_reductions_have_a_place_in_a_dataset() -> None:
    dataset = run(detect=rv.SpikeDetector(keep=1), peaks=rv.PeakMap(at=[1, 2])).to_xarray()
    assert (dataset["crossing_count"] == 3).all()
    assert dataset["peak_mV"].dims == dataset["peak_t_ms"].dims == ("compartment_2",)
    assert dataset["distance_um_2"].size == 2


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"peaks: v_mV: has shape \(1,\), expected \(2,\)"):
        Peaks(compartments=[0, 1], v_mV=[1.0], t_ms=[0.0, 0.0])
    with pytest.raises(ValueError, match=r"crossings: counted: has shape \(1,\), expected \(2,\)"):
        Crossings(0.0, [], [], [0, 1], keep=1, counted=[1])


def test_the_core_checks_its_reductions_by_itself() -> None:
    d = rv.discretise(FIBRE.model, MESH)

    def core(**kinds: Any) -> None:
        _core.CoreSimulation(d, method="backward_euler", parameters={}, **kinds)

    with pytest.raises(
        rv.ModelError, match="detector: keep is -1, expected 0 crossings per compar"
    ):
        run(detect=rv.SpikeDetector(keep=-1))
    with pytest.raises(
        rv.ModelError, match="peak map: every_steps is 0, expected one step or more"
    ):
        core(peak_maps=[_core.CorePeakMap(compartment=[0], every_steps=0)])
    with pytest.raises(rv.ModelError, match="peak map: watches compartment 40, expected 0 to 39"):
        core(peak_maps=[_core.CorePeakMap(compartment=[40])])


# Velocity from place to place


def test_local_velocity_of_an_even_wave_is_its_velocity() -> None:
    result = run(stimuli=TRAIN[:1], t_stop_ms=6.0)
    velocity = conduction_velocity(result).velocity_m_per_s
    between = local_velocity(result)
    assert between.distance_um.size == between.velocity_m_per_s.size == 39
    assert between.velocity_m_per_s[15:25] == pytest.approx(velocity, rel=0.01)
    smooth = local_velocity(result, over_um=5e3)
    np.testing.assert_array_equal(smooth.distance_um, result.geometry.distance_um)
    assert smooth.velocity_m_per_s[20] == pytest.approx(velocity, rel=0.002)


def made_up(t_ms: Any) -> rv.Result:
    """The 40 sites, 0.5 mm apart, with times of arrival of our own."""
    from dataclasses import replace

    result = run(stimuli=TRAIN[:1], t_stop_ms=0.01)
    sites = np.flatnonzero(np.isfinite(t_ms))
    seen = Crossings(-20.0, sites, np.asarray(t_ms)[sites], np.arange(40))
    return replace(result, crossings=(seen,))


def test_local_velocity_has_a_sign_and_gaps() -> None:
    # From the middle outwards at 2 m/s; a gap at site 5; sites 19 and 20 at once.
    t_ms = 0.25 * np.abs(np.arange(40) - 19.5)
    t_ms[5] = np.nan
    between = local_velocity(made_up(t_ms)).velocity_m_per_s
    np.testing.assert_allclose(between[20:], 2.0)
    assert np.isposinf(between[19])
    np.testing.assert_allclose(between[6:19], -2.0)
    assert np.isnan(between[4:6]).all()
    over = local_velocity(made_up(t_ms), over_um=2e3).velocity_m_per_s
    assert np.isnan(over[3:8]).all()
    assert np.isfinite(over[[2, 8]]).all()
    np.testing.assert_allclose(over[22:], 2.0)  # cut off at the end


def test_local_velocity_over_a_stretch_is_its_length_by_the_time() -> None:
    t_ms = np.cumsum(np.where(np.arange(40) % 2, 0.1, 0.3))
    between = local_velocity(made_up(t_ms)).velocity_m_per_s
    assert between[1::2] == pytest.approx(0.5 / 0.3)
    over = local_velocity(made_up(t_ms), over_um=2e3).velocity_m_per_s
    assert over[2:-2] == pytest.approx(2.0 / 0.8)  # what alternates from site to site is gone


def test_local_velocity_refuses_what_cannot_be_meant() -> None:
    result = run(stimuli=TRAIN[:1], t_stop_ms=1.0)
    for over_um in (0.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"over_um: is \w+, expected a finite length above 0"):
            local_velocity(result, over_um=over_um)
    with pytest.raises(ValueError, match="sites: are 1, expected two or more along a path"):
        local_velocity(result, sites=[3])
    model = rv.Model(
        sections=[
            rv.Section("stem", length_um=500.0, diameter_um=4.0),
            rv.Section("left", parent="stem", length_um=50.0, diameter_um=2.0),
            rv.Section("right", parent="stem", length_um=50.0, diameter_um=2.0),
        ],
        placements=[rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-54.0)],
        temperature_degC=6.3,
    )
    fork = rv.simulate(rv.discretise(model, rv.FixedCount(3)), t_stop_ms=0.1)
    with pytest.raises(
        ValueError, match="sites: lie on several branches, expected them along one p"
    ):
        local_velocity(fork, sites=[0, 1, 5, 8])
