"""Living patches against closed forms, other integrators and the numbers of the literature.

What is said to have been computed with another program is in the reference table of the squid's
axon with a pump: Hodgkin and Huxley's conductances, Kager's pump, baths that stay.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import ranvier as rv
from ranvier import living, mechanisms, membrane
from ranvier.living import Part, Patch, Shell, Status, Step
from ranvier.living._system import System

OUABAIN = [Step("nak_kager.ouabain_fraction", 1.0)]
FARADAY_C_mol = 96485.33212331001


@pytest.fixture(scope="module")
def squid() -> Patch:
    return living.squid_axon()


@pytest.fixture(scope="module")
def poisoned(squid: Patch) -> living.LivingResult:
    return living.simulate(squid, t_stop_s=36e3, steps=OUABAIN, v_init_mV=-65.0)


def test_right_side_is_that_of_closed_forms() -> None:
    """A leak by Nernst, and a pore by Goldman, Hodgkin and Katz, against ranvier.membrane."""
    pore = mechanisms.Mechanism(
        "pore",
        parameters={"p_cm_s": 1e-6},
        currents_mA_cm2={"k": "ghk_mA_cm2(p_cm_s, 1, v_mV, k_in_mM, k_out_mM)"},
    )
    k = {"inside_mM": 130.0, "outside_mM": 7.0}
    patch = Patch(
        parts=[Part("na_leak", g_bar_S_cm2=2e-5), Part(pore)],
        ions=[rv.Ion("na", inside_mM=17.0, outside_mM=141.0), rv.Ion("k", **k)],
        temperature_degC=31.0,
        depth_um=0.7,
        c_m_uF_cm2=1.3,
    )
    system = System(patch)
    change = system.change(system.start(-48.0))
    e_na = membrane.nernst_mV(inside_mM=17.0, outside_mM=141.0, temperature_degC=31.0)
    i_na = 2e-5 * (-48.0 - e_na)
    i_k = membrane.ghk_current_mA_cm2(
        v_mV=-48.0, **k, permeability_cm_s=1e-6, temperature_degC=31.0
    )
    # mA/cm2 into uF/cm2 is V/ms; 1 mA/cm2 out of 1 um is 1e-2/F mol/cm3/s, thus 10/F mol/l/s.
    expected = [-1e3 * (i_na + i_k) / 1.3, -1e4 * i_na / FARADAY_C_mol / 0.7]
    assert change[:2] == pytest.approx(expected, rel=1e-13)
    assert change[2] == pytest.approx(-1e4 * i_k / FARADAY_C_mol / 0.7, rel=1e-13)


def test_slopes_are_those_of_central_differences(squid: Patch) -> None:
    system = System(squid)
    y = system.start(-52.0)
    found = system.slopes(y)
    for state in range(system.moving):
        step = 1e-6 * max(abs(y[state]), 1e-2)
        above, below = y.copy(), y.copy()
        above[state] += step
        below[state] -= step
        slope = (system.change(above) - system.change(below)) / (above - below)[state]
        scale = np.abs(slope).max()
        np.testing.assert_allclose(found[:, state], slope, rtol=2e-5, atol=1e-6 * scale)


def test_squid_axon_rests_as_its_recipe_says(squid: Patch) -> None:
    """-65 mV, a net pump current of 3.51 uA/cm2, a sodium flux of 109 pmol/cm2/s."""
    (rest,) = living.rests(squid)
    assert rest.v_mV == pytest.approx(-65.0, abs=1e-9)
    assert rest.is_stable
    parameters = {part.name: part.parameters for part in squid.parts}
    assert parameters["na_leak"]["g_bar_S_cm2"] == pytest.approx(8.105e-5, rel=1e-3)
    assert parameters["nak_kager"]["i_max_mA_cm2"] == pytest.approx(6.829e-3, rel=1e-3)
    result = living.simulate(squid, t_stop_s=3600.0)
    assert np.ptp(result.v_mV) < 1e-6
    assert 1e3 * result.current_mA_cm2("nak_kager")[-1] == pytest.approx(3.514, rel=1e-3)
    pumped = result.moved_nmol_cm2["nak_kager", "na"][-1]
    assert 1e3 * pumped / 3600.0 == pytest.approx(109.0, rel=5e-3)


def test_steady_state_is_found_from_elsewhere_and_is_stable(squid: Patch) -> None:
    # Sodium for potassium, so that the impermeant charge is the same.
    disturbed = squid.with_concentrations({"na_in_mM": 90.18, "k_in_mM": 370.0})
    found = living.steady_state(disturbed, v_guess_mV=-65.0)
    assert found.is_stable
    assert found.v_mV == pytest.approx(-65.0, abs=1e-6)
    assert found.inside_mM["na"] == pytest.approx(60.18, rel=1e-6)
    assert found.inside_mM["k"] == pytest.approx(400.0, rel=1e-6)
    assert max(map(abs, found.net_mA_cm2.values())) < 1e-12
    assert str(found).startswith("-65.000 mV, stable")


def test_ouabain_runs_a_squid_axon_down_in_hours(poisoned: living.LivingResult) -> None:
    """-55 mV at 5.28 h, -40 at 6.73, -10 at 7.89; in the end 0 mV, and no gradient."""
    hours = [poisoned.when_s("v_mV", v_mV) / 3600.0 for v_mV in (-55.0, -40.0, -10.0)]
    assert hours == pytest.approx([5.28, 6.73, 7.89], rel=0.01)
    assert poisoned.v_mV[-1] == pytest.approx(-0.36, abs=0.1)
    at_once = poisoned.v_mV[np.argmin(np.abs(poisoned.t_s - 1.0))]
    assert at_once == pytest.approx(-62.54, abs=0.01)


@pytest.mark.parametrize(("diameter_um", "seconds"), [(20.0, (800, 1191)), (1.0, (40, 60))])
def test_thin_axons_run_down_in_minutes(diameter_um: float, seconds: tuple[int, int]) -> None:
    result = living.simulate(
        living.squid_axon(diameter_um=diameter_um), t_stop_s=1.5 * seconds[1], steps=OUABAIN
    )
    found = [result.when_s("v_mV", v_mV) for v_mV in (-55.0, -10.0)]
    assert found == pytest.approx(seconds, rel=0.02)


def test_run_down_of_a_passive_axon_takes_longer(squid: Patch) -> None:
    """Its conductances frozen at rest: -50 mV at 8.4 h, -30 at 17.5, -10 at 25 h."""
    passive = living.without_gates(squid, -65.0)
    result = living.simulate(passive, t_stop_s=2e5, steps=OUABAIN, v_init_mV=-65.0)
    hours = [result.when_s("v_mV", v_mV) / 3600.0 for v_mV in (-50.0, -30.0, -10.0)]
    assert hours == pytest.approx([8.4, 17.5, 25.0], rel=0.02)
    at_once = result.v_mV[np.argmin(np.abs(result.t_s - 1.0))]
    assert at_once == pytest.approx(-59.81, abs=0.01)


def test_quasi_steady_run_is_the_full_one(squid: Patch, poisoned: living.LivingResult) -> None:
    quasi = living.simulate(squid, t_stop_s=36e3, steps=OUABAIN, quasi_steady=True)
    assert quasi.quasi_steady
    for v_mV in (-60.0, -50.0, -30.0, -5.0):
        assert quasi.when_s("v_mV", v_mV) == pytest.approx(poisoned.when_s("v_mV", v_mV), rel=1e-3)
    for ion in ("na", "k"):
        end = poisoned.inside_mM[ion][-1]
        assert quasi.inside_mM[ion][-1] == pytest.approx(end, rel=1e-5)


def test_books_balance_to_rounding(poisoned: living.LivingResult) -> None:
    ledger = poisoned.ledger()
    for ion in ("na", "k"):
        assert ledger[ion].relative_residual < 1e-12
        assert ledger[ion].gained == pytest.approx(-sum(ledger[ion].moved.values()), rel=1e-12)
    assert ledger.charge.relative_residual < 1e-13
    assert ledger.charge.capacitive == pytest.approx(1e-3 * np.ptp(poisoned.v_mV), rel=1e-3)


@pytest.mark.parametrize("method", ["LSODA", "BDF", "Radau"])
def test_spikes_in_a_shell_keep_every_ion(method: str) -> None:
    """A closed shell of a tenth of the volume: cell, shell and what went between them."""
    axon = living.squid_axon(diameter_um=1.0)
    closed = rv.living.Patch(
        parts=axon.parts,
        ions=axon.ions,
        temperature_degC=18.5,
        diameter_um=1.0,
        shell=Shell(depth_um=0.025),
    )
    steps = living.pulses(40.0, duration_ms=0.3, at_s=[0.002, 0.022, 0.042])
    result = living.simulate(
        closed, t_stop_s=0.06, steps=steps, method=method, relative_tolerance=1e-5
    )
    assert len(result.spikes_s()) >= 2
    ledger = result.ledger()
    for ion in ("na", "k"):
        total = 0.25 * result.inside_mM[ion] + 0.025 * result.outside_mM[ion]
        assert np.ptp(total) < 1e-12 * total[0]
        assert ledger[ion].relative_residual < 1e-12
    assert result.outside_mM["k"].max() > 19.5
    assert ledger.charge.relative_residual < 1e-10


def test_shell_gives_to_the_bath_what_it_gets(squid: Patch) -> None:
    """Poisoned, potassium leaks into the shell; once there, it is where flux and exchange agree."""
    shelled = Patch(
        parts=squid.parts,
        ions=squid.ions,
        temperature_degC=18.5,
        diameter_um=476.0,
        shell=Shell(depth_um=0.03, exchange_per_s=20.0),
    )
    result = living.simulate(shelled, t_stop_s=60.0, steps=OUABAIN)
    i_k = result.currents_mA_cm2
    outward = i_k["k_hh", "k"][-1] + i_k["k_leak", "k"][-1]
    above = 1e4 * outward / FARADAY_C_mol * 1e3 / 0.03 / 20.0
    assert result.outside_mM["k"][-1] - 18.68 == pytest.approx(above, rel=1e-3)
    ledger = result.ledger()
    assert ledger["k"].to_bath > 0
    assert ledger["k"].relative_residual < 1e-12
    assert "bath" in str(ledger)


def test_spike_is_that_of_an_independent_integration() -> None:
    """The right side written here once more, and DOP853 at a tight tolerance."""
    axon = living.squid_axon(diameter_um=1.0)
    steps = living.pulses(40.0, duration_ms=0.3, at_s=0.001)
    found = living.simulate(axon, t_stop_s=0.006, steps=steps, relative_tolerance=1e-10)
    p = {part.name: part.parameters for part in axon.parts}
    thermal, speed = membrane.thermal_voltage_mV(temperature_degC=18.5), 3.0**1.22

    def change(t: float, y: np.ndarray) -> list[float]:
        v, m, h, n, na, k = y
        e_na, e_k = thermal * np.log(440.0 / na), thermal * np.log(18.68 / k)
        pump = p["nak_kager"]["i_max_mA_cm2"] * (1 + 2 / 18.68) ** -2 * (1 + 10 / na) ** -3
        i_na = (0.12 * m**3 * h + p["na_leak"]["g_bar_S_cm2"]) * (v - e_na) + 3 * pump
        i_k = (0.036 * n**4 + p["k_leak"]["g_bar_S_cm2"]) * (v - e_k) - 2 * pump
        rates = [
            (0.1 * (v + 40) / -np.expm1(-(v + 40) / 10), 4 * np.exp(-(v + 65) / 18)),
            (0.07 * np.exp(-(v + 65) / 20), 1 / (1 + np.exp(-(v + 35) / 10))),
            (0.01 * (v + 55) / -np.expm1(-(v + 55) / 10), 0.125 * np.exp(-(v + 65) / 80)),
        ]
        gates = [speed * (a * (1 - x) - b * x) for (a, b), x in zip(rates, (m, h, n), strict=True)]
        injected = 0.04 if 1.0 <= t < 1.3 else 0.0
        moved = 1e4 / FARADAY_C_mol / 0.25
        return [1e3 * (injected - i_na - i_k), *gates, -moved * i_na, -moved * i_k]

    y = np.array([found._states[n, 0] for n in range(6)])
    for start, end in ((0.0, 1.0), (1.0, 1.3), (1.3, 6.0)):
        middle = 0.5 * (start + end)
        solved = solve_ivp(
            lambda t, y, middle=middle: change(middle, y),
            (start, end), y, method="DOP853", rtol=1e-11, atol=1e-12, dense_output=True,
        )  # fmt: skip
        y = solved.y[:, -1]
        here = (1e3 * found.t_s > start) & (1e3 * found.t_s < end)
        expected = solved.sol(1e3 * found.t_s[here])
        np.testing.assert_allclose(found.v_mV[here], expected[0], atol=2e-4)
        np.testing.assert_allclose(found.inside_mM["na"][here], expected[4], rtol=1e-8)
    assert found.v_mV.max() > 20


def test_gradients_come_from_nothing_where_channels_stay_at_rest(squid: Patch) -> None:
    """Equal concentrations, 476 um: 90 % of the way of v in 6.4 h, of potassium in 14.4 h."""
    passive = living.without_gates(squid, -65.0)
    equal = living.equal_sides(passive)
    (start,) = living.rests(equal)
    result = living.simulate(equal, t_stop_s=4e5, v_init_mV=start.v_mV)
    v_mV = start.v_mV + 0.9 * (-65.0 - start.v_mV)
    assert result.when_s("v_mV", v_mV) / 3600.0 == pytest.approx(6.42, rel=0.01)
    k_mM = 18.68 + 0.9 * (400.0 - 18.68)
    assert result.when_s("k_in_mM", k_mM) / 3600.0 == pytest.approx(14.4, rel=0.01)


def test_gradients_never_come_where_channels_are_live(squid: Patch) -> None:
    """The same pump against Hodgkin and Huxley's gates: a second stable state, at -18.9 mV."""
    result = living.simulate(living.equal_sides(squid), t_stop_s=1e6, v_init_mV=0.0)
    assert result.status is Status.COMPLETED
    assert result.v_mV[-1] == pytest.approx(-18.9, abs=0.1)
    assert result.inside_mM["na"][-1] == pytest.approx(419.6, rel=0.01)
    assert result.inside_mM["k"][-1] == pytest.approx(40.6, rel=0.01)
    stuck = living.steady_state(result.end(), v_guess_mV=float(result.v_mV[-1]))
    assert stuck.is_stable
    assert stuck.v_mV == pytest.approx(result.v_mV[-1], abs=1e-2)


