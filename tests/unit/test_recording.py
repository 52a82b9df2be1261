"""Probes, recording intervals and the spike detector."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier import _core


def fork(**sheath: Any) -> rv.Discretisation:
    """HH channels on the stem alone; a junction at its end."""
    sections = [
        rv.Section("stem", region="axon", length_um=500.0, diameter_um=4.0),
        rv.Section("left", region="tip", parent="stem", length_um=50.0, diameter_um=2.0),
        rv.Section("right", region="tip", parent="stem", length_um=50.0, diameter_um=2.0),
    ]
    model = rv.Model(
        sections=sections,
        placements=[rv.Placement("na_hh", "stem"), rv.Placement("k_hh", "stem"), LEAK],
        ions=[rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-77.0)],
        temperature_degC=6.3,
    )
    return rv.discretise(model, rv.FixedCount(3))


LEAK = rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-54.387)
STEP = rv.stimuli.Pulse(onset_ms=0.2, duration_ms=10.0)
CLAMP = rv.stimuli.CurrentClamp(waveform=STEP, at=0, amplitude_nA=5.0)


def run(*probes: rv.Probe, t_stop_ms: float = 3.0, **options: Any) -> rv.Result:
    return rv.simulate(fork(), CLAMP, probes, t_stop_ms=t_stop_ms, **options)


def test_probe_without_a_place_is_everywhere() -> None:
    trace = run(rv.Probe())["v_mV"]
    assert trace.compartments.tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]  # 3 is the junction
    assert trace.values.shape == (601, 9)
    assert (trace.unit, trace.mechanism) == ("mV", None)


def test_probe_of_a_mechanism_without_a_place_is_wherever_that_is() -> None:
    result = run(rv.Probe("m", mechanism="na_hh"), rv.Probe("i_mA_cm2", mechanism="leak"))
    assert result["m"].compartments.tolist() == [0, 1, 2]
    assert (result["m"].unit, result["m"].mechanism) == ("1", "na_hh")
    assert result["i_mA_cm2"].compartments.size == 9
    assert result["i_mA_cm2"].unit == "mA/cm2"


def test_probe_keeps_the_order_of_its_places() -> None:
    trace = run(rv.Probe("v_mV", ["tip", ("stem", 0.5), 0]), rv.Probe())
    everywhere = trace["v_mV", None]
    chosen, whole = trace.traces
    assert chosen.compartments.tolist() == [4, 5, 6, 7, 8, 9, 1, 0]
    for column, compartment in enumerate(chosen.compartments):
        np.testing.assert_array_equal(
            chosen.values[:, column], whole.values[:, whole.column(int(compartment))]
        )
    assert everywhere is chosen


def test_interval_takes_every_so_many_steps() -> None:
    every, tenth = run(rv.Probe("v_mV", 0), rv.Probe("v_mV", 0, every_ms=0.05)).traces
    np.testing.assert_allclose(tenth.t_ms, 0.05 * np.arange(61), atol=1e-12)
    np.testing.assert_array_equal(tenth.values, every.values[::10])


def test_interval_survives_rounding() -> None:
    method = rv.Method("backward_euler", dt_ms=0.1)
    trace = run(rv.Probe("v_mV", 0, every_ms=0.30000000000000004), method=method)["v_mV"]
    np.testing.assert_allclose(trace.t_ms, [0.0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.7, 3.0])


@pytest.mark.parametrize("every_ms", [0.0, -1.0, 0.0051, 0.002, float("nan"), float("inf")])
def test_interval_must_be_whole_steps(every_ms: float) -> None:
    with pytest.raises(rv.ModelError, match=r"expected a whole multiple of dt_ms = 0\.005"):
        run(rv.Probe("v_mV", every_ms=every_ms))


def test_current_density_is_the_conductance_times_the_driving_force() -> None:
    result = run(
        rv.Probe("v_mV", 0),
        *(rv.Probe(gate, 0, mechanism="na_hh") for gate in "mh"),
        rv.Probe("i_mA_cm2", 0, mechanism="na_hh"),
        rv.Probe("i_mA_cm2", 0, mechanism="leak"),
    )
    v, m, h = (result[name].values for name in ("v_mV", "m", "h"))
    # S/cm2 times mV is mA/cm2.
    np.testing.assert_allclose(
        result["i_mA_cm2", "na_hh"].values,
        0.12 * m**3 * h * (v - 50.0),
        rtol=tolerances.ROUNDING_RELATIVE,
    )
    np.testing.assert_allclose(
        result["i_mA_cm2", "leak"].values, 3e-4 * (v + 54.387), rtol=1e-9, atol=1e-15
    )


def test_layers_add_up_to_the_membrane_potential() -> None:
    fibre = rv.fibers.mrg(nodes=3)
    names = ("v_mV", "v_axoplasm_mV", "v_periaxonal_mV")
    result = rv.simulate(fibre, fibre.stimulus, [rv.Probe(n) for n in names], t_stop_ms=0.3)
    v, inside, outside = (result[name].values for name in names)
    # Each is a sum of its own over the modes of an internode.
    np.testing.assert_allclose(v, inside - outside, rtol=0, atol=1e-12)
    assert (outside[:, [0, 11, 22]] == 0.0).all()  # the nodes, which are open
    assert np.abs(outside).max() > 1.0


def test_axoplasm_of_a_bare_cable_is_its_membrane_potential() -> None:
    result = run(rv.Probe(), rv.Probe("v_axoplasm_mV"))
    np.testing.assert_array_equal(result["v_mV"].values, result["v_axoplasm_mV"].values)


BAD_PROBES = [
    (rv.Probe("v_mv"), "probe 'v_mv': is unknown, expected one of v_mV, v_axoplasm_mV, v_peri"),
    (rv.Probe("m"), "or a mechanism= with i_mA_cm2, i_nA or a gate"),
    (rv.Probe("v_periaxonal_mV"), "asks for the periaxonal space, expected a model with a sheath"),
    (
        rv.Probe("n", mechanism="na_hh"),
        r"probe 0: channel 'na_hh' has no gate 'n', expected 'm' or one of m, h",
    ),
    (
        rv.Probe("m", mechanism="na_h"),
        r"probe 0: channel 'na_h' is not in this model, expected 'na_hh' or one of",
    ),
    (
        rv.Probe("m", "tip", mechanism="na_hh"),
        r"channel 'na_hh' is not at left \(8\.33333 um\), expected a place that carries it",
    ),
    (rv.Probe("v_mV", "trunk"), "place 'trunk': is no section and no region"),
    (rv.Probe("v_mV", 10), "place: compartment 10, expected 0 to 9"),
]


@pytest.mark.parametrize(("probe", "pattern"), BAD_PROBES)
def test_probes_that_do_not_fit_are_named(probe: rv.Probe, pattern: str) -> None:
    with pytest.raises(rv.ModelError, match=pattern):
        run(probe)


def test_the_core_checks_its_probes_by_itself() -> None:
    """What Python never hands down, another guest of the core might."""
    d = fork()
    options = {"method": "backward_euler", "parameters": {}}

    def core(**kinds: Any) -> None:
        _core.CoreSimulation(d, **options, **kinds)

    probe = _core.CoreProbe
    with pytest.raises(rv.ModelError, match="probe 0: every_steps is 0, expected 1 or more"):
        core(probes=[probe(quantity="v_mV", compartment=[0], every_steps=0)])
    pattern = r"probe 0: every_ms is 0\.1, expected 0, or above 0 with a method that chooses its st"
    with pytest.raises(rv.ModelError, match=pattern):
        core(probes=[probe(quantity="v_mV", compartment=[0], every_ms=0.1)])
    with pytest.raises(rv.ModelError, match="probe 1: is at compartment 10, expected 0 to 9"):
        core(probes=[probe(quantity="v_mV", compartment=[k]) for k in (0, 10)])
    with pytest.raises(
        ValueError, match="probe: quantity is 'u', expected v_mV, layer_mV, gate, i_mA_cm2, i_nA, "
    ):
        probe(quantity="u", compartment=[0])
    with pytest.raises(rv.ModelError, match="detector: watches compartment -1, expected 0 to 9"):
        core(detectors=[_core.CoreDetector(threshold_mV=0.0, compartment=[-1])])
    with pytest.raises(rv.ModelError, match="drive: acts on compartment 10, expected 0 to 9"):
        core(drives=[drive(compartment=[10])])
    with pytest.raises(
        rv.ModelError, match="drive: has 0 compartments and 1 weights, expected one"
    ):
        core(drives=[drive(compartment=[])])
    with pytest.raises(rv.ModelError, match="drive: amplitude_nA is nan, expected a finite number"):
        core(drives=[drive(weight_nA=[float("nan")])])
    with pytest.raises(rv.ModelError, match="waveform: has 1 times and 1 values, expected as many"):
        core(drives=[drive(t_ms=[0.0], value=[1.0])])
    with pytest.raises(
        rv.ModelError, match="waveform: point 1 is NaN or infinite, expected finite"
    ):
        core(drives=[drive(t_ms=[0.0, float("inf")])])
    with pytest.raises(
        rv.ModelError, match=r"waveform: t_ms falls from 1 to 0\.5, expected ascending"
    ):
        core(drives=[drive(t_ms=[1.0, 0.5])])


def drive(**changes: Any) -> _core.Drive:
    sound = {"t_ms": [0.0, 1.0], "value": [1.0, 1.0], "compartment": [0], "weight_nA": [1.0]}
    return _core.Drive(**{**sound, **changes})


def test_a_drive_takes_arrays_of_one_dimension() -> None:
    arrays = {
        "t_ms": np.array([0.0, 1.0]),
        "value": np.array([1.0, 1.0]),
        "compartment": np.array([0], np.int32),
        "weight_nA": np.array([1.0]),
    }
    _core.Drive(**arrays)
    with pytest.raises(TypeError, match="an array: has 2 dimensions, expected 1"):
        _core.Drive(**{**arrays, "value": np.ones((2, 1))})


def test_the_core_must_be_initialised_before_it_advances() -> None:
    core = _core.CoreSimulation(fork(), method="backward_euler", parameters={})
    with pytest.raises(
        rv.ModelError, match=r"has no state yet, expected initialise\(\) before adv"
    ):
        core.advance(1)
    core.initialise(-65.0)
    core.advance(1)
    for read, what in ((core.trace, "probe"), (core.crossings, "detector")):
        with pytest.raises(IndexError, match=f"{what} 0: there are 0"):
            read(0)
    with pytest.raises(IndexError, match="layer 1: there are 1"):
        core.potential_mV(1)
    with pytest.raises(rv.ModelError, match=r"t_stop_ms: is -1, expected 0\.005 or later"):
        core.advance(1, -1.0)


# The spike detector


def test_crossings_lie_on_the_line_between_two_samples() -> None:
    """Of a method that knows no more of its steps than their ends."""
    method = rv.Method("backward_euler")
    result = run(rv.Probe(), detect=rv.SpikeDetector(threshold_mV=-10.0), method=method)
    trace, seen = result["v_mV"], result.crossings[0]
    assert len(seen) >= 9
    for compartment, t_ms in zip(seen.compartment, seen.t_ms, strict=True):
        v_mV = trace.values[:, trace.column(int(compartment))]
        k = int(np.searchsorted(trace.t_ms, t_ms)) - 1
        assert v_mV[k] < -10.0 <= v_mV[k + 1]
        assert np.interp(t_ms, trace.t_ms, v_mV) == pytest.approx(-10.0, abs=1e-9)


def test_crossings_lie_on_the_curve_between_two_samples() -> None:
    """Of the default, whose steps are parabolas: in the same step as the straight line's, and not
    there. That they are the better for it is shown in test_adaptive.py."""
    result = run(rv.Probe(), detect=rv.SpikeDetector(threshold_mV=-10.0))
    trace, seen = result["v_mV"], result.crossings[0]
    assert len(seen) >= 9
    for compartment, t_ms in zip(seen.compartment, seen.t_ms, strict=True):
        v_mV = trace.values[:, trace.column(int(compartment))]
        k = int(np.searchsorted(trace.t_ms, t_ms)) - 1
        assert v_mV[k] < -10.0 <= v_mV[k + 1]
        off_mV = np.interp(t_ms, trace.t_ms, v_mV) + 10.0
        assert 1e-4 < abs(off_mV) < 0.1 * (v_mV[k + 1] - v_mV[k])


def test_crossings_are_upward_in_time_order_and_complete() -> None:
    result = run(rv.Probe(), t_stop_ms=20.0, detect=rv.SpikeDetector(threshold_mV=-40.0))
    trace, seen = result["v_mV"], result.crossings[0]
    assert (np.diff(seen.t_ms) >= 0).all()
    upward = (trace.values[:-1] < -40.0) & (trace.values[1:] >= -40.0)
    assert np.bincount(seen.compartment, minlength=10)[trace.compartments].tolist() == (
        upward.sum(axis=0).tolist()
    )


def test_detectors_watch_where_they_are_told() -> None:
    detectors = [rv.SpikeDetector(at="tip"), rv.SpikeDetector(0.0, at=[("stem", 1.0), 0])]
    tips, stem = run(detect=detectors).crossings
    assert (tips.threshold_mV, stem.threshold_mV) == (-20.0, 0.0)
    assert tips.watched.tolist() == [4, 5, 6, 7, 8, 9]
    assert stem.watched.tolist() == [2, 0]
    assert set(stem.compartment) <= {0, 2}
    assert run(detect=()).crossings == ()


def test_a_start_above_the_threshold_is_no_crossing() -> None:
    result = run(detect=rv.SpikeDetector(threshold_mV=-80.0), v_init_mV=-65.0)
    assert len(result.crossings[0]) == 0


@pytest.mark.parametrize("threshold_mV", [float("nan"), float("inf")])
def test_thresholds_are_finite(threshold_mV: float) -> None:
    with pytest.raises(
        rv.ModelError, match=r"detector: threshold_mV is \S+, expected a finite num"
    ):
        run(detect=rv.SpikeDetector(threshold_mV=threshold_mV))


def test_probes_and_detectors_are_values() -> None:
    for value in (
        rv.Probe("m", ("a", 0.5), mechanism="na_hh", every_ms=0.1),
        rv.SpikeDetector(0.0),
    ):
        assert pickle.loads(pickle.dumps(value)) == value
        assert hash(value) == hash(pickle.loads(pickle.dumps(value)))
        with pytest.raises(AttributeError):
            value.at = "elsewhere"  # type: ignore[misc]
