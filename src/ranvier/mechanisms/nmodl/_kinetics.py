"""The states of a mechanism: gates, schemes of reactions, and equations of any other kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ranvier.mechanisms.nmodl._algebra import factors, product, straight
from ranvier.mechanisms.nmodl._execution import Reaction, Solved
from ranvier.mechanisms.nmodl._expression import (
    ONE,
    ZERO,
    Expression,
    add,
    body,
    divide,
    make,
    multiply,
    negative,
    number,
    subtract,
    value_of,
    without_names,
)
from ranvier.mechanisms.nmodl._quotients import POTENTIAL
from ranvier.mechanisms.nmodl._source import Source
from ranvier.mechanisms.nmodl._values import evaluate, scattered

#: Where a gate's steady state is looked at, in mV.
POTENTIALS_mV = [10.0 * step for step in range(-15, 11)]
#: How far a start may be from the steady state and still be called it.
SAME = 1e-9
NO_STEADY_STATE = (
    "STEADYSTATE has no formula here, expected a gate, or reactions whose rates read no states "
    "with one CONSERVE of all of them to a number"
)


@dataclass
class Gate:
    """By rates, or by steady state and time constant."""

    opening: Expression
    closing: Expression
    is_by_rates: bool


@dataclass
class State:
    rate: Expression
    initial: Expression


@dataclass
class Scheme:
    total: float
    reactions: list[Reaction]
    initial: dict[str, Expression]


@dataclass
class Kinetics:
    gates: dict[str, Gate] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    schemes: dict[str, Scheme] = field(default_factory=dict)


def kinetics(
    solved: Solved,
    initial: Mapping[str, Expression],
    defaults: Mapping[str, float],
    source: Source,
    jumping: Collection[str] = (),
) -> Kinetics:
    """`jumping` are states that events change, which are never gates: these stay within 0 and 1."""
    found = Kinetics()
    rates = dict(solved.rates)
    for name, after in solved.steps.items():
        rate = rate_of_step(make("var", name), after)
        if rate is None:
            line = source.line_of(f"{name} =", after="PROCEDURE")
            source.refuse(line, f"{name}: a step in time, expected {name}' = ...")
        else:
            rates[name] = rate
    if solved.reactions:
        check_start_of_sums(solved, initial, defaults, source)
        scheme = as_scheme(solved, initial)
        if scheme is not None:
            found.schemes["kinetic"] = scheme
        else:
            rates |= mass_action(solved.reactions)
            check_conserved(solved, source)
    elif solved.conserved and not source.problems:
        source.refuse("CONSERVE", "CONSERVE: there are no reactions, expected some")
    names = {make("var", name) for name in rates}
    names |= {make("var", name) for scheme in found.schemes.values() for name in states_of(scheme)}
    for name, rate in rates.items():
        gate = as_gate(make("var", name), rate, names)
        start = None if name in solved.settled else initial[name]
        if name in jumping:
            gate = None
        if gate is not None and is_settled_gate(gate, start, defaults):
            found.gates[name] = gate
        else:
            if start is None:
                start = ZERO if gate is None else steady_state(gate)
                if gate is None:
                    source.refuse(line_of_steady(source), f"{name}: {NO_STEADY_STATE}")
            found.states[name] = State(rate, start)
    return found


# Gates.


def as_gate(x: Expression, rate: Expression, states: set[Expression]) -> Gate | None:
    """The rate as that of a gate; None if it is not straight in x or reads other states."""
    inside = body(rate)
    if inside.operator == "/":
        line, tau = body(inside.arguments[0]), inside.arguments[1]
        if line.operator == "-" and body(line.arguments[1]) is x:
            return checked(by_rates(line.arguments[0], tau), states)
    if inside.operator == "-" and (gate := opening_and_closing(x, inside)):
        return checked(gate, states)
    line_of_x = straight(rate, x)
    if line_of_x is None or line_of_x[1] is ZERO:
        return None
    steady = divide(line_of_x[0], negative(line_of_x[1]))
    return checked(Gate(steady, divide(ONE, negative(line_of_x[1])), False), states)


def checked(gate: Gate, states: set[Expression]) -> Gate | None:
    return None if (gate.opening.reads | gate.closing.reads) & states else gate


def opening_and_closing(x: Expression, difference: Expression) -> Gate | None:
    """Of `a (1 - x) - b x`."""
    opened, closed = difference.arguments
    shut = {make("-", ONE, x)}
    sides = []
    for side, wanted in ((opened, shut), (closed, {x})):
        is_negative, over, under = factors(side)
        left = [each for each in over if without_names(each) not in wanted]
        if is_negative or len(left) != len(over) - 1:
            return None
        sides.append(product(left, under))
    return Gate(sides[0], sides[1], True)


def by_rates(steady: Expression, tau: Expression) -> Gate:
    """Of `a / (a + b)` and `1 / (q (a + b))` the rates `q a` and `q b`: divisions cost time."""
    _, over, under = factors(tau)
    opening = divide(steady, tau)
    for sum_ in under:
        inside = body(sum_)
        if inside.operator != "+":
            continue
        rest = [each for each in under if each is not sum_]
        scale = divide(ONE, product(over, rest))
        for one, other in (inside.arguments, inside.arguments[::-1]):
            # What the two share may be a factor of either: minf = alpha * mtau.
            if canonical(opening) == canonical(multiply(one, scale)):
                return Gate(multiply(one, scale), multiply(other, scale), True)
    return Gate(steady, tau, False)


def canonical(e: Expression) -> tuple[bool, list[Expression], list[Expression]]:
    """The same for all orders of the same factors.

    They are kept, not their ids: what is compared must live until it is.
    """
    is_negative, over, under = factors(without_names(e))
    left = [each for each in over if value_of(each) != 1.0]
    below = []
    for each in under:
        if each in left:
            left.remove(each)
        elif value_of(each) != 1.0:
            below.append(each)
    return is_negative, sorted(left, key=id), sorted(below, key=id)


def is_settled_gate(gate: Gate, initial: Expression | None, defaults: Mapping[str, float]) -> bool:
    """Whether it starts at its steady state, and that is between 0 and 1, as a gate's is."""
    steady = steady_state(gate)
    everything = [steady, *([] if initial is None else [initial])]
    values = scattered(everything, defaults)
    for v_mV in POTENTIALS_mV:
        values[POTENTIAL] = v_mV + 0.017
        settled = evaluate(steady, values)
        if not -SAME <= settled <= 1.0 + SAME and settled == settled:
            return False
        if initial is not None:
            start = evaluate(initial, values)
            if abs(start - settled) > SAME * max(abs(settled), 1.0):
                return False
    return True


