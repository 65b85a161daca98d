"""The identity of a node: interned, copied, pickled, rebuilt, and the same on every run."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from matcalc.expr import Node, rebuilt
from matcalc.ops import OPS, Op
from tests.instances import all_instances, instances_of

every_op = pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
ROOT = Path(__file__).resolve().parents[2]
DIGESTS = """
from tests.instances import all_instances
for instance in all_instances():
    print(instance.node.digest.hex(), instance.node.content.hex())
"""


def nodes_of(op: Op) -> list[Node]:
    """The operation on its samples."""
    return [instance.node for instance in instances_of(op)]


@every_op
def test_a_copy_is_the_node_itself(op: Op):
    """Copies, deep copies and pickles of a node are that node."""
    for node in nodes_of(op):
        assert copy.copy(node) is node
        assert copy.deepcopy(node) is node
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(node, protocol)) is node


@every_op
def test_a_node_is_rebuilt_from_its_parts(op: Op):
    """`func(*args)` is sympy's promise, `build` is ours; a constructor may fold, never change."""
    for node in nodes_of(op):
        if node.operands:
            assert node.func(*node.args).shape == node.shape
            assert node.args == node.operands
        assert rebuilt(node, node.operands) is node


@every_op
def test_the_constructor_keeps_shape(op: Op):
    """What a constructor makes of the operands has the shape the operation says it has."""
    for instance in instances_of(op):
        built = op.build(instance.operands, instance.params)
        assert built.shape == instance.node.shape


def test_digests_tell_all_instances_apart():
    """Two instances with one digest are one node."""
    nodes = {instance.node for instance in all_instances()}
    assert len({node.digest for node in nodes}) == len(nodes)


def test_digests_are_the_same_on_every_run():
    """Hash seeds and the order of garbage collection leave no trace."""
    gc.collect()
    here = [f"{i.node.digest.hex()} {i.node.content.hex()}" for i in all_instances()]
    for seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", DIGESTS],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert ran.stdout.split("\n")[:-1] == here
