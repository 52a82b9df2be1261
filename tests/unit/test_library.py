"""The mechanisms that come with the package, against the published expressions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tolerances
from ranvier import mechanisms
from ranvier.errors import ModelError
from ranvier.mechanisms import Mechanism

ROOT = Path(__file__).parents[2]
ALL = sorted((ROOT / "src" / "ranvier" / "mechanisms" / "library").glob("*.toml"))
#: Those of membranes; what is at points is in tests/contract/test_every_point.py.
FILES = [path for path in ALL if not mechanisms.read(path).is_point]
#: Made by tests/reference/make_channel_rates.py, in plain Python and without ranvier.
PUBLISHED = json.loads((ROOT / "tests" / "reference" / "data" / "channel_rates.json").read_text())
RATES: dict[str, Any] = PUBLISHED["mechanisms"]
#: Whose equations are a line each, so that there is nothing to compare with.
PLAIN = {f"{ion}_{kind}" for ion in ("na", "k", "ca", "cl") for kind in ("leak", "constant")}
#: Which have tests of their own.
PLAIN |= {"leak_ghk", "stretch_leak"}
V_mV = np.array(PUBLISHED["v_mV"])


def library(name: str) -> Mechanism:
    (path,) = [path for path in FILES if path.stem == name]
    return mechanisms.read(path)


def given(mechanism: Mechanism) -> dict[str, Any]:
    """The cell that the published values are for, as far as the mechanism reads it."""
    cell = {**PUBLISHED["cell"], "temperature_degC": PUBLISHED["temperature_degC"]}
    return {name: value for name, value in cell.items() if name in mechanism.inputs}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_is_read_and_says_where_it_is_from(path: Path) -> None:
    mechanism = mechanisms.read(path)
    assert mechanism.name == path.stem
    assert mechanism.name in mechanisms.names()
    info = mechanism.describe()
    assert "doi:10." in info["citation"]
    assert set(mechanism.ions) <= {"na", "k", "ca", "cl", "mixed"}
    for gate in mechanism.form.gates:
        given_degC = mechanism.form.reference_temperature_degC
        assert (gate.warmth.reference_temperature_degC if gate.warmth else given_degC) is not None


def test_every_file_is_compared_or_plain() -> None:
    assert {path.stem for path in FILES} == set(RATES) | PLAIN


@pytest.mark.parametrize("name", RATES)
def test_gates_are_the_published_ones(name: str) -> None:
    mechanism = library(name)
    gates = RATES[name]["gates"]
    steady = mechanism.steady_state(V_mV, **given(mechanism))
    tau_ms = mechanism.time_constant_ms(V_mV, **given(mechanism))
    assert set(steady) == set(tau_ms) == set(gates)
    for gate, expected in gates.items():
        np.testing.assert_allclose(
            steady[gate], expected["steady_state"], rtol=tolerances.PUBLISHED_RATE_RELATIVE
        )
        np.testing.assert_allclose(
            tau_ms[gate], expected["tau_ms"], rtol=tolerances.PUBLISHED_RATE_RELATIVE
        )
        assert (steady[gate] >= 0).all()
        assert (steady[gate] <= 1).all()


@pytest.mark.parametrize("name", [name for name in RATES if RATES[name]["gates"]])
def test_gates_slow_in_the_cold_as_published(name: str) -> None:
    mechanism = library(name)
    cold = {"temperature_degC": PUBLISHED["colder_degC"]}
    read = {key: each for key, each in cold.items() if key in mechanism.inputs}
    tau_ms = mechanism.time_constant_ms(V_mV, **{**given(mechanism), **read})
    assert set(tau_ms) == set(RATES[name]["colder_tau_ms"])
    for gate, expected in RATES[name]["colder_tau_ms"].items():
        np.testing.assert_allclose(tau_ms[gate], expected, rtol=tolerances.PUBLISHED_RATE_RELATIVE)


@pytest.mark.parametrize("name", RATES)
def test_currents_are_the_published_ones(name: str) -> None:
    mechanism = library(name)
    currents = mechanism.currents_mA_cm2(V_mV, **given(mechanism))
    assert set(currents) == set(RATES[name]["currents_mA_cm2"])
    for ion, expected in RATES[name]["currents_mA_cm2"].items():
        np.testing.assert_allclose(
            np.broadcast_to(currents[ion], V_mV.shape),
            expected,
            rtol=tolerances.PUBLISHED_RATE_RELATIVE,
            atol=1e-9 * np.abs(expected).max(),
        )


@pytest.mark.parametrize("ion", ["na", "k", "ca", "cl"])
def test_leaks_and_constants_are_what_they_say(ion: str) -> None:
    leak = library(f"{ion}_leak").currents_mA_cm2(V_mV, g_bar_S_cm2=2e-3, **{f"e_{ion}_mV": 40.0})
    np.testing.assert_allclose(leak[ion], 2e-3 * (V_mV - 40.0), rtol=1e-15)
    constant = library(f"{ion}_constant").currents_mA_cm2(V_mV, i_mA_cm2=-3e-3)
    np.testing.assert_allclose(constant[ion], -3e-3, rtol=0)


def test_rectifying_leak_is_that_of_goldman() -> None:
    """Against the formula, and zero at the potential of Goldman, Hodgkin and Katz."""
    squid = {"k_in_mM": 400.0, "k_out_mM": 20.0, "na_in_mM": 50.0, "na_out_mM": 440.0}
    leak = library("leak_ghk")
    v_mV = V_mV + 0.013  # none is 0, where the formula as it is written has 0/0
    found = leak.currents_mA_cm2(v_mV, p_bar_cm_s=2e-6, temperature_degC=18.5, **squid)
    for ion, permeability_cm_s in (("k", 2e-6), ("na", 0.04 * 2e-6)):
        u = v_mV * 96485.33212331001 / 8314.46261815324 / (18.5 + 273.15)
        inside, outside = squid[f"{ion}_in_mM"], squid[f"{ion}_out_mM"]
        expected = (
            permeability_cm_s
            * 96485.33212331001
            * 1e-3
            * u
            * (inside - outside * np.exp(-u))
            / -np.expm1(-u)
        )
        np.testing.assert_allclose(found[ion], expected, rtol=1e-9)
    rest_mV = 1e3 * 8.31446261815324 * (18.5 + 273.15) / 96485.33212331001
    rest_mV *= np.log((20.0 + 0.04 * 440.0) / (400.0 + 0.04 * 50.0))
    there = leak.currents_mA_cm2(rest_mV, temperature_degC=18.5, **squid)
    assert there["k"] + there["na"] == pytest.approx(0.0, abs=1e-12)
    ahead, back = (sum(leak.currents_mA_cm2(v, **squid).values()) for v in (60.0, -120.0))
    assert abs(ahead / (60.0 - rest_mV)) > 2.0 * abs(back / (-120.0 - rest_mV))


def test_calcium_may_reverse_elsewhere_than_nernst_says() -> None:
    leak = library("ca_leak").currents_mA_cm2(41.3, g_bar_S_cm2=1.0, e_ca_mV=120, e_shift_mV=-78.7)
    assert leak["ca"] == pytest.approx(0.0, abs=1e-12)


def test_frog_node_carries_the_known_flux() -> None:
    """Goldman-Hodgkin-Katz at 20 degC: 8e-3 cm/s, 13.74 mM inside and 114.5 outside."""
    current = library("na_fh").currents_mA_cm2(
        np.array([-70.0, -40.0, 0.0, 40.0]),
        {"m": 1.0, "h": 1.0},
        na_in_mM=13.74,
        na_out_mM=114.5,
        temperature_degC=20.0,
    )
    np.testing.assert_allclose(current["na"], [-259.294, -171.753, -77.775, -15.015], atol=5e-4)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bytecode_says_the_same(path: Path) -> None:
    """What the core runs, against the formulas: states, rates of change, currents, slopes."""
    mechanism = mechanisms.read(path)
    programs = mechanism.programs
    cell = {**mechanism.parameters, **given(mechanism)}
    inputs = [np.asarray(cell[name]) for name in programs.inputs]
    derived = programs.setup.run(inputs)

    def at(v_mV: Any, states: list[Any], program: Any) -> list[Any]:
        return program.run([np.asarray(v_mV), *states, *inputs, *derived])

    v_mV = np.linspace(-120.3, 60.7, 182)
    unset = [np.nan for _ in mechanism.states]
    steady = mechanism.steady_state(v_mV, **given(mechanism))
    states = [np.broadcast_to(each, v_mV.shape) for each in at(v_mV, unset, programs.settle)]
    for name, found in zip(mechanism.states, states, strict=True):
        np.testing.assert_allclose(found, steady[name], rtol=1e-9, atol=1e-15)

    count = len(states)
    away = [0.9 * state + 0.03 for state in states]
    change = at(v_mV, away, programs.change)
    currents = mechanism.currents_mA_cm2(
        v_mV, dict(zip(mechanism.states, away, strict=True)), **given(mechanism)
    )
    for ion, found in zip(programs.currents, change[count:], strict=True):
        scale = np.abs(currents[ion]).max()
        np.testing.assert_allclose(found, currents[ion], rtol=1e-9, atol=1e-12 * scale)
    assert all(np.isfinite(each).all() for each in at(v_mV, away, programs.linearise))
    for far_mV in (-1000.0, 1000.0):
        found = at(far_mV, [0.5 for _ in states], programs.change)
        assert np.isfinite(found).all()


ATP_DRIVEN = [path.stem for path in FILES if mechanisms.read(path).form.ions_per_atp]
ELECTRONEUTRAL = ["kcc2_log", "kcc2_product", "nkcc1_log"]
CHARGES = {"na": 1, "k": 1, "ca": 2, "cl": -1}


@pytest.mark.parametrize("name", ATP_DRIVEN)
def test_pump_carries_ions_as_one_atp_moves_them(name: str) -> None:
    mechanism = library(name)
    counts = mechanism.form.ions_per_atp
    currents = mechanism.currents_mA_cm2(V_mV, **given(mechanism))
    assert set(counts) == set(currents)
    cycles = [currents[ion] / (CHARGES[ion] * count) for ion, count in counts.items()]
    for each in cycles:
        np.testing.assert_allclose(each, cycles[0], rtol=1e-14)
        assert (each > 0).all()


@pytest.mark.parametrize("name", ELECTRONEUTRAL)
def test_cotransporter_carries_no_net_current(name: str) -> None:
    mechanism = library(name)
    currents = mechanism.currents_mA_cm2(V_mV, **given(mechanism))
    largest = max(np.abs(each).max() for each in currents.values())
    assert largest > 0
    assert np.abs(sum(currents.values())).max() <= 1e-15 * largest


@pytest.mark.parametrize("name", [name for name in ATP_DRIVEN if name.startswith("nak_")])
def test_ouabain_blocks_its_share_of_the_pumps(name: str) -> None:
    mechanism = library(name)
    cell = given(mechanism)
    free = mechanism.currents_mA_cm2(V_mV, **cell)
    half = mechanism.currents_mA_cm2(V_mV, **cell, ouabain_fraction=0.5)
    none = mechanism.currents_mA_cm2(V_mV, **cell, ouabain_fraction=1.0)
    for ion, current in free.items():
        np.testing.assert_allclose(half[ion], 0.5 * current, rtol=1e-14)
        assert (none[ion] == 0).all()


def test_four_states_give_the_published_currents() -> None:
    """O'Hara's cell at 310 K, in uA/uF; science of the model, not of this package."""
    cell = {"na_in_mM": 7, "k_in_mM": 145, "na_out_mM": 140, "k_out_mM": 5.4}
    mechanism = library("nak_cycle")
    found = mechanism.currents_mA_cm2([-87.0, -60.0, 0.0, 40.0], **cell, temperature_degC=36.85)
    net = 1e3 * (found["na"] + found["k"])
    np.testing.assert_allclose(net, [0.08606, 0.10112, 0.14350, 0.18101], rtol=1e-4)


def test_cycle_stops_where_atp_pays_for_nothing_more() -> None:
    """At the reversal potential of 3 sodium and 2 potassium ions against the ratio ATP/ADP that
    makes the cycle's forward and backward rates equal, the current changes its sign."""
    mechanism = library("nak_cycle")
    cell = {"na_in_mM": 7.0, "k_in_mM": 145.0, "na_out_mM": 140.0, "k_out_mM": 5.4}
    rich = mechanism.currents_mA_cm2(-60.0, **cell)["na"]
    poor = mechanism.currents_mA_cm2(-60.0, **cell, atp_mM=1e-7, adp_mM=10.0)["na"]
    assert rich > 0 > poor


