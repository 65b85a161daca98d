"""The oracle: a closed form against differences of the forward expression, at random points.

The reference never sees the closed form. What may differ follows from an error model: the
estimated error of the differences and the rounding of the numbers met on the way. A point that
cannot decide is replaced; a nan, an infinity, or no decision at all is a failure, never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from matcalc import shapes
from matcalc.errors import DomainError, MatcalcError, ShapeError
from matcalc.expr import Node, brief, is_symbol, postorder, read
from matcalc.numeric import differences
from matcalc.numeric.evaluate import Program
from matcalc.numeric.sampling import Facts, Point, Sampler, fitting_sizes
from matcalc.numeric.sizes import sizes_of
from matcalc.numeric.smooth import stand_ins

Array = Any
Steps = Mapping[Node, Node]
Kind = Literal["gradient", "jacobian", "hessian"]

RELATIVE = 1e-7  # of an entry; a slip is larger, rounding is smaller
ROUNDING = 1e-12  # of the largest number met on the way
DECISIVE = 1e-4  # a reference less sure than this, in its own size, decides nothing
POINTS = 8  # tried for one trial before giving up
SIZES = 16  # other sizes tried where none of the points lies in the domain
COSTLY = 50_000  # operations times variables: beyond, a few random directions must do
VANISHING = 1e-12  # of the largest number met on the way: such a value has cancelled
LARGEST = 2 * 10**7  # entries of a matrix that a check may make


@dataclass(frozen=True)
class CheckReport:
    """What a check found; true if the closed form holds."""

    ok: bool
    error: float  # the largest relative error
    where: tuple[str, tuple[int, int] | None] | None  # symbol and entry, counted from 0
    method: str
    trials: int
    sizes: tuple[Mapping[str, int], ...]
    remarks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        said = "holds" if self.ok else "fails"
        if self.where is not None:
            name, entry = self.where
            at = "" if entry is None else f", entry ({entry[0]}, {entry[1]}) counted from 0"
            said += f" at {name}{at}" if not self.ok else ""
        trials = f"{self.trials} trial{'s' * (self.trials != 1)}"
        said += f": largest relative error {self.error:.1e}"
        said += f" by {self.method or 'no method'}, {trials}"
        shown = ["; ".join(f"{k} = {v}" for k, v in s.items()) for s in self.sizes if s]
        if shown:
            said += f" ({' | '.join(shown)})"
        return "\n".join([said, *(f"  {remark}" for remark in self.remarks)])


@dataclass(frozen=True)
class Claim:
    """A closed form for a derivative of ``f``.

    A gradient has the shape of ``wrt``; a Jacobian is d vec(f) / d vec(wrt)', a Hessian
    d^2 f / d vec(wrt) d vec(wrt2)'.
    """

    kind: Kind
    f: Node
    wrt: Node
    value: Node
    wrt2: Node | None = None

    def __post_init__(self) -> None:
        for node in self.moving:
            if not is_symbol(node):
                raise ShapeError(f"a derivative is taken by a symbol, not by {brief(node)}")
        if self.kind != "jacobian" and not shapes.same_shape(_two(self.f.shape), _two(())):
            raise ShapeError(
                f"a {self.kind} belongs to a scalar, but {brief(self.f)} is "
                f"{shapes.show(self.f.shape)}; check its Jacobian"
            )

    @property
    def moving(self) -> list[Node]:
        """The symbols that are moved, each once."""
        return list(dict.fromkeys(v for v in (self.wrt, self.wrt2) if v is not None))

    @property
    def misfit(self) -> str:
        """Why the closed form cannot be right whatever its entries, or nothing."""
        wanted = _two(self.wrt.shape)
        if self.kind != "gradient":
            above = self.f if self.kind == "jacobian" else self.wrt
            below = self.wrt2 or self.wrt
            wanted = shapes.times(*_two(above.shape)), shapes.times(*_two(below.shape))
        if shapes.same_shape(_two(self.value.shape), wanted):
            return ""
        return (
            f"the {self.kind} by {self.wrt.params[0]} is {shapes.show(wanted)}, "
            f"but the closed form is {shapes.show(_two(self.value.shape))}"
        )


def _two(shape: shapes.Shape) -> tuple[Any, Any]:
    return shape if shape else (shapes.ONE, shapes.ONE)


def check_gradient(
    f: Any,
    wrt: Any,
    gradient: Any,
    *,
    seed: int = 0,
    trials: int = 3,
    facts: Facts | None = None,
    steps: Steps | None = None,
) -> CheckReport:
    """The gradient of a scalar, in the shape of ``wrt``."""
    claim = Claim("gradient", read(f), read(wrt), read(gradient))
    return check_claims([claim], seed=seed, trials=trials, facts=facts, steps=steps)


def check_jacobian(
    F: Any,
    wrt: Any,
    jacobian: Any,
    *,
    seed: int = 0,
    trials: int = 3,
    facts: Facts | None = None,
    steps: Steps | None = None,
) -> CheckReport:
    """The Jacobian in numerator layout: entry (i, j) is d vec(F)_i / d vec(wrt)_j."""
    claim = Claim("jacobian", read(F), read(wrt), read(jacobian))
    return check_claims([claim], seed=seed, trials=trials, facts=facts, steps=steps)


def check_hessian(
    f: Any,
    wrt: Any,
    wrt2: Any,
    hessian: Any,
    *,
    seed: int = 0,
    trials: int = 3,
    facts: Facts | None = None,
    steps: Steps | None = None,
) -> CheckReport:
    """The second derivatives of a scalar, d^2 f / d vec(wrt) d vec(wrt2)'."""
    claim = Claim("hessian", read(f), read(wrt), read(hessian), read(wrt2))
    return check_claims([claim], seed=seed, trials=trials, facts=facts, steps=steps)


