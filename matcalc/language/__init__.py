"""How people write: the text language into nodes."""

from matcalc.language.text import (
    Builder,
    Program,
    parse_program,
    parse_shapes,
    read_expression,
)

__all__ = ["Builder", "Program", "parse_program", "parse_shapes", "read_expression"]
