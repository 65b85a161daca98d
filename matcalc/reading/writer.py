r"""A tree as LaTeX again.

Reading what was written gives the same tree. Where somebody built a tree by hand, a sum that is a
factor or a base gets its parentheses; a second superscript gets braces: ``{W^{[1]}}^{\top}``.
"""

from __future__ import annotations

from functools import singledispatch

from matcalc.reading import tree as t
from matcalc.reading.ranges import is_range
from matcalc.reading.scripts import is_word
from matcalc.reading.signs import FUNCTION_WORDS, PARTNER

TALL = (t.Fraction, t.BigOperator, t.Matrix, t.Cases, t.Labelled)
LOOSE = (t.Sum, t.Relation, t.Listing, t.Phrase)


def write_formula(relations: tuple[t.Relation, ...]) -> str:
    """What ``read_formula`` returned, as one formula."""
    out = ""
    rows = any(relation.link == "row" for relation in relations)
    for relation in relations:
        out += _LINKS.get(relation.link, f" {relation.link} ") + write(relation)
    return rf"\begin{{aligned}} {out} \end{{aligned}}" if rows else out


_LINKS = {"": "", "row": r" \\ ", ",": r", \quad ", "quad": r" \quad ", ";": "; ",
          "and": r" \text{ and } ", "or": r" \text{ or } "}  # fmt: skip


@singledispatch
def write(node: t.Node) -> str:
    """The LaTeX of a node."""
    raise AssertionError(f"no LaTeX for {type(node).__name__}")


# ---------------------------------------------------------------- leaves and names


@write.register
def _(node: t.Number) -> str:
    return node.shown if isinstance(node, t.Counted) else node.text


@write.register
def _(node: t.Word) -> str:
    return node.text if node.plain else rf"\text{{{node.text}}}"


@write.register
def _(node: t.Symbol) -> str:
    out = node.latex + _below(node.subscripts) + "'" * node.primes
    above = "".join(map(write, node.marks)) + node.star
    return out + (f"^{{{above}}}" if above else "")


@write.register
def _(node: t.Mark) -> str:
    index = write(node.index)
    return {"[": f"[{index}]", "(": f"({index})"}.get(node.style, index)


@write.register
def _(node: t.Filled) -> str:
    return node.latex + _below(node.subscripts)


@write.register(t.Slot)
@write.register(t.Ellipsis)
@write.register(t.Sign)
def _(node: t.Slot | t.Ellipsis | t.Sign) -> str:
    return node.latex


@write.register
def _(node: t.Blank) -> str:
    return node.text


@write.register
def _(node: t.Missing) -> str:
    return ""


@write.register
def _(node: t.Text) -> str:
    return rf"\text{{ {node.words} }}"


@write.register
def _(node: t.Phrase) -> str:
    return " ".join(map(write, node.parts))


@write.register
def _(node: t.Listing) -> str:
    return ", ".join(map(write, node.items))


def _below(indices: tuple[t.Node, ...]) -> str:
    if not indices:
        return ""
    parts = [write(index) for index in indices]
    short = all(len(part) == 1 and (part.islower() or part.isdigit()) for part in parts)
    glued = "".join(parts)
    numbers = sum(part.isdigit() for part in parts)
    readable = short and numbers < 2 and not is_word(glued) and glued not in FUNCTION_WORDS
    return f"_{{{glued if readable else ', '.join(parts)}}}"


# ---------------------------------------------------------------- sums, products, scripts


@write.register
def _(node: t.Sum) -> str:
    out = ""
    for number, (sign, term) in enumerate(zip(node.signs, node.terms, strict=True)):
        text = write(term)
        if number:
            out += f" {sign} {text}"
        elif sign != "+" or len(node.terms) == 1:
            out += f"{sign} {text}" if sign.startswith("\\") else f"{sign}{text}"
        else:
            out += text
    return out


@write.register
def _(node: t.Product) -> str:
    operators = ("", *node.operators)
    last = len(node.factors) - 1
    out = ""
    for number, (operator, factor) in enumerate(zip(operators, node.factors, strict=True)):
        text = _factor(factor, bool(operator), number == last)
        out += (f" {operator} " if operator else " " if number else "") + text
    return out


def _factor(node: t.Node, operator: bool, last: bool) -> str:
    signed = _is_signed(node) and operator
    greedy = isinstance(node, t.BigOperator) and not last and node.body is not None
    if (isinstance(node, LOOSE) and not signed) or greedy:
        return f"({write(node)})"
    return write(node)


@write.register
def _(node: t.Fraction) -> str:
    return rf"\frac{{{write(node.numerator)}}}{{{write(node.denominator)}}}"


