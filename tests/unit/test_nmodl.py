"""NMODL files as they are read into the form of mechanisms, each construct by a file of its own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ranvier import mechanisms
from ranvier.mechanisms.nmodl._constants import size_of
from unit.nmodl_files import KINETIC, Reader, gate, problems


def test_a_gate_is_read_with_its_procedure_in_place(form: Reader) -> None:
    found = form(gate())
    assert found["name"] == "own"
    assert found["units"] == "free"
    assert found["parameters"] == {"g": 0.02, "half": -40.0}
    assert found["gates"] == {"m": {"steady_state": "minf", "tau_ms": "mtau"}}
    assert found["definitions"] == {
        "minf": "1 / (1 + exp(-(v_mV - half) / 7))",
        "q": "3 ** ((temperature_degC - 20) / 10)",
        "mtau": "2 / q",
        "ina": "g * m ** 3 * (v_mV - e_na_mV)",
    }
    assert found["currents_mA_cm2"] == {"na": "ina"}


def test_it_is_a_mechanism_whose_values_are_right(own: Any) -> None:
    mechanism = own(gate())
    v_mV = np.array([-70.0, -40.0, 10.0])
    minf = 1.0 / (1.0 + np.exp(-(v_mV + 40.0) / 7.0))
    here = {"temperature_degC": 30.0}
    assert mechanism.steady_state(v_mV)["m"] == pytest.approx(minf)
    assert mechanism.time_constant_ms(v_mV, **here)["m"] == pytest.approx(2.0 / 3.0)
    current = mechanism.currents_mA_cm2(v_mV, e_na_mV=50.0)["na"]
    assert current == pytest.approx(0.02 * minf**3 * (v_mV - 50.0))


HODGKIN_HUXLEY = """
NEURON { SUFFIX squid USEION na READ ena WRITE ina NONSPECIFIC_CURRENT il RANGE g, gl, el }
PARAMETER { g = 0.12 gl = 3e-4 el = -54.3 }
ASSIGNED { v ena ina il minf mtau hinf htau }
STATE { m h }
BREAKPOINT { SOLVE move METHOD cnexp  ina = g*m*m*m*h*(v - ena)  il = gl*(v - el) }
INITIAL { rates(v) m = minf h = hinf }
DERIVATIVE move { rates(v) m' = (minf - m)/mtau h' = (hinf - h)/htau }
FUNCTION ratio(x, y) {
  if (fabs(x/y) < 1e-6) { ratio = y*(1 - x/y/2) } else { ratio = x/(exp(x/y) - 1) }
}
PROCEDURE rates(v) { LOCAL a, b, sum
UNITSOFF
  a = 0.1*ratio(-(v + 40), 10)  b = 4*exp(-(v + 65)/18)  sum = a + b
  mtau = 1/sum  minf = a/sum
  a = 0.07*exp(-(v + 65)/20)  b = 1/(exp(-(v + 35)/10) + 1)  sum = a + b
  htau = 1/sum  hinf = a*htau
UNITSON
}
"""


def test_hodgkin_huxley_is_that_of_the_core(own: Any, form: Reader) -> None:
    mechanism = own(HODGKIN_HUXLEY)
    # Through the hole of the quotient at -40 mV, and close to it.
    v_mV = np.array([-90.0, -65.0, -40.0, -40.0 + 1e-7, 20.0])
    for name, (alpha, beta) in mechanisms.rates("na_hh", v_mV).items():
        found = mechanism.rates_per_ms(v_mV)[name]
        assert found[0] == pytest.approx(alpha, rel=1e-12)
        assert found[1] == pytest.approx(beta, rel=1e-12)
    found = form(HODGKIN_HUXLEY)
    assert found["gates"]["m"] == {"alpha_per_ms": "a", "beta_per_ms": "b"}
    assert found["gates"]["h"] == {"alpha_per_ms": "a_2", "beta_per_ms": "b_2"}
    assert found["currents_mA_cm2"] == {"na": "ina", "mixed": "il"}


def test_neuron_s_own_squid_axon_is_ours() -> None:
    """NEURON's hh.mod, as it is installed."""
    neuron = pytest.importorskip("neuron")
    files = sorted(Path(neuron.__file__).parent.rglob("modfile/hh.mod"))
    if not files:
        pytest.skip("NEURON is installed without its hh.mod")
    squid = mechanisms.read_mod(files[0])
    v_mV = np.linspace(-100.0, 60.0, 33)
    found = squid.rates_per_ms(v_mV, temperature_degC=6.3)
    for channel in ("na_hh", "k_hh"):
        for gate_name, rates in mechanisms.rates(channel, v_mV).items():
            for ours, theirs in zip(rates, found[gate_name], strict=True):
                assert theirs == pytest.approx(ours, rel=1e-12)
    resting = squid.currents_mA_cm2(-65.0, temperature_degC=6.3, e_na_mV=50.0, e_k_mV=-77.0)
    assert sum(resting.values()) == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("(u + 40) / (1 - exp(-(u + 40) / 10))", "10 * exprelr(-(v_mV + 40) / 10)"),
        ("0.5 * (half - u) / (exp((half - u) / 4) - 1)", "2 * exprelr((half - v_mV) / 4)"),
        ("(u + 40) / (1 - exp(-(u + 41) / 10))", "(v_mV + 40) / (1 - exp(-(v_mV + 41) / 10))"),
        ("(u - half) / (exp((u + 40) / 10) - 1)", "(v_mV - half) / (exp((v_mV + 40) / 10) - 1)"),
    ],
)
def test_quotients_with_a_hole_become_exprelr(form: Reader, written: str, read: str) -> None:
    """Only if numerator and exponent vanish together whatever the parameters are."""
    found = form(gate(rates=f"minf = 0.5 mtau = {written}"))
    assert found["definitions"]["mtau"] == read


