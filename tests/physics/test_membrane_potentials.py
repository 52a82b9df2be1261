"""The formulas of the membrane potential against their limits, each other, and known numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import tolerances
from ranvier import membrane
from ranvier.membrane import Branch, Patch, PermeantIon

BODY_degC = 37.0
ROOM_degC = 20.0
V_mV = np.linspace(-200.0, 200.0, 401)  # 0 among them

K = PermeantIon("K", 1, inside_mM=140.0, outside_mM=5.0)
NA = PermeantIon("Na", 1, inside_mM=12.0, outside_mM=140.0, permeability=0.04)
CL = PermeantIon("Cl", -1, inside_mM=9.0, outside_mM=125.0, permeability=0.1)
CA = PermeantIon("Ca", 2, inside_mM=1e-4, outside_mM=2.0, permeability=0.3)


def squid(k_outside_mM: float, na: tuple[float, float], cl: tuple[float, float]) -> list[Any]:
    """Outside and inside, and the permeabilities of Hodgkin & Katz at rest."""
    return [
        PermeantIon("K", 1, outside_mM=k_outside_mM, inside_mM=400.0, permeability=1.0),
        PermeantIon("Na", 1, outside_mM=na[0], inside_mM=na[1], permeability=0.04),
        PermeantIon("Cl", -1, outside_mM=cl[0], inside_mM=cl[1], permeability=0.45),
    ]


def of_ion(ion: PermeantIon) -> dict[str, Any]:
    return {
        "valence": ion.valence,
        "inside_mM": ion.inside_mM,
        "outside_mM": ion.outside_mM,
        "permeability_cm_s": 1e-6 * np.asarray(ion.permeability),
        "temperature_degC": BODY_degC,
    }


def nernst_of(ion: PermeantIon, temperature_degC: float = BODY_degC) -> Any:
    return membrane.nernst_mV(
        valence=ion.valence,
        inside_mM=ion.inside_mM,
        outside_mM=ion.outside_mM,
        temperature_degC=temperature_degC,
    )


# Numbers of the textbooks.


def test_thermal_voltage() -> None:
    found_mV = membrane.thermal_voltage_mV(temperature_degC=[20.0, 37.0])
    np.testing.assert_allclose(found_mV, [25.2617, 26.7267], atol=5e-5)


@pytest.mark.parametrize(
    ("inside_mM", "outside_mM", "temperature_degC", "expected_mV"),
    [
        (150, 4, 37, -96.87),
        (140, 5, 37, -89.06),
        (140, 5, 20, -84.18),
        (140, 5, 18.5, -83.75),
        (20, 145, 37, 52.95),
        (20, 145, 20, 50.04),
    ],
)
def test_nernst(
    inside_mM: float, outside_mM: float, temperature_degC: float, expected_mV: float
) -> None:
    found_mV = membrane.nernst_mV(
        inside_mM=inside_mM, outside_mM=outside_mM, temperature_degC=temperature_degC
    )
    assert found_mV == pytest.approx(expected_mV, abs=tolerances.TWO_DECIMALS_mV)


def test_widely_copied_values_have_their_own_conditions() -> None:
    """-84 mV is potassium at 19.4 degC, and +40 mV sodium with 31.3 mM inside, not 12."""
    k_mV = membrane.nernst_mV(inside_mM=140, outside_mM=5, temperature_degC=19.4)
    assert k_mV == pytest.approx(-84.0, abs=0.01)
    na_mV = membrane.nernst_mV(inside_mM=12, outside_mM=140, temperature_degC=[20, 37])
    np.testing.assert_allclose(na_mV, [62.1, 65.7], atol=tolerances.ONE_DECIMAL_mV)
    na_mV = membrane.nernst_mV(inside_mM=31.3, outside_mM=140, temperature_degC=37)
    assert na_mV == pytest.approx(40.0, abs=tolerances.ONE_DECIMAL_mV)


def test_ghk_of_the_squid() -> None:
    first = membrane.ghk_mV(squid(20, (440, 50), (560, 52)), temperature_degC=ROOM_degC)
    assert first == pytest.approx(-59.93, abs=tolerances.TWO_DECIMALS_mV)
    second = membrane.ghk_mV(squid(10, (460, 50), (540, 40)), temperature_degC=ROOM_degC)
    assert second == pytest.approx(-66.49, abs=tolerances.TWO_DECIMALS_mV)


def test_mullins_noda() -> None:
    found_mV = membrane.mullins_noda_mV(
        k_inside_mM=140,
        k_outside_mM=5,
        na_inside_mM=12,
        na_outside_mM=140,
        na_permeability_per_k=0.04,
        pump_ratio=[1.5, 1.0],
        temperature_degC=BODY_degC,
    )
    np.testing.assert_allclose(found_mV, [-74.21, -69.07], atol=tolerances.TWO_DECIMALS_mV)
    # One for one is no current, and so the equation without a pump.
    without_mV = membrane.ghk_mV([K, NA], temperature_degC=BODY_degC)
    assert found_mV[1] == pytest.approx(without_mV, abs=tolerances.FORMULA_mV)


def test_mullins_noda_is_where_pump_and_leak_cancel_for_both_ions() -> None:
    """Constant-field fluxes of sodium and potassium stand as 3 to -2 there, as the pump's do."""
    v_mV = membrane.mullins_noda_mV(
        k_inside_mM=140,
        k_outside_mM=5,
        na_inside_mM=12,
        na_outside_mM=140,
        na_permeability_per_k=0.04,
        temperature_degC=BODY_degC,
    )
    na, k = (membrane.ghk_flux_pmol_cm2_s(v_mV=v_mV, **of_ion(ion)) for ion in (NA, K))
    assert na < 0 < k
    assert 2 * na + 3 * k == pytest.approx(0, abs=tolerances.FORMULA_RELATIVE * 3 * k)
    # The chord conductance equation says the same, from conductances and the pump's current.
    branches = [
        Branch(name, g_S_cm2=leak / (v_mV - e_mV), e_mV=e_mV)
        for name, leak, e_mV in (("na", na, nernst_of(NA)), ("k", k, nernst_of(K)))
    ]
    chord_mV = membrane.chord_conductance_mV(branches, pump_mA_cm2=-(na + k))
    assert chord_mV == pytest.approx(v_mV, abs=tolerances.FORMULA_mV)


