r"""A network as the givens of a page: its shapes, steps, facts, loss, and what arrives is called.

The page may number layers in its own way (``W_1``, ``W^{(1)}``, ``W^{[1]}``): the network is written
in the way the page shows, so that the names meet.
"""

from __future__ import annotations

import re
from typing import Any

from matcalc.facts import Fact
from matcalc.judging import spelling as s
from matcalc.judging.conventions import PROPERTIES
from matcalc.judging.environment import Definition, Environment
from matcalc.judging.givens import declare, environment_of
from matcalc.network import Network
from matcalc.notation import DEFAULT, Notation
from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula
from matcalc.render.latex import latex_of
from matcalc.shapes import show_dim

FROM_ZERO = re.compile(r"_\{\s*[a-z]\s*=\s*0\s*\}|indices (?:start|begin) at 0|counted from 0", re.I)


def statements(network: Network, notation: Notation = DEFAULT) -> list[str]:
    """What a network declares and defines, as formulas of LaTeX.

    >>> from matcalc.language import parse
    >>> statements(parse("w : d x 1; L = w'*w; minimize L"))
    ['w \\\\in \\\\mathbb{R}^{d \\\\times 1}', 'L = w^{\\\\top} w']
    """
    found = []
    for symbol in (*network.inputs.values(), *network.params.values()):
        size = r" \times ".join(map(show_dim, symbol.shape))
        name = latex_of(symbol, notation)
        found.append(rf"{name} \in \mathbb{{R}}{f'^{{{size}}}' if size else ''}")
    for step in network.steps:
        found.append(f"{latex_of(step.symbol, notation)} = {latex_of(step.definition, notation)}")
    return found


def notation_of(page: str) -> Notation:
    """How the page writes the number of a layer, and where its indices start."""
    shown = Notation.from_latex(page)
    base = 0 if FROM_ZERO.search(page) else 1
    return Notation.of({"layer": shown.layer, "index_base": base})


def environment_of_network(
    network: Network,
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
    for fact in network.facts:
        _assume(env, fact, network, notation)
    output = _symbol(latex_of(network.output, notation)) if network.steps else None
    if output is not None and not network.output.shape:
        env.loss = s.full(output)
    for step in network.steps:
        arrives = _symbol(step.adjoint) if step.adjoint else None
        mine = _symbol(latex_of(step.symbol, notation))
        if arrives is None or mine is None:
            continue
        above = output if env.loss and output is not None else t.Symbol("L", "L")
        key = s.full(arrives)
        env.definitions[key] = Definition(arrives, t.Derivative(above, (mine,)))
        env.order.append(key)
    return env


def _symbol(latex: str) -> t.Symbol | None:
    sides = read_formula(latex)[0].sides
    return next((x for x in s.symbols(sides[0])), None) if sides else None


def _assume(env: Environment, fact: Fact, network: Network, notation: Notation) -> None:
    known = {**network.inputs, **network.params}
    symbol = _symbol(latex_of(known[fact.of], notation)) if fact.of in known else None
    if symbol is None:
        return
    if fact.name in ("rows_sum_to_one", "cols_sum_to_one"):
        env.domains[s.full(symbol)] = "onehot"
    elif (words := fact.name.replace("_", " ")) in PROPERTIES:
        env.domains[s.full(symbol)] = PROPERTIES[words]
