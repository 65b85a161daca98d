"""Functions and sums of a page as expressions of the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc.expr import Node, substitute, symbol
from matcalc.judging import spelling as s
from matcalc.judging.array_words import CALLS
from matcalc.judging.elementary import known
from matcalc.judging.environment import ONE
from matcalc.judging.functions import is_application, recognised
from matcalc.judging.lifted_names import Names, NoExpressionError, identifier
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.binder import fresh_index, isum
from matcalc.ops.entrywise import power
from matcalc.ops.undefined import function, scalar_function
from matcalc.reading import tree
from matcalc.reading.writer import write
from matcalc.reverse import gradient_of

# Words of the page, by the names the engine has for them.
WORDS = {
    "Diag": "diag", "diag": "diag", "tr": "tr", "Tr": "tr", "trace": "tr", "Trace": "tr",
    "det": "det", "logdet": "logdet", "vec": "vec", "Vec": "vec", "softmax": "softmax",
    "Softmax": "softmax", "SoftMax": "softmax", "mean": "mean", "sum": "sum",
}  # fmt: skip
ENTRIES = {"arctan": "atan", "arcsin": "asin", "arccos": "acos"}
NOT_HERE = frozenset({"artanh", "logit", "leakyrelu", "identity"})


class Functions(Names):
    """Applications and sums."""

    def application(self, node: tree.HeadBracket | tree.Call) -> Node:
        if isinstance(node, tree.HeadBracket):
            if not self.applies(node):
                return self(tree.Product((node.head, node.bracket), ("",)))
            head, items, exponent = node.head, node.bracket.items, None
        else:
            argument = node.argument
            listed = node.bracketed and isinstance(argument, tree.Bracket)
            head, exponent = node.head, node.power
            items = argument.items if listed else (argument,)  # type: ignore[attr-defined]
        if not isinstance(head, tree.Symbol) or head.subscripts:
            raise NoExpressionError(write(node))
        found = self.applied(head, items)
        return found if exponent is None else power(found, self(exponent))

    def applied(self, head: tree.Symbol, items: tuple[tree.Node, ...]) -> Node:
        env = self.env
        plain = replace(head, primes=0)
        key = s.full(plain)
        if key in env.decorated:
            if items != env.decorated[key]:
                raise NoExpressionError(write(head))
            return self.named(plain)
        of = env.functions.get(key)
        if of is not None and (len(items) != 1 or of.component):
            raise NoExpressionError(write(head))
        if of is not None:
            word = of.table or recognised(self.scope, key, of)
            if word == "none" or word == "":
                return self.sloped(lambda x: self.spelled(of.parameters[0], of.body, x),
                                   head.primes, self(items[0]))  # fmt: skip
            return self.sloped(self.entrywise(word), head.primes, self(items[0]))
        if key not in env.opaque:
            if head.name in CALLS:
                if head.primes or head.name not in WORDS or len(items) != 1:
                    raise NoExpressionError(write(head))
                inner = self(items[0])
                if head.name == "logdet" and not inner.shape:
                    raise NoExpressionError(write(head))
                return FUNCTIONS[WORDS[head.name]](inner)
            if known(head.name) == "log" and len(items) == 1 and not head.primes:
                inner = self(items[0])
                return FUNCTIONS["logdet"](inner.operands[0]) if inner.op.name == "det" else (
                    FUNCTIONS["log"](inner))  # fmt: skip
            word = known(head.name) or ("sigmoid" if head.name == "sigma" else "")
            if word and len(items) == 1:
                return self.sloped(self.entrywise(word), head.primes, self(items[0]))
        kind = env.opaque.get(key)
        name = identifier(key)
        if kind == "scalar" and not head.primes:
            return scalar_function(name, write(plain))(*map(self, items))
        if kind == "entrywise" and len(items) == 1:
            return self.sloped(function(name, write(plain)), head.primes, self(items[0]))
        raise NoExpressionError(write(head))

    def applies(self, node: tree.HeadBracket) -> bool:
        """Whether the head of a bracket is a function; an entry of an array is none."""
        head = node.head
        if isinstance(head, tree.Symbol) and head.subscripts and self.env.has(s.stem(head)):
            return False
        return is_application(self.scope, node)

    @staticmethod
    def entrywise(word: str) -> Callable[[Node], Node]:
        if word == "identity":
            return lambda x: x
        name = ENTRIES.get(word, word)
        if name in NOT_HERE or name not in FUNCTIONS:
            raise NoExpressionError(word)
        return FUNCTIONS[name]

    def spelled(self, parameter: str, body: tree.Node, argument: Node) -> Node:
        """A function of one number that the page writes out, entry by entry."""
        inner = replace(self, local={parameter: argument}, entries=("",), lenient=True)
        found = inner(body)
        if found.shape != argument.shape:
            raise NoExpressionError("a function whose value has another shape")
        return found

    def sloped(self, f: Callable[[Node], Node], primes: int, argument: Node) -> Node:
        """f, f', f'' entry by entry."""
        if not primes:
            return f(argument)
        if primes > 2:
            raise NoExpressionError("a third derivative")
        x = symbol("slot", argument.shape)
        found = f(x)
        for _ in range(primes):
            total = FUNCTIONS["sum"](found) if found.shape else found
            found = gradient_of(total, [x])[x]
        return substitute(found, {x: argument})

    def summed(self, node: tree.BigOperator) -> Node:
        """A sum: over all entries of arrays as one, else term by term."""
        try:
            return self.entrywise_sum(node)
        except NoExpressionError:
            if self.entries:
                raise
        if node.name != "sum" or node.body is None or len(node.lower) != 1:
            raise NoExpressionError(write(node))
        lower = node.lower[0]
        if isinstance(lower, tree.Relation) and lower.signs == ("=",) and node.upper is not None:
            letter, low, high = lower.sides[0], self.at(lower.sides[1]), self.at(node.upper)
            return self.counted([(letter, low, high)], node.body)
        letters = lower.items if isinstance(lower, tree.Listing) else (lower,)
        return self.counted([self.whole_axis(x, node.body) for x in letters], node.body)

    def counted(self, letters: list[tuple[tree.Node, Any, Any]], body: tree.Node) -> Node:
        """The terms of a body added over the ranges of letters."""
        if not letters:
            return self(body)
        (letter, low, high), *rest = letters
        if not isinstance(letter, tree.Symbol) or not s.bare(letter):
            raise NoExpressionError(write(letter))
        count = fresh_index(f"{letter.name}{len(self.indices)}")
        inner = replace(
            self,
            indices={**self.indices, letter.name: count + low},
            axes={**self.axes, letter.name: (low, sp.expand(high - low + 1))},
            known={},
        )
        return isum(inner.counted(rest, body), count, sp.Integer(0), sp.expand(high - low))

    def whole_axis(self, letter: tree.Node, body: tree.Node) -> tuple[tree.Node, Any, Any]:
        """A letter without limits, with the first and the last number of what it counts."""
        for part in tree.walk(body):
            if not isinstance(part, tree.Symbol) or letter not in part.subscripts:
                continue
            key = s.full(replace(part, subscripts=()))
            shape = self.named(replace(part, subscripts=())).shape
            axis = part.subscripts.index(letter)
            if not shape or (len(part.subscripts) == 1 and 1 not in shape):
                continue
            length = shape[axis] if len(part.subscripts) == 2 else max(shape, key=lambda d: d != 1)
            low = self.env.base_of(key, axis)
            return letter, sp.Integer(low), length + low - 1
        raise NoExpressionError(f"the range of {write(letter)}")

    def entrywise_sum(self, node: tree.BigOperator) -> Node:
        """A sum over all entries of arrays with one and the same index."""
        letters: list[str] = []
        body: tree.Node = node
        while isinstance(body, tree.BigOperator) and body.name == "sum" and body.body is not None:
            for lower in body.lower:
                first = lower.sides[0] if isinstance(lower, tree.Relation) else lower
                letters += [p.name for p in tree.walk(first) if isinstance(p, tree.Symbol)]
            body = body.body
        if not letters or self.entries or isinstance(body, tree.BigOperator):
            raise NoExpressionError(write(node))
        used = [
            p for p in tree.walk(body)
            if isinstance(p, tree.Symbol) and set(s.letters_below(p)) & set(letters)
        ]  # fmt: skip
        below = {tuple(s.letters_below(p)) for p in used}
        if len(below) != 1 or sorted(next(iter(below))) != sorted(letters):
            raise NoExpressionError(write(node))
        if any(not self.env.has(s.stem(p)) or s.full(p) in self.env.shapes for p in used):
            raise NoExpressionError(write(node))
        others = [
            p for p in s.symbols(body)
            if p not in used and self.env.shapes.get(s.full(p), (ONE, ONE)) != (ONE, ONE)
        ]  # fmt: skip
        if others or not self.whole_range(node, used):
            raise NoExpressionError(write(node))
        return FUNCTIONS["sum"](replace(self, entries=next(iter(below)))(body))

    def whole_range(self, node: tree.BigOperator, used: list[tree.Symbol]) -> bool:
        """Whether the sums run over all entries of what they are taken of."""
        sizes = {d for p in used for d in self.named(replace(p, subscripts=())).shape}
        body: tree.Node | None = node
        while isinstance(body, tree.BigOperator):
            if body.upper is None or len(body.lower) != 1:
                return False
            lower = body.lower[0]
            if not isinstance(lower, tree.Relation) or len(lower.sides) != 2:
                return False
            if lower.sides[1] != ONE or self.env.base == 0 or self.dim(body.upper) not in sizes:
                return False
            body = body.body
        return True
