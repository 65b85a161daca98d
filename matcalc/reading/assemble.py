r"""The scope of what stands in front: functions, sums, differentiation.

A term arrives as a flat list of factors and prefixes. Working from the right, every prefix takes
what it governs: a function without bracket the next factor, a sum the rest of the term, a
differential operator the square bracket behind it or the rest of the term up to the next operator.
"""

from __future__ import annotations

from dataclasses import dataclass

from matcalc.reading.scripts import Script, put_on
from matcalc.reading.signs import COMPARISONS
from matcalc.reading.tree import (
    BigOperator,
    Bracket,
    Call,
    Derivative,
    Differential,
    Filled,
    HeadBracket,
    Indicator,
    Nabla,
    Node,
    Number,
    Postfix,
    Product,
    Relation,
    Span,
    Sum,
    Symbol,
    core,
    rewrap,
)


@dataclass(frozen=True, slots=True)
class FunctionHead:
    """A known function; one that the caller declared takes an argument in brackets only."""

    symbol: Symbol
    bare: bool = True


@dataclass(frozen=True, slots=True)
class BigHead:
    """A sum sign and its kin."""

    name: str
    latex: str
    lower: tuple[Node, ...]
    upper: Node | None


@dataclass(frozen=True, slots=True)
class DerivativeHead:
    """``form`` is differential, operator or index."""

    sign: str
    by: tuple[Node, ...] = ()
    order: str = "1"
    form: str = "differential"


@dataclass(frozen=True, slots=True)
class NablaHead:
    """A gradient sign."""

    by: tuple[Node, ...]
    order: str


Head = FunctionHead | BigHead | DerivativeHead | NablaHead


@dataclass(frozen=True, slots=True)
class Item:
    """A factor as the grammar saw it: what stands there, its scripts, the operator before it."""

    base: Node | Head
    scripts: tuple[Script, ...]
    span: Span
    operator: str = ""
    sign: str = ""


POWERS = frozenset({"power", "inverse", "superscript"})
TRACES = frozenset({"tr", "Tr", "trace", "Trace"})
Tail = list[tuple[str, Node]]


def term(items: list[Item]) -> Node:
    """The factors of one term as a node."""
    # The tail is kept back to front: its last entry is the factor that comes next.
    tail: Tail = []
    for item in reversed(items):
        if isinstance(item.base, Node):
            node = put_on(item.base, list(item.scripts))
            node = _joined(node, tail)
        else:
            node = _governed(item, tail)
        if item.sign:
            node = Sum((node,), (item.sign,), span=node.span)
        tail.append((item.operator, node))
    return product(tail)


def product(tail: Tail) -> Node:
    """What a reversed list of factors is."""
    if len(tail) == 1:
        return tail[0][1]
    factors = tuple(node for _, node in reversed(tail))
    operators = tuple(operator for operator, _ in reversed(tail))[1:]
    return Product(factors, operators, span=(factors[0].span[0], factors[-1].span[1]))


def _next(tail: Tail) -> Node | None:
    """The factor that follows with nothing in between."""
    return tail[-1][1] if tail and tail[-1][0] == "" else None


def _joined(node: Node, tail: Tail) -> Node:
    """A head with the bracket behind it; an indicator with its condition."""
    inner, postfixes = core(following) if (following := _next(tail)) is not None else (None, ())
    if not isinstance(inner, Bracket) or inner.left not in ("(", "[", r"\{"):
        return node
    span = (node.span[0], inner.span[1])
    joined: Node | None = None
    if _is_one(node) and _is_condition(inner):
        latex = node.latex if isinstance(node, (Filled, Symbol)) else "1"
        joined = Indicator(inner.items[0], latex, inner.left, span=span)
    elif isinstance(node, Symbol):
        joined = HeadBracket(node, inner, span=span)
    elif isinstance(node, Derivative):
        if not postfixes and inner.left == "(" and _is_point(inner):
            joined = HeadBracket(node, inner, span=span)
    elif isinstance(node, Postfix) and node.kind in ("prime", "superscript"):
        joined = HeadBracket(node, inner, span=span)
    if joined is None:
        return node
    tail.pop()
    return rewrap(joined, postfixes)


def _is_one(node: Node) -> bool:
    if isinstance(node, Filled):
        return node.digit == "1" and not node.subscripts
    if isinstance(node, Symbol):
        return node.name == "I_bb" and not node.subscripts
    return isinstance(node, Number) and node.text == "1"


def _is_condition(bracket: Bracket) -> bool:
    if len(bracket.items) != 1:
        return False
    inner = bracket.items[0]
    return isinstance(inner, Relation) and set(inner.signs) <= COMPARISONS and bool(inner.signs)


def _is_point(bracket: Bracket) -> bool:
    return all(isinstance(item, (Symbol, Number)) for item in bracket.items)


