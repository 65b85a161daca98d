"""The page in a real browser: typing, tabs, copying, judging, a link, attempts to break in."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.web.driver import Browser, missing

pytest.importorskip("starlette", reason="needs starlette, of the extra [web]")
uvicorn = pytest.importorskip("uvicorn", reason="needs uvicorn, of the extra [web]")
pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def address(workers) -> Iterator[str]:
    from matcalc.web.application import application

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(workers), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join(5)


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def page(window, address) -> Iterator[Browser]:
    """The page, freshly opened; the browser must have had nothing to complain about."""
    window.open("about:blank")
    window.open(address)
    window.until("return document.querySelectorAll('#sheet .formula').length > 5")
    yield window
    assert window.complaints() == []


def allow_copying(page: Browser) -> None:
    wanted = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    page.tools("Browser.grantPermissions", permissions=wanted)


def test_the_answer_appears_while_typing(page):
    """No button to press, and formulas that are set."""
    page.type("#network", "sum((X*w - y).^2)/2")

    page.until_text("#assumed", "X : m x n")
    page.until("return document.querySelectorAll('#sheet .katex').length > 3")
    assert page.run("return document.querySelector('#problem').hidden")


def test_the_page_says_how_long_an_answer_took(page):
    """Measured by the page itself for every answer; a test prints it and does not judge it."""
    taken = []
    for k in range(5):
        page.type("#network", f"sum((X*w - {k + 2}*y).^2)")
        page.until_text("#sheet", f"{k + 2}")
        page.until("return /^\\d+ ms$/.test(document.querySelector('#state').textContent)")
        time.sleep(0.2)
        taken.append(int(page.text("#state").split()[0]))
    print(f"answers while typing: {sorted(taken)} ms")
    assert len(taken) == 5


def test_a_shape_error_is_underlined(page):
    """Under the characters it is about, and in words."""
    page.type("#network", "X : n x d\ny : n\nZ = X*y")

    page.until_text("#problem", "Line 3, column 6: cannot multiply X (n x d) by y (n x 1)")
    assert page.run("return document.querySelector('#marks mark').textContent") == "*"


def test_layouts_and_views_are_a_click_away(page):
    """The same derivation on its side, and as a chain; arrow keys walk through the tabs."""
    page.choose("#layout", "numerator")
    page.until_text("#sheet", "Numerator layout")
    page.click("#tab-chain")
    page.until_text("#sheet", "The chain from")
    page.run(
        "const key = new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true});"
        "document.querySelector('#tab-chain').dispatchEvent(key)"
    )
    page.until(
        "const tab = document.querySelector('#tab-differential');"
        "return tab.getAttribute('aria-selected') === 'true'"
    )
    assert page.run("return document.activeElement.id") == "tab-differential"


def test_the_graph_and_the_check(page):
    """A picture with words for those who cannot see it, and a verdict."""
    page.click("#tab-graph")
    page.until(
        "const i = document.querySelector('#sheet img');"
        "return i && i.complete && i.naturalWidth > 100"
    )
    page.click("#tab-check")
    page.until_text("#sheet", "✓ The gradients hold")


def test_formulas_can_be_copied(page):
    """The LaTeX of a formula lands on the clipboard."""
    page.tools(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    page.click('[data-line="dW2"] button.copy')
    page.until_text('[data-line="dW2"] button.copy', "copied")
    copied = page.run("return navigator.clipboard.readText()")
    assert r"\frac{\partial L}{\partial W_{2}}" in copied


def test_the_gallery_opens_with_one_click(page):
    """A worked network replaces the text."""
    which = page.run(
        "const all = [...document.querySelectorAll('#gallery option')];"
        "return all.find(o => o.textContent.startsWith('Attention')).value"
    )
    page.choose("#gallery", which)
    page.until_text("#sheet", "Through")
    assert "softmax" in page.run("return document.querySelector('#network').value")


def test_a_wrong_line_is_marked_in_words(page):
    """With its correction, and not by colour alone."""
    page.click("#page-verify")
    page.until_text("#summary", "2 of 3 lines hold")
    assert "✗" in page.text("#verdicts li:nth-child(2)")
    assert "Line 2: does not hold (lost 1/n)" in page.text("#verdicts li:nth-child(2)")
    assert "dW2 = A1'*(P - Y)/n" in page.text("#verdicts li:nth-child(2)")


def test_pasted_latex_is_judged(page):
    """Formulas are set, and the wrong one is struck and corrected."""
    page.click("#page-verify")
    page.type("#network", " ")
    notes = (
        "Let $X \\in \\mathbb{R}^{n\\times d}$, $w \\in \\mathbb{R}^d$, $L = \\frac12\\|Xw\\|^2$."
        "$$\\frac{\\partial L}{\\partial w} = X X w$$"
    )
    page.run(
        "const e = document.querySelector('#notes'); e.value = arguments[0];"
        "e.dispatchEvent(new Event('input', {bubbles: true}))",
        notes,
    )
    page.until("return document.querySelector('#verdicts li.fails .katex')")
    assert "It should be" in page.text("#verdicts li.fails")


def test_code_can_be_copied(page):
    """The whole program, with one button."""
    allow_copying(page)
    page.click("#tab-code")
    page.until("return document.querySelector('#sheet .block pre')")
    page.click("#sheet .block button.copy")
    page.until_text("#sheet .block button.copy", "copied")
    assert "import numpy" in page.run("return navigator.clipboard.readText()")


def test_a_link_restores_everything(page, address):
    """Text, tab, layout and page."""
    page.type("#network", "sum(X.^3)")
    page.choose("#layout", "mixed")
    page.click("#tab-differential")
    page.until_text("#sheet", "differential")
    page.until("return location.hash.length > 10")
    link = page.run("return location.href")

    page.open("about:blank")
    page.open(link)

    page.until("return document.querySelector('#network').value === 'sum(X.^3)'")
    assert page.run("return document.querySelector('#layout').value") == "mixed"
    assert (
        page.run("return document.querySelector('[aria-selected=true]').id") == "tab-differential"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=window.broken=1>",
        "X : n x d as \\href{javascript:window.broken=1}{X}; sum(X.^2)",
        "X : n x d as </span><img src=x onerror=window.broken=1>; sum(X.^2)",
        "X : n x d as \\htmlStyle{background:url(//example.org)}{X}; sum(X.^2)",
    ],
)
def test_nothing_that_is_typed_becomes_markup(page, text):
    """No element, no link, no script out of a text."""
    page.type("#network", text)
    time.sleep(0.6)
    page.click("#tab-graph")
    time.sleep(0.6)
    page.click("#page-verify")
    time.sleep(0.4)

    assert page.run("return window.broken") is None
    assert (
        page.run(
            "return document.querySelectorAll('#sheet a, #verdicts img, #sheet script').length"
        )
        == 0
    )


def test_a_link_cannot_bring_anything_in(page, address):
    """What stands behind the # is data of known names, or nothing."""
    for link in [
        "#%%%",
        "#bm9uc2Vuc2U",
        "#eyJwYWdlIjoiPGltZyBzcmM9eCBvbmVycm9yPWFsZXJ0KDEpPiJ9",
        "#eyJfX3Byb3RvX18iOnsieCI6MX19",
    ]:
        page.open("about:blank")
        page.open(address + link)
        page.until("return document.querySelectorAll('#sheet .formula').length > 5")


def test_it_fits_a_phone_and_the_dark(page):
    """No sideways scrolling at 360 pixels; dark follows the system."""
    with contextlib.ExitStack() as after:
        page.tools(
            "Emulation.setDeviceMetricsOverride",
            width=360,
            height=740,
            deviceScaleFactor=1,
            mobile=True,
        )
        after.callback(page.tools, "Emulation.clearDeviceMetricsOverride")
        page.tools(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark"}],
        )
        after.callback(page.tools, "Emulation.setEmulatedMedia", features=[])
        assert page.run("return document.documentElement.scrollWidth") <= 360
        assert (
            page.run("return getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"
        )


def test_every_control_has_a_name(page):
    """For those who cannot see it, and the keyboard reaches all of them."""
    unnamed = page.run(
        "const all = [...document.querySelectorAll('button, select, input, textarea')];"
        "const said = e => e.getAttribute('aria-label') || e.textContent.trim();"
        "const name = e => said(e) || e.labels?.length;"
        "return all.filter(e => e.offsetParent && !name(e)).map(e => e.outerHTML)"
    )
    assert unnamed == []
