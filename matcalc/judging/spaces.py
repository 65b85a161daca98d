r"""Sets: ``\mathbb{R}^{n \times d}``, ``\{0, 1\}^n``, ``\mathbf{S}^n``, and maps ``f : \mathbb{R}^n \to \mathbb{R}``."""

from __future__ import annotations

from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.elementary import known
from matcalc.judging.environment import ONE, Dims, Environment
from matcalc.reading import tree as t

ARROWS = frozenset({r"\to", r"\rightarrow", r"\longrightarrow"})


def space(node: t.Node) -> tuple[Dims | None, str]:
    """The shape and the domain of a set; None if it is no set of arrays."""
    base, power = node, None
    if isinstance(node, t.Postfix) and node.kind in ("power", "superscript"):
        base, power = node.base, node.arguments[0]
    domain = ""
    if isinstance(base, t.Bracket) and base.left == r"\{":
        if "|" in base.separators or any(isinstance(i, t.Relation) for i in base.items):
            return None, ""  # {x | A x < b} says nothing of a shape
        texts = [i.text for i in base.items if isinstance(i, t.Number)]
        domain = "binary" if texts == ["0", "1"] else ""
    elif isinstance(base, t.Bracket) and base.left in ("[", "("):
        domain = "unit"
    elif isinstance(base, t.Symbol) and _is_symmetric_set(base) and power is not None:
        return (power, power), ("definite" if base.subscripts else "symmetric")
    elif isinstance(base, t.Symbol) and base.name in ("R_bb", "R", "C_bb", "Z_bb", "N_bb"):
        if base.name == "R" and power is None and not base.marks:
            return None, ""
        if any(sub for sub in base.subscripts):
            domain = "positive"
    elif isinstance(base, t.Product):
        power = base
    else:
        return None, ""
    if power is None:
        return (ONE, ONE), domain
    power = s.peeled(power)
    if isinstance(power, t.Product) and set(power.operators) == {r"\times"}:
        if len(power.factors) != 2:
            return None, domain
        return (power.factors[0], power.factors[1]), domain
    return (power, ONE), domain


def _is_symmetric_set(base: t.Symbol) -> bool:
    r"""``\mathbf{S}^n``, ``\mathbb{S}^n_{++}``: the symmetric (positive definite) matrices."""
    return base.name in ("S", "S_bb") and base.latex != "S" and not base.marks


def note_family(env: Environment, relation: t.Relation) -> None:
    r"""``x_1, \dots, x_N \in \mathbb{R}^d``: every x_n is such a column, for n from 1 to N."""
    left = relation.sides[0]
    items = left.items if isinstance(left, t.Listing) else ()
    if len(items) < 3 or not isinstance(items[-2], t.Ellipsis):
        return
    first, last = items[0], items[-1]
    if not isinstance(first, t.Symbol) or not isinstance(last, t.Symbol):
        return
    dims, domain = space(relation.sides[1])
    ends = (*first.subscripts, *last.subscripts)
    if dims is None or len(ends) != 2 or len(first.subscripts) != 1 or first.name != last.name:
        return
    if s.stem(first) != s.stem(last) or env.has(s.stem(first)):
        return
    letter = f"{s.stem(first)}_number"
    env.letter_ranges.setdefault(letter, (ends[0], ends[1]))
    member = replace(first, subscripts=(t.Symbol(letter, letter),))
    if dims == (ONE, ONE):
        env.shapes.setdefault(s.stem(first), (ends[1], ONE))
        return
    env.shape_patterns.append((member, (letter,), dims))
    if domain:
        env.domains.setdefault(s.stem(first), domain)


def is_map(relation: t.Relation) -> bool:
    """``f : A \\to B``."""
    return len(relation.sides) == 3 and relation.signs[0] == ":" and relation.signs[1] in ARROWS


def declare_map(env: Environment, relation: t.Relation) -> None:
    """A function between sets of arrays that nothing else is said of so far."""
    head, source, goal = relation.sides
    if not isinstance(head, t.Symbol) or head.primes:
        return
    key = s.full(head)
    shape, _ = space(goal)
    if shape is None:
        return
    env.arguments[key] = sources(source)
    if env.has(key) or env.is_function(key) or known(head.name) is not None:
        return
    if shape != (ONE, ONE):
        env.opaque[key], env.opaque_shapes[key] = "map", shape
    else:
        env.opaque[key] = "scalar"


def sources(node: t.Node) -> tuple[Dims, ...]:
    """The shapes of the arguments, where all of them are said."""
    parts: tuple[t.Node, ...] = (node,)
    if isinstance(node, t.Product) and set(node.operators) == {r"\times"}:
        parts = node.factors
    shapes = [space(part)[0] for part in parts]
    return tuple(shape for shape in shapes if shape is not None) if all(shapes) else ()


def summing_to_one(relation: t.Relation) -> t.Symbol | None:
    r"""The y of ``\sum_k y_k = 1``, ``\mathbf{1}^T y = 1``, ``Y \mathbf{1} = \mathbf{1}``."""
    if relation.signs != ("=",):
        return None
    left, right = (s.peeled(side) for side in relation.sides)
    if isinstance(left, t.BigOperator) and left.name == "sum" and right == ONE:
        below = left.lower[0] if len(left.lower) == 1 else None
        letter = below.sides[0] if isinstance(below, t.Relation) else below
        entry = left.body
        if isinstance(entry, t.Symbol) and entry.subscripts and not entry.primes:
            return replace(entry, subscripts=()) if entry.subscripts[-1] == letter else None
        return None
    if not isinstance(left, t.Product) or len(left.factors) != 2 or any(left.operators):
        return None
    first, second = left.factors
    if right == ONE and _is_ones(first, turned=True) and isinstance(second, t.Symbol):
        return second
    if _is_ones(second) and (right == ONE or _is_ones(right)):
        turned = isinstance(first, t.Postfix) and first.kind == "transpose"
        name = first.base if turned and right == ONE else first  # type: ignore[attr-defined]
        return name if isinstance(name, t.Symbol) and turned == (right == ONE) else None
    return None


def orthogonal(relation: t.Relation) -> t.Symbol | None:
    """The Q of ``Q^T Q = I`` and of ``Q Q^T = I``."""
    if relation.signs != ("=",):
        return None
    left, right = (s.peeled(side) for side in relation.sides)
    unit = isinstance(right, t.Symbol) and right.name == "I" and not right.marks
    if not unit or not isinstance(left, t.Product) or len(left.factors) != 2 or any(left.operators):
        return None
    for first, second in (left.factors, left.factors[::-1]):
        turned = isinstance(first, t.Postfix) and first.kind == "transpose"
        if turned and first.base == second and isinstance(second, t.Symbol):  # type: ignore
            return second
    return None


def _is_ones(node: t.Node, *, turned: bool = False) -> bool:
    if turned:
        return isinstance(node, t.Postfix) and node.kind == "transpose" and _is_ones(node.base)
    return isinstance(node, t.Filled) and node.digit == "1"
