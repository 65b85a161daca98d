"""The operations on symbolic arrays: NumPy's rules, broadcasting made visible, misfits in words.

The messages are in the spelling of a Python program, where ``*`` goes entry by entry and ``@`` is
the matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError, NoRuleError, ShapeError
from matcalc.expr import BUILD, Node, is_number, number, read
from matcalc.ops.algebra import had, mul, ones
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.entrywise import divide, power
from matcalc.shapes import ONE

if TYPE_CHECKING:
    from matcalc.language.arrays import Array

Size: TypeAlias = Any  # a sympy integer expression
Sizes: TypeAlias = tuple[Size, ...]


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
    """An operand as it stands inside a larger expression."""
    depth = 0
    for sign in a.said:
        depth += (sign in "([") - (sign in ")]")
        if sign == " " and depth == 0:
            return f"({a.said})"
    return f"({a.said})" if a.said.startswith("-") else a.said


def said(a: Array, sign: str, b: Array, loose: bool = False) -> str:
    """``a sign b`` as the program has it; what is long is cut."""
    left, right = (a.said, b.said) if loose else (bracketed(a), bracketed(b))
    whole = f"{left} {sign} {right}"
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 3] + "..."


def is_array(value: Any) -> bool:
    """Whether it is one of our arrays, or could stand for one."""
    return hasattr(type(value), "__matcalc_array__")


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
            raise NoRuleError(
                f"an array of shape {value.shape} and type {value.dtype} cannot be derived"
            )
        if value.size > 400:
            raise NoRuleError(
                f"an array of {value.size} numbers is too much for a formula: make it an argument"
            )
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


# -- broadcasting ---------------------------------------------------------------------------------


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
            raise ShapeError(
                f"cannot {doing} {named(a)} and {named(b)}: the shapes differ{hint()}{_flip(a, b)}"
            )
    sizes = tuple(found)
    if not same_sizes(sizes, left) and not same_sizes(sizes, right):
        raise ShapeError(
            f"cannot {doing} {named(a)} and {named(b)}: NumPy would spread both to "
            f"{shown(sizes)} in silence; {_outer_hint(a, b)}"
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
    return f"did you mean {bracketed(b)}.T? to pair every entry with every other, use mc.ones"


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


# -- operations -----------------------------------------------------------------------------------


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
    node = (
        mul(a.node, b.node)
        if is_single(a) or is_single(b)
        else had(spread(a, sizes), spread(b, sizes))
    )
    return a.new(node, sizes, said(a, "*", b), size=size)


def _meanings(a: Array, b: Array) -> str:
    product = f"{bracketed(a)} @ {bracketed(b)}"
    fits = len(a.sizes) == 2 and len(b.sizes) == 2 and shapes.same(a.sizes[1], b.sizes[0])
    return (
        f"; in a Python model * is entry by entry, as in NumPy, and the matrix product is {product}"
        f"{'' if fits else ', which does not fit either'} (in the text language and between "
        "symbols of mc, * is the matrix product)"
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
            f"@ is the matrix product, but in {said(a, '@', b)} one side is "
            f"{named(b if a.sizes else a)}: a scalar scales with *"
        )
    inner = b.sizes[0]
    if not shapes.same(a.sizes[-1], inner):
        raise ShapeError(
            f"cannot multiply {named(a)} @ {named(b)}: {shapes.show_dim(a.sizes[-1])} columns meet "
            f"{shapes.show_dim(inner)} rows{_product_hint(a, b)}"
        )
    sizes = a.sizes[:-1] + b.sizes[1:]
    if is_single(a) or is_single(b):
        # One number in two brackets only scales.
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
    if axis is None or (isinstance(axis, tuple) and len(axis) == rank) or rank < 2:
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
            raise NoRuleError(
                f"only v[:, None] and v[None, :] of a 1-D array add an axis, not on {named(a)}"
            )
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
    if is_array(key) and key.size_ is not None:
        return key.size_
    raise NoRuleError(f"{a.said}[...] takes numbers and slices, not {key!r}")


def _bound(a: Array, bound: Any, size: Size) -> Any:
    if is_array(bound):
        if bound.size_ is None:
            raise NoRuleError(
                f"{a.said}[...] is cut at fixed numbers or dimensions, not at {bound.said}"
            )
        return bound.size_
    return _last(size, bound) if isinstance(bound, int) and bound < 0 else bound


def _last(size: Size, key: int) -> Any:
    place = size + key
    return int(place) if place.is_Integer else place


# -- words ----------------------------------------------------------------------------------------

# Words whose value has the shape of their one operand, also where that is 1 x 1.
KEEP = {"softmax", "log_softmax", "cumsum", "revcumsum", "inv", "tril", "triu", "transpose"}


def entrywise_word(word: str, *operands: Any) -> Array:
    """A word that acts entry by entry, its operands spread to one shape."""
    first = next(a for a in operands if is_array(a))
    first.ledger.look()
    arrays = [first.like(a) for a in operands]
    whole = arrays[0]
    for other in arrays[1:]:
        sizes = joint(whole, other, f"apply {word} to")
        whole = whole.new(whole.node, sizes, whole.said)
    nodes = [a.node if is_single(a) else spread(a, whole.sizes) for a in arrays]
    label = f"{word}({', '.join(a.said for a in arrays)})"
    return first.new(_full(FUNCTIONS[word](*nodes), whole.sizes), whole.sizes, label[:LONGEST])


def by_word(
    word: str,
    operands: Sequence[Any],
    options: dict[str, Any] | None = None,
    fn: Callable[..., Any] | None = None,
) -> Array:
    """Any other word: on the nodes, the shape from what comes out."""
    first = next(a for a in operands if is_array(a))
    first.ledger.look()
    given = [plain(a) for a in operands]
    options = {key: plain(value) for key, value in (options or {}).items()}
    node = (fn or FUNCTIONS[word])(*given, **options)
    ranks = [a.sizes for a in operands if is_array(a) and a.size_ is None]
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


def plain(value: Any) -> Any:
    """An operand of a word: a node, a dimension, or what it was."""
    if is_array(value):
        return value.size_ if value.size_ is not None else value.node
    if isinstance(value, (list, tuple)):
        return type(value)(plain(v) for v in value)
    if isinstance(value, float):
        return constant(value)[0]
    return value


_INSTEAD = {
    "max": "for a stable softmax or logsumexp write mc.softmax, mc.log_softmax or mc.logsumexp",
    "amax": "for a stable softmax or logsumexp write mc.softmax, mc.log_softmax or mc.logsumexp",
    "reshape": "there are mc.vec and mc.unvec, which stack columns",
    "ravel": "there is mc.vec, which stacks columns",
    "einsum": "write the products with @, * and .T",
    "stack": "there are no arrays with three axes: hstack or vstack",
    "tensordot": "write the products with @, * and .T",
    "heaviside": "write x > 0",
}


def instead(name: str) -> str:
    """What to write in place of a function of NumPy's."""
    return f": {_INSTEAD[name]}" if name in _INSTEAD else ""