# One ion.


def test_nothing_drives_an_ion_at_its_nernst_potential() -> None:
    for ion in (K, NA, CL, CA):
        sides = {key: of_ion(ion)[key] for key in ("valence", "inside_mM", "outside_mM")}
        e_mV = nernst_of(ion)
        difference = membrane.electrochemical_difference_kJ_mol(
            v_mV=e_mV, temperature_degC=BODY_degC, **sides
        )
        assert difference == pytest.approx(0, abs=1e-13)
        # And away from it, zF (v - e).
        away = membrane.electrochemical_difference_kJ_mol(
            v_mV=-65.0, temperature_degC=BODY_degC, **sides
        )
        force_mV = membrane.driving_force_mV(v_mV=-65.0, e_mV=e_mV)
        work = ion.valence * membrane.FARADAY_C_per_mol * 1e-6 * force_mV
        assert away == pytest.approx(work, rel=tolerances.FORMULA_RELATIVE)


@pytest.mark.parametrize("ion", [K, NA, CL, CA], ids=lambda ion: ion.name)
def test_ghk_current_vanishes_at_nernst_and_rises(ion: PermeantIon) -> None:
    current = membrane.ghk_current_mA_cm2(v_mV=V_mV, **of_ion(ion))
    assert np.all(np.diff(current) > 0)
    zero = membrane.ghk_current_mA_cm2(v_mV=nernst_of(ion), **of_ion(ion))
    assert abs(zero) <= tolerances.FORMULA_RELATIVE * np.abs(current).max()


@pytest.mark.parametrize("ion", [K, NA, CL, CA], ids=lambda ion: ion.name)
def test_ghk_slope_is_the_derivative(ion: PermeantIon) -> None:
    step_mV = 1e-3
    # Off the grid too, where the series of the slope meets its closed form.
    v_mV = np.concatenate([V_mV, 26.7267 * np.array([-0.26, -0.25, -0.24, 0.12, 0.125, 0.25])])
    up, down = (
        np.asarray(membrane.ghk_current_mA_cm2(v_mV=v_mV + by, **of_ion(ion)))
        for by in (step_mV, -step_mV)
    )
    slope = membrane.ghk_slope_S_cm2(v_mV=v_mV, **of_ion(ion))
    error = np.abs((up - down) / (2 * step_mV) - slope)
    assert np.max(error / slope) < tolerances.GHK_SLOPE_RELATIVE


