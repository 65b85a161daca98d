"""Symbolic arrays: what a Python model computes with while it is read.

They keep NumPy's rules, and what NumPy does in silence becomes visible: a row over rows is
``ones(n,1)*b``. An array has NumPy's shape, ``(k,)`` included; its node is two-dimensional, a 1-D
array being a column. Where NumPy would surprise (a column against a row) we refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NoReturn, Protocol

import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError, NoRuleError, ShapeError
from matcalc.expr import BUILD, Node, is_number, number, read
from matcalc.ops.algebra import had, mul, ones
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.entrywise import divide, power
from matcalc.shapes import ONE

Size = Any  # a sympy integer expression
Sizes = tuple[Size, ...]


class Ledger(Protocol):
    """Who keeps the arrays of one reading, and gives the steps their names."""

    def look(self) -> None: ...


class Array:
    """A symbolic array. ``said`` is how the program writes it, for messages."""

    __slots__ = ("fixed", "known", "ledger", "node", "said", "size_", "sizes", "viewed")
    __array_priority__ = 1000

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
        from matcalc.language.functions import ufunc_on_arrays

        return ufunc_on_arrays(self, ufunc, method, inputs, options)

    def __array_function__(self, fn: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from matcalc.language.functions import function_on_arrays

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

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Array:
        return reduced(self, "sum", axis, keepdims)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Array:
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
            f"{self.said}.{name} cannot be derived; arrays have T, shape, sum, mean, var, std, dot, "
            "trace, and the words of mc and numpy apply to them"
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
            raise MatcalcError(f"{name} {sign} ... would change the caller's {name}: give the result a new name")
        if self.viewed:
            raise MatcalcError(
                f"{name} {sign} ... also changes what was made from {name} by .T or by slicing: "
                "give the result a new name"
            )
        if not same_sizes(self.sizes, changed.sizes):
            raise ShapeError(
                f"{name} {sign} ... keeps the shape {shown(self.sizes)} of {name}, but the result is {shown(changed.sizes)}"
            )
        self.node, self.said, self.known = changed.node, changed.said, False
        return self

    # -- comparisons: 0 or 1 in each entry --------------------------------------------------------

    def __gt__(self, other: Any) -> Array:
        return entrywise_word("step", self - other)

    def __lt__(self, other: Any) -> Array:
        return entrywise_word("step", -(self - other))

    def __ge__(self, other: Any) -> Array:
        return 1 - entrywise_word("step", -(self - other))

    def __le__(self, other: Any) -> Array:
        return 1 - entrywise_word("step", self - other)

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
                f"{self.said} is a dimension, not a fixed number: loops run over fixed bounds such as "
                f"range(3), and mc.ones({self.said}, 1), mc.zeros, mc.eye take dimensions"
            )
        raise NoRuleError(f"{self.said} is symbolic here, not a number")

    __int__ = __float__ = __len__ = __index__

    def __iter__(self) -> NoReturn:
        raise NoRuleError(f"a loop cannot run over {self.said}: write it with matrices, or index with numbers")

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise NoRuleError(f"{self.said}[...] = ... changes an array in place: build it anew, as with mc.hstack")

    def __getitem__(self, key: Any) -> Array:
        return picked(self, key)

    def __repr__(self) -> str:
        return f"<{self.said} {shown(self.sizes)}>"


def shown(sizes: Sizes) -> str:
    """A shape as NumPy prints it.

    >>> shown((sp.Symbol("n"), sp.Integer(1)))
    '(n, 1)'
    """
    return "(" + ", ".join(map(shapes.show_dim, sizes)) + ("," if len(sizes) == 1 else "") + ")"


def named(a: Array) -> str:
    """An operand in a message."""
    return f"{a.said} {shown(a.sizes)}" if a.sizes else f"the scalar {a.said}"


LONGEST = 40


def bracketed(a: Array) -> str:
    return a.said if a.said.replace("_", "").replace(".", "").isalnum() or a.said.endswith(")") and "(" not in a.said[1:-1] and a.said[0] == "(" else f"({a.said})"


def said(a: Array, sign: str, b: Array, loose: bool = False) -> str:
    """``a sign b`` as the program has it; what is long is cut."""
    left, right = (a.said, b.said) if loose else (bracketed(a), bracketed(b))
    whole = f"{left} {sign} {right}"
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 3] + "..."


def is_dimension(a: Array) -> bool:
    return a.size_ is not None


def constant(value: Any) -> tuple[Node, Sizes]:
    """Numbers in a program: decimals are exact and print as typed."""
    import numpy as np

    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, int):
        return number(value), ()
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise NoRuleError(f"{value} is not a number to calculate with")
        return number(sp.Rational(Fraction(repr(value))), decimal=True), ()
    if isinstance(value, (list, tuple)):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub" or value.ndim > 2 or not value.size:
            raise NoRuleError(f"an array of shape {value.shape} and type {value.dtype} cannot be part of a derivation")
        if value.size > 400:
            raise NoRuleError(f"an array of {value.size} numbers is too much for a formula: make it an argument")
        if not value.ndim:
            return constant(value.item())
        table = value.reshape(-1, 1) if value.ndim == 1 else value
        rows = [FUNCTIONS["hstack"](*(constant(x)[0] for x in row)) for row in table.tolist()]
        return FUNCTIONS["vstack"](*rows), tuple(sp.Integer(s) for s in value.shape)
    try:
        node = read(value)
    except MatcalcError:
        raise NoRuleError(f"{value!r} cannot be part of a derivation") from None
    return node, node.shape


# -- broadcasting -----------------------------------------------------------------------------------


def same_sizes(a: Sizes, b: Sizes) -> bool:
    return len(a) == len(b) and all(shapes.same(x, y) for x, y in zip(a, b, strict=True))


def is_single(a: Array) -> bool:
    """One number, whatever its shape."""
    return all(s == 1 for s in a.sizes)


def joint(a: Array, b: Array, doing: str, hint: Callable[[], str] = str) -> Sizes:
    """The shape that NumPy gives the two together, and no silent outer sum."""
    rank = max(len(a.sizes), len(b.sizes))
    left, right = ((ONE,) * (rank - len(x.sizes)) + x.sizes for x in (a, b))
    found = []
    for x, y in zip(left, right, strict=True):
        if shapes.same(x, y) or y == 1:
            found.append(x)
        elif x == 1:
            found.append(y)
        else:
            raise ShapeError(f"cannot {doing} {named(a)} and {named(b)}: the shapes differ{hint()}{_flip(a, b)}")
    sizes = tuple(found)
    if not same_sizes(sizes, left) and not same_sizes(sizes, right):
        raise ShapeError(
            f"cannot {doing} {named(a)} and {named(b)}: NumPy would spread both to {shown(sizes)} in "
            f"silence; {_outer_hint(a, b)}"
        )
    return sizes


def _flip(a: Array, b: Array) -> str:
    if len(a.sizes) == 2 and same_sizes(a.sizes, b.sizes[::-1]):
        return f"; did you mean {bracketed(b)}.T?"
    return ""


def _outer_hint(a: Array, b: Array) -> str:
    flat = [x for x in (a, b) if len(x.sizes) == 1]
    if flat:
        return f"give {flat[0].said} two axes, {bracketed(flat[0])}[:, None] for a column"
    return f"did you mean {bracketed(b)}.T? every entry with every other is {bracketed(a)} @ mc.ones(1, ...) or mc.outer"


def spread(a: Array, sizes: Sizes, numbers: bool = False) -> Node:
    """The node of ``a``, spread to a shape by factors of ones that one sees.

    With ``numbers`` a plain number stays one: beside a matrix it stands for every entry.
    """
    node = a.node
    if not sizes or same_sizes(a.sizes, sizes) or (numbers and not node.shape and is_number(node)):
        return node
    rows, cols = sizes if len(sizes) == 2 else (sizes[0], ONE)
    if is_single(a):
        return mul(node, ones(rows, cols))
    if len(a.sizes) == 1:
        node = BUILD["transpose"](node)
        return node if rows == 1 else mul(ones(rows, 1), node)
    if a.sizes[0] == 1 and not shapes.same(rows, ONE):
        return mul(ones(rows, 1), node)
    return mul(node, ones(1, cols))


# -- operations -------------------------------------------------------------------------------------


def added(a: Array, b: Array, sign: str) -> Array:
    a.ledger.look()
    sizes = joint(a, b, "add" if sign == "+" else "subtract")
    size = None
    if a.size_ is not None or b.size_ is not None:
        x, y = _integer(a), _integer(b)
        size = None if x is None or y is None else (x + y if sign == "+" else x - y)
    build = BUILD["plus" if sign == "+" else "minus"]
    node = build(spread(a, sizes, True), spread(b, sizes, True))
    return a.new(_full(node, sizes), sizes, said(a, sign, b, loose=sign == "+"), size=size)


def _full(node: Node, sizes: Sizes) -> Node:
    """Two numbers spread to a matrix make a number; it must become the matrix."""
    if node.shape or not any(s != 1 for s in sizes):
        return node
    rows, cols = sizes if len(sizes) == 2 else (sizes[0], ONE)
    return mul(node, ones(rows, cols))


def _integer(a: Array) -> Size | None:
    if a.size_ is not None:
        return a.size_
    value = a.node.params[0] if not a.sizes and is_number(a.node) else None
    return value if value is not None and value.is_Integer else None


def times(a: Array, b: Array) -> Array:
    a.ledger.look()
    sizes = joint(a, b, "multiply entry by entry", lambda: _meanings(a, b))
    size = None
    if a.size_ is not None or b.size_ is not None:
        x, y = _integer(a), _integer(b)
        size = None if x is None or y is None else x * y
    if is_single(a) or is_single(b):
        node = mul(a.node, b.node)
    else:
        node = had(spread(a, sizes), spread(b, sizes))
    return a.new(node, sizes, said(a, "*", b), size=size)


def _meanings(a: Array, b: Array) -> str:
    product = f"{bracketed(a)} @ {bracketed(b)}"
    fits = len(a.sizes) == 2 and len(b.sizes) == 2 and shapes.same(a.sizes[1], b.sizes[0])
    return (
        f"; in a Python model * is entry by entry, as in NumPy, and the matrix product is {product}"
        f"{'' if fits else ', which does not fit either'} (in the text language and between symbols "
        "of mc, * is the matrix product)"
    )


def quotient(a: Array, b: Array) -> Array:
    a.ledger.look()
    sizes = joint(a, b, "divide")
    if is_single(b):
        node = BUILD["over"](a.node, BUILD["item"](b.node) if b.node.shape else b.node)
    elif is_single(a):
        node = divide(a.node, b.node)
    else:
        node = divide(spread(a, sizes), spread(b, sizes))
    return a.new(node, sizes, said(a, "/", b))


def raised(a: Array, b: Array) -> Array:
    a.ledger.look()
    sizes = joint(a, b, "raise")
    if is_single(b):
        return a.new(power(a.node, b.node), sizes, said(a, "**", b))
    return a.new(power(spread(a, sizes), spread(b, sizes)), sizes, said(a, "**", b))


def product(a: Array, b: Array, dot: bool = False) -> Array:
    """NumPy's ``@``."""
    a.ledger.look()
    if not a.sizes or not b.sizes:
        if dot:
            return times(a, b)
        raise ShapeError(
            f"@ is the matrix product, but in {said(a, '@', b)} one side is {named(b if a.sizes else a)}: "
            "a scalar scales with *"
        )
    inner = b.sizes[0]
    if not shapes.same(a.sizes[-1], inner):
        raise ShapeError(
            f"cannot multiply {named(a)} @ {named(b)}: {shapes.show_dim(a.sizes[-1])} columns meet "
            f"{shapes.show_dim(inner)} rows{_product_hint(a, b)}"
        )
    sizes = a.sizes[:-1] + b.sizes[1:]
    if is_single(a) or is_single(b):
        # One number in two brackets: the product is a scaling, but of which side depends on the shapes.
        node = mul(a.node, b.node)
        return a.new(node, sizes, said(a, "@", b))
    left, right = a.node, b.node
    if len(a.sizes) == 1 and len(b.sizes) == 2:
        left, right = BUILD["transpose"](right), left  # a 1-D result is a column
    elif len(a.sizes) == 1:
        left = BUILD["transpose"](left)
    return a.new(mul(left, right), sizes, said(a, "@", b))


