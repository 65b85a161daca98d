"""One hand result for one gradient: equal to the engine's, or off by what?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ParseError, ShapeError, UnknownNameError
from matcalc.expr import Node, number, read, symbol_name
from matcalc.judging.code_slips import variants
from matcalc.judging.comparison import Points, same_values
from matcalc.judging.lone_claims import verify_claim
from matcalc.judging.networks import environment_of_network, notation_of
from matcalc.judging.proving import REFUSALS, same_form
from matcalc.judging.verdict import Verdict
from matcalc.language import read_expression
from matcalc.layout import gradient_in
from matcalc.network import expanded
from matcalc.numeric.checking import facts_by_name
from matcalc.ops.algebra import mul, t
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.entrywise import power
from matcalc.reading.formula import read_formula
from matcalc.record import Record
from matcalc.render.latex import latex_of
from matcalc.reverse import boxed
from matcalc.rewrite.simplify import simplify

# What the text language has no use for.
SCRIPTS = re.compile(r"_\d|\^[A-Z]")
LATEX = re.compile(r"\\[A-Za-z]|\^\{|_\{")


def verify_gradient(record: Record, of: Node, claim: Any) -> Verdict:
    """Judge a hand result (text of the language, LaTeX, or an expression) for a gradient."""
    arrival = record.arrivals[of]
    if isinstance(claim, str) and LATEX.search(claim):
        return _latex_claim(record, of, claim)
    truth = gradient_in(record.layout, boxed(arrival.value, of))
    said = claim if isinstance(claim, str) else str(claim)
    name = symbol_name(arrival.symbol)
    if isinstance(claim, str):
        claim = re.sub(rf"^\s*{re.escape(name)}\s*=(?!=)", "", claim)
    try:
        node = _read(record, claim)
    except (UnknownNameError, ParseError):
        # A_1^T (P - Y) has no command in it, and is LaTeX all the same.
        verdict = _latex_claim(record, of, claim) if SCRIPTS.search(said) else None
        if verdict is None or verdict.status == "unreadable":
            raise
        return verdict
    except ShapeError as error:
        return Verdict("shape-error", said, "shapes do not fit", f"{name} = {truth}", str(error))
    facts = facts_by_name(record.problem.facts)
    points = Points([truth, node], facts)
    wanted = points.values(truth)
    if shapes.same_shape(_two(node.shape), _two(truth.shape)) and same_values(
        wanted, points.values(node)
    ):
        certain = "proved by rewriting" if _proved(node, truth, record) else points.certainty
        return Verdict("holds", said, certainty=certain, reading=str(node))
    verdict = _diagnosed(said, name, node, truth, wanted, points)
    if verdict.slip or not shapes.same_shape(_two(node.shape), _two(truth.shape)):
        return verdict
    return _left_out(verdict, record, of, points.values(node), points)


def _left_out(verdict: Verdict, record: Record, of: Node, mine: Any, points: Points) -> Verdict:
    """The verdict with its slip, where a slope or a term of the loss was left out or mistaken."""
    for variant in variants(record, of):
        fits = shapes.same_shape(_two(variant.gradient.shape), _two(of.shape))
        if fits and same_values(mine, points.values(variant.gradient)):
            return replace(verdict, slip=variant.slip, explanation=variant.words)
    return verdict


def _proved(node: Node, truth: Node, record: Record) -> bool:
    """Whether the laws bring a claim and the gradient to one form, in the inputs alone."""
    try:
        return same_form(expanded(node), expanded(truth), list(record.problem.facts))
    except REFUSALS:
        return False


def _latex_claim(record: Record, of: Node, claim: str) -> Verdict:
    """A claim as it stands in notes: an equation, or the right side alone."""
    env = environment_of_network(record.problem, claim, layout=str(record.layout.value))
    relations = read_formula(claim)
    said = claim
    if len(relations) == 1 and not relations[0].signs:
        notation = notation_of(claim)
        output = latex_of(record.problem.output, notation)
        above = output if not record.problem.output.shape else "L"
        said = rf"\frac{{\partial {above}}}{{\partial {latex_of(of, notation)}}} = {claim}"
    return verify_claim(said, env=env)


def _read(record: Record, claim: Any) -> Node:
    if not isinstance(claim, str):
        return read(claim)
    names = {**record.problem.names}
    names.update({symbol_name(a.symbol): a.symbol for a in record.arrivals.values()})
    if record.upstream is not None:
        names[symbol_name(record.upstream)] = record.upstream
    return read_expression(claim, names)


def _two(shape: shapes.Shape) -> shapes.Shape:
    return shape if shape else (shapes.ONE, shapes.ONE)


def _diagnosed(
    said: str, name: str, node: Node, truth: Node, wanted: Any, points: Points
) -> Verdict:
    for slip, explanation, repaired in _repairs(node, truth):
        if not shapes.same_shape(_two(repaired.shape), _two(truth.shape)):
            continue
        if same_values(wanted, points.values(repaired)):
            status = (
                "fails" if shapes.same_shape(_two(node.shape), _two(truth.shape)) else "shape-error"
            )
            correction = f"{name} = {simplify(repaired)}"
            return Verdict(status, said, slip, correction, explanation, points.tested, str(node))  # type: ignore[arg-type]
    correction = f"{name} = {truth}"
    if not shapes.same_shape(_two(node.shape), _two(truth.shape)):
        explanation = (
            f"{name} is {shapes.show(truth.shape)}, but the claim is {shapes.show(node.shape)}"
        )
        return Verdict(
            "shape-error", said, "wrong shape", correction, explanation, points.tested, str(node)
        )
    return Verdict("fails", said, "", correction, "the values differ", points.tested, str(node))


def _repairs(node: Node, truth: Node) -> Iterator[tuple[str, str, Node]]:
    """(class, what to say, the claim repaired), the likeliest slips first."""
    yield "sign", "the sign is wrong", mul(number(-1), node)
    for factor, less, more in _factors(node, truth):
        yield (
            f"lost {less}",
            f"the claim is {more} times too large: {less} is lost",
            mul(power(factor, -1), node),
        )
        yield (
            f"extra {less}",
            f"the claim is {more} times too small: {less} should not be there",
            mul(factor, node),
        )
    if node.shape and truth.shape:
        for word, what in (("colsum", "rows"), ("rowsum", "columns")):
            words = f"the claim is {shapes.show(node.shape)}, want {shapes.show(truth.shape)}"
            yield (
                "sum over the batch missing",
                f"{words}: sum over the {what}",
                FUNCTIONS[word](node),
            )
    if node.shape:
        yield "transposed", "the claim is the transpose of the gradient", t(node)
        for factor, less, _ in _factors(node, truth):
            yield (
                f"transposed, lost {less}",
                f"transposed, and {less} is lost",
                mul(power(factor, -1), t(node)),
            )


def _factors(node: Node, truth: Node) -> Iterator[tuple[Node, str, str]]:
    """(factor, "1/n", "n") for every dimension, product of two, and small number."""
    from matcalc.expr import dimensions, symbols

    names = {s.name for s in dimensions([expanded(truth), expanded(node)])}
    names |= {symbol_name(s) for s in symbols(expanded(truth)) if not s.shape}
    dims = sorted(names)
    found = [read(sp.Symbol(d)) for d in dims]
    pairs = [mul(a, b) for k, a in enumerate(found) for b in found[k + 1 :]]
    two = number(2)
    for factor in (*found, *pairs, two, *(mul(two, f) for f in found)):
        less = f"1/{factor}" if not factor.operands else f"1/({factor})"
        yield factor, less, str(factor)
