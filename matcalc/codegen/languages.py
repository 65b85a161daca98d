"""Sources in JAX and PyTorch: what differs from NumPy."""

from __future__ import annotations

from matcalc.codegen.foreign import JAX_HELPERS, TORCH_HELPERS
from matcalc.codegen.helpers import SIMPLE
from matcalc.codegen.plan import Plan
from matcalc.codegen.solving import ATOM, Text
from matcalc.codegen.source import CHECK, Source
from matcalc.codegen.terms import MATH, Term
from matcalc.codegen.words import SUM, Words


class JaxWords(Words):
    """NumPy's words under another name."""

    module = "jnp"
    helpers = JAX_HELPERS

    def plain(self, t: Term, found: Text) -> Text:
        return found  # a number has no kind of its own in JAX, and may be traced


class JaxSource(Source):
    """A module of pure functions, for ``jax.jit``, ``vmap`` and sharding."""

    imports = ("import jax", "import jax.numpy as jnp")
    words_class = JaxWords

    def decorators(self) -> list[str]:
        return []

    def copied(self, text: str) -> str:
        return text


class TorchWords(Words):
    """PyTorch's words."""

    module = "torch"
    blocks = False
    helpers = TORCH_HELPERS
    like = ""

    def call(self, function: str, *arguments: str) -> Text:
        return f"torch.{function}({', '.join(arguments)})", ATOM

    def _function_of(self, t: Term) -> Text:
        if t.op in ("max", "min"):
            return self.helper("maximum" if t.op == "max" else "minimum", *map(self, t.args))
        if t.op == "relu":
            return f"{self.dotted(t.args[0])}.clamp(min=0)", ATOM
        if t.op == "hardtanh":
            return f"{self.dotted(t.args[0])}.clamp(-1, 1)", ATOM
        if t.op == "step":
            return self.helper("step", self(t.args[0]), self.like)
        if t.op == "erf":
            return f"torch.erf({self.tensor(t.args[0])})", ATOM
        if t.op == "where":
            a, b, c = t.args
            chosen = [self.tensor(x) for x in (b, c)]
            return f"torch.where({self(a, SUM + 1)} != 0, {', '.join(chosen)})", ATOM
        if t.op in MATH and not t.shape and self.is_static(t):
            return super()._function_of(t)
        inside = [self.tensor(a) for a in t.args]
        if t.op in SIMPLE:
            return self.call(SIMPLE[t.op], *inside)
        return self.helper(t.op, *inside)

    def dotted(self, t: Term) -> str:
        """An operand with methods."""
        return self.tensor(t) if not t.shape and self.is_static(t) else self(t, ATOM)

    def tensor(self, t: Term) -> str:
        if t.shape or not self.is_static(t):
            return self(t)
        return self.helper("number", self.as_float(t), self.like)[0]

    def _sigmoid(self, t: Term) -> Text:
        return f"torch.sigmoid({self.tensor(t.args[0])})", ATOM

    def _dot(self, t: Term) -> Text:
        text, level = super()._dot(t)
        if text.startswith("torch.vdot"):
            return self.helper("vdot", *map(self, t.args))
        return text, level

    def _along(self, t: Term, axis: int) -> Text:
        text, level = super()._along(t, axis)
        return text.replace(f"axis={axis}, keepdims=True", f"{axis}, keepdim=True"), level

    def _largest(self, t: Term) -> Text:
        along = f"{t.params[0]}, keepdim=True" if t.shape else ""
        return f"{self(t.args[0], ATOM)}.amax({along})", ATOM

    def _diagonal(self, t: Term) -> Text:
        return f"torch.diagonal({self(t.args[0])})[:, None]", ATOM

    def _cumsum(self, t: Term) -> Text:
        axis, backwards = t.params
        inside = self(t.args[0], ATOM)
        if not backwards:
            return f"{inside}.cumsum({axis})", ATOM
        return f"{inside}.flip({axis}).cumsum({axis}).flip({axis})", ATOM

    def full(self, shape: str, t: Term) -> str:
        return self.helper("full", shape, self.as_float(t), self.like)[0]

    def _kron_matrix(self, t: Term) -> Text:
        return self.helper("kron", *map(self, t.args))

    def eye(self, n: str) -> str:
        return f"torch.eye({n}).to({self.like})"

    def _diag_matrix(self, t: Term) -> Text:
        v = t.args[0]
        return self.call("diagflat", self(v)) if v.shape else super()._diag_matrix(t)

    def _place(self, t: Term) -> Text:
        inside = self(t.args[0])
        return self.helper("placed", inside, *map(self.integer, t.params), self.like)


