"""Shapes over symbolic dimensions.

A shape is ``()`` for a scalar or ``(rows, cols)`` for a matrix; a dimension is a sympy integer
expression. A dimension symbol *is* its name: whatever assumptions it came with, it is read as a
positive integer. Nothing here knows what a node is; operands reach the messages as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from matcalc.errors import ShapeError, wants

Dim: TypeAlias = Any  # a sympy integer expression; sympy carries no types
Shape: TypeAlias = tuple[Any, ...]  # () or (rows, cols)

SCALAR: Shape = ()
ONE: Dim = sp.Integer(1)


@lru_cache(maxsize=4096)
def _named_dim(name: str) -> sp.Symbol:
    return sp.Symbol(name, integer=True, positive=True)


def dims(names: str | Iterable[str]) -> Any:
    """Positive integer symbols, one or a tuple.

    >>> n, d = dims("n d")
    >>> n.is_positive, d.is_integer
    (True, True)
    """
    wants((str, list, tuple), names, 'dims takes names, as in dims("n d")')
    parts = names.replace(",", " ").split() if isinstance(names, str) else list(names)
    if not parts:
        raise ShapeError('no dimension named; write for example dims("n d")')
    if bad := [p for p in parts if not (isinstance(p, str) and p.isidentifier())]:
        raise ShapeError(f"a dimension needs a name such as n or d_k, not {bad[0]!r}")
    found = tuple(_named_dim(p) for p in parts)
    return found if len(found) > 1 else found[0]


class IndexedDim(AppliedUndef):
    """A dimension numbered by an index, ``d[l]``: a positive integer for every l."""

    def _sympystr(self, printer: Any) -> str:
        return f"{self.func.__name__}[{str(self.args[0]).replace(' ', '')}]"

    def _latex(self, printer: Any) -> str:
        return f"{self.func.__name__}_{{{sp.latex(self.args[0]).replace(' ', '')}}}"


@lru_cache(maxsize=1024)
def _dims_by_index(name: str) -> Any:
    return UndefinedFunction(name, bases=(IndexedDim,), integer=True, positive=True)


def indexed_dim(name: str, at: Any) -> Dim:
    """``d[l - 1]``: one of the dimensions of that name."""
    return _dims_by_index(name)(at)


def settled(expr: Dim) -> Dim:
    """``d[2]`` as a symbol of that name, wherever the index is a number."""
    fixed = {f: _named_dim(str(f)) for f in expr.atoms(IndexedDim) if f.args[0].is_Integer}
    return expr.xreplace(fixed) if fixed else expr


def dim(value: Any) -> Dim:
    """``value`` as a dimension: a positive integer, a name, or an expression in dimensions."""
    if isinstance(value, bool) or not isinstance(value, (int, str, sp.Expr)):
        try:
            value = int(value.__index__())
        except (AttributeError, TypeError):
            raise ShapeError(
                f"a dimension is a positive integer or a symbol, not {value!r}"
            ) from None
    return _dim(value)


@lru_cache(maxsize=8192)
def _dim(value: Any) -> Dim:
    if isinstance(value, str):
        return int_or_name(value)
    if isinstance(value, int):
        value = sp.Integer(value)
    if value.is_Integer:
        if value < 1:
            raise ShapeError(f"a dimension is at least 1, not {value}")
        return value
    if value.is_number or value.is_integer is False or not value.is_commutative:
        raise ShapeError(f"a dimension is a positive integer or a symbol, not {value}")
    return canonical(value)


def whole_number(name: str, value: Any) -> int:
    """The number of a dimension, as somebody gave it."""
    try:
        size = int(value)
    except (TypeError, ValueError, OverflowError):
        size = 0
    is_array = bool(getattr(value, "shape", ()))
    if isinstance(value, bool) or is_array or size != value or size < 1:
        raise ShapeError(f"the dimension {name} is a positive integer, not {value!r}")
    return size


def int_or_name(text: str) -> Dim:
    text = text.strip()
    if text.isdigit():
        return dim(int(text))
    if not text.isidentifier():
        raise ShapeError(f"a dimension is a positive integer or a name, not {text!r}")
    return _named_dim(text)


@lru_cache(maxsize=8192)
def canonical(expr: sp.Expr) -> sp.Expr:
    """The same integer expression with every symbol replaced by the dimension of its name."""
    swaps = {
        s: _named_dim(s.name)
        for s in expr.free_symbols
        if isinstance(s, sp.Symbol) and s is not _named_dim(s.name)
    }
    return expr.xreplace(swaps) if swaps else expr


def same(a: Dim, b: Dim) -> bool:
    """Whether two dimensions are equal for every value of their symbols."""
    return a is b or a == b or _expanded_equal(a, b)


@lru_cache(maxsize=8192)
def _expanded_equal(a: Dim, b: Dim) -> bool:
    if a.is_Symbol and b.is_Symbol:
        return False
    return sp.expand(a - b) == 0


def same_shape(a: Shape, b: Shape) -> bool:
    return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))


@lru_cache(maxsize=8192)
def times(*factors: Dim) -> Dim:
    return sp.Mul(*factors)


@lru_cache(maxsize=8192)
def plus(*terms: Dim) -> Dim:
    return sp.Add(*terms)


def is_one(d: Dim) -> bool:
    return d == 1


@lru_cache(maxsize=8192)
def show_dim(d: Dim) -> str:
    return str(d).replace("**", "^")


def show(shape: Shape) -> str:
    """How a shape is written in a message: ``n x d``, or ``scalar``."""
    return " x ".join(_grouped(d) for d in shape) if shape else "scalar"


def _grouped(d: Dim) -> str:
    text = show_dim(d)
    return f"({text})" if d.is_Add else text


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
