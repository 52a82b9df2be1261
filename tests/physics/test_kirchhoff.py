"""Currents balance at every compartment in every step, by an independent sum over the arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.cables import clamp

DT_ms = 0.005
STEPS = 200


class Balance:
    """Kirchhoff's law of one discretisation, written from the format's description alone."""

    def __init__(self, d: rv.Discretisation) -> None:
        self.rows = d
        self.arrays = d.to_dict()

    def ionic_nA(self, gates: dict[tuple[str, str], np.ndarray], v_mV: np.ndarray) -> np.ndarray:
        total_nA = np.zeros(len(self.rows))
        for name, table in self.arrays["mechanisms"].items():
            info = rv.mechanisms.describe(name)
            rows = table["compartment"]
            open_fraction = np.ones(len(rows))
            for gate in info["gates"]:
                open_fraction *= gates[name, gate["name"]] ** gate["power"]
            parameters = table["parameters"]
            e_mV = (
                self.arrays["ions"][info["ion"]]["e_mV"][rows]
                if info["ion"]
                else parameters["e_leak_mV"]
            )
            # S/cm2 times um2 is 0.01 uS.
            g_uS = 0.01 * parameters["g_bar_S_cm2"] * self.rows.area_um2[rows]
            total_nA[rows] += g_uS * open_fraction * (v_mV[rows] - e_mV)
        return total_nA

    def inflow_nA(self, g_uS: np.ndarray, potential_mV: np.ndarray) -> np.ndarray:
        flow_nA = np.zeros(len(self.rows))
        parent = self.rows.parent
        has = parent >= 0
        into_child_nA = g_uS[has] * (potential_mV[parent[has]] - potential_mV[has])
        np.add.at(flow_nA, np.flatnonzero(has), into_child_nA)
        np.add.at(flow_nA, parent[has], -into_child_nA)
        return flow_nA

    def imbalance_nA(
        self, before: dict[Any, np.ndarray], after: dict[Any, np.ndarray], injected_nA: np.ndarray
    ) -> np.ndarray:
        """(layer, row): the current that comes in and is not accounted for."""
        v_mV = after["inside"] - after["outside"]
        stored_nA = self.rows.capacitance_nF * (v_mV - before["inside"] + before["outside"]) / DT_ms
        membrane_nA = stored_nA + self.ionic_nA(before, v_mV)
        g_uS = self.rows.axial_conductance_uS
        axoplasm_nA = self.inflow_nA(g_uS, after["inside"]) + injected_nA - membrane_nA
        if not self.arrays["layers"]:
            return axoplasm_nA[None]
        (layer,) = self.arrays["layers"]
        moved_mV = after["outside"] - before["outside"]
        periaxonal_nA = (
            self.inflow_nA(layer["axial_conductance_uS"], after["outside"])
            + membrane_nA
            - layer["capacitance_nF"] * moved_mV / DT_ms
            - layer["conductance_uS"] * after["outside"]
        )
        return np.array([axoplasm_nA, np.where(layer["is_unknown"], periaxonal_nA, 0.0)])


def squid() -> tuple[rv.Discretisation, int]:
    fibre = rv.fibers.hodgkin_huxley(length_um=5000.0)
    return rv.discretise(fibre.model, rv.FixedCount(40)), 0


def tree() -> tuple[rv.Discretisation, int]:
    sections = [
        rv.Section("trunk", length_um=300.0, diameter_um=4.0, distal_diameter_um=2.0),
        rv.Section("left", parent="trunk", length_um=200.0, diameter_um=1.5),
        rv.Section("right", parent="trunk", length_um=250.0, diameter_um=1.0),
        rv.Section("side", parent="trunk", parent_position=0.37, length_um=90.0, diameter_um=0.7),
    ]
    model = rv.Model(
        sections=sections,
        placements=[rv.Placement("na_hh", ["trunk", "left"]), rv.Placement("k_hh", "trunk"), LEAK],
        ions=[rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-77.0)],
        temperature_degC=10.0,
    )
    return rv.discretise(model, rv.FixedCount(7)), 3


def mrg() -> tuple[rv.Discretisation, int]:
    fibre = rv.fibers.mrg(nodes=5)
    return rv.discretise(fibre.model, fibre.mesh), 11


def forked_mrg() -> tuple[rv.Discretisation, int]:
    """The second node branches into two internodes, and one of those has a bare collateral."""
    fibre = rv.fibers.mrg(nodes=4)
    sections = [*fibre.model.sections]
    period = sections[11:22]  # from one node up to the next
    parent = period[0].name
    for section in [*period[1:], sections[22]]:
        sections.append(
            rv.Section(
                f"branch {section.name}",
                region=section.region,
                parent=parent,
                length_um=section.length_um,
                diameter_um=section.points_um[0, 3],
                r_a_ohm_cm=section.r_a_ohm_cm,
                c_m_uF_cm2=section.c_m_uF_cm2,
                sheath=section.sheath,
            )
        )
        parent = sections[-1].name
    collateral = {"parent": "stin[14]", "parent_position": 0.3, "length_um": 50.0}
    sections.append(rv.Section("collateral", diameter_um=1.0, **collateral))
    model = rv.Model(
        sections=sections,
        placements=[*fibre.model.placements, rv.Placement("leak", "collateral")],
        ions=fibre.model.ions,
        temperature_degC=fibre.model.temperature_degC,
    )
    return rv.discretise(model, rv.FixedCount(1, by_region={"stin": 3})), 0


LEAK = rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-54.387)


@pytest.mark.parametrize("build", [squid, tree, mrg, forked_mrg])
def test_every_step_balances_in_every_compartment(build: Any) -> None:
    d, stimulated = build()
    amplitude_nA = {squid: 1e4, tree: 20.0, mrg: 5.0, forked_mrg: 20.0}[build]
    gates = [
        (name, gate["name"])
        for name in d.to_dict()["mechanisms"]
        for gate in rv.mechanisms.describe(name)["gates"]
    ]
    everywhere = list(range(len(d)))
    layers = ["v_axoplasm_mV", *(["v_periaxonal_mV"] if d.to_dict()["layers"] else [])]
    result = rv.simulate(
        d,
        clamp(stimulated, amplitude_nA, onset_ms=0.1, duration_ms=0.3),
        [
            *(rv.Probe(layer, everywhere) for layer in layers),
            *(rv.Probe(gate, mechanism=name) for name, gate in gates),
        ],
        t_stop_ms=STEPS * DT_ms,
        method=rv.Method("backward_euler", dt_ms=DT_ms),
        v_init_mV=-65.0,
        detect=(),
    )

    def state(step: int) -> dict[Any, np.ndarray]:
        outside = result[layers[1]].values[step] if len(layers) == 2 else np.zeros(len(d))
        recorded = {(name, gate): result[gate, name].values[step] for name, gate in gates}
        return {"inside": result[layers[0]].values[step], "outside": outside, **recorded}

    balance = Balance(d)
    assert result["v_axoplasm_mV"].values.max() > 0.0  # a spike: every term is at work
    through_nA = 100.0 * d.axial_conductance_uS.max()  # what 100 mV drive between compartments
    for step in range(STEPS):
        injected_nA = np.zeros(len(d))
        injected_nA[stimulated] = amplitude_nA if 20 <= step < 80 else 0.0
        imbalance_nA = balance.imbalance_nA(state(step), state(step + 1), injected_nA)
        assert np.abs(imbalance_nA).max() <= tolerances.ROUNDING_RELATIVE * through_nA
    assert d.is_junction.sum() == {tree: 2, forked_mrg: 2}.get(build, 0)


def test_injected_charge_is_stored_or_leaves_through_the_membrane() -> None:
    """Summed over a whole run and a whole tree: nothing is lost at branches."""
    d, stimulated = tree()
    passive = rv.Model(
        sections=[
            rv.Section("trunk", length_um=300.0, diameter_um=4.0),
            rv.Section("left", parent="trunk", length_um=200.0, diameter_um=1.5),
            rv.Section("right", parent="trunk", length_um=250.0, diameter_um=1.0),
        ],
        placements=[rv.Placement("leak", g_bar_S_cm2=1e-4, e_leak_mV=-65.0)],
    )
    d = rv.discretise(passive, rv.FixedCount(9))
    result = rv.simulate(
        d,
        clamp(stimulated, 0.3, onset_ms=0.1025, duration_ms=0.305),  # edges inside a step
        [rv.Probe("v_mV"), rv.Probe("i_mA_cm2", mechanism="leak")],
        t_stop_ms=1.0,
        method=rv.Method("backward_euler", dt_ms=DT_ms),
        v_init_mV=-65.0,
        detect=(),
    )
    membrane = ~d.is_junction
    stored_pC = d.capacitance_nF[membrane] @ (result["v_mV"].values[-1] + 65.0)
    # mA/cm2 times um2 is 0.01 nA.
    leaked_pC = 0.01 * DT_ms * (result["i_mA_cm2"].values[1:] @ d.area_um2[membrane]).sum()
    assert stored_pC + leaked_pC == pytest.approx(0.3 * 0.305, rel=tolerances.CHARGE_RELATIVE)
    assert leaked_pC > 0.0