def test_cotransporters_rest_where_their_gradients_cancel() -> None:
    """KCC2 where E_Cl = E_K: Ki Cli = Ko Clo; NKCC1 where Nai Ki Cli^2 = Nao Ko Clo^2."""
    cell = {"k_in_mM": 130.0, "k_out_mM": 4.0, "cl_in_mM": 4.0, "cl_out_mM": 130.0}
    assert library("kcc2_log").currents_mA_cm2(0.0, **cell)["k"] == pytest.approx(0, abs=1e-18)
    assert library("kcc2_product").currents_mA_cm2(0.0, **cell)["k"] == pytest.approx(0, abs=1e-18)
    cell |= {"na_in_mM": 10.0, "na_out_mM": 140.0, "cl_in_mM": 50.0}
    cell["cl_out_mM"] = 50.0 * (10.0 * 130.0 / (140.0 * 4.0)) ** 0.5
    assert library("nkcc1_log").currents_mA_cm2(0.0, **cell)["na"] == pytest.approx(0, abs=1e-18)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"na": 0}, "ions_per_atp.na: is 0, expected how many ions one ATP moves outward"),
        ({"k": 2}, "ions_per_atp.k: is not carried, expected one of na"),
        ({"na": "three"}, "ions_per_atp.na: is 'three', expected a finite number"),
    ],
)
def test_ions_per_atp_are_checked(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ModelError, match=re.escape(sentence)):
        Mechanism("odd", currents_mA_cm2={"na": 1e-3}, ions_per_atp=table)


def test_tension_opens_half_at_its_half_and_most_of_it_adapts() -> None:
    leak = library("stretch_leak")
    reversals = {"e_na_mV": 50.0, "e_k_mV": -90.0}

    def steady(tension_mN_m: float) -> dict[str, Any]:
        return leak.steady_state(-70.0, tension_mN_m=tension_mN_m, **reversals)

    assert steady(1.4)["open"] == pytest.approx(0.5)
    assert steady(0.0)["open"] == pytest.approx(1 / (1 + np.exp(1.4 / 0.3)))
    assert steady(10.0)["open"] * steady(10.0)["fresh"] == pytest.approx(0.2)
    # Sodium and potassium alike: nothing flows halfway between their potentials.
    none = leak.currents_mA_cm2(-20.0, tension_mN_m=1.4, **reversals)
    assert none["na"] == pytest.approx(-none["k"])
    assert none["na"] < 0
