"""The node: an interned, immutable expression that is also a sympy expression.

A node is an operation, its operands and its parameters. The same structure is the same object, so
equality is identity, shared parts are one node, and every walk is a memoised loop. Two digests go
along: ``digest`` tells nodes apart and is the same on every run; ``content`` forgets the order of
commutative operands and the display name of symbols, and is what "like terms" means.

Operators look the operation up by name in ``BUILD``, which ``matcalc.ops`` fills: this module knows
no operation.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NoReturn

import sympy as sp
from sympy.core.symbol import Str
from sympy.matrices.expressions.matexpr import MatrixExpr, MatrixSymbol

from matcalc import shapes
from matcalc.errors import MatcalcError, NameClashError, NoRuleError, ShapeError, wants
from matcalc.shapes import ONE, SCALAR, Shape
from matcalc.walk import dimensions as dimensions
from matcalc.walk import leaves as leaves
from matcalc.walk import postorder as postorder
from matcalc.walk import rebuilt as rebuilt
from matcalc.walk import symbols as symbols

if TYPE_CHECKING:
    from matcalc.ops.base import Op

# Filled by the rooms above: operations by name, "read", "text", ...
BUILD: dict[str, Any] = {}

_SLOTS = (
    *("op", "operands", "params", "shape"),
    *("digest", "content", "indices", "level", "__weakref__"),
)


def build(name: str, *operands: Any) -> Node:
    return BUILD[name](*operands)


def read(value: Any) -> Node:
    """Whatever a user may write where an expression is meant, as a node."""
    return value if isinstance(value, Node) else BUILD["read"](value)


class Node:
    """What matrix and scalar nodes have in common."""

    __slots__ = ()
    _op_priority = 20.0
    __array_ufunc__ = None  # numpy leaves mixed arithmetic to us

    op: Op
    operands: tuple[Node, ...]
    params: tuple[Any, ...]
    shape: Shape
    digest: bytes
    content: bytes
    indices: tuple[sp.Symbol, ...]  # free indices, by name
    _mhash: int
    level: int  # binders are numbered above every binder in their body

    # -- identity ---------------------------------------------------------------------------

    def __hash__(self) -> int:
        return self._mhash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, Node) or other is None:
            return False
        try:  # only a person compares a node with something that is none
            return read(other) is self
        except MatcalcError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.digest,)

    def sort_key(self, order: Any = None) -> Any:
        # Only the digest: sympy's own key would walk the whole tree.
        return (5, 0, self.op.name), (1, (self.digest.hex(),)), sp.S.One.sort_key(), sp.S.One

    def __reduce_ex__(self, protocol: Any) -> Any:
        return BUILD["unflatten"], (BUILD["flatten"](self),)

    def __getnewargs__(self) -> NoReturn:
        raise TypeError("nodes are pickled as flat lists")

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: Any) -> Node:
        return self

    # -- what sympy's walkers ask -------------------------------------------------------------

    @property
    def func(self) -> Callable[..., Any]:
        return lambda *operands: rebuilt(self, tuple(map(read, operands))) if operands else self

    @property
    def free_symbols(self) -> set[Any]:
        return set(symbols(self))

    def atoms(self, *types: Any) -> set[Any]:
        """sympy's own walk would visit shared parts once for every path to them."""
        wanted = types or (sp.Atom, MatrixSymbol)
        kinds = tuple(kind if isinstance(kind, type) else type(kind) for kind in wanted)
        return {node for node in postorder(self) if isinstance(node, kinds)}

    def doit(self, **hints: Any) -> Node:
        return self

    def subs(self, *args: Any, **hints: Any) -> Node:
        return BUILD["replaced"](self, *args)

    def xreplace(self, rule: Mapping[Any, Any]) -> Node:
        return BUILD["replaced"](self, rule)

    # sympy's functions ask these to pull out signs and imaginary units; a node has none to give.

    def as_coefficient(self, expr: Any) -> None:
        return None

    def extract_multiplicatively(self, c: Any) -> Node | None:
        return self if c == 1 else None

    def could_extract_minus_sign(self) -> bool:
        return False

    def as_real_imag(self, deep: bool = True, **hints: Any) -> tuple[Any, Any]:
        return self, sp.S.Zero

    def as_coeff_Mul(self, rational: bool = False) -> tuple[Any, Any]:
        return sp.S.One, self

    def diff(self, *wrt: Any, **hints: Any) -> Node:
        return build("diff", self, *wrt)

    # -- arithmetic ---------------------------------------------------------------------------

    def __add__(self, other: Any) -> Node:
        return build("plus", self, other)

    def __radd__(self, other: Any) -> Node:
        return build("plus", other, self)

    def __sub__(self, other: Any) -> Node:
        return build("minus", self, other)

    def __rsub__(self, other: Any) -> Node:
        return build("minus", other, self)

    def __mul__(self, other: Any) -> Node:
        return build("times", self, other)

    def __rmul__(self, other: Any) -> Node:
        return build("times", other, self)

    def __matmul__(self, other: Any) -> Node:
        return build("times", self, other)

    def __rmatmul__(self, other: Any) -> Node:
        return build("times", other, self)

    def __truediv__(self, other: Any) -> Node:
        return build("over", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return build("over", other, self)

    def __pow__(self, exponent: Any, mod: Any = None) -> Node:
        return build("to_the", self, exponent)

    def __rpow__(self, base: Any) -> Node:
        return build("to_the", base, self)

    def __neg__(self) -> Node:
        return build("minus", self)

    __pos__ = doit

    def __abs__(self) -> Node:
        if self.shape:
            raise ShapeError(
                f"abs() of the {shapes.show(self.shape)} matrix {brief(self)} is ambiguous: "
                "write mc.abs(A) for the entrywise absolute value, mc.det(A) for a determinant, "
                "or mc.norm2(A) for a norm"
            )
        return build("abs", self)

    @property
    def T(self) -> Node:
        return build("transpose", self)

    def transpose(self) -> Node:
        return self.T

    def adjoint(self) -> Node:
        return self.T  # everything is real

    def __str__(self) -> str:
        return BUILD["text"](self)

    __repr__ = __str__

    def _sympystr(self, printer: Any) -> str:
        return str(self)

    _sympyrepr = _sympystr

    def _latex(self, printer: Any, **hints: Any) -> str:
        return BUILD["latex"](self)

    def _pretty(self, printer: Any) -> Any:
        from sympy.printing.pretty.stringpict import prettyForm

        return prettyForm(str(self))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self._latex(None)}$"

    def _numpycode(self, printer: Any) -> str:
        return BUILD["numpycode"](self, printer)

    _scipycode = _pythoncode = _lambdacode = _numpycode


