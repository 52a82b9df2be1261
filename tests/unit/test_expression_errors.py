"""What is wrong with a mechanism is told in one sentence each, all at once, with its line."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from expression_forms import CALCIUM, SCHEME, SODIUM
from ranvier.experiment.lines import KeyLines
from ranvier.mechanisms import Mechanism, _limits, compiled_from_source, read


def problems(form: dict[str, Any]) -> list[str]:
    """What making a mechanism complains of, without whose it is."""
    with pytest.raises(rv.ModelError) as caught:
        Mechanism.from_dict(form)
    subjects = {subject for subject, _ in caught.value.problems}
    assert subjects == {f"mechanism {form.get('name', 'unnamed')!r}"}
    sentences = [sentence for _, sentence in caught.value.problems]
    assert str(caught.value) == "\n".join(f"{subjects.copy().pop()}: {s}" for s in sentences)
    return sentences


def with_current(formula: Any, **tables: Any) -> dict[str, Any]:
    return {"name": "x", **tables, "currents_mA_cm2": {"na": formula}}


CURRENT = "currents_mA_cm2.na: "
FORMULA = "expected a formula of numbers, names, functions and + - * / **"


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("v_mV.real", f"'v_mV.real' is an attribute, {FORMULA}"),
        ("[1, 2][0]", f"'[1, 2][0]' is an index, {FORMULA}"),
        ("(lambda: 1)()", "'(lambda: 1)()' calls what is not a name, expected a function"),
        ("lambda: 1", f"'lambda: 1' is a lambda, {FORMULA}"),
        ("[1]", f"'[1]' is a list, {FORMULA}"),
        ("1, 2", f"'(1, 2)' is a comma, {FORMULA}"),
        ("{}", f"'{{}}' is a dictionary, {FORMULA}"),
        ("{1}", f"'{{1}}' is a set, {FORMULA}"),
        ("[x for x in y]", f"'[x for x in y]' is a loop, {FORMULA}"),
        ("{x for x in y}", f"'{{x for x in y}}' is a loop, {FORMULA}"),
        ("{x: x for x in y}", f"'{{x: x for x in y}}' is a loop, {FORMULA}"),
        ("max(x for x in y)", "max() is given 1 arguments, expected 2: a, b"),
        ("(x := 1)", f"'(x := 1)' is an assignment, {FORMULA}"),
        ("f'{v_mV}'", f"\"f'{{v_mV}}'\" is a text, {FORMULA}"),
        ("'text'", f"\"'text'\" is a value that is not a number, {FORMULA}"),
        ("2j", f"'2j' is a value that is not a number, {FORMULA}"),
        ("None", f"'None' is a value that is not a number, {FORMULA}"),
        ("...", f"'...' is a value that is not a number, {FORMULA}"),
        ("7 // 2", "'//' is not known, expected a formula of numbers, names"),
        ("7 % 2", f"'%' is not known, {FORMULA}"),
        ("7 ^ 2", f"'^' is not known, {FORMULA}"),
        ("7 << 2", f"'<<' is not known, {FORMULA}"),
        ("~7", f"'~7' is a value that is not a number, {FORMULA}"),
        ("1 in 2", "'1 in 2' is not a comparison of numbers, expected < <= > >= == !="),
        ("__import__('os')", "__import__() is unknown, expected one of abs, exp, exprelr, ghk_mA_"),
        ("eval(1)", "eval() is unknown, expected one of abs, exp, exprelr, ghk_mA_cm2, log, log10"),
        ("exo(1)", "exo() is unknown, expected 'exp' or one of abs, exp, exprelr"),
        ("exp(x=1)", "exp() is given a keyword or a star, expected plain arguments"),
        ("exp(*1)", "exp() is given a keyword or a star, expected plain arguments"),
        ("exp()", "exp() is given 0 arguments, expected 1: x"),
        ("exp(1, 2)", "exp() is given 2 arguments, expected 1: x"),
        ("v_mv", "reads v_mv, which is unknown, expected 'v_mV' or one of "),
        ("v_mV +", "'v_mV +' is not a formula (invalid syntax), expected a formula of numbers"),
        ("import os", "'import os' is not a formula (invalid syntax), expected a formula of"),
        ("x = 2", "'x = 2' is not a formula (invalid syntax"),
        ("-" * 3900 + "1", f"'{'-' * 56} ...' cannot be parsed, expected a formula of numbers"),
        ("\0", "'\\x00' "),
        ("1 + " * 1200 + "1", "has 4801 characters, expected 4000 at most"),
        ("-" * 150 + "1", "is nested deeper than 100, expected definitions for its parts"),
        ("(" * 300 + "1" + ")" * 300, "' is not a formula (too many nested parentheses), expect"),
        ("1e999", "'1e309' is not a finite number, expected one"),
        ("1" + "0" * 400, f"'1{'0' * 55} ...' is not a finite number, expected one"),
        ("0x" + "f" * 3900, "a part of it is not a finite number, expected one"),
        ("9.0**99**9", "the exponent of '9.0 ** 99 ** 9' is "),
        ("9**101", "the exponent of '9 ** 101' is 101, expected 100 at most"),
        ("1e99**99", "'1e+99 ** 99' is not a finite number, expected one"),
        ("exp(1000)", "'exp(1000)' is not a finite number, expected one"),
        ("log(0)", "'log(0)' is not a finite number, expected one"),
        ("1 / 0", "'1 / 0' divides by 0, expected another divisor"),
        ("v_mV / (1 - 1)", "'v_mV / (1 - 1)' divides by 0, expected another divisor"),
    ],
)
def test_only_arithmetic_is_let_through(formula: str, sentence: str) -> None:
    (found,) = problems(with_current(formula))
    assert sentence in found
    assert found.startswith(CURRENT)


PARAMETERS = {"g_S_cm2": 0.1, "half_mV": -30.0, "wait_ms": 2.0, "k": 3.0}


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("g_S_cm2", "is in S/cm2, expected mA/cm2"),
        ("g_S_cm2 * half_mV * wait_ms", "is in mA/cm2 ms, expected mA/cm2"),
        ("k", "is in a plain number, expected mA/cm2"),
        ("v_mV + wait_ms", "'v_mV + wait_ms' adds mV and ms, expected the same unit"),
        ("v_mV - k", "'v_mV - k' takes mV and a plain number, expected the same unit"),
        ("v_mV < wait_ms", "'v_mV < wait_ms' compares mV and ms, expected the same unit"),
        ("v_mV if k < 1 else wait_ms", "' gives mV and ms, expected the same unit"),
        ("max(v_mV, wait_ms)", "'max(v_mV, wait_ms)': max() is given mV and ms, expected the same"),
        ("exp(v_mV)", "'exp(v_mV)': exp() is given mV, expected a plain number"),
        ("sigmoid(v_mV - half_mV)", "sigmoid() is given mV, expected a plain number"),
        ("2**v_mV", "the exponent of '2 ** v_mV' is in mV, expected a plain number"),
        ("v_mV**k", "the base of 'v_mV ** k' is in mV, expected a plain number where the exponent"),
        ("v_mV**2", "is in mV mV, expected mA/cm2"),
        ("sqrt(v_mV)", "is in 10^-3/2 kg^1/2 m s^-3/2 A^-1/2, expected mA/cm2"),
        ("ghk_mA_cm2(k, 1, v_mV, na_in_mM, na_out_mM)",
         "permeability_cm_s of ghk_mA_cm2() is in a plain number, expected cm/s"),
        ("ghk_mA_cm2(1e-3, k, v_mV, na_in_mM, na_out_mM)",
         "the valence of ghk_mA_cm2() is not a whole number other than 0, expected one"),
        ("ghk_mA_cm2(1e-3, 1.5, v_mV, na_in_mM, na_out_mM)",
         "the valence of ghk_mA_cm2() is not a whole number other than 0, expected one"),
        ("g_S_cm2 * (v_mV - nernst_mV(0, na_in_mM, na_out_mM))",
         "the valence of nernst_mV() is not a whole number other than 0, expected one"),
        ("g_S_cm2 * (v_mV - nernst_mV(1, v_mV, na_out_mM))",
         "in_mM of nernst_mV() is in mV, expected mM"),
        ("1e-3 * v_mV + wait_ms", None),
        ("g_S_cm2 * (v_mV + 40) / 3", None),
        ("g_S_cm2 * (v_mV - half_mV)", None),
        ("g_S_cm2 * abs(v_mV) * sqrt(k) * exp((v_mV - half_mV) / 8)", None),
        ("g_S_cm2 * sqrt(v_mV**2)", None),
        ("g_S_cm2 * v_mV * tanh(v_mV / half_mV) * (1 + wait_ms * 3)", None),
    ],
)  # fmt: skip
def test_units_must_fit(formula: str, sentence: str | None) -> None:
    form = with_current(formula, parameters=PARAMETERS)
    if sentence is None:
        if "wait_ms" in formula and "tanh" not in formula:
            assert problems(form) == [CURRENT + "is in ms, expected mA/cm2"]
        else:
            assert Mechanism.from_dict(form).ions == ("na",)
        return
    (found,) = problems(form)
    assert sentence in found


def changed(form: dict[str, Any], value: Any, *path: Any) -> dict[str, Any]:
    """A form with one entry set, or taken out where the value is None."""
    form = copy.deepcopy(form)
    table = form
    for key in path[:-1]:
        table = table.setdefault(key, {}) if isinstance(table, dict) else table[key]
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    return form


REACTION = ("schemes", "gating", "reactions", 0, "reaction")


@pytest.mark.parametrize(
    ("form", "value", "path", "sentence"),
    [
        (SODIUM, "Na", ["name"], "name: is 'Na', expected lower-case letters, digits and _"),
        (SODIUM, 3, ["summary"], "summary: is 3, expected a text"),
        (SODIUM, "chanel", ["kind"], "kind: is 'chanel', expected 'channel' or one of channel, pu"),
        (SODIUM, "1", ["gate"], "gate: unknown key, expected 'gates' or one of name, kind"),
        (SODIUM, 3, ["parameters"], "parameters: is not a table, expected keys and values"),
        (SODIUM, "a", ["parameters", "g"], "parameters.g: is 'a', expected a finite number"),
        (SODIUM, float("nan"), ["parameters", "g"], "parameters.g: is nan, expected a finite"),
        (SODIUM, True, ["parameters", "g"], "parameters.g: is True, expected a finite number"),
        (SODIUM, 1.0, ["parameters", "2x"], "'2x' is not a name, expected letters, digits and _"),
        (SODIUM, 1.0, ["parameters", "if"], "'if' is not a name, expected letters, digits and _"),
        (SODIUM, 1.0, ["parameters", "v_mV"], "v_mV is also a quantity of the membrane, expected"),
        (SODIUM, 1.0, ["parameters", "pi"], "pi is also a constant, expected a name of its own"),
        (SODIUM, 1.0, ["parameters", "exp"], "exp is also a function, expected a name of its own"),
        (SODIUM, 1.0, ["parameters", "m"], "m is also one of [parameters], expected a name of its"),
        (SODIUM, 1.0, ["parameters", "e_k_mV"], "e_k_mV is that of the ion, expected a name of it"),
        (SODIUM, "v_mV + t_ms", ["definitions", "up_mV"], "definitions.up_mV: reads t_ms, which i"),
        (SODIUM, "e_na_mV / 3 * v_mV", ["definitions", "up_mV"], None),
        (SODIUM, "e_na_mV * v_mV", ["definitions", "up_mV"], "up_mV: is in mV mV, expected mV"),
        (SODIUM, "up_mV + 1", ["definitions", "up_mV"],
         "definitions.up_mV: needs itself (up_mV -> up_mV), expected no such circle"),
        (SODIUM, [], ["definitions", "up_mV"], "up_mV: is [], expected a formula as a text"),
        (SODIUM, "x", ["functions", "f x"], 'functions.f x: is not a function, expected "name(x_m'),
        (SODIUM, "x", ["functions", "f(x, x)"], "f(x, x): has a name twice, expected different on"),
        (SODIUM, "x + f(x)", ["functions", "f(x)"],
         "functions.f(x): needs itself (f -> f), expected no such circle"),
        (SODIUM, "x_mV + y", ["functions", "f(x_mV, y)"],
         "functions.f(x_mV, y): 'x_mV + y' adds mV and a plain number, expected the same unit"),
        (SODIUM, "h", ["gates", "m", "alpha_per_ms"],
         "gates.m.alpha_per_ms: reads the state h, expected v_mV, parameters and what follows fro"),
        (SODIUM, None, ["gates", "m", "alpha_per_ms"], "gates.m: has no alpha_per_ms, expected a"),
        (SODIUM, "1", ["gates", "m", "tau_ms"],
         "has alpha_per_ms and beta_per_ms and tau_ms, expected alpha_per_ms and beta_per_ms or s"),
        (SODIUM, {}, ["gates", "n"], "gates.n: has neither, expected alpha_per_ms and beta_per_ms"),
        (SODIUM, "1", ["gates", "m", "q_10"], "gates.m.q_10: unknown key, expected 'q10' or one o"),
        (SODIUM, -1, ["gates", "m", "q10"], "gates.m.q10: is -1, expected more than 0"),
        (SODIUM, {"alpha_per_ms": "0", "beta_per_ms": "0"}, ["gates", "m"],
         "gates.m: never moves or moves at once, expected a time constant above 0"),
        (SODIUM, {"steady_state": "1", "tau_ms": "0"}, ["gates", "m"],
         "gates.m: never moves or moves at once, expected a time constant above 0"),
        (SODIUM, {"steady_state": "1", "tau_ms": "v_mV"}, ["gates", "m"],
         "gates.m.tau_ms: is in mV, expected ms"),
        (SODIUM, {"steady_state": "1", "tau_ms": "v_mV / 50"}, ["gates", "m"],
         "tau_ms is divided by and is 0 at v = 0 mV, expected exprelr() or a divisor that stays"),
        (SODIUM, "0", ["currents_mA_cm2", "Na+"], "'Na+' is not an ion, expected its name in lowe"),
        (CALCIUM, None, ["states", "ca_mM", "rate_per_ms"],
         "states.ca_mM: has no rate_per_ms, expected a formula"),
        (CALCIUM, "ca_mM", ["states", "ca_mM", "rate_per_ms"],
         "states.ca_mM.rate_per_ms: is in mM, expected mM/ms"),
        (CALCIUM, "ca_mM", ["states", "ca_mM", "initial"],
         "states.ca_mM.initial: reads the state ca_mM, expected v_mV, parameters"),
        (CALCIUM, -1, ["states", "ca_mM", "highest"],
         "states.ca_mM: is from 0 to -1, expected lowest below highest"),
        (CALCIUM, "1 / ca_mM * 1", ["states", "ca_mM", "rate_per_ms"],
         "'ca_mM' is divided by and is 0 at v = -199.5 mV, expected exprelr() or a divisor that"),
        (CALCIUM, "1 / (0.5 - c) + 0 * ca_mM", ["states", "ca_mM", "rate_per_ms"],
         "'0.5 - c' is divided by and is 0 for some states, expected exprelr() or a divisor"),
        (SCHEME, None, ["reference_temperature_degC"],
         "schemes.gating: has no reference_temperature_degC, expected one for the q10"),
        (SCHEME, [], ["schemes", "gating", "reactions"],
         "schemes.gating: has no reactions, expected a list of them"),
        (SCHEME, [3], ["schemes", "gating", "reactions"],
         'is not a reaction, expected { reaction = "a <-> b", ... }'),
        (SCHEME, "closed = open", REACTION,
         "'closed = open' is not a reaction, expected \"a <-> b\" or \"a + 2 b -> c\""),
        (SCHEME, "closed <-> 0 open", REACTION, "'closed <-> 0 open' is not a reaction, expected"),
        (SCHEME, "closed -> open", REACTION, "'closed -> open' goes one way, expected no backward"),
        (SCHEME, "2 closed <-> open", REACTION,
         "'2 closed <-> open' turns 2 into 1, expected as many on both sides, or [initial] values"),
        (SCHEME, 0, ["schemes", "gating", "total"], "gating.total: is 0, expected more than 0"),
        (SCHEME, {"opne": "1"}, ["schemes", "gating", "initial"],
         "gating.initial.opne: is in no reaction, expected 'open' or one of closed, open, shut"),
        (SCHEME, {"open": "1"}, ["schemes", "gating", "initial"],
         "gating.initial: has no closed, expected all states or none"),
        (SCHEME, "closed_mM <-> open", REACTION,
         "schemes.gating: open is in a plain number, expected mM as others"),
        (SCHEME, "v_mV", ["schemes", "gating", "reactions", 0, "forward_per_ms"],
         "schemes.gating.reactions.forward_per_ms: is in mV, expected 1/ms"),
    ],
)  # fmt: skip
def test_forms_are_checked(
    form: dict[str, Any], value: Any, path: list[Any], sentence: str | None
) -> None:
    form = changed(form, value, *path)
    if sentence is None:
        assert Mechanism.from_dict(form).name
    else:
        assert sentence in problems(form)[0]


def test_form_without_anything_is_refused() -> None:
    assert problems({"name": "x"}) == [
        "has no states and no currents, expected [currents_mA_cm2] or some state"
    ]


def test_a_scheme_has_one_sum() -> None:
    reaction = {"reaction": "a <-> b", "forward_per_ms": "1", "backward_per_ms": "1"}
    scheme = {"reactions": [reaction], "initial": {"a": "0", "b": "0"}, "total": 1.0}
    assert problems({"name": "x", "schemes": {"s": scheme}}) == [
        "schemes.s.total: is given beside initial, which has a sum: expected one"
    ]


def test_functions_are_checked_where_they_are_called() -> None:
    form = with_current("f(v_mV) + f(2) + g(3)", functions={"f(x_ms)": "x_ms", "g(x)": "x"})
    assert problems(form) == [CURRENT + "'f(v_mV)': x_ms is in mV, expected ms"]
    form = with_current("f(v_mV / 3)", functions={"f(x)": "1 / (x - x)"})
    assert problems(form) == [
        "functions.f(x): '1 / (x - x)' divides by 0, expected another divisor"
    ]
    form = with_current("f(3)", functions={"f(x)": "1 / (x - 3)"})
    assert problems(form) == [
        CURRENT + "'f(3)': '1 / (x - 3)' divides by 0, expected another divisor"
    ]


def test_functions_that_call_each_other_in_a_circle_are_refused() -> None:
    functions = {"f(x)": "g(x) + 1", "g(x)": "h(x)", "h(x)": "f(x) * a", "i(x)": "f(x)"}
    found = problems(with_current("f(1) * 1", functions=functions, definitions={"a": "3"}))
    assert len(found) == 3
    assert all("needs itself (" in sentence for sentence in found)


def test_functions_cannot_blow_up() -> None:
    functions = {"f0(x)": "x"}
    functions |= {f"f{n}(x)": f"f{n - 1}(x + 1) + f{n - 1}(x * 2)" for n in range(1, 40)}
    found = problems(with_current("f39(v_mV / 10)", functions=functions))
    assert "takes more than 50000 steps, expected fewer" in found[0]


def test_division_that_can_vanish_is_told_with_where() -> None:
    form = changed(
        SODIUM,
        "(v_mV + 40) / 10 / (1 - exp(-up_mV / 10))",
        "gates",
        "m",
        "alpha_per_ms",
    )
    assert problems(form) == [
        "gates.m.alpha_per_ms: '1 - exp(-up_mV / 10)' is divided by and is 0 at v = -40 mV, "
        "expected exprelr() or a divisor that stays clear of 0"
    ]
    between = changed(SODIUM, "1 / (v_mV + 40.123)", "gates", "m", "alpha_per_ms")
    assert "'v_mV + 40.123' is divided by and is 0 at v = -40.5 mV" in problems(between)[0]
    negative_power = changed(SODIUM, "3 * (v_mV + 40)**-2", "gates", "m", "alpha_per_ms")
    assert "'v_mV + 40' is divided by and is 0 at v = -40 mV" in problems(negative_power)[0]
    rates = changed(SODIUM, {"alpha_per_ms": "v_mV", "beta_per_ms": "1"}, "gates", "m")
    rates["gates"]["m"]["alpha_per_ms"] = "v_mV / 10"
    (found,) = problems(rates)
    assert found.startswith("gates.m: alpha_per_ms + beta_per_ms is divided by and is 0 at v = -10")


def test_all_problems_come_at_once_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "na_example.toml"
    path.write_text(
        """\
