"""What an operation refuses, what a class must declare, and the slopes of the entrywise table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError, ShapeError
from matcalc.expr import Node, brief, symbol
from matcalc.ops import OPS, Op
from matcalc.ops.base import FACES, register
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.ops.table import OPERANDS, TABLE, Row, y
from tests.contracts.entries import table_value
from tests.contracts.harness import assert_close, value
from tests.instances import AWAY, DRAWS, SIZES, Instance, array_shape, draw, instances_of

CHANGING = [op for op in OPS.values() if not op.constant]
LARGER = {**SIZES, "z": 7, "w": 6}


def deformed(instance: Instance) -> list[tuple[Node, ...]]:
    """The operands with one of them of another shape."""
    z, w = shapes.dims("z w")
    found = []
    for slot, operand in enumerate(instance.operands):
        others = [(z, w), (z, sp.Integer(1)), ()]
        if operand.shape:
            rows, cols = operand.shape
            others += [(cols, rows), (rows, z), (z, cols), (rows, sp.Integer(1))]
        for shape in others:
            if not shapes.same_shape(shape, operand.shape):
                other = symbol(f"B{slot}", shape)
                found.append((*instance.operands[:slot], other, *instance.operands[slot + 1 :]))
    return found


@pytest.mark.parametrize("op", [op for op in CHANGING if op.name != "isum"], ids=lambda op: op.name)
def test_a_misfit_is_refused_in_words_or_has_a_value(op: Op, rng: np.random.Generator):
    """Other shapes are refused by an error that names an operand and its shape, or they fit."""
    for instance in instances_of(op):
        for operands in deformed(instance):
            built = attempted(op, operands, instance.params)
            if isinstance(built, ShapeError):
                said = str(built)
                named = [a for a in operands if brief(a) in said]
                assert named, f"{said} names none of {operands}"
                assert any(shapes.show(a.shape) in said for a in named), said
                continue
            numbers = {a: _numbers(a, rng) for a in operands}
            try:
                found = value(built, numbers, LARGER)
            except (MatcalcError, ValueError):  # a symbolic place that these sizes put outside
                assert op.name in ("entry", "slice", "place")
                continue
            assert found.shape == (array_shape(built.shape, LARGER) or (1, 1))


def attempted(op: Op, operands: tuple[Node, ...], params: tuple[Any, ...]) -> Node | ShapeError:
    """What the constructor makes of the operands, or its refusal."""
    try:
        return op.build(operands, params)
    except ShapeError as error:
        return error


def _numbers(A: Node, rng: np.random.Generator) -> np.ndarray:
    dims = array_shape(A.shape, LARGER)
    square = len(dims) == 2 and dims[0] == dims[1]
    return rng.uniform(0.2, 0.8, size=dims) + (dims[0] * np.eye(dims[0]) if square else 0)


# -- faces ---------------------------------------------------------------------------------------


def stripped(face: str) -> Op:
    """A sound operation without one of its faces."""
    donor = type(OPS["tr"])
    body = {k: v for k, v in vars(donor).items() if k != face and not k.startswith("__")}
    body |= {"__doc__": donor.__doc__ if face != "__doc__" else None, "name": "stripped"}
    return type("Stripped", (Op,), body)()


@pytest.mark.parametrize(
    ("face", "said"),
    [
        *((face, face) for face in FACES),
        ("law", "law"),
        ("samples", "samples"),
        ("adjoint", "change, or adjoint and vec_matrix"),
        ("vec_matrix", "change, or adjoint and vec_matrix"),
        ("__doc__", "a docstring that states the equation"),
    ],
)
def test_an_operation_that_lacks_a_face_is_not_registered(face: str, said: str):
    """Registration names what is missing, and leaves nothing behind."""
    with pytest.raises(TypeError, match=said):
        register(stripped(face))
    assert "stripped" not in OPS


def test_a_name_is_registered_once():
    """A second operation of one name is refused."""
    with pytest.raises(TypeError, match="already"):
        register(type(OPS["tr"])())


# -- the entrywise table -------------------------------------------------------------------------


def slope_value(formula: Any, at: dict[Any, float]) -> float:
    """A slope at numbers, with our own functions by their definitions."""
    if formula in at:
        return at[formula]
    if not formula.args:
        return float(formula)
    args = [slope_value(a, at) for a in formula.args]
    name = formula.func.__name__
    if name in TABLE:
        return table_value(name, *args)
    return float(formula.func(*map(sp.Float, args)))


def scalars_in_domain(name: str, rng: np.random.Generator) -> list[float]:
    """Operands of one entry, away from kinks."""
    op = ENTRYWISE[name]
    for trial in range(200):
        at = [float(draw(rng, (), how=trial % len(DRAWS))) for _ in range(op.arity)]
        if op.in_domain(at) and op.margin(at) > AWAY:
            return at
    raise AssertionError(f"no numbers for {name}")


@pytest.mark.parametrize(("name", "row"), TABLE.items(), ids=TABLE)
def test_the_slopes_are_the_derivatives_of_the_value(name: str, row: Row, rng: np.random.Generator):
    """Each slope of a row is what sympy makes of the derivative of its definition."""
    for _ in range(6):
        at = dict(zip(OPERANDS, scalars_in_domain(name, rng), strict=False))
        output = table_value(name, *at.values())
        for slope, letter in zip(row.slopes, at, strict=True):
            exact = {k: sp.Float(v, 30) for k, v in at.items()}
            expected = sp.diff(row.value, letter).xreplace(exact).doit().evalf(20)
            found = slope_value(slope, {**at, y: output})
            assert_close(found, float(expected), f"slope of {name} in {letter} at {at}", 1e-10)