def steady_state(gate: Gate) -> Expression:
    if not gate.is_by_rates:
        return gate.opening
    return divide(gate.opening, add(gate.opening, gate.closing))


def line_of_steady(source: Source) -> int:
    return [*source.lines_with("STEADYSTATE"), 1][0]


# Steps of old files.


def rate_of_step(x: Expression, after: Expression) -> Expression | None:
    """(inf - x) / tau of `x + (1 - exp(-dt / tau)) (inf - x)`; None of any other step."""
    after = body(after)
    if after.operator != "+" or x not in map(body, after.arguments):
        return None
    change = next(each for each in after.arguments if body(each) is not x)
    is_negative, over, under = factors(change)
    if is_negative or under:
        return None
    for share in over:
        inside = body(share)
        if inside.operator != "-" or inside.arguments[0] is not ONE:
            continue
        exponential = body(inside.arguments[1])
        if exponential.operator != "call" or exponential.arguments[0] != "exp":
            continue
        step = next((leaf for leaf in share.reads if leaf.arguments[0] == "dt"), None)
        line = straight(exponential.arguments[1], step) if step is not None else None
        if line is None or line[0] is not ZERO:
            continue
        rest = product([each for each in over if each is not share], [])
        return over_tau(rest, negative(line[1]))
    return None


def over_tau(value: Expression, rate: Expression) -> Expression:
    """value * rate, with a rate of 1 / tau as a division."""
    rate = body(rate)
    if rate.operator == "/" and rate.arguments[0] is ONE:
        return make("/", value, rate.arguments[1])
    return multiply(value, rate)


# Reactions.


def states_of(scheme: Scheme) -> list[str]:
    return list(
        dict.fromkeys(name for each in scheme.reactions for name in (*each.left, *each.right))
    )


def as_scheme(solved: Solved, initial: Mapping[str, Expression]) -> Scheme | None:
    """Reactions between states of one sum; None of any others."""
    reactions = solved.reactions
    names = {name for each in reactions for name in (*each.left, *each.right)}
    variables = {make("var", name) for name in names | set(solved.rates)}
    if len(solved.conserved) != 1 or any(
        not each.left
        or sum(each.left.values()) != sum(each.right.values())
        or (each.forward.reads | (each.backward or ZERO).reads) & variables
        for each in reactions
    ):
        return None
    members, total = solved.conserved[0]
    amount = value_of(body(total))
    if amount is None or amount <= 0.0 or members != dict.fromkeys(names, 1):
        return None
    start = {} if names <= solved.settled else {name: initial[name] for name in sorted(names)}
    return Scheme(amount, reactions, start)


def mass_action(reactions: list[Reaction]) -> dict[str, Expression]:
    rates: dict[str, Expression] = {}
    for each in reactions:
        flow = flux(each.forward, each.left)
        if each.backward is not None:
            flow = subtract(flow, flux(each.backward, each.right))
        for side, sign in ((each.left, -1.0), (each.right, 1.0)):
            for name, count in side.items():
                change = multiply(number(sign * count), flow)
                rates[name] = add(rates.get(name, ZERO), change)
    return rates


def flux(rate: Expression, states: Mapping[str, int]) -> Expression:
    for name, count in states.items():
        for _ in range(count):
            rate = multiply(rate, make("var", name))
    return rate


def check_start_of_sums(
    solved: Solved,
    initial: Mapping[str, Expression],
    defaults: Mapping[str, float],
    source: Source,
) -> None:
    """NEURON's first step makes the sum what CONSERVE says, whatever INITIAL set."""
    for members, total in solved.conserved:
        if members.keys() <= solved.settled:
            continue
        lost = sorted(members.keys() - initial.keys())
        if lost:
            source.refuse("CONSERVE", f"CONSERVE: {lost[0]} is in no reaction, expected it in one")
            continue
        begun = ZERO
        for name, count in members.items():
            begun = add(begun, multiply(number(float(count)), initial[name]))
        for variant in (None, 1, 2):
            values = scattered([begun, total], defaults, variant)
            held, wanted = evaluate(begun, values), evaluate(total, values)
            if not abs(held - wanted) <= SAME * max(abs(wanted), 1.0):
                reason = f"CONSERVE: INITIAL makes the sum {held:.9g}, expected {wanted:.9g}"
                source.refuse("CONSERVE", reason)
                break


def check_conserved(solved: Solved, source: Source) -> None:
    """A sum that the reactions themselves do not keep needs an equation that the form lacks."""
    for members, _ in solved.conserved:
        for each in solved.reactions:
            left, right = (
                sum(count * members.get(name, 0) for name, count in side.items())
                for side in (each.left, each.right)
            )
            if left != right:
                source.refuse("CONSERVE", "CONSERVE: a reaction changes the sum, expected none")
                return