def test_rests_are_the_roots_of_the_steady_current(squid: Patch) -> None:
    """Of the run-down axon in high potassium, against brentq on the formulas themselves."""
    high = squid.with_concentrations({"k_out_mM": 60.0})

    def net(v_mV: float) -> float:
        total = 0.0
        values = {f"e_{ion}_mV": e_mV for ion, e_mV in high.e_mV.items()}
        alpha_beta = mechanisms.rates("na_hh", v_mV) | mechanisms.rates("k_hh", v_mV)
        m, h, n = (alpha_beta[x][0] / sum(alpha_beta[x]) for x in "mhn")
        total += 0.12 * float(m) ** 3 * float(h) * (v_mV - values["e_na_mV"])
        total += 0.036 * float(n) ** 4 * (v_mV - values["e_k_mV"])
        for name in ("na", "k"):
            g = high.part(f"{name}_leak").parameters["g_bar_S_cm2"]
            total += g * (v_mV - values[f"e_{name}_mV"])
        pump = high.part("nak_kager").parameters["i_max_mA_cm2"]
        return total + pump * (1 + 2 / 60.0) ** -2 * (1 + 10 / 60.18) ** -3

    (found,) = living.rests(high)
    assert found.v_mV == pytest.approx(brentq(net, -80.0, 0.0, xtol=1e-12), abs=1e-9)


