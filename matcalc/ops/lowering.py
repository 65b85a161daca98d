"""From a scalar formula to entrywise nodes: how slopes, ``applyfunc`` bodies and lifted regions
come back as expressions.

A formula is a sympy expression in symbols that stand for entries. Each part becomes one node, built
bottom-up; what has no rule is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import BUILD, Node, as_number, is_number, number
from matcalc.ops.algebra import add, had, minus, mul, one_of
from matcalc.ops.base import OPS, same_shapes
from matcalc.ops.table import SYMPY_FUNCTIONS, TABLE
from matcalc.shapes import Shape

CONSTANTS = (sp.pi, sp.E, sp.EulerGamma, sp.GoldenRatio)


def spread(A: Node, shape: Shape) -> Node:
    """A scalar in every entry of that shape; a matrix stays."""
    return A if A.shape or not shape else mul(A, one_of(shape))


def lower(formula: Any, atoms: Mapping[Any, Node], shape: Shape) -> Node:
    """The node whose every entry is ``formula`` of the entries of the atoms.

    ``atoms`` maps sympy symbols to nodes of ``shape`` or to scalars. The result has ``shape``.
    """
    return spread(_lowered(formula, atoms), shape)


def _lowered(formula: Any, atoms: Mapping[Any, Node]) -> Node:
    image: dict[Any, Node] = dict(atoms)
    todo: list[tuple[Any, bool]] = [(formula, False)]
    while todo:
        part, ready = todo.pop()
        if part in image:
            continue
        children = [a for a in _parts(part) if a not in image]
        if children and not ready:
            todo.append((part, True))
            todo.extend((a, False) for a in reversed(children))
        else:
            image[part] = _lower_one(part, image)
    return image[formula]


def _parts(part: Any) -> Sequence[Any]:
    """The scalar expressions a part is made of; conditions are looked into."""
    if isinstance(part, sp.Piecewise):
        sides = [s for case in part.args for s in _sides(case.cond)]
        return [*(case.expr for case in part.args), *sides]
    return part.args


def _sides(cond: Any) -> list[Any]:
    if isinstance(cond, (sp.And, sp.Or, sp.Not)):
        return [s for a in cond.args for s in _sides(a)]
    return list(cond.args) if isinstance(cond, sp.core.relational.Relational) else []


def constant(value: Any) -> Node:
    """A real number as a node: rationals are exact, a float is the decimal it shows."""
    if value.is_Rational:
        return number(value)
    if value.is_Float and value.is_finite:
        return number(sp.Rational(str(value)), decimal=True)
    if value in CONSTANTS:
        return number(value)
    raise NoRuleError(f"a finite real number is wanted, not {value}")


def _lower_one(part: Any, image: Mapping[Any, Node]) -> Node:
    if isinstance(part, Node):
        return part
    if isinstance(part, sp.Piecewise):
        return _lower_piecewise(part, image)
    if part.is_Atom:
        if part.is_number:
            return constant(part)
        raise NoRuleError(f"{part} stands in a formula, but nothing says what it is")
    if part.is_Add:
        terms = [image[a] for a in readable(part.args)]
        shape = same_shapes(terms, "add")
        return add(*(spread(a, shape) for a in terms))
    if part.is_Mul:
        return had(*(image[a] for a in part.args))
    if part.is_Pow:
        return _lower_power(part, image)
    if isinstance(part, (sp.Max, sp.Min)):
        return _lower_extremum(part, image)
    if isinstance(part, sp.Heaviside):
        return BUILD["step"](image[part.args[0]])
    name = SYMPY_FUNCTIONS.get(part.func) or getattr(part.func, "__name__", "")
    if name in TABLE:
        return OPS[name].build(tuple(image[a] for a in part.args), ())
    if isinstance(part, sp.core.function.AppliedUndef) and len(part.args) == 1:
        return BUILD["function"](name)(image[part.args[0]])
    known = ", ".join(sorted(TABLE))
    raise NoRuleError(
        f"no rule for {part.func.__name__} in {part}; entrywise functions are {known}"
    )


def _lower_power(part: Any, image: Mapping[Any, Node]) -> Node:
    base, exponent = (image[a] for a in part.args)
    if part.base == sp.E:
        return BUILD["exp"](exponent)
    if part.exp == sp.S.Half:
        return BUILD["sqrt"](base)
    if part.exp == -sp.S.Half:
        return BUILD["pow"](BUILD["sqrt"](base), -1)
    return BUILD["pow"](base, exponent)


def _lower_extremum(part: Any, image: Mapping[Any, Node]) -> Node:
    name = "max" if isinstance(part, sp.Max) else "min"
    first, *rest = (image[a] for a in part.args)
    for other in rest:
        against_zero = name == "max" and is_number(first) and as_number(first) == 0
        first = BUILD["relu"](other) if against_zero else BUILD[name](first, other)
    return first


def _lower_piecewise(part: Any, image: Mapping[Any, Node]) -> Node:
    cases = list(part.args)
    if cases[-1].cond != True:  # noqa: E712 - sympy's own true
        raise NoRuleError(f"{part} is not defined everywhere: end it with (value, True)")
    result = image[cases[-1].expr]
    for case in reversed(cases[:-1]):
        # `where` itself asks whether its condition is other than zero.
        unequal = isinstance(case.cond, sp.Ne) and case.cond.rhs == 0
        test = image[case.cond.lhs] if unequal else condition(case.cond, image)
        result = BUILD["where"](test, image[case.expr], result)
    return result


def condition(cond: Any, image: Mapping[Any, Node]) -> Node:
    """A comparison as zeros and ones; ``image`` knows both sides."""

    def above(a: Any, b: Any) -> Node:
        return BUILD["step"](minus(image[a], image[b]))

    if isinstance(cond, sp.StrictGreaterThan):
        return above(cond.lhs, cond.rhs)
    if isinstance(cond, sp.StrictLessThan):
        return above(cond.rhs, cond.lhs)
    if isinstance(cond, sp.GreaterThan):
        return minus(1, above(cond.rhs, cond.lhs))
    if isinstance(cond, sp.LessThan):
        return minus(1, above(cond.lhs, cond.rhs))
    if isinstance(cond, sp.Ne):
        return BUILD["abs"](BUILD["sign"](minus(image[cond.lhs], image[cond.rhs])))
    if isinstance(cond, sp.Eq):
        return minus(1, condition(sp.Ne(cond.lhs, cond.rhs), image))
    if isinstance(cond, sp.Not):
        return minus(1, condition(cond.args[0], image))
    if isinstance(cond, sp.And):
        return had(*(condition(a, image) for a in cond.args))
    if isinstance(cond, sp.Or):
        first, *rest = (condition(a, image) for a in cond.args)
        for other in rest:
            first = BUILD["max"](first, other)
        return first
    raise NoRuleError(f"no rule for the condition {cond}; use <, <=, >, >=, ==, !=, And, Or, Not")


def readable(terms: Sequence[Any]) -> list[Any]:
    """The terms of a sum as people write them: what is positive first, a number before a symbol."""
    return sorted(terms, key=lambda a: (a.could_extract_minus_sign(), not a.is_number))
