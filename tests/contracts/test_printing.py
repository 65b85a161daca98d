"""What is printed keeps its brackets: every operation inside every other, as LaTeX and as text.

Three oracles that know no operation: LaTeX that TeX would accept, two expressions that look alike
having one value, and the text language reading back the node that was printed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import Node, postorder, symbol, symbols
from matcalc.language import read_expression, undefined_in
from matcalc.ops import OPS, Op
from matcalc.ops.binder import index, isum
from matcalc.ops.entries import entry
from tests.contracts.harness import Disagreement, value
from tests.contracts.nesting import latex_faults, nestings, placed
from tests.instances import Instance, array_shape, instances_of


def latex(node: Node) -> str:
    """A node in LaTeX."""
    return node._latex(None)


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_latex_is_well_formed_inside_every_other_op(op: Op):
    """Braces and \\left are balanced, and no base carries two scripts of one kind."""
    for nested in nestings(op):
        source = latex(nested.node)
        assert not latex_faults(source), f"{op.name} in {nested.outer.name}: {source}"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (r"A^{\top}^{2}", "double ^"),
        (r"A_{1}_{2}", "double _"),
        (r"{A^{\top}}^{2}_{1}", ""),
        (r"\left(A^{2}\right)^{-1} B_{i}^{2}", ""),
        (r"\left(A", r"\left is never closed"),
        (r"\frac{A}{B", "{ is never closed"),
        (r"A}", "} closes nothing"),
        (r"x^{a^{b}^{c}}", "double ^"),
        (r"g^{2}'", "a prime after a superscript"),
    ],
)
def test_a_fault_in_latex_is_seen(source: str, fault: str):
    """The checker of the check: each fault is named, sound LaTeX has none."""
    assert latex_faults(source) == ([fault] if fault else [])


# -- two expressions that look alike -------------------------------------------------------------

NAME = re.compile(r"\b([AB])(?:_\{)?(\d)\}?")


# Their operands' sizes are products of others, which no square has: the contracts on distinct sizes
# hold them.
FACTORED = {"reshape_rows", "unfold", "fold"}


def square_dim(letter: str) -> shapes.Dim:
    """Every dimension is n, so that shapes never tell two expressions apart."""
    return shapes.dim(letter if letter in "ij" else "n")


def sound(op: Op, prefix: str) -> list[Instance]:
    """The instances that still conform when every dimension is n."""
    found = []
    for instance in () if op.name in FACTORED else instances_of(op, square_dim, prefix):
        try:
            assert instance.node is not None
            found.append(instance)
        except ShapeError:
            continue
    return found


def pairs_of_squares() -> Iterator[Node]:
    """Every operation inside every other, all matrices of one size."""
    inner = [i for op in OPS.values() for i in sound(op, "B")[:3]]
    by_shape: dict[object, list[Instance]] = defaultdict(list)
    for instance in inner:
        by_shape[instance.node.shape].append(instance)
    for op in OPS.values():
        for outer in [] if op.constant else sound(op, "A"):
            for slot, operand in enumerate(outer.operands):
                for instance in by_shape[operand.shape]:
                    node = placed(outer, slot, instance)
                    if node is not None:
                        yield node


def in_order(node: Node, shown: str) -> tuple[str, dict[Node, int]] | None:
    """What is shown with letters by order of appearance, and which symbol came when."""
    order = list(dict.fromkeys(NAME.findall(shown)))
    leaves = {s: (s.params[0][0], s.params[0][1:]) for s in symbols(node) if s.params[0][0] in "AB"}
    if not set(leaves.values()) <= set(order):  # an operand that is not shown at all
        return None
    letters = NAME.sub(lambda found: f"<{order.index(found.groups())}>", shown)
    return letters, {s: order.index(name) for s, name in leaves.items()}


def assert_lookalikes_are_equal(show: Callable[[Node], str], rng: np.random.Generator) -> int:
    """Expressions that print alike, letters apart, have one value; returns how many were seen."""
    alike: dict[object, list[tuple[Node, dict[Node, int]]]] = defaultdict(list)
    for node in pairs_of_squares():
        found = in_order(node, show(node))
        if found is not None:
            letters, places = found
            kinds = tuple(s.shape for s in sorted(places, key=places.__getitem__))
            alike[letters, kinds].append((node, places))
    draws = [rng.uniform(0.2, 0.9, size=(9, 9)) for _ in range(4)]

    def numbers(node: Node, places: dict[Node, int]) -> np.ndarray:
        at = {s: draws[k][tuple(map(slice, array_shape(s.shape)))] for s, k in places.items()}
        return value(node, {s: v if s.shape else v[0, 0] for s, v in at.items()})

    for (shown, _), (first, *others) in alike.items():
        for other in others:
            one, two = numbers(*first), numbers(*other)
            # Values far from any domain are infinite or nan in both.
            if one.shape != two.shape or not np.allclose(one, two, equal_nan=True):
                raise Disagreement(f"{shown} is both {first[0]} and {other[0]}")
    return len(alike)


@pytest.mark.parametrize("show", [latex, str], ids=["latex", "text"])
def test_expressions_that_look_alike_are_equal(
    show: Callable[[Node], str], rng: np.random.Generator
):
    """A lost bracket makes two expressions look alike whose values differ."""
    assert assert_lookalikes_are_equal(show, rng) > 5000


@pytest.mark.parametrize("face", ["latex", "text"])
@pytest.mark.parametrize("name", ["plus", "hadamard"])
def test_a_lost_bracket_is_caught(name: str, face: str, monkeypatch, rng: np.random.Generator):
    """An operation that claims to bind tighter than it does is found out."""
    op = type(OPS[name])
    honest = getattr(op, face)
    monkeypatch.setattr(op, face, lambda self, node, w: (honest(self, node, w)[0], 60))
    show = latex if face == "latex" else str
    with pytest.raises(Disagreement):
        assert_lookalikes_are_equal(show, rng)


# -- reading back --------------------------------------------------------------------------------


def read_back(node: Node) -> Node:
    """What the text language makes of a node's own text."""
    names = {s.params[0]: s for s in symbols(node) if s.shape or s.params[0][0] in "ABa"}
    dims = {
        s.name
        for n in postorder(node)
        for p in (*n.params, *n.shape)
        if isinstance(p, sp.Expr)
        for s in p.free_symbols
    }
    functions = undefined_in([node])
    return read_expression(str(node), names, dims=sorted(dims), functions=functions)


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_reading_back_gives_the_same_node(op: Op):
    """The text language reads what `text` wrote, and finds the very same node."""
    for nested in nestings(op):
        # A scalar and a 1 x 1 matrix are written alike, on purpose.
        if not {op.name, nested.outer.name} & {"item", "box"}:
            assert read_back(nested.node) is nested.node, f"{op.name} in {nested.outer.name}"


def test_a_sum_over_entries_is_read_back():
    """Positions are written from 1 and counted from 0; the limits go along."""
    A, i = symbol("A", (shapes.dim("n"), shapes.dim("n"))), index("i")
    for low in (0, 2):
        node = isum(entry(A, i, i) * entry(A, i, 0), i, low, shapes.dim("n") - 1)
        assert read_back(node) is node