class MatrixNode(Node, MatrixExpr):
    """A node whose value is a matrix."""

    __slots__ = _SLOTS
    is_commutative = False

    @property
    def I(self) -> Node:  # noqa: E743 - the name sympy's matrices use
        return build("inv", self)

    def inverse(self, *args: Any, **kwargs: Any) -> Node:
        return self.I

    def inv(self, *args: Any, **kwargs: Any) -> Node:
        return self.I

    def __getitem__(self, key: Any) -> Node:
        return build("getitem", self, key)

    def _entry(self, i: Any, j: Any, **hints: Any) -> Node:
        return build("entry", self, i, j)

    def __iter__(self) -> Iterator[Node]:
        raise ShapeError(
            f"the matrix {brief(self)} is not a sequence; for the sum of its entries write "
            "mc.sum(A), not Python's sum(A)"
        )

    def as_explicit(self) -> Any:
        return BUILD["to_sympy"](self).as_explicit()


class ScalarNode(Node, sp.Expr):
    """A node whose value is a number."""

    __slots__ = _SLOTS
    is_commutative = True
    is_real = True

    def __float__(self) -> float:
        return float(sp.Float(as_number(self)))

    def __int__(self) -> int:
        return int(as_number(self))


class MatrixSym(Node, MatrixSymbol):
    """A declared matrix. Equal to plain sympy's symbol of the same name and shape."""

    is_commutative = False
    shape = None  # type: ignore[assignment]  # an instance attribute, unlike sympy's property
    name = None

    @property
    def _diff_wrt(self) -> bool:
        # sympy answers 0 for log(f).diff(A); our own expressions never ask this.
        raise NoRuleError(
            f"sympy's own derivative by the matrix {self} is not reliable (often a silent 0): "
            f"write mc.gradient(f, {self}), or f.diff({self}) on an expression made with mc"
        )

    @property
    def func(self) -> Callable[..., Any]:
        return BUILD["symbol_func"](self)

    __getitem__ = MatrixNode.__getitem__
    __iter__ = MatrixNode.__iter__
    _entry = MatrixNode._entry
    I = MatrixNode.I
    inverse = MatrixNode.inverse
    inv = MatrixNode.inv
    as_explicit = MatrixNode.as_explicit


class ScalarSym(Node, sp.Symbol):
    """A declared scalar, or a dimension used as a number."""

    is_commutative = True
    is_real = True


# -- making nodes ---------------------------------------------------------------------------

_TABLE: weakref.WeakValueDictionary[Any, Node] = weakref.WeakValueDictionary()
_LOCK = threading.RLock()


@lru_cache(maxsize=65536, typed=True)
def _stable(param: Any) -> bytes:
    """A parameter as bytes that are the same on every run."""
    return f"{type(param).__name__}:{param}".encode()


def make(op: Op, operands: tuple[Node, ...], params: tuple[Any, ...] = ()) -> Node:
    """The one node with this operation, operands and parameters.

    Shapes are checked here and nowhere else: a node that exists conforms. A result of shape 1 x 1
    is a scalar.
    """
    key = (op, operands, params)
    node = _TABLE.get(key)
    if node is not None:
        return node
    shape = op.shape_of(operands, params)
    if shape and shape[0] is ONE and shape[1] is ONE and not op.keeps_1x1:
        shape = SCALAR
    cls: type[Any] = MatrixNode if shape else ScalarNode
    node = sp.Basic.__new__(cls, *operands)
    return _finish(node, key, shape)