def test_ghk_at_zero_potential_is_diffusion() -> None:
    for ion in (K, CL, CA):
        arguments = of_ion(ion)
        p, z = float(arguments["permeability_cm_s"]), ion.valence
        inside, outside = np.asarray(ion.inside_mM), np.asarray(ion.outside_mM)
        # cm/s times mM is 1e-6 mol/cm2/s; times F it is 1e-3 mA/cm2.
        flux = membrane.ghk_flux_pmol_cm2_s(v_mV=0.0, **arguments)
        assert flux == pytest.approx(1e6 * p * (inside - outside))
        current = membrane.ghk_current_mA_cm2(v_mV=0.0, **arguments)
        assert current == pytest.approx(
            1e-3 * membrane.FARADAY_C_per_mol * p * z * (inside - outside)
        )
        slope = membrane.ghk_slope_S_cm2(v_mV=0.0, **arguments)
        thermal_mV = membrane.thermal_voltage_mV(temperature_degC=BODY_degC)
        mean = 1e-3 * membrane.FARADAY_C_per_mol * p * z**2 * (inside + outside) / 2
        assert slope == pytest.approx(mean / thermal_mV)


def test_ghk_current_of_equal_concentrations_is_ohmic() -> None:
    arguments = {**of_ion(K), "inside_mM": 100.0, "outside_mM": 100.0}
    slope = membrane.ghk_slope_S_cm2(v_mV=V_mV, **arguments)
    np.testing.assert_allclose(slope, slope[0], rtol=tolerances.FORMULA_RELATIVE)
    current = membrane.ghk_current_mA_cm2(v_mV=V_mV, **arguments)
    np.testing.assert_allclose(current, slope[0] * V_mV, rtol=tolerances.FORMULA_RELATIVE)


def test_ghk_current_far_out_is_one_way() -> None:
    """At 50 V either way e^u overflows; the current is that of the side that empties."""
    far = np.array([-5e4, 5e4])
    flux = np.asarray(membrane.ghk_flux_pmol_cm2_s(v_mV=far, **of_ion(CA)))
    u = 2 * np.abs(far) / membrane.thermal_voltage_mV(temperature_degC=BODY_degC)
    one_way = 1e6 * 0.3e-6 * u * [-2.0, 1e-4]
    np.testing.assert_allclose(flux, one_way, rtol=tolerances.FORMULA_RELATIVE)


# Several ions.


def test_ghk_of_one_ion_is_nernst() -> None:
    for ion in (K, CL, CA):
        found_mV = membrane.ghk_mV([ion], temperature_degC=BODY_degC)
        assert found_mV == pytest.approx(nernst_of(ion), abs=tolerances.FORMULA_mV)


@pytest.mark.parametrize("ion", [K, CL, CA], ids=lambda ion: ion.name)
def test_ghk_goes_to_nernst_of_what_permeates_most(ion: PermeantIon) -> None:
    others = [other for other in (K, NA, CL, CA) if other is not ion]
    strong = PermeantIon(
        ion.name,
        ion.valence,
        inside_mM=ion.inside_mM,
        outside_mM=ion.outside_mM,
        permeability=[1e0, 1e4, 1e8, 1e12],
    )
    found_mV = np.asarray(membrane.ghk_mV([strong, *others], temperature_degC=BODY_degC))
    off_mV = np.abs(found_mV - nernst_of(ion))
    assert np.all(np.diff(off_mV) < 0)
    assert off_mV[-1] < 1e-5


def net_current(ions: list[PermeantIon], v_mV: Any) -> Any:
    return sum(membrane.ghk_current_mA_cm2(v_mV=v_mV, **of_ion(ion)) for ion in ions)


def test_no_net_current_at_ghk_whatever_the_valences() -> None:
    rng = np.random.default_rng(7)
    cells = 500
    ions = [
        PermeantIon(
            f"ion {valence}",
            valence,
            inside_mM=10 ** rng.uniform(-4, 2.5, cells),
            outside_mM=10 ** rng.uniform(-4, 2.5, cells),
            permeability=10 ** rng.uniform(-3, 1, cells),
        )
        for valence in (1, -1, 2, -2, 3)
    ]
    v_mV = membrane.ghk_mV(ions, temperature_degC=BODY_degC)
    slope = sum(membrane.ghk_slope_S_cm2(v_mV=v_mV, **of_ion(ion)) for ion in ions)
    assert np.max(np.abs(net_current(ions, v_mV) / slope)) < tolerances.FORMULA_mV
    nernst = np.stack([nernst_of(ion) for ion in ions])
    assert np.all((v_mV > nernst.min(axis=0)) & (v_mV < nernst.max(axis=0)))


