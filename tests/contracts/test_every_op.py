"""The contracts of an operation, run over every operation there is.

``entry`` is the definition; the code, the change, the adjoint and the matrix on vec are held to it
or to differences of the value. An operation that is registered is tested: nothing here is a list.
"""

from __future__ import annotations

import numpy as np
import pytest

from matcalc.expr import Node, build, number, postorder, symbol
from matcalc.ops import OPS, Op
from matcalc.ops.binder import isum
from tests.contracts.entries import defined_value
from tests.contracts.harness import (
    Disagreement,
    assert_close,
    change_by_differences,
    differential,
    random_step,
    value,
    vec,
)
from tests.instances import SIZES, Instance, all_instances, changeable, instances_of, values_for

CHANGING = [op for op in OPS.values() if not op.constant]
every_op = pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
every_changing_op = pytest.mark.parametrize("op", CHANGING, ids=lambda op: op.name)


def summed(instance: Instance, node: Node) -> Node:
    """The faces of a sum over an index speak of one term: sum what is made of it."""
    return isum(node, *instance.params) if instance.op.name == "isum" else node


def slots_of(op: Op) -> list[tuple[Instance, int]]:
    """Every instance with every slot that may change."""
    return [(i, slot) for i in instances_of(op) for slot in changeable(i)]


@every_op
def test_the_code_computes_the_definition(op: Op, rng: np.random.Generator):
    """NumPy's value is `entry`, evaluated with loops."""
    for instance in instances_of(op):
        values = values_for(instance, rng)
        if op.name == "symbol":
            values = {instance.node: random_step(instance.node, rng)}
        found = value(instance.node, values)
        assert_close(found, defined_value(instance, values, SIZES), instance, 1e-9)


def assert_linear(instance: Instance, slot: int, rng: np.random.Generator) -> None:
    """The change of E + 2H is the change of E plus twice the change of H."""
    values, step = values_for(instance, rng), instance.step(slot)
    change = instance.change(slot)
    E, H = random_step(step, rng), random_step(step, rng)
    at = [value(change, {**values, step: D}) for D in (E, H, E + 2 * H)]
    assert_close(at[0] + 2 * at[1], at[2], f"linearity of {instance}, slot {slot}", 1e-9)


def assert_change(instance: Instance, slot: int, rng: np.random.Generator) -> None:
    """The change is the limit of differences of the value."""
    values, step = values_for(instance, rng), instance.step(slot)
    E = random_step(step, rng)
    found = value(instance.change(slot), {**values, step: E})
    expected = change_by_differences(instance.node, instance.leaves[slot], values, E)
    assert_close(found, expected, f"change of {instance}, slot {slot}")


@every_changing_op
def test_the_change_is_linear_and_the_limit_of_differences(op: Op, rng: np.random.Generator):
    """dF in the direction E is what (F(A + hE) - F(A - hE)) / 2h tends to."""
    for instance, slot in slots_of(op):
        assert_linear(instance, slot, rng)
        assert_change(instance, slot, rng)


def assert_adjoint(instance: Instance, slot: int, rng: np.random.Generator) -> None:
    """<G, change(E)> = <adjoint(G), E>."""
    op, values, step = instance.op, values_for(instance, rng), instance.step(slot)
    G = symbol("G", instance.node.shape)
    at = {**values, step: random_step(step, rng), G: random_step(G, rng)}
    back = op.adjoint(slot, G, instance.operands, instance.params)
    if instance.operands[slot].shape != (1, 1):  # those are scalars, wherever they are used
        assert back.shape == instance.operands[slot].shape
    moved = instance.moved(slot)
    pairing = summed(instance, _inner(back, moved))
    forward = np.sum(at[G] * value(instance.change(slot), at))
    assert_close(value(pairing, at).item(), forward, f"adjoint of {instance}, slot {slot}", 1e-9)


def _inner(A: Node, B: Node) -> Node:
    return build("sum", build("had", A, B))


def linear_slots(op: Op) -> list[tuple[Instance, int]]:
    """The slots that declare an adjoint and a vec matrix."""
    return [(i, slot) for i, slot in slots_of(op) if op.linear_in(slot)]


