"""The squid's membrane in Brian2's words, and how its generated programs are run."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import workload
from workload import SquidCable, Timing

CABLE = """
Im = g_leak*(e_leak - v) + g_na*m**3*h*(e_na - v) + g_k*n**4*(e_k - v) : amp/meter**2
dm/dt = q10*(alpha_m*(1 - m) - beta_m*m) : 1
dh/dt = q10*(alpha_h*(1 - h) - beta_h*h) : 1
dn/dt = q10*(alpha_n*(1 - n) - beta_n*n) : 1
alpha_m = 1/exprel(-(v/mV + 40)/10)/ms : Hz
beta_m = 4*exp(-(v/mV + 65)/18)/ms : Hz
alpha_h = 0.07*exp(-(v/mV + 65)/20)/ms : Hz
beta_h = 1/(exp(-(v/mV + 35)/10) + 1)/ms : Hz
alpha_n = 0.1/exprel(-(v/mV + 55)/10)/ms : Hz
beta_n = 0.125*exp(-(v/mV + 65)/80)/ms : Hz
"""


def make_neuron(brian2, morphology, cable: SquidCable, stimulus_equation: str, **names):
    """A cable at its initial potential, with gates in their steady state."""
    siemens_cm2 = brian2.siemens / brian2.cm**2
    constants = {
        "g_na": cable.g_na_S_cm2 * siemens_cm2,
        "g_k": cable.g_k_S_cm2 * siemens_cm2,
        "g_leak": cable.g_leak_S_cm2 * siemens_cm2,
        "e_na": cable.e_na_mV * brian2.mV,
        "e_k": cable.e_k_mV * brian2.mV,
        "e_leak": cable.e_leak_mV * brian2.mV,
        "q10": 3.0 ** ((cable.temperature_degC - 6.3) / 10.0),
    }
    neuron = brian2.SpatialNeuron(
        morphology=morphology,
        model=CABLE + stimulus_equation,
        Cm=cable.c_m_uF_cm2 * brian2.uF / brian2.cm**2,
        Ri=cable.r_a_ohm_cm * brian2.ohm * brian2.cm,
        method="exponential_euler",
        namespace=constants | names,
    )
    neuron.v = cable.v_init_mV * brian2.mV
    for gate, (alpha, beta) in rates(cable.v_init_mV).items():
        setattr(neuron, gate, alpha / (alpha + beta))
    return neuron


def rates(v_mV: float) -> dict[str, tuple[float, float]]:
    m, n = (v_mV + 40) / 10, (v_mV + 55) / 10
    return {
        "m": (m / (1 - np.exp(-m)), 4 * np.exp(-(v_mV + 65) / 18)),
        "h": (0.07 * np.exp(-(v_mV + 65) / 20), 1 / (np.exp(-(v_mV + 35) / 10) + 1)),
        "n": (0.1 * n / (1 - np.exp(-n)), 0.125 * np.exp(-(v_mV + 65) / 80)),
    }


@contextlib.contextmanager
def standalone() -> Iterator[tuple[object, Path]]:
    """Brian2, set to write a C++ program into the folder, which is removed in the end."""
    brian2 = workload.require("brian2", "Brian2", "pip install brian2 'numpy<2'")
    folder = Path(tempfile.mkdtemp(prefix="brian2_"))
    try:
        brian2.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
        yield brian2, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compile_and_time(brian2, folder: Path, repeats: int, budget_s: float) -> Timing:
    """Compiles what was set up and runs it. Its own clock, around the steps, is CPU time."""
    brian2.device.build(directory=str(folder), compile=True, run=False)
    brian2.device.run(str(folder), with_output=False, run_args=[])
    times_s: list[float] = []
    while len(times_s) < max(repeats, 1) and (not times_s or sum(times_s) < budget_s):
        subprocess.run(["./main"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        times_s.append(float((folder / "results" / "last_run_info.txt").read_text().split()[0]))
    return Timing(
        wall_s=statistics.median(times_s),
        best_s=min(times_s),
        best_cpu_s=min(times_s),
        runs=len(times_s),
        clean_runs=len(times_s),
    )