@pytest.mark.parametrize("near", ["a * k", "a * k * 2"])
def test_a_guard_goes_only_where_it_agrees(form: Reader, near: str) -> None:
    function = f"""
    FUNCTION trap(x, a, k) {{
      if (fabs(x) > 1e-6) {{ trap = a * x / (1 - exp(-x / k)) }} else {{ trap = {near} }}
    }}"""
    found = form(gate(rates="minf = 0.5 mtau = trap(u - half, 3, 9)", blocks=function))
    mtau = found["definitions"]["mtau"]
    assert ("if" in mtau) == (near != "a * k")
    assert "27 * exprelr(-(v_mV - half) / 9)" in mtau


def test_an_exponential_that_is_cut_is_one(form: Reader) -> None:
    cut = "FUNCTION Exp(x) { if (x < -100) { Exp = 0 } else { Exp = exp(x) } }"
    found = form(gate(rates="minf = Exp(-(u + 40)^2 / 500) mtau = 1", blocks=cut))
    assert found["definitions"]["minf"] == "exp(-(v_mV + 40) ** 2 / 500)"


def test_branches_become_choices(form: Reader) -> None:
    rates = """
    if (u < -70) { mtau = 5 } else if (u < -20) { mtau = 3 } else { mtau = 1 }
    if (mtau < half) { mtau = half }
    minf = 0.5
    if (g == 0 && !(u >= 3 || u < 1)) { minf = 0.25 }
    """
    found = form(gate(rates=rates))["definitions"]
    assert found["mtau"] == "3 if v_mV < -20 else 1"
    assert found["mtau_2"] == "5 if v_mV < -70 else mtau"
    assert found["mtau_3"] == "max(mtau_2, half)"
    assert found["minf"] == "0.25 if g == 0 and not (v_mV >= 3 or v_mV < 1) else 0.5"


