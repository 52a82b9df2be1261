"""What the published channels do at a few potentials, in plain Python.

    python tests/reference/make_channel_rates.py

Reads data/channels/*.json (the expressions, each file with its source) and writes
data/channel_rates.json: of every gate the steady state and the time constant at 37 degC
and at 20 degC, and of every ion the current at 37 degC at that steady state. Uses nothing of
ranvier.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
TEMPERATURE_degC = 37.0
#: A second one for gates, so that q10 and reference are compared as well.
COLDER_degC = 20.0
V_mV = [float(v) for v in range(-120, 61, 10)]
FARADAY_C_mol = 96485.33212331001
GAS_CONSTANT_J_mol_K = 8.31446261815324
RT_F_mV = 1e3 * GAS_CONSTANT_J_mol_K * (TEMPERATURE_degC + 273.15) / FARADAY_C_mol
#: One cell for all channels: potentials in mV, concentrations in mM.
CELL = {
    "e_na_mV": 50.0,
    "e_k_mV": -90.0,
    "e_ca_mV": 120.0,
    "e_cl_mV": -70.0,
    "na_in_mM": 11.4,
    "na_out_mM": 154.0,
    "k_in_mM": 121.7,
    "cl_in_mM": 8.3,
    "cl_out_mM": 131.0,
    "k_out_mM": 5.6,
    "ca_in_mM": 1.17e-4,
    "ca_out_mM": 2.0,
}
#: By name in the library: model in membranes.json, its gates there, the parameter and the current.
MEMBRANES = {
    "na_fh": ("FrankenhaeuserHuxley1964", "mh", 8e-3, "ghk(g*m**2*h, 'na')"),
    "nap_fh": ("FrankenhaeuserHuxley1964", "p", 0.54e-3, "ghk(g*p**2, 'na')"),
    "k_fh": ("FrankenhaeuserHuxley1964", "n", 1.2e-3, "ghk(g*n**2, 'k')"),
    "na_se": ("SchwarzEikhof1987", "mh", 3.28e-3, "ghk(g*m**3*h, 'na')"),
    "k_se": ("SchwarzEikhof1987", "n", 1.34e-4, "ghk(g*n**2, 'k')"),
    "na_srb": ("SchwarzReidBostock1995", "mh", 7.04e-3, "ghk(g*m**3*h, 'na')"),
    "kf_srb": ("SchwarzReidBostock1995", "n", 0.03, "g*n**4*(V-ek)"),
    "ks_srb": ("SchwarzReidBostock1995", "s", 0.06, "g*s*(V-ek)"),
    "na_crrss": ("CRRSS_Sweeney1987", "mh", 1.445, "g*m**2*h*(V-ena)"),
    "na_gaines_motor": ("Gaines2018_motor_node", "mh", 3.0, "g*m**3*h*(V-ena)"),
    "na_gaines_sensory": ("Gaines2018_sensory_node", "mh", 3.0, "g*m**3*h*(V-ena)"),
    "nap_gaines_sensory": ("Gaines2018_sensory_node", ["mp"], 0.01, "g*m**3*(V-ena)"),
    "kf_gaines": ("Gaines2018_motor_node", "n", 0.02568, "g*n**4*(V-ek)"),
    "hcn_gaines": ("Gaines2018_motor_internode", "q", 2.232e-3, "g*q*(V+54.9)"),
    "na_rattay": ("RattayAberham1993", "mh", 0.12, "g*m**3*h*(V-ena)"),
    "k_rattay": ("RattayAberham1993", "n", 0.036, "g*n**4*(V-ek)"),
    "na_sundt": ("Sundt2015", "mh", 0.04, "g*m**3*h*(V-ena)"),
    "kdr_sundt": ("Sundt2015", "nl", 0.04, "g*n**3*l*(V-ek)"),
}
TIGERHOLM = {
    "nav17_tigerholm": "Nav1.7_TTXs",
    "nav18_tigerholm": "Nav1.8",
    "nav19_tigerholm": "Nav1.9",
    "kdr_tigerholm": "Kdr",
    "ka_tigerholm": "KA",
    "km_tigerholm": "KM",
    "ih_tigerholm": "Ih",
    "kna_tigerholm": "KNa",
}
SCHILD = {
    "naf_schild94": "Naf94",
    "nas_schild94": "Nas94",
    "naf_schild97": "Naf97",
    "nas_schild97": "Nas97",
    "kd_schild": "Kd",
    "ka_schild": "KA",
    "kds_schild": "Kds",
    "kca_schild": "KCa",
    "can_schild": "CaN",
    "cat_schild": "CaT",
}
#: With the place of their conductance in the published list.
THIO = {
    "nav17_thio": ("Nav1.7", 0),
    "nav18_thio": ("Nav1.8", 1),
    "nav19_thio": ("Nav1.9", 2),
    "bk_thio": ("BK", 3),
    "cav12_thio": ("CaV1.2", 4),
    "cav22_thio": ("CaV2.2", 5),
    "km_thio": ("KM", 6),
    "hcn_thio": ("HCN", 7),
    "kv21_thio": ("Kv2.1", 8),
    "ka34_thio": ("KA3.4", 9),
    "ka14_thio": ("KA1.4", 10),
    "sk_thio": ("SK", 11),
}
#: Gates that have other names in the library.
RENAMED = {"ns": "s", "nf": "f", "mp": "m"}
#: Of which the published opening or closing rate goes below 0, where the library ends at 0.
STOPPED_AT_0 = {("nav17_tigerholm", "h")}


def vt(x: float, y: float) -> float:
    return y if abs(x / y) < 1e-9 else x / math.expm1(x / y)


def ghk_mA_cm2(permeability_cm_s: float, ion: str, v_mV: float) -> float:
    u = v_mV / RT_F_mV
    inner, outer = CELL[f"{ion}_in_mM"], CELL[f"{ion}_out_mM"]
    # cm/s times mM is 1e-6 mol/(s cm2), thus 1e-3 mA/cm2 per C/mol.
    return 1e-3 * permeability_cm_s * FARADAY_C_mol * (inner * vt(-u, 1.0) - outer * vt(u, 1.0))


def per_mV(temperature_degC: float) -> float:
    """F/(R T), with the constants of the paper that reads it."""
    return 1e-3 * 9.648e4 / (8.315 * (273.16 + temperature_degC))


def value(expression: str, v_mV: float, **extra: Any) -> float:
    """An expression of the JSON files, or one of those above."""
    calcium_mM = CELL["ca_in_mM"]
    names = {
        "V": v_mV,
        "vt": vt,
        "exp": math.exp,
        "log10": math.log10,
        "log": math.log,
        "max": max,
        "min": min,
        "Nai": CELL["na_in_mM"],
        "Nao": CELL["na_out_mM"],
        "Ko": CELL["k_out_mM"],
        "Ki": CELL["k_in_mM"],
        "Cli": CELL["cl_in_mM"],
        "Clo": CELL["cl_out_mM"],
        "Cai": calcium_mM,
        "Cao": CELL["ca_out_mM"],
        "pca": math.log10(calcium_mM) - 3,
        "k": per_mV(TEMPERATURE_degC),
        "ena": CELL["e_na_mV"],
        "ek": CELL["e_k_mV"],
        "eca": CELL["e_ca_mV"],
        "ghk": lambda permeability, ion: ghk_mA_cm2(permeability, ion, v_mV),
        "vF_RT": v_mV / RT_F_mV,
        "T": TEMPERATURE_degC,
        **extra,
    }
    return float(eval(expression, {"__builtins__": {}}, names))


def gates_of(
    name: str, gates: dict[str, dict[str, Any]], q10: float | None, reference_degC: float | None
) -> tuple[dict[str, dict[str, list[float]]], dict[str, list[float]]]:
    """Steady states and time constants, and these in the cold."""
    warm = gates_at(TEMPERATURE_degC, name, gates, q10, reference_degC)
    cold = gates_at(COLDER_degC, name, gates, q10, reference_degC)
    return warm, {gate: values["tau_ms"] for gate, values in cold.items()}


def gates_at(
    temperature_degC: float,
    name: str,
    gates: dict[str, dict[str, Any]],
    q10: float | None,
    reference_degC: float | None,
) -> dict[str, dict[str, list[float]]]:
    found = {}
    for gate, rates in gates.items():
        base, at_degC = rates.get("q10", q10), rates.get("Tref", reference_degC)
        read = {"T": temperature_degC, "k": per_mV(temperature_degC)}
        speed = base ** ((temperature_degC - at_degC) / 10.0)
        steady, tau_ms = [], []
        for v in V_mV:
            if "a" in rates:
                alpha, beta = value(rates["a"], v, **read), value(rates["b"], v, **read)
                if (name, gate) in STOPPED_AT_0:
                    beta = max(0.0, beta)
                steady.append(alpha / (alpha + beta))
                tau_ms.append(1.0 / (alpha + beta) / speed)
            else:
                steady.append(value(rates["inf"], v, **read))
                tau_ms.append(value(rates["tau"], v, **read) / speed)
        found[RENAMED.get(gate, gate)] = {"steady_state": steady, "tau_ms": tau_ms}
    return found


def currents_of(
    gates: dict[str, dict[str, list[float]]], by_ion: dict[str, str], **extra: float
) -> dict[str, list[float]]:
    published = {new: old for old, new in RENAMED.items() if old != "mp"}
    return {
        ion: [
            value(
                expression,
                v,
                **extra,
                **{gate: values["steady_state"][i] for gate, values in gates.items()},
                **{
                    published[gate]: values["steady_state"][i]
                    for gate, values in gates.items()
                    if gate in published
                },
            )
            for i, v in enumerate(V_mV)
        ]
        for ion, expression in by_ion.items()
    }


def ohmic(ion: str, product: str, shift_mV: float = 0.0) -> dict[str, str]:
    return {ion: f"g*({product})*(V-e{ion}-({shift_mV}))"}


def main() -> None:
    files = {
        name: json.loads((DATA / "channels" / f"{name}.json").read_text())
        for name in ("membranes", "tigerholm2014", "schild1994_1997", "thio2024")
    }
    rates: dict[str, Any] = {}

    def add(name: str, both: Any, by_ion: dict[str, str], **extra: float) -> None:
        gates, colder_tau_ms = both
        rates[name] = {
            "gates": gates,
            "colder_tau_ms": colder_tau_ms,
            "currents_mA_cm2": currents_of(gates, by_ion, **extra),
        }

    for name, (model, chosen, g, current) in MEMBRANES.items():
        published = files["membranes"]["models"][model]
        gates = gates_of(
            name,
            {gate: published["gates"][gate] for gate in chosen},
            published.get("q10"),
            published.get("Tref"),
        )
        ion = "na" if "'na'" in current or "ena" in current else "k"
        add(name, gates, {"mixed" if name == "hcn_gaines" else ion: current}, g=g)
    for name, key in TIGERHOLM.items():
        channel = files["tigerholm2014"]["channels"][key]
        gates = gates_of(name, channel["gates"], channel.get("q10"), channel.get("Tref"))
        by_ion = (
            {ion: f"0.5*g*({channel['product']})*(V-e{ion})" for ion in ("na", "k")}
            if key == "Ih"
            else ohmic(channel["ion"], channel["product"])
        )
        add(name, gates, by_ion, g=channel["gbar"])
    for name, key in SCHILD.items():
        channel = files["schild1994_1997"]["channels"][key]
        gates = gates_of(name, channel["gates"], None, channel["Tref"])
        shift_mV = -78.7 if channel["ion"] == "ca" else 0.0
        g = channel.get("gbar", channel.get("gbar94"))
        add(name, gates, ohmic(channel["ion"], channel["product"], shift_mV), g=g)
    for name, (key, place) in THIO.items():
        channel = files["thio2024"]["channels"][key]
        gates = gates_of(name, channel["gates"], files["thio2024"]["q10_all"], channel["Tref"])
        product = channel["product"]
        by_ion = ohmic(channel["ion"], product)
        if key == "HCN":
            by_ion = {
                "na": f"(Eh-ek)*g*({product})*(V-ena)/(ena-ek)",
                "k": f"(Eh-ena)*g*({product})*(V-ek)/(ek-ena)",
            }
        g = files["thio2024"]["gbar_S_cm2"]["autonomic"][place]
        add(name, gates, by_ion, g=g, Eh=-30.0)
    add_pumps(add)

    answer = {
        "made_by": "tests/reference/make_channel_rates.py",
        "sources": {name: data.get("_source", "") for name, data in files.items()},
        "temperature_degC": TEMPERATURE_degC,
        "colder_degC": COLDER_degC,
        "cell": CELL,
        "v_mV": V_mV,
        "mechanisms": rates,
    }
    (DATA / "channel_rates.json").write_text(json.dumps(answer, indent=1) + "\n")
    print(f"{len(rates)} mechanisms, {sum(len(m['gates']) for m in rates.values())} gates")


def add_pumps(add: Any) -> None:
    """The forms that the JSON files give in words."""
    tigerholm = (
        "Ip*(1+1/Ko)**-2*(1.62/(1+(6.7/(Nai+8))**3)+1/(1+(67.6/(Nai+8))**3))"  # of potassium
    )
    add("nak_tigerholm", ({}, {}), {"na": f"-1.5*{tigerholm}", "k": tigerholm}, Ip=-0.0047891)
    nak = "Imax*1.16**((22.85-T)/10)*(V+150)/(V+200)*(Nai/(Nai+5.46))**3*(Ko/(Ko+0.621))**2"
    add("nak_schild", ({}, {}), {"na": f"3*{nak}", "k": f"-2*{nak}"}, Imax=0.009726135)
    exchange = (
        "(Nai**3*Cao*exp(0.5*vF_RT)-Nao**3*Cai*exp(-0.5*vF_RT))/(1+0.0036*(Cai*Nao**3+Cao*Nai**3))"
    )
    ncx = f"K*2.2**((22.85-T)/10)*{exchange}"
    add("ncx_schild", ({}, {}), {"na": f"3*{ncx}", "ca": f"-2*{ncx}"}, K=1.27324e-6)
    add(
        "pmca_schild",
        ({}, {}),
        {"ca": "Imax*2.3**((22-T)/10)*Cai/(Cai+0.0005)"},
        Imax=0.000859437,
    )
    ncx = f"d*36e-9*(2.2*(T+273-296)+(310-T-273))/14*{exchange}"
    add("ncx_thio", ({}, {}), {"na": f"3*{ncx}", "ca": f"-2*{ncx}"}, d=0.00021)
    add_more_pumps(add)


def add_more_pumps(add: Any) -> None:
    """As the sources that the library's files name write them, in mA/cm2 at 1 uF/cm2."""

    def add_nak(name: str, net: str, **extra: float) -> None:
        add(name, ({}, {}), {"na": f"3*({net})", "k": f"-2*({net})"}, **extra)

    add_nak("nak_kager", "Imax*(1+2/Ko)**-2*(1+10/Nai)**-3", Imax=6.829e-3)
    add_nak("nak_sigmoid", "Imax/((1+exp((25-Nai)/3))*(1+exp(5.5-Ko)))", Imax=6.8e-3)
    voltage = "1/(1+0.1245*exp(-0.1*vF_RT)+0.0365*((exp(Nao/67.3)-1)/7)*exp(-vF_RT))"
    add_nak("nak_courtemanche", f"Imax*{voltage}/(1+(10/Nai)**1.5)*Ko/(Ko+1.5)", Imax=6e-4)
    add_nak("nak_cycle", four_states(), Pnak=0.03)
    change = "(exp(0.35*vF_RT)*Nai**3*Cao-exp(-0.65*vF_RT)*Nao**3*Cai)"
    luo_rudy = f"1.6*{change}/((87.5**3+Nao**3)*(1.38+Cao)*(1+0.1*exp(-0.65*vF_RT)))"
    add("ncx_courtemanche", ({}, {}), {"na": f"3*{luo_rudy}", "ca": f"-2*{luo_rudy}"})
    saturation = (
        "(0.00359*Nao**3*(1+(Nai/12.29)**3)+87.5**3*Cai*(1+Cai/0.00359)+1.3*Nai**3+Nai**3*Cao"
        "+Nao**3*Cai)"
    )
    shannon = f"9e-3/(1+(0.000256/Cai)**2)*{change}/{saturation}/(1+0.27*exp(-0.65*vF_RT))"
    add("ncx_shannon", ({}, {}), {"na": f"3*{shannon}", "ca": f"-2*{shannon}"})
    add("pmca_shannon", ({}, {}), {"ca": "6.73e-5*Cai**1.6/(0.0005**1.6+Cai**1.6)"})
    kcc2 = "6.754e-3*log(Ki*Cli/(Ko*Clo))"
    add("kcc2_log", ({}, {}), {"k": kcc2, "cl": f"-{kcc2}"})
    kcc2 = "1.9297e-5*(Ki*Cli-Ko*Clo)"
    add("kcc2_product", ({}, {}), {"k": kcc2, "cl": f"-{kcc2}"})
    nkcc1 = "2.248e-3/(1+exp(16-Ko))*(log(Ki*Cli/(Ko*Clo))+log(Nai*Cli/(Nao*Clo)))"
    add("nkcc1_log", ({}, {}), {"na": nkcc1, "k": nkcc1, "cl": f"-2*{nkcc1}"})
    add("cl_pump", ({}, {}), {"cl": "-1e-4*Cli/(Cli+15)"})


