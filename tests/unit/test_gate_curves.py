"""Steady states and time constants of gates, and how they are drawn."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from ranvier import mechanisms, plot
from ranvier.mechanisms.curves import gate_curves

needs_matplotlib = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")

V_mV = np.array([-80.0, -40.0, 0.0])


def test_compiled_and_written_gates_warm_alike() -> None:
    """By q10 for each 10 degC, with steady states left alone."""
    for name in ("na_mrg", "nav18_tigerholm"):
        info = mechanisms.describe(name)
        cold = gate_curves(name, V_mV)
        warm = gate_curves(name, V_mV, cold.temperature_degC + 10.0)
        assert cold.temperature_degC == info["reference_temperature_degC"]
        alpha_per_ms, beta_per_ms = mechanisms.rates(name, V_mV)["m"]
        tau_ms = cold.time_constant_ms["m"]
        np.testing.assert_allclose(tau_ms, 1.0 / (alpha_per_ms + beta_per_ms), rtol=1e-12)
        for gate in info["gates"]:
            faster = cold.time_constant_ms[gate["name"]] / warm.time_constant_ms[gate["name"]]
            np.testing.assert_allclose(faster, gate["q10"], rtol=1e-12)
            steady = warm.steady_state[gate["name"]]
            np.testing.assert_allclose(steady, cold.steady_state[gate["name"]], rtol=1e-12)


@needs_matplotlib
def test_curves_are_drawn_at_both_temperatures() -> None:
    steady, tau = plot.gates("na_mrg").axes
    assert len(steady.lines) == 2  # steady states do not depend on it
    assert len(tau.lines) == 4
    v_mV = tau.lines[0].get_xdata()
    np.testing.assert_allclose(
        tau.lines[1].get_ydata(), gate_curves("na_mrg", v_mV, 37.0).time_constant_ms["m"]
    )
    legend = plot.gates("na_mrg").legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["m", "h", "20 °C", "37 °C"]


@needs_matplotlib
def test_one_temperature_is_drawn_once_and_others_can_be_asked_for() -> None:
    assert len(plot.gates("na_crrss").axes[1].lines) == 2  # its rates are those at 37 degC
    assert len(plot.gates("k_hh", temperatures_degC=[6.3, 10, 15, 20, 25]).axes[1].lines) == 5


@needs_matplotlib
def test_mechanism_without_gates_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match=r"'leak': has no gates, expected at least one to draw"):
        plot.gates("leak")
