"""Facts of textbooks and papers that the examples of living membranes show, in quick forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ranvier as rv
from ranvier import living, mechanisms

FOLDER = Path(__file__).parents[2] / "examples" / "mechanisms"
#: 15 nC/cm2, which is 15 mV at once.
SHOCK = living.pulses(1500.0, duration_ms=0.01, at_s=1e-3)
OFF = {"nak_kager.ouabain_fraction": 1.0}


def test_pump_is_worth_some_mV_directly() -> None:
    """2.46 mV with gates that follow, 5.19 with gates that stay."""
    axon = living.squid_axon()
    live = living.rests(axon.with_parameters(OFF))[0].v_mV
    passive = living.rests(living.without_gates(axon, -65.0).with_parameters(OFF))[0].v_mV
    assert [live, passive] == pytest.approx([-62.54, -59.81], abs=0.01)


def spike(more_mM: float, diameter_um: float = 476.0) -> tuple[float, float]:
    """(height in mV, sodium in pmol/cm2) of one spike with so much more sodium inside."""
    cell = living.squid_axon(diameter_um=diameter_um).with_parameters(OFF)
    cell = cell.with_concentrations({"na_in_mM": 60.18 + more_mM, "k_in_mM": 400.0 - more_mM})
    rest_mV = living.rests(cell)[0].v_mV
    runs = [
        living.simulate(cell, t_stop_s=0.01, steps=steps, v_init_mV=rest_mV)
        for steps in (SHOCK, [])
    ]
    gained = [run.ledger()["na"].gained for run in runs]
    return float(runs[0].v_mV.max() - rest_mV), 1e3 * (gained[0] - gained[1])


def test_spikes_in_store_go_with_the_diameter() -> None:
    """0.31 uM of sodium a spike at 476 um, 146 uM at 1 um; a tenth smaller after 98 000 and 206."""
    (height_mV, load), (thin_mV, thin_load) = spike(0.0), spike(0.0, diameter_um=1.0)
    assert 1e3 * load * 1e-3 * 10 / 119 == pytest.approx(0.31, rel=0.01)
    assert 1e3 * thin_load * 1e-3 * 10 / 0.25 == pytest.approx(146, rel=0.01)
    assert thin_mV == pytest.approx(height_mV, abs=0.2)
    fillings = np.linspace(0.0, 32.0, 9)
    heights, loads = np.array([spike(each) for each in fillings]).T
    per_mM = 1e3 / 10 / loads  # spikes per um of depth
    count = np.concatenate([[0.0], np.cumsum(0.5 * (per_mM[1:] + per_mM[:-1]) * np.diff(fillings))])
    spikes = float(np.interp(-0.9, -heights / heights[0], count))
    assert spikes * 119 == pytest.approx(98_000, rel=0.02)
    assert spikes * 0.25 == pytest.approx(206, rel=0.02)


def test_spikes_that_are_fired_bring_what_one_says() -> None:
    """Five in a thin axon, 20 ms apart, against five times the sodium of the first."""
    thin = living.squid_axon(diameter_um=1.0).with_parameters(OFF)
    steps = living.pulses(1500.0, duration_ms=0.01, at_s=[1e-3 + 0.02 * n for n in range(5)])
    fired = living.simulate(thin, t_stop_s=0.1, steps=steps)
    quiet = living.simulate(thin, t_stop_s=0.1)
    assert len(fired.spikes_s(0.0)) == 5
    more_mM = fired.inside_mM["na"][-1] - quiet.inside_mM["na"][-1]
    assert more_mM == pytest.approx(5 * 0.146, rel=0.02)


def test_outer_potassium_excites_and_then_blocks() -> None:
    """Squid channels in the salts of a mammal: a pulse that is too weak in 4 mM is enough in 8;
    10 mM fire without one; 20 mM are silent."""
    leaks = ("na_leak", "k_leak")
    cell = living.Patch(
        diameter_um=10,
        parts=[living.Part(name) for name in ("na_hh", "k_hh", *leaks, "nak_kager")],
        ions=[
            rv.Ion("na", inside_mM=12, outside_mM=140),
            rv.Ion("k", inside_mM=140, outside_mM=4),
        ],
        temperature_degC=18.5,
    )
    cell = living.balance(cell, v_mV=-65, unknowns=[*leaks, "nak_kager"], sums={leaks: 3e-4}).patch
    peaks, rests = {}, {}
    for k_mM in (4, 8, 10, 20):
        there = cell.with_concentrations({"k_out_mM": k_mM})
        (rests[k_mM],) = living.rests(there)
        pulse = living.pulses(60.0 if k_mM != 10 else 1.0, duration_ms=0.1, at_s=1e-4)
        peaks[k_mM] = living.simulate(there, t_stop_s=0.02, steps=pulse).v_mV.max()
    assert [rest.is_stable for rest in rests.values()] == [True, True, False, True]
    assert np.all(np.diff([rest.v_mV for rest in rests.values()]) > 3)
    assert peaks[4] < -50
    assert peaks[8] > 10
    assert peaks[10] > 10
    assert peaks[20] < -30


def test_photoreceptor_pays_what_its_model_says() -> None:
    """ATP/s of a blowfly's R1-6 at rest, which is half the potassium current over e."""
    area_cm2 = 1.45e-4
    fast, slow, light = (
        mechanisms.read(FOLDER / f"{name}_blowfly.toml") for name in ("kf", "ks", "light")
    )
    cell = living.Patch(
        depth_um=1.0,
        parts=[
            living.Part("k_leak", g_bar_S_cm2=4e-9 / area_cm2),
            living.Part(fast, g_bar_S_cm2=60e-9 / area_cm2),
            living.Part(slow, g_bar_S_cm2=120e-9 / area_cm2),
            living.Part(light),
            living.Part("nak_kager"),
        ],
        ions=[
            rv.Ion("na", inside_mM=10.0, outside_mM=140.0),
            rv.Ion("k", inside_mM=140.0, outside_mM=140.0 * np.exp(-85.0 / 25.26170)),
        ],
        temperature_degC=20.0,
    )
    found = []
    for v_mV in (-60.0, -50.0, -40.0, -37.0, -30.0):
        balance = living.balance(cell, v_mV=v_mV, unknowns=["light_blowfly", "nak_kager"])
        assert balance.freedom == 0
        second = living.simulate(balance.patch, t_stop_s=1.0, v_init_mV=v_mV)
        spent_nmol_cm2 = second.ledger().atp_nmol_cm2["nak_kager"]
        found.append(1e-9 * spent_nmol_cm2 * area_cm2 * 6.02214076e23)
    assert found == pytest.approx([8.66e8, 2.77e9, 7.76e9, 1.03e10, 1.85e10], rel=0.01)