@write.register
def _(node: t.Root) -> str:
    degree = f"[{write(node.degree)}]" if node.degree is not None else ""
    return rf"\sqrt{degree}{{{write(node.body)}}}"


@write.register
def _(node: t.Postfix) -> str:
    base = _base(node.base, lowered=node.kind in ("subscript", "evaluated"))
    inner = ", ".join(map(write, node.arguments))
    if node.kind == "subscript":
        return base + _below(node.arguments)
    if node.kind == "evaluated":
        return base + _evaluated(node)
    if node.kind == "prime":
        return base + "'" * int(inner)
    if node.latex == "!":
        return base + "!"
    if node.kind == "power" and node.latex == ".^":
        return f"{base} .^ {inner if inner.isalnum() else f'{{{inner}}}'}"
    above = {
        "transpose": node.latex,
        "inverse": "-1",
        "inverse-transpose": f"-{node.latex or 'T'}",
        "star": node.latex,
        "power": f"{node.latex} {inner}" if node.latex else inner,
    }.get(node.kind, inner)
    return f"{base}^{{{above}}}"


def _evaluated(node: t.Postfix) -> str:
    upper = [a for a in node.arguments if isinstance(a, t.Mark) and a.style == "^"]
    lower = ", ".join(write(a) for a in node.arguments if a not in upper)
    above = f"^{{{write(upper[0].index)}}}" if upper else ""
    if isinstance(node.base, t.Bracket) and node.base.left == "." and node.base.right == "|":
        return f"_{{{lower}}}{above}"
    return rf"\Big|_{{{lower}}}{above}"


def _base(node: t.Node, *, lowered: bool) -> str:
    """What a script is put on, in braces where it has one of that kind already."""
    text = write(node)
    if isinstance(node, (*LOOSE, t.Product, t.BigOperator, t.Derivative, t.Nabla)):
        fraction = isinstance(node, t.Derivative) and node.form == "fraction"
        return f"{{{text}}}" if fraction else f"({text})"
    if isinstance(node, t.Symbol):
        taken = node.subscripts if lowered else node.marks or node.star
        return f"{{{text}}}" if taken else text
    if isinstance(node, t.Postfix):
        below = node.kind in ("subscript", "evaluated")
        return text if below and not lowered else f"{{{text}}}"
    if isinstance(node, (t.Fraction, t.Call, t.Labelled, t.Accented, t.Root, t.Differential)):
        plain = isinstance(node, t.Call) and node.bracketed
        return text if plain else f"{{{text}}}"
    return text


@write.register
def _(node: t.Bracket) -> str:
    between = {",": ", ", ";": "; ", "|": r" \mid ", r"\|": r" \| ", " ": r" \quad ", ":": " : "}
    out = ""
    for separator, item in zip(("", *node.separators), node.items, strict=False):
        out += between.get(separator, separator) + write(item)
    if not node.left and not node.right:
        return f"{{{out}}}"
    bars = node.left in ("|", r"\|", ".") or node.right in ("|", r"\|", ".")
    if bars or any(isinstance(part, TALL) for item in node.items for part in t.walk(item)):
        return rf"\left{node.left} {out} \right{node.right}"
    gap = " " if node.left.startswith("\\") else ""
    return f"{node.left}{gap}{out}{gap}{node.right}"


# ---------------------------------------------------------------- functions and operators


@write.register
def _(node: t.HeadBracket) -> str:
    return write(node.head) + write(node.bracket)


@write.register
def _(node: t.Call) -> str:
    power = f"^{{{write(node.power)}}}" if node.power is not None else ""
    gap = "" if node.bracketed else " "
    return write(node.head) + power + gap + write(node.argument)


@write.register
def _(node: t.BigOperator) -> str:
    lower = f"_{{{', '.join(map(write, node.lower))}}}" if node.lower else ""
    upper = f"^{{{write(node.upper)}}}" if node.upper is not None else ""
    return f"{node.latex}{lower}{upper} {_operand(node.body)}".strip()


def _operand(node: t.Node | None) -> str:
    """What a sum or an operator governs: a minus in front needs no parentheses there."""
    if node is None:
        return ""
    if isinstance(node, t.Product) and _is_signed(node.factors[0]):
        rest = t.Product((t.Blank(), *node.factors[1:]), node.operators)
        return write(node.factors[0]) + write(rest)
    return write(node) if _is_signed(node) else _factor(node, False, True)


def _is_signed(node: t.Node) -> bool:
    return isinstance(node, t.Sum) and len(node.terms) == 1


