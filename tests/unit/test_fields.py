"""Potentials that are known by formula, paths of fibres through them, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.fields import (
    CurvedPath,
    DiscElectrode,
    ElectrodeSet,
    Field,
    LineElectrode,
    ModelPath,
    PointSource,
    SampledField,
    StraightPath,
    UniformField,
)
from ranvier.stimuli import Extracellular, Pulse


def at(field: Field, *point_um: float) -> float:
    return float(field.potential_mV_per_mA([point_um])[0])


def axon(count: int = 11, length_um: float = 1100.0) -> rv.Discretisation:
    section = rv.Section("axon", length_um=length_um, diameter_um=10.0)
    return rv.discretise(rv.Model(sections=[section]), rv.FixedCount(count))


def test_point_source_is_ohms_law() -> None:
    """1 mA into 1 S/m makes 1e6 / (4 pi) mV at 1 um."""
    source = PointSource(position_um=(0, 0, 0), conductivity_S_m=1.0)
    assert at(source, 1.0, 0.0, 0.0) == pytest.approx(1e6 / (4 * math.pi), rel=1e-15)
    assert at(source, 0.0, 300.0, 400.0) == pytest.approx(1e6 / (4 * math.pi * 500.0), rel=1e-15)
    assert at(source, 0.0, 0.0, 0.0) == math.inf


def test_anisotropic_source_is_isotropic_where_all_are_equal() -> None:
    one = PointSource(position_um=(1, 2, 3), conductivity_S_m=0.4)
    three = PointSource(position_um=(1, 2, 3), conductivity_S_m=(0.4, 0.4, 0.4))
    assert at(three, 70.0, 80.0, 90.0) == pytest.approx(at(one, 70.0, 80.0, 90.0), rel=1e-15)


def test_anisotropic_source_falls_by_the_conductivities_across() -> None:
    """On the x axis V = I / (4 pi sqrt(sy sz) x): McNeal's nerve of 300 and 1200 ohm cm."""
    nerve = PointSource(position_um=(0, 0, 0), conductivity_S_m=(1 / 3, 1 / 12, 1 / 12))
    assert at(nerve, 100.0, 0, 0) == pytest.approx(1e6 * 12 / (4 * math.pi * 100.0), rel=1e-14)
    across = 1e6 * 6 / (4 * math.pi * 100.0)
    assert at(nerve, 0, 100.0, 0) == pytest.approx(across, rel=1e-14)


def test_line_is_the_integral_of_points() -> None:
    line = LineElectrode(start_um=(-300, 0, 0), end_um=(500, 0, 0))
    nodes, weights = np.polynomial.legendre.leggauss(60)
    points = [PointSource(position_um=(100 + 400 * x, 0, 0)) for x in nodes]
    integral = ElectrodeSet(fields=points, weights=(weights / 2).tolist())
    for point_um in ((0, 100, 50), (700, 30, 200), (-2000, 0, 0)):
        assert at(line, *point_um) == pytest.approx(at(integral, *point_um), rel=1e-6)


@pytest.mark.parametrize(
    "field",
    [
        LineElectrode(start_um=(-50, 0, 0), end_um=(50, 0, 0)),
        DiscElectrode(centre_um=(0, 0, 0), normal=(0, 0, 1), radius_um=50.0, is_backed=False),
    ],
)
def test_far_away_everything_is_a_point(field: Field) -> None:
    point = PointSource(position_um=(0, 0, 0))
    for point_um in ((1e6, 0, 0), (0, 1e6, 0), (6e5, 0, 8e5)):
        assert at(field, *point_um) == pytest.approx(at(point, *point_um), rel=1e-8)


def test_disc_is_at_one_potential_and_backed_discs_at_twice() -> None:
    """V0 = I / (4 sigma a) in a half space (Newman 1966)."""
    disc = DiscElectrode(centre_um=(0, 0, 0), normal=(0, 0, 1), radius_um=50.0)
    v0_mV = 1e6 / (4 * 0.3 * 50.0)
    for x in (0.0, 20.0, 49.9):
        assert at(disc, x, 0, 0) == pytest.approx(v0_mV, rel=1e-12)
    alone = DiscElectrode(centre_um=(0, 0, 0), normal=(0, 0, 1), radius_um=50.0, is_backed=False)
    assert at(alone, 3, 4, 5) == pytest.approx(at(disc, 3, 4, 5) / 2, rel=1e-15)
    assert at(alone, 3, 4, -5) == at(alone, 3, 4, 5)
    with pytest.raises(rv.ModelError, match="disc electrode: a point is behind the insulating pl"):
        at(disc, 0, 0, -1)


