"""Pages about mechanisms and fibres: that they hold what is known, the same each time."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import ranvier
from ranvier import fibers, mechanisms, pages
from ranvier.mechanisms import Mechanism
from ranvier.mechanisms.curves import gate_curves, written_as_equations
from ranvier.pages import _markdown as markdown
from unit.cli_run import Run

needs_matplotlib = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")

NAMES = mechanisms.names()
#: Compiled, with four gates, reading calcium, without gates.
FEW = ["na_mrg", "nav18_tigerholm", "bk_thio", "nak_schild"]


def without_links(page: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", page)


def rows_below(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, its own heading left out."""
    lines = page.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def scheme() -> Mechanism:
    return Mechanism(
        "own",
        summary="a scheme and a state",
        citation="somebody 2026, doi:10.1/x",
        notes="Falls with 2*g*h.\n\nNot `2*g*h`.",
        reference_temperature_degC=20.0,
        parameters={"g_bar_S_cm2": 1e-3},
        functions={"rise(x_mV)": "exp(x_mV / 10)"},
        schemes={
            "s": {
                "reactions": [
                    {
                        "reaction": "c <-> o",
                        "forward_per_ms": "rise(v_mV)",
                        "backward_per_ms": "1",
                    },
                ],
                "q10": 3.0,
            },
            "t": {
                "reactions": [{"reaction": "x -> y", "forward_per_ms": "0.5"}],
                "initial": {"x": "0.25", "y": "0"},
            },
        },
        states={
            "z": {"rate_per_ms": "-0.1 * z", "initial": "0.5", "lowest": 0.0, "highest": 1.0},
        },
        currents_mA_cm2={"na": "g_bar_S_cm2 * o * (v_mV - nernst_mV(1, na_in_mM, na_out_mM))"},
    )


# One page


@pytest.mark.parametrize("name", NAMES)
def test_page_names_all_that_is_known(name: str) -> None:
    page = pages.mechanism_page(name)
    info = mechanisms.describe(name)
    assert page.startswith(f"# {name}\n")
    assert page.endswith("\n")
    assert info["citation"] in without_links(page)
    assert info["summary"][1:] in page
    for state in [gate["name"] for gate in info["gates"]] + info.get("states", []):
        assert f"`{state}`" in page
        assert f"d{state}/dt = " in page
    parameters = {cells[0].strip("`"): float(cells[1]) for cells in rows_below(page, "Parameters")}
    assert parameters == info["parameters"]
    assert "a plain number" not in page
    written = written_as_equations(name)
    if written is not None:
        formulas = [*written.form.currents.values(), *written.form.definitions.values()]
        formulas += [each for gate in written.form.gates for each in (gate.opening, gate.closing)]
        text = re.sub(r"\s+", " ", page)
        assert [each.text for each in formulas if each.text not in text] == []
    block = page.split("```")[1]
    assert max(map(len, block.splitlines())) <= markdown.LONGEST_LINE


@pytest.mark.parametrize("name", FEW[:3])
def test_values_are_those_of_the_mechanism(name: str) -> None:
    rows = rows_below(pages.mechanism_page(name), "Values")
    v_mV = np.array([float(row[0]) for row in rows])
    assert (v_mV[0], v_mV[-1]) == (-120, 60)
    curves = gate_curves(name, v_mV)
    for place, gate in enumerate(curves.steady_state):
        steady, tau_ms = (np.array([float(row[1 + 2 * place + n]) for row in rows]) for n in (0, 1))
        np.testing.assert_allclose(steady, curves.steady_state[gate], rtol=1e-3)
        np.testing.assert_allclose(tau_ms, curves.time_constant_ms[gate], rtol=1e-3)


def test_page_tells_the_concentrations_that_it_took() -> None:
    page = pages.mechanism_page("bk_thio", picture="bk_thio.svg")
    assert "](bk_thio.svg)\n\nDrawn with `ca_in_mM` 0.0001.\n" in page
    assert "At 22 degC, with `ca_in_mM` 0.0001:" in page


def test_pump_has_a_table_of_currents_and_no_picture() -> None:
    page = pages.mechanism_page("nak_schild", picture="nak_schild.svg")
    assert ".svg" not in page
    assert "## Temperature" not in page
    assert "| kind | pump |" in page
    assert "| one ATP moves outward | 3 `na`, -2 `k` |" in page
    ratios = [float(na) / float(k) for _, na, k in rows_below(page, "Values")]
    np.testing.assert_allclose(ratios, -1.5, rtol=1e-3)


def test_own_mechanism_is_told_with_schemes_states_and_functions() -> None:
    page = pages.mechanism_page(scheme(), used_by=["mine"])
    assert "| other states | `z`, `c`, `o`, `x`, `y` |" in page
    assert "| used by | `mine` |" in page
    assert "\n\nFalls with 2\\*g\\*h.\n\nNot `2*g*h`.\n\n" in page
    block = page.split("```")[1]
    for line in (
        "rise(x_mV) = exp(x_mV / 10)",
        "dz/dt = rate_per_ms",
        "  rate_per_ms = -0.1 * z",
        "  initial = 0.5",
        "  lowest = 0",
        "  highest = 1",
        "  c <-> o",
        "    forward_per_ms = rise(v_mV)",
        "    backward_per_ms = 1",
        "  all rates = 3**((temperature_degC - 20)/10) * what is given",
        "  c + o = 1",
        "  x -> y",
        "  initial x = 0.25",
        "nernst_mV(z, inside, outside) = R * T / (z * F) * log(outside / inside)",
    ):
        assert f"\n{line}\n" in block


