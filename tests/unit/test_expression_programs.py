"""The bytecode of mechanisms: it computes what the formulas say, and cheaply."""

from __future__ import annotations

import json
import pickle
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from expression_forms import ALL, NODE_SODIUM, POTASSIUM, SCHEME, SODIUM
from ranvier.mechanisms import Mechanism
from ranvier.mechanisms._derive import Derivative
from ranvier.mechanisms._evaluate import ARITY, OPERATIONS, evaluate_nodes
from ranvier.mechanisms._exponentials import LARGEST_SINGLE_mV
from ranvier.mechanisms._library import from_library, library_names
from ranvier.mechanisms._program import Program, Programs

#: With the potentials at which rates are 0/0.
V_mV = np.concatenate([np.linspace(-150.0, 120.0, 541), [-40.0 + 1e-13, -55.0 - 1e-9, -80.0]])


def made(name: str) -> Mechanism:
    return Mechanism.from_dict(ALL[name])


def leading(mechanism: Mechanism, values: dict[str, Any]) -> list[Any]:
    """The operands that programs begin with, the derived columns of setup() included."""
    programs = mechanism.programs
    inputs = [values[name] for name in programs.inputs]
    states = [values[name] for name, _, _ in programs.states]
    return [values["v_mV"], *states, *inputs, *programs.setup.run(inputs)]


def everything(mechanism: Mechanism, rng: np.random.Generator) -> dict[str, Any]:
    """Values of all names, with random states."""
    values: dict[str, Any] = mechanism._given(V_mV, {})
    for name, low, high in mechanism.programs.states:
        values[name] = max(low, 0.0) + rng.random(len(V_mV)) * min(high, 1.0)
    return values


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("warmer_degC", [0.0, 11.0])
def test_programs_compute_what_the_formulas_say(name: str, warmer_degC: float) -> None:
    mechanism = made(name)
    equations, programs = mechanism._equations, mechanism.programs
    graph = equations.graph
    values = everything(mechanism, np.random.default_rng(6))
    values["temperature_degC"] += warmer_degC
    names = [state for state, _, _ in programs.states]
    total = graph.const(0.0)
    for current in equations.currents.values():
        total = graph.add(total, current)
    by_v = Derivative(graph, "v_mV")
    by_state = [Derivative(graph, state) for state in names]
    expected = {
        "settle": equations.settle,
        "change": [*equations.rates, *equations.currents.values()],
        "linearise": [
            *equations.rates,
            *map(by_v.of, equations.rates),
            *(by_state[j].of(equations.rates[i]) for i, j in programs.jacobian),
            total,
            by_v.of(total),
            *(slope.of(total) for slope in by_state),
        ],
    }
    expected["relax"] = [*equations.rates, *expected["linearise"][2 * len(names) : -2 - len(names)]]
    expected["conduct"] = [total, by_v.of(total)]
    for program, nodes in expected.items():
        found = getattr(programs, program).run(leading(mechanism, values))
        wanted = evaluate_nodes(graph, nodes, values)
        for output, (value, node) in enumerate(zip(found, wanted, strict=True)):
            size = np.abs(node).max()
            np.testing.assert_allclose(
                value + 0 * V_mV,
                node + 0 * V_mV,
                rtol=1e-11,
                atol=1e-13 * size,
                err_msg=f"{program} {output}",
            )