class TorchSource(Source):
    """A module of plain functions on tensors, and a ``torch.autograd.Function``."""

    imports = ("import torch",)
    words_class = TorchWords
    check = (
        CHECK.replace("array.shape != shape", "tuple(array.shape) != shape")
        .replace("NumPy", "PyTorch")
        .replace("{array.shape}", "{tuple(array.shape)}")
    )

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        first = next((a.word for a in plan.arguments if a.shape), None)
        scalar = next((a.word for a in plan.arguments), None)
        self.w.like = first or scalar or "torch.empty(())"  # type: ignore[attr-defined]

    def decorators(self) -> list[str]:
        return []

    def copied(self, text: str) -> str:
        return f"{text}.clone()"

    def zeros(self, t: Term) -> str:
        if not t.shape:
            return "0.0"
        return self.w.helper("full", self.w.shape(t.shape), "0.0", self.w.like)[0]  # type: ignore[attr-defined]

    def functions(self) -> list[str]:
        found = super().functions()
        return [*found, self.autograd()] if self.plan.gradients else found

    def autograd(self) -> str:
        """The program as one operation of PyTorch's own differentiation."""
        upstream = self.plan.upstream is not None
        given = [a for a in self.plan.arguments if a.name != self.plan.upstream]
        words = [a.word for a in given]
        named = ", ".join(f"{w}={w}" for w in words)
        by_name = {name for name, _ in self.plan.gradients}
        order = ", ".join(f'gradients["{a.name}"]' if a.name in by_name else "None" for a in given)
        comma = "," if len(given) == 1 else ""
        if upstream:
            ahead = [f"value, ctx.cache = forward({named})"]
            back = ["gradients = backward(g, ctx.cache)", f"return {order}{comma}"]
        else:
            ahead = [f"value, ctx.gradients = value_and_gradients({named})"]
            back = [
                "gradients = {k: g * v for k, v in ctx.gradients.items()}",
                f"return {order}{comma}",
            ]
        lines = [
            "class Program(torch.autograd.Function):",
            '    """The same, for torch.autograd: ``Program.apply`` on the arguments in order."""',
            "",
            "    @staticmethod",
            *_fitted(f"    def forward(ctx, {', '.join(words)}):"),
            *(part for line in ahead for part in _fitted(f"        {line}")),
            "        return value",
            "",
            "    @staticmethod",
            "    def backward(ctx, g):",
            *(part for line in back for part in _fitted(f"        {line}")),
        ]
        return "\n".join(lines) + "\n"


def _fitted(line: str) -> list[str]:
    """A call, or a tuple, over several lines where one is too long."""
    if len(line) <= 100:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    for bracket, end in (("(", ")"),):
        if bracket in line:
            head, _, rest = line.partition(bracket)
            inside, _, tail = rest.rpartition(end)
            parts = [f"{indent}    {p.strip()}," for p in inside.split(", ")]
            return [f"{head}(", *parts, f"{indent}){tail}"]
    word, _, rest = line.strip().partition(" ")
    parts = [f"{indent}    {p.strip().rstrip(',')}," for p in rest.split(", ")]
    return [f"{indent}{word} (", *parts, f"{indent})"]
