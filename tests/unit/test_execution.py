"""How a run is carried out: solver, precision, threads and instruction set, and what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.build import build_info
from ranvier.threads import available_processors, thread_count
from tolerances import LANES_mV, SINGLE_mV
from unit.cli_run import SMALL, Run, rows_of

KEYS = ("solver", "precision", "threads", "isa")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANVIER_NUM_THREADS", "OMP_NUM_THREADS", "RANVIER_ISA"):
        monkeypatch.delenv(name, raising=False)


def squid(compartments: int = 300) -> rv.Discretisation:
    fibre = rv.fibers.hodgkin_huxley(length_um=3e4)
    return rv.discretise(fibre.model, rv.FixedCount(compartments))


def spike(**options: Any) -> rv.Result:
    pulse = rv.stimuli.Pulse(onset_ms=0.05, duration_ms=0.2)
    clamp = rv.stimuli.CurrentClamp(waveform=pulse, at=0, amplitude_nA=1e4)
    probe = rv.Probe(every_ms=0.05)
    return rv.simulate(squid(), clamp, probe, **{"t_stop_ms": 1.5, **options})


def chosen(result: rv.Result) -> dict[str, Any]:
    return {key: result.provenance[key] for key in KEYS}


def passive(**sheathed: Any) -> rv.Model:
    """A node with an internode at its end."""
    sheath = rv.Sheath(
        **{"lamellae": 10, "myelin_diameter_um": 5.0, "periaxonal_width_um": 0.01, **sheathed}
    )
    return rv.Model(
        sections=[
            rv.Section("node", length_um=2.0, diameter_um=3.0),
            rv.Section("internode", length_um=100.0, diameter_um=4.0, parent="node", sheath=sheath),
        ],
        placements=[rv.Placement("leak", g_bar_S_cm2=1e-3, e_leak_mV=-70.0)],
        name="passive",
    )


# What was used


def test_provenance_says_what_was_used() -> None:
    isa = build_info()["isa"]
    expected = {"solver": "lanes", "precision": "double", "threads": 1, "isa": isa}
    assert chosen(spike(t_stop_ms=0.1)) == expected
    single = spike(t_stop_ms=0.1, precision="single", threads=2)
    assert chosen(single) == {**expected, "precision": "single", "threads": 2}
    plain = spike(t_stop_ms=0.1, solver="plain", threads=2)
    assert chosen(plain)["solver"] == "plain"
    assert chosen(plain)["threads"] == 1


def test_a_simulation_says_what_it_uses() -> None:
    simulation = rv.Simulation(squid(), threads=2)
    assert simulation.execution == {
        "solver": "lanes",
        "precision": "double",
        "threads": 2,
        "isa": build_info()["isa"],
        "share_solved": 1.0,
        "window_error_mV": 0.0,
    }
    assert rv.Simulation(squid(), solver="plain").execution["solver"] == "plain"


@pytest.mark.parametrize("name", rv.methods.names())
def test_lanes_are_chosen_where_the_method_has_them(name: str) -> None:
    has_lanes = name in ("rosenbrock2", "staggered_sdirk2", "windowed")
    simulation = rv.Simulation(squid(10), method=rv.Method(name))
    assert simulation.execution["solver"] == ("lanes" if has_lanes else "plain")


# Equal results


def test_solvers_agree() -> None:
    lanes, plain = spike(), spike(solver="plain")
    difference_mV = np.abs(lanes["v_mV"].values - plain["v_mV"].values).max()
    assert 0 < difference_mV < 1e-9
    assert len(lanes.crossings[0]) == len(plain.crossings[0]) > 100


def test_solvers_agree_under_myelin() -> None:
    fibre = rv.fibers.mrg()
    lanes, plain = (
        rv.simulate(fibre, fibre.stimulus, rv.Probe(), t_stop_ms=0.5, solver=solver)
        for solver in ("lanes", "plain")
    )
    difference_mV = np.abs(lanes["v_mV"].values - plain["v_mV"].values).max()
    assert difference_mV < LANES_mV


def test_threads_change_no_bit() -> None:
    one, two, three = (spike(threads=threads) for threads in (1, 2, 3))
    for other in (two, three):
        np.testing.assert_array_equal(one["v_mV"].values, other["v_mV"].values)
        np.testing.assert_array_equal(one.crossings[0].t_ms, other.crossings[0].t_ms)


def test_single_precision_is_close() -> None:
    double, single = spike(), spike(precision="single")
    assert 0 < np.abs(double["v_mV"].values - single["v_mV"].values).max() < SINGLE_mV


def test_error_bars_are_made_in_the_same_way() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=3e4)
    result = rv.simulate(
        fibre,
        fibre.stimulus,
        t_stop_ms=4.0,
        mesh=rv.FixedCount(30),
        method=rv.Method("backward_euler"),
        solver="plain",
        threads=2,
    )
    recipe = result.recipe
    assert recipe is not None
    assert (recipe.solver, recipe.precision, recipe.threads) == ("plain", "double", 2)
    seen = []

    def velocity(result: rv.Result) -> float:
        seen.append(result.provenance["solver"])
        return rv.analysis.conduction_velocity(result).velocity_m_per_s

    rv.converge(velocity, result)
    assert set(seen) == {"plain"}
    assert len(seen) == 6


PROGRAM = """
import sys
import numpy as np
import ranvier as rv

