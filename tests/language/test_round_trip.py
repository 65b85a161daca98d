"""What prints is read back: every operation, and whole formulas, give the same node again."""

from __future__ import annotations

import pytest

from matcalc.errors import MatcalcError
from matcalc.expr import Node, symbols
from matcalc.language import parse_program, read_expression, undefined_in
from tests.instances import Instance, all_instances
from tests.language.test_expressions import SHAPES, TABLE


def read_back(node: Node) -> Node:
    """The node that its own text means."""
    names = {s.params[0]: s for s in symbols(node)}
    return read_expression(str(node), names, functions=undefined_in([node]))


def printable(instance: Instance) -> bool:
    """A box around a scalar has no sign of its own: 1 x 1 is a scalar in the language."""
    return instance.op.name != "box"


@pytest.mark.parametrize("instance", [*filter(printable, all_instances())], ids=str)
def test_every_operation_is_read_back(instance):
    """Its text is its node."""
    op, params = instance.op, instance.params
    node = op.build(() if op.constant else instance.operands, params)
    assert read_back(node) is node


@pytest.mark.parametrize("text", [row[0] for row in TABLE])
def test_formulas_are_read_back(text):
    """The printed form of a formula is the same formula."""
    node = parse_program(text, SHAPES).output
    assert read_back(node) is node


def test_shared_parts_are_read_back():
    """A text with named parts on lines above the last."""
    part = "sigmoid(X*W1 + ones(n,1)*b1)*W2 + ones(n,1)*b2"
    node = parse_program(f"sum(exp({part})./({part}) + tanh({part}).^2 - 3*({part}))").output
    try:
        assert read_back(node) is node
    except MatcalcError as error:  # show what was printed
        raise AssertionError(str(node)) from error
