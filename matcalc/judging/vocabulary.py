r"""What can stand in the place of a piece of a formula, and small constructions with factors.

Candidates are taken from the page: its names, entries, slopes, index letters and layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations, product

from matcalc.judging import spelling as s
from matcalc.judging.environment import ONE, Environment
from matcalc.judging.products import ENTRYWISE
from matcalc.judging.slopes import slopes_of
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


def is_number(node: t.Node, env: Environment) -> bool:
    """A coefficient: its place among the factors does not matter."""
    if isinstance(node, (t.Number, t.Fraction)):
        return True
    if not isinstance(node, t.Symbol):
        return False
    key = s.full(node)
    counts = key in env.dims and not env.has(key)
    return counts or env.shapes.get(key) == (ONE, ONE)


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
    for root in (relation, *(d.body for d in env.definitions.values()), *env.page):
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
    if isinstance(node, t.Call) and node.head.name == "diag":
        node = s.flattened(node.argument)
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
        elif isinstance(script, t.Sum):
            one = t.Number("1")
            if len(script.terms) == 2:
                others = [script.terms[0]]
            elif isinstance(script.terms[-1], t.Number):
                others = [t.Sum(script.terms[:-1], script.signs[:-1])]
            if not isinstance(script.terms[-1], t.Number):
                others += [t.Sum((*script.terms, one), (*script.signs, x)) for x in "-+"]
            elif script.signs[-1] in "+-":
                turn = "-" if script.signs[-1] == "+" else "+"
                others.append(replace(script, signs=(*script.signs[:-1], turn)))
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
        elif isinstance(node, t.Sum) and isinstance(node.terms[-1], t.Number):
            yield t.Sum(node.terms[:-1], node.signs[:-1])
        if isinstance(node, t.Sum) and not isinstance(node.terms[-1], t.Number):
            yield t.Sum((*node.terms, one), (*node.signs, "+"))
            yield t.Sum((*node.terms, one), (*node.signs, "-"))
        elif not isinstance(node, t.Sum):
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
    for key, symbol in env.symbols.items():
        if key in env.shapes and not any(isinstance(p, t.Symbol) for p in symbol.subscripts):
            found.setdefault(key, symbol)
    for definition in env.definitions.values():
        for symbol in s.symbols(definition.body):
            key = s.full(symbol)
            plain = not any(isinstance(p, t.Symbol) for p in symbol.subscripts) or env.has(key)
            counts = key in env.dims and not env.has(key)
            other = symbol.primes or counts or env.is_function(key)
            declared = env.has(key) or s.stem(symbol) in env.cells
            if plain and declared and not other:
                found.setdefault(key, symbol)
    for symbol in (p for side in relation.sides for p in s.symbols(side)):
        if symbol.name == "delta":
            found.setdefault(s.full(symbol), symbol)
    return list(found.values())[:40]


def spellings(env: Environment, *lines: t.Node) -> dict[str, t.Symbol]:
    """The names of a page as they are written: declared ones, then those that are only used."""
    found = dict(env.symbols)
    bodies = [d.body for d in (*env.definitions.values(), *env.patterns)]
    for root in (*bodies, *lines):
        for symbol in s.symbols(root):
            if not symbol.primes:
                found.setdefault(s.full(symbol), symbol)
    return found


def scalar_names(env: Environment, relation: t.Relation) -> list[t.Symbol]:
    """Names that stand for a number and for nothing else, declared or not."""
    found = []
    for key, symbol in spellings(env, *relation.sides).items():
        counts = key in env.dims or key in env.sizes or key in env.definitions
        plain = (
            (s.bare(symbol) or s.labelled(symbol))
            and key not in ("e", "pi", "I", "I_bb")
            and not env.is_function(key)
        )
        letter = len(symbol.name) > 1 or symbol.name not in "ijkl"
        if plain and letter and not counts and env.shapes.get(key, (ONE, ONE)) == (ONE, ONE):
            found.append(symbol)
    return found


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
    out += slopes_of(env, letters)
    bodies = [d.body for d in env.definitions.values()]
    found = (p for body in bodies for p in t.walk(body) if isinstance(p, t.Fraction))
    out += [p for p in dict.fromkeys(found) if _is_coefficient(p, env)][:6]
    for ones in _ones(env, relation):
        out += [ones, turned(ones, sign)]
    return [*errors(env, letters), *adjoints(env, relation), *out][:160]


def _is_coefficient(node: t.Fraction, env: Environment) -> bool:
    """A fraction of numbers and scalar names: ``1 / \\tau``, ``\\lambda / 2``."""
    named = [p for p in t.walk(node) if isinstance(p, t.Symbol)]
    plain = all(
        isinstance(p, (t.Fraction, t.Symbol, t.Number, t.Product, t.Root)) for p in t.walk(node)
    )
    scalar = all(s.bare(p) and env.shapes.get(s.full(p), (ONE, ONE)) == (ONE, ONE) for p in named)
    return plain and scalar and all(s.full(p) not in env.definitions for p in named)


def _ones(env: Environment, relation: t.Relation) -> list[t.Filled]:
    """The vectors of ones of the page."""
    roots = (relation, *(d.body for d in env.definitions.values()))
    found = (p for root in roots for p in t.walk(root) if isinstance(p, t.Filled))
    return list(dict.fromkeys(p for p in found if p.digit == "1" and p.subscripts))[:3]


def errors(env: Environment, letters: Sequence[str]) -> list[t.Node]:
    """Differences between a step and the data, as losses have them: ``(A - Y)``, ``(o - t)``."""
    out: list[t.Node] = []
    steps = [d.left for d in env.definitions.values() if not d.letters]
    targets = [x for key, x in env.symbols.items() if key not in env.definitions]
    loose = {
        s.full(x): x
        for d in env.definitions.values()
        for x in s.symbols(d.body)
        if not x.subscripts and not env.has(s.full(x)) and s.full(x) not in env.dims
    }
    for target in (*targets, *loose.values()):
        if target.name not in TARGETS:
            continue
        for step in steps:
            pair = t.Sum((step, target), ("+", "-"))
            out.append(t.Bracket("(", ")", (pair,)))
            for letter in letters[:2]:
                index = (t.Symbol(letter, letter),)
                out.append(
                    t.Bracket(
                        "(",
                        ")",
                        (
                            t.Sum(
                                (
                                    replace(step, subscripts=index),
                                    replace(target, subscripts=index),
                                ),
                                ("+", "-"),
                            ),
                        ),
                    )
                )
            if len(letters) > 1:
                both = tuple(t.Symbol(x, x) for x in letters[:2])
                out.append(
                    t.Bracket(
                        "(",
                        ")",
                        (
                            t.Sum(
                                (replace(step, subscripts=both), replace(target, subscripts=both)),
                                ("+", "-"),
                            ),
                        ),
                    )
                )
    return out[:24]


TARGETS = frozenset(["y", "t", "Y", "T", "d", "target", "label"])


def adjoints(env: Environment, relation: t.Relation) -> list[t.Node]:
    """What arrives at the steps: in the author's error symbols, else as derivatives of the loss."""
    out: list[t.Node] = []
    left = relation.sides[0]
    loss = left.of if isinstance(left, t.Derivative) else None
    for definition in env.definitions.values():
        step = definition.left
        if definition.letters or (step.subscripts and not step.marks):
            continue
        if step.marks:
            out.append(replace(step, name="delta", latex=r"\delta", subscripts=()))
        if isinstance(left, t.Derivative) and loss is not None and step != loss:
            out.append(replace(left, by=(step,)))
        elif isinstance(left, t.Differential):
            out.append(replace(left, of=step))
    letters = list(dict.fromkeys(s.letters_below(left)))
    if letters and isinstance(left, t.Derivative):
        out += [
            replace(node, by=(replace(node.by[0], subscripts=(t.Symbol(x, x),)),))
            for node in out
            if isinstance(node, t.Derivative) and isinstance(node.by[0], t.Symbol)
            for x in letters[:2]
        ]
    return [node for node in out if node != left][:24]


