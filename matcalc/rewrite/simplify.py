"""Which laws, in which order.

A pass goes bottom-up over the shared graph: an operation is rebuilt on simplified operands and the
laws at its root run until none applies; where a region of sums and products ends it is regrouped as
a polynomial in its atoms, where an entrywise region ends it is lifted. Every law keeps value and
shape and shortens the page, which is why this ends; a step bound guards the claim.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from matcalc import shapes
from matcalc.expr import Node, postorder, rebuilt, symbol_name
from matcalc.expr import is_symbol as _is_symbol
from matcalc.ops.algebra import PRODUCT, SUM_OP, TRANSPOSE
from matcalc.rewrite.brackets import InBrackets
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import flip
from matcalc.rewrite.gather import regrouped, regrouped_closed, worth_regrouping
from matcalc.rewrite.laws import LAWS
from matcalc.rewrite.lift import lift, lift_scalars, worth_lifting
from matcalc.rewrite.orientation import aligned
from matcalc.rewrite.region import is_entrywise
from matcalc.rewrite.sharing import SMALL, page_cost, within
from matcalc.rewrite.template import LARGEST, Assumed, Template
from matcalc.rewrite.written import written

Recorder = Callable[[str, Node, Node], None]
Memo = WeakKeyDictionary[Node, Node]

MAX_STEPS = 200
MAX_PASSES = 6
FEW = 100  # the cost below which no bracket is worth a letter
_SETTLED: Memo = WeakKeyDictionary()
_KNOWN: OrderedDict[Hashable, Node] = OrderedDict()
MOST_KNOWN = 4096


def by_laws(node: Node, record: Recorder | None = None) -> Node:
    """The laws at the root of ``node``, until none applies."""
    if record is not None:
        return _by_laws(node, record)
    found = _SETTLED.get(node)
    if found is None:
        found = _SETTLED[node] = _by_laws(node, None)
    return found


def _by_laws(node: Node, record: Recorder | None) -> Node:
    for _ in range(MAX_STEPS):
        for rule in LAWS.get(node.op.name, ()):
            after = rule(node)
            if after is None or after is node:
                continue
            assert shapes.same_shape(after.shape, node.shape), (
                f"{rule.__name__} changed the shape of {node}"
            )
            if record is not None:
                record(rule.__name__, node, after)
            node = _below(after, record)
            break
        else:
            return node
    return node


def _below(node: Node, record: Recorder | None) -> Node:
    """A law may have made new operands: they meet their own laws first."""
    operands = tuple(TIDY.memo.get(c) or tidy(c) for c in node.operands)
    return rebuilt(node, operands)


def tidy(root: Node) -> Node:
    """The laws everywhere, bottom-up, without regrouping and lifting."""
    return _pass(root, TIDY, None)


def simplify(root: Node, record: Recorder | None = None, facts: Iterable[Any] = ()) -> Node:
    """``root`` in a form a lecturer would write. Value and shape are kept.

    >>> import matcalc as mc
    >>> A = mc.matrix("A", "n", "n")
    >>> simplify((A.T * mc.ones("n", 1)).T)
    colsum(A)
    """
    assumed = _assumed(facts)
    order = postorder(root)
    if len(order) > LARGEST and not assumed:
        return _to_the_end(root, FULL, record)
    template = Template(root, assumed, order)
    if record is not None:
        return template.restored(_best(template.root(), _renamed(record, template)))
    found = _KNOWN.get(template.key)
    if found is None:
        found = _best(template.root(), None)
        _KNOWN[template.key] = found
        if len(_KNOWN) > MOST_KNOWN:
            _KNOWN.popitem(last=False)
    return template.restored(found)


def tidied(root: Node, facts: Iterable[Any] = ()) -> Node:
    """The laws with the facts, without regrouping: factors still stand where the rules put them."""
    template = Template(root, _assumed(facts))
    return template.restored(tidy(template.root()))


def flipped(root: Node, facts: Iterable[Any] = ()) -> Node:
    """The transpose, pushed down to the symbols, with the facts."""
    template = Template(root, _assumed(facts))
    return template.restored(flip(template.root()))


def _assumed(facts: Iterable[Any]) -> Assumed:
    """Facts by the name of their symbol."""
    if isinstance(facts, Mapping):
        return facts
    found: dict[str, list[str]] = {}
    for fact in facts:
        found.setdefault(fact.of, []).append(fact.name)
    return found


def _renamed(record: Recorder, template: Template) -> Recorder:
    """A recorder that hears of the symbols themselves."""
    return lambda name, before, after: record(
        name, template.restored(before), template.restored(after)
    )


def cited(root: Node, facts: Iterable[Any]) -> tuple[Any, ...]:
    """The facts without which ``root`` would come out in another form."""
    given = list(facts)
    if not given:
        return ()
    result = simplify(root, facts=given)
    names = {symbol_name(n) for n in postorder(root) if _is_symbol(n)}
    used = [f for f in given if f.of in names]
    for fact in reversed(used):
        # One after the other: of two facts that do the same, the first stated is cited.
        fewer = [f for f in used if f is not fact]
        if simplify(root, facts=fewer) is result:
            used = fewer
    return tuple(used)


@dataclass(frozen=True)
class Way:
    """What is done where a region ends, and what has been found in this way."""

    memo: Memo
    regroup: Callable[[Node], Node | None] | None
    lifts: bool


TIDY = Way(WeakKeyDictionary(), None, lifts=False)
FULL = Way(WeakKeyDictionary(), regrouped, lifts=True)
# Brackets stay closed: what is multiplied out may be shorter and yet share less.
CLOSED = Way(WeakKeyDictionary(), regrouped_closed, lifts=True)


def _best(root: Node, record: Recorder | None) -> Node:
    """In the way that makes the shortest page."""
    found = _to_the_end(root, FULL, None)
    way = FULL
    small = not within(root, LARGEST) or cost(found) < FEW
    if not small and cost(found) >= SMALL:
        other = _to_the_end(root, CLOSED, None)
        if page_cost(other) < page_cost(found):
            found, way = other, CLOSED
    if record is not None:
        _to_the_end(root, way, record)
    return written(found if small else _in_brackets(found, record))


def _in_brackets(found: Node, record: Recorder | None) -> Node:
    """What has been found, or shorter in the brackets that it repeats."""
    named = InBrackets(found)
    if not named.meaning:
        return found
    other = named.restored(_to_the_end(named.root, FULL, None))
    if page_cost(other) > page_cost(found):
        return found  # of two that are as long, a person goes on with the bracket
    if record is not None:
        record("expand_and_collect", found, other)
    return other


def _to_the_end(root: Node, way: Way, record: Recorder | None) -> Node:
    best = root
    for _ in range(MAX_PASSES):
        after = aligned(_pass(root, way, record))
        if after is root:
            return root
        if cost(after) < cost(best) or best is root:
            best = after
        root = after
    return best


def _pass(root: Node, way: Way, record: Recorder | None) -> Node:
    image: dict[Node, Node] = {}
    memo = way.memo if record is None else None
    table = memo if memo is not None else image
    order = postorder(root, stop=table.__contains__)
    inner = _inside_regions(order, root) if way.lifts else frozenset()
    linear = _inside_sums(order, root) if way.regroup else frozenset()
    for node in order:
        if node in image or (memo is not None and node in memo and node not in inner):
            continue
        operands = tuple(_image(c, image, memo) for c in node.operands)
        after = by_laws(rebuilt(node, operands), record)
        if way.lifts and after.op is PRODUCT and node not in linear:
            after = _tried("entrywise", lift_scalars, after, record)
        if way.lifts and node not in inner and worth_lifting(after):
            after = _tried("entrywise", lift, after, record)
        if way.regroup is not None and node not in linear and worth_regrouping(after):
            after = _tried("expand_and_collect", way.regroup, after, record)
        image[node] = after
        if memo is not None and node not in inner and node not in linear:
            memo[node] = after
    return _image(root, image, memo)


def _tried(
    name: str, method: Callable[[Node], Node | None], node: Node, record: Recorder | None
) -> Node:
    found = method(node)
    if found is None:
        return node
    if record is not None:
        record(name, node, found)
    return by_laws(found, record)


def _image(node: Node, image: Mapping[Node, Node], memo: Memo | None) -> Node:
    found = image.get(node)
    if found is None and memo is not None:
        found = memo.get(node)
    return node if found is None else found


def _inside_regions(order: list[Node], root: Node) -> frozenset[Node]:
    """Entrywise nodes all of whose users are entrywise: they are simplified with the region they
    end in."""
    outside: set[Node] = {root}
    for node in order:
        if not is_entrywise(node):
            outside.update(node.operands)
    return frozenset(n for n in order if n not in outside and is_entrywise(n))


def _inside_sums(order: list[Node], root: Node) -> frozenset[Node]:
    """Sums and products all of whose users are sums and products: they are regrouped with these. A
    sum of inner products in front of a matrix is looked at by itself."""
    plain = (SUM_OP, PRODUCT, TRANSPOSE)
    outside: set[Node] = {root}
    for node in order:
        if node.op not in plain:
            outside.update(node.operands)
        elif node.op is PRODUCT and node.shape:
            outside.update(a for a in node.operands if not a.shape and a.op is SUM_OP)
    return frozenset(n for n in order if n not in outside and n.op in plain)
