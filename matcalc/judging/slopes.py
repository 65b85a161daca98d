r"""Slopes that a chain rule may have lost: ``f'(z)``, ``\cos(u)``, ``1 - A^2``, ``2 x``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.reading import tree as t


def slopes_of(env: Environment, letters: Sequence[str]) -> list[t.Node]:
    """The slopes of what the page applies, at its arguments and at their entries."""
    out: list[t.Node] = []
    for head, argument in _activations(env):
        scripts: list[tuple[t.Node, ...]] = [()]
        scripts += [(t.Symbol(x, x),) for x in letters[:3]]
        for script in scripts:
            inner = replace(argument, subscripts=script) if script else argument
            if head.name in OPEN:
                out.append(OPEN[head.name](inner))
                continue
            prime = replace(head, primes=1)
            out.append(t.HeadBracket(prime, t.Bracket("(", ")", (inner,))))
    return [*out, *_in_outputs(env), *_of_squares(env)]


def _called(name: str, argument: t.Node) -> t.Node:
    return t.Call(t.Symbol(name, f"\\{name}"), t.Bracket("(", ")", (argument,)))


# Slopes that nobody writes with a prime.
OPEN: dict[str, Callable[[t.Node], t.Node]] = {
    "sin": lambda x: _called("cos", x),
    "cos": lambda x: t.Bracket("(", ")", (t.Sum((_called("sin", x),), ("-",)),)),
}


def _of_squares(env: Environment) -> list[t.Product]:
    """``2 x`` for every ``x^2`` of the page."""
    two = t.Number("2")
    bodies = [d.body for d in env.definitions.values()]
    bodies += [f.body for f in env.functions.values() if f.body is not None]
    squares = (
        p.base for body in bodies for p in t.walk(body)
        if isinstance(p, t.Postfix) and p.kind in ("power", "superscript") and p.arguments == (two,)
    )  # fmt: skip
    names = [x for x in dict.fromkeys(squares) if s.bare(x)]
    return [t.Product((two, x), ("",)) for x in names[:6]]


def _activations(env: Environment) -> list[tuple[t.Symbol, t.Symbol]]:
    found: list[tuple[t.Symbol, t.Symbol]] = []
    for definition in env.definitions.values():
        for node in t.walk(definition.body):
            if isinstance(node, (t.HeadBracket, t.Call)) and isinstance(node.head, t.Symbol):
                argument = node.bracket if isinstance(node, t.HeadBracket) else node.argument
                inner = s.flattened(argument)
                skip = node.head.name in ("log", "exp", "ln", "sqrt")
                if isinstance(inner, t.Symbol) and not skip and (node.head, inner) not in found:
                    found.append((node.head, inner))
    return found


def _in_outputs(env: Environment) -> list[t.Node]:
    """``A \\odot (1 - A)`` and ``1 - A^2`` for steps that are activations."""
    out: list[t.Node] = []
    one = t.Number("1")
    for definition in env.definitions.values():
        body, left = definition.body, definition.left
        if isinstance(body, (t.HeadBracket, t.Call)) and isinstance(body.head, t.Symbol):
            rest = t.Bracket("(", ")", (t.Sum((one, left), ("+", "-")),))
            out.append(t.Bracket("(", ")", (t.Product((left, rest), (r"\odot",)),)))
            out.append(rest)
            square = t.Postfix(left, "power", (t.Number("2"),))
            out.append(t.Bracket("(", ")", (t.Sum((one, square), ("+", "-")),)))
    return out
