"""A spike down a myelinated motor fibre: its velocity, and a picture of it."""

import ranvier as rv

fibre = rv.fibers.mrg(diameter_um=10, nodes=21)
pulse = rv.stimuli.CurrentClamp(
    waveform=rv.stimuli.Pulse(onset_ms=0.1, duration_ms=0.1),
    at=("node[0]", 0.5),
    amplitude_nA=2.0,
)
result = rv.simulate(fibre, pulse, rv.Probe("v_mV", every_ms=0.01), t_stop_ms=2.0)

velocity = rv.analysis.conduction_velocity(result)
print(velocity)

spike = result["v_mV"]
print(rv.analysis.spike_shape(spike.t_ms, spike.values[:, spike.column(110)]))  # node[10]
rv.plot.overview(result, velocity).savefig("spike_along_a_fibre.png", dpi=150)
