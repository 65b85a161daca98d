"""The backward sweep through loops: the recursion itself, not an unrolled copy.

A loop is one step of the sweep. What arrives at its families is a family too: each definition is
pulled back once, at the general index, and what it sends to ``h[t - 1]`` is collected at ``h[t]`` from
the index after it. So a boundary value, a recursion downwards and sums over the index come out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matcalc.expr import Node, is_symbol, leaves, postorder, substitute, symbol
from matcalc.facts import Fact
from matcalc.families.places import Case, Part, Use, at_place, cases_of, conditions, part_of, summed
from matcalc.families.stages import Loop, Plain, Stage
from matcalc.linear import pull
from matcalc.members import Family, Span, family_of, members, place_of
from matcalc.network import Step
from matcalc.ops.algebra import SUM_OP, add, is_zero, zero_of
from matcalc.ops.binder import ISUM, at_index, index, isum
from matcalc.ops.entries import box
from matcalc.render.names import is_affine
from matcalc.reverse import Adjoints, shortest, spoken_value
from matcalc.rewrite.cost import cost
from matcalc.rewrite.inferred import Known
from matcalc.rewrite.laws.products import constant_out_of_sum


@dataclass(frozen=True)
class Arrived:
    """What arrives at one symbol, or at every member of a family."""

    of: Node | Family
    symbol: Node | Family
    cases: tuple[Case, ...]  # one, without ranges, for a plain symbol
    parts: tuple[Part, ...]
    through: tuple[str, ...]

    @property
    def value(self) -> Node:
        """At a plain symbol."""
        return self.cases[0].value

    @property
    def conditional(self) -> bool:
        """Whether some use exists only where the ranges are long enough."""
        return any(p.where for p in self.parts)


class Book(Adjoints):
    """The adjoints of one sweep, families among them."""

    def __init__(self, output: Node, taken: Any) -> None:
        super().__init__(output, taken)
        self.families: dict[Family, Family] = {}  # family -> its adjoint
        self.meant: dict[Family, Node] = {}  # family -> its general definition
        self.values: dict[Family, Node] = {}  # adjoint -> the value at the general place

    def name_family(self, of: Family, latex: str | None) -> Family:
        name = f"d{of.name}"
        while name in self.taken:
            name = f"{name}_"
        self.taken.add(name)
        found = Family(of.network, name, of.spans, of.shape, latex, of)
        found.output = self.output
        found.of_value = self.meant.get(of)
        affine = [f for f, value in self.meant.items() if is_affine(value)]
        found.alone = affine == [of]
        self.families[of] = found
        return found

    def definition_of(self, node: Node) -> Node | None:
        place = place_of(node)
        if place is None:
            return super().definition_of(node)
        value = self.values.get(place.family)
        if value is None:
            return None
        return at_index(value, dict(zip(place.family.indices, place.at, strict=True)))


class Sweep:
    """One sweep, from the output to the goals."""

    def __init__(
        self,
        stages: Sequence[Stage],
        output: Node,
        G: Node,
        goals: Sequence[Node | Family],
        taken: Sequence[str],
        facts: Sequence[Fact] = (),
    ) -> None:
        self.stages, self.output, self.goals = list(stages), output, list(goals)
        self.facts = tuple(facts)
        self.steps = [s for stage in stages for s in _steps(stage)]
        self.starts = [s for stage in stages if isinstance(stage, Loop) for s in stage.starts]
        self.known = {s.definition: s.symbol for s in self.steps if s.definition.operands}
        self.assumed = Known((), self.steps)
        self.book = Book(output, taken)
        self.book.meant = {
            family_of(s.symbol): s.definition for s in self.steps if place_of(s.symbol) is not None
        }
        self.uses: dict[Node | Family, list[Use]] = {}
        self.found: dict[Node | Family, Arrived] = {}
        self.order: list[Arrived] = []
        self.concerned = self._leading_to()
        self._fresh = 0
        if output in {s.symbol for s in self.steps} or output in goals:
            self.uses[output] = [Use(G, (), (), "")]
        else:
            self._send(output, G, (), "")
        self._run()

    # -- what depends on a goal -------------------------------------------------------------------

    def _leading_to(self) -> set[Node | Family]:
        found: set[Node | Family] = set(self.goals)
        while True:
            before = len(found)
            for step in (*self.steps, *self.starts):
                if any(_target(n) in found for n in leaves(step.definition)):
                    found.add(_target(step.symbol))
            if len(found) == before:
                return found

    # -- the sweep --------------------------------------------------------------------------------

    def _run(self) -> None:
        for stage in reversed(self.stages):
            if isinstance(stage, Plain):
                self._plain(stage.step)
            else:
                self._loop(stage)
        for goal in self.goals:
            if goal not in self.found:
                self._settle_goal(goal)

    def _plain(self, step: Step) -> None:
        if step.symbol not in self.uses or step.symbol not in self.concerned:
            return
        value = self._settle(step.symbol, step.adjoint)
        self._send(step.definition, value, (), step.name)

    def _loop(self, loop: Loop) -> None:
        reached = self._reached(loop)
        live = [s for s in loop.steps if family_of(s.symbol) in reached]
        adjoints = {}
        for step in reversed(live):
            family = family_of(step.symbol)
            adjoints[family] = self.book.name_family(family, step.adjoint)
        for step in reversed(live):
            name = family_of(step.symbol).name
            arriving = adjoints[family_of(step.symbol)].general
            self._send(step.definition, arriving, family_of(step.symbol).spans, name)
        for step in reversed(live):
            self._settle_family(family_of(step.symbol))
        for start in loop.starts:
            if family_of(start.symbol) in reached:
                self._start(start)

    def _reached(self, loop: Loop) -> set[Family]:
        """The families of a loop at which something arrives that leads to a goal."""
        found = {f for s in loop.steps if (f := family_of(s.symbol)) in self.uses}
        while True:
            before = len(found)
            for step in loop.steps:
                if family_of(step.symbol) in found:
                    inside = {family_of(m) for m in members(step.definition)}
                    found |= inside & {family_of(s.symbol) for s in loop.steps}
            if len(found) == before:
                return found & self.concerned

    def _start(self, start: Step) -> None:
        """What arrives at the member before the first goes to its definition."""
        goals = [n for n in leaves(start.definition) if _target(n) in self.concerned]
        if not goals:
            return
        place = place_of(start.symbol)
        assert place is not None
        family = place.family
        parts = [part_of(u, family.indices) for u in self.uses[family]]
        swaps = {family.indices[-1]: place.at[-1]}
        together: dict[tuple[Any, ...], list[Part]] = {}
        for part in at_place(parts, place.at, family.spans):
            together.setdefault(conditions(part, place.at, family.spans), []).append(part)
        for where, here in together.items():
            value = self._clean(at_index(add(*(p.value for p in here)), swaps))
            self._send(start.definition, value, family.spans[:-1], start.name, where)

    # -- sending ----------------------------------------------------------------------------------

    def _wanted(self, node: Node) -> bool:
        return is_symbol(node) and _target(node) in self.concerned

    def _send(
        self,
        root: Node,
        G: Node,
        spans: tuple[Span, ...],
        through: str,
        where: tuple[Any, ...] = (),
    ) -> None:
        if is_zero(G):
            return
        for leaf, use in self._pulled(root, G, spans, through):
            fresh = {s.index: self._index() for s in use.spans}
            renamed = Use(
                at_index(use.value, fresh) if fresh else use.value,
                tuple(e.xreplace(fresh) for e in use.at),
                tuple(
                    Span(fresh[s.index], s.low.xreplace(fresh), s.high.xreplace(fresh))
                    for s in use.spans
                ),
                use.through,
                where,
            )
            self.uses.setdefault(_target(leaf), []).append(renamed)

    def _pulled(
        self, root: Node, G: Node, spans: tuple[Span, ...], through: str
    ) -> Iterator[tuple[Node, Use]]:
        """Every use of a wanted symbol; through a sum, once for its general term."""
        sums = [
            n
            for n in postorder(root, stop=lambda n: n.op is ISUM)
            if n.op is ISUM and any(self._wanted(s) for s in postorder(n))
        ]
        held = {n: symbol(f"?sum{k}", n.shape) for k, n in enumerate(sums)}
        back = {stand_in: n for n, stand_in in held.items()}
        top = substitute(root, held) if held else root
        found = pull(top, G, wanted=lambda n: n in back or self._wanted(n), known=dict(self.known))
        for leaf, value in found.items():
            value = substitute(value, back) if back else value
            if leaf in back:
                variable, low, high = back[leaf].params
                own = self._index()
                body = at_index(back[leaf].operands[0], {variable: own})
                yield from self._pulled(body, value, (*spans, Span(own, low, high)), through)
            else:
                place = place_of(leaf)
                yield leaf, Use(value, place.at if place else (), spans, through)

    def _index(self) -> Any:
        self._fresh += 1
        return index(f"_u{self._fresh}?")

    # -- collecting -------------------------------------------------------------------------------

    def _settle(self, node: Node, latex: str | None) -> Node:
        """What arrives at a plain step, and how later lines speak of it."""
        uses = self.uses.pop(node, [])
        before = add(*(summed(u) for u in uses)) if uses else zero_of(node.shape)
        value = shortest(before, self.book, self._clean)
        if value.op is SUM_OP:
            value = add(*self._one_sum(value.operands))
        if node.shape and not value.shape:
            value = box(value)
        name = self.book.name(node, latex)
        self.book.define(name, value)
        self.assumed.learn(name, value)
        parts = tuple(Part(summed(u), (), u.through, u.where) for u in uses)
        self._note(Arrived(node, name, (Case((), value, parts),), parts, _through(uses)))
        return name if any(u.where for u in uses) else spoken_value(name, value)

    def _settle_family(self, family: Family) -> None:
        uses = self.uses.get(family, [])
        parts = tuple(part_of(u, family.indices) for u in uses)
        cases = [
            replace(case, value=self._shortest_case(case))
            for case in cases_of(parts, family.spans, family.shape)
        ]
        name = self.book.families.get(family) or self.book.name_family(family, None)
        if len(cases) == 1 and not cases[0].is_point:
            self.book.values[name] = cases[0].value
        self._note(Arrived(family, name, tuple(cases), parts, _through(uses)))

    def _shortest_case(self, case: Case) -> Node:
        """In its shortest form; as the sum of what each step sends, where that is as short."""
        best = shortest(case.value, self.book, self._clean)
        senders = dict.fromkeys(p.through for p in case.parts)
        if len(senders) < 2 or case.is_point:
            return best
        by_step = [
            shortest(add(*(p.value for p in case.parts if p.through == s)), self.book, self._clean)
            for s in senders
        ]
        apart = add(*self._one_sum(by_step))
        return apart if cost(apart) <= cost(best) else best

    def _one_sum(self, values: Sequence[Node]) -> list[Node]:
        """Sums over the same range are one sum."""
        together: dict[Any, list[Node]] = {}
        for value in values:
            ends = value.params[1:] if value.op is ISUM else value
            together.setdefault(ends, []).append(value)
        found = []
        for same in together.values():
            if len(same) == 1:
                found += same
                continue
            own, (_, low, high) = self._index(), same[0].params
            terms = [at_index(v.operands[0], {v.params[0]: own}) for v in same]
            found.append(isum(add(*terms), own, low, high))
        return found

    def _settle_goal(self, goal: Node | Family) -> None:
        if isinstance(goal, Family):
            self._settle_family(goal)
        else:
            self._settle(goal, None)

    def _note(self, arrived: Arrived) -> None:
        self.found[arrived.of] = arrived
        self.order.append(arrived)

    # -- simplifying ------------------------------------------------------------------------------

    def _clean(self, root: Node) -> Node:
        """Simplified; a sum is one symbol for what stands outside, and its term on its own."""
        held: dict[Node, Node] = {}
        for k, node in enumerate(postorder(root, stop=lambda n: n.op is ISUM)):
            if node.op is ISUM:
                variable, low, high = node.params
                # A name of its own: what is simplified alone may bind indices itself.
                own = self._index()
                term = self._clean(at_index(node.operands[0], {variable: own}))
                whole = isum(term, own, low, high)
                if whole.op is ISUM:
                    whole = constant_out_of_sum(whole) or whole
                held[node] = symbol(f"?held{k}", node.shape)
                held[held[node]] = whole
        out = {n: s for n, s in held.items() if n.op is ISUM}
        back = {s: held[s] for s in out.values()}
        named = substitute(root, out) if out else root
        simple = self._with_facts(named)
        return substitute(simple, back) if back else simple

    def _with_facts(self, node: Node) -> Node:
        """Facts about a family are facts about each of its members."""
        shown = {n: f for n in leaves(node) if (f := place_of(n)) is not None}
        if not self.facts and not shown:
            return self.assumed.simplify(node)
        about: dict[str, list[str]] = {}
        for fact in self.facts:
            about.setdefault(fact.of, []).append(fact.name)
        facts = {name: list(said) for name, said in self.assumed.facts.items()}
        for leaf in leaves(node):
            place = shown.get(leaf)
            key = leaf.params[0] if place is None else place.family.name
            learnt = (
                () if place is None else self.assumed.facts.get(place.family.general.params[0], ())
            )
            facts[leaf.params[0]] = [*learnt, *facts.get(leaf.params[0], ()), *about.get(key, ())]
        known = Known((), ())
        known.facts, known.names = facts, self.assumed.names
        return known.simplify(node)


def _steps(stage: Stage) -> tuple[Step, ...]:
    return (stage.step,) if isinstance(stage, Plain) else stage.steps


def _target(node: Node) -> Node | Family:
    """The symbol, or the family of a member."""
    place = place_of(node)
    return node if place is None else place.family


def _through(uses: Sequence[Use]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(u.through for u in uses if u.through))
