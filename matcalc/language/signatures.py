"""What every word of the text language takes and gives, as shapes.

``n m, m k -> n k`` reads as in a textbook; an operand without dimensions is a scalar. ``#n`` is an
operand that *is* a dimension, ``@`` one that is the number 0 or 1 (an axis), ``&i`` an index that
is bound. ``...`` repeats the operand before it, and ``~`` marks operands that may be scalars beside
matrices of one shape. What a row cannot say (blocks, ``diag``) stands in ``follow``. A word that is
missing here still works: its shape is then found by trying it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from matcalc.language.sizes import FULL, VECTOR
from matcalc.ops import FUNCTIONS
from matcalc.ops.entrywise import ENTRYWISE

_ROWS = {
    "sum mean norm1 norm2": "n m -> ",
    "tr det logdet": "n n -> ",
    "inv adj": "n n -> n n",
    "mpow": "n n, #k -> n n",
    "solve": "n n, n m -> n m",
    "dot": "n m, n m -> ",
    "outer": "n 1, m 1 -> n m",
    "transpose": "n m -> m n",
    "rowsum rowmean": "n m -> n 1",
    "colsum colmean": "n m -> 1 m",
    "cumsum revcumsum softmax log_softmax": "n m -> n m | n m, @ -> n m | n m, @, n m -> n m",
    "tril triu": "n m -> n m",
    "ones zeros": "#n, #m -> n m",
    "eye": "#n -> n n",
    "vec": "n m -> n*m 1",
    "unvec": "n*m 1, #n, #m -> n m",
    "logsumexp": "n m -> n 1 | n m, @ -> n 1",
    "commutation": "#n, #m -> n*m n*m",
    "diagonal_pick": "#n -> n n*n",
    "place": "p q, #i, #j, #n, #m -> n m",
    "kron_contract": "s t, p q, #k, #n, #m -> n m",
    "hadamard divide power": "~, ~, ... -> ~",
    "square reciprocal": "~ -> ~",
    "isum": "~, &i, #a, #b -> ~",
}

# Entrywise words whose further operands are numbers as a rule: an exponent, a slope, a threshold.
WITH_A_NUMBER = frozenset({"power", "leaky_relu", "huber"})

# Evidence about operands that nobody declared.
WANTS = {
    **dict.fromkeys(
        ("sum", "mean", "norm1", "norm2", "dot", "outer", "transpose", "rowsum", "rowmean",
         "colsum", "colmean", "cumsum", "revcumsum", "softmax", "log_softmax", "logsumexp", "diag",
         "vec", "unvec", "hstack", "vstack"),
        VECTOR,
    ),
    **dict.fromkeys(("tr", "det", "logdet", "inv", "adj", "tril", "triu", "kron"), FULL),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signature:
    """The operands of a word and its value, each a tuple of dimension names or one mark."""

    operands: tuple[tuple[str, ...], ...]
    value: tuple[str, ...]

    @property
    def broadcasts(self) -> bool:
        return self.value == ("~",)

    def role(self, slot: int) -> str:
        """The mark of an operand: ``#``, ``@``, ``&``, or "" for one that has a shape."""
        said = self.operands[slot]
        return said[0][0] if said and said[0][0] in "#@&" else ""


def _read(said: str) -> Signature:
    left, right = said.split("->")
    operands = tuple(tuple(part.split()) for part in left.split(","))
    return Signature(operands, tuple(right.split()))


@cache
def _table() -> dict[str, tuple[Signature, ...]]:
    table = {
        word: tuple(_read(said) for said in row.split("|"))
        for words, row in _ROWS.items()
        for word in words.split()
    }
    for word, op in ENTRYWISE.items():
        table.setdefault(word, (_read(", ".join(["~"] * op.arity) + " -> ~"),))
    return table


def known_words() -> frozenset[str]:
    """Every word that may stand before brackets as a function."""
    return frozenset(FUNCTIONS) | {"isum"}


def signature(word: str, count: int) -> Signature | None:
    """The signature of ``word`` with that many operands, None if there is none to go by."""
    for found in _table().get(word, ()):
        operands = found.operands
        if operands[-1] == ("...",):
            if count >= len(operands) - 1:
                more = (operands[-2],) * (count - len(operands) + 1)
                return Signature(operands[:-1] + more, found.value)
        elif len(operands) == count:
            return found
    return None


def counts(word: str) -> list[int]:
    """How many operands ``word`` may have, where the table says."""
    found = _table().get(word, ())
    return (
        [] if any(s.operands[-1] == ("...",) for s in found) else [len(s.operands) for s in found]
    )
