"""NumPy source of nodes, in the form that ``sympy.lambdify`` wants.

sympy's own printer has no word for half of our operations, so each node prints itself through its
operation's ``code``. A shared part is computed once: parts that are used twice, or stand deep, are
named inside one flat list, so that neither sharing nor depth makes the source grow. Dimension
symbols are read off the shape of a matrix argument where one has them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.numpy import NumPyPrinter

from matcalc.errors import DomainError
from matcalc.expr import BUILD, Node, is_number, is_symbol, postorder

_np = np
_erf = np.vectorize(math.erf, otypes=[float])
_DEEP = 8  # inlined operations on top of one another before a part gets a name
_WORDS = re.compile(r"(?<![\w.'\"])(np(?=\.)|erf(?=\())")
_EXACT_INTEGER = 2**53


# Beyond so many terms, one by one in Python, a sum takes longer than anybody waits.
MOST_TERMS = 30_000


def counted(low: int, high: int) -> range:
    """The places of a sum whose terms are added one by one."""
    if high - low >= MOST_TERMS:
        raise DomainError(
            f"a sum of {high - low + 1} terms is too long to be added up term by term; a function "
            "from mc.compile adds them at once"
        )
    return range(low, high + 1)


def _total(terms: Iterable[Any], rows: Any = None, cols: Any = None) -> Any:
    """The sum of the terms; zeros of the shape if there are none."""
    total: Any = np.float64(0) if rows is None else np.zeros((rows, cols))
    for term in terms:
        total = total + term
    return total


class NodePrinter(NumPyPrinter):
    """NumPy's printer, with given names for some nodes and for the parameters of one."""

    def __init__(
        self, names: Mapping[Node, str], parameters: Mapping[Node, Sequence[str]] | None = None
    ) -> None:
        super().__init__({"fully_qualified_modules": False, "inline": True})
        self.names, self.parameters = names, parameters or {}


def integer_source(value: Any, write: Callable[[Any], str] = str) -> str:
    """An integer expression in dimensions as Python source whose value is an ``int``."""
    if not isinstance(value, sp.Expr):
        return str(value)
    above, below = value.as_numer_denom()
    if below == 1:
        return write(above)
    return f"(({write(above)}) // ({write(below)}))"


def bound_names(order: Iterable[Node]) -> frozenset[str]:
    """The names of the indices that sums below bind."""
    return frozenset(node.params[0].name for node in order if node.op.name == "isum")


def needed_indices(
    order: Iterable[Node], known: Callable[[Node], bool]
) -> dict[Node, frozenset[str]]:
    """Which bound indices the value of each node depends on; a known one depends on none."""
    order = list(order)
    bound = bound_names(order)
    nothing: frozenset[str] = frozenset()
    needs: dict[Node, frozenset[str]] = {}
    for node in order:
        if known(node):
            needs[node] = nothing
            continue
        found = nothing.union(*(needs[child] for child in node.operands))
        if node.op.name == "isum":
            found -= {node.params[0].name}
        if is_symbol(node):
            used = {node.params[0]} if not node.shape else _free_names(node.shape)
        else:
            used = _free_names(node.params[1:] if node.op.name == "isum" else node.params)
        needs[node] = found | (bound & used)
    return needs


def _free_names(values: Iterable[Any]) -> set[str]:
    return {s.name for v in values if isinstance(v, sp.Expr) for s in v.free_symbols}


def numpycode(root: Node, printer: Any) -> str:
    """NumPy source for the whole expression below ``root``, in brackets if it needs any."""
    return _bracketed(_Source(root, printer).write())


