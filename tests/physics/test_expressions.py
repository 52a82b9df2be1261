"""Mechanisms written as equations, run by the core: against those that are compiled into it, and
against SciPy's integrators."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import ranvier as rv
import tolerances
from physics.axons import IONS, SQUID_um
from ranvier import mechanisms
from ranvier.mechanisms import Mechanism

EXAMPLES = Path(__file__).parents[2] / "examples" / "mechanisms"
NA = mechanisms.read(EXAMPLES / "squid_na.toml")
K = mechanisms.read(EXAMPLES / "squid_k.toml")
#: k_hh's gates as a chain of five states, of which the last conducts.
K_CHAIN = Mechanism(
    "k_chain",
    reference_temperature_degC=6.3,
    parameters={"g_bar_S_cm2": 0.036},
    definitions={
        "opens_per_ms": "0.1 * exprelr(-(v_mV + 55) / 10)",
        "shuts_per_ms": "0.125 * exp(-(v_mV + 65) / 80)",
    },
    schemes={
        "subunits": {
            "q10": 3.0,
            "reactions": [
                {
                    "reaction": f"n{open_} <-> n{open_ + 1}",
                    "forward_per_ms": f"{4 - open_} * opens_per_ms",
                    "backward_per_ms": f"{open_ + 1} * shuts_per_ms",
                }
                for open_ in range(4)
            ],
        }
    },
    currents_mA_cm2={"k": "g_bar_S_cm2 * n4 * (v_mV - e_k_mV)"},
)
LEAK = rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-54.387)
PULSE = rv.stimuli.CurrentClamp(
    waveform=rv.stimuli.Pulse(onset_ms=0.1, duration_ms=0.5), at=("axon", 0.0), amplitude_nA=1e4
)
METHODS = ("rosenbrock2", "staggered_sdirk2", "backward_euler", "rodas4", "windowed")


def axon(na: Any, k: Any, length_um: float = 1e4, temperature_degC: float = 18.5) -> rv.Model:
    return rv.Model(
        sections=[rv.Section("axon", length_um=length_um, **SQUID_um)],
        placements=[rv.Placement(na), rv.Placement(k), LEAK],
        ions=IONS,
        temperature_degC=temperature_degC,
    )


def run(
    model: rv.Model, method: str = "rosenbrock2", dt_ms: float = 0.005, **more: Any
) -> rv.Result:
    return rv.simulate(
        model,
        [PULSE],
        [rv.Probe("v_mV")],
        mesh=rv.MaxLength(100.0),
        method=rv.Method(method, dt_ms=dt_ms),
        t_stop_ms=more.pop("t_stop_ms", 3.0),
        v_init_mV=-65.0,
        **more,
    )


def values(result: rv.Result) -> Any:
    return result["v_mV"].values


@pytest.mark.parametrize("solver", ["plain", "lanes"])
@pytest.mark.parametrize("method", METHODS)
def test_the_same_channel_as_text_gives_the_same_trace(method: str, solver: str, isa: str) -> None:
    if method in ("backward_euler", "rodas4") and solver == "lanes":
        pytest.skip("has no lanes")
    own = values(run(axon(NA, K), method, solver=solver))
    compiled = values(run(axon("na_hh", "k_hh"), method, solver=solver))
    assert np.ptp(compiled) > 80.0
    assert np.max(np.abs(own - compiled)) < tolerances.EXPRESSION_mV


@pytest.mark.parametrize("solver", ["plain", "lanes"])
@pytest.mark.parametrize("method", ["rosenbrock2", "rodas4"])
def test_a_chain_of_subunits_is_the_power_of_one(method: str, solver: str) -> None:
    """Four independent gates and the five states of their number have the same open fraction; the
    methods see different equations, and agree as they converge."""
    if method == "rodas4" and solver == "lanes":
        pytest.skip("has no lanes")
    order = {"rosenbrock2": 2, "rodas4": 4}[method]
    error_mV = []
    for dt_ms in (0.01, 0.005):
        chain = values(run(axon("na_hh", K_CHAIN), method, dt_ms, solver=solver))
        gates = values(run(axon("na_hh", "k_hh"), method, dt_ms, solver=solver))
        error_mV.append(np.max(np.abs(chain - gates)[:: round(0.01 / dt_ms)]))
    assert error_mV[1] < tolerances.CHAIN_mV[method]
    assert error_mV[1] < 1.6 * error_mV[0] / 2**order


@pytest.mark.parametrize("method", ["staggered_sdirk2", "backward_euler", "adaptive", "windowed"])
def test_a_chain_runs_by_every_method(method: str) -> None:
    """All of them solve the same equations: what differs is their error in time."""
    chain = values(run(axon("na_hh", K_CHAIN), method))
    gates = values(run(axon("na_hh", "k_hh"), method))
    if method == "adaptive":
        assert np.max(chain[-1]) == pytest.approx(np.max(gates[-1]), abs=0.05)
    else:
        assert np.max(np.abs(chain - gates)) < 1.0
    assert np.ptp(chain) > 80.0


@pytest.mark.parametrize("solver", ["plain", "lanes"])
def test_states_of_a_scheme_keep_their_sum(solver: str) -> None:
    simulation = rv.Simulation(
        rv.discretise(axon("na_hh", K_CHAIN), rv.MaxLength(100.0)),
        method=rv.Method("rosenbrock2", dt_ms=0.01),
        stimuli=[PULSE],
        probes=[rv.Probe(f"n{i}", mechanism="k_chain") for i in range(5)],
        v_init_mV=-65.0,
        solver=solver,
    )
    simulation.advance_to(5.0)
    states = [trace.values for trace in simulation.traces()]
    assert np.ptp(states[4]) > 0.2
    assert np.max(np.abs(sum(states) - 1.0)) < 1e-12
    assert min(state.min() for state in states) >= 0.0


def test_a_batch_runs_own_mechanisms_with_parameters_of_their_own() -> None:
    models = []
    for g_bar in (0.10, 0.12, 0.15):
        model = axon(NA, K)
        placements = [rv.Placement(NA, g_bar_S_cm2=g_bar), rv.Placement(K), LEAK]
        models.append(
            rv.Model(
                sections=model.sections,
                placements=placements,
                ions=IONS,
                temperature_degC=18.5,
            )
        )
    grids = [rv.discretise(model, rv.MaxLength(100.0)) for model in models]
    batch = rv.simulate_batch(
        grids, [[PULSE]] * 3, rv.Probe("v_mV"), t_stop_ms=2.0, v_init_mV=-65.0
    )
    for model, together in zip(models, batch, strict=True):
        alone = run(model, t_stop_ms=2.0)
        assert np.max(np.abs(values(alone) - values(together))) < tolerances.BATCH_mV


def test_saved_and_pickled_models_keep_their_mechanisms(tmp_path: Path) -> None:
    model = axon(NA, K)
    grid = rv.discretise(pickle.loads(pickle.dumps(model)), rv.MaxLength(100.0))
    rv.discretisation.save(grid, tmp_path / "axon.npz")
    again = rv.discretisation.load(tmp_path / "axon.npz")
    expected = values(run(model, t_stop_ms=1.0))
    for each in (grid, again, pickle.loads(pickle.dumps(grid))):
        result = rv.simulate(each, [PULSE], [rv.Probe("v_mV")], t_stop_ms=1.0, v_init_mV=-65.0)
        assert np.array_equal(values(result), expected)


def test_own_mechanisms_find_their_rest() -> None:
    grid = rv.discretise(axon("na_hh", K_CHAIN), rv.MaxLength(100.0))
    own = rv.rest(grid)
    compiled = rv.rest(rv.discretise(axon("na_hh", "k_hh"), rv.MaxLength(100.0)))
    assert own.v_mV == pytest.approx(compiled.v_mV, abs=1e-9)


CA = Mechanism(
    "ca_pool",
    parameters={"p_bar_cm_s": 1e-4, "depth_um": 0.1, "tau_ms": 5.0, "rest_mM": 1e-4},
    gates={
        "m": {"steady_state": "sigmoid((v_mV + 20) / 6)", "tau_ms": "0.5 + exprelr(-v_mV / 20)"}
    },
    definitions={
        "i_mA_cm2": "p_bar_cm_s * m**2 * exprelr(v_mV / 13) * 1000",
        "open": "pool_mM / (pool_mM + 0.001)",
    },
    states={
        "pool_mM": {
            "rate_per_ms": "i_mA_cm2 * 1e-4 / depth_um - (pool_mM - rest_mM) / tau_ms",
            "initial": "rest_mM",
            "lowest": 0.0,
        }
    },
    currents_mA_cm2={"ca": "-i_mA_cm2", "k": "0.01 * open * (v_mV - e_k_mV)"},
)


def test_a_state_that_is_no_gate_follows_its_equation() -> None:
    """A patch with a pool that fills through a gate and opens a current: against SciPy."""
    patch = rv.Model(
        sections=[rv.Section("axon", length_um=10.0, diameter_um=10.0)],
        placements=[rv.Placement(CA), rv.Placement("leak", g_bar_S_cm2=1e-4, e_leak_mV=-65.0)],
        ions=[rv.Ion("k", e_mV=-77.0)],
    )
    area_cm2 = np.pi * 10.0 * 10.0 * 1e-8
    pulse = rv.stimuli.CurrentClamp(
        waveform=rv.stimuli.Pulse(onset_ms=0.0, duration_ms=100.0),
        at=("axon", 0.5),
        amplitude_nA=0.02 * area_cm2 * 1e6,
    )
    parameters = CA.parameters

    def rates(_: float, y: Any) -> list[float]:
        v_mV, m, pool_mM = y
        x = v_mV / 13
        i = parameters["p_bar_cm_s"] * m**2 * (x / np.expm1(x)) * 1000
        steady = 1 / (1 + np.exp(-(v_mV + 20) / 6))
        tau = 0.5 + (-v_mV / 20) / np.expm1(-v_mV / 20)
        opened = pool_mM / (pool_mM + 0.001)
        outward = -i + 0.01 * opened * (v_mV + 77) + 1e-4 * (v_mV + 65)
        filling = i * 1e-4 / 0.1 - (pool_mM - 1e-4) / 5.0
        return [1e3 * (0.02 - outward) / 1.0, (steady - m) / tau, filling]

    v_mV = -65.0
    start = [v_mV, 1 / (1 + np.exp(45 / 6)), 1e-4]
    times = np.linspace(0.0, 20.0, 5)
    exact = solve_ivp(rates, (0.0, 20.0), start, "Radau", times, rtol=1e-11, atol=1e-13).y
    error = {}
    for method in ("rosenbrock2", "staggered_sdirk2", "rodas4"):
        for dt_ms in (0.02, 0.01):
            result = rv.simulate(
                patch,
                [pulse],
                [rv.Probe("v_mV"), rv.Probe("pool_mM", mechanism="ca_pool")],
                mesh=rv.FixedCount(1),
                method=rv.Method(method, dt_ms=dt_ms),
                t_stop_ms=20.0,
                v_init_mV=v_mV,
            )
            at = np.searchsorted(result["v_mV"].t_ms, times - 1e-9)
            off_mV = np.max(np.abs(result["v_mV"].values[at, 0] - exact[0]))
            pool = result["pool_mM", "ca_pool"].values[at, 0]
            error[method, dt_ms] = off_mV
            assert np.max(np.abs(pool - exact[2])) < 1e-3 * np.max(exact[2])
    for method, order in (("rosenbrock2", 2), ("staggered_sdirk2", 2), ("rodas4", 4)):
        ratio = error[method, 0.02] / error[method, 0.01]
        assert np.log2(ratio) > order - 0.35 or error[method, 0.01] < 1e-8


SLOW = Mechanism(
    "slow",
    states={
        "c": {"rate_per_ms": "0.01 * (1 - c)", "initial": "0.2", "lowest": 0.0, "highest": 1.0}
    },
    schemes={
        "lid": {
            "reactions": [
                {"reaction": "a <-> b", "forward_per_ms": "0.3", "backward_per_ms": "0.1"},
            ]
        }
    },
    currents_mA_cm2={"mixed": "1e-5 * c * b * (v_mV + 65)"},
)


def patch(*placements: rv.Placement, ions: Any = ()) -> rv.Discretisation:
    section = rv.Section("axon", length_um=10.0, diameter_um=10.0)
    leak = rv.Placement("leak", g_bar_S_cm2=1e-4, e_leak_mV=-65.0)
    model = rv.Model(sections=[section], placements=[leak, *placements], ions=list(ions))
    return rv.discretise(model, rv.FixedCount(1))


@pytest.mark.parametrize("solver", ["plain", "lanes"])
def test_a_run_begins_with_what_is_given_and_a_rest_is_where_it_leads(solver: str) -> None:
    """As in NEURON: INITIAL at the start, whereas a scheme without initial values starts steady."""
    probes = [rv.Probe(name, mechanism="slow") for name in ("c", "b")]
    more: dict[str, Any] = {"t_stop_ms": 5.0, "solver": solver}
    begun = rv.simulate(patch(rv.Placement(SLOW)), probes=probes, v_init_mV=-65.0, **more)
    assert begun["c", "slow"].values[0, 0] == pytest.approx(0.2, abs=1e-15)
    expected = 1.0 - 0.8 * np.exp(-0.05)
    assert begun["c", "slow"].values[-1, 0] == pytest.approx(expected, abs=1e-9)
    assert begun["b", "slow"].values[[0, -1], 0] == pytest.approx([0.75, 0.75], abs=1e-9)
    rested = rv.simulate(patch(rv.Placement(SLOW)), probes=probes, **more)
    assert rested["c", "slow"].values[[0, -1], 0] == pytest.approx([1.0, 1.0], abs=1e-8)


def test_a_state_that_nothing_moves_keeps_no_rest_from_being_found() -> None:
    still = Mechanism(
        "still",
        states={"s": {"rate_per_ms": "0 * s", "initial": "0.5"}},
        currents_mA_cm2={"mixed": "1e-5 * s * (v_mV + 65)"},
    )
    assert rv.rest(patch(rv.Placement(still))).v_mV == pytest.approx(-65.0, abs=1e-9)


def test_what_is_too_large_is_told_before_it_runs() -> None:
    states = {f"x{i}": {"rate_per_ms": f"-0.5 * x{i}", "initial": "0"} for i in range(25)}
    with pytest.raises(rv.ModelError, match=r"^mechanism 'wide': has 25 states, expected 24 at "):
        rv.Placement(Mechanism("wide", states=states, currents_mA_cm2={"mixed": "x0 * 1e-5"}))
    names = [f"p{i}" for i in range(65)]
    with pytest.raises(
        rv.ModelError, match=r"^mechanism 'much': has 65 parameters, expected 64 at most"
    ):
        rv.Placement(
            Mechanism(
                "much",
                units="free",
                parameters=dict.fromkeys(names, 1e-9),
                currents_mA_cm2={"mixed": " + ".join(names)},
            )
        )
    with pytest.raises(TypeError, match=r"^mechanism: is 3, expected a name or a mechanism$"):
        rv.Placement(3)  # type: ignore[arg-type]


FLUX = Mechanism(
    "flux",
    parameters={"p_cm_s": 1e-6},
    currents_mA_cm2={"na": "ghk_mA_cm2(p_cm_s, 1, v_mV, na_in_mM, na_out_mM)"},
)


def test_concentrations_are_wanted_where_they_are_read() -> None:
    sections = [
        rv.Section("a", length_um=10.0, diameter_um=1.0),
        rv.Section("b", parent="a", length_um=10.0, diameter_um=1.0),
    ]
    fixed = rv.Ion("na", where=["a"], e_mV=50.0)
    known = rv.Ion("na", where=["b"], inside_mM=10.0, outside_mM=140.0)
    leak = rv.Placement("leak", g_bar_S_cm2=1e-4, e_leak_mV=-65.0)

    def problems(where: str) -> list[str]:
        placements = [leak, rv.Placement(FLUX, where)]
        return rv.Model(sections=sections, placements=placements, ions=[fixed, known]).validate()

    assert problems("b") == []
    assert problems("a") == [
        "channel 'flux': needs the concentrations of ion 'na' on section 'a', expected inside_mM "
        "and outside_mM rather than e_mV"
    ]


def test_two_definitions_of_one_name_are_refused() -> None:
    other = Mechanism("flux", currents_mA_cm2={"mixed": "1e-5 * (v_mV + 65)"})
    model = rv.Model(
        sections=[rv.Section("a", length_um=10.0, diameter_um=1.0)],
        placements=[rv.Placement(FLUX), rv.Placement(other)],
        ions=[rv.Ion("na", inside_mM=10.0, outside_mM=140.0)],
    )
    sentence = "channel 'flux': is placed with two definitions, expected one for each name"
    assert sentence in model.validate()


def test_small_stacks_are_enough() -> None:
    """Threads have 512 kB on some systems, and a library is no place to ask for more."""
    script = """
import resource
resource.setrlimit(resource.RLIMIT_STACK, (512 * 1024, 512 * 1024))
import threading
threading.stack_size(512 * 1024)
import ranvier as rv
from physics.test_expressions import CA, K_CHAIN, axon, run
def work():
    for solver in ("plain", "lanes"):
        run(axon("na_hh", K_CHAIN), solver=solver, t_stop_ms=0.1, threads=2)
    print("done")
each = threading.Thread(target=work)
each.start()
each.join()
"""
    tests = Path(__file__).parents[1]
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tests,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (0, "done\n"), found.stderr
