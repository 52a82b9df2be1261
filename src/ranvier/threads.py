"""How many threads a run may use."""

from __future__ import annotations

import os

from ranvier.errors import ModelError


def thread_count(threads: int | None = None) -> int:
    """`threads` where given, else RANVIER_NUM_THREADS, else OMP_NUM_THREADS, else 1.

    0 stands for every processor that this process may run on (its affinity mask). Raises ModelError
    for anything that is not a whole number of 0 or more.
    """
    asked: object = threads
    subject = "threads"
    if threads is None:
        for name in ("RANVIER_NUM_THREADS", "OMP_NUM_THREADS"):
            if asked := os.environ.get(name):
                # A list is for nested levels of OpenMP, of which the first is the outer one.
                asked = str(asked).split(",")[0].strip()
                subject = name
                break
        else:
            return 1
    try:
        count = int(str(asked))
    except ValueError:
        count = -1
    if count < 0:
        raise ModelError(f"{subject}: is {asked}, expected a whole number of 0 or more")
    return count or available_processors()


def available_processors() -> int:
    """Processors in the affinity mask of this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