def test_loops_over_arrays_are_unrolled(form: Reader) -> None:
    text = """
    DEFINE LAST 1
    NEURON { SUFFIX two NONSPECIFIC_CURRENT i }
    PARAMETER { scale[2] }
    ASSIGNED { v i inf[2] tau[2] }
    STATE { a b }
    INITIAL { both(v) a = inf[0] b = inf[1] }
    BREAKPOINT { SOLVE move METHOD cnexp i = 1e-3 * a * b * v }
    DERIVATIVE move { both(v) a' = (inf[0] - a)/tau[0] b' = (inf[1] - b)/tau[1] }
    PROCEDURE both(v) { FROM n = 0 TO LAST { inf[n] = half(v, n) tau[n] = n + 1 } }
    FUNCTION half(v, n) { v = v + 10 if (n == 0) { half = 1/(1 + exp(v)) } else { half = 0.5 } }
    """
    found = form(text)
    assert found["definitions"]["inf_0"] == "1 / (1 + exp(v))"
    assert found["definitions"]["v"] == "v_mV + 10"
    assert found["gates"]["b"]["steady_state"] == "0.5"


def test_rates_of_other_forms_are_gates_too(form: Reader) -> None:
    names = "a = 0.3 b = 0.2"
    parts = {"parameters": names, "initial": "m = a / (a + b)"}
    text = gate(**parts).replace("(minf - m) / mtau", "a * (1 - m) - b * m")
    assert form(text)["gates"]["m"] == {"alpha_per_ms": "a", "beta_per_ms": "b"}
    text = gate(**parts).replace("(minf - m) / mtau", "a - (a + b) * m")
    assert form(text)["gates"]["m"] == {"steady_state": "a / (a + b)", "tau_ms": "1 / (a + b)"}


def test_what_is_no_gate_is_a_state(form: Reader) -> None:
    # Starts elsewhere, is above 1, or reads itself.
    found = form(
        gate(
            states="s w c",
            initial="s = 0.1 w = 3 c = 1",
            derivative="s' = (minf - s) / 4 w' = (3 - w) / 4 c' = -c * c + s",
            after="ina = ina + 0 * (s + w + c)",
        )
    )
    assert list(found["gates"]) == ["m"]
    assert found["states"] == {
        "s": {"rate_per_ms": "(minf - s) / 4", "initial": "0.1"},
        "w": {"rate_per_ms": "(3 - w) / 4", "initial": "3"},
        "c": {"rate_per_ms": "-c * c + s", "initial": "1"},
    }


def test_an_equation_in_every_branch_becomes_one(form: Reader) -> None:
    equations = "if (v > -20) { s' = (1 - s) / 2 } else { s' = (0 - s) / 5 }"
    found = form(gate(states="s", derivative=equations))["states"]["s"]
    # NEURON 9.0.2 comes from 0 to 0.393469 in 1 ms at 0 mV, and stays at 0 at -60 mV.
    assert found["rate_per_ms"] == "(1 - s) / 2 if v_mV > -20 else (0 - s) / 5"


def test_local_variables_end_with_their_block(form: Reader) -> None:
    rates = """
    minf = 0.5
    if (u > 0) { LOCAL k k = 7 }
    k = 3
    FROM n = 0 TO 1 { LOCAL q q = 5 }
    mtau = k * q
    """
    found = form(gate(assigned="k", rates=rates))["definitions"]
    # NEURON 9.0.2 sets k, of ASSIGNED, to 3.
    assert found["mtau"] == "3 * q"
    assert found["q"] == "3 ** ((temperature_degC - 20) / 10)"


