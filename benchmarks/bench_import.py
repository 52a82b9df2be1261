"""What `import ranvier` costs beyond `import numpy`. Run it as a program: it prints the answer.

Not a test, because it would fail on a busy machine; what makes an import slow, a heavy package that
comes along, is tested in tests/test_architecture.py.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

RUNS = 15
PROGRAM = """
import time
import numpy
start = time.perf_counter()
import ranvier
print(1e3 * (time.perf_counter() - start))
"""


def import_ms() -> float:
    """One import in a fresh process, after NumPy's."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def main() -> None:
    import_ms()  # the first reads the files from disk
    times_ms = sorted(import_ms() for _ in range(RUNS))
    print(
        f"import ranvier after numpy: median {median(times_ms):.1f} ms, "
        f"fastest {times_ms[0]:.1f} ms, slowest {times_ms[-1]:.1f} ms of {RUNS}; promised: 30 ms"
    )


if __name__ == "__main__":
    main()
