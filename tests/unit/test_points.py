"""Mechanisms at points: what is refused of them and of the stimuli that place them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier import mechanisms
from ranvier.discretisation import load, save
from ranvier.mechanisms import Mechanism
from ranvier.stimuli import Samples, Synapse, VoltageClamp
from ranvier.stimuli._points import attached

FORM: dict[str, Any] = {
    "name": "own",
    "kind": "synapse",
    "parameters": {"tau_ms": 2.0},
    "states": {"g_uS": {"rate_per_ms": "-g_uS / tau_ms", "initial": 0.0}},
    "on_event": {"arguments": {"weight_uS": 0.01}, "states": {"g_uS": "g_uS + weight_uS"}},
    "currents_nA": {"mixed": "g_uS * v_mV"},
}


def form(**changed: Any) -> dict[str, Any]:
    return {**copy.deepcopy(FORM), **changed}


def cell() -> rv.Discretisation:
    model = rv.Model(
        sections=[rv.Section("cell", length_um=20.0, diameter_um=20.0)],
        placements=[rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-65.0)],
    )
    return rv.discretise(model, rv.FixedCount(3))


def own(**given: Any) -> Synapse:
    return Synapse(**{"mechanism": Mechanism.from_dict(FORM), "at": 0, "times_ms": [1.0], **given})


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"currents_mA_cm2": {"k": 0.0}},
            "currents_nA: is given beside .currents_mA_cm2., expected one of both",
        ),
        ({"currents_nA": {"mixed": "g_uS"}}, "currents_nA.mixed: is in uS, expected nA"),
        ({"currents_nA": {"K": 0.0}}, "currents_nA.K: 'K' is not an ion"),
        ({"on_event": {"weight": 1}}, "on_event.weight: unknown key"),
        ({"on_event": {}}, "on_event: changes no state"),
        (
            {"on_event": {"states": {"h": "1"}}},
            "on_event.states.h: is no state, expected one of g_uS",
        ),
        ({"on_event": {"states": {"g_uS": "tau_ms"}}}, "on_event.states.g_uS: is in ms, expected"),
        ({"on_event": {"states": {"g_uS": "w_uS"}}}, "reads w_uS, which is unknown"),
        (
            {"on_event": {"arguments": {"tau_ms": 1}, "states": {"g_uS": "g_uS"}}},
            "on_event.arguments.tau_ms: tau_ms is also one of .parameters.",
        ),
        (
            {"on_event": {"arguments": {"1w": 1}, "states": {"g_uS": "g_uS"}}},
            "'1w' is not a name",
        ),
        (
            {"on_event": {"arguments": {"w_uS": "x"}, "states": {"g_uS": "w_uS"}}},
            "on_event.arguments.w_uS: is 'x', expected a finite number",
        ),
    ],
)
def test_form_of_a_point_is_checked(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(rv.ModelError, match=problem):
        Mechanism.from_dict(form(**changed))


def test_events_are_for_points_alone() -> None:
    dense = form(currents_mA_cm2={"k": 0.0})
    del dense["currents_nA"]
    with pytest.raises(rv.ModelError, match=r"on_event: is given without .currents_nA."):
        Mechanism.from_dict(dense)


def test_arguments_are_seen_in_events_alone() -> None:
    with pytest.raises(rv.ModelError, match="reads weight_uS, which is unknown"):
        Mechanism.from_dict(form(currents_nA={"mixed": "weight_uS * v_mV"}))


def test_describes_its_events() -> None:
    info = Mechanism.from_dict(FORM).describe()
    assert info["is_point"] is True
    assert info["event_arguments"] == {"weight_uS": 0.01}
    assert mechanisms.describe("k_leak")["is_point"] is False


def test_current_has_one_unit() -> None:
    made = Mechanism.from_dict(FORM)
    assert made.currents_nA(-60.0, {"g_uS": 0.5})["mixed"] == pytest.approx(-30.0)
    with pytest.raises(rv.ModelError, match=r"has no density, expected currents_nA\(\)"):
        made.currents_mA_cm2(-60.0)
    with pytest.raises(rv.ModelError, match=r"has a density, expected currents_mA_cm2\(\)"):
        mechanisms.point("exp_syn").__class__.currents_nA(
            mechanisms.read(mechanisms._library.FOLDER / "k_leak.toml"), -60.0
        )


def test_point_is_no_placement() -> None:
    model = rv.Model(
        sections=[rv.Section("cell", length_um=20.0, diameter_um=20.0)],
        placements=[rv.Placement("exp_syn")],
    )
    with pytest.raises(rv.ModelError, match="has a current in nA, not a density: expected it as"):
        rv.discretise(model, rv.FixedCount())


@pytest.mark.parametrize("name", ["na_hh", "k_leak"])
def test_density_is_no_synapse(name: str) -> None:
    with pytest.raises(rv.ModelError, match=f"mechanism '{name}': has a density, expected one at"):
        Synapse(mechanism=name, at=0)


@pytest.mark.parametrize(
    ("given", "error", "problem"),
    [
        (
            {"times_ms": [2.0, -1.0]},
            ValueError,
            "times_ms has -1 ms, expected finite times from 0 on",
        ),
        ({"times_ms": [[1.0]]}, ValueError, "times_ms is ..1.0.., expected a sequence of times"),
        ({"times_ms": 3.0}, ValueError, "synapse 'own': times_ms is 3.0, expected a sequence of"),
        ({"parameters": {"tau": 1}}, rv.ModelError, "'own': has no parameter 'tau', expected 'tau"),
        ({"event": {"weight": 1}}, rv.ModelError, "has no argument of an event 'weight', expected"),
        (
            {"times_ms": [1, 2], "event": {"weight_uS": [1, 2, 3]}},
            rv.ModelError,
            "weight_uS has 3 values, expected 1 or one for each of 2 events",
        ),
    ],
)
def test_synapse_is_checked_when_it_is_made(
    given: dict[str, Any], error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem):
        own(**given)


def test_mechanism_without_events_takes_none() -> None:
    deaf = form()
    del deaf["on_event"]
    made = Mechanism.from_dict(deaf)
    assert Synapse(mechanism=made, at=0).amplitude == 0.0
    assert Synapse(mechanism=made, at=0).scaled(2.0).end_ms == 0.0
    with pytest.raises(rv.ModelError, match="'own': takes no events, expected times_ms to be"):
        Synapse(mechanism=made, at=0, times_ms=[1.0])


def test_times_may_come_in_any_order() -> None:
    events = {"weight_uS": [3.0, 1.0, 2.0]}
    (point,) = own(times_ms=[3.0, 1.0, 2.0], event=events).points(cell())
    assert point.t_ms.tolist() == [1.0, 2.0, 3.0]
    assert point.arguments.ravel().tolist() == [1.0, 2.0, 3.0]


def test_scales_its_weight() -> None:
    synapse = own(times_ms=[1.0, 4.0], event={"weight_uS": [0.5, 0.25]})
    assert (synapse.amplitude, synapse.unit, synapse.end_ms) == (0.5, "uS", 4.0)
    assert synapse.scaled(2.0).amplitude == 1.0
    assert synapse.injections(cell()) == []
    clamp = VoltageClamp(waveform=Samples(t_ms=[1, 2], value=[1, 1]), at=0, holding_mV=-60.0)
    assert (clamp.scaled(2.0).amplitude, clamp.unit, clamp.end_ms) == (0.0, "mV", 2.0)
    assert clamp.injections(cell()) == []


def test_two_mechanisms_need_two_names() -> None:
    other = own(mechanism=Mechanism.from_dict(form(parameters={"tau_ms": 3.0})), at=1)
    with pytest.raises(rv.ModelError, match="stimulus 'own': is the name of two mechanisms"):
        attached(cell(), [own(), other])
    renamed = own(mechanism=other.mechanism, at=1, name="slow")
    placed, trains = attached(cell(), [own(), renamed])
    assert set(placed.to_dict()["mechanisms"]) == {"leak", "own", "slow"}
    assert len(trains) == 2


def test_name_of_a_density_is_taken() -> None:
    compiled = Mechanism.from_dict(FORM).compiled
    with pytest.raises(rv.ModelError, match="mechanism 'leak': is in this model already"):
        cell().with_points([("leak", compiled, [0], [[2.0]])])


def test_nothing_is_copied_without_points() -> None:
    d = cell()
    assert attached(d, []) == (d, [])


def test_places_go_into_as_few_tables_as_they_fit() -> None:
    placed, trains = attached(cell(), [own(at=[2, 0]), own(at=0), own(at=[0, 1])])
    tables = placed.to_dict()["mechanisms"]
    assert tables["own"]["compartment"].tolist() == [0, 1, 2]
    assert tables["own#2"]["compartment"].tolist() == [0]
    assert tables["own#3"]["compartment"].tolist() == [0]
    assert len(trains) == 5


def test_discretisation_with_points_is_saved_and_sent(tmp_path: Any) -> None:
    placed, _ = attached(cell(), [own(parameters={"tau_ms": 7.0}), own()])
    save(placed, tmp_path / "cell.npz")
    for again in (load(tmp_path / "cell.npz"), pickle.loads(pickle.dumps(placed))):
        tables = again.to_dict()["mechanisms"]
        assert tables["own"]["parameters"]["tau_ms"].tolist() == [7.0]
        assert tables["own#2"]["definition"] == tables["own"]["definition"]


def core_run(**train: Any) -> None:
    placed, _ = attached(cell(), [own()])
    given = {"mechanism": "own", "compartment": 0, "t_ms": [1.0], "arguments": [0.1]}
    rv._core.CoreSimulation(
        placed,
        method="rosenbrock2",
        parameters={},
        trains=[rv._core.EventTrain(**{**given, **train})],
    )


@pytest.mark.parametrize(
    ("train", "problem"),
    [
        ({"mechanism": "leak"}, "event train 0: mechanism 'leak' takes no events, expected one"),
        ({"mechanism": "other"}, "event train 0: mechanism 'other' is not in this model"),
        ({"compartment": 1}, "event train 0: mechanism 'own' is not at compartment 1"),
        ({"t_ms": [2.0, 1.0]}, "event train 0: has an event at 1 ms after 2, expected finite"),
        ({"arguments": []}, "event train 0: has 0 arguments, expected 1 for each of its 1 events"),
        ({"arguments": [np.nan]}, "event train 0: has an argument that is not finite"),
    ],
)
def test_core_refuses_trains_that_do_not_fit(train: dict[str, Any], problem: str) -> None:
    core_run()
    with pytest.raises(rv.ModelError, match=problem):
        core_run(**train)


@pytest.mark.parametrize(
    ("mechanism", "quantity", "problem"),
    [
        ("own", "i_mA_cm2", "asks for a current of 'own' in mA/cm2, expected i_nA"),
        ("leak", "i_nA", "asks for a current of 'leak' in nA, expected i_mA_cm2"),
    ],
)
def test_probes_ask_for_the_right_unit(mechanism: str, quantity: str, problem: str) -> None:
    with pytest.raises(rv.ModelError, match=problem):
        rv.Simulation(cell(), stimuli=[own()], probes=[rv.Probe(quantity, mechanism=mechanism)])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"series_resistance_Mohm": 0.0}, "series_resistance_Mohm is 0.0, expected a finite"),
        ({"holding_mV": np.inf}, "holding_mV is inf and amplitude_mV 0.0, expected finite"),
        ({"from_ms": 2.0, "to_ms": 1.0}, "is on from 2.0 to 1.0 ms, expected from 0 or later"),
    ],
)
def test_clamp_is_checked_when_it_is_made(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=f"voltage clamp: {problem}"):
        VoltageClamp(
            **{
                "waveform": Samples(t_ms=[1, 2], value=[1, 1]),
                "at": 0,
                "holding_mV": -60.0,
                **given,
            }
        )


def test_electrode_stays_outside_of_sheaths() -> None:
    fibre = rv.fibers.mrg(diameter_um=10.0)
    clamp = VoltageClamp(waveform=Samples(t_ms=[1, 2], value=[1, 1]), at="stin", holding_mV=-80.0)
    with pytest.raises(rv.ModelError, match="'voltage_clamp': is under a sheath at stin"):
        rv.simulate(fibre, clamp, t_stop_ms=0.1)


def test_threshold_is_of_currents() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=5e3)
    synapse = Synapse(mechanism="exp_syn", at=("axon", 0.5), times_ms=[0.1])
    with pytest.raises(rv.ModelError, match="stimulus Synapse: is a conductance, expected curr"):
        rv.studies.find_threshold(fibre, synapse)


def test_same_run_on_another_mesh_has_its_synapses() -> None:
    """`on_any_mesh` puts them where the compartments were."""
    synapse = own(at=("cell", 0.5), times_ms=[0.5], event={"weight_uS": 0.02})
    moved = synapse.on_any_mesh(cell())
    (point,) = moved.points(rv.discretise(_model(), rv.FixedCount(9)))
    assert point.compartments.tolist() == [4]
    clamp = VoltageClamp(
        waveform=Samples(t_ms=[1, 2], value=[1, 1]), at=("cell", 0.5), holding_mV=-60.0
    )
    assert clamp.on_any_mesh(cell()).at == moved.at


def _model() -> rv.Model:
    return rv.Model(
        sections=[rv.Section("cell", length_um=20.0, diameter_um=20.0)],
        placements=[rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-65.0)],
    )


def test_error_bars_of_a_synaptic_run() -> None:
    """The run is made again with its synapses, on finer steps and meshes."""
    result = rv.simulate(
        _model(),
        own(at=("cell", 0.5), times_ms=[0.5], event={"weight_uS": 0.02}),
        rv.Probe("i_nA", mechanism="own"),
        mesh=rv.FixedCount(1),
        t_stop_ms=2.0,
        method=rv.Method(dt_ms=0.05),
    )
    fine = result.recipe.run(method=rv.Method(dt_ms=0.01), mesh=rv.FixedCount(3))
    assert fine["i_nA"].values[-1] == pytest.approx(result["i_nA"].values[-1], rel=1e-3)


def test_a_point_without_events_acts_all_the_time() -> None:
    """As an electrode that injects: against the current clamp, sign included."""
    pipette = Mechanism.from_dict(
        {
            "name": "pipette",
            "kind": "electrode",
            "parameters": {"amplitude_nA": 0.02},
            "currents_nA": {"mixed": "-amplitude_nA"},
        }
    )
    runs = [
        rv.simulate(
            cell(),
            [stimulus],
            [rv.Probe("v_mV"), *more],
            t_stop_ms=5.0,
            v_init_mV=-65.0,
        )
        for stimulus, more in (
            (
                Synapse(mechanism=pipette, at=1, times_ms=[]),
                [rv.Probe("i_nA", mechanism="pipette")],
            ),
            (rv.stimuli.CurrentClamp(waveform=always_on(), at=1, amplitude_nA=0.02), []),
        )
    ]
    np.testing.assert_allclose(runs[0]["v_mV"].values, runs[1]["v_mV"].values, rtol=0, atol=2e-8)
    assert runs[0]["v_mV"].values[-1, 1] > -61.0
    assert runs[0]["i_nA"].values == pytest.approx(-0.02)


def test_a_point_does_not_take_the_name_of_a_density() -> None:
    with pytest.raises(
        rv.ModelError,
        match="stimulus 'leak': has the name of a mechanism of the model, expected another",
    ):
        attached(cell(), [own(name="leak")])


def test_an_electrode_is_not_beside_a_field() -> None:
    """It would hold the axoplasm without what is imposed on it."""
    field = rv.stimuli.Extracellular(
        field=rv.fields.PointSource(position_um=(0, 0, 500)),
        waveform=rv.stimuli.Pulse(duration_ms=1.0),
        amplitude_mA=0.1,
    )
    clamp = VoltageClamp(waveform=always_on(), at=1, holding_mV=0.0)
    with pytest.raises(
        rv.ModelError,
        match="stimulus 'voltage_clamp': is an electrode against ground beside a potential imposed "
        "outside, expected one or the other",
    ):
        attached(cell(), [field, clamp])
    attached(cell(), [field, own()])


def always_on() -> Samples:
    return Samples(t_ms=[0.0, 100.0], value=[1.0, 1.0])
