"""The algebra: symbols, numbers, constant matrices; sum, product, Hadamard product, transpose.

Constructors flatten, drop zero terms and unit factors, pull scalars in front, add equal terms and
undo a double transpose. They never do more: everything else is a named law in ``matcalc.rewrite``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, as_number, brief, is_number, make, number, symbol
from matcalc.ops.base import (
    ATOM,
    NEG,
    POW,
    PROD,
    OPS,
    SUM,
    Entries,
    Op,
    Writer,
    Written,
    function,
    misfit,
    named,
    operand,
    register,
    rows_cols,
    same_shapes,
)
from matcalc.shapes import Dim, Shape


class Leaf(Op):
    constant = True
    leaf_shape = 1

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        return ()


class SymbolOp(Leaf):
    """A declared symbol."""

    name = "symbol"
    keeps_1x1 = True

    def identity(self, params: tuple[Any, ...]) -> tuple[Any, ...]:
        return params[:2]

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        return x.function("symbol", params[0], i, j)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.symbol(node), ATOM

    def text(self, node: Node, w: Writer) -> Written:
        return node.params[0], ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return params[0]


class Number(Leaf):
    """An exact number."""

    name = "number"

    def identity(self, params: tuple[Any, ...]) -> tuple[Any, ...]:
        return params[:1]

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        return params[0]

    def latex(self, node: Node, w: Writer) -> Written:
        value, decimal = node.params
        if decimal:
            return self.text(node, w)
        level = NEG if value < 0 else ATOM if value.is_Integer else PROD
        return sp.latex(value), level

    def text(self, node: Node, w: Writer) -> Written:
        value, decimal = node.params
        said = decimal_text(value) if decimal else str(value)
        if value.is_number and not value.is_Rational:
            return f"{'-' if value < 0 else ''}{abs(value)}", ATOM if value >= 0 else NEG
        return said, NEG if value < 0 else ATOM if value.is_Integer or decimal else PROD

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return params[0]

    def code_params(self, node: Node) -> tuple[Any, ...]:
        value = node.params[0]
        return (str(int(value)) if value.is_Integer else repr(float(value)),)


def decimal_text(value: sp.Rational) -> str:
    """The decimal expansion, which ends: such numbers were typed with a point."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    digits, places = value, 0
    while not digits.is_Integer:
        digits, places = digits * 10, places + 1
        if places > 400:
            return sign + str(sp.Float(value))
    body = str(digits).rjust(places + 1, "0")
    return f"{sign}{body[:-places]}.{body[-places:]}" if places else sign + body


class ConstantMatrix(Leaf):
    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        return params[0], params[1]

    def text(self, node: Node, w: Writer) -> Written:
        return f"{self.name}({', '.join(shapes.show_dim(d) for d in node.params)})", ATOM


class Zeros(ConstantMatrix):
    """The zero matrix $0$."""

    name = "zeros"

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        return sp.Integer(0)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.constant("0", node.shape), ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.zeros(({params[0]}, {params[1]}))"


class Ones(ConstantMatrix):
    r"""The matrix of ones $\mathbf{1}$."""

    name = "ones"

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        return sp.Integer(1)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.constant("1", node.shape), ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.ones(({params[0]}, {params[1]}))"


class Eye(ConstantMatrix):
    """The identity matrix $I$."""

    name = "eye"

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        return params[0], params[0]

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
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
BUILD["op"] = OPS.__getitem__  # type: ignore[assignment]
BUILD["symbol_op"] = SYMBOL  # type: ignore[assignment]
BUILD["number_op"] = NUMBER  # type: ignore[assignment]


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


def dim_node(d: Dim) -> Node:
    """A dimension used as a number."""
    from matcalc.expr import read

    return read(d)


# -- sum -----------------------------------------------------------------------------------------


def coefficient(node: Node) -> tuple[sp.Rational, Node]:
    """``node`` as number times the rest."""
    if is_number(node):
        return as_number(node), number(1)
    if node.op is PRODUCT and is_number(node.operands[0]):
        return as_number(node.operands[0]), _without_first(node)
    return sp.Integer(1), node


def _without_first(node: Node) -> Node:
    rest = node.operands[1:]
    return rest[0] if len(rest) == 1 else make(PRODUCT, rest)


def _decimal(*nodes: Node) -> bool:
    return any(is_number(n) and n.params[1] for n in nodes)


def _leads_decimal(node: Node) -> bool:
    return _decimal(node) or (node.op is PRODUCT and _decimal(node.operands[0]))


