"""What people pass to a compiled function, as arrays; and what was wrong with it.

Integers, lists, columns as 1-D arrays, numbers in many kinds are read; what is no array of real
numbers is refused by the argument's name. Where a program fails, ``explained`` says in the same
words which argument is why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from matcalc import shapes
from matcalc.codegen.plan import Argument
from matcalc.errors import DomainError, MatcalcError, ShapeError

DOUBLE = np.dtype(float)
NO_FACTORISATION = (
    "unsupported in linalg",
    "not implemented for",
    "Low precision",
    "Unsupported dtype",
)


def as_array(a: Argument, value: Any) -> Any:
    """What a user passes for an argument, as a 2-D float array or a float."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"the value of {a.name} is no rectangular array: {error}") from error
    except (RuntimeError, TypeError) as error:  # a tensor that PyTorch does not give away
        raise DomainError(f"the value of {a.name} is no array: {error}") from error
    if np.ma.is_masked(value):
        raise DomainError(f"the value of {a.name} has masked entries: fill them first")
    if array.dtype.kind == "O" and all(isinstance(x, (Real, Decimal)) for x in array.flat):
        try:
            array = array.astype(float)
        except OverflowError as error:
            raise DomainError(f"the value of {a.name} is too large for a float") from error
    if array.dtype.kind not in "fiub":
        kinds = {"c": "complex ones", "O": "objects", "U": "text", "S": "text"}
        kind = kinds.get(array.dtype.kind, str(array.dtype))
        raise DomainError(f"the value of {a.name} must be real numbers, not {kind}")
    if array.dtype.kind != "f":
        array = array.astype(float)
    if not a.shape:
        if array.size != 1:
            raise ShapeError(f"{a.name} is a scalar, but its value has shape {array.shape}")
        return array.reshape(())[()]
    if array.ndim == 1 and a.shape[1] == 1:
        return array.reshape(-1, 1)
    if array.ndim == 0 and a.shape == (1, 1):
        return array.reshape(1, 1)
    if array.ndim != 2:
        hint = f"; for a row pass shape (1, {array.size})" if a.shape[0] == 1 else ""
        raise ShapeError(
            f"{a.name} is {shapes.show(a.shape)}, but its value has shape {array.shape}{hint}"
        )
    return array


def as_foreign(a: Argument, value: Any, kind: str, as_double: Callable[[Any], Any]) -> Any:
    """The same for an array of a framework, which stays its own."""
    if "complex" in kind:
        raise DomainError(f"the value of {a.name} must be real numbers, not complex ones")
    if "float" not in kind:
        value = as_double(value)
    if value.ndim == 1 and a.shape and a.shape[1] == 1:
        return value.reshape(-1, 1)
    if not a.shape and math.prod(value.shape) == 1:
        return value.reshape(())
    if value.ndim != len(a.shape):
        raise ShapeError(
            f"{a.name} is {shapes.show(a.shape)}, but its value has shape {tuple(value.shape)}"
        )
    return value


def plain(v: Any) -> Any:
    """An array that a framework can share: writable, in native order, no negative strides."""
    if isinstance(v, np.longdouble):
        return float(v)
    if not isinstance(v, np.ndarray):
        return v
    kind = v.dtype.newbyteorder("=") if v.dtype.itemsize <= DOUBLE.itemsize else DOUBLE
    if kind != v.dtype or not v.flags.writeable or min(v.strides, default=0) < 0:
        return np.array(v, dtype=kind)
    return v


def explained(
    error: Exception, arguments: Sequence[Argument], given: Mapping[str, Any]
) -> MatcalcError | None:
    """Why a program failed, if it is not for the shapes: by the arguments' names."""
    said = str(error)
    arrays = [a for a in arguments if a.shape]
    if "infs or NaNs" in said:
        found = [a.name for a in arguments if not _is_finite(given[a.name])]
        where = (
            f"{shapes.listed(found)} has entries that are" if found else "an entry on the way is"
        )
        return DomainError(f"no value here: {where} infinite or not a number")
    if any(words in said for words in NO_FACTORISATION):
        kinds = {a.name: str(getattr(given[a.name], "dtype", "")) for a in arrays}
        odd = [f"{n} is {k}" for n, k in kinds.items() if k not in ("float32", "float64")]
        because = shapes.listed(odd) or "other kinds were given"
        return DomainError(
            f"what is computed here is for single and double precision, but {because}: "
            "pass float32 or float64"
        )
    if "LinAlgError" in type(error).__name__:
        return DomainError(f"no value here: {said}")
    if isinstance(error, OverflowError) or said == "math domain error":
        return DomainError(f"no value here: {said}")
    empty = [
        f"{a.name} ({shapes.show(a.shape)}) has shape {s}"
        for a in arrays
        if 0 in (s := np.shape(given[a.name]))
    ]
    if isinstance(error, ZeroDivisionError):
        because = f": {shapes.listed(empty)}" if empty else ""
        return DomainError(f"no value here: a division by zero{because}")
    if empty and "no identity" in said:
        return DomainError(f"no value here: the largest of nothing: {shapes.listed(empty)}")
    return None


def _is_finite(value: Any) -> bool:
    return bool(np.isfinite(np.asarray(value, dtype=float)).all())
