"""Tensors that are -inf in places: what hides them, and what may be done before softmax.

A masked tensor is its finite part and a mask that is 1 where it shows. Adding to it and looking at
it in another shape are read; anything else waits for the softmax.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from matcalc.expr import Node
from matcalc.ops.algebra import zeros
from matcalc.pytorch.entrywise import added
from matcalc.pytorch.shaping import reshaped
from matcalc.pytorch.table import FUNCTIONS
from matcalc.pytorch.tensors import Tensor, combined


def hidden(reader: Any, scores: Tensor, mask: Any) -> Tensor:
    """Attention's rule: a mask of yes and no hides, one of numbers is added."""
    shown = reader.tensor(mask)
    return reader.masked(scores, shown) if shown.logical else plus(reader, scores, shown, added)


def plus(reader: Any, a: Tensor, b: Tensor, fn: Callable[[Node, Node], Node]) -> Tensor:
    """A sum in which one part is masked, or both: hidden is what either hides."""
    found = combined(replace(a, mask=None), replace(b, mask=None), fn)
    for one in (a, b):
        found = found if one.mask is None else reader.masked(found, one.mask)
    return found


def viewed(reader: Any, view: Callable[..., Any], x: Tensor, args: Any, kwargs: Any) -> Any:
    """A masked tensor in another shape: its mask goes the same way."""
    assert x.mask is not None
    mask = FUNCTIONS["expand"](reader, x.mask, *x.sizes)
    found = view(reader, replace(x, mask=None), *args, **kwargs)
    shown = view(reader, mask, *args, **kwargs)
    if isinstance(found, Tensor):
        return replace(found, mask=_binary(reader, shown))
    return tuple(replace(f, mask=_binary(reader, s)) for f, s in zip(found, shown, strict=True))


def seen_as(T: Tensor, sizes: Any) -> Tensor:
    """A tensor with further axes of size one, and its mask with the same."""
    found = reshaped(replace(T, mask=None), list(sizes))
    return found if T.mask is None else replace(found, mask=reshaped(T.mask, list(sizes)))


def _binary(reader: Any, T: Tensor) -> Tensor:
    reader.binary.update(T.parts.values())
    return T


def all_hidden(reader: Any, T: Tensor) -> Tensor:
    """-inf everywhere, in the shape of a tensor."""
    nothing = T.each(lambda a: zeros(*a.shape))
    return replace(nothing, mask=_binary(reader, nothing))


def of_triangle(reader: Any, triangle: Callable[..., Tensor], x: Tensor, *args: Any) -> Tensor:
    """Outside of the triangle stand zeros, which hide nothing."""
    assert x.mask is not None
    mask = FUNCTIONS["expand"](reader, x.mask, *x.sizes)
    hides = triangle(reader, reader.complement(mask), *args)
    bare = triangle(reader, replace(x, mask=None), *args)
    return replace(bare, mask=reader.complement(hides))
