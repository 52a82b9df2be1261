"""W1, a spike along a squid axon, with Jaxley in double precision on one thread.

Jaxley's own Hodgkin-Huxley channel, with the squid's temperature factor put on its rates. Compiling
is outside the timed part.
"""

from __future__ import annotations

import os

import numpy as np
import workload
from workload import W1

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


def build(jaxley, arguments):
    """Returns the cable with its clamp and its recordings."""
    compartments = arguments.compartments
    axon = jaxley.Cell(jaxley.Branch(jaxley.Compartment(), ncomp=compartments), parents=[-1])
    axon.insert(make_channel())
    for name, value in (
        ("length", W1.length_um / compartments),
        ("radius", W1.diameter_um / 2),
        ("axial_resistivity", W1.r_a_ohm_cm),
        ("capacitance", W1.c_m_uF_cm2),
        ("HH_gNa", W1.g_na_S_cm2),
        ("HH_gK", W1.g_k_S_cm2),
        ("HH_gLeak", W1.g_leak_S_cm2),
        ("HH_eNa", W1.e_na_mV),
        ("HH_eK", W1.e_k_mV),
        ("HH_eLeak", W1.e_leak_mV),
        ("v", W1.v_init_mV),
    ):
        axon.set(name, value)
    axon.init_states(delta_t=arguments.dt)
    middle_of_step_ms = (np.arange(round(arguments.t_stop / arguments.dt)) + 0.5) * arguments.dt
    since_onset_ms = middle_of_step_ms - W1.stimulus.onset_ms
    is_on = (since_onset_ms > 0) & (since_onset_ms < W1.stimulus.duration_ms)
    axon.branch(0).comp(0).stimulate(W1.stimulus.amplitude_nA * is_on, verbose=False)
    for k in W1.probed(compartments):
        axon.branch(0).comp(k).record("v", verbose=False)
    return axon


def main() -> None:
    parser = workload.arguments_w1(__doc__)
    parser.add_argument(
        "--method", choices=("backward_euler", "crank_nicolson"), default="backward_euler"
    )
    arguments = parser.parse_args()
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    jaxley = workload.require("jaxley", "Jaxley", "pip install jaxley")
    jax = workload.require("jax", "Jaxley", "pip install jaxley")
    jax.config.update("jax_platform_name", "cpu")
    jax.config.update("jax_enable_x64", True)
    axon = build(jaxley, arguments)
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
