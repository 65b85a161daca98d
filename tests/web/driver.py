"""A browser for the tests: headless Chromium over WebDriver, nothing to install in Python."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing() -> str:
    """What has to be installed for a browser test; nothing if all is there."""
    found = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    return "" if found and shutil.which("chromedriver") else "needs chromium and chromedriver"


class Browser:
    """One window."""

    def __init__(self, width: int = 1400, height: int = 1000) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder = tempfile.mkdtemp()
        self.driver = subprocess.Popen(
            [str(shutil.which("chromedriver")), f"--port={port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.base = f"http://127.0.0.1:{port}"
        self._started()
        flags = [*FLAGS, f"--user-data-dir={self.folder}", f"--window-size={width},{height}"]
        wanted = {
            "goog:chromeOptions": {"args": flags},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{made['sessionId']}"

    def _started(self) -> None:
        for _ in range(100):
            try:
                self.call("GET", "/status")
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("chromedriver did not start")

    def call(self, method: str, path: str, given: Any = None) -> Any:
        data = json.dumps(given if given is not None else {}).encode() if method == "POST" else None
        asked = urllib.request.Request(
            self.base + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(asked, timeout=60) as reply:
            return json.load(reply)["value"]

    def open(self, address: str) -> None:
        self.call("POST", f"{self.session}/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a script's ``return``."""
        return self.call(
            "POST", f"{self.session}/execute/sync", {"script": script, "args": list(arguments)}
        )

    def tools(self, command: str, **params: Any) -> Any:
        """A command of Chromium's own tools."""
        return self.call(
            "POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": params}
        )

    def find(self, selector: str) -> str:
        return self.call(
            "POST", f"{self.session}/element", {"using": "css selector", "value": selector}
        )[ELEMENT]

    def click(self, selector: str) -> None:
        self.call("POST", f"{self.session}/element/{self.find(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        """Replace what a field holds by typing."""
        self.run("const e = document.querySelector(arguments[0]); e.focus(); e.select();", selector)
        self.call("POST", f"{self.session}/element/{self.find(selector)}/value", {"text": text})

    def choose(self, selector: str, value: str) -> None:
        self.run(
            "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('change', {bubbles: true}));",
            selector,
            value,
        )

    def text(self, selector: str) -> str:
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def until(self, script: str, *arguments: Any, seconds: float = 15) -> Any:
        """Wait until a script returns something true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.run(script, *arguments):
                return found
            time.sleep(0.05)
        raise AssertionError(
            f"never true: {script} {arguments}; the page says: {self.text('body')[:800]}"
        )

    def until_text(self, selector: str, wanted: str, seconds: float = 15) -> None:
        self.until(
            "const e = document.querySelector(arguments[0]);"
            "return (e?.textContent ?? '').includes(arguments[1])",
            selector,
            wanted,
            seconds=seconds,
        )

    def complaints(self) -> list[str]:
        """What the browser's console holds against the page."""
        found = self.call("POST", f"{self.session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in found if entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, path: Path) -> None:
        shown = self.call("GET", f"{self.session}/screenshot")
        path.write_bytes(base64.b64decode(shown))

    def close(self) -> None:
        try:
            self.call("DELETE", self.session)
        except OSError:
            pass
        finally:
            self.driver.terminate()
            self.driver.wait(10)
            shutil.rmtree(self.folder, ignore_errors=True)
