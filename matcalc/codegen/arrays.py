"""Arrays as text: products with structure, blocks, parts, stacks, triangles and fills."""

from __future__ import annotations

from typing import Any

import sympy as sp

from matcalc.codegen.solving import ATOM, PRODUCT, Solving, Text
from matcalc.codegen.terms import Term, is_full

# Operations whose value is an array that nobody else holds.
FRESH = frozenset(["add", "mul", "mm", "pow", "kron_matrix", "full", "eye_matrix"])


class Arrays(Solving):
    """The words of arrays that are put together or taken apart."""

    blocks: bool

    def call(self, function: str, *arguments: str) -> Text:
        raise NotImplementedError

    def shape(self, shape: Any) -> str:
        raise NotImplementedError

    def _full(self, t: Term) -> Text:
        return self.full(self.shape(t.shape), t.args[0]), ATOM

    def full(self, shape: str, t: Term) -> str:
        return f"{self.module}.full({shape}, {self.as_float(t)}{self.kind})"

    def as_float(self, t: Term) -> str:
        text = self(t)
        if t.op == "number":
            return f"{text}.0" if text.lstrip("-").isdigit() else text
        return f"float({text})" if t.op == "dim" else text

    def _eye_matrix(self, t: Term) -> Text:
        return self.eye(self.integer(t.params[0])), ATOM

    def _diag_matrix(self, t: Term) -> Text:
        v = t.args[0]
        if not v.shape:
            return f"{self(v, PRODUCT)} * {self.eye(self.integer(t.shape[0]))}", PRODUCT
        return self.call("diag", f"{self(v, ATOM)}[:, 0]")

    def _kron_matrix(self, t: Term) -> Text:
        return self.call("kron", *map(self, t.args))

    def _plus_diagonal(self, t: Term) -> Text:
        a = t.args[0]
        fresh = a not in self.names and a.op in FRESH
        return self.helper("onto_diagonal" if fresh else "plus_diagonal", *map(self, t.args))

    def _commutation(self, t: Term) -> Text:
        n, m = map(self.integer, t.params)
        self.need("commute")
        return f"commute({self.eye(f'({n}) * ({m})')}, {n}, {m})", ATOM

    def _diagonal_pick(self, t: Term) -> Text:
        n = self.integer(t.params[0])
        return f"{self.eye(f'({n}) ** 2')}[:: ({n}) + 1]", ATOM

    def _kron_block(self, t: Term) -> Text:
        return self.helper("kron_block", *map(self, t.args), *map(self.integer, t.params))

    def _kron_apply(self, t: Term) -> Text:
        return self.helper("kron_apply", *map(self, t.args))

    def _with_size(self, t: Term) -> Text:
        return self.helper(t.op, *map(self, t.args), self.integer(t.params[0]))

    _apply_to_blocks = _apply_across = _repeat_on_diagonal = _kron_identity = _with_size

    _by_sample = _sample_products = _with_size

    def _sum_of_samples(self, t: Term) -> Text:
        p, as_rows, symmetric = t.params
        flags = [self.integer(p), str(as_rows), str(symmetric)]
        return self.helper("sum_of_samples", *map(self, t.args), *flags)

    def _blocks_of_samples(self, t: Term) -> Text:
        return self.helper("blocks_of_samples", *map(self, t.args), str(t.params[0]))

    def _indexed(self, t: Term) -> Text:
        sizes, parts = t.params
        sums = []
        for spec, result, places in parts:
            *entries, (scale, _) = places
            arrays = [self._read(t.args[k], split) for k, split in entries]
            scalar = self.as_float(t.args[scale])
            sums.append(f'("{spec}->{result}", {", ".join([scalar, *arrays])})')
        rows = self.integer(t.shape[0]) if t.shape else "1"
        return self.helper("indexed", self.shape(sizes), rows, *sums)

    def _read(self, t: Term, split: Any) -> str:
        """A matrix whose rows are read by several indices, or a column by one."""
        if len(split) == 2 and is_full(t):
            return self(t)
        sizes = ", ".join(map(self.integer, split))
        return f"{self(t, ATOM)}.reshape({sizes})"

    def _commute(self, t: Term) -> Text:
        return self.helper("commute", self(t.args[0]), *map(self.integer, t.params))

    def _pick(self, t: Term) -> Text:
        return f"{self(t.args[0], ATOM)}[:: {self.integer(t.params[0])} + 1]", ATOM

    def _unpick(self, t: Term) -> Text:
        return self.helper("unpick", self(t.args[0]), self.integer(t.params[0]))

    def _kron_contract(self, t: Term) -> Text:
        slot, rows, cols = t.params
        g, b = map(self, t.args)
        return self.helper("kron_contract", g, b, str(slot), self.integer(rows), self.integer(cols))

    def _vec(self, t: Term) -> Text:
        return f"{self(t.args[0], ATOM)}.T.reshape(-1, 1)", ATOM

    def _unvec(self, t: Term) -> Text:
        rows, cols = map(self.integer, t.params)
        return f"{self(t.args[0], ATOM)}.reshape({cols}, {rows}).T", ATOM

    def _stack(self, t: Term) -> Text:
        inner = "hstack" if t.op == "vstack" else "vstack"
        if self.blocks and all(a.op == inner and a not in self.names for a in t.args):
            rows = [list(map(self.block, a.args)) for a in t.args]
            if inner == "vstack":
                same = len({len(r) for r in rows}) == 1
                rows = [list(r) for r in zip(*rows, strict=True)] if same else []
            if rows:
                lines = ", ".join(f"[{', '.join(r)}]" for r in rows)
                return self.call("block", f"[{lines}]")
        parts = [self.block(a) for a in t.args]
        return f"{self.module}.{t.op}([{', '.join(parts)}])", ATOM

    _vstack = _hstack = _stack

    def block(self, t: Term) -> str:
        return self(t) if t.shape else self.full("(1, 1)", t)

    def _box(self, t: Term) -> Text:
        return self.full("(1, 1)", t.args[0]), ATOM

    def _item(self, t: Term) -> Text:
        return f"{self(t.args[0], ATOM)}[0, 0]", ATOM

    def _slice(self, t: Term) -> Text:
        top, left, height, width = t.params
        a = self(t.args[0], ATOM)
        if not t.shape:
            return f"{a}[{self.integer(top)}, {self.integer(left)}]", ATOM
        rows, cols = t.args[0].shape
        return f"{a}[{self._span(top, height, rows)}, {self._span(left, width, cols)}]", ATOM

    def _span(self, start: Any, count: Any, of: Any) -> str:
        end = sp.expand(start + count)
        first = "" if start == 0 else self.integer(start)
        last = "" if end == of else self.integer(end)
        simple = all(c.isalnum() or c == "_" for c in first + last)
        return f"{first}:{last}" if simple else f"{first} : {last}".strip()

    def _place(self, t: Term) -> Text:
        return self.helper("placed", self.block(t.args[0]), *map(self.integer, t.params))

    def _triangle(self, t: Term) -> Text:
        return self.call(t.op, self(t.args[0]))

    _tril = _triu = _triangle

    def _mpow(self, t: Term) -> Text:
        power = self.integer(t.params[0])
        return f"{self.module}.linalg.matrix_power({self(t.args[0])}, {power})", ATOM
