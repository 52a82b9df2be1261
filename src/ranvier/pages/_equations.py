"""The equations of a mechanism as text: as they are written, and what the solver makes of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from ranvier.mechanisms import form as forms
from ranvier.mechanisms._equations import MIXED
from ranvier.pages._markdown import block, equation, number

#: What a reader may not know by the name alone.
MEANINGS = {
    "sigmoid": ("sigmoid(x) = 1 / (1 + exp(-x))",),
    "exprelr": ("exprelr(x) = x / (exp(x) - 1), which is 1 at x = 0",),
    "ghk_mA_cm2": (
        "ghk_mA_cm2(P, z, v, inside, outside), Goldman, Hodgkin and Katz",
        "  = P * z * F * u * (inside * exp(u) - outside) / (exp(u) - 1), u = v * z * F / (R * T)",
    ),
    "nernst_mV": ("nernst_mV(z, inside, outside) = R * T / (z * F) * log(outside / inside)",),
}


def of_form(form: forms.Form) -> str:
    """All formulas of a mechanism that is written as equations."""
    parts = [
        [
            line
            for ion, formula in form.currents.items()
            for line in equation(_i(ion, "nA" if form.is_point else "mA_cm2"), formula.text)
        ],
        [
            line
            for name, formula in form.definitions.items()
            for line in equation(name, formula.text)
        ],
        [
            line
            for name, (parameters, body) in form.functions.items()
            for line in equation(f"{name}({', '.join(parameters)})", body.text)
        ],
        *(_gate(gate) for gate in form.gates),
        *(_state(state) for state in form.states),
        *(list(_scheme(scheme)) for scheme in form.schemes),
        [] if form.on_event is None else _event(form.on_event),
    ]
    lines = _stacked(parts)
    text = "\n".join(lines)
    called = [told for name, told in MEANINGS.items() if re.search(rf"\b{name}\(", text)]
    meanings = [line for told in called for line in told]
    return block(_stacked([lines, meanings]))


def of_compiled(info: dict[str, Any]) -> str:
    """Of a channel of the core, whose rates are known by their numbers alone."""
    opened = [
        gate["name"] if gate["power"] == 1 else f"{gate['name']}**{gate['power']}"
        for gate in info["gates"]
    ]
    reversal = f"e_{info['ion']}_mV" if info["ion"] else "e_leak_mV"
    factors = ["g_bar_S_cm2", *opened, f"(v_mV - {reversal})"]
    current = equation(_i(info["ion"] or MIXED), " * ".join(factors))
    gates = [
        equation(
            f"d{gate['name']}/dt",
            _times(
                gate["q10"],
                info["reference_temperature_degC"],
                f"(alpha_per_ms * (1 - {gate['name']}) - beta_per_ms * {gate['name']})",
            ),
        )
        for gate in info["gates"]
    ]
    return block(_stacked([current, *gates]))


def _i(ion: str, unit: str = "mA_cm2") -> str:
    return f"i_{ion}_{unit}"


def _event(event: forms.Receiver) -> list[str]:
    brought = ", ".join(f"{name} = {number(x, 12)}" for name, x in event.arguments.items())
    return [
        f"event({brought}):",
        *(
            f"    {line}"
            for name, after in event.states.items()
            for line in equation(name, after.text)
        ),
    ]


def _stacked(parts: list[list[str]]) -> list[str]:
    """With an empty line between parts that hold something."""
    return "\n\n".join("\n".join(part) for part in parts if part).split("\n")


def _times(q10: float, reference_degC: float, rate: str) -> str:
    if q10 == 1.0:
        return rate
    return f"{number(q10, 12)}**((temperature_degC - {number(reference_degC)})/10) * {rate}"


def _warmed(warmth: forms.Warmth | None, rate: str) -> str:
    return rate if warmth is None else _times(warmth.q10, warmth.reference_temperature_degC, rate)


def _gate(gate: forms.Gate) -> list[str]:
    x = gate.name
    names = ("alpha_per_ms", "beta_per_ms") if gate.is_by_rates else ("steady_state", "tau_ms")
    rate = f"(steady_state - {x}) / tau_ms"
    if gate.is_by_rates:
        rate = f"(alpha_per_ms * (1 - {x}) - beta_per_ms * {x})"
    return [
        *equation(f"d{x}/dt", _warmed(gate.warmth, rate)),
        *equation(f"  {names[0]}", gate.opening.text),
        *equation(f"  {names[1]}", gate.closing.text),
    ]


def _state(state: forms.State) -> list[str]:
    lines = [
        *equation(f"d{state.name}/dt", _warmed(state.warmth, "rate_per_ms")),
        *equation("  rate_per_ms", state.rate_per_ms.text),
        *equation("  initial", state.initial.text),
    ]
    if math.isfinite(state.lowest):
        lines.append(f"  lowest = {number(state.lowest)}")
    if math.isfinite(state.highest):
        lines.append(f"  highest = {number(state.highest)}")
    return lines


def _scheme(scheme: forms.Scheme) -> Iterator[str]:
    yield f"scheme {scheme.name}"
    for reaction in scheme.reactions:
        yield f"  {reaction.text}"
        yield from equation("    forward_per_ms", reaction.forward.text)
        if reaction.backward is not None:
            yield from equation("    backward_per_ms", reaction.backward.text)
    if scheme.warmth is not None:
        yield from equation("  all rates", _warmed(scheme.warmth, "what is given"))
    if scheme.initial:
        for state, formula in scheme.initial.items():
            yield from equation(f"  initial {state}", formula.text)
    else:
        yield f"  {' + '.join(scheme.states)} = {number(scheme.total)}"