def _governed(item: Item, tail: Tail) -> Node:
    """A prefix with what it takes from the tail."""
    head = item.base
    if isinstance(head, FunctionHead):
        return _call(head, item, tail)
    if isinstance(head, BigHead):
        body = _take_all(tail)
        end = body.span[1] if body is not None else item.span[1]
        span = (item.span[0], end)
        return BigOperator(head.name, head.latex, head.lower, head.upper, body, span=span)
    if isinstance(head, NablaHead):
        body = _take_gradient(tail)
        end = body.span[1] if body is not None else item.span[1]
        return Nabla(body, head.by, head.order, span=(item.span[0], end))
    assert isinstance(head, DerivativeHead), f"no scope is known for {head}"
    if head.form == "differential":
        return _differential(head, item, tail)
    body = _take_operand(tail) if head.form == "operator" else _take_gradient(tail)
    end = body.span[1] if body is not None else item.span[1]
    span = (item.span[0], end)
    return Derivative(head.sign, body, head.by, head.order, head.form, span=span)


# ---------------------------------------------------------------- functions


def _call(head: FunctionHead, item: Item, tail: Tail) -> Node:
    name = put_on(head.symbol, list(item.scripts))
    symbol, around = core(name)
    assert isinstance(symbol, Symbol), "scripts never replace a symbol"
    power = around[-1] if around and around[-1].kind in POWERS else None
    # f^T(x) is the transpose of f(x).
    outside = around[:-1] if power is not None else around
    following = _next(tail)
    inner, postfixes = core(following) if following is not None else (None, ())
    raised = _exponent(power)
    if isinstance(inner, Bracket) and inner.left in ("(", "[", r"\{"):
        tail.pop()
        span = (item.span[0], inner.span[1])
        call = rewrap(Call(symbol, inner, raised, span=span), outside)
        return rewrap(call, postfixes)
    if following is None or not head.bare:
        return name
    argument = _take_beside(tail) if symbol.name in TRACES else None
    argument = argument or _bare_argument(tail)
    span = (item.span[0], argument.span[1])
    return rewrap(Call(symbol, argument, raised, bracketed=False, span=span), outside)


def _exponent(power: Postfix | None) -> Node | None:
    if power is None:
        return None
    return power.arguments[0] if power.arguments else Number("-1", span=power.span)


def _bare_argument(tail: Tail) -> Node:
    r"""The next factor; a number takes the symbols glued to it along, as in ``\log 2\pi``."""
    taken: Tail = [tail.pop()]
    if isinstance(taken[0][1], Number):
        while (following := _next(tail)) is not None:
            if not isinstance(core(following)[0], Symbol):
                break
            taken.append(tail.pop())
    return product([("", node) for _, node in reversed(taken)])


# ---------------------------------------------------------------- scopes


def _take_beside(tail: Tail) -> Node | None:
    """What stands behind without a sign between: ``\\operatorname{tr} A B``."""
    taken: Tail = []
    while _next(tail) is not None:
        taken.append(tail.pop())
    return product(taken) if taken else None


def _take_all(tail: Tail) -> Node | None:
    if not tail or tail[-1][0] != "":
        return None
    body = product(tail)
    tail.clear()
    return body


def _take_operand(tail: Tail) -> Node | None:
    """A square bracket alone, or the rest of the term up to the next operator."""
    if not tail or tail[-1][0] != "":
        return None
    first = core(tail[-1][1])[0]
    if isinstance(first, Bracket) and first.left == "[":
        return tail.pop()[1]
    taken: Tail = [tail.pop()]
    while tail and not (isinstance(tail[-1][1], Derivative) and tail[-1][1].form == "operator"):
        taken.append(tail.pop())
    return product(taken[::-1])


def _take_gradient(tail: Tail) -> Node | None:
    r"""A function alone (``\nabla L``); else what follows without an operator between."""
    if not tail or tail[-1][0] != "":
        return None
    taken: Tail = [tail.pop()]
    if not isinstance(taken[0][1], (Symbol, HeadBracket, Call)):
        while _next(tail) is not None:
            taken.append(tail.pop())
    return product(taken[::-1])


def _differential(head: DerivativeHead, item: Item, tail: Tail) -> Node:
    """``dX``; with a slash and a second one behind it, a derivative."""
    body = tail.pop()[1] if _next(tail) is not None else None
    end = body.span[1] if body is not None else item.span[1]
    below = tail[-1][1] if tail and tail[-1][0] == "/" else None
    if not isinstance(below, Differential) or below.sign != head.sign or below.of is None:
        if head.order != "1":
            return Derivative(head.sign, body, (), head.order, "index", span=(item.span[0], end))
        return Differential(head.sign, body, span=(item.span[0], end))
    by: list[Node] = []
    while tail and isinstance(below := tail[-1][1], Differential) and below.of is not None:
        if by and tail[-1][0] != "":
            break
        if by and len(by) >= (int(head.order) if head.order.isdigit() else len(by)):
            break
        by.append(below.of)
        end = below.span[1]
        tail.pop()
    by_all = _orders(by, head.order)
    form = "slash"
    if body is None:
        body, form = _take_operand(tail), "operator"
        end = body.span[1] if body is not None else end
    return Derivative(head.sign, body, by_all, head.order, form, span=(item.span[0], end))


def _orders(by: list[Node], order: str) -> tuple[Node, ...]:
    power = by[0].arguments[0] if isinstance(by[0], Postfix) and by[0].arguments else None
    if len(by) == 1 and isinstance(power, Number) and power.text == order != "1":
        assert isinstance(by[0], Postfix), "only a postfix has an exponent"
        return (by[0].base,) * int(order) if order.isdigit() and int(order) < 10 else (by[0].base,)
    return tuple(by)
