r"""What a hand-written formula says on the page, as frozen data.

Syntax only. Whatever the page leaves open stays open: products are flat lists with the sign
between each pair, ``a(b)`` is a head and a bracket, a superscript letter is a superscript. Brackets
are nodes. Every node knows the characters it was read from (``span``); spans do not count when two
trees are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a formula."""

    span: Span = field(default=(0, 0), compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """Digits as typed: ``0.0890`` keeps its last zero."""

    text: str


@dataclass(frozen=True, slots=True)
class Counted(Number):
    """The number of a layer, written as the page does: ``l + 1``."""

    shown: str = ""


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A label in a script: ``new`` in w_{new}; ``plain`` where it was typed as letters."""

    text: str
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Mark(Node):
    """A superscript that is part of the name; ``style`` is ``[`` (layer), ``(`` or ``word``."""

    style: str
    index: Node


@dataclass(frozen=True, slots=True)
class Symbol(Node):
    r"""A name with its scripts; ``\hat{\mathbf{y}}`` has the name ``y_hat``.

    ``latex`` is the bare letter with fonts and accents. ``star`` is ``*``, ``+``, ``\dagger`` ...
    """

    name: str
    latex: str
    subscripts: tuple[Node, ...] = ()
    marks: tuple[Mark, ...] = ()
    primes: int = 0
    star: str = ""

    @property
    def layer(self) -> Mark | None:
        """The first superscript mark, if there is one."""
        return self.marks[0] if self.marks else None

    def indices(self, count: int) -> tuple[Node, ...] | None:
        """The subscripts as ``count`` indices: ``00`` is two zeros, or the number 0 as one index.

        Digits that touch are split, parts that touch are joined to a product, never both; ``None``
        where that does not give ``count`` indices.
        """
        parts = self.subscripts
        if len(parts) == count:
            return parts
        if len(parts) < count:
            parts = tuple(piece for part in parts for piece in _digits(part))
            return parts if len(parts) == count else None
        if count == 1 and not any(isinstance(p, (Word, Relation, Slot)) for p in parts):
            span = (parts[0].span[0], parts[-1].span[1])
            return (Product(parts, ("",) * (len(parts) - 1), span=span),)
        return None


@dataclass(frozen=True, slots=True)
class Filled(Node):
    r"""Ones or zeros: ``\mathbf{1}_N``, ``1_N``, ``\mathbf{0}``."""

    digit: str
    latex: str
    subscripts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot(Node):
    r"""The place of an operand: the dot of ``f(\cdot)``, the colon of ``X_{:,j}``."""

    latex: str


@dataclass(frozen=True, slots=True)
class Ellipsis(Node):
    """Three dots."""

    latex: str


@dataclass(frozen=True, slots=True)
class Blank(Node):
    """A place left for the reader to fill: ``???`` or nothing after ``=``."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Missing(Node):
    """The left side of a line that starts with ``=`` when nothing stands before it."""


@dataclass(frozen=True, slots=True)
class Text(Node):
    """Words between the mathematics."""

    words: str


@dataclass(frozen=True, slots=True)
class Sign(Node):
    r"""An operator that is spoken about: ``\odot \text{ is elementwise}``."""

    latex: str


@dataclass(frozen=True, slots=True)
class Phrase(Node):
    """Words and mathematics mixed."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Listing(Node):
    """Items with commas, without a bracket: the right side of ``j = 1, 2, 3``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """Terms, each with its sign (the first sign is ``+`` unless written)."""

    terms: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product(Node):
    """Factors in their order and what stands between them; ``""`` is nothing (juxtaposition)."""

    factors: tuple[Node, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fraction(Node):
    """A fraction that is no derivative."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True, slots=True)
class Root(Node):
    """A square root, or the root of ``degree``."""

    body: Node
    degree: Node | None = None


@dataclass(frozen=True, slots=True)
class Postfix(Node):
    """Something written behind ``base``.

    ``kind`` is ``transpose``, ``inverse``, ``inverse-transpose``, ``power``, ``superscript`` (a
    letter above a symbol: power or index, undecided), ``mark``, ``subscript``, ``prime``,
    ``star`` or ``evaluated``. ``latex`` is the sign as written where there are several.
    """

    base: Node
    kind: str
    arguments: tuple[Node, ...] = ()
    latex: str = ""


@dataclass(frozen=True, slots=True)
class Bracket(Node):
    r"""``left items right``; norms, absolute values and sets too, ``""`` are invisible braces."""

    left: str
    right: str
    items: tuple[Node, ...]
    separators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeadBracket(Node):
    """``a(b)``: application or product, undecided. See :func:`as_product`."""

    head: Node
    bracket: Bracket


@dataclass(frozen=True, slots=True)
class Call(Node):
    r"""A known function and its argument, a ``Bracket`` unless ``bracketed`` is false.

    Without a bracket the argument is the next factor alone (``\log 2\pi`` takes both); the
    factors that follow it stand behind the call in the product.
    """

    head: Symbol
    argument: Node
    power: Node | None = None
    bracketed: bool = True


@dataclass(frozen=True, slots=True)
class BigOperator(Node):
    """A sum, product, maximum ... of ``body`` over ``lower`` (index, range or condition)."""

    name: str
    latex: str
    lower: tuple[Node, ...]
    upper: Node | None
    body: Node | None


@dataclass(frozen=True, slots=True)
class Derivative(Node):
    r"""A derivative; ``sign`` is ``\partial``, ``d`` or ``\delta``.

    ``form`` says how it was written: ``fraction``, ``slash``, ``operator`` (the operand stands to
    the right of the fraction) or ``index`` (``\partial_x f``).
    """

    sign: str
    of: Node | None
    by: tuple[Node, ...]
    order: str = "1"
    form: str = "fraction"


@dataclass(frozen=True, slots=True)
class Nabla(Node):
    r"""``\nabla_{by} of``; ``of`` may be left out."""

    of: Node | None
    by: tuple[Node, ...] = ()
    order: str = "1"


@dataclass(frozen=True, slots=True)
class Differential(Node):
    r"""``dX``: a differential, a programmer's name for a gradient, or d times X set close."""

    sign: str
    of: Node | None


@dataclass(frozen=True, slots=True)
class Indicator(Node):
    r"""One where the condition holds: ``1_{f>0}``, ``\mathbf{1}[z>0]``."""

    condition: Node
    latex: str
    left: str = "_"


@dataclass(frozen=True, slots=True)
class Matrix(Node):
    """Rows of entries; an empty cell is a ``Blank``."""

    environment: str
    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Case(Node):
    """One line of a case distinction; ``words`` is ``otherwise`` or what introduces the rest."""

    value: Node
    words: str
    conditions: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Cases(Node):
    """A case distinction."""

    rows: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Accented(Node):
    """An accent over more than a symbol."""

    accent: str
    body: Node


@dataclass(frozen=True, slots=True)
class Labelled(Node):
    r"""``\underbrace{body}_{label}`` and its kin; ``command`` is the LaTeX command."""

    command: str
    body: Node
    label: Node | None


@dataclass(frozen=True, slots=True)
class Relation(Node):
    r"""``a = b = c``, or one side alone. What ``read_formula`` returns.

    ``conditions`` are those of the line (``\forall i``, ``for j = 1, 2``, a range after a comma),
    ``link`` is what joins it to the relation before, ``continued`` says that the left side was
    taken over from there.
    """

    sides: tuple[Node, ...]
    signs: tuple[str, ...] = ()
    conditions: tuple[Node, ...] = ()
    remarks: tuple[Text, ...] = ()
    link: str = ""
    continued: bool = False
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Condition(Node):
    r"""A range or restriction of a line; ``words`` introduce it (``for``, ``\forall``)."""

    words: str
    relations: tuple[Node, ...]


def _digits(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Number) and node.text.isdigit() and len(node.text) > 1:
        return tuple(Number(d, span=node.span) for d in node.text)
    return (node,)


# For each kind the fields that can hold nodes: all but the text of a leaf and the span.
_PARTS: dict[str, tuple[str, ...]] = {}


def _parts(node: Node) -> tuple[str, ...]:
    kind = type(node).__name__
    if kind not in _PARTS:
        named = (f.name for f in fields(node) if f.name != "span" and f.type != "str")
        _PARTS[kind] = tuple(named)
    return _PARTS[kind]


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below, in writing order."""
    for name in _parts(node):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            for part in value:
                if isinstance(part, Node):
                    yield part
                elif isinstance(part, tuple):
                    yield from (p for p in part if isinstance(p, Node))


def walk(*roots: Node) -> Iterator[Node]:
    """Every node, parents before their parts."""
    todo = list(reversed(roots))
    while todo:
        node = todo.pop()
        yield node
        todo.extend(reversed(list(children(node))))


def too_deep(root: Node, limit: int) -> Node | None:
    """A node more than ``limit`` levels below the root, if there is one."""
    level: list[Node] = [root]
    for _ in range(limit):
        level = [child for node in level for child in children(node)]
        if not level:
            return None
    return level[0]


def core(node: Node) -> tuple[Node, tuple[Postfix, ...]]:
    """What stands under the postfixes, and the postfixes from the outside in."""
    found: list[Postfix] = []
    while isinstance(node, Postfix):
        found.append(node)
        node = node.base
    return node, tuple(found)


def rewrap(node: Node, postfixes: tuple[Postfix, ...]) -> Node:
    """Put the postfixes that :func:`core` took off around ``node``."""
    for postfix in reversed(postfixes):
        node = replace(postfix, base=node, span=(node.span[0], postfix.span[1]))
    return node


def as_product(node: Node) -> tuple[Node, Node] | None:
    """``a(b)^T`` read as a product: the head, and the bracket with the postfixes."""
    inner, postfixes = core(node)
    if not isinstance(inner, HeadBracket):
        return None
    return inner.head, rewrap(inner.bracket, postfixes)