def _finish(node: Any, key: Any, shape: Shape) -> Node:
    op, operands, params = key
    node.op, node.operands, node.params, node.shape = op, operands, params, shape
    own = op.name.encode() + b"".join(b"|" + _stable(p) for p in op.identity(params))
    digest = blake2b(own, digest_size=12)
    content = digest.copy()
    for operand in operands:
        digest.update(operand.digest)
    parts = [operand.content for operand in operands]
    for part in sorted(parts) if op.commutes else parts:
        content.update(part)
    for p in op.display(params):
        digest.update(_stable(p))
    node.digest, node.content = digest.digest(), content.digest()
    node._mhash = int.from_bytes(node.digest[:7], "big")
    node.indices, node.level = op.binding(operands, params)
    with _LOCK:
        return _TABLE.setdefault(key, node)


def symbol(name: str, shape: Shape, latex: str | None = None, owner: Any = None) -> Node:
    """The symbol of that name and shape.

    ``latex`` is how it is printed; ``owner`` is the network or derivation whose step it names.
    """
    op = BUILD["symbol_op"]
    key = (op, (), (name, shape, latex, owner))
    node = _TABLE.get(key)
    if node is not None:
        return node
    if shape:
        node = sp.Basic.__new__(MatrixSym, Str(name), *shape)
        node.name = name
    else:
        node = _scalar_symbol(name)
    return _finish(node, key, shape)


def _scalar_symbol(name: str) -> Any:
    # sp.Symbol.__new__ caches by name and class, which would defeat owners and interning.
    node = sp.Symbol.__xnew__(ScalarSym, name, real=True)
    return node


def symbol_name(node: Node) -> str:
    return node.params[0]


def symbol_latex(node: Node) -> str | None:
    return node.params[2]


def symbol_owner(node: Node) -> Any:
    return node.params[3]


def is_symbol(node: Node) -> bool:
    return isinstance(node, (MatrixSym, ScalarSym))


def _checked_name(name: Any, latex: Any = None) -> str:
    wants((str, type(None)), latex, "a symbol's LaTeX is a text")
    if not isinstance(name, str) or not name.isidentifier():
        raise NameClashError(f"a symbol needs a name such as X or W_1, not {name!r}")
    if name.startswith("_k") and name[2:].isdigit():
        raise NameClashError(f"{name} is how sums name their own index; choose another name")
    return name


def matrix(name: str, rows: Any, cols: Any, latex: str | None = None) -> Any:
    """A real matrix symbol.

    >>> X = matrix("X", "n", "d")
    >>> X.shape
    (n, d)
    """
    return symbol(_checked_name(name, latex), (shapes.dim(rows), shapes.dim(cols)), latex)


def vector(name: str, n: Any, latex: str | None = None) -> Any:
    """A real column vector: ``vector("w", d)`` is ``d x 1``."""
    return matrix(name, n, 1, latex)


def scalar(name: str, latex: str | None = None) -> Any:
    """A real scalar symbol."""
    return symbol(_checked_name(name, latex), SCALAR, latex)


# -- numbers ----------------------------------------------------------------------------------


def number(value: Any, decimal: bool = False) -> Node:
    """An exact number. ``decimal`` remembers that it was typed with a point."""
    value = sp.Rational(value) if not isinstance(value, sp.Basic) else value
    decimal = value.is_Rational and (is_long(value) or (decimal and _ends(value.q)))
    return make(BUILD["number_op"], (), (value, bool(decimal) and not value.is_Integer))


def is_long(value: Any) -> bool:
    """Whether a rational number is shown as a decimal however it came about."""
    return bool(value.q >= 1000 and value.q % 5 == 0 and _ends(value.q))


def _ends(q: int) -> bool:
    """Whether a fraction with this denominator has a decimal expansion that ends."""
    for prime in (2, 5):
        while q % prime == 0:
            q //= prime
    return q == 1


def is_number(node: Node) -> bool:
    return node.op is BUILD["number_op"]


def as_number(node: Node) -> Any:
    """The value of a number node."""
    if not is_number(node):
        raise TypeError(f"{brief(node)} is not a number")
    return node.params[0]


def substitute(root: Node, mapping: Mapping[Node, Node]) -> Node:
    """``root`` with nodes replaced, shapes checked anew; no sum captures an index that arrives."""
    if root.level and (arriving := {i for value in mapping.values() for i in value.indices}):
        root = build("apart", root, arriving)
    image: dict[Node, Node] = {}
    for node in postorder(root, stop=mapping.__contains__):
        found = mapping.get(node)
        if found is None:
            operands = tuple(image[child] for child in node.operands)
            found = rebuilt(node, operands)
        image[node] = found
    return image[root]


def brief(node: Any, limit: int = 60) -> str:
    """An operand as a message names it: its text, cut when long."""
    if (
        isinstance(node, Node)
        and sum(1 for _ in zip(postorder(node), range(200), strict=False)) >= 200
    ):
        return f"an expression of shape {shapes.show(node.shape)}"
    text = str(node)
    return text if len(text) <= limit else text[: limit - 3] + "..."