fibre = rv.fibers.mrg()
single = rv.simulate(fibre, fibre.stimulus, rv.Probe(), t_stop_ms=0.3)
(batch,) = rv.simulate_batch([fibre], [fibre.stimulus], rv.Probe(), t_stop_ms=0.3)
np.save(sys.argv[1], np.stack([single["v_mV"].values, batch["v_mV"].values]))
print(single.provenance["isa"], batch.provenance["isa"])
"""


def test_the_base_instruction_set_gives_the_same(tmp_path: Any) -> None:
    """In a process of its own, as a user would."""
    values = {}
    for isa in ("base", build_info()["isa"]):
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / f"{isa}.npy")]
        run = subprocess.run(
            command,
            env={**os.environ, "RANVIER_ISA": isa},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.split() == [isa, isa]
        values[isa] = np.load(tmp_path / f"{isa}.npy")
    base, best = values.values() if len(values) == 2 else (values["base"],) * 2
    np.testing.assert_allclose(base, best, rtol=0, atol=1e-9)


# Threads


def test_threads_come_from_the_argument_or_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert thread_count() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert thread_count() == 2
    assert spike(t_stop_ms=0.02).provenance["threads"] == 2
    monkeypatch.setenv("RANVIER_NUM_THREADS", "3")
    assert thread_count() == 3
    assert thread_count(1) == 1
    monkeypatch.setenv("RANVIER_NUM_THREADS", "")
    assert thread_count() == 2
    assert thread_count(0) == available_processors() >= 1


def test_processors_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 4, 7}, raising=False)
    assert thread_count(0) == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert thread_count(0) == 5


@pytest.mark.parametrize("wrong", [-1, 1.5, "two"])
def test_a_wrong_number_of_threads_is_told(wrong: Any) -> None:
    with pytest.raises(
        rv.ModelError, match=f"^threads: is {wrong}, expected a whole number of 0 or more$"
    ):
        spike(threads=wrong)


@pytest.mark.parametrize("name", ["RANVIER_NUM_THREADS", "OMP_NUM_THREADS"])
def test_a_wrong_number_in_the_environment_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "all,2")
    with pytest.raises(
        rv.ModelError, match=f"^{name}: is all, expected a whole number of 0 or more$"
    ):
        spike()


def test_a_list_of_openmp_counts_by_its_first_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANVIER_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "2,1")
    assert spike().provenance["threads"] == 2


def test_the_core_needs_a_thread() -> None:
    from ranvier import _core

    method = rv.Method()
    with pytest.raises(rv.ModelError, match=r"^threads: is 0, expected 1 or more$"):
        _core.CoreSimulation(squid(3), method=method.name, parameters=method.parameters, threads=0)


# What cannot be had


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "fast"}, "solver: is 'fast', expected auto, lanes or plain"),
        ({"precision": "half"}, "precision: is 'half', expected double or single"),
        (
            {"solver": "plain", "precision": "single"},
            "precision: is single with the plain solver, expected double",
        ),
        (
            {"solver": "lanes", "method": rv.Method("backward_euler")},
            "method 'backward_euler': is not there in lanes, expected rosenbrock2, "
            "staggered_sdirk2 or windowed for single precision or solver lanes",
        ),
        (
            {"precision": "single", "method": rv.Method("adaptive")},
            "method 'adaptive': is not there in lanes, expected rosenbrock2, "
            "staggered_sdirk2 or windowed for single precision or solver lanes",
        ),
    ],
)
def test_what_cannot_be_had_is_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(rv.ModelError) as caught:
        spike(**options)
    assert str(caught.value) == message


def lone_internode() -> rv.Model:
    model = passive()
    sheath = model.sections[1].sheath
    internode = rv.Section("internode", length_um=100.0, diameter_um=4.0, sheath=sheath)
    return rv.Model(sections=[internode], placements=model.placements, name="no node")


def gated() -> rv.Model:
    squid = rv.fibers.hodgkin_huxley().model
    model = passive()
    return rv.Model(
        sections=model.sections, placements=squid.placements, ions=squid.ions, name="gated"
    )


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            gated(),
            "'gated': has the gated channel 'na_hh' under a sheath, at internode (12.5 um), "
            "expected a model that fits the lanes",
        ),
        (
            passive(c_membrane_uF_cm2=0.0),
            "'passive': has a membrane or sheath without capacitance at internode (12.5 um), "
            "expected a model that fits the lanes",
        ),
        (
            lone_internode(),
            "'no node': has a sheath at internode (12.5 um) that touches 0 places without one, "
            "not 2, expected a model that fits the lanes",
        ),
    ],
)
@pytest.mark.parametrize("options", [{"solver": "lanes"}, {"precision": "single"}])
def test_a_model_that_fits_no_lanes_is_told(
    model: rv.Model, message: str, options: dict[str, str]
) -> None:
    d = rv.discretise(model, rv.FixedCount(4))
    with pytest.raises(rv.ModelError) as caught:
        rv.Simulation(d, v_init_mV=-70.0, **options)
    assert str(caught.value) == message
    # And runs without being asked twice.
    assert rv.Simulation(d, v_init_mV=-70.0).execution["solver"] == "plain"


def test_a_long_sheath_fits_no_lanes() -> None:
    d = rv.discretise(passive(), rv.FixedCount(2000))
    with pytest.raises(rv.ModelError, match=r"has a sheath at internode \(0.025 um\) over 2000 "):
        rv.Simulation(d, solver="lanes")


def test_a_wrong_instruction_set_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANVIER_ISA", "avx")
    with pytest.raises(rv.ModelError, match=r"^RANVIER_ISA: is 'avx', expected base, v3 or v4$"):
        spike()


# Command line and experiment files


def test_velocity_takes_and_tells_how_it_is_carried_out(run: Run) -> None:
    isa = build_info()["isa"]
    options = [*SMALL, "--no-picture"]
    code, out, _ = run(*options)
    assert (code, rows_of(out)["solver"]) == (0, f"lanes ({isa}), double precision, 1 thread")
    _, out, _ = run(*options, "--threads", "2", "--precision", "single")
    assert rows_of(out)["solver"] == f"lanes ({isa}), single precision, 2 threads"
    _, out, _ = run(*options, "--solver", "plain", "--json")
    assert {key: json.loads(out)[key] for key in KEYS[:3]} == {
        "solver": "plain",
        "precision": "double",
        "threads": 1,
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threads", "-1"], "--threads: is '-1', expected a whole number, or 0 for all (see"),
        (["--threads", "two"], "--threads: is 'two', expected a whole number, or 0 for all (see"),
        (["--precision", "half"], "--precision: invalid choice: 'half' (choose from "),
        (["--solver", "fast"], "--solver: invalid choice: 'fast' (choose from "),
        (["--solver", "plain", "--precision", "single"], "precision: is single with the plain"),
    ],
)
def test_wrong_options_are_sentences(options: list[str], message: str, run: Run) -> None:
    code, out, err = run(*SMALL, *options)
    assert (code, out) == (2, "")
    assert err.startswith(f"ranvier: error: {message}")


EXPERIMENT = """\
[fiber]
name = "hodgkin_huxley"
length_um = 3e4

