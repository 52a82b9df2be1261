"""The books of a run whose ions accumulate: what moved them, and where they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ranvier.plot import _canvas as canvas
from ranvier.plot._living import NAMES, colour_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ranvier.ledger import Ledger


def ledger(books: Ledger | None) -> Figure:
    """What each current has carried outward in all compartments, in fmol of its ion, and below the
    concentration of each store, compartment by compartment, beside that of the start (dashed).

    Compartments that are a bath are left out. Raises ImportError without matplotlib, and ValueError
    for None, which a run has whose ions stay.
    """
    if books is None:
        raise ValueError("ledger: is None, expected that of a run whose ions accumulate")
    moved = [
        (each.mechanism, each.ion, float(each.moved_fmol.sum()))
        for each in books.currents
        if each.ion is not None and each.valence != 0
    ]
    stores = [store for store in books.stores if not store.is_held.all()]
    figure = canvas.new_figure(7.0, 1.0 + 0.22 * len(moved) + 1.7 * len(stores))
    every = figure.subplots(
        1 + len(stores), 1, height_ratios=[1.0 + 0.22 * len(moved), *[1.7] * len(stores)]
    )
    axes = np.atleast_1d(every)
    for each in axes:
        canvas.tidy(each)
    canvas.panel_title(axes[0], f"Carried outward in {books.t_ms:g} ms")
    places = np.arange(len(moved))[::-1]
    axes[0].barh(
        places, [fmol for _, _, fmol in moved], color=[colour_of(ion) for _, ion, _ in moved]
    )
    axes[0].set_yticks(
        places, [f"{mechanism}, {NAMES.get(ion, ion)}" for mechanism, ion, _ in moved]
    )
    axes[0].axvline(0.0, color=canvas.INK, lw=0.8)
    axes[0].set_xlabel("fmol")
    for panel, store in zip(axes[1:], stores, strict=True):
        canvas.panel_title(panel, f"{NAMES.get(store.ion, store.ion)} {store.layer}")
        live = np.where(store.is_held, np.nan, 1.0)
        at = np.arange(live.size)
        marker = "o" if np.isnan(live).any() or live.size == 1 else None
        style = {"color": colour_of(store.ion), "marker": marker, "ms": 2.5}
        panel.plot(at, store.start_mM * live, ls="--", lw=1, color=canvas.GREY)
        panel.plot(at, store.now_mM * live, lw=1, **style)
        panel.set_ylabel("mM")
    axes[-1].set_xlabel("Compartment")
    return figure
