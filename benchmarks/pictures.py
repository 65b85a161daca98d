"""The pictures of the README, taken from the page itself: a struck line, and the page.

    python benchmarks/pictures.py

Needs the extra [web], chromium and chromedriver.
"""

from __future__ import annotations

import base64
import sys
import time
from pathlib import Path

import uvicorn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from matcalc.web.application import application
from matcalc.web.workers import Workers
from tests.web.driver import Browser

FOLDER = ROOT / "docs" / "pictures"
PORT = 8643
NOTES = r"""
Let $X \in \mathbb{R}^{n\times d}$, $w \in \mathbb{R}^d$, $y \in \mathbb{R}^n$,
$$ L = \frac1{2n} \|Xw - y\|^2 $$
Then
$$ \frac{\partial L}{\partial w} = X^\top (Xw - y) $$
and
$$ \frac{\partial L}{\partial y} = \frac1n (y - Xw) $$
"""


def taken(browser: Browser, path: Path, selector: str | None = None) -> None:
    """A picture of the window, or of what a selector finds, from its first to its last."""
    time.sleep(0.4)
    options = {}
    if selector:
        box = browser.run(
            "const found = [...document.querySelectorAll(arguments[0])];"
            "const all = found.map(e => e.getBoundingClientRect());"
            "const x = all[0].x, y = all[0].y, last = all.at(-1);"
            "return {x: x - 8, y: y - 8, width: last.right - x + 16, height: last.bottom - y + 16}",
            selector,
        )
        options["clip"] = {**box, "scale": 1}
    shown = browser.tools("Page.captureScreenshot", **options)
    path.write_bytes(base64.b64decode(shown["data"]))


def main() -> None:
    import threading

    workers = Workers()
    server = uvicorn.Server(uvicorn.Config(application(workers), port=PORT, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    browser = Browser()
    try:
        size = {"height": 860, "deviceScaleFactor": 1, "mobile": False}
        browser.tools("Emulation.setDeviceMetricsOverride", width=1280, **size)
        browser.open(f"http://127.0.0.1:{PORT}/")
        browser.until("return document.querySelectorAll('#sheet .formula').length > 5")
        taken(browser, FOLDER / "page.png")
        browser.click("#page-verify")
        browser.type("#network", " ")
        browser.run(
            "const e = document.querySelector('#notes'); e.value = arguments[0];"
            "e.dispatchEvent(new Event('input', {bubbles: true}))",
            NOTES,
        )
        browser.until("return document.querySelector('#verdicts li.fails .katex')")
        taken(browser, FOLDER / "verify.png", "#verdicts li.fails, #verdicts li.good")
    finally:
        browser.close()
        server.should_exit = True
        workers.stop()


if __name__ == "__main__":
    main()
