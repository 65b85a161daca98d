r"""Changes that make a slip of a correct formula: on its tree, at one place at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula
from tests.judging import oracle

Change = Callable[[t.Node], Iterator[t.Node]]


def everywhere(node: t.Node, change: Change) -> Iterator[t.Node]:
    """``change`` tried at every place of a formula, one at a time."""
    yield from change(node)
    for name in ("terms", "factors", "items", "arguments"):
        parts = getattr(node, name, ())
        for k, part in enumerate(parts):
            for new in everywhere(part, change):
                yield replace(node, **{name: (*parts[:k], new, *parts[k + 1 :])})
    for name in ("base", "body", "bracket", "argument", "numerator"):
        part = getattr(node, name, None)
        if isinstance(part, t.Node):
            for new in everywhere(part, change):
                yield replace(node, **{name: new})


def at(change: Change) -> Change:
    """A change of one piece, made everywhere."""
    return lambda node: everywhere(node, change)


def flipped_sign(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Sum) and len(node.terms) > 1:
        signs = (*node.signs[:-1], "-" if node.signs[-1] == "+" else "+")
        yield replace(node, signs=signs)


def transposed(node: t.Node) -> Iterator[t.Node]:
    """One transpose lost, or one put on a matrix."""
    if isinstance(node, t.Postfix) and node.kind == "transpose":
        yield node.base
    elif isinstance(node, t.Product):
        for k, factor in enumerate(node.factors):
            letter = factor.name if isinstance(factor, t.Symbol) else ""
            if letter.isupper() and not factor.subscripts:  # type: ignore[attr-defined]
                new = t.Postfix(factor, "transpose", (), "T")
                yield replace(node, factors=(*node.factors[:k], new, *node.factors[k + 1 :]))


def swapped(node: t.Node) -> Iterator[t.Node]:
    """Two neighbours of a matrix product in the wrong order."""
    if isinstance(node, t.Product):
        for k, operator in enumerate(node.operators):
            pair = node.factors[k : k + 2]
            if operator == "" and all(map(is_array, pair)):
                factors = (*node.factors[:k], pair[1], pair[0], *node.factors[k + 2 :])
                yield replace(node, factors=factors)


def is_array(node: t.Node) -> bool:
    """A matrix or a vector by the look of it."""
    core = t.core(node)[0]
    while isinstance(core, t.Bracket) and len(core.items) == 1:
        core = core.items[0]
    if isinstance(core, t.Sum):
        return any(is_array(x) for x in core.terms)
    if isinstance(core, t.Symbol):
        return (core.name[0].isupper() or core.name in ("x", "r", "p", "w", "delta")) and not (
            core.subscripts
        )
    return isinstance(core, (t.Derivative, t.Differential))


def entrywise_lost(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Product):
        for k, operator in enumerate(node.operators):
            if operator in (r"\odot", r"\circ"):
                yield replace(node, operators=(*node.operators[:k], "", *node.operators[k + 1 :]))


def entrywise_added(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Product):
        for k, operator in enumerate(node.operators):
            if operator == "" and all(map(is_array, node.factors[k : k + 2])):
                signs = (*node.operators[:k], r"\odot", *node.operators[k + 1 :])
                yield replace(node, operators=signs)


def prime_added(node: t.Node) -> Iterator[t.Node]:
    """f' for f in ``a = f(z)``; the other way round is more frequent."""
    if isinstance(node, t.HeadBracket) and isinstance(node.head, t.Symbol):
        if not node.head.primes and node.head.name in oracle.FUNCTIONS:
            yield replace(node, head=replace(node.head, primes=1))


def prime_lost(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.HeadBracket) and isinstance(node.head, t.Symbol) and node.head.primes:
        yield replace(node, head=replace(node.head, primes=0))


def other_argument(node: t.Node) -> Iterator[t.Node]:
    """The activation for what it is applied to."""
    names = {"z": "a", "Z": "A", "a": "z", "A": "Z"}
    if isinstance(node, t.HeadBracket):
        item = node.bracket.items[0]
        if isinstance(item, t.Symbol) and item.name in names:
            new = replace(item, name=names[item.name], latex=names[item.name])
            yield replace(node, bracket=replace(node.bracket, items=(new,)))


def fraction_lost(node: t.Node) -> Iterator[t.Node]:
    """1/n is forgotten."""
    if isinstance(node, t.Product) and isinstance(node.factors[0], t.Fraction):
        rest = node.factors[1:]
        yield rest[0] if len(rest) == 1 else t.Product(rest, node.operators[1:])


def scaled(text: str) -> Change:
    """A factor too much in front."""
    factor = read_formula(text)[0].sides[0]

    def change(node: t.Node) -> Iterator[t.Node]:
        if isinstance(node, t.Product):
            yield t.Product((factor, *node.factors), ("", *node.operators))
        else:
            inner = t.Bracket("(", ")", (node,)) if isinstance(node, t.Sum) else node
            yield t.Product((factor, inner), ("",))

    return change


