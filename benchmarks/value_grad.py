"""Value and all gradients: generated NumPy against NumPy by hand, JAX, PyTorch and autograd.

    python benchmarks/value_grad.py [--rounds 4] [--only mlp] [--json out.json]

``plain`` is the generated code as one reads it, ``workspace`` the variant that allocates nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

import cells
import hand
import problems as P
from arena import Case, Inputs, main


def ours(derivation: Callable[[], Any], workspace: bool) -> Callable[[Inputs], Callable[[], Any]]:
    """The compiled function of a derivation, on inputs it is made for."""

    def make(v: Inputs) -> Callable[[], Any]:
        import numpy as np

        sizes = {s: int(x) for s, x in v.get("sizes", {}).items()}
        function = derivation().function(workspace=workspace, sizes=sizes)
        given = {k: x for k, x in v.items() if k in function.arguments}
        with np.errstate(all="ignore"):
            function(**given)
        return lambda: function(**given)

    return make


def by(v: Inputs) -> Inputs:
    return {k: x for k, x in v.items() if k != "sizes"}


def with_jax(
    literal: Callable[[Any], Any], wrt: str | None
) -> Callable[[Inputs], Callable[[], Any]]:
    def make(v: Inputs) -> Callable[[], Any]:
        import jax
        import jax.numpy as jnp

        f = literal(jnp)
        first, rest = split(v, wrt)
        arrays, others = jax.tree.map(jnp.asarray, (first, rest))
        run = jax.jit(jax.value_and_grad(lambda p, r: f(p, **r)))

        def call() -> Any:
            value, found = jax.block_until_ready(run(arrays, others))
            return value, found if wrt is None else {wrt: found}

        return call

    return make


def with_torch(
    literal: Callable[[Any], Any], wrt: str | None
) -> Callable[[Inputs], Callable[[], Any]]:
    def make(v: Inputs) -> Callable[[], Any]:
        import torch

        f = literal(torch)
        first, rest = split(v, wrt)
        others = {k: torch.as_tensor(x) for k, x in rest.items()}
        named = {
            k: torch.tensor(x, requires_grad=True)
            for k, x in (first if wrt is None else {wrt: first}).items()
        }

        def call() -> Any:
            value = f(named if wrt is None else named[wrt], **others)
            found = torch.autograd.grad(value, list(named.values()))
            return value.detach(), dict(zip(named, found, strict=True))

        return call

    return make


def with_autograd(
    literal: Callable[[Any], Any], wrt: str | None
) -> Callable[[Inputs], Callable[[], Any]]:
    def make(v: Inputs) -> Callable[[], Any]:
        import autograd
        import autograd.numpy as anp

        f = literal(anp)
        first, rest = split(v, wrt)
        run = autograd.value_and_grad(lambda p: f(p, **rest))

        def call() -> Any:
            value, found = run(first)
            return value, found if wrt is None else {wrt: found}

        return call

    return make


def split(v: Inputs, wrt: str | None) -> tuple[Any, Inputs]:
    """What is differentiated by, and the other inputs; ``None`` means the parameters of a net."""
    v = by(v)
    if wrt is not None:
        return v[wrt], {k: x for k, x in v.items() if k != wrt}
    return {k: x for k, x in v.items() if k[0] in "Wb"}, {k: x for k, x in v.items() if k in "XY"}


def paper(name: str, by_hand: Any, **size: int) -> Case:
    f, wrt, facts = P.PAPER[name]
    label = ", ".join(f"{k}={x}" for k, x in size.items())

    def derivation() -> Any:
        import matcalc as mc

        return mc.derive(f, wrt, assume=facts)

    def literal(xp: Any) -> Any:
        return P.literal(name, xp)

    variable = wrt.params[0]
    return Case(
        f"{name}/vg",
        label,
        lambda rng: {**P.inputs(name, rng, **size), "sizes": size},
        {
            "hand": by_hand,
            "plain": ours(derivation, False),
            "workspace": ours(derivation, True),
            "jax": with_jax(literal, variable),
            "torch": with_torch(literal, variable),
            "autograd": with_autograd(literal, variable),
        },
    )


def net(batch: int, width: int, layers: int) -> Case:
    def derivation() -> Any:
        import matcalc as mc

        return mc.derive(P.mlp(layers))

    sizes = {"n": batch, "h": width}
    return Case(
        "mlp/vg",
        f"b={batch}, w={width}, L={layers}",
        lambda rng: {**P.mlp_inputs(rng, batch, width, layers), "sizes": sizes},
        {
            "hand": lambda v: hand.mlp_opt(by(v)),
            "hand_plain": lambda v: hand.mlp_plain(by(v)),
            "products": lambda v: hand.mlp_products(by(v)),
            "plain": ours(derivation, False),
            "workspace": ours(derivation, True),
            "jax": with_jax(P.mlp_literal, None),
            "torch": with_torch(P.mlp_literal, None),
            "autograd": with_autograd(P.mlp_literal, None),
        },
        ("products",),
    )


def block(
    name: str, network: Callable[[], Any], by_hand: Any, literal: Any, names: str, **size: int
) -> Case:
    """A block with an upstream symbol: value and what it sends back."""

    def derivation() -> Any:
        import matcalc as mc

        return mc.derive(network(), names.split())

    def values(rng: Any) -> Inputs:
        if name in cells.NAMES:
            return {**cells.inputs(name, rng, **size), "sizes": size}
        n, d, m = size["n"], size["d"], size.get("m", size["n"])
        if name == "attention":
            return {**P.normal(rng, Q=(n, d), K=(m, d), V=(m, d), G=(n, d)), "sizes": size}
        found = P.normal(rng, X=(n, d), g=(1, d), b=(1, d), G=(n, d))
        return {**found, "eps": 1e-5, "sizes": size}

    def jaxed(v: Inputs) -> Callable[[], Any]:
        import jax
        import jax.numpy as jnp

        f = literal(jnp)
        rest = {k: x for k, x in by(v).items() if k not in (*names.split(), "G")}
        first = {k: jnp.asarray(v[k]) for k in names.split()}

        def both(p: Any, G: Any) -> Any:
            out, back = jax.vjp(lambda p: f(**p, **rest), p)
            return out, back(G)[0]

        run, G = jax.jit(both), jnp.asarray(v["G"])
        return lambda: jax.block_until_ready(run(first, G))

    def torched(v: Inputs) -> Callable[[], Any]:
        import torch

        f = literal(torch)
        rest = {k: x for k, x in by(v).items() if k not in (*names.split(), "G")}
        first = {k: torch.tensor(v[k], requires_grad=True) for k in names.split()}
        G = torch.as_tensor(v["G"])

        def call() -> Any:
            out = f(**first, **rest)
            found = torch.autograd.grad(out, list(first.values()), G)
            return out.detach(), dict(zip(first, found, strict=True))

        return call

    def with_tape(v: Inputs) -> Callable[[], Any]:
        import autograd
        import autograd.numpy as anp

        f = literal(anp)
        rest = {k: x for k, x in by(v).items() if k not in (*names.split(), "G")}
        first = {k: v[k] for k in names.split()}
        run = autograd.make_vjp(lambda p: f(**p, **rest))

        def call() -> Any:
            back, out = run(first)
            return out, back(v["G"])

        return call

    label = ", ".join(f"{k}={x}" for k, x in size.items())
    return Case(
        f"{name}/vg",
        label,
        values,
        {
            "hand": lambda v: by_hand(by(v)),
            "plain": ours(derivation, False),
            "workspace": ours(derivation, True),
            "jax": jaxed,
            "torch": torched,
            "autograd": with_tape,
        },
    )


def attention(n: int, d: int) -> Case:
    sizes = {"n": n, "m": n, "d": d}
    return block("attention", P.attention, hand.attention_vg, P.attention_literal, "Q K V", **sizes)


def norm(axis: int, n: int, d: int) -> Case:
    name, by_hand = (("batchnorm", hand.batchnorm_vg), ("layernorm", hand.layernorm_vg))[axis]
    return block(
        name, lambda: P.norm(axis), by_hand, lambda xp: P.norm_literal(xp, axis), "X g b", n=n, d=d
    )


def cell(name: str, n: int, d: int, h: int) -> Case:
    def literal(xp: Any) -> Any:
        return cells.literal(name, xp)

    by_hand, network = cells.BY_HAND[name], cells.NETWORKS[name]
    return block(name, network, by_hand, literal, cells.NAMES[name], n=n, d=d, h=h)


CASES = [
    paper("quad", hand.quad_vg, n=1000),
    paper("ridge", hand.ridge_vg, m=2000, n=1000),
    paper("logreg", hand.logreg_vg, m=2000, n=1000),
    paper("matfac", hand.matfac_vg, n=300, k=5),
    paper("matfac", hand.matfac_vg, n=2000, k=5),
    paper("softmaxreg", hand.softmaxreg_vg, m=2000, n=200, c=10),
    paper("traceAXBXC", hand.trace_vg, n=300),
    paper("gauss", hand.gauss_vg, n=200),
    net(1, 64, 3),
    net(1, 1024, 3),
    net(32, 16, 2),
    net(32, 64, 3),
    net(64, 16, 50),
    net(64, 128, 50),
    net(256, 128, 4),
    net(256, 512, 3),
    net(256, 1024, 2),
    net(4096, 64, 3),
    net(4096, 256, 3),
    attention(64, 32),
    attention(256, 64),
    attention(1024, 64),
    norm(1, 32, 64),
    norm(1, 1024, 512),
    norm(0, 32, 64),
    norm(0, 1024, 512),
    cell("lstm", 1, 64, 64),
    cell("lstm", 64, 128, 128),
    cell("gru", 1, 64, 64),
    cell("gru", 64, 128, 128),
    cell("attention layer", 64, 64, 64),
    cell("attention layer", 512, 256, 64),
]

if __name__ == "__main__":
    main(
        __file__,
        CASES,
        "workspace",
        ["plain", "hand", "hand_plain", "products", "jax", "torch", "autograd"],
    )
