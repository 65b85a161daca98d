r"""Names and entries of a page as expressions of the engine.

Names get the shapes of the page, steps are replaced by what defines them. An index stands for a
number or for a letter that varies. What has no expression is refused by ``NoExpressionError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError
from matcalc.expr import Node, number, symbol
from matcalc.indexform import entry_form
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import kronecker_pair, loss_symbol, tied_step
from matcalc.judging.environment import Dims, Environment
from matcalc.judging.scope import Scope
from matcalc.judging.values import Misfit, OutOfRange, Unread
from matcalc.judging.worlds import World
from matcalc.ops.algebra import dim_node, eye
from matcalc.reading import tree
from matcalc.reading.writer import write


class NoExpressionError(MatcalcError):
    """A piece of a formula that the engine has no expression for."""


class UnsizedError(NoExpressionError):
    """An identity of which neither the page nor its neighbours say the size."""


Axis = tuple[Any, Any]  # the first number of an index, and how many there are


@dataclass
class Names:
    """The names of one page in one layout."""

    env: Environment
    layout: str = "denominator"
    cuts: Mapping[str, Node] = field(default_factory=dict)  # steps that are variables here
    local: Mapping[str, Node] = field(default_factory=dict)  # parameters of a function
    entries: tuple[str, ...] = ()  # index letters of a sum over all entries
    indices: Mapping[str, Any] = field(default_factory=dict)  # letters, counted as on the page
    axes: Mapping[str, Axis] = field(default_factory=dict)  # what letters count
    known: dict[str, Node] = field(default_factory=dict)
    size: Any = None  # of an identity that does not say its own
    lenient: bool = False  # inside a definition a bias is added to every row

    def __post_init__(self) -> None:
        self.scope = Scope(World(self.env, {}))

    def dims(self, dims: Dims) -> tuple[Any, Any]:
        return self.dim(dims[0]), self.dim(dims[1])

    def dim(self, node: tree.Node) -> Any:
        size = s.integer(node, self.env.sizes)
        if size is not None:
            return sp.Integer(size)
        if isinstance(node, tree.Symbol) and s.bare(node):
            return shapes.dim(node.name)
        raise NoExpressionError(f"the size {write(node)}")

    def named(self, node: tree.Symbol) -> Node:
        """A name: a size, a parameter, a variable, a step."""
        if s.bare(node) and node.name in self.local:
            return self.local[node.name]
        if self.entries and tuple(s.letters_below(node)) == self.entries:
            return self.named(replace(node, subscripts=()))
        key = s.full(node)
        if node.primes or node.star:
            raise NoExpressionError(write(node))
        if s.bare(node) and node.name in self.indices:
            raise NoExpressionError(f"the index {node.name} as a number")
        if self.is_kronecker(node):
            return self.kronecker(node)
        if node.subscripts and key not in self.cuts and key not in self.env.shapes:
            if (found := self.item(node)) is not None:
                return found
        if key in self.env.sizes and not self.env.has(key):
            return number(self.env.sizes[key])
        if key in self.env.dims and not self.env.has(key):
            return dim_node(shapes.dim(key))
        if key in self.cuts:
            return self.cuts[key]
        if {*s.letters_below(node), *s.letters_above(node)} & set(self.indices):
            raise NoExpressionError(f"{write(node)}, one for every index")
        if key not in self.known:
            self.known[key] = self._named(node, key)
        return self.known[key]

    def item(self, node: tree.Symbol) -> Node | None:
        """An entry, at numbers or at indices that vary; None if what stands below is a label."""
        stem = replace(node, subscripts=())
        key = s.full(stem)
        env = self.env
        spelled = self.by_pattern(node)
        if spelled is not None:
            return spelled
        if not (key in env.shapes or key in env.definitions) or key in env.views:
            return None
        whole = self.named(stem)
        if not whole.shape:
            return None
        parts = node.subscripts if len(node.subscripts) > 1 else node.indices(2) or node.subscripts
        flat = 1 in whole.shape
        if flat and len(parts) > len(node.subscripts):
            parts = node.subscripts
        if len(parts) != (1 if flat else 2):
            raise NoExpressionError(write(node))
        at = [self.at(p) - env.base_of(key, axis) for axis, p in enumerate(parts)]
        if flat:
            at = [at[0], sp.Integer(0)] if whole.shape[1] == 1 else [sp.Integer(0), at[0]]
        return entry_form(whole, *at)

    def is_identity(self, node: tree.Symbol) -> bool:
        """``I`` without a size."""
        named = self.env.has(s.full(node)) or s.full(node) in self.cuts
        return node.name in ("I", "I_bb") and not (node.subscripts or node.marks or named)

    def identity(self) -> Node:
        """The identity of the size that its place asks for."""
        if self.size is None:
            raise UnsizedError("an identity of any size")
        return eye(self.size)

    def is_kronecker(self, node: tree.Symbol) -> bool:
        """Whether a delta with two indices stands for one or zero."""
        named = self.env.has(s.full(node)) or self.env.has(s.stem(node))
        return not named and kronecker_pair(self.scope, node) is not None

    def kronecker(self, node: tree.Symbol) -> Node:
        """An entry of the identity."""
        pair = kronecker_pair(self.scope, node) or ()
        i, j = map(self.at, pair)
        if i.is_Integer and j.is_Integer:
            return number(int(i == j))
        axes = {
            self.axes[p.name]
            for p in pair
            if isinstance(p, tree.Symbol) and s.bare(p) and p.name in self.axes
        }
        if len(axes) != 1 or any(isinstance(p, tree.Sum) for p in pair):
            raise NoExpressionError(write(node))
        ((low, length),) = axes
        return entry_form(eye(length), i - low, j - low)

    def by_pattern(self, node: tree.Symbol) -> Node | None:
        """An entry that the page defines with letters, as ``p_k = e^{z_k} / s``."""
        for pattern in self.env.patterns:
            left = pattern.left
            if left.name != node.name or left.marks != node.marks:
                continue
            letters = [p.name for p in left.subscripts if isinstance(p, tree.Symbol) and s.bare(p)]
            if len(letters) != len(node.subscripts) or tuple(letters) != pattern.letters:
                continue
            bound = dict(zip(letters, map(self.at, node.subscripts), strict=True))
            inner = replace(self, local={}, indices=bound, known={}, size=None, lenient=True)
            return inner(pattern.body)
        return None

    def at(self, node: tree.Node) -> Any:
        """An index as an expression."""
        size = s.integer(node, self.env.sizes)
        if size is not None:
            return sp.Integer(size)
        if isinstance(node, tree.Symbol) and s.bare(node) and node.name in self.indices:
            return self.indices[node.name]
        if isinstance(node, tree.Sum) and all(sign in "+-" for sign in node.signs):
            parts = zip(node.signs, map(self.at, node.terms), strict=True)
            return sp.expand(sum(a if sign == "+" else -a for sign, a in parts))
        return self.dim(node)

    def _named(self, node: tree.Symbol, key: str) -> Node:
        env = self.env
        definition = env.definitions.get(key)
        if definition is not None and not definition.letters:
            inner = replace(self, local={}, entries=(), size=None, lenient=True)
            found = inner(definition.body)
            wanted = env.shapes.get(key)
            if wanted is not None and found.shape and self.dims(wanted) != found.shape:
                raise NoExpressionError(f"the shape of {write(node)}")
            return found
        if key in env.views or key in env.cells or key in env.nicknames:
            raise NoExpressionError(write(node))
        tied = None if key in env.shapes else self._tied(node)
        if tied is not None:
            return tied
        if key in env.shapes:
            shape = self.dims(env.shapes[key])
            return symbol(identifier(key), () if shape == (1, 1) else shape)
        letters = any(isinstance(p, tree.Symbol) for x in node.subscripts for p in tree.walk(x))
        if letters or node.marks or node.name == "e":
            raise NoExpressionError(write(node))
        if node.name == "pi":
            return number(sp.pi)
        return symbol(identifier(key), ())

    def _tied(self, node: tree.Symbol) -> Node | None:
        try:
            step = tied_step(self.scope, node)
        except (Misfit, OutOfRange, Unread):
            return None
        loss = loss_symbol(self.env)
        if step is None or loss is None:
            return None
        return self.gradient(loss, step)

    def __call__(self, node: tree.Node) -> Node:
        """The expression of a formula."""
        raise NotImplementedError

    def gradient(self, of: tree.Node, by: tree.Node) -> Node:
        """The derivative of a number, in the shape of its variable."""
        raise NotImplementedError


def identifier(key: str) -> str:
    """A name of the page as the engine may call it."""
    return "v_" + "".join(c if c.isalnum() else f"_{ord(c)}_" for c in key)
