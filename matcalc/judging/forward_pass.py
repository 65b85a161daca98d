r"""A forward pass in LaTeX as a network, definition by definition.

What stands on the page keeps its look: each name remembers its LaTeX. Definitions by entries and
sums over samples become matrix formulas. What a network cannot say is refused by name and line, and
lines that claim something are no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError, NoRuleError, ParseError, ShapeError
from matcalc.expr import Node, symbol, symbol_name
from matcalc.facts import as_facts
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol
from matcalc.judging.definitions import defining_relations
from matcalc.judging.environment import Definition, Environment
from matcalc.judging.forward_families import General, Loop, loop_of, program_of
from matcalc.judging.forward_formulas import Formulas
from matcalc.judging.forward_layers import layers_written_out
from matcalc.judging.forward_letters import OPEN, Array, counting_letters, without_indices
from matcalc.judging.givens import EQUALS, declare, take_all
from matcalc.judging.guesses import infer
from matcalc.judging.indexed import COL, ROW, Indexed, NoMatrixForm, joined
from matcalc.judging.vocabulary import opened
from matcalc.language.loops import network_of
from matcalc.network import Network
from matcalc.ops.entries import item
from matcalc.reading import tree as t
from matcalc.reading.writer import write

PARAMETERS = re.compile(r"^(W|w|b|U|V|v|theta|Theta|beta|B)(_|\^|$)")
Places = tuple[Any, Any]


def network_from_latex(
    text: str, *, shapes: Mapping[str, Any] | None = None, macros: Any = None
) -> Network:
    """The network that a page, or a few formulas one a line, define."""
    env = Environment()
    for name, dims in (shapes or {}).items():
        declare(env, name, dims)
    page = defining_relations(text, env, macros)
    if not page.relations:
        raise MatcalcError("there is no definition in the text")
    numbered = layers_written_out(list(zip(page.relations, page.lines, strict=True)))
    relations = [relation for relation, _ in numbered]
    loop = loop_of(relations)
    env.page = tuple(relations)
    take_all(env, relations)
    stated = dict(env.shapes)
    infer_spelled_out(env)
    without_labels(env, stated)
    made = Translation(env, left_out=page.left_out, lines=_lines(numbered), stated=stated)
    return made.network() if loop is None else made.looped(loop)


def _lines(numbered: Sequence[tuple[t.Relation, int]]) -> dict[str, int]:
    """The lines on which names are defined first."""
    found: dict[str, int] = {}
    for relation, line in numbered:
        left = relation.sides[0] if relation.signs and relation.signs[0] in EQUALS else None
        left = left.base if isinstance(left, t.Postfix) else left
        left = left.head if isinstance(left, t.HeadBracket) else left
        if isinstance(left, t.Symbol):
            found.setdefault(left.name + s.below(left), line)
    return found


def infer_spelled_out(env: Environment) -> None:
    """Shapes of names, also of those that stand in a function: ``w`` of ``f(x) = w^T x``."""
    trial = env.copy()

    def applied(part: t.Node) -> t.Node:
        if not isinstance(part, t.HeadBracket) or not isinstance(part.head, t.Symbol):
            return part
        of = env.functions.get(s.full(part.head))
        if (
            of is None
            or of.component
            or not of.whole
            or len(of.parameters) != len(part.bracket.items)
        ):
            return part
        body = s.put(of.body, dict(zip(of.parameters, part.bracket.items, strict=True)))
        return t.Bracket("(", ")", (body,))

    for key, definition in env.definitions.items():
        body = definition.body
        for _ in range(3):
            body = s.rebuilt(body, applied)
        trial.definitions[key] = replace(definition, body=body)
    infer(trial, letters=True)
    env.shapes.update(trial.shapes)
    env.shape_patterns[:] = trial.shape_patterns
    env.symbols.update(trial.symbols)
    env.dims |= trial.dims
    env.sizes.update(trial.sizes)
    for sentence in trial.assumptions:
        env.assume(sentence)


def without_labels(env: Environment, stated: Mapping[str, Any]) -> None:
    """What was taken for an array because of a letter that counts nothing: ``d_k``."""
    known = env.copy()
    known.shapes = dict(stated)
    letters = counting_letters(known)
    for key in set(env.shapes) - set(stated):
        named = [p for r in env.page for p in t.walk(r) if isinstance(p, t.Symbol)]
        below = [p for p in named if p.subscripts and s.stem(p) == key]
        if any(isinstance(d, t.Symbol) and d.name.startswith("n_") for d in env.shapes[key]):
            del env.shapes[key]  # the letter tells how long it is
            continue
        plain = any(s.full(p) == key for p in named)
        if below and not plain and not any(set(s.letters_below(p)) & letters for p in below):
            del env.shapes[key]


@dataclass
class Translation(Formulas):
    """The definitions of a page as steps."""

    left_out: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict)  # shapes that the page itself says
    steps: list[tuple[str, Node, str]] = field(default_factory=list)
    made: dict[str, Array] = field(default_factory=dict)
    loop: Loop | None = None
    sums: dict[str, str] = field(default_factory=dict)  # sums over layers, by what stands for them

    def looped(self, loop: Loop) -> Network:
        """The network of a page with any number of layers."""
        self.labels, self.loop = frozenset({loop.letter}), loop
        self.read()
        for key in list(self.env.definitions):
            begun = f"{key[: -len(loop.letter)]}{loop.start}"
            open_ = begun in self.env.shapes and begun not in self.env.definitions
            if loop.place(key) == loop.letter and open_:
                dims = self.env.shapes[begun]
                shape = self.dim(dims[0]), self.dim(dims[1])
                self.free(self.env.symbols[begun], begun, () if shape == (1, 1) else shape)
        loss = loss_symbol(self.env)
        if loss is None or (s.full(loss), 0) not in self.arrays:
            raise NoRuleError("what is minimized does not follow; define a loss")
        general = General(
            [(d.name, d.node, bool(PARAMETERS.match(d.key))) for d in self.declared.values()],
            [(name, node) for name, node, _ in self.steps],
            self.keys,
            symbol_name(self.arrays[s.full(loss), 0].node),
            list(self.functions.values()),
            self.sums,
        )
        net = network_of(program_of(loop, general, self.sizes), "latex")
        net.assumed = (*self.env.assumptions, *self.said, *self.left_out)
        return net

    def read(self) -> None:
        """Every definition as a step."""
        if not self.env.order:
            raise ParseError("there is no equation that defines something")
        self.numbers |= {k for k, dims in self.env.shapes.items() if dims == (t.Number("1"),) * 2}
        for key in list(self.env.order):
            if key in self.env.definitions and not self._is_function(key):
                self.define(key)

    def network(self) -> Network:
        """The network: declarations, steps, facts, what is minimized."""
        self.read()
        net = Network("latex")
        order = {key: place for place, key in enumerate(self.env.symbols)}
        for made in sorted(self.declared.values(), key=lambda d: order.get(d.key, len(order))):
            add = net.param if PARAMETERS.match(made.key) else net.input
            add(made.name, *made.node.shape, latex=made.latex)
        for name, node, latex in self.steps:
            net.let(name, node, latex=latex)
        self._assume(net)
        self._finish(net)
        net.assumed = (*self.env.assumptions, *self.said, *self.left_out)
        return net

    def _is_function(self, key: str) -> bool:
        """``f(x) = w^T x``, which the page applies to other things than its own x."""
        return key in self.env.decorated and all(
            isinstance(x, t.Symbol) and not self.env.has(s.full(x)) for x in self.env.decorated[key]
        )

    def _assume(self, net: Network) -> None:
        for key, domain in self.env.domains.items():
            found = self.declared.get(key)
            if found is None or not found.node.shape:
                continue
            rows, cols = found.node.shape
            if domain == "onehot":
                fact = "cols_sum_to_one" if shapes.is_one(cols) else "rows_sum_to_one"
                net.assume(*as_facts(f"{fact}({found.name})"))
            elif domain in FACTS and shapes.same(rows, cols):
                net.assume(*as_facts(f"{FACTS[domain]}({found.name})"))

    def _finish(self, net: Network) -> None:
        loss = loss_symbol(self.env)
        names = [name for name, _, _ in self.steps]
        array = self.arrays.get((s.full(loss), 0)) if loss is not None else None
        if array is not None:
            net.minimize(symbol_name(array.node))
            return
        last = names[-1] if names else None
        if last is None:
            raise ParseError("there is no equation that defines something")
        if net[last].shape:
            net.output(last)
        else:
            net.minimize(last)

    # ------------------------------------------------------------ steps

    def step_for(self, node: t.Symbol, key: str, count: int) -> Array | None:
        """The step that a name means, defined on the way if need be."""
        if self.loop is not None and (member := self.loop.place(key)) and not count:
            if key not in self.env.definitions:
                return self.layer(node, key, member)
        for own, definition in self.env.definitions.items():
            if definition.left.name != node.name or not self._names(definition, own, key):
                continue
            if own in self.underway:
                if count or own == key:
                    raise NoRuleError(f"{write(node)} is defined by itself")
                continue
            places = self.define(own)
            return self._with(places, key, count)
        return None

    def layer(self, node: t.Symbol, key: str, place: str) -> Array | None:
        """A member of a family of steps, in the shape of the general one."""
        assert self.loop is not None, "asked inside a loop only"
        general = f"{key[: -len(place)]}{self.loop.letter}"
        if general not in self.env.definitions:
            return None
        made = self.made.get(general)
        if made is not None:
            shape = tuple(self.at_layer(d, place) for d in made.node.shape)
        else:
            dims = self.env.shapes.get(key) or self.env.shapes.get(general)
            begun = f"{key[: -len(place)]}{self.loop.start}"
            start = self.arrays.get((begun, 0))
            first = start.node.shape if start is not None else ()
            if begun in self.stated:
                first = tuple(map(self.dim, self.env.shapes[begun]))
            if first:
                shape = tuple(self.at_layer(d, place, self.loop.start) for d in first)
            elif dims is not None:
                shape = (self.dim(dims[0]), self.dim(dims[1]))
            else:
                return None
        found = Array(self.free(node, key, shape).node, (ROW, COL), key)
        self.arrays[key, 0] = found
        return found

    def over_layers(self, node: t.BigOperator) -> Indexed:
        """``\\sum_{t=1}^T`` of numbers: a name that stands for the sum in the program."""
        plain = len(node.lower) == 1 and node.body is not None and self.loop is not None
        if not plain or (self.underway and self.loop.place(self.underway[-1])):  # type: ignore[union-attr]
            return super().over_layers(node)
        low, high = self.span(node, self.loop.letter)  # type: ignore[union-attr]
        value = self.value(node.body)  # type: ignore[arg-type]
        if value.axes:
            return super().over_layers(node)
        name = self.identifier(f"sum{len(self.sums) + 1}")
        self.sums[name] = f"isum({value.node()}, {self.loop.letter}, {low}, {high})"  # type: ignore[union-attr]
        return Indexed.of(symbol(name, ()))

    def at_layer(self, size: Any, place: str, there: str = "") -> Any:
        """A size of one layer, of the general one if nothing is said, at another."""
        assert self.loop is not None, "asked inside a loop only"
        swaps = {}
        for name, key in list(self.sizes.items()):
            stem, _, last = key.rpartition("_")
            if last == (there or self.loop.letter):
                other = re.sub(r"\W", "", f"{stem}_{place}")
                self.sizes[other] = f"{stem}_{place}"
                swaps[shapes.dim(name)] = shapes.dim(other)
        return size.xreplace(swaps)

    def _names(self, definition: Definition, own: str, key: str) -> bool:
        if own == key:
            return True
        letters = [x for x in definition.letters if x in self.counting()]
        return bool(letters) and s.full(without_indices(definition.left)) == key

    def _with(self, array: Array, key: str, count: int) -> Array | None:
        """The same matrix, as a name with so many indices sees it."""
        have = array.indices
        if have == count:
            return array
        places: list[Any] = list(array.places)
        rows, cols = array.node.shape or (1, 1)
        if have == 0 and array.node.shape:
            flat = shapes.is_one(rows) or shapes.is_one(cols)
            if count == 2:
                places = [0, 1]
            elif flat:
                places = [0, None] if shapes.is_one(cols) else [None, 0]
            else:
                places = [0, COL]
        elif count == 0:
            places = [ROW, COL]
        else:
            return None
        return Array(array.node, (places[0], places[1]), key)

    def define(self, own: str) -> Array:
        """One definition as a step."""
        definition = self.env.definitions[own]
        left = definition.left
        if own in self.made:
            return self.made[own]
        self.underway.append(own)
        try:
            made = self._defined(definition)
        except (NoMatrixForm, NoRuleError, ShapeError) as error:
            if getattr(error, "located", False):
                raise
            line = self.lines.get(left.name + s.below(left))
            where = f"line {line}: " if line else ""
            kind = ShapeError if isinstance(error, ShapeError) else NoRuleError
            new = kind(f"{where}{write(left)} = {_short(definition.body)} is not read: {error}")
            new.located = True  # type: ignore[union-attr]
            raise new from error
        finally:
            self.underway.pop()
        self.made[own] = made
        return made

    def _defined(self, definition: Definition) -> Array:
        left, body = definition.left, opened(definition.body, self.env)
        letters = [x for x in definition.letters if x in self.counting()]
        ranges = {}
        for letter in letters:
            wide = replace(self, ranges={x: (sp.Integer(1), OPEN) for x in letters}, local={})
            said = definition.ranges.get(letter)
            found = (wide.range_said(said) if said is not None else None) or wide.range_of(
                letter, body
            )
            if found is None:
                raise NoRuleError(f"how far {letter} runs does not follow; write its range")
            ranges[letter] = found
        inner = replace(self, ranges=ranges, local={}, open=())
        value = inner.value(body)
        for letter in letters:
            length = inner.length(letter)
            value = Indexed(value.terms, joined(value.axes, {letter: length}))
        places = _layout(letters, value)
        node = value.node(*places)
        bald = without_indices(left) if letters else left
        if len(letters) == 1 and value.slots:
            bald = self.gathered(bald)
            if bald != without_indices(left):
                self.say(f"the rows of {write(bald)} are the {write(left)}")
        if node.shape and all(map(shapes.is_one, node.shape)):
            node = item(node)
        key = s.full(bald)
        declared = self.env.shapes.get(s.full(left))
        if declared is not None and not letters:
            self._agrees(left, declared, node)
        name = self.identifier(key)
        self.steps.append((name, node, write(bald)))
        numbered = tuple(letters.index(p) if p in letters else p for p in places)
        made = Array(symbol(name, node.shape, write(bald)), (numbered[0], numbered[1]), key)
        if not node.shape:
            made = replace(made, places=(ROW, COL))
        self.arrays[s.full(without_indices(left)) if letters else s.full(left), len(letters)] = made
        return made

    def _agrees(self, left: t.Symbol, declared: Any, node: Node) -> None:
        wanted = self.dim(declared[0]), self.dim(declared[1])
        mine = node.shape or (1, 1)
        if not shapes.same_shape(wanted, tuple(map(shapes.dim, mine))):
            raise ShapeError(
                f"the page says {shapes.show(wanted)}, but the formula is {shapes.show(mine)}"
            )


FACTS = {"symmetric": "symmetric", "positive definite": "positive_definite",
         "definite": "positive_definite", "orthogonal": "orthogonal"}  # fmt: skip


def _layout(letters: list[str], value: Indexed) -> Places:
    """What the rows and the columns of a step are."""
    slots = value.slots
    if len(letters) + len(slots) > 2:
        raise NoMatrixForm("it has more than two axes")
    if not letters:
        return ROW, COL
    rest = [*letters[1:], *slots]
    return letters[0], rest[0] if rest else None


def _short(node: t.Node) -> str:
    text = write(node)
    return text if len(text) <= 120 else text[:117] + "..."
