"""Functions that stay symbols: entrywise ``g`` with g', g''; vector maps with their Jacobians;
scalar functions with partial derivatives in the shape of each operand.

A map's k-th derivative is a matrix again: the first is r x p, and each further one is the Jacobian
(rows: entries, columns: entries of the operand) of the vec of the one before. That makes the family
closed under differentiation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, _checked_name, make
from matcalc.ops.algebra import had, mul
from matcalc.ops.base import (
    ATOM,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    operand,
    register,
    rows_cols,
)
from matcalc.ops.entrywise import spread
from matcalc.shapes import Shape


class UndefinedEntrywise(Op):
    r"""An undefined function applied to every entry, $g(Z)$, or its derivative $g^{(k)}(Z)$."""

    name = "function"
    law = r"dg(Z) = g'(Z) \odot dZ"
    samples = ("n m", "")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return ("g", 0, None), ("g", 1, None)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return A[0].shape

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("undefined", *params[:2], x(0, i, j))

    def identity(self, params: Params) -> Params:
        return params[:2]

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        name, order, latex = params
        return had(make(self, A, (name, order + 1, latex)), spread(dA, F.shape))

    def latex(self, node: Node, w: Writer) -> Written:
        name, order, latex = node.params
        shown = f"{w.function_name(name, latex)}{primes(order, True)}"
        return rf"{shown}\left({w(node.operands[0])}\right)", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        name, order, _ = node.params
        return f"{name}{primes(order, False)}({w(node.operands[0])})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"functions[{params[0]}]({a[0]}, {params[1]})"

    def code_params(self, node: Node) -> Params:
        return repr(node.params[0]), node.params[1]

    needs_functions = True


def primes(order: int, latex: bool) -> str:
    if order <= 3:
        return "'" * order
    return f"^{{({order})}}" if latex else f"_{order}"


class UndefinedMap(Op):
    r"""An undefined map $f(x)$ into $\mathbb{R}^{r}$, or a matrix of its derivatives."""

    name = "map"
    law = r"df(x) = J_f(x)\,dx"
    samples = ("n 1", "", "n m, m 1")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        r, one, last = shapes.dims("r"), shapes.ONE, len(A) - 1
        map_ = [("f", r, slots, None, False) for slots in ((), (last,), (last, 0))]
        row = [("f1", one, slots, None, False) for slots in ((), (last,))]
        scalar = [("C", one, slots, None, True) for slots in ((), (0,), (0, last))]
        return *map_, *row, *scalar

    # params: name, rows of the value, slots differentiated so far, LaTeX name, scalar function?

    def shape_of(self, A: Operands, params: Params) -> Shape:
        _, r, slots, _, is_scalar = params
        if not slots:
            return (r, shapes.ONE)
        if is_scalar and len(slots) == 1:
            return rows_cols(A[slots[0]])
        rows, cols = self._before(A, params)
        return shapes.times(rows, cols), shapes.times(*rows_cols(A[slots[-1]]))

    def _before(self, A: Operands, params: Params) -> tuple[Any, Any]:
        """The shape of the derivative of one order less."""
        name, r, slots, latex, is_scalar = params
        shape = self.shape_of(A, (name, r, slots[:-1], latex, is_scalar))
        if is_scalar and len(slots) <= 1:
            return shapes.ONE, shapes.ONE
        if not is_scalar and len(slots) == 1:
            return r, shapes.ONE
        return shape if shape else (shapes.ONE, shapes.ONE)

    def identity(self, params: Params) -> Params:
        return (*params[:3], params[4])

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("map", i, j, *params)

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        name, r, slots, latex, is_scalar = params
        D = make(self, A, (name, r, (*slots, slot), latex, is_scalar))
        if is_scalar and not slots:
            return BUILD["inner"](D, dA)
        change = mul(D, BUILD["vec"](dA))
        return BUILD["unvec"](change, *rows_cols(F))

    def latex(self, node: Node, w: Writer) -> Written:
        name, _, slots, latex, is_scalar = node.params
        shown = w.function_name(name, latex)
        inside = ", ".join(w(a) for a in node.operands)
        if not slots:
            return rf"{shown}\left({inside}\right)", ATOM
        if is_scalar:
            return w.partial(shown, slots, node.operands), ATOM
        order = "" if len(slots) == 1 else f"^{{{len(slots)}}}"
        which = "" if len(node.operands) == 1 else f"_{{{''.join(str(s + 1) for s in slots)}}}"
        return rf"{{J_{{{shown}}}{order}}}{which}\left({inside}\right)", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        name, _, slots, _, _ = node.params
        inside = ", ".join(w(a) for a in node.operands)
        which = f"D{'_'.join(str(s + 1) for s in slots)}_" if slots else ""
        return f"{which}{name}({inside})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"functions[{params[0]}]([{', '.join(a)}], {params[1]}, {params[2]}, {params[3]})"

    def code_params(self, node: Node) -> Params:
        name, r, slots, _, is_scalar = node.params
        return repr(name), r, repr(slots), repr(is_scalar)


FUNCTION = register(UndefinedEntrywise())
MAP = register(UndefinedMap())


def function(name: str, latex: str | None = None) -> Callable[[Any], Node]:
    """An undefined entrywise function: ``function("g")(Z)``, with g' and g'' as they come up."""
    _checked_name(name)

    def apply(Z: Any) -> Node:
        return make(FUNCTION, (operand(Z),), (name, 0, latex))

    apply.__name__ = name
    return apply


def map_(name: str, rows: Any, latex: str | None = None) -> Callable[..., Node]:
    """An undefined map into R^rows whose Jacobian stays a symbol."""
    _checked_name(name)
    r = shapes.dim(rows)

    def apply(*operands: Any) -> Node:
        if not operands:
            raise ShapeError(f"the map {name} needs an operand")
        return make(MAP, tuple(operand(a) for a in operands), (name, r, (), latex, False))

    apply.__name__ = name
    return apply


def scalar_function(name: str, latex: str | None = None) -> Callable[..., Node]:
    """An undefined scalar function; its partial derivatives have the shape of each operand."""
    _checked_name(name)

    def apply(*operands: Any) -> Node:
        if not operands:
            raise ShapeError(f"the function {name} needs an operand")
        params = (name, shapes.ONE, (), latex, True)
        return make(MAP, tuple(operand(a) for a in operands), params)

    apply.__name__ = name
    return apply


BUILD["function"] = function
