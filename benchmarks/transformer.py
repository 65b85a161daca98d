"""A stack of transformer blocks: how long it takes to derive, to print, and how long the page is.

    python benchmarks/transformer.py [--blocks 12] [--width 768] [--heads 12] [--json out.json]

The stack is written block by block, so that every block has steps and parameters of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def stack(blocks: int, width: int, heads: int) -> Any:
    """Pre-norm blocks with causal attention and a feed-forward layer of four times the width."""
    import matcalc as mc

    net = mc.Network("transformer")
    X = net.input("X", "T", width)
    for i in range(1, blocks + 1):
        X = mc.blocks.transformer(net, X, heads, 4 * width, causal=True, bias=True, name=str(i))
    net.output(X)
    return net


def timed(fn: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    found = fn()
    return found, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for word, usual in (("blocks", 12), ("width", 768), ("heads", 12)):
        parser.add_argument(f"--{word}", type=int, default=usual)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()

    import matcalc as mc

    net, written = timed(lambda: stack(given.blocks, given.width, given.heads))
    D, derived = timed(lambda: mc.derive(net))
    page, printed = timed(D.to_markdown)
    row = {
        "blocks": given.blocks, "width": given.width, "heads": given.heads,
        "parameters": len(net.params), "steps": len(net.steps),
        "write": round(written, 2), "derive": round(derived, 2), "print": round(printed, 2),
        "characters": len(page),
    }  # fmt: skip
    for key, value in row.items():
        print(f"{key:>10}  {value}")
    if given.json:
        given.json.write_text(json.dumps(row))


if __name__ == "__main__":
    main()
