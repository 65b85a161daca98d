"""A derivation as plain data, for other programs."""

from __future__ import annotations

from typing import Any

from matcalc.api.derivation import Derivation
from matcalc.render.writer import text
from matcalc.shapes import show


def as_data(derivation: Derivation, lines: list[str] | None = None) -> dict[str, Any]:
    """Names, shapes and formulas: of all lines, or of some."""
    problem = derivation.record.problem
    chosen = derivation.lines if lines is None else [derivation.line(name) for name in lines]
    return {
        "output": str(problem.output),
        "layout": derivation.layout.value,
        "remarks": list(derivation.remarks),
        "inputs": {str(s): show(s.shape) for s in problem.inputs},
        "params": {str(s): show(s.shape) for s in problem.params},
        "upstream": str(derivation.upstream) if derivation.upstream is not None else None,
        "lines": [
            {
                "name": line.name,
                "kind": line.kind,
                "shape": show(line.shape),
                "text": text(line.value),
                "latex": line.latex,
            }
            for line in chosen
        ],
        "gradients": {name: text(value) for name, value in derivation.gradients.items()},
    }
