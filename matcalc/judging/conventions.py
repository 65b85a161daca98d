r"""Conventions stated in words: index base, layout, the meaning of a product sign, one-hot."""

from __future__ import annotations

import re

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment, Function
from matcalc.judging.spaces import declare_map, is_map
from matcalc.reading import tree as t

# The strongest first; what is said of a matrix decides from which matrices it is drawn.
PROPERTIES = {
    "positive definite": "positive definite",
    "spd": "positive definite",
    "diagonal": "diagonal",
    "symmetric": "symmetric",
    "orthogonal": "orthogonal",
    "lower triangular": "lower triangular",
    "upper triangular": "upper triangular",
}


def statement(env: Environment, relation: t.Relation, words: str) -> None:
    """A convention in words."""
    if is_map(relation):
        declare_map(env, relation)
    low = words.lower()
    signs = {p.latex for p in t.walk(relation) if isinstance(p, t.Sign)}
    if "start at" in low or "based" in low:
        number = next((p for p in t.walk(relation) if isinstance(p, t.Number)), None)
        if number is not None:
            env.base = int(number.text)
        elif "zero" in low:
            env.base = 0
    for name in ("denominator", "numerator", "mixed"):
        if re.search(rf"{name}[- ]layout", low) and not relation.signs:
            env.layout, env.layout_is_law = name, True
            env.vec = env.vec or "vec" in low
        elif re.search(rf"{name}[- ]layout", low) and env.layout is None and "as in" in low:
            env.layout = name
    if "matrix product" in low or "matrix multiplication" in low:
        env.matrix_signs |= signs
    elif "element" in low or "entry" in low or "hadamard" in low:
        env.entrywise_signs |= signs
        for name in _names_before(relation):
            if not env.has(name):
                env.opaque.setdefault(name, "entrywise")
    if "left to right" in low:
        env.left_to_right = True
    if "one-hot" in low or "one hot" in low:
        for name in _names_before(relation):
            env.domains[name] = "onehot"
    if "symmetric" in low or "definite" in low:
        for name in _names_before(relation):
            env.domains[name] = "definite" if "definite" in low else "symmetric"
    for words, domain in PROPERTIES.items():
        if words in low.replace("-", " ") and not relation.signs:
            for name in _names_before(relation):
                env.domains[name] = domain
            break
    if "logistic" in low or "sigmoid" in low:
        for name in _names_before(relation):
            env.functions.setdefault(name, Function(("z",), t.Symbol("z", "z"), table="sigmoid"))
    if "identity" in low and "activation" in low:
        env.identity_activation = True


def _names_before(relation: t.Relation) -> list[str]:
    phrases = [p for p in t.walk(relation) if isinstance(p, t.Phrase)]
    if relation.signs and phrases:
        # "S in R^{d x d}, S symmetric": the words are about what stands beside them.
        return [s.full(p) for phrase in phrases for p in s.symbols(phrase)]
    return [s.full(p) for p in s.symbols(relation)]
