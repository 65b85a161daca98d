"""Worked networks in the text language, one ``.mc`` file each; the first comment is the title."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from matcalc.errors import UnknownNameError
from matcalc.shapes import listed


@cache
def names() -> tuple[str, ...]:
    """The networks, simple ones first."""
    found = [
        f.name.removesuffix(".mc") for f in files(__name__).iterdir() if f.name.endswith(".mc")
    ]
    return tuple(sorted(found, key=lambda name: (len(text_of(name).splitlines()), name)))


def text_of(name: str) -> str:
    """A network as text."""
    file = files(__name__).joinpath(f"{name}.mc")
    if not name.isidentifier() or not file.is_file():
        raise UnknownNameError(
            f"there is no network {name} in the gallery; there are {listed(names())}"
        )
    return file.read_text(encoding="utf-8")


def title_of(name: str) -> str:
    """What a network is, in a line."""
    return text_of(name).splitlines()[0].lstrip("# ").strip()