@pytest.mark.parametrize("name", ALL)
def test_slopes_are_those_of_differences(name: str) -> None:
    mechanism = made(name)
    programs = mechanism.programs
    values = everything(mechanism, np.random.default_rng(7))
    count, currents = len(programs.states), len(programs.currents)

    def change(**other: Any) -> np.ndarray:
        found = programs.change.run(leading(mechanism, {**values, **other}))
        rates, parts = found[:count], found[count:]
        return np.stack([*(rate + 0 * V_mV for rate in rates), sum(parts) + 0 * V_mV])

    def difference(key: str, step: float) -> np.ndarray:
        at = values[key]
        near = change(**{key: at + step}) - change(**{key: at - step})
        far = change(**{key: at + 2 * step}) - change(**{key: at - 2 * step})
        return (8 * near - far) / (12 * step)

    found = [x + 0 * V_mV for x in programs.linearise.run(leading(mechanism, values))]
    entries = len(programs.jacobian)
    rates, by_v = found[:count], found[count : 2 * count]
    jacobian = dict(zip(programs.jacobian, found[2 * count : 2 * count + entries], strict=True))
    total, total_by_v, *total_by_state = found[2 * count + entries :]
    assert currents == len(mechanism.ions)
    np.testing.assert_allclose([*rates, total], change(), rtol=1e-12, atol=1e-12)
    for one, two in zip([*by_v, total_by_v], difference("v_mV", 1e-2), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6, atol=1e-8 * np.abs(one).max() + 1e-12)
    for j, (state, _, _) in enumerate(programs.states):
        slopes = difference(state, 1e-5)
        for i in range(count):
            one = jacobian.get((i, j), 0.0)
            np.testing.assert_allclose(
                one, slopes[i], rtol=1e-6, atol=1e-6 * np.abs(slopes[i]).max() + 1e-9
            )
        np.testing.assert_allclose(total_by_state[j], slopes[count], rtol=1e-6, atol=1e-7)


def test_scheme_moves_states_about_and_makes_none() -> None:
    mechanism = made("markov")
    programs = mechanism.programs
    values = everything(mechanism, np.random.default_rng(8))
    found = programs.linearise.run(leading(mechanism, values))
    rates = np.array(found[:3])
    np.testing.assert_allclose(rates.sum(axis=0), 0.0, atol=1e-15 * np.abs(rates).max())
    np.testing.assert_allclose(np.sum(found[3:6], axis=0), 0.0, atol=1e-12)
    jacobian = np.zeros((3, 3, len(V_mV)))
    for place, value in zip(programs.jacobian, found[6:], strict=False):
        jacobian[place] = value
    np.testing.assert_allclose(jacobian.sum(axis=0), 0.0, atol=1e-15 * np.abs(jacobian).max())
    assert set(programs.jacobian) == {(0, 0), (1, 1), (2, 2), (0, 1), (1, 0), (1, 2), (2, 1)}
    assert programs.jacobian[:3] == ((0, 0), (1, 1), (2, 2))


def reactions(*texts: str, **initial: float) -> Mechanism:
    rates = {"forward_per_ms": "1", "backward_per_ms": "1"}
    scheme: dict[str, Any] = {"reactions": [{"reaction": text, **rates} for text in texts]}
    if initial:
        scheme["initial"] = {name: str(value) for name, value in initial.items()}
    return Mechanism("reacting", schemes={"scheme": scheme})


def test_programs_say_what_reactions_keep() -> None:
    assert made("markov").programs.conserved == (((0, 1.0), (1, 1.0), (2, 1.0)),)
    assert made("ca_shell").programs.conserved == ()
    apart = reactions("a <-> b", "c <-> d")
    assert apart.programs.conserved == (((0, 1.0), (1, 1.0)), ((2, 1.0), (3, 1.0)))
    bound = reactions("a + b <-> c", a=1, b=2, c=0)
    assert bound.programs.conserved == (((0, -1.0), (1, 1.0)), ((0, 1.0), (2, 1.0)))
    pair = reactions("2 a <-> b", "b <-> c", a=1, b=0, c=0)
    assert pair.programs.conserved == (((0, 0.5), (1, 1.0), (2, 1.0)),)
    steady = {name: float(value) for name, value in pair.steady_state(-65.0).items()}
    assert steady["a"] / 2 + steady["b"] + steady["c"] == pytest.approx(0.5, rel=1e-9)
    assert steady["a"] ** 2 == pytest.approx(steady["b"], rel=1e-7)


def test_source_makes_a_mechanism_again() -> None:
    for name in ALL:
        again = Mechanism.from_dict(json.loads(made(name).source))
        assert again.form == made(name).form


