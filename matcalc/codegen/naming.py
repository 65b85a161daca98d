"""Names in generated code: every word a checked identifier, no two names alike.

A user's name goes into a program as it is where Python allows it; ``lambda`` becomes ``lambda_``.
Python reads identifiers in one normal form, so names that differ only by form are one: refused.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable

from matcalc.codegen.foreign import JAX_HELPERS, TORCH_HELPERS
from matcalc.codegen.helpers import HELPERS
from matcalc.errors import NameClashError

# What the generated text itself says.
WORDS = (
    "np jnp jax torch math linalg special float range len tuple max abs isinstance ValueError "
    "ImportError workspace make_workspace cache ctx forward backward value_and_gradients compute "
    "check value like Program static __debug__"
)
HELPER_NAMES = re.compile(r"(?:def|as|import) (\w+)(?:, (\w+))?")
OWN = frozenset(WORDS.split()) | {
    word
    for texts in (HELPERS, JAX_HELPERS, TORCH_HELPERS)
    for text in texts.values()
    for found in HELPER_NAMES.findall(text)
    for word in found
    if word
}


class Identifiers:
    """Gives each name its identifier."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._of: dict[str, str] = {}
        self._owner: dict[str, str] = {}
        self.made: set[str] = set()  # names of our own
        self._reserved = OWN | frozenset(reserved)

    def __getitem__(self, name: str) -> str:
        return self._of[name]

    @property
    def taken(self) -> frozenset[str]:
        """Every identifier that has an owner."""
        return frozenset(self._owner)

    def claim(self, word: str) -> None:
        """An identifier that some formula made for itself."""
        self._owner.setdefault(word, f"({word})")
        self.made.add(word)

    def declare(self, name: str) -> str:
        """The identifier of a user's name; a second name with the same one is refused."""
        found = self._of.get(name)
        if found is not None:
            return found
        word = unicodedata.normalize("NFKC", name)
        if not word.isidentifier():
            raise NameClashError(f"{name!r} cannot be a name in generated code")
        while keyword.iskeyword(word) or word in self._reserved:
            word += "_"
        owner = self._owner.get(word)
        if owner is not None:
            raise NameClashError(
                f"the names {owner!r} and {name!r} would both be {word} in generated code: "
                "rename one of them"
            )
        self._of[name], self._owner[word] = word, name
        return word

    def fresh(self, stem: str) -> str:
        """A name that nobody has, for a part without one."""
        count = 1
        while (word := f"{stem}{count}") in self._owner or word in self._reserved:
            count += 1
        self._owner[word] = f"({word})"
        self.made.add(word)
        return word
