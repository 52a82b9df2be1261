"""Ions that accumulate: what a description may say, and what is said of one that does not hold."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.stimuli import CurrentClamp, Pulse


def cell(*ions: rv.Ion, **section: Any) -> rv.Model:
    return rv.Model(
        sections=[rv.Section("cell", **{"length_um": 10.0, "diameter_um": 1.0, **section})],
        placements=[rv.Placement("k_hh"), rv.Placement("leak")],
        ions=list(ions),
    )


def potassium(**more: Any) -> rv.Ion:
    return rv.Ion("k", **{"inside_mM": 140.0, "outside_mM": 4.0, "accumulates": "both", **more})


def sheath(**more: Any) -> rv.Sheath:
    return rv.Sheath(lamellae=10, myelin_diameter_um=2.0, **more)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"inside_mM": 0.0, "shell_um": 0.1}, "inside_mM is 0, expected a finite number above 0"),
        ({"outside_mM": -4.0, "shell_um": 0.1}, "outside_mM is -4, expected a finite number above"),
        ({"shell_um": 0.0}, "shell_um is 0, expected a finite number above 0"),
        ({"shell_um": 0.1, "exchange_ms": -1.0}, "exchange_ms is -1, expected a finite number abo"),
        ({"shell_um": 0.1, "diffusion_um2_per_ms": -1.0}, "diffusion_um2_per_ms is -1, expected"),
        (
            {"accumulates": "inside", "buffering_ratio": 0.5},
            "buffering_ratio is 0.5, expected a finite number, 1 or more: all ions over free ones",
        ),
        (
            {},
            "accumulates outside and has no space there, expected shell_um, or a sheath with a "
            "periaxonal_width_um",
        ),
        (
            {"accumulates": "inside", "exchange_ms": 5.0},
            'has exchange_ms and accumulates inside alone, expected accumulates="outside" or ',
        ),
        (
            {"accumulates": "inside", "shell_um": 5.0},
            'has shell_um and accumulates inside alone, expected accumulates="outside" or "both"',
        ),
    ],
)
def test_a_description_that_does_not_hold_is_told_in_a_sentence(
    more: dict[str, Any], sentence: str
) -> None:
    problems = cell(potassium(**more)).validate()
    assert any(problem.startswith("ion 'k': " + sentence) for problem in problems), problems


def test_what_is_missing_is_told() -> None:
    fixed = rv.Ion("k", e_mV=-90.0, accumulates="inside")
    assert "ion 'k': accumulates and has e_mV, expected inside_mM and outside_mM" in (
        cell(fixed).validate()
    )
    none = rv.Ion("k", accumulates="inside")
    assert any(
        "expected e_mV, or inside_mM and outside_mM" in each for each in cell(none).validate()
    )
    unknown = rv.Ion("x", inside_mM=1.0, outside_mM=1.0, accumulates="inside")
    assert any("valence is not given" in each for each in cell(unknown).validate())


def test_words_that_mean_nothing_are_refused() -> None:
    with pytest.raises(rv.ModelError, match="ion 'k': accumulates is 'in', expected 'inside'"):
        potassium(accumulates="in")
    for more in ({"shell_um": 0.1}, {"diffusion_um2_per_ms": 1.0}, {"buffering_ratio": 2.0}):
        with pytest.raises(rv.ModelError, match="says how it accumulates and not where, expected"):
            potassium(accumulates=None, **more)


def test_an_ion_says_again_what_it_was_given() -> None:
    given = potassium(shell_um=0.1, exchange_ms=20.0, diffusion_um2_per_ms=1.5, buffering_ratio=3.0)
    for ion in (given, pickle.loads(pickle.dumps(given))):
        assert ion.accumulates == "both"
        assert (ion.shell_um, ion.exchange_ms, ion.diffusion_um2_per_ms) == (0.1, 20.0, 1.5)
        assert ion.buffering_ratio == 3.0
    assert potassium(accumulates="outside", shell_um=1.0).accumulates == "outside"
    assert potassium(accumulates="inside").accumulates == "inside"
    plain = potassium(accumulates=None)
    assert plain.accumulates is None
    assert plain.shell_um is None
    assert plain.exchange_ms is None
    assert plain.diffusion_um2_per_ms == 0.0


def test_a_space_is_enough_of_some_sheath() -> None:
    """Even where only its resistance is known."""
    for how in ({"periaxonal_width_um": 0.01}, {"periaxonal_resistance_Mohm_per_cm": 1e5}):
        model = cell(potassium(), sheath=sheath(**how))
        assert model.validate() == []
        ions = rv.discretise(model, rv.FixedCount(2)).to_dict()["ions"]
        assert (ions["k"]["outside"]["capacity_um3"] > 0).all()


def test_volumes_and_conductances_are_of_the_geometry() -> None:
    """Of a frustum, at whatever mesh."""
    model = cell(
        potassium(shell_um=0.5, diffusion_um2_per_ms=2.0, exchange_ms=10.0),
        distal_diameter_um=3.0,
    )
    for count in (1, 7):
        k = rv.discretise(model, rv.FixedCount(count)).to_dict()["ions"]["k"]
        inside, outside = k["inside"], k["outside"]
        assert inside["capacity_um3"].sum() == pytest.approx(np.pi / 12 * 10 * (1 + 3 + 9))
        assert outside["capacity_um3"].sum() == pytest.approx(np.pi * 0.5 * 10 * (2 + 0.5))
        assert outside["exchange_um3_per_ms"] == pytest.approx(outside["capacity_um3"] / 10)
        assert not inside["is_held"].any()
    # From centre to centre: D over the integral of length over cross-section.
    x = (0.5 + np.arange(7)) * 10 / 7
    d = 1 + 2 * x / 10
    per_um = 4 * np.diff(x) / (np.pi * d[:-1] * d[1:])
    assert inside["diffusion_um3_per_ms"][1:] == pytest.approx(2.0 / per_um)


def test_a_discretisation_comes_back_from_its_dict() -> None:
    d = rv.discretise(cell(potassium(shell_um=0.5)), rv.FixedCount(3))
    data = d.to_dict()
    again = rv.Discretisation.from_dict(data).to_dict()["ions"]["k"]
    for layer in ("inside", "outside"):
        for name, column in data["ions"]["k"][layer].items():
            assert np.array_equal(column, again[layer][name])


def edited(layer: str, **columns: Any) -> dict[str, Any]:
    data = rv.discretise(cell(potassium(shell_um=0.5)), rv.FixedCount(2)).to_dict()
    ions = {"k": dict(data["ions"]["k"])}
    ions["k"].update({key: value for key, value in columns.items() if key == "valence"})
    ions["k"].update({key: value for key, value in columns.items() if key == "inside_mM"})
    store = dict(ions["k"][layer])
    store.update({key: value for key, value in columns.items() if key in store})
    ions["k"][layer] = store
    return {**data, "ions": ions}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"capacity_um3": np.zeros(2)}, "has capacity 0 in compartment 0, expected more, or a row"),
        ({"capacity_um3": np.ones(3)}, "ion 'k' inside capacity_um3: has 3 values, expected 2"),
        ({"is_held": np.zeros(1, bool)}, "ion 'k' inside is_held: has 1 values, expected 2"),
        (
            {"diffusion_um3_per_ms": np.array([0.0, -1.0])},
            "diffusion_um3_per_ms: is -1 in compartment 1, expected a finite number, 0 or more",
        ),
        ({"valence": 0}, "ion 'k' inside: has valence 0, expected a whole number other than 0"),
        (
            {"inside_mM": np.array([140.0, 0.0])},
            "ion 'k' inside: is not held in compartment 1 and has no concentration, expected one",
        ),
    ],
)
def test_arrays_that_do_not_hold_are_refused(columns: dict[str, Any], sentence: str) -> None:
    with pytest.raises(rv.ModelError, match=sentence):
        rv.Discretisation.from_dict(edited("inside", **columns))


@pytest.mark.parametrize("name", ["adaptive", "backward_euler", "rodas4", "staggered_sdirk2"])
def test_a_method_that_cannot_says_so_at_once(name: str) -> None:
    with pytest.raises(
        rv.ModelError,
        match=f"method '{name}': does not move concentrations, expected .*rosenbrock2",
    ):
        rv.simulate(
            cell(potassium(shell_um=0.5)),
            t_stop_ms=1.0,
            mesh=rv.FixedCount(1),
            method=rv.Method(name),
            v_init_mV=-65.0,
        )


def test_a_batch_moves_them_as_a_run_does() -> None:
    model = cell(potassium(shell_um=0.5))
    options: dict[str, Any] = {"t_stop_ms": 2.0, "mesh": rv.FixedCount(2), "v_init_mV": -40.0}
    probe = rv.Probe("k_out_mM")
    alone = rv.simulate(model, (), probe, **options)
    together = rv.simulate_batch([model, model], (), probe, **options)
    for each in together:
        assert np.array_equal(each["k_out_mM"].values, alone["k_out_mM"].values)


def test_a_concentration_that_runs_out_ends_the_run() -> None:
    """Named, with its place and time, and with what was recorded until then."""
    model = rv.Model(
        sections=[rv.Section("cell", length_um=10.0, diameter_um=1.0)],
        placements=[rv.Placement("ca_constant", i_mA_cm2=0.1), rv.Placement("leak")],
        ions=[rv.Ion("ca", inside_mM=1e-4, outside_mM=2.0, accumulates="inside")],
    )
    with pytest.raises(
        rv.DivergedError,
        match=r"concentration of ca inside is -.* mM at t = .* ms in compartment 0, cell .*, "
        r"expected more than 0 mM; dt = 0\.005 ms may be too long",
    ) as caught:
        rv.simulate(
            model,
            (),
            rv.Probe("ca_in_mM"),
            t_stop_ms=5.0,
            mesh=rv.FixedCount(1),
            v_init_mV=-65.0,
        )
    trace = caught.value.result["ca_in_mM"]
    assert trace.values[0, 0] == 1e-4
    assert (trace.values > 0).all()


def test_probes_of_ions() -> None:
    """Also of one that stays as it is; and of none that is not there."""
    model = cell(potassium(accumulates=None), rv.Ion("na", e_mV=50.0))
    names = ("k_in_mM", "k_out_mM", "e_k_mV", "e_na_mV")
    result = rv.simulate(
        model,
        CurrentClamp(waveform=Pulse(duration_ms=1.0), at=[0], amplitude_nA=0.001),
        [rv.Probe(name, every_ms=0.5) for name in names],
        t_stop_ms=1.0,
        mesh=rv.FixedCount(1),
        v_init_mV=-65.0,
    )
    assert (result["k_in_mM"].values == 140.0).all()
    assert (result["k_out_mM"].values == 4.0).all()
    assert result["e_k_mV"].values == pytest.approx(-95.02, abs=0.01)
    assert (result["e_na_mV"].values == 50.0).all()
    assert result.ledger is None
    for name, sentence in (
        ("na_in_mM", "ion 'na' has no concentrations at cell .*, expected a place with"),
        ("e_cl_mV", "ion 'cl' is not in this model, expected"),
    ):
        with pytest.raises(rv.ModelError, match=sentence):
            rv.simulate(model, (), rv.Probe(name), t_stop_ms=1.0, mesh=rv.FixedCount(1))


def test_the_ledger_goes_into_files(tmp_path: Path) -> None:
    result = rv.simulate(
        cell(potassium(shell_um=0.5)), t_stop_ms=1.0, mesh=rv.FixedCount(2), v_init_mV=-40.0
    )
    result.save(tmp_path / "saved.npz")
    saved = rv.load(tmp_path / "saved.npz").ledger
    for ledger in (saved, pickle.loads(pickle.dumps(result)).ledger):
        assert ledger is not None
        assert str(ledger) == str(result.ledger)
        assert np.array_equal(ledger.moved_fmol("k"), result.ledger.moved_fmol("k"))
        assert np.array_equal(
            ledger.unaccounted_fmol("k", "outside"), result.ledger.unaccounted_fmol("k", "outside")
        )


def test_the_ledger_names_what_there_is() -> None:
    run = rv.Simulation(
        rv.discretise(cell(potassium(shell_um=0.5)), rv.FixedCount(1)), v_init_mV=-65.0
    )
    run.advance(10)
    ledger = run.ledger()
    assert ledger is not None
    assert ledger.t_ms == pytest.approx(0.05)
    with pytest.raises(KeyError, match="does not accumulate, expected one of: k inside, k outside"):
        ledger.store("na", "inside")
    with pytest.raises(KeyError, match="is not there, expected one of: k of k_hh"):
        ledger.moved_fmol("na", "k_hh")
    leak = next(each for each in ledger.currents if each.mechanism == "leak")
    assert leak.ion is None
    assert np.isnan(leak.moved_fmol).all()
