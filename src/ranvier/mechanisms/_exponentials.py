"""One exponential for many: e^(-v/18), e^(-v/20) and e^(-v/10) are powers of e^(-v/180).

An exponential costs as much as twenty products. x/(e^x - 1) takes part through m = e^y - 1, whose
powers lose no digits near 0: e^(a+b) - 1 = m_a e^b + m_b.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ranvier.mechanisms._graph import Graph, Node

KINDS = ("exp", "sigmoid", "exprelr", "exprelr_slope")
#: The rounding of a power is that of its base as many times.
LARGEST_POWER = 40
#: Potentials up to this must not make a power overflow.
LARGEST_mV = 1000.0
LARGEST_EXPONENT = 600.0
#: Nor, up to these, one in single precision, which holds e^88.
LARGEST_SINGLE_mV = 300.0
LARGEST_SINGLE_EXPONENT = 80.0
#: Powers above this are all the same to a quotient, which then is not inf/inf, nor in single.
LARGE = 1e30
#: How well slopes have to fit whole powers of one base.
RATIONAL_RELATIVE = 1e-13
#: Lost in what it is added to unless that is 0, so that 0/0 is 1 there; not 0 in single precision.
NEVER_ZERO = 1e-30
#: Below the root of this a series gives the slope of exprelr: where the quotient loses as much as
#: three terms leave out, 1e-13.
SMALL_SQUARED = 1e-4


@dataclass(frozen=True, slots=True)
class Linear:
    """slope (x + shift), where the shift is fixed and x is not."""

    slope: float
    x: Node
    shift: Node


@dataclass(slots=True)
class Member:
    node: Node
    kind: str
    linear: Linear
    power: int = 0


def share_exponentials(
    graph: Graph, roots: list[Node], is_fixed: Callable[[Node], bool]
) -> list[Node]:
    """Rewrite exponentials that can be powers of one, a variable at a time."""
    members: dict[Node, list[Member]] = {}
    for node in graph.reached(roots):
        if graph.operation(node) in KINDS and not is_fixed(node):
            linear = linear_in_one(graph, graph.arguments(node)[0], is_fixed)
            if _is_of_potential(graph, linear.x, is_fixed):
                member = Member(node, graph.operation(node), linear)
                members.setdefault(linear.x, []).append(member)
    replaced: dict[Node, Node] = {}
    for group in members.values():
        while group:
            taken = _alike(graph, group)
            if len(taken) > 1:
                replaced.update(_Shared(graph, taken).nodes())
            group = [member for member in group if member not in taken]
    # What stands for exponentials reads v alone, so nothing in it is replaced in turn.
    return graph.rewritten(roots, lambda node, _: replaced.get(node)) if replaced else roots


def linear_in_one(graph: Graph, node: Node, is_fixed: Callable[[Node], bool]) -> Linear:
    """The argument of an exponential taken apart as far as its slope is a number."""
    outer: list[tuple[Node, int]] = []
    while graph.operation(node) in ("add", "sub", "mul", "div", "neg"):
        free = [place for place, each in enumerate(graph.arguments(node)) if not is_fixed(each)]
        if len(free) != 1:
            break
        outer.append((node, free[0]))
        node = graph.arguments(node)[free[0]]
    found = Linear(1.0, node, graph.const(0.0))
    for node, place in reversed(outer):
        arguments = graph.arguments(node)
        other = arguments[1 - place] if len(arguments) == 2 else node
        made = _outer(graph, graph.operation(node), place, found, other)
        found = made or Linear(1.0, node, graph.const(0.0))
    return found


def _outer(graph: Graph, operation: str, place: int, inner: Linear, other: Node) -> Linear | None:
    """An operation on something linear: `place` is that one's, `other` the other operand."""
    value = graph.value(other)
    step = graph.div(other, graph.const(inner.slope)) if operation in ("add", "sub") else other
    match operation, place:
        case "neg", _:
            return Linear(-inner.slope, inner.x, inner.shift)
        case "add", _:
            return Linear(inner.slope, inner.x, graph.add(inner.shift, step))
        case "sub", 0:
            return Linear(inner.slope, inner.x, graph.sub(inner.shift, step))
        case "sub", 1:
            return Linear(-inner.slope, inner.x, graph.sub(inner.shift, step))
        case "mul", _ if value:
            return Linear(value * inner.slope, inner.x, inner.shift)
        case "div", 0 if value:
            return Linear(inner.slope / value, inner.x, inner.shift)
    return None


