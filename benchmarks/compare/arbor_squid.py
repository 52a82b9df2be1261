"""W1, a spike along a squid axon, with Arbor's own channels on one thread."""

from __future__ import annotations

import numpy as np
import workload
from workload import W1


def make_recipe(arbor, compartments: int):
    """Returns a recipe of the one cable; a function, because its base class is Arbor's."""
    units = arbor.units

    class SquidAxon(arbor.recipe):
        def __init__(self) -> None:
            arbor.recipe.__init__(self)
            radius_um = W1.diameter_um / 2
            tree = arbor.segment_tree()
            tree.append(
                arbor.mnpos,
                arbor.mpoint(0, 0, 0, radius_um),
                arbor.mpoint(W1.length_um, 0, 0, radius_um),
                tag=1,
            )
            decor = arbor.decor()
            decor.set_property(
                Vm=W1.v_init_mV * units.mV,
                tempK=(W1.temperature_degC + 273.15) * units.Kelvin,
                rL=W1.r_a_ohm_cm * units.Ohm * units.cm,
                cm=W1.c_m_uF_cm2 * units.uF / units.cm2,
            )
            decor.set_ion("na", rev_pot=W1.e_na_mV * units.mV)
            decor.set_ion("k", rev_pot=W1.e_k_mV * units.mV)
            channels = arbor.density(
                "hh",
                {
                    "gnabar": W1.g_na_S_cm2,
                    "gkbar": W1.g_k_S_cm2,
                    "gl": W1.g_leak_S_cm2,
                    "el": W1.e_leak_mV,
                },
            )
            decor.paint("(all)", channels)
            clamp = arbor.i_clamp(
                W1.stimulus.onset_ms * units.ms,
                W1.stimulus.duration_ms * units.ms,
                W1.stimulus.amplitude_nA * units.nA,
            )
            decor.place(self.centre(0), clamp)
            policy = arbor.cv_policy_fixed_per_branch(compartments)
            self.cell = arbor.cable_cell(tree, decor, arbor.label_dict(), policy)
            self.properties = arbor.neuron_cable_properties()
            self.properties.catalogue = arbor.default_catalogue()

        def centre(self, compartment: int) -> str:
            return f"(location 0 {(compartment + 0.5) / compartments!r})"

        def num_cells(self) -> int:
            return 1

        def cell_kind(self, gid: int):
            return arbor.cell_kind.cable

        def cell_description(self, gid: int):
            return self.cell

        def global_properties(self, kind):
            return self.properties

        def probes(self, gid: int) -> list:
            return [
                arbor.cable_probe_membrane_voltage(self.centre(k), f"probe_{k}")
                for k in W1.probed(compartments)
            ]

    return SquidAxon()


def main() -> None:
    arguments = workload.arguments_w1(__doc__).parse_args()
    arbor = workload.require("arbor", "Arbor", "pip install arbor")
    units = arbor.units
    simulation = arbor.simulation(
        make_recipe(arbor, arguments.compartments), arbor.context(threads=1)
    )
    handles = [
        simulation.sample((0, f"probe_{k}"), arbor.regular_schedule(arguments.dt * units.ms))
        for k in W1.probed(arguments.compartments)
    ]
    timing = workload.measure(
        simulation.reset,
        lambda: simulation.run(arguments.t_stop * units.ms, arguments.dt * units.ms),
        arguments.repeats,
        arguments.budget,
    )
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
        threshold_mV=W1.threshold_mV,
        distance_mm=W1.distance_mm(arguments.compartments),
    )


if __name__ == "__main__":
    main()
