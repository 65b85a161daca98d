r"""Letters and words: what is one name, what is several, what only speaks.

``XW`` is X times W, ``softmax`` and ``target`` are names, ``for`` introduces a condition, the d of
``dX`` differentiates. Function words and the names a caller declared win.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matcalc.reading import forms
from matcalc.reading.assemble import DerivativeHead, FunctionHead
from matcalc.reading.signs import (
    ACCENTS,
    CONDITION_WORDS,
    FONTS,
    FUNCTION_COMMANDS,
    FUNCTION_WORDS,
    LETTERS,
    LINK_WORDS,
    NAME_WORDS,
    OTHERWISE,
    UPRIGHT,
)
from matcalc.reading.tokens import Token
from matcalc.reading.tree import Filled, Node, Number, Symbol, Text

if TYPE_CHECKING:
    from matcalc.reading.units import Builder

# What is one name where a bracket follows.
CALLED = frozenset({"CE", "KL", "NLL", "MSE", "BCE", "RSS", "sum"})
# Marks between words and formulas.
PLAIN = {",": "COMMA", ";": "SEMI", ":": "COLON", ".": "DOT"}


def number(builder: Builder, token: Token, font: str) -> Node:
    """Digits, or ones and zeros in bold."""
    span = (token.start, token.end)
    if font:
        return Filled(token.text, f"{font}{{{token.text}}}", span=span)
    return Number(token.text, span=span)


def symbol(builder: Builder, name: str, latex: str, token: Token, end: int) -> None:
    """Put a symbol in the font in force."""
    if builder.font:
        suffix = FONTS.get(builder.font, "")
        name, latex = (f"{name}_{suffix}" if suffix else name), f"{builder.font}{{{latex}}}"
    span = (token.start, end)
    atom(builder, Symbol(name, latex, span=span), token.glued)


def atom(builder: Builder, symbol: Symbol, glued: bool = False) -> None:
    """Put a symbol, which is a function if the caller said so."""
    after = builder.peek()
    applied = not builder.script or (after is not None and after.text == "(")
    known = {symbol.name, symbol.latex, symbol.latex[1:]} & builder.reader.functions
    if applied and known:
        builder.add("PREFIX", FunctionHead(symbol, bare=False), *symbol.span, glued)
    else:
        builder.add("ATOM", symbol, *symbol.span, glued)


def letters(builder: Builder) -> None:
    """A run of letters: one word, or one symbol each."""
    run = [builder.next()]
    while (token := builder.peek()) is not None and token.kind == "letter" and token.glued:
        run.append(builder.next())
    word = "".join(t.text for t in run)
    after = builder.peek()
    alone = len(run) > 1 and not run[0].glued and (after is None or not after.glued)
    at_start = builder.at == len(run)
    if (alone or at_start) and not builder.script and _speaks(builder, word, run):
        return
    called = after is not None and after.text == "("
    if builder.font in UPRIGHT or _is_word(builder, word) or (called and word in CALLED):
        name(builder, word, run[0].start, run[-1].end, run[0].glued)
        return
    position = 0
    while position < len(run):
        position = _letter(builder, run, position)


def _speaks(builder: Builder, word: str, run: list[Token]) -> bool:
    """``for``, ``and`` ... typed bare between the mathematics."""
    if len(word) < 2:
        return False
    quantifies = bool(builder.out) and builder.out[-1].type == "COND"
    if word in CONDITION_WORDS | OTHERWISE or (quantifies and word in ("all", "every", "each")):
        builder.add("COND", word, run[0].start, run[-1].end)
    elif word in LINK_WORDS:
        builder.add("LINK", LINK_WORDS[word], run[0].start, run[-1].end)
    else:
        return False
    return True


def _is_word(builder: Builder, word: str) -> bool:
    if word in builder.reader.functions or word in builder.reader.names:
        return True
    if len(word) < 2:
        return False
    if builder.script:
        return word in ("out", "max", "min", "new", "old", "net")
    if word in FUNCTION_WORDS or word in NAME_WORDS:
        return True
    plain = word.islower() or (word[0].isupper() and word[1:].islower())
    return len(word) > 3 and plain and any(c in "aeiou" for c in word)


def _letter(builder: Builder, run: list[Token], position: int) -> int:
    token = run[position]
    nxt = run[position + 1] if position + 1 < len(run) else None
    if token.text == "d" and not builder.script and _starts_differential(builder, run, position):
        builder.put("PREFIX", DerivativeHead("d"), token)
        return position + 1
    end = token.end
    name = token.text
    after = builder.peek()
    numbered = after is not None and after.kind == "number" and after.glued
    if nxt is None and not builder.script and not builder.font and numbered:
        assert after is not None, "a numbered letter has its number behind it"
        if after.text.isdigit():
            end = builder.next().end
            name += after.text
    symbol(builder, name, name, token, end)
    return position + 1


def _starts_differential(builder: Builder, run: list[Token], position: int) -> bool:
    if position + 1 == len(run):
        after = builder.peek()
        if after is None or not after.glued or after.kind != "command":
            return False
        named = after.text in LETTERS or after.text in ACCENTS or after.text in FONTS
        return position == 0 and (named or after.text in FUNCTION_COMMANDS | UPRIGHT)
    if position == 0:
        return True
    # XdW and dxdy, but not the product ndh.
    return run[position - 1].text.isupper() or (position > 1 and run[position - 2].text == "d")


def name(builder: Builder, word: str, start: int, end: int, glued: bool = False) -> None:
    """A word that is one name: a function or a symbol."""
    latex = word if len(word) == 1 and not builder.font else rf"\mathrm{{{word}}}"
    if word in FUNCTION_WORDS or (word in builder.reader.functions and len(word) > 1):
        head = Symbol(word, forms.function_latex(word), span=(start, end))
        forms.function(builder, head, start, end)
    elif word == "d" and not builder.script:
        builder.add("PREFIX", DerivativeHead(r"\mathrm{d}"), start, end, glued)
    else:
        atom(builder, Symbol(word, latex, span=(start, end)), glued)


def words(builder: Builder, token: Token) -> None:
    """The words of a text: a name, a condition, a link, or a remark."""
    body, span = token.body, (token.start, token.end)
    plain = body.strip().rstrip(":,.").strip()
    first = plain.split(" ")[0].lower().rstrip(",:") if plain else ""
    if not plain:
        if body.strip():
            _sign_of_text(builder, body.strip(), token)
        return
    if (builder.font == "" and body in FUNCTION_WORDS) or body.strip() in FUNCTION_WORDS:
        name(builder, body.strip(), *span)
    elif plain.lower() in OTHERWISE or first in CONDITION_WORDS or plain.startswith("s.t"):
        builder.put("COND", " ".join(plain.split()), token)
    elif first in LINK_WORDS and len(plain.split()) < 4:
        builder.put("LINK", LINK_WORDS[first], token)
    elif body.isalnum() and not body.isdigit() and token.glued is not None:
        saved, builder.font = builder.font, r"\mathrm"
        name(builder, body, token.start, token.end, token.glued)
        builder.font = saved
    elif body.replace("-", "").replace("_", "").isalnum() and not plain.isdigit():
        latex = rf"\text{{{body}}}"
        atom(builder, Symbol(body, latex, span=span), token.glued)
    else:
        builder.put("TEXT", Text(" ".join(body.split()), span=span), token)


def _sign_of_text(builder: Builder, body: str, token: Token) -> None:
    r"""\text{,} and \text{.} are the bare signs."""
    if body in PLAIN:
        builder.put(PLAIN[body], body, token)