def _is_of_potential(graph: Graph, x: Node, is_fixed: Callable[[Node], bool]) -> bool:
    """Whether x is v, or v times something fixed: what has a known range."""
    if graph.operation(x) == "mul":
        return any(
            is_fixed(a) and graph.name_of(b) == "v_mV"
            for a, b in (graph.arguments(x), graph.arguments(x)[::-1])
        )
    return graph.name_of(x) == "v_mV"


def _alike(graph: Graph, group: list[Member]) -> list[Member]:
    """Those that can share with the first, the anchor: an exprelr, else one without inputs."""

    def rank(member: Member) -> tuple[bool, bool]:
        return not member.kind.startswith("exprelr"), graph.value(member.linear.shift) is None

    group = sorted(group, key=rank)
    first = group[0]
    taken = [first]
    ratios = [Fraction(1)]
    for member in group[1:]:
        exact = member.linear.slope / first.linear.slope
        ratio = Fraction(exact).limit_denominator(LARGEST_POWER)
        is_rational = abs(float(ratio) - exact) <= RATIONAL_RELATIVE * abs(exact)
        if not is_rational or not _is_anchored(graph, member, first):
            continue
        powers = _powers([*ratios, ratio])
        base = first.linear.slope / powers[0]
        if max(map(abs, powers)) > LARGEST_POWER or not _is_in_range(
            graph, base, powers, [*taken, member]
        ):
            continue
        taken.append(member)
        ratios.append(ratio)
    powers = _powers(ratios)
    if sum(power > 0 for power in powers) * 2 < len(powers):
        powers = [-power for power in powers]
    for member, power in zip(taken, powers, strict=True):
        member.power = power
    return taken


