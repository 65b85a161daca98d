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
from matcalc.errors import MatcalcError, NameClashError, UnknownNameError
from matcalc.expr import Node, dimensions, symbol
from matcalc.linear import differential
from matcalc.ops.algebra import EYE, PRODUCT, inner, mul
from matcalc.ops.kronecker import KRON
from matcalc.reverse import gradient_of
from matcalc.rewrite.simplify import simplify
from matcalc.shapes import dims

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
            return np.linalg.solve(self.dense(), b)
        core = self._core()
        first = np.linalg.solve(core.matrix, core.inward(b))
        return core.outward(first).reshape(b.shape)


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

    def __init__(self, H: Node, form: str, options: Mapping[str, Any]) -> None:
        self.expression, self.form = H, form
        self.dense = compiled_of(H, options) if form in ("dense", "operator") else None
        self.factor = _kronecker(H)
        self.core = compiled_of(self.factor[0], options) if self.factor is not None else None
        if form == "core" and self.factor is None:
            raise MatcalcError(f"the Hessian {H} is no Kronecker product with an identity")
        self.size = Dimension(_rows(H), H)
        self.repeat = Dimension(self.factor[2] if self.factor is not None else 1, H)
        self.apply: Compiled | None = None
        self.name = ""
        if form == "operator":
            taken = {s.params[0] for s in _symbols(H)} | {s.name for s in dimensions(H)}
            self.name, count = _fresh("V", taken), _fresh(COLUMNS, taken)
            V = symbol(self.name, (_rows(H), dims(count)))
            self.apply = compiled_of(mul(H, V), options)

    @property
    def source(self) -> str:
        chosen = {"dense": self.dense, "operator": self.apply, "core": self.core}[self.form]
        return chosen.source if chosen is not None else ""

    def __call__(self, **values: Any) -> Any:
        if self.form == "dense":
            return self.dense(**_taken(self.dense, values))  # type: ignore[misc]
        if self.form == "core":
            return self._core(values)
        apply, dense = self.apply, self.dense
        assert apply is not None
        assert dense is not None
        given, name = _taken(apply, values, self.name), self.name
        size = self.size(values)
        core = None if self.core is None else lambda: self._core(values)
        return Operator(
            lambda V: apply(**given, **{name: V}),
            lambda: dense(**_taken(dense, values)),
            size,
            core,
        )

    def _core(self, values: Mapping[str, Any]) -> Core:
        assert self.factor is not None
        assert self.core is not None
        side = self.factor[1]
        matrix = np.atleast_2d(self.core(**_taken(self.core, values)))
        return Core(matrix, side, self.repeat(values))


def _rows(H: Node) -> Any:
    return H.shape[0] if H.shape else 1


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _taken(function: Compiled | None, values: Mapping[str, Any], but: str = "") -> dict[str, Any]:
    """The values that one of the programs asks for."""
    assert function is not None
    wanted = set(function.arguments) - {but}
    return {k: v for k, v in values.items() if k in wanted}


class Dimension:
    """A dimension of an expression, read off the arrays that stand for its symbols."""

    def __init__(self, d: Any, H: Node) -> None:
        self.d = d
        wanted: set[Any] = getattr(d, "free_symbols", set())
        self.places: dict[Any, tuple[str, int]] = {}
        for s in _symbols(H):
            for axis, size in enumerate(s.shape):
                if size in wanted:
                    self.places.setdefault(size, (s.params[0], axis))
        self.named = [s for s in wanted if s not in self.places]
        self.known: dict[tuple[int, ...], int] = {}

    def __call__(self, values: Mapping[str, Any]) -> int:
        for name in (*(name for name, _ in self.places.values()), *(s.name for s in self.named)):
            if name not in values:
                raise UnknownNameError(f"no value for {name}")
        told = [np.shape(values[name])[axis] for name, axis in self.places.values()]
        told += [int(values[s.name]) for s in self.named]
        key = tuple(told)
        if key not in self.known:
            swaps = dict(zip([*self.places, *self.named], told, strict=True))
            self.known[key] = int(self.d.subs(swaps)) if swaps else int(self.d)
        return self.known[key]


def _kronecker(H: Node) -> tuple[Node, str, Any] | None:
    """The factor of ``c (A kron I)`` or ``c (I kron A)``, its side, and the size of I."""
    scalars: list[Node] = []
    if H.op is PRODUCT:
        scalars = [a for a in H.operands if not a.shape]
        rest = [a for a in H.operands if a.shape]
        if len(rest) != 1:
            return None
        H = rest[0]
    if H.op is not KRON:
        return None
    a, b = H.operands
    if b.op is EYE:
        return mul(*scalars, a), "left", b.params[0]
    if a.op is EYE:
        return mul(*scalars, b), "right", a.params[0]
    return None


def compiled_of(expression: Node, options: Mapping[str, Any]) -> Compiled:
    """One expression as a NumPy function."""
    plan = plan_of_expressions([expression], ["value"], **options)
    return backends.compiled(plan)


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
    if wrt in _symbols(outer):
        raise MatcalcError(f"{f} depends on {wrt} otherwise than through {F}")
    JV = differential(F, [wrt], {wrt: V})
    slope = gradient_of(outer, [middle])[middle]
    bent = differential(slope, [middle], {middle: JV})
    bent = substitute(bent, {middle: F})
    held = symbol("B?", F.shape)
    back = gradient_of(inner(held, F), [wrt])[wrt]
    return simplify(substitute(back, {held: bent}))


def _direction(name: str, f: Node, wrt: Node) -> Node:
    if name in {s.params[0] for s in _symbols(f)}:
        raise NameClashError(
            f"{name} is a symbol of the expression: give the direction another name, direction=..."
        )
    return symbol(name, wrt.shape)


def _symbols(node: Node) -> list[Node]:
    from matcalc.expr import symbols

    return symbols(node)


def hessian_of(f: Node, wrt: Node) -> Node:
    return simplify(second.hessian(f, wrt))


__all__ = ["Core", "HessianFunction", "Operator", "gauss_newton_product", "hessian_of"]
