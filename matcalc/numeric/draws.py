"""Random values for symbols: a few kinds of numbers, and matrices with a declared fact.

A fact turns any matrix into one that has it, where that is possible, and can be tested. Several
facts are applied in every order until all of them hold; where each undoes the other a little, as
symmetric and rows that sum to one do, the nearest matrix with each is taken in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from matcalc.errors import DomainError

Array = Any
Rng = np.random.Generator
Draw = Callable[[Rng, tuple[int, ...]], Array]

TURNS = 300  # each fact after the other, where one undoes another a little
MOST_ORDERS = 6


def _near_identity(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Well conditioned where square; otherwise dominated by a diagonal."""
    if not shape:
        return 1 + 0.2 * rng.normal()
    return 1.5 * np.eye(shape[0], shape[1]) + 0.3 * rng.normal(size=shape) / np.sqrt(max(shape))


def _spd(rng: Rng, shape: tuple[int, ...]) -> Array:
    if not shape or shape[0] != shape[1]:
        return rng.uniform(0.3, 1.7, size=shape)
    half = rng.normal(size=shape)
    return half @ half.T / shape[0] + 0.5 * np.eye(shape[0])


def _rows_of_probabilities(rng: Rng, shape: tuple[int, ...]) -> Array:
    drawn = rng.uniform(0.2, 1.0, size=shape)
    return drawn / np.sum(drawn, axis=-1, keepdims=True) if shape else 0.5 * drawn


# The order is that of trying: the least special first.
DRAWS: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.3, 1.7, size=shape),
    "unit": lambda rng, shape: rng.uniform(0.1, 0.9, size=shape),
    "small": lambda rng, shape: 0.2 * rng.normal(size=shape),
    "identity": _near_identity,
    "spd": _spd,
    "negative": lambda rng, shape: -rng.uniform(0.3, 1.7, size=shape),
    "probabilities": _rows_of_probabilities,
    "large": lambda rng, shape: rng.uniform(2.0, 4.0, size=shape),
    "tiny": lambda rng, shape: 0.02 * rng.normal(size=shape),
}