def test_rests_of_a_bistable_membrane_are_three() -> None:
    """A persistent inward current against a leak: low, a threshold between, high."""
    persistent = mechanisms.Mechanism(
        "persistent",
        gates={"p": {"steady_state": "sigmoid((v_mV + 40) / 5)", "tau_ms": "1"}},
        parameters={"g_bar_S_cm2": 3e-4},
        currents_mA_cm2={"na": "g_bar_S_cm2 * p * (v_mV - e_na_mV)"},
    )
    patch = Patch(
        parts=[Part(persistent), Part("k_leak", g_bar_S_cm2=2e-4)],
        ions=[rv.Ion("na", valence=1, e_mV=50.0), rv.Ion("k", valence=1, e_mV=-80.0)],
        temperature_degC=20.0,
        diameter_um=10.0,
    )
    found = living.rests(patch)
    assert [rest.is_stable for rest in found] == [True, False, True]
    high = living.simulate(patch, t_stop_s=0.3, v_init_mV=found[1].v_mV + 0.1)
    assert high.v_mV[-1] == pytest.approx(found[2].v_mV, abs=1e-4)
    low = living.simulate(patch, t_stop_s=0.3, v_init_mV=found[1].v_mV - 0.1)
    assert low.v_mV[-1] == pytest.approx(found[0].v_mV, abs=1e-4)