class _Source:
    """One expression on its way to source."""

    def __init__(self, root: Node, printer: Any) -> None:
        self.root, self.printer = root, printer
        self.names: dict[Node, str] = dict(getattr(printer, "names", {}))
        self.parameters: Mapping[Node, Sequence[str]] = getattr(printer, "parameters", {})
        self.order = postorder(root, stop=self.names.__contains__)
        self.needs = needed_indices(self.order, self.names.__contains__)
        self.uses: dict[Node, int] = {}
        for node in self.order:
            for child in node.operands if node not in self.names else ():
                self.uses[child] = self.uses.get(child, 0) + 1
        self.taken = {n.params[0] for n in self.order if is_symbol(n)}
        self.dims = self._dimension_sources()
        self.depth: dict[Node, int] = {}

    def write(self) -> str:
        return self._scope(self.root, frozenset())

    def _scope(self, result: Node, active: frozenset[str]) -> str:
        """Source for ``result``, given that the indices in ``active`` have values."""
        bindings: list[str] = []
        for node in postorder(result, stop=self.names.__contains__):
            if node in self.names or not self.needs[node] <= active:
                continue
            code = self._code(node, active)
            deep = 1 + max((self.depth[c] for c in node.operands if c in self.depth), default=0)
            leaf = not node.operands
            # A sum is bound so that its terms never stand inside another operation's lambda.
            bind = self.uses.get(node, 0) > 1 or deep > _DEEP or node.op.name == "isum"
            if node is result or leaf or not bind:
                self.names[node], self.depth[node] = code, 0 if leaf else deep
            else:
                name = self._fresh()
                bindings.append(f"{name} := {code}")
                self.names[node], self.depth[node] = name, 0
        value = self.names[result]
        return f"[{', '.join([*bindings, value])}][-1]" if bindings else value

    def _fresh(self) -> str:
        name = f"_v{len(self.taken)}"
        while name in self.taken:
            name = f"_{name}"
        self.taken.add(name)
        return name

    def _dimension_sources(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for node in self.order:
            if is_symbol(node) and node not in self.names:
                for axis in range(len(node.shape)):
                    d: Any = node.shape[axis]
                    if d.is_Symbol:
                        found.setdefault(d.name, f"{node.params[0]}.shape[{axis}]")
        return found

    def _integer(self, value: Any) -> str:
        def write(e: Any) -> str:
            swaps = {s: sp.Symbol(self.dims[s.name]) for s in e.free_symbols if s.name in self.dims}
            return str(e.xreplace(swaps))

        return integer_source(value, write)

    def _code(self, node: Node, active: frozenset[str]) -> str:
        if is_symbol(node):
            name = node.params[0]
            return str(name if node.shape else self.dims.get(name, name))
        if is_number(node):
            value = node.params[0]
            exact = value.is_Integer and abs(value) <= _EXACT_INTEGER
            return _bracketed(str(value) if exact else repr(float(value)))
        if node.op.name == "isum":
            return self._sum(node, active)
        operands = [self._operand(child) for child in node.operands]
        given = self.parameters.get(node)
        params = given or [self._integer(p) for p in node.op.code_params(node)]
        return operation_source(node, operands, params, self._import)

    def _operand(self, node: Node) -> str:
        return _bracketed(self.names[node])

    def _sum(self, node: Node, active: frozenset[str]) -> str:
        variable, low, high = node.params
        names, depth = dict(self.names), dict(self.depth)
        body = self._scope(node.operands[0], active | {variable.name})
        self.names, self.depth = names, depth  # what was named inside is unknown outside
        span = f"{self._import('counted')}({self._integer(low)}, {self._integer(high)})"
        sides: tuple[Any, ...] = node.shape
        shape = "".join(f", {self._integer(d)}" for d in sides)
        return f"{self._import('_total')}(({body} for {variable.name} in {span}){shape})"

    def _import(self, word: str) -> str:
        imports = getattr(self.printer, "module_imports", None)
        if imports is not None:
            imports[__name__].add(word)
        return word


def _bracketed(source: str) -> str:
    return source if re.fullmatch(r"\w+", source) else f"({source})"


def operation_source(
    node: Node, operands: Sequence[str], params: Sequence[str], use: Callable[[str], str]
) -> str:
    """Source of one operation; ``use`` imports a word of this module and returns it."""
    marks = [f"\0{k}\0" for k in range(len(operands))]
    shape: Any = node.shape
    if node.op.name == "times":
        scalars = [m for m, a in zip(marks, node.operands, strict=True) if not a.shape]
        matrices = [m for m, a in zip(marks, node.operands, strict=True) if a.shape]
        chain = " @ ".join(matrices)
        if matrices and not shape:
            chain = f"({chain})[0, 0]"
        elif scalars and len(matrices) > 1:
            chain = f"({chain})"
        source = " * ".join([*scalars, chain] if chain else scalars)
    else:
        source = node.op.code(marks, params)
        if not shape and any(a.shape for a in node.operands):
            shape = node.op.shape_of(node.operands, node.params)
            if shape:  # the code makes a 1 x 1 matrix of what is a scalar
                source = f"({source})[0, 0]"
    # The words of our code are renamed: a user's symbol may be called np.
    source = _WORDS.sub(lambda found: use(f"_{found[1]}"), source)
    return re.sub("\0(\\d+)\0", lambda found: operands[int(found[1])], source)


BUILD["numpycode"] = numpycode