class Sum(Op):
    """Sum $A + B$ of matrices of one shape, or of scalars."""

    name = "plus"
    law = r"d(A + B) = dA + dB"
    commutes = True
    samples = ("n m, n m", "n m, n m, n m", ", ")

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        return _sum_shape(A)

    def build(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return add(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        return x.function("plus", *(x(k, i, j) for k in x.slots))  # type: ignore[attr-defined]

    def linear_in(self, slot: int) -> bool:
        return True

    def change(self, slot: int, dA: Node, F: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return dA

    def adjoint(self, slot: int, G: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return G

    def vec_matrix(self, slot: int, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        rows, cols = rows_cols(A[slot])
        return eye(shapes.times(rows, cols))

    def latex(self, node: Node, w: Writer) -> Written:
        return join_terms([w(a, SUM) for a in _inside_sum(node, w)]), SUM

    def text(self, node: Node, w: Writer) -> Written:
        return join_terms([w(a, SUM) for a in _inside_sum(node, w)]), SUM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return " + ".join(a)


def _inside_sum(node: Node, w: Writer) -> list[Node]:
    """Terms as people write them: a matrix of ones beside other terms is the number 1."""
    terms = list(node.operands)
    if not node.shape:
        return terms
    return [
        number(c) if rest.op is ONES else a
        for a, (c, rest) in ((a, coefficient(a)) for a in terms)
    ] if any(coefficient(a)[1].op is not ONES for a in terms) else terms


def join_terms(terms: Sequence[str]) -> str:
    out = terms[0]
    for term in terms[1:]:
        out += f" - {term[1:].lstrip()}" if term.startswith("-") else f" + {term}"
    return out


def _sum_shape(A: Sequence[Node]) -> Shape:
    scalars = [a for a in A if not a.shape]
    matrices = [a for a in A if a.shape]
    if scalars and matrices:
        s, m = scalars[0], matrices[0]
        size = ", ".join(shapes.show_dim(d) for d in m.shape)
        raise ShapeError(
            f"cannot add the scalar {brief(s)} to {named(m)}: write {brief(s)}*ones({size}) to add it "
            f"to every entry"
            + (f", or {brief(s)}*eye({shapes.show_dim(m.shape[0])}) for the diagonal"
               if shapes.same(*m.shape) else "")
        )
    if not matrices:
        return ()
    first = matrices[0]
    for other in matrices[1:]:
        if not shapes.same_shape(first.shape, other.shape):
            raise ShapeError(misfit(first, other, "add", _broadcast_repair(first, other)))
    return first.shape


def _broadcast_repair(a: Node, b: Node) -> str:
    """`X*W + b` is how people write a bias; say how it is written here."""
    for big, small in ((a, b), (b, a)):
        (rows, cols), (r, c) = big.shape, small.shape
        if r == 1 and shapes.same(cols, c):
            return f"to add the row {brief(small)} to every row write ones({shapes.show_dim(rows)},1)*{brief(small)}"
        if c == 1 and shapes.same(rows, r):
            return f"to add the column {brief(small)} to every column write {brief(small)}*ones(1,{shapes.show_dim(cols)})"
        if c == 1 and shapes.same(cols, r):
            return (
                f"to add {brief(small)} to every row write ones({shapes.show_dim(rows)},1)*{brief(small)}'"
            )
    return ""


def add(*values: Any) -> Node:
    """Sum: flattened, equal terms added, zeros dropped."""
    terms: list[Node] = []
    for value in values:
        node = operand(value)
        terms.extend(node.operands if node.op is SUM_OP else (node,))
    if len(terms) == 1:
        return terms[0]
    shape = _sum_shape(terms)
    total: dict[bytes, list[Any]] = {}
    for term in terms:
        if is_zero(term):
            continue
        c, rest = coefficient(term)
        slot = total.get(rest.content)
        if slot is None:
            total[rest.content] = [c, rest, term, _leads_decimal(term)]
        else:
            slot[0] += c
            slot[2] = None
            slot[3] = slot[3] or _leads_decimal(term)
    kept = [
        term if term is not None else scaled(number(c, dec), rest)
        for c, rest, term, dec in total.values()
        if c != 0
    ]
    if not kept:
        return zero_of(shape)
    return kept[0] if len(kept) == 1 else make(SUM_OP, tuple(kept))


def scaled(c: Node, rest: Node) -> Node:
    """Number times a node that carries no coefficient of its own."""
    if as_number(c) == 1:
        return rest
    if is_number(rest):
        return number(as_number(c) * as_number(rest), _decimal(c, rest))
    factors = rest.operands if rest.op is PRODUCT and _flattens(rest) else (rest,)
    return make(PRODUCT, (c, *factors))


# -- product ---------------------------------------------------------------------------------------


def _flattens(node: Node) -> bool:
    """Whether a product's factors may join the product around it: not an inner product's."""
    return bool(node.shape) or not node.operands[-1].shape


class Product(Op):
    """Product $c\\,A B$ of any number of scalars and matrices."""

    name = "times"
    law = r"d(AB) = (dA)\,B + A\,(dB)"
    samples = ("n m, m k", "n m, m k, k p", ", n m", ", , n m, m k", "1 n, n 1", ", ", "n 1, 1 m")

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        matrices = [a for a in A if a.shape]
        if not matrices:
            return ()
        for left, right in zip(matrices, matrices[1:], strict=False):
            if not shapes.same(left.shape[1], right.shape[0]):
                raise ShapeError(_product_misfit(left, right))
        return matrices[0].shape[0], matrices[-1].shape[1]

    def build(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return mul(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        slots = list(x.slots)  # type: ignore[attr-defined]
        scalars = [k for k in slots if x.is_scalar(k)]  # type: ignore[attr-defined]
        matrices = [k for k in slots if k not in scalars]

        def chain(rest: list[int], left: Any) -> Any:
            if len(rest) == 1:
                return x(rest[0], left, j)
            inner = x.shape(rest[0])[1]
            return x.sum(
                inner, lambda k: x.function("times", x(rest[0], left, k), chain(rest[1:], k))
            )

        factors = [x(k) for k in scalars]
        if matrices:
            factors.append(chain(matrices, i))
        return x.function("times", *factors)

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        if not A[slot].shape:
            rest = mul(*A[:slot], *A[slot + 1 :]) if len(A) > 1 else number(1)
            return inner(G, rest)
        scalars, before, after = _around(slot, A)
        return mul(*scalars, *(t(b) for b in reversed(before)), G, *(t(a) for a in reversed(after)))

    def vec_matrix(self, slot: int, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        if not A[slot].shape:
            rest = mul(*A[:slot], *A[slot + 1 :]) if len(A) > 1 else number(1)
            return BUILD["vec"](rest)
        scalars, before, after = _around(slot, A)
        rows, cols = A[slot].shape
        left = mul(*before) if before else eye(rows)
        right = mul(*after) if after else eye(cols)
        return mul(*scalars, BUILD["kron"](t(right), left))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.product(node)

    def text(self, node: Node, w: Writer) -> Written:
        sign, above, below = fraction(node)
        matrices = [a for a in above if a.shape]
        level = PROD if len(above) + len(below) > 1 or sign else 0
        factors = [w(a, PROD + 1) if level else w(a) for a in above]
        del matrices
        out = "*".join(factors) or "1"
        if below:
            bottom = "*".join(w(b, PROD + 1) for b in below)
            out += f"/{bottom}" if len(below) == 1 else f"/({bottom})"
        return ("-" + out, NEG) if sign else (out, PROD)

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        raise AssertionError("a product's code depends on which factors are scalars")


def fraction(node: Node) -> tuple[bool, list[Node], list[Node]]:
    """A product as (negative?, factors above, factors below the line)."""
    operands = list(node.operands)
    sign, below = False, []
    above: list[Node] = []
    if is_number(operands[0]):
        value, decimal = operands[0].params
        operands = operands[1:]
        sign = bool(value < 0)
        value = abs(value)
        top, bottom = (value, sp.Integer(1)) if decimal or not value.is_Rational else (value.p, value.q)
        if top != 1:
            above.append(number(top, decimal))
        if bottom != 1:
            below.append(number(bottom))
    for a in operands:
        if not a.shape and a.op.name == "pow" and is_number(a.operands[1]) and as_number(a.operands[1]) < 0:
            below.append(BUILD["pow"](a.operands[0], number(-as_number(a.operands[1]))))
        else:
            above.append(a)
    return sign, above, below


def _around(slot: int, A: tuple[Node, ...]) -> tuple[list[Node], list[Node], list[Node]]:
    scalars = [a for a in A if not a.shape]
    before = [a for a in A[:slot] if a.shape]
    after = [a for a in A[slot + 1 :] if a.shape]
    return scalars, before, after


def _product_misfit(a: Node, b: Node) -> str:
    (ar, ac), (br, bc) = a.shape, b.shape
    said = (
        f"cannot multiply {named(a)} by {named(b)}: {shapes.show_dim(ac)} columns meet "
        f"{shapes.show_dim(br)} rows"
    )
    A, B = brief(a), brief(b)
    repairs = []
    if shapes.same(ar, br):
        repairs.append(f"{_bracket(a)}'*{_bracket(b)}")
    if shapes.same(ac, bc):
        repairs.append(f"{_bracket(a)}*{_bracket(b)}'")
    if shapes.same_shape(a.shape, b.shape):
        repairs.append(f"{_bracket(a)}.*{_bracket(b)} (entry by entry, mc.hadamard({A}, {B}))")
    if shapes.same(ar, bc):
        repairs.append(f"{_bracket(b)}*{_bracket(a)}")
    return said + (f"; did you mean {' or '.join(repairs)}?" if repairs else "")


def _bracket(node: Node) -> str:
    text = brief(node)
    return text if not node.operands or text.isidentifier() else f"({text})"


def mul(*values: Any) -> Node:
    """Product: flattened, scalars in front, identities dropped, zero kept with its shape."""
    coeff, dec = sp.Integer(1), False
    scalars: list[Node] = []
    matrices: list[Node] = []
    todo = [operand(v) for v in reversed(values)]
    identity: Node | None = None
    while todo:
        a = todo.pop()
        if a.op is PRODUCT and _flattens(a):
            todo.extend(reversed(a.operands))
        elif is_number(a):
            coeff, dec = coeff * a.params[0], dec or a.params[1]
        elif a.op is PRODUCT and is_number(a.operands[0]):  # number times an inner product
            todo.extend((_without_first(a), a.operands[0]))
        elif not a.shape:
            scalars.append(a)
        elif a.op is EYE:
            identity = _fits_identity(identity, a, matrices)
        else:
            if identity is not None and not matrices and not shapes.same(identity.shape[1], a.shape[0]):
                raise ShapeError(_product_misfit(identity, a))
            matrices.append(a)
    if identity is not None and not matrices:
        matrices.append(identity)
    shape: Shape = PRODUCT.shape_of(tuple(matrices), ()) if matrices else ()
    one_by_one = bool(shape) and shape[0] == 1 and shape[1] == 1
    if coeff == 0 or any(m.op is ZEROS for m in matrices):
        return zero_of(() if one_by_one else shape)
    if one_by_one and (scalars or coeff != 1):
        scalars.append(matrices[0] if len(matrices) == 1 else make(PRODUCT, tuple(matrices)))
        matrices = []
    if len(scalars) > 1:
        scalars.sort(key=_is_reciprocal)  # stable: author order, denominators last
    factors = [*scalars, *matrices]
    if coeff != 1 or not factors:
        factors.insert(0, number(coeff, dec))
    return factors[0] if len(factors) == 1 else make(PRODUCT, tuple(factors))


def _fits_identity(seen: Node | None, eye_node: Node, matrices: list[Node]) -> Node:
    """An identity is dropped, but only where it conforms."""
    last = matrices[-1] if matrices else seen
    if last is not None and not shapes.same(last.shape[1], eye_node.shape[0]):
        raise ShapeError(_product_misfit(last, eye_node))
    return seen if seen is not None else eye_node


def _is_reciprocal(a: Node) -> bool:
    return (
        a.op.name == "pow" and is_number(a.operands[1]) and bool(as_number(a.operands[1]) < 0)
    )


def inner(A: Node, B: Node) -> Node:
    """<A, B> = tr(A^T B), written in the shortest way for the shapes at hand."""
    if not A.shape or not B.shape:
        return mul(A, B)
    if B.shape[1] == 1:
        return mul(t(A), B)
    if B.shape[0] == 1:
        return mul(A, t(B))
    return BUILD["sum"](had(A, B))


def neg(A: Any) -> Node:
    return mul(number(-1), A)


def sub(A: Any, B: Any) -> Node:
    return add(A, neg(B))


# -- Hadamard ----------------------------------------------------------------------------------------


class Hadamard(Op):
    r"""Entrywise (Hadamard) product $A \odot B$."""

    name = "hadamard"
    law = r"d(A \odot B) = dA \odot B + A \odot dB"
    commutes = True
    samples = ("n m, n m", "n m, n m, n m")

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        return same_shapes(A, "multiply entry by entry")

    def build(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return had(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        return x.function("times", *(x(k, i, j) for k in x.slots))  # type: ignore[attr-defined]

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return had(*A[:slot], G, *A[slot + 1 :])

    def vec_matrix(self, slot: int, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return BUILD["diag"](BUILD["vec"](had(*A[:slot], *A[slot + 1 :])))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.hadamard_product(node)

    def text(self, node: Node, w: Writer) -> Written:
        above, below = quotient(node)
        out = ".*".join(w(a, PROD + 1) for a in above) if above else w(one_of(node.shape))
        for b in below:
            out += f"./{w(b, PROD + 1)}"
        return out, PROD

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return " * ".join(a)


def quotient(node: Node) -> tuple[list[Node], list[Node]]:
    """Hadamard factors above and below the line."""
    above, below = [], []
    for a in node.operands:
        if a.op.name == "pow" and is_number(a.operands[1]) and as_number(a.operands[1]) < 0:
            below.append(BUILD["pow"](a.operands[0], number(-as_number(a.operands[1]))))
        else:
            above.append(a)
    return above, below


def had(*values: Any) -> Node:
    """Hadamard product: flattened, scalars in front, ones dropped, zero kept with its shape."""
    factors: list[Node] = []
    scalars: list[Node] = []
    for value in values:
        node = operand(value)
        if not node.shape:
            scalars.append(node)
            continue
        if node.op is PRODUCT and not node.operands[0].shape:
            front = [a for a in node.operands if not a.shape]
            scalars.extend(front)
            node = mul(*node.operands[len(front) :])
        factors.extend(node.operands if node.op is HADAMARD else (node,))
    if not factors:
        return mul(*scalars)
    shape = same_shapes(factors, "multiply entry by entry")
    if any(f.op is ZEROS for f in factors):
        return zero_of(shape)
    kept = [f for f in factors if f.op is not ONES] or factors[:1]
    product = kept[0] if len(kept) == 1 else make(HADAMARD, tuple(kept))
    return mul(*scalars, product) if scalars else product


@function()
def hadamard(*factors: Any) -> Node:
    """Entrywise product of two or more; a scalar scales."""
    if len(factors) < 2:
        raise ShapeError("hadamard takes two or more factors")
    return had(*factors)


# -- transpose ---------------------------------------------------------------------------------------


class Transpose(Op):
    r"""Transpose $A^\top$."""

    name = "transpose"
    law = r"d(A^\top) = (dA)^\top"
    samples = ("n m", "n 1")

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        return tuple(reversed(A[0].shape))

    def build(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return t(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        return x(0, j, i)

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return t(G)

    def vec_matrix(self, slot: int, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return BUILD["commutation"](*A[0].shape)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.transposed(w(node.operands[0], ATOM)), POW

    def text(self, node: Node, w: Writer) -> Written:
        return w(node.operands[0], POW) + "'", POW

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"{a[0]}.T"


def t(value: Any) -> Node:
    """Transpose; a double one is undone, a scalar or a constant of ones or zeros absorbs it."""
    A = operand(value)
    if not A.shape or A.op is EYE:
        return A
    if A.op is TRANSPOSE:
        return A.operands[0]
    if A.op is ONES or A.op is ZEROS:
        return make(A.op, (), (A.params[1], A.params[0]))
    return make(TRANSPOSE, (A,))


FUNCTIONS_T = function("transpose")(t)

SUM_OP = register(Sum())
PRODUCT = register(Product())
HADAMARD = register(Hadamard())
TRANSPOSE = register(Transpose())


# -- what the operators mean -----------------------------------------------------------------------


def _literal_beside_matrix(a: Node, b: Node) -> tuple[Node, Node]:
    """`1 - Y`: a number typed beside a matrix stands for that number in every entry."""
    if is_number(a) and b.shape:
        return mul(a, ones(*b.shape)), b
    if is_number(b) and a.shape:
        return a, mul(b, ones(*a.shape))
    return a, b


def plus(a: Any, b: Any) -> Node:
    return add(*_literal_beside_matrix(operand(a), operand(b)))


def minus(a: Any, b: Any = None) -> Node:
    if b is None:
        return neg(a)
    left, right = _literal_beside_matrix(operand(a), operand(b))
    return sub(left, right)


def over(a: Any, b: Any) -> Node:
    top, bottom = operand(a), operand(b)
    if bottom.shape:
        raise ShapeError(
            f"cannot divide {named(top)} by the matrix {named(bottom)}; write "
            f"mc.divide({brief(top)}, {brief(bottom)}) (./ in text) entry by entry, or "
            f"mc.solve({brief(bottom)}, {brief(top)}) for an inverse"
        )
    return mul(top, BUILD["pow"](bottom, -1))


BUILD.update(plus=plus, minus=minus, times=mul, over=over, transpose=t, mul=mul, add=add, had=had)  # type: ignore[dict-item]
_ = (NEG, symbol)