def test_root_is_found_however_far_out() -> None:
    """Gradients of up to 60 decades, which no cell has, and rounding that must not go on."""
    rng = np.random.default_rng(8)
    ions = [
        PermeantIon(
            f"ion {valence}",
            valence,
            inside_mM=10 ** rng.uniform(-30, 30, 300),
            outside_mM=10 ** rng.uniform(-30, 30, 300),
        )
        for valence in (1, -1, 2, -3)
    ]
    v_mV = np.asarray(membrane.ghk_mV(ions, temperature_degC=BODY_degC))
    slope = sum(membrane.ghk_slope_S_cm2(v_mV=v_mV, **of_ion(ion)) for ion in ions)
    relative = net_current(ions, v_mV) / slope / np.maximum(1.0, np.abs(v_mV))
    assert np.max(np.abs(relative)) < tolerances.FORMULA_RELATIVE


def test_closed_form_and_root_agree() -> None:
    """A trace of calcium that cannot permeate sends the same ions down the other way."""
    still = PermeantIon("Ca", 2, inside_mM=1e-4, outside_mM=2.0, permeability=0.0)
    formula_mV = membrane.ghk_mV([K, NA, CL], temperature_degC=BODY_degC)
    root_mV = membrane.ghk_mV([K, NA, CL, still], temperature_degC=BODY_degC)
    assert root_mV == pytest.approx(formula_mV, abs=tolerances.FORMULA_mV)


def test_ghk_with_calcium_against_brent() -> None:
    ions = [K, NA, CL, CA]
    found_mV = membrane.ghk_mV(ions, temperature_degC=BODY_degC)
    brent_mV = brentq(lambda v_mV: net_current(ions, v_mV), -200, 200, xtol=1e-13, rtol=1e-14)
    assert found_mV == pytest.approx(brent_mV, abs=tolerances.FORMULA_mV)


def test_ghk_of_two_ions_each_on_one_side() -> None:
    """Bi-ionic potentials: RT/F ln(P_Na Na / P_K K), and of calcium a root all the same."""
    k = PermeantIon("K", 1, inside_mM=100.0, outside_mM=0.0)
    na = PermeantIon("Na", 1, inside_mM=0.0, outside_mM=100.0, permeability=12.0)
    thermal_mV = membrane.thermal_voltage_mV(temperature_degC=ROOM_degC)
    found_mV = membrane.ghk_mV([k, na], temperature_degC=ROOM_degC)
    assert found_mV == pytest.approx(thermal_mV * np.log(12.0), abs=tolerances.FORMULA_mV)
    # P_K Ki w / (w - 1) = 4 P_Ca Cao / (w^2 - 1), where w = e^(vF/RT).
    ca = PermeantIon("Ca", 2, inside_mM=0.0, outside_mM=10.0, permeability=5.0)
    w = np.exp(membrane.ghk_mV([k, ca], temperature_degC=ROOM_degC) / thermal_mV)
    assert 4 * 5.0 * 10.0 / (w * (1 + w)) == pytest.approx(100.0, rel=tolerances.FORMULA_RELATIVE)


def test_relative_permeability_is_ghk_the_other_way() -> None:
    permeability = np.array([0.0, 0.01, 0.3, 20.0])
    ca = PermeantIon("Ca", 2, inside_mM=1e-4, outside_mM=2.0, permeability=permeability)
    reversal_mV = membrane.ghk_mV([K, NA, CL, ca], temperature_degC=BODY_degC)
    found = membrane.relative_permeability(
        ca, [K, NA, CL], reversal_mV=reversal_mV, temperature_degC=BODY_degC
    )
    np.testing.assert_allclose(found, permeability, rtol=1e-11, atol=1e-13)


# The equivalent circuit.


def test_circuit_against_an_integrator() -> None:
    patch = Patch(
        c_m_uF_cm2=1.3,
        branches=[
            Branch("na", g_S_cm2=4e-5, e_mV=65.0),
            Branch("k", g_S_cm2=9e-4, e_mV=-89.0),
            Branch("cl", g_S_cm2=3e-4, e_mV=-70.0),
        ],
        pump_mA_cm2=1.5e-3,
    )

    def slope_mV_per_ms(t_ms: float, v_mV: np.ndarray) -> np.ndarray:
        out_mA_cm2 = sum(patch.currents_mA_cm2(v_mV).values()) + 1.5e-3 - 8e-3
        return -1e3 * out_mA_cm2 / 1.3  # mA over uF is 1e3 mV/ms

    t_ms = np.linspace(0.0, 10.0, 21)
    solved = solve_ivp(
        slope_mV_per_ms, (0.0, 10.0), [-30.0], t_eval=t_ms, method="DOP853", rtol=1e-11, atol=1e-11
    )
    found_mV = patch.response_mV(t_ms, v_init_mV=-30.0, injected_mA_cm2=8e-3)
    np.testing.assert_allclose(found_mV, solved.y[0], rtol=0, atol=tolerances.CIRCUIT_mV)


