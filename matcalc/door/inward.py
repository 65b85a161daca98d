"""Plain sympy, numbers and arrays in.

One table says which sympy class becomes which operation. Whatever is not in the table is refused by
name: a silent misreading here would be a wrong gradient later. sympy checks no symbolic shapes, so
products are regrouped and checked as they are rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.matrices import expressions as mx
from sympy.matrices.expressions import hadamard as mh
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.blockmatrix import BlockDiagMatrix
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.matrices.expressions.slice import MatrixSlice

from matcalc import shapes
from matcalc.door.bodies import entrywise, leaf_of, scalar_of
from matcalc.errors import MatcalcError, NoRuleError, ShapeError
from matcalc.expr import (
    BUILD,
    Node,
    brief,
    matrix,
    number,
    symbol,
)
from matcalc.ops.algebra import add, eye, had, mul, ones, t, zeros
from matcalc.ops.blocks import block, part
from matcalc.ops.determinants import det, tr
from matcalc.ops.diagonals import diag_matrix, diagonal
from matcalc.ops.entries import entry as entry_of
from matcalc.ops.entrywise import ENTRYWISE, SYMPY_FUNCTIONS, lower, power
from matcalc.ops.inverses import inv, matrix_power
from matcalc.ops.kronecker import kron

Reader = Callable[[Any, tuple[Node, ...]], Node]


def read(value: Any) -> Node:
    """``value`` as a node: a number, plain sympy, a constant matrix, a NumPy array, or a node."""
    if isinstance(value, Node):
        return value
    if isinstance(value, bool) or value is None or isinstance(value, str):
        raise NoRuleError(f"an expression is wanted, not {value!r}")
    if isinstance(value, (int, np.integer)):
        return number(int(value))
    if isinstance(value, (float, np.floating)):
        return _decimal(float(value))
    if isinstance(value, np.ndarray):
        return _constant_array(value)
    if hasattr(value, "output_expression"):  # a Network stands for its output
        return value.output_expression()
    if not isinstance(value, (sp.Basic, sp.MatrixBase)):
        raise NoRuleError(f"an expression is wanted, not the {type(value).__name__} {value!r}")
    return _read_sympy(value.as_immutable() if isinstance(value, sp.MatrixBase) else value)


def _decimal(value: float) -> Node:
    if not np.isfinite(value):
        raise NoRuleError(f"a number must be finite, not {value}")
    return number(sp.Rational(str(value)), decimal=True)


def _constant_array(value: np.ndarray) -> Node:
    if value.ndim == 0:
        return read(value.item())
    if value.ndim == 1:
        value = value.reshape(-1, 1)
    if value.ndim != 2 or 0 in value.shape:
        raise ShapeError(
            f"a constant array has one or two axes and no empty one, not shape {value.shape}"
        )
    return block([[read(v.item()) for v in row] for row in value])


def _read_sympy(root: Any) -> Node:
    image: dict[Any, Node] = {}
    todo: list[tuple[Any, bool]] = [(root, False)]
    while todo:
        part_, ready = todo.pop()
        if part_ in image:
            continue
        if isinstance(part_, Node):
            image[part_] = part_
            continue
        children = _children(part_)
        reader = _reader(part_)  # an unknown class is named before its parts are
        if not ready and children:
            todo.append((part_, True))
            todo.extend((c, False) for c in reversed(children))
            continue
        try:
            image[part_] = reader(part_, tuple(image[c] for c in children))
        except MatcalcError:
            raise
        except (TypeError, ValueError, AttributeError) as error:
            raise NoRuleError(f"cannot read {type(part_).__name__}: {part_} ({error})") from error
    return image[root]


_OPAQUE = (mx.MatrixSymbol, sp.Symbol, mx.ZeroMatrix, mx.OneMatrix, mx.Identity, sp.Piecewise)


def _children(e: Any) -> tuple[Any, ...]:
    """The parts to read first."""
    if isinstance(e, (sp.MatrixBase, sp.ImmutableDenseMatrix)):
        return tuple(e)
    if isinstance(e, _OPAQUE) or e.is_Atom or isinstance(e, Relational):
        return ()
    if isinstance(e, mx.BlockMatrix):
        return tuple(e.blocks)
    if isinstance(e, MatrixElement):
        return (e.parent,)
    if isinstance(e, MatrixSlice):
        return (e.parent,)
    if isinstance(e, ElementwiseApplyFunction):
        return (e.expr,)
    if isinstance(e, sp.Sum):
        return (e.function,)
    if isinstance(e, (mh.HadamardPower, mx.MatPow)):
        return tuple(e.args)
    return tuple(a for a in e.args if isinstance(a, (sp.Basic, sp.MatrixBase)))


def _reader(e: Any) -> Reader:
    for cls in type(e).__mro__:
        if cls in TABLE:
            return TABLE[cls]
    if isinstance(e, AppliedUndef):
        return _undefined
    if e.func in SYMPY_FUNCTIONS:
        return _named_function
    known = ", ".join(sorted({cls.__name__ for cls in TABLE}))
    raise NoRuleError(
        f"matcalc does not read sympy's {type(e).__name__}: {brief(e)}. It reads {known}"
    )


def _dim_of(value: Any) -> Any:
    return shapes.dim(value)


def _matrix_symbol(e: Any, a: tuple[Node, ...]) -> Node:
    return matrix(e.name, _dim_of(e.args[1]), _dim_of(e.args[2]))


def _scalar_symbol(e: Any, a: tuple[Node, ...]) -> Node:
    if e.is_real is False or not e.is_commutative:
        raise NoRuleError(f"every symbol here is a real number, but {e} was declared not to be one")
    return leaf_of(e) if isinstance(e, sp.Dummy) else symbol(e.name, ())


def _rational(e: Any, a: tuple[Node, ...]) -> Node:
    return number(e)


def _float(e: Any, a: tuple[Node, ...]) -> Node:
    if not e.is_finite:
        raise NoRuleError(f"a number must be finite, not {e}")
    return number(sp.Rational(str(e)), decimal=True)


def _constant(e: Any, a: tuple[Node, ...]) -> Node:
    if e in (sp.pi, sp.E, sp.EulerGamma, sp.GoldenRatio):
        return number(e)
    raise NoRuleError(f"a real number is wanted, not {e}")


def _imaginary(e: Any, a: tuple[Node, ...]) -> Node:
    raise NoRuleError(
        "everything here is real, but the expression contains sympy's I. sympy makes it of a "
        "function of a matrix: for every entry write mc.tanh(E), not sympy.tanh(E)"
    )


def _add(e: Any, a: tuple[Node, ...]) -> Node:
    return add(*_with_scalars(a))


def _with_scalars(a: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(BUILD["item"](x) if x.shape == (1, 1) else x for x in a)


def _mul(e: Any, a: tuple[Node, ...]) -> Node:
    return mul(*a)


def _mat_mul(e: Any, a: tuple[Node, ...]) -> Node:
    """sympy flattens products and lets a 1 x 1 matrix stand anywhere: group by shape first."""
    try:
        return mul(*a)
    except ShapeError:
        grouped = _grouped(list(a))
        if grouped is None:
            raise
        return grouped


def _grouped(factors: list[Node]) -> Node | None:
    """Close every run of factors that is 1 x 1 into a scalar, leftmost shortest first."""
    for width in range(2, len(factors) + 1):
        for start in range(len(factors) - width + 1):
            run = factors[start : start + width]
            if not all(f.shape for f in run) or run[0].shape[0] != 1 or run[-1].shape[1] != 1:
                continue
            try:
                closed = mul(*run)
            except ShapeError:
                continue
            rest = [*factors[:start], closed, *factors[start + width :]]
            try:
                return mul(*rest)
            except ShapeError:
                again = _grouped(rest)
                if again is not None:
                    return again
    return None


def _pow(e: Any, a: tuple[Node, ...]) -> Node:
    base, exponent = a
    if base.shape:
        return matrix_power(base, exponent)
    return BUILD["sqrt"](base) if e.exp == sp.S.Half else power(base, exponent)


def _exp(e: Any, a: tuple[Node, ...]) -> Node:
    return _entrywise("exp", a)


def _entrywise(name: str, a: tuple[Node, ...]) -> Node:
    for x in a:
        if x.shape and x.shape != (1, 1):
            raise ShapeError(
                f"sympy.{name} was applied to the {shapes.show(x.shape)} matrix {brief(x)}; "
                f"for every entry write mc.{name}({brief(x)})"
            )
    return ENTRYWISE[name].build(tuple(map(scalar_of, a)), ())


def _named_function(e: Any, a: tuple[Node, ...]) -> Node:
    return _entrywise(SYMPY_FUNCTIONS[e.func], a)


def _undefined(e: Any, a: tuple[Node, ...]) -> Node:
    name = e.func.__name__
    if name in ENTRYWISE:
        return _entrywise(name, a)
    if len(a) != 1 or a[0].shape:
        raise NoRuleError(
            f"sympy's {e} is ambiguous here: use mc.function({name!r}) entrywise, mc.map for a "
            "vector, or mc.scalar_function"
        )
    return BUILD["function"](name)(a[0])


# What is read as a whole where it stands in such a formula; the rest is arithmetic.
_WHOLE = (Node, mx.Trace, mx.Determinant, MatrixElement, mx.MatrixExpr, sp.Sum, AppliedUndef)


def _scalar_formula(e: Any, a: tuple[Node, ...]) -> Node:
    """Max, Min, Piecewise and the like of scalars, comparisons included."""
    atoms: dict[Any, Node] = {}
    todo = [e]
    while todo:
        leaf = todo.pop()
        if isinstance(leaf, _WHOLE):
            atoms[leaf] = scalar_of(read(leaf))
        elif isinstance(leaf, sp.Symbol):
            atoms[leaf] = read(leaf)
        else:
            todo.extend(leaf.args)
    if bad := [k for k, v in atoms.items() if v.shape]:
        raise ShapeError(
            f"the matrix {brief(atoms[bad[0]])} stands in {e}, where scalars are meant"
        )
    return lower(e, atoms, ())


def _applyfunc(e: Any, a: tuple[Node, ...]) -> Node:
    """The body on a real dummy, so that sympy's complex branches never show."""
    return entrywise(e.function, a[0])