def four_states() -> str:
    """Smith and Crampin's cycle as O'Hara has it; each letter of the paper put in for its value."""
    letters = {
        "Di": "((1+Nai/Kni)**3+(1+Ki/0.5)**2-1)",
        "Do": "((1+Nao/Kno)**3+(1+Ko/0.3582)**2-1)",
        "P": "(4.2/(1+1e-7/1.698e-7+Nai/224+Ki/292))",
    }
    rates = {
        "a1": "(949.5*(Nai/Kni)**3/Di)",
        "b1": "(182.4*0.05)",
        "a2": "687.2",
        "b2": "(39.4*(Nao/Kno)**3/Do)",
        "a3": "(1899*(Ko/0.3582)**2/Do)",
        "b3": "(79300*P*1e-7/(1+9.8/1.698e-7))",
        "a4": "(639*(9.8/1.698e-7)/(1+9.8/1.698e-7))",
        "b4": "(40*(Ki/0.5)**2/Di)",
    }
    x1 = "(a4*a1*a2+b2*b4*b3+a2*b4*b3+b3*a1*a2)"
    x2 = "(b2*b1*b4+a1*a2*a3+a3*b1*b4+a2*a3*b4)"
    x3 = "(a2*a3*a4+b3*b2*b1+b2*b1*a4+a3*a4*b1)"
    x4 = "(b4*b3*b2+a3*a4*a1+b2*a4*a1+b3*b2*a1)"
    expression = f"Pnak*({x1}*a3-{x2}*b3)/({x1}+{x2}+{x3}+{x4})"
    constants = {"Kni": "(9.073*exp(-0.155*vF_RT/3))", "Kno": "(27.78*exp(1.155*vF_RT/3))"}
    for each in (rates, letters, constants):
        for letter, text in each.items():
            expression = re.sub(rf"\b{letter}\b", text, expression)
    return expression


if __name__ == "__main__":
    main()
