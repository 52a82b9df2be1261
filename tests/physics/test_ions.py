"""Concentrations that move: against SciPy on the same equations, in order, and in the books."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import ranvier as rv
import tolerances
from physics.ion_axon import FARADAY_C_MOL, Array, IonAxon
from ranvier.stimuli import CurrentClamp, Pulse

PATCH = IonAxon(i_nA=0.0126)
#: Diffusion is a hundred times that of ions in water, so that it matters within a few ms.
CABLE = IonAxon(compartments=12, length_um=600.0, i_nA=0.15, diffusion_um2_per_ms=300.0)


@cache
def exact(axon: IonAxon, t_stop_ms: float) -> Array:
    """By LSODA near rounding: potentials and concentrations, (5, n)."""
    solution = solve_ivp(
        axon.slope, (0, t_stop_ms), axon.start().ravel(), method="LSODA", rtol=1e-12, atol=1e-12
    )
    assert solution.success
    return solution.y[:, -1].reshape(9, axon.compartments)[[0, 5, 6, 7, 8]]


def error(axon: IonAxon, t_stop_ms: float, dt_ms: float, ions_every: int = 1) -> Array:
    """Largest of v, and of each concentration, (5,)."""
    run = axon.simulation(dt_ms, ions_every=ions_every)
    run.advance_to(t_stop_ms)
    return np.abs(axon.state_of(run) - exact(axon, t_stop_ms)).max(axis=1)


def test_a_patch_goes_where_scipy_goes() -> None:
    """Extrapolated from three steps; a spike and a half in 8 ms."""
    t_stop_ms = 8.0
    runs = []
    for dt_ms in (0.002, 0.001, 0.0005):
        run = PATCH.simulation(dt_ms)
        run.advance_to(t_stop_ms)
        runs.append(PATCH.state_of(run))
    coarse, middle, fine = runs
    once = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    limit = (8 * once[1] - once[0]) / 7
    assert np.abs(limit - exact(PATCH, t_stop_ms))[0].max() < tolerances.ION_LIMIT_mV
    assert np.abs(limit - exact(PATCH, t_stop_ms))[1:].max() < tolerances.ION_LIMIT_mM
    moved = np.abs(exact(PATCH, t_stop_ms) - PATCH.start()[[0, 5, 6, 7, 8]])
    assert moved.min() > 0.1, "nothing to be right about"


def test_the_order_is_two_on_a_cable_with_a_spike_and_diffusion() -> None:
    """Of the potential and of each concentration."""
    coarse, fine = (error(CABLE, 4.0, dt_ms) for dt_ms in (0.0005, 0.00025))
    assert np.log2(coarse / fine) == pytest.approx(2.0, abs=0.1)


def test_the_order_is_two_where_concentrations_move_every_eight_steps() -> None:
    """4 ms are whole numbers of eight steps."""
    coarse, fine = (error(CABLE, 4.0, dt_ms, ions_every=8) for dt_ms in (0.0005, 0.00025))
    assert np.log2(coarse / fine) == pytest.approx(2.0, abs=0.1)


def test_between_its_moves_a_concentration_goes_on_as_it_went() -> None:
    """Off by what the slope changes in the time since: of second order in it."""
    probes = tuple(rv.Probe(name, [3]) for name in ("k_out_mM", "e_k_mV"))
    run, fine = (CABLE.simulation(0.005, probes, ions_every=each) for each in (8, 1))
    for each in (run, fine):
        each.advance(445)  # five steps after a move, in a spike
    seen, expected = (each.traces()[0].values[:, 0] for each in (run, fine))
    moved = np.abs(np.diff(expected)).max()
    assert moved > 1e-3
    assert np.abs(seen - expected).max() < 2.0 * moved  # 8 times that, if it stood still
    seen, expected = (each.traces()[1].values[:, 0] for each in (run, fine))
    assert np.abs(seen - expected).max() < 2.0 * np.abs(np.diff(expected)).max()


def under_myelin(dt_ms: float, shell_um: float | None = None) -> rv.Simulation:
    """MRG with potassium channels under its sheath as well."""
    model = rv.fibers.mrg(diameter_um=10.0, nodes=5).model
    sheathed = ["mysa", "flut", "stin"]
    living = rv.Model(
        sections=model.sections,
        placements=[
            *model.placements,
            rv.Placement("k_hh", where=sheathed, g_bar_S_cm2=1e-4),
        ],
        ions=[
            rv.Ion(
                "na",
                inside_mM=10.0,
                outside_mM=143.0,
                accumulates="inside",
                diffusion_um2_per_ms=1.3,
            ),
            rv.Ion(
                "k",
                inside_mM=130.0,
                outside_mM=4.0,
                accumulates="both",
                diffusion_um2_per_ms=2.0,
                shell_um=shell_um,
                exchange_ms=None if shell_um is None else 20.0,
            ),
        ],
    )
    drive = CurrentClamp(waveform=Pulse(onset_ms=0.0, duration_ms=1e6), at=[0], amplitude_nA=1.2)
    return rv.Simulation(
        rv.discretise(living, rv.FixedCount(1)),
        method=rv.Method(dt_ms=dt_ms),
        stimuli=[drive],
        v_init_mV=-80.0,
    )


@pytest.mark.parametrize("shell_um", [None, 0.1])
def test_the_order_is_two_under_myelin(shell_um: float | None) -> None:
    """From three runs, of potentials and of every concentration that moves, as a whole. At longer
    steps, and as the wave leaves, the part of third order is as large, as with fixed
    concentrations."""

    def end(dt_ms: float) -> list[Array]:
        run = under_myelin(dt_ms, shell_um)
        run.advance_to(0.5)
        ledger = run.ledger()
        assert ledger is not None
        return [run.v_mV, *(each.now_mM[~each.is_held] for each in ledger.stores)]

    runs = [end(0.0000625 / 2**k) for k in range(3)]
    for coarse, middle, fine in zip(*runs, strict=True):
        order = np.log2(np.linalg.norm(coarse - middle) / np.linalg.norm(middle - fine))
        assert order == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("make", ["cable", "rarely", "myelin", "shells"])
def test_ions_and_charge_are_conserved(make: str) -> None:
    """In every compartment what was gained is what came, and the membrane's charge is what all
    currents and the electrode have left. benchmarks/conservation.py does so for 10^6 steps."""
    if make in ("cable", "rarely"):
        every = 1 if make == "cable" else 7  # which the run ends in between of
        run, i_nA, v_init_mV = (
            CABLE.simulation(0.005, ions_every=every),
            CABLE.i_nA,
            CABLE.v_init_mV,
        )
    else:
        run, i_nA, v_init_mV = under_myelin(0.005, 0.1 if make == "shells" else None), 1.2, -80.0
    run.advance(4000)
    ledger = run.ledger()
    assert ledger is not None
    for store in ledger.stores:
        left = ledger.unaccounted_fmol(store.ion, store.layer)
        assert np.abs(left).max() < tolerances.ION_AMOUNT_RELATIVE * store.start_fmol
        assert abs(store.diffused_fmol.sum()) < tolerances.ION_AMOUNT_RELATIVE * store.start_fmol
        assert ledger.drift(store.ion) < tolerances.ION_AMOUNT_RELATIVE
    stored_pC = float(run.discretisation.capacitance_nF @ (run.v_mV - v_init_mV))
    passed_pC = sum(np.abs(each.charge_pC).sum() for each in ledger.currents)
    left_pC = stored_pC + ledger.charge_pC().sum() - i_nA * run.t_ms
    assert abs(left_pC) < tolerances.ION_CHARGE_RELATIVE * passed_pC


def test_a_c_fibre_gathers_potassium_as_in_neuron() -> None:
    """NEURON 9.0.2 with the published mechanisms, 1 um: width 1.9145 ms (1.69 ms at fixed
    concentrations), peak 31.84 mV, outer potassium to 11.9 mM, where its shell has less volume."""
    fibre = rv.fibers.tigerholm(length_um=1500.0, ions_accumulate=True)
    drive = CurrentClamp(waveform=Pulse(onset_ms=0.5, duration_ms=1.0), at=[0], amplitude_nA=0.42)
    at = [rv.discretise(fibre.model, fibre.mesh).distance_um.size // 2]
    probes = [rv.Probe(name, at) for name in ("v_mV", "k_out_mM", "na_in_mM")]
    result = rv.simulate(fibre, drive, probes, t_stop_ms=9.0, v_init_mV=-55.0)
    v_mV, k_out_mM, na_in_mM = (result[each.quantity].values[:, 0] for each in probes)
    shape = rv.analysis.spike_shape(result["v_mV"].t_ms, v_mV)
    assert shape.peak_mV == pytest.approx(31.84, abs=0.1)
    assert shape.half_width_ms == pytest.approx(1.9145, rel=5e-3)
    annulus = 1 + fibre.model.ions[1].shell_um / 1.0
    assert k_out_mM.max() - 5.6 == pytest.approx((11.9 - 5.6) / annulus, rel=1e-2)
    assert na_in_mM.max() - 11.4 == pytest.approx(0.71, abs=0.04)


def test_a_pump_that_carries_no_charge_moves_salt() -> None:
    """Potassium chloride leaves together: the potential stays, both amounts fall alike."""
    cotransport = rv.mechanisms.Mechanism.from_dict(
        {
            "kind": "pump",
            "parameters": {"u_mA_cm2": 1e-3},
            "definitions": {
                "j_mA_cm2": "u_mA_cm2 * log(k_in_mM * cl_in_mM / (k_out_mM * cl_out_mM))"
            },
            "currents_mA_cm2": {"k": "j_mA_cm2", "cl": "-j_mA_cm2"},
        },
        default_name="cotransport",
    )
    model = rv.Model(
        sections=[rv.Section("cell", length_um=10.0, diameter_um=10.0)],
        placements=[rv.Placement(cotransport)],
        ions=[
            rv.Ion("k", inside_mM=140.0, outside_mM=4.0, accumulates="inside"),
            rv.Ion("cl", inside_mM=20.0, outside_mM=120.0, accumulates="inside"),
        ],
    )
    run = rv.Simulation(
        rv.discretise(model, rv.FixedCount(1)), method=rv.Method(dt_ms=0.1), v_init_mV=-70.0
    )
    run.advance(20_000)
    ledger = run.ledger()
    assert ledger is not None
    k, cl = ledger.store("k", "inside"), ledger.store("cl", "inside")
    assert run.v_mV == pytest.approx(-70.0, abs=1e-9)
    assert k.now_mM - 140.0 == pytest.approx(cl.now_mM - 20.0, rel=1e-12)
    assert cl.now_mM[0] < 19.9
    assert ledger.charge_pC() == pytest.approx(0.0, abs=1e-12)
    assert ledger.moved_fmol("cl", "cotransport") == pytest.approx(ledger.moved_fmol("k"))
    assert "cotransport" in str(ledger)
    assert "inside" in str(ledger)


def test_a_buffer_takes_its_share() -> None:
    """Calcium of a constant current into a cylinder: dc/dt = I / (z F V ratio)."""
    d_um, length_um, ratio, i_mA_cm2 = 2.0, 50.0, 60.0, -1e-3
    model = rv.Model(
        sections=[rv.Section("axon", length_um=length_um, diameter_um=d_um)],
        placements=[rv.Placement("ca_constant", i_mA_cm2=i_mA_cm2), rv.Placement("leak")],
        ions=[
            rv.Ion(
                "ca", inside_mM=1e-4, outside_mM=2.0, accumulates="inside", buffering_ratio=ratio
            )
        ],
    )
    t_ms = 20.0
    probes = [rv.Probe(name, every_ms=t_ms) for name in ("ca_in_mM", "ca_out_mM", "e_ca_mV")]
    result = rv.simulate(model, (), probes, t_stop_ms=t_ms, mesh=rv.FixedCount(1), v_init_mV=-65.0)
    # mA/cm2 over um: 1e-3 C/s per 1e8 um2, over F V.
    gained = -i_mA_cm2 * 4 / d_um / (2 * FARADAY_C_MOL * ratio) * 1e4 * t_ms
    inside = result["ca_in_mM"].values[:, 0]
    assert inside[-1] - 1e-4 == pytest.approx(gained, rel=1e-9)
    assert result["ca_out_mM"].values[-1, 0] == 2.0
    thermal_mV = 1e3 * 8.31446261815324 * 310.15 / FARADAY_C_MOL
    nernst_mV = thermal_mV / 2 * np.log(2.0 / inside)
    assert result["e_ca_mV"].values[:, 0] == pytest.approx(nernst_mV, rel=1e-12)
    assert result["ca_in_mM"].unit == "mM"
    assert result["e_ca_mV"].unit == "mV"


def test_what_a_pump_spends_is_a_third_of_its_sodium() -> None:
    run = PATCH.simulation(0.01)
    run.advance_to(5.0)
    ledger = run.ledger()
    assert ledger is not None
    atp_fmol = ledger.atp_fmol("na_k_pump")
    assert atp_fmol == pytest.approx(ledger.moved_fmol("na", "na_k_pump") / 3)
    assert atp_fmol == pytest.approx(ledger.moved_fmol("k", "na_k_pump") / -2)
    assert atp_fmol[0] > 0


@pytest.mark.parametrize("ions_every", [1, 7])
def test_a_run_goes_on_bit_for_bit_from_a_snapshot(ions_every: int) -> None:
    whole = CABLE.simulation(0.005, ions_every=ions_every)
    whole.advance(150)
    snapshot = whole.snapshot()
    whole.advance(150)
    other = CABLE.simulation(0.005, ions_every=ions_every)
    other.restore(snapshot)
    other.advance(150)
    assert np.array_equal(CABLE.state_of(other), CABLE.state_of(whole))
    assert str(other.ledger()) == str(whole.ledger())


def test_in_a_huge_axon_the_trace_is_that_of_fixed_concentrations() -> None:
    living = IonAxon(diameter_um=2e4, length_um=1e4, shell_um=1e4, i_nA=0.0, v_init_mV=-55.0)
    fixed = rv.Model(
        sections=living.model().sections,
        placements=living.model().placements,
        ions=[
            rv.Ion("na", inside_mM=living.na_mM[0], outside_mM=living.na_mM[1]),
            rv.Ion("k", inside_mM=living.k_mM[0], outside_mM=living.k_mM[1]),
        ],
        temperature_degC=living.temperature_degC,
    )
    still = rv.Simulation(
        rv.discretise(fixed, rv.FixedCount(1)),
        method=rv.Method(dt_ms=0.01),
        v_init_mV=-55.0,
        solver="plain",
    )
    run = living.simulation(0.01)
    for each in (run, still):
        each.advance_to(5.0)
    assert run.v_mV == pytest.approx(still.v_mV, abs=1e-4)
    assert still.ledger() is None
