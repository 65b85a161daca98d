"""Every phrase that a page prints of its own accord, in English: the keys of ``Notation.words``.

A phrase may hold places in braces, ``through {steps}``, which a translation puts where its grammar
wants them. Headings and prose that an author writes are not here, and neither are error messages.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import lru_cache

from matcalc.errors import MatcalcError
from matcalc.facts import Fact
from matcalc.notation import Notation

# What may be assumed of a matrix.
FACTS = {
    "symmetric": "{A} is symmetric",
    "orthogonal": "{A} is orthogonal",
    "diagonal": "{A} is diagonal",
    "positive_definite": "{A} is symmetric and positive definite",
    "invertible": "{A} is invertible",
    "lower_triangular": "{A} is lower triangular",
    "upper_triangular": "{A} is upper triangular",
    "rows_sum_to_one": "the rows of {A} sum to one",
    "cols_sum_to_one": "the columns of {A} sum to one",
    "rows_sum_to_zero": "the rows of {A} sum to zero",
    "cols_sum_to_zero": "the columns of {A} sum to zero",
    "one_hot": "{A} is one-hot",
    "idempotent": "{A} is idempotent",
    "constant": "{A} is constant",
}

PHRASES: tuple[str, ...] = (
    "en",  # the language itself, as HTML names it
    # Joining words.
    "and",
    "by",
    "where",
    "needs",
    # The top of a page.
    "The gradients of {f}",
    "Through {f}",
    "Denominator layout: a gradient has the shape of its variable, and {ratio} of a column {x} of "
    "{p} entries and a column {y} of {r} entries is {shape}.",
    "Numerator layout: a gradient lies transposed, and {ratio} of a column {x} of {p} entries and "
    "a column {y} of {r} entries is {shape}. A transpose more or less than in denominator layout "
    "is there to turn the gradient onto its side.",
    "Mixed layout: a gradient has the shape of its variable, Jacobians lie in numerator layout.",
    "Given: {symbols}.",
    "To learn: {symbols}.",
    "From above arrives {symbol}.",
    "Assumed: {facts}.",
    *FACTS.values(),
    "a number",
    "numbers",
    "the output {output} is {shape}, so {arriving} of that shape stands for what arrives from "
    "above",
    "{w} is symmetric: its gradient is (G + G')/2, the gradient within the symmetric matrices",
    "{w} is symmetric: its gradient is G + G' - I.*G, the derivative by each entry on and above "
    "the diagonal",
    "{w} is diagonal: its gradient is by independent entries, I.*G within the diagonal matrices",
    "{w} is lower triangular: its gradient is by independent entries, tril(G) within the lower "
    "triangular matrices",
    "{w} is upper triangular: its gradient is by independent entries, triu(G) within the upper "
    "triangular matrices",
    "{w} is orthogonal: its gradient is by independent entries, (G - {w}*G'*{w})/2 within the "
    "orthogonal matrices",
    "with rows of {data} summing to one: {line} = {short}",
    "with columns of {data} summing to one: {line} = {short}",
    "with the entries of {data} summing to one: {line} = {short}",
    # The backward pass.
    "Forward",
    "Backward",
    "For {range}:",
    "for {range}",
    "The layers {range} are alike; the first of them stands for all.",
    "what arrives from above",
    "what arrived there",
    "through {steps}",
    "by {laws}",
    "with {lines}",
    "in denominator layout {value}; turned onto its side, {changes}",
    "{old} becomes {new}",
    "algebra of the entries",
    "one denominator",
    # The chain.
    "The chain from {start} to {end}",
    "The chain from {start}",
    "The output does not depend on {x}.",
    "In a chain {ratio} is a Jacobian, a row; the gradient is its transpose.",
    "Matrices are read through {vec}, which stacks columns.",
    "In this layout the factors stand in order from the variable to the output.",
    "In this layout the factors stand in order from the output back to the variable.",
    "The last form is the same product, because {laws}.",
    "Element by element:",
    "{x} enters {steps}: the sum over them.",
    # Differentials and vec.
    "With {trace} the gradient is {gradient}: each differential is put in and brought to that "
    "form.",
    "Here {change} is a change of {x}; the gradient that is elsewhere called {name} is written "
    "{ratio}.",
    "in {change}",
    "hence",
    "{vec} stacks columns; Jacobians are in denominator layout.",
    "{vec} stacks columns; Jacobians are in numerator layout.",
    # Indices and paths.
    "Indices start at {base}.",
    "{x} reaches {output} along one path:",
    "{x} reaches {output} along {count} paths:",
    # One datum and the batch.
    "The data are {n}; one of them is number {r}. What belongs to one datum carries its number.",
    "one datum contributes {term}",
    "The factor in front",
    "The mean puts {factor} into {line}; every later line takes it from there, so none of them "
    "shows it.",
    "The loss is a sum, not a mean: no {factor} appears anywhere.",
    # Numbers.
    "quantity",
    "value",
    "exact",
    "rounded to {digits} places at every step",
    "{formula} (needs {names})",
    "given",
    "new",
    "One step of length {rate} against the gradient takes {loss} from {before} to {after}.",
    "To learn are {count} numbers.",
    "One backward pass costs about as many products as there are weights, for each datum, twice "
    "over: once for the adjoints and once for the gradients. It grows with the number of "
    "connections, not with the number of neurons.",
    "Check",
    "The gradients of {f} against differences of the forward pass: the check holds, {error}, by "
    "{method}.",
    "The gradients of {f} against differences of the forward pass: the check fails, {error}, by "
    "{method}.",
    "The gradients of {f} against differences of the forward pass: the check holds, {error}, by "
    "{method}, at {sizes}.",
    "The gradients of {f} against differences of the forward pass: the check fails, {error}, by "
    "{method}, at {sizes}.",
    "Shapes assumed from the formula: {shapes}.",
    "relative error below {bound}",
    "For the points drawn: {facts}.",
    "complex step",
    "extrapolated central differences",
    "complex step in central differences",
    "extrapolated second differences",
    # Pictures and programs.
    "Computation graph of {f}",
    "{node} from {sources}.",
    "{node} is given.",
    "Back flow {adjoints}.",
    "The forward pass",
    "The forward and the backward pass",
    "parameter, from the input on",
    "largest entry of the gradient",
    "step",
    "function",
    "end function",
    "return",
    "for",
    "end for",
    "while",
    "end while",
    "if",
    "else",
    "end if",
    "do",
    "pass",
    "break",
    "continue",
    # Buttons.
    "copy",
    "copied",
    "copy the LaTeX of this formula",
)


def fact_in_words(fact: Fact, notation: Notation, shown: Callable[[str], str]) -> str:
    """A fact as a clause: the rows of Y sum to one."""
    return notation.say(FACTS[fact.name], A=shown(fact.of))


@lru_cache(maxsize=64)
def known(notation: Notation) -> Notation:
    """The notation, its words being keys of this table; another one is refused."""
    for phrase, _ in notation.words:
        if phrase not in PHRASES:
            near = difflib.get_close_matches(phrase, PHRASES, 1)
            hint = f"did you mean {near[0]!r}?" if near else "PHRASES in render/phrases.py has all"
            raise MatcalcError(f"notation: no page says {phrase!r}; {hint}")
    return notation
