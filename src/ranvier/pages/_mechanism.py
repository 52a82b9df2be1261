"""One page about one channel, pump or synapse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ranvier import mechanisms
from ranvier.mechanisms import Mechanism
from ranvier.mechanisms._units import ONE, shown, unit_of_name
from ranvier.mechanisms.curves import gate_curves, written_as_equations
from ranvier.mechanisms.typical import TEMPERATURE_degC, value_of_input
from ranvier.pages import _equations as equations
from ranvier.pages._markdown import cited, code, codes, number, paragraphs, sentence, table

ION_NAMES = {
    "na": "sodium",
    "k": "potassium",
    "ca": "calcium",
    "cl": "chloride",
    "mg": "magnesium",
    "mixed": "no single ion",
}
#: Of the table of values.
V_mV = np.arange(-120.0, 61.0, 20.0)


def mechanism_page(
    mechanism: str | Mechanism, *, picture: str | None = None, used_by: Sequence[str] = ()
) -> str:
    """Markdown about a mechanism; `picture` is the file of its curves, as seen from the page."""
    written = written_as_equations(mechanism)
    info = mechanisms.describe(str(mechanism)) if written is None else written.describe()
    gates = [gate["name"] for gate in info["gates"]]
    parts = [f"# {info['name']}", sentence(info["summary"]), _facts(info, written, used_by)]
    if written is not None:
        parts += paragraphs(written.form.notes)
    if picture is not None and gates:
        parts.append(f"![Steady state and time constant of {', '.join(gates)}]({picture})")
        parts += _drawn_with(info, written)
    if info["parameters"]:
        has_units = written is None or written.form.has_units
        rows = [
            (code(name), number(value, 12), _unit(name) if has_units else "")
            for name, value in info["parameters"].items()
        ]
        parts += ["## Parameters", table(("name", "default", "unit"), rows)]
    parts.append("## Equations")
    if written is None:
        parts += [equations.of_compiled(info), _where_rates_are(info)]
    else:
        parts.append(equations.of_form(written.form))
    if gates:
        parts += ["## Temperature", *_temperature(info, written)]
    parts += _values(info, written)
    return "\n\n".join(part for part in parts if part) + "\n"


def ions_of(info: Mapping[str, Any]) -> list[str]:
    """What its currents carry, "mixed" included."""
    return list(info.get("ions", [info["ion"] or "mixed"]))


def _facts(info: Mapping[str, Any], written: Mechanism | None, used_by: Sequence[str]) -> str:
    carried = ", ".join(
        ION_NAMES.get(ion, ion) + (f" ({code(ion)})" if ion != "mixed" else "")
        for ion in ions_of(info)
    )
    others = [state for state in info.get("states", ()) if state not in _gate_names(info)]
    rows = [
        ("kind", info["kind"]),
        ("carries", carried),
        ("reads besides v", codes(_read(info, written))),
        ("one ATP moves outward", _per_atp(written)),
        ("gates", codes(_gate_names(info))),
        ("other states", codes(others)),
        ("paper", cited(info["citation"])),
        ("used by", codes(used_by)),
    ]
    return table(("", ""), [row for row in rows if row[1]])


def _per_atp(written: Mechanism | None) -> str:
    """ "3 na, -2 k"; nothing of what spends no ATP."""
    counts = {} if written is None else written.form.ions_per_atp
    return ", ".join(f"{number(count)} {code(ion)}" for ion, count in counts.items())


def _gate_names(info: Mapping[str, Any]) -> list[str]:
    return [gate["name"] for gate in info["gates"]]


def _read(info: Mapping[str, Any], written: Mechanism | None) -> list[str]:
    """What it needs to know of the membrane besides its potential."""
    if written is not None:
        return [name for name in written.inputs if name not in written.parameters]
    reversal = [f"e_{info['ion']}_mV"] if info["ion"] else []
    return reversal + (["temperature_degC"] if info["gates"] else [])


def _unit(name: str) -> str:
    unit = unit_of_name(name)
    return "1" if unit == ONE else shown(unit)


def _where_rates_are(info: Mapping[str, Any]) -> str:
    if not info["gates"]:
        return ""
    path = code(f"csrc/ranvier/mechanisms/channels/{info['name']}.cpp")
    return f"This channel is compiled into the core; its rates are in {path}, their values below."


def _concentrations(info: Mapping[str, Any], written: Mechanism | None) -> list[tuple[str, float]]:
    names = [name for name in _read(info, written) if name.endswith("_mM")]
    return [(name, value_of_input(name)) for name in names]


def _with(info: Mapping[str, Any], written: Mechanism | None) -> str:
    given = [f"{code(name)} {value:g}" for name, value in _concentrations(info, written)]
    return f", with {', '.join(given)}" if given else ""


def _drawn_with(info: Mapping[str, Any], written: Mechanism | None) -> list[str]:
    given = _with(info, written)
    return [f"Drawn{given.removeprefix(',')}."] if given else []


def _temperature(info: Mapping[str, Any], written: Mechanism | None) -> list[str]:
    """By how much gates are faster when warm."""
    references = {gate["name"]: info["reference_temperature_degC"] for gate in info["gates"]}
    for gate in () if written is None else written.form.gates:
        if gate.warmth is not None:
            references[gate.name] = gate.warmth.reference_temperature_degC
    rows = []
    for gate in info["gates"]:
        reference_degC = references[gate["name"]]
        faster = gate["q10"] ** ((TEMPERATURE_degC - reference_degC) / 10.0)
        rows.append(
            (
                code(gate["name"]),
                number(gate["q10"]),
                f"{reference_degC:g} degC",
                number(faster, 3),
            )
        )
    return [
        table(("gate", "q10", "rates are of", f"times as fast at {TEMPERATURE_degC:g} degC"), rows)
    ]


def _values(info: Mapping[str, Any], written: Mechanism | None) -> list[str]:
    """Numbers to hold another program against."""
    if info["gates"]:
        curves = gate_curves(info["name"] if written is None else written, V_mV)
        temperature_degC = curves.temperature_degC
        columns = {
            head: values
            for gate, steady in curves.steady_state.items()
            for head, values in (
                (f"steady {code(gate)}", steady),
                (f"tau of {code(gate)}, ms", curves.time_constant_ms[gate]),
            )
        }
    elif written is not None and not written.is_point:
        temperature_degC = written.reference_temperature_degC
        columns = {
            f"{code(ion)}, mA/cm2": values
            for ion, values in written.currents_mA_cm2(V_mV).items()
            if values.any()
        }
    else:
        return []
    if not columns:
        return []
    rows = [
        (number(v), *(number(float(values[place])) for values in columns.values()))
        for place, v in enumerate(V_mV)
    ]
    return [
        "## Values",
        f"At {temperature_degC:g} degC{_with(info, written)}:",
        table(("v, mV", *columns), rows),
    ]