def test_circuit_is_thevenin_of_its_branches() -> None:
    """A battery behind a resistor draws what the branches and the pump draw, at any potential."""
    branches = [
        Branch("na", g_S_cm2=[1e-5, 1e-3], e_mV=65.0),
        Branch("k", g_S_cm2=3e-4, e_mV=-89.0),
    ]
    patch = Patch(c_m_uF_cm2=1.0, branches=branches, pump_mA_cm2=2e-3)
    v_mV = V_mV[:, None]
    drawn = sum(patch.currents_mA_cm2(v_mV).values()) + 2e-3
    one_branch = (v_mV - patch.thevenin_mV) / patch.resistance_ohm_cm2
    np.testing.assert_allclose(drawn, one_branch, rtol=0, atol=1e-15)
    np.testing.assert_allclose(patch.time_constant_ms, [1e-3 / 3.1e-4, 1e-3 / 1.3e-3])
    # 1000 ohm cm2 over 1000 um2 is 1e5 Mohm um2 / 1000 um2.
    leak = Patch(c_m_uF_cm2=1.0, branches=[Branch("leak", g_S_cm2=1e-3, e_mV=-65.0)])
    assert leak.input_resistance_Mohm(1000.0) == pytest.approx(100.0)
    assert leak.time_constant_ms == pytest.approx(1.0)
    assert leak.thevenin_mV == pytest.approx(-65.0)


# Donnan.


def test_donnan_of_one_salt_has_a_closed_form() -> None:
    """With salt c outside and charge X inside, RT/F asinh(X / 2c)."""
    fixed_mM = np.array([-500.0, -100.0, -1e-3, 0.0, 30.0])
    salt = [PermeantIon("K", 1, inside_mM=0, outside_mM=100.0)]
    salt.append(PermeantIon("Cl", -1, inside_mM=0, outside_mM=100.0))
    found = membrane.donnan(salt, impermeant_inside_mM=fixed_mM, temperature_degC=BODY_degC)
    thermal_mV = membrane.thermal_voltage_mV(temperature_degC=BODY_degC)
    expected_mV = thermal_mV * np.arcsinh(fixed_mM / 200.0)
    np.testing.assert_allclose(found.v_mV, expected_mV, rtol=0, atol=tolerances.FORMULA_mV)


@pytest.mark.parametrize("outside_per_inside", [1e-3, 0.25, 1.0, 40.0, np.inf])
def test_donnan_is_neutral_and_at_equilibrium(outside_per_inside: float) -> None:
    fixed_inside, fixed_outside = -150.0, -12.0
    start = {
        "K": (1, 140.0, 5.0),
        "Na": (1, 12.0, 145.0),
        "Ca": (2, 1e-4, 1.5),
        "Mg": (2, 1.0, 0.8),
    }
    anions = {"HPO4": (-2, 2.0, 0.5)}
    given = start | anions
    # Chloride makes both sides neutral.
    cl = [
        sum(z * sides[side] for z, *sides in given.values()) + fixed
        for side, fixed in ((0, fixed_inside), (1, fixed_outside))
    ]
    given["Cl"] = (-1, *cl)
    ions = [PermeantIon(n, z, inside_mM=i, outside_mM=o) for n, (z, i, o) in given.items()]
    found = membrane.donnan(
        ions,
        impermeant_inside_mM=fixed_inside,
        impermeant_outside_mM=fixed_outside,
        outside_per_inside=outside_per_inside,
        temperature_degC=BODY_degC,
    )
    for side, fixed in ((found.inside_mM, fixed_inside), (found.outside_mM, fixed_outside)):
        charge_mM = sum(z * side[name] for name, (z, *_) in given.items()) + fixed
        assert charge_mM == pytest.approx(0, abs=tolerances.DONNAN_mM)
    for name, (z, inside_mM, outside_mM) in given.items():
        difference = membrane.electrochemical_difference_kJ_mol(
            valence=z,
            inside_mM=found.inside_mM[name],
            outside_mM=found.outside_mM[name],
            v_mV=found.v_mV,
            temperature_degC=BODY_degC,
        )
        assert difference == pytest.approx(0, abs=tolerances.DONNAN_kJ_mol)
        if np.isinf(outside_per_inside):
            assert found.outside_mM[name] == pytest.approx(outside_mM)
        else:
            before = inside_mM + outside_per_inside * outside_mM
            after = found.inside_mM[name] + outside_per_inside * found.outside_mM[name]
            assert after == pytest.approx(before, rel=tolerances.FORMULA_RELATIVE)