def test_electroneutral_carriers_settle_chloride_without_current() -> None:
    """KCC2 alone takes E_Cl to E_K, and leaves the potential as it is."""
    patch = Patch(
        parts=[Part("k_leak", g_bar_S_cm2=1e-4), Part("kcc2_log", i_max_mA_cm2=1e-4)],
        ions=[
            rv.Ion("k", inside_mM=140.0, outside_mM=4.0),
            rv.Ion("cl", inside_mM=20.0, outside_mM=130.0),
        ],
        held=["k"],
        temperature_degC=37.0,
        diameter_um=10.0,
    )
    result = living.simulate(patch, t_stop_s=36000.0)
    assert np.ptp(result.v_mV) < 1e-5
    assert result.e_mV["cl"][-1] == pytest.approx(result.e_mV["k"][-1], abs=1e-3)
    assert result.inside_mM["cl"][-1] == pytest.approx(130.0 * 4.0 / 140.0, rel=1e-4)


def test_all_carriers_together_keep_four_ions() -> None:
    """Pumps, exchangers and cotransporters of a cell of a mammal: balanced, poisoned for ten
    minutes, washed, and back where it was, with calcium a millionth of sodium."""
    densities = {
        "na_leak": {},
        "k_leak": {},
        "cl_leak": {},
        "ca_leak": {},
        "nak_courtemanche": {},
        "ncx_courtemanche": {"i_max_mA_cm2": 1.6e-2},
        "pmca_shannon": {},
        "kcc2_log": {"i_max_mA_cm2": 1e-5},
        "nkcc1_log": {"i_max_mA_cm2": 1e-5},
        "cl_pump": {},
    }
    cell = Patch(
        parts=[Part(name, **parameters) for name, parameters in densities.items()],
        ions=[
            rv.Ion("na", inside_mM=12, outside_mM=145),
            rv.Ion("k", inside_mM=140, outside_mM=4),
            rv.Ion("cl", inside_mM=7, outside_mM=120),
            rv.Ion("ca", inside_mM=1e-4, outside_mM=1.5),
        ],
        temperature_degC=37.0,
        diameter_um=10.0,
    )
    found = living.balance(
        cell,
        v_mV=-70.0,
        unknowns=["na_leak", "k_leak", "cl_leak", "ca_leak", "nak_courtemanche"],
        sums={("k_leak",): 2e-4},
    )
    assert found.freedom == 0
    assert min(found.unknowns.values()) > 0
    assert max(map(abs, found.residual_mA_cm2.values())) < 1e-15
    assert np.ptp(living.simulate(found.patch, t_stop_s=3600.0).v_mV) < 1e-5
    block = "nak_courtemanche.ouabain_fraction"
    steps = [Step(block, 1.0, 60.0), Step(block, 0.0, 660.0)]
    result = living.simulate(found.patch, t_stop_s=7200.0, steps=steps)
    assert result.v_mV.max() > -50
    ledger = result.ledger()
    for ion in ("na", "k", "cl", "ca"):
        assert ledger[ion].relative_residual < 1e-11
    assert ledger.charge.relative_residual < 1e-13
    assert set(ledger.atp_nmol_cm2) == {"nak_courtemanche", "pmca_shannon", "cl_pump"}
    back = living.steady_state(result.end(), v_guess_mV=float(result.v_mV[-1]))
    assert back.is_stable
    assert back.v_mV == pytest.approx(-70.0, abs=1e-3)
    for ion, before in (("na", 12.0), ("k", 140.0), ("cl", 7.0), ("ca", 1e-4)):
        assert back.inside_mM[ion] == pytest.approx(before, rel=1e-3)


