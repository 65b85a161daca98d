r"""Tokens to the terminals of the grammar.

Owns what one LaTeX command or one run of letters is: a symbol, a function word, a sign, words. What
stands in braces is read by the same stages one level deeper. Which bar opens and which closes is
left to ``brackets``, scopes to ``assemble``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matcalc.reading import environments, forms, names, scripts
from matcalc.reading.assemble import FunctionHead
from matcalc.reading.cursor import Cursor, Unit
from matcalc.reading.signs import (
    ACCENTS,
    BARS,
    BIG,
    BIG_OPERATORS,
    CLOSERS,
    DECLARATIONS,
    DOTS,
    FONTS,
    FUNCTION_COMMANDS,
    LETTERS,
    LINKS,
    OPENERS,
    OPERATORS,
    RELATIONS,
    SIGNS,
    TEXTS,
    UPRIGHT,
    WRAPPERS,
)
from matcalc.reading.tokens import Token
from matcalc.reading.tree import (
    Accented,
    BigOperator,
    Blank,
    Bracket,
    Differential,
    Ellipsis,
    Filled,
    Listing,
    Node,
    Number,
    Product,
    Relation,
    Sum,
    Symbol,
)

if TYPE_CHECKING:
    from matcalc.reading.reader import Reader

DELIMITERS = {**OPENERS, **CLOSERS, **BARS, "<": r"\langle", ">": r"\rangle"}
NEGATED = {"=": r"\ne", r"\in": r"\notin"}


class Builder(Cursor):
    """Reads one list of tokens; ``script`` is true inside sub- and superscripts."""

    def __init__(
        self,
        reader: Reader,
        tokens: list[Token],
        depth: int,
        *,
        script: bool = False,
        font: str = "",
    ) -> None:
        super().__init__(tokens, reader.text, depth)
        self.reader, self.script, self.font = reader, script, font
        self.out: list[Unit] = []

    # ------------------------------------------------------------ the walk

    def build(self) -> list[Unit]:
        """All units of the list."""
        for over in (r"\over", r"\atop"):
            if any(t.text == over and t.kind == "command" for t in self.tokens):
                return forms.over(self, over)
        while (token := self.peek()) is not None:
            self.one(token)
        return self.out

    def add(self, type_: str, value: object, start: int, end: int, glued: bool = False) -> None:
        """Put a unit that covers these characters."""
        self.out.append(Unit(type_, value, start, end, glued))

    def put(self, type_: str, value: object, token: Token) -> None:
        """Put a unit that covers one token."""
        self.add(type_, value, token.start, token.end, token.glued)

    def below(self, tokens: list[Token], *, font: str = "") -> list[Unit]:
        """The units of a group, one level deeper."""
        font = font or self.font
        return Builder(self.reader, tokens, self.depth + 1, script=self.script, font=font).build()

    def expression(self, tokens: list[Token]) -> Node:
        """The expression in a group, one level deeper."""
        return self.reader.expression(tokens, self.depth + 1, script=self.script)

    def one(self, token: Token) -> None:
        """Read from ``token`` on as far as it reaches."""
        kind = token.kind
        if kind == "letter":
            names.letters(self)
        elif kind == "command":
            self.command(self.next())
        elif kind == "number":
            self.next()
            filled = self.font and token.text in "01"
            self.put("ATOM", names.number(self, token, self.font if filled else ""), token)
        elif kind == "sign":
            self.sign(self.next())
        elif kind in ("^", "_"):
            self.next()
            if kind == "^" and not self.has_base() and scripts.turns(self):
                self.turned(token)
            else:
                scripts.read(self, token)
        elif kind == "{":
            self.group_here()
        elif kind in ("left", "right", "middle"):
            self.delimiter(self.next())
        elif kind == "text":
            names.words(self, self.next())
        elif kind == "begin":
            environments.environment(self, self.next())
        elif kind in ("wide", "row", "&"):
            self.put({"wide": "WIDE", "row": "ROW", "&": "AMP"}[kind], token.text, self.next())
        elif kind == "end":
            raise self.fail(rf"\end{{{token.text}}} without its \begin")
        elif kind == "}":
            raise self.fail("this brace closes nothing")
        else:
            raise self.fail(f"{token.text} outside a macro")

    def group_here(self) -> None:
        """Braces: several factors before a script are an invisible bracket."""
        start = self.at
        group = self.group()
        inner = self.below(group)
        after = self.peek()
        if not group and after is not None and after.kind == "^":
            self.next()
            if scripts.turns(self):
                self.turned(after)
            else:
                scripts.read(self, after)
            return
        if inner and after is not None and after.kind in ("^", "_"):
            # {W^{[1]}}^T: what is inside is complete before the outer script comes.
            span = self.span(start)
            node = self.reader.from_units(inner, span)
            if isinstance(node, (Sum, Product, Relation, Listing, BigOperator, Differential)):
                node = Bracket("", "", (node,), span=span)
            self.add("ATOM", node, *span)
        else:
            self.out.extend(inner)

    def has_base(self) -> bool:
        """Whether a script has something to stand at."""
        return bool(self.out) and self.out[-1].type in ("ATOM", "SCRIPT", "CLOSE", "BAR", "FUNC")

    def turned(self, sign: Token) -> None:
        r"""``{}^t A``: the transpose as it is written in France; the sign is taken already."""
        self.argument(sign)
        after = self.peek()
        if after is None:
            raise self.fail("a transpose of nothing")
        first = len(self.out)
        if after.text == "(":
            depth = 0
            while (token := self.peek()) is not None:
                depth += (token.text == "(") - (token.text == ")")
                self.one(token)
                if not depth:
                    break
        else:
            self.one(after)
        if len(self.out) == first + 1 or after.text == "(":
            while (token := self.peek()) is not None and token.kind in ("^", "_"):
                self.one(token)
            first = len(self.out) - 1
        script = scripts.Script("transpose", (), "T", (sign.start, sign.end))
        self.out.insert(first + 1, Unit("SCRIPT", script, sign.start, sign.end, False))

    # ------------------------------------------------------------ commands and signs

    def command(self, token: Token) -> None:
        """One command, already taken, with what it governs."""
        name = token.text
        if name in LETTERS:
            names.symbol(self, name[1:], name, token, token.end)
        elif name in ACCENTS:
            self.accent(token)
        elif name in DECLARATIONS:
            self.font = {r"\bf": r"\mathbf", r"\cal": r"\mathcal", r"\rm": r"\mathrm"}.get(name, "")
        elif name in FONTS or name in UPRIGHT:
            self.in_font(token)
        elif name in FUNCTION_COMMANDS:
            head = Symbol(name[1:], forms.function_latex(name[1:]), span=(token.start, token.end))
            forms.function(self, head, token.start, token.end)
        elif name in BIG_OPERATORS:
            forms.big(self, token, BIG_OPERATORS[name])
        elif name in forms.FORMS:
            forms.FORMS[name](self, token)
        elif name in OPERATORS:
            kind = "COLON" if OPERATORS[name] == ":" else "OP"
            self.put(kind, OPERATORS[name], token)
        elif name in RELATIONS:
            self.put("REL", RELATIONS[name], token)
        elif name in LINKS:
            self.put("LINK", LINKS[name], token)
        elif name in SIGNS:
            self.put("SIGN", SIGNS[name], token)
        elif name in DOTS:
            span = (token.start, token.end)
            self.put("ATOM", Ellipsis(DOTS[name], span=span), token)
        elif name in BARS:
            self.put("BAR", (BARS[name], ""), token)
        elif name in OPENERS:
            self.put("OPEN", OPENERS[name], token)
        elif name in CLOSERS:
            self.put("CLOSE", CLOSERS[name], token)
        elif name in WRAPPERS:
            self.unwrapped(token)
        elif name in BIG:
            self.big_bracket(token)
        else:
            self.other_command(token)

    def other_command(self, token: Token) -> None:
        """The commands that are alone of their kind."""
        name, span = token.text, (token.start, token.end)
        if name == r"\mid":
            self.put("GIVEN", "|", token)
        elif name in (r"\forall", r"\exists", r"\nexists"):
            self.put("COND", name, token)
        elif name == r"\prime":
            scripts.prime(self, token, 1)
        elif name == r"\not":
            following = self.next() if self.peek() else token
            relation = RELATIONS.get(following.text, "")
            if relation not in NEGATED:
                raise self.fail(r"\not stands before = or \in", token)
            self.put("REL", NEGATED[relation], following)
        elif name == r"\_":
            self.put("ATOM", Blank(r"\_", span=span), token)
        elif name in (r"\%", r"\#", r"\&", r"\$"):
            raise self.fail(f"the sign {name} is not read", token)
        elif name == r"\tag":
            self.accept("*")
            self.put("TAG", "".join(t.text for t in self.argument(token)), token)
        elif name in TEXTS:
            self.unwrapped(token)
        elif name == r"\limits" or name == r"\nolimits":
            return
        else:
            raise self.fail(
                f"unknown macro {name}: define it with \\newcommand{{{name}}}{{...}} in the text, "
                f"or pass macros={{{name!r}: ...}}",
                token,
            )

    def sign(self, token: Token) -> None:
        """A sign of one or more characters."""
        text = token.text
        if text[0] == "'":
            scripts.prime(self, token, len(text))
        elif text[0] == "?":
            self.put("ATOM", Blank(text, span=(token.start, token.end)), token)
        elif text in names.PLAIN:
            self.put(names.PLAIN[text], text, token)
        elif text in SIGNS:
            self.put("SIGN", text, token)
        elif text in RELATIONS:
            self.put("REL", RELATIONS[text], token)
        elif text in LINKS:
            self.put("LINK", LINKS[text], token)
        elif text in OPERATORS:
            self.put("OP", OPERATORS[text], token)
        elif text in OPENERS:
            self.put("OPEN", OPENERS[text], token)
        elif text in CLOSERS:
            self.put("CLOSE", CLOSERS[text], token)
        elif text in BARS:
            self.put("BAR", (BARS[text], text), token)
        elif text in DOTS:
            self.put("ATOM", Ellipsis(DOTS[text], span=(token.start, token.end)), token)
        elif text == "!":
            scripts.factorial(self, token)
        elif text == ".^":
            scripts.dotted(self, token)
        else:
            raise self.fail(f"the sign {text!r} is not read here", token)

    def delimiter(self, token: Token) -> None:
        r"""\left, \right or \middle with its sign."""
        sign = token.text
        shape = DELIMITERS.get(sign)
        if sign == ".":
            shape = "."
        if token.kind == "middle":
            self.put("GIVEN", shape or sign, token)
        elif shape is None and sign != "/":
            raise self.fail(f"\\{token.kind} before {sign}, which is no bracket", token)
        else:
            self.put("OPEN" if token.kind == "left" else "CLOSE", shape or sign, token)

    def big_bracket(self, token: Token) -> None:
        r"""\big and its kin: only bars gain anything from it, a side."""
        after = self.peek()
        if after is None or after.text not in BARS:
            return
        self.next()
        side = {"l": "OPEN", "r": "CLOSE"}.get(token.text[-1], "")
        if side and not (side == "CLOSE" and (p := self.peek()) is not None and p.kind == "_"):
            self.put(side, BARS[after.text], after)
        else:
            self.put("BAR", (BARS[after.text], ""), after)

    # ------------------------------------------------------------ groups with looks

    def unwrapped(self, token: Token) -> None:
        """A command that only dresses its last argument."""
        while self.accept("<"):
            while self.peek() is not None and self.accept(">") is None:
                self.next()
        self.optional()
        for _ in range(WRAPPERS.get(token.text, 1) - 1):
            self.argument(token)
        self.out.extend(self.below(self.argument(token)))

    def in_font(self, token: Token) -> None:
        """The argument in another font; upright letters are one word."""
        inner = self.argument(token)
        _, end = self.span(self.at - 1)
        names_d = token.text == r"\mathsf" and [t.text for t in inner] == ["d"]
        if (token.text in UPRIGHT or names_d) and all(
            t.kind in ("letter", "number", "wide") for t in inner
        ):
            word = "".join(t.text for t in inner if t.kind != "wide")
            if word.isalnum() and not word.isdigit():
                upright = token.text.startswith(r"\operatorname") and len(word) > 1
                if upright or token.text == r"\mathop":
                    head = Symbol(word, forms.function_latex(word), span=(token.start, end))
                    forms.function(self, head, token.start, end)
                else:
                    saved, self.font = self.font, r"\mathrm"
                    names.name(self, word, token.start, end, token.glued)
                    self.font = saved
                return
        upright = token.text in UPRIGHT
        if upright and any(t.text == "-" for t in inner):
            parts = [t.text for t in inner]
            if all(p.isalnum() or p == "-" for p in parts):
                word = "".join(parts)
                head = Symbol(word, forms.function_latex(word), span=(token.start, end))
                forms.function(self, head, token.start, end)
                return
        font = "" if upright else {r"\textbf": r"\mathbf"}.get(token.text, token.text)
        self.out.extend(self.below(inner, font=font))

    def accent(self, token: Token) -> None:
        """An accent over a symbol is part of its name; over more it is a node."""
        start = self.at - 1
        inner = self.below(self.argument(token))
        first, last = self.span(start)
        suffix, command = ACCENTS[token.text], token.text
        head = inner[0].value if inner else None
        if isinstance(head, FunctionHead) and not head.bare:
            head = head.symbol
        if isinstance(head, Symbol) and all(u.type == "SCRIPT" for u in inner[1:]):
            name = f"{head.name}_{suffix}" if suffix else head.name
            latex = f"{scripts.NARROW.get(command, command)}{{{head.latex}}}"
            dressed = Symbol(name, latex, head.subscripts, head.marks, head.primes, head.star)
            names.atom(self, scripts.at(dressed, (first, last)), token.glued)
            self.out.extend(inner[1:])
        else:
            body = self.reader.from_units(inner, (first, last))
            if command == r"\vec" and isinstance(body, Number) and body.text in ("0", "1"):
                body = Filled(body.text, rf"{command}{{{body.text}}}", span=(first, last))
                self.add("ATOM", body, first, last, token.glued)
                return
            self.add("ATOM", Accented(command, body, span=(first, last)), first, last, token.glued)
