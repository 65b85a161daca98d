"""NumPy that allocates nothing: every array stands in a buffer of a workspace made once.

Each statement is one operation into a buffer. A buffer is free again after the last use of what
stands in it, and an operand read for the last time lends its own. Results stand in buffers too: the
next call with the same workspace writes them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.codegen import tiles as tiles_module
from matcalc.codegen.helpers import SIMPLE
from matcalc.codegen.plan import Plan, Statement
from matcalc.codegen.solving import ATOM
from matcalc.codegen.source import Source, indented, wrapped
from matcalc.codegen.terms import Term
from matcalc.codegen.tiles import Tiles, tiles_of

STEP = sp.Symbol("step")  # rows of a tile
ALIASING = frozenset(
    {"add", "mul", "pow", "sigmoid", "relu", "step", "softmax", "plus_diagonal", *SIMPLE}
)
WRITTEN = ALIASING | {"mm", "rowsum", "colsum", "softplus", "full"}
# A call: the function, its operands, and another target than the result.
Step = tuple[str, tuple[str, ...], str]
# Other operations that never return a view of an operand.
FRESH = frozenset({"solve", "inverse", "eye_matrix", "full", "vstack", "hstack"})


class WorkspaceSource(Source):
    """Writes a plan that was made with one operation a statement."""

    lets_go = False

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.buffers: dict[str, Any] = {}  # name -> shape
        self.free: dict[Any, list[str]] = {}
        self.place: dict[Term, str] = {}
        self.named = {s.term for s in plan.statements}
        self.kept = {b for _, t in (*plan.value, *plan.gradients) for b in self.reads(t, True)}
        self.last = self._last_uses()
        self._extend_through_views()
        self.tiles = tiles_of(plan)
        self.at: tuple[str, str] | None = None  # the first row of a tile, and the row after it

    # -- liveness ------------------------------------------------------------------------------

    def reads(self, t: Term, itself: bool = False) -> list[Term]:
        """The named values that a term reads."""
        if itself and t in self.named:
            return [t]
        found: dict[Term, None] = {}
        todo = list(t.args)
        while todo:
            a = todo.pop()
            if a in self.named:
                found[a] = None
            else:
                todo.extend(a.args)
        return list(found)

    def _last_uses(self) -> dict[Term, int]:
        last: dict[Term, int] = {}
        for k, s in enumerate(self.plan.statements):
            inside = [s, *s.body]
            for x in inside:
                for a in self.reads(x.term):
                    last[a] = k
        return last

    def _extend_through_views(self) -> None:
        """What may be a view of its operands keeps them as long as it is read itself."""
        for k, s in reversed(list(enumerate(self.plan.statements))):
            t = s.term
            if s.body or self._writes(t) or t.op in FRESH or (not t.shape and t.op != "factor"):
                continue
            for a in self.reads(t):
                self.last[a] = max(self.last[a], self.last.get(t, k))
                if t in self.kept:
                    self.kept.add(a)

    def _writes(self, t: Term) -> bool:
        """Whether a statement writes into a buffer of its own."""
        return t.op in WRITTEN and bool(t.shape) and self._fits(t)

    # -- the module ----------------------------------------------------------------------------

    def functions(self) -> list[str]:
        body = self.statements(self.plan.statements)
        values = self.results((*self.plan.value, *self.plan.gradients))
        if self.plan.gradients:
            ending = [f"return {values[0]}, {self.gradients_text(values[1:])}"]
            name, doc = "value_and_gradients", "The value, and its gradients by name."
        else:
            inside = values[0] if self.plan.single else f"({', '.join(values)},)"
            ending, name, doc = wrapped(f"return {inside}"), "compute", "The value, in buffers."
        listed = ", ".join(self.buffers)
        unpack = wrapped(f"{listed}{',' if len(self.buffers) == 1 else ''} = workspace")
        unpack = unpack if self.buffers else []
        if unpack and len(unpack) > 1:
            unpack = ["(", *indented(_rows(list(self.buffers))), ") = workspace"]
        main = self.function(
            name,
            self.plan.arguments,
            [*unpack, *body],
            ending,
            doc,
            extra_parameters=["workspace"],
            checked=False,  # the buffers were made for these sizes
        )
        return [self.make_workspace(), main]

    def make_workspace(self) -> str:
        """The function that allocates the buffers for the sizes of given arguments."""
        lines = [
            f"{self._buffer_text(shape)},  # {shapes.show(shape)}"
            for shape in self.buffers.values()
        ]
        arrays = [a.word for a in self.plan.arguments if a.shape]
        kind = f"dtype = np.result_type({', '.join(arrays)})" if arrays else "dtype = float"
        body = [*wrapped(kind)] if lines else []
        if self.tiles is not None:
            body.append(f"step = max(1, min({self.w.integer(self.tiles.size)}, "
                        f"{tiles_module.ENTRIES} // max({self.w.integer(self.tiles.width)}, 1)))")  # fmt: skip
        ending = ["return (", *indented(lines), ")"] if lines else ["return ()"]
        return self.function(
            "make_workspace",
            self.plan.arguments,
            body,
            ending,
            "Buffers for arguments of these sizes.",
            plain=True,
        )

    def _buffer_text(self, shape: Any) -> str:
        return f"np.empty({self.w.shape(shape)}, dtype)"

    # -- statements ----------------------------------------------------------------------------

    def statements(self, statements: Iterable[Statement]) -> list[str]:
        out: list[str] = []
        section: bool | None = None
        both = len({s.backward for s in self.plan.statements}) == 2
        for k, s in enumerate(statements):
            if self.tiles is not None and self.tiles.first <= k <= self.tiles.last:
                if k == self.tiles.first:
                    out += self._in_tiles(self.tiles)
                    section = None
                continue
            if both and s.backward is not section:
                section = s.backward
                out += ["", f"# {'Backward' if section else 'Forward'}"]
            if s.body or not self._writes(s.term):
                out += self.statement(s)
            else:
                out += self._written(s, k)
            for a in {a for x in (s, *s.body) for a in self.reads(x.term)}:
                if self.last.get(a) == k and a in self.place and a not in self.kept:
                    self.free.setdefault(a.shape, []).append(self.place.pop(a))
        return out

    def _in_tiles(self, tiles: Tiles) -> list[str]:
        """A loop over tiles of rows; see tiles.py."""
        words, done = self.plan.words, self.plan.statements[tiles.first : tiles.last + 1]
        self.at = i, j = words.fresh("i"), words.fresh("j")
        for s in done:  # what comes from before stays until the last tile is done
            late = {a for a in self.reads(s.term) if a not in tiles.local}
            self.last |= dict.fromkeys(late, len(self.plan.statements))
        before: list[str] = []
        after: list[str] = []
        inside: list[str] = []
        held = {t: self.w.names.get(t) for t in tiles.cut}
        names: dict[Term, str] = self.w.names
        for t in tiles.cut:
            rows_of = words.fresh(f"{self.w(t)}_rows")
            inside.append(f"{rows_of} = {self.w(t)}[{i}:{j}]")
            names[t] = rows_of
        for k, s in enumerate(done, tiles.first):
            t, name = s.term, s.name
            if t in tiles.summed:
                start = f"{self._lend(t.shape)}" if t.shape else "0.0"
                before.append(f"{name} = {start}")
                if t.shape:
                    before.append(f"{name}[...] = 0")
                text = self.w.definition(t)
                inside.append(f"{name} += {text}" if t.shape else f"{name} = {name} + {text}")
                continue
            inside += self._written(s, k)
            if t not in tiles.local:
                after.append(f"{name} = {self.place[t]}")
        for t, name_before in held.items():
            if name_before is None:
                del names[t]
            else:
                names[t] = name_before
        self.at = None
        step = next(name for name, shape in self.buffers.items() if shape[0] == STEP)
        n = self.w.integer(tiles.size)
        return [
            "",
            "# Forward and backward, a few rows at a time: what is on the way stays in the cache",
            *before,
            f"for {i} in range(0, {n}, {step}.shape[0]):",
            *indented([f"{j} = min({i} + {step}.shape[0], {n})", *inside]),
            *after,
        ]

    def _fits(self, t: Term) -> bool:
        if t.op == "softmax":
            return len(t.args) == 1
        if t.op == "full":
            return t in self.kept
        return t.op != "pow" or t.args[1].op == "number"

    def _lend(self, shape: Any) -> str:
        free = self.free.get(shape) if self.at is None else None
        if free:
            return free.pop()
        name = self.plan.words.fresh("w")
        self.buffers[name] = shape
        return name

    def _target(self, t: Term, k: int, operands: Sequence[Term], later: Sequence[Term] = ()) -> str:
        """A buffer for a result: that of a dying operand, if nothing reads it later on."""
        if self.at is not None and self.tiles is not None:
            own = self.tiles.local
            operands = [a for a in operands if a in own] if t in own else []
        busy = {a for x in later for a in self.reads(x, True)}
        if t.op in ALIASING:
            for a in operands:
                dying = self.last.get(a) == k and a not in self.kept and a not in busy
                if dying and a in self.place and shapes.same_shape(a.shape, t.shape):
                    return self.place.pop(a)
        return self._lend(t.shape)

    def _written(self, s: Statement, k: int) -> list[str]:
        """One statement as calls that write into a buffer; the first gives it its name."""
        t, name = s.term, s.name
        steps = self._steps(t, k)
        out = self.place[t]
        if self.at is not None and self.tiles is not None:
            i, j = self.at
            if t in self.tiles.local:
                self.buffers[out] = (STEP, *t.shape[1:])
                out = f"{out}[: {j} - {i}]"
            else:
                out = f"{out}[{i}:{j}]"
        lines = []
        for function, operands, target in steps:
            if not function:
                lines += self.assigned(name, operands[0] if operands else out, t)
                continue
            named = any(line.startswith(f"{name} = ") for line in lines)
            into = target or (name if named else out)
            call = f"{self.w.module}.{function}({', '.join((*operands, f'out={into}'))})"
            call = call.replace("\0", name)
            lines += [call] if target or named else self.assigned(name, call, t)
        return lines

    def _steps(self, t: Term, k: int) -> list[Step]:
        """Function, operands, and another target than the result; NUL stands for the result."""
        method = getattr(self, f"_steps_{t.op}", None)
        if method is not None:
            return method(t, k)
        operands = tuple(self.w(a) for a in t.args)
        self.place[t] = self._target(t, k, t.args)
        return [(SIMPLE[t.op], operands, "")]

    def _steps_mm(self, t: Term, k: int) -> list[Step]:
        self.place[t] = self._lend(t.shape)
        return [("matmul", tuple(self.w(a) for a in t.args), "")]

    def _steps_add(self, t: Term, k: int) -> list[Step]:
        signs = [(self.w.leads_minus(a), a) for a in t.args]
        ordered = sorted(signs, key=lambda x: (x[0], not shapes.same_shape(x[1].shape, t.shape)))
        (_, first), (minus, second), *rest = ordered
        self.place[t] = self._target(t, k, [first, second], [a for _, a in rest])
        texts = [self.w(first)]
        steps: list[Step] = [
            ("subtract" if minus else "add", (texts[0], self._unsigned(minus, second)), "")
        ]
        for minus, a in rest:
            steps.append(("subtract" if minus else "add", ("\0", self._unsigned(minus, a)), ""))
        return steps

    def _unsigned(self, minus: bool, t: Term) -> str:
        return self.w.without_minus(t) if minus else self.w(t)

    def _steps_mul(self, t: Term, k: int) -> list[Step]:
        scalars = [a for a in t.args if not a.shape]
        arrays = [a for a in t.args if a.shape]
        arrays.sort(key=lambda a: (not shapes.same_shape(a.shape, t.shape), self._below(a)))
        ordered: list[tuple[str, str, Term]] = [
            (
                "divide" if self._below(a) else "multiply",
                self.w(a.args[0] if self._below(a) else a),
                a,
            )
            for a in arrays
        ]
        factor = self._factor(scalars)
        if ordered[0][0] == "divide":  # nothing stands above the line
            ordered.insert(0, ("multiply", factor or "1", t.args[0]))
            factor = ""
        if factor and len(ordered) == 1:
            ordered.append(("multiply", factor, scalars[0]))
            factor = ""
        steps: list[Step] = []
        thin = [x for x in ordered[:2] if x[0] == "multiply" and self._is_thin(x[2], t)]
        if factor and thin:  # the number goes to the smaller operand
            how, text, a = thin[0]
            side = self._lend(a.shape)
            self.free.setdefault(a.shape, []).append(side)
            steps.append(("multiply", (text, factor), side))
            ordered = [(how, side, a) if x is thin[0] else x for x in ordered]
            factor = ""
        later = [a for _, _, a in ordered[2:]] + (scalars if factor else [])
        self.place[t] = self._target(t, k, [a for _, _, a in ordered[:2]], later)
        steps.append((ordered[1][0], (ordered[0][1], ordered[1][1]), ""))
        steps += [(how, ("\0", text), "") for how, text, _ in ordered[2:]]
        if factor:
            steps.append(("multiply", ("\0", factor), ""))
        return steps

    def _is_thin(self, a: Term, t: Term) -> bool:
        return self.at is None and bool(a.shape) and not shapes.same_shape(a.shape, t.shape)

    def _steps_plus_diagonal(self, t: Term, k: int) -> list[Step]:
        a, v = t.args
        text, before = self.w(a), self.place.get(a)
        self.place[t] = out = self._target(t, k, [a])
        diagonal = f"\0.reshape(-1)[:: {self.w.integer(t.shape[0])} + 1]"
        added = f"{self.w(v, ATOM)}[:, 0]" if v.shape else self.w(v)
        start: Step = ("", (text,), "") if out == before else ("add", (text, "0"), "")
        return [start, ("add", (diagonal, added), diagonal)]

    def _below(self, a: Term) -> bool:
        """Whether a factor is one over something that has a name."""
        return a.op == "pow" and a not in self.named and a.args[1].op == "number"

    def _factor(self, scalars: Sequence[Term]) -> str:
        if not scalars:
            return ""
        text, _ = self.w.factors(tuple(scalars))
        return text

    def _steps_pow(self, t: Term, k: int) -> list[Step]:
        base, e = t.args[0], t.args[1].params[0]
        self.place[t] = self._target(t, k, [base])
        if e == 2:
            return [("square", (self.w(base),), "")]
        if e == -1:
            return [("reciprocal", (self.w(base),), "")]
        return [("power", (self.w(base), self.w.as_float(t.args[1])), "")]

    def _steps_sigmoid(self, t: Term, k: int) -> list[Step]:
        text = self.w(t.args[0])
        self.place[t] = self._target(t, k, t.args)
        return [
            ("negative", (text,), ""),
            ("exp", ("\0",), ""),
            ("add", ("\0", "1"), ""),
            ("reciprocal", ("\0",), ""),
        ]

    def _steps_relu(self, t: Term, k: int) -> list[Step]:
        self.place[t] = self._target(t, k, t.args)
        return [("maximum", (self.w(t.args[0]), "0"), "")]

    def _steps_step(self, t: Term, k: int) -> list[Step]:
        self.place[t] = self._target(t, k, t.args)
        return [("greater", (self.w(t.args[0]), "0"), "")]

    def _steps_full(self, t: Term, k: int) -> list[Step]:
        self.place[t] = self._lend(t.shape)
        return [("add", (self.w.as_float(t.args[0]), "0"), "")]

    def _steps_rowsum(self, t: Term, k: int) -> list[Step]:
        return self._along(t, 1)

    def _steps_colsum(self, t: Term, k: int) -> list[Step]:
        return self._along(t, 0)

    def _along(self, t: Term, axis: int) -> list[Step]:
        self.place[t] = out = self._lend(t.shape)
        pair = self.w.pair(t.args[0])
        if pair is not None:
            pattern = '"ij,ij->i"' if axis else '"ij,ij->j"'
            flat = f"{out}[:, 0]" if axis else f"{out}[0]"
            return [("einsum", (pattern, *map(self.w, pair)), flat), ("", (), "")]
        text = self.w(t.args[0])
        return [("add.reduce", (text, f"axis={axis}", "keepdims=True"), "")]

    def _steps_softmax(self, t: Term, k: int) -> list[Step]:
        axis = t.params[0]
        text = self.w(t.args[0])
        one = shapes.ONE
        side_shape = (t.shape[0], one) if axis else (one, t.shape[1])
        side = self._lend(side_shape)
        self.place[t] = self._target(t, k, t.args)
        along = (f"axis={axis}", "keepdims=True")
        self.free.setdefault(side_shape, []).append(side)
        return [
            ("maximum.reduce", (text, *along), side),
            ("subtract", (text, side), ""),
            ("exp", ("\0",), ""),
            ("add.reduce", ("\0", *along), side),
            ("divide", ("\0", side), ""),
        ]

    def _steps_softplus(self, t: Term, k: int) -> list[Step]:
        text = self.w(t.args[0])
        self.place[t] = self._lend(t.shape)
        side = self._lend(t.shape)
        self.free.setdefault(t.shape, []).append(side)
        return [
            ("abs", (text,), ""),
            ("negative", ("\0",), ""),
            ("exp", ("\0",), ""),
            ("log1p", ("\0",), ""),
            ("maximum", (text, "0"), side),
            ("add", ("\0", side), ""),
        ]


def _rows(names: Sequence[str]) -> list[str]:
    """Names in lines that fit."""
    out, line = [], ""
    for name in names:
        if len(line) + len(name) > 80:
            out.append(line.rstrip())
            line = ""
        line += f"{name}, "
    return [*out, line.rstrip()]
