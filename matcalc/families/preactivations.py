"""A nested activation gets a name for what goes into it, as on a blackboard: ``z[t]``, then
``h[t] = tanh(z[t])``. So the sweep has a line for what arrives at the pre-activation.
"""

from __future__ import annotations

from matcalc.expr import Node, postorder, substitute
from matcalc.members import Family, family_of, place_of
from matcalc.network import Network, Step
from matcalc.ops.algebra import PRODUCT, SUM_OP
from matcalc.ops.entrywise import ENTRYWISE

ACTIVATIONS = frozenset(ENTRYWISE) - {"pow"} | {"softmax", "log_softmax", "function", "map"}


def named_inside(network: Network, step: Step, made: dict[str, Family]) -> list[Step]:
    """A general member's definition, with a family for what goes into each activation."""
    family = family_of(step.symbol)
    steps: list[Step] = []
    image: dict[Node, Node] = {}
    for node in postorder(step.definition, stop=lambda n: n.op.name == "isum"):
        if node.op.name not in ACTIVATIONS or len(node.operands) != 1:
            continue
        inner = node.operands[0]
        if inner in image or inner.op not in (SUM_OP, PRODUCT) or not inner.shape:
            continue
        if not set(family.indices) <= set(inner.indices):
            continue
        name = _fresh(network, made, _stem(network, family))
        new = Family(network, name, family.spans, inner.shape)
        made[name] = new
        steps.append(Step(new.general, substitute(inner, image)))
        image[inner] = new.general
    return [*steps, Step(step.symbol, substitute(step.definition, image), step.adjoint)]


def _stem(network: Network, family: Family) -> str:
    """z, or z_i where there are several gates; a capital for a capital."""
    letter = "Z" if family.name[:1].isupper() else "z"
    several = sum(
        _has_inside(s.definition)
        for s in network.steps
        if (place := place_of(s.symbol)) is not None and s.symbol is place.family.general
    )
    return letter if several < 2 else f"{letter}_{family.name}"


def _has_inside(root: Node) -> bool:
    return any(
        n.op.name in ACTIVATIONS and len(n.operands) == 1 and n.operands[0].op in (SUM_OP, PRODUCT)
        for n in postorder(root)
    )


def _fresh(network: Network, made: dict[str, Family], stem: str) -> str:
    count, name = 0, stem
    while name in network or name in network.families or name in made or name in network.spans:
        count += 1
        name = f"{stem}{count}"
    return name