def _product_hint(a: Array, b: Array) -> str:
    fits = []
    if len(a.sizes) == 2 and shapes.same(a.sizes[0], b.sizes[0]):
        fits.append(f"{bracketed(a)}.T @ {bracketed(b)}")
    if len(b.sizes) == 2 and shapes.same(a.sizes[-1], b.sizes[1]):
        fits.append(f"{bracketed(a)} @ {bracketed(b)}.T")
    if len(a.sizes) == 2 and same_sizes(a.sizes, b.sizes):
        fits.append(f"{bracketed(a)} * {bracketed(b)} for the product entry by entry")
    return f"; did you mean {' or '.join(fits)}?" if fits else ""


def transpose(a: Array) -> Array:
    a.ledger.look()
    if len(a.sizes) < 2:
        return a
    turned = a.new(BUILD["transpose"](a.node), a.sizes[::-1], f"{bracketed(a)}.T")
    a.viewed = turned.viewed = True
    return turned


def reduced(a: Array, word: str, axis: Any, keepdims: bool) -> Array:
    """``sum`` and ``mean`` as in NumPy."""
    from matcalc.ops.reduce import mean, total

    a.ledger.look()
    reduce = total if word == "sum" else mean
    rank = len(a.sizes)
    label = f"{bracketed(a)}.{word}({'' if axis is None else f'axis={axis}'})"
    if axis is None or isinstance(axis, tuple) and len(axis) == rank or rank < 2:
        _checked_axis(a, axis)
        node = reduce(a.node) if a.sizes else a.node
        return a.new(node, (ONE,) * rank if keepdims else (), label)
    which = _checked_axis(a, axis)
    node = reduce(a.node, which)
    kept = tuple(ONE if k == which else s for k, s in enumerate(a.sizes))
    if keepdims:
        return a.new(node, kept, label)
    flat = BUILD["transpose"](node) if which == 0 else node
    return a.new(flat, (a.sizes[1 - which],), label)


