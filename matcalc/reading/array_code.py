r"""Array code inside a formula: ``np.sum(dZ, axis=1, keepdims=True)`` as ``\operatorname{rowsum}(dZ)``.

Course notes write NumPy between dollars. Calls with a counterpart in notation become it; any other
call is left as it stands, and is refused where it is read.
"""

from __future__ import annotations

import re

CALL = re.compile(r"\b(?:np|numpy|torch|jnp)\.\s*(?:\\?(?:text|mathrm)\{)?([a-z]+)\}?\s*\(")
ALONG = {"0": "col", "-2": "col", "1": "row", "-1": "row"}
REDUCED = ("sum", "mean")
PAIRS = {"dot": " ", "matmul": " ", "multiply": r" \odot ", "outer": " ", "divide": r" \oslash "}
ONE = {"exp": r"\exp", "log": r"\log", "tanh": r"\tanh", "sqrt": r"\operatorname{sqrt}",
       "diag": r"\operatorname{diag}", "trace": r"\operatorname{tr}", "maximum": r"\max",
       "abs": r"\operatorname{abs}"}  # fmt: skip
OPTION = re.compile(r"^\s*(axis|dim|keepdims|keepdim)\s*=\s*(-?\w+)\s*$")


def without_array_code(text: str) -> str:
    """``text`` with the calls of array libraries in notation."""
    while (call := CALL.search(text)) is not None:
        end = _closing(text, call.end())
        spelled = _spelled(call[1], text[call.end() : end]) if end >= 0 else None
        if spelled is None:
            return text
        text = text[: call.start()] + spelled + text[end + 1 :]
    return text


def _spelled(name: str, inside: str) -> str | None:
    options: dict[str, str] = {}
    parts: list[str] = []
    for part in _parts(inside):
        option = OPTION.match(part.replace("\\_", "_"))
        if option:
            options[option[1]] = option[2]
        else:
            parts.append(part.strip())
    axis = options.get("axis", options.get("dim"))
    if name in REDUCED and len(parts) == 1:
        if axis is None:
            return rf"\operatorname{{{name}}}({parts[0]})"
        return rf"\operatorname{{{ALONG[axis]}{name}}}({parts[0]})" if axis in ALONG else None
    if options:
        return None
    if name in PAIRS and len(parts) == 2:
        second = f"({parts[1]})" + ("^T" if name == "outer" else "")
        return f"(({parts[0]}){PAIRS[name]}{second})"
    if name in ONE and parts:
        return f"{ONE[name]}({', '.join(parts)})"
    if name == "square" and len(parts) == 1:
        return f"({parts[0]})^2"
    return None


def _closing(text: str, start: int) -> int:
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place
    return -1


def _parts(text: str) -> list[str]:
    depth, start, parts = 0, 0, []
    for place, char in enumerate(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(char, 0)
        if char == "," and not depth:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
