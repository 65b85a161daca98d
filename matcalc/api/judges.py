"""Judging what people wrote: one claim, a document, a forward pass in LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matcalc.api.parsing import parse
from matcalc.errors import wants
from matcalc.judging.forward_pass import network_from_latex
from matcalc.judging.instances import verify_instances
from matcalc.judging.lone_claims import verify_claim
from matcalc.judging.loop_pages import verify_loop_page
from matcalc.judging.majority import verify_page
from matcalc.judging.networks import environment_of_network
from matcalc.judging.report import Report
from matcalc.judging.verdict import Verdict
from matcalc.network import Network


def verify(
    claim: str,
    *,
    given: str | Sequence[str] = (),
    shapes: Mapping[str, Any] | None = None,
    layout: str | None = None,
    index_base: int | None = None,
    network: Network | str | None = None,
    macros: Any = None,
) -> Verdict:
    r"""Judge a hand-written claim: an equation, a chain or an aligned block in LaTeX.

    ``given`` are the definitions the claim relies on, as they stand in notes; ``network`` is a
    network, or the text of one, whose names the claim uses.

    >>> import matcalc as mc
    >>> mc.verify(r"\frac{\partial L}{\partial x} = x", given=[
    ...     r"x \in \mathbb{R}^n", r"L = x^T x"]).status
    'fails'
    """
    wants(str, claim, "verify takes a claim as LaTeX text")
    wants((str, Sequence), given, "given takes LaTeX definitions")
    options: Any = {"layout": layout, "index_base": index_base, "macros": macros}
    if network is None:
        return verify_claim(claim, given=given, shapes=shapes, **options)
    lines = [given] if isinstance(given, str) else list(given)

    judged = _judge(shapes, options)
    about = _network(network)
    if about.families:
        return verify_instances(claim, about, judged, lines)
    return judged(claim, about, lines)


def _judge(
    shapes: Mapping[str, Any] | None, options: Mapping[str, Any]
) -> Callable[[str, Network, list[str]], Verdict]:
    """Judges one claim in the names of a plain network, with definitions of the page."""

    def judged(said: str, about: Network, lines: list[str]) -> Verdict:
        page = "\n".join([said, *lines])
        env = environment_of_network(about, page, given=lines, shapes=shapes, **options)
        return verify_claim(said, env=env, macros=options["macros"])

    return judged


def verify_document(
    text: str,
    *,
    network: Network | str | None = None,
    shapes: Mapping[str, Any] | None = None,
    layout: str | None = None,
    index_base: int | None = None,
    macros: Any = None,
) -> Report:
    r"""Judge every equation of a .tex, .md or .ipynb document, in its place.

    ``network`` (a network or the text of one) defines names that the page only uses.

    >>> import matcalc as mc
    >>> page = r"Let $x \in \mathbb{R}^n$ and $L = x^T x$. Then $$\frac{\partial L}{\partial x} = x$$"
    >>> mc.verify_document(page).headline
    '3 equations: 1 wrong, 1 definitions, 1 assumptions'
    """
    wants(str, text, "verify_document takes the text of a document")
    options: Any = {"layout": layout, "index_base": index_base, "macros": macros}
    env = None
    if network is not None:
        about = _network(network)
        if about.families:
            return verify_loop_page(text, about, _judge(shapes, options), macros)
        env = environment_of_network(about, text, shapes=shapes, **options)
    return verify_page(text, env=env, shapes=shapes, **options)


def read_latex(
    text: str, *, shapes: Mapping[str, Any] | None = None, macros: Any = None
) -> Network:
    r"""A forward pass as it stands in notes, as a network.

    >>> import matcalc as mc
    >>> net = mc.read_latex(
    ...     r"X \in \mathbb{R}^{n \times d}, w \in \mathbb{R}^{d}, y \in \mathbb{R}^{n}" "\n"
    ...     r"r = X w - y" "\n"
    ...     r"L = \frac{1}{2n} \|r\|^2")
    >>> mc.derive(net).gradient("w")
    X'*dr
    """
    wants(str, text, "read_latex takes LaTeX text")
    return network_from_latex(text, shapes=shapes, macros=macros)


def _network(network: Network | str) -> Network:
    """A network, or the text of one."""
    wants((str, Network), network, "network is a Network or the text of one")
    return parse(network) if isinstance(network, str) else network
