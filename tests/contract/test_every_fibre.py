"""What holds for every registered fibre: it is complete, rests, conducts, and survives refining."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.fibers import Fiber, describe, names
from ranvier.places import compartments_at

#: Choices that are neither a diameter nor the default.
VARIANTS = {"arancibia_carcamo": [{"axon": "cortex"}], "mrg": [{"passive_end_nodes": 1}]}


CASES = [(name, options) for name in names() for options in ({}, *VARIANTS.get(name, []))]


@pytest.fixture(scope="module", params=CASES, ids=[f"{name} {o or ''}" for name, o in CASES])
def case(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return request.param


@pytest.fixture(scope="module")
def fibre(case: tuple[str, dict[str, Any]]) -> Fiber:
    name, options = case
    return describe(name).make(**options)


@pytest.mark.parametrize("listed", names())
def test_says_what_it_is(listed: str) -> None:
    info = describe(listed)
    assert info.name == listed == info.make.__name__
    assert getattr(rv.fibers, listed) is info.make
    assert len(info.summary) > 10
    assert "doi:10." in info.citation
    assert (info.make.__doc__ or "").strip()
    low_um, high_um = info.validated_um
    assert 0 < low_um <= high_um
    if info.diameters_um is not None:
        assert {low_um, high_um} <= set(info.diameters_um)
    if info.limits_um is not None:
        assert info.limits_um[0] <= low_um
        assert high_um <= info.limits_um[1]
    assert low_um <= info.reference.diameter_um <= high_um


def test_agrees_with_its_listing(fibre: Fiber) -> None:
    info = describe(fibre.name)
    assert fibre.citation == info.citation
    assert fibre.is_myelinated is info.is_myelinated
    assert fibre.diameter_um > 0
    assert fibre.model.validate() == []
    assert fibre.stimulus_site == fibre.stimulus.at


@pytest.mark.parametrize("listed", [name for name in names() if describe(name).limits_um])
def test_refuses_diameters_outside_its_limits(listed: str) -> None:
    info = describe(listed)
    assert info.limits_um is not None
    for diameter_um in (0.99 * info.limits_um[0], 1.01 * info.limits_um[1]):
        with pytest.raises(rv.ModelError, match=rf"'{listed}': diameter_um is \S+, expected .* to"):
            info.make(diameter_um=diameter_um)


@pytest.mark.parametrize("listed", names())
def test_every_published_diameter_is_made(listed: str) -> None:
    info = describe(listed)
    if info.diameters_um is None:
        for diameter_um in info.limits_um or (0.25, 3.25):
            assert info.make(diameter_um=diameter_um).diameter_um == diameter_um
    elif "diameter_um" in (info.make.__kwdefaults__ or {}):
        for diameter_um in info.diameters_um:
            assert info.make(diameter_um=diameter_um).diameter_um == diameter_um


def test_pickles(fibre: Fiber) -> None:
    again = pickle.loads(pickle.dumps(fibre))
    assert again.name == fibre.name
    assert again.stimulus == fibre.stimulus
    one, other = (rv.discretise(f.model, f.mesh) for f in (fibre, again))
    np.testing.assert_array_equal(one.axial_conductance_uS, other.axial_conductance_uS)
    np.testing.assert_array_equal(one.area_um2, other.area_um2)


def test_rests_and_stays_there(fibre: Fiber) -> None:
    d = rv.discretise(fibre.model, fibre.mesh)
    simulation = rv.Simulation(d, v_rest_guess_mV=fibre.v_rest_guess_mV)
    rest_mV = simulation.v_mV
    assert ((rest_mV > -100) & (rest_mV < -40)).all()
    simulation.advance(200)
    np.testing.assert_allclose(simulation.v_mV, rest_mV, rtol=0, atol=tolerances.REST_DRIFT_mV)


def test_rest_is_stable_and_leaves_nothing(fibre: Fiber) -> None:
    rest = rv.rest(fibre)
    assert rest.is_stable
    assert rest.residual_mV_per_ms < 1e-9
    assert rest.gate_rate_per_ms < 1e-9


@pytest.mark.parametrize("method", [rv.Method("rosenbrock2", dt_ms=1.0), rv.Method("adaptive")])
def test_rests_for_a_second(fibre: Fiber, method: rv.Method) -> None:
    """Also with steps so long that the method's own damping is all that holds it."""
    d = rv.discretise(fibre.model, fibre.mesh)
    gates = [
        rv.Probe(gate["name"], mechanism=mechanism, every_ms=100.0)
        for mechanism in d.to_dict()["mechanisms"]
        for gate in rv.mechanisms.describe(mechanism)["gates"]
    ]
    potentials = ["v_mV", "v_axoplasm_mV", *(["v_periaxonal_mV"] if d.to_dict()["layers"] else [])]
    probes = [*(rv.Probe(name, every_ms=100.0) for name in potentials), *gates]
    simulation = rv.Simulation(
        d, method=method, probes=probes, v_rest_guess_mV=fibre.v_rest_guess_mV
    )
    simulation.advance_to(1000.0)
    for trace in simulation.traces():
        assert len(trace.t_ms) == 11
        scale = 100.0 if trace.unit == "mV" else 1.0
        moved = np.abs(trace.values - trace.values[0]).max() / scale
        assert moved < tolerances.REST_MOVEMENT, trace.label


