"""The picture of a study: its rows as points, what was fitted as lines, failures at the foot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier.plot._canvas import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    colours,
    new_figure,
    panel_title,
    tidy,
    with_micro,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ranvier.studies.table import StudyTable

_SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)


def study(table: StudyTable) -> Figure:
    """Draws a table as its study says. Rows without a number are crosses on the lower edge.

    Raises ValueError for a study that has no picture, ImportError without matplotlib.
    """
    from ranvier.studies.table import unit_of

    picture = table.picture
    if picture is None:
        raise ValueError(f"study {table.study!r}: has no picture, expected one to draw")
    figure = new_figure(6.0, 4.0)
    axes = figure.subplots()
    groups = [("", np.ones(len(table), dtype=bool))]
    if picture.by is not None:
        values = table[picture.by]
        unit = unit_of(picture.by)
        groups = [(_value(each, unit), values == each) for each in np.unique(values)]
    series = [(name, label, rows) for name in picture.y for label, rows in groups]
    palette = _SERIES if len(series) <= len(_SERIES) else colours(len(series))
    for (name, label, rows), colour in zip(series, palette, strict=False):
        x, y = table[picture.x][rows].astype(float), table[name][rows].astype(float)
        if picture.log_y:
            y = np.abs(y)  # a cathodic current is below 0
        is_there = np.isfinite(y)
        words = [_axis(name) if len(picture.y) > 1 else "", label]
        axes.plot(
            x[is_there],
            y[is_there],
            "o-" if picture.joined else "o",
            color=colour,
            markersize=4,
            linewidth=1.2,
            label=", ".join(word for word in words if word) or None,
        )
        axes.plot(
            x[~is_there],
            np.zeros((~is_there).sum()),
            "x",
            color=colour,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            markersize=6,
        )
    for curve, colour in zip(picture.curves, (VERMILION, GREEN, ORANGE, PURPLE), strict=False):
        y = np.abs(curve.y) if picture.log_y else curve.y
        axes.plot(curve.x, y, "-", color=colour, linewidth=1.0, label=curve.label, zorder=1)
    for label, level in picture.levels.items():
        axes.axhline(level, color=GREY, linewidth=0.8, linestyle="--", zorder=0, label=label)
    if picture.log_x:
        axes.set_xscale("log")
        _plain_log(axes.xaxis)
    if picture.log_y and any(np.isfinite(table[name]).any() for name in picture.y):
        axes.set_yscale("log")
        _plain_log(axes.yaxis)
    axes.set_xlabel(picture.x_label or _axis(picture.x))
    axes.set_ylabel(picture.y_label or " and ".join(map(_axis, picture.y)))
    tidy(axes)
    panel_title(axes, with_micro(picture.title or table.study.replace("_", " ")))
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=7, frameon=False)
    return figure


def _plain_log(axis: Any) -> None:
    """Numbers as people write them, at 1, 2 and 5 of every decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _axis(name: str) -> str:
    from ranvier.studies.table import unit_of

    unit = unit_of(name)
    words = name.removesuffix("_percent") if unit == "%" else name
    words = words.removesuffix("_" + unit.replace("/", "_per_")).removesuffix(f"_{unit}")
    words = words.replace("_", " ")
    return f"{words} ({unit.replace('um', 'µm').replace('uV', 'µV')})" if unit else words


def _value(value: object, unit: str) -> str:
    shown = f"{value:g}" if isinstance(value, int | float | np.number) else str(value)
    return with_micro(f"{shown} {unit}".strip())
