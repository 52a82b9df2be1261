"""POINT_PROCESS, NET_RECEIVE and ELECTRODE_CURRENT of NMODL files."""

from __future__ import annotations

from typing import Any

import pytest

from unit.nmodl_files import Reader, problems

#: A conductance that events open; what stands in braces is put in.
SYNAPSE = """
NEURON {{ POINT_PROCESS Own RANGE tau, e, i {neuron} }}
PARAMETER {{ tau = 2 (ms) e = -10 (mV) {parameters} }}
ASSIGNED {{ v (mV) i (nA) scale {assigned} }}
STATE {{ g (uS) {states} }}
INITIAL {{ g = 0 scale = 2 * tau {initial} }}
BREAKPOINT {{ SOLVE change METHOD cnexp i = g * (v - e) }}
DERIVATIVE change {{ g' = -g / tau {derivative} }}
NET_RECEIVE({arguments}) {{ {receive} }}
"""


def synapse(receive: str, arguments: str = "weight (uS)", **parts: str) -> str:
    names = ["neuron", "parameters", "assigned", "states", "initial", "derivative"]
    given = {"neuron": "NONSPECIFIC_CURRENT i", **parts}
    return SYNAPSE.format(
        **{**dict.fromkeys(names, ""), **given}, receive=receive, arguments=arguments
    )


@pytest.mark.parametrize(
    ("receive", "after"),
    [
        ("g = g + weight", 0.3 + 0.05),
        ("state_discontinuity(g, g + weight)", 0.3 + 0.05),
        ("if (flag == 0) { g = g + weight } else { g = 7 }", 0.3 + 0.05),
        ("LOCAL x x = weight * scale g = g + x", 0.3 + 0.05 * 4.0),
        ("if (weight > 1) { g = 1 } else { g = g * 2 }", 0.6),
        ("g = g + weight g = g * v", (0.3 + 0.05) * -60.0),
    ],
)
def test_event_does_what_the_file_says(own: Any, receive: str, after: float) -> None:
    mechanism = own(synapse(receive))
    assert mechanism.is_point
    assert mechanism.describe()["kind"] == "synapse"
    program = mechanism.programs.receive
    known = {"v_mV": -60.0, "g": 0.3, **mechanism.parameters}
    inputs = [known[name] for name in mechanism.programs.inputs]
    derived = mechanism.programs.setup.run(inputs)
    (found,) = program.run([-60.0, 0.3, *inputs, *derived, 0.05])
    assert float(found) == pytest.approx(after)
    assert mechanism.event_arguments == {"weight": 0.0}


def test_state_that_events_change_is_no_gate(form: Reader) -> None:
    """A gate would stay within 0 and 1."""
    read = form(synapse("g = g + weight"))
    assert "gates" not in read
    assert read["states"]["g"] == {"rate_per_ms": "-g / tau", "initial": "0"}
    assert read["currents_nA"] == {"mixed": "i"}
    assert "notes" not in read


def test_state_without_an_equation_only_jumps(own: Any, form: Reader) -> None:
    text = synapse("on = 1 g = g + weight", states="on", derivative="")
    assert form(text)["states"]["on"] == {"rate_per_ms": "0", "initial": "0"}
    assert own(text).states == ("g", "on")


def test_several_arguments_and_names_of_the_form(own: Any) -> None:
    mechanism = own(synapse("g = g + weight * pi", "weight, pi, unused"))
    assert list(mechanism.event_arguments) == ["weight", "pi_event", "unused"]


def test_current_of_an_electrode_goes_in(own: Any) -> None:
    mechanism = own(
        "NEURON { POINT_PROCESS Clamp ELECTRODE_CURRENT i }\n"
        "PARAMETER { rs = 2 vc = -20 }\nASSIGNED { v i }\nBREAKPOINT { i = (vc - v) / rs }"
    )
    assert mechanism.describe()["kind"] == "electrode"
    assert mechanism.currents_nA(-60.0)["mixed"] == pytest.approx(-20.0)


def test_current_in_another_unit_is_noted(form: Reader) -> None:
    text = synapse("g = g + weight").replace("i (nA)", "i (pA)")
    assert form(text)["notes"] == "i is given in pA and taken as nA, as NEURON does"


@pytest.mark.parametrize(
    ("receive", "line", "reason"),
    [
        ("\nnet_send(1, 2)", 10, "net_send(): is a function that is not translated"),
        ("\nnet_event(t)", 10, "net_event(): is a function that is not translated"),
        ("\nINITIAL { weight = 1 }", 10, "INITIAL: what a connection keeps by itself"),
        ("\nweight = 1", 10, "weight = ...: keeps a value of a connection, expected a STATE"),
        ("\nscale = 3", 10, "scale: keeps what an event has set, expected a STATE"),
        ("\nWATCH (v > 3) 2", 10, "WATCH: is not translated"),
        ("\ng = g + t", 10, "t: rates and currents must not read the time"),
        ("\ng = g + nothing", 10, "nothing: is unknown"),
    ],
)
def test_what_events_cannot_do_is_refused(
    form: Reader, receive: str, line: int, reason: str
) -> None:
    found = problems(form, synapse(receive))
    assert [number for number, _ in found] == [line]
    assert found[0][1].startswith(reason)


def test_electrodes_are_at_points(form: Reader) -> None:
    text = "NEURON { SUFFIX own\nELECTRODE_CURRENT i }\nASSIGNED { v i }\nBREAKPOINT { i = v }"
    assert problems(form, text) == [
        (2, "ELECTRODE_CURRENT: a current of an electrode, expected a POINT_PROCESS")
    ]
