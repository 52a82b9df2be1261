"""Figures: that they hold the numbers they claim to show. How they look, people must judge."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import ranvier as rv
from ranvier import plot
from ranvier.analysis import conduction_velocity, upward_crossings
from ranvier.plot import _layout
from ranvier.results import Crossings, Geometry, Result, Trace

mpl = pytest.importorskip("matplotlib")

FloatArray = NDArray[np.float64]
NODES = 9
PERIOD = (("node", 1.0), ("mysa", 3.0), ("stin", 1143.0), ("mysa", 3.0))


def make_result(**changes: Any) -> Result:
    """A wave at 50 m/s over nodes and internodes, recorded everywhere."""
    layout = (PERIOD * NODES)[: -len(PERIOD) + 1]
    length_um = np.array([each[1] for each in layout])
    distance_um = np.cumsum(length_um) - 0.5 * length_um
    n = len(layout)
    t_ms = np.arange(0.0, 2.0, 0.01)
    arrival_ms = 0.4 + distance_um / 50e3
    v_mV = -80 + 110 * np.exp(-(((t_ms[:, np.newaxis] - arrival_ms) / 0.1) ** 2))
    column, crossing_ms = upward_crossings(t_ms, v_mV)
    result = Result(
        traces=(Trace("v_mV", "mV", None, t_ms, v_mV, np.arange(n)),),
        crossings=(Crossings(-20.0, column, crossing_ms, np.arange(n)),),
        status="completed",  # type: ignore[arg-type]
        t_stop_ms=2.0,
        geometry=Geometry(
            distance_um=distance_um,
            xyz_um=np.zeros((n, 3)),
            length_um=length_um,
            diameter_um=np.ones(n),
            section=np.arange(n),
            is_junction=np.zeros(n, dtype=bool),
            parent=np.arange(n) - 1,
            section_names=tuple(f"{layout[k][0]}[{k // len(PERIOD)}]" for k in range(n)),
            section_regions=tuple(each[0] for each in layout),
            fibre="mrg 10 um",
        ),
        velocity_sites=np.arange(0, n, len(PERIOD)),
    )
    return replace(result, **changes)


def only(result: Result, compartments: list[int]) -> Result:
    """As if a probe had recorded only there."""
    trace = result["v_mV"]
    fewer = Trace("v_mV", "mV", None, trace.t_ms, trace.values[:, compartments], compartments)
    return replace(result, traces=(fewer,))


def draw(figure: Any) -> bytes:
    """Many mistakes appear only when a figure is drawn."""
    with io.BytesIO() as file:
        figure.savefig(file, format="png", dpi=40)
        return file.getvalue()


def mesh_of(figure: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Edges in time, edges in distance and values (rows are places)."""
    (mesh,) = (
        each
        for axes in figure.axes
        for each in axes.collections
        if hasattr(each, "get_coordinates") and axes.get_ylabel().startswith("Distance")
    )
    corners = mesh.get_coordinates()
    return corners[0, :, 0], corners[:, 0, 1], np.asarray(mesh.get_array())


def test_traces_are_those_of_evenly_spread_nodes() -> None:
    result = make_result()
    figure = plot.traces(result, most=3)
    (axes,) = figure.axes
    assert axes.get_ylabel() == "Membrane potential (mV)"
    assert axes.get_xlabel() == "Time (ms)"
    assert axes.get_title(loc="left") == "mrg 10 µm"
    for line, compartment in zip(axes.lines, (0, 16, 32), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), result["v_mV"].values[:, compartment])
    assert [each.get_text() for each in axes.get_legend().get_texts()] == ["0.00", "4.60", "9.20"]
    assert axes.get_legend().get_title().get_text() == "Distance\n(mm)"
    assert draw(figure).startswith(b"\x89PNG")


def test_traces_at_chosen_places_of_a_gate() -> None:
    result = make_result(
        traces=(Trace("m", "", "na_hh", [0, 1], [[0.1, 0.2], [0.3, 0.4]], [4, 8]),)
    )
    (axes,) = plot.traces(result, "m", mechanism="na_hh", compartments=[8]).axes
    assert axes.get_ylabel() == "m, na_hh"
    assert axes.lines[0].get_ydata().tolist() == [0.2, 0.4]


