"""Diffusion and exchange alone, against formulas."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances

LENGTH_um = 100.0
D_um2_PER_ms = 2.0
STEP_mM = (30.0, 10.0)  # of the proximal and the distal half


def halves(
    layer: str, compartments: int, **more: float | None
) -> tuple[rv.Discretisation, np.ndarray]:
    """A sealed cylinder without channels, half of it richer in potassium."""
    ions = []
    for where, rich in (("left", STEP_mM[0]), ("right", STEP_mM[1])):
        concentrations = {"inside_mM": 20.0, "outside_mM": 20.0, f"{layer}_mM": rich}
        ions.append(
            rv.Ion(
                "k",
                where=where,
                accumulates=layer,
                diffusion_um2_per_ms=D_um2_PER_ms,
                **{**concentrations, **more},
            )
        )
    model = rv.Model(
        sections=[
            rv.Section("left", length_um=LENGTH_um / 2, diameter_um=2.0),
            rv.Section("right", length_um=LENGTH_um / 2, diameter_um=2.0, parent="left"),
        ],
        placements=[rv.Placement("leak")],
        ions=ions,
    )
    d = rv.discretise(model, rv.FixedCount(compartments // 2))
    return d, d.distance_um


def run_for(d: rv.Discretisation, t_ms: float, dt_ms: float) -> rv.Simulation:
    run = rv.Simulation(d, method=rv.Method(dt_ms=dt_ms), v_init_mV=-65.0)
    run.advance_to(t_ms)
    return run


def series_mM(x_um: np.ndarray, t_ms: float) -> np.ndarray:
    """Cosine modes of a step in the middle (Crank, The Mathematics of Diffusion, 2.2.4)."""
    mean, half = np.mean(STEP_mM), (STEP_mM[0] - STEP_mM[1]) / 2
    k = np.arange(1, 400, 2)[:, None]
    signs = np.where(k % 4 == 1, 1.0, -1.0)
    decay = np.exp(-D_um2_PER_ms * (k * np.pi / LENGTH_um) ** 2 * t_ms)
    modes = signs / k * np.cos(k * np.pi * x_um / LENGTH_um) * decay
    return mean + half * 4 / np.pi * modes.sum(axis=0)


@pytest.mark.parametrize("layer", ["inside", "outside"])
def test_a_step_spreads_by_its_cosine_modes_at_order_two_in_space(layer: str) -> None:
    more = {} if layer == "inside" else {"shell_um": 0.5}
    errors = []
    for compartments in (20, 40):
        d, x_um = halves(layer, compartments, **more)
        ledger = run_for(d, 100.0, 0.5).ledger()
        assert ledger is not None
        now_mM = ledger.store("k", layer).now_mM
        errors.append(np.abs(now_mM - series_mM(x_um, 100.0)).max())
    assert errors[1] < 0.02
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_a_shell_comes_back_to_its_bath_in_its_time() -> None:
    """A constant current moves it away from the bath by what it brings in that time."""
    model = rv.Model(
        sections=[rv.Section("axon", length_um=10.0, diameter_um=1.0)],
        placements=[rv.Placement("k_constant", i_mA_cm2=1e-3), rv.Placement("leak")],
        ions=[
            rv.Ion(
                "k",
                inside_mM=140.0,
                outside_mM=4.0,
                accumulates="outside",
                shell_um=0.1,
                exchange_ms=30.0,
            )
        ],
    )
    run = run_for(rv.discretise(model, rv.FixedCount(1)), 45.0, 0.05)
    ledger = run.ledger()
    assert ledger is not None
    store = ledger.store("k", "outside")
    inflow = 1e-3 * 1e-2 * np.pi * 10.0 * 1e6 / 96485.33212331001 / store.capacity_um3[0]  # mM/ms
    expected = 4.0 + inflow * 30.0 * (1 - np.exp(-45.0 / 30.0))
    assert store.now_mM[0] == pytest.approx(expected, rel=1e-6)
    assert store.exchanged_fmol.sum() < 0
    assert ledger.drift("k") < tolerances.ION_AMOUNT_RELATIVE


def test_a_step_of_any_length_ends_in_the_mean() -> None:
    """Stiff diffusion is damped, not rung: after a step of a thousand mesh times."""
    d, _ = halves("inside", 20)
    ledger = run_for(d, 4e5, 1e4).ledger()
    assert ledger is not None
    assert ledger.store("k", "inside").now_mM == pytest.approx(20.0, rel=1e-9)


def test_a_branch_loses_nothing_at_its_junction() -> None:
    """With a child at 0.37 of its parent, of other width, of another concentration."""
    ions = [
        rv.Ion(
            "na",
            where=name,
            inside_mM=mM,
            outside_mM=140.0,
            accumulates="inside",
            diffusion_um2_per_ms=1.3,
        )
        for name, mM in (("stem", 10.0), ("twig", 40.0))
    ]
    model = rv.Model(
        sections=[
            rv.Section("stem", length_um=80.0, diameter_um=3.0),
            rv.Section(
                "twig", length_um=50.0, diameter_um=1.0, parent="stem", parent_position=0.37
            ),
        ],
        placements=[rv.Placement("leak")],
        ions=ions,
    )
    d = rv.discretise(model, rv.MaxLength(7.0))
    assert d.is_junction.sum() == 1
    ledger = run_for(d, 2e4, 1.0).ledger()
    assert ledger is not None
    store = ledger.store("na", "inside")
    volumes = np.pi / 4 * np.array([9.0 * 80.0, 1.0 * 50.0])
    assert store.start_fmol == pytest.approx(1e-3 * volumes @ [10.0, 40.0], rel=1e-12)
    assert ledger.drift("na") < tolerances.ION_AMOUNT_RELATIVE
    mean_mM = volumes @ [10.0, 40.0] / volumes.sum()
    assert store.now_mM == pytest.approx(mean_mM, rel=1e-3)


def test_the_periaxonal_space_leads_to_the_bath_at_its_nodes() -> None:
    """What is under the sheath, with its volume from the geometry, leaves along the space."""
    model = rv.fibers.mrg(diameter_um=10.0, nodes=3).model
    sheathed = ["mysa", "flut", "stin"]
    how = {"inside_mM": 130.0, "accumulates": "outside", "diffusion_um2_per_ms": 2.0}
    ions = [
        rv.Ion("na", e_mV=50.0),
        rv.Ion("k", outside_mM=4.0, **how),
        rv.Ion("k", where=sheathed, outside_mM=12.0, **how),
    ]
    living = rv.Model(sections=model.sections, placements=model.placements, ions=ions)
    d = rv.discretise(living, rv.FixedCount(1))
    ledger = run_for(d, 5.0, 0.005).ledger()
    assert ledger is not None
    store = ledger.store("k", "outside")
    section = next(each for each in model.sections if each.region == "stin")
    assert section.sheath is not None
    assert section.sheath.periaxonal_width_um is not None
    w = section.sheath.periaxonal_width_um
    row = int(np.flatnonzero(d.section == d.section_names.index(section.name))[0])
    volume = np.pi * w * (d.diameter_um[row] + w) * d.length_um[row]
    assert store.capacity_um3[row] == pytest.approx(volume, rel=1e-12)
    assert store.is_held.sum() == 3
    assert store.now_mM[store.is_held] == pytest.approx(4.0)
    assert store.exchanged_fmol[store.is_held].sum() < 0, "nodes take what leaves"
    mysa = [d.section_regions[s] == "mysa" for s in d.section]
    assert store.now_mM[mysa].max() < 8.0