def check_claims(
    claims: Sequence[Claim],
    *,
    seed: int = 0,
    trials: int = 3,
    facts: Facts | None = None,
    steps: Steps | None = None,
) -> CheckReport:
    """All claims at common points; the report is that of the worst.

    ``steps`` maps symbols of named steps (adjoints too) to their definitions, in any order.
    """
    if not claims or trials < 1:
        raise DomainError("a check needs a claim and at least one trial")
    report = CheckReport(True, 0.0, None, "", 0, ())
    for claim in claims:
        if misfit := claim.misfit:
            where = (claim.wrt.params[0], None)
            return replace(report, ok=False, error=float("inf"), where=where, remarks=(misfit,))
    for trial in range(trials):
        rng = np.random.default_rng([seed, trial])
        report = _Trial(claims, rng, facts, steps or {}, trial).run(report)
        if not report.ok:
            break
    return report


# -- one trial ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Verdict:
    status: Literal["holds", "fails", "undecided", "vacuous"]  # vacuous: zero equals zero
    error: float
    entry: tuple[int, int] | None
    method: str
    remark: str = ""


class _Trial:
    """All claims at one choice of sizes, at as many points as it takes to decide each."""

    def __init__(
        self,
        claims: Sequence[Claim],
        rng: np.random.Generator,
        facts: Facts | None,
        steps: Steps,
        number: int,
    ) -> None:
        self.claims, self.rng, self.steps, self.number = claims, rng, steps, number
        self.varied = list(dict.fromkeys(v for c in claims for v in c.moving))
        self.forward = Program([*(c.f for c in claims), *self.varied], steps=steps)
        self.closed = Program([c.value for c in claims], steps=steps)
        self.sampler = Sampler(self.forward, self.varied, rng, facts, self.closed.inputs())

    def run(self, report: CheckReport, ones: bool | None = None, again: int = SIZES) -> CheckReport:
        if ones is None:
            # Some trials with a dimension of 1: every third, and not the first.
            ones = self.number % 3 == 1
        before = report
        programs = [self.forward, self.closed]
        report = replace(report, trials=report.trials + 1)
        try:
            dims = fitting_sizes(programs, self.rng, ones=ones)
            self._refuse_giants(programs, dims)
        except MatcalcError as error:
            return _failed(report, str(error))
        report = replace(report, sizes=(*report.sizes, dims))
        pending = list(self.claims)
        remark = ""
        for attempt in range(POINTS):
            functions = stand_ins([n for p in programs for n in p.order], self.rng)
            try:
                point = self.sampler.point(dims, functions, attempt)
                closed = self._closed_values(point)
            except MatcalcError as error:
                # Other sizes may do: one row has no variance, and X'X has an inverse if X is tall.
                if again:
                    return self.run(before, ones=False, again=again - 1)
                return _failed(report, str(error))
            base = self.forward.run(point.values, dims, functions)
            undecided = []
            for claim in pending:
                verdict = self.judge(claim, point, base, closed)
                # Zero everywhere may be the truth, or a saturated point: look elsewhere first.
                if verdict.status == "undecided" or (
                    verdict.status == "vacuous" and attempt < POINTS // 2
                ):
                    undecided.append(claim)
                    remark = verdict.remark
                    continue
                report = _merged(report, claim, verdict)
                if not report.ok:
                    return report
            pending = undecided
            if not pending:
                return report
        names = shapes.listed([c.wrt.params[0] for c in pending])
        return _failed(report, f"could not be decided for {names} at {POINTS} points: {remark}")

    def _refuse_giants(self, programs: Iterable[Program], dims: Mapping[str, int]) -> None:
        for program in programs:
            for node in program.order:
                if node.shape and not node.indices:
                    rows, cols = sizes_of(node.shape, dims)
                    if rows * cols > LARGEST:
                        raise DomainError(
                            f"{brief(node)} is {rows} x {cols}, too large to check; "
                            "declare it with symbols for dimensions"
                        )

    def _closed_values(self, point: Point) -> Mapping[Node, Array]:
        """All numbers on the way to the closed forms; nan where an operation has no value."""
        given = {n: point.values[n] for n in self.closed.inputs() if n in point.values}
        try:
            return self.closed.run(given, point.dims, point.functions, watch=_lenient)
        except (ValueError, IndexError) as error:
            raise DomainError(f"the closed form cannot be computed: {error}") from error

    def judge(
        self, claim: Claim, point: Point, base: Mapping[Node, Array], closed: Mapping[Node, Array]
    ) -> _Verdict:
        """One claim at one point."""
        claimed = np.atleast_2d(closed[claim.value])
        if not np.all(np.isfinite(claimed)):
            said = "the closed form is not finite"
            return _Verdict(
                "fails", float("nan"), _first(~np.isfinite(claimed)), "evaluation", said
            )
        moved = _Moved(self, claim, point, base)
        met = (closed[n] for n in postorder(claim.value) if n in closed)
        magnitude = _largest((*met, base[claim.f]))
        whole = _largest(base[n] for n in moved.program.order if n in base)
        if _largest([base[claim.f]]) < VANISHING * whole:
            magnitude = max(magnitude, whole)  # what is left of f is rounding, and so is its slope
        slopes, along = moved.slopes(moved.step)
        verdict = _compared(claim, claimed, slopes, along, magnitude)
        if verdict.status == "fails" and not moved.analytic:
            # Differences that crossed a kink look like a slip: other steps would not agree.
            again, _ = moved.slopes(moved.step / 7, along)
            apart = abs(again.values - slopes.values)
            if not np.all(apart <= 10 * (again.errors + slopes.errors) + ROUNDING * magnitude):
                return replace(verdict, status="undecided", remark="differences do not settle")
        if verdict.status == "fails" and verdict.entry is None:
            return replace(verdict, entry=moved.located(claimed))
        return verdict


