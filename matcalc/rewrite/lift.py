"""The entrywise lift: a region of entrywise operations is one scalar function of its atoms.

Lifted to a scalar formula it is simplified there (``formula``) and lowered back if that made it
shorter. Lowering keeps every part in the smallest shape it can have: what depends on a column only
stays a column, and is spread where it meets a full matrix, as a scaling ``diag(u)*A`` if it
multiplies. Regions are programs on numbered atoms and memoised, so a thousand equal layers cost one
simplification.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from matcalc.errors import MatcalcError
from matcalc.expr import Node, is_number, number
from matcalc.ops.algebra import SUM_OP, add, coefficient, had, mul, ones
from matcalc.ops.base import OPS
from matcalc.ops.entrywise import ENTRYWISE, POWER, power
from matcalc.ops.lowering import constant, readable
from matcalc.ops.product import is_reciprocal, upside_down
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import flip
from matcalc.rewrite.formula import Formula, atom, candidates
from matcalc.rewrite.law import settled, split
from matcalc.rewrite.region import COLUMN, FULL, ROW, SCALAR, Reader, is_entrywise, is_scaling
from matcalc.rewrite.sharing import page_cost

MAX_ATOMS = 12
Kinded = tuple[str, Node]


def worth_lifting(node: Node) -> bool:
    """Sums and products alone are the business of the matrix laws."""
    return is_entrywise(node) or is_scaling(node)


def lift(root: Node) -> Node | None:
    """``root`` shortened as a scalar function of its atoms, or None."""
    region = Reader(root).read()
    if len(region.rows) < 3 or len(region.atoms) > MAX_ATOMS:
        return None
    best, best_cost = None, page_cost(root)
    for formula in candidates(region.key):
        try:
            image = Lowering(root, region.atoms, region.kinds, formula).node()
        except MatcalcError:
            continue
        length = page_cost(image)
        if length < best_cost:
            best, best_cost = image, length
    return best


def lift_scalars(product: Node) -> Node | None:
    """The scalar factors of a product of matrices, shortened as one scalar function."""
    scalars, matrices = split(product)
    if not matrices or sum(1 for s in scalars if not is_number(s)) < 2:
        return None
    shorter = lift(mul(*scalars))
    return mul(shorter, *matrices) if shorter is not None else None


class Lowering:
    """A formula as a node of the root's shape."""

    def __init__(self, root: Node, atoms: list[Node], kinds: list[str], formula: Formula) -> None:
        self.shape = root.shape
        self.formula = formula
        self.image: dict[Any, Kinded] = {
            atom(k): (kind, a) for k, (a, kind) in enumerate(zip(atoms, kinds, strict=True))
        }
        self.image.update(
            (letter, (SCALAR, number(value, True))) for letter, value in formula.decimals
        )
        self.pending = {name: (fn, inputs) for name, fn, inputs in formula.applied}

    def node(self) -> Node:
        return self.spread(self.lower(self.formula.value), FULL if self.shape else SCALAR)

    # -- bottom-up, without recursion ------------------------------------------------------------

    def lower(self, formula: Any) -> Kinded:
        todo: list[tuple[Any, bool]] = [(formula, False)]
        while todo:
            part, ready = todo.pop()
            if part in self.image:
                continue
            below = [p for p in self.below(part) if p not in self.image]
            if below and not ready:
                todo.append((part, True))
                todo.extend((p, False) for p in reversed(below))
            else:
                self.image[part] = self.one(part)
        return self.image[formula]

    def below(self, part: Any) -> tuple[Any, ...]:
        if part in self.pending:
            return self.pending[part][1]
        return part.args

    def one(self, part: Any) -> Kinded:
        if part in self.pending:
            name, inputs = self.pending[part]
            return self.applied(name, [self.image[i] for i in inputs])
        if part.is_Atom:
            return SCALAR, constant(part)
        if part.is_Add:
            return self.sum([self.image[a] for a in readable(part.args)])
        if part.is_Mul:
            return self.product([self.image[a] for a in part.args])
        base, exponent = part.args
        name, inputs = self.pending.get(base, ("", ()))
        if name == "exp" and exponent.is_Integer:
            # e^(-u), not 1/e^u: the same number, but nothing overflows on the way.
            kind, u = self.image[inputs[0]]
            return kind, settled(ENTRYWISE["exp"].build((mul(number(exponent), u),), ()))
        kind, node = self.image[base]
        return kind, power(node, self.image[exponent][1])

    def applied(self, name: str, operands: list[Kinded]) -> Kinded:
        kind = join(k for k, _ in operands)
        nodes = tuple(n if k == SCALAR else self.spread((k, n), kind) for k, n in operands)
        op = OPS.get(name) or ENTRYWISE.get(name) or POWER
        return kind, settled(op.build(nodes, ()))

    def sum(self, terms: list[Kinded]) -> Kinded:
        kind = join(k for k, _ in terms)
        if kind == FULL:
            # Columns meet columns before they are spread.
            together: list[Kinded] = []
            for k in (COLUMN, ROW):
                same = [n for own, n in terms if own == k]
                if len(same) > 1:
                    together.append((k, add(*same)))
                    terms = [(own, n) for own, n in terms if own != k]
            terms = [*terms, *together]
        return kind, _numbers_out(add(*(self.spread(term, kind) for term in terms)))

    def product(self, factors: list[Kinded]) -> Kinded:
        by_kind: dict[str, list[Node]] = {SCALAR: [], COLUMN: [], ROW: [], FULL: []}
        for kind, node in factors:
            by_kind[kind].append(node)
        kind = join(k for k, _ in factors)
        # A person writes y cos(x y): letters before functions and brackets.
        by_kind[SCALAR].sort(key=lambda node: bool(node.operands))
        scalars = mul(*by_kind[SCALAR]) if by_kind[SCALAR] else number(1)
        column = had(*by_kind[COLUMN]) if by_kind[COLUMN] else None
        row = had(*by_kind[ROW]) if by_kind[ROW] else None
        if kind == FULL and not by_kind[FULL]:
            assert column is not None
            assert row is not None
            return kind, mul(scalars, column, row)
        if kind != FULL:
            part = column if column is not None else row
            return kind, mul(scalars, part) if part is not None else scalars
        full = had(*by_kind[FULL])
        below = [by_kind[k] if _all_below(by_kind[k]) else [] for k in (COLUMN, ROW)]
        if any(below):
            u, v = (had(*map(upside_down, part)) if part else None for part in below)
            full = had(full, power(self.rank_one(u, v), -1))
            column, row = (None if u is not None else column), (None if v is not None else row)
        left = [OPS["diag"].build((column,), ())] if column is not None else []
        right = [OPS["diag"].build((flip(row),), ())] if row is not None else []
        return kind, settled(mul(scalars, *left, full, *right))

    def rank_one(self, column: Node | None, row: Node | None) -> Node:
        """A column times a row, each of ones where there is none."""
        rows, cols = self.shape
        return mul(
            column if column is not None else ones(rows, 1),
            row if row is not None else ones(1, cols),
        )

    # -- shapes
    # --------------------------------------------------------------------------------------

    def spread(self, value: Kinded, kind: str) -> Node:
        """A value of a smaller kind in every place of a larger one."""
        own, node = value
        if own == kind:
            return node
        rows, cols = self.shape
        if own == SCALAR:
            shape = {COLUMN: (rows, sp.Integer(1)), ROW: (sp.Integer(1), cols), FULL: (rows, cols)}[
                kind
            ]
            return mul(node, ones(*shape))
        if own == COLUMN:
            return mul(node, ones(1, cols))
        return mul(ones(rows, 1), node)


def _numbers_out(node: Node) -> Node:
    """2 - 2 x s + x as 2 (1 - x s) + x: formulas of scalars have multiplied that out."""
    if node.op is not SUM_OP or len(node.operands) < 3:
        return node
    groups: dict[Any, list[Node]] = {}
    for term in node.operands:
        groups.setdefault(abs(coefficient(term)[0]), []).append(term)
    best = node
    for size, own in groups.items():
        if size != 1 and 1 < len(own) < len(node.operands):
            inside = add(*(mul(number(c / size), rest) for c, rest in map(coefficient, own)))
            others = (a for a in node.operands if a not in own)
            best = min(best, add(mul(number(size), settled(inside)), *others), key=cost)
    return best


def _all_below(factors: list[Node]) -> bool:
    return bool(factors) and all(map(is_reciprocal, factors))


def join(kinds: Any) -> str:
    """The smallest kind that holds all of them."""
    found = set(kinds) - {SCALAR}
    if not found:
        return SCALAR
    return found.pop() if len(found) == 1 else FULL
