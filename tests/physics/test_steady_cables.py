"""Steady currents in passive cylinders, against cosh and exp."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.cables import Cylinder, E_LEAK_mV, steady_mV

COMPARTMENTS = 1001


def deflection_mV(cylinder: Cylinder, at: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Distances in length constants, and the deflection by 1 nA."""
    d = cylinder.discretised(COMPARTMENTS)
    return d.distance_um / cylinder.lambda_um, steady_mV(d, at) - E_LEAK_mV


def test_r_infinite_is_the_textbook_one() -> None:
    assert Cylinder().r_infinite_Mohm == pytest.approx(318.310, abs=tolerances.PRINTED_Mohm)


@pytest.mark.parametrize(
    ("electrotonic_length", "input_Mohm"), [(0.5, 688.808), (1.0, 417.952), (2.0, 330.188)]
)
def test_sealed_cylinder(electrotonic_length: float, input_Mohm: float) -> None:
    cylinder = Cylinder(length_um=1000.0 * electrotonic_length)
    x, v_mV = deflection_mV(cylinder)
    shape = np.cosh(electrotonic_length - x) / np.sinh(electrotonic_length)
    np.testing.assert_allclose(
        v_mV, cylinder.r_infinite_Mohm * shape, rtol=tolerances.SPACE_1000_RELATIVE
    )
    # From the centre of the first compartment to the very end.
    at_end_mV = v_mV[0] * np.cosh(electrotonic_length) / np.cosh(electrotonic_length - x[0])
    assert at_end_mV == pytest.approx(input_Mohm, abs=tolerances.PRINTED_Mohm)


@pytest.mark.parametrize(
    ("electrotonic_length", "input_Mohm"), [(0.5, 147.097), (1.0, 242.423), (2.0, 306.860)]
)
def test_killed_end(electrotonic_length: float, input_Mohm: float) -> None:
    """The far end is held at rest by a membrane that hardly resists."""
    cylinder = Cylinder(length_um=1000.0 * electrotonic_length)
    hole = rv.Section("hole", parent="cable", length_um=1.0, diameter_um=2.0, r_a_ohm_cm=1e-6)
    model = rv.Model(
        sections=[cylinder.section(region="cable"), hole],
        placements=[
            rv.Placement("leak", "cable", g_bar_S_cm2=5e-5, e_leak_mV=E_LEAK_mV),
            rv.Placement("leak", "hole", g_bar_S_cm2=1e9, e_leak_mV=E_LEAK_mV),
        ],
    )
    d = rv.discretise(model, rv.FixedCount(1, by_region={"cable": COMPARTMENTS}))
    v_mV = steady_mV(d, 0) - E_LEAK_mV
    x = d.distance_um[0] / cylinder.lambda_um
    at_end_mV = v_mV[0] * np.sinh(electrotonic_length) / np.sinh(electrotonic_length - x)
    assert at_end_mV == pytest.approx(input_Mohm, abs=tolerances.PRINTED_Mohm)


def test_semi_infinite_cable_decays_as_exp() -> None:
    cylinder = Cylinder(length_um=20e3)
    d = cylinder.discretised(20 * COMPARTMENTS)
    near = d.distance_um < 3e3  # beyond, the sealed end shows in the seventh digit
    v_mV = steady_mV(d, 0)[near] - E_LEAK_mV
    expected_mV = cylinder.r_infinite_Mohm * np.exp(-d.distance_um[near] / cylinder.lambda_um)
    np.testing.assert_allclose(v_mV, expected_mV, rtol=tolerances.SPACE_1000_RELATIVE)


def test_infinite_cable_has_half_the_input_resistance() -> None:
    cylinder = Cylinder(length_um=40e3)
    d = cylinder.discretised(20 * COMPARTMENTS)
    middle = len(d) // 2
    at_centre_mV = steady_mV(d, middle)[middle] - E_LEAK_mV
    # Half a compartment's membrane, and the axial drop within it, are missing on either side.
    assert at_centre_mV == pytest.approx(
        0.5 * cylinder.r_infinite_Mohm, rel=tolerances.SPACE_500_RELATIVE
    )