def test_conducts_from_its_stimulus_to_its_end(fibre: Fiber) -> None:
    result = rv.simulate(fibre, fibre.stimulus, t_stop_ms=fibre.t_stop_ms)
    sites = result.velocity_sites
    assert sites.size >= 10
    assert not result.geometry.is_junction[sites].any()
    assert np.isin(sites, result.crossings[0].compartment).all()
    velocity = rv.analysis.conduction_velocity(result)
    assert velocity.status == "propagated"
    assert velocity.is_linear
    listed = describe(fibre.name).reference
    if fibre.diameter_um == pytest.approx(listed.diameter_um):
        assert velocity.velocity_m_per_s == pytest.approx(
            listed.velocity_m_per_s, rel=tolerances.LISTED_VELOCITY_RELATIVE
        )
    # The run leaves time over, but not a multiple of what is needed.
    last_ms = result.crossings[0].t_ms[np.isin(result.crossings[0].compartment, sites)].max()
    assert 0.1 * fibre.t_stop_ms < last_ms < fibre.t_stop_ms


def test_rest_is_as_listed() -> None:
    for info in map(describe, names()):
        fibre = info.make()
        listed = info.reference
        assert fibre.diameter_um == pytest.approx(listed.diameter_um)
        assert fibre.model.temperature_degC == listed.temperature_degC
        d = rv.discretise(fibre.model, fibre.mesh)
        sites = compartments_at(d, fibre.velocity_sites)
        rest_mV = rv.rest(fibre).v_mV[sites[sites.size // 2]]
        assert rest_mV == pytest.approx(info.v_rest_mV, abs=tolerances.LISTED_REST_mV), info.name


def test_stays_silent_without_its_stimulus(fibre: Fiber) -> None:
    result = rv.simulate(fibre, t_stop_ms=0.5)
    assert len(result.crossings[0]) == 0


def test_stimulates_one_place_within_the_fibre(fibre: Fiber) -> None:
    d = rv.discretise(fibre.model, fibre.mesh)
    assert compartments_at(d, fibre.stimulus_site).size == 1


#: Parameters that are per area, by the end of their names.
DENSITIES = ("_S_cm2", "_cm_s", "_mA_cm2")


def totals(d: rv.Discretisation) -> dict[str, float]:
    """What must not depend on the mesh."""
    arrays = d.to_dict()
    middle = [np.flatnonzero(d.section == s) for s in (0, len(d.section_names) - 1)]
    first, last = (int(rows[rows.size // 2]) for rows in middle)
    path = []
    while last != first:
        path.append(last)
        last = int(d.parent[last])
    found = {
        "length_um": d.length_um.sum(),
        "area_um2": d.area_um2.sum(),
        "capacitance_nF": d.capacitance_nF.sum(),
        "axial_Mohm": (1 / d.axial_conductance_uS[path]).sum(),
    }
    for layer in arrays["layers"]:
        found["myelin_nF"] = layer["capacitance_nF"].sum()
        found["myelin_uS"] = layer["conductance_uS"].sum()
        # Between two compartments that are open to the outside nothing flows, whatever is between.
        is_closed = layer["is_unknown"][path] | layer["is_unknown"][d.parent[path]]
        connected = layer["axial_conductance_uS"][path][is_closed]
        found["periaxonal_Mohm"] = (1 / connected[connected > 0]).sum()
    for name, table in arrays["mechanisms"].items():
        area_um2 = d.area_um2[table["compartment"]]
        for parameter, values in table["parameters"].items():
            if parameter.endswith(DENSITIES):
                found[f"{name} {parameter}"] = values @ area_um2
    return found


def test_is_the_same_fibre_on_any_mesh(fibre: Fiber) -> None:
    # Odd counts, so that the middle of a section is a compartment's centre.
    coarse = totals(rv.discretise(fibre.model, rv.FixedCount(1)))
    for count in (3, 7):
        fine = totals(rv.discretise(fibre.model, rv.FixedCount(count)))
        assert fine == pytest.approx(coarse, rel=tolerances.MESH_TOTALS_RELATIVE)


REFINABLE = [c for c in CASES if "refine" in (describe(c[0]).make.__kwdefaults__ or {})]


@pytest.mark.parametrize(("name", "options"), REFINABLE)
def test_refine_keeps_the_fibre(name: str, options: dict[str, Any]) -> None:
    published, refined = (describe(name).make(**options, refine=k) for k in (1, 3))
    one, three = (rv.discretise(f.model, f.mesh) for f in (published, refined))
    assert 2 * len(one) < len(three) <= 3 * len(one)
    assert totals(three) == pytest.approx(totals(one), rel=tolerances.MESH_TOTALS_RELATIVE)
