"""Reads one formula: Python's own grammar, of which only arithmetic is let through.

`ast` parses and nothing is ever evaluated. What is read becomes nodes of a graph, with the unit of
each; what is wrong is reported, and reading goes on, so that all problems are told at once.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ranvier._text import expected_one_of
from ranvier.mechanisms import _functions as functions
from ranvier.mechanisms._functions import BROKEN, Value
from ranvier.mechanisms._graph import Graph
from ranvier.mechanisms._units import ONE, has_unit, over, shown, times, to_power, unit_of_name

MOST_CHARACTERS = 4000
MOST_NESTED = 100
#: Of one mechanism, with what functions and definitions stand for.
MOST_STEPS = 50_000
LARGEST_EXPONENT = 100

BINARY = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}
NOT_KNOWN = {
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
#: What a formula may not hold, in words.
REFUSED = {
    ast.Attribute: "an attribute",
    ast.Subscript: "an index",
    ast.Lambda: "a lambda",
    ast.List: "a list",
    ast.Tuple: "a comma",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.ListComp: "a loop",
    ast.SetComp: "a loop",
    ast.DictComp: "a loop",
    ast.GeneratorExp: "a loop",
    ast.NamedExpr: "an assignment",
    ast.JoinedStr: "a text",
    ast.Starred: "a star",
    ast.Await: "an await",
    ast.Yield: "a yield",
}
FORMULA = "a formula of numbers, names, functions and + - * / **"


class _StopError(Exception):
    """Nothing more of this formula can be read."""


#: Takes a sentence of what is wrong.
Report = Callable[[str], None]


@dataclass(slots=True)
class Function:
    """A function that the mechanism defines. A broken one was reported, and is not called."""

    name: str
    parameters: tuple[str, ...]
    body: ast.expr | None
    is_broken: bool = False


class Reader:
    """Reads formulas into one graph. `find` tells what a name means: None where it is unknown."""

    def __init__(
        self,
        graph: Graph,
        functions: Mapping[str, Function],
        find: Callable[[str], Value | None],
        names: Callable[[], list[str]],
    ) -> None:
        self.graph = graph
        self.functions = functions
        self.find = find
        self.names = names
        self.steps = 0
        #: What is divided by: as it was written, and whom to tell if it can vanish.
        self.divisors: dict[int, tuple[str, Report]] = {}
        self.root_report: Report | None = None
        #: What calls of functions came to.
        self.made: dict[tuple[object, ...], Value] = {}

    def parse(self, text: str, report: Report) -> ast.expr | None:
        """The syntax tree of a formula, or None with a report."""
        if len(text) > MOST_CHARACTERS:
            report(f"has {len(text)} characters, expected {MOST_CHARACTERS} at most")
            return None
        if "#" in text:
            report(f"{brief(text)} has a #, expected a formula without a comment")
            return None
        try:
            return ast.parse(" ".join(text.split()), mode="eval").body
        except SyntaxError as error:
            problem = error.msg.split(".")[0].replace("'", '"')
            report(f"{brief(text)} is not a formula ({problem}), expected {FORMULA}")
        except (ValueError, RecursionError, MemoryError):
            report(f"{brief(text)} cannot be parsed, expected {FORMULA}")
        return None

    def read(
        self,
        tree: ast.expr | None,
        report: Report,
        local: Mapping[str, Value] | None = None,
        depth: int = 0,
    ) -> Value:
        """The node and unit of a parsed formula; BROKEN where there was anything to report."""
        if tree is None:
            return BROKEN
        if depth == 0:
            self.root_report = report
        reading = _Reading(self, local or {}, report, depth)
        try:
            value = reading.value(tree)
        except _StopError:
            return BROKEN
        return BROKEN if reading.is_broken else value


class _Reading:
    """One formula. The arguments of a function that it calls are local names there."""

    def __init__(
        self, reader: Reader, local: Mapping[str, Value], report: Report, depth: int
    ) -> None:
        self.reader = reader
        self.graph = reader.graph
        self.local = local
        self.report_to = report
        self.told: set[str] = set()
        self.is_broken = False
        self.depth = depth

    def report(self, sentence: str) -> Value:
        self.is_broken = True
        if sentence not in self.told:
            self.told.add(sentence)
            self.report_to(sentence)
        return BROKEN

    def value(self, tree: ast.expr) -> Value:
        self.reader.steps += 1
        self.depth += 1
        if self.depth > MOST_NESTED:
            self.report(f"is nested deeper than {MOST_NESTED}, expected definitions for its parts")
            raise _StopError
        if self.reader.steps > MOST_STEPS:
            self.report(f"the mechanism takes more than {MOST_STEPS} steps, expected fewer")
            raise _StopError
        try:
            return self.folded(tree)
        except (OverflowError, ValueError, ZeroDivisionError) as error:
            if isinstance(error, ZeroDivisionError):
                return self.report(f"{written(tree)} divides by 0, expected another divisor")
            return self.report(f"{written(tree)} is not a finite number, expected one")
        finally:
            self.depth -= 1

    def folded(self, tree: ast.expr) -> Value:
        match tree:
            case ast.Constant(value=bool() as truth):
                return Value(self.graph.const(float(truth)), ONE)
            case ast.Constant(value=int() | float() as number):
                return Value(self.graph.const(float(number)), None)
            case ast.Name(id=name):
                return self.named(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.value(operand)
                return inner if inner.is_broken else Value(self.graph.neg(inner.node), inner.unit)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.value(operand)
                return Value(self.truth(inner, "no", "yes"), ONE)
            case ast.BinOp(op=op) if type(op) in BINARY:
                return self.binary(BINARY[type(op)], tree)
            case ast.BinOp(op=op):
                return self.report(f"{NOT_KNOWN[type(op)]!r} is not known, expected {FORMULA}")
            case ast.Compare():
                return self.compared(tree)
            case ast.BoolOp(op=op, values=values):
                return self.both(isinstance(op, ast.And), [self.value(each) for each in values])
            case ast.IfExp():
                return self.chosen(tree)
            case ast.Call():
                return self.called(tree)
            case _:
                what = REFUSED.get(type(tree), "a value that is not a number")
                return self.report(f"{written(tree)} is {what}, expected {FORMULA}")

    def named(self, name: str) -> Value:
        if (found := self.local.get(name) or self.reader.find(name)) is None:
            known = sorted([*self.local, *self.reader.names()])
            return self.report(f"reads {name}, which is unknown, {expected_one_of(name, known)}")
        if found.is_broken:
            self.is_broken = True
        return found

    def same_unit(self, a: Value, b: Value, tree: ast.expr, what: str) -> Value | None:
        """The unit that two values share, as a value to take it from; None with a report."""
        if a.is_broken or b.is_broken:
            return None
        if a.unit is None or b.unit is None or a.unit == b.unit:
            return b if a.unit is None else a
        self.report(
            f"{written(tree)} {what} {shown(a.unit)} and {shown(b.unit)}, expected the same unit"
        )
        return None

    def binary(self, operation: str, tree: ast.BinOp) -> Value:
        a, b = self.value(tree.left), self.value(tree.right)
        if a.is_broken or b.is_broken:
            return BROKEN
        unit = None
        if operation in ("add", "sub"):
            if (
                same := self.same_unit(a, b, tree, "adds" if operation == "add" else "takes")
            ) is None:
                return BROKEN
            unit = same.unit
        elif operation == "mul" and a.unit is not None and b.unit is not None:
            unit = times(a.unit, b.unit)
        elif operation == "div":
            if a.unit is not None and b.unit is not None:
                unit = over(a.unit, b.unit)
        elif operation == "pow":
            return self.raised(a, b, tree)
        if operation == "div" and (x := self.graph.logistic(b.node)) is not None:
            # Whose slope is sigmoid(x) (1 - sigmoid(x)), and not infinity over infinity.
            return Value(self.graph.mul(a.node, self.graph.call("sigmoid", x)), unit)
        node = self.graph.make(operation, a.node, b.node)
        if operation == "div" and self.graph.value(b.node) is None:
            self.divide_by(b, tree.right)
        return Value(node, unit)

    def divide_by(self, value: Value, tree: ast.expr) -> None:
        report = self.reader.root_report or self.report_to
        self.reader.divisors.setdefault(value.node, (written(tree), report))

    def raised(self, a: Value, b: Value, tree: ast.BinOp) -> Value:
        exponent = self.graph.value(b.node)
        if b.unit not in (None, ONE):
            return self.report(
                f"the exponent of {written(tree)} is in {shown(b.unit or ONE)}, "
                "expected a plain number"
            )
        if exponent is not None and abs(exponent) > LARGEST_EXPONENT:
            return self.report(
                f"the exponent of {written(tree)} is {exponent:g}, "
                f"expected {LARGEST_EXPONENT} at most"
            )
        unit = a.unit
        if unit not in (None, ONE):
            if exponent is None:
                return self.report(
                    f"the base of {written(tree)} is in {shown(unit or ONE)}, "
                    "expected a plain number where the exponent is not one"
                )
            unit = to_power(unit or ONE, functions.rational(exponent))
        if exponent is not None and exponent < 0.0:
            self.divide_by(a, tree.left)
        return Value(self.graph.power(a.node, b.node), unit)

    def truth(self, value: Value, yes: str, no: str) -> int:
        """A node that is 1 or 0."""
        one, zero = self.graph.const(1.0), self.graph.const(0.0)
        pick = {"yes": one, "no": zero}
        return self.graph.select(value.node, pick[yes], pick[no]) if not value.is_broken else zero

    def compared(self, tree: ast.Compare) -> Value:
        values = [self.value(each) for each in (tree.left, *tree.comparators)]
        parts = []
        for op, a, b in zip(tree.ops, values, values[1:], strict=False):
            if self.same_unit(a, b, tree, "compares") is None:
                return BROKEN
            match op:
                case ast.Lt():
                    node = self.graph.call("less", a.node, b.node)
                case ast.LtE():
                    node = self.graph.call("less_equal", a.node, b.node)
                case ast.Gt():
                    node = self.graph.call("less", b.node, a.node)
                case ast.GtE():
                    node = self.graph.call("less_equal", b.node, a.node)
                case ast.Eq():
                    node = self.graph.call("equal", a.node, b.node)
                case ast.NotEq():
                    node = self.graph.call("equal", a.node, b.node)
                    node = self.truth(Value(node, ONE), "no", "yes")
                case _:
                    return self.report(
                        f"{written(tree)} is not a comparison of numbers, expected < <= > >= == !="
                    )
            parts.append(Value(node, ONE))
        return parts[0] if len(parts) == 1 else self.both(True, parts)

    def both(self, is_and: bool, values: list[Value]) -> Value:
        if any(value.is_broken for value in values):
            return BROKEN
        one, zero = self.graph.const(1.0), self.graph.const(0.0)
        node = self.truth(values[-1], "yes", "no")
        for value in reversed(values[:-1]):
            chosen = (node, zero) if is_and else (one, node)
            node = self.graph.select(value.node, *chosen)
        return Value(node, ONE)

    def chosen(self, tree: ast.IfExp) -> Value:
        condition, a, b = (self.value(each) for each in (tree.test, tree.body, tree.orelse))
        same = self.same_unit(a, b, tree, "gives")
        if same is None or condition.is_broken:
            return BROKEN
        return Value(self.graph.select(condition.node, a.node, b.node), same.unit)

    def called(self, tree: ast.Call) -> Value:
        if not isinstance(tree.func, ast.Name):
            return self.report(f"{written(tree)} calls what is not a name, expected a function")
        name = tree.func.id
        if tree.keywords or any(isinstance(each, ast.Starred) for each in tree.args):
            return self.report(f"{name}() is given a keyword or a star, expected plain arguments")
        own = self.reader.functions.get(name)
        if own and own.is_broken:
            self.is_broken = True
            return BROKEN
        built_in = functions.BUILT_IN.get(name)
        if own is None and built_in is None:
            known = sorted([*functions.BUILT_IN, *self.reader.functions])
            return self.report(f"{name}() is unknown, {expected_one_of(name, known)}")
        parameters = own.parameters if own else built_in.parameters if built_in else ()
        count = len(tree.args)
        is_open = built_in is not None and built_in.takes_more
        if count < len(parameters) or (count > len(parameters) and not is_open):
            return self.report(
                f"{name}() is given {count} arguments, "
                f"expected {len(parameters)}: {', '.join(parameters)}"
            )
        arguments = [self.value(each) for each in tree.args]
        if any(argument.is_broken for argument in arguments):
            return BROKEN
        if built_in is not None:
            made = built_in.make(self.graph, arguments)
            if isinstance(made, str):
                return self.report(f"{written(tree)}: {made}")
            return made
        assert own is not None
        return self.inlined(own, arguments, tree)

    def inlined(self, function: Function, arguments: list[Value], tree: ast.Call) -> Value:
        """What a function of the mechanism gives; its own problems are told where it is defined."""
        reader = self.reader
        for parameter, argument in zip(function.parameters, arguments, strict=True):
            expected = unit_of_name(parameter)
            if argument.unit not in (None, expected):
                return self.report(
                    f"{written(tree)}: {parameter} is in {shown(argument.unit or ONE)}, "
                    f"expected {shown(expected)}"
                )
        key = (function.name, *arguments)
        if (made := reader.made.get(key)) is None:
            bound = [
                Value(argument.node, unit_of_name(parameter)) if has_unit(parameter) else argument
                for parameter, argument in zip(function.parameters, arguments, strict=True)
            ]
            local = dict(zip(function.parameters, bound, strict=True))
            said: list[str] = []
            made = reader.read(function.body, said.append, local, self.depth)
            reader.made[key] = made
            if said and not function.is_broken:
                self.report(f"{written(tree)}: {said[0]}")
        if made.is_broken:
            self.is_broken = True
        return made


def written(tree: ast.AST) -> str:
    """A part of a formula as it is written, cut short."""
    try:
        return brief(ast.unparse(tree))
    except (RecursionError, ValueError):  # a whole number of thousands of digits
        return "a part of it"


def brief(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else f"{text[:56]} ...")
