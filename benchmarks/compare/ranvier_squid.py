"""W1, a spike along a squid axon, with ranvier on one thread."""

from __future__ import annotations

import ranvier_run
import workload
from workload import W1, SquidCable

import ranvier as rv


def build(cable: SquidCable) -> rv.Model:
    """A workload's own constants, which differ from those of `fibers.hodgkin_huxley`."""
    return rv.Model(
        sections=[
            rv.Section(
                "axon",
                length_um=cable.length_um,
                diameter_um=cable.diameter_um,
                r_a_ohm_cm=cable.r_a_ohm_cm,
                c_m_uF_cm2=cable.c_m_uF_cm2,
            )
        ],
        placements=[
            rv.Placement("na_hh", g_bar_S_cm2=cable.g_na_S_cm2),
            rv.Placement("k_hh", g_bar_S_cm2=cable.g_k_S_cm2),
            rv.Placement("leak", g_bar_S_cm2=cable.g_leak_S_cm2, e_leak_mV=cable.e_leak_mV),
        ],
        ions=[rv.Ion("na", e_mV=cable.e_na_mV), rv.Ion("k", e_mV=cable.e_k_mV)],
        temperature_degC=cable.temperature_degC,
    )


def main() -> None:
    parser = workload.arguments_w1(__doc__)
    ranvier_run.add_arguments(parser)
    arguments = parser.parse_args()
    ranvier_run.measure_and_report(
        "W1",
        arguments,
        rv.discretise(build(W1), rv.FixedCount(arguments.compartments)),
        stimulus=W1.stimulus,
        stimulated=0,
        probed=list(W1.probed(arguments.compartments)),
        threshold_mV=W1.threshold_mV,
        distance_mm=W1.distance_mm(arguments.compartments),
        v_init_mV=W1.v_init_mV,
    )


if __name__ == "__main__":
    main()
