"""W1, a spike along a squid axon, with Jaxley in double precision on one thread.

Jaxley's own Hodgkin-Huxley channel, with the squid's temperature factor put on its rates. Compiling
is outside the timed part.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import workload
from workload import W1, SquidCable

#: Of the installed solvers of the linear system, the fastest on one processor.
VOLTAGE_SOLVER = "jaxley.dhs.cpu"
Q10 = 3.0 ** ((W1.temperature_degC - 6.3) / 10.0)


def make_channel():
    """Returns the channel; a function, because its base class is Jaxley's."""
    channels = workload.require("jaxley.channels", "Jaxley", "pip install jaxley")

    def scaled(gate):
        return staticmethod(lambda v: tuple(Q10 * rate for rate in gate(v)))

    gates = {name: scaled(getattr(channels.HH, name)) for name in ("m_gate", "h_gate", "n_gate")}
    return type("SquidMembrane", (channels.HH,), gates)(name="HH")


def start():
    """Returns Jaxley and its jax, in double precision on one thread."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    jaxley = workload.require("jaxley", "Jaxley", "pip install jaxley")
    jax = workload.require("jax", "Jaxley", "pip install jaxley")
    jax.config.update("jax_platform_name", "cpu")
    jax.config.update("jax_enable_x64", True)
    return jaxley, jax


def build(jaxley, cable: SquidCable, compartments: int, dt_ms: float, probed: Sequence[int]):
    """Returns the cable with its recordings."""
    axon = jaxley.Cell(jaxley.Branch(jaxley.Compartment(), ncomp=compartments), parents=[-1])
    axon.insert(make_channel())
    for name, value in (
        ("length", cable.length_um / compartments),
        ("radius", cable.diameter_um / 2),
        ("axial_resistivity", cable.r_a_ohm_cm),
        ("capacitance", cable.c_m_uF_cm2),
        ("HH_gNa", cable.g_na_S_cm2),
        ("HH_gK", cable.g_k_S_cm2),
        ("HH_gLeak", cable.g_leak_S_cm2),
        ("HH_eNa", cable.e_na_mV),
        ("HH_eK", cable.e_k_mV),
        ("HH_eLeak", cable.e_leak_mV),
        ("v", cable.v_init_mV),
    ):
        axon.set(name, value)
    axon.init_states(delta_t=dt_ms)
    for k in probed:
        axon.branch(0).comp(k).record("v", verbose=False)
    return axon


def pulse_nA(cable: SquidCable, onset_ms: float, dt_ms: float, t_stop_ms: float) -> np.ndarray:
    """The stimulus, one value for each step."""
    middle_of_step_ms = (np.arange(round(t_stop_ms / dt_ms)) + 0.5) * dt_ms
    since_onset_ms = middle_of_step_ms - onset_ms
    is_on = (since_onset_ms > 0) & (since_onset_ms < cable.stimulus.duration_ms)
    return cable.stimulus.amplitude_nA * is_on


def main() -> None:
    parser = workload.arguments_w1(__doc__)
    parser.add_argument(
        "--method", choices=("backward_euler", "crank_nicolson"), default="backward_euler"
    )
    arguments = parser.parse_args()
    jaxley, jax = start()
    probed = W1.probed(arguments.compartments)
    axon = build(jaxley, W1, arguments.compartments, arguments.dt, probed)
    current_nA = pulse_nA(W1, W1.stimulus.onset_ms, arguments.dt, arguments.t_stop)
    axon.branch(0).comp(0).stimulate(current_nA, verbose=False)
    solver = "bwd_euler" if arguments.method == "backward_euler" else arguments.method
    integrate = (
        jax.jit(
            lambda: jaxley.integrate(
                axon, delta_t=arguments.dt, solver=solver, voltage_solver=VOLTAGE_SOLVER
            )
        )
        .lower()
        .compile()
    )
    timing = workload.measure(
        lambda: None,
        lambda: integrate().block_until_ready(),
        arguments.repeats,
        arguments.budget,
    )
    v_mV = np.asarray(integrate())
    workload.report(
        arguments,
        workload="W1",
        peer="Jaxley",
        version=jaxley.__version__,
        settings=f"{solver}, {VOLTAGE_SOLVER}, float64, jax {jax.__version__}",
        compartments=arguments.compartments,
        dt_ms=arguments.dt,
        timing=timing,
        t_ms=arguments.dt * np.arange(v_mV.shape[1]),
        v_mV=v_mV,
        threshold_mV=W1.threshold_mV,
        distance_mm=W1.distance_mm(arguments.compartments),
    )


if __name__ == "__main__":
    main()
