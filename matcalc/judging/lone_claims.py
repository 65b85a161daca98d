"""One claim with its givens, on no page: read, judged, and forgiven what nobody can know.

A line that asks for a parameter is judged where the loss is smallest; what went wrong in the givens
is not laid at the door of the claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matcalc.errors import ParseError
from matcalc.judging import spelling as s
from matcalc.judging.blame import without_blame
from matcalc.judging.environment import Environment
from matcalc.judging.givens import environment_beside
from matcalc.judging.lines import judge
from matcalc.judging.optimum import is_condition, note_optima
from matcalc.judging.slips import OTHER
from matcalc.judging.stationary import at_the_optimum, is_stationary
from matcalc.judging.verdict import FAILURES, Verdict
from matcalc.judging.verifying import verify_relations
from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula
from matcalc.reading.writer import write, write_formula


def verify_claim(
    claim: str,
    *,
    given: str | Sequence[str] = (),
    shapes: Mapping[str, Any] | None = None,
    layout: str | None = None,
    index_base: int | None = None,
    env: Environment | None = None,
    macros: Any = None,
) -> Verdict:
    """Judge a claim in LaTeX against the givens."""
    try:
        relations = list(read_formula(claim, macros=macros))
        if env is None:
            env, relations = environment_beside(
                relations, given, shapes, layout, index_base, macros
            )
    except ParseError as error:
        return Verdict("unreadable", claim, explanation=str(error))
    for relation in relations:
        note_optima(env, relation)
    relations = [r for r in relations if not is_condition(r)] or relations
    verdict = verify_relations(env.copy(), relations, claim, alone=True)
    if verdict.status == "unreadable" and len(relations) == 1:
        return _as_a_solution(env, relations[0], verdict)
    if verdict.status not in FAILURES:
        return verdict
    if len(relations) == 1:
        verdict = _as_a_condition(env, relations[0], verdict)
    if len(relations) == 1:
        verdict = without_blame(verdict, relations[0])
    for condition in env.unused:
        if judge(env.copy(), condition).status != "holds":
            why = f"the line may rest on {write_formula((condition,))}, which is not understood as a given"
            return Verdict("unreadable", claim, explanation=why, assumptions=verdict.assumptions)
    return verdict


def _as_a_solution(env: Environment, relation: t.Relation, verdict: Verdict) -> Verdict:
    r"""``\hat\lambda = n / \sum_i x_i``: the slope of the loss vanishes there, or it does not."""
    left = relation.sides[0]
    found = env.optima.get(s.full(left)) if isinstance(left, t.Symbol) else None
    if found is None or relation.signs != ("=",):
        return verdict
    symbol, loss = found
    there = t.Relation((symbol, relation.sides[1]), ("=",))
    slope = t.Postfix(t.Derivative(r"\partial", loss, (symbol,)), "evaluated", (there,))
    vanishing = t.Relation((slope, t.Number("0")), ("=",))
    other = verify_relations(env.copy(), [vanishing], verdict.claim, diagnose=False)
    if other.status == "fails":
        why = f"the slope of {write(loss)} by {write(symbol)} is not zero there"
        return replace(other, explanation=why)
    return other if other.status == "holds" else verdict


def _as_a_condition(env: Environment, relation: t.Relation, verdict: Verdict) -> Verdict:
    """``X^T X w = X^T y`` says where a loss is smallest: it is no claim for every w."""
    slopes = (t.Derivative, t.Nabla, t.Differential)
    left = relation.sides[0]
    defined = isinstance(left, t.Symbol) and s.full(left) in env.definitions
    if defined or any(isinstance(p, slopes) for p in t.walk(relation)):
        return verdict
    if is_stationary(env, relation):
        return replace(verdict, status="holds", slip="", correction="", explanation="",
                       counterexample="", first_wrong_step=None)  # fmt: skip
    for there, line in at_the_optimum(env, relation) if verdict.slip in ("", OTHER) else ():
        other = verify_relations(there, [line], verdict.claim, alone=True)
        if other.status == "holds" or other.slip not in ("", OTHER):
            return other
    return verdict
