"""Lecture notes put together: prose, derivations in any view, numbers, graphs, checks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from matcalc.api.derivation import Derivation
from matcalc.api.recurrent import FamilyDerivation
from matcalc.notation import Notation
from matcalc.render import numbers
from matcalc.render.algorithm import algorithm, box_lines
from matcalc.render.blocks import (
    Algorithm,
    Block,
    Code,
    Formula,
    Heading,
    Page,
    Picture,
    Prose,
    Row,
    Side,
    Table,
)
from matcalc.render.chains import vec_says
from matcalc.render.dress import Dress, Style
from matcalc.render.html import to_html
from matcalc.render.latex import LatexWriter
from matcalc.render.lines import LINE, Setting
from matcalc.render.markdown import to_markdown
from matcalc.render.notebook import to_notebook
from matcalc.render.phrases import fact_in_words, known
from matcalc.render.sums import indices_say
from matcalc.render.terminal import to_terminal
from matcalc.render.tex import to_tex
from matcalc.render.views import facts_said


class Notes:
    """A page of notes, written from top to bottom.

    >>> import matcalc as mc
    >>> x = mc.vector("x", "n")
    >>> notes = Notes("A norm").say("The gradient of $x^T x$:")
    >>> notes = notes.derivation(mc.derive(x.T * x, x), detail="brief")
    >>> "2 x" in notes.to_text()
    True
    """

    def __init__(self, title: str, notation: Notation | str | None = None) -> None:
        self.title = title
        self.notation = known(Notation.of(notation))
        self.blocks: list[Block] = []
        self._lefts: dict[str, str] = {}
        self._marks: dict[int, str] = {}  # of each record: what its line names end in

    def _say(self, phrase: str, **parts: object) -> str:
        return self.notation.say(phrase, **parts)

    def _add(self, *blocks: Block) -> Notes:
        self.blocks += blocks
        return self

    def heading(self, text: str, level: int = 2) -> Notes:
        """A heading."""
        return self._add(Heading(text, level))

    def say(self, text: str) -> Notes:
        """A paragraph; formulas stand between dollar signs."""
        return self._add(Prose(" ".join(text.split())))

    def formula(self, left: str, *sides: str) -> Notes:
        """A displayed chain of equal things, in LaTeX."""
        return self._add(Formula((Row(left, tuple(Side(s) for s in sides)),)))

    def code(self, text: str, language: str = "python") -> Notes:
        """A program."""
        return self._add(Code(text, language))

    def table(self, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Notes:
        """A table; formulas in its cells stand between dollar signs."""
        return self._add(Table(head, tuple(rows)))

    def derivation(
        self, D: Derivation, view: str = "backprop", *, opening: bool = True, **options: Any
    ) -> Notes:
        """A derivation in one of its views; options as for ``D.page``."""
        page = D.page(
            view,
            notation=options.pop("notation", self.notation),
            numbered="none",
            opening=opening,
            **options,
        )
        mark = self._marks.setdefault(
            id(_derived(D)), f"_{len(self._marks) + 1}" if self._marks else ""
        )
        self._lefts |= {name + mark: left for name, left in page.lefts.items()}
        # Said once on a page, however often a view would say it.
        once: tuple[str, ...] = ()
        if not isinstance(D, FamilyDerivation):
            dress = Dress(D.record, Style(page.notation, D.layout))
            once = (indices_say(dress), vec_says(dress))
        said = {b.text for b in self.blocks if isinstance(b, Prose) and b.text in once}
        blocks = tuple(
            self._own(block, mark)
            for block in page.blocks
            if not (isinstance(block, Prose) and block.text in said)
        )
        return self._add(*blocks)

    def _own(self, block: Block, mark: str) -> Block:
        """A block with names of lines that are this page's own, and headings one level down."""
        if isinstance(block, Heading):
            below = any(isinstance(b, Heading) for b in self.blocks)
            return Heading(block.text, block.level + 1 if below else block.level)
        if isinstance(block, Prose):
            return Prose(_marked(block.text, mark))
        if not isinstance(block, Formula):
            return block
        taken = {row.name for b in self.blocks if isinstance(b, Formula) for row in b.rows}
        rows = (
            replace(
                row,
                name="" if row.name + mark in taken else row.name + mark,
                note=_marked(row.note, mark),
            )
            for row in block.rows
        )
        return Formula(tuple(rows))

    def dress(self, D: Derivation) -> Dress:
        """A derivation in the notation of the notes."""
        return Dress(D.record, Style(self.notation, D.layout))

    def line(
        self, D: Derivation, *names: str, detail: str = "brief", view: str = "backprop"
    ) -> Notes:
        """Some lines of a derivation."""
        return self.derivation(
            D, view, opening=False, lines=names, detail=detail, fold=False
        )._without_headings()

    def _without_headings(self) -> Notes:
        """Drop the heading that a view put above lines chosen one by one."""
        last = len(self.blocks) - 1
        while last >= 0 and isinstance(self.blocks[last], Formula):
            last -= 1
        above = self.blocks[last] if last >= 0 else None
        if isinstance(above, Heading) and above.text in map(self._say, ("Forward", "Backward")):
            del self.blocks[last]
        return self

    def numbers(self, D: Derivation, values: Mapping[Any, Any], **options: Any) -> Notes:
        """A table of worked numbers; ``digits``, ``rounded``, ``partial``, ``lines``, ``dims``."""
        return self._add(*numbers.table(self.dress(D), values, **options))

    def gradient_step(
        self, D: Derivation, values: Mapping[Any, Any], rate: float, **options: Any
    ) -> Notes:
        """One step of gradient descent in numbers, and the loss before and after."""
        return self._add(*numbers.gradient_step(self.dress(D), values, rate, **options))

    def update_rule(self, D: Derivation, rate: str = r"\eta") -> Notes:
        """One step of gradient descent in symbols."""
        return self._add(*numbers.update_rule(self.dress(D), rate))

    def counts(self, D: Derivation) -> Notes:
        """How many numbers there are to learn, and what a backward pass costs."""
        return self._add(*numbers.counts(self.dress(D)))

    def graph(self, D: Derivation, grain: str = "steps", deltas: bool = True) -> Notes:
        """The computation graph."""
        return self._add(D.graph(grain, deltas, notation=self.notation).picture())

    def algorithm(
        self, program: Any, names: Mapping[str, str] | None = None, **options: Any
    ) -> Notes:
        """A Python function, or its source, as an algorithm box."""
        said = algorithm(program, names, notation=self.notation, **options)
        return self._add(Algorithm(tuple(box_lines(said, self.notation))))

    def check(self, D: Derivation, seed: int = 0, trials: int = 3) -> Notes:
        """The report of the numeric check of every gradient, at so many random points."""
        report = D.check(seed=seed, trials=trials)
        check = self._say("Check")
        if not any(isinstance(b, Heading) and b.text == check for b in self.blocks):
            self.heading(check)
        # To a power of ten, so that the page is the same on every machine.
        bound = next((b for b in (1e-12, 1e-9, 1e-6) if report.error < b), None)
        below = f"${in_power(bound)}$" if bound else ""
        error = self._say("relative error below {bound}", bound=below) if bound else str(report)
        sizes = "; ".join(
            ", ".join(f"${k} = {v}$" for k, v in s.items()) for s in report.sizes if s
        )
        said = (
            "The gradients of {f} against differences of the forward pass: the check "
            f"{'holds' if report else 'fails'}, {{error}}, by {{method}}"
            f"{', at {sizes}' if sizes else ''}."
        )
        f = f"${self._output(D)}$"
        method = ", ".join(map(self._say, report.method.split(", ")))
        text = self._say(said, f=f, error=error, method=method, sizes=sizes)
        if facts := self._facts(D):
            text += " " + self._say("For the points drawn: {facts}.", facts=facts)
        return self._add(Prose(text))

    def _facts(self, D: Derivation) -> str:
        """What is assumed, in words."""
        if not isinstance(D, FamilyDerivation):
            return facts_said(self.dress(D))
        said = (fact_in_words(fact, self.notation, str) for fact in D.derived.facts)
        return "; ".join(said)

    def _output(self, D: Derivation) -> str:
        if isinstance(D, FamilyDerivation):
            return LatexWriter(self.notation)(D.derived.output)
        return self.dress(D)(D.record.problem.output)

    # -- pages
    # --------------------------------------------------------------------------------------

    def page(self, numbered: str = "all") -> Page:
        """The notes as a page."""
        return Page(self.title, tuple(self.blocks), self._lefts, self.notation).numbered(numbered)

    def to_text(self) -> str:
        """The notes in Unicode, for a terminal."""
        return f"{self.title}\n\n{to_terminal(self.page())}"

    def to_markdown(self) -> str:
        """The notes as Markdown."""
        return to_markdown(self.page())

    def to_html(self) -> str:
        """The notes as one HTML file."""
        return to_html(self.page())

    def to_latex(
        self,
        document: bool = False,
        *,
        label: str = "bp:",
        env: str = "align",
        width: float = LINE,
        tikz: bool | None = None,
    ) -> str:
        """The notes as LaTeX; drawings are TikZ in a document, and in a fragment on request."""
        return to_tex(self.page(), Setting(label, env, width, document, tikz=tikz))

    def to_notebook(self) -> str:
        """The notes as a Jupyter notebook."""
        return to_notebook(self.page())

    def write(self, script: str | Path) -> None:
        """Write the Markdown, and the drawings as SVG, next to the script that made them."""
        path = Path(script).with_suffix(".md")
        for name, text in self.files(path.stem).items():
            (path.parent / name).write_text(text, encoding="utf-8", newline="\n")

    def files(self, stem: str) -> dict[str, str]:
        """The Markdown page and the drawings it shows, by file name."""
        found: dict[str, str] = {}
        blocks: list[Block] = []
        for block in self.blocks:
            if isinstance(block, Picture):
                name = f"{stem}_{sum(n.endswith('.svg') for n in found) + 1}.svg"
                found[name] = block.svg
                alt = " ".join(block.text.split())
                blocks.append(Prose(f"![{alt}]({name})"))
            else:
                blocks.append(block)
        found[f"{stem}.md"] = to_markdown(replace(self.page(), blocks=tuple(blocks)).numbered())
        return found


def _marked(text: str, mark: str) -> str:
    return re.sub(r"\{line:(\w+)\}", rf"{{line:\1{mark}}}", text)


def in_power(x: float) -> str:
    """A power of ten in LaTeX."""
    return f"10^{{{round(math.log10(x))}}}"


def _derived(D: Derivation) -> object:
    """The data of a derivation, by which two of them are told apart."""
    return D.derived if isinstance(D, FamilyDerivation) else D.record
