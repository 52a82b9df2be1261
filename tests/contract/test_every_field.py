"""What holds for every field: a potential without sources outside the metal, and one sentence where
it cannot be told."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import tolerances
from ranvier.fields import (
    DiscElectrode,
    ElectrodeSet,
    Field,
    LineElectrode,
    PointSource,
    SampledField,
    UniformField,
    fields,
)

AXIS_um = np.linspace(-4000.0, 4000.0, 3)
CORNERS_um = np.stack(np.meshgrid(AXIS_um, AXIS_um, AXIS_um), axis=-1).reshape(-1, 3)

#: One of each, with its metal around the origin. A field without an example fails here.
EXAMPLES: dict[str, Field] = {
    "disc_electrode": DiscElectrode(
        centre_um=(0, 0, 0), normal=(0, 1, 2), radius_um=200.0, is_backed=False
    ),
    "electrode_set": ElectrodeSet(
        fields=(PointSource(position_um=(-50, 0, 0)), PointSource(position_um=(50, 0, 0))),
        weights=(1.0, -1.0),
    ),
    "line_electrode": LineElectrode(start_um=(-200, 0, 0), end_um=(100, 0, 50)),
    "point_source": PointSource(position_um=(10, 0, 0)),
    "sampled_field": SampledField(
        positions_um=CORNERS_um, samples_mV_per_mA=CORNERS_um @ (0.1, 0.2, -0.3)
    ),
    "uniform_field": UniformField(direction=(1, 1, 0)),
}
POINTS_um = np.random.default_rng(0).uniform(500.0, 1500.0, (20, 3))


@pytest.fixture(params=fields().items(), ids=lambda item: item[0])
def field(request: pytest.FixtureRequest) -> Field:
    name, cls = request.param
    example = EXAMPLES[name]
    assert type(example) is cls
    return example


def test_is_one_finite_number_per_point(field: Field) -> None:
    potential = field.potential_mV_per_mA(POINTS_um)
    assert potential.shape == (20,)
    assert np.isfinite(potential).all()
    assert potential.any()


def test_has_no_sources_between_the_electrodes(field: Field) -> None:
    """The mean over the faces of a small cube is the value in its middle, to fourth order."""
    step_um = 5.0
    faces = [
        field.potential_mV_per_mA(POINTS_um + sign * step_um * axis)
        for axis in np.eye(3)
        for sign in (1, -1)
    ]
    middle = field.potential_mV_per_mA(POINTS_um)
    slope = np.abs(np.array(faces) - middle).max(axis=0)
    assert (np.abs(np.mean(faces, axis=0) - middle) <= tolerances.LAPLACE_RELATIVE * slope).all()


def test_survives_pickling(field: Field) -> None:
    again = pickle.loads(pickle.dumps(field))
    np.testing.assert_array_equal(
        again.potential_mV_per_mA(POINTS_um), field.potential_mV_per_mA(POINTS_um)
    )


def test_refuses_what_is_no_list_of_points(field: Field) -> None:
    with pytest.raises(ValueError, match=r"xyz_um: has shape \(3,\), expected \(n, 3\)"):
        field.potential_mV_per_mA(np.zeros(3))
