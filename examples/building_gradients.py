"""From equal concentrations, a pump takes hours to build the gradients of a large axon, and with
its channels live it never does."""

import matplotlib.pyplot as plt

from ranvier import living

axon = living.squid_axon(diameter_um=476)
cells = {
    "channels as open as at rest": living.without_gates(axon, -65.0),
    "channels live": axon,
}
figure, (above, below) = plt.subplots(2, 1, sharex=True, layout="constrained", figsize=(6, 4.6))
for name, cell in cells.items():
    start = living.equal_sides(cell)
    v_start_mV = living.rests(start)[0].v_mV
    result = living.simulate(start, t_stop_s=4e5, v_init_mV=v_start_mV)
    above.plot(result.t_s / 3600, result.v_mV, label=name)
    below.plot(result.t_s / 3600, result.inside_mM["k"], label=name)
    print(f"{name}: {result}")
    if cell is not axon:
        v_hours = result.when_s("v_mV", v_start_mV + 0.9 * (-65 - v_start_mV)) / 3600
        k_hours = result.when_s("k_in_mM", 18.68 + 0.9 * (400 - 18.68)) / 3600
        print(
            f"  90 % of v after {v_hours:.2f} h (6.4 expected), of K after {k_hours:.2f} h (14.4)"
        )
    else:
        stuck = living.steady_state(result.end(), v_guess_mV=float(result.v_mV[-1]))
        print(f"  stays at {stuck}")
        print("  (-18.9 mV expected): open channels at 0 mV leak more than the pump can move")
above.set_ylabel("Membrane potential (mV)")
below.set(xlabel="Time (h)", ylabel="K inside (mM)", xlim=(0, 60))
above.legend(frameon=False)
for axes in (above, below):
    axes.spines[["top", "right"]].set_visible(False)
figure.savefig("building_gradients.png", dpi=110)
