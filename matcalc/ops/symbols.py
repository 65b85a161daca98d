"""The leaves: symbols, numbers, and the constant matrices 0, 1 and I.

Zeros keep their shape: a typed zero is a node like any other, and every constructor knows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.expr import BUILD, Node, as_number, is_number, make, number, symbol
from matcalc.ops.base import (
    ATOM,
    FRACTION,
    NEG,
    OPS,
    POW,
    PROD,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    function,
    register,
)
from matcalc.shapes import Dim, Shape

# Scalars of these names are indices and nothing else: bound by a sum, or about to be.
HIDDEN = re.compile(r"_k\d+|_\w*\?")


class Leaf(Op):
    constant = True
    leaf_shape = 1

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return ()


class SymbolOp(Leaf):
    """A declared symbol."""

    name = "symbol"
    keeps_1x1 = True

    def build(self, A: Operands, params: Params) -> Node:
        return symbol(*params)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return params[1]

    def sample_params(self, A: Operands) -> Sequence[Params]:
        n, m = shapes.dims("n m")
        return ("A", (n, m), None, None), ("a", (), None, None)

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        name, shape, _, owner = params
        if owner is not None and (places := getattr(owner, "indices", None)):
            return places, 0  # a member of a family: h[t - 1]
        if shape or not HIDDEN.fullmatch(name):
            return (), 0
        return (sp.Symbol(name, integer=True, positive=True),), 0

    def identity(self, params: Params) -> Params:
        # Two networks may each have a step Z: the owner tells them apart.
        owner = params[3]
        return params[:2] if owner is None else (*params[:2], owner.serial)

    def display(self, params: Params) -> Params:
        return (params[2],)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("symbol", params[0], i, j)

    def latex(self, node: Node, w: Writer) -> Written:
        said = w.symbol(node)
        # A fraction such as dL/dZ needs brackets under a script, none beside a factor.
        return said, FRACTION if said.startswith(r"\frac") else ATOM

    def text(self, node: Node, w: Writer) -> Written:
        return node.params[0], ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return params[0]


class Number(Leaf):
    """An exact number."""

    name = "number"

    def sample_params(self, A: Operands) -> Sequence[Params]:
        third, half = sp.Rational(-1, 3), sp.Rational(1, 2)
        return (sp.Integer(2), False), (third, False), (half, True), (sp.pi, False)

    def identity(self, params: Params) -> Params:
        return params[:1]

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return params[0]

    def latex(self, node: Node, w: Writer) -> Written:
        value, decimal = node.params
        if not decimal and not _is_round(value):
            return sp.latex(value), self._level(node)
        lead, e, power = decimal_text(value, sp.Rational(1, 10**4)).partition("e")
        if not e:
            return lead, self._level(node)
        ten = rf"10^{{{power}}}"
        said = f"{lead.removesuffix('1')}{ten}" if lead in ("1", "-1") else rf"{lead} \cdot {ten}"
        return said, NEG if value < 0 else POW if lead == "1" else PROD

    def text(self, node: Node, w: Writer) -> Written:
        value, decimal = node.params
        said = decimal_text(value) if decimal or _is_round(value) else str(value)
        return said, self._level(node)

    def _level(self, node: Node) -> int:
        value, decimal = node.params
        if value < 0:
            return NEG
        return (
            ATOM
            if value.is_Atom and (decimal or not value.is_Rational or value.is_Integer)
            else PROD
        )

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return params[0]

    def code_params(self, node: Node) -> tuple[Any, ...]:
        value = node.params[0]
        return (str(int(value)) if value.is_Integer else repr(float(value)),)


# Zeros that nobody counts are a power of ten: below and above these, unless digits fill the places.
SMALL, LARGE = sp.Rational(1, 10**6), sp.Integer(10) ** 8


def _is_round(value: Any) -> bool:
    """Whether a whole number ends in so many zeros that nobody counts them."""
    return bool(value.is_Integer and abs(value) >= LARGE and value % 10**7 == 0)


def decimal_text(value: sp.Rational, small: sp.Rational = SMALL) -> str:
    """The decimal expansion, which ends: such numbers were typed with a point or a power of ten."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    digits, places = value, 0
    while not digits.is_Integer:
        digits, places = digits * 10, places + 1
        if places > 400:
            return sign + str(sp.Float(value))
    body = str(digits)
    figures = body.rstrip("0")
    if figures and (value < small or _is_round(value)):
        power = len(body) - 1 - places
        return f"{sign}{figures[0]}{'.' if figures[1:] else ''}{figures[1:]}e{power}"
    body = body.rjust(places + 1, "0")
    return f"{sign}{body[:-places]}.{body[-places:]}" if places else sign + body


class ConstantMatrix(Leaf):
    def sample_params(self, A: Operands) -> Sequence[Params]:
        return (shapes.dims("n m"),)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return params[0], params[1]

    def text(self, node: Node, w: Writer) -> Written:
        return f"{self.name}({', '.join(shapes.show_dim(d) for d in node.params)})", ATOM


class Zeros(ConstantMatrix):
    """The zero matrix $0$."""

    name = "zeros"

    def build(self, A: Operands, params: Params) -> Node:
        return zeros(*params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return sp.Integer(0)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.constant("0", node.shape), ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.zeros(({params[0]}, {params[1]}))"


class Ones(ConstantMatrix):
    r"""The matrix of ones $\mathbf{1}$."""

    name = "ones"

    def build(self, A: Operands, params: Params) -> Node:
        return ones(*params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return sp.Integer(1)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.constant("1", node.shape), ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.ones(({params[0]}, {params[1]}))"


class Eye(ConstantMatrix):
    """The identity matrix $I$."""

    name = "eye"

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return ((shapes.dims("n"),),)

    def build(self, A: Operands, params: Params) -> Node:
        return eye(*params)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return params[0], params[0]

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.delta(i, j)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.constant("I", node.shape), ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.eye({params[0]})"


SYMBOL = register(SymbolOp())
NUMBER = register(Number())
ZEROS = register(Zeros())
ONES = register(Ones())
EYE = register(Eye())
BUILD["op"] = OPS.__getitem__
BUILD["symbol_op"] = SYMBOL
BUILD["number_op"] = NUMBER


@function()
def zeros(rows: Any, cols: Any) -> Node:
    """The zero matrix of that shape."""
    shape = (shapes.dim(rows), shapes.dim(cols))
    return number(0) if shape == (1, 1) else make(ZEROS, (), shape)


@function()
def ones(rows: Any, cols: Any) -> Node:
    """The matrix of ones of that shape."""
    shape = (shapes.dim(rows), shapes.dim(cols))
    return number(1) if shape == (1, 1) else make(ONES, (), shape)


@function()
def eye(n: Any) -> Node:
    """The identity matrix."""
    n = shapes.dim(n)
    return number(1) if n == 1 else make(EYE, (), (n,))


def zero_of(shape: Shape) -> Node:
    return zeros(*shape) if shape else number(0)


def one_of(shape: Shape) -> Node:
    """The unit of the Hadamard product in that shape."""
    return ones(*shape) if shape else number(1)


def is_zero(node: Node) -> bool:
    return node.op is ZEROS or (is_number(node) and as_number(node) == 0)


def is_rational(node: Node) -> bool:
    """A number that may be a coefficient; pi and its like are factors like any symbol."""
    return is_number(node) and bool(node.params[0].is_Rational)


def dim_node(d: Dim) -> Node:
    """A dimension used as a number."""
    from matcalc.expr import read

    return read(d)


BUILD.update(eye=eye, zero_of=zero_of)
