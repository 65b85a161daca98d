r"""The commands with a layout of their own: fractions and derivatives, sums, braces with labels.

A fraction is a derivative if its two halves say so: ``\partial`` or ``d`` in front of both, or an
operator ``\frac{d}{dx}`` whose operand stands to the right. ``\frac{d}{d_k}`` is a fraction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from matcalc.errors import ParseError
from matcalc.reading.assemble import BigHead, DerivativeHead, FunctionHead, NablaHead
from matcalc.reading.cursor import Unit, split
from matcalc.reading.signs import (
    ACCENTS,
    BINDING,
    FONTS,
    FUNCTION_COMMANDS,
    LETTERS,
    NOT_LATEX,
    OPERATORS,
    UPRIGHT,
)
from matcalc.reading.tokens import Token
from matcalc.reading.tree import (
    Bracket,
    Call,
    Derivative,
    Fraction,
    Labelled,
    Listing,
    Node,
    Number,
    Phrase,
    Postfix,
    Relation,
    Root,
    Span,
    Sum,
    Symbol,
    Text,
)

if TYPE_CHECKING:
    from matcalc.reading.units import Builder

# Not a factor: the halves of such a fraction are no derivative.
LOOSE = (Sum, Relation, Listing, Phrase)

# ---------------------------------------------------------------- fractions and derivatives


def fraction(builder: Builder, token: Token) -> None:
    """A fraction, a derivative, or a differential operator."""
    start = builder.at - 1
    numerator, denominator = builder.argument(token), builder.argument(token)
    span = builder.span(start)
    if not derivative(builder, numerator, denominator, span):
        above, below = builder.expression(numerator), builder.expression(denominator)
        builder.add("ATOM", Fraction(above, below, span=span), *span)


def over(builder: Builder, command: str) -> list[Unit]:
    r"""``{a \over b}``."""
    parts = split(builder.tokens, command)
    if len(parts) != 2 or not all(parts):
        raise builder.fail(rf"{command} wants one expression on either side")
    span = (builder.tokens[0].start, builder.tokens[-1].end)
    if not derivative(builder, parts[0], parts[1], span):
        node = Fraction(builder.expression(parts[0]), builder.expression(parts[1]), span=span)
        builder.add("ATOM", node, *span)
    return builder.out


def derivative(builder: Builder, above: list[Token], below: list[Token], span: Span) -> bool:
    """Put a derivative if the two halves of a fraction are one."""
    sign = _derivative_sign(above, below)
    if not sign:
        return False
    places, lower = _places(above, sign), _places(below, sign)
    order, rest = _order(above[places[0][1] :])
    if rest and rest[0].kind == "_":
        return False
    prefix = _without_operator(above[: places[0][0]])
    divisor = _without_operator(below[: lower[0][0]]) if lower else []
    if not lower and len(_variable(builder, below)) != 1:
        return False
    pieces = [
        below[end : (lower[n + 1][0] if n + 1 < len(lower) else None)]
        for n, (_, end) in enumerate(lower)
    ] or [below]
    factor = builder.expression(prefix) if prefix else None
    share = builder.expression(divisor) if divisor else None
    if isinstance(factor, LOOSE) or isinstance(share, LOOSE):
        return False
    by = _by([builder.expression(piece) for piece in pieces], order)
    if factor is not None:
        # The units, not the node: a sum sign goes on to govern the derivative.
        builder.out.extend(builder.below(prefix))
    if not rest:
        if share is not None:
            builder.add("ATOM", Fraction(Number("1", span=span), share, span=span), *span)
        builder.add("PREFIX", DerivativeHead(sign, by, order, "operator"), *span)
        return True
    result: Node = Derivative(sign, builder.expression(rest), by, order, span=span)
    if share is not None:
        result = Fraction(result, share, span=span)
    builder.add("ATOM", result, *span)
    return True


def _derivative_sign(above: list[Token], below: list[Token]) -> str:
    for sign in (r"\partial", "d", r"\mathrm{d}", r"\delta", "D"):
        upper, lower = _places(above, sign), _places(below, sign)
        if len(upper) != 1 or (upper[0][0] > 0 and sign != r"\partial"):
            continue
        if lower and (sign == r"\partial" or lower[0][0] == 0):
            return sign
        if sign == r"\partial" and upper[0][0] == 0 and len(above) > 1:
            return sign
    return ""


def _places(tokens: list[Token], sign: str) -> list[tuple[int, int]]:
    """Where ``sign`` differentiates at the top level: first token and the one after."""
    found: list[tuple[int, int]] = []
    depth, position = 0, 0
    while position < len(tokens):
        token = tokens[position]
        width = 0 if depth else _width(tokens, position, sign)
        if width:
            found.append((position, position + width))
            position += width
            continue
        depth += {"{": 1, "}": -1, "left": 1, "right": -1}.get(token.kind, 0)
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(token.text, 0) * (token.kind == "sign")
        position += 1
    return found


def _width(tokens: list[Token], position: int, sign: str) -> int:
    """How many tokens the differentiation sign at ``position`` takes; 0 if there is none."""
    token = tokens[position]
    following = tokens[position + 1] if position + 1 < len(tokens) else None
    if sign == r"\partial":
        return int(token.text == sign)
    if sign == r"\mathrm{d}":
        texts = [t.text for t in tokens[position : position + 4]]
        if token.kind == "text" and token.body == "d":
            return 1
        if texts[:1] and texts[0] in (*UPRIGHT, r"\mathsf") and texts[1:] and texts[1] == "d":
            return 2
        fonts = (*UPRIGHT, r"\mathbf", r"\mathsf")
        upright = texts[:1] and texts[0] in fonts and texts[2:4] == ["d", "}"]
        return 4 if upright or texts[1:] == [r"\rm", "d", "}"] else 0
    if token.text != sign:
        return 0
    if following is None:
        return int(position == 0 and len(tokens) == 1)
    before = tokens[position - 1] if position else None
    if before is not None and before.kind == "letter" and token.glued and before.text != "d":
        after_symbol = position > 1 and tokens[position - 2].text == sign
        if not after_symbol:
            return 0
    if following.kind == "^":
        return int(position == 0)
    if following.kind in ("letter", "{", "text") or following.text == "(":
        return 1
    named = following.text in LETTERS or following.text in ACCENTS or following.text in FONTS
    return int(named or following.text in FUNCTION_COMMANDS | UPRIGHT)


def _order(tokens: list[Token]) -> tuple[str, list[Token]]:
    """The order behind the sign of the numerator, and what is differentiated."""
    if not tokens or tokens[0].kind != "^":
        return "1", tokens
    if len(tokens) > 1 and tokens[1].kind != "{":
        return tokens[1].text, tokens[2:]
    close = next((n for n, t in enumerate(tokens) if t.kind == "}"), len(tokens) - 1)
    return "".join(t.text for t in tokens[2:close]), tokens[close + 1 :]


def _without_operator(tokens: list[Token]) -> list[Token]:
    while tokens and (tokens[-1].text in OPERATORS or tokens[-1].kind == "wide"):
        tokens = tokens[:-1]
    return tokens


def _variable(builder: Builder, tokens: list[Token]) -> list[Symbol]:
    r"""The one symbol below ``\partial NLL`` when its own ``\partial`` was forgotten."""
    if not tokens or all(t.kind == "number" for t in tokens):
        return []
    node = builder.expression(tokens)
    return [node] if isinstance(node, Symbol) else []


def _by(variables: list[Node], order: str) -> tuple[Node, ...]:
    """One entry for each differentiation; dx^2 is x twice where the order is 2."""
    if not order.isdigit() or int(order) < 2 or int(order) > 9:
        return tuple(variables)
    repeated: list[Node] = []
    for variable in variables:
        base, times = power_of(variable)
        repeated += [base] * times
    return tuple(repeated) if len(repeated) == int(order) else tuple(variables)


def power_of(node: Node) -> tuple[Node, int]:
    """``x^2`` as x, twice; anything else once."""
    exponent = node.arguments[0] if isinstance(node, Postfix) and node.arguments else None
    if isinstance(node, Postfix) and isinstance(exponent, Number) and exponent.text.isdigit():
        return node.base, min(int(exponent.text), 10)
    return node, 1


# ---------------------------------------------------------------- prefixes


def _limits(builder: Builder) -> tuple[list[Token], list[Token]]:
    """What stands below and above the sign just taken."""
    below: list[Token] = []
    above: list[Token] = []
    while (token := builder.peek()) is not None and token.kind in ("_", "^"):
        builder.next()
        inner = builder.argument(token)
        if token.kind == "_":
            below = below or inner
        else:
            above = above or inner
    return below, above


def big(builder: Builder, token: Token, name: str) -> None:
    """A sum, a product, an integral with its limits."""
    start = builder.at - 1
    below, above = _limits(builder)
    lower = builder.reader.items(below, builder.depth + 1) if below else ()
    upper = builder.reader.expression(above, builder.depth + 1, script=True) if above else None
    head = BigHead(name, token.text, lower, upper)
    builder.add("PREFIX", head, *builder.span(start))


def function_latex(word: str) -> str:
    """How a function word is written."""
    command = "\\" + word
    if command in FUNCTION_COMMANDS - NOT_LATEX:
        return command
    return rf"\operatorname{{{word}}}"


def function(builder: Builder, head: Symbol, start: int, end: int) -> None:
    """A function word; with a variable below, max and min bind it."""
    name, latex = head.name, head.latex
    following = builder.peek()
    if name == "arg" and following is not None and following.text in (r"\max", r"\min"):
        builder.next()
        name, latex = name + following.text[1:], rf"\arg{following.text}"
        head, end = Symbol(name, latex, span=(start, following.end)), following.end
    following = builder.peek()
    if name in BINDING and following is not None and following.kind == "_":
        at = builder.at
        below, _ = _limits(builder)
        lower = builder.reader.items(below, builder.depth + 1)
        builder.add("PREFIX", BigHead(name, latex, lower, None), start, builder.span(at)[1])
    else:
        builder.add("PREFIX", FunctionHead(head), start, end)


def nabla(builder: Builder, token: Token) -> None:
    """The gradient sign with its variables and its order."""
    start = builder.at - 1
    below, above = _limits(builder)
    by = builder.reader.items(below, builder.depth + 1) if below else ()
    order = "".join(t.text for t in above) or "1"
    builder.add("PREFIX", NablaHead(by, order), *builder.span(start))


def partial(builder: Builder, token: Token) -> None:
    r"""``\partial`` outside a fraction: a differential, or an operator by index."""
    start = builder.at - 1
    below, above = _limits(builder)
    by = builder.reader.items(below, builder.depth + 1) if below else ()
    order = "".join(t.text for t in above) or "1"
    form = "index" if by else "differential"
    builder.add("PREFIX", DerivativeHead(token.text, by, order, form), *builder.span(start))


# ---------------------------------------------------------------- labels


def braced(builder: Builder, token: Token) -> None:
    r"""``\underbrace{body}_{label}``."""
    start = builder.at - 1
    inner = builder.argument(token)
    below, above = _limits(builder)
    label = below if token.text.startswith(r"\under") else above
    _labelled(builder, token.text, inner, label, builder.span(start))


def stacked(builder: Builder, token: Token) -> None:
    r"""``\overset{label}{body}``, ``\underset``, ``\stackrel``."""
    start = builder.at - 1
    label, inner = builder.argument(token), builder.argument(token)
    span = builder.span(start)
    units = builder.below(inner)
    only = units[0] if len(units) == 1 else None
    if only is not None and only.type == "REL":
        defined = "".join(t.body or t.text for t in label)
        is_definition = "def" in defined or r"\Delta" in defined or r"\triangle" in defined
        builder.add("REL", ":=" if is_definition else only.value, *span)
    elif only is not None and only.type in ("OP", "LINK", "SIGN"):
        builder.add(only.type, only.value, *span)
    elif only is not None and isinstance(only.value, FunctionHead):
        head = only.value.symbol
        lower = builder.reader.items(label, builder.depth + 1)
        builder.add("PREFIX", BigHead(head.name, head.latex, lower, None), *span)
    else:
        command = r"\overset" if token.text == r"\stackrel" else token.text
        _labelled(builder, command, inner, label, span)


def _labelled(
    builder: Builder, command: str, inner: list[Token], label: list[Token], span: Span
) -> None:
    units = builder.below(inner)
    if len(units) == 1 and units[0].type in ("OP", "REL"):
        builder.add(units[0].type, units[0].value, *span)
        return
    body = builder.reader.from_units(units, span)
    node = Labelled(command, body, _label(builder, label), span=span)
    builder.add("ATOM", node, *span)


def _label(builder: Builder, tokens: list[Token]) -> Node | None:
    """The label as mathematics, or as words where it is none."""
    if not tokens:
        return None
    span = (tokens[0].start, tokens[-1].end)
    if len(tokens) == 1 and tokens[0].kind == "text":
        return Text(tokens[0].body.strip(), span=span)
    try:
        nodes = builder.reader.items(tokens, builder.depth + 1)
    except ParseError:
        return Text("".join(t.body or t.text for t in tokens), span=span)
    return nodes[0] if len(nodes) == 1 else Bracket("", "", nodes, (",",) * (len(nodes) - 1))


def arrow(builder: Builder, token: Token) -> None:
    """An arrow with words above."""
    builder.optional()
    builder.argument(token)
    builder.put("REL", r"\leftarrow" if "left" in token.text else r"\to", token)


def substack(builder: Builder, token: Token) -> None:
    """Several lines below a sum are several conditions."""
    rows = split(builder.argument(token), "row")
    for number, row in enumerate(rows):
        if number:
            builder.put("COMMA", ",", token)
        builder.out.extend(builder.below(row))


def root(builder: Builder, token: Token) -> None:
    """A root."""
    start = builder.at - 1
    degree = builder.optional()
    body = builder.expression(builder.argument(token))
    index = builder.expression(degree) if degree else None
    span = builder.span(start)
    builder.add("ATOM", Root(body, index, span=span), *span)


def binomial(builder: Builder, token: Token) -> None:
    """A binomial coefficient."""
    start = builder.at - 1
    pair = tuple(builder.expression(builder.argument(token)) for _ in range(2))
    span = builder.span(start)
    head = Symbol("binom", r"\operatorname{binom}", span=span)
    call = Call(head, Bracket("(", ")", pair, (",",), span=span), span=span)
    builder.add("ATOM", call, *span)


FORMS: dict[str, Callable[[Builder, Token], None]] = {
    **dict.fromkeys((r"\frac", r"\dfrac", r"\tfrac", r"\cfrac", r"\nicefrac", r"\sfrac"), fraction),
    **dict.fromkeys((r"\underbrace", r"\overbrace"), braced),
    **dict.fromkeys((r"\overset", r"\underset", r"\stackrel"), stacked),
    **dict.fromkeys((r"\xrightarrow", r"\xleftarrow"), arrow),
    r"\nabla": nabla,
    r"\partial": partial,
    r"\substack": substack,
    r"\sqrt": root,
    r"\binom": binomial,
}