def lost_terms(env: Environment, relation: t.Relation) -> list[t.Node]:
    """What a lost term can have been: a name, an entry, a number times a name, a one."""
    plain = known_symbols(env, relation)
    letters = list(dict.fromkeys(s.letters_below(relation)))
    out: list[t.Node] = [t.Number("1"), *plain]
    numbers = scalar_names(env, relation)
    for number in numbers[:3]:
        out += [t.Product((number, x), ("",)) for x in plain if x != number][:12]
    indexed: list[t.Node] = []
    for symbol in plain:
        for letter in letters[:2]:
            indexed.append(replace(symbol, subscripts=(t.Symbol(letter, letter),)))
        if len(letters) > 1:
            both = tuple(t.Symbol(x, x) for x in letters[:2])
            indexed.append(replace(symbol, subscripts=both))
    for number in numbers[:2]:
        indexed += [t.Product((number, x), ("",)) for x in list(indexed)[:20]]
    pieces = (p for side in relation.sides for p in t.walk(side) if isinstance(p, t.Postfix))
    out += [p for p in dict.fromkeys(pieces) if p.kind in ("inverse", "inverse-transpose")][:4]
    diag = t.Symbol("diag", r"\operatorname{diag}")
    out += [t.Call(diag, t.Bracket("(", ")", (x,))) for x in plain[:8]]
    if len(letters) > 1:
        both = tuple(t.Symbol(x, x) for x in letters[:2])
        indexed.append(t.Symbol("delta", r"\delta", both))
    return [*out, *indexed][:90]


