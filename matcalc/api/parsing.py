"""``parse``: a program of the text language becomes a Network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matcalc.errors import NoRuleError, wants
from matcalc.expr import Node
from matcalc.language import Builder, parse_program
from matcalc.language.loops import has_families, network_of
from matcalc.network import Network
from matcalc.shapes import Shape


class _Assembler(Builder):
    """Builds the network while the program is read."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def declare(self, name: str, shape: Shape, latex: str | None) -> Node:
        rows, cols = shape or (None, None)
        return self.network.input(name, rows, cols, latex)

    def define(self, name: str, node: Node, latex: str | None) -> Node:
        return self.network.let(name, node, latex=latex)


def parse(text: str, symbols: Mapping[str, Any] | None = None, *, assume: Any = ()) -> Network:
    """Text, one line or a program, as a Network; shapes left out are inferred where they follow.

    ``symbols`` maps a name to ``(rows, cols)``, or to ``None`` for a scalar. What had to be assumed
    stands in ``.assumed``; ``.expression`` is the output in the inputs.

    >>> net = parse("sum((X*w - y).^2)/2")
    >>> net.assumed
    ('X : m x n', 'w : n x 1', 'y : m x 1')
    """
    wants(str, text, "parse takes a text")
    wants((Mapping, type(None)), symbols, "symbols maps names to shapes")
    if has_families(text):
        if symbols:
            raise NoRuleError("a program with families declares its shapes in its own lines")
        found = network_of(text)
        found.assume(assume)
        return found
    network = Network("text")
    program = parse_program(text, symbols, assume=assume, builder=_Assembler(network))
    network.as_params(list(program.params))
    network.assumed = program.assumptions
    network.assume(*program.facts)
    if program.is_expression:
        network.set_expression(program.output)
    elif program.minimizes:
        network.minimize(program.output)
    elif isinstance(program.output, str) or program.upstream:
        network.output(program.output, upstream=program.upstream)
    else:
        network.output(program.output)
    return network