def test_source_is_what_runs_whatever_becomes_of_the_tables() -> None:
    """The tables given are copied all the way down, as any mapping and any kind of number."""
    tables = {
        "name": "leaky",
        "parameters": MappingProxyType({"g_S_cm2": np.float32(0.5), "n": np.int64(3)}),
        "currents_mA_cm2": {"k": "g_S_cm2 * n * (v_mV - e_k_mV)"},
    }
    leaky = Mechanism.from_dict(MappingProxyType(tables))
    assert leaky.parameters == {"g_S_cm2": 0.5, "n": 3.0}
    tables["currents_mA_cm2"]["k"] = "0"  # type: ignore[index]
    tables["name"] = "other"
    for again in (Mechanism.from_dict(json.loads(leaky.source)), pickle.loads(pickle.dumps(leaky))):
        assert again.form == leaky.form
        assert again.name == "leaky"
        assert again.source == leaky.source
    assert leaky.compiled is not None


def test_programs_say_what_starts_settled() -> None:
    settled = {name: made(name).programs.is_settled for name in ALL}
    assert settled == {
        "na_squid": True,
        "k_squid": True,
        "markov": False,
        "na_node": True,
        "ca_shell": False,
    }
    assert made("markov").programs.states == (
        ("closed", 0.0, 1.0),
        ("open", 0.0, 1.0),
        ("shut", 0.0, 1.0),
    )
    values = everything(made("markov"), np.random.default_rng(1))
    start = made("markov").programs.settle.run(leading(made("markov"), values))
    np.testing.assert_allclose(start, 1 / 3)


#: All that takes as long as many products.
SLOW = {"exp", "expm1", "sigmoid", "exprelr", "exprelr_slope", "log", "pow"}


def slow(program: Program) -> dict[str, int]:
    return {name: count for name, count in program.counts().items() if name in SLOW}


@pytest.mark.parametrize(("form", "change", "linearise"), [(SODIUM, 31, 59), (POTASSIUM, 19, 40)])
def test_squid_channels_take_one_exponential_each(
    form: dict[str, Any], change: int, linearise: int
) -> None:
    programs = Mechanism.from_dict(form).programs
    for program in (programs.settle, programs.change, programs.linearise):
        assert slow(program) == {"expm1": 1}
    divisions = len(form["gates"])
    assert programs.change.counts()["div"] == divisions
    assert programs.linearise.counts()["div"] == divisions
    assert len(programs.change.code) <= change
    assert len(programs.linearise.code) <= linearise
    # What depends on the temperature alone is computed once.
    assert (programs.derived, programs.setup.counts()["exp"]) == (1, 1)


def test_rates_that_are_0_at_other_potentials_share_what_they_can() -> None:
    programs = Mechanism.from_dict(NODE_SODIUM).programs
    assert sum(slow(programs.change).values()) <= 5


def test_registers_are_used_again() -> None:
    programs = Mechanism.from_dict(SODIUM).programs
    assert programs.change.registers <= 6
    assert programs.linearise.registers <= 14
    assert programs.setup.registers == 1


def check_program(program: Program) -> None:
    first = program.leading + len(program.constants)
    written: set[int] = set()
    for operation, to, *arguments in program.code.tolist():
        read = arguments[: ARITY[OPERATIONS[operation][0]]]
        assert all(place < first or place in written for place in read)
        assert first <= to < first + program.registers
        assert set(arguments[len(read) :]) <= {0}
        written.add(to)
    assert all(place < first or place in written for place in program.outputs.tolist())


SEVERAL = [name for name in library_names() if len(from_library(name).programs.currents) > 1]


@pytest.mark.parametrize("name", SEVERAL)
def test_split_currents_add_up_to_the_whole_with_their_slopes(name: str) -> None:
    """For all of the library that carry more than one ion."""
    mechanism = from_library(name)
    programs = mechanism.programs
    count, currents = len(programs.states), len(programs.currents)
    operands = leading(mechanism, everything(mechanism, np.random.default_rng(8)))
    apart = np.array([x + 0 * V_mV for x in programs.split.run(operands)])
    apart = apart.reshape(currents, 2 + count, -1)
    each = [x + 0 * V_mV for x in programs.change.run(operands)[count:]]
    size = np.abs(apart).max(axis=(0, 2))[:, None]
    np.testing.assert_allclose(apart[:, 0], each, rtol=1e-12, atol=1e-13 * size[0, 0])
    whole = [x + 0 * V_mV for x in programs.linearise.run(operands)[-2 - count :]]
    assert (np.abs(apart.sum(axis=0) - whole) <= 1e-12 * size).all()


