"""Raising outer potassium: rest rises and the threshold falls, then the membrane fires by itself,
then it is blocked."""

import matplotlib.pyplot as plt

import ranvier as rv
from ranvier import living

# Squid channels in the salts of a mammal, which rest at -65 mV in 4 mM of potassium.
names = ("na_hh", "k_hh", "na_leak", "k_leak", "nak_kager")
cell = living.Patch(
    diameter_um=10,
    parts=[living.Part(name) for name in names],
    ions=[
        rv.Ion("na", inside_mM=12, outside_mM=140),
        rv.Ion("k", inside_mM=140, outside_mM=4),
    ],
    temperature_degC=18.5,
)
leaks = ("na_leak", "k_leak")
balance = living.balance(cell, v_mV=-65, unknowns=[*leaks, "nak_kager"], sums={leaks: 3e-4})


def in_potassium(k_mM: float) -> living.Patch:
    return balance.patch.with_concentrations({"k_out_mM": k_mM})


def response(
    k_mM: float, injected_uA_cm2: float, rest_mV: float, t_stop_s: float = 0.003
) -> living.LivingResult:
    pulse = living.pulses(injected_uA_cm2, duration_ms=0.1, at_s=1e-4)
    return living.simulate(
        in_potassium(k_mM),
        t_stop_s=t_stop_s,
        steps=pulse,
        v_init_mV=rest_mV,
        relative_tolerance=1e-5,
    )


def threshold_uA_cm2(k_mM: float, rest_mV: float) -> float:
    """By halving: the least pulse of 0.1 ms that takes the membrane above -10 mV."""
    low, high = 0.0, 128.0
    while high - low > 0.5:
        middle = 0.5 * (low + high)
        is_spike = response(k_mM, middle, rest_mV).v_mV.max() > -10
        low, high = (low, middle) if is_spike else (middle, high)
    return high


for k_mM in (4, 5, 6, 8):
    rest_mV = living.rests(in_potassium(k_mM))[0].v_mV
    threshold = threshold_uA_cm2(k_mM, rest_mV)
    print(f"{k_mM:>2} mM: rest {rest_mV:.1f} mV, threshold {threshold:.1f} uA/cm2")
figure, every = plt.subplots(1, 4, sharey=True, layout="constrained", figsize=(8, 2.6))
for axes, k_mM in zip(every, (4, 8, 10, 20), strict=True):
    (rest,) = living.rests(in_potassium(k_mM))
    result = response(k_mM, 60.0, rest.v_mV, 0.04)
    axes.plot(1e3 * result.t_s, result.v_mV, lw=1)
    axes.set(title=f"{k_mM} mM", xlabel="Time (ms)")
    axes.spines[["top", "right"]].set_visible(False)
    if k_mM >= 10:
        spikes = len(result.spikes_s(-10.0))
        print(f"{k_mM:>2} mM: {rest}, {spikes} spikes in 40 ms")
every[0].set_ylabel("Membrane potential (mV)")
print(
    "60 uA/cm2 for 0.1 ms are too little in 4 mM, and in 8 begin a train; in 10 mM none is needed,"
)
print("and in 20 sodium channels stay inactivated: blocked.")
figure.savefig("outer_potassium.png", dpi=110)
