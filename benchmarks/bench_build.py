"""How long a model takes to become arrays, and what a very long cable needs.

`pytest -s benchmarks/bench_build.py`; -s shows the memory.
"""

from __future__ import annotations

import json
import subprocess
import sys

import ranvier as rv

GiB = 2**30
COMPARTMENTS = 1_000_000
#: In a process of its own, because the peak of a process never falls.
PROGRAM = f"""
import json, resource, time
import numpy as np
import ranvier as rv

def peak_bytes():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

imported_bytes = peak_bytes()
model = rv.Model(
    sections=[rv.Section("cable", length_um=1e7, diameter_um=10.0, r_a_ohm_cm=100.0)],
    placements=[rv.Placement("leak", g_bar_S_cm2=1e-3, e_leak_mV=-65.0)],
)
start_s = time.perf_counter()
discretisation = rv.discretise(model, rv.FixedCount({COMPARTMENTS}))
clamp = rv.stimuli.CurrentClamp(
    waveform=rv.stimuli.Pulse(duration_ms=1e3), at=("cable", 0.0), amplitude_nA=1.0
)
simulation = rv.Simulation(
    discretisation, method=rv.methods.backward_euler(dt_ms=0.1), stimuli=[clamp], v_init_mV=-65.0
)
built_s = time.perf_counter()
simulation.advance(100)
end_s = time.perf_counter()
# All charge is on the membrane or has leaked: C dv/dt = I - g v, summed over the cable.
charge_nC = float(np.sum((simulation.v_mV + 65.0) * discretisation.capacitance_nF)) * 1e-3
decay_per_step = 1 / (1 + 0.1)
print(json.dumps({{
    "import_bytes": imported_bytes,
    "peak_bytes": peak_bytes(),
    "build_s": built_s - start_s,
    "steps_s": end_s - built_s,
    "charge_nC": charge_nC,
    "expected_charge_nC": 1e-3 * (1 - decay_per_step**100),
}}))
"""


def test_mrg_101_nodes(benchmark) -> None:
    fibre = rv.fibers.mrg(diameter_um=10.0, nodes=101)
    discretisation = benchmark(lambda: rv.discretise(fibre.model, fibre.mesh))
    assert len(discretisation) == 101 + 100 * 10


def test_squid_10_000_compartments(benchmark) -> None:
    fibre = rv.fibers.hodgkin_huxley(mesh=rv.FixedCount(10_000))
    discretisation = benchmark(lambda: rv.discretise(fibre.model, fibre.mesh))
    assert len(discretisation) == 10_000


def test_a_million_compartments_take_less_than_1_GiB() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    measured = json.loads(run.stdout)
    cost_ns = 1e9 * measured["steps_s"] / (100 * COMPARTMENTS)
    print(
        f"\n{COMPARTMENTS} passive compartments: peak memory "
        f"{measured['peak_bytes'] / GiB:.3f} GiB, of it {measured['import_bytes'] / GiB:.3f} after "
        f"import; {measured['build_s']:.2f} s to build, {measured['steps_s']:.2f} s for 100 steps "
        f"({cost_ns:.0f} ns per compartment-step)"
    )
    assert measured["peak_bytes"] < GiB
    expected_nC = measured["expected_charge_nC"]
    assert abs(measured["charge_nC"] - expected_nC) < 1e-6 * expected_nC
