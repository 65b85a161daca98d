r"""An array with a shape whose entries the page defines: ``y \in \mathbb{R}^m``, ``y_i = \sum_j W_{ij} x_j``.

The shape says how far the letters run; the entries say what the array is.
"""

from __future__ import annotations

from matcalc.judging import spelling as s
from matcalc.judging.environment import ONE, Environment
from matcalc.reading import tree as t


def defines_entries(env: Environment, left: t.Node, body: t.Node) -> bool:
    """Whether ``y_i = ...`` says for every i what an array is of which only the shape is known."""
    if not isinstance(left, t.Symbol) or left.primes or s.labelled(left) or not left.subscripts:
        return False
    stem = s.stem(left)
    letters = _letters(left)
    if stem not in env.shapes or stem in env.definitions or stem in {*env.views, *env.tabled}:
        return False
    if len(set(letters)) != len(letters) or len(letters) != _axes(env, stem):
        return False
    if _one_by_one(env, stem) or any(
        x in env.dims or x in env.fixed or not s.counts(x) for x in letters
    ):
        return False
    return all(s.stem(p) != stem or _is_earlier(p) for p in s.symbols(body))


def note_entries(env: Environment, left: t.Symbol) -> dict[str, t.Node]:
    """The array is known by its entries from here on; how far their letters run."""
    stem = s.stem(left)
    env.tabled.add(stem)
    env.cells.setdefault(stem, set()).add(s.full(left))
    return ranges_by_shape(env, left)


def ranges_by_shape(env: Environment, left: t.Symbol) -> dict[str, t.Node]:
    """``i = 1, \\dots, m`` of the y_i with m rows."""
    stem = s.stem(left)
    rows, cols = env.shapes[stem]
    ends = (rows, cols) if len(left.subscripts) == 2 else (cols if rows == ONE else rows,)
    found: dict[str, t.Node] = {}
    for axis, (letter, end) in enumerate(zip(_letters(left), ends, strict=True)):
        if env.base_of(stem, axis) == 0:
            last = t.Sum((end, ONE), ("+", "-"))
            found[letter] = t.Listing((t.Number("0"), t.Ellipsis(r"\dots"), last))
        else:
            found[letter] = t.Listing((ONE, t.Ellipsis(r"\dots"), end))
    return found


def _letters(left: t.Symbol) -> list[str]:
    parts = left.subscripts if len(left.subscripts) > 1 else left.indices(2) or left.subscripts
    return [p.name if isinstance(p, t.Symbol) and s.bare(p) else "" for p in parts]


def _one_by_one(env: Environment, stem: str) -> bool:
    """Whether the page has ``z_0 = 1`` beside ``z_j = ...``: the letter does not run over all of z."""
    lefts = (r.sides[0] for r in env.page if r.signs and r.signs[0] in ("=", ":="))
    return any(
        isinstance(left, t.Symbol) and s.stem(left) == stem
        and any(isinstance(x, t.Number) for x in left.subscripts)
        for left in lefts
    )  # fmt: skip


def _axes(env: Environment, stem: str) -> int:
    """How many indices an entry has."""
    dims = env.shapes[stem]
    return 0 if dims == (ONE, ONE) else 1 if ONE in dims else 2


def _is_earlier(symbol: t.Symbol) -> bool:
    """``h_{i-1}`` in the formula of h_i."""
    return any(isinstance(x, (t.Sum, t.Number)) for x in symbol.subscripts)
