r"""Parameters of functions on the page: what a letter between the brackets of ``f(x) = ...`` is."""

from __future__ import annotations

import itertools
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.elementary import known
from matcalc.judging.environment import ONE, Environment
from matcalc.judging.functions import LOSSES
from matcalc.reading import tree as t


def is_array_in(body: t.Node, name: str) -> bool:
    """Whether a letter is transposed, normed, indexed or beside a transpose: it is no number."""
    for node in t.walk(body):
        turned = isinstance(node, t.Postfix) and node.kind == "transpose"
        normed = isinstance(node, t.Bracket) and node.left in (r"\|", r"\langle")
        if (turned or normed) and any(p.name == name for p in s.symbols(node)):
            return True
        if isinstance(node, t.Symbol) and node.name == name and node.subscripts:
            return True
        if isinstance(node, t.Product):
            for before, after in itertools.pairwise(node.factors):
                beside = isinstance(before, t.Postfix) and before.kind == "transpose"
                if beside and isinstance(after, t.Symbol) and after.name == name:
                    return True
    return False


def applied_elsewhere(env: Environment, head: t.Symbol, items: tuple[t.Node, ...]) -> bool:
    """Whether the page applies a function to something else than its own letters."""
    lefts = {id(r.sides[0]) for r in env.page if r.sides} if head.name in LOSSES else set()
    return any(
        isinstance(node, t.HeadBracket)
        and node.head == head
        and node.bracket.items != items
        and id(node) not in lefts  # J(alpha) = ... is another J, not the same one applied
        for relation in env.page
        for node in t.walk(relation)
    )


def is_free(env: Environment, symbol: t.Symbol, head: t.Symbol) -> bool:
    r"""Whether a parameter says nothing else; a number x declared before may stand in ``\sigma(x)``."""
    key = s.full(symbol)
    if not env.has(key):
        return True
    number = env.shapes.get(key) == (ONE, ONE) and key not in env.definitions
    return number and head.name not in LOSSES


def is_dummy(symbol: t.Symbol) -> bool:
    """A small letter; a capital or a bold letter is data or a parameter, not a dummy."""
    plain = symbol.latex in (symbol.name, "\\" + symbol.name)
    return symbol.name[:1].islower() and plain and symbol.name != "theta"


def is_primed(env: Environment, head: t.Symbol, items: tuple[t.Node, ...]) -> bool:
    """``f'(r)`` beside ``f(r) = ...``: a function of one number, whatever else is called r."""
    return len(items) == 1 and any(
        isinstance(node, t.HeadBracket)
        and isinstance(node.head, t.Symbol)
        and node.head.primes == 1
        and replace(node.head, primes=0) == head
        and node.bracket.items == items
        for relation in env.page
        for node in t.walk(relation)
    )


def is_renamed(body: t.Node, items: tuple[t.Node, ...]) -> bool:
    """``h(a) = \\tanh(a)``: a function gets a name, whatever else the letter stands for."""
    if len(items) != 1 or not isinstance(body, (t.Call, t.HeadBracket)):
        return False
    inside = body.argument if isinstance(body, t.Call) else body.bracket
    head = body.head
    named = isinstance(head, t.Symbol) and known(head.name) is not None and not head.primes
    return named and s.flattened(inside) == items[0] and s.bare(items[0])


def is_slope_by(body: t.Node, letter: t.Symbol) -> bool:
    r"""``J(x) = \partial r / \partial x``: an x that something is differentiated by is no dummy."""
    slopes = (p for p in t.walk(body) if isinstance(p, (t.Derivative, t.Nabla)))
    return any(letter in slope.by for slope in slopes)


def note_arrays(env: Environment) -> None:
    """Functions of a letter that is declared as an array, which multiply or index it as one."""
    for key, function in env.functions.items():
        if function.whole or function.component or len(function.parameters) != 1:
            continue
        (name,) = function.parameters
        sources = env.arguments.get(key, ())
        shape = sources[0] if len(sources) == 1 else env.shapes.get(name, (ONE, ONE))
        if shape == (ONE, ONE):
            continue
        if is_array_in(function.body, name) or _meets_array(env, function.body, name):
            env.functions[key] = replace(function, whole=True)


def _meets_array(env: Environment, body: t.Node, name: str) -> bool:
    """Whether a letter is multiplied, in the matrix sense, by an array of the page."""
    for node in t.walk(body):
        if not isinstance(node, t.Product) or any(node.operators):
            continue
        names = [part for factor in node.factors for part in s.symbols(factor)]
        if all(part.name != name for part in names):
            continue
        if any(env.shapes.get(s.full(part), (ONE, ONE)) != (ONE, ONE)
               for part in names if part.name != name):  # fmt: skip
            return True
    return False


def component_letter(head: t.Symbol, body: t.Node) -> str:
    """The letter of ``sigma_j(z) = e^{z_j} / ...``; empty where what stands below is a label."""
    if len(head.subscripts) != 1 or not s.bare(head.subscripts[0]):
        return ""
    letter = s.full(head.subscripts[0])  # type: ignore[arg-type]
    return letter if letter in s.letters_below(body) else ""
