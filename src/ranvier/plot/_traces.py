"""What was recorded against time, at several places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ranvier.plot import _canvas
from ranvier.results import IntArray, Result, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def traces(
    result: Result,
    quantity: str = "v_mV",
    *,
    mechanism: str | None = None,
    compartments: Sequence[int] | None = None,
    most: int = 6,
) -> Figure:
    """A recorded quantity over time, labelled by distance along the fibre.

    `compartments` None takes up to `most` of those recorded, evenly spread over the sites of the
    fibre (its nodes) or over all of it. Raises KeyError for what was not recorded.
    """
    figure = _canvas.new_figure(6.4, 3.4)
    axes = figure.subplots()
    trace = _canvas.find_trace(result, quantity, mechanism)
    draw(axes, result, trace, compartments, most)
    axes.set_xlabel("Time (ms)")
    _canvas.panel_title(axes, _canvas.fibre_title(result))
    return figure


def draw(
    axes: Axes, result: Result, trace: Trace, compartments: Sequence[int] | None, most: int
) -> None:
    """Into axes of somebody else's figure, with everything but the label of the time axis."""
    if compartments is None:
        chosen = _canvas.spaced(_candidates(result, trace), most)
    else:
        chosen = np.asarray(compartments, dtype=np.int32)
    geometry = result.geometry
    _, unit = _canvas.length_unit(geometry.distance_um)
    for compartment, colour in zip(chosen, _canvas.colours(chosen.size), strict=True):
        axes.plot(
            trace.t_ms,
            trace.values[:, trace.column(int(compartment))],
            color=colour,
            linewidth=1.2,
            label=_canvas.distance_label(float(geometry.distance_um[compartment]), geometry),
        )
    axes.set_ylabel(_canvas.quantity_label(trace))
    axes.margins(x=0)
    axes.legend(
        title=f"Distance\n({unit})",
        fontsize=8,
        title_fontsize=8,
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        handlelength=1.0,
        alignment="left",
    )
    _canvas.tidy(axes)


def _candidates(result: Result, trace: Trace) -> IntArray:
    """The recorded sites if there are some to compare, else all that was recorded."""
    recorded = trace.compartments
    sites = recorded[np.isin(recorded, result.velocity_sites)]
    return _canvas.main_path(result, sites if sites.size > 1 else recorded)
