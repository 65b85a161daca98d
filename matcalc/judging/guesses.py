r"""Shapes that an inference found, written into the environment.

Capitals are matrices, bold small letters columns, other small letters numbers unless their use
makes them more.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol
from matcalc.judging.dot_products import columns_of
from matcalc.judging.environment import ONE, Dims, Environment
from matcalc.judging.index_lengths import declare_by_letters
from matcalc.judging.infer import Inference
from matcalc.judging.open_sizes import Clash, Pair, Unknown
from matcalc.judging.recurrences import is_recurrence
from matcalc.reading import tree as t
from matcalc.reading.writer import write


def infer(env: Environment, relations: Sequence[t.Relation] = (), *, letters: bool = False) -> None:
    """Declare what the definitions (and then the lines themselves) leave open.

    With ``letters``, names that are only ever indexed get lengths from their index letters.
    """
    run = Inference(env)
    for definition in env.definitions.values():
        for symbol in s.symbols(definition.body):
            if not symbol.subscripts:
                run.present.setdefault(s.full(symbol), symbol)
    for side in (side for relation in relations for side in relation.sides):
        run.mentioned |= {s.full(p) for p in s.symbols(side) if not p.subscripts}
    run.columns = columns_of(env, run.present, relations)
    run.defining = True
    for key in list(env.order):
        if key not in env.definitions:
            continue
        body = run.defined(key)
        declared = env.shapes.get(key)
        if declared is not None and body is not None:
            try:
                run.unify((run.dim(declared[0]), run.dim(declared[1])), body)
            except Clash:
                continue
    run.defining = False
    _loss_is_a_number(env, run)
    for relation in relations:
        shapes = [run.shape(side) for side in relation.sides]
        for shape in shapes[1:]:
            if shapes[0] is not None and shape is not None and relation.signs[:1] == ("=",):
                try:
                    run.unify(_laid_out(run, relation.sides[0], shapes[0], shape), shape)
                except Clash:
                    continue
    _single_index(run, relations)
    _settle(env, run)
    if letters:
        declare_by_letters(env, relations)


def _loss_is_a_number(env: Environment, run: Inference) -> None:
    """The lengths that nothing says and that the loss would have are 1: ``y^{(i)} \\log a^{(i)}``."""
    loss = loss_symbol(env)
    pair = run.inferred.get(s.full(loss)) if loss is not None else None
    for dim in pair or ():
        if isinstance(run.root(dim), Unknown):
            run.alike(dim, 1)


def _laid_out(run: Inference, left: t.Node, mine: Pair, theirs: Pair) -> Pair:
    """A gradient by a column that a line writes as a row: the other layout, not another shape."""
    slope = isinstance(s.peeled(left), t.Derivative)
    row = run.is_one(theirs[0]) and not run.is_one(theirs[1])
    column = run.is_one(mine[1]) and not run.is_one(mine[0])
    return (mine[1], mine[0]) if slope and row and column else mine


def _single_index(run: Inference, relations: Iterable[t.Relation]) -> None:
    """A capital that only ever has one index, ``W_j``, is a row where its length is known."""
    counts: dict[str, set[int]] = {}
    bodies = [d.body for d in run.env.definitions.values()]
    for root in (*bodies, *relations):
        for node in t.walk(root):
            if isinstance(node, t.Symbol) and node.subscripts:
                two = len(node.subscripts) > 1 or bool(node.indices(2))
                counts.setdefault(s.stem(node), set()).add(2 if two else 1)
    for key, pair in run.found.items():
        rows, cols = run.root(pair[0]), run.root(pair[1])
        if counts.get(key) == {1} and isinstance(rows, Unknown) and not isinstance(cols, Unknown):
            rows.value = 1


def _settle(env: Environment, run: Inference) -> None:
    for key, pair in run.found.items():
        ends = [run.root(dim) for dim in pair]
        if key in run.bold and all(isinstance(x, Unknown) for x in ends):
            ends[0].one_by_default = False  # type: ignore[union-attr]
        dims = _settled(env, run, pair)
        if dims == (ONE, ONE):
            continue
        symbol = run.symbols[key]
        env.symbols[key] = symbol
        env.shapes[key] = dims
        env.assume(f"{write(symbol)} is {write(dims[0])} x {write(dims[1])}")
    for key, whole in run.inferred.items():
        definition = env.definitions[key]
        if whole is not None and is_recurrence(definition) and key not in env.shapes:
            dims = _settled(env, run, whole)
            env.shape_patterns.append((definition.left, definition.letters, dims))
    for stem, pair in run.members.items():
        dims = _settled(env, run, pair)
        symbol = run.columns[stem]
        env.shape_patterns.append((symbol, tuple(s.letters_below(symbol)), dims))
        env.assume(f"{write(symbol)} is {write(dims[0])} x {write(dims[1])}")


def _settled(env: Environment, run: Inference, pair: Pair) -> Dims:
    """A shape in numbers and names; what is still open gets a name of its own."""
    dims: list[t.Node] = []
    for dim in pair:
        end = run.root(dim)
        if isinstance(end, Unknown):
            fresh = next(x for k in itertools.count(1) if (x := f"d{k}") not in env.dims)
            end.value = 1 if end.one_by_default else fresh
            if not end.one_by_default:
                env.dims.add(fresh)
            end = run.root(dim)
        text = str(end)
        named = t.Number(text) if isinstance(end, int) else t.Symbol(text, text)
        dims.append(run.nodes.get(text) or named)
    return dims[0], dims[1]
