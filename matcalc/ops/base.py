"""What an operation is.

An operation is one object that says everything about itself: shape, definition entry by entry, how
it changes when one operand changes, how it is written and computed. About change it says one of two
things for each operand (``slot``):

* the operation is *linear* in the slot: it states the adjoint and the matrix on vec;
* it is not: ``change`` states the differential in terms of the operands and the output ``F``.

An operation does not know what a gradient is; it never sees a layout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

import sympy as sp

from matcalc import shapes
from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import BUILD, Node, brief, make
from matcalc.shapes import Shape

# How tightly a written form binds.
SUM, NEG, PROD, FRACTION, POW, ATOM = 10, 15, 20, 30, 40, 50

Written = tuple[str, int]
Operands = tuple[Node, ...]
Params = tuple[Any, ...]

OPS: dict[str, Op] = {}
FUNCTIONS: dict[str, Callable[..., Node]] = {}  # the text language: name -> builder


class Writer(Protocol):
    """A printer: ``w(node, level)`` is the node as text, bracketed if it binds less than level."""

    def __getattr__(self, name: str) -> Any: ...  # the LaTeX writer has a method per notation

    def __call__(self, node: Node, level: int = 0) -> str: ...


class Entries(Protocol):
    """What ``entry`` may ask of its operands, symbolically or in numbers."""

    def __call__(self, slot: int, i: Any = None, j: Any = None) -> Any: ...

    def shape(self, slot: int) -> tuple[Any, Any]: ...

    def sum(self, count: Any, term: Callable[[Any], Any]) -> Any: ...

    def function(self, name: str, *values: Any) -> Any: ...

    def delta(self, i: Any, j: Any) -> Any: ...

    def choose(self, cases: Sequence[tuple[Any, Callable[[], Any]]]) -> Any: ...


class Op:
    """One operation of the calculus. Subclass, fill the faces, call ``register``."""

    name: ClassVar[str]
    law: ClassVar[str] = ""  # the differential as a textbook states it, in LaTeX
    commutes: ClassVar[bool] = False
    keeps_1x1: ClassVar[bool] = False  # a 1 x 1 result stays a matrix
    analytic: ClassVar[bool] = True  # its code may be fed complex numbers
    constant: ClassVar[bool] = False  # nothing below it can change
    sees_constants: ClassVar[bool] = False  # its rule depends on which operands are constant
    samples: ClassVar[tuple[str, ...]] = ()  # operand shapes to test it on, see samples.py
    code_shown: ClassVar[str] = ""  # NumPy for the page of operations, where ``code`` is none

    # -- identity ----------------------------------------------------------------------------

    def __reduce__(self) -> Any:
        return _op_named, (self.name,)

    def identity(self, params: Params) -> Params:
        """The parameters that matter for being the same mathematics."""
        return params

    def display(self, params: tuple[Any, ...]) -> tuple[Any, ...]:
        """The parameters that only change how it is written."""
        return ()

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        """Free indices and binder level of a node."""
        if not operands:
            return (), 0
        if len(operands) == 1:
            return operands[0].indices, operands[0].level
        found = {i for a in operands if a.indices for i in a.indices}
        free = tuple(sorted(found, key=str)) if found else ()
        return free, max(a.level for a in operands)

    def sample_params(self, A: Operands) -> Sequence[Params]:
        """Parameters to test it with, on operands of the sample shapes."""
        return ((),)

    # -- faces ---------------------------------------------------------------------------------

    def shape_of(self, A: Operands, params: Params) -> Shape:
        raise NotImplementedError

    def build(self, A: Operands, params: Params) -> Node:
        """The constructor: what it folds stands in docs/conventions.md, and it never folds more."""
        return make(self, tuple(map(operand, A)), params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        """Entry (i, j), or the value of a scalar: the definition every other face is held to."""
        raise NotImplementedError

    def linear_in(self, slot: int) -> bool:
        return False

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        """The differential of F when operand ``slot`` alone changes by dA."""
        if self.linear_in(slot):
            return self.build((*A[:slot], dA, *A[slot + 1 :]), params)
        raise NoRuleError(
            f"no differential for {self.name}, operand {slot + 1}. "
            "Declare one as in docs/new-op.md; `matcalc ops` lists what exists."
        )

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        """For a linear slot: the D with <G, change(dA)> = <D, dA> for every dA."""
        raise NoRuleError(f"no adjoint for {self.name}, operand {slot + 1}; see docs/new-op.md")

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        """For a linear slot: the M with vec(change(dA)) = M vec(dA)."""
        raise NoRuleError(f"no vec matrix for {self.name}, operand {slot + 1}; see docs/new-op.md")

    def latex(self, node: Node, w: Writer) -> Written:
        raise NotImplementedError

    def text(self, node: Node, w: Writer) -> Written:
        return f"{self.name}({', '.join(w(a) for a in node.operands)})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        """NumPy source for the value; operands and parameters come as source."""
        raise NotImplementedError

    def code_params(self, node: Node) -> tuple[Any, ...]:
        """The parameters that ``code`` wants, as sympy integer expressions or plain text."""
        return node.params

    def margin(self, values: Sequence[Any]) -> float:
        """How far operand values are from a kink of the operation."""
        return float("inf")

    def in_domain(self, values: Sequence[Any]) -> bool:
        """Whether operand values lie where the operation is defined."""
        return True


class Linear(Op):
    """An operation linear in every operand: ``change`` puts dA in the operand's place."""

    def linear_in(self, slot: int) -> bool:
        return True