[mesh]
compartments_per_section = 20

[run]
t_stop_ms = 0.1
solver = "lanes"
precision = "single"
threads = 2
"""


def test_experiment_files_have_the_same_keys(run: Run, tmp_path: Any) -> None:
    (tmp_path / "squid.toml").write_text(EXPERIMENT)
    _, out, _ = run("run", "squid.toml", "--json")
    answer = json.loads(out)
    assert [answer[key] for key in KEYS[:3]] == ["lanes", "single", 2]
    # What the command says goes before what the file says.
    _, out, _ = run("run", "squid.toml", "--json", "--precision", "double", "--threads", "1")
    answer = json.loads(out)
    assert [answer[key] for key in KEYS[:3]] == ["lanes", "double", 1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"lanes"', '"fast"', 'solver: is "fast", expected one of "auto", "lanes", "plain"'),
        ('"single"', '"half"', 'precision: is "half", expected "double" or "single"'),
        ("= 2\n", "= -2\n", "threads: is -2, expected a whole number, or 0 for all processors"),
    ],
)
def test_wrong_keys_are_told_with_their_line(
    old: str, new: str, message: str, run: Run, tmp_path: Any
) -> None:
    (tmp_path / "squid.toml").write_text(EXPERIMENT.replace(old, new))
    code, out, err = run("run", "squid.toml")
    assert (code, out) == (2, "")
    assert f": run.{message}" in err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_goes_on_without_the_threads() -> None:
    """Which do not go along; in a program of its own, for a child that hangs must not hang us."""
    script = """
