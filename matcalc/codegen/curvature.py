"""Second derivatives as programs: dense, as an operator, as the small core of a Kronecker product.

A product of the Hessian with a matrix is an expression like any other, and the plan multiplies from
the right end: X'(D (X V)) never forms X' D X. A direction can also be followed through the gradient
itself, without writing the Hessian down; so can a Gauss-Newton product through the Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from matcalc import second
from matcalc.codegen import backends
from matcalc.codegen.make import plan_of_expressions
from matcalc.codegen.runtime import Compiled
from matcalc.errors import (
    DomainError,
    MatcalcError,
    NameClashError,
    ShapeError,
    UnknownNameError,
)
from matcalc.expr import Node, dimensions, symbol, symbol_name, symbols
from matcalc.linear import differential
from matcalc.ops.algebra import EYE, PRODUCT, SUM_OP, add, eye, inner, mul
from matcalc.ops.kronecker import KRON
from matcalc.reverse import gradient_of
from matcalc.rewrite.simplify import simplify
from matcalc.shapes import Shape, dims, listed, same, whole_number

LEFT_OVER = 1e-6  # of the right-hand side, for a solution to count as one
COLUMNS = "columns"  # how many vectors an operator is applied to at once


class Operator:
    """A Hessian at one point that multiplies without being formed. vec stacks columns."""

    def __init__(
        self,
        apply: Callable[[Any], Any],
        dense: Callable[[], Any],
        size: int,
        core: Callable[[], Any] | None = None,
    ) -> None:
        self._apply, self._dense, self._core = apply, dense, core
        self.shape = (size, size)
        self.dtype = np.dtype(float)

    def matvec(self, v: Any) -> Any:
        """The product with one vector, in the vector's own form."""
        v = np.asarray(v, dtype=float)
        return self._apply(v.reshape(-1, 1)).reshape(v.shape)

    def matmat(self, V: Any) -> Any:
        """The product with a matrix of columns."""
        return self._apply(np.asarray(V, dtype=float))

    rmatvec, rmatmat = matvec, matmat  # a Hessian is symmetric

    def __matmul__(self, other: Any) -> Any:
        return self.matvec(other) if np.ndim(other) == 1 else self.matmat(other)

    def dense(self) -> Any:
        """The whole matrix."""
        return self._dense()

    def solve(self, b: Any) -> Any:
        """The solution of H x = b: through the core where there is one, else the whole matrix."""
        b = np.asarray(b, dtype=float)
        if self._core is None:
            return _solved(self.dense(), b)
        core = self._core()
        return core.outward(_solved(core.matrix, core.inward(b))).reshape(b.shape)


def _solved(H: Any, b: Any) -> Any:
    if np.shape(b)[:1] != H.shape[:1]:
        raise ShapeError(f"the Hessian is {H.shape}, and the right-hand side {np.shape(b)}")
    try:
        x = np.linalg.solve(H, b)
    except np.linalg.LinAlgError as error:
        raise DomainError(f"the Hessian has no inverse at this point: {error}") from error
    # A singular matrix may pass as a regular one by rounding; what comes out then solves nothing.
    if not np.linalg.norm(H @ x - b) <= LEFT_OVER * np.linalg.norm(b):
        raise DomainError("the Hessian has no inverse at this point: it is singular")
    return x


class Core:
    """The small factor of a Hessian that is a Kronecker product with an identity.

    ``side`` says where the matrix stands: ``matrix kron I`` or ``I kron matrix``.
    """

    def __init__(self, matrix: Any, side: str, repeat: int) -> None:
        self.matrix, self.side, self.repeat = matrix, side, repeat

    @property
    def shape(self) -> tuple[int, int]:
        n = self.matrix.shape[0] * self.repeat
        return n, n

    def dense(self) -> Any:
        """The whole matrix."""
        one = np.eye(self.repeat)
        pair = (self.matrix, one) if self.side == "left" else (one, self.matrix)
        return np.kron(*pair)

    def inward(self, b: Any) -> Any:
        """A right side as the small matrix sees it, a column for each repetition."""
        if self.side == "left":
            return b.reshape(-1, self.repeat)
        return b.reshape(self.repeat, -1).T

    def outward(self, x: Any) -> Any:
        return x if self.side == "left" else x.T


