r"""A prime behind an array: ``X'X``, ``\iota_n'``.

Statistics and econometrics write a transpose like that. A prime is one where the letter stands for
an array of the page, nothing is defined under the primed name, and the letter is no function.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.reading import tree as t

# Letters of functions: their prime is a slope.
LETTERS = frozenset(["f", "g", "h", "phi", "varphi", "psi", "rho", "sigma", "F", "Phi", "varsigma"])
BOLD = (r"\mathbf", r"\boldsymbol", r"\bm", r"\vec")


def note_primes(env: Environment, relations: Iterable[t.Relation]) -> None:
    """Remember the letters whose prime is a transpose, and the columns of ones."""
    listed = list(relations)
    arrays: set[str] = set(env.shapes) | set(env.definitions)
    functions: set[str] = set()
    named: set[str] = set()
    primed: dict[str, t.Symbol] = {}
    for relation in listed:
        for node in t.walk(relation):
            if isinstance(node, (t.Call, t.HeadBracket)) and isinstance(node.head, t.Symbol):
                if isinstance(node, t.Call) or not node.head.primes:
                    functions.add(node.head.name)
            if isinstance(node, t.Symbol) and node.primes == 1:
                primed[s.full(replace(node, primes=0))] = node
        if not relation.signs:
            continue
        left = s.peeled(relation.sides[0])
        if isinstance(left, t.Listing):
            arrays |= {s.full(x) for x in left.items if isinstance(x, t.Symbol) and not x.primes}
        if isinstance(left, t.Symbol):
            (named if left.primes else arrays).add(s.full(replace(left, primes=0)))
    functions -= arrays
    env.renamed |= {
        k for k in named
        if primed[k].name not in functions and (k in arrays or primed[k].name not in LETTERS)
    }  # fmt: skip
    for key, symbol in primed.items():
        known = key in arrays or s.stem(symbol) in env.shapes
        columnlike = symbol.name[:1].isupper() or symbol.name == "iota" or _bold(symbol)
        columnlike = columnlike or (key in env.shapes and key not in env.definitions)
        function = symbol.name in functions or env.is_function(key) or key in env.decorated
        if key in named or function or not columnlike:
            continue
        if known or symbol.name == "iota" or symbol.name[:1].isupper() or _bold(symbol):
            env.turned.add(key)
    if env.turned:
        # One prime that turns makes all of them turn.
        env.turned |= {
            k for k, x in primed.items() if k in arrays - named and x.name not in functions
        }


def without_primes(node: t.Node, env: Environment) -> t.Node:
    """Primes as transposes and ``\\iota`` as ones, where the page means that."""
    if not env.turned and not env.renamed and not _has_iota(node):
        return node

    def change(part: t.Node) -> t.Node:
        if isinstance(part, t.HeadBracket) and isinstance(part.head, t.Postfix):
            return t.Product((part.head, part.bracket), ("",), span=part.span)
        if not isinstance(part, t.Symbol):
            return part
        plain = replace(part, primes=0)
        base = _ones(plain, env)
        if part.primes == 1 and s.full(plain) in env.renamed:
            return replace(plain, name=part.name + "_prime", latex=part.latex + "'")
        if part.primes == 1 and s.full(plain) in env.turned:
            return t.Postfix(base, "transpose", (), r"\prime", span=part.span)
        return part if part.primes else base

    return s.rebuilt(node, change)


def _has_iota(node: t.Node) -> bool:
    return any(isinstance(p, t.Symbol) and p.name == "iota" for p in t.walk(node))


def _ones(symbol: t.Symbol, env: Environment) -> t.Node:
    """``\\iota_n``: the column of ones, if the page has no other iota."""
    if symbol.name != "iota" or env.has(s.full(symbol)) or symbol.marks:
        return symbol
    return t.Filled("1", symbol.latex, symbol.subscripts, span=symbol.span)


def _bold(symbol: t.Symbol) -> bool:
    return any(font in symbol.latex for font in BOLD)
