"""A spike along the Hodgkin-Huxley squid axon: 476 um, 30 mm, 150 compartments, 18.5 degC."""

from __future__ import annotations

import simulator
import tree_model
from tree_model import cylinder

LENGTH_um = 30e3
COMPARTMENTS = 150
SQUID = {"gnabar": 0.12, "gkbar": 0.036, "gl": 0.0003, "el": -54.387}

PARAMETERS = {
    "temperature_degC": 18.5,
    "v_init_mV": -65.0,
    "dt_ms": 0.005,
    "t_stop_ms": 6.0,
    "stored_every_steps": 4,
    "sections": [
        cylinder(
            "axon",
            LENGTH_um,
            476.0,
            COMPARTMENTS,
            r_a_ohm_cm=35.4,
            c_m_uF_cm2=1.0,
            mechanisms={"hhx": SQUID},
            e_na_mV=50.0,
            e_k_mV=-77.0,
        )
    ],
    "stimulus": {
        "section": "axon",
        "compartment": 0,
        "onset_ms": 0.5,
        "duration_ms": 0.5,
        "amplitude_nA": 10e3,
    },
    # The compartments that begin at 0.1, 0.3, 0.5, 0.7 and 0.9 of the length.
    "probes": [{"section": "axon", "compartment": k} for k in (15, 45, 75, 105, 135)],
}


def main() -> None:
    simulator.load_mechanisms(__doc__)
    arrays = tree_model.run(
        "hh_spike",
        __file__,
        PARAMETERS,
        gate_probes=[{"section": "axon", "compartment": 75}],
        threshold_mV=0.0,
    )
    crossing_ms = arrays["crossing_ms"]
    distance_mm = 1e-3 * LENGTH_um * (105 - 45) / COMPARTMENTS
    print(f"  compartments 45 to 105: {distance_mm / (crossing_ms[105] - crossing_ms[45]):.6f} m/s")
    print(f"  peak of every probe: {arrays['v_mV'].max(axis=1)} mV")


if __name__ == "__main__":
    main()
