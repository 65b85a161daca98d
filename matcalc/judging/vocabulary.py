r"""What can stand in the place of a piece of a formula, and small constructions with factors.

Candidates are taken from the page: its names, entries, slopes, index letters and layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations, product

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.judging.products import ENTRYWISE
from matcalc.reading import tree as t


def bracketed(node: t.Node) -> t.Node:
    """With parentheses where a factor needs them."""
    loose = (t.Sum, t.Product, t.BigOperator)
    return t.Bracket("(", ")", (node,)) if isinstance(node, loose) else node


def turned(node: t.Node, sign: str) -> t.Node:
    """The transpose, taking one off where there is one."""
    if isinstance(node, t.Postfix) and node.kind == "transpose":
        inner = node.base
        return (
            s.flattened(inner)
            if isinstance(inner, t.Bracket) and isinstance(s.flattened(inner), t.Symbol)
            else inner
        )
    base = bracketed(node)
    if isinstance(base, (t.HeadBracket, t.Call, t.Derivative, t.Fraction)):
        base = t.Bracket("(", ")", (base,))
    return t.Postfix(base, "transpose", (), sign)


def times(node: t.Node, *before: t.Node) -> t.Node:
    """A coefficient in front."""
    if isinstance(node, t.Sum) and len(node.terms) == 1:
        return t.Sum((times(node.terms[0], *before),), node.signs)
    if isinstance(node, t.Product):
        return t.Product((*before, *node.factors), (*([""] * len(before)), *node.operators))
    return t.Product((*before, bracketed(node)), ("",) * len(before))


def negated(node: t.Node) -> t.Node:
    if isinstance(node, t.Sum):
        if len(node.terms) == 1:
            return node.terms[0] if node.signs[0] == "-" else t.Sum(node.terms, ("-",))
        return t.Sum((bracketed(node),), ("-",))
    return t.Sum((node,), ("-",))


def listed(node: t.Node) -> tuple[list[t.Node], list[str]] | None:
    """Factors and signs, with ``a(b)`` as two factors."""
    if isinstance(node, t.HeadBracket):
        split = t.as_product(node)
        return (list(split), [""]) if split is not None else None
    if not isinstance(node, t.Product):
        return None
    return list(node.factors), list(node.operators)


def joined(factors: Sequence[t.Node], operators: Sequence[str]) -> t.Node:
    return factors[0] if len(factors) == 1 else t.Product(tuple(factors), tuple(operators))


def transpose_sign(relation: t.Relation, env: Environment) -> str:
    for root in (relation, *(d.body for d in env.definitions.values())):
        for node in t.walk(root):
            if isinstance(node, t.Postfix) and node.kind == "transpose" and node.latex:
                return node.latex
    return r"\top"


def entrywise_sign(relation: t.Relation, env: Environment) -> str:
    for node in t.walk(relation):
        if isinstance(node, t.Product):
            for operator in node.operators:
                if operator in ENTRYWISE:
                    return operator
    for sign in env.entrywise_signs:
        return sign
    for definition in env.definitions.values():
        for node in t.walk(definition.body):
            if isinstance(node, t.Product):
                for operator in node.operators:
                    if operator in ENTRYWISE:
                        return operator
    return r"\odot"


def squared_outer(node: t.Node, diag: t.Symbol, sign: str) -> t.Node | None:
    """``p \\odot (1 - p)`` as ``diag(p) - p p^T``."""
    parts = listed(node)
    if parts is None or len(parts[0]) != 2:
        return None
    first, second = parts[0]
    inner = s.flattened(second)
    if not (isinstance(inner, t.Sum) and len(inner.terms) == 2 and inner.terms[1] == first):
        return None
    if not isinstance(first, (t.Symbol, t.HeadBracket, t.Call)):
        return None
    square = t.Product((first, turned(first, sign)), ("",))
    return t.Sum((t.Call(diag, t.Bracket("(", ")", (first,))), square), ("+", "-"))


def lettered(symbol: t.Symbol, letters: Sequence[str]) -> Iterator[t.Symbol]:
    for k, script in enumerate(symbol.subscripts):
        others: list[t.Node] = []
        if isinstance(script, t.Symbol) and s.bare(script):
            others = [t.Symbol(x, x) for x in letters if x != script.name]
            others += [t.Sum((script, t.Number("1")), ("+", sign)) for sign in "+-"]
        elif isinstance(script, t.Number) and len(script.text) == 1:
            value = int(script.text)
            others = [t.Number(str(n)) for n in (value - 1, value + 1) if n >= 0]
        elif isinstance(script, t.Sum) and len(script.terms) == 2:
            others = [script.terms[0]]
        for other in others:
            yield replace(
                symbol, subscripts=(*symbol.subscripts[:k], other, *symbol.subscripts[k + 1 :])
            )


def swapped(symbol: t.Symbol) -> Iterator[t.Symbol]:
    if len(symbol.subscripts) == 2:
        yield replace(symbol, subscripts=symbol.subscripts[::-1])


def relayered(symbol: t.Symbol) -> Iterator[t.Symbol]:
    for k, mark in enumerate(symbol.marks):
        for index in _shifted(mark.index):
            marks = (*symbol.marks[:k], replace(mark, index=index), *symbol.marks[k + 1 :])
            yield replace(symbol, marks=marks)
    if not symbol.marks and len(symbol.subscripts) == 1:
        for index in _shifted(symbol.subscripts[0]):
            yield replace(symbol, subscripts=(index,))


def _shifted(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Number) and node.text.isdigit():
        for value in (int(node.text) - 1, int(node.text) + 1):
            if value >= 0:
                yield t.Number(str(value))
    elif isinstance(node, t.Symbol) and s.bare(node):
        yield t.Sum((node, t.Number("1")), ("+", "+"))
        yield t.Sum((node, t.Number("1")), ("+", "-"))
    elif isinstance(node, t.Sum) and len(node.terms) == 2:
        yield node.terms[0]
        if isinstance(node.terms[1], t.Number):
            other = "-" if node.signs[1] == "+" else "+"
            yield replace(node, signs=(node.signs[0], other))


def nearby(node: t.Node, env: Environment) -> Iterator[t.Node]:
    value = s.integer(node, {})
    if value is not None:
        for new in (value - 1, value + 1):
            if new >= 0:
                yield t.Number(str(new))
    else:
        one = t.Number("1")
        if isinstance(node, t.Sum) and len(node.terms) == 2:
            yield node.terms[0]
        else:
            yield t.Sum((node, one), ("+", "-"))
            yield t.Sum((node, one), ("+", "+"))
    for name in sorted(env.dims):
        yield t.Symbol(name, name)


def known_symbols(env: Environment, relation: t.Relation) -> list[t.Symbol]:
    """Names a slip can confuse: those of the page and of the line."""
    found: dict[str, t.Symbol] = {}
    for left in env.left_sides():
        if not left.subscripts or s.full(left) in env.shapes:
            found.setdefault(s.full(left), left)
    for definition in env.definitions.values():
        for symbol in s.symbols(definition.body):
            key = s.full(symbol)
            plain = not any(isinstance(p, t.Symbol) for p in symbol.subscripts) or env.has(key)
            other = symbol.primes or key in env.dims or env.is_function(key)
            declared = env.has(key) or s.stem(symbol) in env.cells
            if plain and declared and not other:
                found.setdefault(key, symbol)
    for symbol in (p for side in relation.sides for p in s.symbols(side)):
        if symbol.name == "delta":
            found.setdefault(s.full(symbol), symbol)
    return list(found.values())[:40]


def lost_factors(env: Environment, relation: t.Relation, sign: str) -> list[t.Node]:
    """What a lost factor can have been."""
    plain = known_symbols(env, relation)
    letters = list(dict.fromkeys(s.letters_below(relation)))
    out: list[t.Node] = []
    indexed = bool(letters) or any(p.subscripts for side in relation.sides for p in s.symbols(side))
    for symbol in plain:
        out.append(symbol)
        if not symbol.subscripts and not indexed:
            out.append(turned(symbol, sign))
        if not symbol.subscripts and letters:
            for letter in letters[:3]:
                out.append(replace(symbol, subscripts=(t.Symbol(letter, letter),)))
            for a, b in permutations(letters[:3], 2):
                out.append(replace(symbol, subscripts=(t.Symbol(a, a), t.Symbol(b, b))))
    for head, argument in _activations(env):
        prime = replace(head, primes=1)
        scripts: list[tuple[t.Node, ...]] = [()]
        scripts += [(t.Symbol(x, x),) for x in letters[:3]]
        for script in scripts:
            inner = replace(argument, subscripts=script) if script else argument
            out.append(t.HeadBracket(prime, t.Bracket("(", ")", (inner,))))
    out += _slopes_in_outputs(env)
    return out[:120]


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


def _slopes_in_outputs(env: Environment) -> list[t.Node]:
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


def turnings(term: t.Node, sign: str) -> Iterator[t.Node]:
    parts = listed(term)
    yield turned(term, sign)
    if parts is None:
        return
    factors, operators = parts
    for flags in product((False, True), repeat=len(factors)):
        if any(flags) and len(factors) <= 4:
            new = [turned(f, sign) if flag else f for f, flag in zip(factors, flags, strict=True)]
            yield joined(new, operators)
    if len(factors) >= 2:
        yield joined(factors[::-1], operators[::-1])