def _checked_axis(a: Array, axis: Any) -> int:
    rank = len(a.sizes)
    axes = axis if isinstance(axis, tuple) else () if axis is None else (axis,)
    for one in axes:
        if isinstance(one, bool) or not isinstance(one, int) or not -rank <= one < rank:
            raise ShapeError(f"{named(a)} has no axis {one!r}")
    return axes[0] % rank if axes else 0


def picked(a: Array, key: Any) -> Array:
    """Indexing: numbers and slices from 0, as in NumPy, and ``[:, None]``."""
    a.ledger.look()
    keys = key if isinstance(key, tuple) else (key,)
    label = f"{a.said}[...]"
    if None in [k for k in keys if k is None or isinstance(k, slice)]:
        whole = [k for k in keys if k is not None]
        if len(a.sizes) != 1 or len(keys) != 2 or whole != [slice(None)]:
            raise NoRuleError(f"only v[:, None] and v[None, :] of a 1-D array add an axis, not on {named(a)}")
        a.viewed = True
        if keys[1] is None:
            return a.new(a.node, (*a.sizes, ONE), label)
        return a.new(BUILD["transpose"](a.node), (ONE, *a.sizes), label)
    if len(keys) > len(a.sizes):
        raise ShapeError(f"{named(a)} takes at most {len(a.sizes)} indices, not {len(keys)}")
    full = [*keys, *[slice(None)] * (len(a.sizes) - len(keys))]
    places = [_place(a, k, s) for k, s in zip(full, a.sizes, strict=True)]
    if len(places) == 1:
        places.append(0)
    part: Node = a.node[places[0], places[1]] if a.node.shape else a.node  # type: ignore[index]
    kept = [k for k, p in enumerate(full) if isinstance(p, slice)]
    rows_cols = part.shape or (ONE, ONE)
    sizes = tuple(rows_cols[k] for k in kept)
    if len(a.sizes) == 2 and kept == [1]:
        part = BUILD["transpose"](part)
    out = a.new(part, sizes, label)
    a.viewed = out.viewed = True
    return out


