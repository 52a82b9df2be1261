"""Known channels, written as equations."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import ranvier as rv
import tolerances
from expression_forms import ALL, CALCIUM, NODE_SODIUM, POTASSIUM, SCHEME, SODIUM
from ranvier import mechanisms
from ranvier.mechanisms import Mechanism
from ranvier.mechanisms.typical import value_of_input

V_mV = np.linspace(-120.0, 80.0, 401)


def made(form: dict) -> Mechanism:
    return Mechanism.from_dict(form)


#: Rates per ms at 6.3 degC computed from Hodgkin & Huxley 1952: v, then alpha and beta of m, h, n.
SQUID = [
    (-90, 0.033918275, 16.041566, 0.24432401, 0.0040701377, 0.010898181, 0.17085474),
    (-65, 0.22356372, 4, 0.07, 0.047425873, 0.058197671, 0.125),
    (-55, 0.43082538, 2.2950137, 0.042457146, 0.11920292, 0.1, 0.11031211),
    (-40, 1, 0.99740884, 0.020055336, 0.37754067, 0.19308254, 0.091451954),
    (-20, 2.3130353, 0.32833999, 0.0073779457, 0.81757448, 0.36089818, 0.071222853),
    (0, 4.0746294, 0.10808722, 0.0027141945, 0.97068777, 0.55225695, 0.055468414),
]


@pytest.mark.parametrize("row", SQUID)
def test_squid_rates_are_those_printed(row: tuple[float, ...]) -> None:
    v_mV, *expected = row
    sodium, potassium = (made(form).rates_per_ms(v_mV) for form in (SODIUM, POTASSIUM))
    found = [*sodium["m"], *sodium["h"], *potassium["n"]]
    np.testing.assert_allclose(found, expected, rtol=tolerances.PRINTED_8_DIGITS_RELATIVE)


def test_squid_rates_are_those_of_the_core() -> None:
    for form, name in ((SODIUM, "na_hh"), (POTASSIUM, "k_hh")):
        for gate, rates in mechanisms.rates(name, V_mV).items():
            np.testing.assert_allclose(made(form).rates_per_ms(V_mV)[gate], rates, rtol=1e-11)


def test_steady_state_and_time_constant_follow_from_rates() -> None:
    sodium = made(SODIUM)
    steady, tau_ms = sodium.steady_state(V_mV), sodium.time_constant_ms(V_mV)
    for gate, (alpha, beta) in sodium.rates_per_ms(V_mV).items():
        np.testing.assert_allclose(steady[gate], alpha / (alpha + beta), rtol=1e-14)
        np.testing.assert_allclose(tau_ms[gate], 1 / (alpha + beta), rtol=1e-14)
    warm = sodium.time_constant_ms(V_mV, temperature_degC=16.3)["m"]
    np.testing.assert_allclose(warm, tau_ms["m"] / 3.0, rtol=1e-14)
    # Rates count from the reference temperature, whatever the fibre's.
    np.testing.assert_allclose(steady["m"], sodium.steady_state(V_mV, temperature_degC=30.0)["m"])


def test_values_keep_the_shape_that_is_asked_for() -> None:
    sodium = made(SODIUM)
    assert sodium.steady_state(-65.0)["m"].shape == ()
    assert sodium.time_constant_ms(V_mV.reshape(-1, 1))["h"].shape == (401, 1)
    both = sodium.currents_mA_cm2(V_mV.reshape(-1, 1), e_na_mV=[40.0, 50.0])
    assert both["na"].shape == (401, 2)


def test_current_is_that_of_the_formula() -> None:
    current = made(SODIUM).currents_mA_cm2(-20.0, {"m": 0.4, "h": 0.5}, e_na_mV=50.0)
    assert current["na"] == pytest.approx(0.12 * 0.4**3 * 0.5 * -70.0, rel=1e-14)
    more = made(SODIUM).currents_mA_cm2(-20.0, {"m": 0.4}, e_na_mV=50.0, g_bar_S_cm2=0.24)
    h = made(SODIUM).steady_state(-20.0)["h"]
    assert more["na"] == pytest.approx(0.24 * 0.4**3 * h * -70.0, rel=1e-14)


def test_unknown_values_and_states_are_refused() -> None:
    with pytest.raises(
        rv.ModelError, match=r"'na_squid': e_k_mV is not read by it, expected 'e_na"
    ):
        made(SODIUM).steady_state(-65.0, e_k_mV=-77.0)
    with pytest.raises(rv.ModelError, match=r"'na_squid': has no state 'n', expected one of m, h"):
        made(SODIUM).currents_mA_cm2(-65.0, {"n": 0.3})


def test_scheme_rests_where_its_flows_balance() -> None:
    steady = made(SCHEME).steady_state(V_mV)
    opening = 2 / (1 + np.exp(-(V_mV + 30.0) / 8))
    closing = np.exp(-(V_mV + 40) / 12)
    recovery = 0.02 * np.exp(-(V_mV + 40) / 24)
    np.testing.assert_allclose(steady["closed"] * opening, steady["open"] * closing, rtol=1e-9)
    np.testing.assert_allclose(steady["open"] * 0.3, steady["shut"] * recovery, rtol=1e-9)
    np.testing.assert_allclose(sum(steady.values()), 1.0, rtol=1e-9)


def test_mass_action_keeps_what_it_conserves() -> None:
    """Calcium and a buffer: one bound takes one of each."""
    buffer = Mechanism(
        "buffer",
        parameters={"on_per_mM_per_ms": 400.0, "off_per_ms": 0.2},
        schemes={
            "binding": {
                "reactions": [
                    {
                        "reaction": "ca_mM + free_mM <-> bound_mM",
                        "forward_per_ms": "on_per_mM_per_ms",
                        "backward_per_ms": "off_per_ms",
                    }
                ],
                "initial": {"ca_mM": "2e-3", "free_mM": "5e-3", "bound_mM": "0"},
            }
        },
    )
    steady = buffer.steady_state([-65.0, 0.0])
    np.testing.assert_allclose(steady["ca_mM"] + steady["bound_mM"], 2e-3, rtol=1e-9)
    np.testing.assert_allclose(steady["free_mM"] + steady["bound_mM"], 5e-3, rtol=1e-9)
    ratio = steady["ca_mM"] * steady["free_mM"] / steady["bound_mM"]
    np.testing.assert_allclose(ratio, 0.2 / 400.0, rtol=1e-7)


def test_goldman_current_is_that_of_the_paper() -> None:
    """With the quotient written out: P E F^2/(RT) (out - in e^u)/(1 - e^u)."""
    sodium = made(NODE_SODIUM)
    assert sodium.inputs == ("na_in_mM", "na_out_mM", "permeability_cm_s", "temperature_degC")
    gates = {"m": 0.6, "h": 0.7}
    given = {"na_in_mM": 13.74, "na_out_mM": 114.5}
    found = sodium.currents_mA_cm2(V_mV[:-1] + 0.1, gates, **given)["na"]
    volt = (V_mV[:-1] + 0.1) * 1e-3
    u = volt * 96485.33212331001 / (8.31446261815324 * 293.15)
    quotient = (114.5 - 13.74 * np.exp(u)) / (1 - np.exp(u))
    expected = 8e-3 * 0.6**2 * 0.7 * u * 96485.33212331001 * quotient * 1e-3
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    at_zero = sodium.currents_mA_cm2(0.0, gates, **given)["na"]
    expected_at_zero = 8e-3 * 0.36 * 0.7 * 96.48533212331001 * (13.74 - 114.5)
    assert at_zero == pytest.approx(expected_at_zero, rel=1e-14)


def test_goldman_current_ends_at_nernst() -> None:
    form = {
        **NODE_SODIUM,
        "definitions": {
            **NODE_SODIUM["definitions"],
            "e_mV": "nernst_mV(1, na_in_mM, na_out_mM)",
            "spare_mA_cm2": "ghk_mA_cm2(permeability_cm_s, 1, e_mV, na_in_mM, na_out_mM)",
        },
        "currents_mA_cm2": {"na": "spare_mA_cm2"},
    }
    assert made(form).currents_mA_cm2(-65.0)["na"] == pytest.approx(0.0, abs=1e-14)


def test_calcium_rests_where_its_rate_is_0() -> None:
    shell = made(CALCIUM)
    steady = shell.steady_state([-80.0, -30.0, 0.0], e_ca_mV=120.0)
    current = shell.currents_mA_cm2([-80.0, -30.0, 0.0], steady, e_ca_mV=120.0)
    into = -current["ca"] / (2 * 96485.33212331001 * 0.1) * 10
    np.testing.assert_allclose(steady["ca_mM"], 1e-4 + 20.0 * into, rtol=1e-12)
    assert (np.diff(steady["ca_mM"]) > 0).all()


def test_description_is_that_of_a_mechanism_of_the_core() -> None:
    found = made(SODIUM).describe()
    expected = mechanisms.describe("na_hh")
    assert {key: found[key] for key in expected} == {**expected, "name": "na_squid"}
    assert made(CALCIUM).describe()["ion"] == ""
    assert made(CALCIUM).states == ("c", "ca_mM")
    assert made(CALCIUM).ions == ("ca", "k")
    assert repr(made(SCHEME)) == "<channel 'markov': closed, open, shut>"


@pytest.mark.parametrize("name", ALL)
def test_survives_pickling(name: str) -> None:
    mechanism = made(ALL[name])
    again = pickle.loads(pickle.dumps(mechanism))
    assert again.form == mechanism.form
    np.testing.assert_array_equal(again.programs.linearise.code, mechanism.programs.linearise.code)


def test_keyword_form_is_that_of_a_dict() -> None:
    tables = {key: value for key, value in SODIUM.items() if key != "name"}
    assert Mechanism("na_squid", **tables).form == made(SODIUM).form


def test_library_and_core_share_no_name() -> None:
    names = mechanisms.names()
    assert len(names) == len(set(names))


def test_typical_cell_has_the_potentials_of_its_concentrations() -> None:
    assert value_of_input("e_k_mV") == pytest.approx(-97.7, abs=0.1)
    assert value_of_input("e_na_mV") == pytest.approx(66.6, abs=0.1)
    assert value_of_input("ca_in_mM") == 1e-4
    assert value_of_input("e_nh4_mV") == 0.0
    assert value_of_input("diameter_um") == 1.0


def test_guide_shows_a_file_that_can_be_read(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "mechanism-file.md").read_text()
    shown = re.search(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert shown
    path = tmp_path / "na_example.toml"
    path.write_text(shown[1])
    example = mechanisms.read(path)
    for gate, rates in mechanisms.rates("na_hh", V_mV).items():
        np.testing.assert_allclose(example.rates_per_ms(V_mV)[gate], rates, rtol=1e-11)
