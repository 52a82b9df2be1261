"""A progress bar on standard error, for people who wait, and what a long run will cost."""

from __future__ import annotations

import shutil
import sys
import time

from ranvier.costs import Progress, duration

PATIENCE_s = 1.0
REDRAW_s = 0.1
WIDTH = 30
#: What takes longer than this is announced.
LONG_s = 10.0


class ProgressBar:
    """Call it with the fraction done. Silent for the first second, and always off a terminal.

    Of a run it also shows the time that is simulated, how fast, and where the wave is. With
    `announces` it says once, on a terminal or not, what a long run will take.
    """

    def __init__(self, *, announces: bool = False) -> None:
        self._started_s = self._drawn_s = time.monotonic()
        self._is_on = sys.stderr.isatty()
        self._drawn = ""
        self._announces = announces

    def __call__(self, fraction: float) -> None:
        now_s = time.monotonic()
        if now_s - self._started_s < PATIENCE_s:
            return
        if self._announces and isinstance(fraction, Progress) and fraction.wall_s >= PATIENCE_s:
            self._announces = False  # from now on it would say the same
            if fraction.estimate.wall_s > LONG_s:
                self.clear()
                sys.stderr.write(f"this run: {fraction.estimate} (Ctrl-C stops it)\n")
                sys.stderr.flush()
        if not self._is_on or now_s - self._drawn_s < REDRAW_s:
            return
        bar = "#" * round(WIDTH * fraction)
        left_s = (now_s - self._started_s) * (1 - fraction) / max(fraction, 1e-9)
        where = _where(fraction) if isinstance(fraction, Progress) else ""
        text = f"[{bar:.<{WIDTH}}] {fraction:4.0%}, {where}{duration(left_s)} left"
        # A line that is broken in two cannot be drawn over.
        text = text[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write(f"\r{text:<{len(self._drawn)}}")
        sys.stderr.flush()
        self._drawn_s = now_s
        self._drawn = text

    def clear(self) -> None:
        """Wipe the line, so that what is printed next starts clean."""
        if self._drawn:
            sys.stderr.write("\r" + " " * len(self._drawn) + "\r")
            sys.stderr.flush()
            self._drawn = ""


def _where(run: Progress) -> str:
    parts = [f"{run.t_ms:.4g} of {run.t_stop_ms:.4g} ms"]
    if run.wall_s > 0:
        parts.append(f"{run.t_ms / run.wall_s:.3g} ms/s")
    if run.front_um is not None:
        parts.append(f"wave at {run.front_um * 1e-3:.4g} mm")
    return ", ".join(parts) + ", "
