"""What a backward function computes that left something out: a slope, a term of the loss.

Each variant is a closed form of the gradients under one slip, to be held against what a function
returned. They are made one by one, only for functions that are wrong in no simpler way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matcalc.expr import Node, number, postorder, substitute, symbol, symbol_name
from matcalc.judging import slips as e
from matcalc.network import expanded
from matcalc.ops.algebra import PRODUCT, SUM_OP, add, had, minus, mul
from matcalc.ops.base import FUNCTIONS
from matcalc.record import Record
from matcalc.reverse import gradient_of
from matcalc.rewrite.region import is_entrywise

MOST = 12  # steps and terms that are tried


@dataclass(frozen=True)
class Variant:
    """A slip, what to say of it, and the gradient that comes of it."""

    slip: str
    words: str
    gradient: Node


def variants(record: Record, wrt: Node) -> Iterator[Variant]:
    """The gradient by one variable, under one slip after the other."""
    output = expanded(record.problem.output)
    if not output.shape:
        yield from _terms(output, wrt)
    yield from _slopes(record, output, wrt)
    yield from _operands(record, wrt)


def _operands(record: Record, wrt: Node) -> Iterator[Variant]:
    """Beside a parameter: what an activation is applied to, in place of its value."""
    of = {step.symbol: step.definition for step in record.problem.steps[:MOST]}
    for consumer, definition in of.items():
        if consumer not in record.arrivals or not definition.shape:
            continue
        arrived = expanded(record.arrivals[consumer].value)
        for product in postorder(definition):
            if product.op is PRODUCT and wrt in product.operands and product.shape:
                yield from _swapped_operands(of, definition, product, arrived, wrt)


def _swapped_operands(
    of: Mapping[Node, Node], definition: Node, product: Node, arrived: Node, wrt: Node
) -> Iterator[Variant]:
    held, above = symbol("held", product.shape), symbol("above", definition.shape)
    outer = substitute(definition, {product: held})
    passed = gradient_of(FUNCTIONS["sum"](had(above, outer)), [held])[held]
    passed = expanded(substitute(passed, {held: product, above: arrived}))
    local = gradient_of(FUNCTIONS["sum"](had(held, product)), [wrt])[wrt]
    for value, inside in of.items():
        if value in set(postorder(local)) and len(inside.operands) == 1:
            swapped = substitute(local, {value: inside.operands[0]})
            words = f"{inside.operands[0]} stands for {symbol_name(value)} = {inside}"
            yield Variant(e.ARGUMENT, words, expanded(substitute(swapped, {held: passed})))


def _terms(output: Node, wrt: Node) -> Iterator[Variant]:
    """A term of the loss that is left out, or counted twice."""
    terms: Sequence[Node] = output.operands if output.op is SUM_OP else ()
    for k, term in enumerate(terms[:MOST]):
        rest = add(*terms[:k], *terms[k + 1 :])
        yield Variant(
            e.LOST_TERM,
            f"the term {term} of the loss is left out",
            gradient_of(rest, [wrt])[wrt],
        )
        yield Variant(
            e.EXTRA_TERM,
            f"the term {term} of the loss is counted twice",
            gradient_of(add(output, term), [wrt])[wrt],
        )


def _slopes(record: Record, output: Node, wrt: Node) -> Iterator[Variant]:
    """What passes an activation, or a softmax, without its slope or with a wrong one."""
    if output.shape:
        return
    for step in record.problem.steps[:MOST]:
        definition = step.definition
        soft = definition.op.name == "softmax"
        if len(definition.operands) != 1 or not (soft or is_entrywise(definition)):
            continue
        value, inside = expanded(step.symbol), expanded(definition.operands[0])
        held = symbol(f"held_{step.name}", value.shape)
        after = substitute(output, {value: held})
        if after is output:
            continue
        arriving = substitute(gradient_of(after, [held])[held], {held: value})
        direct = substitute(gradient_of(after, [wrt])[wrt], {held: value})
        said = f"{step.name} = {definition}"
        for slip, words, passed in _passed(soft, arriving, value, definition, said):
            through = symbol(f"through_{step.name}", value.shape)
            total = FUNCTIONS["sum"](had(through, inside)) if value.shape else mul(through, inside)
            pulled = substitute(gradient_of(total, [wrt])[wrt], {through: passed})
            yield Variant(slip, words, add(direct, pulled))


def _passed(
    soft: bool, arriving: Node, value: Node, definition: Node, said: str
) -> Iterator[tuple[str, str, Node]]:
    yield e.LOST, f"the slope at {said} is left out", arriving
    if soft:
        rest = had(value, minus(number(1), value))
        yield (
            e.DIAGONAL_ONLY,
            f"only the diagonal of the Jacobian of {said} is used, P .* (1 - P)",
            had(arriving, rest),
        )
        return
    yield e.SLOPE_MISSING, f"the value stands for the slope at {said}", had(arriving, value)
    at, function, slope = _slope(definition.op.build, definition)
    yield (
        e.ARGUMENT,
        f"the slope at {said} is taken at the value, not at what the function is applied to",
        had(arriving, substitute(slope, {at: value})),
    )
    # tanh' = 1 - tanh^2, with what tanh is applied to where its value should stand
    inside = expanded(definition.operands[0])
    yield (
        e.ARGUMENT,
        f"the slope at {said}, written in the value, has {definition.operands[0]} in its place",
        had(arriving, substitute(substitute(slope, {function: at}), {at: inside})),
    )
    yield from _other_slopes(arriving, value, definition, said)


def _slope(build: Callable[..., Node], definition: Node) -> tuple[Node, Node, Node]:
    """A number for every entry, the function of it, and its slope there."""
    at = symbol("at", definition.shape)
    function = build((at,), definition.params)
    total = FUNCTIONS["sum"](function) if function.shape else function
    return at, function, gradient_of(total, [at])[at]


def _other_slopes(
    arriving: Node, value: Node, definition: Node, said: str
) -> Iterator[tuple[str, str, Node]]:
    """The slope of another activation, as it is written in the value or in the argument."""
    inside = expanded(definition.operands[0])
    for name in ("sigmoid", "tanh", "relu", "softplus", "exp"):
        if name == definition.op.name:
            continue
        at, function, slope = _slope(lambda x, _: FUNCTIONS[name](x[0]), definition)  # noqa: B023
        words = f"the slope at {said} is that of {name}"
        yield "another activation's slope", words, had(arriving, substitute(slope, {at: inside}))
        if function in set(postorder(slope)):
            in_value = substitute(substitute(slope, {function: at}), {at: value})
            yield "another activation's slope", words, had(arriving, in_value)