def _place(a: Array, key: Any, size: Size) -> Any:
    if isinstance(key, slice):
        if key.step not in (None, 1):
            raise NoRuleError(f"{a.said}[...] with a step in the slice cannot be derived")
        return slice(_bound(a, key.start, size), _bound(a, key.stop, size))
    if isinstance(key, int) and not isinstance(key, bool):
        if key < 0:
            return _last(size, key)
        return key
    if isinstance(key, Array) and key.size_ is not None:
        return key.size_
    raise NoRuleError(f"{a.said}[...] takes numbers and slices, not {key!r}")


def _bound(a: Array, bound: Any, size: Size) -> Any:
    if isinstance(bound, Array):
        if bound.size_ is None:
            raise NoRuleError(f"{a.said}[...] is cut at fixed numbers or dimensions, not at {bound.said}")
        return bound.size_
    return _last(size, bound) if isinstance(bound, int) and bound < 0 else bound


def _last(size: Size, key: int) -> Any:
    place = size + key
    return int(place) if place.is_Integer else place


# -- words ------------------------------------------------------------------------------------------

# Words whose value has the shape of their one operand, also where that is 1 x 1.
KEEP = {"softmax", "log_softmax", "cumsum", "revcumsum", "inv", "tril", "triu", "transpose"}


