"""Writes docs/performance.md from one run of the benchmarks.

    mkdir run && for each benchmark: python benchmarks/NAME.py --json run/NAME.json
    python benchmarks/hessian.py --points 2483 --json run/points.json (and 400: run/points400.json)
    python benchmarks/report.py run docs/performance.md

A bar that is missed is shown as missed, with the reason that stands in ``REASONS``.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from arena import geometric, ratio

Rows = list[dict[str, Any]]
NETS = ("mlp", "attention", "layernorm", "batchnorm")


@dataclass(frozen=True)
class Line:
    """One bar: what was wanted, what was reached, and whether that is enough."""

    number: str
    what: str
    bar: str
    stretch: str
    reached: str
    holds: bool


REASONS: dict[str, str] = {
    "D1": "see the table of derive.py",
    "D4": "the door reads a plain sympy expression node by node; named steps are the faster way in",
    "E1": "the smallest problems take a hundred microseconds, and a call reads its arguments by name",
    "E2": "wide nets are products for everybody, and the deepest net of narrow layers is calls of "
    "NumPy and little else",
    "E3": "XLA fuses elementwise passes over arrays that do not fit the cache; NumPy makes each",
    "E4": "a call reads its arguments by name and checks their shapes: 2 to 4 microseconds of 40",
    "E5": "at n = 300 the reading of arguments is a few microseconds of ninety",
    "H1": "at n = 200 a call takes 25 microseconds, the reading of arguments one or two of them",
    "H2": "the hand form itself is within 2.8 to 3.7 of JAX here; at m = 200 a call of 80 "
    "microseconds carries the reading of arguments",
    "H3": "at n = 100 a call takes 40 microseconds, the reading of arguments one or two of them",
    "H5": "log-sum-exp of 1000 numbers writes one matrix: XLA fuses what NumPy does in two passes, "
    "and the hand form is behind it too",
    "L1": "results of one entry take two microseconds by hand, and what is left beside a 10 x 10 "
    "matrix thirty: reading arguments and checking shapes is a part of them",
    "L2": "gradients that take 3 to 5 microseconds by hand: reading the arguments costs one more",
    "C1": "what is left is elementwise work, which does not overlap the products",
}


class Run:
    """The JSON files of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, name: str) -> Any:
        path = self.folder / f"{name}.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def rows(self, name: str) -> Rows:
        found: Rows = self.load(name).get("rows", [])
        return found


def ratios(rows: Iterable[dict[str, Any]], of: str, to: str) -> list[float]:
    return [r for row in rows if (r := ratio(row, of, to)) is not None]


def to_hand(row: dict[str, Any], ours: str = "workspace") -> float | None:
    """Our time to the faster of the two hand forms."""
    found = [r for h in ("hand", "hand_plain") if (r := ratio(row, ours, h)) is not None]
    return max(found) if found else None


def named(rows: Rows, *names: str) -> Rows:
    return [r for r in rows if r["case"].split("/")[0] in names]


def sized(rows: Rows, size: str) -> Rows:
    return [r for r in rows if r["size"] == size]


def number(x: float | None) -> str:
    if x is None or math.isnan(x):
        return "-"
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def span(values: list[float]) -> str:
    return f"{number(geometric(values))}, worst {number(max(values))}" if values else "not measured"


# -- the bars ----------------------------------------------------------------------------------------


def derivation(run: Run) -> list[Line]:
    found = run.load("derive")
    if not found:
        return []
    wall = {int(k): v for k, v in found["named"]["cpu"].items()}
    jax, jax_few = found.get("jax 1000") or [], found.get("code 100") or []
    few, many = found["code 100"], found["code 1000"]
    against = f"; JAX traced {jax[0]:.2f} s, compiled {jax[1]:.2f} s" if jax else ""
    slow = {k: v for k, v in found["hessians"].items() if k != "attention"}
    own = {int(k): v for k, v in found["plain"].items()}
    growth = wall[1000] / wall[100]
    return [
        Line("D1", "1000 named layers to formulas", "2 s, t(1000)/t(100) at most 12, half of JAX jit",
             "JAX trace", f"{wall[1000]:.2f} s, ratio {growth:.1f}{against}",
             wall[1000] <= 2 and growth <= 12 and (not jax or wall[1000] <= jax[1] / 2)),
        Line("D2", "the same to imported NumPy", "4 s, JAX jit", "2 s", f"{many[0]:.2f} s{against}",
             many[0] <= 4 and (not jax or many[0] <= jax[1])),
        Line("D3", "distinct operations a layer", "10, and 20 in all", "8",
             f"{jax_few[1]:.1f} on 100 layers" if jax_few else "-", few[1] * 100 <= 10 * 100 + 20),
        Line("D4", "one nested sympy expression, own share", "L = 50: 0.3 s, L = 200: 1 s", "-",
             f"{own[50]:.2f} s, {own[200]:.2f} s", own[50] <= 0.3 and own[200] <= 1),
        Line("D6", "closed Hessians", "0.2 s each, attention 2 s", "0.05 s",
             f"slowest {1000 * max(slow.values()):.0f} ms, attention "
             f"{1000 * found['hessians']['attention']:.0f} ms",
             max(slow.values()) <= 0.2 and found["hessians"]["attention"] <= 2),
    ]  # fmt: skip