def test_states_begin_as_they_are_declared(form: Reader) -> None:
    # NEURON 9.0.2 begins with s = 0.2, w = 0.6 and u = 0.
    found = form(
        gate(
            states="s w START 0.6 u k[2] START 3",
            parameters="s0 = 0.2",
            initial="k[1] = w0",
            derivative="s' = -s w' = -w u' = 1 - u k'[0] = -k[0] k'[1] = -k[1]",
        )
    )
    initial = {name: state["initial"] for name, state in found["states"].items()}
    values = {"s": "s0", "w": "0.6", "u": "0", "k_0": "3", "k_1": "w0"}
    assert initial == {name: values[name] for name in initial}
    assert list(initial) == list(values)
    assert found["parameters"]["s0"] == 0.2
    assert found["definitions"]["w0"] == "0.6"


def test_states_without_an_equation_are_variables(form: Reader) -> None:
    found = form(gate(states="s", derivative="s = 3", after="ina = ina * s"))
    assert found["definitions"]["ina_2"] == "ina * 3"


def test_a_steady_state_above_1_is_where_a_state_starts(form: Reader) -> None:
    parts = {"states": "s", "initial": "SOLVE change STEADYSTATE sparse"}
    found = form(gate(**parts, derivative="s' = (3 - s) / 4"))
    assert found["states"]["s"] == {"rate_per_ms": "(3 - s) / 4", "initial": "3"}


def test_reactions_become_a_scheme(own: Any, form: Reader) -> None:
    reactions = "~ c <-> o (up * exp(v / 50), down) ~ o <-> p (1, 4) CONSERVE c + o + p = 1"
    text = KINETIC.format(initial="SOLVE moves STEADYSTATE sparse", reactions=reactions)
    assert form(text)["schemes"]["kinetic"] == {
        "total": 1.0,
        "reactions": [
            {
                "reaction": "c <-> o",
                "forward_per_ms": "up * exp(v_mV / 50)",
                "backward_per_ms": "down",
            },
            {"reaction": "o <-> p", "forward_per_ms": "1", "backward_per_ms": "4"},
        ],
    }
    steady = own(text).steady_state(0.0)
    assert steady["o"] == pytest.approx(1.0 / (1.0 + 1.5 + 0.25))


def test_the_start_of_a_scheme_stays_its_own(own: Any, form: Reader) -> None:
    reactions = "~ c <-> o (up, down) ~ o <-> p (1, 4) CONSERVE c + o + p = 1"
    text = KINETIC.format(initial="c = 0.75 o = 0.25", reactions=reactions)
    scheme = form(text)["schemes"]["kinetic"]
    assert scheme["initial"] == {"c": "0.75", "o": "0.25", "p": "0"}
    assert "total" not in scheme
    assert own(text).states == ("c", "o", "p")


def test_other_reactions_become_states(form: Reader) -> None:
    reactions = "~ 2 c <-> o (up, down) ~ o -> (4) ~ p << (0.5)"
    found = form(KINETIC.format(initial="c = 1", reactions=reactions))
    rates = {name: state["rate_per_ms"] for name, state in found["states"].items()}
    assert rates == {
        "c": "-(2 * (up * c * c - down * o))",
        "o": "up * c * c - down * o - 4 * o",
        "p": "0.5",
    }


def test_old_steps_in_time_become_rates(form: Reader) -> None:
    text = """
    NEURON { SUFFIX old NONSPECIFIC_CURRENT i RANGE mexp }
    ASSIGNED { v i dt minf mtau mexp }
    STATE { m }
    INITIAL { rates(v) m = minf }
    BREAKPOINT { SOLVE states i = 1e-3 * m * v }
    PROCEDURE states() { rates(v) m = m + mexp * (minf - m)
      VERBATIM
      return 0;
      ENDVERBATIM
    }
    PROCEDURE rates(v) { mtau = 3 + v / 100 minf = 1 / (1 + exp(-v)) mexp = 1 - exp(-dt / mtau) }
    """
    found = form(text)
    assert found["gates"] == {"m": {"steady_state": "minf", "tau_ms": "mtau"}}
    assert problems(form, text.replace("1 - exp(-dt / mtau)", "dt / mtau")) == [
        (7, "m: a step in time, expected m' = ...")
    ]


