r"""Names for derivatives: ``D f(x)``, ``D f(x)[h]``, ``J_f(x)``, ``H_f``, ``\dot f(t)``.

They are spelled out as the derivatives they stand for, where the page knows the function and does
not use the name for something else. ``D f(x)`` and ``J_f`` are the rows of slopes in every layout.
"""

from __future__ import annotations

from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.array_words import CALLS
from matcalc.judging.elementary import known
from matcalc.judging.environment import ONE, Environment
from matcalc.reading import tree as t

OPERATOR = t.Symbol("D", "D")
STEPS = (t.Symbol("stepalong", "t"), t.Symbol("stepacross", "s"))  # how far directions are followed
TIMES = frozenset({"t", "s", "tau", "theta"})  # \\dot V(x) is no derivative by x
DOTS = {"_dot": "1", "_ddot": "2"}


def spelled_out(env: Environment, relation: t.Relation) -> t.Relation:
    """A line with the names for derivatives spelled out; other lines as they are."""

    def change(node: t.Node) -> t.Node:
        if isinstance(node, t.Symbol):
            return _named(env, node) or node
        if isinstance(node, t.HeadBracket):
            return _applied(node)
        if isinstance(node, t.Product):
            return _operated(env, node)
        if isinstance(node, (t.Derivative, t.Nabla)):
            return _at_a_point(node)
        return node

    for side in relation.sides:
        _note_scalars(env, side)
    changed = s.rebuilt(relation, change)
    assert isinstance(changed, t.Relation), "a relation stays one"
    return changed


def _note_scalars(env: Environment, side: t.Node) -> None:
    r"""An ``f`` that nothing is said of and that has a ``\nabla f(x)`` is one number."""
    for node in t.walk(side):
        of = node.of if isinstance(node, t.Nabla) else None
        first = of.factors[0] if isinstance(of, t.Product) else of
        first = first.base if isinstance(first, t.Postfix) else first
        head = first.head if isinstance(first, t.HeadBracket) else None
        if not isinstance(head, t.Symbol) or head.primes:
            continue
        key = s.full(head)
        if not env.has(key) and not _is_function(env, head) and known(head.name) is None:
            if head.name not in CALLS:
                env.opaque[key] = "scalar"
                env.assume(f"{head.latex} is an unknown smooth function")


def _at_a_point(node: t.Derivative | t.Nabla) -> t.Node:
    """The bar behind what is differentiated says where the derivative is taken."""
    of = node.of
    if not isinstance(of, t.Postfix) or of.kind != "evaluated":
        return node
    return replace(of, base=replace(node, of=of.base))


def _is_function(env: Environment, symbol: t.Node) -> bool:
    if not isinstance(symbol, t.Symbol):
        return False
    key = s.full(symbol)
    return key in env.decorated or env.is_function(key)


def _turned(node: t.Node) -> t.Node:
    return t.Postfix(node, "transpose", (), r"^{T}")


def _named(env: Environment, symbol: t.Symbol) -> t.Node | None:
    """``J_f``, ``H_f`` and a dotted name as derivatives; the bracket behind them comes later."""
    if env.has(s.full(symbol)) or env.is_function(s.full(symbol)) or symbol.marks:
        return None
    below = symbol.subscripts
    if symbol.name in ("J", "H") and len(below) == 1 and not env.has(symbol.name):
        of = t.Symbol(below[0].text, below[0].text) if isinstance(below[0], t.Word) else below[0]
        if not isinstance(of, t.Symbol) or not (env.has(s.full(of)) or _is_function(env, of)):
            return None
        return _turned(t.Nabla(of)) if symbol.name == "J" else t.Nabla(of, (), "2")
    for accent, order in DOTS.items():
        name = symbol.name.removesuffix(accent)
        if name != symbol.name:
            plain = replace(symbol, name=name, latex=name)
            by = _only_argument(env, plain)
            if by is None:
                return None
            if by.name not in TIMES:
                return _along_a_path(env, plain, by) if order == "1" else None
            return t.Derivative("d", plain, (by,) * int(order), order)
    return None


def _along_a_path(env: Environment, function: t.Symbol, by: t.Symbol) -> t.Node | None:
    r"""``\dot V`` of a V(x), where the page says what ``\dot x`` is."""
    speed = replace(by, name=f"{by.name}_dot", latex=rf"\dot{{{by.latex}}}")
    if not env.has(s.full(speed)):
        return None
    slope = t.Nabla(t.HeadBracket(function, t.Bracket("(", ")", (by,))))
    return t.Product((_turned(slope), speed), ("",))


