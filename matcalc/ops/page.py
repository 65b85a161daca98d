"""docs/operations.md: every operation with its meaning, its differential and its NumPy code.

``python -m matcalc.ops.page`` prints the page; a test holds the file to it.
"""

from __future__ import annotations

import re
import sys
from itertools import groupby
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.expr import Node, make
from matcalc.ops.base import OPS, Op, Params
from matcalc.ops.samples import lettered

HEAD = """# Operations

Generated from the operations themselves by `python -m matcalc.ops.page`.

A, B, C are matrices, x, y, z columns, a, b scalars; n, m, k sizes. In the text language positions
count from 1; `d` is a change, F the value itself. In an entrywise row x, u, v are the operands of
one entry and y is its value; scalar operands stand for themselves in every entry, and a slope holds
almost everywhere: relu'(0) = step(0) = sign(0) = 0, and a tie of max or min goes to the first.
"""


class _Plain:
    """Operands as letters, in brackets where an operation asks for them."""

    def __call__(self, node: Node, level: int = 0) -> str:
        said, binds = node.op.text(node, self)
        return said if binds >= level else f"({said})"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def shown(op: Op) -> tuple[str, str]:
    """An operation in the text language and in NumPy, on letters."""
    operands = lettered(op)
    params: Params = op.sample_params(operands)[0]
    node = op.build((), params) if op.constant else make(op, operands, params)
    said = _Plain()(node)
    if op.code_shown:
        return said, op.code_shown
    wanted = [
        shapes.show_dim(p) if isinstance(p, sp.Expr) else str(p) for p in op.code_params(node)
    ]
    return said, op.code([a.params[0] for a in operands], wanted)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def _meaning(op: Op) -> str:
    """The first sentence of the docstring."""
    first = (op.__doc__ or "").strip().split("\n\n")[0]
    return re.sub(r"\s+", " ", first)


def _row(op: Op) -> str:
    said, code = shown(op)
    law = f"${op.law}$" if op.law else "constant"
    return f"| `{said}` | {_cell(_meaning(op))} | {_cell(law)} | `{_cell(code)}` |"


def operations_page() -> str:
    """The page as Markdown.

    >>> "d(A^\\\\top) = (dA)^\\\\top" in operations_page()
    True
    """
    parts = [HEAD]
    ops = sorted(OPS.values(), key=lambda op: type(op).__module__)
    for module, members in groupby(ops, key=lambda op: type(op).__module__):
        title = module.rpartition(".")[2]
        about = (sys.modules[module].__doc__ or "").strip().split("\n\n")[0]
        parts.append(f"## {title.capitalize()}\n\n{about}\n")
        parts.append("| text | meaning | differential | NumPy |\n| --- | --- | --- | --- |")
        parts.append("\n".join(map(_row, members)) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(operations_page(), end="")