class HessianFunction:
    """What ``hessian_function`` makes: call it with the inputs by name."""

    def __init__(self, f: Node, wrt: Node, form: str, options: Mapping[str, Any]) -> None:
        H = hessian_of(f, wrt)
        self.expression, self.form = H, form
        spare = symbols_of(f, wrt)
        self.known = set(spare) | {s.name for s in dimensions(f)}
        self.dense = compiled_of(H, options, spare) if form in ("dense", "operator") else None
        self.factor = _kronecker(H)
        self.core = compiled_of(self.factor[0], options, spare) if self.factor is not None else None
        if form == "core" and self.factor is None:
            raise MatcalcError(f"the Hessian {H} is no Kronecker product with an identity")
        self.size = Dimension(_rows(H), spare)
        self.repeat = Dimension(self.factor[2] if self.factor is not None else 1, spare)
        self.apply: Compiled | None = None
        self.name = ""
        if form == "operator":
            taken = self.known | {s.name for s in dimensions(H)}
            self.name, count = _fresh("V", taken), _fresh(COLUMNS, taken)
            V = symbol(self.name, (_rows(H), dims(count)))
            self.apply = compiled_of(mul(H, V), options, spare)

    @property
    def source(self) -> str:
        chosen = {"dense": self.dense, "operator": self.apply, "core": self.core}[self.form]
        return chosen.source if chosen is not None else ""

    def __call__(self, /, **given: Any) -> Any:
        values = {k: v for k, v in given.items() if k in self.known}
        if self.form == "dense":
            return self.dense(**values)  # type: ignore[misc]
        if self.form == "core":
            return self._core(values)
        apply, dense = self.apply, self.dense
        assert apply is not None
        assert dense is not None
        name = self.name
        size = self.size(values)
        core = None if self.core is None else lambda: self._core(values)
        return Operator(
            lambda V: apply(**values, **{name: V}),
            lambda: dense(**values),
            size,
            core,
        )

    def _core(self, values: Mapping[str, Any]) -> Core:
        assert self.factor is not None
        assert self.core is not None
        side = self.factor[1]
        matrix = np.atleast_2d(self.core(**values))
        return Core(matrix, side, self.repeat(values))


def _rows(H: Node) -> Any:
    return H.shape[0] if H.shape else 1


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


class Dimension:
    """A dimension of an expression, read off the arrays that stand for its symbols."""

    def __init__(self, d: Any, symbols: Mapping[str, Shape]) -> None:
        self.d = d
        wanted: set[Any] = getattr(d, "free_symbols", set())
        self.places: dict[Any, list[tuple[str, int]]] = {}
        for name, shape in symbols.items():
            for axis, size in enumerate(shape):
                if size in wanted:
                    self.places.setdefault(size, []).append((name, axis))
        self.named = [s for s in wanted if s not in self.places]
        self.known: dict[tuple[int, ...], int] = {}

    def __call__(self, values: Mapping[str, Any]) -> int:
        told = [self._told(s, values) for s in (*self.places, *self.named)]
        key = tuple(told)
        if key not in self.known:
            swaps = dict(zip([*self.places, *self.named], told, strict=True))
            self.known[key] = int(self.d.subs(swaps)) if swaps else int(self.d)
        return self.known[key]

    def _told(self, s: Any, values: Mapping[str, Any]) -> int:
        if s.name in values:
            return whole_number(s.name, values[s.name])
        for name, axis in self.places.get(s, ()):
            if name in values:
                return int((*np.shape(values[name]), 1)[axis])
        names = [name for name, _ in self.places.get(s, ())] or [s.name]
        raise UnknownNameError(f"no value for {listed(names)}")


