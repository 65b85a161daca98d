"""A network as a notebook shows it: what is given, and the forward pass, without any derivative."""

from __future__ import annotations

from typing import Any

from matcalc.errors import MatcalcError
from matcalc.expr import BUILD
from matcalc.layout import Layout
from matcalc.network import Network
from matcalc.notation import Notation
from matcalc.problem import named, problem_of
from matcalc.record import forward_record
from matcalc.render.blocks import Page
from matcalc.render.dress import Dress, Style
from matcalc.render.lines import Setting
from matcalc.render.markdown import to_markdown
from matcalc.render.tex import to_tex
from matcalc.render.views import backprop, given_blocks


def network_page(net: Network, notation: Any = None) -> Page:
    """The forward pass as a page, in the notation in which the network was written."""
    chosen = Notation.of(notation or getattr(net, "notation", None))
    record = forward_record(named(problem_of(net)))
    dress = Dress(record, Style(chosen, Layout.DENOMINATOR, detail="brief"))
    return Page(net.name, (*given_blocks(dress), *backprop(dress)), notation=chosen)


def network_bundle(net: Network) -> dict[str, str]:
    """Text, Markdown and LaTeX; a network that cannot be written as a page is its text."""
    said = {"text/plain": repr(net)}
    try:
        page = network_page(net).numbered("none")
    except MatcalcError:
        return said
    said["text/markdown"] = to_markdown(page)
    said["text/latex"] = to_tex(page, Setting(env="aligned"))
    return said


BUILD["network_bundle"] = network_bundle
