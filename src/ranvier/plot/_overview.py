"""One page about one run: the figure that the command line writes."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from ranvier.analysis.velocity import Velocity, VelocityStatus, conduction_velocity
from ranvier.plot import _canvas, _space_time, _traces
from ranvier.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FINEST_DEVIATION_us = 0.01
#: What fits into the smaller panels.
LETTERS_PER_LINE = 42


def overview(result: Result, velocity: Velocity | None = None, *, quantity: str = "v_mV") -> Figure:
    """Traces and map on the left; crossing times, fitted velocity and deviations on the right.

    `velocity` None measures it with the defaults. A run without `quantity` or without crossings
    leaves those panels empty and says so.
    """
    if velocity is None and result.crossings:
        velocity = conduction_velocity(result)
    figure = _canvas.new_figure(9.6, 5.8)
    grid = figure.add_gridspec(2, 2, width_ratios=(1.6, 1.0), wspace=0.06)
    top, times = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    bottom = figure.add_subplot(grid[1, 0], sharex=top)
    deviations = figure.add_subplot(grid[1, 1], sharex=times)
    figure.suptitle(_canvas.fibre_title(result), x=0.01, ha="left", fontsize=11, color=_canvas.INK)

    if quantity in result:
        trace = result[quantity]
        _traces.draw(top, result, trace, None, most=6)
        mesh = _space_time.draw(bottom, result, trace)
        _space_time.add_colorbar(figure, bottom, mesh, trace)
        bottom.set_xlabel("Time (ms)")
        top.tick_params(labelbottom=False)
        # The legend stands in the room that the colour bar takes below it.
        legend = top.get_legend()
        if legend is not None:
            legend.set_in_layout(False)
    else:
        for axes in (top, bottom):
            _say(axes, f"{quantity} was not recorded")
    if velocity is None:
        _say(times, "crossings were not recorded")
        _say(deviations, "")
    else:
        _draw_times(times, result, velocity)
        _draw_deviations(deviations, result, velocity)
    return figure


def _say(axes: Axes, text: str) -> None:
    axes.set_axis_off()
    note = axes.text(
        0.5,
        0.5,
        textwrap.fill(text, LETTERS_PER_LINE),
        ha="center",
        va="center",
        fontsize=9,
        color=_canvas.GREY,
        transform=axes.transAxes,
    )
    note.set_in_layout(False)


def _draw_times(axes: Axes, result: Result, velocity: Velocity) -> None:
    crossed = result.crossings[0]
    sites = result.velocity_sites if result.velocity_sites.size else crossed.watched
    is_site = np.isin(crossed.compartment, np.union1d(sites, velocity.sites))
    distance_um = result.geometry.distance_um[crossed.compartment[is_site]]
    factor, unit = _canvas.length_unit(result.geometry.distance_um)
    axes.plot(
        distance_um * factor,
        crossed.t_ms[is_site],
        "o",
        markersize=_canvas.marker_size(distance_um.size),
        markerfacecolor="none",
        markeredgecolor=_canvas.GREY,
        markeredgewidth=0.8,
        label="all crossings",
    )
    if math.isfinite(velocity.velocity_m_per_s):
        axes.plot(
            velocity.distance_um * factor,
            velocity.t_ms,
            "o",
            markersize=_canvas.marker_size(distance_um.size),
            color=_canvas.BLUE,
            label="used in the fit",
        )
        # Drawn on past its points: the eye sees a bend against it better than against none.
        ends_um = np.array([distance_um.min(), distance_um.max()])
        axes.plot(
            ends_um * factor,
            velocity.fitted_ms(ends_um),
            color=_canvas.VERMILION,
            linewidth=1.0,
            label="straight line",
        )
        # The page has room for the number only; the panel below says where it was measured.
        title = str(velocity).split(" (")[0].replace("+-", "±")
        axes.tick_params(labelbottom=False)
        axes.legend(fontsize=8, frameon=False, handlelength=1.4)
    else:
        title = f"No velocity: {velocity.status.replace('_', ' ')}"
        axes.set_xlabel(f"Distance ({unit})")
    # The whole fibre, so that it shows how far a wave came that died.
    axes.set_xlim(0.0, 1.02 * float(result.geometry.distance_um.max()) * factor)
    axes.set_ylabel(f"Time of crossing {_canvas.number(crossed.threshold_mV)} mV (ms)")
    _canvas.tidy(axes)
    colour = _canvas.INK if velocity.status == VelocityStatus.PROPAGATED else _canvas.VERMILION
    axes.set_title(title, loc="left", fontsize=10, color=colour)


def _draw_deviations(axes: Axes, result: Result, velocity: Velocity) -> None:
    if not math.isfinite(velocity.velocity_m_per_s):
        _say(axes, velocity.message)
        return
    factor, unit = _canvas.length_unit(result.geometry.distance_um)
    deviation_us = 1e3 * (velocity.t_ms - velocity.fitted_ms(velocity.distance_um))
    axes.axhline(0.0, color=_canvas.VERMILION, linewidth=1.0)
    size = _canvas.marker_size(deviation_us.size)
    axes.plot(velocity.distance_um * factor, deviation_us, "o", markersize=size, color=_canvas.BLUE)
    axes.set_xlabel(f"Distance ({unit})")
    # Rounding errors are not to fill the panel.
    half_us = max(1.3 * velocity.max_deviation_us, FINEST_DEVIATION_us)
    axes.set_ylim(-half_us, half_us)
    axes.set_ylabel("Deviation from the line (µs)")
    _canvas.tidy(axes)
    _canvas.panel_title(axes, f"{velocity.where}, {velocity.sites.size} sites")
