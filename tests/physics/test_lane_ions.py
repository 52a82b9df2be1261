"""Ions that accumulate, in lanes: against the plain solver with the same method, in order, and in
the books."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.ion_axon import MIXED
from ranvier.fields import PointSource
from ranvier.stimuli import CurrentClamp, Extracellular, Pulse
from unit.test_ions import cell, potassium

#: Leaks under a sheath and a pump, which are straight lines in v, and one that bends, at nodes.
LINES = (
    rv.Placement("k_leak", g_bar_S_cm2=2e-5),
    rv.Placement("na_leak", g_bar_S_cm2=1e-6),
    rv.Placement("nak_sigmoid", i_max_mA_cm2=2e-3),
)
LIVING: dict[str, Any] = {"diffusion_um2_per_ms": 1.5, "shell_um": 0.2, "exchange_ms": 30.0}


@dataclass(frozen=True)
class Setup:
    """A fibre with ions that move, and what is done to it."""

    grid: rv.Discretisation
    stimuli: tuple[Any, ...]

    def run(self, solver: str, ions_every: int, dt_ms: float = 0.005, **options: Any) -> Any:
        return rv.Simulation(
            self.grid,
            method=rv.Method(dt_ms=dt_ms, ions_every=ions_every),
            stimuli=self.stimuli,
            solver=solver,
            **options,
        )

    def probes(self) -> list[rv.Probe]:
        table = self.grid.to_dict()
        named = ["v_mV", "e_k_mV", "k_out_mM", "k_in_mM", "na_out_mM", "na_in_mM"]
        if table["layers"]:
            named += ["v_periaxonal_mV", "v_axoplasm_mV"]
        return [
            *map(rv.Probe, named),
            *(rv.Probe("i_mA_cm2", mechanism=name) for name in table["mechanisms"]),
        ]


@cache
def squid() -> Setup:
    """More compartments than one block of lanes has; ions on both sides."""
    model = rv.Model(
        sections=[
            rv.Section("axon", length_um=2000.0, diameter_um=4.0),
            rv.Section("left", length_um=300.0, diameter_um=2.0, parent="axon", region="twig"),
            rv.Section("right", length_um=500.0, diameter_um=3.0, parent="axon"),
        ],
        placements=[
            *(rv.Placement(name) for name in ("na_hh", "k_hh", "leak")),
            *LINES,
            # One current, no gates, no straight line: what is to be had of it is its slope.
            rv.Placement(
                rv.mechanisms.Mechanism.from_dict(
                    {
                        "parameters": {"i_mA_cm2": 1e-3},
                        "currents_mA_cm2": {
                            "k": "i_mA_cm2 * sigmoid((v_mV - e_k_mV) / 20) * k_in_mM / 400"
                        },
                    },
                    default_name="rectifier",
                )
            ),
        ],
        ions=[
            rv.Ion("na", inside_mM=60.0, outside_mM=440.0, accumulates="both", **LIVING),
            rv.Ion("k", inside_mM=400.0, outside_mM=18.0, accumulates="both", **LIVING),
        ],
        temperature_degC=18.5,
    )
    pulse = CurrentClamp(
        waveform=Pulse(onset_ms=0.1, duration_ms=0.5), at=("axon", 0.0), amplitude_nA=8.0
    )
    return Setup(rv.discretise(model, rv.FixedCount(60, by_region={"twig": 7})), (pulse,))


@cache
def myelinated(ions: str = "na k", refine: int = 1) -> Setup:
    """Two spikes of an MRG fibre, one from a node and one from an electrode beside it, and a
    current into the axoplasm of internodes."""
    fibre = rv.fibers.mrg(nodes=9, refine=refine)

    def ion(name: str, inside_mM: float, outside_mM: float) -> rv.Ion:
        how = {"accumulates": "both" if name == "na" else "outside", **LIVING}
        return rv.Ion(
            name,
            inside_mM=inside_mM,
            outside_mM=outside_mM,
            **(how if name in ions.split() else {}),
        )

    model = rv.Model(
        name="living",
        sections=fibre.model.sections,
        placements=[*fibre.model.placements, *LINES],
        ions=[ion("na", 20.0, 130.0), ion("k", 120.0, 4.0)],
        temperature_degC=37.0,
    )
    electrode = Extracellular(
        field=PointSource(position_um=(4000.0, 500.0, 0.0)),
        waveform=Pulse(onset_ms=1.4, duration_ms=0.1),
        amplitude_mA=-1.5,
    )
    internodes = CurrentClamp(
        waveform=Pulse(onset_ms=0.5, duration_ms=0.7), at=("stin[10]", 0.5), amplitude_nA=1.0
    )
    return Setup(rv.discretise(model, fibre.mesh), (fibre.stimulus, electrode, internodes))


SETUPS = {
    "squid": squid,
    "potassium under myelin": lambda: myelinated("k"),
    "both under myelin": myelinated,
    "both, refined": lambda: myelinated(refine=3),
}


@pytest.mark.parametrize("ions_every", [1, 8])
@pytest.mark.parametrize("name", SETUPS)
def test_lanes_move_ions_as_the_plain_solver_does(name: str, ions_every: int) -> None:
    """Potentials, currents, concentrations and reversal potentials, spikes, and what each current
    has carried."""
    setup = SETUPS[name]()
    detectors = [rv.SpikeDetector(threshold_mV=-20.0), rv.SpikeDetector(threshold_mV=-40.0)]
    plain, lanes = (
        setup.run(solver, ions_every, probes=setup.probes(), detectors=detectors)
        for solver in ("plain", "lanes")
    )
    for run in (plain, lanes):
        run.advance_to(2.5)
    assert (plain.execution["solver"], lanes.execution["solver"]) == ("plain", "lanes")
    assert plain.traces()[0].values.max() > 20.0
    moved = np.ptp(plain.traces()[2].values, axis=0).max()
    assert moved > 0.1
    for expected, found in zip(plain.traces(), lanes.traces(), strict=True):
        scale = np.abs(expected.values).max() if expected.unit == "mA/cm2" else 1.0
        worst = np.abs(found.values - expected.values).max()
        bound = tolerances.LANES_mM if expected.unit == "mM" else tolerances.LANES_mV
        assert worst <= bound * max(scale, 1e-3), expected.label
    for expected, found in zip(plain.crossings(), lanes.crossings(), strict=True):
        assert len(expected) > 0
        assert sorted(found.compartment) == sorted(expected.compartment)
    for expected, found in zip(plain.ledger().currents, lanes.ledger().currents, strict=True):
        passed_pC = np.abs(expected.charge_pC).max()
        assert passed_pC > 0.0
        off_pC = np.abs(found.charge_pC - expected.charge_pC).max()
        assert off_pC < tolerances.LANES_CHARGE_RELATIVE * passed_pC, expected.mechanism


def drift(run: Any) -> float:
    ledger = run.ledger()
    return max(
        np.abs(ledger.unaccounted_fmol(each.ion, each.layer)).max() / each.start_fmol
        for each in ledger.stores
    )


@pytest.mark.parametrize("ions_every", [1, 7])
@pytest.mark.parametrize("name", ["squid", "both under myelin"])
def test_nothing_is_lost(name: str, ions_every: int) -> None:
    """The books, also where a run ends between two moves."""
    run = SETUPS[name]().run("lanes", ions_every)
    run.advance(1000)
    assert drift(run) < tolerances.ION_AMOUNT_RELATIVE


def test_the_membranes_charge_is_what_currents_and_electrode_have_left() -> None:
    clamp, _, internodes = myelinated().stimuli
    setup = Setup(myelinated().grid, (clamp, internodes))
    run = setup.run("lanes", 10)
    before_mV = run.v_mV
    run.advance(1000)
    stored_pC = float(setup.grid.capacitance_nF @ (run.v_mV - before_mV))
    ledger = run.ledger()
    passed_pC = sum(np.abs(each.charge_pC).sum() for each in ledger.currents)
    given_pC = sum(each.amplitude_nA * each.waveform.duration_ms for each in (clamp, internodes))

    left_pC = stored_pC + ledger.charge_pC().sum() - given_pC
    assert abs(left_pC) < tolerances.LANES_CHARGE_RELATIVE * passed_pC


@pytest.mark.parametrize("name", ["squid", "potassium under myelin"])
def test_the_order_is_two_in_lanes(name: str) -> None:
    """As a whole, of potentials and concentrations, from three runs; 8 steps lie between two moves.
    At longer steps the part of third order is as large, as with fixed concentrations."""
    setup = SETUPS[name]()
    constant = CurrentClamp(waveform=Pulse(onset_ms=0.0, duration_ms=1e6), at=[0], amplitude_nA=1.5)
    steady = Setup(setup.grid, (constant,))
    ends = []
    for k in range(3):
        run = steady.run("lanes", 8, dt_ms=0.0001 / 2**k, v_init_mV=-80.0)
        run.advance_to(0.4)
        live = [each.now_mM[~each.is_held] for each in run.ledger().stores]
        ends.append([run.v_mV, np.concatenate(live)])
    for coarse, middle, fine in zip(*ends, strict=True):
        order = np.log2(np.linalg.norm(coarse - middle) / np.linalg.norm(middle - fine))
        assert order == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("steps", [320, 323])
@pytest.mark.parametrize("name", ["squid", "both under myelin"])
def test_a_snapshot_goes_on_bit_for_bit(name: str, steps: int) -> None:
    """Also from between two moves, where charges wait."""
    setup = SETUPS[name]()
    undisturbed, whole, other = (setup.run("lanes", 10) for _ in range(3))
    whole.advance(steps)
    snapshot = whole.snapshot()
    other.restore(snapshot)
    for each in (whole, other):
        each.advance(100)
    assert whole.snapshot() == other.snapshot()
    undisturbed.advance(steps + 100)
    assert np.abs(whole.v_mV - undisturbed.v_mV).max() < tolerances.LANES_mV
    for a, b in zip(whole.ledger().stores, undisturbed.ledger().stores, strict=True):
        assert np.abs(a.now_mM - b.now_mM).max() < tolerances.LANES_mM


def test_a_state_of_the_plain_solver_goes_on_in_lanes() -> None:
    """And the other way: what waits for concentrations comes along."""
    setup = squid()
    ends = []
    for first, then in (("plain", "lanes"), ("lanes", "plain"), ("plain", "plain")):
        begun, run = setup.run(first, 10), setup.run(then, 10)
        begun.advance(125)
        run.restore(begun.snapshot())
        run.advance(120)
        ends.append([run.v_mV, *(each.now_mM for each in run.ledger().stores)])
    for mixed in ends[:2]:
        for found, expected in zip(mixed, ends[2], strict=True):
            assert np.abs(found - expected).max() < tolerances.LANES_mV


def test_looking_at_a_run_changes_nothing() -> None:
    looked_at, alone = (myelinated().run("lanes", 10) for _ in range(2))
    for _ in range(50):
        looked_at.advance(7)
        assert looked_at.v_mV.max() < 100.0
        assert drift(looked_at) < tolerances.ION_AMOUNT_RELATIVE
    alone.advance(350)
    assert looked_at.snapshot() == alone.snapshot()


@pytest.mark.parametrize("ions_every", [1, 4])
def test_a_concentration_that_runs_out_ends_the_run_as_in_the_plain_solver(
    ions_every: int,
) -> None:
    model = rv.Model(
        sections=[rv.Section("cell", length_um=10.0, diameter_um=1.0)],
        placements=[rv.Placement("ca_constant", i_mA_cm2=0.1), rv.Placement("leak")],
        ions=[rv.Ion("ca", inside_mM=1e-4, outside_mM=2.0, accumulates="inside")],
    )
    setup = Setup(rv.discretise(model, rv.FixedCount(3)), ())
    told = {}
    for solver in ("plain", "lanes"):
        run = setup.run(
            solver, ions_every, dt_ms=1e-4, probes=[rv.Probe("ca_in_mM")], v_init_mV=-65.0
        )
        with pytest.raises(rv.DivergedError, match="concentration of ca inside is -") as caught:
            run.advance(10_000)
        told[solver] = (run.t_ms, run.traces()[0].values.shape, caught.value.compartment)
        if ions_every == 1:
            assert run.traces()[0].values.min() > 0.0
    assert told["lanes"] == told["plain"]


def test_a_potential_that_runs_away_ends_it_as_well() -> None:
    """The steps that led there are taken again, also from between two moves."""
    setup = myelinated()
    strong = CurrentClamp(
        waveform=Pulse(onset_ms=0.5, duration_ms=5.0), at=("node[3]", 0.5), amplitude_nA=1e6
    )
    told = {}
    for solver in ("plain", "lanes"):
        run = Setup(setup.grid, (strong,)).run(solver, 10)
        with pytest.raises(rv.DivergedError) as caught:
            run.advance(2000)
        told[solver] = (run.t_ms, caught.value.compartment)
    assert told["lanes"] == told["plain"]


# What lanes leave to the plain solver


def test_lanes_say_why_not() -> None:
    d = rv.discretise(cell(potassium(shell_um=0.5)), rv.FixedCount(1))
    options: dict[str, Any] = {"v_init_mV": -65.0}
    assert rv.Simulation(d, **options).execution["solver"] == "lanes"
    windowed = rv.Method("windowed")
    assert rv.Simulation(d, method=windowed, **options).execution["solver"] == "plain"
    with pytest.raises(
        rv.ModelError,
        match="has ions that accumulate, which in lanes rosenbrock2 alone moves, expected a model",
    ):
        rv.Simulation(d, method=windowed, solver="lanes", **options)
    with pytest.raises(rv.ModelError, match="has ions that accumulate, expected double precision"):
        rv.Simulation(d, precision="single", **options)


def test_several_gated_currents_of_one_mechanism_are_left_to_the_plain_solver() -> None:
    model = rv.Model(
        name="mixed",
        sections=[rv.Section("axon", length_um=100.0, diameter_um=1.0)],
        placements=[rv.Placement(MIXED), rv.Placement("leak")],
        ions=[
            rv.Ion("na", inside_mM=60.0, outside_mM=440.0),
            rv.Ion("k", inside_mM=400.0, outside_mM=18.0, accumulates="inside"),
        ],
    )
    d = rv.discretise(model, rv.FixedCount(3))
    assert rv.Simulation(d, v_init_mV=-65.0).execution["solver"] == "plain"
    with pytest.raises(
        rv.ModelError,
        match="'mixed': has ions that accumulate and mechanism 'mixed_cation', which has several "
        "currents that are no straight lines in v",
    ):
        rv.Simulation(d, v_init_mV=-65.0, solver="lanes")


def test_slopes_that_cancel_in_the_sum_follow_concentrations_each() -> None:
    """A swap without charge whose rate goes with outer potassium: a straight line in v each."""
    rate = "g_S_cm2 * k_out_mM / k0_mM * (v_mV - e_k_mV)"
    swap = rv.mechanisms.Mechanism.from_dict(
        {
            "parameters": {"g_S_cm2": 1e-3, "k0_mM": 4.0},
            "currents_mA_cm2": {"na": rate, "k": f"-({rate})"},
        },
        default_name="swap",
    )
    model = rv.Model(
        sections=[rv.Section("axon", length_um=10.0, diameter_um=2.0)],
        placements=[rv.Placement("leak", e_leak_mV=-60.0), rv.Placement(swap)],
        ions=[
            rv.Ion("na", inside_mM=50.0, outside_mM=440.0),
            rv.Ion("k", inside_mM=400.0, outside_mM=20.0, accumulates="both", shell_um=0.03),
        ],
        temperature_degC=6.3,
    )
    setup = Setup(rv.discretise(model, rv.FixedCount(1)), ())
    moved = []
    for solver in ("plain", "lanes"):
        run = setup.run(solver, 5, v_init_mV=-60.0)
        run.advance_to(20.0)
        moved.append((run.ledger().moved_fmol("k", "swap"), run.ledger().store("k", "outside")))
    (plain_fmol, plain), (lanes_fmol, lanes) = moved
    assert np.abs(plain.gained_fmol).max() > 0.1 * plain.start_fmol
    assert lanes_fmol == pytest.approx(plain_fmol, rel=1e-9)
    assert lanes.now_mM == pytest.approx(plain.now_mM, rel=1e-9)
