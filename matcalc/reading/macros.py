r"""The author's own commands.

Reads ``\newcommand``, ``\renewcommand``, ``\providecommand``, ``\def``, ``\let``,
``\DeclareMathOperator`` and ``\DeclarePairedDelimiter`` and expands them on tokens. The tokens of
an expansion stand where the call stands. Expansion is counted: one without end is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from matcalc.errors import ParseError
from matcalc.reading.tokens import Token, tokenize

MOST_TOKENS = 16_000
MOST_CALLS = 5_000
MACROS = Mapping[str, "str | Macro"]


@dataclass(frozen=True, slots=True)
class Macro:
    """``body`` with ``#1`` ... ``#arity``; ``default`` belongs to an optional first argument."""

    name: str
    arity: int
    body: str
    default: str | None = None


DEFINITION = re.compile(
    r"\\(?:(?P<new>(?:re)?newcommand|providecommand)\*?\s*"
    r"(?:\{\s*(?P<braced>\\(?:[A-Za-z]+|.))\s*\}|(?P<bare>\\(?:[A-Za-z]+|.)))"
    r"\s*(?:\[(?P<arity>\d)\])?\s*(?:\[(?P<default>[^\]]*)\])?\s*(?=\{)"
    r"|(?P<def>def|gdef)\s*(?P<defined>\\(?:[A-Za-z]+|.))\s*(?P<parameters>(?:\#\d\s*)*)(?=\{)"
    r"|(?P<let>let)\s*(?P<new_name>\\[A-Za-z]+)\s*=?\s*(?P<old_name>\\(?:[A-Za-z]+|.))"
    r"|(?P<operator>DeclareMathOperator)\*?\s*\{?\s*(?P<word>\\[A-Za-z]+)\s*\}?\s*(?=\{)"
    r"|(?P<pair>DeclarePairedDelimiter)\s*\{?\s*(?P<delimiter>\\[A-Za-z]+)\s*\}?\s*(?=\{))"
)

# Met in published notes without their preamble; a definition of the author's always wins.
USUAL = {
    r"\transpose": "{#1}^{\\top}",
    r"\Tsp": "^{\\top}",
    r"\tp": "^{\\top}",
    r"\tran": "^{\\top}",
    r"\norm": "\\left\\|#1\\right\\|",
    r"\abs": "\\left|#1\\right|",
    r"\R": "\\mathbb{R}",
    r"\E": "\\mathbb{E}",
    r"\reals": "\\mathbb{R}",
    r"\1": "\\mathbf{1}",
    r"\ind": "\\mathbb{1}",
    r"\half": "\\frac{1}{2}",
    r"\pd": "\\frac{\\partial #1}{\\partial #2}",
    r"\pdv": "\\frac{\\partial #1}{\\partial #2}",
    r"\dv": "\\frac{d #1}{d #2}",
    r"\inner": "\\langle #1, #2\\rangle",
    r"\trans": "^{\\top}",
    r"\d": "\\mathrm{d}",
    r"\dd": "\\mathrm{d}",
    r"\diff": "\\mathrm{d}",
    r"\grad": "\\nabla",
    r"\eps": "\\epsilon",
    r"\given": "\\mid",
}
BOLD = re.compile(r"\\(?:[Vv][a-z]|[Mm][A-Z]|vec[a-z])")


def read_macros(text: str) -> dict[str, Macro]:
    """All definitions in ``text``, the later of two winning."""
    return definitions(text)[0]


def without_definitions(text: str) -> tuple[dict[str, Macro], str]:
    """The definitions in ``text``, and the text with blanks in their place."""
    found, spans = definitions(text)
    for start, end in reversed(spans):
        text = text[:start] + " " * (end - start) + text[end:]
    return found, text


def definitions(
    text: str, *, strict: bool = True
) -> tuple[dict[str, Macro], list[tuple[int, int]]]:
    """The definitions in ``text`` and where they stand.

    One that never ends is an error, or if not ``strict`` the end of the search.
    """
    found: dict[str, Macro] = {}
    spans: list[tuple[int, int]] = []
    position = 0
    while match := DEFINITION.search(text, position):
        try:
            macro, position = _definition(text, match)
        except ParseError:
            if strict:
                raise
            break
        found[macro.name] = macro
        spans.append((match.start(), position))
    return found, spans


def definition_end(text: str, start: int) -> int | None:
    """Where the definition at ``start`` ends (``start`` if there is none); None if nowhere."""
    match = DEFINITION.match(text, start)
    if match is None:
        return start
    try:
        return _definition(text, match)[1]
    except ParseError:
        return None


def _definition(text: str, match: re.Match[str]) -> tuple[Macro, int]:
    if match["let"]:
        return Macro(match["new_name"], 0, match["old_name"]), match.end()
    body, position = _braced(text, match.end())
    if match["pair"]:
        right, position = _braced(text, _skip(text, position))
        body = f"\\left{body}#1\\right{right}"
    return _macro(match, body), position


