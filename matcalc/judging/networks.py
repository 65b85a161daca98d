r"""A network as the givens of a page: its shapes, steps, facts, loss, and what arrives is called.

The page may number layers in its own way (``W_1``, ``W^{(1)}``, ``W^{[1]}``): the network is written
in the way the page shows, so that the names meet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from matcalc.expr import Node, symbol_name
from matcalc.facts import Fact
from matcalc.judging import spelling as s
from matcalc.judging.conventions import PROPERTIES
from matcalc.judging.environment import Definition, Environment
from matcalc.judging.givens import declare, environment_of
from matcalc.network import Network, Step
from matcalc.notation import DEFAULT, Notation
from matcalc.problem import Problem
from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula
from matcalc.render.latex import latex_of
from matcalc.shapes import show_dim

FIRST = re.compile(r"[A-Za-z]\^(?:1|\{1\})(?!\d)")  # nobody writes a first power
FROM_ZERO = re.compile(
    r"_\{\s*[a-z]\s*=\s*0\s*\}|indices (?:start|begin) at 0|counted from 0", re.I
)


@dataclass(frozen=True)
class Given:
    """What a network, or the problem of a derivation, declares and defines."""

    declared: tuple[Node, ...]
    steps: tuple[Step, ...]
    facts: tuple[Fact, ...]
    output: Node | None

    @classmethod
    def of(cls, network: Network | Problem) -> Given:
        """Of a network, or of what a derivation is about."""
        if isinstance(network, Problem):
            inputs, params, output = network.inputs, network.params, network.output
        else:
            inputs = tuple(network.inputs.values())
            params = tuple(network.params.values())
            output = network.result if network.steps else None  # type: ignore[assignment]
        return cls((*inputs, *params), tuple(network.steps), tuple(network.facts), output)


def statements(network: Network | Problem, notation: Notation = DEFAULT) -> list[str]:
    """What a network declares and defines, as formulas of LaTeX.

    >>> import matcalc as mc
    >>> statements(mc.parse("w : d x 1; L = w'*w; minimize L"))
    ['w \\\\in \\\\mathbb{R}^{d \\\\times 1}', 'L = w^{\\\\top} w']
    """
    found = []
    given = Given.of(network)
    for symbol in given.declared:
        size = r" \times ".join(map(show_dim, symbol.shape))
        name = latex_of(symbol, notation)
        found.append(rf"{name} \in \mathbb{{R}}{f'^{{{size}}}' if size else ''}")
    for step in given.steps:
        found.append(f"{latex_of(step.symbol, notation)} = {latex_of(step.definition, notation)}")
    return found


def notation_of(page: str) -> Notation:
    """How the page writes the number of a layer, and where its indices start."""
    layer = Notation.from_latex(page).layer
    if layer == "_l" and FIRST.search(page):
        layer = "^l"
    return Notation.of({"layer": layer, "index_base": 0 if FROM_ZERO.search(page) else 1})


def environment_of_network(
    network: Network | Problem,
    page: str,
    *,
    given: Any = (),
    shapes: Any = None,
    layout: str | None = None,
    index_base: int | None = None,
    macros: Any = None,
) -> Environment:
    """The symbol table that a network sets up for a page about it."""
    notation = notation_of(page)
    lines = statements(network, notation)
    env = environment_of(
        [*lines, *([given] if isinstance(given, str) else given)],
        layout=layout,
        index_base=0 if index_base is None and notation.index_base == 0 else index_base,
        macros=macros,
    )
    for name, dims in (shapes or {}).items():
        declare(env, name, dims, macros)
    about = Given.of(network)
    for fact in about.facts:
        _assume(env, fact, about, notation)
    output = _symbol(latex_of(about.output, notation)) if about.output is not None else None
    if output is not None and about.output is not None and not about.output.shape:
        env.loss = s.full(output)
    for step in about.steps:
        arrives = _symbol(step.adjoint) if step.adjoint else None
        mine = _symbol(latex_of(step.symbol, notation))
        if arrives is None or mine is None:
            continue
        above = output if env.loss and output is not None else t.Symbol("L", "L")
        key = s.full(arrives)
        env.definitions[key] = Definition(arrives, t.Derivative(r"\partial", above, (mine,)))
        env.order.append(key)
    return env


def _symbol(latex: str) -> t.Symbol | None:
    sides = read_formula(latex)[0].sides
    return next((x for x in s.symbols(sides[0])), None) if sides else None


def _assume(env: Environment, fact: Fact, given: Given, notation: Notation) -> None:
    known = {symbol_name(node): node for node in given.declared}
    symbol = _symbol(latex_of(known[fact.of], notation)) if fact.of in known else None
    if symbol is None:
        return
    if fact.name in ("rows_sum_to_one", "cols_sum_to_one"):
        env.domains[s.full(symbol)] = "onehot"
    elif (words := fact.name.replace("_", " ")) in PROPERTIES:
        env.domains[s.full(symbol)] = PROPERTIES[words]