def test_traces_that_were_not_recorded_say_so() -> None:
    with pytest.raises(KeyError, match="trace 'h of na_hh': was not recorded"):
        plot.traces(make_result(), "h", mechanism="na_hh")
    with pytest.raises(KeyError, match="compartment 7: was not recorded"):
        plot.traces(only(make_result(), [0, 4]), compartments=[7])


def test_map_has_the_true_edges_of_every_compartment() -> None:
    result = make_result()
    figure = plot.space_time(result, everywhere=True)
    times, edges_mm, values = mesh_of(figure)
    lengths_um = result.geometry.length_um
    np.testing.assert_allclose(np.diff(edges_mm), lengths_um * 1e-3, atol=1e-12)
    np.testing.assert_array_equal(values, result["v_mV"].values.T)
    assert (times[0], times[-1]) == (0.0, pytest.approx(1.99))
    draw(figure)


def test_map_of_nodes_alone_has_no_holes() -> None:
    result = make_result()
    nodes = result.velocity_sites.tolist()
    for recorded in (only(result, nodes), result):
        _, edges_mm, values = mesh_of(plot.space_time(recorded))
        np.testing.assert_array_equal(values, result["v_mV"].values[:, nodes].T)
        np.testing.assert_allclose(np.diff(edges_mm)[1:-1], 1.150)


def test_map_without_nodes_is_of_everywhere() -> None:
    result = make_result(velocity_sites=[2, 6, 10])
    assert mesh_of(plot.space_time(result))[2].shape[0] == len(result.geometry)
    assert mesh_of(plot.space_time(result, everywhere=False))[2].shape[0] == 3


def test_map_of_the_axoplasm_is_of_everywhere() -> None:
    result = make_result()
    axoplasm = replace(result["v_mV"], name="v_axoplasm_mV")
    values = mesh_of(plot.space_time(replace(result, traces=(axoplasm,)), "v_axoplasm_mV"))[2]
    assert values.shape[0] == len(result.geometry)


def test_map_of_one_place_or_one_moment_is_still_a_map() -> None:
    _, edges_mm, _ = mesh_of(plot.space_time(only(make_result(), [2])))
    np.testing.assert_allclose(edges_mm, [0.004, 1.147])
    trace = make_result()["v_mV"]
    moment = replace(trace, t_ms=trace.t_ms[:1], values=trace.values[:1])
    assert mesh_of(plot.space_time(make_result(traces=(moment,))))[2].shape[1] == 1


def test_map_marks_crossings_at_nodes() -> None:
    result = make_result()
    (marks,) = plot.space_time(result).axes[0].lines
    np.testing.assert_allclose(marks.get_ydata(), 1.150 * np.arange(NODES) + 0.0005)
    is_node = np.isin(result.crossings[0].compartment, result.velocity_sites)
    np.testing.assert_array_equal(marks.get_xdata(), result.crossings[0].t_ms[is_node])
    assert marks.get_label() == "crosses \N{MINUS SIGN}20 mV"
    assert not plot.space_time(result, crossings=False).axes[0].lines
    assert not plot.space_time(make_result(crossings=())).axes[0].lines


def test_long_records_are_thinned_for_the_map() -> None:
    t_ms = np.arange(4000) * 0.005
    trace = Trace("v_mV", "mV", None, t_ms, np.arange(8000.0).reshape(4000, 2), [0, 1])
    values = mesh_of(plot.space_time(make_result(traces=(trace,))))[2]
    np.testing.assert_array_equal(values, trace.values[::3].T)


