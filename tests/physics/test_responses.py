"""What electrodes see, against closed forms and published amplitudes."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
from ranvier.fields import (
    CurvedPath,
    ElectrodeSet,
    LineElectrode,
    ModelPath,
    PointSource,
    SampledField,
    StraightPath,
    UniformField,
)
from ranvier.responses import single_fibre_action_potential, transfer_mV_per_mA

#: Gauss's formula of 8 points over pieces no longer than their distance. Measured 3e-11.
QUADRATURE_RELATIVE = 1e-9
#: Two ways to add up the same currents. Measured 2e-14.
SUM_RELATIVE = 1e-11
SIGMA_S_m = 0.3


def monopole_uV(current_nA: np.ndarray, r_um: float) -> np.ndarray:
    """nA / (S/m um) is mV."""
    return 1e3 * current_nA / (4 * np.pi * SIGMA_S_m * r_um)


@pytest.fixture(scope="module")
def spike() -> rv.Result:
    fibre = rv.fibers.mrg(nodes=9)
    return rv.simulate(fibre, fibre.stimulus, rv.analysis.layer_probes(fibre), t_stop_ms=1.0)


@pytest.mark.parametrize("height_um", [6.0, 50.0, 3000.0])
def test_a_compartment_is_a_line_source(height_um: float) -> None:
    fibre = rv.fibers.mrg(nodes=4)
    d = rv.discretise(fibre.model, fibre.mesh)
    path = StraightPath(centre_um=(10.0, -3.0, 20.0), direction=(1.0, 2.0, -0.5))
    positions = path.positions(d)
    at_um = positions.xyz_um[17] + height_um * np.array([2.0, -1.0, 0.0]) / 5**0.5
    found = transfer_mV_per_mA(PointSource(position_um=tuple(at_um)), positions)
    expected = [
        LineElectrode(start_um=tuple(a), end_um=tuple(b)).potential_mV_per_mA([at_um])[0]
        for a, b in positions.ends_um
    ]
    assert found == pytest.approx(expected, rel=QUADRATURE_RELATIVE)


def test_points_are_where_compartments_have_their_centres() -> None:
    fibre = rv.fibers.mrg(nodes=4)
    positions = StraightPath().positions(rv.discretise(fibre.model, fibre.mesh))
    field = PointSource(position_um=(0.0, 0.0, 300.0))
    found = transfer_mV_per_mA(field, positions, sources="points")
    assert np.array_equal(found, field.potential_mV_per_mA(positions.xyz_um))
    lines = transfer_mV_per_mA(field, positions)
    assert 1e-4 < np.abs(lines / found - 1).max() < 0.1  # internodes of 175 um at 300 um


def test_a_field_without_metal_or_known_by_distances_is_averaged_too() -> None:
    fibre = rv.fibers.mrg(nodes=4)
    positions = StraightPath().positions(rv.discretise(fibre.model, fibre.mesh))
    even = UniformField()
    found = transfer_mV_per_mA(even, positions)
    assert found == pytest.approx(even.potential_mV_per_mA(positions.xyz_um), abs=1e-12)
    along_um = np.linspace(0.0, 3500.0, 8)
    sampled = SampledField(positions_um=along_um, samples_mV_per_mA=2.0 * along_um)
    found = transfer_mV_per_mA(sampled, positions)
    assert found == pytest.approx(2.0 * positions.distance_um, rel=1e-12)


def test_a_bent_path_bends_its_sources() -> None:
    """A compartment whose centre is at the corner is two lines at right angles."""
    section = rv.Section("axon", length_um=300.0, diameter_um=1.0)
    d = rv.discretise(rv.Model(sections=[section]), rv.FixedCount(3))
    corner = CurvedPath(points_um=[(-150.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 200.0, 0.0)])
    at_um = (40.0, 10.0, 5.0)
    found = transfer_mV_per_mA(PointSource(position_um=at_um), corner.positions(d))[1]
    halves = [
        LineElectrode(start_um=a, end_um=(0.0, 0.0, 0.0)).potential_mV_per_mA([at_um])[0]
        for a in ((-50.0, 0.0, 0.0), (0.0, 50.0, 0.0))
    ]
    assert found == pytest.approx(np.mean(halves), rel=QUADRATURE_RELATIVE)


def test_the_response_is_the_sum_of_membrane_currents(spike: rv.Result) -> None:
    fibre = rv.fibers.mrg(nodes=9)
    positions = StraightPath().positions(rv.discretise(fibre.model, fibre.mesh))
    field = PointSource(position_um=(500.0, 0.0, 200.0), conductivity_S_m=(0.1, 0.1, 0.6))
    seen = single_fibre_action_potential(spike, field)
    currents = rv.analysis.membrane_currents(spike)
    expected_uV = 1e-3 * currents.i_nA @ transfer_mV_per_mA(field, positions)
    assert np.abs(seen["electrode"] - expected_uV).max() < SUM_RELATIVE * np.ptp(expected_uV)
    assert seen.peak_to_peak_uV[0] > 1.0


def test_from_afar_a_fibre_is_a_monopole_while_a_pipette_acts_and_then_a_dipole(
    spike: rv.Result,
) -> None:
    r_um = 2e6  # beside 9.2 mm
    seen = single_fibre_action_potential(spike, PointSource(position_um=(r_um, 0.0, 0.0)))
    currents = rv.analysis.membrane_currents(spike)
    fibre = rv.fibers.mrg(nodes=9)
    x_um = StraightPath().positions(rv.discretise(fibre.model, fibre.mesh)).xyz_um[:, 0]
    moment_nA_um = currents.i_nA @ x_um
    pulse = currents.injected_nA > 0
    assert pulse.sum() == 20
    monopole = monopole_uV(currents.injected_nA, r_um)[pulse]
    assert seen["electrode"][pulse] == pytest.approx(monopole, rel=5e-3)
    dipole = monopole_uV(moment_nA_um, r_um)[~pulse] / r_um
    error = np.abs(seen["electrode"][~pulse] - dipole).max() / np.ptp(dipole)
    assert error < 5e-3  # of the order of the fibre's length over the distance


def test_contacts_of_a_set_are_recorded_one_against_the_other(spike: rv.Result) -> None:
    contacts = [PointSource(position_um=(x, 0.0, 500.0)) for x in (-1000.0, 1000.0)]
    one, other = contacts
    seen = single_fibre_action_potential(
        spike,
        {"one": one, "other": other, "both": ElectrodeSet(fields=contacts, weights=(1.0, -1.0))},
    )
    assert seen.electrodes == ("one", "other", "both")
    difference = seen["one"] - seen["other"]
    assert np.abs(seen["both"] - difference).max() < 1e-12 * np.abs(seen["one"]).max()


def test_a_wave_on_a_long_cable_is_seen_as_its_second_derivative_moving_past() -> None:
    """The line-source integral over the shape of the spike at one place: i = pi a^2 V'' / (rho
    v^2) per length, with nothing of the compartments in it but the spike."""
    fibre = rv.fibers.hodgkin_huxley(diameter_um=100.0, length_um=6e4)
    result = rv.simulate(
        fibre,
        fibre.stimulus,
        rv.analysis.layer_probes(fibre),
        t_stop_ms=fibre.t_stop_ms,
        method=rv.Method(dt_ms=0.0025),
    )
    v_um_per_ms = 1e3 * rv.analysis.conduction_velocity(result).velocity_m_per_s
    height_um = 800.0
    heard = PointSource(position_um=(0.0, 0.0, height_um), conductivity_S_m=SIGMA_S_m)
    seen = single_fibre_action_potential(result, heard)["electrode"]

    trace = result["v_axoplasm_mV"]
    middle = int(np.abs(result.geometry.distance_um - 3e4).argmin())
    offset_um = result.geometry.distance_um[middle] - 3e4
    t_ms = trace.t_ms
    curvature = np.gradient(np.gradient(trace.values[:, trace.column(middle)], t_ms), t_ms)
    rho_Mohm_um = 35.4 * 1e4 * 1e-6  # ohm cm in Mohm um: mV / Mohm is nA
    per_length = np.pi * 50.0**2 / (rho_Mohm_um * v_um_per_ms**2)
    x_um = np.arange(-2.5e4, 2.5e4, 20.0)
    spread = 20.0 / (4 * np.pi * SIGMA_S_m * np.hypot(x_um, height_um))
    when = (t_ms > 3.5) & (t_ms < 6.0)  # the spike is under the electrode, away from both ends
    expected_uV = [
        1e3
        * per_length
        * (np.interp(at - (x_um - offset_um) / v_um_per_ms, t_ms, curvature) @ spread)
        for at in t_ms[when]
    ]
    assert np.ptp(seen[when]) > 50.0
    assert np.abs(seen[when] - expected_uV).max() < 0.01 * np.ptp(expected_uV)


def test_a_fibre_twice_as_fast_is_seen_the_same_from_twice_the_height_and_four_times_as_large() -> (
    None
):
    """HH axons of 25 and 100 um: lengths and velocities double, pi a^2 / v^2 is four times."""
    seen = []
    for scale, diameter_um in ((1.0, 25.0), (2.0, 100.0)):
        fibre = rv.fibers.hodgkin_huxley(diameter_um=diameter_um, length_um=1e4 * scale)
        electrode = PointSource(position_um=(0.0, 0.0, 150.0 * scale))
        probes = rv.analysis.layer_probes(fibre)
        result = rv.simulate(fibre, fibre.stimulus, probes, t_stop_ms=6.0)
        seen.append(single_fibre_action_potential(result, electrode)["electrode"])
    assert seen[1] == pytest.approx(4.0 * seen[0], rel=1e-6, abs=1e-9)
    assert np.ptp(seen[0]) > 20.0


@pytest.mark.parametrize(
    ("name", "arguments", "t_stop_ms", "expected_uV", "tolerance"),
    [
        # By NEURON's backward Euler at 5 us with point sources in 0.3 S/m, peak to peak, at so
        # many um over a node; PyFibers gave those of MRG.
        ("mrg", {"nodes": 61}, 2.5, {50: 13.68, 250: 2.459, 1000: 0.480}, 0.02),
        ("rattay_aberham", {"length_um": 5000.0}, None, {50: 3.38, 250: 0.147}, 0.003),
    ],
)
def test_amplitudes_are_those_that_other_simulators_gave(
    name: str,
    arguments: dict[str, float],
    t_stop_ms: float | None,
    expected_uV: dict[int, float],
    tolerance: float,
) -> None:
    fibre = rv.fibers.describe(name).make(**arguments)
    result = rv.simulate(
        fibre,
        fibre.stimulus,
        rv.analysis.layer_probes(fibre),
        t_stop_ms=t_stop_ms or fibre.t_stop_ms,
        method=rv.Method("backward_euler", dt_ms=0.005),
    )
    electrodes = {str(h): PointSource(position_um=(0.0, 0.0, h)) for h in expected_uV}
    seen = single_fibre_action_potential(result, electrodes, sources="points")
    assert seen.peak_to_peak_uV == pytest.approx(list(expected_uV.values()), rel=tolerance)


def test_a_reconstructed_cell_has_its_own_coordinates_and_points() -> None:
    points = np.array([[0.0, 0.0, 0.0, 2.0], [100.0, 50.0, 0.0, 2.0], [100.0, 300.0, 0.0, 1.0]])
    model = rv.Model(
        sections=[rv.Section("axon", points_um=points)],
        placements=[rv.Placement("leak", g_bar_S_cm2=1e-4, e_leak_mV=-65.0)],
    )
    d = rv.discretise(model, rv.FixedCount(5))
    stimulus = rv.stimuli.CurrentClamp(
        waveform=rv.stimuli.Pulse(onset_ms=0.1, duration_ms=0.5), at=0, amplitude_nA=0.5
    )
    result = rv.simulate(d, stimulus, rv.analysis.layer_probes(d), t_stop_ms=1.0)
    at_um = (50.0, 100.0, 30.0)
    seen = single_fibre_action_potential(result, PointSource(position_um=at_um), path=ModelPath())
    currents = rv.analysis.membrane_currents(result)
    r_um = np.linalg.norm(d.xyz_um - at_um, axis=1)
    expected_uV = sum(monopole_uV(i_nA, r) for i_nA, r in zip(currents.i_nA.T, r_um, strict=True))
    assert seen["electrode"] == pytest.approx(expected_uV, rel=1e-9, abs=1e-12)
