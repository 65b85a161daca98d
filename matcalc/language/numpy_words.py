"""What the functions of NumPy do when they meet symbolic arrays.

A function that is not here is refused by name, with what to write instead where there is something.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from matcalc.errors import NoRuleError
from matcalc.language.arrays import Array
from matcalc.language.broadcasting import by_word, entrywise_word, instead, product
from matcalc.ops.base import FUNCTIONS

_SAME_WORDS = (
    *("exp", "expm1", "log", "log1p", "sqrt", "square", "reciprocal", "sign"),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh"),
)
_UFUNCS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "true_divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "float_power": lambda a, b: a**b,
    "matmul": lambda a, b: a @ b,
    "negative": lambda a: -a,
    "positive": lambda a: a,
    "absolute": abs,
    "fabs": abs,
    "greater": lambda a, b: a > b,
    "less": lambda a, b: a < b,
    "greater_equal": lambda a, b: a >= b,
    "less_equal": lambda a, b: a <= b,
    "maximum": lambda a, b: entrywise_word("max", a, b),
    "minimum": lambda a, b: entrywise_word("min", a, b),
    "logaddexp": lambda a, b: entrywise_word("softplus", b - a) + a,
    "arcsin": lambda a: entrywise_word("asin", a),
    "arccos": lambda a: entrywise_word("acos", a),
    "arctan": lambda a: entrywise_word("atan", a),
    **{w: (lambda a, w=w: entrywise_word(w, a)) for w in _SAME_WORDS},
}


def ufunc_on_arrays(first: Array, ufunc: Any, method: str, inputs: Any, options: Any) -> Any:
    """``np.exp(Z)``, ``3 * Z`` and the like."""
    name = ufunc.__name__
    if method == "reduce" and name == "add":
        return inputs[0].sum(axis=options.get("axis", 0), keepdims=options.get("keepdims", False))
    rest = {k: v for k, v in options.items() if v is not None}
    if method != "__call__" or rest or name not in _UFUNCS:
        raise NoRuleError(
            f"np.{name}{'' if method == '__call__' else '.' + method} cannot be derived"
            f"{instead(name)}"
        )
    return _UFUNCS[name](*(first.like(a) for a in inputs))


def _stacked(word: str) -> Callable[..., Any]:
    return lambda parts: by_word(word, [_two_axes(p, word) for p in parts])


def _two_axes(part: Any, word: str) -> Any:
    if isinstance(part, Array) and len(part.sizes) == 1:
        raise NoRuleError(
            f"{word} of the 1-D array {part.said}: give it two axes with {part.said}[:, None]"
        )
    return part


def _concatenated(parts: Any, axis: int = 0) -> Any:
    return _stacked("vstack" if axis in (0, -2) else "hstack")(parts)


def _norm(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    flat = len(x.sizes) < 2 or axis is not None
    if axis is None and not keepdims and ord in (None, "fro", *((2,) if flat else ())):
        return by_word("norm2", [x])
    if ord in (None, 2) and axis is not None:
        return entrywise_word("sqrt", (x * x).sum(axis=axis, keepdims=keepdims))
    if ord == 1 and flat:
        return abs(x).sum(axis=axis, keepdims=keepdims)
    raise NoRuleError(
        f"np.linalg.norm with ord={ord!r} cannot be derived; mc.norm2 and mc.norm1 can"
    )


def _slogdet(A: Array) -> Any:
    return entrywise_word("sign", by_word("det", [A])), by_word("logdet", [A])


def _where(condition: Any, a: Any, b: Any) -> Any:
    return entrywise_word("where", condition, a, b)


def _clip(a: Any, low: Any = None, high: Any = None) -> Any:
    a = a if low is None else entrywise_word("max", a, low)
    return a if high is None else entrywise_word("min", a, high)


def _filled(value: int) -> Callable[..., Any]:
    return lambda a: a * 0 + value


def _diag(v: Array) -> Any:
    out = by_word("diag", [v])
    return out if len(v.sizes) == 1 else v.new(out.node, (out.node.shape[0],), out.said)


def _outer(a: Array, b: Array) -> Any:
    return by_word("outer", [a, b]).new(
        FUNCTIONS["outer"](a.node, b.node), (a.sizes[0], b.sizes[0]), "outer(...)"
    )


def _cumsum(a: Array, axis: Any = None) -> Any:
    if axis is None and len(a.sizes) == 2:
        raise NoRuleError("np.cumsum of a matrix needs an axis here")
    return a.new(
        by_word("cumsum", [a], {"axis": 0 if len(a.sizes) == 1 else axis % 2}).node,
        a.sizes,
        "cumsum(...)",
    )


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": lambda a, axis=None, keepdims=False: a.sum(axis=axis, keepdims=keepdims),
    "mean": lambda a, axis=None, keepdims=False: a.mean(axis=axis, keepdims=keepdims),
    "var": lambda a, axis=None, keepdims=False: a.var(axis, keepdims=keepdims),
    "std": lambda a, axis=None, keepdims=False: a.std(axis, keepdims=keepdims),
    "dot": lambda a, b: product(*_both(a, b), dot=True),
    "vdot": lambda a, b: by_word("dot", [a, b]),
    "trace": lambda a: by_word("tr", [a]),
    "transpose": lambda a: a.T,
    "where": _where,
    "clip": _clip,
    "outer": _outer,
    "kron": lambda a, b: by_word("kron", [a, b]),
    "diag": _diag,
    "diagonal": _diag,
    "tril": lambda a: by_word("tril", [a]),
    "triu": lambda a: by_word("triu", [a]),
    "cumsum": _cumsum,
    "hstack": _stacked("hstack"),
    "vstack": _stacked("vstack"),
    "concatenate": _concatenated,
    "ones_like": _filled(1),
    "zeros_like": _filled(0),
    "norm": _norm,
    "inv": lambda a: by_word("inv", [a]),
    "det": lambda a: by_word("det", [a]),
    "slogdet": _slogdet,
    "solve": lambda a, b: (
        by_word("solve", [a, b])
        if len(b.sizes) == 2
        else b.new(FUNCTIONS["solve"](a.node, b.node), b.sizes, "solve(...)")
    ),
    "matrix_power": lambda a, k: by_word("mpow", [a, k]),
    "shape": lambda a: a.shape,
    "ndim": lambda a: a.ndim,
    "copy": lambda a: a.copy(),
}


def _both(a: Any, b: Any) -> tuple[Array, Array]:
    first = a if isinstance(a, Array) else b
    return first.like(a), first.like(b)


def function_on_arrays(first: Array, fn: Any, args: Any, kwargs: Any) -> Any:
    """``np.sum(Z, axis=0)`` and the like."""
    name = fn.__name__
    if name not in _FUNCTIONS:
        raise NoRuleError(f"np.{name} cannot be derived{instead(name)}")
    try:
        inspect.signature(_FUNCTIONS[name]).bind(*args, **kwargs)
    except TypeError as error:
        raise NoRuleError(f"np.{name}: {error}, as far as a derivation goes") from None
    return _FUNCTIONS[name](*args, **kwargs)
