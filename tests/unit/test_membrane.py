"""What the membrane's formulas refuse, the shapes they give, and what their objects hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier import membrane
from ranvier.membrane import Branch, DielectricStatus, Patch, PermeantIon

ROOT = Path(__file__).parents[2]

K = PermeantIon("K", 1, inside_mM=140.0, outside_mM=5.0)
CL = PermeantIon("Cl", -1, inside_mM=9.0, outside_mM=125.0)
LEAK = Branch("leak", g_S_cm2=1e-4, e_mV=-65.0)
SIDES: dict[str, Any] = {"inside_mM": 140.0, "outside_mM": 5.0, "temperature_degC": 37.0}
FLUX: dict[str, Any] = {**SIDES, "permeability_cm_s": 1e-6, "v_mV": -65.0}
TWO_IONS: dict[str, Any] = {
    "k_inside_mM": 140.0,
    "k_outside_mM": 5.0,
    "na_inside_mM": 12.0,
    "na_outside_mM": 140.0,
    "temperature_degC": 37.0,
}
ATP: dict[str, Any] = {
    "atp_mM": 3.0,
    "adp_mM": 0.03,
    "phosphate_mM": 2.0,
    "temperature_degC": 37.0,
}

#: Every function of plain numbers, and arguments that are right.
FORMULAS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (membrane.thermal_voltage_mV, {"temperature_degC": 37.0}),
    (membrane.nernst_mV, {**SIDES, "valence": 1}),
    (membrane.driving_force_mV, {"v_mV": -65.0, "e_mV": -89.0}),
    (membrane.electrochemical_difference_kJ_mol, {**SIDES, "v_mV": -65.0, "valence": 1}),
    (membrane.ghk_flux_pmol_cm2_s, {**FLUX, "valence": 2}),
    (membrane.ghk_current_mA_cm2, {**FLUX, "valence": 2}),
    (membrane.ghk_slope_S_cm2, {**FLUX, "valence": 2}),
    (membrane.mullins_noda_mV, {**TWO_IONS, "na_permeability_per_k": 0.04, "pump_ratio": 1.5}),
    (membrane.pump_cycle_kJ_mol, {**TWO_IONS, "v_mV": -65.0}),
    (membrane.pump_reversal_mV, {**TWO_IONS, "atp_kJ_mol": -55.0}),
    (membrane.atp_hydrolysis_kJ_mol, {**ATP, "standard_kJ_mol": -30.5}),
    (membrane.osmotic_pressure_kPa, {"difference_mOsm": 10.0, "temperature_degC": 37.0}),
]
EACH_ARGUMENT = [
    pytest.param(formula, right, name, id=f"{formula.__name__}-{name}")
    for formula, right in FORMULAS
    for name in right
]
#: What a 0 is right for.
MAY_BE_ZERO = {
    membrane.ghk_flux_pmol_cm2_s,
    membrane.ghk_current_mA_cm2,
    membrane.ghk_slope_S_cm2,
}


def test_constants_are_those_of_the_core() -> None:
    header = (ROOT / "csrc" / "ranvier" / "base" / "constants.hpp").read_text()

    def constant(name: str) -> float:
        found = re.search(rf"{name} = ([\d.]+);", header)
        assert found
        return float(found[1])

    assert constant("kGasConstant_J_per_mol_K") == membrane.GAS_CONSTANT_J_per_mol_K
    assert constant("kFaraday_C_per_mol") == membrane.FARADAY_C_per_mol
    kelvin = constant("kZeroCelsius_K")
    by_core_mV = 1e3 * membrane.GAS_CONSTANT_J_per_mol_K * kelvin / membrane.FARADAY_C_per_mol
    assert membrane.thermal_voltage_mV(temperature_degC=0.0) == by_core_mV


def test_is_loaded_when_asked_for() -> None:
    assert "membrane" in dir(rv)
    assert rv.membrane is membrane
    assert all(hasattr(membrane, name) for name in membrane.__all__)


@pytest.mark.parametrize(("formula", "right"), FORMULAS, ids=lambda x: getattr(x, "__name__", ""))
def test_numbers_give_a_number_and_arrays_an_array(
    formula: Callable[..., Any], right: dict[str, Any]
) -> None:
    one = formula(**right)
    assert type(one) is float
    assert np.isfinite(one)
    names = list(right)
    column = {**right, names[0]: np.full((3, 1), right[names[0]])}
    column[names[-1]] = np.full(2, right[names[-1]])
    many = formula(**column)
    assert many.shape == ((3, 2) if len(names) > 1 else (2,))
    np.testing.assert_allclose(many, one, rtol=1e-15)


@pytest.mark.parametrize(("formula", "right", "name"), EACH_ARGUMENT)
def test_no_argument_may_be_nan_infinite_or_no_number(
    formula: Callable[..., Any], right: dict[str, Any], name: str
) -> None:
    for bad in (np.nan, np.inf, [1.0, np.nan]):
        with pytest.raises(ValueError, match=f"^{name}: is (nan|inf).*, expected a finite number"):
            formula(**{**right, name: bad})
    for bad in ("140", None, 1j, True, [[1.0], [1.0, 2.0]]):
        with pytest.raises(TypeError, match=f"^{name}: is .*, expected a real number or an array$"):
            formula(**{**right, name: bad})


@pytest.mark.parametrize(("formula", "right", "name"), EACH_ARGUMENT)
def test_no_argument_may_be_out_of_range(
    formula: Callable[..., Any], right: dict[str, Any], name: str
) -> None:
    def refused(bad: float, message: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            formula(**{**right, name: bad})
        # An array names the place.
        at_1 = re.escape(message.replace(", expected", " at index 1, expected"))
        with pytest.raises(ValueError, match=f"^{at_1}$"):
            formula(**{**right, name: [right[name], bad]})

    if name == "temperature_degC":
        expected = "expected a temperature above absolute zero, -273.15 degC"
        refused(-273.15, f"{name}: is -273.15 degC, {expected}")
        refused(-300.0, f"{name}: is -300 degC, {expected}")
    elif name == "valence":
        expected = "expected a whole number other than 0, such as 1, -1 or 2"
        refused(0, f"{name}: is 0, {expected}")
        refused(1.5, f"{name}: is 1.5, {expected}")
    elif name == "atp_kJ_mol":
        refused(30.5, f"{name}: is 30.5 kJ/mol, expected a finite number below 0")
    elif formula in MAY_BE_ZERO and name.endswith("_mM"):
        refused(-1.0, f"{name}: is -1 mM, expected 0 or a finite number above it")
        formula(**{**right, name: 0.0})
    elif name == "permeability_cm_s":
        refused(-1.0, f"{name}: is -1 cm/s, expected 0 or a finite number above it")
    elif name.endswith("_mM"):
        refused(0.0, f"{name}: is 0 mM, expected a finite number above 0")
        refused(-1.0, f"{name}: is -1 mM, expected a finite number above 0")
    elif name in {"pump_ratio", "na_permeability_per_k"}:
        refused(0.0, f"{name}: is 0, expected a finite number above 0")


@pytest.mark.parametrize(
    ("formula", "right"),
    [each for each in FORMULAS if len(each[1]) > 1],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_shapes_must_broadcast(formula: Callable[..., Any], right: dict[str, Any]) -> None:
    first, *_, last = right
    bad = {**right, first: np.full(2, right[first]), last: np.full(3, right[last])}
    message = (
        r"^shapes: are .*\(\d,\) and .*\(\d,\), expected shapes that broadcast against each other$"
    )
    with pytest.raises(ValueError, match=message):
        formula(**bad)


def test_the_place_in_an_array_is_named() -> None:
    with pytest.raises(ValueError, match=r"^inside_mM: is -1 mM at index 1, expected a finite"):
        membrane.nernst_mV(**{**SIDES, "inside_mM": [140.0, -1.0]})
    with pytest.raises(ValueError, match=r"^inside_mM: is 0 mM at index \(1, 0\), expected a fin"):
        membrane.nernst_mV(**{**SIDES, "inside_mM": [[140.0], [0.0]]})


# Ions.


def test_ion_is_checked_where_it_is_made() -> None:
    with pytest.raises(ValueError, match=r"^ion 'K': inside_mM is -1 mM, expected 0 or a finite"):
        PermeantIon("K", 1, inside_mM=-1.0, outside_mM=5.0)
    with pytest.raises(ValueError, match=r"^ion 'K': permeability is nan, expected a finite"):
        PermeantIon("K", 1, inside_mM=1.0, outside_mM=5.0, permeability=np.nan)
    with pytest.raises(ValueError, match=r"^ion 'X': valence is 0, expected a whole number other"):
        PermeantIon("X", 0, inside_mM=1.0, outside_mM=5.0)
    with pytest.raises(
        TypeError, match=r"^ion 'X': valence is \[1, 2\], expected one whole number"
    ):
        PermeantIon("X", [1, 2], inside_mM=1.0, outside_mM=5.0)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"^shapes: are inside_mM \(2,\) and outside_mM \(3,\), exp"
    ):
        PermeantIon("K", 1, inside_mM=[1.0, 2.0], outside_mM=[1.0, 2.0, 3.0])


def test_ion_keeps_what_was_checked() -> None:
    mine = np.array([1.0, 2.0])
    ion = PermeantIon("K", 1, inside_mM=mine, outside_mM=5)
    mine[0] = -1.0
    assert np.array_equal(ion.inside_mM, [1.0, 2.0])
    assert ion.outside_mM == 5.0
    with pytest.raises(ValueError, match="read-only"):
        ion.inside_mM[0] = -1.0  # type: ignore[index]


def of_ions(ions: Any) -> Any:
    return membrane.ghk_mV(ions, temperature_degC=37.0)


def test_ions_are_one_or_more_of_names_that_differ() -> None:
    with pytest.raises(ValueError, match=r"^ions: is empty, expected one PermeantIon or more$"):
        of_ions([])
    with pytest.raises(TypeError, match=r"^ions: is .*, expected a sequence of PermeantIon$"):
        of_ions(K)
    with pytest.raises(TypeError, match=r"^ions: holds 'Na', expected PermeantIon objects alone$"):
        of_ions([K, "Na"])
    with pytest.raises(
        ValueError, match=r"^ions: hold two of the name 'K', expected names that di"
    ):
        of_ions([K, CL, K])
    two = PermeantIon("Na", 1, inside_mM=[1.0, 2.0], outside_mM=5.0)
    three = PermeantIon("Rb", 1, inside_mM=[1.0, 2.0, 3.0], outside_mM=5.0)
    with pytest.raises(ValueError, match=r"inside_mM of 'Na' \(2,\) and inside_mM of 'Rb' \(3,\)"):
        of_ions([two, three])


def test_ions_must_carry_current_both_ways() -> None:
    inside = PermeantIon("K", 1, inside_mM=[100.0, 100.0], outside_mM=[5.0, 0.0])
    message = (
        "ions: K carry no inward current, expected a permeant cation outside or a permeant anion "
        "inside"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        of_ions([inside])
    blocked = PermeantIon("K", 1, inside_mM=100.0, outside_mM=5.0, permeability=0.0)
    with pytest.raises(ValueError, match="carry no outward current, expected a permeant cation in"):
        of_ions([blocked])


def test_ghk_broadcasts() -> None:
    k = PermeantIon("K", 1, inside_mM=140.0, outside_mM=[[2.0], [4.0], [8.0]])
    na = PermeantIon("Na", 1, inside_mM=12.0, outside_mM=140.0, permeability=[0.01, 0.1])
    ca = PermeantIon("Ca", 2, inside_mM=1e-4, outside_mM=2.0, permeability=0.01)
    for ions in ([k, na], [k, na, ca]):
        found_mV = of_ions(ions)
        assert found_mV.shape == (3, 2)
        assert np.all(np.diff(found_mV, axis=0) > 0)
        assert np.all(np.diff(found_mV, axis=1) > 0)
    assert type(of_ions([K, CL])) is float
    assert type(of_ions([K, PermeantIon("Ca", 2, inside_mM=1e-4, outside_mM=2.0)])) is float


def test_relative_permeability_that_cannot_be() -> None:
    na = PermeantIon("Na", 1, inside_mM=12.0, outside_mM=140.0)

    def permeability(reversal_mV: Any) -> Any:
        return membrane.relative_permeability(
            na, [K], reversal_mV=reversal_mV, temperature_degC=37.0
        )

    assert permeability(-60.0) > 0
    for bad_mV in (-100.0, 70.0, [-60.0, 70.0]):
        message = r"^reversal_mV: is (-100|70) mV, expected one between that of the known ions alon"
        with pytest.raises(ValueError, match=message):
            permeability(bad_mV)
    with pytest.raises(ValueError, match="reversal_mV: is nan mV"):
        permeability(np.nan)
    with pytest.raises(TypeError, match=r"^unknown: is 'Na', expected a PermeantIon$"):
        membrane.relative_permeability(
            "Na",  # type: ignore[arg-type]
            [K],
            reversal_mV=-60.0,
            temperature_degC=37.0,
        )
    with pytest.raises(ValueError, match="ions: is empty"):
        membrane.relative_permeability(na, [], reversal_mV=-60.0, temperature_degC=37.0)
    with pytest.raises(ValueError, match="ions: hold two of the name 'Na'"):
        membrane.relative_permeability(na, [na], reversal_mV=-60.0, temperature_degC=37.0)


# Circuits.


def test_branch_is_checked_where_it_is_made() -> None:
    with pytest.raises(ValueError, match=r"^branch 'k': g_S_cm2 is -1 S/cm2, expected 0 or a fini"):
        Branch("k", g_S_cm2=-1.0, e_mV=-89.0)
    with pytest.raises(ValueError, match=r"^branch 'k': e_mV is nan mV, expected a finite number$"):
        Branch("k", g_S_cm2=1e-3, e_mV=np.nan)
    with pytest.raises(ValueError, match=r"^shapes: are g_S_cm2 \(2,\) and e_mV \(3,\)"):
        Branch("k", g_S_cm2=[1e-3, 1e-4], e_mV=[1.0, 2.0, 3.0])


def test_branches_conduct() -> None:
    shut = Branch("shut", g_S_cm2=0.0, e_mV=0.0)
    message = r"^branches: shut have no conductance, expected one above 0$"
    with pytest.raises(ValueError, match=message):
        membrane.chord_conductance_mV([shut])
    with pytest.raises(ValueError, match=message):
        Patch(c_m_uF_cm2=1.0, branches=[shut])
    assert membrane.chord_conductance_mV([shut, LEAK]) == -65.0
    with pytest.raises(ValueError, match="branches: is empty, expected one Branch or more"):
        membrane.chord_conductance_mV([])
    with pytest.raises(ValueError, match="pump_mA_cm2: is nan mA/cm2"):
        membrane.chord_conductance_mV([LEAK], pump_mA_cm2=np.nan)


def test_chord_conductance_weighs_batteries() -> None:
    branches = [Branch("a", g_S_cm2=[1.0, 3.0], e_mV=0.0), Branch("b", g_S_cm2=1.0, e_mV=-80.0)]
    np.testing.assert_allclose(membrane.chord_conductance_mV(branches), [-40.0, -20.0])
    np.testing.assert_allclose(
        membrane.chord_conductance_mV(branches, pump_mA_cm2=8.0), [-44.0, -22.0]
    )


def test_patch_is_checked_where_it_is_made() -> None:
    with pytest.raises(ValueError, match=r"^c_m_uF_cm2: is 0 uF/cm2, expected a finite number abo"):
        Patch(c_m_uF_cm2=0.0, branches=[LEAK])
    many = Branch("many", g_S_cm2=[1.0, 2.0], e_mV=0.0)
    with pytest.raises(
        ValueError, match=r"^shapes: are g_S_cm2 of 'many' \(2,\) and c_m_uF_cm2 \(3"
    ):
        Patch(c_m_uF_cm2=[1.0, 2.0, 3.0], branches=[many])
    patch = Patch(c_m_uF_cm2=1.0, branches=[many])
    with pytest.raises(ValueError, match="shapes: are area_um2"):
        patch.input_resistance_Mohm([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="area_um2: is 0 um2"):
        patch.input_resistance_Mohm(0.0)
    with pytest.raises(ValueError, match="t_ms: is -1 ms, expected 0 or a finite number above it"):
        patch.response_mV(-1.0, v_init_mV=0.0)
    with pytest.raises(ValueError, match="shapes: are "):
        patch.currents_mA_cm2([0.0, 1.0, 2.0])
    assert isinstance(patch.branches, tuple)


# Donnan.


def settled(impermeant_inside_mM: Any = -100.0, **options: Any) -> Any:
    salt = [
        PermeantIon("K", 1, inside_mM=150.0, outside_mM=100.0),
        PermeantIon("Cl", -1, inside_mM=50.0, outside_mM=100.0),
    ]
    return membrane.donnan(
        options.pop("ions", salt),
        impermeant_inside_mM=impermeant_inside_mM,
        temperature_degC=37.0,
        **options,
    )


def test_donnan_refuses_what_is_not_neutral() -> None:
    with pytest.raises(ValueError, match=r"^charge outside: is 5 mM, expected 0, ions and imperme"):
        settled(impermeant_outside_mM=5.0)
    message = r"^charge of both sides together: is -10 mM, expected 0, ions and impermeant charge t"
    with pytest.raises(ValueError, match=message):
        settled(-120.0, outside_per_inside=1.0)


def test_donnan_refuses_charge_that_cannot_be_balanced() -> None:
    """Only the impermeant charge outside makes 400 mM and two ions neutral."""
    message = (
        r"^impermeant_inside_mM: is -400 mM, expected a charge that the ions can balance, "
        r"between -250 and 150 mM$"
    )
    with pytest.raises(ValueError, match=message):
        settled(-400.0, impermeant_outside_mM=300.0, outside_per_inside=1.0)
    alone = [PermeantIon("K", 1, inside_mM=0.0, outside_mM=10.0)]
    with pytest.raises(ValueError, match="is 20 mM, expected a charge that the ions can balance"):
        settled(20.0, ions=alone, impermeant_outside_mM=-10.0)
    # Of the other sign it can.
    found = settled(-20.0, ions=alone, impermeant_outside_mM=-10.0)
    assert found.inside_mM["K"] == pytest.approx(20.0)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, [1.0, 0.0]])
def test_donnan_refuses_volumes_that_are_none(bad: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^outside_per_inside: is .*, expected a ratio of volumes"
    ):
        settled(outside_per_inside=bad)


def test_donnan_refuses_other_bad_input() -> None:
    with pytest.raises(ValueError, match="impermeant_inside_mM: is nan mM"):
        settled(np.nan)
    with pytest.raises(ValueError, match="ions: is empty"):
        settled(ions=[])
    with pytest.raises(ValueError, match="shapes: are impermeant_inside_mM"):
        settled([0.0, 1.0], outside_per_inside=[1.0, 2.0, 3.0])


def test_donnan_gives_arrays_for_arrays() -> None:
    assert type(settled().v_mV) is float
    assert type(settled().inside_mM["K"]) is float
    ratio = np.array([[1.0], [np.inf]])
    found = settled([-100.0, -100.0], outside_per_inside=ratio)
    assert np.shape(found.v_mV) == (2, 2)
    assert np.shape(found.outside_mM["Cl"]) == (2, 2)


def test_donnan_leaves_an_ion_alone_of_which_there_is_none() -> None:
    none = PermeantIon("Ca", 2, inside_mM=0.0, outside_mM=0.0)
    salt = [
        PermeantIon("K", 1, inside_mM=0.0, outside_mM=1e-9),
        PermeantIon("Cl", -1, inside_mM=0.0, outside_mM=1e-9),
    ]
    # 1e12 times less salt than charge: far from where the search begins.
    found = settled(-1e3, ions=[*salt, none])
    assert found.inside_mM["Ca"] == found.outside_mM["Ca"] == 0.0
    assert found.inside_mM["K"] == pytest.approx(1e3)


# Water and breakdown.


def test_osmolarity_refuses() -> None:
    with pytest.raises(
        TypeError, match=r"^solutes_mM: is \[1.0\], expected a mapping of names to mM"
    ):
        membrane.osmolarity_mOsm([1.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^solutes_mM: is empty, expected one solute or more$"):
        membrane.osmolarity_mOsm({})
    with pytest.raises(ValueError, match=r"^solute 'Na': conc_mM is -1 mM, expected 0 or a finite"):
        membrane.osmolarity_mOsm({"Na": -1.0})
    with pytest.raises(ValueError, match="osmotic_coefficient: is nan"):
        membrane.osmolarity_mOsm({"Na": 1.0}, osmotic_coefficient=np.nan)
    with pytest.raises(ValueError, match=r"^shapes: are 'Na' \(2,\) and 'Cl' \(3,\), expected"):
        membrane.osmolarity_mOsm({"Na": [1.0, 2.0], "Cl": [1.0, 2.0, 3.0]})


def test_dielectric_status() -> None:
    status = membrane.dielectric_status([[-65.0, 200.0], [-200.1, 1e9], [np.nan, np.inf]])
    assert status.tolist() == [
        [DielectricStatus.INTACT, DielectricStatus.INTACT],
        [DielectricStatus.BREAKDOWN, DielectricStatus.BREAKDOWN],
        [DielectricStatus.NOT_FINITE, DielectricStatus.NOT_FINITE],
    ]
    assert membrane.dielectric_status(-300) is DielectricStatus.BREAKDOWN
    assert membrane.dielectric_status(-300, limit_mV=400) is DielectricStatus.INTACT
    assert list(membrane.dielectric_status(300, limit_mV=[200, 400])) == ["breakdown", "intact"]
    with pytest.raises(ValueError, match="limit_mV: is 0 mV"):
        membrane.dielectric_status(1.0, limit_mV=0.0)
    with pytest.raises(TypeError, match="v_mV: is 'x', expected a real number"):
        membrane.dielectric_status("x")
    with pytest.raises(ValueError, match="shapes: are v_mV"):
        membrane.dielectric_status([1.0, 2.0], limit_mV=[1.0, 2.0, 3.0])
