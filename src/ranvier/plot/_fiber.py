"""A fibre to scale: from the side if it is one cable, in projection if it is a tree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ranvier.plot import _canvas, _layout
from ranvier.plot._layout import FloatArray, Piece, SectionLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The same region has the same colour in every figure.
COLOURS = {
    "node": _canvas.VERMILION,
    "mysa": _canvas.ORANGE,
    "paranode": _canvas.ORANGE,
    "flut": _canvas.SKY,
    "juxtaparanode": _canvas.SKY,
    "stin": _canvas.BLUE,
    "internode": _canvas.BLUE,
    "axon": _canvas.GREEN,
    "": _canvas.GREEN,
    "soma": _canvas.INK,
    "dend": _canvas.BLUE,
    "basal": _canvas.BLUE,
    "apical": _canvas.PURPLE,
}
OTHERS = (_canvas.PURPLE, _canvas.YELLOW, _canvas.SKY, _canvas.ORANGE, _canvas.GREY)
ABBREVIATIONS = ("mysa", "flut", "stin")


def fiber(target: Any, *, plane: Literal["xy", "xz", "yz"] = "xy") -> Figure:
    """Draws a `Fiber` or a `Model`, its regions in colours.

    One cable is drawn straight, seen from the side: length and thickness each to scale, though
    not to the same one, because an axon is a thousand times longer than wide. A myelinated fibre
    has a second panel with one node in its surroundings, because a node is 1 um of 1000. A tree
    is projected onto `plane` with its true widths.

    Raises ValueError for a model without sections.
    """
    model = getattr(target, "model", target)
    sections: list[SectionLike] = list(model.sections)
    if not sections:
        raise ValueError("model: has no sections, expected at least one to draw")
    # A fibre's own name is that of its kind; its model's says which one of them it is.
    name = _canvas.with_micro(getattr(model, "name", "") or getattr(target, "name", ""))
    order = _layout.chain(sections)
    if order is None:
        return _draw_tree(sections, name or "tree", plane)
    pieces = _layout.lay_out(order, getattr(target, "diameter_um", None))
    return _draw_cable(pieces, name or "fibre")


def _colours_of(regions: Iterable[str]) -> dict[str, str]:
    """In order of first appearance, which is the order along the fibre."""
    names = list(dict.fromkeys(regions))
    unknown = [each for each in names if each not in COLOURS]
    spare = {each: OTHERS[k % len(OTHERS)] for k, each in enumerate(unknown)}
    return {each: COLOURS.get(each) or spare[each] for each in names}


def _add_legend(axes: Axes, colours: dict[str, str], *, has_myelin: bool) -> None:
    from matplotlib.patches import Patch

    words = {each: each.upper() if each in ABBREVIATIONS else each or "axon" for each in colours}
    handles = [Patch(color=colour, label=words[each]) for each, colour in colours.items()]
    if has_myelin:
        handles.append(Patch(color=_canvas.PALE, label="myelin"))
    axes.legend(
        handles=handles,
        fontsize=8,
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.05),
        handlelength=1.0,
    )


def _draw_cable(pieces: Sequence[Piece], name: str) -> Figure:
    nodes = _layout.nodes(pieces)
    figure = _canvas.new_figure(7.6, 4.4 if nodes else 2.2)
    panels = figure.subplots(2 if nodes else 1, 1, squeeze=False)[:, 0]
    colours = _colours_of(each.region for each in pieces)
    total_um = pieces[-1].ends_um[1]
    factor, unit = _canvas.length_unit(np.array([total_um]))

    whole: Axes = panels[0]
    _draw_side(whole, pieces, colours, factor=factor, edge_pt=0.6 if nodes else 0.0)
    whole.set_xlim(0.0, total_um * factor)
    whole.set_xlabel(f"Distance ({unit})")
    _canvas.panel_title(whole, name)
    has_myelin = any(each.myelin_radius_um is not None for each in pieces)
    _add_legend(whole, colours, has_myelin=has_myelin)
    if nodes:
        close: Axes = panels[1]
        number = len(nodes) // 2
        low_um, high_um = _layout.close_window_um(pieces, nodes[number])
        centre_um = 0.5 * (low_um + high_um)
        _draw_side(close, pieces, colours, factor=1.0, origin_um=centre_um)
        close.set_xlim(low_um - centre_um, high_um - centre_um)
        close.set_xlabel("Distance from the middle of the node (µm)")
        close.set_title(f"node {number}", fontsize=9, color=_canvas.INK)
        whole.set_ylim(close.get_ylim())
        _connect(whole, close, low_um * factor, high_um * factor)
    return figure


def _draw_side(
    axes: Axes,
    pieces: Sequence[Piece],
    colours: dict[str, str],
    *,
    factor: float,
    origin_um: float = 0.0,
    edge_pt: float = 0.0,
) -> None:
    """An edge keeps in sight what is shorter than a pixel; 0 draws true lengths."""
    from matplotlib.collections import PolyCollection

    axon: dict[str, list[FloatArray]] = {each: [] for each in colours}
    myelin: list[FloatArray] = []
    gaps: list[FloatArray] = []
    highest_um = max((each.myelin_radius_um or 0.0) for each in pieces)
    for piece in pieces:
        x, radius_um = (piece.along_um - origin_um) * factor, piece.radius_um
        axon[piece.region].append(_layout.band(x, -radius_um, radius_um))
        outside_um = np.full_like(radius_um, piece.myelin_radius_um or highest_um)
        shapes = gaps if piece.myelin_radius_um is None else myelin
        shapes.append(_layout.band(x, -outside_um, outside_um))
    layers = [(myelin, _canvas.PALE, 0.0), (gaps, "white", edge_pt)] if myelin else []
    # The shortest last, so that no edge of a neighbour hides them.
    by_length = sorted(axon, key=lambda region: -float(np.ptp(axon[region][0][:, 0])))
    layers += [(axon[region], colours[region], edge_pt) for region in by_length[:-1]]
    layers.append((axon[by_length[-1]], colours[by_length[-1]], 2 * edge_pt))
    for shapes, colour, width_pt in layers:
        axes.add_collection(
            PolyCollection(shapes, facecolor=colour, edgecolor=colour, linewidth=width_pt)
        )
    axes.autoscale_view()
    axes.set_ylabel("Radius (µm)")
    _canvas.tidy(axes)


def _connect(whole: Axes, close: Axes, low: float, high: float) -> None:
    """Lines from a window of one panel to the corners of the panel that shows it."""
    from matplotlib.patches import ConnectionPatch

    bottom = whole.get_ylim()[0]
    for x, corner in ((low, 0.0), (high, 1.0)):
        line = ConnectionPatch(
            (x, bottom),
            (corner, 1.0),
            whole.transData,
            close.transAxes,
            color=_canvas.GREY,
            linewidth=0.7,
            linestyle=":",
        )
        line.set_in_layout(False)
        close.figure.add_artist(line)


def _draw_tree(sections: Sequence[SectionLike], name: str, plane: str) -> Figure:
    from matplotlib.collections import PolyCollection

    colours = _colours_of(each.region for each in sections)
    across, up = ("xyz".index(letter) for letter in plane)
    shapes: dict[str, list[FloatArray]] = {each: [] for each in colours}
    for section, points_um in zip(sections, _layout.placed(sections), strict=True):
        shapes[section.region] += _layout.frusta(points_um[:, [across, up]], points_um[:, 3])
    width_um, height_um = np.ptp(np.concatenate([s for each in shapes.values() for s in each]), 0)
    # As high as the tree asks for: an equal aspect would leave the rest empty.
    figure = _canvas.new_figure(6.0, 0.8 + float(np.clip(4.8 * height_um / width_um, 1.2, 6.0)))
    axes = figure.subplots()
    for region, colour in colours.items():
        axes.add_collection(
            # The edge keeps branches that are thinner than a pixel in sight.
            PolyCollection(shapes[region], facecolor=colour, edgecolor=colour, linewidth=0.3)
        )
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_xlabel(f"{plane[0]} (µm)")
    axes.set_ylabel(f"{plane[1]} (µm)")
    _canvas.tidy(axes)
    _canvas.panel_title(axes, name)
    _add_legend(axes, colours, has_myelin=False)
    return figure
