"""A derivation with families as a module: loops forwards, loops backwards.

Families are dictionaries, so that ``h[t - 1]`` in the program is h_{t-1} on the page. Sums over a whole
loop are gathered while it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc.codegen.naming import Identifiers
from matcalc.codegen.source import indented
from matcalc.expr import BUILD, Node, is_number, symbol_name
from matcalc.families.derived import Derived, name_of
from matcalc.families.dialects import dialect
from matcalc.families.formulas import Formulas
from matcalc.families.ledger import FamilyCost
from matcalc.families.openings import openings
from matcalc.families.places import Case, order
from matcalc.families.stages import Loop
from matcalc.families.sweep import Arrived
from matcalc.members import Family, Span, family_of, members, place_of
from matcalc.network import Step
from matcalc.ops.binder import ISUM, at_index
from matcalc.reverse import Adjoints

OWN = ("dict", "enumerate")  # what the text of a loop says besides


class Program:
    """Writes one module."""

    def __init__(self, derived: Derived, backend: Any = "numpy") -> None:
        self.derived, self.network = derived, derived.network
        self.language = dialect(backend)
        self.words = Identifiers(OWN)
        self.names: dict[Node | Family, str] = {}
        self.inputs: list[tuple[str, Node | Family]] = []
        self._declare()
        self.formulas = Formulas(self.word, self.words, self.network.spans, self.language)
        self.formulas.like = self._some_array()
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
        body = self._forward()
        self.formulas.ledger.backward = True
        body += self._backward()
        result = self._result()
        head, self.untold = openings(
            self.formulas, [(self.names[of], of) for _, of in self.inputs], [*body, *result]
        )
        missing = self.untold
        arguments = [self.names[of] for _, of in self.inputs]
        arguments += [*self.formulas.functions.values(), *(self.words.declare(d) for d in missing)]
        helpers = list(self.formulas.helpers.values())
        imports = self.language.imports("\n".join([*helpers, *head, *body]))
        parts = ['"""Written by matcalc."""', "", *imports, ""]
        for helper in helpers:
            parts += ["", *helper.split("\n"), ""]
        parts.append("")
        if self.formulas.overflows and self.language.name == "numpy":
            parts.append(
                '@np.errstate(over="ignore")  # e^-z may become inf, and 1 / (1 + inf) is 0'
            )
        parts += wrapped_call(f"def value_and_gradients(*, {', '.join(arguments)}):")
        parts += indented(['"""The value, and its gradients by name.', "", *self._listing(), '"""'])
        parts += indented([*head, *body, *result])
        return "\n".join(parts) + "\n"

    def cost(self) -> FamilyCost:
        """What the program does, as formulas in the dimensions."""
        self.text()
        return self.formulas.ledger.cost()

    def _some_array(self) -> str:
        """A word for some array: a parameter or a plain input, else the first member of a family."""
        for _, of in self.inputs:
            if of.shape and not isinstance(of, Family):
                return self.names[of]
        for _, of in self.inputs:
            if of.shape and isinstance(of, Family):
                return (
                    f"{self.names[of]}[{', '.join(self.formulas.integer(s.low) for s in of.spans)}]"
                )
        return ""

    def _listing(self) -> list[str]:
        """The formulas of the page, for the reader of the program."""
        rows = [
            row for ln in self.derived.lines for row in BUILD["indexed_line_text"](ln).split("\n")
        ]
        return [f"    {row.replace(chr(92), '')}" for row in rows]

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
        opening = [f"{self.names[f]} = dict()" for f in loop.families]
        with self.formulas.within(*loop.spans[:-1]):
            starts = [line for s in loop.starts for line in self._assigned(s)]
        with self.formulas.within(*loop.spans):
            inner = [line for s in loop.steps for line in self._inside(loop, s)]
        body = self._nested(loop.spans[-1:], inner, loop.down)
        return [*opening, *self._nested(loop.spans[:-1], [*starts, *body])]

    def _inside(self, loop: Loop, step: Step) -> list[str]:
        """A step of a loop; one with an index more stands in a loop of its own."""
        more = family_of(step.symbol).spans[len(loop.spans) :]
        with self.formulas.within(*more):
            return self._nested(more, self._assigned(step))

    def _assigned(self, step: Step) -> list[str]:
        return self.formulas.written(self.word(step.symbol), step.definition)

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
            loop = self._loop(arrived)
            if loop is None:
                waiting.pop(0)
                lines += self._alone(arrived)
                continue
            here = [a for a in waiting if self._loop(a) is loop]
            rest = [a for a in waiting if a not in here]
            self.emitted |= {a.symbol for a in here}
            fused = [a for a in rest if self._fits(a, loop, rest)]
            waiting = [a for a in rest if a not in fused]
            lines += self._backward_loop(loop, here, fused)
            self.emitted |= {a.symbol for a in fused}
        return lines

    def _loop(self, arrived: Arrived) -> Loop | None:
        return self.derived.loop_of(arrived.of)

    def _fits(self, arrived: Arrived, loop: Loop, rest: Sequence[Arrived]) -> bool:
        """Whether a gradient can be gathered while the loop runs: it speaks of what is there by
        then."""
        if len(loop.spans) != 1 or arrived.conditional:
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
                    ahead = off.is_number and (-off if loop.down else off) >= 0
                    if place.family in waiting or not ahead:
                        return False
        return True

    def _backward_loop(self, loop: Loop, here: list[Arrived], fused: list[Arrived]) -> list[str]:
        opening = [f"{self.names[a.symbol]} = dict()" for a in here]
        inner: list[str] = []
        for a in here:
            assert isinstance(a.of, Family)
            more = a.of.spans[len(loop.spans) :]
            inner += self._nested(more, self._by_cases(a))
        for a in fused:
            name = self.names[a.symbol]
            if isinstance(a.of, Family):
                opening.append(f"{name} = dict()")
                inner += self._by_cases(a)
            else:
                opening.append(f"{name} = {self._zeros(a)}")
                body = at_index(a.value.operands[0], {a.value.params[0]: loop.index.index})
                with self.formulas.within(loop.index):
                    inner += self.formulas.added(name, body)
        inner = self._nested(loop.spans[-1:], inner, not loop.down)
        return [*opening, *self._nested(loop.spans[:-1], inner, down=True)]

    def _zeros(self, arrived: Arrived) -> str:
        of = arrived.of
        assert isinstance(of, Node)
        self.formulas.ledger.hold(self.names[arrived.symbol], of.shape)
        return self.language.zeros_like(self.names[of]) if of.shape else "0.0"

    def _by_cases(self, arrived: Arrived) -> list[str]:
        """What arrives at one place, by the case the place is in."""
        family = arrived.symbol
        assert isinstance(family, Family)
        assert isinstance(arrived.of, Family)
        target = self.word(family.general)
        cases = list(arrived.cases)
        if len(cases) == 1 and not arrived.conditional:
            return self._case(target, cases[0])
        if arrived.conditional or len(family.spans) > 1 or not _one_sided(cases, family.spans[0]):
            return self._by_parts(arrived, target)
        span = family.spans[0]
        general = max(cases, key=lambda c: (not c.is_point, cases.index(c)))
        special = [c for c in reversed(cases) if c is not general]
        if order(general.spans[0].high, span.high, span) == 0:
            special.reverse()
        lines: list[str] = []
        for k, case in enumerate(special):
            lines.append(f"{'el' if k else ''}if {self._holds(case.spans[0])}:")
            lines += indented(self._case(target, case))
        return [*lines, "else:", *indented(self._case(target, general))]

    def _case(self, target: str, case: Case) -> list[str]:
        with self.formulas.within(*case.spans):
            return self.formulas.written(target, case.value)

    def _holds(self, span: Span) -> str:
        letter = self._letter(span)
        low, high = self.formulas.integer(span.low), self.formulas.integer(span.high)
        return f"{letter} == {low}" if low == high else f"{low} <= {letter} <= {high}"

    def _by_parts(self, arrived: Arrived, target: str) -> list[str]:
        """Use by use, each where it reaches."""
        assert isinstance(arrived.of, Family)
        like = self.word(arrived.of.general)
        lines = [f"{target} = {self.language.zeros_like(like) if arrived.of.shape else '0.0'}"]
        for part in arrived.parts:
            tests = [self._long_enough(gap) for gap in part.where]
            for span, (low, high) in zip(arrived.of.spans, part.ranges, strict=True):
                if (low, high) != (span.low, span.high):
                    tests.append(self._holds(Span(span.index, low, high)))
            reached = (
                Span(s.index, *ends) for s, ends in zip(arrived.of.spans, part.ranges, strict=True)
            )
            with self.formulas.within(*reached):
                body = self.formulas.added(target, part.value)
            lines += [f"if {' and '.join(tests)}:", *indented(body)] if tests else body
        return lines

    def _long_enough(self, gap: Any) -> str:
        """``T >= 2`` for a gap ``T - 2`` that must not be negative."""
        number, rest = gap.as_coeff_Add()
        return f"{self.formulas.integer(rest)} >= {-number}"

    def _alone(self, arrived: Arrived) -> list[str]:
        """An adjoint outside of every loop."""
        name = self.names[arrived.symbol]
        self.emitted.add(arrived.symbol)
        unsaid = arrived.of is self.derived.output and arrived.of not in self.derived.wrt
        if unsaid and is_number(arrived.value):
            return []
        if isinstance(arrived.of, Family):
            body = self._by_cases(arrived)
            return [f"{name} = dict()", *self._nested(arrived.of.spans, body)]
        if arrived.conditional:
            return self._where_possible(arrived, name)
        value = arrived.value
        if value.op is ISUM and any(place_of(m) for m in members(value)):
            return self.formulas.loop(name, value, self._zeros(arrived))
        return self.formulas.written(name, value)

    def _where_possible(self, arrived: Arrived, name: str) -> list[str]:
        """Use by use, each where the ranges are long enough for it."""
        lines = [f"{name} = {self._zeros(arrived)}"]
        for part in arrived.parts:
            body = self.formulas.added(name, part.value)
            tests = " and ".join(map(self._long_enough, part.where))
            lines += [f"if {tests}:", *indented(body)] if tests else body
        return lines

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