def test_names_whose_units_are_not_known_are_told_without() -> None:
    free = Mechanism(
        "free",
        units="free",
        parameters={"gbar": 1e-3},
        currents_mA_cm2={"na": "gbar * (v_mV - e_na_mV)"},
    )
    page = pages.mechanism_page(free)
    assert page.startswith("# free\n\n|")  # nor has it a summary
    assert rows_below(page, "Parameters") == [["`gbar`", "0.001", ""]]


def test_long_formulas_are_broken_before_operators_and_outside_of_brackets() -> None:
    right = f"({' + '.join(['a' * 15] * 3)}) + ({' * '.join(['b' * 15] * 3)})"
    first, second = markdown.equation("x", right)
    assert first == f"x = ({' + '.join(['a' * 15] * 3)})"
    assert second.lstrip() == f"+ ({' * '.join(['b' * 15] * 3)})"
    assert markdown.equation("x", "y" * 200) == ["x = " + "y" * 200]


def test_doi_is_a_link_without_what_stands_around_it() -> None:
    found = markdown.cited("A 1961 (doi:10.1/S0(61)2-X), B, doi:10.2/b; see doi:10.3/c.d.")
    for doi in ("10.1/S0(61)2-X", "10.2/b", "10.3/c.d"):
        assert f"[doi:{doi}](https://doi.org/{doi})" in found


def test_page_of_a_synapse_says_what_events_do() -> None:
    page = pages.mechanism_page("exp_syn")
    assert "i_mixed_nA = g_uS * (v_mV - e_reversal_mV)" in page
    assert "event(weight_uS = 0.001):\n    g_uS = g_uS + weight_uS" in page
    assert "## Values" not in page


# Folders


def test_folder_has_a_page_for_each_and_an_index(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pages"
    paths = pages.write_mechanisms(folder, pictures=False)
    assert paths[0] == folder / "index.md"
    assert {path.stem for path in paths[1:]} == set(NAMES)
    assert sorted(folder.iterdir()) == sorted(paths)
    index = paths[0].read_text()
    linked = re.findall(r"^\| \[\w+\]\((\w+)\.md\)", index, re.MULTILINE)
    assert sorted(linked) == sorted(NAMES)
    heads = re.findall(r"^## (.*)$", index, re.MULTILINE)
    others = ["Other channels", "Pumps", "Synapses", "Electrodes"]
    carried = ("Sodium", "Potassium", "Calcium", "Chloride")
    assert heads == [f"{ion} channels" for ion in carried] + others
    assert "| used by | `mrg` |" in (folder / "na_mrg.md").read_text()


@needs_matplotlib
def test_pictures_stand_beside_their_pages_and_are_the_same_each_time(tmp_path: Path) -> None:
    first = pages.write_mechanisms(tmp_path / "a", FEW)
    again = pages.write_mechanisms(tmp_path / "b", FEW)
    pictures = [path for path in first if path.suffix == ".svg"]
    assert [path.stem for path in pictures] == FEW[:3]
    for path, other in zip(first, again, strict=True):
        assert path.read_bytes() == other.read_bytes()
    for path in pictures:
        assert f"]({path.name})" in path.with_suffix(".md").read_text()
        text = path.read_text()
        assert ">Steady state<" in text
        assert ">Time constant (ms)<" in text
        assert "<dc:date>" not in text
        assert len(text) < 60_000


def test_fibres_are_told_with_papers_channels_and_notes(tmp_path: Path) -> None:
    path = pages.write_fibers(tmp_path / "new")
    page = path.read_text()
    assert path == tmp_path / "new" / "fibers.md"
    for name in fibers.names():
        info = fibers.describe(name)
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert info.citation in without_links(section)
        assert f"| rest | {info.v_rest_mV:.2f} mV |" in section
        assert f"m/s at {info.reference.diameter_um:.3g} um" in section
        for placement in info.make().model.placements:
            assert f"`{placement.mechanism}`" in section
        assert "Raises" not in section
    assert "The correction took inner potassium from 144.9 to 121.7 mM" in page


# Command line


def test_command_writes_pages_and_says_where(run: Run, tmp_path: Path) -> None:
    code, out, err = run("channels", "--pages", "pages", "--no-pictures")
    assert (code, err) == (0, "")
    assert out == f"pages/index.md: written, {len(NAMES) + 1} pages\n"
    code, out, _ = run("fibers", "--pages", "pages")
    assert (code, out) == (0, "pages/fibers.md: written, 1 page\n")
    _, out, _ = run("fibers", "--pages", "pages", "--json")
    assert json.loads(out) == {"first": "pages/fibers.md", "pages": 1, "pictures": 0}
    assert not list(tmp_path.rglob("*.svg"))


def test_pages_without_matplotlib_say_how_to_get_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ranvier.cli.lists.has_matplotlib", lambda: False)
    code, out, err = run("channels", "--pages", "pages")
    assert (code, out) == (2, "")
    assert (
        "--pages with pictures needs matplotlib: pip install 'ranvier[plot]', or give --no-pictures"
        in err
    )
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_a_file_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("")
    code, _, err = run("fibers", "--pages", "pages")
    assert code == 2
    assert err == "ranvier: error: pages: File exists\n"


def test_unknown_mechanism_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ranvier.ModelError, match="'na_mgr': is unknown, expected 'na_mrg'"):
        pages.write_mechanisms(tmp_path / "new", ["na_mgr"])
    assert not (tmp_path / "new").exists()