def test_donnan_has_no_potential_without_impermeant_charge() -> None:
    ions = [
        PermeantIon("K", 1, inside_mM=140.0, outside_mM=5.0),
        PermeantIon("Na", 1, inside_mM=10.0, outside_mM=145.0),
        PermeantIon("Cl", -1, inside_mM=150.0, outside_mM=150.0),
    ]
    found = membrane.donnan(
        ions, impermeant_inside_mM=0.0, outside_per_inside=3.0, temperature_degC=BODY_degC
    )
    assert found.v_mV == pytest.approx(0, abs=tolerances.FORMULA_mV)
    assert found.inside_mM["K"] == pytest.approx((140 + 3 * 5) / 4)
    assert found.outside_mM["K"] == pytest.approx((140 + 3 * 5) / 4)


# Water, and the energy of the pump.


def test_osmolarity_and_pressure() -> None:
    saline = membrane.osmolarity_mOsm({"Na": 154.0, "Cl": [154.0, 100.0]})
    np.testing.assert_allclose(saline, [308.0, 254.0])
    assert membrane.osmolarity_mOsm({"Na": 154.0, "Cl": 154.0}, osmotic_coefficient=0.93) == (
        pytest.approx(286.44)
    )
    # 22.711 l atm of the ideal gas at 0 degC: 1 mol/l is 2271.1 kPa.
    pressure_kPa = membrane.osmotic_pressure_kPa(difference_mOsm=1000.0, temperature_degC=0.0)
    assert pressure_kPa == pytest.approx(2271.1, abs=0.05)


GRADIENTS = {"k_inside_mM": 140, "k_outside_mM": 5, "na_inside_mM": 12, "na_outside_mM": 140}


def test_pump_cycle() -> None:
    """41 kJ/mol at -65 mV with ENa +62 and EK -89 mV, rounded; ATP gives 50 to 60."""
    e_na, e_k = 62.0, -89.0
    thermal_mV = membrane.thermal_voltage_mV(temperature_degC=BODY_degC)
    found = membrane.pump_cycle_kJ_mol(
        v_mV=-65.0,
        na_inside_mM=140 * np.exp(-e_na / thermal_mV),
        na_outside_mM=140.0,
        k_inside_mM=140.0,
        k_outside_mM=140 * np.exp(e_k / thermal_mV),
        temperature_degC=BODY_degC,
    )
    assert found == pytest.approx(membrane.FARADAY_C_per_mol * 1e-6 * (3 * 127 + 2 * 24))
    assert found == pytest.approx(41, abs=0.5)
    atp = membrane.atp_hydrolysis_kJ_mol(
        atp_mM=3.0, adp_mM=0.03, phosphate_mM=2.0, temperature_degC=BODY_degC
    )
    assert -60 < atp < -50


def test_atp_in_molar_amounts_has_the_standard_energy() -> None:
    found = membrane.atp_hydrolysis_kJ_mol(
        atp_mM=1e3, adp_mM=1e3, phosphate_mM=1e3, temperature_degC=25.0, standard_kJ_mol=-30.0
    )
    assert found == pytest.approx(-30.0)


def test_pump_stands_still_at_its_reversal_potential() -> None:
    atp = np.array([-60.0, -55.0, -45.0])
    v_mV = membrane.pump_reversal_mV(atp_kJ_mol=atp, temperature_degC=BODY_degC, **GRADIENTS)
    cost = membrane.pump_cycle_kJ_mol(v_mV=v_mV, temperature_degC=BODY_degC, **GRADIENTS)
    np.testing.assert_allclose(cost, -atp, rtol=tolerances.FORMULA_RELATIVE)
    # Depolarised cycles cost less, so that above it the pump runs forward.
    above = membrane.pump_cycle_kJ_mol(v_mV=v_mV + 1, temperature_degC=BODY_degC, **GRADIENTS)
    assert np.all(above < -atp)