import os, warnings
import ranvier as rv
warnings.simplefilter("ignore")
fibre = rv.fibers.hodgkin_huxley()
simulation = rv.Simulation(rv.discretise(fibre.model, rv.FixedCount(2000)), threads=2)
simulation.advance(2)
if os.fork() == 0:
    simulation.advance(2)
    os._exit(0)
_, status = os.wait()
raise SystemExit(os.waitstatus_to_exitcode(status))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_snapshot_knows_what_was_above_threshold_under_a_sheath() -> None:
    fibre = rv.fibers.mrg(nodes=5)
    d = rv.discretise(fibre.model, fibre.mesh)
    clamp = rv.stimuli.CurrentClamp(
        waveform=rv.stimuli.Pulse(onset_ms=0.05, duration_ms=0.1), at=0, amplitude_nA=2.0
    )
    options = {"stimuli": [clamp], "detectors": [rv.SpikeDetector()]}
    whole = rv.Simulation(d, **options)
    snapshots = []
    for _ in range(60):
        snapshots.append((whole.t_ms, whole.snapshot()))
        whole.advance(1)
    whole.advance(20)
    t_ms = whole.crossings()[0].t_ms
    assert t_ms.size > 10
    for taken_ms, snapshot in snapshots[20:]:
        again = rv.Simulation(d, **options)
        again.restore(snapshot)
        again.advance(80 - round(taken_ms / 0.005))
        np.testing.assert_array_equal(again.crossings()[0].t_ms, t_ms[t_ms > taken_ms])