kind = "channel"
reference_temperature_degC = 6.3

[parameters]
g_bar_S_cm2 = "much"

[functions]
"shifted(x_mV)" = "x_mV + w"

[gates.m]
alpha_per_ms = "exprelr(-(v_mV + 40) / 10)"
q10 = 3

[gates.h]
steady_state = "sigmoid(v_mV)"
tau_ms = "shifted(v_mV) / 3"

[currents_mA_cm2]
na = "g_bar_S_cm2 * m**3 * h * (v_mV - e_nq_mV)"
"""
    )
    with pytest.raises(rv.FormatError) as caught:
        read(path)
    found = [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]
    known = "diameter_um, e_na_mV, faraday_C_mol, g_bar_S_cm2, gas_constant_J_mol_K, h, m, pi, "
    known += "temperature_degC, v_mV"
    assert found == [
        "5: parameters.g_bar_S_cm2: is 'much', expected a finite number",
        f"8: functions.shifted(x_mV): reads w, which is unknown, expected one of {known}, x_mV",
        "10: gates.m: has no beta_per_ms, expected a formula",
        "15: gates.h.steady_state: 'sigmoid(v_mV)': sigmoid() is given mV, expected a plain number",
        "19: currents_mA_cm2.na: reads e_nq_mV, which is unknown, "
        f"expected 'e_na_mV' or one of {known}",
    ]


def test_file_gives_a_mechanism_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "leaky.toml"
    path.write_text(
        '[parameters]\ng_S_cm2 = 1e-3\n[currents_mA_cm2]\nmixed = "g_S_cm2 * (v_mV + 70)"\n'
    )
    leaky = read(path)
    assert (leaky.name, leaky.ions, leaky.states) == ("leaky", ("mixed",), ())
    assert leaky.currents_mA_cm2(-60.0)["mixed"] == pytest.approx(1e-2)
    assert leaky.describe()["ion"] == ""


def test_other_readers_give_lines_of_their_own() -> None:
    lines = KeyLines({("currents_mA_cm2", "na"): 12})
    with pytest.raises(
        rv.FormatError, match=r"^na\.mod:12: currents_mA_cm2\.na: reads q, which is"
    ):
        Mechanism.from_source(with_current("q"), "na.mod", lines)


def test_names_that_end_like_units_are_told_apart() -> None:
    from ranvier.mechanisms._units import ONE, shown, unit_of_name

    for name in ("tau_m", "g_k", "x_s", "shift_h", "n", "i_C", "per", "a_per", "m_S"):
        assert unit_of_name(name) == ONE, name
    for name, unit in {
        "g_bar_S_cm2": "S/cm2",
        "g_K_S_cm2": "S/cm2",
        "i_C_mA_cm2": "mA/cm2",
        "tau_K_ms": "ms",
        "shift_m_mV": "mV",
        "k_on_per_mM_per_ms": "1/mM/ms",
        "into_mM_per_ms": "mM/ms",
        "slope_per_mV": "1/mV",
        "temperature_K": "degC",
        "permeability_cm_s": "cm/s",
        "r_a_ohm_cm": "ohm cm",
        "ca_uM": "uM",
        "faraday_C_mol": "C/mol",
        "gas_constant_J_mol_K": "J/mol/K",
        "c_m_uF_cm2": "uF/cm2",
        "area_um2": "um2",
    }.items():
        assert shown(unit_of_name(name)) == unit, name


def test_keys_of_a_dict_that_are_no_texts_are_refused() -> None:
    found = problems({**with_current("v_mw"), "parameters": {3: 1.0}})
    assert found[0] == "parameters: 3 is not a name, expected letters, digits and _"
    assert found[1].startswith(CURRENT + "reads v_mw, which is unknown, expected 'v_mV' or one of")


def test_reactions_have_lines_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "scheme.toml"
    path.write_text(
        """\
