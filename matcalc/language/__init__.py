"""How people write: the text language into nodes."""

from matcalc.language.declared import parse_shapes
from matcalc.language.scope import Undefined
from matcalc.language.text import Builder, Program, parse_program, read_expression
from matcalc.language.undefined import undefined_in

__all__ = [
    "Builder",
    "Program",
    "Undefined",
    "parse_program",
    "parse_shapes",
    "read_expression",
    "undefined_in",
]
