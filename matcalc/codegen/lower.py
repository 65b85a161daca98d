"""From nodes to terms: every operation in the constructors that know the algebra.

Named steps are followed to their definitions. A part that is needed as a whole anyway (it is used
twice, or by an operation that looks at every entry) is marked with ``let``: it is computed once, and
no rewriting reaches into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc.codegen.demands import Demand, demands
from matcalc.codegen.loops import Loops
from matcalc.codegen.terms import Term, core
from matcalc.expr import Node, is_symbol, symbol_name
from matcalc.network import definition
from matcalc.ops.table import TABLE
from matcalc.shapes import ONE
from matcalc.walk import names_of_sizes

# Operations that may need less of an operand than all of it.
PARTIAL = frozenset(
    [
        "times",
        "transpose",
        "tr",
        "sum",
        "rowsum",
        "colsum",
        "entry",
        "slice",
        "diagonal",
        "inv",
        "solve",
        "kron",
        "item",
        "diag",
        "mpow",
    ]
)
# Terms that cost nothing by themselves.
FREE = frozenset(
    ["in", "number", "dim", "spread", "eye", "diag", "ones", "T", "inv", "kron", "let"]
)
FACTORED = frozenset({"inv", "solve", "logdet", "det"})
LONGEST = 8  # factors that one chain gathers across names


@dataclass(frozen=True)
class Held:
    """A node as a parameter of a term: what an operation without algebra here is computed by."""

    node: Node

    def __str__(self) -> str:
        return self.node.op.name


class Lowering(Loops):
    """Lowers the nodes of one program."""

    def __init__(
        self,
        sizes: Mapping[str, int] | None = None,
        facts: Any = None,
        steps: Mapping[Node, Node] | None = None,
    ) -> None:
        super().__init__(sizes, facts)
        self.steps = steps or {}
        self.factorised = set()
        self.inputs: dict[str, Node] = {}
        self.functions: dict[str, Node] = {}
        self.dimension_names: set[str] = set()
        self.demands: dict[Demand, None] = {}
        self.image: dict[Node, Term] = {}

    def behind(self, node: Node) -> Node | None:
        if not is_symbol(node):
            return None
        return self.steps.get(node) or definition(node)

    def lower(self, roots: Sequence[Node]) -> list[Term]:
        """The terms of some nodes; what they share is shared."""
        order = self._order(roots)
        self.dimension_names |= names_of_sizes(order)
        self.demands |= dict.fromkeys(demands(order))
        whole = self._wanted_whole(order, roots)
        asked = {node.operands[0] for node in order if node.op.name in FACTORED}
        for node in order:
            if node in self.image:
                continue
            term = self._one(node)
            named = is_symbol(node) and term.op != "in"
            long = term.op == "prod" and len(term.args) > LONGEST
            if (node in whole or long) and not self._is_plain(term):
                name = symbol_name(node) if named else ""
                term = self.make("let", (term,), (name,), term.shape)
            elif named and self.facts.get(symbol_name(node)):
                term = self.make("let", (term,), (symbol_name(node),), term.shape)
            self.image[node] = term
            if node in asked:
                self.factorised.add(core(term))
        return [self.image[r] for r in roots]

    def _is_plain(self, term: Term) -> bool:
        """Whether a term costs nothing, or is as cheap as it looks: -Y."""
        if term.op == "mul" and len(term.args) == 2 and term.args[0].op == "number":
            term = term.args[1]
        return term.op in FREE

    def _order(self, roots: Iterable[Node]) -> list[Node]:
        todo = [(r, False) for r in reversed(list(roots))]
        seen: set[Node] = set()
        order = []
        while todo:
            node, ready = todo.pop()
            if ready:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                todo.append((node, True))
                todo.extend((c, False) for c in reversed(self._below(node)))
        return order

    def _below(self, node: Node) -> tuple[Node, ...]:
        behind = self.behind(node)
        return node.operands if behind is None else (behind,)

    def _wanted_whole(self, order: Sequence[Node], roots: Sequence[Node]) -> set[Node]:
        """Nodes whose value is needed anyway: nothing may be pushed into them."""
        users: dict[Node, list[Node]] = {}
        for node in order:
            for child in dict.fromkeys(self._below(node)):
                users.setdefault(child, []).append(node)
        whole: set[Node] = set()
        wanted = set(roots)
        for node in reversed(order):
            above = users.get(node, [])
            if node in wanted:
                whole.add(node)
            elif len(above) == 1 and is_symbol(above[0]):
                if above[0] in whole:
                    whole.add(node)
            elif len(above) > 1 and (
                is_symbol(node) or any(u.op.name not in PARTIAL for u in above)
            ):
                whole.add(node)
        return whole

    # -- one node ------------------------------------------------------------------------------

    def _one(self, node: Node) -> Term:
        if is_symbol(node):
            return self._symbol(node)
        name = node.op.name
        A = [self.image[c] for c in node.operands]
        method = getattr(self, f"_op_{name}", None)
        if method is not None:
            return method(node, A)
        if name in TABLE:
            return self.fn(name, *A, shape=node.shape)
        return self.make("other", tuple(A), (Held(node), *node.params), node.shape)

    def _symbol(self, node: Node) -> Term:
        behind = self.behind(node)
        if behind is not None:
            return self.image[behind]
        name = symbol_name(node)
        if not node.shape and (name.startswith("_k") or name in self.dimension_names):
            return self.dimension(sp.Symbol(name, integer=True, positive=True))
        self.inputs.setdefault(name, node)
        return self.input(name, node.shape)

    def _op_number(self, node: Node, A: list[Term]) -> Term:
        return self.number(node.params[0])

    def _op_zeros(self, node: Node, A: list[Term]) -> Term:
        return self.zeros(node.shape)

    def _op_ones(self, node: Node, A: list[Term]) -> Term:
        return self.ones(*node.shape)

    def _op_eye(self, node: Node, A: list[Term]) -> Term:
        return self.eye(node.params[0])

    def _op_plus(self, node: Node, A: list[Term]) -> Term:
        return self.add(*self.gathered(A), shape=node.shape)

    def _op_times(self, node: Node, A: list[Term]) -> Term:
        matrices = [a for a in A if a.shape]
        scalars = [a for a in A if not a.shape]
        if not matrices:
            return self.mul(*scalars)
        made = self.multiplied(matrices) if len(matrices) > 1 else matrices[0]
        return self.mul(*scalars, made, shape=node.shape) if scalars else made

    def _op_hadamard(self, node: Node, A: list[Term]) -> Term:
        return self.mul(*A, shape=node.shape)

    def _op_transpose(self, node: Node, A: list[Term]) -> Term:
        return self.T(A[0])

    def _op_pow(self, node: Node, A: list[Term]) -> Term:
        return self.pow(A[0], A[1], shape=node.shape)

    def _op_sum(self, node: Node, A: list[Term]) -> Term:
        return self.total(A[0])

    def _op_rowsum(self, node: Node, A: list[Term]) -> Term:
        return self.axis_sum(A[0], 1)

    def _op_colsum(self, node: Node, A: list[Term]) -> Term:
        return self.axis_sum(A[0], 0)

    def _op_tr(self, node: Node, A: list[Term]) -> Term:
        return self.trace(A[0])

    def _op_diagonal(self, node: Node, A: list[Term]) -> Term:
        return self.diagonal(A[0])

    def _op_diag(self, node: Node, A: list[Term]) -> Term:
        return self.diag(A[0])

    def _op_det(self, node: Node, A: list[Term]) -> Term:
        return self.det(A[0])

    def _op_logdet(self, node: Node, A: list[Term]) -> Term:
        return self.logdet(A[0])

    def _op_inv(self, node: Node, A: list[Term]) -> Term:
        return self.inv(A[0])

    def _op_solve(self, node: Node, A: list[Term]) -> Term:
        return self.multiplied([self.inv(A[0]), A[1]])

    def _op_norm2(self, node: Node, A: list[Term]) -> Term:
        return self.fn("sqrt", self.total(self.pow(A[0], self.number(2))))

    def _op_item(self, node: Node, A: list[Term]) -> Term:
        return A[0].args[0] if A[0].op == "box" else self.make("item", (A[0],), (), ())

    def _op_box(self, node: Node, A: list[Term]) -> Term:
        return self.make("box", (A[0],), (), (ONE, ONE))

    def _op_entry(self, node: Node, A: list[Term]) -> Term:
        i, j = node.params
        return self.block(A[0], i, j, ONE, ONE)

    def _op_slice(self, node: Node, A: list[Term]) -> Term:
        return self.block(A[0], *node.params)

    def _op_place(self, node: Node, A: list[Term]) -> Term:
        return self.place(A[0], *node.params)

    def _op_kron(self, node: Node, A: list[Term]) -> Term:
        return self.kron(A[0], A[1])

    def _op_kron_contract(self, node: Node, A: list[Term]) -> Term:
        return self.kron_contract(A[0], A[1], *node.params)

    def _op_vec(self, node: Node, A: list[Term]) -> Term:
        if A[0].op == "spread" and not A[0].args[0].shape:
            return self.spread(A[0].args[0], node.shape)
        return self.make("vec", (A[0],), (), node.shape)

    def _op_unvec(self, node: Node, A: list[Term]) -> Term:
        if A[0].op == "spread":
            return self.spread(A[0].args[0], node.shape)
        if A[0].op == "vec" and A[0].args[0].shape == node.shape:
            return A[0].args[0]
        return self.make("unvec", (A[0],), node.params, node.shape)

    def _op_vstack(self, node: Node, A: list[Term]) -> Term:
        return self.stack("vstack", A)

    def _op_hstack(self, node: Node, A: list[Term]) -> Term:
        return self.stack("hstack", A)

    def _op_softmax(self, node: Node, A: list[Term]) -> Term:
        return self.softmax(A[0], node.params[0], A[1] if len(A) > 1 else None)

    def _op_isum(self, node: Node, A: list[Term]) -> Term:
        variable, low, high = node.params
        return self.loop(A[0], variable, low, high, node.shape)

    def _op_function(self, node: Node, A: list[Term]) -> Term:
        name, order, _ = node.params
        self.functions.setdefault(name, node)
        a = A[0].args[0] if A[0].op == "spread" else A[0]
        return self._broadcast(self.make("function", (a,), (name, order), a.shape), node.shape)

    def _op_map(self, node: Node, A: list[Term]) -> Term:
        name, r, slots, _, is_scalar = node.params
        self.functions.setdefault(name, node)
        return self.make("map", tuple(A), (name, r, slots, is_scalar), node.shape)

    def _op_mpow(self, node: Node, A: list[Term]) -> Term:
        return self.power(A[0], node.params[0], node.shape)

    def _kept(self, node: Node, A: list[Term]) -> Term:
        """An operation with no algebra here: it is computed as it stands."""
        return self.make(node.op.name, tuple(A), node.params, node.shape)

    _op_log_softmax = _op_logsumexp = _op_cumsum = _op_tril = _op_triu = _kept
    _op_largest = _op_where_largest = _op_reshape_rows = _op_unfold = _op_fold = _kept
    _op_adj = _op_commutation = _op_diagonal_pick = _kept
