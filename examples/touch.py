"""A touch, as a receptor potential that grows with it, up to the spike: channels opened by tension.

A patch of squid axon with `stretch_leak`, pulled for 50 ms. Small pulls leave a graded potential,
which follows the tension and adapts; a larger one fires once, as the channels shut again, and a
strong one goes on firing.
"""

from dataclasses import replace

import matplotlib.pyplot as plt

from ranvier import living

PULLED_s = (0.02, 0.07)
axon = living.squid_axon(diameter_um=10)
ending = replace(axon, parts=[*axon.parts, living.Part("stretch_leak", g_bar_S_cm2=1e-3)])
(rest,) = living.rests(ending)
print(f"at no tension the ending rests at {rest.v_mV:.2f} mV, the axon at -65")

figure, (above, below) = plt.subplots(
    2, 1, sharex=True, layout="constrained", figsize=(6, 4), height_ratios=(1, 3)
)
for tension_mN_m in (0.5, 0.8, 0.9, 1.0, 1.4):
    steps = [
        living.Step("stretch_leak.tension_mN_m", tension_mN_m, PULLED_s[0]),
        living.Step("stretch_leak.tension_mN_m", 0.0, PULLED_s[1]),
    ]
    result = living.simulate(ending, t_stop_s=0.1, steps=steps, v_init_mV=rest.v_mV)
    spikes = result.spikes_s(0.0)
    peak_mV = result.v_mV.max() - rest.v_mV
    late_mV = result.v_mV[result.t_s < PULLED_s[1]][-1] - rest.v_mV
    print(
        f"{tension_mN_m} mN/m: {peak_mV:.1f} mV at most, {late_mV:.1f} mV after 50 ms, "
        f"spikes: {spikes.size}"
    )
    above.step([0, *(1e3 * s for s in PULLED_s), 100], [0, tension_mN_m, 0, 0], where="post")
    below.plot(1e3 * result.t_s, result.v_mV, label=f"{tension_mN_m} mN/m")
above.set(ylabel="mN/m")
below.set(xlabel="Time (ms)", ylabel="mV")
below.legend(frameon=False)
for axes in (above, below):
    axes.spines[["top", "right"]].set_visible(False)
figure.savefig("touch.png", dpi=110)