def _only_argument(env: Environment, symbol: t.Symbol) -> t.Symbol | None:
    """The t of a name that the page has as a function of t alone."""
    key = s.full(symbol)
    items: tuple[t.Node, ...] = env.decorated.get(key, ())
    if (function := env.functions.get(key)) is not None:
        items = tuple(t.Symbol(name, name) for name in function.parameters)
    elif (definition := env.definitions.get(key)) is not None and not items:
        body = definition.body
        itself = isinstance(body, t.HeadBracket) and body.head == definition.left
        items = body.bracket.items if itself else ()  # type: ignore[attr-defined]
    only = items[0] if len(items) == 1 else None
    return only if isinstance(only, t.Symbol) else None


def _applied(node: t.HeadBracket) -> t.Node:
    """The argument of a name for a derivative belongs to the function."""
    head = node.head
    if isinstance(head, t.Product) and isinstance(head.factors[0], t.Postfix):
        slope = head.factors[0].base
        own = slope.of if isinstance(slope, t.Nabla) else None
        if isinstance(own, t.HeadBracket) and own.bracket.items == node.bracket.items:
            return head  # \dot V(x)
    if isinstance(head, t.Postfix) and isinstance(head.base, t.Nabla) and not head.base.by:
        of = head.base.of
        if isinstance(of, t.Symbol):
            return replace(head, base=replace(head.base, of=t.HeadBracket(of, node.bracket)))
    if isinstance(head, t.Nabla) and isinstance(head.of, t.Symbol) and not head.by:
        return replace(head, of=t.HeadBracket(head.of, node.bracket))
    if isinstance(head, t.Derivative) and isinstance(head.of, t.Symbol) and len(head.by) <= 2:
        if node.bracket.items == head.by[:1]:
            return replace(head, of=t.HeadBracket(head.of, node.bracket))
    return node


def _operated(env: Environment, node: t.Product) -> t.Node:
    """``D f(x)`` inside a product, with the direction behind it if there is one."""
    k = next((k for k, factor in enumerate(node.factors[:-1]) if _order_of(factor)), None)
    if k is None or env.has("D") or "D" in env.dims:
        return node
    applied = node.factors[k + 1]
    if not isinstance(applied, t.HeadBracket) or not _is_function(env, applied.head):
        return node
    if node.operators[k]:
        return node
    end, order = k + 2, _order_of(node.factors[k])
    row: t.Node = _turned(t.Nabla(applied)) if order == 1 else t.Nabla(applied, (), str(order))
    behind = node.factors[end] if len(node.factors) > end else None
    if isinstance(behind, t.Bracket) and behind.left == "[" and not node.operators[k + 1]:
        ways = behind.items if len(behind.items) > 1 else behind.items * order
        if len(ways) != order:
            return node
        end, row = end + 1, _along(env, applied, ways)
    factors = (*node.factors[:k], row, *node.factors[end:])
    operators = (*node.operators[:k], *node.operators[end - 1 :])
    return row if len(factors) == 1 else t.Product(factors, operators)


def _order_of(node: t.Node) -> int:
    """1 for ``D``, 2 for ``D^2``, 0 for everything else."""
    if isinstance(node, t.Postfix) and node.kind == "power" and node.base == OPERATOR:
        return 2 if node.arguments == (t.Number("2"),) else 0
    return int(node == OPERATOR)


def _along(env: Environment, applied: t.HeadBracket, ways: tuple[t.Node, ...]) -> t.Node:
    """The slope of a function along a direction; along two, how the first slope changes."""
    steps = STEPS[: len(ways)]
    for step in steps:
        env.shapes.setdefault(s.full(step), (ONE, ONE))
    moves = [
        t.Product((x, t.Bracket("(", ")", (w,))), ("",)) for x, w in zip(steps, ways, strict=True)
    ]
    there = t.Sum((applied.bracket.items[0], *moves), ("+",) * (len(moves) + 1))
    moved = replace(applied.bracket, items=(there,))
    slope = t.Derivative("d", t.HeadBracket(applied.head, moved), steps, str(len(steps)))
    starts = tuple(t.Relation((x, t.Number("0")), ("=",)) for x in steps)
    return t.Postfix(slope, "evaluated", starts)
