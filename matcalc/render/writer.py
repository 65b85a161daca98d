"""What every printer shares: nodes are written bottom-up, once each, without recursion.

An operation writes itself (its ``text`` and ``latex`` faces) and asks the writer for its operands in
brackets where they bind too loosely. Large parts that occur more than once are written once, under
a name of their own, so that a page never grows faster than the expression.
"""

from __future__ import annotations

from collections.abc import Iterable

from matcalc.expr import BUILD, Node, is_symbol, postorder, symbol
from matcalc.ops.base import Written

# A shared part is named when writing it out everywhere would cost more than this many characters.
WORTH_A_NAME = 240
LONG = 1500


class BaseWriter:
    """A printer over the ``text`` or ``latex`` face of operations."""

    face = "text"
    open, close = "(", ")"

    def __init__(self) -> None:
        self.done: dict[Node, Written] = {}

    def __call__(self, node: Node, level: int = 0) -> str:
        if node not in self.done:
            self.fill(node)
        said, binds = self.done[node]
        return said if binds >= level else f"{self.open}{said}{self.close}"

    def fill(self, root: Node) -> None:
        for node in postorder(root, stop=self.done.__contains__):
            if node not in self.done:
                self.done[node] = getattr(node.op, self.face)(node, self)

    def line(self, root: Node) -> tuple[list[tuple[Node, str]], str]:
        """``root`` as text, and the definitions of the shared parts it uses."""
        definitions: list[tuple[Node, str]] = []
        if len(self(root)) > LONG or self._long_part(root):
            for node, name in shared_parts(root, self):
                said = self.fresh(node)
                definitions.append((name, said))
                self.done[node] = (self(name), 50)
            return definitions, self.fresh(root)
        return definitions, self(root)

    def fresh(self, root: Node) -> str:
        """``root`` written anew above the parts that have a name by now."""
        named = {n: w for n, w in self.done.items() if is_symbol(n) or n in self._named}
        self.done = named
        return self(root)

    _named: set[Node] = set()

    def _long_part(self, root: Node) -> bool:
        return False


def shared_parts(root: Node, writer: BaseWriter) -> list[tuple[Node, Node]]:
    """Parts worth a name, innermost first, with the symbols that name them."""
    uses: dict[Node, int] = {}
    order = postorder(root)
    for node in order:
        for child in node.operands:
            uses[child] = uses.get(child, 0) + 1
    taken = {n.params[0] for n in order if is_symbol(n)}
    names = fresh_names(taken)
    found: list[tuple[Node, Node]] = []
    for node in order:
        if uses.get(node, 0) < 2 or not node.operands:
            continue
        if len(writer(node)) >= WORTH_A_NAME // uses[node] and len(writer(node)) > 30:
            found.append((node, symbol(next(names), node.shape)))
    writer._named = {node for node, _ in found}
    return found


def fresh_names(taken: Iterable[str], stem: str = "S") -> Iterable[str]:
    """S, S2, S3, ...: the first ones that nobody uses."""
    used = set(taken)
    count = 0

    class _Names:
        def __iter__(self) -> _Names:
            return self

        def __next__(self) -> str:
            nonlocal count
            while True:
                count += 1
                name = stem if count == 1 else f"{stem}{count}"
                if name not in used:
                    used.add(name)
                    return name

    return _Names()


class TextWriter(BaseWriter):
    """The text language, which ``parse`` reads back."""


def text(expr: object) -> str:
    """An expression in the text language; shared parts become definitions on lines above it.

    >>> from matcalc import matrix, inv
    >>> text(inv(matrix("A", "n", "n")).T)
    "inv(A)'"
    """
    from matcalc.expr import read

    node = read(expr)
    definitions, last = TextWriter().line(node)
    return "\n".join([*(f"{name.params[0]} = {said}" for name, said in definitions), last])


def text_lines(node: Node) -> tuple[list[tuple[Node, str]], str]:
    """Definitions of the shared parts, and the last line."""
    return TextWriter().line(node)


BUILD["text"] = text
BUILD["text_lines"] = text_lines
