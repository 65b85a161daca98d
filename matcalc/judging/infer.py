r"""Shapes of names nobody declared, from how they are used.

Capitals are matrices, bold small letters columns, other small letters numbers unless a product or
a sum makes them more. What was assumed is said with the verdict.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

from matcalc.judging import spelling as s
from matcalc.judging.dot_products import is_bold, is_data_row, of_a_row, run_along, scales
from matcalc.judging.elementary import known
from matcalc.judging.environment import ONE, Environment
from matcalc.judging.functions import LETTERS, LOSSES
from matcalc.judging.open_sizes import Clash, Dim, Pair, Unknown
from matcalc.judging.recurrences import at_a_step, is_recurrence, of_a_step
from matcalc.reading import tree as t

ENTRYWISE = frozenset({".*", r"\odot", r"\circ", r"\bullet", r"\star", r"\boxdot"})


def words(text: str) -> frozenset[str]:
    """Names with blanks between them."""
    return frozenset(text.split())


NUMERIC = words("tr Tr trace det logdet sum")
GREEK_CAPITALS = words("Theta Phi Sigma Lambda Psi Omega")
SQUARE = words("tr Tr trace det logdet")  # of square matrices alone
VECTORIAL = words("softmax logsoftmax logsumexp")  # of several numbers at once
NUMBERS = words("L J E C N T K M R") | LOSSES
MATRICES = words("symmetric definite orthogonal diagonal")  # what is said of matrices alone
OPERANDS = words("x h a z y u v s q k p r w b d f g beta theta alpha mu nu xi phi psi")


@dataclass
class Inference:
    """One run over the definitions of a page."""

    env: Environment
    found: dict[str, Pair] = field(default_factory=dict)
    symbols: dict[str, t.Symbol] = field(default_factory=dict)
    nodes: dict[str, t.Node] = field(default_factory=dict)
    inferred: dict[str, Pair | None] = field(default_factory=dict)
    lengths: dict[str, Dim] = field(default_factory=dict)  # index letter -> how far it runs
    bold: set[str] = field(default_factory=set)
    present: dict[str, t.Symbol] = field(default_factory=dict)
    mentioned: set[str] = field(default_factory=set)  # in the lines themselves
    columns: dict[str, t.Symbol] = field(default_factory=dict)  # x, where every x_i is a column
    members: dict[str, Pair] = field(default_factory=dict)  # their shapes
    defining: bool = False

    # ------------------------------------------------------------ dimensions

    def root(self, dim: Dim) -> Dim:
        while isinstance(dim, Unknown) and dim.value is not None:
            dim = dim.value
        if isinstance(dim, str) and dim in self.env.sizes:
            return self.env.sizes[dim]
        return dim

    def equal(self, a: Dim, b: Dim) -> None:
        a, b = self.root(a), self.root(b)
        if a is b or a == b:
            return
        if isinstance(a, Unknown):
            a.value = b
            if isinstance(b, Unknown):
                b.one_by_default = b.one_by_default and a.one_by_default
        elif isinstance(b, Unknown):
            b.value = a
        elif self.defining and isinstance(a, str) and isinstance(b, int) and b > 1:
            self.learn(a, b)
        elif self.defining and isinstance(b, str) and isinstance(a, int) and a > 1:
            self.learn(b, a)
        else:
            raise Clash

    def learn(self, name: str, size: int) -> None:
        """A matrix written out says how long a dimension is."""
        if name not in self.env.dims:
            raise Clash
        self.env.sizes[name] = size
        self.env.assume(f"{name} = {size}, from a matrix that is written out")

    def alike(self, a: Dim, b: Dim) -> None:
        """Two dimensions that should be equal, if they can be."""
        with suppress(Clash):
            self.equal(a, b)

    def unify(self, p: Pair, q: Pair) -> None:
        self.equal(p[0], q[0])
        self.equal(p[1], q[1])

    def dim(self, node: t.Node) -> Dim:
        value = s.integer(node, self.env.sizes)
        if value is not None:
            return value
        text = s.said(node, {})
        self.nodes[text] = node
        return text

    def is_one(self, dim: Dim) -> bool:
        return self.root(dim) == 1

    def scalar(self, pair: Pair) -> bool:
        return self.is_one(pair[0]) and self.is_one(pair[1])

    def loose(self, pair: Pair) -> bool:
        """A small letter of which nothing is known yet."""
        return all(isinstance(r := self.root(d), Unknown) and r.one_by_default for d in pair)

    def lengthen(self, pair: Pair) -> None:
        """A small letter that has to be a column."""
        if self.loose(pair):
            self.equal(pair[1], 1)
            head = self.root(pair[0])
            if isinstance(head, Unknown):
                head.one_by_default = False

    # ------------------------------------------------------------ names

    def name(self, symbol: t.Symbol) -> Pair | None:
        env = self.env
        key, stem = s.full(symbol), s.stem(symbol)
        if key in env.optima:
            return self.name(env.optima[key][0])
        counts = (key in env.sizes or key in env.dims) and not env.has(key)
        if counts or symbol.name in ("e", "pi", "I"):
            return (1, 1) if symbol.name != "I" and key not in env.cells else None
        dims = env.shape_of(symbol, {}) or env.shape_of_family(symbol)
        if dims is not None:
            return self.dim(dims[0]), self.dim(dims[1])
        if s.stem(symbol) in self.columns and is_data_row(symbol):
            return self.members.setdefault(s.stem(symbol), (Unknown(False), 1))
        if key in env.definitions:
            return self.defined(key)
        if (step := at_a_step(self, symbol)) is not None:
            return step
        view = env.views.get(key)
        if view is not None:
            return len(view.entries), len(view.entries[0])
        if symbol.subscripts and any(
            isinstance(p, t.Symbol) and p.name in self.lengths for p in symbol.subscripts
        ):
            counted = self.counted(symbol)
            if counted is not None:
                return counted
        if symbol.subscripts and not s.labelled(symbol):
            array = stem if env.has(stem) else env.nicknames.get(stem, "")
            upper = s.stem(replace(symbol, name=symbol.name.upper()))
            if not array and len(symbol.name) == 1 and env.has(upper):
                array = upper
            if array:
                return self.entry(array, len(symbol.subscripts), symbol)
            if stem in env.cells or any(
                isinstance(p, t.Symbol) and len(p.name) == 1 and p.name in "ijkmnt"
                for p in symbol.subscripts
            ):
                return 1, 1
        listed = (stem in env.cells and not s.labelled(symbol)) or any(
            d.left.name == symbol.name and d.left.subscripts and d.left.marks == symbol.marks
            for d in env.patterns
        )
        bald, _, accent = symbol.name.rpartition("_")
        if (
            env.hats_fold
            and accent in ("hat", "tilde")
            and bald
            and (
                bald in env.views
                or any(d.left.name == bald for d in (*env.definitions.values(), *env.patterns))
            )
        ):
            return self.name(replace(symbol, name=bald, latex=bald))
        tied = symbol.name in ("delta", "Delta") or symbol.name.endswith("_bar") or symbol.primes
        if env.is_function(key) or listed or key in env.nicknames or tied:
            return None
        if key not in self.found:
            self.found[key] = self.guess(symbol)
            self.symbols[key] = symbol
        return self.found[key]

    def entry(self, array: str, count: int, symbol: t.Symbol) -> Pair | None:
        whole = self.defined(array) if array in self.env.definitions else None
        if array in self.env.shapes:
            dims = self.env.shapes[array]
            whole = self.dim(dims[0]), self.dim(dims[1])
        two = count == 2 or bool(symbol.indices(2))
        if whole is None:
            return None
        slots = [isinstance(part, t.Slot) for part in symbol.subscripts]
        if len(slots) == 2 and any(slots):
            return whole[0] if slots[0] else 1, whole[1] if slots[1] else 1
        if two or self.is_one(whole[0]) or self.is_one(whole[1]):
            return 1, 1
        return 1, whole[1]

    def guess(self, symbol: t.Symbol) -> Pair:
        letter = symbol.name.split("_")[0]
        plain = not symbol.subscripts or symbol.subscripts[0] != t.Number("0")
        capital = (len(letter) == 1 and letter.isupper()) or letter in GREEK_CAPITALS
        described = self.env.domains.get(s.full(symbol), "") in MATRICES
        if capital and (letter not in NUMBERS or described) and plain:
            return Unknown(False), Unknown(False)
        if is_bold(symbol):
            self.bold.add(s.full(symbol))
        return Unknown(True), Unknown(True)

    def defined(self, key: str) -> Pair | None:
        if key not in self.inferred:
            definition = self.env.definitions[key]
            mine = of_a_step(definition.left) if is_recurrence(definition) else None
            self.inferred[key] = mine
            whole = self.shape(definition.body)
            if mine is not None and whole is not None:
                with suppress(Clash):
                    self.unify(mine, whole)
            self.inferred[key] = whole
        return self.inferred[key]

    # ------------------------------------------------------------ formulas

    def shape(self, node: t.Node) -> Pair | None:
        try:
            return self._shape(node)
        except Clash:
            return None

    def _shape(self, node: t.Node) -> Pair | None:
        match node:
            case t.Number() | t.Indicator():
                return 1, 1
            case t.Symbol():
                return self.name(node)
            case t.Filled():
                return (self.dim(node.subscripts[0]), 1) if len(node.subscripts) == 1 else None
            case t.Sum():
                return self.total(node)
            case t.Product():
                return self.product(node)
            case t.Fraction():
                self.shape(node.denominator)
                return self.shape(node.numerator)
            case t.Bracket():
                if node.left in (r"\|", "|", r"\langle"):
                    for item in node.items:
                        self.shape(item)
                    return 1, 1
                return self.shape(node.items[0]) if len(node.items) == 1 else None
            case t.Labelled():
                return self.shape(node.body)
            case t.BigOperator():
                return self.summed(node)
            case t.Postfix():
                return self.postfix(node)
            case t.HeadBracket() | t.Call():
                return self.application(node)
            case t.Derivative() if len(node.by) == 1 and isinstance(node.by[0], t.Symbol):
                of = node.of
                if isinstance(of, t.Symbol) and of.name in LOSSES:
                    return self.name(node.by[0])
                inner = self.shape(of) if of is not None else None
                by = self.name(node.by[0])
                return by if inner is not None and self.scalar(inner) else None
            case t.Differential() if node.of is not None:
                return self.shape(node.of)
        return None

    def summed(self, node: t.BigOperator) -> Pair | None:
        if node.body is None:
            return None
        before = dict(self.lengths)
        for lower in node.lower:
            if isinstance(lower, t.Relation) and lower.signs == ("=",) and node.upper is not None:
                letter = lower.sides[0]
                if isinstance(letter, t.Symbol):
                    first = s.integer(lower.sides[1], {})
                    upper = node.upper
                    if first == 0 and isinstance(upper, t.Sum) and len(upper.terms) == 2:
                        upper = upper.terms[0]
                    elif first == 0:
                        upper = t.Sum((upper, ONE), ("+", "+"))
                    self.lengths[letter.name] = self.dim(upper)
            elif isinstance(lower, t.Symbol):
                run_along(self, lower.name, node.body)
        shape = self.shape(node.body)
        self.lengths = before
        return shape

    def counted(self, symbol: t.Symbol) -> Pair | None:
        """``t_n`` below a sum over n from 1 to N: a column of length N, or the rows of a matrix."""
        stem = s.stem(symbol)
        env = self.env
        capital = s.stem(replace(symbol, name=symbol.name.upper()))
        if capital in self.present and capital not in self.found and not env.has(capital):
            self.name(self.present[capital])
        known = stem in self.found or env.has(stem) or stem in env.cells or stem in env.nicknames
        letters = [p.name if isinstance(p, t.Symbol) else "" for p in symbol.subscripts]
        if not known and len(symbol.name) == 1 and (capital in self.found or env.has(capital)):
            rows = self.found.get(capital) or (
                self.defined(capital) if capital in env.definitions else None
            )
            if rows is None or len(letters) > 2:
                return None
            try:
                if len(letters) == 2:
                    for dim, letter in zip(rows, letters, strict=True):
                        if letter in self.lengths:
                            self.equal(dim, self.lengths[letter])
                    return 1, 1
                self.equal(rows[0], self.lengths[letters[0]])
            except Clash:
                return None
            return 1, rows[1]
        if symbol.name in ("delta", "Delta") or symbol.name.endswith("_bar"):
            return None  # an error: it has the shape of its step
        if stem in self.found and len(letters) == 1 and self.loose(self.found[stem]):
            self.unify(self.found[stem], (self.lengths[letters[0]], 1))
            return 1, 1
        if known or env.is_function(stem) or (symbol.marks and not symbol.name.islower()):
            return None
        dims = [self.lengths.get(x) for x in letters]
        if None in dims or len(dims) > 2:
            return None
        self.found[stem] = (dims[0], dims[1] if len(dims) == 2 else 1)  # type: ignore[assignment]
        self.symbols[stem] = replace(symbol, subscripts=())
        return 1, 1

    def postfix(self, node: t.Postfix) -> Pair | None:
        split = t.as_product(node)
        if split is not None and not self.applies(t.core(node)[0]):
            return self.shape(t.Product(split, ("",)))
        inner = self.shape(node.base)
        if node.kind in ("transpose", "inverse-transpose") and inner is not None:
            self.lengthen(inner)
            return inner[1], inner[0]
        if node.kind == "inverse" and inner is not None:
            self.equal(inner[0], inner[1])
        if node.kind == "subscript":
            return (1, 1) if len(node.arguments) == 2 else None
        if node.kind == "power":
            self.shape(node.arguments[0])  # e^{x_i} says how long x is
        return inner

    def applies(self, node: t.Node) -> bool:
        if isinstance(node, t.Call):
            return True
        if not isinstance(node, t.HeadBracket) or not isinstance(node.head, t.Symbol):
            return False
        key, head = s.full(replace(node.head, primes=0)), node.head
        if head.primes or self.env.is_function(key) or key in self.env.decorated:
            return True
        if self.env.has(key):
            return False
        return (
            head.name == "sum"
            or known(head.name) is not None
            or head.name in LETTERS
            or (bool(head.subscripts) and head.name in LOSSES and not self.env.has(s.stem(head)))
            or len(node.bracket.items) > 1
        )

    def application(self, node: t.Node) -> Pair | None:
        if isinstance(node, t.HeadBracket):
            if not self.applies(node):
                return self.shape(t.Product((node.head, node.bracket), ("",)))
            head, items = node.head, node.bracket.items
        else:
            assert isinstance(node, t.Call), "called for these two"
            inside = node.argument
            head, items = node.head, (inside,)
            if isinstance(inside, t.Bracket) and len(inside.items) > 1:
                items = inside.items
        if not isinstance(head, t.Symbol):
            return None
        key = s.full(replace(head, primes=0))
        shapes = [self.shape(item) for item in items]
        if key in self.env.decorated:
            whole = self.defined(key) if key in self.env.definitions else None
            rowwise = any(isinstance(i, t.Symbol) and i.subscripts for i in items)
            return (1, whole[1]) if whole is not None and rowwise else whole
        for mine, source in zip(shapes, self.env.arguments.get(key, ()), strict=False):
            if mine is not None:
                self.alike(mine[0], self.dim(source[0]))
                self.alike(mine[1], self.dim(source[1]))
        if self.env.opaque.get(key) == "map":
            dims = self.env.opaque_shapes[key]
            return self.dim(dims[0]), self.dim(dims[1])
        if head.name in SQUARE and shapes[0] is not None:
            self.alike(*shapes[0])
        member = head.name in LOSSES and bool(head.subscripts)
        if self.env.opaque.get(key) == "scalar" or head.name in NUMERIC or member:
            return 1, 1
        if head.name.lower() in VECTORIAL and len(items) == 1 and shapes[0] is not None:
            self.lengthen(shapes[0])
            return (1, 1) if head.name.lower() == "logsumexp" else shapes[0]
        if head.name in ("max", "min") and len(items) > 1:
            return next((x for x in shapes if x is not None and not self.scalar(x)), (1, 1))
        if head.name in ("rowsum", "rowmean", "colsum", "colmean") and shapes[0] is not None:
            return (shapes[0][0], 1) if head.name.startswith("row") else (1, shapes[0][1])
        if head.name in ("diag", "Diag") and shapes[0] is not None:
            return (shapes[0][0], shapes[0][0]) if self.is_one(shapes[0][1]) else None
        return shapes[0] if len(items) == 1 else (1, 1)

    def total(self, node: t.Sum) -> Pair | None:
        shapes: list[tuple[t.Node, Pair]] = []
        for term in node.terms:
            if isinstance(term, t.Number):
                continue
            shape = self.shape(term)
            if shape is not None:
                shapes.append((term, shape))
        if not shapes:
            return (1, 1) if all(isinstance(x, t.Number) for x in node.terms) else None
        shapes.sort(key=lambda pair: self.loose(pair[1]))
        first = shapes[0][1]
        for term, shape in shapes[1:]:
            if self.loose(shape) and isinstance(term, t.Symbol) and term.name == "b":
                self.bias(node, first, shape)
                continue
            try:
                self.unify(first, shape)
            except Clash:
                continue
        return first

    def bias(self, node: t.Sum, whole: Pair, mine: Pair) -> None:
        """``XW + b``: one number for every column; ``WX + b``: one for every row."""
        product = next((x for x in node.terms if isinstance(x, t.Product)), None)
        first = product.factors[0] if product is not None else None
        weights_first = isinstance(first, t.Symbol) and first.name in ("W", "w", "U", "Theta")
        turned = isinstance(first, t.Postfix) and first.kind == "transpose"
        if weights_first or turned or self.is_one(whole[1]):
            self.unify(mine, (whole[0], 1))
        else:
            self.unify(mine, (1, whole[1]))

    def product(self, node: t.Product) -> Pair | None:
        factors: list[t.Node] = []
        operators: list[str] = []
        for place, factor in enumerate(node.factors):
            operators += [node.operators[place - 1]] if place else []
            split = t.as_product(factor)
            if split is not None and not self.applies(t.core(factor)[0]):
                factors += split
                operators.append("")
            else:
                factors.append(factor)
        shapes = [self.shape(f) for f in factors]
        current: Pair | None = None
        for place, (factor, shape) in enumerate(zip(factors, shapes, strict=True)):
            if shape is None:
                return None
            if self.scalar(shape):
                continue
            if current is not None and of_a_row(self, factors[place - 1], factor, current, shape):
                current = (1, 1)
                continue
            scaled = current is not None and scales(self, factors[:place], factor, current)
            entrywise = bool(set(operators[max(0, place - 1) : place + 1]) & ENTRYWISE)
            operand = entrywise or self.operand(factor, current, shapes[place + 1 :])
            if self.loose(shape) and (scaled or not operand):
                self.unify(shape, (1, 1))
                continue
            if current is None:
                current = shape
                continue
            if operators[place - 1] in ENTRYWISE:
                self.unify(current, shape)
            elif operators[place - 1] in (r"\cdot", "*") and current == shape:
                names = all(isinstance(f, t.Symbol) for f in factors)
                if names and len(factors) == 2 and self.is_one(shape[1]):
                    return 1, 1  # the dot product of two columns
                continue
            else:
                small = self.loose(shape)
                self.equal(current[1], shape[0])
                if small and not self.is_one(current[1]):
                    self.equal(shape[1], 1)
                elif small and isinstance(end := self.root(shape[1]), Unknown):
                    # a column times a small letter is an outer product with a row
                    end.one_by_default = False
                current = (current[0], shape[1])
        return current or (1, 1)

    def operand(self, factor: t.Node, before: Pair | None, after: list[Pair | None]) -> bool:
        """Whether a small letter in a product is more than a number."""
        symbol = factor if isinstance(factor, t.Symbol) else None
        if symbol is None or (symbol.name not in OPERANDS and not is_bold(symbol)):
            return False
        if before is not None and not self.scalar(before):
            return True
        return symbol.name in ("x", "h", "a", "z") and any(
            a is not None and not self.scalar(a) and not self.loose(a) for a in after
        )