def _kronecker(H: Node) -> tuple[Node, str, Any] | None:
    """The factor of ``c (A kron I)`` or ``c (I kron A)``, its side, and the size of I.

    In a sum of such, a multiple of the identity belongs to the factor.
    """
    if H.op is SUM_OP:
        return _kronecker_sum(H)
    scalars: list[Node] = []
    if H.op is PRODUCT:
        scalars = [a for a in H.operands if not a.shape]
        rest = [a for a in H.operands if a.shape]
        if len(rest) != 1:
            return None
        H = rest[0]
    if scalars and H.op is SUM_OP:
        found = _kronecker_sum(H)
        return found and (mul(*scalars, found[0]), *found[1:])
    if H.op is not KRON:
        return None
    a, b = H.operands
    if b.op is EYE:
        return mul(*scalars, a), "left", b.params[0]
    if a.op is EYE:
        return mul(*scalars, b), "right", a.params[0]
    return None


def _kronecker_sum(H: Node) -> tuple[Node, str, Any] | None:
    parts = [_kronecker(t) for t in H.operands]
    first = next((p for p in parts if p is not None), None)
    if first is None:
        return None
    total: list[Node] = []
    for part, t in zip(parts, H.operands, strict=True):
        scalars = [a for a in t.operands if not a.shape] if t.op is PRODUCT else []
        rest = [a for a in t.operands if a.shape] if t.op is PRODUCT else [t]
        if part is None and len(rest) == 1 and rest[0].op is EYE:
            part = (mul(*scalars, eye(first[0].shape[0])), *first[1:])
        if part is None or part[1] != first[1] or not same(part[2], first[2]):
            return None
        total.append(part[0])
    return add(*total), first[1], first[2]


def compiled_of(
    expression: Node,
    options: Mapping[str, Any],
    spare: Mapping[str, Shape],
    backend: str = "numpy",
) -> Compiled:
    """One expression as a function; what it does not depend on may be given all the same."""
    function = backends.compiled(plan_of_expressions([expression], ["value"], **options), backend)
    function.spare = {s: shape for s, shape in spare.items() if s not in function.arguments}
    return function


def hessian_product(f: Node, wrt: Node, direction: str = "V") -> Node:
    """The Hessian applied to a direction of the variable's shape, without the Hessian."""
    V = _direction(direction, f, wrt)
    gradient = gradient_of(f, [wrt])[wrt]
    return simplify(differential(gradient, [wrt], {wrt: V}))


def gauss_newton_product(f: Node, F: Node, wrt: Node, direction: str = "V") -> Node:
    """J' (d^2 f / dF^2) J applied to a direction, for f that depends on ``wrt`` through F alone."""
    from matcalc.expr import substitute

    V = _direction(direction, f, wrt)
    middle = symbol("F?", F.shape)
    outer = substitute(f, {F: middle})
    if wrt in symbols(outer):
        raise MatcalcError(f"{f} depends on {wrt} otherwise than through {F}")
    JV = differential(F, [wrt], {wrt: V})
    slope = gradient_of(outer, [middle])[middle]
    bent = differential(slope, [middle], {middle: JV})
    bent = substitute(bent, {middle: F})
    held = symbol("B?", F.shape)
    back = gradient_of(inner(held, F), [wrt])[wrt]
    return simplify(substitute(back, {held: bent}))


def _direction(name: str, f: Node, wrt: Node) -> Node:
    if name in symbols_of(f, wrt):
        raise NameClashError(
            f"{name} is a symbol of the expression: give the direction another name, direction=..."
        )
    return symbol(name, wrt.shape)


def symbols_of(f: Node, wrt: Node) -> dict[str, Shape]:
    """The symbols that people have arrays for, with their shapes."""
    return {symbol_name(s): s.shape for s in (*symbols(f), wrt)}


def hessian_of(f: Node, wrt: Node) -> Node:
    return simplify(second.hessian(f, wrt))


__all__ = ["Core", "HessianFunction", "Operator", "gauss_newton_product", "hessian_of"]
