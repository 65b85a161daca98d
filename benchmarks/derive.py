"""How long a derivation takes: deep networks and typical small problems.

    python benchmarks/derive.py

Each depth runs in a fresh process after one warm-up on three layers: the forward pass is built (not
counted), derived, and all lines are printed to a string. The bars: t(1000)/t(100) at most 12, 1000
layers under 2 s, 100 layers under 0.2 s, 200 steps of many kinds under 5 s, small problems under 50
ms warm, `import matcalc` at most 15 % over sympy and numpy.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from arena import machine

import matcalc as mc

DEPTHS = (10, 100, 1000, 2000)


def named(layers: int) -> Any:
    """Sigmoid layers as a network of named steps."""
    n, h = mc.dims("n h")
    net = mc.Network("deep")
    A, Y = net.input("X", n, h), net.input("Y", n, h)
    for k in range(1, layers + 1):
        Z = net.let(f"Z{k}", A * net.param(f"W{k}", h, h))
        A = net.let(f"A{k}", mc.sigmoid(Z))
    net.minimize(mc.squared_error(A, Y, scale="half"))
    return net


def nested(layers: int) -> Any:
    """The same layers as one nested expression."""
    n, h = mc.dims("n h")
    A, Y = mc.matrix("X", n, h), mc.matrix("Y", n, h)
    for k in range(1, layers + 1):
        A = mc.sigmoid(A * mc.matrix(f"W{k}", h, h))
    return mc.squared_error(A, Y, scale="half")


def mixed(steps: int) -> Any:
    """Named steps of many kinds: products with a bias, activations, softmax, centring, norms."""
    n, d = mc.dims("n d")
    net = mc.Network("mixed")
    one = mc.ones(n, 1)
    kinds: list[Callable[[Any], Any]] = [
        mc.tanh,
        mc.softmax,
        mc.sigmoid,
        lambda Z: mc.hadamard(Z, mc.sigmoid(Z)),
        mc.relu,
        lambda Z: Z - one * mc.colmean(Z),
        mc.silu,
        lambda Z: mc.divide(Z, mc.sqrt(1 + mc.square(Z))),
    ]
    A = net.input("X", n, d)
    for k in range(1, steps // 2 + 1):
        Z = net.let(f"Z{k}", A * net.param(f"W{k}", d, d) + one * net.param(f"b{k}", 1, d))
        A = net.let(f"A{k}", kinds[k % len(kinds)](Z))
    net.minimize(mc.squared_error(A, net.input("Y", n, d)))
    return net


def plain(layers: int) -> Any:
    """The same layers as one plain sympy expression, every product as it is written."""
    import sympy as sp
    from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

    n, h = sp.symbols("n h", integer=True, positive=True)
    x = sp.Dummy("x")
    logistic = sp.Lambda(x, 1 / (1 + sp.exp(-x)))
    A, Y = sp.MatrixSymbol("X", n, h), sp.MatrixSymbol("Y", n, h)
    for k in range(1, layers + 1):
        Z = sp.MatMul(A, sp.MatrixSymbol(f"W{k}", h, h), evaluate=False)
        A = ElementwiseApplyFunction(logistic, Z)
    return sp.Trace(sp.MatMul(sp.Transpose(A), Y, evaluate=False))


FORMS: dict[str, Callable[[int], Any]] = {"named": named, "nested": nested}
PLAIN = {"plain": plain}
MIXED_STEPS = 200


def once(form: str, layers: int) -> tuple[float, float]:
    """Seconds to derive and print, in this process: of the clock, and of the processor."""
    forward = {**FORMS, **PLAIN, "mixed": mixed}[form](layers)
    begin, busy = time.perf_counter(), time.process_time()
    mc.derive(forward).to_text()
    return time.perf_counter() - begin, time.process_time() - busy


def fresh(form: str, layers: int) -> tuple[float, float]:
    """The same in a process of its own, warmed up on three layers."""
    code = [sys.executable, __file__, "--one", form, str(layers)]
    said = subprocess.run(code, capture_output=True, text=True, check=True).stdout
    wall, cpu = said.split()
    return float(wall), float(cpu)


def code(layers: int) -> tuple[float, float]:
    """Seconds until the generated NumPy is imported, its module included, and operations a layer."""
    network = named(layers)
    begin = time.process_time()
    D = mc.derive(network)
    D.to_text()
    D.function()
    return time.process_time() - begin, operations(layers) if layers <= 100 else float("nan")


def operations(layers: int) -> float:
    """Distinct operations of the program, inputs and dimensions not counted, for each layer."""
    from matcalc.codegen.make import plan_of_record

    terms = plan_of_record(mc.derive(named(layers)).record).terms()
    return sum(t.op not in ("in", "number", "dim") for t in terms) / layers


def with_jax(layers: int) -> tuple[float, float]:
    """What JAX takes for the same network: traced, and traced and compiled (processor seconds)."""
    import jax
    import jax.numpy as jnp

    def loss(Ws: Any, X: Any, Y: Any) -> Any:
        for W in Ws:
            X = jax.nn.sigmoid(X @ W)
        return ((X - Y) ** 2).sum() / 2

    X = Y = jnp.zeros((32, 16))
    Ws = [jnp.zeros((16, 16))] * layers
    begin = time.process_time()
    jax.make_jaxpr(jax.value_and_grad(loss))(Ws, X, Y)
    traced = time.process_time() - begin
    begin = time.process_time()
    jax.jit(jax.value_and_grad(loss)).lower(Ws, X, Y).compile()
    return traced, time.process_time() - begin


def hessians() -> dict[str, float]:
    """Seconds for the closed form of a Hessian, warm."""
    import problems as P

    found = {}
    S, n = P.S, P.n
    cases = {k: (f, w, facts) for k, (f, w, facts) in P.PAPER.items() if k != "traceAXBXC"}
    cases["logdet"] = (mc.logdet(S), S, ())
    Q, K, V = (mc.matrix(s, n, P.d) for s in "QKV")
    cases["attention"] = (mc.sum(mc.square(mc.softmax(Q * K.T) * V)), Q, ())
    for name, (f, wrt, facts) in cases.items():
        times = []
        for _ in range(4):
            begin = time.process_time()
            mc.text(mc.hessian(f, wrt, assume=facts))
            times.append(time.process_time() - begin)
        found[name] = statistics.median(times[1:])
    return found


def separate(*arguments: str) -> list[float]:
    """The numbers that this script prints in a process of its own."""
    ran = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, text=True, check=False
    )
    return [float(x) for x in ran.stdout.split()] if ran.returncode == 0 else []


def small_problems() -> dict[str, tuple[Any, Any]]:
    """Problems people really have, with the variable asked for."""
    n, d, k, h = mc.dims("n d k h")
    X, w, y = mc.matrix("X", n, d), mc.vector("w", d), mc.vector("y", n)
    W, Y, S = mc.matrix("W", d, k), mc.matrix("Y", n, k), mc.matrix("S", n, n)
    A, B, C, Q = (
        mc.matrix("A", n, n),
        mc.matrix("B", n, n),
        mc.matrix("C", n, n),
        mc.matrix("Q", n, n),
    )
    c = mc.scalar("c")
    W1, W2 = mc.matrix("W1", d, h), mc.matrix("W2", h, k)
    P = mc.sigmoid(X * w)
    return {
        "ridge": ((X * w - y).T * (X * w - y) / 2 + c * w.T * w / 2, w),
        "logistic regression": (mc.binary_cross_entropy(P, y), w),
        "softmax cross-entropy": (mc.cross_entropy(mc.softmax(X * W), Y), W),
        "log det": (mc.logdet(S) + mc.tr(mc.inv(S) * A), S),
        "tr(AQBQC)": (mc.tr(A * Q * B * Q * C), Q),
        "two-layer network": (mc.binary_cross_entropy(mc.sigmoid(mc.tanh(X * W1) * W2), Y), W1),
    }


def warm(f: Any, wrt: Any, rounds: int = 5) -> float:
    """Median seconds of gradient plus text, the first round not counted."""
    times = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        mc.text(mc.gradient(f, wrt))
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def cold(problem: str) -> float:
    """Seconds for the first derivation of this problem in a process warmed up on another."""
    code = [sys.executable, __file__, "--problem", problem]
    return float(subprocess.run(code, capture_output=True, text=True, check=True).stdout)


def seconds(code: str, rounds: int = 7) -> float:
    """Median seconds of a fresh interpreter that runs this."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def imports() -> dict[str, float]:
    """What importing costs: without matcalc, with it, and with a first expression."""
    return {
        "sympy, numpy": seconds("import sympy, numpy"),
        "and matcalc": seconds("import sympy, numpy, matcalc"),
        "and a first matrix": seconds("import sympy, numpy, matcalc; matcalc.matrix('A', 2, 2)"),
    }


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        once(arguments[1], 3)
        print(*once(arguments[1], int(arguments[2])))
        return
    if arguments[:1] == ["--problem"]:
        problems = small_problems()
        warm(*problems["ridge"], rounds=1)
        begin = time.perf_counter()
        mc.text(mc.gradient(*problems[arguments[1]]))
        print(time.perf_counter() - begin)
        return
    if arguments[:1] == ["--code"]:
        code(3)
        print(*code(int(arguments[1])))
        return
    if arguments[:1] == ["--jax"]:
        with_jax(2)
        print(*with_jax(int(arguments[1])))
        return
    print(
        f"Python {platform.python_version()}, {platform.machine()}; medians of three fresh processes"
    )
    found: dict[str, Any] = {"import": imports()}
    base = found["import"]["sympy, numpy"]
    for what, took in found["import"].items():
        print(f"import {what}: {took:.3f} s ({100 * (took / base - 1):+.0f} %)")
    for layers in (100, 1000):
        found[f"code {layers}"] = separate("--code", str(layers))
        found[f"jax {layers}"] = separate("--jax", str(layers))
        print(f"L = {layers}: code (s, operations a layer) {found[f'code {layers}']}", end="; ")
        print(f"JAX traced, compiled (s) {found[f'jax {layers}']}")
    found["plain"] = {L: separate("--one", "plain", str(L))[1] for L in (50, 200)}
    print(f"plain sympy, own share: {found['plain']}")
    found["hessians"] = hessians()
    print("Hessians: " + ", ".join(f"{k} {1000 * v:.0f} ms" for k, v in found["hessians"].items()))
    for form in FORMS:
        runs = {L: [fresh(form, L) for _ in range(3)] for L in DEPTHS}
        wall = {L: statistics.median(w for w, _ in r) for L, r in runs.items()}
        cpu = {L: statistics.median(c for _, c in r) for L, r in runs.items()}
        found[form] = {"wall": wall, "cpu": cpu}
        shown = ", ".join(f"L = {L}: {wall[L]:.3f} s ({cpu[L]:.3f} s cpu)" for L in DEPTHS)
        print(f"{form:7} {shown}")
        print(
            f"        t(1000)/t(100) = {wall[1000] / wall[100]:.1f}, cpu {cpu[1000] / cpu[100]:.1f} (bar 12)"
        )
    runs = [fresh("mixed", MIXED_STEPS) for _ in range(3)]
    found["mixed"] = statistics.median(w for w, _ in runs)
    print(f"mixed   {MIXED_STEPS} steps of many kinds: {found['mixed']:.3f} s (bar 5)")
    print(
        f"bars: named L = 100 {found['named']['wall'][100]:.3f} s (0.2), "
        f"L = 1000 {found['named']['wall'][1000]:.3f} s (2)"
    )
    for name, (f, wrt) in small_problems().items():
        found[name] = {"warm": warm(f, wrt), "first": cold(name)}
        warm_ms, first_ms = (1000 * found[name][k] for k in ("warm", "first"))
        print(f"{name:24} {warm_ms:6.1f} ms warm, {first_ms:6.1f} ms the first time (bar 50 warm)")
    found["machine"] = machine()
    if arguments[:1] == ["--json"]:
        with open(arguments[1], "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main(sys.argv[1:])
