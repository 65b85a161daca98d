"""Numbers for rewrite tests: two expressions at one random point that respects the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from matcalc.expr import Node, is_symbol, postorder, symbol_name
from matcalc.network import expanded
from matcalc.numeric.evaluate import Program, evaluate_nodes
from matcalc.numeric.sampling import Sampler, fitting_sizes
from matcalc.rewrite.law import facts_of

ATTEMPTS = 40  # a tall matrix must come out tall


def assert_same_value(
    a: Node, b: Node, seed: int = 0, facts: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Both have one shape and, at a random point, one value."""
    roots = [expanded(a), expanded(b)]
    known = {symbol_name(s): set(facts_of(s)) for s in postorder(roots) if is_symbol(s)}
    for name, more in (facts or {}).items():
        known.setdefault(name, set()).update(more)
    program = Program(roots)
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng(seed + attempt)
        sizes = fitting_sizes([program], rng, False)
        inputs = [s for s in program.inputs() if s.shape or symbol_name(s) not in sizes]
        try:
            point = Sampler(program, inputs, rng, known).point(sizes, {})
        except Exception as error:
            if attempt + 1 == ATTEMPTS or "found no point" not in str(error):
                raise
            continue
        values = evaluate_nodes(roots, point.values, sizes)
        first, second = (np.asarray(values[r]) for r in roots)
        assert first.shape == second.shape, f"{a} is not {b}"
        assert np.allclose(first, second, rtol=1e-7, atol=1e-9), f"{a} is not {b}"
        return