def _powers(ratios: list[Fraction]) -> list[int]:
    """The smallest whole numbers in these ratios."""
    whole = math.lcm(*(ratio.denominator for ratio in ratios))
    powers = [int(ratio * whole) for ratio in ratios]
    common = math.gcd(*powers)
    return [power // common for power in powers]


def _is_anchored(graph: Graph, member: Member, first: Member) -> bool:
    """Whether an exprelr is 0/0 at the same potential as the group's."""
    return not member.kind.startswith("exprelr") or member.linear.shift == first.linear.shift


def _is_in_range(graph: Graph, base: float, powers: list[int], members: list[Member]) -> bool:
    if graph.name_of(members[0].linear.x) != "v_mV":
        return True
    anchor = graph.value(members[0].linear.shift) or 0.0
    for power, member in zip(powers, members, strict=True):
        shift = (graph.value(member.linear.shift) or 0.0) - anchor
        off_mV = abs(anchor) + abs(shift)
        if (
            abs(base * power) * (LARGEST_mV + off_mV) > LARGEST_EXPONENT
            or abs(base * power) * (LARGEST_SINGLE_mV + off_mV) > LARGEST_SINGLE_EXPONENT
        ):
            return False
    return True


class _Shared:
    """The powers of one exponential, made as they are asked for."""

    def __init__(self, graph: Graph, members: list[Member]) -> None:
        self.graph = graph
        self.members = members
        self.anchor = members[0].linear
        self.slope = self.anchor.slope / members[0].power
        self.one = graph.const(1.0)
        y = graph.mul(graph.const(self.slope), graph.add(self.anchor.x, self.anchor.shift))
        self.is_relative = any(member.kind.startswith("exprelr") for member in members)
        if self.is_relative:
            y = graph.add(y, graph.const(NEVER_ZERO))
            less_one = graph.call("expm1", y)
            self.less_ones = {1: less_one}
            self.powers = {1: graph.add(less_one, self.one)}
        else:
            self.less_ones = {}
            self.powers = {1: graph.call("exp", y)}
        self.y = y
        self.inverses: dict[int, Node] = {}

    def nodes(self) -> dict[Node, Node]:
        relative = [member for member in self.members if member.kind.startswith("exprelr")]
        for power in sorted({abs(member.power) for member in relative}):
            self.less_one(power)
        negative = {-member.power for member in self.members if self.needs_inverse(member)}
        # Far away e^y - 1 is -1 but for rounding, of which one over the higher powers would be.
        if len(negative) > 1 or (negative and self.is_relative):
            self.inverses[1] = self.graph.div(self.one, self.powers[1])
        made = {"exp": self.exponential, "sigmoid": self.sigmoid}
        made |= {"exprelr": self.relative, "exprelr_slope": self.relative_slope}
        order = sorted(self.members, key=lambda member: abs(member.power))
        return {member.node: made[member.kind](member) for member in order}

    def needs_inverse(self, member: Member) -> bool:
        return member.kind == "exp" and member.power < 0

    def split(self, power: int, known: dict[int, Node]) -> tuple[int, int]:
        """Two powers that make this one, the higher first; known ones where there are any."""
        for first in sorted(known, reverse=True):
            if power - first in known:
                return first, power - first
        return (power - 1, 1) if power % 2 else (power // 2, power // 2)

    def less_one(self, power: int) -> Node:
        """e^(power y) - 1 without loss of digits."""
        if power not in self.less_ones:
            first, second = self.split(power, self.less_ones)
            product = self.graph.mul(self.less_one(first), self.power(second))
            self.less_ones[power] = self.graph.add(product, self.less_one(second))
        return self.less_ones[power]

    def power(self, power: int) -> Node:
        """e^(power y)."""
        if power not in self.powers:
            if power in self.less_ones:
                self.powers[power] = self.graph.add(self.less_ones[power], self.one)
            else:
                first, second = self.split(power, self.powers)
                self.powers[power] = self.graph.mul(self.power(first), self.power(second))
        return self.powers[power]

    def inverse(self, power: int) -> Node:
        """e^(-power y)."""
        if 1 not in self.inverses:
            return self.graph.div(self.one, self.power(power))
        if power not in self.inverses:
            first, second = self.split(power, self.inverses)
            self.inverses[power] = self.graph.mul(self.inverse(first), self.inverse(second))
        return self.inverses[power]

    def factor(self, member: Member, sign: int = 1) -> Node:
        """e^(what a member's argument is more than its power of y), or one over that."""
        shift = self.graph.sub(member.linear.shift, self.anchor.shift)
        more = self.graph.mul(self.graph.const(sign * member.linear.slope), shift)
        return self.graph.call("exp", more)

    def exponential(self, member: Member) -> Node:
        if member.power > 0:
            return self.graph.mul(self.factor(member), self.power(member.power))
        return self.graph.mul(self.factor(member), self.inverse(-member.power))

    def sigmoid(self, member: Member) -> Node:
        graph = self.graph
        if member.power < 0:
            falling = graph.mul(self.factor(member, -1), self.power(-member.power))
            return graph.div(self.one, graph.add(self.one, falling))
        rising = graph.mul(self.factor(member), self.power(member.power))
        rising = self.limited(rising)
        return graph.div(rising, graph.add(self.one, rising))

    def limited(self, node: Node) -> Node:
        return self.graph.call("min", node, self.graph.const(LARGE))

    def relative(self, member: Member) -> Node:
        """x/(e^x - 1), 0 where e^x is infinite; for -x, x e^x/(e^x - 1), x there."""
        graph = self.graph
        power = abs(member.power)
        x = graph.mul(graph.const(float(power)), self.y)
        if member.power < 0:
            rising = graph.mul(x, self.limited(self.power(power)))
            return graph.div(rising, self.limited(self.less_one(power)))
        return graph.div(x, self.less_one(power))

    def relative_slope(self, member: Member) -> Node:
        """r' = (1 - r - x)/(e^x - 1), near 0 the series -1/2 + x/6 - x^3/180 + ...

        For a negative power r'(-x) = -1 - r'(x).
        """
        graph = self.graph
        power = abs(member.power)
        x = graph.mul(graph.const(float(power)), self.y)
        less_one = self.less_one(power)
        r = graph.div(x, less_one)
        quotient = graph.div(graph.sub(graph.sub(self.one, x), r), less_one)
        square = graph.mul(x, x)
        series = graph.add(graph.mul(graph.const(-1 / 180), square), graph.const(1 / 6))
        series = graph.add(graph.mul(series, x), graph.const(-0.5))
        is_small = graph.call("less", square, graph.const(SMALL_SQUARED))
        slope = graph.select(is_small, series, quotient)
        return slope if member.power > 0 else graph.sub(graph.const(-1.0), slope)
