"""What the core tells of its channels, and the printed rates of each paper."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier import _core, mechanisms

#: Rates per ms at 6.3 degC, rest at -65 mV, computed from Hodgkin & Huxley 1952: potential, then
#: alpha and beta of m, h and n.
SQUID = [
    (-90, 0.033918275, 16.041566, 0.24432401, 0.0040701377, 0.010898181, 0.17085474),
    (-65, 0.22356372, 4, 0.07, 0.047425873, 0.058197671, 0.125),
    (-55, 0.43082538, 2.2950137, 0.042457146, 0.11920292, 0.1, 0.11031211),
    (-40, 1, 0.99740884, 0.020055336, 0.37754067, 0.19308254, 0.091451954),
    (-20, 2.3130353, 0.32833999, 0.0073779457, 0.81757448, 0.36089818, 0.071222853),
    (0, 4.0746294, 0.10808722, 0.0027141945, 0.97068777, 0.55225695, 0.055468414),
]


@pytest.mark.parametrize("row", SQUID)
def test_squid_rates_are_those_printed(row: tuple[float, ...]) -> None:
    v_mV, *expected = row
    sodium, potassium = mechanisms.rates("na_hh", v_mV), mechanisms.rates("k_hh", v_mV)
    found = [*sodium["m"], *sodium["h"], *potassium["n"]]
    np.testing.assert_allclose(found, expected, rtol=tolerances.PRINTED_8_DIGITS_RELATIVE)


def vt(x: float, y: float) -> float:
    return x / np.expm1(x / y)


@pytest.mark.parametrize("v_mV", [-112.3, -80.0, -47.1, 3.3])
def test_mrg_rates_are_those_of_the_authors(v_mV: float) -> None:
    """McIntyre, Richardson & Grill 2002, with the 21.4 mV of the code that they deposited."""
    v = v_mV
    expected = {
        ("na_mrg", "m"): (1.86 * vt(-(v + 21.4), 10.3), 0.086 * vt(v + 25.7, 9.16)),
        ("na_mrg", "h"): (
            0.062 * vt(v + 114.0, 11.0),
            2.3 / (1 + np.exp(-(v + 31.8) / 13.4)),
        ),
        ("nap_mrg", "m"): (0.01 * vt(-(v + 27.0), 10.2), 0.00025 * vt(v + 34.0, 10.0)),
        ("ks_mrg", "s"): (0.3 / (1 + np.exp(-(v + 53) / 5)), 0.03 / (1 + np.exp(-(v + 90)))),
    }
    for (name, gate), rates in expected.items():
        np.testing.assert_allclose(
            mechanisms.rates(name, v_mV)[gate], rates, rtol=tolerances.ROUNDING_RELATIVE
        )


def test_mrg_rates_at_36_degC_are_those_of_the_paper() -> None:
    """The paper prints them at 36 degC: 6.57, 0.304, 0.34, 12.6, 0.0353 and 0.000883."""
    factor_m, factor_h = 2.2**1.6, 2.9**1.6
    found = [1.86 * factor_m, 0.086 * factor_m, 0.062 * factor_h, 2.3 * factor_h]
    np.testing.assert_allclose(found, [6.57, 0.304, 0.34, 12.6], rtol=4e-3)  # printed to 3 digits
    q10 = {
        (name, gate["name"]): (gate["q10"], mechanisms.describe(name)["reference_temperature_degC"])
        for name in ("na_mrg", "nap_mrg", "ks_mrg")
        for gate in mechanisms.describe(name)["gates"]
    }
    assert q10 == {
        ("na_mrg", "m"): (2.2, 20.0),
        ("na_mrg", "h"): (2.9, 20.0),
        ("nap_mrg", "m"): (2.2, 20.0),
        ("ks_mrg", "s"): (3.0, 36.0),
    }


@pytest.mark.parametrize(
    ("name", "gate", "rate", "v_mV", "limit"),
    [
        ("na_hh", "m", 0, -40.0, 1.0),
        ("k_hh", "n", 0, -55.0, 0.1),
        ("na_mrg", "m", 0, -21.4, 1.86 * 10.3),
        ("na_mrg", "m", 1, -25.7, 0.086 * 9.16),
        ("na_mrg", "h", 0, -114.0, 0.062 * 11.0),
        ("nap_mrg", "m", 0, -27.0, 0.01 * 10.2),
        ("nap_mrg", "m", 1, -34.0, 0.00025 * 10.0),
    ],
)
def test_rates_at_0_over_0_are_their_limits(
    name: str, gate: str, rate: int, v_mV: float, limit: float
) -> None:
    """y (1 - z/2 + z2/12), with z small: no digit is lost on the way there."""
    assert mechanisms.rates(name, v_mV)[gate][rate] == pytest.approx(limit, rel=1e-15)
    slope = mechanisms.rates(name, v_mV + np.array([-1e-9, 1e-9]))[gate][rate]
    np.testing.assert_allclose(slope, limit, rtol=1e-9)


def test_extreme_potentials_keep_rates_finite() -> None:
    """A membrane that blows up must reach the check for it, not a floating-point trap. Those of the
    library are finite up to 1 V (test_library.py), and NaN beyond, which the check knows too."""
    for name in _core.mechanism_names():
        for alpha, beta in mechanisms.rates(name, [-1e4, 1e4]).values():
            assert not np.isnan([alpha, beta]).any(), name


def test_description_of_a_channel() -> None:
    info = mechanisms.describe("na_hh")
    assert info["ion"] == "na"
    assert info["parameters"] == {"g_bar_S_cm2": 0.12}
    assert info["gates"] == [
        {"name": "m", "power": 3, "q10": 3.0},
        {"name": "h", "power": 1, "q10": 3.0},
    ]
    assert info["reference_temperature_degC"] == 6.3
    assert mechanisms.rates("leak", [-65.0, 0.0]) == {}


def test_unknown_channels_are_told_with_what_there_is() -> None:
    for ask in (mechanisms.describe, lambda name: mechanisms.rates(name, 0.0)):
        with pytest.raises(
            rv.ModelError,
            match=r"^mechanism 'na_hx': is unknown, expected 'na_hh' or one of .*, k_hh, ",
        ):
            ask("na_hx")
    with pytest.raises(KeyError, match="na_hx"):
        _core.describe_mechanism("na_hx")
