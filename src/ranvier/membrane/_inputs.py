"""What every function of the package asks of its numbers, in one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
#: What the functions return: a float where every argument was one number, else an array.
Real = float | FloatArray

ZERO_CELSIUS_K = 273.15

Thing = TypeVar("Thing")


def plain(value: FloatArray) -> Real:
    """A float instead of an array without dimensions."""
    array = np.asarray(value, dtype=np.float64)
    return float(array) if array.ndim == 0 else array


def refuse(subject: str, array: FloatArray, is_wrong: NDArray[np.bool_], expected: str) -> None:
    """Name the first wrong value, with its index where there are several, and its unit."""
    if not np.any(is_wrong):
        return
    index = tuple(int(i) for i in np.argwhere(is_wrong)[0])
    unit = _unit(subject)
    shown = f"{array[index]:g}{' ' + unit if unit else ''}"
    place = f" at index {index[0] if len(index) == 1 else index}" if index else ""
    raise ValueError(f"{subject} is {shown}{place}, expected {expected}")


#: Ends of names that are units, with what they read as.
_UNITS = {
    "kJ_mol": "kJ/mol",
    "mA_cm2": "mA/cm2",
    "S_cm2": "S/cm2",
    "uF_cm2": "uF/cm2",
    "degC": "degC",
    "mOsm": "mOsm",
    "cm_s": "cm/s",
    "um2": "um2",
    "mM": "mM",
    "mV": "mV",
    "ms": "ms",
}


def _unit(subject: str) -> str:
    name = subject.rstrip(":")
    return next((unit for end, unit in _UNITS.items() if name.endswith("_" + end)), "")


def real(subject: str, value: ArrayLike) -> FloatArray:
    """A copy of `value` as an array of doubles, which may hold NaN.

    `subject` is "name:", or "thing 'x': name" for a field of a thing.
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iuf":
            raise TypeError
        return array.astype(np.float64)
    except (TypeError, ValueError):
        # ValueError: nested sequences of unequal lengths.
        raise TypeError(f"{subject} is {value!r}, expected a real number or an array") from None


def finite(subject: str, value: ArrayLike) -> FloatArray:
    array = real(subject, value)
    refuse(subject, array, ~np.isfinite(array), "a finite number")
    return array


def positive(subject: str, value: ArrayLike) -> FloatArray:
    array = finite(subject, value)
    refuse(subject, array, array <= 0, "a finite number above 0")
    return array


def not_negative(subject: str, value: ArrayLike) -> FloatArray:
    array = finite(subject, value)
    refuse(subject, array, array < 0, "0 or a finite number above it")
    return array


def negative(subject: str, value: ArrayLike) -> FloatArray:
    array = finite(subject, value)
    refuse(subject, array, array >= 0, "a finite number below 0")
    return array


def charge_number(subject: str, value: ArrayLike) -> FloatArray:
    array = finite(subject, value)
    is_wrong = (array == 0) | (array != np.round(array))
    refuse(subject, array, is_wrong, "a whole number other than 0, such as 1, -1 or 2")
    return array


def temperature_K(temperature_degC: ArrayLike) -> FloatArray:
    array = finite("temperature_degC:", temperature_degC)
    is_wrong = array <= -ZERO_CELSIUS_K
    refuse("temperature_degC:", array, is_wrong, "a temperature above absolute zero, -273.15 degC")
    return np.asarray(array + ZERO_CELSIUS_K)


def same_shape(**arrays: FloatArray) -> None:
    """Refuse arrays that do not broadcast, naming those that have a shape."""
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shown = " and ".join(f"{name} {a.shape}" for name, a in arrays.items() if a.ndim)
        raise ValueError(
            f"shapes: are {shown}, expected shapes that broadcast against each other"
        ) from None


def things(subject: str, values: Sequence[Thing], of: type[Thing]) -> tuple[Thing, ...]:
    """One or more objects of one class, with names that differ."""
    if isinstance(values, of) or not isinstance(values, Sequence):
        raise TypeError(f"{subject}: is {values!r}, expected a sequence of {of.__name__}")
    if not values:
        raise ValueError(f"{subject}: is empty, expected one {of.__name__} or more")
    wrong = [value for value in values if not isinstance(value, of)]
    if wrong:
        raise TypeError(f"{subject}: holds {wrong[0]!r}, expected {of.__name__} objects alone")
    names = [str(getattr(value, "name", "")) for value in values]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(
            f"{subject}: hold two of the name {twice[0]!r}, expected names that differ"
        )
    return tuple(values)
