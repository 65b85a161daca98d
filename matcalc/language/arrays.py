"""Symbolic arrays: what a Python model computes with while it is read.

They keep NumPy's rules, and what NumPy does in silence becomes visible: a row over rows is
``ones(n,1)*b``. An array has NumPy's shape, ``(k,)`` included; its node is two-dimensional, a 1-D
array being a column. Where NumPy would surprise (a column against a row) we refuse.
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

from matcalc import shapes
from matcalc.errors import MatcalcError, NoRuleError, ShapeError
from matcalc.expr import BUILD, Node, read
from matcalc.language.broadcasting import (
    Size,
    Sizes,
    added,
    bracketed,
    by_word,
    constant,
    entrywise_word,
    instead,
    picked,
    product,
    quotient,
    raised,
    reduced,
    said,
    same_sizes,
    shown,
    times,
    transpose,
)


class Ledger(Protocol):
    """Who keeps the arrays of one reading, and gives the steps their names."""

    latest: Array | None

    def look(self) -> None: ...


class Array:
    """A symbolic array. ``said`` is how the program writes it, for messages."""

    __slots__ = ("fixed", "known", "ledger", "node", "said", "size_", "sizes", "viewed")
    __array_priority__ = 1000
    __matcalc_array__ = True

    def __init__(
        self,
        ledger: Ledger,
        node: Node,
        sizes: Sizes,
        said: str,
        *,
        known: bool = False,
        size: Size | None = None,
    ) -> None:
        self.ledger, self.node, self.sizes, self.said = ledger, node, sizes, said
        self.known = known  # has a name, or needs none
        self.size_ = size  # a dimension used as a number
        self.fixed = known  # an input: the caller's array is not ours to change
        self.viewed = False
        if not known:
            ledger.latest = self

    def new(self, node: Node, sizes: Sizes, said: str, *, size: Size | None = None) -> Array:
        return Array(self.ledger, node, sizes, said, known=size is not None, size=size)

    def like(self, value: Any) -> Array:
        """An operand of ours as an array: a number, or an array of numbers."""
        if isinstance(value, Array):
            return value
        node, sizes = constant(value)
        return self.new(node, sizes, str(value) if not sizes else "the array of numbers")

    # -- what NumPy asks ----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        from matcalc.language.numpy_words import ufunc_on_arrays

        return ufunc_on_arrays(self, ufunc, method, inputs, options)

    def __array_function__(self, fn: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from matcalc.language.numpy_words import function_on_arrays

        return function_on_arrays(self, fn, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NoRuleError(f"{self.said} is symbolic here and cannot become an array of numbers")

    @property
    def shape(self) -> tuple[Any, ...]:
        return tuple(self._counted(s) for s in self.sizes)

    def _counted(self, size: Size) -> Any:
        if size.is_Integer:
            return int(size)
        return self.new(read(size), (), shapes.show_dim(size), size=size)

    @property
    def ndim(self) -> int:
        return len(self.sizes)

    @property
    def size(self) -> Any:
        return self._counted(shapes.times(*self.sizes)) if self.sizes else 1

    @property
    def T(self) -> Array:
        return transpose(self)

    def transpose(self, *axes: Any) -> Array:
        flat = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        if flat and tuple(a % 2 for a in flat) != (1, 0):
            raise NoRuleError(f"transpose takes the axes (1, 0) or none, not {axes}")
        return transpose(self)

    def sum(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Array:
        return reduced(self, "sum", axis, keepdims)

    def mean(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Array:
        return reduced(self, "mean", axis, keepdims)

    def var(self, axis: Any = None, *, keepdims: bool = False) -> Array:
        away = self - reduced(self, "mean", axis, True)
        return reduced(away**2, "mean", axis, keepdims)

    def std(self, axis: Any = None, *, keepdims: bool = False) -> Array:
        return entrywise_word("sqrt", self.var(axis, keepdims=keepdims))

    def trace(self) -> Array:
        return by_word("tr", (self,))

    def dot(self, other: Any) -> Array:
        return product(self, self.like(other), dot=True)

    def copy(self) -> Array:
        return self.new(self.node, self.sizes, self.said)

    def astype(self, *_: Any, **__: Any) -> Array:
        return self

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NoRuleError(
            f"{bracketed(self)}.{name} cannot be derived"
            f"{instead(name) or '; arrays have T, shape, sum, mean, var, std, dot and trace'}"
        )

    # -- arithmetic -----------------------------------------------------------------------------

    def __add__(self, other: Any) -> Array:
        return added(self, self.like(other), "+")

    def __radd__(self, other: Any) -> Array:
        return added(self.like(other), self, "+")

    def __sub__(self, other: Any) -> Array:
        return added(self, self.like(other), "-")

    def __rsub__(self, other: Any) -> Array:
        return added(self.like(other), self, "-")

    def __mul__(self, other: Any) -> Array:
        return times(self, self.like(other))

    def __rmul__(self, other: Any) -> Array:
        return times(self.like(other), self)

    def __truediv__(self, other: Any) -> Array:
        return quotient(self, self.like(other))

    def __rtruediv__(self, other: Any) -> Array:
        return quotient(self.like(other), self)

    def __pow__(self, other: Any) -> Array:
        return raised(self, self.like(other))

    def __rpow__(self, other: Any) -> Array:
        return raised(self.like(other), self)

    def __matmul__(self, other: Any) -> Array:
        return product(self, self.like(other))

    def __rmatmul__(self, other: Any) -> Array:
        return product(self.like(other), self)

    def __neg__(self) -> Array:
        self.ledger.look()
        size = None if self.size_ is None else -self.size_
        return self.new(BUILD["minus"](self.node), self.sizes, f"-{bracketed(self)}", size=size)

    def __pos__(self) -> Array:
        return self

    def __abs__(self) -> Array:
        return entrywise_word("abs", self)

    def __iadd__(self, other: Any) -> Array:
        return self._in_place(self + other, "+=")

    def __isub__(self, other: Any) -> Array:
        return self._in_place(self - other, "-=")

    def __imul__(self, other: Any) -> Array:
        return self._in_place(self * other, "*=")

    def __itruediv__(self, other: Any) -> Array:
        return self._in_place(self / other, "/=")

    def _in_place(self, changed: Array, sign: str) -> Array:
        """NumPy changes the array itself, under all its names, and so do we."""
        if not self.sizes:
            return changed
        name = self.said
        if self.fixed:
            raise MatcalcError(
                f"{name} {sign} ... would change the caller's {name}: give the result a new name"
            )
        if self.viewed:
            raise MatcalcError(
                f"{name} {sign} ... also changes what was made from {name} by .T or by slicing: "
                "give the result a new name"
            )
        if not same_sizes(self.sizes, changed.sizes):
            raise ShapeError(
                f"{name} {sign} ... keeps the shape {shown(self.sizes)} of {name}, "
                f"but the result is {shown(changed.sizes)}"
            )
        self.node, self.said, self.known = changed.node, changed.said, False
        return self

    # -- comparisons: 0 or 1 in each entry --------------------------------------------------------

    def __gt__(self, other: Any) -> Array:
        return self._compared(">", other)

    def __lt__(self, other: Any) -> Array:
        return self._compared("<", other)

    def __ge__(self, other: Any) -> Array:
        return self._compared(">=", other)

    def __le__(self, other: Any) -> Array:
        return self._compared("<=", other)

    def _compared(self, sign: str, other: Any) -> Array:
        away = self - other
        over = entrywise_word("step", away if sign in (">", "<=") else -away)
        found = 1 - over if sign in (">=", "<=") else over
        found.said = said(self, sign, self.like(other), loose=True)
        return found

    def __eq__(self, other: object) -> bool:
        if self.size_ is not None:
            return bool(self.size_ == (other.size_ if isinstance(other, Array) else other))
        raise NoRuleError(f"{self.said} == ... has no derivative")

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = object.__hash__

    # -- what a derivation cannot follow ----------------------------------------------------------

    def __bool__(self) -> NoReturn:
        raise NoRuleError(
            f"`if` and `while` cannot ask for the value of {self.said}: one formula holds for all "
            "values; choose entry by entry with mc.where(condition, a, b)"
        )

    def __index__(self) -> NoReturn:
        if self.size_ is not None:
            raise NoRuleError(
                f"{self.said} is a dimension, not a fixed number: loops run over fixed bounds, "
                f"such as range(3), and mc.ones({self.said}, 1), mc.zeros, mc.eye take dimensions"
            )
        raise NoRuleError(f"{self.said} is symbolic here, not a number")

    def __float__(self) -> NoReturn:
        raise NoRuleError(
            f"{self.said} is symbolic here, not a fixed number: the functions of math cannot take "
            "it, those of numpy and mc can, as in np.sqrt"
        )

    __int__ = __round__ = __float__

    def __len__(self) -> NoReturn:
        raise NoRuleError(
            f"len({self.said}) need not be a fixed number: write {self.said}.shape[0]"
        )

    def _unruled(self, *_: Any) -> NoReturn:
        raise NoRuleError(
            f"//, %, &, | and ~ of {self.said} have no derivative; conditions such as Z > 0 are "
            "numbers 0 and 1, which are joined with * and turned with 1 - ..."
        )

    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = _unruled
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __invert__ = _unruled

    def __iter__(self) -> NoReturn:
        raise NoRuleError(
            f"a loop cannot run over {self.said}: write it with matrices, or index with numbers"
        )

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise NoRuleError(
            f"{self.said}[...] = ... changes an array in place: build it anew, as with mc.hstack"
        )

    def __getitem__(self, key: Any) -> Array:
        return picked(self, key)

    def __repr__(self) -> str:
        return f"<{self.said} {shown(self.sizes)}>"
