r"""A side of a line as an expression of the engine, for sizes and arrays in general.

A derivative is taken by the engine. What has no expression here (an expectation, a row that depends
on an index) is refused; such lines are judged by numbers alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import Node, is_number, number
from matcalc.indexform import entry_form
from matcalc.judging import spelling as s
from matcalc.judging.lifted_derivatives import Derivatives
from matcalc.judging.lifted_names import NoExpressionError, UnsizedError
from matcalc.judging.products import ENTRYWISE
from matcalc.ops.algebra import eye, had, mul, ones, plus, t, zeros
from matcalc.ops.algebra import inner as inner_product
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.entrywise import power
from matcalc.reading import tree
from matcalc.reading.writer import write

MATRIX_SIGNS = frozenset({"", r"\cdot", "*", r"\ast", r"\times", "@"})


class Lift(Derivatives):
    """The expressions of one page in one layout."""

    def __call__(self, node: tree.Node) -> Node:
        """The expression of a formula."""
        match node:
            case tree.Number():
                text = node.text.replace(",", "")
                return number(sp.Rational(text))
            case tree.Symbol() if node.name in ("I", "I_bb") and len(node.subscripts) == 1:
                return eye(self.dim(node.subscripts[0]))
            case tree.Symbol() if self.is_identity(node):
                return self.identity()
            case tree.Symbol():
                return self.named(node)
            case tree.Filled() if len(node.subscripts) == 1 and node.digit in "01":
                size = self.dim(node.subscripts[0])
                return ones(size, 1) if node.digit == "1" else zeros(size, 1)
            case tree.Sum():
                return self.total(node)
            case tree.Product():
                return self.product(node)
            case tree.Fraction():
                return self.divided(self(node.numerator), self(node.denominator))
            case tree.Root() if node.degree is None:
                return FUNCTIONS["sqrt"](self(node.body))
            case tree.Labelled():
                return self(node.body)
            case tree.Bracket():
                return self.bracket(node)
            case tree.Postfix():
                return self.postfix(node)
            case tree.HeadBracket() | tree.Call():
                return self.application(node)
            case tree.BigOperator():
                return self.summed(node)
            case tree.Derivative():
                return self.derivative(node)
            case tree.Nabla():
                return self.nabla(node)
            case tree.Differential():
                return self.differential(node)
        raise NoExpressionError(write(node))

    def total(self, node: tree.Sum) -> Node:
        parts = self.together(node.terms)
        if any(sign not in "+-" for sign in node.signs):
            raise NoExpressionError(write(node))
        signed = [
            mul(number(-1), p) if sign == "-" else p
            for p, sign in zip(parts, node.signs, strict=True)
        ]
        full = next((p.shape for p in signed if p.shape and not _has_one(p)), None)
        if self.entries:
            full = next((p.shape for p in signed if p.shape), None)
        if (self.lenient or self.entries) and full is not None:
            signed = [self.spread(p, full) for p in signed]
        found = signed[0]
        for part in signed[1:]:
            found = plus(found, part)
        return found

    def together(self, nodes: Sequence[tree.Node]) -> list[Node]:
        """Expressions of one shape: an identity among them has the size of the others."""
        found = [self.sized(node) for node in nodes]
        if all(part is not None for part in found):
            return [part for part in found if part is not None]
        square = (p.shape[0] for p in found if p is not None and p.shape and _is_square(p))
        size = next(square, self.size)
        if size is None:
            raise UnsizedError("an identity of any size")
        again = replace(self, size=size)
        return [again(node) if p is None else p for node, p in zip(nodes, found, strict=True)]

    def sized(self, node: tree.Node) -> Node | None:
        """The expression; None for an identity whose size is not said."""
        try:
            return replace(self, size=None)(node)
        except UnsizedError:
            return None

    @staticmethod
    def spread(part: Node, full: tuple[Any, Any]) -> Node:
        """A bias, once for every row or column."""
        if part.shape == (1, full[1]):
            return mul(ones(full[0], 1), part)
        if part.shape == (full[0], 1):
            return mul(part, ones(1, full[1]))
        if not part.shape and not is_number(part):
            return mul(part, ones(*full))
        return part

    def product(self, node: tree.Product) -> Node:
        factors: list[tree.Node] = []
        signs: list[str] = []
        for place, factor in enumerate(node.factors):
            if place:
                signs.append(node.operators[place - 1])
            split = tree.as_product(factor)
            inner = tree.core(factor)[0]
            if split is not None and not self.applies(inner):  # type: ignore[arg-type]
                factors += split
                signs.append("")
            else:
                factors.append(factor)
        parts = self.factors(factors, signs)
        try:
            return self.grouped(parts, signs)
        except ShapeError:
            if not set(signs) & ENTRYWISE:
                raise
            return self.from_the_left(parts, signs)

    def factors(self, nodes: list[tree.Node], signs: list[str]) -> list[Node]:
        """The factors of a product; an identity among them has the size of its neighbour."""
        found = [self.sized(node) for node in nodes]
        for k, part in enumerate(found):
            if part is not None:
                continue
            before = next((p for p in reversed(found[:k]) if p is not None and p.shape), None)
            after = next((p for p in found[k + 1 :] if p is not None and p.shape), None)
            size = before.shape[1] if before is not None else after.shape[0] if after else self.size
            if size is None or not set(signs) <= MATRIX_SIGNS:
                raise UnsizedError("an identity of any size")
            found[k] = replace(self, size=size)(nodes[k])
        return [part for part in found if part is not None]

    @staticmethod
    def from_the_left(parts: list[Node], signs: list[str]) -> Node:
        """``P \\odot G 1`` where only ``(P \\odot G) 1`` has a shape."""
        found = parts[0]
        for part, sign in zip(parts[1:], signs, strict=True):
            if sign not in ENTRYWISE and sign not in MATRIX_SIGNS:
                raise NoExpressionError(f"the sign {sign}")
            entrywise = sign in ENTRYWISE and found.shape and part.shape
            found = had(found, part) if entrywise else mul(found, part)
        return found

    def grouped(self, parts: list[Node], signs: list[str]) -> Node:
        """The matrix products first, then what acts entry by entry, from the left."""
        if self.entries:
            found = parts[0]
            for part, sign in zip(parts[1:], signs, strict=True):
                found = self.divided(found, part) if sign == "/" else had(found, part)
            return found
        tight, loose = [parts[0]], list[str]()
        for part, sign in zip(parts[1:], signs, strict=True):
            if sign in ENTRYWISE or sign in ("./", r"\oslash", r"\otimes"):
                tight.append(part)
                loose.append(sign)
            elif sign in ("/", r"\div"):
                tight[-1] = self.divided(tight[-1], part)
            elif sign == r"\cdot" and 1 in part.shape and tight[-1].shape == part.shape:
                tight[-1] = FUNCTIONS["dot"](tight[-1], part)
            elif sign in MATRIX_SIGNS:
                tight[-1] = mul(tight[-1], part)
            else:
                raise NoExpressionError(f"the sign {sign}")
        found = tight[0]
        for part, sign in zip(tight[1:], loose, strict=True):
            if sign == r"\otimes":
                found = FUNCTIONS["kron"](found, part)
            elif sign in ENTRYWISE:
                found = had(found, part) if found.shape and part.shape else mul(found, part)
            else:
                found = FUNCTIONS["hadamard"](found, power(part, -1))
        return found

    def divided(self, above: Node, below: Node) -> Node:
        if not below.shape:
            return mul(above, power(below, -1))
        if above.shape == below.shape:
            return had(above, power(below, -1))
        if not above.shape:
            return mul(above, power(below, -1))
        raise NoExpressionError("a quotient of two shapes")

    def bracket(self, node: tree.Bracket) -> Node:
        if node.left == r"\|" and len(node.items) == 1:
            return FUNCTIONS["norm2"](self(node.items[0]))
        if node.left == r"\langle" and len(node.items) == 2:
            return FUNCTIONS["dot"](*map(self, node.items))
        if node.left == "|" and len(node.items) == 1:
            inner = self(node.items[0])
            return FUNCTIONS["det" if inner.shape else "abs"](inner)
        plain = len(node.items) == 1 and not isinstance(node.items[0], tree.Relation)
        if plain and node.left in ("(", "[", r"\{", ""):
            return self(node.items[0])
        raise NoExpressionError(write(node))

    def postfix(self, node: tree.Postfix) -> Node:
        split = tree.as_product(node)
        if split is not None and not self.applies(tree.core(node)[0]):  # type: ignore[arg-type]
            return self(tree.Product(split, ("",)))
        base = node.base
        if node.kind == "subscript" and isinstance(base, tree.Bracket) and base.left in ("(", "["):
            return self.entry_of(self(base), node.arguments)
        if node.kind == "subscript" and isinstance(base, tree.Bracket) and base.left == r"\|":
            which = s.said(node.arguments[0], {})
            if which not in ("1", "2", "F"):
                raise NoExpressionError(write(node))
            return FUNCTIONS["norm1" if which == "1" else "norm2"](self(base.items[0]))
        if node.kind == "transpose" or (node.kind == "prime" and isinstance(base, tree.Bracket)):
            return t(self(base))
        if node.kind == "inverse":
            return self.inverse(self(base))
        if node.kind == "inverse-transpose":
            return t(self.inverse(self(base)))
        if node.kind in ("power", "superscript"):
            return self.raised(node)
        raise NoExpressionError(write(node))

    def entry_of(self, whole: Node, below: tuple[tree.Node, ...]) -> Node:
        """``(A B)_{ij}``, counted as the page counts."""
        first = 1 if self.env.base is None else self.env.base
        at = [self.at(p) - first for p in below]
        if not whole.shape or len(at) > 2 or (len(at) == 1 and 1 not in whole.shape):
            raise NoExpressionError("an entry of what has none")
        if len(at) == 1:
            at = [at[0], sp.Integer(0)] if shapes.is_one(whole.shape[1]) else [sp.Integer(0), at[0]]
        return entry_form(whole, *at)

    @staticmethod
    def inverse(inner: Node) -> Node:
        return FUNCTIONS["inv"](inner) if inner.shape else power(inner, -1)

    def raised(self, node: tree.Postfix) -> Node:
        exponent = self(node.arguments[0])
        base = node.base
        if isinstance(base, tree.Symbol) and s.bare(base) and base.name == "e":
            if self.scope.place(base) is None:
                return FUNCTIONS["exp"](exponent)
        squared = self.squared_norm(base, s.integer(node.arguments[0], {}))
        if squared is not None:
            return squared
        inner = self(base)
        square = inner.shape and shapes.same(*inner.shape)
        if square and not self.entries and not node.latex:
            times = s.integer(node.arguments[0], {})
            if times is None or not 1 <= times <= 6:
                raise NoExpressionError(write(node))
            found = inner
            for _ in range(times - 1):
                found = mul(found, inner)
            return found
        return power(inner, exponent)

    def squared_norm(self, base: tree.Node, times: int | None) -> Node | None:
        """An even power of a norm, which is no root."""
        if isinstance(base, tree.Postfix) and base.kind == "subscript":
            if s.said(base.arguments[0], {}) not in ("2", "F"):
                return None
            base = base.base
        norm = isinstance(base, tree.Bracket) and base.left == r"\|" and len(base.items) == 1
        if not norm or times is None or times % 2 or times < 2:
            return None
        inner = self(base.items[0])  # type: ignore[attr-defined]
        return power(inner_product(inner, inner), times // 2)


def _is_square(node: Node) -> bool:
    return shapes.same(*node.shape)


def _has_one(node: Node) -> bool:
    return any(shapes.is_one(d) for d in node.shape)
