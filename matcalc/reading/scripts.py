r"""Superscripts and subscripts: what they are, and putting them on their base.

A cluster such as ``[1]T`` or ``(t-1)^\top`` is taken apart into layer mark, transpose, inverse,
prime, star, word and power. Letters that touch below a symbol are a list of indices; digits that
touch stay together, since w_{10} and W_{10} mean different things that only shapes tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from matcalc.reading.cursor import split
from matcalc.reading.signs import INDEX_LETTERS, NAME_WORDS, UPRIGHT
from matcalc.reading.tokens import Token
from matcalc.reading.tree import (
    Bracket,
    Filled,
    HeadBracket,
    Indicator,
    Listing,
    Mark,
    Node,
    Number,
    Postfix,
    Product,
    Relation,
    Span,
    Sum,
    Symbol,
    Word,
)

if TYPE_CHECKING:
    from matcalc.reading.units import Builder

NARROW = {r"\widehat": r"\hat", r"\widetilde": r"\tilde", r"\widecheck": r"\check"}
TRANSPOSES = {"T", r"\top", r"\intercal", r"\mathsf{T}", r"\dag"}
TURNS = {"t", *TRANSPOSES}  # {}^t A
STARS = {"*", r"\ast", r"\star", r"\dagger", "+", "-", r"\circ", "#", r"\bullet", r"\sharp"}
WHOLE = {":", r"\cdot", "*", r"\bullet", r"\ast"}
# Bases of which a superscript in parentheses is an exponent, never an index.
NEVER_MARKED = (Number, Bracket)


@dataclass(frozen=True, slots=True)
class Script:
    """One elementary script; ``kind`` as in ``Postfix``, or ``mark``."""

    kind: str
    nodes: tuple[Node, ...]
    latex: str
    span: Span


def read(builder: Builder, opening: Token) -> None:
    """The script behind a ``^`` or ``_`` that was just taken."""
    start = builder.at - 1
    inner = builder.argument(opening)
    span = builder.span(start)
    if opening.kind == "_":
        found = [Script("subscript", subscripts(builder, inner), "", span)]
    else:
        found = superscripts(builder, inner, span)
    for script in found:
        builder.add("SCRIPT", script, *span)


def dotted(builder: Builder, opening: Token) -> None:
    """``A .^ 2``: the power behind a ``.^`` that was just taken, entry by entry."""
    start = builder.at - 1
    following = builder.peek()
    whole = following is not None and following.kind == "number"
    inner = [builder.next()] if whole else builder.argument(opening)
    span = builder.span(start)
    node = builder.reader.expression(inner, builder.depth + 1, script=True)
    builder.add("SCRIPT", Script("power", (node,), ".^", span), *span)


def turns(builder: Builder) -> bool:
    """Whether the script that comes next, in front of its matrix, is a transpose."""
    following = builder.tokens[builder.at : builder.at + 3]
    texts = [token.text for token in following]
    if texts[:1] == ["{"]:
        return texts[2:] == ["}"] and texts[1] in TURNS
    return bool(texts) and texts[0] in TURNS


def prime(builder: Builder, token: Token, count: int) -> None:
    """Primes typed behind a symbol."""
    span = (token.start, token.end)
    builder.add("SCRIPT", Script("prime", (Number(str(count), span=span),), "", span), *span)


def factorial(builder: Builder, token: Token) -> None:
    """An exclamation mark."""
    span = (token.start, token.end)
    builder.add("SCRIPT", Script("star", (), "!", span), *span)


def subscripts(builder: Builder, tokens: list[Token]) -> tuple[Node, ...]:
    """Index expressions, words, relations."""
    bracketed = any(t.text in ("(", "[", r"\{") for t in tokens)
    found: list[Node] = []
    for part in [tokens] if bracketed else _index_parts(tokens):
        word = _word(part) or _signs(part)
        found += [word] if word is not None else builder.reader.indices(part, builder.depth + 1)
    return tuple(found)


def _index_parts(tokens: list[Token]) -> list[list[Token]]:
    """Cut at commas; in ``i:`` and ``:j`` the whole row or column is an index of its own."""
    parts: list[list[Token]] = []
    for part in split(tokens, ","):
        if len(part) == 2 and part[0].text in WHOLE:
            parts += [part[:1], part[1:]]
        elif len(part) > 1 and part[-1].text in WHOLE:
            parts += [part[:-1], part[-1:]]
        else:
            parts.append(part)
    return parts


def _word(tokens: list[Token]) -> Word | None:
    r"""``new``, ``\text{in}``, ``naive-softmax`` below or above a symbol."""
    if not tokens:
        return None
    span = (tokens[0].start, tokens[-1].end)
    if len(tokens) == 1 and tokens[0].kind == "text":
        return Word(tokens[0].body.strip(), span=span)
    if tokens[0].text in UPRIGHT and len(tokens) > 3 and tokens[1].kind == "{":
        inner = tokens[2:-1]
        plain = all(t.kind in ("letter", "number") or t.text in ("-", "*") for t in inner)
        if plain and tokens[-1].kind == "}":
            return Word("".join(t.text for t in inner), span=span)
        return None
    plain = all(t.kind == "letter" or t.text == "-" for t in tokens)
    text = "".join(t.text for t in tokens)
    return Word(text, span=span) if plain and is_word(text) else None


def _signs(tokens: list[Token]) -> Word | None:
    r"""The signs alone of ``\mathbb{R}_{++}``."""
    if not tokens or any(t.text not in ("+", "-") for t in tokens):
        return None
    return Word("".join(t.text for t in tokens), span=(tokens[0].start, tokens[-1].end))


def is_word(text: str) -> bool:
    """Whether letters in a script are a word, not a list of indices."""
    longest = max(text.split("-"), key=len)
    foreign = len(longest) > 2 and not set(longest) <= INDEX_LETTERS
    return text in NAME_WORDS or (foreign and not text.endswith("-"))


# ---------------------------------------------------------------- superscripts


def superscripts(builder: Builder, tokens: list[Token], span: Span) -> list[Script]:
    """A cluster taken apart."""
    found: list[Script] = []
    while tokens and tokens[-1].kind in ("wide", "row"):
        tokens = tokens[:-1]
    rest = tokens
    while rest:
        script, rest = _first(builder, rest, span, bool(found))
        found.append(script)
    return found or [Script("power", (builder.expression(tokens),), "", span)]


def _first(
    builder: Builder, tokens: list[Token], span: Span, more: bool
) -> tuple[Script, list[Token]]:
    head = tokens[0]
    if head.kind in ("^", "wide") or (more and head.text == ","):
        if len(tokens) == 1:
            raise builder.fail(f"nothing behind {head.text}", head)
        return _first(builder, tokens[1:], span, more)
    if head.kind == "{" and (end := _closing(tokens)) > 1:
        # h^{(t-1)^{\top}}: a group inside the cluster is a cluster.
        inner = tokens[1:end]
        if more or end == len(tokens) - 1:
            script, rest = _first(builder, inner, span, more)
            return script, [*rest, *tokens[end + 1 :]]
    if head.kind == "text":
        return _of_word(tokens, span)
    sign, length = _sign_of(tokens)
    rest = tokens[length:]
    if sign in TRANSPOSES and (not rest or rest[0].text in ("'", ",")):
        return Script("transpose", (), _transpose(sign), span), rest
    if sign == r"\prime" or set(sign) == {"'"}:
        count = 1 if sign == r"\prime" else len(sign)
        return Script("prime", (Number(str(count), span=span),), "", span), rest
    if sign in (r"\odot", r"\circ", r"\bullet", ".*", r"\ast", "*") and rest:
        # A^{\odot 2}: a power taken entry by entry.
        node = builder.reader.expression(rest, builder.depth + 1, script=True)
        return Script("power", (node,), sign, span), []
    if sign in STARS and not rest:
        return Script("star", (), "*" if sign == r"\ast" else sign, span), rest
    if sign == "-" and rest:
        following, width = _sign_of(rest)
        if following in TRANSPOSES and len(rest) == width:
            return Script("inverse-transpose", (), _transpose(following), span), []
        if following == "1" and (len(rest) == 1 or _only_transpose(rest[1:])):
            kind = "inverse" if len(rest) == 1 else "inverse-transpose"
            return Script(kind, (), _transpose(rest[-1].text) if kind[7:] else "", span), []
    if head.text in ("[", "(") and (close := _bracket(tokens)) > 0:
        after = tokens[close + 1 :]
        if not after or _cluster(after):
            index = builder.reader.expression(tokens[1:close], builder.depth + 1, script=True)
            mark = Mark(head.text, index, span=(head.start, tokens[close].end))
            return Script("mark", (mark,), "", span), after
    if not more and len(tokens) > 1 and tokens[-1].text == r"\top":
        script, _ = _first(builder, tokens[:-1], span, more)
        return script, tokens[-1:]
    return _expression(builder, tokens, span), []


def _of_word(tokens: list[Token], span: Span) -> tuple[Script, list[Token]]:
    body = tokens[0].body.strip()
    if body in ("T", "t"):
        return Script("transpose", (), r"\top", span), tokens[1:]
    return Script("mark", (Mark("word", Word(body, span=span), span=span),), "", span), tokens[1:]


def _expression(builder: Builder, tokens: list[Token], span: Span) -> Script:
    word = _word(tokens)
    if word is not None:
        return Script("mark", (Mark("word", word, span=span),), "", span)
    node = builder.reader.expression(tokens, builder.depth + 1, script=True)
    if isinstance(node, Symbol) or _shifted(node):
        return Script("superscript", (node,), "", span)
    return Script("power", (node,), "", span)


def _shifted(node: Node) -> bool:
    """``l+1``: a letter and a number, as indices have it."""
    if not isinstance(node, Sum) or len(node.terms) != 2 or node.signs[0] != "+":
        return False
    return isinstance(node.terms[0], Symbol) and isinstance(node.terms[1], Number)


def _transpose(sign: str) -> str:
    return "T" if sign == "T" else r"\top"


def _sign_of(tokens: list[Token]) -> tuple[str, int]:
    r"""The first sign, ``\mathrm{T}`` and ``\mathsf T`` folded, and how many tokens it takes."""
    head = tokens[0]
    if head.kind == "command" and head.text in (*UPRIGHT, r"\mathsf", r"\textsf", r"\mathbf"):
        if len(tokens) > 3 and tokens[1].kind == "{" and tokens[3].kind == "}":
            return ("\\top", 4) if tokens[2].text == "T" else (head.text, 1)
        if len(tokens) > 1 and tokens[1].text == "T":
            return r"\top", 2
    return head.text, 1


def _only_transpose(tokens: list[Token]) -> bool:
    sign, length = _sign_of(tokens)
    return sign in TRANSPOSES and length == len(tokens)


def _cluster(tokens: list[Token]) -> bool:
    """Whether what follows a bracketed index is again a script, not a factor."""
    head = tokens[0]
    if head.kind == "text" or head.kind == "^" or head.text in ("[", "(", ",", r"\prime"):
        return True
    if set(head.text) == {"'"} or (len(tokens) == 1 and head.kind == "number"):
        return True
    sign, length = _sign_of(tokens)
    return (sign in TRANSPOSES | STARS or _inverse(tokens)) and length <= len(tokens)


def _inverse(tokens: list[Token]) -> bool:
    return len(tokens) > 1 and tokens[0].text == "-" and tokens[1].text in ("1", "T", r"\top")


def _bracket(tokens: list[Token]) -> int:
    """Where the bracket that opens the list closes; 0 if it does not."""
    opening, closing = tokens[0].text, {"[": "]", "(": ")"}[tokens[0].text]
    depth = 0
    for position, token in enumerate(tokens):
        depth += {opening: 1, closing: -1}.get(token.text, 0)
        if not depth:
            return position if position > 1 else 0
    return 0


def _closing(tokens: list[Token]) -> int:
    depth = 0
    for position, token in enumerate(tokens):
        depth += {"{": 1, "}": -1}.get(token.kind, 0)
        if not depth:
            return position
    return 0


# ---------------------------------------------------------------- putting them on


def at(node: Symbol, span: Span) -> Symbol:
    """The symbol with another span."""
    return replace(node, span=span)


def put_on(base: Node, scripts: list[Script]) -> Node:
    """``base`` with its scripts; what belongs to a name goes into the symbol."""
    around: list[Script] = []
    for script in scripts:
        grown = _into(base, script)
        if grown is None:
            around.append(script)
        else:
            base = grown
    if isinstance(base, Bracket) and base.left in (r"\|", "|"):
        # The norm is chosen before it is squared, in whichever order the two were typed.
        around.sort(key=lambda script: script.kind != "subscript")
    for script in around:
        base = _around(base, script)
    return base


def _into(base: Node, script: Script) -> Node | None:
    """The base with the script inside it, or None where it stays outside."""
    span = (base.span[0], max(base.span[1], script.span[1]))
    if isinstance(base, Number) and base.text in ("0", "1") and script.kind == "subscript":
        base = Filled(base.text, base.text, span=base.span)
    if isinstance(base, Filled) and script.kind == "subscript" and not base.subscripts:
        condition = _condition(script.nodes)
        if condition is not None and base.digit == "1":
            return Indicator(condition, base.latex, span=span)
        return replace(base, subscripts=script.nodes, span=span)
    if not isinstance(base, Symbol):
        return None
    if script.kind == "subscript" and not base.subscripts:
        return replace(base, subscripts=script.nodes, span=span)
    if script.kind == "mark" and base.latex != "e":
        mark = script.nodes[0]
        assert isinstance(mark, Mark), "a mark script holds a mark"
        return replace(base, marks=(*base.marks, mark), span=span)
    if script.kind == "prime":
        count = script.nodes[0]
        assert isinstance(count, Number), "a prime script holds its count"
        return replace(base, primes=base.primes + int(count.text), span=span)
    if script.kind == "star" and not base.star and script.latex != "!":
        return replace(base, star=script.latex, span=span)
    return None


def _condition(nodes: tuple[Node, ...]) -> Node | None:
    """The condition of an indicator, whatever bracket it stands in."""
    node = nodes[0] if len(nodes) == 1 else None
    while isinstance(node, Bracket) and len(node.items) == 1:
        node = node.items[0]
    return node if isinstance(node, Relation) else None


def _around(base: Node, script: Script) -> Node:
    kind, nodes = script.kind, script.nodes
    span = (base.span[0], max(base.span[1], script.span[1]))
    if kind == "superscript" and not isinstance(base, Symbol):
        kind = "power"
    if kind == "superscript" and isinstance(base, Symbol) and base.latex == "e":
        kind = "power"
    if kind == "mark":
        mark = nodes[0]
        assert isinstance(mark, Mark), "a mark script holds a mark"
        exponent = isinstance(base, (*NEVER_MARKED, Symbol))
        if exponent and mark.style == "(":
            kind, nodes = "power", (Bracket("(", ")", (mark.index,), span=mark.span),)
    if kind == "subscript" and isinstance(base, Bracket) and base.left == "." and base.right == "|":
        kind = "evaluated"
    return Postfix(base, kind, nodes, script.latex, span=span)


# ---------------------------------------------------------------- lists of indices


def split_glued(node: Node) -> tuple[Node, ...]:
    """``ij`` as two indices; whatever holds a sign or an operator stays one."""
    if isinstance(node, Listing):
        return tuple(part for item in node.items for part in split_glued(item))
    if isinstance(node, Product) and not any(node.operators):
        return tuple(part for factor in node.factors for part in split_glued(factor))
    if isinstance(node, HeadBracket) and isinstance(node.head, Symbol):
        # i(j+1) are two indices; \pi(i) is a permuted one.
        return (node.head, node.bracket) if len(node.head.latex) == 1 else (node,)
    return (node,)
