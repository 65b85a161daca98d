r"""Which step an error symbol belongs to, and which name is the loss.

``\delta^{(l)}`` belongs to the pre-activation with the mark ``l``: the step that an activation is
applied to. ``\bar Z`` belongs to ``Z``. The loss is the number that nothing else is computed from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.elementary import known
from matcalc.judging.environment import Environment
from matcalc.judging.scope import Place, Scope
from matcalc.judging.values import Misfit, OutOfRange, Unread
from matcalc.judging.worlds import World
from matcalc.reading import tree as t

LOSS_NAMES = (
    "L", "J", "E", "C", "ell", "L_cal", "J_cal", "E_cal", "C_cal", "l", "loss", "cost", "NLL",
    "MSE", "error", "R", "Loss", "F",
)  # fmt: skip


def used_names(env: Environment) -> set[str]:
    """Every name that stands in the body of a definition, with and without what is below it."""
    used: set[str] = set()
    for definition in env.definitions.values():
        if speaks_of_slopes(definition.body):
            continue
        for symbol, full, stem in _spelled(definition.body):
            keys = {full, env.nicknames.get(stem, "")}
            member = all(isinstance(x, (t.Number, t.Word)) for x in symbol.subscripts)
            own = bool(symbol.subscripts) and env.has(full)
            if not own and (not (member and symbol.subscripts) or env.has(stem)):
                keys.add(stem)
            known = env.has(full) or env.has(stem)
            if len(symbol.name) == 1 and symbol.subscripts and not known:
                keys.add(s.stem(replace(symbol, name=symbol.name.upper())))
            used |= keys - {s.full(definition.left)}
    return used


_SPELLED: dict[int, tuple[t.Node, list[tuple[t.Symbol, str, str]]]] = {}
MOST_SPELLED = 4096


def _spelled(body: t.Node) -> list[tuple[t.Symbol, str, str]]:
    """The symbols of a body with their spellings; a body is asked at every line of its page."""
    found = _SPELLED.get(id(body))
    if found is None:
        if len(_SPELLED) >= MOST_SPELLED:
            _SPELLED.clear()
        said = [(symbol, s.full(symbol), s.stem(symbol)) for symbol in s.symbols(body)]
        found = _SPELLED[id(body)] = (body, said)  # kept, so that its number stays its own
    return found[1]


def names_a_slope(body: t.Node) -> bool:
    """Whether a definition only names a derivative: ``G`` for what arrives from above."""
    inner = s.peeled(body)
    if isinstance(inner, t.Symbol):
        return inner.name in ("delta", "Delta") or inner.name.endswith("_bar")
    return isinstance(inner, (t.Derivative, t.Nabla, t.Differential))


def speaks_of_slopes(body: t.Node) -> bool:
    """Whether a definition is about the way back: ``D = rowsum(dO \\circ O)`` leads to no loss."""
    slopes = (t.Derivative, t.Nabla, t.Differential)
    return names_a_slope(body) or any(isinstance(p, slopes) for p in t.walk(body))


def loss_symbol(env: Environment) -> t.Symbol | None:
    """The loss of the page."""
    if env.loss:
        definition = env.definitions.get(env.loss)
        return definition.left if definition is not None else t.Symbol(env.loss, env.loss)
    used = used_names(env)
    best: tuple[int, t.Symbol] | None = None
    for key in env.order:
        definition = env.definitions[key]
        name = definition.left.name
        if name not in LOSS_NAMES or key in used or definition.left.primes:
            continue
        rank = LOSS_NAMES.index(name)
        if best is None or rank <= best[0]:
            best = (rank, definition.left)
    return best[1] if best is not None else None


def undefined_loss(env: Environment) -> t.Symbol | None:
    """The letter whose derivatives a page takes without ever defining it."""
    for relation in env.page:
        for node in t.walk(relation):
            of = node.of if isinstance(node, t.Derivative) else None
            if isinstance(of, t.Symbol) and of.name in LOSS_NAMES and not of.subscripts:
                if not env.has(s.full(of)):
                    return of
    return None


def sinks(env: Environment) -> list[t.Symbol]:
    """The steps that nothing is computed from."""
    used = used_names(env)
    found = []
    for key in env.order:
        definition = env.definitions[key]
        left = definition.left
        if key in used or s.stem(left) in used or left.primes or speaks_of_slopes(definition.body):
            continue
        if left.name in env.squares and not left.marks:
            continue  # the root of what the page defines as a square
        if left.name in ("delta", "eta", "alpha") or (left.subscripts and definition.letters):
            continue
        if not any(isinstance(p, t.Symbol) for p in t.walk(definition.body)):
            continue
        found.append(left)
    return found


def last_families(env: Environment) -> list[t.Symbol]:
    """The letters of steps with an index, ``y`` of ``y_i``, that nothing is computed from."""
    used = used_names(env)
    found = []
    for definition in env.patterns:
        left = definition.left
        alone = 0 < len(left.subscripts) == len(definition.letters) and not left.marks
        if alone and not {s.full(left), s.stem(left)} & used and not left.primes:
            if left.name not in ("delta", "Delta") and not names_a_slope(definition.body):
                found.append(replace(left, subscripts=()))
    return found


def preactivations(env: Environment) -> list[t.Symbol]:
    """The steps that an activation is applied to, in order; then other affine steps."""
    applied: list[t.Symbol] = []
    for definition in env.definitions.values():
        for key, argument in _applications(definition.body):
            if (not key or env.is_function(key)) and argument not in applied:
                applied.append(argument)
    return applied


_APPLIED: dict[int, tuple[t.Node, list[tuple[str, t.Symbol]]]] = {}


def _applications(body: t.Node) -> list[tuple[str, t.Symbol]]:
    """What functions are applied to in a body; the key of a name that may be no function."""
    found = _APPLIED.get(id(body))
    if found is None:
        if len(_APPLIED) >= MOST_SPELLED:
            _APPLIED.clear()
        listed = list(_applied_in(body))
        found = _APPLIED[id(body)] = (body, listed)  # kept, so that its number stays its own
    return found[1]


def _applied_in(body: t.Node) -> Iterator[tuple[str, t.Symbol]]:
    for node in t.walk(body):
        key, argument = "", None
        if isinstance(node, t.HeadBracket) and isinstance(node.head, t.Symbol):
            if node.head.name not in ("sigma", "g", "phi", "f", "h"):
                key = s.full(node.head)
            argument = node.bracket.items[0] if len(node.bracket.items) == 1 else None
        elif (
            isinstance(node, t.Call)
            and (known(node.head.name) or node.head.name.lower() in ("softmax", "relu"))
            and node.head.name not in ("log", "exp", "ln", "sqrt")
        ):
            argument = s.flattened(node.argument)
        if isinstance(argument, t.Symbol):
            yield key, argument


def _named_below(scope: Scope, symbol: t.Symbol) -> t.Symbol | None:
    r"""``\delta_Z``, ``\delta_{Z_2}``, ``\delta_o``: the step is named below."""
    below = symbol.subscripts[0]
    if isinstance(below, t.Word) and below.plain:
        below = t.Symbol(below.text, below.text)
    if not isinstance(below, t.Symbol) or symbol.marks:
        return None
    counts = s.bare(below) and (below.name in scope.indices or below.name in scope.env.dims)
    if counts or s.full(below) not in scope.env.definitions:
        return None
    return below


def _below_loss(env: Environment) -> t.Symbol | None:
    """The last array that the loss is computed from: where a page has one error without a mark."""
    loss = loss_symbol(env)
    definition = env.definitions.get(s.full(loss)) if loss is not None else None
    if definition is None:
        return None
    inside = {s.full(p) for p in s.symbols(definition.body)} | {
        s.stem(p) for p in s.symbols(definition.body)
    }
    steps = [key for key in env.order if key in inside and key != s.full(definition.left)]
    return env.definitions[steps[-1]].left if steps else None


def _of_its_letter(env: Environment, symbol: t.Symbol, found: list[t.Symbol]) -> t.Symbol | None:
    r"""``\delta_k`` beside ``y_k`` and ``\delta_j`` beside ``a_j``, on a page where letters are layers."""
    if symbol.marks or len(symbol.subscripts) != 1 or not s.bare(symbol.subscripts[0]):
        return None
    steps: dict[str, list[t.Symbol]] = {}
    for definition in env.patterns:
        left = definition.left
        alone = len(left.subscripts) == 1 and len(definition.letters) == 1 and not left.marks
        if alone and left.name not in ("delta", "Delta"):
            steps.setdefault(definition.letters[0], []).append(left)
    letter = s.full(symbol.subscripts[0])  # type: ignore[arg-type]
    if len(steps) < 2 or letter not in steps:
        return None
    applied = [x for x in steps[letter] if any(x.name == p.name for p in found)]
    return (applied or steps[letter])[-1]


def tied_step(scope: Scope, symbol: t.Symbol) -> t.Symbol | None:
    """The step whose adjoint a symbol is; None if it is no adjoint."""
    env = scope.env
    if symbol.name.endswith("_bar"):
        step = replace(symbol, name=symbol.name[:-4], latex=symbol.name[:-4])
        return step if scope.place(step) is not None and loss_symbol(env) is not None else None
    if symbol.name not in ("delta", "Delta", "varepsilon", "epsilon") or symbol.primes:
        return None
    if symbol.name in ("varepsilon", "epsilon") and _stands_in_a_step(env, symbol):
        return None
    if len(symbol.subscripts) == 1 and (named := _named_below(scope, symbol)) is not None:
        return named
    found = preactivations(env)
    if (lettered := _of_its_letter(env, symbol, found)) is not None:
        return lettered
    names: list[str] = []
    for step in found:
        if step.name not in names:
            names.append(step.name)
    names += [n for n in ("Z", "z", "s", "S", "a", "u", "net", "h") if n not in names]
    if not symbol.marks and not symbol.subscripts:
        known_steps = [p for p in found if scope.place(p) is not None]
        if known_steps:
            return known_steps[-1]
        # An epsilon without an activation in sight is the small number of a square root.
        return _below_loss(env) if symbol.name in ("delta", "Delta") else None
    for name in names:
        step = replace(symbol, name=name, latex=name)
        for candidate in (step, replace(step, name=name.upper(), latex=name.upper())):
            place = scope.place(candidate)
            if place is not None and candidate.name not in env.sizes:
                return None if _only_an_entry(candidate, place) else candidate
    return None


def _stands_in_a_step(env: Environment, symbol: t.Symbol) -> bool:
    r"""The epsilon of ``\sqrt{\sigma^2 + \epsilon}``: what a step is computed from is no error."""
    return any(
        part == symbol
        for definition in env.definitions.values()
        if not speaks_of_slopes(definition.body)
        for part in s.symbols(definition.body)
    )


def kronecker_pair(scope: Scope, symbol: t.Symbol) -> tuple[t.Node, t.Node] | None:
    r"""The indices of a Kronecker delta; ``\delta_{12}`` has two where no step has the number 12."""
    if symbol.name != "delta" or symbol.marks or symbol.primes or not symbol.subscripts:
        return None
    if len(symbol.subscripts) == 2:
        return symbol.subscripts
    pair = symbol.indices(2)
    if pair is None:
        return None
    try:
        step = tied_step(scope, symbol)
    except (Misfit, OutOfRange, Unread):
        step = None  # the step has no entry of that number
    return (pair[0], pair[1]) if step is None else None


def _only_an_entry(symbol: t.Symbol, place: Place) -> bool:
    """``z_1`` of a whole ``z``: ``\\delta_1`` beside it is the first error, not its first entry."""
    numbered = bool(symbol.subscripts) and all(isinstance(x, t.Number) for x in symbol.subscripts)
    return numbered and not symbol.marks and not place.whole and not place.grid


def naming(env: Environment, relation: t.Relation) -> t.Relation | None:
    """``dL/dY = G`` with a G that nothing else says anything of: a name for what arrives there."""
    if relation.signs != ("=",):
        return None
    left, right = s.peeled(relation.sides[0]), s.peeled(relation.sides[1])
    if _is_error(left) and _is_error_of(env, left, right):
        return relation
    if not names_a_slope(left) or not isinstance(right, t.Symbol):
        return None
    key = s.full(right)
    loss = left.of if isinstance(left, (t.Derivative, t.Nabla)) else loss_symbol(env)
    known_loss = isinstance(loss, t.Symbol) and s.full(loss) in env.definitions
    taken = key in env.definitions or key in env.views or key in env.dims or right.subscripts
    tied = right.primes or right.name in ("delta", "Delta", "e") or right.name.endswith("_bar")
    if taken or tied or key in used_names(env) or (known_loss and key in env.shapes):
        return None
    if any(right == p for p in t.walk(left)) or not right.name[:1].isupper():
        return None
    return replace(relation, sides=(right, left))


def _is_error(node: t.Node) -> bool:
    """``\\delta``, ``\\delta_1``: no layer above, no letter below that ties it to a step."""
    return (
        isinstance(node, t.Symbol)
        and node.name in ("delta", "Delta")
        and not node.marks
        and not node.primes
        and all(isinstance(x, t.Number) for x in node.subscripts)
    )


def _is_error_of(env: Environment, left: t.Node, right: t.Node) -> bool:
    """``\\delta_1 = \\partial C / \\partial \\theta`` says which error that is, where nothing ties it."""
    if not isinstance(left, t.Symbol) or s.full(left) in env.definitions:
        return False
    if not isinstance(right, t.Derivative) or len(right.by) != 1 or right.order != "1":
        return False
    scope = Scope(World(env.copy(), {}))
    try:
        return tied_step(scope, left) != right.by[0]
    except (Misfit, OutOfRange, Unread):
        return True
