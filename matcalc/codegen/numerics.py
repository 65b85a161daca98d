"""The lint of numerics: which stable forms a plan uses where the textbook's overflow or cancel.

The constructors choose the stable form; here is what is said about it at the head of the source, and
a check that no plan holds an unstable pair of operations.
"""

from __future__ import annotations

from matcalc.codegen.plan import Plan
from matcalc.codegen.terms import Term

# operation -> the textbook's words, and what is computed instead
STABLE = {
    "logdet": "log det by a factorisation: the determinant itself would overflow",
    "logabsdet": "log det by a factorisation: the determinant itself would overflow",
    "softmax": "softmax with the largest entry taken off: e^z would overflow",
    "log_softmax": "log softmax as z - logsumexp(z): the softmax would underflow to log 0",
    "logsumexp": "log of a sum of exponentials with the largest taken off: e^z would overflow",
    "largest_of": "sums of w e^z with the largest z taken off that counts: e^z would overflow",
    "log1mexp": "log(1 - e^-z) by expm1 or log1p: it would cancel near 0 and near 1",
    "log_product": "log of a product by its factors where the product overflows or underflows",
    "atanh": "log((1 + z)/(1 - z)) by artanh: it would cancel near 0",
    "asinh": "log(z + sqrt(z^2 + 1)) by arsinh: it would cancel for negative z",
    "logsigmoid": "log sigmoid(z) by log1p(e^-|z|): the sigmoid would underflow to log 0",
    "softplus": "log(1 + e^z) by log1p(e^-|z|): e^z would overflow",
    "expm1": "e^z - 1 by expm1: it would cancel near 0",
    "logaddexp": "log(e^x + e^y) by logaddexp: e^x would overflow",
    "log1p": "log(1 + z) by log1p: it would cancel near 0",
    "norm": "norms of what is scaled first, where squares would overflow or underflow",
    "solve": "a solve for an inverse: the inverse would lose digits",
}
# An outer operation on an inner one, which the constructors should have made something else of.
UNSTABLE = {
    ("log", "det"): "log det",
    ("log", "softmax"): "log softmax",
    ("log", "sigmoid"): "log sigmoid",
    ("mm", "inverse"): "a product with an inverse",
}


def remarks(plan: Plan) -> list[str]:
    """What the head of a source says about its numerics, each once, in the order met."""
    found = dict.fromkeys(t.op for t in plan.terms() if t.op in STABLE)
    return list(dict.fromkeys([*plan.said, *(STABLE[op] for op in found)]))


def complaints(plan: Plan) -> list[str]:
    """Where a plan computes what overflows or cancels; there should be none."""
    return [
        f"{UNSTABLE[t.op, a.op]} in {t.op}"
        for t in plan.terms()
        for a in _operands(t)
        if (t.op, a.op) in UNSTABLE
    ]


def _operands(t: Term) -> list[Term]:
    return [a.args[0] if a.op == "T" else a for a in t.args]
