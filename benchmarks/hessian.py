"""Dense Hessians: generated code against NumPy by hand, JAX and PyTorch; distances of point pairs.

    python benchmarks/hessian.py [--only pairwise] [--json out.json]
    python benchmarks/hessian.py --points 2483

The second form computes the Hessian of the sum of pairwise distances once, alone, and prints the
seconds and the largest memory of the process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

import hand
import problems as P
from arena import Case, Inputs, main


def ours(name: str) -> Callable[[Inputs], Callable[[], Any]]:
    def make(v: Inputs) -> Callable[[], Any]:
        import matcalc as mc

        f, wrt, facts = P.PAPER[name]
        function = mc.compile(mc.hessian(f, wrt, assume=facts), sizes=v["sizes"], assume=facts)
        given = {k: x for k, x in v.items() if k in function.arguments}
        return lambda: function(**given)

    return make


def column_stacked(H: Any, shape: tuple[int, int]) -> Any:
    """A framework's Hessian of a matrix, entries row by row, in the order of vec."""
    r, s = shape
    return H.reshape(r, s, r, s).transpose(1, 0, 3, 2).reshape(r * s, r * s)


def with_jax(name: str) -> Callable[[Inputs], Callable[[], Any]]:
    def make(v: Inputs) -> Callable[[], Any]:
        import jax
        import jax.numpy as jnp

        wrt = P.PAPER[name][1].params[0]
        f = P.literal(name, jnp)
        rest = {k: jnp.asarray(x) for k, x in v.items() if k not in (wrt, "sizes")}
        at = jnp.asarray(v[wrt])
        run = jax.jit(lambda p, r: column_stacked(jax.hessian(lambda p: f(p, **r))(p), p.shape))
        return lambda: jax.block_until_ready(run(at, rest))

    return make


def with_torch(name: str) -> Callable[[Inputs], Callable[[], Any]]:
    def make(v: Inputs) -> Callable[[], Any]:
        import torch

        wrt = P.PAPER[name][1].params[0]
        f = P.literal(name, torch)
        rest = {k: torch.as_tensor(x) for k, x in v.items() if k not in (wrt, "sizes")}
        at = torch.as_tensor(v[wrt])

        def call() -> Any:
            H = torch.func.hessian(lambda p: f(p, **rest))(at)
            r, s = at.shape
            return H.reshape(r, s, r, s).permute(1, 0, 3, 2).reshape(r * s, r * s)

        return call

    return make


def case(name: str, by_hand: Any, frameworks: str = "jax torch", **size: int) -> Case:
    contenders = {"hand": by_hand, "ours": ours(name)}
    if "jax" in frameworks:
        contenders["jax"] = with_jax(name)
    if "torch" in frameworks:
        contenders["torch"] = with_torch(name)
    label = ", ".join(f"{k}={x}" for k, x in size.items())
    return Case(
        f"{name}/hess",
        label,
        lambda rng: {**P.inputs(name, rng, **size), "sizes": size},
        contenders,
    )


def pairwise_ours(v: Inputs) -> Callable[[], Any]:
    import matcalc as mc

    f, points = P.pairwise()
    function = mc.compile(mc.hessian(f, points))
    return lambda: function(**v)


def pairwise_jax(v: Inputs) -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    at = jnp.concatenate([jnp.asarray(v[k]).ravel() for k in "xyz"])

    def total(p: Any) -> Any:
        points = p.reshape(3, -1)
        squares = ((points[:, :, None] - points[:, None, :]) ** 2).sum(0)
        return jnp.sqrt(squares + jnp.eye(points.shape[1])).sum()

    run = jax.jit(jax.hessian(total))
    return lambda: jax.block_until_ready(run(at))


def pairwise(count: int) -> Case:
    return Case(
        "pairwise/hess",
        f"N={count}",
        lambda rng: P.normal(rng, x=(count, 1), y=(count, 1), z=(count, 1)),
        {"hand": hand.pairwise_hessian, "ours": pairwise_ours, "jax": pairwise_jax},
    )


CASES = [
    case("quad", hand.quad_hessian, n=200),
    case("quad", hand.quad_hessian, "jax", n=1000),
    case("logreg", hand.logreg_hessian, m=200, n=100),
    case("logreg", hand.logreg_hessian, "jax", m=1000, n=500),
    case("ridge", hand.ridge_hessian, m=1000, n=500),
    case("matfac", hand.matfac_hessian, n=100, k=5),
    case("matfac", hand.matfac_hessian, "jax", n=300, k=5),
    case("lse", hand.lse_hessian, n=1000),
    case("softmaxreg", hand.softmaxreg_hessian, m=500, n=50, c=10),
    pairwise(100),
    pairwise(400),
]


def once(count: int) -> None:
    """One Hessian of many points."""
    import resource

    import numpy as np

    rng = np.random.default_rng(0)
    begin = time.perf_counter()
    run = pairwise_ours(P.normal(rng, x=(count, 1), y=(count, 1), z=(count, 1)))
    made = time.perf_counter()
    H = run()
    print(
        f"N={count}: derived and compiled in {made - begin:.2f} s, computed in "
        f"{time.perf_counter() - made:.2f} s, {H.shape[0]} x {H.shape[1]}, largest memory "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--points"]:
        once(int(sys.argv[2]))
    else:
        main(__file__, CASES, "ours", ["hand", "jax", "torch"])
