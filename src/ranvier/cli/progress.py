"""A progress bar on standard error, for people who wait."""

from __future__ import annotations

import sys
import time

PATIENCE_s = 1.0
REDRAW_s = 0.1
WIDTH = 30


class ProgressBar:
    """Call it with the fraction done. Silent for the first second, and always off a terminal."""

    def __init__(self) -> None:
        self._started_s = self._drawn_s = time.monotonic()
        self._is_on = sys.stderr.isatty()
        self._was_drawn = False

    def __call__(self, fraction: float) -> None:
        now_s = time.monotonic()
        if not self._is_on or now_s - self._started_s < PATIENCE_s:
            return
        if now_s - self._drawn_s < REDRAW_s:
            return
        bar = "#" * round(WIDTH * fraction)
        left_s = (now_s - self._started_s) * (1 - fraction) / max(fraction, 1e-9)
        sys.stderr.write(f"\r[{bar:.<{WIDTH}}] {fraction:4.0%}, {left_s:.0f} s left  ")
        sys.stderr.flush()
        self._drawn_s = now_s
        self._was_drawn = True

    def clear(self) -> None:
        """Wipe the line, so that what is printed next starts clean."""
        if self._was_drawn:
            sys.stderr.write("\r" + " " * (WIDTH + 30) + "\r")
            sys.stderr.flush()
            self._was_drawn = False