def _largest(values: Iterable[Array]) -> float:
    sizes = (float(np.max(np.abs(value))) for value in values)
    return max((size for size in sizes if np.isfinite(size)), default=0.0)


def _lenient(node: Node, operands: Sequence[Any], value: Any) -> None:
    """A watcher that lets everything pass: what has no value becomes nan."""


class _Moved:
    """The forward expression of one claim as a function of what is moved."""

    def __init__(
        self, trial: _Trial, claim: Claim, point: Point, base: Mapping[Node, Array]
    ) -> None:
        self.claim, self.point, self.rng = claim, point, trial.rng
        self.moving = claim.moving
        whole = trial.forward
        changing: set[Node] = set().union(*(whole.depending_on(v) for v in self.moving))
        fixed = (n for n in base if n not in changing)
        self.program = Program([claim.f], (*fixed, *self.moving), trial.steps)
        self.known = {n: base[n] for n in self.program.order if n in base and n not in changing}
        self.base = {v: base[v] for v in self.moving}
        self.step = min(1e-2, point.margin)
        self.analytic = all(
            n.op.analytic for n in self.program.order if n in changing and n not in self.moving
        )

    def at(self, moved: Mapping[Node, Array]) -> Array:
        """vec(f) with the moving symbols at the columns given."""
        values = dict(self.known)
        for node, column in moved.items():
            shape = np.shape(self.base[node])
            values[node] = np.reshape(column, shape, order="F")
        value = self.program.run(values, self.point.dims, self.point.functions)[self.claim.f]
        return np.reshape(value, -1, order="F")

    def slopes(
        self, step: float, along: tuple[Array, Array] | None = None
    ) -> tuple[differences.Slopes, tuple[Array, Array]]:
        """Reference derivatives, and the directions they were taken along (left, right)."""
        claim, wrt = self.claim, self.claim.wrt
        x = np.reshape(self.base[wrt], -1, order="F")
        if claim.kind != "hessian":
            full = differences.FULL if len(x) * len(self.program.order) < COSTLY else 1
            right = along[1] if along else differences.directions(len(x), self.rng, full)
            method = differences.complex_step if self.analytic else differences.richardson
            more = () if self.analytic else (step,)
            return method(lambda z: self.at({wrt: z}), x, right, *more), (np.eye(1), right)
        wrt2 = claim.wrt2 or wrt
        y = np.reshape(self.base[wrt2], -1, order="F")
        if along is None:
            full = 16
            along = (
                differences.directions(len(x), self.rng, full, 4),
                differences.directions(len(y), self.rng, full, 4),
            )

        def f(u: Array, v: Array) -> Array:
            if wrt is wrt2:  # one variable, moved in two directions
                return self.at({wrt: u + (v - y)})
            return self.at({wrt: u, wrt2: v})

        if self.analytic:
            return differences.second_by_complex_step(f, x, y, *along, step), along
        return differences.second_by_differences(f, x, y, *along, step), along

    def located(self, claimed: Array) -> tuple[int, int] | None:
        """The worst entry, found by halving, where only random directions were compared."""
        if self.claim.kind == "hessian":
            return None
        columns = _as_jacobian(self.claim, claimed)
        block = np.arange(columns.shape[1])
        while True:
            halves = np.array_split(block, 2) if len(block) > 1 else [block]
            along = np.zeros((columns.shape[1], len(halves)))
            for k, half in enumerate(halves):
                along[half, k] = self.rng.normal(size=len(half)) if len(block) > 1 else 1.0
            found, _ = self.slopes(self.step, (np.eye(1), along))
            apart = abs(columns @ along - found.values)
            if len(block) == 1:
                return _entry(self.claim, int(np.argmax(apart[:, 0])), int(block[0]), claimed)
            block = halves[int(np.argmax(np.max(apart, axis=0)))]


