"""A point electrode beside the MRG fibre: potentials and thresholds of NEURON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.fields import PointSource
from ranvier.stimuli import Extracellular, Pulse
from ranvier.studies import Activation, ThresholdStatus, find_threshold

FILE = Path(__file__).parent / "data" / "mrg_field.npz"
ABOVE_THE_MIDDLE = PointSource(position_um=(0, 0, 1000.0), conductivity_S_m=0.3)

#: By step in ms: the ends of the bracket of NEURON's bisection to 1 % from -0.01 to -1 mA, and the
#: number that it prints. Passive end nodes, a pulse from 0 to 0.1 ms, a spike at node 18 of 21.
NEURON_mA = {0.005: (-0.182089844, -0.183056641), 0.001: (-0.180156250, -0.181123047)}


def test_potentials_under_an_electrode_are_neurons() -> None:
    stored = np.load(FILE)
    fibre = rv.fibers.mrg(nodes=21)
    grid = rv.discretise(fibre.model, fibre.mesh)
    stimulus = Extracellular(
        field=ABOVE_THE_MIDDLE,
        waveform=Pulse(onset_ms=0.1, duration_ms=0.1),
        amplitude_mA=-0.4,
    )
    np.testing.assert_allclose(stimulus.outside_mV(grid), stored["field_mV"], rtol=1e-12)
    rows = stored["probe_compartment"]
    result = rv.simulate(
        fibre,
        stimulus,
        rv.Probe("v_mV", rows.tolist()),
        t_stop_ms=3.0,
        v_init_mV=-80.0,
        method=rv.Method("backward_euler", dt_ms=0.005),
    )
    trace = result["v_mV"]
    difference_mV = np.abs(trace.values.T - stored["v_mV"])
    regions = [grid.section_regions[grid.section[row]] for row in rows]
    is_node = np.array([region == "node" for region in regions])
    is_over = trace.t_ms > 0.2001
    assert difference_mV[is_node].max() <= tolerances.NEURON_FIELD_NODE_mV
    assert difference_mV[~is_node].max() <= tolerances.NEURON_FIELD_INTERNODE_mV
    assert difference_mV[:, is_over].max() <= tolerances.NEURON_FIELD_NODE_mV * 10


@pytest.mark.parametrize("dt_ms", NEURON_mA)
def test_threshold_of_a_point_electrode_is_neurons(dt_ms: float) -> None:
    fibre = rv.fibers.mrg(nodes=21, passive_end_nodes=1)

    def stimulus(amplitude_mA: float) -> Extracellular:
        return Extracellular(
            field=ABOVE_THE_MIDDLE, waveform=Pulse(duration_ms=0.1), amplitude_mA=amplitude_mA
        )

    found = find_threshold(
        fibre,
        stimulus(-0.2),
        activation=Activation(at=("node[18]", 0.5), threshold_mV=-30.0),
        method=rv.Method("backward_euler", dt_ms=dt_ms),
        t_stop_ms=5.0,
        rtol=3e-5,
    )
    assert found.status is ThresholdStatus.FOUND
    silent_mA, active_mA = NEURON_mA[dt_ms]
    assert active_mA <= found.amplitude <= silent_mA
    # NEURON's own threshold at 5 us, to 0.01 %.
    if dt_ms == 0.005:
        relative = tolerances.NEURON_THRESHOLD_RELATIVE
        assert found.amplitude == pytest.approx(-0.183042, rel=relative)
    # The same bisection gives the same bracket.
    top, bottom = -1.0, -0.01
    while abs((top - bottom) / top) >= 0.01:
        middle = 0.5 * (top + bottom)
        top, bottom = (middle, bottom) if middle <= found.amplitude else (top, middle)
    assert top == pytest.approx(active_mA, rel=tolerances.NEURON_BRACKET_RELATIVE)
