r"""Operators with a word for a name that act on whole arrays: ``colsum``, ``rowmean``, ``tril``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matcalc.judging.evaluate import each
from matcalc.judging.scope import Scope
from matcalc.judging.values import Array, Value
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