def test_map_of_a_tree_follows_one_path() -> None:
    result = make_result()
    rows = {name: getattr(result.geometry, name) for name in Geometry.__dataclass_fields__}
    parent = result.geometry.parent.copy()
    parent[20] = 5  # from here on a second branch
    is_junction = result.geometry.is_junction.copy()
    is_junction[3] = True
    tree = replace(
        result, geometry=Geometry(**rows | {"parent": parent, "is_junction": is_junction})
    )
    recorded = result["v_mV"].values
    places = [0, 1, 2, 4, 5]
    farthest = mesh_of(plot.space_time(tree, everywhere=True))[2]
    np.testing.assert_array_equal(farthest, recorded[:, [*places, *range(20, 33)]].T)
    other = mesh_of(plot.space_time(tree, tip=9, everywhere=True))[2]
    np.testing.assert_array_equal(other, recorded[:, [*places, 6, 7, 8, 9]].T)


def test_map_of_nothing_says_so() -> None:
    nothing = Trace("v_mV", "mV", None, [], np.empty((0, 2)), [0, 1])
    with pytest.raises(ValueError, match="trace 'v_mV': holds nothing on the path, expected at"):
        plot.space_time(make_result(traces=(nothing,)))


def test_overview_shows_the_velocity_and_its_points() -> None:
    result = make_result()
    velocity = conduction_velocity(result)
    figure = plot.overview(result, velocity)
    times, deviations = figure.axes[1], figure.axes[3]
    assert times.get_title(loc="left") == str(velocity).split(" (")[0].replace("+-", "±")
    assert times.get_title(loc="left").startswith("49.99 ")
    everything, used, line = times.lines
    assert everything.get_xdata().size == NODES
    np.testing.assert_allclose(used.get_xdata(), velocity.distance_um * 1e-3)
    slope_ms_per_mm = np.diff(line.get_ydata()) / np.diff(line.get_xdata())
    assert 1 / slope_ms_per_mm == pytest.approx(velocity.velocity_m_per_s)
    residual_us = deviations.lines[1].get_ydata()
    assert np.abs(residual_us).max() == pytest.approx(velocity.max_deviation_us)
    assert deviations.get_title(loc="left") == "nodes 2 to 6, 5 sites"
    assert draw(figure) == draw(plot.overview(result))


def test_overview_of_a_failure_says_what_failed() -> None:
    result = make_result()
    crossed = result.crossings[0]
    early = crossed.compartment < 10
    blocked = replace(crossed, compartment=crossed.compartment[early], t_ms=crossed.t_ms[early])
    figure = plot.overview(
        replace(result, crossings=(blocked,), status="diverged", t_stop_ms=1.2345)
    )
    assert figure.get_suptitle() == "mrg 10 µm (diverged at 1.234 ms)"
    assert figure.axes[1].get_title(loc="left") == "No velocity: did not propagate"
    assert figure.axes[1].get_xlim()[1] > 9.0  # the whole fibre, not only what was reached
    assert "3 of 9 sites" in figure.axes[3].texts[0].get_text()
    draw(figure)


def test_overview_without_records_still_is_a_page() -> None:
    figure = plot.overview(make_result(traces=(), crossings=()))
    words = [each.get_text() for axes in figure.axes for each in axes.texts]
    assert words.count("v_mV was not recorded") == 2
    assert "crossings were not recorded" in words
    draw(figure)


@dataclass
class Sheath:
    lamellae: int = 80
    is_open: bool = False
    myelin_diameter_um: float | None = None
    lamella_period_um: float | None = None
    periaxonal_width_um: float | None = None


@dataclass
class Section:
    name: str
    points_um: FloatArray
    region: str = ""
    parent: str | None = None
    parent_position: float = 1.0
    sheath: Sheath | None = None
    has_coordinates: bool = True


@dataclass
class Model:
    sections: list[Section]


@dataclass
class Fiber:
    model: Model
    name: str
    diameter_um: float


def straight(name: str, length_um: float, diameter_um: float, **other: Any) -> Section:
    points = np.array([[0, 0, 0, diameter_um], [length_um, 0, 0, diameter_um]], dtype=float)
    return Section(name, points, has_coordinates=False, **other)