def entrywise_word(word: str, *operands: Any) -> Array:
    """A word that acts entry by entry, its operands spread to one shape."""
    first = next(a for a in operands if isinstance(a, Array))
    first.ledger.look()
    arrays = [first.like(a) for a in operands]
    whole = arrays[0]
    for other in arrays[1:]:
        sizes = joint(whole, other, f"apply {word} to")
        whole = whole.new(whole.node, sizes, whole.said)
    nodes = [a.node if is_single(a) else spread(a, whole.sizes) for a in arrays]
    label = f"{word}({', '.join(a.said for a in arrays)})"
    return first.new(_full(FUNCTIONS[word](*nodes), whole.sizes), whole.sizes, label[:LONGEST])


def by_word(word: str, operands: Sequence[Any], options: dict[str, Any] | None = None, fn: Callable[..., Any] | None = None) -> Array:
    """Any other word: on the nodes, the shape from what comes out."""
    first = next(a for a in operands if isinstance(a, Array))
    first.ledger.look()
    given = [_plain(a) for a in operands]
    options = {key: _plain(value) for key, value in (options or {}).items()}
    node = (fn or FUNCTIONS[word])(*given, **options)
    ranks = [a.sizes for a in operands if isinstance(a, Array) and a.size_ is None]
    sizes = result_sizes(word, ranks, node.shape)
    label = f"{word}({', '.join(getattr(a, 'said', str(a)) for a in operands)})"
    return first.new(node, sizes, label[:LONGEST])


def result_sizes(word: str, ranks: Sequence[Sizes], shape: Sizes) -> Sizes:
    """NumPy's shape of a word's value: of 1-D arrays a 1-D array, where it is a column."""
    if not shape:
        single = [r for r in ranks if r and all(s == 1 for s in r)]
        return tuple(single[0]) if word in KEEP and len(ranks) == 1 and single else ()
    if ranks and all(len(r) == 1 for r in ranks) and shape[1] == 1:
        return (shape[0],)
    return tuple(shape)


def _plain(value: Any) -> Any:
    """An operand of a word: a node, a dimension, or what it was."""
    if isinstance(value, Array):
        return value.size_ if value.size_ is not None else value.node
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(v) for v in value)
    if isinstance(value, float):
        return constant(value)[0]
    return value