def test_constants_of_units_have_their_value(form: Reader) -> None:
    units = "UNITS { F = (faraday) (coulomb) R = (k-mole) (joule/degC) N = 3 (1) PI = (pi) (1) }"
    found = form(gate(rates="minf = 0.5 mtau = F / R + N * PI", blocks=units))["definitions"]
    assert float(found["F"]) == pytest.approx(96485.33212, rel=1e-10)
    assert float(found["R"]) == pytest.approx(8.314462618, rel=1e-10)
    assert found["N"] == "3"
    assert float(found["PI"]) == math.pi


@pytest.mark.parametrize(
    ("unit", "size"),
    [("10000 coulomb", 1e4), ("kilocoulombs", 1e3), ("1/s2", 1.0), ("furlong", None), ("(", None)],
)
def test_sizes_of_units(unit: str, size: float | None) -> None:
    assert size_of(unit) == size


def test_ions_and_places_are_the_form_s(form: Reader) -> None:
    neuron = "USEION ca READ cai, cao, eca WRITE ica"
    found = form(
        gate(
            neuron=neuron,
            assigned="cai cao eca ica diam",
            after="ica = eca * log(cao / cai) / pow(diam, 2) + cosh(v)",
        )
    )
    assert found["definitions"]["ica"] == (
        "e_ca_mV * log(ca_out_mM / ca_in_mM) / diameter_um ** 2 + (exp(v_mV) + exp(-v_mV)) / 2"
    )
    assert list(found["currents_mA_cm2"]) == ["na", "ca"]


def test_a_current_in_another_unit_is_noted(form: Reader) -> None:
    assert "notes" not in form(gate())
    found = form(gate().replace("ina (mA/cm2)", "ina (uA/cm2)"))
    assert found["notes"] == "ina is given in uA/cm2 and taken as mA/cm2, as NEURON does"


def test_what_the_start_sets_holds(form: Reader) -> None:
    parts = {"assigned": "k", "rates": "minf = 0.5 mtau = 2 / k"}
    found = form(gate(**parts, initial="k = 2^(celsius / 10)"))
    assert found["definitions"]["k"] == "2 ** (temperature_degC / 10)"
    # Nobody sets it: a parameter.
    assert form(gate(**parts))["parameters"]["k"] == 0.0
    assert problems(form, gate(**parts, initial="\nk = v"))[0][1] == (
        "k: is set at the start alone, from v_mV"
    )


def test_arrays_of_states_and_variables_of_the_file(form: Reader) -> None:
    text = """
    NEURON { SUFFIX pair NONSPECIFIC_CURRENT i }
    PARAMETER { g = 1e-3 }
    ASSIGNED { v i }
    STATE { s[2] }
    LOCAL z
    INITIAL { FROM k = 0 TO 1 { s[k] = k } }
    BREAKPOINT {
      CONDUCTANCE g
      SOLVE move METHOD derivimplicit
      IF (v > -20) { LOCAL w w = v * 2 z = w } ELSE { z = 1 }
      i = g * (v - z) * s[0]
    }
    DERIVATIVE move { s'[0] = -s[0] * s[1] s'[1] = (s[0] - s[1]) / 7 }
    """
    found = form(text)
    assert found["definitions"]["z"] == "w if v_mV > -20 else 1"
    assert found["states"] == {
        "s_0": {"rate_per_ms": "-s_0 * s_1", "initial": "0"},
        "s_1": {"rate_per_ms": "(s_0 - s_1) / 7", "initial": "1"},
    }


def test_names_of_the_form_are_not_taken(form: Reader) -> None:
    rates = "minf = 0.5 mtau = lambda + exprelr + pi"
    found = form(gate(parameters="lambda = 1 exprelr = 2 pi = 3", rates=rates))
    assert found["definitions"]["mtau"] == "lambda_2 + exprelr_2 + pi_2"
