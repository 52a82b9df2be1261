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


def test_agrees_with_its_listing(fibre: Fiber) -> None:
    info = describe(fibre.name)
    assert fibre.citation == info.citation
    assert fibre.is_myelinated is info.is_myelinated
    assert fibre.diameter_um > 0
    assert fibre.model.validate() == []
    assert fibre.stimulus_site == fibre.stimulus.at


@pytest.mark.parametrize("listed", names())
def test_every_published_diameter_is_made(listed: str) -> None:
    info = describe(listed)
    if info.diameters_um is None:
        assert info.make(diameter_um=3.25).diameter_um == 3.25
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
    # The run leaves time over, but not a multiple of what is needed.
    last_ms = result.crossings[0].t_ms[np.isin(result.crossings[0].compartment, sites)].max()
    assert 0.1 * fibre.t_stop_ms < last_ms < fibre.t_stop_ms


def test_stays_silent_without_its_stimulus(fibre: Fiber) -> None:
    result = rv.simulate(fibre, t_stop_ms=0.5)
    assert len(result.crossings[0]) == 0


def test_stimulates_one_place_within_the_fibre(fibre: Fiber) -> None:
    d = rv.discretise(fibre.model, fibre.mesh)
    assert compartments_at(d, fibre.stimulus_site).size == 1


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
        g_S_cm2 = table["parameters"]["g_bar_S_cm2"]
        found[f"{name}_uS"] = 0.01 * g_S_cm2 @ d.area_um2[table["compartment"]]
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