@pytest.mark.parametrize("name", ALL)
def test_bytecode_keeps_to_its_operands(name: str) -> None:
    programs: Programs = made(name).programs
    for name in ("setup", "settle", "relax", "conduct", "change", "linearise", "split"):
        program = getattr(programs, name)
        check_program(program)
        assert program.code.dtype == np.uint16
    count = len(programs.states)
    assert programs.setup.leading == len(programs.inputs)
    for program in (programs.settle, programs.relax, programs.conduct, programs.linearise):
        assert program.leading == 1 + count + len(programs.inputs) + programs.derived
    assert len(programs.setup.outputs) == programs.derived
    assert len(programs.settle.outputs) == count
    assert len(programs.change.outputs) == count + len(programs.currents)
    assert len(programs.linearise.outputs) == 3 * count + len(programs.jacobian) + 2
    several = len(programs.currents) if len(programs.currents) > 1 else 0
    assert len(programs.split.outputs) == several * (2 + count)


def test_nothing_overflows_far_away() -> None:
    mechanism = Mechanism.from_dict(SODIUM)
    values = everything(mechanism, np.random.default_rng(9))
    values["v_mV"] = np.linspace(-1000.0, 1000.0, len(V_mV))
    for program in (mechanism.programs.settle, mechanism.programs.linearise):
        assert np.isfinite(program.run(leading(mechanism, values))).all()


@pytest.mark.parametrize("name", [*ALL, *library_names()])
def test_single_precision_is_finite_where_the_formulas_are(name: str) -> None:
    """Shared exponentials overflow nowhere that no part of the formulas as written does."""
    mechanism = made(name) if name in ALL else from_library(name)
    programs = mechanism.programs
    far_mV = 1000.0 if name in ALL else LARGEST_SINGLE_mV
    v_mV = np.linspace(-far_mV, far_mV, 4001)
    values: dict[str, Any] = mechanism._given(v_mV, {})
    assert far_mV >= 300.0
    values |= {state: max(low, 0.0) + 0.5 for state, low, _ in programs.states}
    equations = mechanism._equations
    graph = equations.graph
    roots = [*equations.settle, *equations.rates, *equations.currents.values()]
    free = ("v_mV", *mechanism.states)
    slopes = [Derivative(graph, by).of(node) for by in free for node in roots]
    said = evaluate_nodes(graph, graph.reached([*roots, *slopes]), values)
    largest = np.max(np.abs(np.stack(np.broadcast_arrays(*said, v_mV))), axis=0)
    given = leading(mechanism, values)
    for which in ("settle", "relax", "conduct", "change", "linearise"):
        program: Program = getattr(programs, which)
        for output, value in enumerate(program.run(given, dtype=np.float32)):
            assert value.dtype == np.float32
            lost = (largest < 1e37) & ~np.isfinite(value)
            assert not lost.any(), (which, output, v_mV[lost])


def test_rising_sigmoids_and_falling_rates_end_at_their_limits_in_single_precision() -> None:
    """One exponential, e^(v/10), is infinite there: neither inf/inf nor inf times 0."""
    formula = "sigmoid(v_mV / 10) + sigmoid(-v_mV / 10) + exprelr(v_mV / 10) + exprelr(-v_mV / 10)"
    mechanism = Mechanism("far", states={"x": {"rate_per_ms": formula, "initial": "0"}})
    assert slow(mechanism.programs.change) == {"expm1": 1}
    v_mV = np.array([-1000.0, -950.0, 0.0, 950.0, 1000.0])
    values = {**mechanism._given(v_mV, {}), "x": np.zeros(5)}
    (rate,) = mechanism.programs.change.run(leading(mechanism, values), dtype=np.float32)
    np.testing.assert_allclose(rate, [101.0, 96.0, 3.0, 96.0, 101.0], rtol=1e-6)


