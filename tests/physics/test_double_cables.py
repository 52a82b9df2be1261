"""The double cable: axoplasm and periaxonal space, against equations solved without the core."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics import cables
from physics.cables import clamp, steady_mV

R_A_ohm_cm = 70.0


def annulus_um2(diameter_um: float, width_um: float) -> float:
    return np.pi * ((diameter_um / 2 + width_um) ** 2 - (diameter_um / 2) ** 2)


def test_steady_state_of_an_mrg_fibre_with_leaky_nodes_is_that_of_a_dense_solve() -> None:
    """Two unknowns per section, written down from the sections themselves."""
    fibre = rv.fibers.mrg(nodes=4)
    sections = fibre.model.sections
    leaks = {"node": (7e-3, -70.0), "mysa": (1e-3, -80.0), "flut": (1e-4, -80.0)}
    leaks["stin"] = leaks["flut"]
    model = rv.Model(
        sections=sections,
        placements=[
            rv.Placement("leak", region, g_bar_S_cm2=g, e_leak_mV=e)
            for region, (g, e) in leaks.items()
        ],
    )
    found = rv.Simulation(
        rv.discretise(model, rv.FixedCount()),
        method=rv.Method("backward_euler", dt_ms=cables.FOREVER_ms),
        stimuli=[clamp("node[1]", 2.0)],
        v_init_mV=-80.0,
    )
    found.advance(3)

    n = len(sections)
    matrix, rhs = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)

    def connect(a: int, b: int, g_uS: float) -> None:
        for one, other in ((a, b), (b, a)):
            matrix[one, one] += g_uS
            matrix[one, other] -= g_uS

    def half_Mohm(section: rv.Section, area_um2: float) -> float:
        return 0.01 * R_A_ohm_cm * 0.5 * section.length_um / area_um2

    def halves_Mohm(section: rv.Section) -> tuple[float, float]:
        d_um = section.points_um[0, 3]
        width_um = section.sheath.periaxonal_width_um
        return (
            half_Mohm(section, np.pi * d_um**2 / 4),
            half_Mohm(section, annulus_um2(d_um, width_um)),
        )

    for i, section in enumerate(sections):
        inside, outside = i, n + i
        area_um2 = np.pi * section.points_um[0, 3] * section.length_um
        g_S_cm2, e_mV = leaks[section.region]
        leak_uS = 0.01 * g_S_cm2 * area_um2
        connect(inside, outside, leak_uS)
        rhs[inside] += leak_uS * e_mV
        rhs[outside] -= leak_uS * e_mV
        sheath = section.sheath
        if not sheath.is_open:
            myelin_um2 = np.pi * sheath.myelin_diameter_um * section.length_um
            matrix[outside, outside] += 0.01 * 1e-3 / (2 * sheath.lamellae) * myelin_um2
        if i > 0:
            before, here = halves_Mohm(sections[i - 1]), halves_Mohm(section)
            connect(inside - 1, inside, 1 / (before[0] + here[0]))
            connect(outside - 1, outside, 1 / (before[1] + here[1]))
    rhs[11] += 2.0  # node[1]
    for i, section in enumerate(sections):
        if section.sheath.is_open:
            matrix[n + i], rhs[n + i] = np.eye(2 * n)[n + i], 0.0
    exact_mV = np.linalg.solve(matrix, rhs)

    for layer, potential_mV in enumerate(np.split(exact_mV, 2)):
        np.testing.assert_allclose(
            found.potential_mV(layer), potential_mV, rtol=0, atol=tolerances.DENSE_SOLVE_mV
        )
    assert np.abs(exact_mV[n:]).max() > 1.0


def test_uniform_double_cable_is_two_length_constants() -> None:
    """Myelin all along and both ends sealed: u'' = M u for the pair of potentials."""
    d_um, length_um, width_um, myelin_um, lamellae, n = 6.0, 2000.0, 0.01, 10.0, 5, 2001
    g_axolemma_S_cm2, g_membrane_S_cm2 = 1e-3, 1e-3
    axon = rv.Section(
        "axon",
        length_um=length_um,
        diameter_um=d_um,
        r_a_ohm_cm=R_A_ohm_cm,
        sheath=rv.Sheath(
            periaxonal_width_um=width_um,
            lamellae=lamellae,
            myelin_diameter_um=myelin_um,
            g_membrane_S_cm2=g_membrane_S_cm2,
        ),
    )
    leak = rv.Placement("leak", g_bar_S_cm2=g_axolemma_S_cm2, e_leak_mV=0.0)
    d = rv.discretise(rv.Model(sections=[axon], placements=[leak]), rv.FixedCount(n))
    v_mV = steady_mV(d, 0, 1.0, v_init_mV=0.0)

    r_i = 0.01 * R_A_ohm_cm / (np.pi * d_um**2 / 4)  # Mohm per um
    r_p = 0.01 * R_A_ohm_cm / annulus_um2(d_um, width_um)
    g_a = 0.01 * g_axolemma_S_cm2 * np.pi * d_um  # uS per um
    g_m = 0.01 * g_membrane_S_cm2 / (2 * lamellae) * np.pi * myelin_um
    matrix = np.array([[r_i * g_a, -r_i * g_a], [-r_p * g_a, r_p * (g_a + g_m)]])
    squares, modes = np.linalg.eig(matrix)
    k = np.sqrt(squares)
    # At x = 0 the axoplasm carries 1 nA and the periaxonal space nothing.
    slope = np.linalg.solve(modes, [-r_i, 0.0])
    x_um = d.distance_um
    shapes = np.cosh(k[:, None] * (length_um - x_um)) / (k * np.sinh(k * length_um))[:, None]
    inside_mV, outside_mV = modes @ (-slope[:, None] * shapes)
    np.testing.assert_allclose(
        v_mV, inside_mV - outside_mV, rtol=tolerances.DOUBLE_CABLE_SPACE_RELATIVE
    )


@pytest.mark.parametrize(("diameter_um", "rest_mV"), [(10.0, -79.95935)])
def test_mrg_rests_where_it_should(diameter_um: float, rest_mV: float) -> None:
    """-79.96 mV and not -80: the slow potassium window current and the leak."""
    fibre = rv.fibers.mrg(diameter_um=diameter_um, nodes=41)
    found = rv.Simulation(rv.discretise(fibre.model, fibre.mesh), v_rest_guess_mV=-80.0)
    assert found.v_mV[220] == pytest.approx(rest_mV, abs=tolerances.PRINTED_REST_mV)
