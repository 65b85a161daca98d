"""The derivation as plain frozen data: every line with what it states and where it came from.

The record is made once, by the engine; every view and every printer reads it and computes nothing.
How a line was simplified, law by law, is traced when somebody asks for it, and then kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from weakref import WeakKeyDictionary

from sympy import Rational

from matcalc.errors import NameClashError
from matcalc.expr import (
    BUILD,
    Node,
    _checked_name,
    is_number,
    is_symbol,
    leaves,
    number,
    postorder,
    substitute,
    symbol,
    symbol_name,
)
from matcalc.facts import Fact, is_symmetric_symbol
from matcalc.layout import Layout, gradient_in, symmetric_gradient
from matcalc.network import expanded
from matcalc.ops.algebra import add, eye, had, mul, t
from matcalc.problem import Problem
from matcalc.reverse import Adjoints, Arrival, Swept, sweep
from matcalc.rewrite.region import is_entry_by_entry
from matcalc.rewrite.simplify import cited, simplify
from matcalc.shapes import Shape
from matcalc.trace import BY_HAND, Law, trace

Kind = Literal["forward", "adjoint", "gradient"]


class Remark(str):
    """A remark, with the pattern it was made from: notes in another language have another one."""

    __slots__ = ("parts", "pattern")
    pattern: str
    parts: dict[str, object]  # texts, or expressions, which a page prints as formulas

    def __new__(cls, pattern: str, **parts: object) -> Remark:
        made = super().__new__(cls, pattern.format(**parts))
        made.pattern, made.parts = pattern, parts
        return made

    def __reduce__(self) -> Any:
        return _remark, (self.pattern, self.parts)


def _remark(pattern: str, parts: dict[str, object]) -> Remark:
    return Remark(pattern, **parts)


@dataclass(frozen=True)
class Line:
    """One line: ``symbol = value``, by which laws, from which lines."""

    name: str
    kind: Kind
    symbol: Node
    value: Node
    before: Node  # as the rules put it together, not yet simplified
    laws: tuple[str, ...]  # equations of the rules used, in LaTeX
    uses: tuple[str, ...]  # the names on the right-hand side
    rules: tuple[str, ...] = ()  # the operations the rules belong to
    of: Node | None = None  # whose adjoint this is
    through: tuple[str, ...] = ()  # the steps by which it arrives
    layout: Layout = Layout.DENOMINATOR
    opens: tuple[Line, ...] = ()  # lines whose right-hand side may be put in for their name
    facts: tuple[Fact, ...] = ()  # without which the right-hand side would be another one

    @property
    def shape(self) -> Shape:
        return self.symbol.shape

    @property
    def may_open(self) -> bool:
        """Whether a later line may put the value in for the name: entries cancel there."""
        return is_entry_by_entry(self.value)

    @property
    def statement(self) -> tuple[Node, Node]:
        return self.symbol, self.value

    @property
    def after(self) -> Node:
        return self.value

    @property
    def shown(self) -> Node:
        """The right-hand side in the layout of the derivation."""
        return gradient_in(self.layout, self.value) if self.kind == "gradient" else self.value

    @property
    def law(self) -> str:
        """The equations of the rules used, in LaTeX."""
        return r",\quad ".join(self.laws)

    @property
    def steps(self) -> tuple[Law, ...]:
        """Each law by which ``before`` became ``after``, with the whole line before and after
        it."""
        found = _TRACES.get(self.symbol)
        if found is None:
            values = {line.symbol: line.unfinished for line in self.opens}
            found = _TRACES[self.symbol] = trace(self.before, self.value, values, self.facts)
        return found

    @property
    def unfinished(self) -> Node:
        """The value before the entries were cancelled: what a later line cancels better."""
        by_hand = [law.before for law in self.steps if law.name in BY_HAND]
        return by_hand[0] if by_hand else self.value

    @property
    def latex(self) -> str:
        return self.to_latex()

    def to_latex(self, notation: Any = None) -> str:
        """The line in LaTeX."""
        return BUILD["line_latex"](self, notation)

    @property
    def text(self) -> str:
        """The line in the text language."""
        return BUILD["line_text"](self)

    def __str__(self) -> str:
        return self.text


_TRACES: WeakKeyDictionary[Node, tuple[Law, ...]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Record:
    """A whole derivation."""

    problem: Problem
    lines: tuple[Line, ...]
    adjoints: Adjoints
    arrivals: dict[Node, Arrival]
    wrt: tuple[Node, ...]
    upstream: Node | None
    layout: Layout
    remarks: tuple[str, ...]
    definitions: dict[Node, Node] = field(default_factory=dict)  # of the steps
    # By a symmetric matrix: the gradient by independent entries, where the one shown is another.
    independent: dict[Node, Node] = field(default_factory=dict)

    def forward(self) -> tuple[Line, ...]:
        return tuple(ln for ln in self.lines if ln.kind == "forward")

    def backward(self) -> tuple[Line, ...]:
        return tuple(ln for ln in self.lines if ln.kind != "forward")

    def in_inputs(self, node: Node) -> Node:
        """An expression with every step and adjoint written out."""
        return expanded(node)


def record(
    problem: Problem,
    wrt: Sequence[Node],
    upstream: Node | None,
    layout: Layout,
    remarks: tuple[str, ...] = (),
    symmetric: str = "projected",
) -> Record:
    """Sweep the problem and write down every line."""
    taken = [
        *problem.names,
        *problem.whole_numbers,
        *([symbol_name(upstream)] if upstream is not None else []),
    ]
    arriving = upstream if upstream is not None else number(1)
    swept = sweep(problem.steps, problem.output, arriving, wrt, taken, facts=problem.facts)
    definitions = {s.symbol: s.definition for s in problem.steps}
    by_name = {s.name: s.definition for s in problem.steps}
    swept, independent = _with_meaning(swept, wrt, problem.facts, symmetric)
    remarks = (*remarks, *(_says(w, symmetric) for w in independent))
    remarks = (*remarks, *_of_structured(swept, wrt, problem.facts))
    lines = [_forward(s.symbol, s.definition) for s in problem.steps]
    goals = set(wrt)
    opened: dict[Node, Line] = {}
    for arrival in swept.order:
        if arrival.of is problem.output and is_number(arrival.value) and arrival.of not in goals:
            continue  # dL/dL = 1 goes without saying
        kind: Kind = "gradient" if arrival.of in goals else "adjoint"
        line = _backward(arrival, kind, by_name, layout, opened, problem.facts)
        lines.append(line)
        remarks = (*remarks, *_would_shorten(line, problem))
        opened[arrival.symbol] = line
    return Record(
        problem,
        tuple(lines),
        swept.adjoints,
        swept.arrivals,
        tuple(wrt),
        upstream,
        layout,
        remarks,
        definitions,
        independent,
    )


def forward_record(problem: Problem) -> Record:
    """The forward pass alone."""
    lines = tuple(_forward(s.symbol, s.definition) for s in problem.steps)
    book = Adjoints(problem.output, problem.names)
    definitions = {s.symbol: s.definition for s in problem.steps}
    return Record(problem, lines, book, {}, (), None, Layout.DENOMINATOR, (), definitions)


def _forward(left: Node, right: Node) -> Line:
    return Line(symbol_name(left), "forward", left, right, right, (), _used(right))


def _used(value: Node) -> tuple[str, ...]:
    return tuple(symbol_name(n) for n in leaves(value))


def _backward(
    arrival: Arrival,
    kind: Kind,
    definitions: dict[str, Node],
    layout: Layout,
    opened: dict[Node, Line],
    facts: Sequence[Fact],
) -> Line:
    laws: dict[str, str] = {}
    for step in arrival.through:
        laws.update(_laws_between(definitions[step], arrival.of))
    mentioned = [n for n in postorder(arrival.before) if n in opened and opened[n].may_open]
    opens = tuple(opened[n] for n in dict.fromkeys((*mentioned, *arrival.opened)))
    used = _facts_used(arrival, opens, facts, definitions)
    laws.update((fact.equation, fact.name) for fact in used)
    return Line(
        symbol_name(arrival.symbol),
        kind,
        arrival.symbol,
        arrival.value,
        arrival.before,
        tuple(laws),
        _used(arrival.value),
        tuple(laws.values()),
        arrival.of if is_symbol(arrival.of) else None,  # a part has no name
        arrival.through,
        layout,
        opens,
        used,
    )


def _with_meaning(
    swept: Swept, wrt: Sequence[Node], facts: Sequence[Fact], symmetric: str
) -> tuple[Swept, dict[Node, Node]]:
    """Gradients by symmetric matrices in the meaning asked for, and what they were by independent
    entries where that differs."""
    before: dict[Node, Node] = {}
    for w in wrt:
        arrival = swept.arrivals[w]
        if not is_symmetric_symbol(w, facts):
            continue
        value = symmetric_gradient(arrival.value, symmetric, swept.clean)
        if value is not arrival.value:
            before[w] = arrival.value
            changed = replace(arrival, value=value)
            swept.arrivals[w] = changed
            swept.order[swept.order.index(arrival)] = changed
            swept.adjoints.define(arrival.symbol, value)
    return swept, before


def _says(w: Node, symmetric: str) -> str:
    meant = {
        "projected": "(G + G')/2, the gradient within the symmetric matrices",
        "cookbook": "G + G' - I.*G, the derivative by each entry on and above the diagonal",
    }
    return Remark(f"{{w}} is symmetric: its gradient is {meant[symmetric]}", w=w)


# Facts that leave fewer entries free, the gradient within such matrices, and how that is said.
_WITHIN: dict[str, tuple[Callable[[Node, Node], Node], str]] = {
    "diagonal": (
        lambda w, G: had(eye(w.shape[0]), G),
        "{w} is diagonal: its gradient is by independent entries, I.*G within the diagonal matrices",
    ),
    "lower_triangular": (
        lambda w, G: BUILD["tril"](G),
        "{w} is lower triangular: its gradient is by independent entries, tril(G) within the lower "
        "triangular matrices",
    ),
    "upper_triangular": (
        lambda w, G: BUILD["triu"](G),
        "{w} is upper triangular: its gradient is by independent entries, triu(G) within the upper "
        "triangular matrices",
    ),
    "orthogonal": (
        lambda w, G: mul(number(Rational(1, 2)), add(G, mul(number(-1), w, t(G), w))),
        "{w} is orthogonal: its gradient is by independent entries, (G - {w}*G'*{w})/2 within the "
        "orthogonal matrices",
    ),
}


def _of_structured(swept: Swept, wrt: Sequence[Node], facts: Sequence[Fact]) -> list[str]:
    """That entries which a fact ties together were taken as independent, where that matters."""
    found: list[str] = []
    for w in wrt:
        own = [fact.name for fact in facts if fact.of == symbol_name(w)]
        tied = [name for name in _WITHIN if name in own]
        if tied and not is_symmetric_symbol(w, facts):
            within, said = _WITHIN[tied[0]]
            value = swept.arrivals[w].value
            if swept.clean(within(w, value)) is not value:
                found.append(Remark(said, w=w))
    return found


def _facts_used(
    arrival: Arrival, opens: Sequence[Line], facts: Sequence[Fact], definitions: Mapping[str, Node]
) -> tuple[Fact, ...]:
    """The facts without which a line would be another one, its names written out or not."""
    if not facts:
        return ()
    before = arrival.before
    written_out = substitute(before, {line.symbol: line.value for line in opens})
    left = set(leaves(arrival.value))
    gone = {
        n: definitions[symbol_name(n)]
        for n in leaves(before)
        if n not in left and symbol_name(n) in definitions
    }
    forms = dict.fromkeys((before, written_out, substitute(before, gone)))
    return tuple(dict.fromkeys(fact for form in forms for fact in cited(form, facts)))


# What labels would make one: the sum that stands in a line, the fact, and how it is said.
_SUMS_OF_LABELS = {
    "rowsum": ("rows_sum_to_one", "with rows of {data} summing to one: {line} = {short}"),
    "colsum": ("cols_sum_to_one", "with columns of {data} summing to one: {line} = {short}"),
    "sum": ("cols_sum_to_one", "with the entries of {data} summing to one: {line} = {short}"),
}


def _would_shorten(line: Line, problem: Problem) -> list[str]:
    """Sums that would be one for labels: said, not assumed."""
    found: dict[str, None] = {}
    for node in postorder(line.value):
        fact, said = _SUMS_OF_LABELS.get(node.op.name, ("", ""))
        data = node.operands[0] if fact else node
        column = bool(data.shape) and data.shape[1] == 1
        if not fact or data not in problem.inputs or column != (node.op.name == "sum"):
            continue
        more = (*problem.facts, Fact(fact, symbol_name(data)))
        short = simplify(line.value, facts=more)
        if short is not line.value:
            found[Remark(said, data=data, line=line.symbol, short=short)] = None
    return list(found)


def _laws_between(root: Node, leaf: Node) -> dict[str, str]:
    """The rules of the operations from a step's root down to one of the symbols it uses."""
    holds: set[Node] = set()
    found: dict[str, str] = {}
    for node in postorder(root):
        if node is leaf or any(c in holds for c in node.operands):
            holds.add(node)
            if node is not leaf and node.op.law:
                found[_equation(node)] = node.op.name
    return found


def _equation(node: Node) -> str:
    """The rule of an operation; of a power, the one everybody knows where the exponent is a
    number."""
    if node.op.name == "pow" and is_number(node.operands[1]):
        return r"d(x^k) = k\,x^{k-1}\,dx"
    return node.op.law


def upstream_symbol(problem: Problem, name: str | None, taken: Sequence[str] = ()) -> Node:
    """The symbol for what arrives from above at an output that is not scalar."""
    wanted = problem.upstream if name is None else name
    known = {*problem.names, *problem.whole_numbers, *taken}
    latex = None
    if wanted is None:
        wanted = "G"
        while wanted in known:
            wanted, latex = f"{wanted}_", r"\bar{G}"
    elif wanted in known:
        raise NameClashError(
            f"{wanted} has a meaning here already: what arrives from above needs a name of its own"
        )
    return symbol(_checked_name(wanted), problem.output.shape, latex)