def _hadamard(e: Any, a: tuple[Node, ...]) -> Node:
    return had(*a)


def _hadamard_power(e: Any, a: tuple[Node, ...]) -> Node:
    return power(*a)


def _mat_pow(e: Any, a: tuple[Node, ...]) -> Node:
    base, exponent = (scalar_of(x) if x.shape == (1, 1) else x for x in a)
    if not base.shape and e.exp == sp.S.Half:
        return BUILD["sqrt"](base)
    return BUILD["to_the"](base, exponent)


def _diag_matrix(e: Any, a: tuple[Node, ...]) -> Node:
    v = a[0]
    if v.shape and v.shape[0] == 1:
        v = t(v)
    return diag_matrix(diagonal(v)) if v.shape and v.shape[1] != 1 else diag_matrix(v)


def _block(e: Any, a: tuple[Node, ...]) -> Node:
    rows, cols = e.blocks.shape
    return block([a[r * cols : (r + 1) * cols] for r in range(rows)])


def _dense(e: Any, a: tuple[Node, ...]) -> Node:
    rows, cols = e.shape
    if 0 in (rows, cols):
        raise ShapeError(f"a matrix has at least one entry, not shape {rows} x {cols}")
    for x in a:
        if x.shape:
            raise ShapeError(f"the entry {brief(x)} of a constant matrix is itself a matrix")
    return block([a[r * cols : (r + 1) * cols] for r in range(rows)])


