r"""The formulas of a forward pass as values along index letters, rows and columns.

Whole matrices and entries are read by the same rules: a matrix product contracts columns with rows,
a sum over a letter contracts that letter, a function acts on every number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import number
from matcalc.judging import spelling as s
from matcalc.judging.forward_names import picked
from matcalc.judging.forward_sums import Sums
from matcalc.judging.indexed import COL, ROW, Indexed, NoMatrixForm, joined
from matcalc.ops.algebra import mul, ones
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.entrywise import power
from matcalc.reading import tree as t
from matcalc.reading.writer import write

ENTRYWISE = frozenset({".*", r"\odot", r"\circ", r"\bullet", r"\star", r"\boxdot"})
MATRIX_SIGNS = frozenset({"", r"\cdot", "*", r"\ast", r"\times"})
OVER = frozenset({"/", r"\div"})
OVER_ENTRIES = frozenset({"./", r"\oslash"})


@dataclass
class Formulas(Sums):
    """Formulas as values."""

    def value(self, node: t.Node) -> Indexed:
        """The value of a formula."""
        match node:
            case t.Number():
                return Indexed.of(number(sp.Rational(node.text.replace(",", ""))))
            case t.Symbol():
                return self.named(node)
            case t.Filled() if node.digit in "01":
                return self.filled(node)
            case t.Sum():
                return self.total(node)
            case t.Product():
                return self.product(node)
            case t.Fraction():
                return self.fraction(node)
            case t.Bracket():
                return self.bracket(node)
            case t.Labelled():
                return self.value(node.body)
            case t.Postfix():
                return self.postfix(node)
            case t.HeadBracket() | t.Call():
                return self.application(node)
            case t.BigOperator():
                return self.big(node)
            case t.Root() if node.degree is None:
                return self.value(node.body).each(FUNCTIONS["sqrt"])
            case t.Indicator():
                return self.condition(node.condition)
            case t.Cases():
                return self.cases(node)
        raise NoRuleError(f"a network cannot contain {write(node)}")

    def filled(self, node: t.Filled) -> Indexed:
        if node.digit == "0":
            raise NoRuleError(f"a network cannot contain {write(node)}")
        sizes = [self.dim(x) for x in node.subscripts]
        if not sizes:
            return Indexed.ones(ROW)
        return Indexed.of(ones(*sizes, *([1] if len(sizes) == 1 else [])))

    # ------------------------------------------------------------ sums of terms

    def total(self, node: t.Sum) -> Indexed:
        if any(sign not in "+-" for sign in node.signs):
            raise NoRuleError(f"a network cannot contain {write(node)}")
        parts = [self.value(term) for term in node.terms]
        whole = max((p.slots for p in parts), key=len)
        for part, term in zip(parts, node.terms, strict=True):
            self.fits_beside(term, part, parts, whole)
        for one, term in zip(parts[1:], node.terms[1:], strict=True):
            self.agree(parts[0], one, node.terms[0], term)
        found = parts[0] if node.signs[0] == "+" else parts[0].scaled(number(-1))
        for sign, part in zip(node.signs[1:], parts[1:], strict=True):
            found = found.plus(part if sign == "+" else part.scaled(number(-1)))
        return found.single()

    def fits_beside(
        self, term: t.Node, part: Indexed, parts: list[Indexed], whole: list[Any]
    ) -> None:
        """A bias may stand for every row or column; a row and a column make no sum."""
        slots = part.slots
        if len(whole) == 2 and slots == [ROW]:
            self.upright.add(COL)
        if len(whole) == 2 and slots == [COL]:
            self.upright.add(ROW)
        if len(whole) == 1 and slots and slots != whole:
            shown = ", ".join(f"{self.size_of(p)}" for p in parts)
            raise ShapeError(f"the terms of a sum are {shown}: a row and a column cannot be added")
        undeclared = isinstance(term, t.Symbol) and s.full(term) not in self.env.shapes
        if undeclared and whole and not slots and not part.letters:
            key = s.full(term)  # type: ignore[arg-type]
            free = key in self.declared and key not in self.numbers
            if free or key == "e":
                size = self.size_of(max(parts, key=lambda p: len(p.slots)))
                rows = size.partition(" x ")[0]
                raise NoRuleError(
                    f"what {write(term)} is does not follow: it is added to something {size}; "
                    rf"declare it, as in {write(term)} \in \mathbb{{R}}^{{{rows}}}"
                )

    def size_of(self, value: Indexed) -> str:
        rows, cols = value.shape()
        return " x ".join(
            "?" if d is None else shapes.show_dim(shapes.dim(d)) for d in (rows, cols)
        )

    def agree(self, a: Indexed, b: Indexed, left: t.Node, right: t.Node) -> None:
        """Two values that run along the same axes have the same lengths."""
        try:
            joined(a.axes, b.axes)
        except NoMatrixForm as error:
            raise ShapeError(
                f"{write(left)} ({self.size_of(a)}) and {write(right)} ({self.size_of(b)}) "
                f"do not fit: {error}"
            ) from None

    # ------------------------------------------------------------ products

    def product(self, node: t.Product) -> Indexed:
        """Matrix products first, then what acts entry by entry, from the left."""
        found: Indexed | None = None
        tight: Indexed | None = None
        sign = ""
        before: t.Node | None = None
        for place, factor in enumerate(node.factors):
            operator = node.operators[place - 1] if place else ""
            value = self.value(factor)
            if operator in ENTRYWISE | OVER_ENTRIES or operator == r"\otimes":
                found = self.entrywise(found, tight, sign, node)
                tight, sign = value, operator
            elif tight is None:
                tight = value
            elif operator in OVER:
                tight = self.divided(tight, value, node)
            elif operator in MATRIX_SIGNS:
                assert before is not None, "not the first"
                tight = self.multiplied(tight, value, operator, before, factor)
            else:
                raise NoRuleError(
                    f"a network cannot contain {write(node)}: what {operator} does is open"
                )
            before = factor
        result = self.entrywise(found, tight, sign, node)
        assert result is not None, "a product has factors"
        return result

    def entrywise(
        self, found: Indexed | None, tight: Indexed | None, sign: str, node: t.Node
    ) -> Indexed | None:
        if found is None or tight is None:
            return tight if found is None else found
        if sign == r"\otimes":
            return Indexed.of(FUNCTIONS["kron"](found.node(), tight.node()))
        if sign in OVER_ENTRIES:
            return self.divided(found, tight, node)
        if found.slots and tight.slots and found.slots != tight.slots:
            raise ShapeError(
                f"{write(node)}: {self.size_of(found)} and {self.size_of(tight)} cannot be "
                "multiplied entry by entry"
            )
        self.agree(found, tight, node, node)
        return found.times(tight)

    def multiplied(self, a: Indexed, b: Indexed, sign: str, left: t.Node, right: t.Node) -> Indexed:
        """A matrix product, a number times an array, or what a dot says of two equal shapes."""
        if not a.slots or not b.slots:
            self.agree(a, b, left, right)
            return a.times(b)
        alike = a.slots == b.slots
        if sign == r"\cdot" and alike and all(
            a.axes[x] is not None and b.axes[x] is not None and shapes.same(a.axes[x], b.axes[x])
            for x in a.slots
        ):  # fmt: skip
            if len(a.slots) == 1:
                return self.inner(a, b)
            if not shapes.same(*a.shape()):
                return a.times(b)
        if COL in a.axes and ROW in b.axes:
            size, other = a.axes[COL], b.axes[ROW]
            if size is not None and other is not None and not shapes.same(size, other):
                raise ShapeError(self.misfit(a, b, left, right))
            if not a.letters and not b.letters and None not in (*a.axes.values(), *b.axes.values()):
                return Indexed.of(mul(a.node(), b.node()))
            return a.matmul(b)
        if COL not in a.axes and ROW not in b.axes:
            return a.times(b)  # a column times a row
        raise ShapeError(self.misfit(a, b, left, right))

    def misfit(self, a: Indexed, b: Indexed, left: t.Node, right: t.Node) -> str:
        fits = [
            words
            for words, x, y in (
                (f"{write(left)}^T {write(right)}", a.transposed(), b),
                (f"{write(left)} {write(right)}^T", a, b.transposed()),
                (rf"{write(left)} \odot {write(right)}", None, None),
            )
            if (
                a.shape() == b.shape()
                if x is None or y is None
                else x.axes.get(COL, 1) == y.axes.get(ROW, 1)
            )
        ]
        meant = f"; did you mean {shapes.listed(fits)}?" if fits else ""
        return (
            f"cannot multiply {write(left)} ({self.size_of(a)}) by {write(right)} "
            f"({self.size_of(b)}){meant}"
        )

    @staticmethod
    def inner(a: Indexed, b: Indexed) -> Indexed:
        """The sum of all products of entries."""
        if not a.letters and not b.letters and None not in (*a.axes.values(), *b.axes.values()):
            return Indexed.of(FUNCTIONS["dot"](a.node(), b.node()))
        found = a.times(b)
        for slot in a.slots:
            found = found.summed(slot)
        return found

    # ------------------------------------------------------------ quotients and powers

    def fraction(self, node: t.Fraction) -> Indexed:
        soft = self.softmax_by_entries(node)
        if soft is not None:
            return soft
        return self.divided(self.value(node.numerator), self.value(node.denominator), node)

    def divided(self, above: Indexed, below: Indexed, node: t.Node) -> Indexed:
        if below.slots and above.slots and below.slots != above.slots:
            raise ShapeError(
                f"{write(node)} divides {self.size_of(above)} by {self.size_of(below)}"
            )
        self.agree(above, below, node, node)
        if below.axes and len(below.terms) == 1 and below.axes == above.axes:
            return above.each(FUNCTIONS["hadamard"], below.each(lambda x: power(x, -1)))
        return above.times(below.each(lambda x: power(x, -1)))

    def postfix(self, node: t.Postfix) -> Indexed:
        base = node.base
        if isinstance(base, t.HeadBracket) and isinstance(base.head, t.Symbol):
            split = t.as_product(node) if self.is_entry(base.head) else None
            if split is not None:
                return self.product(t.Product(split, ("",)))
        if node.kind == "subscript":
            return self.below(node)
        if node.kind == "transpose" or (node.kind == "prime" and isinstance(base, t.Bracket)):
            return self.value(base).transposed()
        if node.kind in ("inverse", "inverse-transpose"):
            found = self.inverse(self.value(base), node)
            return found.transposed() if node.kind == "inverse-transpose" else found
        if node.kind in ("power", "superscript"):
            return self.raised(node)
        raise NoRuleError(f"a network cannot contain {write(node)}")

    def inverse(self, value: Indexed, node: t.Node) -> Indexed:
        if not value.slots:
            return value.each(lambda x: power(x, -1))
        return Indexed.of(FUNCTIONS["inv"](self.matrix_of(value, node)))

    def below(self, node: t.Postfix) -> Indexed:
        """The kind of a norm, or an entry of what stands in brackets."""
        base = s.peeled(node.base)
        if isinstance(base, t.Bracket) and base.left == r"\|":
            which = s.said(node.arguments[0], {})
            inner = self.value(base.items[0])
            if which == "1":
                found = inner.each(FUNCTIONS["abs"])
                for slot in inner.slots:
                    found = found.summed(slot)
                return found
            if which in ("2", "F"):
                return self.norm(inner)
        elif all(self.running(x) for x in node.arguments):
            shown = t.Symbol(write(base), write(base))
            return picked(self, self.value(base), node.arguments, shown)
        raise NoRuleError(f"a network cannot contain {write(node)}")

    def norm(self, inner: Indexed) -> Indexed:
        if not inner.letters and inner.slots:
            return Indexed.of(FUNCTIONS["norm2"](inner.node()))
        return self.inner(inner, inner).each(FUNCTIONS["sqrt"])

    def raised(self, node: t.Postfix) -> Indexed:
        base = node.base
        times = s.integer(node.arguments[0], {})
        normed = s.peeled(base)
        if isinstance(normed, t.Postfix) and normed.kind == "subscript":
            normed = normed.base if s.said(normed.arguments[0], {}) in ("2", "F") else normed
        if times == 2 and isinstance(normed, t.Bracket) and normed.left == r"\|":
            inner = self.value(normed.items[0])
            if len(inner.axes) <= 2 and inner.letters and None not in inner.axes.values():
                square = inner.each(lambda x: power(x, 2))
                for slot in inner.slots:
                    square = square.summed(slot)
                return square
            if inner.letters:
                return self.inner(inner, inner)
        exponent = self.value(node.arguments[0])
        if isinstance(base, t.Symbol) and s.full(base) == "e" and not self.env.has("e"):
            return exponent.each(FUNCTIONS["exp"])
        found = self.value(base)
        if len(found.slots) == 2 and not node.latex and times is not None:
            if not shapes.same(*found.shape()):
                raise ShapeError(f"{write(node)} is a power of something {self.size_of(found)}")
            whole = self.matrix_of(found, node)
            if not 1 <= times <= 8:
                raise NoRuleError(f"a network cannot contain {write(node)}")
            result = whole
            for _ in range(times - 1):
                result = mul(result, whole)
            return Indexed.of(result)
        if not found.axes or not exponent.axes:
            up = exponent.node() if not exponent.axes else None
            if up is not None and (len(found.axes) <= 2 or times is None):
                return found.each(lambda x: power(x, up))
            if up is not None and times is not None and 1 <= times <= 4:
                result_ = found
                for _ in range(times - 1):
                    result_ = result_.times(found)
                return result_
        return found.each(power, exponent)

    def bracket(self, node: t.Bracket) -> Indexed:
        if node.left == r"\|" and len(node.items) == 1:
            return self.norm(self.value(node.items[0]))
        if node.left == r"\langle" and len(node.items) == 2:
            a, b = map(self.value, node.items)
            if a.slots != b.slots:
                raise ShapeError(self.misfit(a, b, *node.items))
            self.agree(a, b, *node.items)
            return self.inner(a, b)
        if node.left == "|" and len(node.items) == 1:
            inner = self.value(node.items[0])
            if inner.slots:
                return Indexed.of(FUNCTIONS["det"](self.matrix_of(inner, node)))
            return inner.each(FUNCTIONS["abs"])
        if len(node.items) == 1 and node.left in ("(", "[", r"\{", ""):
            return self.value(node.items[0])
        raise NoRuleError(f"a network cannot contain {write(node)}")
