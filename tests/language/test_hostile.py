"""Hostile input: an error or an answer within two seconds, and no errors but our own."""

from __future__ import annotations

import random
import time

import pytest

import matcalc  # noqa: F401 - fills the tables
from matcalc.errors import MatcalcError, ParseError
from matcalc.language import parse_program
from matcalc.language.tokens import MAX_CHARACTERS, MAX_TOKENS

SECONDS = 2.0


def lines(first: str, step: str, count: int, last: str = "") -> str:
    """A program whose steps each use the one before: {0} is its number, {1} the next."""
    return "\n".join([first, *(step.format(i, i + 1) for i in range(count)), last])


def cases(share: int) -> dict[str, str]:
    """Hostile texts; those that go to a limit go to one part in ``share`` of it."""
    tokens, characters = MAX_TOKENS // share, MAX_CHARACTERS // share - 20
    many = tokens // 2 - 10  # operands of one operator
    return {
        "power tower": "sum(x)^(9^9^9)",
        "power tower, right": "9^(9^(9^9))",
        "power tower, left": "9^4096^4096^4096",
        "power of a product": "(2*x)^99999999999",
        "power entry by entry": "(2.^9999).^9999 .^9999",
        "chain of powers": "x" + "^9999999999" * 3000,
        "chain of matrix powers": "A" + "^9999999999" * 3000,
        "3000 brackets": "(" * 3000 + "x" + ")" * 3000,
        "brackets to the limit": "(" * many + "x" + ")" * many,
        "3000 calls": "sin(" * 3000 + "x" + ")" * 3000,
        "calls to the limit": "sin(" * (many // 2) + "x" + ")" * (many // 2),
        "unbalanced": "(" * many,
        "minus signs": "-" * many + "x",
        "transposes": "X" + "'" * many,
        "sum of 100,000": "+".join(["x"] * 100_000),
        "sum to the limit": "+".join(["x"] * many),
        "sum of different terms": "+".join(f"sin({i}*x)" for i in range(tokens // 7 - 10)),
        "product to the limit": "*".join(["x"] * many),
        "matrix product to the limit": "A : n x n\n" + "*".join(["A"] * (many - 10)),
        "Hadamard product to the limit": ".*".join(["x"] * many),
        "mixed products": "x" + "*y.*z" * (many // 2),
        "quotients": "/".join(["x"] * many),
        "inner products": "x : n\n" + "*".join(["x'*x"] * (tokens // 5 - 10)),
        "many names": "*".join(f"x{i}" for i in range(4900 // share)),
        "many matrices": "*".join(f"X{i}" for i in range(4900 // share)),
        "too many names": "+".join(f"x{i}" for i in range(6000)),
        "many decisions": "+".join(f"tr(a{i}*b{i}')" for i in range(2490 // share)),
        "decisions that wait for one another": "+".join(
            f"sum(a{i}*a{i + 1})" for i in range(4000 // share)
        ),
        "a megabyte": "x + " * 262_144 + "x",
        "half a megabyte in one name": "x" * (characters),
        "half a megabyte of comment": "# " + "x" * (characters) + "\nsum(x)",
        "newlines": "\n" * (characters) + "x",
        "a long number": "9" * 400_000,
        "long numbers": "*".join(["9" * 300] * 1000),
        "fractions": "+".join(f"1/{10**9 + 7 * i}" for i in range(tokens // 4 - 10)),
        "a huge exponent": "1e999999999999*x",
        "products that double": lines("x0 = a*b", "x{1} = x{0}*x{0}", 200),
        "Hadamard products that double": lines("x0 = sin(X)", "x{1} = x{0}.*x{0}", 200),
        "Kronecker products that double": lines("x0 = hstack(A,B)", "x{1} = kron(x{0},x{0})", 60),
        "sizes that double": lines("A : 3 x 2\nx0 = A", "x{1} = kron(x{0},x{0})", 60),
        "powers that double": lines("x0 = 2*x", "x{1} = x{0}^2", 60),
        "numbers that double": lines("x0 = 3", "x{1} = x{0}*x{0}", 60),
        "sums that double": lines("x0 = sin(x)", "x{1} = x{0} + cos(x{0})", 300),
        "a dimension to multiply out": "ones((n+m)^20, (n+k)^20)*ones((n+k)^20, 1)",
        "a dimension of many factors": f"ones({'*'.join(f'(n+m{i})' for i in range(40))}, 1)",
        "a dimension of many terms": f"ones({'+'.join(f'n{i}' for i in range(many // 2))}, 1)",
        "a huge dimension": "ones(9^20^20^20, 1)",
        "many shape lines": lines("", "X{0} : n{0} x m{0}", tokens // 7 - 10, "X1"),
        "many facts": "K : n x n\n" + "assume symmetric(K)\n" * (tokens // 6 - 10) + "K",
        "a long program": lines("Z0 : n x d", "Z{1} = tanh(Z{0}*W{0} + ones(n,1)*b{0})", 1000),
        "a wide call": f"hstack({','.join(f'A{i}' for i in range(4000 // share))})",
        "deep stacks": "vstack(A," * (2500 // share) + "A" + ")" * (2500 // share),
        "deep Kronecker products": "kron(A," * (2500 // share) + "A" + ")" * (2500 // share),
        "a huge index": f"A(1:{'9' * 300}, :)",
        "pasted LaTeX": "\\frac{\\partial L}{\\partial W}" * 2000,
        "a NUL": "x\0y",
        "half characters": "\ud800 + x",
        "combining characters": "х̈́ + 𝔛 + ﷽",
        "direction marks": "\u202ex + y\u202c",
        "script": "<script>alert(1)</script>",
        "code": "__import__('os').system('true')",
        "format": "{0.__class__} %s %(x)s",
    }


def answered_in_time(text: str) -> None:
    """Read it or refuse it."""
    start = time.process_time()
    try:
        parse_program(text)
    except MatcalcError as error:
        said = str(error)
    else:
        said = ""
    assert len(said) < 700
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("name", cases(5))
def test_hostile_text_gets_an_error_or_an_answer(name):
    """Never a RecursionError, never out of memory, never long: at a fifth of the limits."""
    answered_in_time(cases(5)[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", cases(1))
def test_hostile_text_gets_an_error_or_an_answer_at_the_limits(name):
    """Never longer than two seconds, as large as a text may be."""
    answered_in_time(cases(1)[name])


def test_deep_brackets_simply_work():
    """3000 brackets around a name are that name."""
    deep = "(" * 3000 + "x" + ")" * 3000
    assert parse_program(deep).output is parse_program("x").output


def test_limits_are_said():
    """A text that is too long is refused with the limit."""
    with pytest.raises(ParseError, match=str(MAX_CHARACTERS)):
        parse_program("x" * (MAX_CHARACTERS + 1))
    with pytest.raises(ParseError, match=str(MAX_TOKENS)):
        parse_program("-" * (MAX_TOKENS + 1))


def test_random_text_raises_our_errors_only():
    """Noise, and formulas with noise in them."""
    rng = random.Random(5)
    signs = ["x", "A", "1", "2.5", "sum(", "(", ")", "'", "*", ".*", "/", "./", "^", ".^", "+", "-",
             ",", ":", "=", ";", "\n", " ", "n", "ones(n,1)", "A(1,:)", "as", "tr(",
             "diag(", "X : n x d", "minimize ", "assume ", "#", "\\", "{", "é", "\x00",
             "hstack(", "kron(A,", "^T", "1e5"]  # fmt: skip
    read = 0
    for _ in range(1500):
        text = "".join(rng.choice(signs) for _ in range(rng.randrange(1, 14)))
        try:
            parse_program(text)
            read += 1
        except MatcalcError:
            continue
    assert read > 50


def test_mutated_formulas_raise_our_errors_only():
    """One character changed, dropped or doubled in formulas that are right."""
    rng = random.Random(6)
    right = [
        "sum((X*w - y).^2)/2", "x'*A*x + b'*x + c", "log(det(A)) + tr(A'*B)",
        "Z = X*W + ones(n,1)*b as Z_1; sum(softmax(Z).*Y)", "X : n x d; A(1:k, :)*X(:, 2)",
    ]  # fmt: skip
    for _ in range(1000):
        text = rng.choice(right)
        at = rng.randrange(len(text))
        other = rng.choice(["", text[at] * 2, rng.choice("()'*.^:;,=1nXw#\\ ")])
        try:
            parse_program(text[:at] + other + text[at + 1 :])
        except MatcalcError:
            continue
