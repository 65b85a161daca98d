r"""What restricts a statement: ranges such as ``j = 1, 2, 3``, ``i \in S``, ``1 \le k \le n``."""

from __future__ import annotations

from dataclasses import replace

from matcalc.reading.tree import (
    Bracket,
    Condition,
    Ellipsis,
    Listing,
    Node,
    Number,
    Phrase,
    Postfix,
    Product,
    Relation,
    Sum,
    Symbol,
    Text,
    Word,
)

RANGE_LETTERS = frozenset("ijklmnpqrstcdhuv")
ORDERS = frozenset({"<", ">", r"\le", r"\ge", r"\ne"})


def listing(items: list[Node]) -> Node:
    """Several nodes without a bracket, or the one."""
    flat: list[Node] = []
    for item in items:
        flat += item.items if isinstance(item, Listing) else [item]
    if len(flat) == 1:
        return flat[0]
    return Listing(tuple(flat), span=(flat[0].span[0], flat[-1].span[1]))


def counts(node: Node) -> bool:
    """A number, three dots, or a list that ends in one."""
    if isinstance(node, Listing):
        return counts(node.items[-1])
    if isinstance(node, Sum) and len(node.terms) == 1:
        return counts(node.terms[0])
    return isinstance(node, (Number, Ellipsis))


def restriction(node: Node) -> Condition | None:
    """``(x > 0)`` or ``(i = 1, 2)`` on its own behind an equation."""
    if not isinstance(node, Bracket) or node.left != "(":
        return None
    places = [n for n, item in enumerate(node.items) if isinstance(item, Relation)]
    if len(places) != 1:
        return None
    inner = node.items[places[0]]
    assert isinstance(inner, Relation), "only relations were counted"
    left = listing([*node.items[: places[0]], inner.sides[0]])
    right = listing([inner.sides[-1], *node.items[places[0] + 1 :]])
    inner = replace(inner, sides=(left, *inner.sides[1:-1], right), span=node.span)
    return Condition("", (inner,), span=node.span)


def _is_index(node: Node) -> bool:
    if isinstance(node, Listing):
        return all(map(_is_index, node.items))
    if not isinstance(node, Symbol) or node.latex not in RANGE_LETTERS:
        return False
    return not (node.subscripts or node.marks or node.primes or node.star)


def _is_letter(node: Node) -> bool:
    """A small letter with nothing around it: in ``w \\ne o`` it counts."""
    if not isinstance(node, Symbol) or len(node.latex) != 1 or not node.latex.islower():
        return False
    return not (node.subscripts or node.marks or node.primes or node.star)


def is_range(node: Relation) -> bool:
    r"""``j = 1, 2, 3``, ``i \in S``, ``1 \le k \le n``, ``i \ne j``."""
    if len(node.signs) == 1 and node.signs[0] == "=" and _is_index(node.sides[0]):
        right = node.sides[1]
        return isinstance(right, Listing) and counts(right.items[0])
    if len(node.signs) == 1 and node.signs[0] == r"\in" and _is_index(node.sides[0]):
        right = node.sides[1]
        base = right.base if isinstance(right, Postfix) else right
        return not (isinstance(base, Symbol) and base.name == "R_bb")
    if node.signs == (r"\ne",) and all(map(_is_letter, node.sides)):
        return True
    if set(node.signs) <= ORDERS and any(map(_is_index, node.sides)):
        simple = (Symbol, Number, Sum, Product, Listing, Word)
        return all(isinstance(side, simple) for side in node.sides)
    return False


def strip_text(side: Node, remarks: list[Text]) -> Node:
    """Words at the ends of a side are remarks if an expression is left."""
    if not isinstance(side, Phrase):
        return side
    parts = [part for part in side.parts if not isinstance(part, Text)]
    if len(parts) != 1:
        return side
    remarks.extend(part for part in side.parts if isinstance(part, Text))
    return parts[0]