LINEAR = [op for op in CHANGING if linear_slots(op)]
every_linear_op = pytest.mark.parametrize("op", LINEAR, ids=lambda op: op.name)


@every_linear_op
def test_the_adjoint_is_the_adjoint(op: Op, rng: np.random.Generator):
    """The inner product with the change is the inner product of the adjoint with the step."""
    for instance, slot in linear_slots(op):
        assert_adjoint(instance, slot, rng)


@every_linear_op
def test_the_vec_matrix_is_the_change(op: Op, rng: np.random.Generator):
    """M vec(E) = vec(change(E))."""
    for instance, slot in linear_slots(op):
        values, step = values_for(instance, rng), instance.step(slot)
        at = {**values, step: random_step(step, rng)}
        M = op.vec_matrix(slot, instance.operands, instance.params)
        moved = instance.moved(slot)
        found = value(summed(instance, build("mul", M, build("vec", moved))), at)
        expected = vec(value(instance.change(slot), at))
        assert_close(found, expected, f"vec matrix of {instance}, slot {slot}", 1e-9)


@every_changing_op
def test_the_faces_are_made_of_operations(op: Op):
    """Whatever a rule produces is made of registered operations, which have rules in turn."""
    for instance, slot in slots_of(op):
        faces = [instance.change(slot)]
        if op.linear_in(slot):
            G = symbol("G", instance.node.shape)
            faces.append(op.adjoint(slot, G, instance.operands, instance.params))
            faces.append(op.vec_matrix(slot, instance.operands, instance.params))
        for node in postorder(faces):
            assert OPS[node.op.name] is node.op


@every_changing_op
def test_a_change_can_be_differentiated_again(op: Op, rng: np.random.Generator):
    """The differential of the change is the limit of differences of the change."""
    for instance, slot in slots_of(op):
        change, values, step = instance.change(slot), values_for(instance, rng), instance.step(slot)
        at = {**values, step: random_step(step, rng)}
        for other in changeable(instance):
            leaf = instance.leaves[other]
            move = symbol("E", leaf.shape)
            second = differential(change, leaf, move)
            at[move] = random_step(move, rng)
            expected = change_by_differences(change, leaf, at, at[move])
            assert_close(
                value(second, at), expected, f"second change of {instance}, {slot} {other}"
            )


def test_every_op_is_sampled():
    """No operation hides from the contracts: each has an instance that is really it."""
    assert {i.op.name for i in all_instances()} == set(OPS)
    for instance in all_instances():
        assert instance.node.op is instance.op


# ---------------------------------------------------------------- the tests of the tests


PLANTED = ("times", "sigmoid", "inv", "softmax", "kron", "logdet", "map")


@pytest.mark.parametrize("name", PLANTED)
def test_a_change_wrong_by_one_part_in_a_thousand_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
):
    """The harness is only worth its time if it fails when it should."""
    op = OPS[name]
    honest = type(op).change
    monkeypatch.setattr(
        type(op), "change", lambda self, *args: honest(self, *args) * symbol("lie", ())
    )
    lie = {symbol("lie", ()): 1.001}
    instance, slot = next((i, s) for i, s in slots_of(op))
    values, step = values_for(instance, rng), instance.step(slot)
    E = random_step(step, rng)
    found = value(instance.change(slot), {**values, **lie, step: E})
    expected = change_by_differences(instance.node, instance.leaves[slot], values, E)
    with pytest.raises(Disagreement):
        assert_close(found, expected, name)


@pytest.mark.parametrize("op", LINEAR, ids=lambda op: op.name)
def test_an_adjoint_wrong_by_one_part_in_a_thousand_is_caught(
    op: Op, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
):
    """So is a wrong adjoint."""
    honest = type(op).adjoint
    wrong = number("1.001")
    monkeypatch.setattr(type(op), "adjoint", lambda self, *args: wrong * honest(self, *args))
    instance, slot = linear_slots(op)[0]
    with pytest.raises(Disagreement, match="adjoint"):
        assert_adjoint(instance, slot, rng)
