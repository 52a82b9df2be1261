"""What a blowfly's photoreceptor pays for resting depolarised: ATP per second, by its balance.

Channels in examples/mechanisms, after Heras et al. 2017, doi:10.1098/rsif.2016.0938. At every
potential the light conductance and the pump are found that keep sodium and potassium where they
are: `living.balance`.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import ranvier as rv
from ranvier import living, mechanisms

AREA_cm2 = 1.45e-4
NANO_S = 1e-9 / AREA_cm2  # one nS of the cell, in S/cm2
folder = Path(__file__).parent / "mechanisms"
fast, slow, light = (
    mechanisms.read(folder / f"{name}_blowfly.toml") for name in ("kf", "ks", "light")
)
cell = living.Patch(
    depth_um=1.0,  # plays no part at rest
    parts=[
        living.Part("k_leak", g_bar_S_cm2=4 * NANO_S),
        living.Part(fast, g_bar_S_cm2=60 * NANO_S),
        living.Part(slow, g_bar_S_cm2=120 * NANO_S),
        living.Part(light),
        living.Part("nak_kager"),
    ],
    ions=[
        rv.Ion("na", inside_mM=10.0, outside_mM=140.0),
        rv.Ion("k", inside_mM=140.0, outside_mM=140.0 * np.exp(-85.0 / 25.2617)),
    ],
    temperature_degC=20.0,
)


def atp_per_s(v_mV: float) -> float:
    """At rest there, all light current being sodium's."""
    found = living.balance(cell, v_mV=v_mV, unknowns=["light_blowfly", "nak_kager"])
    second = living.simulate(found.patch, t_stop_s=1.0, v_init_mV=v_mV)
    spent_nmol_cm2 = second.ledger().atp_nmol_cm2["nak_kager"]
    return spent_nmol_cm2 * 1e-9 * AREA_cm2 * 6.02214076e23


said = {-60.0: 8.7e8, -50.0: 2.8e9, -40.0: 7.8e9, -37.0: 1.03e10, -30.0: 1.85e10}
cost = {v_mV: atp_per_s(v_mV) for v_mV in said}
for v_mV, expected in said.items():
    share = cost[-60.0] / cost[v_mV]
    print(
        f"{v_mV:.0f} mV: {cost[v_mV]:.3g} ATP/s ({expected:.3g} computed elsewhere); "
        f"the dark rest is {100 * share:.0f} % of it"
    )
print("Books give 20 % or more of the cell's ATP for a rest at -30 mV. Niven et al. 2007,")
print("doi:10.1371/journal.pbio.0050116, have about 20 % of the maximum, for the dark rest at -60.")

figure, axes = plt.subplots(layout="constrained", figsize=(5.5, 3.2))
v = np.arange(-64.0, -27.0, 2.0)
axes.semilogy(v, [atp_per_s(each) for each in v], color="#0072B2")
axes.plot(list(said), list(said.values()), "o", color="#D55E00", label="computed elsewhere")
axes.set(xlabel="Resting potential (mV)", ylabel="ATP per second")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figure.savefig("photoreceptor.png", dpi=110)
