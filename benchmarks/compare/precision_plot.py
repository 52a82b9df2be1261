"""The picture of error against time: a row per workload, one panel each for velocity and v(t)."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

#: One colour per simulator (Okabe & Ito), readable with any colour vision.
COLOURS = {
    "ranvier": "#000000",
    "NEURON": "#0072B2",
    "CoreNEURON": "#56B4E9",
    "Jaxley": "#D55E00",
    "Arbor": "#009E73",
}
MARKERS = {"backward_euler": "o", "crank_nicolson": "s", "cvode": "D", "fixed_step": "v"}
OTHER_MARKERS = ("^", "P", "X", "*", "p", "h", ">", "<", "8")
LABELS = {
    "backward_euler": "backward Euler",
    "crank_nicolson": "Crank-Nicolson",
    "cvode": "CVODE",
    "fixed_step": "fixed step",
}
PANELS = {
    "velocity_error_percent": ("velocity error, %", 0.1),
    "v_error_mV": ("largest error of v(t), mV", 1.0),
}
TITLES = {"squid": "squid axon, 2000 compartments", "mrg": "MRG 10 um, 101 nodes"}


def draw(measurements: list[dict], file: Path) -> None:
    """Draws what `work_precision.py` measured; runs without a spike have no place in it."""
    names = [name for name in TITLES if any(each["workload"] == name for each in measurements)]
    methods = sorted({each["method"] for each in measurements} - set(MARKERS))
    markers = MARKERS | dict(zip(methods, OTHER_MARKERS, strict=False))
    figure, axes = plt.subplots(
        len(names), 2, figsize=(11.5, 4.6 * len(names)), squeeze=False, layout="constrained"
    )
    for row, name in zip(axes, names, strict=True):
        lines = {}
        for each in measurements:
            if each["workload"] == name and each.get("velocity_error_percent"):
                lines.setdefault((each["simulator"], each["method"]), []).append(each)
        for panel, (key, (label, target)) in zip(row, PANELS.items(), strict=True):
            panel.axhline(target, color="0.75", linewidth=1.0, zorder=0)
            panel.annotate(
                f"{target:g}",
                (1.0, target),
                xycoords=("axes fraction", "data"),
                xytext=(-3, 2),
                textcoords="offset points",
                ha="right",
                color="0.5",
                fontsize=8,
            )
            for (simulator, method), found in lines.items():
                panel.loglog(
                    [each["wall_s"] for each in found],
                    [abs(each[key]) for each in found],
                    color=COLOURS.get(simulator, "0.5"),
                    marker=markers.get(method, "."),
                    markersize=8.0,
                    markeredgecolor="white",
                    markeredgewidth=0.7,
                    linewidth=1.6 if simulator == "ranvier" else 1.0,
                    zorder=3 if simulator == "ranvier" else 2,
                    label=f"{simulator}, {LABELS.get(method, method)}",
                )
            # Below, a velocity is that good by chance, or no worse than the reference.
            panel.set_ylim(bottom=max(panel.get_ylim()[0], 1e-5))
            panel.set_xlabel("time of the stepping loop, s")
            panel.set_ylabel(label)
            panel.grid(visible=True, which="major", color="0.92", linewidth=0.6)
        row[0].set_title(TITLES[name], loc="left")
        row[1].legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), frameon=False, fontsize=9)
    figure.savefig(file, dpi=150)
    plt.close(figure)
