"""The entrywise lift: a region of entrywise operations is one scalar function of its atoms.

Lifted to a scalar formula it is simplified there, by rational methods only (cancel, factor_terms,
expand, under a budget of operations), and lowered back if that made it shorter. Activations stay
atoms. Regions are renamed to canonical placeholders and memoised, so a thousand equal layers cost
one simplification.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from matcalc.errors import MatcalcError
from matcalc.expr import Node, as_number, is_number
from matcalc.ops.algebra import HADAMARD, ONES, PRODUCT, SUM_OP
from matcalc.ops.entrywise import ENTRYWISE, POWER, lower
from matcalc.rewrite.cost import cost

MAX_OPERATIONS = 60
MAX_ATOMS = 9


def is_entrywise(node: Node) -> bool:
    """Whether every entry of the node is a function of the same entry of its operands."""
    op = node.op
    if op is SUM_OP or op is HADAMARD or op.name in ENTRYWISE:
        return True
    if op is PRODUCT:
        return sum(1 for a in node.operands if a.shape) <= 1
    return False


Key = tuple[tuple[Any, ...], ...]


def region(root: Node) -> tuple[Key, list[Node]]:
    """The region below ``root`` as a program on numbered atoms, and the atoms."""
    rows: list[tuple[Any, ...]] = []
    place: dict[Node, int] = {}
    atoms: list[Node] = []
    todo: list[tuple[Node, bool]] = [(root, False)]
    while todo:
        node, ready = todo.pop()
        if node in place:
            continue
        if is_number(node):
            place[node] = len(rows)
            rows.append(("n", as_number(node)))
        elif node.op is ONES:
            place[node] = len(rows)
            rows.append(("n", sp.Integer(1)))
        elif not is_entrywise(node):
            place[node] = len(rows)
            rows.append(("a", len(atoms)))
            atoms.append(node)
        elif ready:
            place[node] = len(rows)
            rows.append((node.op.name, *(place[c] for c in node.operands)))
        else:
            todo.append((node, True))
            todo.extend((c, False) for c in reversed(node.operands))
    return tuple(rows), atoms


@lru_cache(maxsize=1024)
def atom(k: int) -> sp.Symbol:
    return sp.Symbol(f"a{k:02d}", real=True)


@lru_cache(maxsize=20000)
def candidates(key: Key) -> tuple[tuple[Any, ...], tuple[tuple[Any, str, Any], ...]]:
    """Shorter scalar formulas for a region, and the function applications that stay atoms in them."""
    values: list[Any] = []
    applied: dict[Any, sp.Symbol] = {}
    definitions: list[tuple[Any, str, Any]] = []
    used = 0
    for row in key:
        kind = row[0]
        if kind == "n":
            values.append(row[1])
        elif kind == "a":
            values.append(atom(row[1]))
            used += 1
        else:
            values.append(_formula(kind, [values[p] for p in row[1:]], applied, definitions))
    formula = values[-1]
    if len(key) > MAX_OPERATIONS or used > MAX_ATOMS or len(key) < 3:
        return (), tuple(definitions)
    found: list[Any] = []
    for attempt in (_as_is, _cancelled, _factored):
        try:
            result = attempt(formula)
        except (sp.PolynomialError, NotImplementedError, TypeError, ZeroDivisionError):
            continue
        if result is not None and result not in found and not result.has(sp.zoo, sp.nan, sp.oo):
            found.append(result)
    return tuple(found), tuple(definitions)


def _formula(kind: str, inputs: list[Any], applied: dict[Any, Any], definitions: list[Any]) -> Any:
    if kind == "plus":
        return sp.Add(*inputs)
    if kind in ("hadamard", "times"):
        return sp.Mul(*inputs)
    if kind == "pow" and inputs[1].is_Integer:
        return inputs[0] ** inputs[1]
    call = (kind, tuple(inputs))
    if call not in applied:
        name = sp.Symbol(f"f{len(applied):02d}", real=True)
        applied[call] = name
        definitions.append((name, kind, tuple(inputs)))
    return applied[call]


def _as_is(formula: Any) -> Any:
    return formula


def _cancelled(formula: Any) -> Any:
    return oriented(sp.factor_terms(sp.cancel(formula)))


def _factored(formula: Any) -> Any:
    if len(formula.free_symbols) > 5:
        return None
    return oriented(sp.factor(formula))


def oriented(formula: Any) -> Any:
    """Brackets turned the way people write them: 1 - A rather than A - 1, and a sign left over goes
    into a bracket that may stand either way (P - Y)."""
    if not formula.is_Mul:
        return formula
    sign, factors = sp.Integer(1), []
    for factor in formula.args:
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_Integer and exponent % 2 and _lean(base) < 0:
            sign, factor = -sign, (-base) ** exponent
        factors.append(factor)
    coefficient, rest = sp.Mul(*factors).as_coeff_Mul()
    if sign * coefficient < 0:
        for factor in rest.args if rest.is_Mul else (rest,):
            base, exponent = factor.as_base_exp()
            if base.is_Add and exponent.is_Integer and exponent % 2 and _lean(base) == 0:
                turned = sp.Add(*(-a for a in base.args)) ** exponent
                return sp.Mul(-sign * coefficient, turned, *(a for a in sp.Mul.make_args(rest) if a is not factor))
    return sp.Mul(sign * coefficient, rest) if rest is not sp.S.One else formula


def _lean(bracket: Any) -> int:
    """Positive when a bracket reads well as it stands, negative when it wants turning, 0 for either."""
    number = bracket.as_coeff_Add()[0]
    if number != 0:
        return 1 if number > 0 else -1
    signs = [-1 if a.could_extract_minus_sign() else 1 for a in bracket.args]
    return sum(signs)


def lift(root: Node) -> Node | None:
    """``root`` shortened as a scalar function of its atoms, or None."""
    key, atoms = region(root)
    if len(key) < 3:
        return None
    formulas, applied = candidates(key)
    best, best_cost = None, cost(root)
    for formula in formulas:
        try:
            image = _lowered(formula, atoms, applied, root)
        except MatcalcError:
            continue
        if cost(image) < best_cost:
            best, best_cost = image, cost(image)
    return best


def _lowered(formula: Any, atoms: list[Node], applied: Any, root: Node) -> Node:
    known: dict[Any, Node] = {atom(k): a for k, a in enumerate(atoms)}
    for name, kind, inputs in applied:
        operands = tuple(lower(i, known, ()) if i not in known else known[i] for i in inputs)
        known[name] = (ENTRYWISE.get(kind) or POWER).build(operands, ())
    return lower(formula, known, root.shape)
