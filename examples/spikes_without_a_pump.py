"""How many spikes an axon has in store: with its pump off, until they are a tenth or half smaller.

Each spike brings in sodium in proportion to the membrane, and the store goes with the volume: the
number goes with the diameter. One spike is simulated at each of several fillings, with what it
brings in and how large it is; the rest is an integral, as no leak at rest is to count. The numbers
computed elsewhere are for the same shock; at 99 % and 50 % of the height the two differ, by 18 and
4 %, and in between by less than 1 %.
"""

import matplotlib.pyplot as plt
import numpy as np

from ranvier import living

TEN_ms = 0.01
# A charge of 15 nC/cm2, which is 15 mV at once.
shock = living.pulses(1500.0, duration_ms=0.01, at_s=1e-3)
off = {"nak_kager.ouabain_fraction": 1.0}
thick = living.squid_axon(diameter_um=476).with_parameters(off)
start = {ion.name: ion.inside_mM for ion in thick.ions}


def spike(sodium_more_mM: float) -> tuple[float, float]:
    """(peak above rest in mV, sodium in pmol/cm2), with as much potassium less."""
    cell = thick.with_concentrations(
        {"na_in_mM": start["na"] + sodium_more_mM, "k_in_mM": start["k"] - sodium_more_mM}
    )
    rest_mV = living.rests(cell)[0].v_mV
    one = living.simulate(cell, t_stop_s=TEN_ms, steps=shock, v_init_mV=rest_mV)
    none = living.simulate(cell, t_stop_s=TEN_ms, v_init_mV=rest_mV)
    gained = [run.ledger()["na"].gained for run in (one, none)]
    return float(one.v_mV.max() - rest_mV), 1e3 * (gained[0] - gained[1])


more_mM = np.array([0, 2, 5, 10, 20, 35, 55, 80, 110, 140, 170, 200.0])
height_mV, load = np.array([spike(each) for each in more_mM]).T
share = height_mV / height_mV[0]
fine_mM = np.linspace(0, more_mM[-1], 2001)
loads = np.interp(fine_mM, more_mM, load)
# Spikes per cm of depth and mM: depth in um over 10 is nmol/cm2 per mM.
steps = np.diff(fine_mM) * 0.5 * (1 / loads[1:] + 1 / loads[:-1])
spikes_per_um = 1e3 / 10 * np.concatenate([[0.0], np.cumsum(steps)])
shares = np.interp(fine_mM, more_mM, share)

print(f"one spike of the thick axon: {height_mV[0]:.1f} mV, {load[0]:.2f} pmol/cm2 of sodium")
said = {
    476: "9.8e3, 4.4e4, 9.8e4, 2.3e5, 7.0e5",
    20: "412, 1838, 4125, 9604, 29609",
    1: "20, 91, 206, 480, 1480",
}
figure, axes = plt.subplots(layout="constrained", figsize=(6, 3.2))
print("spikes until 99, 95, 90, 80, 50 % of the height are left")
for diameter_um, expected in said.items():
    count = spikes_per_um * diameter_um / 4
    found = [float(np.interp(-each, -shares, count)) for each in (0.99, 0.95, 0.9, 0.8, 0.5)]
    print(
        f"{diameter_um:>4} um:", *(f"{n:.4g}" for n in found), f"  (computed elsewhere {expected})"
    )
    axes.semilogx(count[1:], 100 * shares[1:], label=f"{diameter_um} µm")
# The integral against spikes that were fired, one after the other.
thin = living.squid_axon(diameter_um=1).with_parameters(off)
ten = living.pulses(1500.0, duration_ms=0.01, at_s=[1e-3 + TEN_ms * n for n in range(10)])
quiet = living.simulate(thin, t_stop_s=10 * TEN_ms)
fired = living.simulate(thin, t_stop_s=10 * TEN_ms, steps=ten)
brought = fired.inside_mM["na"][-1] - quiet.inside_mM["na"][-1]
print(
    f"ten spikes fired in 1 um bring {brought:.3f} mM; ten of the first {0.1 * load[0] / 0.25:.3f}"
)
axes.set(xlabel="Spikes with the pump off", ylabel="Height of a spike (%)", xlim=(1, None))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figure.savefig("spikes_without_a_pump.png", dpi=110)
