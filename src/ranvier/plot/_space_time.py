"""A quantity along the fibre over time, as a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ranvier.plot import _canvas
from ranvier.results import FloatArray, Geometry, IntArray, Result, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

#: More columns than a figure has pixels only make it slow.
MOST_COLUMNS = 1500
MOST_MARKS = 25


def space_time(
    result: Result,
    quantity: str = "v_mV",
    *,
    mechanism: str | None = None,
    tip: int | None = None,
    everywhere: bool | None = None,
    crossings: bool = True,
) -> Figure:
    """Time to the right, distance upwards, the quantity as colour; dots where a site crossed.

    With `everywhere` each compartment is drawn at its true length. Without, the sites of the fibre
    (its nodes) alone are shown, each for the surroundings nearest to it, and the steps of a
    saltating wave are seen. None means everywhere, but for "v_mV" of a myelinated fibre: a node is
    too short to be seen at its true length, and the axolemma between nodes hardly moves, because
    the voltage there falls across the myelin ("v_axoplasm_mV" shows it).

    Of a tree, the path from the root to compartment `tip` is shown (None: the farthest that was
    recorded).

    Raises KeyError for what was not recorded, ValueError if nothing of it lies on the path.
    """
    figure = _canvas.new_figure(6.4, 4.0)
    axes = figure.subplots()
    trace = _canvas.find_trace(result, quantity, mechanism)
    mesh = draw(axes, result, trace, tip=tip, everywhere=everywhere, crossings=crossings)
    axes.set_xlabel("Time (ms)")
    _canvas.panel_title(axes, _canvas.fibre_title(result))
    add_colorbar(figure, axes, mesh, trace)
    return figure


def add_colorbar(figure: Figure, axes: Axes, mesh: QuadMesh, trace: Trace) -> None:
    bar = figure.colorbar(mesh, ax=axes, pad=0.02, aspect=30)
    bar.set_label(_canvas.quantity_label(trace), fontsize=9)
    bar.ax.tick_params(labelsize=8, length=3, color=_canvas.GREY)
    bar.outline.set_visible(False)


def draw(
    axes: Axes,
    result: Result,
    trace: Trace,
    *,
    tip: int | None = None,
    everywhere: bool | None = None,
    crossings: bool = True,
) -> QuadMesh:
    """Into axes of somebody else's figure, with everything but the label of the time axis."""
    geometry = result.geometry
    path = _canvas.main_path(result, trace.compartments, tip)
    if everywhere is None:
        is_node = geometry.region[result.velocity_sites] == "node"
        everywhere = not (trace.name == "v_mV" and is_node.all())
    at_sites = path[np.isin(path, result.velocity_sites)]
    # One site alone would be a map of one colour.
    path = path if everywhere or at_sites.size < 2 else at_sites
    if path.size == 0 or trace.t_ms.size == 0:
        raise ValueError(
            f"trace {trace.label!r}: holds nothing on the path, "
            "expected at least one compartment and one sample"
        )
    columns = np.array([trace.column(int(each)) for each in path])
    stride = -(-trace.t_ms.size // MOST_COLUMNS)
    factor, unit = _canvas.length_unit(geometry.distance_um)
    mesh = axes.pcolormesh(
        _edges_between(trace.t_ms[::stride]),
        _edges_um(geometry, path) * factor,
        trace.values[::stride, columns].T,
        cmap=_canvas.COLORMAP,
        rasterized=True,  # a vector file of a million rectangles opens nowhere
    )
    if crossings:
        _mark_crossings(axes, result, path, factor)
    axes.set_ylabel(f"Distance ({unit})")
    _canvas.tidy(axes)
    return mesh


def _edges_between(centres: NDArray[np.floating[Any]]) -> FloatArray:
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middles = 0.5 * (centres[1:] + centres[:-1])
    return np.concatenate([centres[:1], middles, centres[-1:]])


def _edges_um(geometry: Geometry, path: IntArray) -> FloatArray:
    """The borders of the rows of a map, (c + 1,)."""
    distance_um = geometry.distance_um[path].astype(np.float64)
    half_um = 0.5 * geometry.length_um[path]
    lower_um, upper_um = distance_um - half_um, distance_um + half_um
    gaps_um = lower_um[1:] - upper_um[:-1]
    if np.abs(gaps_um).sum() <= 0.01 * (upper_um[-1] - lower_um[0]):
        inner_um = 0.5 * (lower_um[1:] + upper_um[:-1])
    else:
        inner_um = 0.5 * (distance_um[1:] + distance_um[:-1])
    return np.concatenate([lower_um[:1], inner_um, upper_um[-1:]])


def _mark_crossings(axes: Axes, result: Result, path: IntArray, factor: float) -> None:
    if not result.crossings:
        return
    crossed = result.crossings[0]
    shown = result.geometry.path_to(int(path[-1]))
    sites = result.velocity_sites if result.velocity_sites.size else crossed.watched
    sites = sites[np.isin(sites, shown)]
    sites = _canvas.spaced(sites[np.argsort(result.geometry.distance_um[sites])], MOST_MARKS)
    is_site = np.isin(crossed.compartment, sites)
    axes.plot(
        crossed.t_ms[is_site],
        result.geometry.distance_um[crossed.compartment[is_site]] * factor,
        linestyle="none",
        marker="o",
        markersize=3,
        markerfacecolor="white",
        markeredgecolor=_canvas.INK,
        markeredgewidth=0.6,
        label=f"crosses {_canvas.number(crossed.threshold_mV)} mV",
    )
