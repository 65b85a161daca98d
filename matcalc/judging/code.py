"""A hand-written backward pass in NumPy or torch: which gradient is off, and how.

The function is called with arrays at random points of several sizes, all dimensions different, and
its results are held against the engine's gradients.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matcalc.errors import MatcalcError
from matcalc.expr import Node, symbol_name
from matcalc.judging.comparison import Points
from matcalc.judging.verdict import Verdict
from matcalc.network import expanded
from matcalc.numeric.checking import facts_by_name
from matcalc.record import Record
from matcalc.reverse import boxed

Array = Any
PREFIXES = ("", "d", "d_", "grad_", "g_", "delta_")


@dataclass(frozen=True)
class CodeReport:
    """The verdict on every gradient that a function returns."""

    verdicts: Mapping[str, Verdict]

    def __bool__(self) -> bool:
        return all(v.status == "holds" for v in self.verdicts.values())

    def __getitem__(self, name: str) -> Verdict:
        return self.verdicts[name]

    def to_text(self) -> str:
        """One line for each gradient."""
        rows = []
        for name, verdict in self.verdicts.items():
            rows.append(f"d{name}: {verdict.explanation or verdict.status}")
        return "\n".join(rows)

    __str__ = to_text


def verify_code(record: Record, function: Callable[..., Any], seed: int = 0) -> CodeReport:
    """Judge every gradient that ``function`` returns for the arrays of the problem."""
    if not callable(function):
        raise MatcalcError(f"a backward function is wanted, not {function!r}")
    truths = {symbol_name(w): expanded(boxed(record.arrivals[w].value, w)) for w in record.wrt}
    points = Points(list(truths.values()), facts_by_name(record.problem.facts), seed=seed)
    right = {name: points.values(node) for name, node in truths.items()}
    said = [_called(function, values, list(truths)) for values, _, _ in points.found]
    sizes = [dims for _, dims, _ in points.found]
    verdicts = {}
    for name in truths:
        mine = [result.get(name) for result in said]
        if all(m is None for m in mine):
            verdicts[name] = Verdict("blank", f"d{name}", explanation="not returned")
            continue
        verdicts[name] = _judged(name, right[name], mine, sizes, points.certainty)
    return CodeReport(verdicts)


# ---------------------------------------------------------------- calling


def _called(
    function: Callable[..., Any], values: Mapping[Node, Any], wanted: list[str]
) -> dict[str, Array]:
    given = {symbol_name(symbol): _as_array(value) for symbol, value in values.items()}
    names, needed = _parameters(function)
    if beyond := [name for name in needed if name not in given]:
        raise MatcalcError(
            f"the function asks for {', '.join(beyond)}; it gets {', '.join(sorted(given))} by name"
        )
    try:
        result = function(**{k: v for k, v in given.items() if names is None or k in names})
    except Exception as error:
        sizes = ", ".join(f"{k} {np.shape(v)}" for k, v in given.items() if np.shape(v))
        what = f"{type(error).__name__}: {error}"
        raise MatcalcError(f"the function raised {what}; it was called with {sizes}") from error
    return _by_name(result, wanted)


def _as_array(value: Any) -> Any:
    array = np.asarray(value, dtype=float)
    return (
        float(array.reshape(-1)[0])
        if array.ndim == 0 or (array.size == 1 and array.ndim < 2)
        else array
    )


def _parameters(function: Callable[..., Any]) -> tuple[set[str] | None, list[str]]:
    """The names a function takes (None: any), and those it cannot do without."""
    parameters = inspect.signature(function).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    needed = [p.name for p in named if p.default is p.empty]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None, needed
    return {p.name for p in named}, needed


def _by_name(result: Any, wanted: list[str]) -> dict[str, Array]:
    """``{"W1": ...}``, ``{"dW1": ...}``, ``(loss, {...})``, or the gradients in their order."""
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping):
        result = result[1]
    if isinstance(result, Mapping):
        found = {}
        for name in wanted:
            for prefix in PREFIXES:
                if prefix + name in result:
                    found[name] = _numpy(result[prefix + name], name)
                    break
        if not found:
            listed = ", ".join(map(str, result)) or "nothing"
            wants = ", ".join(f"d{name}" for name in wanted)
            raise MatcalcError(f"the function returned {listed}, none of {wants}")
        return found
    if result is None:
        raise MatcalcError("the function returned None: is a return missing?")
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    if len(parts) == len(wanted) + 1:
        parts = parts[1:]
    if len(parts) != len(wanted):
        raise MatcalcError(
            f"the function returned {len(parts)} results for {len(wanted)} gradients "
            f"({', '.join(wanted)}); return a dictionary by name"
        )
    return {name: _numpy(part, name) for name, part in zip(wanted, parts, strict=True)}


def _numpy(value: Any, name: str) -> Array:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise MatcalcError(f"d{name} is no array of real numbers: {error}") from error


# ---------------------------------------------------------------- judging


def _judged(
    name: str,
    right: list[Array],
    mine: list[Array],
    sizes: list[Mapping[str, int]],
    certainty: str,
) -> Verdict:
    pairs = [
        (np.atleast_2d(r), m, d)
        for r, m, d in zip(right, mine, sizes, strict=True)
        if r is not None and m is not None
    ]
    said = f"d{name}"
    if all(_equal(r, m) for r, m, _ in pairs):
        return Verdict("holds", said, certainty=certainty)
    if any(not np.all(np.isfinite(m)) for _, m, _ in pairs):
        words = f"d{name} has entries that are not finite"
        return Verdict("fails", said, explanation=words, certainty=certainty)
    for slip, words, repair in _repairs(name, pairs):
        if all(_equal(r, repair(m, d)) for r, m, d in pairs):
            status = "fails" if _same_shape(pairs[0]) else "shape-error"
            return Verdict(status, said, slip, explanation=words, certainty=certainty)  # type: ignore[arg-type]
    wrong = next((p for p in pairs if not _same_shape(p)), None)
    if wrong is not None:
        shape = " x ".join(map(str, np.shape(wrong[1]))) or "a number"
        want = " x ".join(map(str, wrong[0].shape))
        words = f"d{name} has the shape {shape}, want {want}"
        return Verdict("shape-error", said, "wrong shape", explanation=words, certainty=certainty)
    return Verdict("fails", said, explanation=f"the values of d{name} differ", certainty=certainty)


def _same_shape(pair: tuple[Array, Array, Any]) -> bool:
    right, mine, _ = pair
    return bool(np.size(mine) == np.size(right)) and (
        np.shape(mine) == right.shape or np.ndim(mine) < 2
    )


def _equal(right: Array, mine: Array) -> bool:
    if np.size(mine) != np.size(right):
        return False
    if np.ndim(mine) == 2 and np.shape(mine) != right.shape:
        return False
    a, b = np.reshape(right, -1), np.reshape(mine, -1)
    scale = max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0)), 1e-12)
    # torch computes in single precision unless told otherwise
    return bool(np.max(np.abs(a - b), initial=0.0) <= 1e-5 * scale)


def _repairs(name: str, pairs: list[Any]):  # type: ignore[no-untyped-def]
    """(slip, words, what undoes it), the likeliest first."""
    yield "sign", f"d{name} has the wrong sign", lambda m, d: -m
    dims = sorted({k for _, _, sizes in pairs for k in sizes})
    for dim in dims:
        yield (
            f"lost 1/{dim}",
            f"d{name} is {dim} times too large: right for {dim} = 1 only",
            lambda m, d, k=dim: m / d[k],
        )
        yield (
            f"extra 1/{dim}",
            f"d{name} is {dim} times too small: right for {dim} = 1 only",
            lambda m, d, k=dim: m * d[k],
        )
    yield "lost factor 2", f"d{name} is half of what it should be", lambda m, d: 2 * m
    yield "extra factor 2", f"d{name} is twice what it should be", lambda m, d: m / 2
    yield "transposed", f"d{name} is transposed", lambda m, d: np.transpose(m)
    first = pairs[0]
    shapes = f"has the shape {np.shape(first[1])}, want {first[0].shape}"
    for axis, what in ((0, "rows"), (1, "columns")):
        yield (
            "sum over the batch missing",
            f"d{name} {shapes}: sum over the {what}",
            lambda m, d, a=axis: _total(m, a),
        )
        yield (
            "sum over the batch missing",
            f"d{name} {shapes}: take the mean over the {what}",
            lambda m, d, a=axis: _total(m, a) / max(1, np.shape(m)[a] if np.ndim(m) > a else 1),
        )
    for dim in dims:
        yield (
            f"transposed, lost 1/{dim}",
            f"d{name} is transposed and {dim} times too large",
            lambda m, d, k=dim: np.transpose(m) / d[k],
        )


def _total(array: Array, axis: int) -> Array:
    return np.sum(array, axis=axis, keepdims=True) if np.ndim(array) == 2 else array