def opened(node: t.Node, env: Environment) -> t.Node:
    """``a(b)`` as two factors of a product where ``a`` is no function."""

    def change(part: t.Node) -> t.Node:
        if isinstance(part, t.HeadBracket) and not _applies(part, env):
            return t.Product((part.head, part.bracket), ("",), span=part.span)
        if isinstance(part, t.Postfix) and isinstance(part.base, t.Product):
            # What stood above a(b) belongs to the bracket once the two are apart.
            head, inner = part.base.factors
            return t.Product((head, replace(part, base=inner)), ("",), span=part.span)
        if isinstance(part, t.Product) and any(isinstance(f, t.Product) for f in part.factors):
            return _spliced(part)
        return part

    return s.rebuilt(node, change)


def _applies(node: t.HeadBracket, env: Environment) -> bool:
    head = node.head
    if not isinstance(head, t.Symbol) or head.primes:
        return True
    key = s.full(head)
    if env.is_function(key) or key in env.decorated or env.is_function(head.name):
        return True
    return not env.has(key) and s.stem(head) not in env.cells and head.name in FUNCTIONS


FUNCTIONS = frozenset(
    ["f", "g", "h", "phi", "varphi", "psi", "rho", "sigma", "F", "Phi", "L", "J", "C", "E"]
)


def _spliced(node: t.Product) -> t.Node:
    factors: list[t.Node] = []
    operators: list[str] = []
    for place, factor in enumerate(node.factors):
        operators += [node.operators[place - 1]] if place else []
        if isinstance(factor, t.Product):
            factors += factor.factors
            operators += factor.operators
        else:
            factors.append(factor)
    return t.Product(tuple(factors), tuple(operators), span=node.span)


def turnings(term: t.Node, sign: str) -> Iterator[t.Node]:
    parts = listed(term)
    yield turned(term, sign)
    if parts is None:
        return
    factors, operators = parts
    for flags in product((False, True), repeat=len(factors) if len(factors) <= 4 else 0):
        if any(flags):
            new = [turned(f, sign) if flag else f for f, flag in zip(factors, flags, strict=True)]
            yield joined(new, operators)
    if len(factors) >= 2:
        yield joined(factors[::-1], operators[::-1])
