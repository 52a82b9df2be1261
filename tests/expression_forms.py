"""Mechanisms written as equations that several tests read."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Hodgkin & Huxley 1952, with rest at -65 mV.
SODIUM: dict[str, Any] = {
    "name": "na_squid",
    "summary": "fast sodium channel of the squid giant axon",
    "citation": "Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764",
    "reference_temperature_degC": 6.3,
    "parameters": {"g_bar_S_cm2": 0.12},
    "definitions": {"up_mV": "v_mV + 40"},
    "gates": {
        "m": {
            "alpha_per_ms": "exprelr(-up_mV / 10)",
            "beta_per_ms": "4 * exp(-(v_mV + 65) / 18)",
            "q10": 3.0,
        },
        "h": {
            "alpha_per_ms": "0.07 * exp(-(v_mV + 65) / 20)",
            "beta_per_ms": "1 / (exp(-(v_mV + 35) / 10) + 1)",
            "q10": 3.0,
        },
    },
    "currents_mA_cm2": {"na": "g_bar_S_cm2 * m**3 * h * (v_mV - e_na_mV)"},
}
POTASSIUM: dict[str, Any] = {
    "name": "k_squid",
    "summary": "delayed rectifier of the squid giant axon",
    "citation": "Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764",
    "reference_temperature_degC": 6.3,
    "parameters": {"g_bar_S_cm2": 0.036},
    "gates": {
        "n": {
            "alpha_per_ms": "0.1 * exprelr(-(v_mV + 55) / 10)",
            "beta_per_ms": "0.125 * exp(-(v_mV + 65) / 80)",
            "q10": 3.0,
        }
    },
    "currents_mA_cm2": {"k": "g_bar_S_cm2 * n**4 * (v_mV - e_k_mV)"},
}
#: Made up: closed, open, inactivated.
SCHEME: dict[str, Any] = {
    "name": "markov",
    "reference_temperature_degC": 22.0,
    "parameters": {"g_bar_S_cm2": 0.05, "half_mV": -30.0},
    "schemes": {
        "gating": {
            "reactions": [
                {
                    "reaction": "closed <-> open",
                    "forward_per_ms": "2 * sigmoid((v_mV - half_mV) / 8)",
                    "backward_per_ms": "exp(-(v_mV + 40) / 12)",
                },
                {
                    "reaction": "open <-> shut",
                    "forward_per_ms": "0.3",
                    "backward_per_ms": "0.02 * exp(-(v_mV + 40) / 24)",
                },
            ],
            "q10": 2.5,
        }
    },
    "currents_mA_cm2": {"na": "g_bar_S_cm2 * open * (v_mV - e_na_mV)"},
}
#: Frankenhaeuser & Huxley 1964, with rest at -70 mV.
NODE_SODIUM: dict[str, Any] = {
    "name": "na_node",
    "citation": "Frankenhaeuser & Huxley 1964, doi:10.1113/jphysiol.1964.sp007378",
    "reference_temperature_degC": 20.0,
    "parameters": {"permeability_cm_s": 8e-3},
    "definitions": {"up_mV": "v_mV + 70"},
    "gates": {
        "m": {
            "alpha_per_ms": "1.08 * exprelr(-(up_mV - 22) / 3)",
            "beta_per_ms": "8 * exprelr((up_mV - 13) / 20)",
            "q10": 1.8,
        },
        "h": {
            "alpha_per_ms": "0.6 * exprelr((up_mV + 10) / 6)",
            "beta_per_ms": "4.5 * sigmoid((up_mV - 45) / 10)",
            "q10": 2.9,
        },
    },
    "currents_mA_cm2": {
        "na": "ghk_mA_cm2(permeability_cm_s * m**2 * h, 1, v_mV, na_in_mM, na_out_mM)"
    },
}
#: Made up: calcium in a shell, which opens a potassium channel.
CALCIUM: dict[str, Any] = {
    "name": "ca_shell",
    "reference_temperature_degC": 24.0,
    "parameters": {
        "g_ca_S_cm2": 1e-3,
        "g_k_S_cm2": 5e-3,
        "half_mM": 1e-3,
        "depth_um": 0.1,
        "rest_mM": 1e-4,
        "tau_ms": 20.0,
    },
    "functions": {"hill(x, n)": "x**n / (1 + x**n)"},
    "definitions": {
        "into_mM_per_ms": "-i_ca_mA_cm2 / (2 * faraday_C_mol * depth_um) * 10",
        "i_ca_mA_cm2": "g_ca_S_cm2 * c**2 * (v_mV - e_ca_mV)",
    },
    "gates": {
        "c": {"steady_state": "sigmoid((v_mV + 20) / 6)", "tau_ms": "0.5 + 2 * exp(-v_mV**2 / 900)"}
    },
    "states": {
        "ca_mM": {
            "rate_per_ms": "into_mM_per_ms - (ca_mM - rest_mM) / tau_ms",
            "initial": "rest_mM",
            "lowest": 0.0,
        }
    },
    "currents_mA_cm2": {
        "ca": "i_ca_mA_cm2",
        "k": "g_k_S_cm2 * hill(ca_mM / half_mM, 2) * (v_mV - e_k_mV)",
    },
}
ALL = {form["name"]: form for form in (SODIUM, POTASSIUM, SCHEME, NODE_SODIUM, CALCIUM)}


def exprelr(x: Any) -> Any:
    """x/(e^x - 1), straight from its definition but at 0."""
    x = np.asarray(x, dtype=float)
    is_zero = x == 0
    return np.where(is_zero, 1.0, x / np.where(is_zero, 1.0, np.expm1(x)))


#: What formulas mean in Python itself, as an oracle.
PYTHON: dict[str, Any] = {
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "exprelr": exprelr,
}
