"""Derivatives of a page as expressions of the engine: of numbers, of columns, by entries."""

from __future__ import annotations

from dataclasses import replace

from matcalc.expr import Node, is_symbol, postorder, substitute, symbol, symbol_name, symbols
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol, sinks
from matcalc.judging.lifted_functions import Functions
from matcalc.judging.lifted_names import NoExpressionError, identifier
from matcalc.linear import differential
from matcalc.ops.algebra import t
from matcalc.ops.undefined import scalar_function
from matcalc.reading import tree
from matcalc.reading.writer import write
from matcalc.reverse import gradient_of
from matcalc.second import hessian, jacobian


class Derivatives(Functions):
    """Derivative atoms, in one layout."""

    def variable(self, by: tree.Node, *, one: bool = False) -> tuple[str, Node, Node]:
        """(key, a variable in its place, what it stands for); ``one`` of a family if asked for."""
        inner = s.peeled(by)
        if not isinstance(inner, tree.Symbol) or inner.primes:
            raise NoExpressionError(write(by))
        key = s.full(inner)
        if self.varies(inner) and not one:
            raise NoExpressionError(f"{write(by)}, one of many")
        if key in self.env.dims or key in self.env.sizes:
            raise NoExpressionError(write(by))
        value = self.named(inner)
        return key, symbol(f"by_{identifier(key)}", value.shape), value

    def varies(self, node: tree.Symbol) -> bool:
        """Whether an index letter says which one of many is meant."""
        return bool({*s.letters_below(node), *s.letters_above(node)} & set(self.indices))

    def cut(self, key: str, variable: Node) -> Derivatives:
        """The page with a step as a variable of its own."""
        return replace(self, cuts={**self.cuts, key: variable}, known={})

    def differentiated(self, of: tree.Node, inner: Derivatives, by: tree.Node) -> Node:
        peeled = s.peeled(of)
        if isinstance(peeled, tree.Symbol) and not self.env.has(s.full(peeled)):
            known = self.env.is_function(s.full(peeled)) or s.full(peeled) in self.local
            if not known and not self.is_entry(peeled):
                above: list[tree.Node] = list(sinks(self.env)) or [by]
                return scalar_function(identifier(s.full(peeled)), write(peeled))(
                    *map(inner, above)
                )
        if self.env.surrogate is not None:
            raise NoExpressionError(write(of))
        return inner(of)

    def is_entry(self, node: tree.Symbol) -> bool:
        """Whether a name is an entry of an array of the page."""
        defined = self.env.has(s.stem(node)) or self.by_pattern(node) is not None
        return bool(node.subscripts) and defined

    def gradient(self, of: tree.Node, by: tree.Node) -> Node:
        if (whole := self.array_of(by)) is not None:
            return self.picked(self.gradient(of, whole), by)
        key, x, value = self.variable(by)
        found = self.differentiated(of, self.cut(key, x), by)
        if found.shape:
            raise NoExpressionError(f"{write(of)} is no number")
        return substitute(gradient_of(found, [x])[x], {x: value})

    def array_of(self, by: tree.Node) -> tree.Symbol | None:
        """The array whose entry is meant; None for a name of its own."""
        inner = s.peeled(by)
        if not isinstance(inner, tree.Symbol) or not inner.subscripts:
            return None
        if s.full(inner) in self.env.shapes or s.full(inner) in self.env.definitions:
            return None
        stem = replace(inner, subscripts=())
        return stem if self.env.has(s.full(stem)) else None

    def picked(self, whole: Node, by: tree.Node) -> Node:
        """The entry of a gradient at the place of its variable."""
        inner = s.peeled(by)
        assert isinstance(inner, tree.Symbol), "an entry of a name"
        held = replace(self, cuts={**self.cuts, s.full(replace(inner, subscripts=())): whole})
        found = held.item(inner)
        if found is None:
            raise NoExpressionError(write(by))
        return found

    def derivative(self, node: tree.Derivative) -> Node:
        if node.of is None or self.env.slopes or self.env.overrides:
            raise NoExpressionError(write(node))
        by = list(node.by)
        if len(by) == 1 and node.order.isdigit():
            by = by * int(node.order)
        if len(by) == 2:
            return self.second(node.of, *by)
        if len(by) != 1 or node.order != "1":
            raise NoExpressionError(write(node))
        if self.array_of(by[0]) is not None:
            return self.gradient(node.of, by[0])
        key, x, value = self.variable(by[0], one=True)
        found = self.differentiated(node.of, self.cut(key, x), by[0])
        if self.varies(s.peeled(by[0])) and any(n.op.name == "isum" for n in postorder(found)):  # type: ignore[arg-type]
            raise NoExpressionError(f"{write(node)}: a sum may run over {write(by[0])} too")
        if not found.shape:
            slope = gradient_of(found, [x])[x]
            slope = t(slope) if self.layout == "numerator" and slope.shape else slope
        elif not x.shape:
            if 1 not in found.shape:
                raise NoExpressionError(write(node))
            slope = jacobian(found, x)
            slope = slope if found.shape[1] == 1 else t(slope)
        else:
            slope = jacobian(found, x)
            slope = t(slope) if self.layout == "denominator" else slope
        return substitute(slope, {x: value})

    def second(self, of: tree.Node, first: tree.Node, again: tree.Node) -> Node:
        first, again = (_upright(by) for by in (first, again))
        whole = self.array_of(again)
        if whole is not None and self.array_of(first) is not None:
            key, x, value = self.variable(whole)
            slope = self.cut(key, x).gradient(of, first)
            return substitute(self.picked(gradient_of(slope, [x])[x], again), {x: value})
        key, x, value = self.variable(first)
        other, y, there = self.variable(again)
        if key == other:
            found = self.differentiated(of, self.cut(key, x), first)
            return substitute(hessian(found, x), {x: value})
        found = self.differentiated(of, self.cut(key, x).cut(other, y), first)
        return substitute(hessian(found, x, y), {x: value, y: there})

    def nabla(self, node: tree.Nabla) -> Node:
        of, by = node.of or loss_symbol(self.env), node.by
        if isinstance(of, tree.HeadBracket) and isinstance(of.head, tree.Symbol):
            by, of = by or of.bracket.items, of.head
        if isinstance(of, tree.Symbol) and not by:
            by = self.env.decorated.get(s.full(of), ())
        if of is not None and not by:
            by = self.only_input(of)
        if of is None or len(by) != 1:
            raise NoExpressionError(write(node))
        if node.order == "2":
            return self.second(of, by[0], by[0])
        if node.order != "1":
            raise NoExpressionError(write(node))
        return self.gradient(of, by[0])

    def only_input(self, of: tree.Node) -> tuple[tree.Node, ...]:
        """The one array, or the one column, that a number is computed from."""
        inputs = {symbol_name(x): x for x in symbols(self(of))}
        named = {
            name: x for name, x in self.env.symbols.items() if identifier(name) in inputs
        }  # fmt: skip
        columns = {k: x for k, x in named.items() if 1 in inputs[identifier(k)].shape}
        found = list((named if len(named) == 1 else columns).values())
        return (found[0],) if len(found) == 1 else ()

    def differential(self, node: tree.Differential) -> Node:
        if node.of is None or isinstance(node.of, tree.HeadBracket):
            raise NoExpressionError(write(node))
        if self.env.directions:
            moved = [self.named(d) for d in self.env.directions]
            if not all(map(is_symbol, moved)):
                raise NoExpressionError(write(node))
            return differential(self(node.of), moved, {x: change_of(x) for x in moved})
        loss = loss_symbol(self.env)
        if loss is None:
            raise NoExpressionError(write(node))
        return self.gradient(loss, node.of)


def change_of(x: Node) -> Node:
    """What dX is called beside X."""
    return symbol(f"d_{symbol_name(x)}", x.shape)


def _upright(by: tree.Node) -> tree.Node:
    r"""``x`` for the ``x^T`` of a Hessian."""
    inner = s.peeled(by)
    turned = isinstance(inner, tree.Postfix) and inner.kind == "transpose"
    return inner.base if turned else by  # type: ignore[attr-defined]
