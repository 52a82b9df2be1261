"""What all figures share: how one is made, its colours and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier.results import FloatArray, Geometry, IntArray, Result, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe & Ito's palette, which people with any colour vision can tell apart.
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
INK, GREY, PALE = "#222222", "#7F7F7F", "#D9D9D9"

#: Of what varies along a fibre or in height; even in lightness, so it also prints in grey.
COLORMAP = "viridis"

_QUANTITIES = {
    "v_mV": "Membrane potential",
    "v_axoplasm_mV": "Potential of the axoplasm",
    "v_periaxonal_mV": "Potential of the periaxonal space",
    "i_mA_cm2": "Current density",
    "i_nA": "Current",
}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches. Raises ImportError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "plotting needs matplotlib, expected it installed: pip install 'ranvier[plot]'"
        ) from error
    return Figure(figsize=(width, height), dpi=150, layout="constrained")


def tidy(axes: Axes) -> None:
    """No frame where there is nothing to read."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, direction="out", length=3, color=GREY, labelcolor=INK)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)


def panel_title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=9, color=INK)


def quantity_label(trace: Trace) -> str:
    name = _QUANTITIES.get(trace.name, trace.name)
    if trace.mechanism is not None:
        name = f"{name}, {trace.mechanism}"
    unit = trace.unit.replace("cm2", "cm²").replace("u", "µ")
    return f"{name} ({unit})" if unit not in ("", "1") else name


def length_unit(distance_um: FloatArray) -> tuple[float, str]:
    """(factor from um, unit): what keeps the numbers on an axis short."""
    largest_um = float(np.max(np.abs(distance_um), initial=0.0))
    return (1e-3, "mm") if largest_um >= 1000 else (1.0, "µm")


def with_micro(name: str) -> str:
    """Names are typed with "um"; people read µm."""
    return name.removesuffix(" um") + " µm" if name.endswith(" um") else name


def number(value: float) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def marker_size(count: int) -> float:
    """In points: a few are to be seen, and a thousand to be told apart."""
    return 3.5 if count <= 60 else 1.5


def distance_label(distance_um: float, geometry: Geometry) -> str:
    """With as many decimals as tell apart places on this fibre; without the unit."""
    factor, unit = length_unit(geometry.distance_um)
    longest = float(np.max(geometry.distance_um)) * factor
    decimals = 0 if unit == "µm" else (2 if longest < 10 else 1)
    return f"{distance_um * factor:.{decimals}f}"


def find_trace(result: Result, quantity: str, mechanism: str | None) -> Trace:
    return result[quantity] if mechanism is None else result[quantity, mechanism]


def colours(count: int) -> list[Any]:
    """Along the colour map, leaving out its palest end, which is lost on white paper."""
    import matplotlib as mpl

    return list(mpl.colormaps[COLORMAP](np.linspace(0.0, 0.85, max(count, 1))))


def fibre_title(result: Result) -> str:
    name = with_micro(result.geometry.fibre or "fibre")
    if result.status != "completed":
        return f"{name} ({result.status} at {result.t_stop_ms:.4g} ms)"
    return name


def spaced(sites: IntArray, most: int) -> IntArray:
    """At most so many, evenly spread, the first and the last among them."""
    if sites.size <= most:
        return sites
    spread: IntArray = sites[np.unique(np.linspace(0, sites.size - 1, most).round().astype(int))]
    return spread


def main_path(result: Result, compartments: IntArray, tip: int | None = None) -> IntArray:
    """Those compartments that lie between the root and a tip, by distance; junctions left out.

    The tip is by default the farthest of them: a map has one distance axis, and a tree has many.
    """
    geometry = result.geometry
    real = compartments[~geometry.is_junction[compartments]]
    if real.size == 0:
        return real
    if tip is None:
        tip = int(real[np.argmax(geometry.distance_um[real])])
    path = real[np.isin(real, geometry.path_to(tip))]
    return path[np.argsort(geometry.distance_um[path], kind="stable")]
