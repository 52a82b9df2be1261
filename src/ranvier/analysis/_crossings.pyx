# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""The loop behind analysis.crossings, which NumPy cannot say: whether a column is armed depends
on everything before.
"""

from libc.math cimport isfinite

import numpy as np


def find(const double[::1] t_ms, const double[:, ::1] values, double threshold, double rearm):
    """One pass in time order; within a row in column order, so not yet sorted by time.

    The caller has checked that t_ms and values have as many rows and that rearm <= threshold.
    """
    cdef Py_ssize_t rows = values.shape[0], columns = values.shape[1]
    cdef Py_ssize_t row, column, found = 0, room = 4 * columns + 16
    cdef double value, before
    cdef signed char[::1] armed = np.zeros(columns, dtype=np.int8)
    found_column = np.empty(room, dtype=np.int32)
    found_t_ms = np.empty(room)
    cdef int[::1] out_column = found_column
    cdef double[::1] out_t_ms = found_t_ms

    with nogil:
        # A trace that starts below the threshold may cross it, wherever rearm lies.
        if rows > 0:
            for column in range(columns):
                armed[column] = isfinite(values[0, column]) and values[0, column] < threshold
        for row in range(1, rows):
            # A row adds at most one crossing per column, so room is checked once per row.
            if found + columns > room:
                with gil:
                    room *= 2
                    found_column = np.concatenate([found_column, np.empty_like(found_column)])
                    found_t_ms = np.concatenate([found_t_ms, np.empty_like(found_t_ms)])
                    out_column = found_column
                    out_t_ms = found_t_ms
            for column in range(columns):
                value = values[row, column]
                if not isfinite(value):
                    # Nothing can be interpolated from or to it.
                    armed[column] = 0
                elif value < threshold:
                    armed[column] = armed[column] or value <= rearm
                elif armed[column]:
                    # An armed column was below the threshold one row ago, so this cannot be 0/0.
                    before = values[row - 1, column]
                    out_column[found] = <int>column
                    out_t_ms[found] = t_ms[row - 1] + (t_ms[row] - t_ms[row - 1]) * (
                        (threshold - before) / (value - before)
                    )
                    found += 1
                    armed[column] = 0
    return found_column[:found], found_t_ms[:found]
