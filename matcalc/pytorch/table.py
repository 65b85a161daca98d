"""The table of readings: the name of a torch function or method, and what it means for us.

The first argument of a reading is the reader, which declares inputs and names steps. What is not in
the table has no reading, and is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matcalc.errors import ShapeError
from matcalc.pytorch.tensors import (
    Tensor,
    show,
)

Reading = Callable[..., Any]
FUNCTIONS: dict[str, Reading] = {}


def reads(*names: str) -> Callable[[Reading], Reading]:
    """Enter a reading under the names of torch."""

    def enter(fn: Reading) -> Reading:
        FUNCTIONS.update(dict.fromkeys(names, fn))
        return fn

    return enter


def axis_number(T: Tensor, dim: Any) -> int:
    k = int(dim)
    if not -len(T.axes) <= k < len(T.axes):
        raise ShapeError(f"there is no axis {k} in a tensor of shape {show(T.sizes)}")
    return k % len(T.axes)
