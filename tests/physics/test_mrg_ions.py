"""MRG with ions that move: in balance at rest, the published fibre at first, what it gathers."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.stimuli import CurrentClamp, PulseTrain


def living(**options: object) -> rv.Discretisation:
    fibre = rv.fibers.mrg(ions_accumulate=True, **options)  # type: ignore[arg-type]
    return rv.discretise(fibre.model, fibre.mesh)


@pytest.mark.parametrize("diameter_um", [2.0, 10.0])
@pytest.mark.parametrize("temperature_degC", [33.0, 37.0])
def test_each_ion_is_in_balance_at_rest(diameter_um: float, temperature_degC: float) -> None:
    d = living(nodes=3, diameter_um=diameter_um, temperature_degC=temperature_degC)
    run = rv.Simulation(d, method=rv.Method(dt_ms=0.01), v_init_mV=-80.0)
    run.advance(1000)
    assert run.v_mV == pytest.approx(-80.0, abs=1e-9)
    ledger = run.ledger()
    assert ledger is not None
    for store in ledger.stores:
        assert store.now_mM == pytest.approx(store.start_mM, rel=tolerances.LIVING_REST_RELATIVE)
    assert ledger.moved_fmol("na", "nak_kager").min() > 0


def test_its_axolemma_is_the_published_one_until_ions_have_moved() -> None:
    """Leaks of the same conductance, and a rest that is 0.04 mV lower."""

    def velocity_m_per_s(*, ions_accumulate: bool) -> float:
        fibre = rv.fibers.mrg(ions_accumulate=ions_accumulate, nodes=15)
        result = rv.simulate(
            fibre,
            fibre.stimulus,
            t_stop_ms=2.0,
            detect=rv.SpikeDetector(at=["node[4]", "node[10]"]),
        )
        crossings = result.crossings[0]
        near, far = (crossings.t_ms[crossings.compartment == at][0] for at in (44, 110))
        return float(6 * 1.15 / (far - near))

    fixed = velocity_m_per_s(ions_accumulate=False)
    assert velocity_m_per_s(ions_accumulate=True) == pytest.approx(fixed, rel=3e-3)


def test_thresholds_are_half_a_percent_higher() -> None:
    """As the docstring says: the rest is lower."""
    published, moving = (
        rv.studies.find_threshold(fibre, fibre.stimulus, rtol=1e-4).amplitude
        for fibre in (rv.fibers.mrg(nodes=11, ions_accumulate=each) for each in (False, True))
    )
    assert moving / published == pytest.approx(1.005, abs=1.5e-3)


def test_spikes_gather_potassium_under_the_sheath_and_the_books_close() -> None:
    """Most where it is narrow and leaks much, and none at the nodes, which face a bath."""
    d = living(nodes=5)
    train = PulseTrain(onset_ms=0.5, duration_ms=0.1, frequency_Hz=200.0, count=6)
    run = rv.Simulation(
        d,
        method=rv.Method(dt_ms=0.01, ions_every=5),
        stimuli=[CurrentClamp(waveform=train, at=[0], amplitude_nA=3.0)],
        v_init_mV=-80.0,
    )
    run.advance_to(30.0)
    ledger = run.ledger()
    assert ledger is not None
    outside = ledger.store("k", "outside")
    gained_mM = outside.now_mM - outside.start_mM
    node, mysa, flut, stin = (gained_mM[22 + k] for k in (0, 1, 2, 4))
    assert node == 0.0
    assert flut > mysa > 0.0
    assert flut > 3.0 * stin > 0.0
    assert flut > 0.05
    for ion in ("na", "k"):
        assert ledger.drift(ion) < tolerances.ION_AMOUNT_RELATIVE
    sodium = ledger.store("na", "inside")
    assert np.argmax((sodium.now_mM - sodium.start_mM)[20:25]) == 2
