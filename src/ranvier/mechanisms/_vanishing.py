"""Finds divisions that can vanish, and values that nothing can have, by trying potentials."""

from __future__ import annotations

import numpy as np

from ranvier.mechanisms._equations import Bounded, Equations
from ranvier.mechanisms._evaluate import Array, evaluate_nodes
from ranvier.mechanisms.typical import value_of_input

LOWEST_mV, HIGHEST_mV, EVERY_mV = -200.0, 200.0, 0.5
#: Values of each state that are tried, as shares of its range: its ends and two between.
SHARES = (0.0, 1.0, 0.4, 0.7)
INSIDE = (0.4, 0.02, 0.7, 0.98)
#: Of the largest value: what rounding may put it out of its range.
ROUNDING = 1e-12
SUGGESTED = "expected exprelr() or a divisor that stays clear of 0"


def report_vanishing(equations: Equations, defaults: dict[str, float]) -> None:
    """Tell of divisors that are 0, or change sign, for potentials between -200 and 200 mV.

    Parameters are at their defaults and states anywhere in their bounds, or from 0 to 1 where these
    are wider.
    """
    graph = equations.graph
    names = _tried(equations, defaults, SHARES)
    v_mV = names["v_mV"]
    for node, (written, tell) in equations.divisors.items():
        read = {name for each in graph.reached([node]) if (name := graph.name_of(each))}
        if any("(" in name for name in read):
            continue  # an argument of a function, seen again wherever that is called
        for other in read - set(names):
            names[other] = np.asarray(value_of_input(other))
        (value,) = evaluate_nodes(graph, [node], names)
        found = np.broadcast_to(value, (len(SHARES), len(v_mV)))
        for row in found:
            if (place := _vanishes(row)) is not None:
                tell(f"{written} is divided by and is 0 at v = {v_mV[place]:g} mV, {SUGGESTED}")
                break
        else:
            if np.nanmin(found) < 0.0 < np.nanmax(found):
                tell(f"{written} is divided by and is 0 for some states, {SUGGESTED}")


def report_values(equations: Equations, defaults: dict[str, float]) -> None:
    """Tell of formulas that are not finite there, and of gates and rates that are out of range.

    States are between the ends of their ranges: a concentration of 0 is one that is never reached.
    """
    names = _tried(equations, defaults, INSIDE)
    v_mV = names["v_mV"]
    read = equations.graph.reached([bounded.node for bounded in equations.values])
    for node in read:
        if (name := equations.graph.name_of(node)) is not None and name not in names:
            names[name] = np.asarray(value_of_input(name))
    for bounded in equations.values:
        (value,) = evaluate_nodes(equations.graph, [bounded.node], names)
        found = np.broadcast_to(value, (len(INSIDE), len(v_mV)))
        is_finite = np.isfinite(found)
        if not is_finite.all():
            place = np.argwhere(~is_finite)[0]
            bounded.tell(
                f"is {found[tuple(place)]:g} at v = {v_mV[place[1]]:g} mV, expected a finite number"
            )
            continue
        slack = ROUNDING * max(1.0 if bounded.highest == 1.0 else 0.0, np.abs(found).max())
        is_low = found <= 0.0 if bounded.is_open else found < bounded.lowest - slack
        is_out = is_low | (found > bounded.highest + slack)
        if is_out.any():
            place = np.argwhere(is_out)[0]
            bounded.tell(
                f"is {found[tuple(place)]:.6g} at v = {v_mV[place[1]]:g} mV, {_expected(bounded)}"
            )


def _expected(bounded: Bounded) -> str:
    if bounded.highest == 1.0:
        return "expected a value from 0 to 1"
    return "expected a time above 0" if bounded.is_open else "expected a rate of 0 or more"


def _tried(
    equations: Equations, defaults: dict[str, float], shares: tuple[float, ...]
) -> dict[str, Array]:
    """Values to try of everything: potentials along a row, states down the rows."""
    v_mV = np.arange(LOWEST_mV + EVERY_mV, HIGHEST_mV, EVERY_mV)
    names: dict[str, Array] = {"v_mV": v_mV}
    for state, lowest, highest in equations.states:
        low = max(0.0, lowest) if lowest < 1.0 else lowest
        high = min(1.0, highest) if highest > low else highest
        names[state] = (low + np.array(shares) * (max(high, low) - low))[:, None]
    for given, default in defaults.items():
        names.setdefault(given, np.asarray(default))
    return names


def _vanishes(row: Array) -> int | None:
    """Where a row of values is 0, or else last before it changes sign."""
    if (zero := np.flatnonzero(row == 0.0)).size:
        return int(zero[0])
    change = np.flatnonzero(np.signbit(row[1:]) != np.signbit(row[:-1]))
    sound = change[np.isfinite(row[change]) & np.isfinite(row[change + 1])]
    return int(sound[0]) if sound.size else None
