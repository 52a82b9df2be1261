"""A cell that never rests: Noble's Purkinje fibre, which paces itself.

Noble 1962, doi:10.1113/jphysiol.1962.sp006849: Hodgkin and Huxley's equations with a potassium
conductance that turns off when the cell depolarises, so that spikes last 300 ms.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import ranvier as rv
from ranvier import living, mechanisms

folder = Path(__file__).parent / "mechanisms"
figure, every = plt.subplots(2, 1, sharex=True, layout="constrained", figsize=(6, 4))
said = {0.0: (839.5, 28.1, -84.7), 0.075: (564.2, 23.4, -81.6)}
for axes, (leak_mS_cm2, expected) in zip(every, said.items(), strict=True):
    cell = living.Patch(
        diameter_um=50,
        c_m_uF_cm2=12,
        parts=[
            living.Part(mechanisms.read(folder / "na_noble.toml")),
            living.Part(mechanisms.read(folder / "k_noble.toml")),
            living.Part("leak", g_bar_S_cm2=1e-3 * leak_mS_cm2, e_leak_mV=-60),
        ],
        ions=[rv.Ion("na", e_mV=40), rv.Ion("k", e_mV=-100)],
        temperature_degC=37,
    )
    (rest,) = living.rests(cell)
    result = living.simulate(cell, t_stop_s=5.0, v_init_mV=-80)
    beats_s = result.spikes_s(-20.0)
    period_ms = 1e3 * float(np.diff(beats_s)[-1])
    late = result.t_s > 3.0
    high, low = result.v_mV[late].max(), result.v_mV[late].min()
    print(f"leak {leak_mS_cm2:g} mS/cm2: {period_ms:.1f} ms, {high:.1f} to {low:.1f} mV ", end="")
    print(f"(computed elsewhere {expected}); its only rest, {rest}")
    axes.plot(result.t_s, result.v_mV, lw=1)
    axes.set(ylabel="mV", title=f"leak {leak_mS_cm2:g} mS/cm²", xlim=(0, 4))
    axes.spines[["top", "right"]].set_visible(False)
every[-1].set_xlabel("Time (s)")
figure.savefig("pacemaker.png", dpi=110)
