"""W1, a spike along a squid axon, with Arbor's own channels on one thread."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

import numpy as np
import workload
from workload import SquidCable, Timing


def make_recipe(
    arbor,
    cable: SquidCable,
    compartments: int,
    onsets_ms: Sequence[float],
    watched: Mapping[int, Sequence[int]],
):
    """Returns a recipe of one cable for each onset; `watched` has compartments by cable.

    A function, because the base class is Arbor's.
    """
    units = arbor.units
    tree = arbor.segment_tree()
    radius_um = cable.diameter_um / 2
    ends = [arbor.mpoint(x_um, 0, 0, radius_um) for x_um in (0, cable.length_um)]
    tree.append(arbor.mnpos, *ends, tag=1)
    policy = arbor.cv_policy_fixed_per_branch(compartments)

    def centre(compartment: int) -> str:
        return f"(location 0 {(compartment + 0.5) / compartments!r})"

    class SquidAxons(arbor.recipe):
        def __init__(self) -> None:
            arbor.recipe.__init__(self)
            self.properties = arbor.neuron_cable_properties()
            self.properties.catalogue = arbor.default_catalogue()

        def num_cells(self) -> int:
            return len(onsets_ms)

        def cell_kind(self, gid: int):
            return arbor.cell_kind.cable

        def cell_description(self, gid: int):
            decor = arbor.decor()
            decor.set_property(
                Vm=cable.v_init_mV * units.mV,
                tempK=(cable.temperature_degC + 273.15) * units.Kelvin,
                rL=cable.r_a_ohm_cm * units.Ohm * units.cm,
                cm=cable.c_m_uF_cm2 * units.uF / units.cm2,
            )
            decor.set_ion("na", rev_pot=cable.e_na_mV * units.mV)
            decor.set_ion("k", rev_pot=cable.e_k_mV * units.mV)
            channels = arbor.density(
                "hh",
                {
                    "gnabar": cable.g_na_S_cm2,
                    "gkbar": cable.g_k_S_cm2,
                    "gl": cable.g_leak_S_cm2,
                    "el": cable.e_leak_mV,
                },
            )
            decor.paint("(all)", channels)
            clamp = arbor.i_clamp(
                onsets_ms[gid] * units.ms,
                cable.stimulus.duration_ms * units.ms,
                cable.stimulus.amplitude_nA * units.nA,
            )
            decor.place(centre(0), clamp)
            return arbor.cable_cell(tree, decor, arbor.label_dict(), policy)

        def global_properties(self, kind):
            return self.properties

        def probes(self, gid: int) -> list:
            return [
                arbor.cable_probe_membrane_voltage(centre(k), f"probe_{k}")
                for k in watched.get(gid, ())
            ]

    return SquidAxons()


def measure(simulation, arguments: argparse.Namespace, units) -> Timing:
    return workload.measure(
        simulation.reset,
        lambda: simulation.run(arguments.t_stop * units.ms, arguments.dt * units.ms),
        arguments.repeats,
        arguments.budget,
    )


def main() -> None:
    parser = workload.arguments_w1(__doc__)
    workload.add_length_argument(parser)
    arguments = parser.parse_args()
    cable = workload.cable_w1(arguments)
    arbor = workload.require("arbor", "Arbor", "pip install arbor")
    units = arbor.units
    probed = cable.probed(arguments.compartments)
    recipe = make_recipe(
        arbor, cable, arguments.compartments, [cable.stimulus.onset_ms], watched={0: probed}
    )
    simulation = arbor.simulation(recipe, arbor.context(threads=1))
    handles = [
        simulation.sample((0, f"probe_{k}"), arbor.regular_schedule(arguments.dt * units.ms))
        for k in probed
    ]
    timing = measure(simulation, arguments, units)
    samples = [np.array(simulation.samples(handle)[0][0]) for handle in handles]
    configuration = arbor.config()
    workload.report(
        arguments,
        workload="W1",
        peer="Arbor",
        version=arbor.__version__,
        settings=f"default catalogue, arch {configuration['arch']}",
        compartments=arguments.compartments,
        dt_ms=arguments.dt,
        timing=timing,
        t_ms=samples[0][:, 0],
        v_mV=np.array([sample[:, 1] for sample in samples]),
        threshold_mV=cable.threshold_mV,
        distance_mm=cable.distance_mm(arguments.compartments),
    )


if __name__ == "__main__":
    main()
