"""Runs the blocks of a .mod file with expressions for values.

Calls are followed into procedures and functions, so that what is left of a file is, for every
variable, a formula of potential, states, parameters and ions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ranvier.mechanisms.nmodl._declarations import (
    FLOWS,
    OF_THE_RUN,
    Declared,
    kind_of,
    members,
    text_of,
)
from ranvier.mechanisms.nmodl._expression import (
    LEAVES,
    ONE,
    ZERO,
    Expression,
    add,
    call,
    choose,
    divide,
    make,
    negative,
    number,
)
from ranvier.mechanisms.nmodl._source import Source
from ranvier.mechanisms.nmodl._values import evaluate

OPERATORS = {"^": "**", "&&": "and", "||": "or"}
FUNCTIONS = {"fabs": "abs", "fmin": "min", "fmax": "max"}
FUNCTIONS |= {name: name for name in ("exp", "log", "log10", "sqrt", "tanh")}
#: Ways to solve; all are one to a formula of the rates.
METHODS = ("cnexp", "derivimplicit", "sparse", "euler", "runge", "after_cvode", "cvode_t")
IGNORED = {
    "LineComment",
    "BlockComment",
    "TableStatement",  # a table of what is computed exactly here
    "UnitState",
    "ConductanceHint",
    "MutexLock",
    "MutexUnlock",
    "Verbatim",  # refused already, or without meaning
    "ThreadSafe",
}
MOST_CALLS_DEEP = 40
MOST_TURNS = 1000


class _StopError(Exception):
    """This statement cannot be translated; the reason is among the problems."""


@dataclass
class Reaction:
    """`left` and `right` hold states and how often each takes part."""

    left: dict[str, int]
    right: dict[str, int]
    forward: Expression
    #: None of one that goes one way.
    backward: Expression | None
    line: int


@dataclass
class Solved:
    """What the blocks that are solved say of the states."""

    rates: dict[str, Expression] = field(default_factory=dict)
    #: Of old procedures that step: the values after the step.
    steps: dict[str, Expression] = field(default_factory=dict)
    reactions: list[Reaction] = field(default_factory=list)
    #: States of one sum, and the sum.
    conserved: list[tuple[dict[str, int], Expression]] = field(default_factory=list)
    #: Set to their steady state at the start.
    settled: set[str] = field(default_factory=set)


class Execution:
    """`values` holds what is known of the variables of the file."""

    def __init__(self, source: Source, declared: Declared, values: Mapping[str, Expression]):
        self.source = source
        self.declared = declared
        self.values = dict(values)
        self.frames: list[dict[str, Expression]] = []
        #: What each frame's function returns, which gets no name of its own.
        self.returned: list[str] = []
        self.solved = Solved()
        self.is_start = False
        #: Whether an old procedure that steps is being run.
        self.is_step = False
        #: In how many conditions that change while NEURON runs.
        self.conditions = 0
        #: By statement block: what its own variables hide.
        self.hidden: list[dict[str, Expression | None]] = []
        #: Of the block that receives events, what they bring.
        self.brought: frozenset[str] = frozenset()
        #: States that are set outside of their equations, and where.
        self.overwritten: dict[str, Any] = {}

    def run(self, block: Any) -> None:
        self.within(block, {}, "")

    def within(self, block: Any, frame: dict[str, Expression], returned: str) -> Expression:
        """Runs a block with these local variables, and gives what it returns."""
        self.frames.append(frame)
        self.returned.append(returned)
        self.inside(block.statement_block)
        self.returned.pop()
        return self.frames.pop().get(returned, ZERO)

    def statements(self, statements: list[Any]) -> None:
        for statement in statements:
            try:
                self.statement(statement)
            except _StopError:
                continue

    def inside(self, block: Any) -> None:
        """Runs a block in braces, whose LOCAL variables end with it."""
        self.hidden.append({})
        self.statements(block.statements)
        frame = self.frames[-1]
        for name, before in self.hidden.pop().items():
            if before is None:
                del frame[name]
            else:
                frame[name] = before

    def unconditional(self, where: Any) -> None:
        if self.conditions:
            written = " ".join(self.source.written(where).split())
            reason = f"{written}: depends on a condition, expected it in every case"
            raise self.refuse(where, reason)

    def refuse(self, where: Any, reason: str) -> _StopError:
        self.source.refuse(where, reason)
        return _StopError()

    def statement(self, statement: Any) -> None:
        kind = kind_of(statement)
        if kind in IGNORED:
            return
        if kind == "ExpressionStatement":
            self.expression_statement(statement.expression)
        elif kind == "LocalListStatement":
            for each in statement.variables:
                for name in members(each, self.source):
                    self.hidden[-1].setdefault(name, self.frames[-1].get(name))
                    self.frames[-1][name] = ZERO
        elif kind == "IfStatement":
            self.condition(statement)
        elif kind == "FromStatement":
            self.loop(statement)
        elif kind == "ReactionStatement":
            self.reaction(statement)
        elif kind == "Conserve":
            self.unconditional(statement)
            terms = self.sum_of_states(statement.react)
            self.solved.conserved.append((terms, self.read(statement.expr)))
        else:
            words = self.source.written(statement).split()
            raise self.refuse(statement, f"{words[0]}: is not translated")

    def expression_statement(self, expression: Any) -> None:
        kind = kind_of(expression)
        if kind == "BinaryExpression" and self.source.written(expression.op) == "=":
            self.assign(expression, self.read(expression.rhs))
        elif kind == "DiffEqExpression":
            self.rate(expression.expression)
        elif kind == "SolveBlock":
            self.solve(expression)
        elif kind == "InitialBlock":
            reason = "INITIAL: what a connection keeps by itself is not translated"
            line = self.source.line_of("INITIAL", after="NET_RECEIVE")
            raise self.refuse(line, reason)
        else:
            self.read(expression)

    def assign(self, statement: Any, value: Expression) -> None:
        self.set(self.name_of(statement.lhs), value, statement)

    def set(self, name: str, value: Expression, statement: Any) -> None:
        if name in OF_THE_RUN:
            raise self.refuse(statement, f"{name} = ...: the run's own variables cannot be set")
        frame = self.frames[-1]
        if name in self.brought and len(self.frames) == 1:
            reason = f"{name} = ...: keeps a value of a connection, expected a STATE"
            raise self.refuse(statement, reason)
        if name in frame:
            frame[name] = self.named(name, value)
            return
        if not self.declared.has(name):
            raise self.refuse(statement, f"{name}: is unknown, expected it in ASSIGNED or LOCAL")
        if name in self.declared.states:
            self.solved.settled.discard(name)
            if not self.is_step:
                self.overwritten.setdefault(name, statement)
        self.values[name] = self.named(name, value)

    def named(self, name: str, value: Expression) -> Expression:
        """The value as an intermediate one, where it is worth a name."""
        has_name = value.operator in (*LEAVES, "def") or name == self.returned[-1]
        return value if has_name else make("def", name, value)

    def name_of(self, node: Any) -> str:
        """Of a variable, with the value of its index."""
        node = node.name if kind_of(node) == "VarName" else node
        name = text_of(node)
        if kind_of(node) != "IndexedName":
            return name
        return f"{name}[{self.whole(node.length, node)}]"

    def whole(self, node: Any, where: Any) -> int:
        """A whole number that is known while the file is read."""
        value = evaluate(self.read(node), {})
        if value != value or value != int(value):
            written = self.source.written(node)
            raise self.refuse(where, f"{written}: is not a whole number known beforehand")
        return int(value)

    def rate(self, equation: Any) -> None:
        name = self.name_of(equation.lhs).replace("'", "")
        if name in self.solved.rates:
            raise self.refuse(equation, f"{name}': has two equations, expected one")
        self.solved.rates[name] = self.read(equation.rhs)

    def solve(self, node: Any) -> None:
        self.unconditional(node)
        name = text_of(node.block_name)
        block = self.declared.routines.get(name)
        method = node.method or node.steadystate
        if method is not None and text_of(method) not in METHODS:
            reason = f"METHOD {text_of(method)}: is not known, expected {', '.join(METHODS)}"
            raise self.refuse(node, reason)
        if block is None:
            raise self.refuse(node, f"SOLVE {name}: there is no such block to translate")
        if self.is_start:
            if node.steadystate is None:
                raise self.refuse(node, f"SOLVE {name}: in INITIAL, expected STEADYSTATE")
            inner = Execution(self.source, self.declared, self.values)
            inner.run(block)
            self.solved.settled |= set(inner.solved.rates)
            for each in inner.solved.reactions:
                self.solved.settled |= {*each.left, *each.right}
            for state in self.solved.settled:
                reason = f"{state}: its steady state is read in INITIAL, expected a formula of it"
                self.values[state] = make("bad", state, reason, self.source.line_of_node(node))
            return
        before = dict(self.values)
        self.is_step = kind_of(block) == "ProcedureBlock"
        self.run(block)
        if self.is_step:
            for state in self.declared.states:
                if self.values[state] is not before[state]:
                    self.solved.steps[state] = self.values[state]
                self.values[state] = before[state]
        self.is_step = False

    def condition(self, statement: Any) -> None:
        branches = [(statement.condition, statement.statement_block)]
        branches += [(each.condition, each.statement_block) for each in statement.elseifs]
        last = statement.elses.statement_block if statement.elses is not None else None
        self.branch(branches, last)

    def branch(self, branches: list[tuple[Any, Any]], last: Any) -> None:
        if not branches:
            if last is not None:
                self.inside(last)
            return
        (condition_node, block), *others = branches
        condition = self.truth(self.read(condition_node))
        if not condition.reads:
            if evaluate(condition, {}):
                self.inside(block)
            else:
                self.branch(others, last)
            return
        before = dict(self.values), dict(self.frames[-1])
        rates = self.solved.rates
        self.conditions += 1
        yes_rates: dict[str, Expression] = {}
        no_rates: dict[str, Expression] = {}
        self.solved.rates = yes_rates
        self.inside(block)
        yes = self.values, self.frames[-1]
        self.values, self.frames[-1] = (dict(each) for each in before)
        self.solved.rates = no_rates
        try:
            self.branch(others, last)
        finally:
            self.conditions -= 1
            self.solved.rates = rates
        self.join_rates(condition, yes_rates, no_rates)
        for here, there, old in zip((self.values, self.frames[-1]), yes, before, strict=True):
            for name in {**here, **there}:
                if here.get(name) is not there.get(name):
                    missing = self.outside(name) if old is before[0] else ZERO
                    value = choose(condition, there.get(name, missing), here.get(name, missing))
                    here[name] = self.named(name, value)

    def join_rates(
        self,
        condition: Expression,
        yes: Mapping[str, Expression],
        no: Mapping[str, Expression],
    ) -> None:
        rates = self.solved.rates
        for name in sorted({*yes, *no}):
            if name not in yes or name not in no:
                reason = f"{name}': depends on a condition, expected an equation in every case"
                self.source.refuse(f"{name}'", reason)
            elif name in rates:
                self.source.refuse(f"{name}'", f"{name}': has two equations, expected one")
            # Also where it is refused: it is an equation.
            rates[name] = choose(condition, yes.get(name, ZERO), no.get(name, ZERO))

    def truth(self, value: Expression) -> Expression:
        if value.operator in ("and", "or", "not", "<", "<=", ">", ">=", "==", "!="):
            return value
        return make("!=", value, ZERO)

    def loop(self, statement: Any) -> None:
        first = self.whole(getattr(statement, "from"), statement)
        last = self.whole(statement.to, statement)
        step = 1 if statement.increment is None else self.whole(statement.increment, statement)
        turns = range(first, last + 1, step) if step > 0 else range(0)
        if len(turns) > MOST_TURNS:
            raise self.refuse(statement, f"FROM: {len(turns)} turns, expected {MOST_TURNS} at most")
        name = text_of(statement.name)
        held = self.frames[-1].get(name)
        for turn in turns:
            self.frames[-1][name] = number(turn)
            self.inside(statement.statement_block)
        if held is None:
            self.frames[-1].pop(name, None)
        else:
            self.frames[-1][name] = held

    # Reactions.

    def sum_of_states(self, node: Any) -> dict[str, int]:
        if kind_of(node) in ("WrappedExpression", "ParenExpression"):
            return self.sum_of_states(node.expression)
        if kind_of(node) == "BinaryExpression":
            found = self.sum_of_states(node.lhs)
            for name, count in self.sum_of_states(node.rhs).items():
                found[name] = found.get(name, 0) + count
            return found
        count = 1 if node.value is None else int(node.value.value)
        name = self.name_of(node.name)
        if name not in self.declared.states:
            raise self.refuse(node, f"{name}: takes part in a reaction, expected a STATE")
        return {name: count}

    def reaction(self, statement: Any) -> None:
        self.unconditional(statement)
        arrow = self.source.written(statement.op)
        line = self.source.line_of(self.source.written(statement))
        left = self.sum_of_states(statement.reaction1)
        forward = self.read(statement.expression1)
        if arrow == "<<":
            # A flux into the state, whatever it holds.
            self.solved.reactions.append(Reaction({}, left, forward, None, line))
        elif arrow == "->":
            right = self.sum_of_states(statement.reaction2) if statement.reaction2 else {}
            self.solved.reactions.append(Reaction(left, right, forward, None, line))
        else:
            right = self.sum_of_states(statement.reaction2)
            backward = self.read(statement.expression2)
            self.solved.reactions.append(Reaction(left, right, forward, backward, line))

    # Values.

    def read(self, node: Any) -> Expression:
        kind = kind_of(node)
        if kind in ("WrappedExpression", "ParenExpression"):
            return self.read(node.expression)
        if kind in ("Double", "Float", "Integer"):
            return number(float(node.value))
        if kind == "DoubleUnit":
            return number(float(node.value.value))
        if kind in ("VarName", "Name", "IndexedName", "PrimeName"):
            return self.variable(self.name_of(node))
        if kind == "UnaryExpression":
            inside = self.read(node.expression)
            if self.source.written(node.op) == "!":
                return make("not", self.truth(inside))
            return negative(inside)
        if kind == "BinaryExpression":
            return self.binary(node)
        if kind == "FunctionCall":
            return self.call(node)
        raise self.refuse(node, f"{self.source.written(node)}: is not translated")

    def binary(self, node: Any) -> Expression:
        written = self.source.written(node.op)
        operator = OPERATORS.get(written, written)
        left, right = self.read(node.lhs), self.read(node.rhs)
        if operator in ("and", "or"):
            return make(operator, self.truth(left), self.truth(right))
        if operator in ("+", "-", "*", "/", "**"):
            left, right = (
                choose(each, ONE, ZERO) if each is self.truth(each) else each
                for each in (left, right)
            )
            if operator in ("*", "/") and right is ONE:
                return left
        if operator == "%":
            raise self.refuse(node, "%: is not translated")
        return make(operator, left, right)

    def variable(self, name: str) -> Expression:
        for known in (self.frames[-1] if self.frames else {}, self.values):
            if name in known:
                return known[name]
        return self.outside(name)

    def outside(self, name: str) -> Expression:
        """What a variable is before anything in the file sets it."""
        declared = self.declared
        if name in declared.inputs:
            return make("in", declared.inputs[name])
        if name in declared.constants:
            return make("def", name, number(declared.constants[name]))
        if name in declared.unreadable or name in OF_THE_RUN:
            reason = declared.unreadable.get(name) or OF_THE_RUN[name]
            return make("bad", name, reason, self.source.line_where_read(name))
        if name in FLOWS:
            reason = f"{name}: the flow of a reaction cannot be read"
            self.source.refuse(self.source.line_where_read(name), reason)
            return ZERO
        if not declared.has(name):
            reason = f"{name}: is unknown, expected it in PARAMETER, ASSIGNED, STATE or LOCAL"
            self.source.refuse(self.source.line_where_read(name), reason)
            return ZERO
        return self.unset(name)

    def unset(self, name: str) -> Expression:
        """A variable of the file that nothing has set yet."""
        if self.is_start:
            return make("var", name)
        return make("prev", name)

    def call(self, node: Any) -> Expression:
        name = text_of(node.name)
        if name == "state_discontinuity" and len(node.arguments) == 2:
            self.set(self.name_of(node.arguments[0]), self.read(node.arguments[1]), node)
            return ZERO
        given = [self.read(each) for each in node.arguments]
        routine = self.declared.routines.get(name)
        if routine is None:
            return self.built_in(name, given, node)
        if len(self.frames) > MOST_CALLS_DEEP:
            raise self.refuse(node, f"{name}: calls itself")
        names = [text_of(each.name) for each in routine.parameters]
        if len(names) != len(given):
            raise self.refuse(node, f"{name}: is given {len(given)} values, expected {len(names)}")
        frame = dict(zip(names, given, strict=True))
        if kind_of(routine) != "FunctionBlock":
            return self.within(routine, frame, "")
        return self.within(routine, {**frame, name: ZERO}, name)

    def built_in(self, name: str, given: list[Expression], node: Any) -> Expression:
        if name in FUNCTIONS:
            return call(FUNCTIONS[name], *given)
        if name == "pow" and len(given) == 2:
            return make("**", *given)
        if name in ("sinh", "cosh"):
            up, down = call("exp", given[0]), call("exp", negative(given[0]))
            both = add(up, down) if name == "cosh" else make("-", up, down)
            return divide(both, number(2.0))
        raise self.refuse(node, f"{name}(): is a function that is not translated")
