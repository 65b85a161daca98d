r"""Words for functions of whole arrays: ``tr``, ``diag``, ``softmax``, ``colsum``, ``tril``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from matcalc.judging.elementary import TABLE, flat, softmax
from matcalc.judging.evaluate import each, one
from matcalc.judging.scope import Scope
from matcalc.judging.values import Array, Misfit, Value, merged, show
from matcalc.reading import tree as t

ArrayWord = Callable[[Scope, tuple[t.Node, ...]], list[Value]]


def _word(act: Callable[[Array], Array]) -> ArrayWord:
    def apply(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
        return each(scope, items, lambda p: Value(act(p[0].array), p[0].tags))

    return apply


ARRAY_WORDS: dict[str, ArrayWord] = {
    "rowsum": _word(lambda x: np.sum(x, axis=-1, keepdims=True)),
    "colsum": _word(lambda x: np.sum(x, axis=-2, keepdims=True)),
    "rowmean": _word(lambda x: np.mean(x, axis=-1, keepdims=True)),
    "colmean": _word(lambda x: np.mean(x, axis=-2, keepdims=True)),
    "tril": _word(np.tril),
    "triu": _word(np.triu),
    "cumsum": _word(lambda x: np.cumsum(x, axis=-2 if x.shape[-1] == 1 else -1)),
}


def _diag(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
    if len(items) > 1:
        from matcalc.judging.brackets import stack

        values = stack(scope, (items,))
        return [_diagonal(v) for v in values]
    from matcalc.judging.bigops import column_of

    column = column_of(scope, items[0])
    if column is not None:
        return [_diagonal(v) for v in column]
    return each(scope, items, lambda p: _diagonal(p[0]))


def _diagonal(value: Value) -> Value:
    rows, cols = value.shape
    if 1 in (rows, cols):
        return Value(np.eye(max(rows, cols)) * flat(value.array), value.tags)
    if rows != cols:
        raise Misfit(f"diag of {show(value.shape)}")
    return Value(np.diagonal(value.array, axis1=-2, axis2=-1)[..., None], value.tags)


def _trace(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
    def trace(parts: list[Value]) -> Value:
        value = parts[0]
        if value.shape[0] != value.shape[1]:
            raise Misfit(f"the trace of {show(value.shape)} does not exist")
        total = np.trace(value.array, axis1=-2, axis2=-1)
        return Value(np.asarray(total)[..., None, None], value.tags)

    return each(scope, items, trace)


def _det(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
    def det(parts: list[Value]) -> Value:
        value = parts[0]
        if value.shape[0] != value.shape[1]:
            raise Misfit(f"the determinant of {show(value.shape)} does not exist")
        return Value(np.asarray(np.linalg.det(value.array))[..., None, None], value.tags)

    return each(scope, items, det)


def _logdet(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
    return [Value(TABLE["log"][0](p.array), p.tags) for p in _det(scope, items)]


def _vec(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
    return each(scope, items, lambda p: Value(flat(p[0].array), p[0].tags))


def _softmax(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
    def soft(parts: list[Value]) -> Value:
        axis = -2 if parts[0].shape[1] == 1 else -1
        return Value(softmax(parts[0].array, axis), parts[0].tags)

    return each(scope, items, soft)


def _logsumexp(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
    def over(axes: tuple[int, ...]) -> list[Value]:
        return each(
            scope,
            items,
            lambda p: Value(
                np.log(np.sum(np.exp(p[0].array), axis=axes, keepdims=True)), p[0].tags
            ),
        )

    rows, cols = one(scope, items[0]).shape
    # Of a matrix it is one number a row, as softmax is.
    return over((-2, -1)) if 1 in (rows, cols) else [*over((-1,)), *over((-2, -1))]


def _extreme(largest: bool) -> ArrayWord:
    def pick(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
        def best(parts: list[Value]) -> Value:
            out: Any = parts[0].array
            for part in parts[1:]:
                wins = part.array.real > out.real if largest else part.array.real < out.real
                out = np.where(wins, part.array, out)
            return Value(out, merged(*parts))

        return each(scope, items, best)

    return pick


def _mean(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
    return each(
        scope, items, lambda p: Value(np.mean(p[0].array, axis=(-2, -1), keepdims=True), p[0].tags)
    )


def _total(scope: Scope, items: tuple[t.Node, ...]) -> list[Value]:
    return each(
        scope, items, lambda p: Value(np.sum(p[0].array, axis=(-2, -1), keepdims=True), p[0].tags)
    )


CALLS: dict[str, ArrayWord] = {
    **dict.fromkeys(("diag", "Diag"), _diag),
    **dict.fromkeys(("tr", "Tr", "trace", "Trace"), _trace),
    "det": _det,
    "logdet": _logdet,
    **dict.fromkeys(("vec", "Vec"), _vec),
    **dict.fromkeys(("softmax", "Softmax", "SoftMax"), _softmax),
    **dict.fromkeys(("logsumexp", "LogSumExp", "LSE"), _logsumexp),
    "max": _extreme(True),
    "min": _extreme(False),
    **dict.fromkeys(("mean", "Mean"), _mean),
    "sum": _total,
    **ARRAY_WORDS,
}
