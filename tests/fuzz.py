"""Random compositions of all operations, and what the engine makes of them.

``python -m tests.fuzz --examples 20000`` runs as many as asked and prints the distribution: how
often each operation occurs among the operation nodes, how deep the examples are, what raised and
why. An example is wrong if a gradient, Jacobian or Hessian disagrees with the oracle.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import matcalc as mc
from matcalc.errors import MatcalcError
from matcalc.expr import Node, is_symbol, postorder
from matcalc.numeric.oracle import CheckReport, check_gradient, check_hessian, check_jacobian
from matcalc.ops import OPS
from tests.generator import LEAVES, Generator, depth_of, m, n


@dataclass
class Tally:
    """What a run found."""

    examples: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    unstable: list[str] = field(default_factory=list)  # wrong at one of four points only
    nodes: Counter[str] = field(default_factory=Counter)
    depths: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")

    @property
    def rate_raised(self) -> float:
        return sum(self.raised.values()) / max(1, self.examples)


def example(generator: Generator) -> tuple[str, Node, Node, Node | None] | None:
    """(kind, f, wrt, wrt2): a gradient, now and then a Jacobian or a Hessian."""
    rng = generator.rng
    roll = rng.random()
    kind = "gradient" if roll < 0.65 else "jacobian" if roll < 0.85 else "hessian"
    depth = rng.choice((4, 4, 5, 5, 6, 6)) if kind == "gradient" else rng.choice((1, 2, 3))
    if kind == "jacobian":
        shape = rng.choice(((n, 1), (n, m), (n, n), (1, m)))
        f = generator.draw(shape, depth)
    else:
        f = generator.draw((), depth)
        if not any(is_symbol(s) for s in postorder(f)):
            return None
    candidates = [s for s in postorder(f) if is_symbol(s) and s.params[0] not in ("n", "m", "k")]
    if kind == "hessian":
        candidates = [s for s in candidates if not s.shape or s.shape[1] == 1] or candidates
    if not candidates or f.op.name in LEAVES:
        return None
    return (
        kind,
        f,
        rng.choice(candidates),
        rng.choice(candidates) if kind == "hessian" and rng.random() < 0.3 else None,
    )


def judge(kind: str, f: Node, wrt: Node, wrt2: Node | None, seed: int, tally: Tally) -> None:
    """One example: derived, checked, counted."""
    name = f"{kind} by {wrt}{f' and {wrt2}' if wrt2 is not None else ''} of {f}"
    begin = time.perf_counter()
    try:
        if kind == "gradient":
            result = mc.gradient(f, wrt)
        elif kind == "jacobian":
            result = mc.jacobian(f, wrt, layout="numerator")
        else:
            result = mc.hessian(f, wrt, wrt2)
        took = time.perf_counter() - begin
        if took > tally.slowest[0]:
            tally.slowest = took, name
        report = doubted(kind, f, wrt, wrt2, result, seed)
        # A slope that rounding has eaten (1 - tanh(15)^2) looks wrong at one point and right at
        # others; a wrong formula is wrong at all of them.
        elsewhere = (
            [] if report else [doubted(kind, f, wrt, wrt2, result, seed + k) for k in (1, 2, 3)]
        )
    except MatcalcError as error:
        tally.raised[f"{type(error).__name__}: {str(error)[:100]}"] += 1
        return
    except Exception as error:  # anything else is a bug, whatever it is
        tally.wrong.append(f"{type(error).__name__} {error} | {name}")
        return
    if report:
        return
    said = f"{report} | {name} | {result}"[:3000]
    if "decid" in str(report) or "no point" in str(report):
        tally.undecided.append(said)
    elif any(elsewhere):
        tally.unstable.append(said)
    else:
        tally.wrong.append(said)


def doubted(
    kind: str, f: Node, wrt: Node, wrt2: Node | None, result: Node, seed: int
) -> CheckReport:
    """One result against the oracle at one random point."""
    if kind == "gradient":
        return check_gradient(f, wrt, result, seed=seed, trials=1)
    if kind == "jacobian":
        return check_jacobian(f, wrt, result, seed=seed, trials=1)
    return check_hessian(f, wrt, wrt if wrt2 is None else wrt2, result, seed=seed, trials=1)


def run(examples: int, seed: int, progress: bool = False) -> Tally:
    """So many examples, counted."""
    generator = Generator(random.Random(seed))
    tally = Tally()
    while tally.examples < examples:
        try:
            drawn = example(generator)
        except MatcalcError as error:
            raise AssertionError(f"the generator made a misfit: {error}") from error
        if drawn is None:
            continue
        kind, f, wrt, wrt2 = drawn
        tally.examples += 1
        tally.kinds[kind] += 1
        if kind == "gradient":
            tally.depths[depth_of(f)] += 1
        tally.nodes.update(node.op.name for node in postorder(f))
        judge(kind, f, wrt, wrt2, seed + tally.examples, tally)
        if progress and tally.examples % 200 == 0:
            print(
                f"{tally.examples}: {len(tally.wrong)} wrong, {len(tally.undecided)} undecided, "
                f"{sum(tally.raised.values())} raised",
                flush=True,
            )
    return tally


def report(tally: Tally) -> str:
    """The distribution and the result, as text."""
    inner = {name: c for name, c in tally.nodes.items() if name not in LEAVES}
    total = sum(inner.values())
    rows = [f"{tally.examples} examples: {dict(tally.kinds)}"]
    shares = sorted(((c / total, name) for name, c in inner.items()))
    rows.append(
        "share of operation nodes, rarest first: "
        + ", ".join(f"{name} {100 * s:.1f}%" for s, name in shares)
    )
    missing = sorted(set(OPS) - set(tally.nodes))
    rows.append(f"operations never met: {missing or 'none'}")
    deep = sum(c for d, c in tally.depths.items() if d >= 4)
    rows.append(
        f"gradient examples at least 4 deep: {100 * deep / max(1, sum(tally.depths.values())):.0f}%"
    )
    rows.append(f"slowest derivation {tally.slowest[0]:.2f} s: {tally.slowest[1][:200]}")
    rows.append(
        f"wrong {len(tally.wrong)}, unstable {len(tally.unstable)}, "
        f"undecided {len(tally.undecided)}, raised {sum(tally.raised.values())} "
        f"({100 * tally.rate_raised:.2f}%)"
    )
    rows += [f"  raised {c}: {what}" for what, c in tally.raised.most_common(12)]
    rows += [f"  unstable: {what[:600]}" for what in tally.unstable[:8]]
    rows += [f"  undecided: {what[:600]}" for what in tally.undecided[:8]]
    rows += [f"  WRONG: {what[:1200]}" for what in tally.wrong[:12]]
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    begin = time.perf_counter()
    tally = run(arguments.examples, arguments.seed, progress=True)
    print(report(tally))
    print(f"seed {arguments.seed}, {time.perf_counter() - begin:.0f} s")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
