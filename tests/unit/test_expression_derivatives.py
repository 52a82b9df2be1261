"""Derivatives of formulas, and formulas against Python itself."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from expression_forms import PYTHON
from ranvier.mechanisms._derive import Derivative
from ranvier.mechanisms._evaluate import evaluate_nodes, exprelr, exprelr_slope
from ranvier.mechanisms._functions import Value
from ranvier.mechanisms._graph import Graph
from ranvier.mechanisms._lower import lower
from ranvier.mechanisms._parse import Reader
from ranvier.mechanisms._units import ONE

X = np.linspace(0.3, 1.7, 29)
Y = np.linspace(1.9, 0.4, 29)


def read(text: str) -> tuple[Graph, int]:
    graph = Graph()
    problems: list[str] = []
    names = {name: Value(graph.name(name), ONE) for name in ("x", "y", "v_mV")}
    reader = Reader(graph, {}, names.get, lambda: list(names))
    node = reader.read(reader.parse(text, problems.append), problems.append).node
    assert problems == []
    return graph, node


def in_python(text: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    code = compile(ast.parse(text, mode="eval"), "", "eval")
    return np.array(
        [eval(code, {**PYTHON, "x": a, "y": b}) for a, b in zip(x, y, strict=True)], dtype=float
    )


def random_formula(rng: np.random.Generator, depth: int) -> str:
    """Of x and y near 1, whose values stay moderate."""
    if depth == 0:
        return str(rng.choice(["x", "y", "0.7", "2", "1.3"]))
    parts = [random_formula(rng, depth - 1) for _ in range(2)]
    a, b = parts
    return str(
        rng.choice(
            [
                f"({a} + {b})",
                f"({a} - {b})",
                f"({a} * {b})",
                f"({a}) / (3 + ({b})**2)",
                f"-({a})",
                f"exp(-({a})**2 / 9)",
                f"log(2 + ({a})**2)",
                f"sqrt(1 + ({a})**2)",
                f"tanh({a})",
                f"sigmoid({a} - {b})",
                f"exprelr({a})",
                f"(1 + ({a})**2)**(0.3 * sigmoid({b}))",
                f"(0.1 + ({a})**2)**1.5",
                f"abs({a} + 0.123)",
                f"min({a}, {b} + 0.01)",
                f"max({a}, {b} - 0.01)",
                f"({a} if {b} < 1.01 else {b})",
                f"({a})**3",
            ]
        )
    )


@pytest.mark.parametrize("seed", range(60))
def test_random_formulas_and_their_slopes(seed: int) -> None:
    text = random_formula(np.random.default_rng(seed), 3)
    graph, node = read(text)
    slope = Derivative(graph, "x").of(node)
    value, found = (
        np.broadcast_to(each, X.shape)
        for each in evaluate_nodes(graph, [node, slope], {"x": X, "y": Y})
    )
    expected = in_python(text, X, Y) + 0 * X
    np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-12)
    step = 1e-4
    near = in_python(text, X + step, Y) - in_python(text, X - step, Y)
    far = in_python(text, X + 2 * step, Y) - in_python(text, X - 2 * step, Y)
    numerical = (8 * near - far) / (12 * step) + 0 * X
    # But where a kink is nearer than the steps.
    one_sided = (in_python(text, X + step, Y) - expected) / step
    is_smooth = np.abs(one_sided - near / (2 * step)) < 1e-2 * (1 + np.abs(numerical))
    assert is_smooth.mean() > 0.8
    size = 1 + np.abs(numerical).max()
    np.testing.assert_allclose(found[is_smooth], numerical[is_smooth], rtol=1e-6, atol=1e-7 * size)


@pytest.mark.parametrize("seed", range(60, 90))
def test_lowered_formulas_stay_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph, node = read(f"({random_formula(rng, 3)}) * exp(v_mV / 18) + sigmoid((v_mV - x) / 9)")
    v_mV = np.linspace(-90.0, 60.0, len(X))
    names = {"x": X, "y": Y, "v_mV": v_mV}

    def is_fixed(each: int) -> bool:
        return not {"v_mV", "y"} & {graph.name_of(node) for node in graph.reached([each])}

    roots = [node, Derivative(graph, "v_mV").of(node), Derivative(graph, "y").of(node)]
    before = evaluate_nodes(graph, roots, names)
    after = evaluate_nodes(graph, lower(graph, roots, is_fixed), names)
    for one, two in zip(before, after, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-12 * np.abs(one).max())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x**2", "2*x"),
        ("1 / x", "-1 / x**2"),
        ("x**-2", "-2 / x**3"),
        ("2**x", "2**x * log(2)"),
        ("x**x", "x**x * (log(x) + 1)"),
        ("sqrt(x)", "0.5 / sqrt(x)"),
        ("log10(x)", "1 / (x * log(10))"),
        ("y / x - y", "-y / x**2"),
        ("x < y", "0"),
        ("(x < 1) * x", "1 if x < 1 else 0"),
        ("x if x < 1 and y > 0 or not x < 1.5 else 3", "0 if x >= 1 and x < 1.5 else 1"),
    ],
)
def test_slopes_are_those_of_the_textbook(text: str, expected: str) -> None:
    graph, node = read(text)
    (_, other) = read(expected)
    slope = Derivative(graph, "x").of(node)
    (found,) = evaluate_nodes(graph, [slope], {"x": X, "y": Y})
    graph, other = read(expected)
    (wanted,) = evaluate_nodes(graph, [other], {"x": X, "y": Y})
    np.testing.assert_allclose(found + 0 * X, wanted + 0 * X, rtol=1e-12, atol=1e-15)


def test_formulas_are_simplified_and_merged() -> None:
    for text, same in [
        ("x + 0", "x"),
        ("0 + x", "x"),
        ("1 * x", "x"),
        ("x / 1", "x"),
        ("x**1", "x"),
        ("0 * x", "0"),
        ("x - x", "0"),
        ("x - 0", "x"),
        ("0 - x", "-x"),
        ("--x", "x"),
        ("-(x - y)", "y - x"),
        ("x - -y", "x + y"),
        ("-x + y", "y - x"),
        ("x * 2", "2 * x"),
        ("2 * (3 * x)", "6 * x"),
        ("-x * y", "-(x * y)"),
        ("x * -y", "-(x * y)"),
        ("2 * -x", "-2 * x"),
        ("x / -y", "-(x / y)"),
        ("-x / y", "-(x / y)"),
        ("x / -1", "-x"),
        ("-1 * x", "-x"),
        ("0 / x", "0"),
        ("x / (y / x)", "x * x / y"),
        ("x / y / x", "x / (y * x)"),
        ("3 * (2 * x / y)", "6 * x / y"),
        ("x**0", "1"),
        ("x**0.5", "sqrt(x)"),
        ("x if 1 < 2 else y", "x"),
        ("x if y < 1 else x", "x"),
        ("min(x, y)", "min(y, x)"),
        ("exp(0)", "1"),
        ("2**3", "8"),
        ("+x", "x"),
        ("True + 1", "2"),
        ("1 < x < 2", "1 < x and x < 2"),
        ("x != y", "not x == y"),
        ("x >= y", "y <= x"),
        ("tanh(x)", "2 * sigmoid(2 * x) - 1"),
    ]:
        graph, node = read(f"({text})*100 + ({same})")
        one, two = read(f"({same})*100 + ({same})"), (graph, node)
        assert describe(*one) == describe(*two), text


def describe(graph: Graph, node: int) -> str:
    """A node written out, so that nodes of two graphs can be compared."""
    if (value := graph.value(node)) is not None:
        return repr(value)
    if (name := graph.name_of(node)) is not None:
        return name
    arguments = [describe(graph, each) for each in graph.arguments(node)]
    if graph.operation(node) in ("add", "mul"):
        arguments.sort()
    return f"{graph.operation(node)}({', '.join(arguments)})"


def test_exprelr_is_itself_everywhere() -> None:
    x = np.array([-800.0, -30.0, -1e-3, -1e-9, 0.0, 1e-300, 1e-12, 0.05, 0.2, 40.0, 800.0])
    with np.errstate(all="ignore"):
        value, slope = exprelr(x), exprelr_slope(x)
    assert value[4] == 1.0
    assert slope[4] == -0.5
    assert np.isfinite([value, slope]).all()
    assert value[0] == 800.0
    assert slope[0] == -1.0
    # On both sides of where the series ends.
    below, above = exprelr_slope(np.array([0.1 - 1e-12, 0.1 + 1e-12]))
    assert below == pytest.approx(above, rel=1e-12)
