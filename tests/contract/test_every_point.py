"""What holds for every synapse and electrode of the library, also those that do not exist yet."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier import mechanisms
from ranvier.stimuli import Synapse

NAMES = [name for name in mechanisms.names() if mechanisms.describe(name).get("is_point")]
SYNAPSES = [name for name in NAMES if mechanisms.describe(name)["kind"] == "synapse"]


#: What the model knows.
MODEL = {"temperature_degC": 37.0, "e_cl_mV": -80.0}


def cell() -> rv.Discretisation:
    model = rv.Model(
        sections=[rv.Section("cell", length_um=20.0, diameter_um=20.0)],
        placements=[rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-65.0)],
        ions=[rv.Ion("cl", e_mV=MODEL["e_cl_mV"])],
    )
    return rv.discretise(model, rv.FixedCount())


def current_nA(name: str, times_ms: list[float], **given: object) -> np.ndarray:
    result = rv.simulate(
        cell(),
        Synapse(mechanism=name, at="cell", times_ms=times_ms),
        rv.Probe("i_nA", mechanism=name),
        t_stop_ms=3.0,
        detect=(),
        **given,  # type: ignore[arg-type]
    )
    return result["i_nA"].values[:, 0]


@pytest.mark.parametrize("name", NAMES)
def test_is_a_synapse_or_an_electrode_that_receives(name: str) -> None:
    info = mechanisms.describe(name)
    assert info["kind"] in {"synapse", "electrode"}
    assert info["event_arguments"]
    assert np.isfinite(list(info["event_arguments"].values())).all()


@pytest.mark.parametrize("name", SYNAPSES)
def test_without_events_nothing_flows(name: str) -> None:
    assert (current_nA(name, []) == 0.0).all()


@pytest.mark.parametrize("name", SYNAPSES)
def test_an_event_is_followed_by_a_current_and_not_led(name: str) -> None:
    found = current_nA(name, [1.0], method=rv.Method(dt_ms=0.01))
    assert (found[:101] == 0.0).all()
    assert np.abs(found[101:]).max() > 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_slope_of_the_current_is_its_derivative(name: str) -> None:
    """What an implicit step uses, against differences, after some events."""
    own = mechanisms.point(name)
    states = dict.fromkeys(own.states, 0.3)
    at = {"v_mV": np.array([-80.0, -41.0, 13.0])}
    h_mV = 1e-4
    reversal = {name: MODEL[name] for name in own.programs.inputs if name in ("e_cl_mV",)}
    sides = [
        sum(own.currents_nA(at["v_mV"] + dv, states, **reversal).values()) for dv in (-h_mV, h_mV)
    ]
    slope_uS = (sides[1] - sides[0]) / (2 * h_mV)
    programs = own.programs
    known = {**own.parameters, **MODEL}
    inputs = [np.asarray(known[each]) for each in programs.inputs]
    derived = programs.setup.run(inputs)
    given = [at["v_mV"], *states.values(), *inputs, *derived]
    found = programs.conduct.run(given)[1]
    np.testing.assert_allclose(found, slope_uS, rtol=tolerances.SLOPE_RELATIVE)


@pytest.mark.parametrize("name", NAMES)
def test_an_event_changes_some_state(name: str) -> None:
    own = mechanisms.point(name)
    programs = own.programs
    inputs = [np.asarray({**own.parameters, **MODEL}[each]) for each in programs.inputs]
    before = [0.3 for _ in own.states]
    given = [-60.0, *before, *inputs, *programs.setup.run(inputs)]
    assert programs.receive is not None
    after = programs.receive.run([*given, *own.event_arguments.values()])
    assert [float(x) for x in after] != before
