"""How long a derivation takes: deep networks and typical small problems.

    python benchmarks/derive.py

Each depth runs in a fresh process after one warm-up on three layers: the forward pass is built (not
counted), derived, and all lines are printed to a string. The bars: t(1000)/t(100) at most 12, 1000
layers under 2 s, small problems under 50 ms warm, `import matcalc` at most 15 % over sympy and numpy.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

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


FORMS: dict[str, Callable[[int], Any]] = {"named": named, "nested": nested}


def once(form: str, layers: int) -> tuple[float, float]:
    """Seconds to derive and print, in this process: of the clock, and of the processor."""
    forward = FORMS[form](layers)
    begin, busy = time.perf_counter(), time.process_time()
    mc.derive(forward).to_text()
    return time.perf_counter() - begin, time.process_time() - busy


def fresh(form: str, layers: int) -> tuple[float, float]:
    """The same in a process of its own, warmed up on three layers."""
    code = [sys.executable, __file__, "--one", form, str(layers)]
    said = subprocess.run(code, capture_output=True, text=True, check=True).stdout
    wall, cpu = said.split()
    return float(wall), float(cpu)


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
    print(
        f"Python {platform.python_version()}, {platform.machine()}; medians of three fresh processes"
    )
    found: dict[str, Any] = {"import": imports()}
    base = found["import"]["sympy, numpy"]
    for what, took in found["import"].items():
        print(f"import {what}: {took:.3f} s ({100 * (took / base - 1):+.0f} %)")
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
    for name, (f, wrt) in small_problems().items():
        found[name] = {"warm": warm(f, wrt), "first": cold(name)}
        warm_ms, first_ms = (1000 * found[name][k] for k in ("warm", "first"))
        print(f"{name:24} {warm_ms:6.1f} ms warm, {first_ms:6.1f} ms the first time (bar 50 warm)")
    if arguments[:1] == ["--json"]:
        with open(arguments[1], "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main(sys.argv[1:])
