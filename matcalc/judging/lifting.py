r"""A side of a line as an expression of the engine, for sizes and arrays in general.

A derivative is taken by the engine. What has no expression here (an expectation, a row that depends
on an index) is refused; such lines are judged by numbers alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.expr import Node, is_number, is_symbol, number, substitute, symbol, symbol_name
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol, sinks
from matcalc.judging.functions import is_application
from matcalc.judging.lifted_functions import Functions
from matcalc.judging.lifted_names import NoExpressionError, identifier
from matcalc.judging.products import ENTRYWISE
from matcalc.linear import differential
from matcalc.ops.algebra import eye, had, mul, ones, plus, t, zeros
from matcalc.ops.algebra import inner as inner_product
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.entrywise import power
from matcalc.ops.undefined import scalar_function
from matcalc.reading import tree
from matcalc.reading.writer import write
from matcalc.reverse import gradient_of
from matcalc.second import hessian, jacobian

MATRIX_SIGNS = frozenset({"", r"\cdot", "*", r"\ast", r"\times", "@"})


class Lift(Functions):
    """The expressions of one page in one layout."""

    def __call__(self, node: tree.Node) -> Node:
        """The expression of a formula."""
        match node:
            case tree.Number():
                text = node.text.replace(",", "")
                return number(sp.Rational(text))
            case tree.Symbol() if node.name in ("I", "I_bb") and len(node.subscripts) == 1:
                return eye(self.dim(node.subscripts[0]))
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
        parts = [self(term) for term in node.terms]
        if any(sign not in "+-" for sign in node.signs):
            raise NoExpressionError(write(node))
        signed = [
            mul(number(-1), p) if sign == "-" else p
            for p, sign in zip(parts, node.signs, strict=True)
        ]
        full = next((p.shape for p in signed if p.shape and not _has_one(p)), None)
        if self.lenient and full is not None:
            signed = [self.spread(p, full) for p in signed]
        found = signed[0]
        for part in signed[1:]:
            found = plus(found, part)
        return found

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
            if split is not None and not is_application(self.scope, inner):  # type: ignore[arg-type]
                factors += split
                signs.append("")
            else:
                factors.append(factor)
        return self.grouped([self(f) for f in factors], signs)

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
        if split is not None and not is_application(self.scope, tree.core(node)[0]):  # type: ignore[arg-type]
            return self(tree.Product(split, ("",)))
        base = node.base
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

    # ------------------------------------------------------------ derivatives

    def variable(self, by: tree.Node) -> tuple[str, Node, Node]:
        """(key, a variable in its place, what it stands for)."""
        inner = s.peeled(by)
        if not isinstance(inner, tree.Symbol) or inner.primes:
            raise NoExpressionError(write(by))
        key = s.full(inner)
        if key in self.env.dims or key in self.env.sizes:
            raise NoExpressionError(write(by))
        value = self.named(inner)
        return key, symbol(f"by_{identifier(key)}", value.shape), value

    def cut(self, key: str, variable: Node) -> Lift:
        """The page with a step as a variable of its own."""
        return replace(self, cuts={**self.cuts, key: variable}, known={})

    def differentiated(self, of: tree.Node, inner: Lift, by: tree.Node) -> Node:
        peeled = s.peeled(of)
        if isinstance(peeled, tree.Symbol) and not self.env.has(s.full(peeled)):
            known = self.env.is_function(s.full(peeled)) or s.full(peeled) in self.local
            if not known and not self.is_entry(peeled):
                above: list[tree.Node] = list(sinks(self.env)) or [by]
                return scalar_function(identifier(s.full(peeled)), write(peeled))(
                    *map(inner, above)
                )
        if self.env.surrogate is not None:
            raise NoExpressionError(write(of))
        return inner(of)

    def is_entry(self, node: tree.Symbol) -> bool:
        """Whether a name is an entry of an array of the page."""
        defined = self.env.has(s.stem(node)) or self.by_pattern(node) is not None
        return bool(node.subscripts) and defined

    def gradient(self, of: tree.Node, by: tree.Node) -> Node:
        if (whole := self.array_of(by)) is not None:
            return self.picked(self.gradient(of, whole), by)
        key, x, value = self.variable(by)
        found = self.differentiated(of, self.cut(key, x), by)
        if found.shape:
            raise NoExpressionError(f"{write(of)} is no number")
        return substitute(gradient_of(found, [x])[x], {x: value})

    def array_of(self, by: tree.Node) -> tree.Symbol | None:
        """The array whose entry is meant; None for a name of its own."""
        inner = s.peeled(by)
        if not isinstance(inner, tree.Symbol) or not inner.subscripts:
            return None
        if s.full(inner) in self.env.shapes or s.full(inner) in self.env.definitions:
            return None
        stem = replace(inner, subscripts=())
        return stem if self.env.has(s.full(stem)) else None

    def picked(self, whole: Node, by: tree.Node) -> Node:
        """The entry of a gradient at the place of its variable."""
        inner = s.peeled(by)
        assert isinstance(inner, tree.Symbol), "an entry of a name"
        held = replace(self, cuts={**self.cuts, s.full(replace(inner, subscripts=())): whole})
        found = held.item(inner)
        if found is None:
            raise NoExpressionError(write(by))
        return found

    def derivative(self, node: tree.Derivative) -> Node:
        if node.of is None or self.env.slopes or self.env.overrides:
            raise NoExpressionError(write(node))
        by = list(node.by)
        if len(by) == 1 and node.order.isdigit():
            by = by * int(node.order)
        if len(by) == 2:
            return self.second(node.of, *by)
        if len(by) != 1 or node.order != "1":
            raise NoExpressionError(write(node))
        if self.array_of(by[0]) is not None:
            return self.gradient(node.of, by[0])
        key, x, value = self.variable(by[0])
        found = self.differentiated(node.of, self.cut(key, x), by[0])
        if not found.shape:
            slope = gradient_of(found, [x])[x]
            slope = t(slope) if self.layout == "numerator" and slope.shape else slope
        elif not x.shape:
            if 1 not in found.shape:
                raise NoExpressionError(write(node))
            slope = jacobian(found, x)
            slope = slope if found.shape[1] == 1 else t(slope)
        else:
            slope = jacobian(found, x)
            slope = t(slope) if self.layout == "denominator" else slope
        return substitute(slope, {x: value})

    def second(self, of: tree.Node, first: tree.Node, again: tree.Node) -> Node:
        first, again = (_upright(by) for by in (first, again))
        key, x, value = self.variable(first)
        other, y, there = self.variable(again)
        if key == other:
            found = self.differentiated(of, self.cut(key, x), first)
            return substitute(hessian(found, x), {x: value})
        found = self.differentiated(of, self.cut(key, x).cut(other, y), first)
        return substitute(hessian(found, x, y), {x: value, y: there})

    def nabla(self, node: tree.Nabla) -> Node:
        of, by = node.of or loss_symbol(self.env), node.by
        if isinstance(of, tree.HeadBracket) and isinstance(of.head, tree.Symbol):
            by, of = by or of.bracket.items, of.head
        if isinstance(of, tree.Symbol) and not by:
            by = self.env.decorated.get(s.full(of), ())
        if of is None or len(by) != 1:
            raise NoExpressionError(write(node))
        if node.order == "2":
            return self.second(of, by[0], by[0])
        if node.order != "1":
            raise NoExpressionError(write(node))
        return self.gradient(of, by[0])

    def differential(self, node: tree.Differential) -> Node:
        if node.of is None or isinstance(node.of, tree.HeadBracket):
            raise NoExpressionError(write(node))
        if self.env.directions:
            moved = [self.named(d) for d in self.env.directions]
            if not all(map(is_symbol, moved)):
                raise NoExpressionError(write(node))
            return differential(self(node.of), moved, {x: change_of(x) for x in moved})
        loss = loss_symbol(self.env)
        if loss is None:
            raise NoExpressionError(write(node))
        return self.gradient(loss, node.of)


def change_of(x: Node) -> Node:
    """What dX is called beside X."""
    return symbol(f"d_{symbol_name(x)}", x.shape)


def _upright(by: tree.Node) -> tree.Node:
    r"""``x`` for the ``x^T`` of a Hessian."""
    inner = s.peeled(by)
    turned = isinstance(inner, tree.Postfix) and inner.kind == "transpose"
    return inner.base if turned else by  # type: ignore[attr-defined]


def _has_one(node: Node) -> bool:
    return any(shapes.is_one(d) for d in node.shape)