@write.register
def _(node: t.Derivative) -> str:
    order = f"^{{{node.order}}}" if node.order != "1" else ""
    of = write(node.of) if node.of is not None else ""
    gap = "" if node.sign in ("d", "D") else " "
    if node.form == "index":
        below = f"_{{{', '.join(map(write, node.by))}}}" if node.by else ""
        return f"{node.sign}{below}{order} {of}".strip()
    by = gap.join(f"{node.sign}{gap}{text}" for text in _variables(node.by))
    if node.form == "slash":
        return f"{node.sign}{order}{gap}{of} / {by}"
    if node.form == "operator":
        return rf"\frac{{{node.sign}{order}}}{{{by}}} {_operand(node.of)}".strip()
    return rf"\frac{{{node.sign}{order}{gap}{of}}}{{{by}}}"


def _variables(by: tuple[t.Node, ...]) -> list[str]:
    """The denominators, neighbours that repeat as a power."""
    runs: list[tuple[t.Node, int]] = []
    for variable in by:
        if runs and runs[-1][0] == variable:
            runs[-1] = (variable, runs[-1][1] + 1)
        else:
            runs.append((variable, 1))
    return [write(v if n == 1 else t.Postfix(v, "power", (t.Number(str(n)),))) for v, n in runs]


@write.register
def _(node: t.Nabla) -> str:
    below = f"_{{{', '.join(map(write, node.by))}}}" if node.by else ""
    order = f"^{{{node.order}}}" if node.order != "1" else ""
    of = f" {write(node.of)}" if node.of is not None else ""
    return rf"\nabla{below}{order}{of}"


@write.register
def _(node: t.Differential) -> str:
    if node.of is None:
        return node.sign
    return node.sign + ("" if node.sign == "d" else " ") + write(node.of)


@write.register
def _(node: t.Indicator) -> str:
    condition = write(node.condition)
    if node.left == "_":
        return f"{node.latex}_{{{condition}}}"
    return f"{node.latex}{node.left} {condition} {PARTNER[node.left]}"


# ---------------------------------------------------------------- layouts


@write.register
def _(node: t.Accented) -> str:
    return f"{node.accent}{{{write(node.body)}}}"


@write.register
def _(node: t.Labelled) -> str:
    label = node.label
    text = "" if label is None else write(label)
    if isinstance(label, t.Text):
        text = rf"\text{{{label.words}}}"
    if node.command.endswith("set"):
        return f"{node.command}{{{text}}}{{{write(node.body)}}}"
    side = "_" if node.command.startswith(r"\under") else "^"
    return f"{node.command}{{{write(node.body)}}}" + (f"{side}{{{text}}}" if text else "")


@write.register
def _(node: t.Matrix) -> str:
    rows = r" \\ ".join(" & ".join(map(write, row)) for row in node.rows)
    columns = ""
    if node.environment in ("array", "tabular", "alignedat", "alignat"):
        columns = f"{{{'c' * max((len(row) for row in node.rows), default=1)}}}"
    return rf"\begin{{{node.environment}}}{columns} {rows} \end{{{node.environment}}}"


@write.register
def _(node: t.Cases) -> str:
    rows = r" \\ ".join(map(write, node.rows))
    return rf"\begin{{cases}} {rows} \end{{cases}}"


@write.register
def _(node: t.Case) -> str:
    rest = _condition(node.words, node.conditions)
    return write(node.value) + (f" & {rest}" if rest else "")


@write.register
def _(node: t.Condition) -> str:
    return _condition(node.words, node.relations)


def _condition(words: str, parts: tuple[t.Node, ...]) -> str:
    inner = ", ".join(map(write, parts))
    if not words or words.startswith("\\"):
        return f"{words} {inner}".strip()
    return rf"\text{{{words} }} {inner}".strip()


@write.register
def _(node: t.Relation) -> str:
    out = "" if node.continued else (write(node.sides[0]) if node.sides else "")
    remarks = "".join(f" {write(remark)}" for remark in node.remarks)
    # Words behind an empty side would be that side.
    early = bool(node.signs) and isinstance(node.sides[-1], t.Blank)
    out += remarks if early else ""
    for sign, side in zip(node.signs, node.sides[1:], strict=True):
        out += f" {sign} {write(side)}"
    out += "" if early else remarks
    for condition in node.conditions:
        text, joint = write(condition), r", \quad "
        part = next(t.children(condition), None)
        bare = isinstance(condition, t.Condition) and not condition.words
        if bare and isinstance(part, t.Relation) and not (node.signs and is_range(part)):
            text, joint = f"({text})", r" \quad "
        out += (joint if out else "") + text
    return out.strip() + (rf" \tag{{{node.tag}}}" if node.tag else "")