[schemes.gating]
reactions = [
  { reaction = "a <-> b", forward_per_ms = "1", backward_per_ms = "[2, 3]" },
  # Not one, but a comment, [with], {more}.
  { reaction = "b <-> c", forward_per_ms = "x", backward_per_ms = "1" }, { reaction = "c -> a" },
]
"""
    )
    with pytest.raises(rv.FormatError) as caught:
        read(path)
    found = [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]
    assert [sentence[:42] for sentence in found] == [
        "3: schemes.gating.reactions.backward_per_m",
        "5: schemes.gating.reactions.forward_per_ms",
        "5: schemes.gating.reactions: has no forwar",
    ]


def test_comment_in_a_formula_is_refused() -> None:
    """Lines of a formula are joined, so that a comment would take all that follows with it."""
    found = problems(with_current("1e-3 * v_mV  # of the leak\n + 1e-3 * 50"))
    assert found == [
        CURRENT + "'1e-3 * v_mV # of the leak + 1e-3 * 50' has a #, "
        "expected a formula without a comment"
    ]


def test_what_is_no_table_is_told_once() -> None:
    for tables in ({"gates": [1]}, {"gates": {"m": 3}}, {"schemes": {"m": 3}}, {"parameters": 3}):
        found = problems(with_current("1e-3 * v_mV", **tables))
        assert len(found) == 1
        assert "is not a table, expected keys and values" in found[0]
    with pytest.raises(rv.ModelError, match=r"mechanism 'unnamed': is \[1\], expected tables"):
        Mechanism.from_dict([1])  # type: ignore[arg-type]


def test_whole_number_too_large_is_refused() -> None:
    form = with_current("g * v_mV * 1", parameters={"g": 10**400})
    assert problems(form)[0] == (
        "parameters.g: is larger than a number can be, expected a finite number"
    )


def test_tables_that_hold_themselves_are_refused() -> None:
    form = with_current("1e-3 * v_mV")
    form["gates"] = form
    assert problems({**form, "name": "unnamed"})[0] == (
        "is nested too deeply or in itself, expected tables of formulas"
    )


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", r"'' is not JSON \(Expecting value.*\), expected the source of a mechanism"),
        ("{broken", r"'{broken' is not JSON \(Expecting property name"),
        ("[" * 100_000, r"is not JSON \("),
        ("[1, 2]", r"'\[1, 2\]' is not a table, expected the source of a mechanism"),
        ("3", "'3' is not a table, expected the source of a mechanism"),
        ("{}", "mechanism 'unnamed': has no states and no currents, expected"),
        ('{"currents_mA_cm2": {"na": "q"}}', "reads q, which is unknown"),
    ],
)
def test_saved_text_that_is_no_mechanism_is_told(source: str, sentence: str) -> None:
    with pytest.raises(rv.ModelError, match=sentence):
        compiled_from_source(source)


def gate(**formulas: str) -> dict[str, Any]:
    return {"name": "x", "gates": {"m": formulas}}


def reaction(**formulas: str) -> dict[str, Any]:
    reactions = [{"reaction": "a <-> b", "backward_per_ms": "1", **formulas}]
    return {"name": "x", "schemes": {"s": {"reactions": reactions}}}


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (gate(steady_state="1.1 * sigmoid(v_mV / 10)", tau_ms="1"),
         "gates.m.steady_state: is 1.00423 at v = 23.5 mV, expected a value from 0 to 1"),
        (gate(steady_state="v_mV / 1000", tau_ms="1"),
         "gates.m.steady_state: is -0.1995 at v = -199.5 mV, expected a value from 0 to 1"),
        (gate(steady_state="0.5", tau_ms="exp(v_mV / 0.2) + 3"),
         "gates.m.tau_ms: is inf at v = 142 mV, expected a finite number"),
        (gate(steady_state="0.5", tau_ms="-2"),
         "gates.m.tau_ms: is -2 at v = -199.5 mV, expected a time above 0"),
        (gate(alpha_per_ms="-0.1 * exp(v_mV / 100)", beta_per_ms="2"),
         "gates.m.alpha_per_ms: is -0.0136014 at v = -199.5 mV, expected a rate of 0 or more"),
        (gate(alpha_per_ms="3", beta_per_ms="1 - exprelr(v_mV / 100)"),
         "gates.m.beta_per_ms: is -1.30"),
        (reaction(forward_per_ms="0.1 * v_mV + 1"),
         "schemes.s.reactions.forward_per_ms: is -18.95 at v = -199.5 mV, expected a rate of 0 or"),
        (reaction(forward_per_ms="1 * (b - 0.9)"),
         "schemes.s.reactions.forward_per_ms: is -0.5 at v = -199.5 mV, expected a rate of 0 or"),
        (with_current("log(v_mV / 10)"),
         CURRENT + "is nan at v = -199.5 mV, expected a finite number"),
        (with_current("sqrt(40 - v_mV / 1) * 1"),
         CURRENT + "is nan at v = 40.5 mV, expected a finite number"),
        (with_current("(v_mV / 10) ** 1.3"),
         CURRENT + "is nan at v = -199.5 mV, expected a finite number"),
        (with_current("1e-3 * (v_mV - 26 * log(3 / (g - 4)))", parameters={"g": 3.0}),
         CURRENT + "is nan at v = -199.5 mV, expected a finite number"),
    ],
)  # fmt: skip
def test_values_that_nothing_can_have_are_told_with_where(
    form: dict[str, Any], sentence: str
) -> None:
    found = problems(form)
    assert len(found) == 1
    assert found[0].startswith(sentence)


def test_values_at_their_limits_are_let_through() -> None:
    for form in (
        gate(steady_state="1 - sigmoid(v_mV)", tau_ms="1e-9"),
        gate(alpha_per_ms="0", beta_per_ms="max(1e-9, 0.1 - v_mV / 1000)"),
        gate(steady_state="(sigmoid(v_mV / 3) + sigmoid(-v_mV / 3)) ** 3", tau_ms="1"),
        {"name": "x", "states": {"ca_mM": {
            "rate_per_ms": "-0.01 * log(ca_mM / 1e-4)", "initial": "1e-4", "lowest": 0}}},
    ):  # fmt: skip
        form = {**form, "units": "free"}
        assert Mechanism.from_dict(form).states


def test_limits_are_those_of_the_core() -> None:
    header = Path(__file__).parents[2] / "csrc/ranvier/mechanisms/expression/program.hpp"
    found = dict(re.findall(r"kMost(\w+) = (\d+);", header.read_text()))
    for name in ("States", "Parameters", "Inputs", "Registers", "Operands"):
        assert getattr(_limits, f"MOST_{name.upper()}") == int(found[name])


def test_limits_are_told_when_it_is_made() -> None:
    many = {f"x{n}": {"rate_per_ms": f"-x{n} * 1", "initial": "0"} for n in range(25)}
    assert problems({"name": "x", "states": many}) == ["has 25 states, expected 24 at most"]
    parameters = {f"g{n}": 1.0 for n in range(65)}
    found = problems(with_current("1 * g3 * v_mV", parameters=parameters))
    assert found == ["has 65 parameters, expected 64 at most"]
    ions = [f"ion{n}" for n in range(49)]
    read = " + ".join(f"{ion}_in_mM - {ion}_out_mM" for ion in ions)
    found = problems(
        {"name": "x", "currents_mA_cm2": dict.fromkeys(ions, "0") | {"na": f"1*({read})"}}
    )
    assert found == ["has 98 inputs, expected 96 at most"]


def test_limits_of_compiled_programs_are_told_before_it_runs() -> None:
    parameters = {f"g{n}": 1.0 + n for n in range(60)}
    derived = " + ".join(f"sqrt(g{n}) * (v_mV / 100) ** {n + 1}" for n in range(60))
    wide = Mechanism.from_dict(with_current(f"1 * ({derived})", parameters=parameters))
    with pytest.raises(rv.ModelError, match="values that follow from them, expected 96 together"):
        _ = wide.compiled
    deep = {"s0": "sigmoid(v_mV / 10)"}
    deep |= {f"s{n}": f"sigmoid(s{n - 1} * {n})" for n in range(1, 60)}
    product = " * ".join(f"s{n}" for n in range(60))
    kept = Mechanism.from_dict(with_current(f"1 * {product}", definitions=deep))
    pattern = "mechanism 'x': keeps [0-9]+ values at once in its program '[a-z]+', expected 48 at"
    with pytest.raises(rv.ModelError, match=pattern):
        _ = kept.compiled
    chain = {"p0": "1.5"}
    for n in range(1, 21):
        steps = "".join(f" * (v_mV / 400) + {40 * n + k}.5)" for k in range(40))
        chain[f"p{n}"] = "(" * 40 + f"p{n - 1}{steps}"
    gates = {"m": {"steady_state": "sigmoid(p20)", "tau_ms": "1"}}
    long = Mechanism("x", definitions=chain, gates=gates)
    with pytest.raises(rv.ModelError, match=r"operands in its program '[a-z]+', expected 768 at"):
        _ = long.compiled


def test_what_json_cannot_hold_is_refused() -> None:
    class Key:
        def __str__(self) -> str:
            return "f(x)"

    (found,) = problems(with_current("1e-3 * v_mV", functions={Key(): "x"}))
    assert found.startswith("cannot be kept as JSON (keys must be str, ")
    assert found.endswith("), expected texts, numbers and tables")
