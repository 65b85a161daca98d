r"""Names as keys, and small surgery on trees.

``W^{[1]}`` and ``W^{(1)}`` have the key ``W^1``, ``\hat{y}_3`` has the key ``y_hat`` and the index
3. A letter below or above stands for its value wherever it has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from matcalc.reading import tree as t
from matcalc.reading.writer import write

Indices = Mapping[str, int]


def integer(node: t.Node, indices: Indices) -> int | None:
    """The whole number a piece of an index stands for; None if a letter has no value."""
    if isinstance(node, t.Number):
        return int(node.text) if node.text.isdigit() else None
    if isinstance(node, t.Symbol):
        # A size may carry a label: n_h, D_x, n^{[1]}.
        return indices.get(node.name if bare(node) else full(node)) if indices else None
    if isinstance(node, t.Bracket) and len(node.items) == 1:
        return integer(node.items[0], indices)
    if isinstance(node, t.Sum):
        total = 0
        for sign, term in zip(node.signs, node.terms, strict=True):
            value = integer(term, indices)
            if value is None or sign not in "+-":
                return None
            total += value if sign == "+" else -value
        return total
    if isinstance(node, t.Product) and not any(op not in ("", r"\cdot") for op in node.operators):
        result = 1
        for factor in node.factors:
            value = integer(factor, indices)
            if value is None:
                return None
            result *= value
        return result
    if isinstance(node, t.Postfix) and node.kind in ("power", "superscript") and node.arguments:
        base, exponent = integer(node.base, indices), integer(node.arguments[0], indices)
        if base is None or exponent is None or abs(base) > 100 or not 0 <= exponent <= 4:
            return None
        return int(base**exponent)
    return None


def said(node: t.Node, indices: Indices) -> str:
    """A script as text: its number if it has one, else its spelling without blanks."""
    value = integer(node, indices)
    if value is not None:
        return str(value)
    if isinstance(node, t.Word):
        return node.text
    if isinstance(node, t.Symbol):
        below = "".join("_" + said(s, indices) for s in node.subscripts)
        return node.name + below + "".join("^" + said(m.index, indices) for m in node.marks)
    return write(node).replace(" ", "").replace("{", "").replace("}", "")


def stem(symbol: t.Symbol, indices: Indices = {}) -> str:  # noqa: B006
    """The name with its marks, without what stands below."""
    marks = "".join("^" + said(mark.index, indices) for mark in symbol.marks)
    return symbol.name + (symbol.star or "") + marks


def below(symbol: t.Symbol, indices: Indices = {}) -> str:  # noqa: B006
    """What stands below, as text."""
    return ",".join(said(s, indices) for s in symbol.subscripts)


def full(symbol: t.Symbol, indices: Indices = {}) -> str:  # noqa: B006
    """The name with everything above and below."""
    under = below(symbol, indices)
    return stem(symbol, indices) + (f"_{under}" if under else "")


def bare(symbol: t.Node) -> bool:
    """A letter with nothing around it."""
    return isinstance(symbol, t.Symbol) and not (
        symbol.subscripts or symbol.marks or symbol.primes or symbol.star
    )


def counts(name: str) -> bool:
    """Whether a name may be an index: ``i``, and what stands for ``i'`` and ``y_i`` below."""
    plain = name.removesuffix("_prime")
    single = len(plain) == 1 or (len(plain) == 3 and plain[1] == "_")
    return single and plain.islower()


def labelled(symbol: t.Symbol) -> bool:
    """Whether what stands below is part of the name: ``W_{out}``, no entry of a W."""
    return bool(symbol.subscripts) and all(isinstance(x, t.Word) for x in symbol.subscripts)


# ---------------------------------------------------------------- surgery


def rebuilt(node: t.Node, change: Callable[[t.Node], t.Node]) -> t.Node:
    """``change`` applied from the leaves up."""
    updates: dict[str, Any] = {}
    for spec in fields(node):
        value = getattr(node, spec.name)
        new = _changed(value, change)
        if new is not value:
            updates[spec.name] = new
    return change(replace(node, **updates) if updates else node)


def _changed(value: object, change: Callable[[t.Node], t.Node]) -> object:
    if isinstance(value, t.Node):
        return rebuilt(value, change)
    if isinstance(value, tuple) and value:
        parts = tuple(_changed(part, change) for part in value)
        return parts if any(a is not b for a, b in zip(parts, value, strict=True)) else value
    return value


def respelled(new: t.Node, old: t.Node) -> dict[t.Node, t.Node]:
    """The pieces of a formula that stand for differently spelled ones, with those."""
    if new == old:
        return {}
    mine, theirs = list(t.children(new)), list(t.children(old))
    if type(new) is not type(old) or isinstance(new, t.Symbol) or len(mine) != len(theirs):
        return {new: old}
    found: dict[t.Node, t.Node] = {}
    for a, b in zip(mine, theirs, strict=True):
        found |= respelled(a, b)
    return found


def put(node: t.Node, letters: Mapping[str, t.Node]) -> t.Node:
    """Letters with nothing around them replaced."""

    def change(part: t.Node) -> t.Node:
        if isinstance(part, t.Symbol) and bare(part) and part.name in letters:
            return letters[part.name]
        return part

    return rebuilt(node, change)


def flattened(node: t.Node) -> t.Node:
    """Invisible braces and brackets of one item off."""
    while (
        isinstance(node, t.Bracket) and len(node.items) == 1 and node.left in ("(", "[", "", r"\{")
    ):
        node = node.items[0]
    return node


def peeled(node: t.Node) -> t.Node:
    """Labels, colours and single brackets off."""
    while True:
        inner = flattened(node)
        if isinstance(inner, t.Labelled):
            inner = inner.body
        if inner is node:
            return node
        node = inner


def symbols(node: t.Node) -> Iterator[t.Symbol]:
    """The symbols of a formula that are not part of a script."""
    todo = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, t.Symbol):
            yield part
            continue
        todo.extend(reversed(list(t.children(part))))


def letters_below(node: t.Node) -> Iterator[str]:
    """Letters in the scripts below symbols and brackets, each as often as it stands there."""
    for part in t.walk(node):
        scripts: tuple[t.Node, ...] = ()
        if isinstance(part, t.Symbol):
            scripts = part.subscripts
        elif isinstance(part, t.Postfix) and part.kind == "subscript":
            scripts = part.arguments
        for script in scripts:
            for inner in t.walk(script):
                if isinstance(inner, t.Symbol) and bare(inner):
                    yield inner.name


def letters_above(node: t.Node) -> Iterator[str]:
    """Letters in the marks above symbols."""
    for part in t.walk(node):
        if isinstance(part, t.Symbol):
            for mark in part.marks:
                for inner in t.walk(mark.index):
                    if isinstance(inner, t.Symbol) and bare(inner):
                        yield inner.name


def latex_of(symbol: t.Symbol) -> str:
    return write(symbol)
