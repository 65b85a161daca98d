"""Frameworks against one another: each in a process of its own, in rotation, ratios within a round.

A benchmark is a table of cases. A case names its sizes, makes its inputs from a seed, and says for
each contender how the function is made; what a contender returns is compared with the others'
before any time counts. Times are processor seconds of one pinned thread, medians over rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
os.environ.setdefault("JAX_ENABLE_X64", "1")

import numpy as np

Inputs = dict[str, Any]
Contender = Callable[[Inputs], Callable[[], Any]]


@dataclass(frozen=True)
class Case:
    """One problem at one size; a contender takes the inputs and gives a function of nothing."""

    name: str
    size: str
    inputs: Callable[[np.random.Generator], Inputs]
    contenders: Mapping[str, Contender]
    unchecked: tuple[str, ...] = ()  # contenders that compute something else, as a yardstick

    @property
    def label(self) -> str:
        return f"{self.name} {self.size}".strip()


def available(framework: str) -> bool:
    """Whether a framework can be imported here."""
    from importlib.util import find_spec

    package = {"jax": "jax", "torch": "torch", "autograd": "autograd"}.get(framework)
    return package is None or find_spec(package) is not None


# -- one worker --------------------------------------------------------------------------------------


def digest(result: Any) -> list[float]:
    """A few numbers that tell results apart: weighted sums of every array, in order."""
    found: list[float] = []
    todo = [result]
    while todo:
        part = todo.pop(0)
        if isinstance(part, Mapping):
            todo = [part[k] for k in sorted(part)] + todo
        elif isinstance(part, (list, tuple)):
            todo = list(part) + todo
        else:
            array = np.asarray(part, dtype=float).ravel()
            weights = np.cos(np.arange(array.size) % 101)
            found += [float(array @ weights), float(np.abs(array).sum())]
    return found


def seconds(f: Callable[[], Any], least: float) -> float:
    """Processor seconds of one call, over calls that take at least so long together."""
    begin = time.process_time()
    f()
    once = max(time.process_time() - begin, 1e-7)
    count = max(1, int(least / once))
    begin = time.process_time()
    for _ in range(count):
        f()
    return (time.process_time() - begin) / count


def work(cases: list[Case], framework: str) -> None:
    """Answer the driver: one line asks, one line answers."""
    if framework == "torch":
        import torch

        torch.set_num_threads(1)
    ready: dict[int, Callable[[], Any]] = {}
    for line in sys.stdin:
        index, least = json.loads(line)
        case = cases[index]
        answer: dict[str, Any]
        try:
            if index not in ready:
                ready.clear()
                inputs = case.inputs(np.random.default_rng(0))
                ready[index] = case.contenders[framework](inputs)
                checked = digest(ready[index]())
            answer = {"time": seconds(ready[index], least), "digest": checked}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), flush=True)


# -- the driver --------------------------------------------------------------------------------------


class Worker:
    """A contender in a process of its own, pinned to one processor."""

    def __init__(self, script: str, framework: str) -> None:
        command = [sys.executable, script, "--worker", framework]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self.process.pid, {0})

    def ask(self, index: int, least: float) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([index, least]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "the process ended"}  # type: ignore[no-any-return]

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def disagree(a: list[float], b: list[float]) -> bool:
    return len(a) != len(b) or any(
        abs(x - y) > 1e-6 * (1 + abs(y)) for x, y in zip(a, b, strict=True)
    )


def compare(script: str, cases: list[Case], rounds: int, least: float) -> list[dict[str, Any]]:
    """Every contender on every case; the first one that answers is what the others must agree with."""
    names = list(dict.fromkeys(n for c in cases for n in c.contenders if available(n)))
    workers = {n: Worker(script, n) for n in names}
    rows = []
    for index, case in enumerate(cases):
        runs: dict[str, list[float]] = {}
        failed: dict[str, str] = {}
        reference: list[float] | None = None
        for _ in range(rounds):
            for name in case.contenders:
                if name not in workers or name in failed:
                    continue
                answer = workers[name].ask(index, least)
                if "error" in answer:
                    failed[name] = answer["error"]
                    continue
                yardstick = name in case.unchecked
                reference = reference or (None if yardstick else answer["digest"])
                if not yardstick and disagree(answer["digest"], reference or []):
                    failed[name] = "another result"
                    continue
                runs.setdefault(name, []).append(answer["time"])
        rows.append({"case": case.name, "size": case.size, "seconds": runs, "failed": failed})
        print(line_of(rows[-1]), flush=True)
    for worker in workers.values():
        worker.end()
    return rows


def ratio(row: dict[str, Any], of: str, to: str) -> float | None:
    """The median over rounds of one time to another's, in the same round."""
    a, b = row["seconds"].get(of), row["seconds"].get(to)
    if not a or not b:
        return None
    return statistics.median(x / y for x, y in zip(a, b, strict=False))


def line_of(row: dict[str, Any]) -> str:
    times = ", ".join(f"{n} {1e6 * statistics.median(t):.0f} us" for n, t in row["seconds"].items())
    failed = "".join(f"; {n}: {why}" for n, why in row["failed"].items())
    return f"{row['case']} {row['size']}: {times}{failed}"


def geometric(values: list[float]) -> float:
    return float(np.exp(np.mean(np.log(values)))) if values else float("nan")


def table(rows: list[dict[str, Any]], ours: str, against: list[str]) -> str:
    """A Markdown table: our time, and each other's ratio to it or ours to theirs."""
    out = [f"| case | size | {ours} | " + " | ".join(f"{ours} / {a}" for a in against) + " |"]
    out.append("|---" * (len(against) + 3) + "|")
    columns: dict[str, list[float]] = {a: [] for a in against}
    for row in rows:
        own = row["seconds"].get(ours)
        cells = [row["case"], row["size"], f"{1e6 * statistics.median(own):.0f} us" if own else "-"]
        for a in against:
            r = ratio(row, ours, a)
            if r is not None:
                columns[a].append(r)
            cells.append("-" if r is None else f"{r:.2f}")
        out.append(f"| {' | '.join(cells)} |")
    means = [f"{geometric(v):.2f} ({len(v)})" if v else "-" for v in columns.values()]
    out.append(f"| geometric mean | | | {' | '.join(means)} |")
    return "\n".join(out)


def machine() -> str:
    """Cores, memory and versions; no names."""
    from importlib.metadata import PackageNotFoundError, version

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GB, "
    found = []
    for package in ("numpy", "scipy", "sympy", "jax", "torch", "autograd"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return (
        f"{platform.machine()}, {os.cpu_count()} processors, {memory}"
        f"Python {platform.python_version()}, {', '.join(found)}, load {load:.1f}"
    )


def main(script: str, cases: list[Case], ours: str, against: list[str]) -> None:
    """The command line of a benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--least", type=float, default=0.1, help="processor seconds for one time")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if arguments.worker:
        work(cases, arguments.worker)
        return
    chosen = [c for c in cases if arguments.only in c.label]
    if arguments.only:
        for c in cases:
            if c not in chosen:
                object.__setattr__(c, "contenders", {})
    print(machine())
    rows = [r for r in compare(script, cases, arguments.rounds, arguments.least) if r["seconds"]]
    print(table(rows, ours, against))
    if arguments.json:
        Path(arguments.json).write_text(
            json.dumps({"machine": machine(), "rows": rows}, indent=1), encoding="utf-8"
        )
