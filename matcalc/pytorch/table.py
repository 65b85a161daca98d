"""The table of readings: the name of a torch function or method, and what it means for us.

The first argument of a reading is the reader, which declares inputs and names steps. What is not in
the table has no reading, and is refused by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from matcalc.errors import ShapeError
from matcalc.pytorch.tensors import Tensor, show

Reading = Callable[..., Any]
FUNCTIONS: dict[str, Reading] = {}


def reads(*names: str) -> Callable[[Reading], Reading]:
    """Enter a reading under the names of torch."""

    def enter(fn: Reading) -> Reading:
        FUNCTIONS.update(dict.fromkeys(names, fn))
        return fn

    return enter


@cache
def _signature(fn: Reading) -> tuple[inspect.Signature, tuple[str, ...]]:
    signature = inspect.signature(fn)
    wanted = [k for k, p in signature.parameters.items() if p.annotation in ("Tensor", Tensor)]
    return signature, tuple(wanted)


def called(fn: Reading, reader: Any, *args: Any, **kwargs: Any) -> Any:
    """A reading at its arguments: where it wants a tensor, whatever was given is made one."""
    signature, wanted = _signature(fn)
    bound = signature.bind(reader, *args, **kwargs)
    for name in wanted:
        if not isinstance(bound.arguments[name], Tensor):
            bound.arguments[name] = reader.tensor(bound.arguments[name])
    return fn(*bound.args, **bound.kwargs)


def axis_number(T: Tensor, dim: Any) -> int:
    k = int(dim)
    if not -len(T.axes) <= k < len(T.axes):
        raise ShapeError(f"there is no axis {k} in a tensor of shape {show(T.sizes)}")
    return k % len(T.axes)
