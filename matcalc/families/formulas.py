"""One formula of a loop as statements: members are places in dictionaries, sums are loops.

Every symbol is a stand-in while the plan of the formula is made, and is written as ``h[t - 1]`` or ``W``
afterwards; what the plan knows (chains of products, fused entrywise code, helpers) serves loops too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.codegen.naming import Identifiers
from matcalc.codegen.plan import Planner, Wanted
from matcalc.codegen.source import OVERFLOWS, indented
from matcalc.errors import NoRuleError
from matcalc.expr import Node, is_symbol, postorder, rebuilt, substitute, symbol
from matcalc.families.dialects import TARGET, Dialect
from matcalc.families.ledger import Ledger, name_in
from matcalc.members import Span, place_of
from matcalc.ops.binder import ISUM, at_index, index, letter_for
from matcalc.shapes import IndexedDim, Shape


class Formulas:
    """Writes formulas of one program; remembers the words and helpers it used, and what they cost."""

    def __init__(
        self,
        word_of: Callable[[Node], str],
        words: Identifiers,
        letters: Iterable[str],
        language: Dialect,
    ) -> None:
        self.word_of, self.words, self.language = word_of, words, language
        self.like = ""  # the word of some array
        self.around: tuple[Span, ...] = ()  # the loops around what is written now
        self.ledger = Ledger()
        self.helpers: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.dims: set[str] = set()  # dimensions that the text speaks of
        self.overflows = False
        self.letters = frozenset(letters)
        self.own: set[str] = set()

    def integer(self, value: Any) -> str:
        """An integer expression: an end of a range, a place."""
        self.dims |= {s.name for s in value.free_symbols if s.name not in self.own}
        swaps = {s: sp.Symbol(self.name_of_dim(s.name)) for s in value.free_symbols}
        return str(value.xreplace(swaps))

    def name_of_dim(self, name: str) -> str:
        return name if name in self.own else self.words.declare(name)

    def span(self, span: Span, down: bool = False) -> str:
        """``range(1, T + 1)``, or downwards."""
        low, high = self.integer(span.low), self.integer(sp.expand(span.high + 1))
        if down:
            last = self.integer(sp.expand(span.low - 1))
            return f"range({self.integer(span.high)}, {last}, -1)"
        return f"range({low}, {high})"

    # -- one formula ------------------------------------------------------------------------------

    def written(self, target: str, node: Node) -> list[str]:
        """``target = node``, with loops for its sums on lines before."""
        if node.op is ISUM and _over_members(node):
            return self.loop(target, node)
        before, named, sums = self._sums(node)
        text, lines = self._planned(target, named, sums)
        return [*before, *lines, *([f"{target} = {text}"] if text is not None else [])]

    def added(self, target: str, node: Node) -> list[str]:
        """``target += node``."""
        before, named, sums = self._sums(node)
        name = self.words.fresh("s")
        text, lines = self._planned(name, named, sums, booked=name_in(target))
        self.ledger.note(name_in(target), node.shape, self.around)
        if text is None and lines and lines[-1].startswith(f"{name} = "):
            text, lines = lines[-1].partition(" = ")[2].partition("  # ")[0], lines[:-1]
            text = f"({text})" if "\n" in text else text
        return [*before, *lines, f"{target} += {text or name}"]

    def _sums(self, node: Node) -> tuple[list[str], Node, dict[Node, str]]:
        """Loops for the sums over members, and the formula in their names."""
        lines: list[str] = []
        held: dict[Node, Node] = {}
        words: dict[Node, str] = {}
        for part in postorder(node, stop=lambda n: n.op is ISUM):
            if part.op is not ISUM or not _over_members(part):
                continue
            name = self.words.fresh("total")
            stand_in = symbol(f"?{name}", part.shape)
            held[part], words[stand_in] = stand_in, name
            lines += self.loop(name, part)
        return lines, substitute(node, held) if held else node, words

    def loop(self, name: str, part: Node, start: str | None = None) -> list[str]:
        """A sum, gathered term by term."""
        variable, low, high = part.params
        letter = self._letter(part)
        own = index(letter)
        body = at_index(part.operands[0], {variable: own})
        zero = start if start is not None else self._zero(part.shape)
        span = Span(own, low, high)
        with self.within(span):
            inside = self.added(name, body)
        return [f"{name} = {zero}", f"for {letter} in {self.span(span)}:", *indented(inside)]

    @contextmanager
    def within(self, *spans: Span) -> Iterator[None]:
        """What is written here stands in loops over these ranges."""
        kept = self.around
        self.around = (*kept, *spans)
        yield
        self.around = kept

    def _letter(self, part: Node) -> str:
        """The letter of the page, where it is free: no loop around the sum runs over it."""
        shown = letter_for(part)
        if shown in self.letters and shown not in {s.index.name for s in self.around}:
            return shown
        made = self.words.fresh("i")
        self.own.add(made)
        return made

    def _zero(self, shape: Shape) -> str:
        if not shape:
            return "0.0"
        if any(d.has(IndexedDim) for d in shape):
            return "0.0"  # its shape comes with the first term
        return self.language.zeros(", ".join(self.integer(d) for d in shape), self.like)

    def _planned(
        self, target: str, node: Node, sums: dict[Node, str], booked: str = ""
    ) -> tuple[str | None, list[str]]:
        """The statements of a formula, or its text where it needs none; ``booked`` under the name it
        is added to."""
        kept = not booked
        stand_ins: dict[Node, Node] = {}
        inputs: dict[str, str] = {}
        sizes: dict[str, str] = {}
        shown: dict[str, str] = {}
        meant: dict[Any, Any] = {}  # sizes of one formula in the dimensions of the page
        for leaf in postorder(node):
            if not is_symbol(leaf):
                continue
            word = sums.get(leaf) or self.word_of(leaf)
            if not word:  # a dimension or an index as a number
                continue
            name = f"leaf{len(stand_ins)}_"
            shape = tuple(
                self._flat(d, f"{word}.shape[{k}]", sizes) for k, d in enumerate(leaf.shape)
            )
            meant |= {a: d for a, d in zip(shape, leaf.shape, strict=True) if a != d}
            shown |= {str(a): shapes.show_dim(d) for a, d in meant.items()}
            stand_ins[leaf] = symbol(name, shape)
            inputs[name] = word
        flat = self._flattened(node, stand_ins, sizes)
        planner = Planner()
        planner.words = Identifiers(self.words.made | set(self.words.taken))
        plan = planner.plan([Wanted(TARGET, flat)], [(TARGET, flat)])
        self.ledger.add(booked or name_in(target), plan, self.around, meant, kept)
        source = self.language.source(plan, inputs, self.like)
        source.target = target
        for f in plan.functions:
            source.w.inputs[f.name] = self.functions.setdefault(f.name, self.words.declare(f.name))
        for a in plan.arguments:
            if a.name not in inputs:  # a dimension that stands alone
                self.dims.add(a.name)
                source.w.inputs[a.name] = self.name_of_dim(a.name)
        source.w.dims = {
            **{d: self.name_of_dim(d) for d in plan.dims if d not in sizes},
            **{d: text for d, text in sizes.items() if d in plan.dims},
        }
        lines = [_shown(line, shown) for line in source.statements(plan.statements)]
        spoken = "\n".join(line.partition("  # ")[0] for line in lines)
        term = plan.value[0][1]
        text = None
        if source.w.names.get(term) != TARGET:
            text = source.result(term) if kept or not term.shape else source.w(term)
        spoken += text or ""
        self.dims |= {d for d in plan.dims if d not in sizes and _says(spoken, self.name_of_dim(d))}
        for s in plan.words.made:
            self.words.claim(s)
        for helper in source.w.used:
            self.helpers[helper] = self.language.helper(source.w.helpers[helper])
        self.overflows = self.overflows or any(t.op in OVERFLOWS for t in plan.terms())
        return text, lines

    def _flat(self, d: Any, word: str, sizes: dict[str, str]) -> Any:
        """``d[l]`` as a dimension of its own, told by the array at hand."""
        if not d.has(IndexedDim):
            return d
        said = shapes.show_dim(d).replace("-", "m").replace("+", "p")
        name = "size_" + "".join(c if c.isalnum() else "_" for c in said)
        sizes.setdefault(name, word)
        return shapes.dim(name)

    def _told(self, d: Any, sizes: dict[str, str]) -> Any:
        """A size in a formula, which one of its arrays must tell."""
        known = dict(sizes)
        flat = self._flat(d, "", known)
        if len(known) != len(sizes):
            raise NoRuleError(
                f"code for a formula that speaks of the size {shapes.show_dim(d)}, which none of "
                "its matrices has, is not written for families yet"
            )
        return flat

    def _flattened(self, root: Node, image: dict[Node, Node], sizes: dict[str, str]) -> Node:
        found = dict(image)
        for node in postorder(root):
            if node in found:
                continue
            operands = tuple(found[c] for c in node.operands)
            params = tuple(
                self._told(p, sizes) if isinstance(p, sp.Expr) and p.has(IndexedDim) else p
                for p in node.params
            )
            if params == node.params or is_symbol(node):
                found[node] = rebuilt(node, operands)
            else:
                found[node] = node.op.build(operands, params)
        return found[root]


def _shown(line: str, sizes: dict[str, str]) -> str:
    """The shape beside a statement in the dimensions of the page."""
    code, mark, comment = line.partition("  # ")
    for name, said in sizes.items():
        comment = comment.replace(name, said)
    return code + mark + comment


def _over_members(node: Node) -> bool:
    return any(place_of(m) is not None for m in postorder(node))


def _says(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text) is not None
