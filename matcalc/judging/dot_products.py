r"""``\beta^T x_i`` and ``x_i^T \beta`` where x_i is a row of the data: numbers, whichever way rows lie."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.reading import tree as t

if TYPE_CHECKING:
    from matcalc.judging.infer import Inference
    from matcalc.judging.open_sizes import Dim, Pair


def of_a_row(run: Inference, before: t.Node, factor: t.Node, current: Pair, shape: Pair) -> bool:
    """Whether two neighbours are a letter and a row of the data; the letter gets its length."""
    if not isinstance(before, t.Postfix) or before.kind != "transpose":
        return False
    base = s.peeled(before.base)
    if is_data_row(factor) and isinstance(base, t.Symbol) and not is_data_row(base):
        if not run.is_one(shape[0]) or run.is_one(shape[1]) or not run.is_one(current[0]):
            return False
        run.equal(current[1], shape[1])
        return True
    if not is_data_row(base) or not run.loose(shape) or not run.is_one(current[1]):
        return False
    run.unify(shape, (current[0], 1))
    return True


def is_data_row(node: t.Node) -> bool:
    """``x_i``: a small letter with one letter below."""
    return (
        isinstance(node, t.Symbol)
        and len(node.name) == 1
        and node.name.islower()
        and not node.marks
        and len(node.subscripts) == 1
        and isinstance(node.subscripts[0], t.Symbol)
    )


def columns_of(
    env: Environment, present: Mapping[str, t.Symbol], relations: Iterable[t.Relation]
) -> dict[str, t.Symbol]:
    """Letters whose members are columns: ``x_i`` where nothing declares it, in ``w^T x_i``."""
    roots: list[t.Node] = [d.body for d in (*env.definitions.values(), *env.patterns)]
    found: dict[str, t.Symbol] = {}
    for root in (*roots, *relations):
        for node in t.walk(root):
            for symbol in _columns_in(node):
                if is_data_row(symbol) and _is_open(env, present, symbol):
                    found.setdefault(s.stem(symbol), symbol)
    return found


def _columns_in(node: t.Node) -> Iterator[t.Symbol]:
    """``x_i^T`` itself, ``x_i`` right behind something transposed, and ``x_i`` in bold."""
    if isinstance(node, t.Symbol) and is_bold(node):
        yield node
    if isinstance(node, t.Postfix) and node.kind == "transpose" and isinstance(node.base, t.Symbol):
        yield node.base
    if isinstance(node, t.Product):
        for before, after in itertools.pairwise(node.factors):
            turned = isinstance(before, t.Postfix) and before.kind == "transpose"
            if turned and isinstance(after, t.Symbol):
                yield after


def _is_open(env: Environment, present: Mapping[str, t.Symbol], symbol: t.Symbol) -> bool:
    """Whether nothing else says what the members of a letter are."""
    stem = s.stem(symbol)
    capital = s.stem(replace(symbol, name=symbol.name.upper(), subscripts=()))
    defined = any(left.name == symbol.name for left in env.left_sides())
    taken = any(env.has(k) or k in present for k in (stem, capital)) or stem in env.cells
    named = stem in env.nicknames or env.is_function(symbol.name)
    return not (defined or taken or named or env.shape_of(symbol, {}) is not None)


def run_along(run: Inference, letter: str, body: t.Node) -> None:
    """``\\sum_i y_i \\log p_i``: columns, or rows, that one letter runs along have one length."""
    first: Dim | None = None
    _lie_down(run, letter, body)
    for symbol in s.symbols(body):
        below = [s.full(p) for p in symbol.subscripts if isinstance(p, t.Symbol)]
        stem = s.stem(symbol)
        if below != [letter] or len(symbol.subscripts) != 1:
            continue
        known = run.env.has(stem) or stem in {*run.found, *run.present, *run.mentioned}
        pair = run.name(replace(symbol, subscripts=())) if known else None
        if pair is None:
            continue
        run.lengthen(pair)
        if not run.is_one(pair[1]) or run.is_one(pair[0]):
            continue
        if first is not None:
            run.alike(pair[0], first)
        first = pair[0]


def _lie_down(run: Inference, letter: str, body: t.Node) -> None:
    """A letter of which nothing is known is a row beside a row."""
    found: list[Pair] = []
    for symbol in s.symbols(body):
        whole = replace(symbol, subscripts=())
        alone = len(symbol.subscripts) == 1 and s.bare(symbol.subscripts[0])
        if (
            alone
            and s.below(symbol) == letter
            and (run.env.has(s.stem(symbol)) or s.stem(symbol) in {*run.present, *run.mentioned})
        ):
            pair = run.name(whole)
            found += [pair] if pair is not None else []
    rows = [p for p in found if run.is_one(p[0]) and not run.is_one(p[1]) and not run.loose(p)]
    for pair in found:
        if rows and run.loose(pair):
            run.unify(pair, rows[0])


def scales(run: Inference, before: list[t.Node], factor: t.Node, current: Pair) -> bool:
    """Whether a thin letter behind a bold column is a number."""
    bold = any(isinstance(f, t.Symbol) and is_bold(f) for f in before)
    thin = isinstance(factor, t.Symbol) and not is_bold(factor)
    return bold and thin and run.is_one(current[1])


def is_bold(symbol: t.Symbol) -> bool:
    return any(font in symbol.latex for font in (r"\mathbf", r"\boldsymbol", r"\bm", r"\vec"))