@pytest.mark.parametrize(
    ("leak_S_cm2", "period_ms", "high_mV", "low_mV"),
    [(0.0, 839.5, 28.1, -84.7), (7.5e-5, 564.2, 23.4, -81.6)],
)
def test_purkinje_fibre_paces_itself(
    leak_S_cm2: float, period_ms: float, high_mV: float, low_mV: float
) -> None:
    """Noble 1962: no rest is stable, and the cycle is that of an independent integration."""
    cell = living.Patch(
        diameter_um=50,
        c_m_uF_cm2=12,
        parts=[
            living.Part(mechanisms.read(FOLDER / "na_noble.toml")),
            living.Part(mechanisms.read(FOLDER / "k_noble.toml")),
            living.Part("leak", g_bar_S_cm2=leak_S_cm2, e_leak_mV=-60),
        ],
        ions=[rv.Ion("na", e_mV=40), rv.Ion("k", e_mV=-100)],
        temperature_degC=37,
    )
    assert not any(rest.is_stable for rest in living.rests(cell))
    result = living.simulate(cell, t_stop_s=4.0, v_init_mV=-80)
    beats_s = result.spikes_s(-20.0)
    assert 1e3 * float(np.diff(beats_s)[-1]) == pytest.approx(period_ms, abs=0.2)
    late = result.t_s > 2.0
    assert result.v_mV[late].max() == pytest.approx(high_mV, abs=0.2)
    assert result.v_mV[late].min() == pytest.approx(low_mV, abs=0.1)


def test_squid_spike_costs_what_was_computed() -> None:
    """8.75e11 ATP per cm2 at 18.5 degC, 4.64 times what the capacitance takes."""
    fibre = rv.fibers.hodgkin_huxley()
    probes = [
        rv.Probe("v_mV", ("axon", 0.5), every_ms=0.01),
        rv.Probe("i_mA_cm2", ("axon", 0.5), "na_hh", every_ms=0.01),
    ]
    result = rv.simulate(fibre, fibre.stimulus, probes, t_stop_ms=10.0)
    current = result["i_mA_cm2", "na_hh"]
    inward = current.values[0, 0] - current.values[:, 0]
    charge_uC_cm2 = float(np.sum(0.5 * (inward[1:] + inward[:-1]) * np.diff(current.t_ms)))
    v_mV = result["v_mV"].values[:, 0]
    assert 1e-6 * charge_uC_cm2 / 1.602176634e-19 / 3 == pytest.approx(8.75e11, rel=0.01)
    assert charge_uC_cm2 / (1e-3 * np.ptp(v_mV[: np.argmax(v_mV) + 1])) == pytest.approx(
        4.64, rel=0.01
    )
