"""The derivation of a network with families as plain frozen data: what a page, a number or a program
is made from.

A line of a family holds for a range of its index: the boundary value, the general place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcalc import shapes
from matcalc.errors import MatcalcError, NoRuleError, UnknownNameError
from matcalc.expr import (
    BUILD,
    Node,
    brief,
    is_number,
    is_symbol,
    number,
    read,
    symbol_name,
    symbols,
)
from matcalc.facts import SYMMETRIC, Fact, as_facts, refuse_strangers, refuse_wrong
from matcalc.families.places import Case, Part
from matcalc.families.sideways import turned
from matcalc.families.stages import Loop, Stage, stages_of, steps_of
from matcalc.families.sweep import Arrived, Book, Sweep
from matcalc.layout import Layout
from matcalc.members import Family, Span, family_of, place_of
from matcalc.network import Network, Step, refuse_whole_family
from matcalc.ops.algebra import add
from matcalc.ops.binder import at_index
from matcalc.problem import Problem
from matcalc.record import Kind, Line, upstream_symbol
from matcalc.trace import Law


@dataclass(frozen=True)
class IndexedLine(Line):
    """A line that holds for a range of places."""

    spans: tuple[Span, ...] = ()
    down: bool = False  # whether it is computed from the last place to the first
    member: Node | None = None  # whose adjoint this is, where that is a member

    @property
    def running(self) -> tuple[Span, ...]:
        """The indices that really run: a single place is written out."""
        return tuple(s for s in self.spans if s.low != s.high)

    @property
    def steps(self) -> tuple[Law, ...]:
        """The laws are not traced through loops."""
        return ()

    @property
    def shown(self) -> Node:
        """The right-hand side in the layout of the derivation."""
        lies = self.layout is Layout.NUMERATOR and self.kind == "gradient"
        return turned(self.value) if lies else self.value

    def to_latex(self, notation: Any = None) -> str:
        """The line in LaTeX, with its range."""
        return str(BUILD["indexed_line_latex"](self, notation))

    @property
    def text(self) -> str:
        """The line in the text language, with its range."""
        return str(BUILD["indexed_line_text"](self))


@dataclass(frozen=True)
class Derived:
    """A whole derivation with families."""

    network: Network
    stages: tuple[Stage, ...]
    output: Node
    wrt: tuple[Node | Family, ...]
    upstream: Node | None
    layout: Layout
    remarks: tuple[str, ...]
    facts: tuple[Fact, ...]
    made: dict[str, Family]
    book: Book
    arrivals: dict[Node | Family, Arrived]
    order: tuple[Arrived, ...]
    lines: tuple[IndexedLine, ...] = field(default=())

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(s for stage in self.stages for s in steps_of(stage))

    def loop_of(self, of: Node | Family) -> Loop | None:
        """The loop in which a family is computed."""
        loops = (s for s in self.stages if isinstance(s, Loop))
        return next((loop for loop in loops if of in loop.families), None)

    def find(self, wanted: Any) -> Node | Family:
        """The symbol or family meant by a name, a node or a family."""
        if isinstance(wanted, Family):
            return wanted
        node = None if isinstance(wanted, str) else read(wanted)
        if node is not None and not is_symbol(node):
            raise MatcalcError(f"a line is that of a symbol, not of {brief(node)}")
        name = wanted if node is None else symbol_name(node)
        name = name.partition("[")[0]
        if name in self.made:
            return self.made[name]
        found: Node | Family = self.network[name]
        return found

    def arrived(self, wanted: Any) -> Arrived:
        found = self.arrivals.get(self.find(wanted))
        if found is None:
            known = shapes.listed([name_of(of) for of in self.arrivals])
            raise UnknownNameError(f"nothing was derived for {wanted}; there are {known}")
        return found


def name_of(of: Node | Family) -> str:
    return of.name if isinstance(of, Family) else symbol_name(of)


def derive_families(
    network: Network,
    wrt: Any = None,
    *,
    upstream: str | None = None,
    layout: Layout = Layout.DENOMINATOR,
    of: str | None = None,
    assume: Any = (),
    symmetric: str = "projected",
) -> Derived:
    """The backward pass of a network with families."""
    output = network[of] if of else network.result
    refuse_whole_family(output)
    facts = (*network.facts, *as_facts(assume))
    refuse_strangers(facts, network.symbols, declared=True)
    refuse_wrong(facts, network.symbols)
    stages, made = stages_of(network, output)
    goals = _goals(network, wrt, made)
    for goal in goals:
        stated = any(f.of == name_of(goal) and f.name in SYMMETRIC for f in facts)
        if stated and symmetric != "independent":
            raise NoRuleError(
                f"the gradient by {name_of(goal)}, assumed symmetric, is not projected through loops "
                "yet; take net.unroll(...), symmetric_gradient='independent', or leave the "
                "assumption out"
            )
    remarks = list(network.assumed)
    if made:
        named = shapes.listed([str(family.general) for family in made.values()])
        what = "what goes into the activation" + "s" * (len(made) > 1)
        remarks.append(f"{named} {'name' if len(made) > 1 else 'names'} {what}")
    taken = _taken(network, made)
    arriving = None
    if output.shape or upstream is not None:
        declared = (*network.inputs.values(), *network.params.values())
        problem = Problem(network.steps, output, declared, upstream=network.upstream)
        arriving = upstream_symbol(problem, upstream, taken)
        if upstream is None and network.upstream is None:
            remarks.append(
                f"the output {output} is {shapes.show(output.shape)}, so {arriving} of that shape "
                "stands for what arrives from above"
            )
        taken.append(symbol_name(arriving))
    G = arriving if arriving is not None else number(1)
    swept = Sweep(stages, output, G, goals, taken, facts)
    if any(a.conditional for a in swept.order):
        remarks.append("a term that speaks of a member beyond the last falls away")
    derived = Derived(
        network,
        tuple(stages),
        output,
        tuple(goals),
        arriving,
        layout,
        tuple(remarks),
        tuple(facts),
        made,
        swept.book,
        swept.found,
        tuple(swept.order),
    )
    object.__setattr__(derived, "lines", tuple(_lines(derived)))
    return derived


def _taken(network: Network, made: dict[str, Family]) -> list[str]:
    names = [symbol_name(s.symbol) for s in network.steps if place_of(s.symbol) is None]
    return [*names, *network.inputs, *network.params, *network.families, *made, *network.spans]


def _goals(network: Network, wrt: Any, made: dict[str, Family]) -> list[Node | Family]:
    if wrt is None:
        by_role: dict[str, list[Node | Family]] = {
            "param": list(network.params.values()),
            "input": list(network.inputs.values()),
        }
        for name, family in network.families.items():
            if network.roles[name] in by_role:
                by_role[network.roles[name]].append(family)
        return by_role["param"] or by_role["input"]
    one = isinstance(wrt, (str, Node, Family)) or not isinstance(wrt, Iterable)
    found = []
    for wanted in [wrt] if one else wrt:
        if isinstance(wanted, str):
            wanted = made.get(wanted) or network[wanted.partition("[")[0]]
        goal = wanted
        goal = goal if isinstance(goal, (Node, Family)) else read(goal)
        place = place_of(goal) if isinstance(goal, Node) else None
        found.append(goal if place is None else place.family)
    return found


# -- lines ----------------------------------------------------------------------------------------


def _lines(derived: Derived) -> Iterable[IndexedLine]:
    for stage in derived.stages:
        for step in steps_of(stage):
            running = isinstance(stage, Loop) and step in stage.steps
            yield _line(
                step.name, "forward", step.symbol, step.definition,
                family_of(step.symbol).spans if running else (),
                down=isinstance(stage, Loop) and stage.down,
            )  # fmt: skip
    goals = set(derived.wrt)
    for arrived in derived.order:
        kind: Kind = "gradient" if arrived.of in goals else "adjoint"
        if isinstance(arrived.symbol, Node):
            assert isinstance(arrived.of, Node)
            if arrived.of is derived.output and is_number(arrived.value) and kind == "adjoint":
                continue  # dL/dL = 1 goes without saying
            yield _line(
                symbol_name(arrived.symbol), kind, arrived.symbol, arrived.value, (),
                arrived.of, arrived.through, derived.layout, before=_before(arrived.parts),
            )  # fmt: skip
            continue
        cases = [_of_case(derived, arrived, case, kind) for case in arrived.cases]
        loop = derived.loop_of(arrived.of)  # the boundary first: it lies where the loop ends
        yield from cases if loop is not None and loop.down else reversed(cases)


def _of_case(derived: Derived, arrived: Arrived, case: Case, kind: Kind) -> IndexedLine:
    """One line of a family: at a single place, or for a range of them."""
    assert isinstance(arrived.symbol, Family)
    assert isinstance(arrived.of, Family)
    fixed = {s.index: s.low for s in case.spans if s.low == s.high}
    left, member = arrived.symbol.general, arrived.of.general
    if fixed:
        left, member = at_index(left, fixed), at_index(member, fixed)
    through = tuple(dict.fromkeys(p.through for p in case.parts if p.through))
    loop = derived.loop_of(arrived.of)
    return _line(
        symbol_name(left), kind, left, case.value, case.spans, member, through,
        derived.layout, down=loop is not None and not loop.down,
        before=_before(case.parts, fixed),
    )  # fmt: skip


def _before(parts: Sequence[Part], fixed: Mapping[Any, Any] | None = None) -> Node | None:
    """What the uses send, added up and not yet simplified."""
    if not parts:
        return None
    value = add(*(p.value for p in parts))
    return at_index(value, fixed) if fixed else value


def _line(
    name: str,
    kind: Kind,
    left: Node,
    value: Node,
    spans: Sequence[Span],
    of: Node | None = None,
    through: tuple[str, ...] = (),
    layout: Layout = Layout.DENOMINATOR,
    down: bool = False,
    before: Node | None = None,
) -> IndexedLine:
    uses = tuple(symbol_name(n) for n in symbols(value))
    return IndexedLine(
        name, kind, left, value, value if before is None else before, (), uses, (), of, through, layout,
        spans=tuple(spans), down=down, member=of,
    )  # fmt: skip
