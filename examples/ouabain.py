"""Poison an axon's pump: a small jump at once, then run-down over hours, in thin axons seconds."""

import matplotlib.pyplot as plt

import ranvier as rv
from ranvier import living

poison = [living.Step("nak_kager.ouabain_fraction", 1.0)]

# What the pump's own current is worth, before and after.
axon = living.squid_axon(diameter_um=476)
blocked = axon.with_parameters({"nak_kager.ouabain_fraction": 1.0})
jump_mV = living.rests(blocked)[0].v_mV - living.rests(axon)[0].v_mV
passive = living.without_gates(axon, -65.0)
passive_mV = living.rests(passive.with_parameters({"nak_kager.ouabain_fraction": 1.0}))[0].v_mV - (
    -65.0
)
print(f"at once the pump's own current is missed by {jump_mV:.2f} mV (2.46 expected),")
print(f"of which gates take some back: {passive_mV:.2f} mV with gates held (5.19)")

print(f"{'diameter':>9} {'-55 mV':>10} {'-40 mV':>10} {'-10 mV':>10}   computed elsewhere")
expected = {476: "5.28, 6.73, 7.89 h", 20: "800, 1021, 1191 s", 1: "40, 51, 60 s"}
figure, axes = plt.subplots(layout="constrained", figsize=(6, 3.2))
for diameter_um, said in expected.items():
    cell = living.squid_axon(diameter_um=diameter_um)
    # Times go with the volume behind each um2 of membrane, so with the diameter.
    result = living.simulate(cell, t_stop_s=90.0 * diameter_um, steps=poison)
    unit_s, unit = (3600.0, "h") if diameter_um > 100 else (1.0, "s")
    times = [result.when_s("v_mV", v_mV) / unit_s for v_mV in (-55.0, -40.0, -10.0)]
    print(f"{diameter_um:>6} um", *(f"{t:>8.4g} {unit}" for t in times), f"  {said}")
    axes.semilogx(result.t_s[1:], result.v_mV[1:], label=f"{diameter_um} µm")
axes.set(xlabel="Time after ouabain (s)", ylabel="Membrane potential (mV)", xlim=(0.1, None))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figure.savefig("ouabain.png", dpi=110)

# Poisoned after 2 hours, washed after 4 more: the books of a recovery.
washed = [
    living.Step("nak_kager.ouabain_fraction", 1.0, at_s=2 * 3600),
    living.Step("nak_kager.ouabain_fraction", 0.0, at_s=6 * 3600),
]
result = living.simulate(axon, t_stop_s=24 * 3600, steps=washed)
print(result, result.ledger(), sep="\n")
rv.plot.living(result).savefig("ouabain_ledger.png", dpi=110)