def two_lost(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Product) and node.factors[0] == t.Number("2"):
        rest = node.factors[1:]
        yield rest[0] if len(rest) == 1 else t.Product(rest, node.operators[1:])


def index_swapped(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Symbol) and len(node.subscripts) == 2:
        yield replace(node, subscripts=node.subscripts[::-1])


def index_wrong(node: t.Node) -> Iterator[t.Node]:
    """j for i."""
    other = {"i": "j", "j": "i", "n": "k", "k": "n"}
    if isinstance(node, t.Symbol) and len(node.subscripts) == 1:
        script = node.subscripts[0]
        if isinstance(script, t.Symbol) and script.name in other:
            new = other[script.name]
            yield replace(node, subscripts=(t.Symbol(new, new),))


def layer_off(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Symbol) and len(node.marks) == 1:
        mark = node.marks[0]
        if isinstance(mark.index, t.Number):
            for value in ("1", "2"):
                if value != mark.index.text:
                    yield replace(node, marks=(replace(mark, index=t.Number(value)),))


def sum_short(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.BigOperator) and isinstance(node.upper, t.Number):
        yield replace(node, upper=t.Number(str(int(node.upper.text) - 1)))
    elif isinstance(node, t.BigOperator) and node.upper is not None:
        yield replace(node, upper=t.Sum((node.upper, t.Number("1")), ("+", "-")))


def sum_long(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.BigOperator) and isinstance(node.upper, t.Number):
        yield replace(node, upper=t.Number(str(int(node.upper.text) + 1)))


def sum_lost(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.BigOperator) and node.body is not None:
        yield node.body


def batch_sum_lost(node: t.Node) -> Iterator[t.Node]:
    """The ones that sum over the data are forgotten."""
    if isinstance(node, t.Product):
        first = t.core(node.factors[0])[0]
        if isinstance(first, t.Filled) and len(node.factors) == 2:
            yield node.factors[1]


def term_lost(node: t.Node) -> Iterator[t.Node]:
    """Half of a product rule, one of several paths."""
    if isinstance(node, t.Sum) and len(node.terms) > 1:
        for k, term in enumerate(node.terms):
            if node.signs[k] == "+" and not isinstance(term, t.Number):
                terms = (*node.terms[:k], *node.terms[k + 1 :])
                signs = (*node.signs[:k], *node.signs[k + 1 :])
                yield terms[0] if len(terms) == 1 and signs[0] == "+" else t.Sum(terms, signs)


def wrapper_lost(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Call) and node.head.name in ("diag", "tr"):
        yield node.argument


def only_diagonal(node: t.Node) -> Iterator[t.Node]:
    """The softmax Jacobian without what lies off its diagonal."""
    if isinstance(node, t.Sum) and isinstance(node.terms[0], t.Call) and len(node.terms) == 2:
        if node.terms[0].head.name == "diag":
            inner = node.terms[0].argument
            one = t.Sum((t.Number("1"), inner.items[0]), ("+", "-"))  # type: ignore[attr-defined]
            product = t.Product((inner.items[0], t.Bracket("(", ")", (one,))), (r"\odot",))  # type: ignore[attr-defined]
            yield replace(node.terms[0], argument=t.Bracket("(", ")", (product,)))


def product_for_sum(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Sum) and len(node.terms) == 2 and node.signs == ("+", "+"):
        wrapped = tuple(
            t.Bracket("(", ")", (x,)) if isinstance(x, t.Sum) else x for x in node.terms
        )
        yield t.Product(wrapped, ("",))


def bracket_lost(node: t.Node) -> Iterator[t.Node]:
    """``a (b + c)`` as ``a b + c``."""
    if isinstance(node, t.Product) and isinstance(node.factors[-1], t.Bracket):
        inner = node.factors[-1].items[0]
        if isinstance(inner, t.Sum) and len(inner.terms) == 2 and inner.signs[0] == "+":
            first = t.Product((*node.factors[:-1], inner.terms[0]), node.operators)
            yield t.Sum((first, inner.terms[1]), inner.signs)


def weights_transposed(node: t.Node) -> Iterator[t.Node]:
    """W for W^T, and W^T for W."""
    if isinstance(node, t.Postfix) and node.kind == "transpose" and is_weight(node.base):
        yield node.base
    elif isinstance(node, t.Product):
        for k, factor in enumerate(node.factors):
            if is_weight(factor):
                new = t.Postfix(factor, "transpose", (), "T")
                yield replace(node, factors=(*node.factors[:k], new, *node.factors[k + 1 :]))


def is_weight(node: t.Node) -> bool:
    inner = node.base if isinstance(node, t.Postfix) else node
    while isinstance(inner, t.Bracket) and len(inner.items) == 1:
        inner = inner.items[0]
    if isinstance(inner, t.Postfix):
        inner = inner.base
    return isinstance(inner, t.Symbol) and inner.name in ("W", "V", "U") and not inner.subscripts


