"""A derivation with families as a NumPy module: loops forwards, loops backwards.

Families are dictionaries, so that ``h[t - 1]`` in the program is h_{t-1} on the page. Sums over a whole
loop are gathered while it runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from matcalc.codegen.naming import Identifiers
from matcalc.codegen.runtime import loaded
from matcalc.codegen.source import indented
from matcalc.errors import NoRuleError, UnknownNameError
from matcalc.expr import BUILD, Node, is_number, symbol_name
from matcalc.families.derived import Derived, name_of
from matcalc.families.formulas import Formulas
from matcalc.families.places import Case, order
from matcalc.families.stages import Loop, family_of
from matcalc.families.sweep import Arrived
from matcalc.families.values import by_name, ends_of, point_of
from matcalc.members import Family, Span, members, place_of
from matcalc.network import Step
from matcalc.ops.binder import ISUM, at_index
from matcalc.reverse import Adjoints


def source_of_families(derived: Derived, backend: str = "numpy", **options: Any) -> str:
    """The module as text."""
    _only_numpy(backend, options)
    return _Module(derived).text()


def _only_numpy(backend: str, options: Mapping[str, Any]) -> None:
    if backend != "numpy":
        raise NoRuleError(f"code for families is written in NumPy, not for {backend!r} yet")
    if any(options.values()):
        raise NoRuleError("code for families takes no options yet")


def function_of_families(derived: Derived, backend: str = "numpy", **options: Any) -> LoopFunction:
    """The compiled function."""
    _only_numpy(backend, options)
    return LoopFunction(derived)


class LoopFunction:
    """A generated function with its source; families are passed and returned as lists."""

    def __init__(self, derived: Derived) -> None:
        module = _Module(derived)
        self.derived, self.source = derived, module.text()
        self._run = loaded(self.source, "matcalc program")["value_and_gradients"]
        self.__doc__ = self._run.__doc__
        code = (
            self._run.__wrapped__.__code__
            if hasattr(self._run, "__wrapped__")
            else self._run.__code__
        )
        self._takes = code.co_varnames[: code.co_kwonlyargcount]
        self._words = module.parameters()

    def __call__(self, **given: Any) -> Any:
        network = self.derived.network
        known = {*self._words, *(s.name for s in network.extents)}
        dims = {k: v for k, v in given.items() if k not in self._words or k in self._dims()}
        ends = ends_of(network, given, dims)
        functions = {k: v for k, v in given.items() if callable(v)}
        arrays, sizes = point_of(self.derived, by_name(given), ends, dims, functions)
        values: dict[str, Any] = {}
        for name, word in self._words.items():
            if word not in self._takes:
                continue
            if name in arrays:
                values[word] = arrays[name]
            elif name in functions:
                values[word] = functions[name]
            elif name in sizes:
                values[word] = sizes[name]
            else:
                raise UnknownNameError(f"no value for {name}")
        if unknown := [
            k for k in given if k not in known and k not in sizes and k not in functions
        ]:
            raise UnknownNameError(f"there is no {unknown[0]} in this program")
        return self._run(**values)

    def _dims(self) -> set[str]:
        return {s.name for s in self.derived.network.extents} | set(
            self.derived.network._names.dims
        )

    def __repr__(self) -> str:
        return f"<compiled function of {', '.join(self._takes)}>"


class _Module:
    """Writes one module."""

    def __init__(self, derived: Derived) -> None:
        self.derived, self.network = derived, derived.network
        self.words = Identifiers()
        self.names: dict[Node | Family, str] = {}
        self.inputs: list[tuple[str, Node | Family]] = []
        self._declare()
        self.formulas = Formulas(self.word, self.words, self.network.spans)
        self.emitted: set[Node | Family] = set()
        self.untold: list[str] = []  # dimensions that no array tells

    def _declare(self) -> None:
        net, derived = self.network, self.derived
        for name, node in (*net.inputs.items(), *net.params.items()):
            self.names[node] = self.words.declare(name)
            self.inputs.append((name, node))
        for name, family in net.families.items():
            self.names[family] = self.words.declare(name)
            if net.roles[name] != "step":
                self.inputs.append((name, family))
        for name, family in derived.made.items():
            self.names[family] = self.words.declare(name)
        for step in derived.steps:
            if place_of(step.symbol) is None:
                self.names[step.symbol] = self.words.declare(step.name)
        for s in net.spans:
            self.words.declare(s)
        for arrived in derived.order:
            self.names[arrived.symbol] = self.words.declare(name_of(arrived.symbol))
        if derived.upstream is not None:
            name = symbol_name(derived.upstream)
            self.names[derived.upstream] = self.words.declare(name)
            self.inputs.append((name, derived.upstream))

    def word(self, leaf: Node) -> str:
        """How a symbol is written; nothing for a dimension."""
        place = place_of(leaf)
        if place is None:
            found = self.names.get(leaf)
            if found is None and not leaf.shape and symbol_name(leaf) in self.network.spans:
                return self.words.declare(symbol_name(leaf))
            return found or ""
        at = ", ".join(self.formulas.integer(e) for e in place.at)
        return f"{self.names[place.family]}[{at}]"

    def parameters(self) -> dict[str, str]:
        """What the function may take: name to word."""
        found = {name: self.names[of] for name, of in self.inputs}
        return found | {n: self.words.declare(n) for n in (*self.formulas.functions, *self.untold)}

    # -- the module -------------------------------------------------------------------------------

    def text(self) -> str:
        """The whole module."""
        body = self._forward() + self._backward()
        result = self._result()
        spoken = [*body, *result]
        head, missing = self._openings(spoken)
        self.untold = missing
        arguments = [self.names[of] for _, of in self.inputs]
        arguments += [*self.formulas.functions.values(), *(self.words.declare(d) for d in missing)]
        parts = ['"""Written by matcalc."""', "", "import numpy as np", ""]
        for helper in self.formulas.helpers.values():
            parts += ["", *helper.strip("\n").split("\n"), ""]
        parts.append("")
        if self.formulas.overflows:
            parts.append(
                '@np.errstate(over="ignore")  # e^-z may become inf, and 1 / (1 + inf) is 0'
            )
        parts += wrapped_call(f"def value_and_gradients(*, {', '.join(arguments)}):")
        parts += indented(['"""The value, and its gradients by name.', "", *self._listing(), '"""'])
        parts += indented([*head, *body, *result])
        return "\n".join(parts) + "\n"

    def _listing(self) -> list[str]:
        """The formulas of the page, for the reader of the program."""
        rows = [
            row for ln in self.derived.lines for row in BUILD["indexed_line_text"](ln).split("\n")
        ]
        return [f"    {row.replace(chr(92), '')}" for row in rows]

    def _openings(self, spoken: Sequence[str]) -> tuple[list[str], list[str]]:
        """Lines that read ends and dimensions off the data, and those that nothing tells."""
        text = "\n".join(line.partition("  # ")[0] for line in spoken)
        lines: list[str] = []
        told: set[str] = set()
        for _, of in self.inputs:
            if not isinstance(of, Family) or len(of.spans) != 1:
                continue
            span, word = of.spans[0], self.names[of]
            if span.high.is_Symbol and span.high.name not in told and span.low.is_Integer:
                shift = int(span.low) - 1
                more = f" + {shift}" if shift > 0 else f" - {-shift}" if shift < 0 else ""
                lines.append(f"{self.words.declare(span.high.name)} = len({word}){more}")
                told.add(span.high.name)
        for _, of in self.inputs:
            if isinstance(of, Family):
                lines.append(self._numbered(of))
        wanted = [
            d for d in sorted(self.formulas.dims) if d not in told and d not in self.network.spans
        ]
        wanted = [
            d
            for d in wanted
            if re.search(rf"\b{re.escape(self.words.declare(d))}\b", text + "\n".join(lines))
        ]
        missing = []
        for d in wanted:
            source = self._tells(d)
            if source is None:
                missing.append(d)
            else:
                lines.append(f"{self.words.declare(d)} = {source}")
        return lines, missing

    def _numbered(self, family: Family) -> str:
        """A list as a dictionary by the index of the page."""
        word = self.names[family]
        if len(family.spans) == 1:
            return f"{word} = dict(enumerate({word}, start={self.formulas.integer(family.spans[0].low)}))"
        letters = [self.words.declare(s.index.name) for s in family.spans]
        places = "".join(
            f"[{a}]" if s.low == 0 else f"[{a} - {self.formulas.integer(s.low)}]"
            for a, s in zip(letters, family.spans, strict=True)
        )
        loops = " ".join(
            f"for {a} in {self.formulas.span(s)}"
            for a, s in zip(letters, family.spans, strict=True)
        )
        return f"{word} = {{({', '.join(letters)}): {word}{places} {loops}}}"

    def _tells(self, dim: str) -> str | None:
        for _, of in self.inputs:
            for axis in range(len(of.shape)):
                if of.shape[axis].is_Symbol and of.shape[axis].name == dim:
                    word = self.names[of]
                    if isinstance(of, Family):
                        first = ", ".join(self.formulas.integer(s.low) for s in of.spans)
                        word = f"{word}[{first}]"
                    return f"{word}.shape[{axis}]"
        return None

    # -- forward ----------------------------------------------------------------------------------

    def _forward(self) -> list[str]:
        lines = ["", "# Forward"]
        for stage in self.derived.stages:
            if isinstance(stage, Loop):
                lines += self._forward_loop(stage)
            else:
                lines += self.formulas.written(self.names[stage.step.symbol], stage.step.definition)
        return lines

    def _forward_loop(self, loop: Loop) -> list[str]:
        opening = [f"{self.names[family_of(s.symbol)]} = dict()" for s in loop.steps]
        self.formulas.busy = {s.index.name for s in loop.spans}
        inner = [line for s in loop.steps for line in self._assigned(s.symbol, s.definition)]
        starts = [line for s in loop.starts for line in self._started(s)]
        self.formulas.busy = set()
        body = [
            f"for {self._letter(loop.index)} in {self.formulas.span(loop.index)}:",
            *indented(inner),
        ]
        return [*opening, *self._nested(loop.spans[:-1], [*starts, *body])]

    def _started(self, start: Step) -> list[str]:
        return self._assigned(start.symbol, start.definition)

    def _assigned(self, left: Node, value: Node) -> list[str]:
        return self.formulas.written(self.word(left), value)

    def _letter(self, span: Span) -> str:
        return self.words.declare(span.index.name)

    def _nested(self, spans: Sequence[Span], body: list[str], down: bool = False) -> list[str]:
        for span in reversed(spans):
            body = [
                f"for {self._letter(span)} in {self.formulas.span(span, down)}:",
                *indented(body),
            ]
        return body

    # -- backward ---------------------------------------------------------------------------------

    def _backward(self) -> list[str]:
        lines = ["", "# Backward"]
        waiting = list(self.derived.order)
        while waiting:
            arrived = waiting[0]
            loop = self._loop_of(arrived)
            if loop is None:
                waiting.pop(0)
                lines += self._alone(arrived)
                continue
            here = [a for a in waiting if self._loop_of(a) is loop]
            rest = [a for a in waiting if a not in here]
            self.emitted |= {a.symbol for a in here}
            fused = [a for a in rest if self._fits(a, loop, rest)]
            waiting = [a for a in rest if a not in fused]
            lines += self._backward_loop(loop, here, fused)
            self.emitted |= {a.symbol for a in fused}
        return lines

    def _loop_of(self, arrived: Arrived) -> Loop | None:
        if isinstance(arrived.of, Family):
            for stage in self.derived.stages:
                if isinstance(stage, Loop) and arrived.of in {
                    family_of(s.symbol) for s in stage.steps
                }:
                    return stage
        return None

    def _fits(self, arrived: Arrived, loop: Loop, rest: Sequence[Arrived]) -> bool:
        """Whether a gradient can be gathered while the loop runs: it speaks of what is there by
        then."""
        if len(loop.spans) != 1:
            return False
        if isinstance(arrived.of, Family):
            if arrived.of.spans != loop.spans:
                return False
            variable: Any = loop.index.index
            bodies = [c.value for c in arrived.cases]
        else:
            value = arrived.value
            if value.op is not ISUM or value.params[1:] != (loop.index.low, loop.index.high):
                return False
            variable, bodies = value.params[0], [value.operands[0]]
        waiting = {a.symbol for a in rest}
        for body in bodies:
            for leaf in body.free_symbols:
                place = place_of(leaf)
                if place is None:
                    if isinstance(leaf.params[3], Adjoints) and leaf in waiting:
                        return False
                elif place.family.of is not None:
                    off = sp.expand(place.at[-1] - variable)
                    point = variable not in place.at[-1].free_symbols
                    if place.family in waiting or not (off.is_number and off >= 0) or point:
                        return False
        return True

    def _backward_loop(self, loop: Loop, here: list[Arrived], fused: list[Arrived]) -> list[str]:
        self.formulas.busy = {s.index.name for s in loop.spans}
        opening = [f"{self.names[a.symbol]} = dict()" for a in here]
        inner = [line for a in here for line in self._by_cases(a)]
        for a in fused:
            name = self.names[a.symbol]
            if isinstance(a.of, Family):
                opening.append(f"{name} = dict()")
                inner += self._by_cases(a)
            else:
                opening.append(f"{name} = {self._zeros(a)}")
                body = at_index(a.value.operands[0], {a.value.params[0]: loop.index.index})
                inner += self.formulas.added(name, body)
        self.formulas.busy = set()
        return [*opening, *self._nested(loop.spans, inner, down=True)]

    def _zeros(self, arrived: Arrived) -> str:
        of = arrived.of
        assert isinstance(of, Node)
        return f"np.zeros_like({self.names[of]})" if of.shape else "0.0"

    def _by_cases(self, arrived: Arrived) -> list[str]:
        """What arrives at one place, by the case the place is in."""
        family = arrived.symbol
        assert isinstance(family, Family)
        assert isinstance(arrived.of, Family)
        target = self.word(family.general)
        cases = list(arrived.cases)
        if len(cases) == 1:
            return self.formulas.written(target, cases[0].value)
        if len(family.spans) > 1 or not _one_sided(cases, family.spans[0]):
            return self._by_parts(arrived, target)
        span = family.spans[0]
        general = max(cases, key=lambda c: (not c.is_point, cases.index(c)))
        special = [c for c in reversed(cases) if c is not general]
        if order(general.spans[0].high, span.high, span) == 0:
            special.reverse()
        lines: list[str] = []
        for k, case in enumerate(special):
            lines.append(f"{'el' if k else ''}if {self._holds(case.spans[0])}:")
            lines += indented(self.formulas.written(target, case.value))
        return [*lines, "else:", *indented(self.formulas.written(target, general.value))]

    def _holds(self, span: Span) -> str:
        letter = self._letter(span)
        low, high = self.formulas.integer(span.low), self.formulas.integer(span.high)
        return f"{letter} == {low}" if low == high else f"{low} <= {letter} <= {high}"

    def _by_parts(self, arrived: Arrived, target: str) -> list[str]:
        """Use by use, each where it reaches."""
        assert isinstance(arrived.of, Family)
        zero = f"np.zeros_like({self.word(arrived.of.general)})" if arrived.of.shape else "0.0"
        lines = [f"{target} = {zero}"]
        for part in arrived.parts:
            tests = []
            for span, (low, high) in zip(arrived.of.spans, part.ranges, strict=True):
                if (low, high) != (span.low, span.high):
                    tests.append(self._holds(Span(span.index, low, high)))
            body = self.formulas.added(target, part.value)
            lines += [f"if {' and '.join(tests)}:", *indented(body)] if tests else body
        return lines

    def _alone(self, arrived: Arrived) -> list[str]:
        """An adjoint outside of every loop."""
        name = self.names[arrived.symbol]
        self.emitted.add(arrived.symbol)
        unsaid = arrived.of is self.derived.output and arrived.of not in self.derived.wrt
        if unsaid and is_number(arrived.value):
            return []
        if isinstance(arrived.of, Family):
            self.formulas.busy = {s.index.name for s in arrived.of.spans}
            body = self._by_cases(arrived)
            self.formulas.busy = set()
            return [f"{name} = dict()", *self._nested(arrived.of.spans, body)]
        value = arrived.value
        if value.op is ISUM and any(place_of(m) for m in members(value)):
            return self.formulas.loop(name, value, self._zeros(arrived))
        return self.formulas.written(name, value)

    def _result(self) -> list[str]:
        pairs = []
        for w in self.derived.wrt:
            word = self.names[self.derived.arrivals[w].symbol]
            pairs.append(
                f'"{name_of(w)}": {self._list(word, w) if isinstance(w, Family) else word}'
            )
        value = self.names[self.derived.output]
        short = f"return {value}, {{{', '.join(pairs)}}}"
        if len(short) <= 92:
            return [short]
        return [f"return {value}, {{", *(f"    {pair}," for pair in pairs), "}"]

    def _list(self, word: str, family: Family) -> str:
        letters = [self._letter(s) for s in family.spans]
        text = f"{word}[{', '.join(letters)}]"
        for letter, span in reversed(list(zip(letters, family.spans, strict=True))):
            text = f"[{text} for {letter} in {self.formulas.span(span)}]"
        return text


def _one_sided(cases: Sequence[Case], span: Span) -> bool:
    """Whether all boundaries lie at one end: then the cases hold for every length."""
    cuts = [c.spans[0].low for c in cases[1:]]
    if all(sp.expand(e - span.low).is_number for e in (span.high, *cuts)):
        return True
    return all(sp.expand(e - span.high).is_number for e in cuts) or all(
        sp.expand(e - span.low).is_number for e in cuts
    )


def wrapped_call(head: str) -> list[str]:
    """The head of a function, over several lines where it is long."""
    if len(head) <= 100:
        return [head]
    name, _, rest = head.partition("(")
    inside = [part.strip() for part in rest.removesuffix("):").split(",")]
    rows, row = [], ""
    for part in inside:
        if len(row) + len(part) > 88:
            rows.append(row)
            row = ""
        row += f"{part}, "
    return [f"{name}(", *(f"    {r.rstrip()}" for r in [*rows, row.rstrip(", ")]), "):"]