def _op_named(name: str) -> Op:
    return OPS[name]


FACES = ("shape_of", "entry", "latex", "code")


def register(op: Op) -> Op:
    """Admit an operation; one that lacks a face is refused."""
    cls = type(op)
    missing = [face for face in FACES if getattr(cls, face) is getattr(Op, face)]
    if not (op.__doc__ or "").strip() or op.__doc__ == Op.__doc__:
        missing.append("a docstring that states the equation")
    if not op.constant:
        if not op.law:
            missing.append("law")
        if not op.samples:
            missing.append("samples")
        changes = cls.change is not Op.change
        linear = cls.adjoint is not Op.adjoint and cls.vec_matrix is not Op.vec_matrix
        if not (changes or linear):
            missing.append("change, or adjoint and vec_matrix")
    if missing:
        raise TypeError(f"operation {op.name} does not declare {', '.join(missing)}")
    if op.name in OPS:
        raise TypeError(f"there is an operation {op.name} already")
    OPS[op.name] = op
    return op


def function(name: str | None = None) -> Callable[[Callable[..., Node]], Callable[..., Node]]:
    """Make a builder a word of the text language (and of ``mc``)."""

    def enter(fn: Callable[..., Node]) -> Callable[..., Node]:
        FUNCTIONS[name or fn.__name__] = fn
        return fn

    return enter


def operand(value: Any) -> Node:
    """An operand as a node; a declared 1 x 1 matrix is a scalar wherever it is used."""
    from matcalc.expr import read

    node = read(value)
    if node.shape and node.shape[0] is shapes.ONE and node.shape[1] is shapes.ONE:
        return BUILD["item"](node)
    return node


def rows_cols(node: Node) -> tuple[sp.Expr, sp.Expr]:
    """The shape, a scalar counting as 1 x 1."""
    return node.shape if node.shape else (shapes.ONE, shapes.ONE)


def wants_square(node: Node, doing: str) -> None:
    if node.shape and not shapes.same(*node.shape):
        raise ShapeError(
            f"{doing} needs a square matrix, but {brief(node)} is {shapes.show(node.shape)}"
        )


def same_shapes(A: Sequence[Node], doing: str, repair: str = "") -> Shape:
    """The common shape of the matrix operands (scalars broadcast), or an error that names two."""
    matrices = [a for a in A if a.shape]
    if not matrices:
        return ()
    first = matrices[0]
    for other in matrices[1:]:
        if not shapes.same_shape(first.shape, other.shape):
            raise ShapeError(misfit(first, other, doing, repair))
    return first.shape


def misfit(a: Node, b: Node, doing: str, repair: str = "") -> str:
    """Two operands of different shapes, and what was perhaps meant."""
    said = f"cannot {doing} {named(a)} and {named(b)}: the shapes differ"
    if a.shape and shapes.same_shape(a.shape, tuple(reversed(b.shape))):
        flip = BUILD["transpose"]
        said += f"; did you mean {brief(flip(b))} (transposed) or {brief(flip(a))}?"
    elif repair:
        said += f"; {repair}"
    return said


def named(node: Node) -> str:
    return f"{brief(node)} ({shapes.show(node.shape)})"
