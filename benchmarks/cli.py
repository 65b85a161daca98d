"""How long a command takes in a new process: the best and the median of several runs.

    python benchmarks/cli.py

The aims: `matcalc --help` under 150 ms, the two-layer network derived in under 1.5 s.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "matcalc --help": ["--help"],
    "matcalc ops softmax": ["ops", "softmax"],
    "matcalc derive (one formula)": ["derive", "sum((X*w - y).^2)/2", "--wrt", "w"],
    "matcalc derive two_layer": ["derive", "two_layer"],
    "matcalc derive two_layer --format latex": ["derive", "two_layer", "--format", "latex"],
    "matcalc check two_layer": ["check", "two_layer"],
}


def seconds(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "matcalc", *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main(runs: int = 5) -> None:
    print(f"{'command':42} {'best':>8} {'median':>8}")
    for name, arguments in COMMANDS.items():
        taken = [seconds(arguments) for _ in range(runs)]
        print(f"{name:42} {min(taken):7.3f}s {statistics.median(taken):7.3f}s")


if __name__ == "__main__":
    main()