def make_fiber() -> Fiber:
    sections: list[Section] = []
    for k, (region, length_um) in enumerate((PERIOD * 3)[:-3]):
        sections.append(
            straight(
                f"{region}[{k}]",
                length_um,
                2.0 if region == "node" else 6.0,
                region=region,
                parent=sections[-1].name if sections else None,
                sheath=Sheath(is_open=region == "node"),
            )
        )
    return Fiber(Model(sections[::-1]), "mrg 10 um", 10.0)  # any order of sections is one fibre


def extents(axes: Any) -> dict[tuple[float, ...], list[float]]:
    """Colour to [left, right, bottom, top] of everything drawn in it."""
    found = {}
    for collection in axes.collections:
        corners = [path.vertices for path in collection.get_paths()]
        if corners:
            points = np.concatenate(corners)
            low, high = points.min(axis=0), points.max(axis=0)
            colour = tuple(collection.get_facecolor()[0])
            found[colour] = [low[0], high[0], low[1], high[1]]
    return found


def test_myelinated_fibre_is_drawn_to_scale() -> None:
    figure = plot.fiber(make_fiber())
    whole, close = figure.axes
    colours = {
        each.get_text(): tuple(patch.get_facecolor())
        for each, patch in zip(
            whole.get_legend().get_texts(), whole.get_legend().get_patches(), strict=True
        )
    }
    assert list(colours) == ["node", "MYSA", "STIN", "myelin"]
    drawn = extents(whole)
    total_mm = 2 * 1.150 + 0.001
    assert drawn[colours["node"]] == pytest.approx([0.0, total_mm, -1.0, 1.0])
    assert drawn[colours["STIN"]] == pytest.approx([0.004, total_mm - 0.004, -3.0, 3.0])
    assert drawn[colours["myelin"]] == pytest.approx([0.001, total_mm - 0.001, -5.0, 5.0])
    assert close.get_title() == "node 1"
    low, high = close.get_xlim()
    assert low == pytest.approx(-high)
    assert high == pytest.approx(10.5)  # the next pieces are long; so ten nodes to either side
    draw(figure)


def test_plain_cable_needs_no_second_panel() -> None:
    figure = plot.fiber(Model([straight("axon", 20000.0, 476.0)]))
    (axes,) = figure.axes
    (extent,) = (each for each in extents(axes).values())
    assert extent == pytest.approx([0.0, 20.0, -238.0, 238.0])
    assert axes.get_xlabel() == "Distance (mm)"
    assert [each.get_text() for each in axes.get_legend().get_texts()] == ["axon"]
    draw(figure)


def test_close_view_shows_short_neighbours_whole() -> None:
    """The MRG fibre of 10 um: MYSA 3 um and FLUT 46 um to either side of a node of 1 um."""
    lengths_um = [175.0, 46.0, 3.0, 1.0, 3.0, 46.0, 175.0]
    ends_um = np.concatenate([[0.0], np.cumsum(lengths_um)])
    pieces = [
        _layout.Piece("", ends_um[k : k + 2], np.ones(2), None) for k in range(len(lengths_um))
    ]
    assert _layout.close_window_um(pieces, 3) == pytest.approx(
        (224.0 - 1.3 * 49.0, 225.0 + 1.3 * 49.0)
    )


@pytest.mark.parametrize(
    ("sheath", "radius_um"),
    [
        (Sheath(myelin_diameter_um=9.0, lamella_period_um=0.01), 4.5),
        (Sheath(lamella_period_um=0.01, periaxonal_width_um=0.004), 3.0 + 0.004 + 0.8),
        (Sheath(lamella_period_um=0.01), 3.0 + 0.8),
        (Sheath(), 5.0),
        (Sheath(is_open=True), None),
        (Sheath(lamellae=0), None),
        (None, None),
    ],
)
def test_thickness_of_myelin_is_from_the_most_direct_source(
    sheath: Sheath | None, radius_um: float | None
) -> None:
    (piece,) = _layout.lay_out([straight("a", 10.0, 6.0, sheath=sheath)], 10.0)
    assert piece.myelin_radius_um == pytest.approx(radius_um)


