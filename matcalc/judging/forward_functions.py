r"""Functions and conditions of a forward pass, applied to every number they reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from matcalc.errors import NoRuleError
from matcalc.expr import Node, number
from matcalc.judging import spelling as s
from matcalc.judging.elementary import known
from matcalc.judging.environment import Function
from matcalc.judging.forward_letters import index_parts
from matcalc.judging.forward_names import Names, same_index
from matcalc.judging.indexed import COL, Indexed, NoMatrixForm
from matcalc.judging.vocabulary import opened
from matcalc.ops.algebra import minus
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.entrywise import power
from matcalc.ops.undefined import function, scalar_function
from matcalc.reading import tree as t
from matcalc.reading.writer import write

WHOLE = {"tr": "tr", "Tr": "tr", "trace": "tr", "Trace": "tr", "det": "det", "logdet": "logdet",
         "vec": "vec", "Vec": "vec", "mean": "mean", "Mean": "mean", "sum": "sum",
         "rowsum": "rowsum", "colsum": "colsum", "rowmean": "rowmean", "colmean": "colmean",
         "tril": "tril", "triu": "triu", "diag": "diag", "Diag": "diag"}  # fmt: skip
ROWWISE = {"softmax": "softmax", "logsoftmax": "log_softmax", "log_softmax": "log_softmax",
           "logsumexp": "logsumexp", "lse": "logsumexp"}  # fmt: skip
ENTRIES = {"arctan": "atan", "arcsin": "asin", "arccos": "acos", "leakyrelu": "leaky_relu",
           "ln": "log"}  # fmt: skip


@dataclass
class Functions(Names):
    """Applications and case distinctions."""

    def value(self, node: t.Node) -> Indexed:
        """The value of a formula."""
        raise NotImplementedError

    def product(self, node: t.Product) -> Indexed:
        """The value of a product."""
        raise NotImplementedError

    def matrix_of(self, value: Indexed, node: t.Node) -> Node:
        """A whole matrix, in a place where it cannot be taken entry by entry."""
        if value.letters:
            raise NoRuleError(f"{write(node)} is a matrix for every index")
        return value.node()

    # ------------------------------------------------------------ functions

    def application(self, node: t.HeadBracket | t.Call) -> Indexed:
        exponent: t.Node | None = None
        if isinstance(node, t.HeadBracket):
            head, items = node.head, node.bracket.items
            if not isinstance(head, t.Symbol):
                # (y - Xb)'(y - Xb)
                return self.product(t.Product((head, node.bracket), ("",)))
        else:
            head, argument, exponent = node.head, node.argument, node.power
            listed = isinstance(argument, t.Bracket) and argument.left in ("(", "[", r"\{", "")
            items = argument.items if listed else (argument,)  # type: ignore[attr-defined]
        if isinstance(node, t.HeadBracket) and self.is_entry(head):
            return self.product(t.Product((head, node.bracket), ("",)))
        if head.primes:
            raise NoRuleError(f"a network cannot contain {write(node)}")
        found = self.applied(head, items, node)
        if exponent is None:
            return found
        up = self.value(exponent).node()
        return found.each(lambda x: power(x, up))

    def is_entry(self, head: t.Symbol) -> bool:
        """``F_{ij} (a - b)``: an entry of an array, which is no function."""
        own = self.env.functions.get(head.name) or self.env.functions.get(s.full(head))
        return own is None and bool(index_parts(head, set(self.ranges)))

    def applied(self, head: t.Symbol, items: tuple[t.Node, ...], node: t.Node) -> Indexed:
        env = self.env
        key = s.full(head)
        defined = env.functions.get(key) or (
            env.functions.get(head.name) if head.subscripts else None
        )
        if defined is not None:
            return self.spelled(key, defined, head, items, node)
        if key in env.decorated and key in env.definitions:
            own = env.decorated[key]
            if items == own:
                return self.named(head)
            names = tuple(s.full(x) for x in own if isinstance(x, t.Symbol))
            body = env.definitions[key].body
            if len(names) == len(items):
                return self.at_arguments(key, names, body, items)
            raise NoRuleError(f"{write(node)} has {len(items)} arguments, {write(head)} {len(own)}")
        if key in env.opaque or (known(head.name) is None and not _is_word(head.name)):
            return self.undefined(head, key, items, node)
        return self.in_table(head, items, node)

    def in_table(self, head: t.Symbol, items: tuple[t.Node, ...], node: t.Node) -> Indexed:
        """A function that needs no definition."""
        values = [self.value(item) for item in items]
        lower = head.name.lower()
        if lower in ROWWISE and len(values) == 1:
            return self.rowwise(ROWWISE[lower], values[0], node)
        if head.name in ("max", "min") and len(values) > 1:
            return self.extreme(head.name, values)
        if head.name in WHOLE and len(values) == 1:
            if head.name in ("tr", "Tr", "trace", "Trace") and values[0].letters:
                return values[0].traced()
            return Indexed.of(FUNCTIONS[WHOLE[head.name]](self.matrix_of(values[0], node)))
        word = known(head.name) or (
            "sigmoid" if head.name == "sigma" else ENTRIES.get(lower, lower)
        )
        if word == "identity" and len(values) == 1:
            return values[0]
        if word == "log" and len(values) == 1:
            inner = values[0]
            plain = inner.node() if not inner.axes else None
            if plain is not None and plain.op.name == "det":
                return Indexed.of(FUNCTIONS["logdet"](plain.operands[0]))
        if ENTRIES.get(word, word) not in FUNCTIONS or not values:
            raise NoRuleError(f"a network cannot contain {write(node)}")
        rest = [v.node() for v in values[1:]]
        return values[0].each(lambda x: FUNCTIONS[ENTRIES.get(word, word)](x, *rest))

    def rowwise(self, word: str, value: Indexed, node: t.Node) -> Indexed:
        """A softmax, of the vector at hand: a column, or one for every index or row."""
        if not value.slots:
            raise NoRuleError(f"{write(node)}: a softmax is taken of a vector, not of a number")
        if not value.letters and len(value.slots) == 2 and self.upright == {COL}:
            value_rows = value.transposed()
            found = Indexed.of(FUNCTIONS[word](value_rows.node()))
            self.say(f"{write(node)} is taken of every column")
            return found.transposed()
        if not value.letters:
            return Indexed.of(FUNCTIONS[word](value.node()))
        if len(value.axes) != 2:
            raise NoMatrixForm("it has more than two axes")
        [letter], [slot] = value.letters, value.slots
        return Indexed.of(FUNCTIONS[word](value.node(letter, slot)), letter, slot)

    @staticmethod
    def extreme(word: str, values: list[Indexed]) -> Indexed:
        numbers = [v.node() for v in values if not v.axes]
        arrays = [v for v in values if v.axes]
        f = FUNCTIONS[word]
        if not arrays:
            found = numbers[0]
            for other in numbers[1:]:
                found = f(found, other)
            return Indexed.of(found)
        zero = len(arrays) == len(numbers) == 1 and numbers[0] is number(0) and word == "max"
        if zero:
            return arrays[0].each(FUNCTIONS["relu"])

        def pick(*nodes: Node) -> Node:
            result = nodes[0]
            for other in nodes[1:]:
                result = f(result, other)
            for other in numbers:
                result = f(other, result)
            return result

        return arrays[0].each(pick, *arrays[1:])

    def undefined(
        self, head: t.Symbol, key: str, items: tuple[t.Node, ...], node: t.Node
    ) -> Indexed:
        """A function that the page leaves open: its derivative stays a symbol."""
        kind = self.env.opaque.get(key, "entrywise" if len(items) == 1 else "scalar")
        values = [self.value(item) for item in items]
        if key == "sigma" and key not in self.env.opaque and len(items) == 1:
            return values[0].each(FUNCTIONS["sigmoid"])
        name = self.functions.get(key) or self.identifier(key)
        self.functions[key] = name
        if kind == "entrywise" and len(items) == 1:
            f: Callable[..., Node] = function(name, write(head))
            return values[0].each(f)
        if any(v.letters for v in values):
            raise NoRuleError(
                f"what {write(head)} is does not follow; define it, as in "
                rf"{write(head)}(y, t) = \frac{{1}}{{2}} (y - t)^2"
            )
        return Indexed.of(scalar_function(name, write(head))(*(v.node() for v in values)))

    def spelled(
        self, key: str, of: Function, head: t.Symbol, items: tuple[t.Node, ...], node: t.Node
    ) -> Indexed:
        """A function that the page writes out."""
        if len(items) != len(of.parameters):
            raise NoRuleError(
                f"{write(node)} has {len(items)} arguments, want {len(of.parameters)}"
            )
        if not of.component and len(items) == 1 and (word := self.recognised(key, of)):
            if word == "identity":
                return self.value(items[0])
            return self.value(items[0]).each(FUNCTIONS[ENTRIES.get(word, word)])
        if of.component:
            [letter] = [x.name for x in head.subscripts if isinstance(x, t.Symbol)]
            body = with_letter(of.body, of.component, letter)
            return self.at_arguments(key, of.parameters, body, items, keep=(letter,))
        return self.at_arguments(key, of.parameters, of.body, items)

    def recognised(self, key: str, of: Function) -> str:
        """A function of one number, by the name the engine has for it."""
        from matcalc.judging.functions import recognised
        from matcalc.judging.scope import Scope
        from matcalc.judging.worlds import World

        try:
            word = of.table or recognised(Scope(World(self.env, {})), key, of)
        except RecursionError:
            raise NoRuleError(f"the function {key} is defined by itself") from None
        return "" if word == "none" else word

    def at_arguments(
        self,
        key: str,
        names: tuple[str, ...],
        body: t.Node,
        items: tuple[t.Node, ...],
        keep: tuple[str, ...] = (),
    ) -> Indexed:
        """The body of a function with values for its parameters."""
        hidden = {x: f"{x} outside" for x in self.ranges if x not in keep}
        shown = {b: a for a, b in hidden.items()}
        used = {p.name for p in t.walk(body) if isinstance(p, t.Symbol)}
        pairs = [(x, item) for x, item in zip(names, items, strict=True) if x in used]
        values = [self.value(item).renamed(hidden) for _, item in pairs]
        if key in self.open:
            raise NoRuleError("a function is defined by itself")
        inner = replace(
            self,
            local={x: v for (x, _), v in zip(pairs, values, strict=True)},
            ranges={x: self.ranges[x] for x in keep},
            open=(*self.open, key),
        )
        return inner.value(opened(body, self.env)).renamed(shown)

    # ------------------------------------------------------------ conditions

    def condition(self, node: t.Node) -> Indexed:
        """One where it holds, else zero."""
        if isinstance(node, t.Relation) and len(node.sides) == 2:
            left, right = node.sides
            sign = node.signs[0]
            if sign in ("=", r"\ne") and self.running(left) and self.running(right):
                same = same_index(self, left.name, right.name)  # type: ignore[attr-defined]
                if sign == "=":
                    return same
                every = Indexed.ones(left.name, self.length(left.name))  # type: ignore[attr-defined]
                other = Indexed.ones(right.name, self.length(right.name))  # type: ignore[attr-defined]
                return every.times(other).plus(same.scaled(number(-1))).single()
            if sign in (">", r"\ge", "<", r"\le"):
                a, b = self.value(left), self.value(right)
                first, second = (a, b) if sign in (">", r"\le") else (b, a)
                gap = first.plus(second.scaled(number(-1))).each(FUNCTIONS["step"])
                if sign in (">", "<"):
                    return gap
                return gap.each(lambda x: minus(number(1), x))
        raise NoRuleError(
            f"the condition {write(node)} cannot be read; write the cases with > and <, "
            "and a class label as a row of zeros and a one, Y_{ik}"
        )

    def cases(self, node: t.Cases) -> Indexed:
        """The last line holds where no other does."""
        found = self.value(node.rows[-1].value)
        for row in reversed(node.rows[:-1]):
            if len(row.conditions) != 1:
                raise NoRuleError(f"a network cannot contain {write(node)}")
            holds = self.condition(row.conditions[0])
            found = holds.each(FUNCTIONS["where"], self.value(row.value), found)
        return found


def _is_word(name: str) -> bool:
    lower = name.lower()
    special = name in WHOLE or lower in ROWWISE or lower in ENTRIES
    return special or lower in FUNCTIONS or name in ("max", "min", "sigma")


def with_letter(node: t.Node, letter: str, by: str) -> t.Node:
    """The formula with another letter for an index."""
    return s.put(node, {letter: t.Symbol(by, by)})