def mask(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Zeros and ones, more ones than zeros."""
    return np.where(rng.uniform(size=shape) < 0.7, 1.0, 0.0)


# -- facts --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """``impose`` brings a matrix to the fact; ``holds`` tells whether it has it; ``near`` goes to a
    near matrix that has it, where ``impose`` may go far."""

    impose: Callable[[Array, Rng], Array]
    holds: Callable[[Array], Any]
    near: Callable[[Array], Array] | None = None


def _close(A: Array, B: Array) -> bool:
    return A.shape == B.shape and bool(np.allclose(A, B, rtol=1e-10, atol=1e-12))


def _polar(A: Array) -> Array:
    """The nearest orthogonal matrix, symmetric or diagonal if A is."""
    U, _, Vt = np.linalg.svd(A)
    return U @ Vt


def _projector(A: Array, rng: Rng) -> Array:
    """S D S^-1 with zeros and ones in D, symmetric or diagonal if A is."""
    keep = np.where(rng.permutation(len(A)) <= len(A) // 2, 1.0, 0.0)
    if _close(A, A.T):
        S = np.linalg.eigh(A)[1]
        return S * keep @ S.T
    S = A + 2 * np.eye(len(A))
    return S * keep @ np.linalg.inv(S)


def _nearest_projector(A: Array) -> Array:
    """Each eigenvalue becomes the nearer one of zero and one."""
    values, S = np.linalg.eigh(A) if _close(A, A.T) else np.linalg.eig(A)
    return np.real(S * np.round(np.clip(np.real(values), 0, 1)) @ np.linalg.inv(S))


def _nearest_definite(A: Array) -> Array:
    """Symmetric, and no eigenvalue is small."""
    values, S = np.linalg.eigh((A + A.T) / 2)
    return S * np.maximum(values, 0.1) @ S.T


def _summing_to_one(A: Array) -> Array:
    """Rows over their sums, which leaves no entry below zero; else as much more everywhere."""
    sums = np.sum(A, axis=1, keepdims=True)
    return A / sums if np.all(A >= 0) and np.all(sums > 0) else A + (1 - sums) / A.shape[1]


def _one_hot_or_mixed(A: Array, rng: Rng) -> Array:
    """Rows of labels as often as rows of probabilities."""
    if rng.uniform() < 0.5:
        return np.eye(A.shape[1])[rng.integers(A.shape[1], size=len(A))]
    return _rows_of_probabilities(rng, A.shape)


def _labels(A: Array, rng: Rng) -> Array:
    """One in place of the largest entry of each row; of each column where the columns sum to one."""
    axis = 0 if _sums_to_one(A, 0) and not _sums_to_one(A, 1) else 1
    return np.where(np.max(A, axis=axis, keepdims=True) == A, 1.0, 0.0)


def _sums_to_one(A: Array, axis: int) -> bool:
    return bool(np.allclose(np.sum(A, axis=axis), 1, rtol=1e-10))


def _dominated(A: Array) -> Array:
    """The diagonal outweighs the rest."""
    return A + 2 * np.linalg.norm(A, 2) * np.eye(len(A))


def _square(A: Array) -> bool:
    return A.ndim == 2 and A.shape[0] == A.shape[1]


FACTS: dict[str, Fact] = {
    "symmetric": Fact(lambda A, r: (A + A.T) / 2, lambda A: _close(A, A.T)),
    "antisymmetric": Fact(lambda A, r: (A - A.T) / 2, lambda A: _close(A, -A.T)),
    "diagonal": Fact(lambda A, r: A * np.eye(*A.shape), lambda A: _close(A, A * np.eye(*A.shape))),
    "lower_triangular": Fact(lambda A, r: np.tril(A), lambda A: _close(A, np.tril(A))),
    "upper_triangular": Fact(lambda A, r: np.triu(A), lambda A: _close(A, np.triu(A))),
    "triangular": Fact(
        lambda A, r: np.tril(A), lambda A: _close(A, np.tril(A)) or _close(A, np.triu(A))
    ),
    "positive_definite": Fact(
        lambda A, r: A @ A.T / len(A) + 0.5 * np.eye(len(A)),
        lambda A: _close(A, A.T) and np.all(np.linalg.eigvalsh(A) > 0),
        _nearest_definite,
    ),
    "positive_semidefinite": Fact(
        lambda A, r: A @ A.T / len(A),
        lambda A: _close(A, A.T) and np.all(np.linalg.eigvalsh(A) > -1e-12),
    ),
    "orthogonal": Fact(
        lambda A, r: _polar(A), lambda A: _square(A) and _close(A.T @ A, np.eye(len(A)))
    ),
    "idempotent": Fact(_projector, lambda A: _square(A) and _close(A @ A, A), _nearest_projector),
    "invertible": Fact(
        lambda A, r: A if np.linalg.cond(A) < 100 else _dominated(A),
        lambda A: _square(A) and np.linalg.cond(A) < 1e6,
    ),
    "square": Fact(lambda A, r: A, _square),
    "constant": Fact(lambda A, r: A, lambda A: True),  # says what is not differentiated
    "rows_sum_to_one": Fact(_one_hot_or_mixed, lambda A: _sums_to_one(A, 1), _summing_to_one),
    "cols_sum_to_one": Fact(
        lambda A, r: _one_hot_or_mixed(A.T, r).T,
        lambda A: _sums_to_one(A, 0),
        lambda A: _summing_to_one(A.T).T,
    ),
    "one_hot": Fact(_labels, lambda A: np.all((A == 0) | (A == 1))),
    "rows_sum_to_zero": Fact(
        lambda A, r: A - np.mean(A, axis=1, keepdims=True),
        lambda A: _close(np.sum(A, axis=1), np.zeros(len(A))),
    ),
    "cols_sum_to_zero": Fact(
        lambda A, r: A - np.mean(A, axis=0, keepdims=True),
        lambda A: _close(np.sum(A, axis=0), np.zeros(A.shape[1])),
    ),
    "positive": Fact(lambda A, r: abs(A) + 0.1, lambda A: np.all(A > 0)),
    "nonnegative": Fact(lambda A, r: abs(A), lambda A: np.all(A >= 0)),
    "negative": Fact(lambda A, r: -abs(A) - 0.1, lambda A: np.all(A < 0)),
    "zero_one": Fact(lambda A, r: mask(r, A.shape), lambda A: np.all((A == 0) | (A == 1))),
}


def with_facts(name: str, A: Array, facts: Iterable[str], rng: Rng) -> Array:
    """A value near ``A`` that has all the facts."""
    wanted = sorted(facts)
    if unknown := [fact for fact in wanted if fact not in FACTS]:
        raise DomainError(
            f"no way to draw {name} with the fact {unknown[0]}; known are {', '.join(FACTS)}"
        )
    if not wanted:
        return A
    orders = list(permutations(wanted))
    for turns in (0, TURNS) if len(wanted) > 1 else (0,):
        for order in orders[:MOST_ORDERS] if turns else orders:
            try:
                value = _brought_to([FACTS[fact] for fact in order], A, rng, turns)
            except (ValueError, np.linalg.LinAlgError):
                continue  # a fact of square matrices, asked of another shape
            if value is not None:
                return value if np.ndim(A) else value[0, 0]
    said = ", ".join(wanted)
    raise DomainError(f"found no value of shape {np.shape(A)} for {name} that is {said}")


def _brought_to(facts: Sequence[Fact], A: Array, rng: Rng, turns: int) -> Array | None:
    """A value near ``A`` that has all the facts, if it is found in so many turns."""
    value = np.atleast_2d(A)
    for fact in facts:
        value = fact.impose(value, rng)
    for _ in range(turns):
        if all(fact.holds(value) for fact in facts):
            break
        for fact in facts:
            if not fact.holds(value):
                value = fact.near(value) if fact.near else fact.impose(value, rng)
    return value if all(fact.holds(value) for fact in facts) else None
