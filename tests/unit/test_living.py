"""What living patches refuse, say and keep; what they are worth is in tests/physics."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier import living, mechanisms
from ranvier.errors import ModelError
from ranvier.living import Part, Patch, Shell, Status, Step

NA = rv.Ion("na", inside_mM=15.0, outside_mM=145.0)
K = rv.Ion("k", inside_mM=140.0, outside_mM=5.0)
CL = rv.Ion("cl", inside_mM=10.0, outside_mM=120.0)


TWO_DENSITIES = mechanisms.Mechanism(
    "two",
    parameters={"a_S_cm2": 1.0, "b_S_cm2": 1.0},
    currents_mA_cm2={"k": "(a_S_cm2 + b_S_cm2) * (v_mV - e_k_mV)"},
)


def patch(*parts: Part, ions: Any = (NA, K), **others: Any) -> Patch:
    leaks = (Part("na_leak", g_bar_S_cm2=1e-5), Part("k_leak", g_bar_S_cm2=3e-4))
    given = {"parts": parts or leaks, "ions": ions, "temperature_degC": 37.0, "diameter_um": 10.0}
    return Patch(**{**given, **others})


def pumped() -> Patch:
    return living.squid_axon(diameter_um=1.0)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: patch(ions=(NA, rv.Ion("k", inside_mM=0.0, outside_mM=5.0))),
         "ion 'k': inside_mM is 0 mM, expected a number above 0"),
        (lambda: patch(ions=(NA, rv.Ion("k", inside_mM=140.0, outside_mM=-5.0))),
         "ion 'k': outside_mM is -5 mM, expected a number above 0"),
        (lambda: patch(ions=(NA, K, rv.Ion("x", inside_mM=1.0, outside_mM=1.0))),
         "ion 'x': has no valence, expected one such as 1 or -1"),
        (lambda: patch(ions=(NA, rv.Ion("k", inside_mM=140.0))),
         "ion 'k': has no outside_mM, expected two concentrations"),
        (lambda: patch(ions=(NA, K, K)), "ions: two are 'k', expected names that differ"),
        (lambda: patch(Part("nak_kager"), ions=(NA,)),
         "carries k, which the patch has not, expected an ion 'k' among its ions"),
        (lambda: patch(Part("kna_tigerholm"), ions=(K,)),
         "part 'kna_tigerholm': reads na_in_mM, which the patch has not, expected an ion"),
        (lambda: patch(Part("nak_kager"), ions=(NA, rv.Ion("k", e_mV=-90.0))),
         "part 'nak_kager': reads k_out_mM, which the patch has not"),
        (lambda: patch(Part("na_leak"), Part("na_leak")), "parts: two are 'na_leak', expected"),
        (lambda: Part("exp_syn"), "part 'exp_syn': has a current at a point in nA, expected a "
         "density, as of a channel or a pump"),
        (lambda: Part("nak_kagr"), "mechanism 'nak_kagr': is unknown, expected 'nak_kager' or"),
        (lambda: Part("na_leak", g_bar=1.0),
         "part 'na_leak': has no parameter 'g_bar', expected 'g_bar_S_cm2' or one of"),
        (lambda: Part("na_leak", g_bar_S_cm2=float("nan")),
         "part 'na_leak': g_bar_S_cm2 is nan, expected a finite number"),
        (lambda: Part("na_leak", g_bar_S_cm2=-1e-4),
         "part 'na_leak': g_bar_S_cm2 is -0.0001, expected 0 or more"),
        (lambda: patch(temperature_degC=float("inf")),
         "patch: temperature_degC is inf degC, expected a finite one above -273.15"),
        (lambda: patch(diameter_um=0.0), "patch: diameter_um is 0 um, expected a number above 0"),
        (lambda: patch(depth_um=1.0),
         "patch: diameter_um is 10.0 and depth_um is 1.0, expected one of them"),
        (lambda: patch(c_m_uF_cm2=-1.0), "patch: c_m_uF_cm2 is -1 uF/cm2, expected a number"),
        (lambda: patch(temperature_degC=-300.0),
         "patch: temperature_degC is -300 degC, expected a finite one above -273.15"),
        (lambda: patch(held=["ca"]), "held: ion 'ca' is unknown, expected one of na, k"),
        (lambda: Shell(depth_um=-1.0), "shell: depth_um is -1 um, expected a number above 0"),
        (lambda: Shell(depth_um=1.0, exchange_per_s=-2.0),
         "shell: exchange_per_s is -2 /s, expected 0 or more"),
        (lambda: Shell(depth_um=1.0, start_mM={"k": 0.0}),
         "shell: ion 'k': start_mM is 0 mM, expected a number above 0"),
        (lambda: patch(shell=Shell(depth_um=1.0, start_mM={"ca": 1.0})),
         "shell: ion 'ca' is unknown, expected one of na, k"),
        (lambda: patch().part("leak"), "part 'leak': is not in the patch, expected"),
        (lambda: patch().parameter("na_leak.g_S_cm2"), "part 'na_leak': has no parameter 'g_S_"),
        (lambda: patch().with_concentrations({"ca_in_mM": 1.0}),
         "ca_in_mM: is no concentration, expected 'na_in_mM' or one of"),
        (lambda: patch(Part(TWO_DENSITIES)).parameter("two"),
         "part 'two': has 2 parameters that are densities, expected one, or its name as"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ModelError, match=re.escape(sentence)):
        make()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"t_stop_s": 0.0}, "t_stop_s: is 0 s, expected a number above 0"),
        ({"every_s": -1.0}, "every_s: is -1 s, expected a number above 0"),
        ({"method": "Euler"}, "method 'Euler': is unknown, expected one of LSODA, BDF, Radau"),
        ({"relative_tolerance": 0.0}, "relative_tolerance: is 0, expected a number from 1e-13"),
        ({"steps": [Step("k_out_mM", 0.0)]},
         "step 'k_out_mM': value is 0 mM, expected a number above 0"),
        ({"steps": [Step("k_out_mM", 5.0, 3.0)]},
         "step 'k_out_mM': at_s is 3 s, expected 0 to 1 s"),
        ({"steps": [Step("k_out_mM", float("inf"))]},
         "step 'k_out_mM': value is inf, expected a number"),
        ({"steps": [Step("k_outsid_mM", 5.0)]},
         "step 'k_outsid_mM': is unknown, expected 'k_out_mM' or one of injected_uA_cm2"),
        ({"steps": [Step("pump.block", 1.0)]}, "part 'pump': is not in the patch, expected"),
    ],
)  # fmt: skip
def test_runs_that_cannot_be_are_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ModelError, match=re.escape(sentence)):
        living.simulate(patch(), **{"t_stop_s": 1.0, **given})


def test_no_resting_potential_is_said() -> None:
    """A constant current that a leak cannot undo below 150 mV."""
    outward = Part("k_constant", i_mA_cm2=-1.0)
    stuck = patch(outward, Part("na_leak", g_bar_S_cm2=1e-5))
    assert living.rests(stuck) == []
    with pytest.raises(ModelError, match=r"no resting potential lies between -200 and 150 mV"):
        living.simulate(stuck, t_stop_s=1.0)


def test_no_steady_state_is_said() -> None:
    """Leaks without a pump, beside chloride that is held: sodium and potassium run down for ever
    towards where the held chloride lets them not be."""
    unpaid = patch(
        Part("na_leak", g_bar_S_cm2=1e-5), Part("k_constant", i_mA_cm2=1e-3), ions=(NA, K)
    )
    with pytest.raises(ModelError, match=r"patch: no steady state was found near .* are left at"):
        living.steady_state(unpaid)


def test_equilibrium_without_a_pump_is_a_steady_state() -> None:
    """Where every flow ends, rounding is left."""
    leaks = patch(Part("na_leak", g_bar_S_cm2=1e-5), Part("k_leak", g_bar_S_cm2=2e-4), ions=(NA, K))
    run_down = living.steady_state(leaks)
    assert run_down.growth_rate_per_s < 0
    assert max(abs(each) for each in run_down.net_mA_cm2.values()) < 1e-15


def test_balance_says_what_it_found_and_what_it_cannot() -> None:
    axon = patch(*map(Part, ("na_hh", "k_hh", "na_leak", "k_leak", "nak_kager")))
    found = living.balance(axon, v_mV=-70.0, unknowns=["na_leak", "k_leak", "nak_kager"])
    assert found.freedom == 1
    assert min(found.unknowns.values()) >= 0
    assert max(map(abs, found.residual_mA_cm2.values())) < 1e-15
    assert "rests at -70 mV; solved for:\n  na_leak.g_bar_S_cm2 = " in str(found)
    assert "1 of the unknowns could be chosen otherwise" in str(found)
    assert living.rests(found.patch)[0].v_mV == pytest.approx(-70.0, abs=1e-9)
    with pytest.raises(ModelError, match=r"balance at -70 mV: no densities of 0 or more of"):
        living.balance(axon, v_mV=-70.0, unknowns=["na_leak", "k_leak"])
    with pytest.raises(ModelError, match=r"cannot be kept \(.* missing\), expected sums that the"):
        living.balance(
            axon,
            v_mV=-70.0,
            unknowns=["na_leak", "k_leak", "nak_kager"],
            sums={("na_leak",): 1e-4, ("k_leak",): 1e-3},
        )
    with pytest.raises(ModelError, match=r"na_hh.g_bar_S_cm2 is not solved for, expected one of"):
        living.balance(axon, v_mV=-70.0, unknowns=["na_leak"], sums={("na_hh",): 1.0})
    with pytest.raises(ModelError, match=r"nak_kager.km_k_mM: the current is not in proportion"):
        living.balance(axon, v_mV=-70.0, unknowns=["nak_kager.km_k_mM"])
    with pytest.raises(ModelError, match=r"unknowns: there are none, expected parts whose"):
        living.balance(axon, v_mV=-70.0, unknowns=[])


def test_channels_of_several_ions_do_not_become_leaks() -> None:
    both = patch(Part("ih_tigerholm"))
    with pytest.raises(ModelError, match=r"carries na, k, expected one ion with a leak"):
        living.without_gates(both, -60.0)


@pytest.mark.parametrize("compiled", ["na_hh", "k_hh"])
def test_compiled_channels_are_their_written_forms(compiled: str) -> None:
    """Of examples/mechanisms, whose formulas are the paper's."""
    written = mechanisms.read(f"examples/mechanisms/squid_{compiled.removesuffix('_hh')}.toml")
    ours, theirs = Part(compiled), Part(written)
    assert ours.states == theirs.states
    values = [-37.3, *[0.3 + 0.1 * n for n, _ in enumerate(ours.states)]]
    named = {"e_na_mV": 55.0, "e_k_mV": -80.0, "temperature_degC": 18.5}
    found = []
    for part in (ours, theirs):
        named |= part.parameters
        found.append(part.formulas()([*values, *(named[n] for n in part.arguments[len(values) :])]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


#: Whose currents are densities.
DENSE = [name for name in mechanisms.names() if not mechanisms.describe(name).get("is_point")]


@pytest.mark.parametrize("name", DENSE)
def test_every_mechanism_with_a_density_can_be_a_part(name: str) -> None:
    """Formulas of one float and of arrays agree, and with those of the mechanism itself."""
    part = Part(name)
    if part.written is None:
        pytest.skip("compiled; compared with its written form where there is one")
    cell = part.written._defaults()
    states = part.settled(-50.0, cell)
    named = {"v_mV": -50.0, **cell, **states, "temperature_degC": cell.get("temperature_degC", 37)}
    values = [named[argument] for argument in part.arguments]
    one = part.formulas()([float(value) for value in values])
    many = part.formulas()([np.full(3, value) for value in values])
    currents = part.written.currents_mA_cm2(-50.0)
    for found, each in zip(one, many, strict=True):
        np.testing.assert_allclose(np.broadcast_to(each, 3), found, rtol=1e-12, atol=1e-300)
    for found, expected in zip(one[len(part.states) :], currents.values(), strict=True):
        assert found == pytest.approx(float(expected), rel=1e-9, abs=1e-18)


def test_result_says_how_it_went_and_what_it_costs() -> None:
    result = living.simulate(pumped(), t_stop_s=30.0, every_s=10.0)
    assert result.status is Status.COMPLETED
    np.testing.assert_allclose(result.t_s, [0.0, 10.0, 20.0, 30.0])
    assert str(result).startswith("completed after 30 s, potential and gates live: -65.00")
    ledger = result.ledger()
    assert "after 30 s, per cm2 of membrane; outward is positive" in str(ledger)
    assert re.search(r"ATP of nak_kager: 1\.09\d+ nmol", str(ledger))
    pump_mA_cm2 = result.current_mA_cm2("nak_kager")[0]
    spent = pump_mA_cm2 * 1e3 / 96485.33212331001 * 30e3
    assert ledger.atp_nmol_cm2["nak_kager"] == pytest.approx(spent, rel=1e-9)
    whole = sum(ledger.atp_nmol_cm2.values()) * 1e-9 * 6.02214076e23
    assert ledger.atp_per_mm["nak_kager"] == pytest.approx(whole * np.pi * 1e-4 * 0.1, rel=1e-12)
    halves = [result.ledger(stop_s=10.0), result.ledger(start_s=10.0)]
    parts = [half["na"].moved["nak_kager"] for half in halves]
    assert parts[1] == pytest.approx(2 * parts[0], rel=1e-6)
    assert sum(parts) == pytest.approx(ledger["na"].moved["nak_kager"], rel=1e-12)
    assert (
        living.simulate(patch(diameter_um=None, depth_um=1.0), t_stop_s=1.0).ledger().atp_per_mm
        == {}
    )
    with pytest.raises(
        ModelError, match=r"are no two samples in order, expected times within 30 s"
    ):
        result.ledger(start_s=20.0, stop_s=10.0)
    with pytest.raises(KeyError):
        ledger["ca"]
    with pytest.raises(ModelError, match=r"na_mM: is not there, expected"):
        result.when_s("na_mM", 1.0)
    assert np.isnan(result.when_s("v_mV", 0.0))


def test_steps_act_at_their_times_and_are_recorded() -> None:
    steps = [
        Step("nak_kager.ouabain_fraction", 1.0, 0.1),
        Step("k_out_mM", 30.0, 0.2),
        *living.pulses(1.5, duration_ms=50.0, at_s=0.25),
    ]
    result = living.simulate(pumped(), t_stop_s=0.4, steps=steps)
    pump = result.current_mA_cm2("nak_kager")
    assert (pump[result.t_s < 0.1] > 0).all()
    assert (pump[result.t_s > 0.1] == 0).all()
    assert set(result.outside_mM["k"][result.t_s < 0.2]) == {18.68}
    assert set(result.outside_mM["k"][result.t_s > 0.2]) == {30.0}
    inside = (result.t_s > 0.25) & (result.t_s < 0.3)
    assert set(result.injected_uA_cm2[inside]) == {1.5}
    assert result.ledger().charge.injected == pytest.approx(1.5 * 0.05, rel=1e-9)
    end = result.end()
    assert end.part("nak_kager").parameters["ouabain_fraction"] == 1.0
    assert {i.name: i.outside_mM for i in end.ions}["k"] == 30.0
    assert end.part("na_hh").parameters == Part("na_hh").parameters


def test_concentrations_that_come_to_nothing_stop_a_run() -> None:
    """A constant current takes potassium out of a closed shell."""
    greedy = patch(
        Part("k_constant", i_mA_cm2=-1e-2),
        Part("na_constant", i_mA_cm2=1e-2),
        Part("k_leak", g_bar_S_cm2=1e-6),
        shell=Shell(depth_um=0.1),
    )
    result = living.simulate(greedy, t_stop_s=10.0, v_init_mV=-60.0)
    assert result.status is Status.EXHAUSTED
    assert re.search(r"k_out_mM came to nothing at 0\.4\d+ s", str(result))
    # 5 mM in 0.1 um are 0.05 nmol/cm2, of which 10 uA/cm2 take 0.1036 a second.
    assert result.t_s[-1] == pytest.approx(0.05 / 0.10364, rel=0.02)


def test_quasi_steady_run_says_when_its_rest_is_lost() -> None:
    """Depolarised slowly, cold channels come to where potential and gates begin to swing."""
    cold = replace(pumped(), temperature_degC=6.3)
    poison = [Step("nak_kager.ouabain_fraction", 1.0)]
    result = living.simulate(cold, t_stop_s=300.0, steps=poison, quasi_steady=True)
    assert result.status is Status.REST_LOST
    assert "potential and gates no longer keep this rest, which a full run would leave" in str(
        result
    )
    there = living.rests(result.end())
    (near,) = [rest for rest in there if abs(rest.v_mV - result.v_mV[-1]) < 0.1]
    assert near.growth_rate_per_ms == pytest.approx(0.0, abs=1e-3)
    assert not np.isnan(result.t_s).any()
    assert 10 < result.t_s[-1] < 100


def test_run_goes_on_from_where_another_ended() -> None:
    """Gates settle anew, which here is nothing; shell and bath are where they were."""
    shelled = replace(pumped(), shell=Shell(depth_um=0.03, exchange_per_s=2.0))
    steps = [Step("nak_kager.ouabain_fraction", 1.0), Step("k_out_mM", 25.0, 1.0)]
    whole = living.simulate(shelled, t_stop_s=4.0, steps=steps)
    first = living.simulate(shelled, t_stop_s=2.0, steps=steps)
    left = first.end()
    assert left.shell is not None
    assert left.shell.start_mM["k"] == first.outside_mM["k"][-1]
    assert {ion.name: ion.outside_mM for ion in left.ions}["k"] == 25.0
    then = living.simulate(left, t_stop_s=2.0)
    assert then.v_mV[-1] == pytest.approx(whole.v_mV[-1], abs=1e-3)
    assert then.outside_mM["k"][-1] == pytest.approx(whole.outside_mM["k"][-1], rel=1e-6)
    assert then.inside_mM["na"][-1] == pytest.approx(whole.inside_mM["na"][-1], rel=1e-6)
    assert whole.outside_mM["k"][-1] > 25.0


def test_quasi_steady_run_does_not_follow_an_unstable_rest() -> None:
    """Ten uA/cm2 make cold channels fire for as long as they flow."""
    cold = replace(pumped(), temperature_degC=6.3)
    steps = [Step("injected_uA_cm2", 10.0, 0.5)]
    result = living.simulate(cold, t_stop_s=1.0, steps=steps, quasi_steady=True)
    assert result.status is Status.REST_LOST
    assert result.t_s[-1] == 0.5
    assert "at 0.5 s" in result.message
    full = living.simulate(cold, t_stop_s=0.6, steps=steps)
    assert len(full.spikes_s(0.0)) > 4


def test_picture_has_potential_ions_ledger_and_atp() -> None:
    result = living.simulate(pumped(), t_stop_s=1.0)
    figure = rv.plot.living(result)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "Membrane potential, and where each ion would be at rest",
        "Concentrations: inside in full, outside dotted",
        "Carried outward since the start",
        "ATP spent",
    ]
    assert figure.axes[-1].get_xlabel() == "Time (s)"
    drawn = figure.axes[0].get_lines()[0]
    np.testing.assert_allclose(drawn.get_ydata(), result.v_mV)
    without = rv.plot.living(living.simulate(patch(), t_stop_s=1e-3))
    assert len(without.axes) == 3
    nothing = replace(result, t_s=np.zeros(0))
    with pytest.raises(ValueError, match=r"result: has no samples, expected one or more"):
        rv.plot.living(nothing)


def test_missing_scipy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    axon = pumped()
    genuine = builtins.__import__

    def without(name: str, *others: Any, **more: Any) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return genuine(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"living.simulate needs SciPy, expected it installed"):
        living.simulate(axon, t_stop_s=1.0)
    with pytest.raises(ImportError, match=r"living.balance needs SciPy, expected it installed"):
        living.balance(axon, v_mV=-65.0, unknowns=["nak_kager"])
