"""The gates of a mechanism over the membrane potential."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from ranvier.mechanisms.curves import GateCurves, gate_curves
from ranvier.plot import _canvas
from ranvier.results import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ranvier.mechanisms import Mechanism

BODY_degC = 37.0
LINE_WIDTH = 1.4
V_mV = np.linspace(-120.0, 60.0, 181)
COLOURS = (
    _canvas.BLUE,
    _canvas.VERMILION,
    _canvas.GREEN,
    _canvas.PURPLE,
    _canvas.ORANGE,
    _canvas.SKY,
)
STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")
#: Curves that differ by less, relative to themselves, are one.
SAME = 1e-9
#: Time constants over less than this factor are given an axis that is at least so long.
LEAST_RANGE = 20.0


def gates(
    mechanism: str | Mechanism, *, temperatures_degC: Sequence[float] | None = None
) -> Figure:
    """Steady states and time constants of a mechanism's gates, -120 to 60 mV.

    By default at the temperature that its rates are given at and at 37 degC. Raises ValueError for
    a mechanism without gates, ModelError for an unknown one.
    """
    name = mechanism if isinstance(mechanism, str) else mechanism.name
    reference = gate_curves(mechanism, V_mV)
    if not reference.steady_state:
        raise ValueError(f"mechanism {name!r}: has no gates, expected at least one to draw")
    chosen = temperatures_degC or (reference.temperature_degC, BODY_degC)
    curves = [gate_curves(mechanism, V_mV, each) for each in dict.fromkeys(chosen)]
    figure = _canvas.new_figure(7.2, 2.6)
    steady, speed = figure.subplots(1, 2)
    _draw(steady, curves, "steady_state")
    steady.set_ylim(-0.03, 1.03)
    steady.set_ylabel("Steady state")
    _draw(speed, curves, "time_constant_ms")
    speed.set_yscale("log")
    speed.set_ylim(*_range_ms(curves))
    speed.set_ylabel("Time constant (ms)")
    for axes in (steady, speed):
        axes.set_xlim(V_mV[0], V_mV[-1])
        axes.set_xticks(np.arange(-120, 61, 30))
        axes.set_xlabel("Membrane potential (mV)")
        _canvas.tidy(axes)
    speed.yaxis.set_major_formatter("{x:g}")
    speed.minorticks_off()
    _add_legend(figure, curves)
    return figure


def _draw(axes: Axes, curves: Sequence[GateCurves], what: str) -> None:
    names = list(curves[0].steady_state)
    for number, gate in enumerate(names):
        drawn: list[FloatArray] = []
        for style, each in zip(STYLES * len(curves), curves, strict=False):
            values = getattr(each, what)
            if any(_are_same(values[gate], other) for other in drawn):
                continue
            drawn.append(values[gate])
            # Wider where a later gate's curve will lie upon it, so that both are seen.
            covers = sum(_are_same(values[gate], values[later]) for later in names[number + 1 :])
            axes.plot(
                V_mV,
                values[gate],
                color=COLOURS[number % len(COLOURS)],
                linestyle=style,
                linewidth=LINE_WIDTH * (1 + 2 * covers),
            )


def _are_same(a: FloatArray, b: FloatArray) -> bool:
    return bool(np.allclose(a, b, rtol=SAME, atol=0.0))


def _range_ms(curves: Sequence[GateCurves]) -> tuple[float, float]:
    values = np.concatenate([tau for each in curves for tau in each.time_constant_ms.values()])
    low, high = float(values.min()) / 1.3, float(values.max()) * 1.3
    spare = np.sqrt(max(1.0, LEAST_RANGE * low / high))
    return low / spare, high * spare


def _add_legend(figure: Figure, curves: Sequence[GateCurves]) -> None:
    """Colours for gates; where there are two temperatures, how each is drawn."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=COLOURS[n % len(COLOURS)], linewidth=LINE_WIDTH, label=gate)
        for n, gate in enumerate(curves[0].steady_state)
    ]
    handles += [
        Line2D(
            [],
            [],
            color=_canvas.GREY,
            linestyle=style,
            linewidth=LINE_WIDTH,
            label=f"{_canvas.number(each.temperature_degC)} °C",
        )
        for style, each in zip(STYLES * len(curves), curves, strict=False)
    ]
    figure.legend(
        handles=handles, loc="outside right upper", frameon=False, fontsize=8, handlelength=1.8
    )
