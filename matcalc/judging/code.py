"""A hand-written backward pass in NumPy or torch: which gradient is off, and how.

The function is called with arrays at random points of several sizes, all dimensions different, and
its results are held against the engine's gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from matcalc.errors import MatcalcError
from matcalc.expr import Node, symbol_name
from matcalc.judging import slips as e
from matcalc.judging.calling import Call, as_array, called
from matcalc.judging.code_slips import variants
from matcalc.judging.comparison import Points
from matcalc.judging.verdict import Verdict
from matcalc.network import expanded
from matcalc.numeric.checking import facts_by_name
from matcalc.record import Record
from matcalc.reverse import boxed

Array = Any
# Single precision loses digits where large numbers cancel; a slip is larger still.
CLOSE = {np.dtype(np.float16): 3e-2, np.dtype(np.float32): 1e-3}


@dataclass(frozen=True)
class CodeReport:
    """The verdict on every gradient that a function returns, and remarks on the function itself."""

    verdicts: Mapping[str, Verdict]
    remarks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return all(v.status == "holds" for v in self.verdicts.values())

    def __getitem__(self, name: str) -> Verdict:
        return self.verdicts[name]

    def to_text(self) -> str:
        """One line for each gradient."""
        rows = []
        for name, verdict in self.verdicts.items():
            rows.append(f"d{name}: {verdict.explanation or verdict.status}")
        return "\n".join([*rows, *(f"remark: {remark}" for remark in self.remarks)])

    __str__ = to_text

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        verdicts = {name: verdict.to_dict() for name, verdict in self.verdicts.items()}
        return {"verdicts": verdicts, "remarks": list(self.remarks)}


def verify_code(record: Record, function: Callable[..., Any], seed: int = 0) -> CodeReport:
    """Judge every gradient that ``function`` returns for the arrays of the problem."""
    if not callable(function):
        raise MatcalcError(f"a backward function is wanted, not {function!r}")
    truths = {symbol_name(w): expanded(boxed(record.arrivals[w].value, w)) for w in record.wrt}
    points = Points(list(truths.values()), facts_by_name(record.problem.facts), seed=seed)
    right = {name: points.values(node) for name, node in truths.items()}
    call = Call(function, list(truths), inputs_in_order(record, points))
    said = [call({symbol_name(x): v for x, v in values.items()}) for values, _, _ in points.found]
    sizes = [dims for _, dims, _ in points.found]
    mine = {name: [result.get(name) for result in said] for name in truths}
    moved = exchanged(right, mine)
    verdicts = {}
    for w in record.wrt:
        name = symbol_name(w)
        if all(m is None for m in mine[name]):
            verdicts[name] = Verdict("blank", f"d{name}", explanation="not returned")
        elif name in moved:
            words = f"d{name} holds the gradient of {moved[name]}"
            verdicts[name] = Verdict("fails", f"d{name}", "wrong order", explanation=words,
                                     certainty=points.certainty)  # fmt: skip
        else:
            others = ((v.slip, v.words, points.values(v.gradient)) for v in variants(record, w))
            own = [values.get(w) for values, _, _ in points.found]
            found = judged(name, right[name], mine[name], sizes, points.certainty, others, own)
            if found.status != "holds" and not found.slip:
                more = _right_at_one(record, call, truths, name) or _fickle(
                    call, points, name, mine[name][0]
                )
                found = replace(found, explanation=found.explanation + more)
            verdicts[name] = found
    return CodeReport(verdicts, call.remarks)


def _right_at_one(record: Record, call: Call, truths: Mapping[str, Node], name: str) -> str:
    """What to add where the function is right as soon as one dimension is 1."""
    facts = facts_by_name(record.problem.facts)
    roots = list(truths.values())
    dims = sorted({d for _, sizes, _ in Points(roots, facts, sizes=1, each=1).found for d in sizes})
    for dim in dims[:6]:
        try:
            points = Points(roots, facts, sizes=3, each=1, at={dim: 1})
            right = points.values(truths[name])
            mine = [call({symbol_name(x): v for x, v in values.items()}).get(name)
                    for values, _, _ in points.found]  # fmt: skip
        except MatcalcError:
            continue  # no such size, or the function does not take it
        if any(r is not None and np.max(np.abs(r), initial=0) < 1e-9 for r in right):
            continue  # nothing is left of the gradient
        if all(
            r is not None and m is not None and _equal(np.atleast_2d(r), m)
            for r, m in zip(right, mine, strict=True)
        ):
            return f"; it is right for {dim} = 1 only"
    return ""


def _fickle(call: Call, points: Points, name: str, before: Array | None) -> str:
    """What to add where a second call with the same arrays gives something else."""
    values = points.found[0][0]
    again = call({symbol_name(x): v for x, v in values.items()}).get(name)
    same = (
        before is not None and again is not None and (np.array_equal(before, again, equal_nan=True))
    )
    if same or (before is None and again is None):
        return ""
    return "; a second call with the same arrays gives something else"


def inputs_in_order(record: Record, points: Points) -> list[str]:
    """The names of the arrays a function gets, as the problem declares them."""
    known = {symbol_name(x) for values, _, _ in points.found[:1] for x in values}
    declared = (*record.problem.inputs, *record.problem.params)
    listed = [symbol_name(x) for x in declared if symbol_name(x) in known]
    return [*listed, *sorted(known - set(listed))]


# ---------------------------------------------------------------- judging


@dataclass(frozen=True)
class Pair:
    """The right gradient at a point, the one returned, and the sizes there."""

    right: Array
    mine: Array
    sizes: Mapping[str, int]


def exchanged(
    right: Mapping[str, list[Array]], mine: Mapping[str, list[Array | None]]
) -> dict[str, str]:
    """Names under which another gradient was returned: a tuple in another order."""

    def same(name: str, other: str) -> bool:
        pairs = list(zip(mine[name], right[other], strict=True))
        if any(m is None or r is None for m, r in pairs):
            return False
        return all(_equal(np.atleast_2d(r), m) for m, r in pairs)

    wrong = [name for name in right if not same(name, name)]
    found = {n: next((o for o in right if o != n and same(n, o)), "") for n in wrong}
    return {name: other for name, other in found.items() if other}


def judged(
    name: str,
    right: Sequence[Array | None],
    mine: Sequence[Array | None],
    sizes: Sequence[Mapping[str, int]],
    certainty: str,
    others: Iterable[tuple[str, str, Sequence[Array | None]]] = (),
    own: Sequence[Array | None] = (),
) -> Verdict:
    """One gradient: right, or wrong in which way.

    ``others`` are (slip, words, values) of what comes out under slips that are no simple factor,
    ``own`` the values of the variable itself.
    """
    pairs = [
        Pair(np.atleast_2d(r), m, d)
        for r, m, d in zip(right, mine, sizes, strict=True)
        if r is not None and m is not None
    ]
    said = f"d{name}"
    if all(_equal(p.right, p.mine) for p in pairs):
        return Verdict("holds", said, certainty=certainty)
    certainty = certainty.replace("agrees", "tested")
    if any(not np.all(np.isfinite(p.mine)) for p in pairs):
        words = f"d{name} has entries that are not finite"
        return Verdict("fails", said, explanation=words, certainty=certainty)
    shaped = all(_same_shape(p) for p in pairs)
    status: Any = "fails" if shaped else "shape-error"
    for slip, words, repair in _repairs(name, pairs):
        if all(_equal(p.right, repair(p.mine, p.sizes)) for p in pairs):
            return Verdict(status, said, slip, explanation=words, certainty=certainty)
    if not shaped:
        words = f"d{name} has the shape {_shapes(pairs)}"
        return Verdict(status, said, "wrong shape", explanation=words, certainty=certainty)
    for slip, words, values in others:
        if all(
            v is not None and m is not None and _equal(np.atleast_2d(v), m)
            for v, m in zip(values, mine, strict=True)
        ):
            words = f"d{name}: {words}"
            return Verdict("fails", said, slip, explanation=words, certainty=certainty)
    if (plain := _plain_reason(name, pairs, own)) is not None:
        slip, words = plain
        return Verdict("fails", said, slip, explanation=words, certainty=certainty)
    words = _where(name, next(p for p in pairs if not _equal(p.right, p.mine)))
    if _equal(pairs[0].right, pairs[0].mine):
        words = f"{words}; the first call is right: is something kept from call to call?"
    return Verdict("fails", said, explanation=words, certainty=certainty)


def _plain_reason(
    name: str, pairs: Sequence[Pair], own: Sequence[Array | None]
) -> tuple[str, str] | None:
    """Nothing but zeros, whole numbers, or a multiple of the variable too much."""
    if all(not np.any(p.mine) for p in pairs):
        return e.LOST, f"d{name} is zero"
    ratios: set[float | None] = set()
    for p, x in zip(pairs, own, strict=False):
        gap = np.reshape(p.mine, p.right.shape) - p.right
        square = float(np.sum(np.square(x))) if x is not None and np.size(x) == gap.size else 0.0
        if square < 1e-24 or x is None:
            return None
        mine = np.reshape(x, gap.shape)
        ratio = float(np.sum(gap * mine)) / square
        if not _equal(gap, ratio * mine):
            ratios.add(None)
            break
        ratios.add(round(ratio, 7))
    if len(ratios) == 1 and None not in ratios:
        [times] = ratios
        return e.EXTRA_TERM, f"d{name} has {times:+.4g}*{name} that is no part of the gradient"
    whole = all(np.all(p.mine == np.round(p.mine)) for p in pairs)
    if whole and not all(np.all(p.right == np.round(p.right)) for p in pairs):
        return "whole numbers", f"d{name} has whole numbers only: is an array of integers filled?"
    return None


def _where(name: str, pair: Pair) -> str:
    """The entry that is off most."""
    mine = np.reshape(pair.mine, pair.right.shape)
    gap = np.abs(mine - pair.right)
    i, j = np.unravel_index(int(np.argmax(gap)), gap.shape)
    sizes = ", ".join(f"{k} = {v}" for k, v in pair.sizes.items())
    at = f" (for {sizes})" if sizes else ""
    return (
        f"the values of d{name} differ: entry ({i + 1}, {j + 1}) is {mine[i, j]:.4g}, "
        f"want {pair.right[i, j]:.4g}{at}"
    )


def _same_shape(pair: Pair) -> bool:
    return bool(np.size(pair.mine) == np.size(pair.right)) and (
        np.shape(pair.mine) == pair.right.shape or np.ndim(pair.mine) < 2
    )


def _equal(right: Array, mine: Array) -> bool:
    if np.size(mine) != np.size(right):
        return False
    if np.ndim(mine) == 2 and np.shape(mine) != right.shape:
        return False
    a, b = np.reshape(right, -1), np.reshape(mine, -1)
    scale = max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0)), 1e-12)
    close = CLOSE.get(np.asarray(mine).dtype, 1e-5)
    return bool(np.max(np.abs(a - b), initial=0.0) <= close * scale)


def _shapes(pairs: Sequence[Pair]) -> str:
    """``(n, h), want (1, h)``, with the names of the sizes."""
    mine = _in_letters([np.shape(p.mine) for p in pairs], [p.sizes for p in pairs])
    right = _in_letters([p.right.shape for p in pairs], [p.sizes for p in pairs])
    return f"{mine}, want {right}"


def _in_letters(shapes: Sequence[tuple[int, ...]], sizes: Sequence[Mapping[str, int]]) -> str:
    if not shapes[0]:
        return "of a number"
    said = []
    for axis, first in enumerate(shapes[0]):
        along = [s[axis] if len(s) > axis else 0 for s in shapes]
        names = [
            n for n in sizes[0] if all(d.get(n) == k for d, k in zip(sizes, along, strict=True))
        ]
        said.append(names[0] if names and first != 1 else str(first))
    return f"({', '.join(said)}{',' if len(said) == 1 else ''})"


Repair = Callable[[Array, Mapping[str, int]], Array]


def _scaled(*dims: str, by: float = 1.0, up: bool = True, turn: bool = False) -> Repair:
    """What multiplies by sizes, or divides by them."""

    def repair(mine: Array, sizes: Mapping[str, int]) -> Array:
        factor = float(np.prod([sizes[d] for d in dims])) if dims else 1.0
        scaled = by * (mine * factor if up else mine / factor)
        return np.transpose(scaled) if turn else scaled

    return repair


def _summed(axis: int, mean: bool = False) -> Repair:
    """What adds, or averages, along an axis."""

    def repair(mine: Array, sizes: Mapping[str, int]) -> Array:
        if np.ndim(mine) != 2:
            return mine
        total = np.sum(mine, axis=axis, keepdims=True)
        return total / max(1, np.shape(mine)[axis]) if mean else total

    return repair


def _repairs(name: str, pairs: Sequence[Pair]) -> Iterator[tuple[str, str, Repair]]:
    """(slip, words, what undoes it), the likeliest first."""
    mine = f"d{name}"
    yield "sign", f"{mine} has the wrong sign", _scaled(by=-1)
    dims = sorted(set.intersection(*(set(p.sizes) for p in pairs)))
    for dim in dims:
        only = f"right for {dim} = 1 only"
        yield f"lost 1/{dim}", f"{mine} is {dim} times too large: {only}", _scaled(dim, up=False)
        yield f"extra 1/{dim}", f"{mine} is {dim} times too small: {only}", _scaled(dim)
    yield "lost factor 2", f"{mine} is half of what it should be", _scaled(by=2)
    yield "extra factor 2", f"{mine} is twice what it should be", _scaled(by=0.5)
    for a, b in combinations(dims, 2):
        yield f"lost 1/({a} {b})", f"{mine} is {a}*{b} times too large", _scaled(a, b, up=False)
        yield f"extra 1/({a} {b})", f"{mine} is {a}*{b} times too small", _scaled(a, b)
    yield "transposed", f"{mine} is transposed", _scaled(turn=True)
    shapes = f"{mine} has the shape {_shapes(pairs)}"
    for axis, what in ((0, "rows"), (1, "columns")):
        slip = "sum over the batch missing"
        yield slip, f"{shapes}: sum over the {what}", _summed(axis)
        yield slip, f"{shapes}: take the mean over the {what}", _summed(axis, mean=True)
    for dim in dims:
        words = f"{mine} is transposed and {dim} times too large"
        yield f"transposed, lost 1/{dim}", words, _scaled(dim, up=False, turn=True)
        words = f"{mine} has the wrong sign and is {dim} times too large"
        yield f"sign; lost 1/{dim}", words, _scaled(dim, by=-1, up=False)
    ratio = _ratio(pairs)
    if ratio is not None:
        words = f"{mine} is {1 / ratio:.4g} times what it should be"
        yield f"lost factor {ratio:.4g}", words, _scaled(by=ratio)


def _ratio(pairs: Sequence[Pair]) -> float | None:
    """The right gradient divided by the one returned, if that is one number everywhere."""
    first = pairs[0]
    if np.size(first.mine) != np.size(first.right):
        return None
    flat = np.reshape(first.mine, -1)
    square = float(flat @ flat)
    factor = float(np.reshape(first.right, -1) @ flat) / square if square > 1e-24 else 0.0
    return factor if abs(factor) > 1e-9 else None


__all__ = ["CodeReport", "as_array", "called", "judged", "verify_code"]