def other_transposed(node: t.Node) -> Iterator[t.Node]:
    """A transpose dropped or added, on anything but weights."""
    if isinstance(node, t.Postfix) and is_weight(node.base):
        return
    for new in transposed(node):
        if isinstance(node, t.Product) and isinstance(new, t.Product):
            changed = [a for a, b in zip(node.factors, new.factors, strict=True) if a != b]
            if any(is_weight(x) for x in changed):
                continue
        yield new


def delta_lost(node: t.Node) -> Iterator[t.Node]:
    """The softmax slope as if only the own entry mattered: 1 for the Kronecker delta."""
    if isinstance(node, t.Sum):
        for k, term in enumerate(node.terms):
            if isinstance(term, t.Symbol) and term.name == "delta" and len(term.subscripts) == 2:
                yield replace(node, terms=(*node.terms[:k], t.Number("1"), *node.terms[k + 1 :]))


def data_sum_lost(node: t.Node) -> Iterator[t.Node]:
    """``1^T R`` as R, ``S 1`` as S, the sum over the data as its summand."""
    yield from batch_sum_lost(node)
    if isinstance(node, t.Product):
        for k in (0, len(node.factors) - 1):
            if isinstance(t.core(node.factors[k])[0], t.Filled) and len(node.factors) > 1:
                rest = (*node.factors[:k], *node.factors[k + 1 :])
                operators = node.operators[1:] if k == 0 else node.operators[:-1]
                yield (
                    rest[0] if len(rest) == 1 else replace(node, factors=rest, operators=operators)
                )
    yield from sum_lost(node)


def whole_transposed(node: t.Node) -> Iterator[t.Node]:
    """The other layout."""
    if isinstance(node, (t.Product, t.Sum, t.Postfix, t.Symbol)) and has_array(node):
        inner = t.Bracket("(", ")", (node,)) if not isinstance(node, t.Symbol) else node
        yield t.Postfix(inner, "transpose", (), "T")


def has_array(node: t.Node) -> bool:
    return any(is_array(p) for p in t.walk(node)) and not any(
        isinstance(p, t.Symbol) and p.subscripts for p in t.walk(node)
    )


def changes_for(setting: str, given: list[str]) -> dict[str, list[Change]]:
    """The changes of every class; whose terms are paths and whose halves of a product rule."""
    dims = dict.fromkeys(
        re.findall(r"\\times ([a-zA-Z])|mathbb\{R\}\^\{?([a-zA-Z])", " ".join(given))
    )
    names = [a or b for a, b in dims]
    dim = next((x for x in names if x in ("n", "N", "m")), names[0] if names else "")
    table: dict[str, list[Change]] = {
        "transpose": [at(other_transposed)],
        "order": [at(swapped)],
        "sign": [at(flipped_sign), scaled("-1")],
        "factor 2": [scaled("2")],
        "factor 1/2": [scaled(r"\frac{1}{2}"), at(two_lost)],
        "1/n": [at(fraction_lost)],
        "n": [scaled(dim)] if dim else [],
        "f for f'": [at(prime_lost)],
        "Z for A": [at(other_argument), at(activation_for_argument)],
        "entrywise for matrix product": [at(entrywise_added)],
        "matrix for entrywise product": [at(entrywise_lost)],
        "product for sum": [at(product_for_sum)],
        "sum over the batch": [at(data_sum_lost)] if batched(setting) else [],
        "one path": [at(term_lost)] if "path" in setting or setting == "scalars" else [],
        "product rule": [at(term_lost)] if setting in ("products", "matrices") else [],
        "softmax diagonal": [at(only_diagonal), at(delta_lost)]
        if "softmax" in setting or setting == "jacobians"
        else [],
        "diag": [at(diag_lost)],
        "trace": [at(trace_lost)],
        "W for W^T": [at(weights_transposed)],
        "layer": [at(layer_off)],
        "index swapped": [at(index_swapped)],
        "range": [at(sum_short), at(sum_long)],
        "layout": [whole_transposed],
        "bracket": [at(bracket_lost)],
    }
    return table


def batched(setting: str) -> bool:
    return setting in ("rows", "batches", "ridge", "indices")


def activation_for_argument(node: t.Node) -> Iterator[t.Node]:
    """Z where A stands, and the other way round."""
    names = {"z": "a", "Z": "A", "a": "z", "A": "Z"}
    if isinstance(node, t.Symbol) and node.name in names and not node.primes:
        yield replace(node, name=names[node.name], latex=names[node.name])


def diag_lost(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Call) and node.head.name == "diag":
        yield s_flat(node.argument)


def trace_lost(node: t.Node) -> Iterator[t.Node]:
    if isinstance(node, t.Call) and node.head.name == "tr":
        yield s_flat(node.argument)


def s_flat(node: t.Node) -> t.Node:
    """A bracket around a single name or call goes with the operator."""
    if isinstance(node, t.Bracket) and len(node.items) == 1:
        inner = node.items[0]
        return inner if isinstance(inner, (t.Symbol, t.HeadBracket, t.Product)) else node
    return node