def _macro(match: re.Match[str], body: str) -> Macro:
    if match["operator"]:
        return Macro(match["word"], 0, rf"\operatorname{{{body}}}")
    if match["pair"]:
        return Macro(match["delimiter"], 1, body)
    if match["def"]:
        return Macro(match["defined"], match["parameters"].count("#"), body)
    return Macro(match["braced"] or match["bare"], int(match["arity"] or 0), body, match["default"])


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _braced(text: str, position: int) -> tuple[str, int]:
    """The content of the group that opens at ``position``, and where the text goes on."""
    if position >= len(text) or text[position] != "{":
        raise ParseError("a definition without its body in braces", text, min(position, len(text)))
    depth = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, position):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not depth:
            return text[position + 1 : match.start()], match.end()
    raise ParseError("the body of this definition is never closed", text, position)


def table(macros: MACROS | str | None) -> dict[str, Macro]:
    """What the caller knows: a mapping from names to bodies, or the text of a preamble."""
    if macros is None:
        return {}
    if isinstance(macros, str):
        return read_macros(macros)
    return {key(name): _entry(key(name), body) for name, body in macros.items()}


def key(name: str) -> str:
    """A macro's name with its backslash."""
    return name if name.startswith("\\") else "\\" + name


def _entry(name: str, body: str | Macro) -> Macro:
    if isinstance(body, Macro):
        return replace(body, name=name)
    arity = max((int(n) for n in re.findall(r"#(\d)", body)), default=0)
    return Macro(name, arity, body)


def usual(name: str) -> Macro | None:
    r"""A macro nobody defined but many write: ``\transpose``, the bold ``\vx``, ``\MW``."""
    if name in USUAL:
        return _entry(name, USUAL[name])
    if BOLD.fullmatch(name):
        return Macro(name, 0, rf"\mathbf{{{name[-1]}}}")
    return None


def expand(tokens: list[Token], macros: Mapping[str, Macro], source: str) -> list[Token]:
    """``tokens`` with every known macro replaced by its body."""
    if not macros and not any(t.kind == "command" and usual(t.text) for t in tokens):
        return tokens
    out: list[Token] = []
    todo = list(reversed(tokens))
    calls = 0
    while todo:
        token = todo.pop()
        macro = _called(token, macros)
        if macro is None:
            out.append(token)
        else:
            calls += 1
            todo.extend(reversed(_expansion(macro, token, todo, source)))
        if calls > MOST_CALLS or len(out) + len(todo) > MOST_TOKENS:
            where = out[-1] if macro is None else token
            message = f"the macros expand without end, last {where.text}"
            raise ParseError(message, source, where.start)
    return out


def _called(token: Token, macros: Mapping[str, Macro]) -> Macro | None:
    if token.kind != "command":
        return None
    return macros.get(token.text) or usual(token.text)


def _expansion(macro: Macro, call: Token, rest: list[Token], source: str) -> list[Token]:
    """The body with the arguments, which are taken off ``rest`` (next token last)."""
    arguments: list[list[Token]] = []
    if macro.default is not None:
        arguments.append(_optional(macro, call, rest))
    while len(arguments) < macro.arity:
        arguments.append(_mandatory(macro, call, rest, source))
    end = max([call.end, *(a[-1].end for a in arguments if a)])
    out: list[Token] = []
    for token in tokenize(macro.body):
        if token.kind != "param":
            out.append(replace(token, start=call.start, end=end))
            continue
        number = int(token.text[1])
        if number > macro.arity:
            message = f"{macro.name} uses #{number} but takes {macro.arity} arguments"
            raise ParseError(message, source, call.start)
        out.extend(arguments[number - 1])
    if out and not call.glued:
        out[0] = replace(out[0], glued=False)
    return out


def _optional(macro: Macro, call: Token, rest: list[Token]) -> list[Token]:
    if rest and rest[-1].text == "[":
        taken: list[Token] = []
        rest.pop()
        while rest and rest[-1].text != "]":
            taken.append(rest.pop())
        if rest:
            rest.pop()
        return taken
    assert macro.default is not None, "the caller asked for the default"
    return [replace(t, start=call.start, end=call.end) for t in tokenize(macro.default)]


def _mandatory(macro: Macro, call: Token, rest: list[Token], source: str) -> list[Token]:
    while rest and rest[-1].kind == "wide":
        rest.pop()
    if not rest or rest[-1].kind in ("}", "&", "row"):
        message = f"{macro.name} wants {macro.arity} arguments"
        raise ParseError(message, source, call.start)
    first = rest.pop()
    if first.kind != "{":
        return [first]
    taken: list[Token] = []
    depth = 1
    while rest:
        token = rest.pop()
        depth += {"{": 1, "}": -1}.get(token.kind, 0)
        if not depth:
            return taken
        taken.append(token)
    raise ParseError(f"an argument of {macro.name} is never closed", source, first.start)
