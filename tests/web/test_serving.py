"""`matcalc serve` as a process: it answers on the loopback address, and Ctrl-C ends all of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs starlette, of the extra [web]")
pytest.importorskip("uvicorn", reason="needs uvicorn, of the extra [web]")

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another signal there")
def test_it_serves_and_stops_cleanly():
    """An address is printed, the page is there, and after Ctrl-C there is one word."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "matcalc", "serve", "--no-browser", "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A test run in the background may have been told to ignore Ctrl-C, and would hand that on.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen(command, env=env, **pipes, **heard) as server:
        assert server.stdout
        address = re.search(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())
        assert address
        with urllib.request.urlopen(address[0], timeout=60) as reply:
            assert b"matcalc" in reply.read()
        server.send_signal(signal.SIGINT)
        _, said = server.communicate(timeout=30)

    assert server.returncode == 130
    assert said == "matcalc: stopped\n"


def test_a_port_that_is_taken_is_said(capsys):
    """With what to do about it."""
    from matcalc.cli import main

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--no-browser", "--port", str(port)]) == 2

    assert f"port {port} is taken" in capsys.readouterr().err
