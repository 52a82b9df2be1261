"""NMODL files that are refused, each with line and reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ranvier import mechanisms
from ranvier.errors import FormatError, ModelError, RanvierError
from ranvier.mechanisms import Mechanism
from unit.nmodl_files import KINETIC, Reader, gate, problems

REFUSED = [
    ({"neuron": "\nPOINTER p"}, 3, "POINTER: a variable of another mechanism cannot be read"),
    ({"neuron": "\nBBCOREPOINTER p"}, 3, "BBCOREPOINTER: a variable of another mechanism"),
    ({"neuron": "\nEXTERNAL p"}, 3, "EXTERNAL: a variable of another mechanism cannot be read"),
    ({"neuron": "\nRANDOM p"}, 3, "RANDOM: random numbers are not translated"),
    (
        {"neuron": "\nUSEION k WRITE ki"},
        3,
        "WRITE ki: sets the concentration of an ion, expected currents only",
    ),
    ({"neuron": "\nUSEION k WRITE ek"}, 3, "WRITE ek: sets the reversal potential of an ion"),
    ({"neuron": "NONSPECIFIC_CURRENT il"}, 2, "il: is a current that BREAKPOINT does not set"),
    ({"before": "\nVERBATIM\n x = 1; ENDVERBATIM\n"}, 8, "VERBATIM: C code cannot be translated"),
    ({"before": "\nWHILE (g < 3) { g = g + 1 }\n"}, 8, "WHILE: is not translated"),
    ({"before": "\nFROM n = 0 TO g { g = g + n }"}, 8, "g: is not a whole number known beforehand"),
    ({"before": "\nFROM n = 0 TO 2000 { }"}, 8, "FROM: 2001 turns, expected 1000 at most"),
    ({"before": "\nt = 3"}, 8, "t = ...: the run's own variables cannot be set"),
    ({"before": "\ng = sin(v)\n"}, 8, "sin(): is a function that is not translated"),
    ({"before": "\nrates(v, v)\n"}, 8, "rates: is given 2 values, expected 1"),
    ({"before": "\nSOLVE nothing METHOD cnexp\n"}, 8, "SOLVE nothing: there is no such block"),
    ({"before": "\nSOLVE change METHOD simeq\n"}, 8, "METHOD simeq: is not known, expected cnexp,"),
    (
        {"initial": "\nSOLVE change METHOD cnexp"},
        7,
        "SOLVE change: in INITIAL, expected STEADYSTATE",
    ),
    ({"after": "ina = ina + t"}, 7, "t: rates and currents must not read the time"),
    ({"after": "ina = ina * dt"}, 7, "dt: rates and currents must not read the time step"),
    ({"after": "ina = ina * area"}, 7, "area: rates and currents must not read the area"),
    (
        {"neuron": "USEION k READ ik", "after": "ina = ina + ik"},
        7,
        "ik: the current of all mechanisms cannot be read",
    ),
    (
        {"assigned": "old", "before": "\nold = old + 1\n", "after": "ina = ina * old"},
        8,
        "old: keeps what it held in the step before, expected a STATE",
    ),
    ({"derivative": "x' = 1"}, 8, "x: has an equation, expected it in STATE"),
    ({"blocks": "\nLINEAR l { ~ m = 1 }"}, 16, "LINEAR: equations to be solved are not"),
    ({"blocks": "\nNONLINEAR l { ~ m = 1 }"}, 16, "NONLINEAR: equations to be solved are not"),
    ({"blocks": "\nDISCRETE l { m = 1 }"}, 16, "DISCRETE: steps in time are not translated"),
    ({"blocks": "\nFUNCTION_TABLE l(x)"}, 16, "FUNCTION_TABLE: its values are given while"),
    ({"blocks": "\nBEFORE STEP { g = 1 }"}, 16, "BEFORE: blocks that act on the simulation"),
    ({"blocks": "\nAFTER SOLVE { g = 1 }"}, 16, "AFTER: blocks that act on the simulation"),
    ({"blocks": "\nCONSTRUCTOR { g = 1 }"}, 16, "CONSTRUCTOR: blocks that act on the"),
    ({"blocks": "\nDESTRUCTOR { g = 1 }"}, 16, "DESTRUCTOR: blocks that act on the"),
    ({"blocks": "\nNET_RECEIVE(w) { m = w }"}, 16, "NET_RECEIVE: receives events, expected a P"),
    (
        {"blocks": "\nUNITS { F = (furlong) (m) }"},
        16,
        "(furlong): an unknown unit, expected the number itself",
    ),
]


REFUSED += [
    (
        {"derivative": "\nif (v > 0) { s' = 1 - s }", "states": "s"},
        9,
        "s': depends on a condition, expected an equation in every case",
    ),
    (
        {"derivative": "\ns' = 1 - s s' = 2 - s", "states": "s"},
        9,
        "s': has two equations, expected one",
    ),
    (
        {"derivative": "s' = 1\nif (v > 0) { s' = 2 } else { s' = 3 }", "states": "s"},
        8,
        "s': has two equations, expected one",
    ),
    (
        {"before": "\nif (v > 0) { SOLVE change METHOD euler }"},
        8,
        "SOLVE change METHOD euler: depends on a condition, expected it in every case",
    ),
    ({"after": "\nina = gbra * v"}, 8, "gbra: is unknown, expected it in PARAMETER, ASSIGNED,"),
    ({"after": "\ngna = 3"}, 8, "gna: is unknown, expected it in ASSIGNED or LOCAL"),
    (
        {"after": "\nif (v > 0) { LOCAL q q = 3 } ina = q * v"},
        8,
        "q: is unknown, expected it in PARAMETER, ASSIGNED, STATE or LOCAL",
    ),
    (
        {"after": "\nif (m > 1) {\n m = 1 }"},
        9,
        "m = ...: is a state with an equation, expected it set in INITIAL alone",
    ),
    (
        {"derivative": "\nm = 0.5"},
        9,
        "m = ...: is a state with an equation, expected it set in INITIAL alone",
    ),
    (
        {"neuron": "\nUSEION ca READ eca\nUSEION Ca READ eCa"},
        4,
        "Ca: is another ion than ca, expected more than capitals to differ",
    ),
    (
        {"initial": "\nSOLVE change STEADYSTATE sparse", "derivative": "s' = -s*s", "states": "s"},
        7,
        "s: STEADYSTATE has no formula here, expected a gate, or reactions",
    ),
]


@pytest.mark.parametrize(("parts", "line", "reason"), REFUSED, ids=[each[2] for each in REFUSED])
def test_what_cannot_be_translated_is_refused(
    form: Reader, parts: dict[str, str], line: int, reason: str
) -> None:
    ((found_line, found),) = problems(form, gate(**parts))
    assert found.startswith(reason)
    assert found_line == line


def test_all_problems_are_told_at_once_with_their_lines(form: Reader) -> None:
    text = """: a comment of VERBATIM