def _element(e: Any, a: tuple[Node, ...]) -> Node:
    return entry_of(a[0], e.i, e.j)


def _slice(e: Any, a: tuple[Node, ...]) -> Node:
    (r0, r1, rs), (c0, c1, cs) = e.rowslice, e.colslice
    if rs != 1 or cs != 1:
        raise ShapeError(f"a slice has step 1: {e}")
    return part(a[0], r0, c0, sp.expand(r1 - r0), sp.expand(c1 - c0))


def _sum(e: Any, a: tuple[Node, ...]) -> Node:
    out = a[0]
    for limits in e.limits:
        if len(limits) != 3:
            raise NoRuleError(f"a sum needs both limits: {e}")
        letter, *ends = limits
        low, high = map(shapes.canonical, ends)
        BUILD["stays_inside"](out, shapes.canonical(letter), low, high)
        out = BUILD["isum"](out, letter, low, high)
    return out


TABLE: dict[type, Reader] = {
    mx.MatrixSymbol: _matrix_symbol,
    sp.Symbol: _scalar_symbol,
    sp.Rational: _rational,
    sp.Float: _float,
    sp.NumberSymbol: _constant,
    sp.core.numbers.ImaginaryUnit: _imaginary,
    sp.Add: _add,
    sp.Mul: _mul,
    sp.Pow: _pow,
    sp.exp: _exp,
    sp.Max: _scalar_formula,
    sp.Min: _scalar_formula,
    sp.Piecewise: _scalar_formula,
    sp.Heaviside: _scalar_formula,
    sp.Sum: _sum,
    mx.MatMul: _mat_mul,
    mx.MatAdd: _add,
    mx.MatPow: _mat_pow,
    mx.Inverse: lambda e, a: inv(a[0]),
    mx.Transpose: lambda e, a: t(a[0]),
    mx.Adjoint: lambda e, a: t(a[0]),
    mx.Trace: lambda e, a: tr(a[0]),
    mx.Determinant: lambda e, a: det(a[0]),
    mh.HadamardProduct: _hadamard,
    mh.HadamardPower: _hadamard_power,
    ElementwiseApplyFunction: _applyfunc,
    mx.DiagMatrix: _diag_matrix,
    mx.DiagonalOf: lambda e, a: diagonal(a[0]),
    mx.KroneckerProduct: lambda e, a: kron(*a),
    mx.BlockMatrix: _block,
    BlockDiagMatrix: _block,
    mx.OneMatrix: lambda e, a: ones(*e.shape),
    mx.ZeroMatrix: lambda e, a: zeros(*e.shape),
    mx.Identity: lambda e, a: eye(e.shape[0]),
    MatrixElement: _element,
    MatrixSlice: _slice,
    sp.ImmutableDenseMatrix: _dense,
    sp.MutableDenseMatrix: _dense,
    sp.ImmutableSparseMatrix: _dense,
}


BUILD["read"] = read
