"""A plan as the source of a module: imports, the helpers it uses, and its functions.

``Source`` writes NumPy that allocates as it goes; the other languages are subclasses that say what
differs. The text depends on the plan alone: the same plan, the same text.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Sequence

from matcalc import shapes
from matcalc.codegen.dimensions import known_from
from matcalc.codegen.numerics import remarks
from matcalc.codegen.plan import Argument, Plan, Statement, renamed
from matcalc.codegen.resolve import postorder
from matcalc.codegen.solving import of_determinants
from matcalc.codegen.terms import Term
from matcalc.codegen.words import Words

WIDTH = 100
VIEWS = frozenset({"T", "slice", "vec", "unvec", "diagonal", "pick", "in", "item"})
OVERFLOWS = frozenset({"sigmoid", "silu"})

CHECK = '''
def check(name, array, shape):
    """NumPy would broadcast in silence."""
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, but {shape} is wanted")
'''


class Source:
    """Writes one plan as a NumPy module."""

    imports: tuple[str, ...] = ("import numpy as np",)
    words_class: type[Words] = Words
    check = CHECK

    lets_go = True  # whether names are used again for what is not read any more

    def __init__(self, plan: Plan) -> None:
        plan = renamed(plan) if self.lets_go else plan
        self.plan = plan
        named = {s.term: s.name for s in _all(plan.statements)}
        self.w = self.words_class(named, plan.dims, {})
        self.w.signed = of_determinants(plan.terms())
        self.w.inputs = {a.name: a.word for a in (*plan.arguments, *plan.functions)}
        like = next((a.word for a in plan.arguments if a.shape), None)
        self.w.kind = f", dtype={like}.dtype" if like else ""

    # -- the module ----------------------------------------------------------------------------

    def text(self) -> str:
        """The whole module."""
        functions = self.functions()
        module = self.w.module
        used = [self.w.helpers[name].replace("{m}", module) for name in self.w.used]
        joined = "\n\n".join(functions)
        called = [h.strip("\n") for h in (self.check, *used) if _called(h, joined, used)]
        below = [h for h in called if not _only_imports(h)]
        everything = "\n".join([*below, joined])
        met = [i for i in self.imports if re.search(rf"\b{i.split()[-1]}\.", everything)]
        imports = ["import math\n"] if "math." in joined else []
        imports += [*met, *sorted(h for h in called if _only_imports(h))]
        top = [self.head(), "\n".join(imports) + "\n"] if imports else [self.head()]
        body = "\n\n".join(["\n".join(top), *(f"{h}\n" for h in below), *functions])
        return re.sub(r"\n{4,}", "\n\n\n", _spaced(body))

    def head(self) -> str:
        stable = remarks(self.plan)
        if not stable:
            return '"""Written by matcalc."""\n'
        lines = "".join(f"- {remark}\n" for remark in stable)
        return f'"""Written by matcalc.\n\nStable forms:\n\n{lines}"""\n'

    def functions(self) -> list[str]:
        if self.plan.upstream is not None:
            return self.pair()
        if self.plan.gradients:
            return [self.value_and_gradients()]
        return [self.compute()]

    # -- functions -----------------------------------------------------------------------------

    def value_and_gradients(self) -> str:
        body = self.statements(self.plan.statements)
        value, *gradients = self.results([self.plan.value[0], *self.plan.gradients])
        result = f"return {value}, {self.gradients_text(gradients)}"
        doc = "The value, and its gradients by name."
        return self.function("value_and_gradients", self.plan.arguments, body, [result], doc)

    def compute(self) -> str:
        body = self.statements(self.plan.statements)
        values = self.results(self.plan.value)
        single = self.plan.single
        inside = values[0] if single else f"({', '.join(values)}{',' if len(values) == 1 else ''})"
        doc = (
            "The value." if single else f"The values of {', '.join(n for n, _ in self.plan.value)}."
        )
        return self.function("compute", self.plan.arguments, body, wrapped(f"return {inside}"), doc)

    def pair(self) -> list[str]:
        """Forward with what backward needs of it, backward, and both together."""
        first = set(postorder([t for _, t in self.plan.value]))
        ahead = [s for s in self.plan.statements if s.term in first]
        after = [s for s in self.plan.statements if s.term not in first]
        *given, upstream = self.plan.arguments
        forward_body, backward_body = self.statements(ahead), self.statements(after)
        value, *gradients = self.results([self.plan.value[0], *self.plan.gradients])
        ending = [f"return {self.gradients_text(gradients)}"]
        inside = _code("\n".join([*backward_body, *ending, self._check(upstream)]))
        words = [a.word for a in (*given, *self.plan.functions)] + [s.name for s in ahead]
        words += list(self.plan.dims.values())
        cached = [w for w in dict.fromkeys(words) if re.search(rf"\b{re.escape(w)}\b", inside)]
        packed = f"({', '.join(cached)}{',' if len(cached) == 1 else ''})"
        forward = self.function(
            "forward",
            given,
            forward_body,
            [*wrapped(f"cache = {packed}"), f"return {value}, cache"],
            "The value, and what the backward pass needs of the way to it.",
            extra="\n".join([packed, value]),
        )
        listed = packed[1:-1]
        unpack = [f"{listed} = cache"] if len(listed) < 80 else wrapped(f"{packed} = cache")
        unpack = unpack if cached else []
        backward = [
            f"def backward({upstream.word}, cache):",
            '    """The gradients by name, from what arrives at the value."""',
            *indented([*unpack, self._check(upstream), *backward_body, *ending]),
        ]
        names = [a.word for a in given]
        optional = self._missing(given, inside)
        passed = ", ".join(
            f"{a}={a}" for a in [*names, *[f.word for f in self.plan.functions], *optional]
        )
        both = self.function(
            "value_and_gradients",
            self.plan.arguments,
            [f"{'value'}, cache = forward({passed})"],
            [f"return value, backward({upstream.word}, cache)"],
            "The value, and its gradients by name.",
            dims=False,
            extra_parameters=optional,
        )
        return [forward, "\n".join(backward) + "\n", both]

    def function(
        self,
        name: str,
        arguments: Sequence[Argument],
        body: Sequence[str],
        ending: Sequence[str],
        doc: str,
        *,
        dims: bool = True,
        extra: str = "",
        extra_parameters: Sequence[str] = (),
        plain: bool = False,
        checked: bool = True,
    ) -> str:
        wanted = self._demands() if dims and checked else []
        inside = _code("\n".join([*body, *ending, *wanted, extra]))
        lines, missing = self._dimension_lines(arguments, inside, checked) if dims else ([], [])
        checks = self._checks(arguments, lines) if dims and checked else []
        parameters = [a.word for a in (*arguments, *self.plan.functions)]
        parameters += [self.plan.dims[d] for d in missing] + list(extra_parameters)
        head = f"def {name}(*, {', '.join(parameters)}):" if parameters else f"def {name}():"
        return "\n".join(
            [
                *([] if plain else self.decorators()),
                *_wrapped_call(head),
                *indented([f'"""{doc}"""'] if plain else self.docstring(doc)),
                *indented([*lines, *checks, *wanted, *body, *ending]),
                "",
            ]
        )

    def _missing(self, arguments: Sequence[Argument], inside: str) -> list[str]:
        _, missing = self._dimension_lines(arguments, inside)
        return [self.plan.dims[d] for d in missing]

    def decorators(self) -> list[str]:
        if any(t.op in OVERFLOWS for t in self.plan.terms()):
            return ['@np.errstate(over="ignore")  # e^-z may become inf, and 1 / (1 + inf) is 0']
        return []

    def docstring(self, first: str) -> list[str]:
        if not self.plan.formulas:
            return [f'"""{first}"""']
        out = [f'"""{first}', ""]
        for formula, _ in self.plan.formulas:
            out += textwrap.wrap(
                f"    {formula}", WIDTH - 8, subsequent_indent="        ",
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
        return [*out, '"""']

    # -- dimensions and checks -----------------------------------------------------------------

    def _dimension_lines(
        self, arguments: Sequence[Argument], inside: str, checked: bool = True
    ) -> tuple[list[str], list[str]]:
        words = self.plan.dims
        used = [d for d, w in words.items() if re.search(rf"\b{re.escape(w)}\b", inside)]
        told = [d for a in arguments for d in _dims_of(a)] if checked else []
        return known_from(arguments, words, list(dict.fromkeys([*told, *used])))

    def _checks(self, arguments: Sequence[Argument], lines: Sequence[str]) -> list[str]:
        told = set(lines)
        out = []
        for a in arguments:
            if not a.shape:
                continue
            words = [self.w.integer(d) for d in a.shape]
            if f"{words[0]}, {words[1]} = {a.word}.shape" not in told:
                out.append(self._check(a))
        return out

    def _demands(self) -> list[str]:
        """Lines that refuse sizes at which a place would lie outside."""
        out = []
        for d in self.plan.demands:
            guards = "".join(f"{self.w.integer(g)} >= 0 and " for g in d.guards)
            out.append(f"if {guards}{self.w.integer(d.value)} < 0:")
            out.append(f"    raise ValueError({json.dumps(d.said, ensure_ascii=False)})")
        return out

    def _check(self, a: Argument) -> str:
        return f'check("{a.name}", {a.word}, {self.w.shape(a.shape)})' if a.shape else ""

    # -- statements ----------------------------------------------------------------------------

    def statements(self, statements: Iterable[Statement]) -> list[str]:
        out: list[str] = []
        section: bool | None = None
        both = len({s.backward for s in self.plan.statements}) == 2
        for s in statements:
            if both and s.backward is not section:
                section = s.backward
                out += ["", f"# {'Backward' if section else 'Forward'}"]
            out += self.statement(s)
        return out

    def statement(self, s: Statement) -> list[str]:
        if s.body:
            return self.loop(s)
        return self.assigned(s.name, self.w.definition(s.term), s.term)

    def assigned(self, name: str, text: str, term: Term) -> list[str]:
        shown = f"  # {shapes.show(term.shape)}" if term.shape and term.op != "factor" else ""
        line = f"{name} = {text}"
        if len(line) + len(shown) + 4 <= WIDTH:
            return [line + shown]
        return wrapped(line)

    def loop(self, s: Statement) -> list[str]:
        variable, low, high = s.term.params
        self.w.indices[variable.name] = s.index
        body = [line for inner in s.body for line in self.statement(inner)]
        term = s.term.args[0]
        start = self.zeros(s.term)
        first, last = self.w.integer(low), self.w.integer(high + 1)
        span = last if first == "0" else f"{first}, {last}"
        add = self.accumulate(s.name, self.w(term))
        return [
            f"{s.name} = {start}",
            f"for {s.index} in range({span}):",
            *indented([*body, add]),
        ]

    def zeros(self, t: Term) -> str:
        return f"{self.w.module}.zeros({self.w.shape(t.shape)}{self.w.kind})" if t.shape else "0.0"

    def accumulate(self, name: str, value: str) -> str:
        return f"{name} = {name} + {value}"

    # -- results -------------------------------------------------------------------------------

    def results(self, wanted: Iterable[tuple[str, Term]]) -> list[str]:
        """What is returned: never a view of an input, nor of another result."""
        returned: set[Term] = set()
        out = []
        for _, t in wanted:
            inner = t
            while inner.op in VIEWS and inner.args:
                inner = inner.args[0]
            text = self.w(t)
            if not t.shape:
                text = self.w.as_float(t) if t.op in ("number", "dim") else text
            elif inner in returned or (t.op in VIEWS and inner.op == "in"):
                text = self.copied(text)
            out.append(text)
            returned.add(inner)
        return out

    def result(self, t: Term) -> str:
        [text] = self.results([("", t)])
        return text

    def copied(self, text: str) -> str:
        return f"np.array({text})"

    def gradients_text(self, texts: Sequence[str]) -> str:
        named = zip(self.plan.gradients, texts, strict=True)
        pairs = [f'"{name}": {text}' for (name, _), text in named]
        short = f"{{{', '.join(pairs)}}}"
        if len(short) < 70:
            return short
        inside = ",\n".join(f"    {p}" for p in pairs)
        return f"{{\n{inside},\n}}"


def _all(statements: Iterable[Statement]) -> list[Statement]:
    return [x for s in statements for x in (s, *_all(s.body))]


def _code(text: str) -> str:
    """A text without its strings and comments."""
    return re.sub(r'"[^"]*"|  #.*', "", text)


def _dims_of(a: Argument) -> list[str]:
    return [s.name for d in a.shape for s in sorted(d.free_symbols, key=str)]


def indented(lines: Iterable[str]) -> list[str]:
    return [
        f"    {part}" if part else ""
        for line in lines
        if line is not None
        for part in line.split("\n")
    ]


def wrapped(line: str) -> list[str]:
    """A line that fits, or the same in brackets over several lines."""
    if len(line) + 4 <= WIDTH:
        return [line] if line else []
    left, sep, right = line.partition(" = ")
    if not sep:
        left, right = "return", line.removeprefix("return ")
    if left.startswith("("):
        left, right, sep = "", line, ""
        inside = textwrap.wrap(
            line.rsplit(" = ", 1)[0][1:-1],
            WIDTH - 12,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return ["(", *(f"    {p}" for p in inside), f") = {line.rsplit(' = ', 1)[1]}"]
    parts = textwrap.wrap(right, WIDTH - 12, break_long_words=False, break_on_hyphens=False)
    return [f"{left}{' =' if sep else ''} (", *(f"    {p}" for p in parts), ")"]


def _wrapped_call(head: str) -> list[str]:
    if len(head) <= WIDTH:
        return [head]
    name, _, rest = head.partition("(")
    parts = textwrap.wrap(rest.removesuffix("):"), WIDTH - 8, break_long_words=False)
    return [f"{name}(", *(f"    {p}" for p in parts), "):"]


def _called(helper: str, body: str, others: Sequence[str]) -> bool:
    words = re.findall(r"(?:def|as|import) (\w+)", helper)
    everything = body + "".join(o for o in others if o is not helper)
    return any(re.search(rf"\b{w}\b", everything) for w in words)


def _only_imports(helper: str) -> bool:
    return all(line.startswith(("from ", "import ")) for line in helper.split("\n"))


def _spaced(text: str) -> str:
    """Two empty lines before what stands at the margin, as ruff wants it."""
    lines = text.split("\n")
    out: list[str] = []
    for line in lines:
        starts = re.match(r"(def |@|class |try:)", line)
        if starts and out and not out[-1].startswith("@"):
            while out and not out[-1]:
                out.pop()
            out += ["", ""]
        out.append(line)
    while out and not out[-1]:
        out.pop()
    return "\n".join(out) + "\n"
