r"""A tree in one short line, for tests to compare and people to read.

``W^[1]_i,j'`` a symbol, ``(a b)`` and ``(a \odot b)`` products, ``{a - b}`` sums, ``T<x>`` a
postfix, ``f?(x)`` a head with an undecided bracket, ``tanh(x)`` and ``log~x`` calls,
``d[E/W]`` derivatives, ``sum[i = 1..n]<...>`` big operators.
"""

from __future__ import annotations

from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula

SHORT = {"transpose": "T", "inverse": "inv", "inverse-transpose": "invT", "power": "pow",
         "superscript": "sup", "subscript": "sub", "evaluated": "at"}  # fmt: skip


def sketch_of(text: str, **options) -> str:
    """The sketch of a formula, relations joined by `` ; ``."""
    return " ; ".join(map(sketch, read_formula(text, **options))).strip()


def sketch(n: t.Node | None) -> str:
    """One node in short."""
    match n:
        case None:
            return ""
        case t.Number() | t.Word():
            return n.text
        case t.Symbol():
            marks = "".join(map(sketch, n.marks))
            below = f"_{_list(n.subscripts)}" if n.subscripts else ""
            return n.name + marks + below + "'" * n.primes + n.star
        case t.Mark():
            close = {"[": "]", "(": ")"}.get(n.style, "")
            return f"^{n.style if close else ''}{sketch(n.index)}{close}"
        case t.Filled():
            return f"{'ones' if n.digit == '1' else 'zeros'}<{_list(n.subscripts)}>"
        case t.Slot() | t.Ellipsis() | t.Sign():
            return n.latex
        case t.Blank():
            return f"blank<{n.text}>"
        case t.Missing():
            return "missing"
        case t.Text():
            return f'"{n.words}"'
        case t.Phrase():
            return " ".join(map(sketch, n.parts))
        case t.Listing():
            return f"list<{_list(n.items)}>"
        case t.Sum():
            pairs = zip(n.signs, n.terms, strict=True)
            return "{" + " ".join(f"{s} {sketch(x)}" for s, x in pairs).removeprefix("+ ") + "}"
        case t.Product():
            pairs = zip(("", *n.operators), n.factors, strict=True)
            return "(" + " ".join(f"{o} {sketch(x)}".strip() for o, x in pairs) + ")"
        case t.Fraction():
            return f"[{sketch(n.numerator)}/{sketch(n.denominator)}]"
        case t.Root():
            return f"root{sketch(n.degree)}<{sketch(n.body)}>"
        case t.Postfix():
            inner = "".join(f"; {sketch(a)}" for a in n.arguments)
            return f"{SHORT.get(n.kind, n.kind + n.latex)}<{sketch(n.base)}{inner}>"
        case t.Bracket():
            parts = zip(("", *n.separators), n.items, strict=False)
            inner = "".join(f"{'&' if s == ' ' else s}{sketch(x)}" for s, x in parts)
            return n.left + inner + n.right
        case t.HeadBracket():
            return f"{sketch(n.head)}?{sketch(n.bracket)}"
        case t.Call():
            power = f"**{sketch(n.power)}" if n.power else ""
            return f"{sketch(n.head)}{power}{'' if n.bracketed else '~'}{sketch(n.argument)}"
        case t.BigOperator():
            upper = f"..{sketch(n.upper)}" if n.upper else ""
            return f"{n.name}[{_list(n.lower)}{upper}]<{sketch(n.body)}>"
        case t.Derivative():
            order = "" if n.order == "1" else n.order
            form = {"fraction": "", "slash": ""}.get(n.form, f" {n.form}")
            return f"d{order}[{sketch(n.of)}/{_list(n.by)}{form}]"
        case t.Nabla():
            order = "" if n.order == "1" else n.order
            return f"nabla{order}[{sketch(n.of)}/{_list(n.by)}]"
        case t.Differential():
            return f"diff<{sketch(n.of)}>"
        case t.Indicator():
            return f"one[{sketch(n.condition)}]"
        case t.Matrix():
            return "mat<" + " | ".join(_list(row) for row in n.rows) + ">"
        case t.Case():
            return f"{sketch(n.value)} if {n.words}:{_list(n.conditions)}"
        case t.Cases():
            return "cases<" + " | ".join(map(sketch, n.rows)) + ">"
        case t.Accented():
            return f"{n.accent}<{sketch(n.body)}>"
        case t.Labelled():
            return f"{n.command}<{sketch(n.body)}; {sketch(n.label)}>"
        case t.Condition():
            return f"{n.words}:{_list(n.relations)}"
        case t.Relation():
            return _relation(n)
    raise AssertionError(type(n).__name__)


def _list(nodes: tuple[t.Node, ...]) -> str:
    return ",".join(map(sketch, nodes))


def _relation(n: t.Relation) -> str:
    out = f"[{n.link}] " if n.link else ""
    out += "(continued) " if n.continued else ""
    out += sketch(n.sides[0]) if n.sides else ""
    out += "".join(f" {s} {sketch(x)}" for s, x in zip(n.signs, n.sides[1:], strict=True))
    out += "".join(f" # {sketch(r)}" for r in n.remarks)
    out += "".join(f" @ {sketch(c)}" for c in n.conditions)
    return out + (f" tag {n.tag}" if n.tag else "")
