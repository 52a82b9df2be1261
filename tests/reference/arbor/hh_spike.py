"""The problem of data/hh_spike.npz, read from that file, simulated by Arbor.

Arbor advances gates and potentials in another order than NEURON, so that the two agree to first
order in the step only: compare loosely.
"""

from __future__ import annotations

import json
from pathlib import Path

import arbor
import numpy as np
from arbor import units

DATA_FOLDER = Path(__file__).resolve().parents[1] / "data"


class SquidAxon(arbor.recipe):
    """One unbranched cable with Arbor's own Hodgkin-Huxley channels."""

    def __init__(self, parameters: dict) -> None:
        arbor.recipe.__init__(self)
        (section,) = parameters["sections"]
        stimulus = parameters["stimulus"]
        self.compartments = section["compartments"]
        self.probed = [probe["compartment"] for probe in parameters["probes"]]

        length_um, diameter_um = section["points_um"][-1]
        tree = arbor.segment_tree()
        tree.append(
            arbor.mnpos,
            arbor.mpoint(0, 0, 0, diameter_um / 2),
            arbor.mpoint(length_um, 0, 0, diameter_um / 2),
            tag=1,
        )
        decor = arbor.decor()
        decor.set_property(
            Vm=parameters["v_init_mV"] * units.mV,
            tempK=(parameters["temperature_degC"] + 273.15) * units.Kelvin,
            rL=section["r_a_ohm_cm"] * units.Ohm * units.cm,
            cm=section["c_m_uF_cm2"] * units.uF / units.cm2,
        )
        decor.set_ion("na", rev_pot=section["e_na_mV"] * units.mV)
        decor.set_ion("k", rev_pot=section["e_k_mV"] * units.mV)
        decor.paint("(all)", arbor.density("hh", section["mechanisms"]["hhx"]))
        clamp = arbor.i_clamp(
            stimulus["onset_ms"] * units.ms,
            stimulus["duration_ms"] * units.ms,
            stimulus["amplitude_nA"] * units.nA,
        )
        decor.place(self.centre(stimulus["compartment"]), clamp)
        policy = arbor.cv_policy_fixed_per_branch(self.compartments)
        self.cell = arbor.cable_cell(tree, decor, arbor.label_dict(), policy)
        self.properties = arbor.neuron_cable_properties()
        self.properties.catalogue = arbor.default_catalogue()

    def centre(self, compartment: int) -> str:
        return f"(location 0 {(compartment + 0.5) / self.compartments!r})"

    def num_cells(self) -> int:
        return 1

    def cell_kind(self, gid: int) -> arbor.cell_kind:
        return arbor.cell_kind.cable

    def cell_description(self, gid: int) -> arbor.cable_cell:
        return self.cell

    def global_properties(self, kind: arbor.cell_kind):
        return self.properties

    def probes(self, gid: int) -> list:
        return [
            arbor.cable_probe_membrane_voltage(self.centre(k), f"compartment_{k}")
            for k in self.probed
        ]


def main() -> None:
    with np.load(DATA_FOLDER / "hh_spike.npz") as neuron_file:
        parameters = json.loads(neuron_file["parameters"][()])
        neuron_v_mV = neuron_file["v_mV"]
    recipe = SquidAxon(parameters)
    simulation = arbor.simulation(recipe, arbor.context(threads=1))
    every_ms = parameters["stored_every_steps"] * parameters["dt_ms"]
    handles = [
        simulation.sample((0, f"compartment_{k}"), arbor.regular_schedule(every_ms * units.ms))
        for k in recipe.probed
    ]
    # Samples at the very end are taken only by a run that goes beyond it.
    simulation.run(
        (parameters["t_stop_ms"] + parameters["dt_ms"]) * units.ms,
        parameters["dt_ms"] * units.ms,
    )
    samples = [np.array(simulation.samples(handle)[0][0]) for handle in handles]
    t_ms = samples[0][:, 0]
    v_mV = np.array([sample[:, 1] for sample in samples])
    provenance = {
        "script": Path(__file__).name,
        "simulator": "Arbor",
        "simulator_version": arbor.__version__,
        "numpy_version": np.__version__,
        "scheme": "Arbor's fixed step, default catalogue's hh",
    }
    path = DATA_FOLDER / "hh_spike_arbor.npz"
    np.savez_compressed(
        path,
        parameters=np.array(json.dumps(parameters)),
        provenance=np.array(json.dumps(provenance)),
        t_ms=t_ms,
        v_mV=v_mV,
    )
    print(f"{path.name}: {path.stat().st_size / 1024:.1f} KiB")
    print(f"  peaks {v_mV.max(axis=1)} mV, NEURON's {neuron_v_mV.max(axis=1)} mV")
    print(f"  largest difference {np.abs(v_mV - neuron_v_mV).max():.4f} mV")


if __name__ == "__main__":
    main()