def test_sets_add_up() -> None:
    left, right = PointSource(position_um=(-100, 0, 50)), PointSource(position_um=(100, 0, 50))
    bipole = ElectrodeSet(fields=[left, right], weights=[1.0, -1.0])
    expected = at(left, 30, 20, 10) - at(right, 30, 20, 10)
    assert at(bipole, 30, 20, 10) == pytest.approx(expected, rel=1e-15)
    assert at(bipole, 0, 20, 10) == pytest.approx(0.0, abs=1e-10)


def test_uniform_field_is_one_volt_per_metre() -> None:
    field = UniformField(direction=(0, 2, 0))
    assert at(field, 5.0, 1000.0, 3.0) == pytest.approx(-1.0, rel=1e-15)  # mV over 1 mm


def test_samples_are_joined_by_straight_lines() -> None:
    grid = axon()
    along = SampledField(positions_um=[0.0, 400.0, 1100.0], samples_mV_per_mA=[0.0, 8.0, 1.0])
    stimulus = Extracellular(field=along, waveform=Pulse(duration_ms=1.0), amplitude_mA=2.0)
    expected_mV = 2.0 * np.interp(grid.distance_um, [0.0, 400.0, 1100.0], [0.0, 8.0, 1.0])
    np.testing.assert_allclose(stimulus.outside_mV(grid), expected_mV, rtol=1e-15)


def test_samples_in_space_reproduce_a_linear_potential() -> None:
    points_um = np.random.default_rng(1).uniform(-1000.0, 1000.0, (400, 3))
    field = SampledField(positions_um=points_um, samples_mV_per_mA=points_um @ (1.0, 2.0, 3.0))
    assert at(field, 100.0, -50.0, 20.0) == pytest.approx(60.0, rel=1e-9)
    with pytest.raises(rv.ModelError, match="1 of 1 places are outside the samples, expected samp"):
        at(field, 2000.0, 0.0, 0.0)


def test_samples_are_read_from_text(tmp_path: Path) -> None:
    file = tmp_path / "field.csv"
    file.write_text("% of a finite-element tool\nx,y,z,V\n0,0,0,1\n10,0,0,2\n0,10,0,3\n0,0,10,4\n")
    assert at(SampledField.read(file), 1.0, 2.0, 3.0) == pytest.approx(1 + 0.1 + 0.4 + 0.9)
    file.write_text("0 1\n100 2\n")
    assert SampledField.read(file).samples_mV_per_mA.tolist() == [1, 2]
    file.write_text("0 1\n1 2 3\n")
    with pytest.raises(
        rv.FormatError, match=r"field.csv:2: is '1 2 3', expected 4 numbers \(x, y, z in um"
    ):
        SampledField.read(file)


def test_straight_path_has_its_middle_at_the_centre() -> None:
    grid = axon()
    placed = StraightPath(centre_um=(10, 20, 30), direction=(0, 0, 5)).positions(grid)
    np.testing.assert_allclose(placed.xyz_um[5], (10, 20, 30), atol=1e-12)
    np.testing.assert_allclose(placed.xyz_um[0], (10, 20, -470), atol=1e-12)
    np.testing.assert_allclose(placed.ends_um[0], [(10, 20, -520), (10, 20, -420)], atol=1e-12)


def test_curved_path_turns_the_corner() -> None:
    grid = axon()
    bent = CurvedPath(points_um=[(0, 0, 0), (500, 0, 0), (500, 0, 1000)], start_um=100.0)
    placed = bent.positions(grid)
    np.testing.assert_allclose(placed.xyz_um[0], (150, 0, 0), atol=1e-12)
    np.testing.assert_allclose(placed.xyz_um[10], (500, 0, 650), atol=1e-12)


def test_model_path_keeps_the_coordinates() -> None:
    grid = axon()
    placed = ModelPath(offset_um=(0, 0, 7)).positions(grid)
    np.testing.assert_array_equal(placed.xyz_um, grid.xyz_um + np.array([0, 0, 7]))


