"""What textbooks print about membrane potentials, next to what their formulas give.

    python benchmarks/textbook.py

Statements that are right at another temperature, or copied wrong, are marked with what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ranvier import membrane
from ranvier.membrane import Branch, Patch, PermeantIon

#: Ion, inside and outside in mM, temperature, what is printed, and what to say of it.
NERNST = [
    ("K", 150, 4, 37, -96.0, ""),
    ("K", 140, 5, 37, -84.0, "printed for mammals; it is the value at 20 degC"),
    ("K", 140, 5, 20, -84.0, ""),
    ("Na", 20, 145, 37, 53.0, ""),
    ("Na", 20, 145, 20, 50.0, ""),
    ("Na", 12, 140, 37, 66.0, ""),
    ("Na", 12, 140, 20, 62.0, ""),
    ("Na", 12, 140, 37, 40.0, "widely copied, and wrong: it needs 31.3 mM inside"),
    ("Na", 31.3, 140, 37, 40.0, "as just said"),
]
SQUID = [
    PermeantIon("K", 1, inside_mM=400, outside_mM=20, permeability=1.0),
    PermeantIon("Na", 1, inside_mM=50, outside_mM=440, permeability=0.04),
    PermeantIon("Cl", -1, inside_mM=52, outside_mM=560, permeability=0.45),
]


def nernst() -> Iterator[tuple[str, float, float, str]]:
    for ion, inside_mM, outside_mM, temperature_degC, printed, note in NERNST:
        found = membrane.nernst_mV(
            inside_mM=inside_mM, outside_mM=outside_mM, temperature_degC=temperature_degC
        )
        what = f"Nernst {ion} {inside_mM:g}/{outside_mM:g} mM at {temperature_degC} degC"
        yield what, printed, float(found), note


def goldman() -> Iterator[tuple[str, float, float, str]]:
    """Hodgkin & Katz 1949, doi:10.1113/jphysiol.1949.sp004310."""
    k, na, cl = SQUID
    yield "GHK squid at rest, 20 degC", -60.0, float(_ghk(SQUID)), "1 : 0.04 : 0.45"
    peak = [k, replace(na, permeability=20.0), cl]
    yield "GHK squid at a spike's peak", 42.0, float(_ghk(peak)), "1 : 20 : 0.45"
    low = [
        replace(k, outside_mM=10),
        replace(na, outside_mM=460),
        replace(cl, inside_mM=40, outside_mM=540),
    ]
    yield "GHK squid, K 10 mM outside", -66.5, float(_ghk(low)), ""


def chord() -> Iterator[tuple[str, float, float, str]]:
    """Weights of 1 Na, 30 K and 10 Cl, by hand: (65.7 - 30 89.1 - 10 70)/41."""
    patch = Patch(
        c_m_uF_cm2=1.0,
        branches=[
            Branch("na", g_S_cm2=1e-5, e_mV=65.7),
            Branch("k", g_S_cm2=3e-4, e_mV=-89.1),
            Branch("cl", g_S_cm2=1e-4, e_mV=-70.0),
        ],
    )
    yield "chord, Na 1 : K 30 : Cl 10", -80.67, float(patch.thevenin_mV), ""
    cell = {"k_inside_mM": 140, "k_outside_mM": 5, "na_inside_mM": 12, "na_outside_mM": 140}
    for ratio, printed in ((1.5, -74.2), (1.0, -69.1)):
        found = membrane.mullins_noda_mV(
            **cell, na_permeability_per_k=0.04, pump_ratio=ratio, temperature_degC=37
        )
        note = "with the pump's current" if ratio > 1 else "without"
        yield f"Mullins-Noda, r = {ratio:g}", printed, float(found), note


def _ghk(ions: list[PermeantIon]) -> float:
    return float(membrane.ghk_mV(ions, temperature_degC=20))


def main() -> None:
    print(f"{'':<34}{'printed':>9}{'found':>9}")
    for rows in (nernst(), goldman(), chord()):
        for what, printed, found, note in rows:
            print(f"{what:<34}{printed:>9.1f}{found:>9.2f}  {note}")
    for temperature_degC in (20, 37):
        unit_mV = membrane.thermal_voltage_mV(temperature_degC=temperature_degC)
        print(f"RT/F at {temperature_degC} degC: {unit_mV:.4f} mV")


if __name__ == "__main__":
    main()