def shelled(squid: Patch, exchange_per_s: float) -> Patch:
    return Patch(
        parts=squid.parts,
        ions=squid.ions,
        temperature_degC=18.5,
        diameter_um=1.0,
        shell=Shell(depth_um=0.05, exchange_per_s=exchange_per_s, start_mM={"k": 25.0}),
    )


def test_steady_state_has_the_shell_as_the_bath(squid: Patch) -> None:
    """At rest no ion goes through the shell."""
    cell = shelled(squid, 5.0)
    found = living.steady_state(cell)
    assert found.is_stable
    assert found.patch.shell is not None
    assert found.patch.shell.start_mM["k"] == pytest.approx(18.68, rel=1e-9)
    run = living.simulate(cell, t_stop_s=4000.0)
    assert run.v_mV[-1] == pytest.approx(found.v_mV, abs=1e-3)
    assert run.outside_mM["k"][-1] == pytest.approx(18.68, rel=1e-4)


def test_closed_shell_with_more_potassium_runs_away(squid: Patch) -> None:
    """No rest is near, and none is claimed. A run goes on to a depolarised one, which keeps what
    axon and shell have together."""
    cell = shelled(squid, 0.0)
    with pytest.raises(rv.ModelError, match="no steady state was found near"):
        living.steady_state(cell)
    run = living.simulate(cell, t_stop_s=4000.0)
    assert -20 < run.v_mV[-1] < 0
    found = living.steady_state(run.end(), v_guess_mV=float(run.v_mV[-1]))
    assert found.is_stable
    assert found.v_mV == pytest.approx(run.v_mV[-1], abs=1e-3)
    assert found.patch.shell is not None
    total_k = 0.25 * found.inside_mM["k"] + 0.05 * found.patch.shell.start_mM["k"]
    assert total_k == pytest.approx(0.25 * 400.0 + 0.05 * 25.0, rel=1e-10)