def _compared(
    claim: Claim,
    claimed: Array,
    slopes: differences.Slopes,
    along: tuple[Array, Array],
    magnitude: float,
) -> _Verdict:
    left, right = along
    said = _as_jacobian(claim, claimed) @ right
    if claim.kind == "hessian":
        said = left.T @ said
    true, unsure = slopes.values, 10 * slopes.errors
    if not (np.all(np.isfinite(true)) and np.all(np.isfinite(unsure))):
        return _Verdict("undecided", 0.0, None, slopes.method, "the differences are not finite")
    scale = float(np.max(abs(true)))
    least = (1e-4 if claim.kind == "hessian" else 1e-6) * magnitude  # below, a result counts as 0
    noise = unsure + ROUNDING * magnitude
    if np.max(unsure) > DECISIVE * max(scale, least):
        return _Verdict("undecided", 0.0, None, slopes.method, "the differences are too uncertain")
    apart = abs(said - true)
    error = float(np.max(apart)) / (max(scale, float(np.max(abs(said))), least) or 1.0)
    excess = apart - RELATIVE * np.maximum(abs(true), abs(said)) - noise
    if np.all(excess <= 0):
        size = max(scale, float(np.max(abs(said))))
        status: Any = "holds" if size > 10 * float(np.max(noise)) else "vacuous"
        return _Verdict(status, error, None, slopes.method)
    row, column = np.unravel_index(int(np.argmax(excess)), excess.shape)
    by_axes = right.shape[0] == right.shape[1] and left.shape[0] == left.shape[1]
    entry = _entry(claim, int(row), int(column), claimed) if by_axes else None
    return _Verdict("fails", error, entry, slopes.method)


def _as_jacobian(claim: Claim, claimed: Array) -> Array:
    """A gradient as the one row of a Jacobian; other forms stay."""
    return np.reshape(claimed, (1, -1), order="F") if claim.kind == "gradient" else claimed


def _entry(claim: Claim, row: int, column: int, claimed: Array) -> tuple[int, int]:
    if claim.kind != "gradient":
        return row, column
    rows = claimed.shape[0]
    return column % rows, column // rows


def _first(wrong: Array) -> tuple[int, int]:
    row, column = np.argwhere(wrong)[0]
    return int(row), int(column)


def _merged(report: CheckReport, claim: Claim, verdict: _Verdict) -> CheckReport:
    """The report with one more verdict: the worst error and where it was."""
    methods = [m for m in report.method.split(", ") if m]
    if verdict.method not in methods:
        methods.append(verdict.method)
    where = ", ".join(v.params[0] for v in claim.moving)
    failed = verdict.status == "fails"
    worse = failed or report.where is None or verdict.error > report.error
    return replace(
        report,
        ok=not failed,
        error=verdict.error if worse else report.error,
        where=(where, verdict.entry) if worse else report.where,
        method=", ".join(methods),
        remarks=(*report.remarks, verdict.remark) if verdict.remark else report.remarks,
    )


def _failed(report: CheckReport, remark: str) -> CheckReport:
    return replace(report, ok=False, error=float("nan"), remarks=(*report.remarks, remark))
