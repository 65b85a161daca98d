"""The languages a program with loops is written in: what differs between NumPy, JAX and PyTorch.

The loops are Python's own in all three; under ``jax.jit`` they are laid out for the length at hand. One
formula inside a loop is written by the language's own ``Source``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matcalc.codegen.languages import JaxSource, TorchSource
from matcalc.codegen.plan import Plan
from matcalc.codegen.source import Source
from matcalc.codegen.terms import Term
from matcalc.errors import MatcalcError

TARGET = "target_of_this_line"


class NumpyFormula(Source):
    """The statements of one formula, the last of them under the name that is wanted."""

    lets_go = False
    target = ""

    def assigned(self, name: str, text: str, term: Term) -> list[str]:
        return super().assigned(self.target if name == TARGET else name, text, term)


class JaxFormula(NumpyFormula, JaxSource):
    """The same on JAX arrays."""


class TorchFormula(NumpyFormula, TorchSource):
    """The same on tensors."""


@dataclass(frozen=True)
class Dialect:
    """One language."""

    name: str
    module: str
    formula: type[NumpyFormula]
    zeros_of: str  # zeros of given sizes, of the kind of an array

    def source(self, plan: Plan, words: dict[str, str], like: str) -> NumpyFormula:
        """The writer of one formula; ``words`` are the arrays it speaks of, ``like`` one for certain."""
        written = self.formula(plan)
        written.w.inputs.update(words)
        shaped = next((words[a.name] for a in plan.arguments if a.shape and a.name in words), like)
        written.w.kind = f", dtype={shaped}.dtype" if shaped else ""
        if self.name == "torch":
            written.w.like = shaped or "torch.empty(())"  # type: ignore[attr-defined]
        return written

    def helper(self, text: str) -> str:
        return text.replace("{m}", self.module).strip("\n")

    def zeros_like(self, word: str) -> str:
        return f"{self.module}.zeros_like({word})"

    def zeros(self, sizes: str, like: str) -> str:
        if self.name == "numpy" or not like:
            return f"{self.module}.zeros(({sizes}))"
        return self.zeros_of.format(sizes=sizes, like=like)

    def imports(self, text: str) -> list[str]:
        """What a module with this text needs."""
        if self.name == "numpy":
            return ["import numpy as np"]
        if self.name == "jax":
            return [*(["import jax"] if "jax." in text else []), "import jax.numpy as jnp"]
        return [*(["import math", ""] if "math." in text else []), "import torch"]


DIALECTS = {
    "numpy": Dialect("numpy", "np", NumpyFormula, ""),
    "jax": Dialect("jax", "jnp", JaxFormula, "jnp.zeros(({sizes}), {like}.dtype)"),
    "torch": Dialect("torch", "torch", TorchFormula, "{like}.new_zeros(({sizes}))"),
}


def dialect(backend: Any) -> Dialect:
    """By name."""
    if not isinstance(backend, str) or backend not in DIALECTS:
        raise MatcalcError(f"there is no backend {backend!r}; there are {', '.join(DIALECTS)}")
    return DIALECTS[backend]
