"""What the reactions of a scheme cannot change."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from ranvier.mechanisms.form import Scheme


def conserved_amounts(scheme: Scheme) -> list[Mapping[str, float]]:
    """Weights by state of all independent sums that stay, those of weight 0 left out.

    They span the null space of the reactions' coefficients: of a <-> b <-> c it is a + b + c; of
    a + b <-> c it is b - a and a + c.
    """
    rows = []
    for reaction in scheme.reactions:
        net = dict.fromkeys(scheme.states, Fraction(0))
        for sign, side in ((-1, reaction.left), (1, reaction.right)):
            for state, count in side:
                net[state] += sign * count
        rows.append(list(net.values()))
    pivots: list[int] = []
    for column in range(len(scheme.states)):
        done = len(pivots)
        found = next((n for n in range(done, len(rows)) if rows[n][column]), None)
        if found is None:
            continue
        rows[done], rows[found] = rows[found], rows[done]
        lead = rows[done][column]
        rows[done] = [value / lead for value in rows[done]]
        for n, row in enumerate(rows):
            if n != done and (factor := row[column]):
                rows[n] = [a - factor * b for a, b in zip(row, rows[done], strict=True)]
        pivots.append(column)
    amounts: list[Mapping[str, float]] = []
    for free in (n for n in range(len(scheme.states)) if n not in pivots):
        weights = {scheme.states[p]: float(-rows[n][free]) for n, p in enumerate(pivots)}
        weights[scheme.states[free]] = 1.0
        amounts.append({state: weights[state] for state in scheme.states if weights.get(state)})
    return amounts