def test_rates_keep_their_digits_near_0_over_0() -> None:
    """x/(e^x - 1) is 1 - x/2 there, and its slope -1/2, for any small x."""
    mechanism = Mechanism.from_dict(POTASSIUM)
    values = everything(mechanism, np.random.default_rng(9))
    small = np.array([0.0, 1e-13, -1e-12, 1e-9, -1e-6, 1e-3, -0.9, 1.1, 5.0])
    values |= {"v_mV": -55.0 + small, "n": np.zeros(len(small))}
    found = mechanism.programs.linearise.run(leading(mechanism, values))
    x = -((-55.0 + small) + 55.0) / 10.0
    alpha = np.where(x == 0, 1.0, x / np.where(x == 0, 1.0, np.expm1(x))) * 0.1
    np.testing.assert_allclose(found[0], alpha, rtol=2e-15)
    series = -0.5 + x / 6 - x**3 / 180 + x**5 / 5040 - x**7 / 151200 + x**9 / 4790016
    np.testing.assert_allclose(found[1], -0.01 * series, rtol=1e-11)


def test_scheme_shares_exponentials_of_commensurate_slopes() -> None:
    """1/8, 1/12 and 1/24 of v are 3, 2 and 1 of 1/24, but the first has a parameter in it."""
    programs = Mechanism.from_dict(SCHEME).programs
    assert slow(programs.change) == {"exp": 1}
    assert programs.setup.counts()["exp"] == 2


@pytest.mark.parametrize("seed", range(24))
def test_exponentials_of_all_kinds_and_signs_share_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(5):
        kind = str(rng.choice(["exp", "sigmoid", "exprelr"]))
        slope = str(rng.choice(["10", "-10", "20", "-30", "15", "-60", "60"]))
        at_mV = "40" if kind == "exprelr" else f"{rng.uniform(20.0, 60.0):.3f}"
        parts.append(f"{rng.uniform(0.5, 2.0):.3f} * {kind}((v_mV + {at_mV}) / {slope})")
    mechanism = Mechanism(
        "shared",
        states={"x": {"rate_per_ms": f"{' + '.join(parts)} - 1 * x", "initial": "0"}},
    )
    programs = mechanism.programs
    assert set(slow(programs.linearise).values()) == {1}
    values = everything(mechanism, rng)
    rate, by_v, by_x = programs.linearise.run(leading(mechanism, values))[:3]
    graph, node = mechanism._equations.graph, mechanism._equations.rates[0]
    expected = evaluate_nodes(graph, [node, Derivative(graph, "v_mV").of(node)], values)
    size = sum(abs(each) for each in evaluate_nodes(graph, graph.reached([node]), values))
    for found, wanted in zip((rate, by_v), expected, strict=True):
        assert (np.abs(found - wanted) <= 1e-13 * size).all()
    np.testing.assert_array_equal(by_x + 0 * V_mV, -1.0)


def test_powers_that_would_overflow_are_not_shared() -> None:
    steep = {"x": {"rate_per_ms": "sigmoid(v_mV / 1) + sigmoid(v_mV / 2) - 1 * x", "initial": "0"}}
    mechanism = Mechanism("steep", states=steep)
    assert slow(mechanism.programs.change) == {"sigmoid": 2}
    values = {**everything(mechanism, np.random.default_rng(1)), "v_mV": np.array([-999.0, 999.0])}
    values["x"] = np.zeros(2)
    (rate,) = mechanism.programs.change.run(leading(mechanism, values))
    np.testing.assert_allclose(rate, [0.0, 2.0], atol=1e-200)


def test_slopes_that_do_not_go_together_are_not_shared() -> None:
    odd = {"x": {"rate_per_ms": "exp(v_mV / 17) + exp(v_mV / 18.01) - 1 * x", "initial": "0"}}
    assert slow(Mechanism("odd", states=odd).programs.change) == {"exp": 2}
