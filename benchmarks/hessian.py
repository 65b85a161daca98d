"""Dense Hessians: generated code against NumPy by hand, JAX and PyTorch; distances of point pairs.

    python benchmarks/hessian.py [--only pairwise] [--json out.json]
    python benchmarks/hessian.py --points 2483 [--json out.json]

The second form computes the Hessian of the sum of pairwise distances once, alone, and prints the
seconds and the largest memory of the process.
"""

from __future__ import annotations

import json
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


def relu_net(batch: int, width: int, layers: int = 10) -> Case:
    """The Hessian of a deep ReLU net in its first weights."""

    def ours(v: Inputs) -> Callable[[], Any]:
        import matcalc as mc

        f, wrt = P.relu_net(layers)
        function = mc.compile(mc.hessian(f, wrt), sizes={"n": batch, "h": width})
        return lambda: function(**v)

    def jaxed(v: Inputs) -> Callable[[], Any]:
        import jax
        import jax.numpy as jnp

        f = P.relu_net_literal(jnp)
        rest = {k: jnp.asarray(x) for k, x in v.items() if k != "W1"}
        at = jnp.asarray(v["W1"])
        run = jax.jit(lambda p, r: column_stacked(jax.hessian(lambda p: f(p, **r))(p), p.shape))
        return lambda: jax.block_until_ready(run(at, rest))

    def torched(v: Inputs) -> Callable[[], Any]:
        import torch

        f = P.relu_net_literal(torch)
        rest = {k: torch.as_tensor(x) for k, x in v.items() if k != "W1"}
        at = torch.as_tensor(v["W1"])

        def call() -> Any:
            H = torch.func.hessian(lambda p: f(p, **rest))(at)
            r, s = at.shape
            return H.reshape(r, s, r, s).permute(1, 0, 3, 2).reshape(r * s, r * s)

        return call

    return Case(
        "nn10/hess",
        f"b={batch}, w={width}, L={layers}",
        lambda rng: P.relu_net_inputs(rng, batch, width, layers),
        {"hand": hand.relu_net_hessian, "ours": ours, "jax": jaxed, "torch": torched},
    )


def tanh_net(width: int, layers: int) -> Case:
    """The Jacobian of a tanh net in its input."""

    def ours(v: Inputs) -> Callable[[], Any]:
        import matcalc as mc

        output, x = P.tanh_net(layers)
        jacobian = mc.jacobian(output, x, layout="numerator")
        function = mc.compile(jacobian, sizes={"h": width})
        return lambda: function(**v)

    def jaxed(v: Inputs) -> Callable[[], Any]:
        import jax
        import jax.numpy as jnp

        def f(x: Any, Ws: Any) -> Any:
            for W in Ws:
                x = jnp.tanh(W @ x)
            return x

        Ws = [jnp.asarray(v[f"W{l}"]) for l in range(1, layers + 1)]
        run, at = jax.jit(jax.jacrev(f)), jnp.asarray(v["x"].ravel())
        return lambda: jax.block_until_ready(run(at, Ws))

    return Case(
        "jacnet/jac",
        f"n={width}, L={layers}",
        lambda rng: P.tanh_net_inputs(rng, width, layers),
        {"hand": hand.tanh_net_jacobian, "ours": ours, "jax": jaxed},
    )


def factor(n: int, k: int) -> Case:
    """The k x k core of a matrix factorisation's Hessian, and the dense matrix as a yardstick."""

    def core(v: Inputs) -> Callable[[], Any]:
        import matcalc as mc

        f, wrt, _ = P.PAPER["matfac"]
        function = mc.hessian_function(f, wrt, form="core")
        given = {s: v[s] for s in "V"}
        return lambda: function(**given).matrix

    return Case(
        "matfac/core",
        f"n={n}, k={k}",
        lambda rng: {**P.inputs("matfac", rng, n=n, k=k), "sizes": {"n": n, "k": k}},
        {"hand": lambda v: lambda: 2 * (v["V"].T @ v["V"]), "ours": core, "dense": ours("matfac")},
        ("dense",),
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
    case("quad", hand.quad_hessian, n=1000),
    case("logreg", hand.logreg_hessian, m=200, n=100),
    case("logreg", hand.logreg_hessian, m=1000, n=500),
    case("ridge", hand.ridge_hessian, m=200, n=100),
    case("ridge", hand.ridge_hessian, m=1000, n=500),
    case("matfac", hand.matfac_hessian, n=100, k=5),
    case("matfac", hand.matfac_hessian, "jax", n=300, k=5),
    factor(300, 5),
    case("lse", hand.lse_hessian, n=1000),
    case("softmaxreg", hand.softmaxreg_hessian, m=500, n=50, c=10),
    relu_net(50, 10),
    relu_net(100, 20),
    relu_net(100, 32),
    tanh_net(256, 4),
    pairwise(100),
    pairwise(400),
]


def once(count: int, path: str | None) -> None:
    """One Hessian of many points."""
    import resource

    import numpy as np

    rng = np.random.default_rng(0)
    begin = time.perf_counter()
    run = pairwise_ours(P.normal(rng, x=(count, 1), y=(count, 1), z=(count, 1)))
    made = time.perf_counter()
    H = run()
    found = {
        "points": count,
        "derived": made - begin,
        "computed": time.perf_counter() - made,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    print(
        f"N={count}: derived and compiled in {found['derived']:.2f} s, computed in "
        f"{found['computed']:.2f} s, {H.shape[0]} x {H.shape[1]}, largest memory "
        f"{found['gigabytes']:.2f} GB"
    )
    if path is not None:
        Path(path).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--points"]:
        once(int(sys.argv[2]), sys.argv[4] if sys.argv[3:4] == ["--json"] else None)
    else:
        main(__file__, CASES, "ours", ["hand", "dense", "jax", "torch"])
