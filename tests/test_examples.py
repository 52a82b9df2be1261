"""Every Python example runs, and the README shows the one it claims to show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()
    assert list(tmp_path.glob("*.png")), "an example leaves a picture"


def test_readme_shows_the_first_example() -> None:
    example = (ROOT / "examples" / "spike_along_a_fibre.py").read_text()
    code = example.split('"""', 2)[2].strip()
    assert code in (ROOT / "README.md").read_text()