def value_and_gradient(run: Run) -> list[Line]:
    rows = run.rows("value_grad")
    if not rows:
        return []
    nets = named(rows, *NETS)
    paper = [r for r in rows if r not in nets]
    own_paper = [x for r in paper if (x := to_hand(r)) is not None]
    own_nets = [x for r in nets if (x := to_hand(r)) is not None]
    peers = {p: geometric(ratios(nets, "workspace", p)) for p in ("jax", "torch", "autograd")}
    limits = {"jax": 0.9, "torch": 0.6, "autograd": 0.25}
    jax = {f"{r['case']} {r['size']}": ratio(r, "workspace", "jax") for r in rows}
    over = {
        k: x
        for k, x in jax.items()
        if x is not None and x > (1.45 if "b=4096, w=64" in k else 1.35)
    }
    small = ratios(sized(nets, "b=1, w=64, L=3"), "workspace", "hand")
    factored = named(rows, "matfac")
    mf_hand = max(ratios(factored, "workspace", "hand"), default=math.nan)
    mf_jax = max(ratios(sized(factored, "n=2000, k=5"), "workspace", "jax"), default=math.nan)
    wide = [r for r in nets if "w=512" in r["size"] or "w=1024, L=2" in r["size"]]
    share = ratios(wide, "workspace", "products")
    said = ", ".join(f"{p} {number(x)}" for p, x in peers.items())
    return [
        Line("E1", "value and gradient, classical problems, to hand", "1.05, worst 1.15", "1.0",
             span(own_paper), geometric(own_paper) <= 1.05 and max(own_paper) <= 1.15),
        Line("E2", "value and gradient, networks, to hand", "1.05, worst 1.20", "worst 1.05",
             span(own_nets), geometric(own_nets) <= 1.05 and max(own_nets) <= 1.2),
        Line("E2", "the same, to frameworks (geometric means)",
             "JAX 0.9, torch 0.6, autograd 0.25", "-", said,
             all(math.isnan(x) or x <= limits[p] for p, x in peers.items())),
        Line("E3", "each case, to JAX", "1.35, (4096, 64) 1.45", "1.0",
             f"worst {number(max((x for x in jax.values() if x), default=None))}"
             + "".join(f"; {k}: {number(x)}" for k, x in over.items()), not over),
        Line("E4", "one sample, three layers of 64, to hand", "1.10", "fewer calls",
             span(small), bool(small) and max(small) <= 1.1),
        Line("E5", "matrix factorisation", "1.05 of hand; n = 2000: 0.7 of JAX", "0.55 of plain",
             f"{number(mf_hand)} of hand, {number(mf_jax)} of JAX", mf_hand <= 1.05 and mf_jax <= 0.7),
        Line("C1", "wide nets, to their products alone", "1.35; 3 L - 1 products", "1.15",
             f"{span(share)}; 3 L - 1", bool(share) and max(share) <= 1.35),
    ]  # fmt: skip


