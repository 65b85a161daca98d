"""The plan: a straight-line program of named statements, the forward pass, then the backward pass.

A plan is made once from a derivation or from a list of expressions; every writer reads it and
computes nothing. A term gets a statement if it has a name, is used twice, or would make a line too
long; the others are written where they are used. Statements that do not depend on a loop's index
stand before the loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from matcalc.codegen.demands import Demand
from matcalc.codegen.lower import Lowering
from matcalc.codegen.naming import Identifiers
from matcalc.codegen.products import STACKS
from matcalc.codegen.resolve import Resolver, postorder
from matcalc.codegen.terms import Term, is_full
from matcalc.expr import Node, symbol_name
from matcalc.facts import Fact
from matcalc.shapes import Shape

MANY = 8  # matrices without a name from which on their names are used again
INLINE = 5  # operations on one line, beside the names
VIEWS = frozenset({"T", "slice", "item"})
LEAVES = frozenset({"in", "number", "dim"})


@dataclass(frozen=True)
class Wanted:
    """A line of the program that has a name: a step, an adjoint, a gradient."""

    name: str
    node: Node
    formula: str = ""
    backward: bool = False


@dataclass(frozen=True)
class Statement:
    """``name = term``; in a loop the name gathers a sum."""

    name: str
    term: Term
    backward: bool = False
    body: tuple[Statement, ...] = ()  # of a loop
    index: str = ""  # its index variable


@dataclass(frozen=True)
class Argument:
    """An input of the program."""

    name: str  # as the user wrote it
    word: str  # in the program
    shape: Shape


@dataclass
class Plan:
    """A program before it is written in a language."""

    arguments: tuple[Argument, ...]
    functions: tuple[Argument, ...]
    statements: tuple[Statement, ...]
    value: tuple[tuple[str, Term], ...]  # what is computed, by label
    gradients: tuple[tuple[str, Term], ...]
    names: Mapping[Term, str]
    words: Identifiers
    formulas: tuple[tuple[str, bool], ...]  # text and whether it belongs to the backward pass
    upstream: str | None = None
    dims: Mapping[str, str] = field(default_factory=dict)  # dimension -> word
    single: bool = True  # one value, not a tuple
    demands: tuple[Demand, ...] = ()
    stated: Mapping[str, int] = field(default_factory=dict)  # sizes planned for
    said: tuple[str, ...] = ()  # of stable forms that no operation tells of

    def terms(self) -> list[Term]:
        """Every term that is computed."""
        return postorder([t for _, t in (*self.value, *self.gradients)])


class Planner:
    """Makes one plan."""

    def __init__(
        self,
        facts: Iterable[Fact] = (),
        sizes: Mapping[str, int] | None = None,
        steps: Mapping[Node, Node] | None = None,
        flat: bool = False,
    ) -> None:
        known: dict[str, set[str]] = {}
        for fact in facts:
            known.setdefault(fact.of, set()).add(fact.name)
        self.graph = Lowering(sizes, {k: frozenset(v) for k, v in known.items()}, steps)
        self.words = Identifiers()
        self.flat = flat

    def plan(
        self,
        lines: Sequence[Wanted],
        value: Sequence[tuple[str, Node]],
        gradients: Sequence[tuple[str, Node]] = (),
        inputs: Sequence[Node] = (),
        upstream: Node | None = None,
        single: bool = True,
    ) -> Plan:
        roots = [node for _, node in (*value, *gradients)]
        outputs = self.graph.lower(roots)
        named = [w for w in lines if w.node in self.graph.image]
        resolver = Resolver(self.graph)
        done = resolver.run(outputs)
        arguments = self._arguments(inputs, upstream)
        functions = self._functions()
        dims = {
            name: self.words.declare(name) for name in sorted(self._dimensions(done, arguments))
        }
        reachable = set(postorder(done))
        names: dict[Term, str] = {}
        order: list[tuple[Term, bool]] = []
        formulas = []
        for w in named:
            term = resolver.value(self.graph.image[w.node])
            word = self.words.declare(w.name)
            if term in reachable and term.op not in LEAVES and term not in names:
                names[term] = word
                order.append((term, w.backward))
        formulas = [(w.formula, w.backward) for w in lines if w.formula]
        order += [(t, bool(gradients)) for t in done]
        statements = Scheduler(names, self.words, done, self.flat).run(order)
        count = len(value)
        labels = [name for name, _ in (*value, *gradients)]
        pairs = list(zip(labels, done, strict=True))
        return Plan(
            arguments,
            functions,
            tuple(statements),
            tuple(pairs[:count]),
            tuple(pairs[count:]),
            names,
            self.words,
            tuple(formulas),
            symbol_name(upstream) if upstream is not None else None,
            dims,
            single,
            tuple(self.graph.demands),
            self.graph.sizes.stated,
            tuple(self.graph.said),
        )

    def _arguments(self, inputs: Sequence[Node], upstream: Node | None) -> tuple[Argument, ...]:
        declared = {symbol_name(n): n for n in inputs}
        for name, node in self.graph.inputs.items():
            declared.setdefault(name, node)
        if upstream is not None:
            declared.pop(symbol_name(upstream), None)
            declared[symbol_name(upstream)] = upstream
        return tuple(
            Argument(name, self.words.declare(name), node.shape) for name, node in declared.items()
        )

    def _functions(self) -> tuple[Argument, ...]:
        return tuple(Argument(name, self.words.declare(name), ()) for name in self.graph.functions)

    def _dimensions(self, done: Sequence[Term], arguments: Sequence[Argument]) -> set[str]:
        """Every dimension that a shape or a parameter speaks of."""
        found = {s.name for a in arguments for d in a.shape for s in d.free_symbols}
        for t in postorder(done):
            for p in (*t.params, *t.shape):
                found |= {s.name for s in getattr(p, "free_symbols", ())}
        for demand in self.graph.demands:
            found |= {s.name for e in (demand.value, *demand.guards) for s in e.free_symbols}
        return {name for name in found if not name.startswith("_k")}


class Scheduler:
    """Puts terms in order and decides which get a name of their own."""

    def __init__(
        self,
        names: dict[Term, str],
        words: Identifiers,
        outputs: Sequence[Term],
        flat: bool = False,
    ) -> None:
        self.flat = flat
        self.names, self.words = names, words
        self.uses: dict[Term, int] = {}
        self.users: dict[Term, set[str]] = {}
        for t in outputs:
            self.uses[t] = self.uses.get(t, 0) + 1
        for t in reversed(postorder(outputs)):
            times = self.uses[t] if t.op == "T" else 1  # a transpose is written where it is used
            for a in t.args:
                self.uses[a] = self.uses.get(a, 0) + times
                self.users.setdefault(a, set()).add(t.op)
        self.outputs = set(outputs)
        self.weight: dict[Term, int] = {}
        self.bound: set[Term] = set()

    def run(self, order: Sequence[tuple[Term, bool]]) -> list[Statement]:
        found: list[Statement] = []
        for term, backward in order:
            found.extend(self._until(term, backward, frozenset()))
        return found

    def _until(self, root: Term, backward: bool, inside: frozenset[str]) -> list[Statement]:
        """Statements for everything below ``root`` whose indices have values."""
        found: list[Statement] = []
        for t in postorder([root], stop=self.bound.__contains__):
            if t in self.bound or not t.free <= inside:
                continue
            if t.op == "loop":
                found.extend(self._loop(t, backward, inside))
            elif self._wants_name(t, root):
                name = self._name(t)
                found.append(Statement(name, t, backward))
                self.bound.add(t)
        return found

    def _name(self, t: Term) -> str:
        found = self.names.get(t)
        if found is None:
            found = self.names[t] = self.words.fresh("t")
        return found

    def _wants_name(self, t: Term, root: Term) -> bool:
        if t.op in LEAVES or _is_itself(t):
            return False
        own = 0 if t.op == "T" else 1
        weight = own + sum(self.weight.get(a, 0) for a in t.args if a not in self.bound)
        if t in self.names or (t is root and t in self.outputs and t.op != "T"):
            self.weight[t] = 0
            return True
        if t.op == "T" or (t.op == "mul" and _is_minus(t, self.bound)):
            self.weight[t] = weight
            return False
        if self.flat and t.shape:
            return not self._stays_inside(t)
        if t.op in STACKS and self.users.get(t, set()) <= STACKS and self.uses.get(t, 0) == 1:
            self.weight[t] = 0
            return False
        shared = self.uses.get(t, 0) > 1 and (t.op != "mul" or bool(t.shape) or weight > 1)
        if shared or weight > INLINE:
            self.weight[t] = 0
            return True
        self.weight[t] = weight
        return False

    def _stays_inside(self, t: Term) -> bool:
        """With one operation a statement: views, and what the operation above does by itself."""
        if t.op in VIEWS:
            return True
        users = self.users.get(t, set())
        if t.op == "pow" and t.args[1].op == "number" and t.args[1].params[0] == -1:
            return users == {"mul"} and self.uses.get(t, 0) == 1
        full = t.op == "mul" and len(t.args) == 2 and all(a.shape == t.shape for a in t.args)
        full = full or (t.op == "pow" and t.args[1].op == "number" and t.args[1].params[0] == 2)
        return full and bool(users & {"rowsum", "colsum"}) and self.uses.get(t, 0) == 1

    def _loop(self, t: Term, backward: bool, inside: frozenset[str]) -> list[Statement]:
        body, variable = t.args[0], t.params[0].name
        found: list[Statement] = []
        # What the body needs and the index does not change stands before the loop.
        for part in postorder([body]):
            if variable not in part.free and part.free <= inside and part.args:
                user = any(part in u.args and variable in u.free for u in postorder([body]))
                if user and part not in self.bound and part.op not in ("T", "loop"):
                    found.extend(self._until(part, backward, inside))
                    if part not in self.bound:
                        found.append(Statement(self._name(part), part, backward))
                        self.bound.add(part)
        known = set(self.bound)
        steps = self._until(body, backward, inside | {variable})
        if body not in self.bound:
            steps.append(Statement(self._name(body), body, backward))
        index = self.words.fresh("i")
        found.append(Statement(self._name(t), t, backward, tuple(steps), index))
        self.bound = known | {t}
        self.weight[t] = 0
        return found


def _is_itself(t: Term) -> bool:
    """A triangular input is its own factorisation."""
    return t.op == "factor" and t.params[0] in ("lower", "upper") and t.args[0].op == "in"


def _is_minus(t: Term, bound: set[Term]) -> bool:
    """-A: a sum writes it with its own sign."""
    number, *rest = t.args
    rest = [a.args[0] if a.op == "T" else a for a in rest]
    return (
        number.op == "number" and len(rest) == 1 and number.params[0] == -1
        and (rest[0] in bound or rest[0].op in LEAVES)
    )  # fmt: skip


def renamed(plan: Plan) -> Plan:
    """Unnamed matrices under names that are free again: what is not read any more is let go."""
    statements = plan.statements
    own = {s.term for s in statements if is_full(s.term) and s.name in plan.words.made}
    if len(own) < MANY or plan.upstream is not None or any(s.body for s in statements):
        return plan
    last: dict[Term, int] = {}
    named = {s.term for s in statements}
    for k, s in enumerate(statements):
        for t in postorder([s.term], stop=lambda t, s=s: t in named and t is not s.term):
            last[t] = k
    results = {t for _, t in (*plan.value, *plan.gradients)}
    keep = {b for r in results for b in postorder([r], stop=named.__contains__)}
    free: list[str] = []
    out: list[Statement] = []
    fresh: dict[Term, str] = {}
    for k, s in enumerate(statements):
        dying = [t for t in own if last.get(t) == k and t in fresh and t not in keep]
        name = s.name
        if s.term in own:
            name = free.pop() if free else s.name
            while name in {fresh[t] for t in fresh if last.get(t, 0) >= k or t in keep}:
                name = plan.words.fresh("t")
            fresh[s.term] = name
        out.append(Statement(name, s.term, s.backward))
        free.extend(fresh[t] for t in dying)
    return replace(plan, statements=tuple(out))