NEURON {
  POINT_PROCESS alpha
  POINTER other
  NONSPECIFIC_CURRENT i
}
ASSIGNED { v i other }
BREAKPOINT {
  VERBATIM
  i = 0;
  ENDVERBATIM
  i = other * v
}
NET_RECEIVE(weight) { net_send(1, 1) }
"""
    assert problems(form, text) == [
        (4, "POINTER: a variable of another mechanism cannot be read"),
        (9, "VERBATIM: C code cannot be translated"),
        (14, "net_send(): is a function that is not translated"),
    ]


def test_files_that_are_no_mechanisms_are_refused(form: Reader) -> None:
    assert problems(form, "NEURON { ARTIFICIAL_CELL beat }\nNET_RECEIVE(w) { }")[0] == (
        1,
        "ARTIFICIAL_CELL: has no membrane, expected a SUFFIX",
    )
    assert problems(form, "PARAMETER { a = 1 }") == [(1, "has no NEURON block with a SUFFIX")]
    assert problems(form, "NEURON { SUFFIX a }") == [(1, "has no BREAKPOINT: nothing is computed")]
    assert problems(form, "NEURON { SUFFIX a }\nBREAKPOINT { }") == [(1, "carries no current")]
    line, reason = problems(form, "NEURON { SUFFIX a }\nBREAKPOINT { x = = 3 }")[0]
    assert line == 2
    assert reason.startswith("is not NMODL: syntax error")


@pytest.mark.parametrize(
    ("reactions", "reason"),
    [
        ("~ c <-> up (1, 2)", "up: takes part in a reaction, expected a STATE"),
        ("COMPARTMENT 3 { c } ~ c <-> o (1, 2)", "COMPARTMENT: is not translated"),
        (
            "~ c <-> o (1, 2) ~ o << (3) CONSERVE c + o = 1",
            "CONSERVE: a reaction changes the sum, expected none",
        ),
        (
            "~ c <-> o (up, down) i = f_flux CONSERVE c + o = 1",
            "f_flux: the flow of a reaction cannot be read",
        ),
        (
            "if (v > 0) { ~ c <-> o (1, 2) } CONSERVE c + o = 1",
            "~ c <-> o (1, 2): depends on a condition, expected it in every case",
        ),
        (
            "~ c <-> o (1, 2) if (v > 0) { CONSERVE c + o = 1 }",
            "CONSERVE c+o = 1: depends on a condition, expected it in every case",
        ),
        # NEURON's first step makes it 2.
        (
            "~ c <-> o (1, 2) CONSERVE c + o = up",
            "CONSERVE: INITIAL makes the sum 1, expected 2",
        ),
        (
            "~ c <-> o (1, 2) CONSERVE c + o + p = 1",
            "CONSERVE: p is in no reaction, expected it in one",
        ),
        ("CONSERVE c + o = 1", "CONSERVE: there are no reactions, expected some"),
    ],
)
def test_reactions_that_are_refused(form: Reader, reactions: str, reason: str) -> None:
    found = problems(form, KINETIC.format(initial="c = 1", reactions=reactions))
    assert found[0][1].startswith(reason)


@pytest.mark.parametrize(
    "reactions",
    [
        "~ c <-> o (up, down) CONSERVE c + o = up",
        "~ c <-> o (up, down)",
        "~ c <-> o (up * o, down) CONSERVE c + o = 1",
    ],
)
def test_steady_states_without_a_formula_are_refused(form: Reader, reactions: str) -> None:
    text = KINETIC.format(initial="SOLVE moves STEADYSTATE sparse", reactions=reactions)
    assert problems(form, text) == [
        (
            6,
            f"{name}: STEADYSTATE has no formula here, expected a gate, or reactions whose rates "
            "read no states with one CONSERVE of all of them to a number",
        )
        for name in ("c", "o")
    ]


def test_calls_that_never_end_are_refused(form: Reader) -> None:
    found = problems(form, gate(rates="rates(u)"))
    assert found[0][1] == "rates: calls itself"


def test_what_the_form_refuses_is_told_with_the_file(path: Path) -> None:
    path.write_text(gate(rates="minf = 0.5 mtau = 1 / (u + 40)^2", after="ina = ina / (v + 40)"))
    with pytest.raises(FormatError) as caught:
        mechanisms.read_mod(path)
    current, tau = str(caught.value).splitlines()
    assert current.startswith(f"{path}:7: definitions.ina_2: 'v_mV + 40' is divided by and is 0")
    assert tau.startswith(f"{path}:13: definitions.mtau: '(v_mV + 40) ** 2' is divided by")


def test_names_without_units_are_free_of_them() -> None:
    tables = {
        "parameters": {"shift_ms": 3.0},
        "definitions": {"up": "v_mV + shift_ms"},
        "gates": {"m_mV": {"steady_state": "sigmoid(up)", "tau_ms": "up * up + 1"}},
        "currents_mA_cm2": {"na": "m_mV * up"},
    }
    with pytest.raises(ModelError, match="adds mV and ms, expected the same unit"):
        Mechanism.from_dict(tables)
    assert Mechanism.from_dict({**tables, "units": "free"}).steady_state(-3.0)["m_mV"] == 0.5
    with pytest.raises(ModelError, match="units: is 'none', expected one of checked, free"):
        Mechanism.from_dict({**tables, "units": "none"})


def test_without_the_parser_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "neuron", None)
    monkeypatch.setitem(sys.modules, "neuron.nmodl", None)
    with pytest.raises(RanvierError, match=r"needs NEURON's parser: pip install ranvier\[nmodl\]"):
        mechanisms.read_mod(tmp_path / "own.mod")