def tree() -> rv.Discretisation:
    sections = [
        rv.Section("a", length_um=10.0, diameter_um=1.0),
        rv.Section("b", length_um=10.0, diameter_um=1.0, parent="a"),
        rv.Section("c", length_um=10.0, diameter_um=1.0, parent="a"),
    ]
    return rv.discretise(rv.Model(sections=sections), rv.FixedCount(1))


def test_a_tree_goes_along_no_line() -> None:
    for path in (StraightPath(), CurvedPath(points_um=[(0, 0, 0), (100, 0, 0)])):
        with pytest.raises(rv.ModelError, match="the model is a tree, expected one fibre"):
            path.positions(tree())
    ModelPath().positions(tree())


def test_a_path_must_be_long_enough() -> None:
    short = CurvedPath(points_um=[(0, 0, 0), (1000, 0, 0)])
    with pytest.raises(
        rv.ModelError, match="curved path: is 1000 um long, expected at least the 1100 um at which"
    ):
        short.positions(axon())


@pytest.mark.parametrize(
    "field",
    [
        PointSource(position_um=(33.0, 2.0, 0)),  # between two centres
        LineElectrode(start_um=(0, 0, -50), end_um=(0, 0, 50)),
        DiscElectrode(centre_um=(100, 0, 0), normal=(1, 0, 0), radius_um=30.0, is_backed=False),
        ElectrodeSet(fields=[PointSource(position_um=(0, 0, 4.9))], weights=[1.0]),
    ],
)
def test_an_electrode_inside_the_fibre_is_refused(field: Field) -> None:
    stimulus = Extracellular(field=field, waveform=Pulse(duration_ms=1.0), amplitude_mA=1.0)
    with pytest.raises(
        rv.ModelError,
        match=r"field: an electrode is inside the fibre, .* um from the axis of "
        r".*, expected more than its radius of 5 um",
    ):
        stimulus.lower(axon())


def test_an_electrode_beside_the_fibre_is_not() -> None:
    beside = PointSource(position_um=(33.0, 5.1, 0))
    Extracellular(field=beside, waveform=Pulse(duration_ms=1.0), amplitude_mA=1.0).lower(axon())


POINT = {"position_um": (0, 0, 0)}
LINE = {"start_um": (0, 0, 0), "end_um": (0, 0, 0)}


@pytest.mark.parametrize(
    ("make", "arguments", "pattern"),
    [
        (PointSource, {"position_um": (0, 0)}, r"position_um is \(0, 0\), expected three finite"),
        (PointSource, POINT | {"conductivity_S_m": 0.0}, "S_m is 0, expected above 0"),
        (PointSource, POINT | {"conductivity_S_m": (1, 1)}, "expected three finite numbers"),
        (LineElectrode, LINE, "line electrode: start_um is end_um, expected two points"),
        (
            DiscElectrode,
            {"centre_um": (0, 0, 0), "normal": (0, 0, 0), "radius_um": 1.0},
            "normal is .*, expected a direction that is not zero",
        ),
        (
            ElectrodeSet,
            {"fields": [], "weights": []},
            "electrode set: has 0 fields and 0 weights, expected one weight for each, at least one",
        ),
        (
            ElectrodeSet,
            {"fields": [PointSource(**POINT)], "weights": [math.nan]},
            "electrode set: a weight is nan, expected a finite number",
        ),
        (
            SampledField,
            {"positions_um": [[0, 1]], "samples_mV_per_mA": [1]},
            r"sampled field: positions_um has shape \(1, 2\), expected \(m,\) or \(m, 3\)",
        ),
        (
            SampledField,
            {"positions_um": [0, 1], "samples_mV_per_mA": [1]},
            r"has 2 positions and samples of shape \(1,\), expected as many of both, 2 or more",
        ),
        (
            SampledField,
            {"positions_um": [0, 1], "samples_mV_per_mA": [1, math.nan]},
            "sampled field: a sample is NaN or infinite, expected finite numbers",
        ),
        (
            SampledField,
            {"positions_um": [1, 0], "samples_mV_per_mA": [1, 2]},
            "sampled field: positions_um do not ascend, expected ascending ones",
        ),
        (StraightPath, {"direction": (0, 0, 0)}, "straight path: direction is"),
        (
            CurvedPath,
            {"points_um": [(0, 0, 0)]},
            r"curved path: points_um has shape \(1, 3\), expected \(m, 3\), m 2 or more",
        ),
        (
            CurvedPath,
            {"points_um": [(0, 0, 0), (0, 0, 0)]},
            "curved path: points_um has equal neighbours or is not finite, expected a line",
        ),
        (
            CurvedPath,
            {"points_um": [(0, 0, 0), (0, 0, 1)], "start_um": -1.0},
            "curved path: start_um is -1, expected 0 or more",
        ),
    ],
)
def test_what_is_no_field_and_no_path_is_refused(
    make: Any, arguments: dict[str, Any], pattern: str
) -> None:
    with pytest.raises(rv.ModelError, match=pattern):
        make(**arguments)


