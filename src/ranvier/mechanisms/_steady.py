"""Steady states of a mechanism at given potentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ranvier.mechanisms._derive import Derivative
from ranvier.mechanisms._equations import Equations
from ranvier.mechanisms._evaluate import Array, evaluate_nodes

#: Implicit Euler steps of growing length end as Newton's method, and keep what reactions conserve.
STEPS_ms = tuple(10.0**power for power in range(-2, 9)) + (1e8,) * 8
#: A step that moves every state less, relative to its size, is the last.
SETTLED_RELATIVE = 1e-13


def steady_state(equations: Equations, names: Mapping[str, Any]) -> dict[str, Array]:
    """Of every state; `names` holds all that the formulas read but the states."""
    graph = equations.graph
    shape = np.broadcast_shapes(*(np.shape(value) for value in names.values()))
    start = [np.broadcast_to(x, shape) for x in evaluate_nodes(graph, equations.settle, names)]
    states = [name for name, _, _ in equations.states]
    others = [place for place, name in enumerate(states) if name not in equations.gates]
    values = {name: np.array(x) for name, x in zip(states, start, strict=True)}
    if others:
        rates = [equations.rates[place] for place in others]
        slopes = [Derivative(graph, states[place]) for place in others]
        jacobian = [slope.of(rate) for rate in rates for slope in slopes]
        low, high = (np.array([equations.states[p][side] for p in others]) for side in (1, 2))
        x = np.stack([values[states[place]] for place in others], axis=-1)
        for step_ms in STEPS_ms:
            for n, place in enumerate(others):
                values[states[place]] = x[..., n]
            found = evaluate_nodes(graph, [*rates, *jacobian], {**names, **values})
            full = np.stack([np.broadcast_to(each, shape) for each in found], axis=-1)
            rate, slope = full[..., : len(others)], full[..., len(others) :]
            square = slope.reshape(*shape, len(others), len(others))
            matrix = np.eye(len(others)) / step_ms - square
            move = np.linalg.solve(matrix, rate[..., None])[..., 0]
            x = np.clip(x + move, low, high)
            if step_ms > 1e6 and (np.abs(move) <= SETTLED_RELATIVE * (np.abs(x) + 1e-300)).all():
                break
        for n, place in enumerate(others):
            values[states[place]] = x[..., n]
    return values
