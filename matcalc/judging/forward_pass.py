r"""A forward pass in LaTeX as a program of the text language, definition by definition.

What stands on the page keeps its look: each name remembers its LaTeX. A sum over the entries of
arrays with one and the same index becomes the sum of an entrywise expression. What the text
language cannot say is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from matcalc.errors import MatcalcError, NoRuleError, ParseError
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol
from matcalc.judging.definitions import defining_relations
from matcalc.judging.elementary import known
from matcalc.judging.environment import ONE, Environment
from matcalc.judging.givens import declare, take_all
from matcalc.judging.guesses import infer
from matcalc.judging.infer import Inference, Unknown
from matcalc.judging.vocabulary import opened
from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula
from matcalc.reading.writer import write

PARAMETERS = re.compile(r"^(W|w|b|U|V|v|theta|Theta|beta|B)(_|\^|$)")
ENTRYWISE = frozenset({".*", r"\odot", r"\circ", r"\bullet", r"\star", r"\boxdot"})
PLAIN = frozenset({"", r"\cdot", "*", r"\ast", r"\times"})
WORDS = {"tr": "tr", "Tr": "tr", "trace": "tr", "det": "det", "diag": "diag", "vec": "vec",
         "softmax": "softmax", "Softmax": "softmax", "logdet": "logdet", "max": "max",
         "min": "min", "leakyrelu": "leaky_relu"}  # fmt: skip


def program_from_latex(
    text: str, *, shapes: Mapping[str, Any] | None = None, macros: Any = None
) -> str:
    """The program of the network that a page, or a few formulas one a line, define."""
    env = Environment()
    for name, dims in (shapes or {}).items():
        declare(env, name, dims)
    relations = list(defining_relations(text, env, macros))
    if not relations:
        raise MatcalcError("there is no definition in the text")
    take_all(env, relations)
    infer(env)
    return Translation(env).program()


@dataclass
class Translation:
    """The state of putting definitions into the text language."""

    env: Environment
    names: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    shapes: Inference = field(init=False)
    entries: tuple[t.Node, ...] | None = None  # the indices that are dropped
    around: tuple[Any, Any] | None = None  # the shape of the sum that a term stands in

    def __post_init__(self) -> None:
        self.shapes = Inference(self.env)

    def program(self) -> str:
        """The program: declarations, steps, what is minimized."""
        steps = []
        for key in self.env.order:
            definition = self.env.definitions[key]
            if definition.letters:
                raise NoRuleError(
                    f"{write(definition.left)} is defined entry by entry; write it as a matrix"
                )
            if (
                isinstance(definition.body, t.HeadBracket)
                and definition.body.head == definition.left
            ):
                head = self.name(definition.left)
                self.functions[f"{head}_of"] = "scalar function"
                arguments = ", ".join(self.say(x) for x in definition.body.bracket.items)
                steps.append(f"{head} = {head}_of({arguments}) as {write(definition.left)}")
                continue
            body = self.say(opened(definition.body, self.env))
            steps.append(f"{self.name(definition.left)} = {body} as {write(definition.left)}")
        defined = set(self.env.definitions)
        declared = []
        for key, symbol in self.env.symbols.items():
            if key in defined or key not in self.names:
                continue
            size = " x ".join(self.dim(d) for d in self.env.shapes[key])
            size = "scalar" if size == "1 x 1" else size
            word = "param " if PARAMETERS.match(key) else ""
            declared.append(f"{word}{self.names[key]} : {size} as {write(symbol)}")
        declared += [f"{name} : {kind}" for name, kind in self.functions.items()]
        declared += [
            f"assume rows_sum_to_one({self.names[key]})"
            for key, domain in self.env.domains.items()
            if domain == "onehot" and key in self.names and self.env.shapes[key][0] != ONE
        ]
        loss = loss_symbol(self.env)
        if loss is None and not self.env.order:
            raise ParseError("there is no equation that defines something")
        last = loss or self.env.definitions[self.env.order[-1]].left
        pair = self.shapes.shape(last)
        scalar = loss is not None or (pair is not None and self.shapes.scalar(pair))
        end = [f"minimize {self.name(last)}"] if scalar else []
        return "\n".join([*declared, *steps, *end])

    # ------------------------------------------------------------ names

    def name(self, symbol: t.Symbol) -> str:
        """An identifier for a name of the page."""
        key = s.full(symbol)
        if key not in self.names:
            plain = re.sub(r"[^A-Za-z0-9_]", "", key.replace("^", "").replace(",", "_"))
            while plain in self.names.values() or plain in self.env.dims:
                plain += "_"
            self.names[key] = plain
        return self.names[key]

    def dim(self, node: t.Node) -> str:
        value = s.integer(node, self.env.sizes)
        return str(value) if value is not None else self.say(node)

    # ------------------------------------------------------------ formulas

    def say(self, node: t.Node) -> str:
        """A formula in the text language."""
        match node:
            case t.Number():
                return node.text
            case t.Symbol():
                return self.symbol(node)
            case t.Filled() if node.digit == "1" and len(node.subscripts) == 1:
                return f"ones({self.dim(node.subscripts[0])}, 1)"
            case t.Sum():
                return self.total(node)
            case t.Product():
                return self.product(node)
            case t.Fraction():
                return self.fraction(node)
            case t.Bracket():
                return self.bracket(node)
            case t.Labelled():
                return self.say(node.body)
            case t.Postfix():
                return self.postfix(node)
            case t.HeadBracket() | t.Call():
                return self.application(node)
            case t.BigOperator():
                return self.summed(node)
            case t.Root() if node.degree is None:
                return f"sqrt({self.say(node.body)})"
        raise NoRuleError(f"a network cannot contain {write(node)}")

    def symbol(self, node: t.Symbol) -> str:
        key = s.full(node)
        if key in self.env.sizes:
            return str(self.env.sizes[key])
        if key in self.env.dims and not self.env.has(key):
            return key
        if node.subscripts and not self.env.has(key) and node.name != "I":
            if self.entries is not None and node.subscripts == self.entries:
                if self.env.shape_of(node, {}) is not None:
                    raise NoRuleError(
                        f"{write(node)} is an array of its own; write the sum over it with the "
                        "matrix that has them as its rows or columns"
                    )
                return self.name(replace(node, subscripts=()))
            if s.stem(node) in self.env.cells and all(
                isinstance(x, t.Number) for x in node.subscripts
            ):
                self.env.symbols[key] = node
                self.env.shapes[key] = (t.Number("1"), t.Number("1"))
                return self.name(node)
            if self.env.has(s.stem(node)) or set(s.letters_below(node)) & set(
                self.env.letter_ranges
            ):
                raise NoRuleError(
                    f"{write(node)} is an entry; write the formula for whole matrices"
                )
        if node.name == "I" and not self.env.has("I"):
            size = self.dim(node.subscripts[0]) if node.subscripts else self.around_square(node)
            return f"eye({size})"
        array = self.entries is not None and self.env.shapes.get(key, (ONE, ONE)) != (ONE, ONE)
        if array and not node.subscripts:
            raise NoRuleError(f"{write(node)} is no entry; write the sum with whole matrices")
        if node.name == "e" and not self.env.has("e"):
            return "exp(1)"
        if not self.env.has(key):
            self.env.symbols[key] = node
            self.env.shapes[key] = (t.Number("1"), t.Number("1"))
        return self.name(node)

    def around_square(self, node: t.Node) -> Any:
        """The size of an identity without one: that of the sum it stands in."""
        if self.around is None or isinstance(self.around[0], Unknown):
            raise NoRuleError(f"the size of {write(node)} does not follow; write it below")
        return self.around[0]

    def pair(self, node: t.Node) -> tuple[Any, Any] | None:
        if self.entries is not None:
            return None
        found = self.shapes.shape(node)
        return None if found is None else (self.shapes.root(found[0]), self.shapes.root(found[1]))

    def is_number(self, node: t.Node) -> bool:
        pair = self.pair(node)
        return isinstance(node, t.Number) or pair == (1, 1)

    def total(self, node: t.Sum) -> str:
        outside = self.around
        try:
            return self.summands(node)
        finally:
            self.around = outside

    def summands(self, node: t.Sum) -> str:
        pairs = [self.pair(term) for term in node.terms]
        whole = next((p for p in pairs if p is not None and 1 not in p), None)
        whole = whole or next((p for p in pairs if p is not None and p != (1, 1)), None)
        self.around = whole
        out = ""
        for place, (sign, term, pair) in enumerate(zip(node.signs, node.terms, pairs, strict=True)):
            text = self.say(term)
            if isinstance(term, t.Sum):
                text = f"({text})"
            if whole is not None and pair == (1, 1) and not _is_typed(term):
                self.refuse_unsaid(term, whole)
                text = self.spread_number(text, whole)
            if whole is not None and pair is not None and pair != whole and pair != (1, 1):
                text = self.spread(text, pair, whole)
            out += f" {sign} {text}" if place else text if sign == "+" else f"-{text}"
        return out

    def spread(self, text: str, pair: tuple[Any, Any], whole: tuple[Any, Any]) -> str:
        """A bias, once for every row or column."""
        if isinstance(whole[0], Unknown) or isinstance(whole[1], Unknown):
            return text
        if pair == (1, whole[1]):
            return f"ones({whole[0]}, 1)*({text})"
        if pair == (whole[0], 1):
            return f"({text})*ones(1, {whole[1]})"
        return text

    def refuse_unsaid(self, term: t.Node, whole: tuple[Any, Any]) -> None:
        """A number beside a matrix is meant for every entry only if the page calls it a number."""
        open_ = any(isinstance(dim, Unknown) for dim in whole)
        if isinstance(term, t.Symbol) and s.full(term) not in self.env.shapes and not open_:
            size = " x ".join(map(str, whole))
            raise NoRuleError(
                f"what {write(term)} is does not follow: it is added to something {size}; "
                rf"declare it, as in {write(term)} \in \mathbb{{R}}^{{{whole[0]}}}"
            )

    def spread_number(self, text: str, whole: tuple[Any, Any]) -> str:
        """A bias that is one number, added to every entry."""
        if any(isinstance(dim, Unknown) for dim in whole):
            return text
        return f"({text})*ones({whole[0]}, {whole[1]})"

    def ones(self, node: t.Node, beside: t.Node | None, before: bool, whole: Any) -> str | None:
        """``\\mathbf{1}`` without a size, from what stands beside it and from the sum around."""
        turned = isinstance(node, t.Postfix) and node.kind == "transpose"
        inner = node.base if isinstance(node, t.Postfix) and turned else node
        if not isinstance(inner, t.Filled) or inner.digit != "1" or inner.subscripts:
            return None
        other = self.pair(beside) if beside is not None else None
        size: Any = None
        if other is not None and turned and not before:
            size = other[0]
        elif other is not None and not turned and before:
            size = other[1]
        elif whole is not None:
            size = whole[1] if turned else whole[0]
        if size is None or isinstance(size, Unknown):
            raise NoRuleError(f"how long {write(node)} is does not follow; write its length below")
        return f"ones({size}, 1)" + ("'" if turned else "")

    def product(self, node: t.Product) -> str:
        out = ""
        for place, factor in enumerate(node.factors):
            beside = node.factors[place - 1] if place else next(iter(node.factors[1:]), None)
            text = self.ones(factor, beside, bool(place), self.around) or self.say(factor)
            if isinstance(factor, (t.Sum, t.BigOperator)):
                text = f"({text})"
            if not place:
                out = text
                continue
            sign = node.operators[place - 1]
            before = node.factors[place - 1]
            entrywise = sign in ENTRYWISE or self.entries is not None
            if sign in ("/", r"\div"):
                out += f"/{text}"
                continue
            if sign in ("./", r"\oslash"):
                out = f"({out})./({text})"
                continue
            if sign not in PLAIN and not entrywise and sign != r"\otimes":
                raise NoRuleError(
                    f"a network cannot contain {write(node)}: what {sign} does is open"
                )
            if sign in ("./", r"\oslash"):
                out = f"({out})./({text})"
                continue
            if sign == r"\otimes":
                out = f"kron({out}, {text})"
                continue
            both = not (self.is_number(before) or self.is_number(factor))
            pairs = self.pair(before), self.pair(factor)
            if sign == r"\cdot" and both and pairs[0] == pairs[1] and pairs[0] is not None:
                out, entrywise = (f"dot({out}, {text})", False) if 1 in pairs[0] else (
                    f"({out}) .* {text}", False)  # fmt: skip
                continue
            # a b .* c d: the matrix products are taken first
            out = f"({out}).*({text})" if entrywise and both else f"{out}*{text}"
        return out

    def fraction(self, node: t.Fraction) -> str:
        above, below = self.say(node.numerator), self.say(node.denominator)
        sign = "/" if self.is_number(node.denominator) and self.entries is None else "./"
        return f"({above}){sign}({below})"

    def bracket(self, node: t.Bracket) -> str:
        if node.left == r"\|" and len(node.items) == 1:
            return f"norm2({self.say(node.items[0])})"
        if node.left == r"\langle" and len(node.items) == 2:
            return f"dot({self.say(node.items[0])}, {self.say(node.items[1])})"
        if node.left == "|" and len(node.items) == 1:
            word = "abs" if self.is_number(node.items[0]) else "det"
            return f"{word}({self.say(node.items[0])})"
        if len(node.items) == 1 and node.left in ("(", "[", r"\{", ""):
            return f"({self.say(node.items[0])})"
        raise NoRuleError(f"a network cannot contain {write(node)}")

    def postfix(self, node: t.Postfix) -> str:
        base = self.say(node.base)
        if node.kind == "transpose" or (node.kind == "prime" and isinstance(node.base, t.Bracket)):
            return f"({base})'"
        if node.kind == "inverse":
            return f"inv({base})"
        if node.kind == "inverse-transpose":
            return f"inv({base})'"
        if (
            node.kind == "subscript"
            and isinstance(node.base, t.Bracket)
            and node.base.left == r"\|"
        ):
            which = s.said(node.arguments[0], {})
            return base if which in ("2", "F") else f"norm1({base[6:-1]})"
        if node.kind in ("power", "superscript"):
            exponent = self.say(node.arguments[0])
            if isinstance(node.base, t.Symbol) and s.full(node.base) == "e":
                return f"exp({exponent})"
            number = self.is_number(node.base) and self.entries is None
            return f"({base}){'^' if number else '.^'}({exponent})"
        raise NoRuleError(f"a network cannot contain {write(node)}")

    def application(self, node: t.Node) -> str:
        if isinstance(node, t.HeadBracket):
            head, items = node.head, node.bracket.items
        else:
            assert isinstance(node, t.Call), "called for these two"
            head = node.head
            argument = node.argument
            items = (argument,)
            if isinstance(argument, t.Bracket) and argument.left in ("(", "[", r"\{", ""):
                items = argument.items
        if isinstance(node, t.HeadBracket) and not isinstance(head, t.Symbol):
            # (y - Xb)'(y - Xb)
            return self.product(t.Product((head, node.bracket), ("",)))
        if not isinstance(head, t.Symbol) or head.primes:
            raise NoRuleError(f"a network cannot contain {write(node)}")
        key = s.full(head)
        inside = ", ".join(self.say(item) for item in items)
        if key in self.env.decorated:
            return self.name(head)
        word = WORDS.get(head.name) or known(head.name)
        function = self.env.functions.get(key)
        if function is not None and len(items) == 1 and not function.component:
            word = self.recognised(key)
        if word is None and key == "sigma" and key not in self.env.opaque:
            word = "sigmoid"
        if word is None or key in self.env.opaque:
            name = self.name(head)
            kind = self.env.opaque.get(key, "entrywise" if len(items) == 1 else "scalar")
            self.functions[name] = "scalar function" if kind == "scalar" else "function"
            return f"{name}({inside})"
        said = f"{word}({inside})"
        return (
            f"({said}).^({self.say(node.power)})"
            if isinstance(node, t.Call) and node.power
            else said
        )

    def recognised(self, key: str) -> str:
        """A function that is spelled out, by the name the text language has for it."""
        from matcalc.judging.functions import recognised
        from matcalc.judging.scope import Scope
        from matcalc.judging.worlds import World

        word = recognised(Scope(World(self.env, {})), key, self.env.functions[key])
        if word in ("", "none"):
            raise NoRuleError(f"the function {key} has no name in the text language")
        return word

    def summed(self, node: t.BigOperator) -> str:
        """A sum over all entries of arrays with one and the same index."""
        if node.name != "sum" or node.body is None:
            raise NoRuleError(f"a network cannot contain {write(node)}")
        letters: list[t.Node] = []
        body: t.Node = node
        while isinstance(body, t.BigOperator) and body.name == "sum" and body.body is not None:
            for lower in body.lower:
                letters.append(lower.sides[0] if isinstance(lower, t.Relation) else lower)
            body = body.body
        indices = {
            p.subscripts for p in t.walk(body) if isinstance(p, t.Symbol) and p.subscripts
            and any(x in letters for x in p.subscripts)
        }  # fmt: skip
        if len(indices) != 1 or set(next(iter(indices))) != set(letters):
            raise NoRuleError(f"write {write(node)} with whole matrices, as a norm or a product")
        self.fit_entries(body, next(iter(indices)))
        before, self.entries = self.entries, next(iter(indices))
        try:
            return f"sum({self.say(opened(body, self.env))})"
        finally:
            self.entries = before

    def fit_entries(self, body: t.Node, entries: tuple[t.Node, ...]) -> None:
        """Names nobody declared have the shape of those they are multiplied with, entry by entry."""
        bare = [
            replace(p, subscripts=()) for p in t.walk(body)
            if isinstance(p, t.Symbol) and p.subscripts == entries
        ]  # fmt: skip
        known = [s.full(p) for p in bare if self.env.has(s.full(p))]
        for symbol in bare:
            if self.env.has(s.full(symbol)) or s.full(symbol) in self.names:
                continue
            like = next((p for p in bare if s.full(p) in known), None)
            pair = self.pair(like) if like is not None else None
            if pair is None or any(isinstance(dim, Unknown) for dim in pair):
                raise NoRuleError(f"the shape of {write(symbol)} does not follow; declare it")
            self.env.symbols[s.full(symbol)] = symbol
            self.env.shapes[s.full(symbol)] = tuple(_dim(dim) for dim in pair)  # type: ignore[assignment]


def _dim(value: Any) -> t.Node:
    return t.Number(str(value)) if isinstance(value, int) else read_formula(str(value))[0].sides[0]


def _is_typed(node: t.Node) -> bool:
    """Whether no name stands in a number: ``1 - Y`` needs no ones."""
    return not any(isinstance(p, t.Symbol) for p in t.walk(node))