def hessians(run: Run) -> list[Line]:
    rows = run.rows("hessian")
    if not rows:
        return []

    def line(n: str, what: str, cases: Rows, most: float, least: Callable[[Any], float],
             bar: str, stretch: str = "-") -> Line:  # fmt: skip
        hand = ratios(cases, "ours", "hand")
        jax = {f"{r['case'].split('/')[0]} {r['size']}": ratio(r, "jax", "ours") for r in cases}
        torch = ratios(cases, "torch", "ours")
        said = f"{span(hand)} of hand; JAX/ours " + ", ".join(number(x) for x in jax.values())
        if torch:
            said += f"; torch/ours at least {number(min(torch))}"
        good = (
            all(x is None or x >= least(r) for x, r in zip(jax.values(), cases, strict=True))
            and max(hand, default=9) <= most
        )
        return Line(n, what, bar, stretch, said, good)

    def by_size(table: dict[str, float], other: float) -> Callable[[Any], float]:
        return lambda r: next((x for k, x in table.items() if k in r["size"]), other)

    core = ratios(named(rows, "matfac"), "ours", "dense")
    dense = [r for r in rows if r["case"] == "matfac/hess"]
    five = named(rows, "softmaxreg", "lse", "jacnet")
    kinds = {"softmaxreg": 5.0, "lse": 0.9, "jacnet": 0.9}
    found = [
        line("H1", "x'Ax", named(rows, "quad"), 1.1, by_size({"n=200": 14}, 25),
             "1.1 of hand; JAX/ours 14 (n = 200), 25 (n = 1000); torch/ours 150"),
        line("H2", "logistic regression, ridge", named(rows, "logreg", "ridge"), 1.05,
             by_size({"m=200": 2.8}, 4), "1.05 of hand; JAX/ours 2.8 (n = 100), 4 (n = 500)", "4.5"),
        line("H3", "matrix factorisation, dense", dense, 1.1, lambda r: 120,
             "1.1 of hand; JAX/ours 120", "1000 at n = 300"),
        Line("H3", "the same as a k x k core, to dense", "5 %", "-",
             f"{100 * max(core, default=math.nan):.1f} %", max(core, default=1) <= 0.05),
        line("H4", "ReLU net of ten layers in its first weights", named(rows, "nn10"), 1.3,
             by_size({"w=10": 4.5, "w=20": 14}, 26),
             "1.3 of hand; JAX/ours 4.5, 14, 26 (w = 10, 20, 32)", "1.05"),
        line("H5", "softmax regression, log-sum-exp, Jacobian of a tanh net", five, 1.1,
             lambda r: kinds[r["case"].split("/")[0]], "1.1 of hand; JAX/ours 5, 0.9, 0.9"),
    ]  # fmt: skip
    pairs = [r for r in named(rows, "pairwise") if r["size"] == "N=400"]
    few, many = run.load("points400"), run.load("points")
    if pairs and few and many:
        faster = ratios(pairs, "jax", "ours")
        said = (
            f"JAX/ours {number(min(faster, default=math.nan))}, {1000 * few['gigabytes']:.0f} MB; "
            f"N = {many['points']}: {many['computed']:.1f} s, {many['gigabytes']:.2f} GB"
        )
        good = min(faster, default=0) >= 50 and few["gigabytes"] <= 0.2
        good = good and many["computed"] <= 8 and many["gigabytes"] <= 2
        found.append(
            Line("-", "sum of pairwise distances", "N = 400: JAX/ours 50, 200 MB; N = 2483: 8 s, 2 GB",
                 "-", said, good)
        )  # fmt: skip
    return found


def awareness(run: Run) -> list[Line]:
    found = []
    for n, name, what, most in (
        ("L1", "awareness", "expressions that know linear algebra", 1.3),
        ("L2", "structured", "gradients with declared structure, to hand", 1.1),
    ):
        values = ratios(run.rows(name), "ours", "hand")
        if not values:
            continue
        good = sum(x <= most for x in values)
        enough = (
            good >= 0.875 * len(values) and max(values) <= 3 if n == "L1" else max(values) <= most
        )
        bar = "28 of 32 within 1.3 of hand, none over 3" if n == "L1" else "1.1 each"
        said = f"{good} of {len(values)} within {most}; {span(values)}"
        found.append(Line(n, what, bar, "all" if n == "L1" else "-", said, enough))
    return found


# -- the page ----------------------------------------------------------------------------------------

HEAD = """# Performance

What the generated code costs, against NumPy written by hand, JAX, PyTorch and autograd, in one run of
`benchmarks/`. Each contender runs in a process of its own, on one thread of one pinned processor;
rounds are interleaved, ratios are taken within a round, and results are compared before any time
counts. Times are processor seconds, medians over rounds. A ratio below 1 means that the generated
code is the faster one.

Measured on: {machine}. The machine was in use by others, so absolute times are no more than a hint.

## Bars

| | what | bar | stretch | reached | |
|---|---|---|---|---|---|
"""

METHOD = """
## How to run it

    mkdir run
    python benchmarks/derive.py --json run/derive.json
    python benchmarks/value_grad.py --json run/value_grad.json
    python benchmarks/hessian.py --json run/hessian.json
    python benchmarks/awareness.py --json run/awareness.json
    python benchmarks/structured.py --json run/structured.json
    python benchmarks/hessian.py --points 400 --json run/points400.json
    python benchmarks/hessian.py --points 2483 --json run/points.json
    python benchmarks/report.py run docs/performance.md

Two traps. Two frameworks in one process starve one another: their threads spin, and a product that
runs at full speed alone becomes a hundred times slower. And fresh arrays above about one megabyte
cost page faults in every call: that is what `workspace=True` saves.
"""

