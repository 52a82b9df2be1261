"""A living patch: its potential, its ions, what moved them and what that cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ranvier.plot import _canvas as canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ranvier.living import LivingResult

COLOURS = {
    "na": canvas.VERMILION,
    "k": canvas.BLUE,
    "cl": canvas.GREEN,
    "ca": canvas.PURPLE,
}
NAMES = {"na": "Na", "k": "K", "cl": "Cl", "ca": "Ca", "mg": "Mg"}
#: From so many seconds on, time is in another unit.
UNITS = ((7200.0, 3600.0, "h"), (120.0, 60.0, "min"), (0.5, 1.0, "s"), (0.0, 1e-3, "ms"))


def living(result: LivingResult) -> Figure:
    """Potential with reversal potentials, concentrations, the ledger, and ATP, over one time axis.

    The ledger is what each part has carried outward, in nmol per cm2 of membrane. Raises
    ImportError without matplotlib and ValueError for a result without samples.
    """
    if result.t_s.size == 0:
        raise ValueError("result: has no samples, expected one or more")
    scale_s, unit = time_unit(float(result.t_s[-1]))
    t = result.t_s / scale_s
    atp = result.atp_nmol_cm2
    rows = 4 if atp else 3
    figure = canvas.new_figure(7.0, 1.9 * rows)
    every = figure.subplots(rows, 1, sharex=True)
    for axes in every:
        canvas.tidy(axes)
    _potentials(every[0], result, t)
    _concentrations(every[1], result, t)
    _moved(every[2], result, t)
    if atp:
        canvas.panel_title(every[3], "ATP spent")
        for part, amount in atp.items():
            every[3].plot(t, amount, color=canvas.ORANGE, label=part)
        every[3].set_ylabel("nmol/cm²")
        every[3].legend(fontsize=7, frameon=False)
    every[-1].set_xlabel(f"Time ({unit})")
    every[-1].set_xlim(t[0], t[-1])
    return figure


def time_unit(longest_s: float) -> tuple[float, str]:
    """(seconds in it, its name): the unit that keeps the numbers on an axis short."""
    return next((size, name) for least, size, name in UNITS if longest_s >= least)


def colour_of(ion: str) -> str:
    return COLOURS.get(ion, canvas.GREY)


def _potentials(axes: Axes, result: LivingResult, t: np.ndarray) -> None:
    canvas.panel_title(axes, "Membrane potential, and where each ion would be at rest")
    axes.plot(t, result.v_mV, color=canvas.INK, label="v")
    for ion, e_mV in result.e_mV.items():
        label = f"E {NAMES.get(ion, ion)}"
        axes.plot(t, e_mV, color=colour_of(ion), lw=1, ls="--", label=label)
    axes.set_ylabel("mV")
    axes.legend(fontsize=7, frameon=False, ncols=4)


def _concentrations(axes: Axes, result: LivingResult, t: np.ndarray) -> None:
    canvas.panel_title(axes, "Concentrations: inside in full, outside dotted")
    outside = result.outside_mM
    for ion, inside in result.inside_mM.items():
        name = NAMES.get(ion, ion)
        axes.plot(t, inside, color=colour_of(ion), label=name)
        axes.plot(t, outside[ion], color=colour_of(ion), ls=":")
    axes.set_ylabel("mM")
    axes.legend(fontsize=7, frameon=False, ncols=4)


def _moved(axes: Axes, result: LivingResult, t: np.ndarray) -> None:
    canvas.panel_title(axes, "Carried outward since the start")
    styles = ("-", "--", ":", "-.")
    seen: dict[str, int] = {}
    for (part, ion), amount in result.moved_nmol_cm2.items():
        n = seen.setdefault(ion, 0)
        seen[ion] += 1
        label = f"{NAMES.get(ion, ion)}, {part}"
        axes.plot(t, amount, color=colour_of(ion), ls=styles[n % 4], label=label)
    axes.set_ylabel("nmol/cm²")
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
