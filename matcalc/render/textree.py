r"""The LaTeX that the writers emit, read back as a small tree: to write it in Unicode and to
measure it.

Only what is emitted needs to be known; a command without an entry stands for its own name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import normalize

from matcalc.render.signs import ACCENTS, FONTS, SIGNS, SUB, SUPER

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_&]|\s+|.", re.S)


@dataclass(frozen=True)
class Tex:
    """A piece of LaTeX: ``kind`` is row, sign, frac, script, accent, font, brace or matrix."""

    kind: str
    text: str = ""
    parts: tuple[Tex, ...] = ()


def parse(latex: str) -> Tex:
    """The tree of a formula."""
    tokens = [t for t in TOKEN.findall(latex) if not t.isspace() or t == " "]
    reader = _Reader(tokens)
    found = reader.row("")
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0
        self.in_matrix = False

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def row(self, until: str) -> Tex:
        parts: list[Tex] = []
        while self.at < len(self.tokens) and self.peek() != until:
            if self.peek() in ("^", "_"):
                mark = self.next()
                base = parts.pop() if parts else Tex("row")
                parts.append(Tex("script", mark, (base, self.argument())))
            else:
                parts.append(self.item())
        self.next()
        return Tex("row", "", tuple(parts))

    def argument(self) -> Tex:
        while self.peek() == " ":
            self.next()
        if self.peek() == "{":
            self.next()
            return self.row("}")
        return self.item()

    def item(self) -> Tex:
        token = self.next()
        if token == "{":
            return self.row("}")
        if not token.startswith("\\"):
            return Tex("sign", ", " if token == "&" and self.in_matrix else token)
        name = token[1:]
        if name in ("frac", "dfrac", "tfrac"):
            return Tex("frac", name, (self.argument(), self.argument()))
        if name in ("underbrace", "overbrace", "sqrt"):
            return Tex("brace" if name != "sqrt" else "root", "", (self.argument(),))
        if name in ACCENTS:
            return Tex("accent", ACCENTS[name], (self.argument(),))
        if name in FONTS:
            return Tex("font", name, (self.argument(),))
        if name in ("left", "right"):
            return Tex("sign", self._bracket())
        if name in ("begin", "end"):
            return self._environment(name)
        if name == "\\" and self.in_matrix:
            return Tex("sign", "; ")
        return Tex("sign", SIGNS.get(name, name))

    def _environment(self, edge: str) -> Tex:
        name = "".join(p.text for p in self.argument().parts)
        if name not in ("bmatrix", "pmatrix", "matrix"):
            return Tex("row")
        self.in_matrix = edge == "begin"
        return Tex("sign", "[" if self.in_matrix else "]")

    def _bracket(self) -> str:
        token = self.next()
        if token == ".":  # the side that is left open
            return ""
        return SIGNS.get(token[1:], token[1:]) if token.startswith("\\") else token


def in_unicode(latex: str) -> str:
    """A formula on one line, for a terminal."""
    said = _said(parse(latex))
    said = re.sub(r" +", " ", said).replace("( ", "(").replace(" )", ")")
    said = re.sub(r"([∂∇]) ", r"\1", said)
    return re.sub(r"\s*\n\s*", "\n", said).strip().replace("-", "−")


def _said(node: Tex) -> str:
    if node.kind == "sign":
        return node.text if node.text != "&" else ""
    if node.kind == "row":
        return "".join(map(_said, node.parts))
    if node.kind == "frac":
        top, bottom = (_grouped(_said(p)) for p in node.parts)
        return f"{top}/{bottom}"
    if node.kind == "root":
        return f"√{_grouped(_said(node.parts[0]))}"
    if node.kind == "accent":
        inside = _said(node.parts[0])
        return normalize("NFC", inside + node.text)
    if node.kind == "font":
        inside = _said(node.parts[0])
        return "𝟏" if inside == "1" and node.text in ("mathbf", "mathbb") else inside
    if node.kind == "brace":
        return _said(node.parts[0])
    base, script = (_said(p) for p in node.parts)
    if node.parts[0].kind == "brace":
        return base
    return base + _script(script.strip(), node.text)


def _grouped(said: str) -> str:
    said = re.sub(r"([∂∇]) ", r"\1", said.strip())
    return said if re.fullmatch(r"[^\s+\-−/·]+", said) else f"({said})"


def _script(said: str, mark: str) -> str:
    table = SUPER if mark == "^" else SUB
    said = said.replace(" ", "")
    if said.startswith("⊙") or said.startswith("∘"):
        return f"^{said}" if len(said) <= 2 else f"^({said})"
    if said and all(c in table for c in said):
        return "".join(table[c] for c in said)
    return (
        f"{mark}{said}" if len(said) == 1 or re.fullmatch(r"\[.*\]", said) else f"{mark}{{{said}}}"
    )


# Widths of letters in the mathematical italic of Computer Modern, the average letter being 1.
LETTERS = (
    ("MWᵀ", 1.55),
    ("HKNXDQ", 1.4),
    ("ABCEFGLOPRSTUVYZm", 1.2),
    ("ijlt()[]|,.!'", 0.65),
    ("0123456789", 0.82),
    ("abcdefghknopqrsuvxyzIJ", 0.9),
    ("w", 1.2),
)


SMALL = {"tfrac": 0.72}


def width(latex: str) -> float:
    """How wide a formula is, in letters of ten-point text."""
    return _wide(parse(latex))


def _wide(node: Tex) -> float:
    if node.kind == "sign":
        if node.text == " ":
            return 0.0
        if node.text in "=+-⊙⊘∘•·×⊗" or len(node.text) > 1:
            return 2.0 * max(1, len(node.text) / 2)
        return next((w for letters, w in LETTERS if node.text in letters), 1.0)
    if node.kind == "frac":
        return (0.4 if node.text == "tfrac" else 1.1) + SMALL.get(node.text, 1) * max(
            map(_wide, node.parts)
        )
    if node.kind == "script":
        base, script = node.parts
        if base.kind == "brace":
            return max(_wide(base), 0.75 * _wide(script))
        if base.kind == "sign" and base.text in "∑∏":
            return max(2.4, 0.75 * _wide(script))
        return _wide(base) + 0.72 * _wide(script)
    return sum(map(_wide, node.parts)) + (1.0 if node.kind == "root" else 0.0)