def test_distances_alone_tell_nothing_of_space() -> None:
    along = SampledField(positions_um=[0.0, 1.0], samples_mV_per_mA=[0.0, 8.0])
    with pytest.raises(
        rv.ModelError, match=r"is known by distances along a fibre, expected points \(m, 3\) to"
    ):
        at(along, 0, 0, 0)


def test_an_infinite_current_is_refused() -> None:
    with pytest.raises(ValueError, match="extracellular: amplitude_mA is inf, expected a finite"):
        Extracellular(field=UniformField(), waveform=Pulse(duration_ms=1.0), amplitude_mA=math.inf)


def test_equal_potentials_drive_nothing() -> None:
    flat = SampledField(positions_um=[0.0, 1100.0], samples_mV_per_mA=[3.0, 3.0])
    stimulus = Extracellular(field=flat, waveform=Pulse(duration_ms=1.0), amplitude_mA=1.0)
    assert stimulus.lower(axon()) == []


def test_an_electrode_stays_where_it_is_on_another_mesh() -> None:
    fibre = rv.fibers.mrg(nodes=5)
    stimulus = Extracellular(
        field=PointSource(position_um=(0, 0, 300.0)),
        waveform=Pulse(duration_ms=0.1),
        amplitude_mA=-0.01,  # silent
    )
    middle = ("node[2]", 0.5)
    coarse = rv.simulate(fibre, stimulus, rv.Probe("v_mV", middle), t_stop_ms=0.1)
    recipe = coarse.recipe
    assert recipe is not None
    assert recipe.mesh is not None
    fine = recipe.run(method=recipe.method, mesh=rv.discretisation.refined(recipe.mesh, 3))
    moved_mV = np.ptp(coarse["v_mV"].values)
    assert moved_mV > 1.0
    difference_mV = np.abs(fine["v_mV"].values - coarse["v_mV"].values).max()
    assert 0.0 < difference_mV < 0.1 * moved_mV
    assert stimulus.scaled(2.0).amplitude == -0.02
    assert (stimulus.unit, stimulus.end_ms) == ("mA", 0.1)


def test_uniform_field_polarises_a_passive_cable_as_the_formula_says() -> None:
    """v = -E lambda sinh(x / lambda) / cosh(L / 2 lambda), from the sealed ends of a cable."""
    length_um, count = 4000.0, 801
    section = rv.Section("axon", length_um=length_um, diameter_um=4.0, r_a_ohm_cm=100.0)
    model = rv.Model(
        sections=[section],
        placements=[rv.Placement("leak", "axon", g_bar_S_cm2=1e-3, e_leak_mV=0.0)],
    )
    grid = rv.discretise(model, rv.FixedCount(count))
    held = Pulse(duration_ms=100.0)
    stimulus = Extracellular(field=UniformField(), waveform=held, amplitude_mA=10.0)
    method = rv.Method("backward_euler", dt_ms=0.5)
    result = rv.simulate(
        grid, stimulus, rv.Probe(every_ms=50.0), t_stop_ms=50.0, method=method, v_init_mV=0.0
    )
    lambda_um = 1e4 * math.sqrt(4e-4 / (4 * 100.0 * 1e-3))
    x_um = grid.distance_um - length_um / 2
    # phi falls along x, so the inside is pulled towards its far end: v = +E lambda sinh / cosh.
    expected_mV = (
        0.01 * lambda_um * np.sinh(x_um / lambda_um) / np.cosh(length_um / (2 * lambda_um))
    )
    np.testing.assert_allclose(
        result["v_mV"].values[-1], expected_mV, atol=tolerances.UNIFORM_FIELD_mV
    )