def test_tree_is_projected_with_its_widths() -> None:
    """A stem along x, a child of known place, and one given by its length at the stem's middle."""
    stem = Section("stem", np.array([[10, 0, 5, 4.0], [30, 0, 5, 4.0]]), region="axon")
    up = Section("up", np.array([[30, 1, 5, 2.0], [30, 41, 5, 2.0]]), parent="stem", region="twig")
    local = straight("local", 50.0, 2.0, parent="stem", parent_position=0.5, region="twig")
    figure = plot.fiber(Model([local, up, stem]))
    (axes,) = figure.axes
    drawn = sorted(extents(axes).values())
    assert drawn == [
        pytest.approx([10.0, 30.0, -2.0, 2.0]),
        pytest.approx([20.0, 70.0, -1.0, 41.0]),
    ]
    assert axes.get_aspect() == 1.0
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x (µm)", "y (µm)")
    draw(figure)
    side = plot.fiber(Model([local, up, stem]), plane="xz").axes[0]
    assert side.get_ylabel() == "z (µm)"
    # Seen from there, `up` comes straight at the eye and has no length.
    assert max(extents(side).values()) == pytest.approx([20.0, 70.0, 4.0, 6.0])


def test_sections_without_coordinates_follow_one_another_in_any_order() -> None:
    stem = straight("stem", 10.0, 1.0)
    child = straight("child", 20.0, 1.0, parent="stem")
    grandchild = straight("grandchild", 30.0, 1.0, parent="child")
    starts = [each[0, 0] for each in _layout.placed([grandchild, child, stem])]
    assert starts == [30.0, 10.0, 0.0]


def test_model_without_sections_says_so() -> None:
    with pytest.raises(ValueError, match="model: has no sections, expected at least one to draw"):
        plot.fiber(Model([]))


def test_figures_leave_no_global_state() -> None:
    code = (
        "import sys; from ranvier import plot; assert 'matplotlib' not in sys.modules;"
        "from types import SimpleNamespace as N; import numpy as np;"
        "s = N(name='a', region='', parent=None, parent_position=1.0, sheath=None,"
        " points_um=np.array([[0., 0, 0, 1], [9, 0, 0, 1]]));"
        "plot.fiber(N(sections=[s])); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_matplotlib_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"needs matplotlib, expected .* 'ranvier\[plot\]'"):
        plot.traces(make_result())


def test_ledger_of_a_run_whose_ions_stay_is_none() -> None:
    with pytest.raises(
        ValueError, match=r"^ledger: is None, expected that of a run whose ions acc"
    ):
        plot.ledger(None)


def test_ledger_shows_what_moved_and_where_it_is() -> None:
    fibre = rv.fibers.mrg(nodes=3, ions_accumulate=True)
    run = rv.Simulation(
        rv.discretise(fibre.model, fibre.mesh),
        method=rv.Method(dt_ms=0.01),
        stimuli=[fibre.stimulus],
        v_init_mV=-80.0,
    )
    run.advance_to(2.0)
    books = run.ledger()
    assert books is not None
    figure = plot.ledger(books)
    moved, *stores = figure.axes
    assert [label.get_text() for label in moved.get_yticklabels()] == [
        "na_mrg, Na",
        "nap_mrg, Na",
        "ks_mrg, K",
        "na_leak, Na",
        "k_leak, K",
        "nak_kager, Na",
        "nak_kager, K",
    ]
    widths = [bar.get_width() for bar in moved.patches]
    assert widths[0] == pytest.approx(books.moved_fmol("na", "na_mrg").sum())
    assert [axes.get_title(loc="left") for axes in stores] == ["Na inside", "K inside", "K outside"]
    before, now = (line.get_ydata() for line in stores[-1].lines)
    outside = books.store("k", "outside")
    assert np.array_equal(np.isnan(now), outside.is_held)  # nodes face a bath
    assert np.nanmax(now) == outside.now_mM.max()
    assert np.nanmax(before) == 4.0
