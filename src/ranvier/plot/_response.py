"""What electrodes saw, one panel for each with a scale of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ranvier.plot import _canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ranvier.responses import Response


def response(response: Response) -> Figure:
    """Draws the potential at every electrode over time. Raises ImportError without matplotlib."""
    count = len(response.electrodes)
    figure = _canvas.new_figure(6.4, 0.8 + 1.6 * count)
    panels = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    palette = _canvas.colours(count) if count > 1 else [_canvas.BLUE]
    for axes, name, colour in zip(panels, response.electrodes, palette, strict=True):
        axes.axhline(0.0, color=_canvas.PALE, linewidth=0.8, zorder=0)
        axes.plot(response.t_ms, response[name], color=colour, linewidth=1.2)
        axes.set_ylabel("Potential (µV)")
        axes.margins(x=0)
        _canvas.tidy(axes)
        _canvas.panel_title(axes, name)
    if response.title:
        figure.suptitle(_canvas.with_micro(response.title), fontsize=10, color=_canvas.INK)
    panels[-1].set_xlabel("Time (ms)")
    return figure
