r"""One relation against the truth.

The left side says what the truth is; every further side is compared with it at all points, for all
values of the free index letters, in the layout of the page. A side that agrees only in another
layout, or only under an unusual reading, needs a convention.
"""

from __future__ import annotations

from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging import values as v
from matcalc.judging.adjoints import loss_symbol, used_names
from matcalc.judging.data_rows import SAID, with_columns
from matcalc.judging.environment import Environment
from matcalc.judging.finding import EQUAL, Finding
from matcalc.judging.one_layout import judge_in
from matcalc.judging.unsaid_facts import unsaid
from matcalc.reading import tree as t
from matcalc.reading.writer import write

HEAVY = 40_000
LAYOUTS = (
    ("denominator", False),
    ("mixed", False),
    ("numerator", False),
    ("numerator", True),
    ("denominator", True),
)


def judge(env: Environment, relation: t.Relation, *, quick: bool = False) -> Finding:
    """Judge one relation, in the layout of the page and then in the others."""
    finding = _judge(env, relation, quick=quick)
    if finding.status == "holds" and not finding.alive and _says_something(relation):
        return _of_unknown_loss(env, relation, finding)
    if finding.status not in ("shape-error", "fails") or finding.work > HEAVY:
        return finding
    other = with_columns(env, relation)
    if other is None:
        return finding
    again = _judge(other, relation, quick=quick)
    fits = finding.status == "shape-error" and again.status == "fails"
    if again.status == "holds" or fits or (finding.wrong == 0 and again.wrong != 0):
        env.data_columns = True
        env.assume(SAID)
        return again
    return finding


def _of_unknown_loss(env: Environment, relation: t.Relation, finding: Finding) -> Finding:
    """``0 = 0``, as the loss of the page is not computed from this: take it for any function."""
    other = env.copy()
    losses = {
        s.full(p.of)
        for side in relation.sides
        for p in t.walk(side)
        if isinstance(p, (t.Derivative, t.Nabla)) and isinstance(p.of, t.Symbol)
    }
    if (loss := loss_symbol(env)) is not None and not losses:
        losses.add(s.full(loss))
    for key in losses:
        other.definitions.pop(key, None)
        other.order = [k for k in other.order if k != key]
    again = _judge(other, relation)
    if again.alive and again.status in ("holds", "needs-convention"):
        return again
    if again.alive and again.status == "fails" and _on_the_page(env, relation.sides[0]):
        return again
    why = f"both sides are zero: on this page {write(relation.sides[0])} depends on nothing"
    return replace(finding, status="unreadable", why=why)


def _on_the_page(env: Environment, left: t.Node) -> bool:
    """Whether something is computed from what a side differentiates by, or that is a step."""
    slopes = (p for p in t.walk(left) if isinstance(p, (t.Derivative, t.Nabla)))
    by = [p for slope in slopes for node in slope.by for p in s.symbols(node)]
    used = used_names(env)
    return all({s.full(p), s.stem(p)} & used or env.has(s.full(p)) for p in by)


def _says_something(relation: t.Relation) -> bool:
    """A derivative that is said to be more than a plain zero."""
    about = any(
        isinstance(p, (t.Derivative, t.Nabla)) or (isinstance(p, t.Symbol) and p.name == "delta")
        for p in t.walk(relation.sides[0])
    )
    return (
        set(relation.signs) <= EQUAL
        and about
        and all(any(isinstance(p, t.Symbol) for p in t.walk(side)) for side in relation.sides[1:])
    )


def _judge(env: Environment, relation: t.Relation, *, quick: bool = False) -> Finding:
    layout = (env.layout or "denominator", env.vec)
    first = judge_in(env, relation, layout, quick=quick)
    if first.status in ("holds", "unreadable", "range-error"):
        return first
    if first.work > HEAVY:
        return first
    if first.status == "needs-convention" or not _mentions_layout(relation):
        return _relaxed(env, relation, first, quick)
    if env.layout_is_law:
        return _relaxed(env, relation, first, quick)
    for other in LAYOUTS:
        if other == layout:
            continue
        finding = judge_in(env, relation, other, quick=True)
        if finding.status == "holds":
            name = f"{other[0]} layout" + (" of vec" if other[1] else "")
            return replace(
                first, status="needs-convention", convention=name, layout=other, tags=finding.tags
            )
    return _relaxed(env, relation, first, quick)


def _relaxed(env: Environment, relation: t.Relation, first: Finding, quick: bool) -> Finding:
    """A dot said to be a matrix product, or a Kronecker sign, that only fits entry by entry."""
    if first.status == "holds":
        return first
    dots = env.matrix_signs & {r"\cdot", "*"}
    for signs, convention in ((dots, v.DOT_ENTRYWISE), (_kronecker(relation), v.KRON_ENTRYWISE)):
        if not signs:
            continue
        other = env.copy()
        other.matrix_signs = env.matrix_signs - signs
        other.entrywise_signs = env.entrywise_signs | (signs - dots)
        finding = judge_in(other, relation, first.layout, quick=quick)
        if finding.status in ("holds", "needs-convention"):
            return replace(
                first, status="needs-convention", convention=convention, tags=finding.tags
            )
    if first.status != "fails":
        return first
    for fact, sentence, page in unsaid(env, relation):
        if judge_in(page, relation, first.layout, quick=True).status == "holds":
            if fact == "symmetric":
                return replace(first, why=f"{first.why}; the line is right where {sentence}")
            return replace(first, status="needs-convention", convention=sentence)
    return first


def _kronecker(relation: t.Relation) -> set[str]:
    products = (p for p in t.walk(relation) if isinstance(p, t.Product))
    return {sign for p in products for sign in p.operators if sign == r"\otimes"}


def _mentions_layout(relation: t.Relation) -> bool:
    return any(isinstance(p, (t.Derivative, t.Nabla)) for p in t.walk(relation))