NUMERICS = """
## Stable forms

Where the textbook formula overflows or cancels, the plan has another one, and the source says so in
the docstring of the helper or in a comment.

| the textbook writes | the code computes | because |
|---|---|---|
| log det A | from a factorisation, logarithms added up | the determinant of a 200 x 200 matrix overflows |
| softmax(Z) | the largest entry of a row taken off first | e^z overflows at 710 |
| log softmax(Z), log of a sum of e^z | z - max - log of the sum | the softmax underflows to 0, its log is -inf |
| log sigmoid(z), log(1 + e^z) | min(z, 0) - log1p(e^-abs(z)) and its mirror | the same |
| the logistic loss of labels | y z - softplus(z) | log(1 - p) cancels near p = 1 |
| log(e^x + e^y) | logaddexp | e^x overflows at 710 |
| log cosh x | abs(x) + log1p(e^-2 abs(x)) - log 2 | the same |
| log(y'e^x) | the largest x with a weight y taken off first | the same, or y'e^x underflows to 0 |
| log(e^x - 1), log(e^x - e^y) | x + log(1 - e^-x), by expm1 or log1p | e^x overflows, or the difference cancels |
| log(x o y), log(x / y), log x^2 | those of the factors where the product does not fit | it over- or underflows |
| log((1 + x)/(1 - x)), log(x + sqrt(x^2 + 1)) | artanh, arsinh | both cancel |
| sqrt(x + 1) - sqrt(x), 1 - sqrt(1 - x) | the difference of squares over the sum | both cancel |
| 1 - sigmoid(x), 1 - tanh(x) | a sigmoid of -x, of -2 x | both cancel for large x |
| log abs(det A), log(det A det B) | sums of logarithms, and the signs | the determinants overflow |
| e^z - 1, log(1 + z) | expm1, log1p | both cancel near 0 |
| the slope of sigmoid, tanh, softmax | from the saved output | no second exponential |
| inv(A) b | a solve, by Cholesky where A is definite | the inverse loses digits, and costs three times as much |
| norm(U V' - T)^2 | the residual first, then its square | the expanded square cancels near a fit |
| y'y - 2 y'Xw + w'X'Xw | (y - Xw)'(y - Xw) | the same |
| x 1' - 1 x' squared | the difference first | x^2 + y^2 - 2 x y cancels for near points |
| weights of rows in a Gram matrix | their square roots on one factor | the result is symmetric to the last digit |
"""


def table(name: str, rows: Rows, ours: str, against: list[str]) -> str:
    present = [a for a in against if any(a in r["seconds"] for r in rows)]
    out = [f"| case | size | {ours} (ms) | " + " | ".join(f"to {a}" for a in present) + " |"]
    out.append("|---" * (len(present) + 3) + "|")
    for r in rows:
        if ours not in r["seconds"]:
            continue
        cells = [number(ratio(r, ours, a)) if ratio(r, ours, a) else "-" for a in present]
        cells = [c if c != "0.00" else "under 0.01" for c in cells]
        time = 1000 * statistics.median(r["seconds"][ours])
        case = r["case"].replace("|", "\\|")
        out.append(f"| {case} | {r['size']} | {time:.3f} | " + " | ".join(cells) + " |")
    return f"\n## {name}\n\n" + "\n".join(out) + "\n"


def page(run: Run) -> str:
    lines = [*derivation(run), *value_and_gradient(run), *hessians(run), *awareness(run)]
    machine = run.load("value_grad").get("machine") or run.load("hessian").get("machine", "")
    text = HEAD.replace("{machine}", machine)
    for x in lines:
        verdict = "reached" if x.holds else "**not reached**"
        text += f"| {x.number} | {x.what} | {x.bar} | {x.stretch} | {x.reached} | {verdict} |\n"
    missed = dict.fromkeys(x.number for x in lines if not x.holds)
    if missed:
        text += "\nWhat is not reached, and why:\n\n"
        text += "".join(f"- {n}: {REASONS.get(n, 'see the table below')}.\n" for n in missed)
    frameworks = ["hand", "hand_plain", "plain", "jax", "torch", "autograd"]
    text += NUMERICS
    text += table("Value and gradient", run.rows("value_grad"), "workspace", frameworks)
    text += table("Hessians and Jacobians", run.rows("hessian"), "ours", ["hand", "jax", "torch"])
    text += table("Awareness", run.rows("awareness"), "ours", ["hand", "numpy", "jax", "torch"])
    text += table("Declared structure", run.rows("structured"), "ours", ["hand"])
    return text + METHOD


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(page(Run(Path(sys.argv[1]))), encoding="utf-8")
