"""``matcalc serve``: the server's life, from the port to Ctrl-C."""

from __future__ import annotations

import socket
import threading
import webbrowser

import uvicorn

from matcalc.errors import MatcalcError
from matcalc.web.application import application
from matcalc.web.workers import Workers

HOST = "127.0.0.1"  # this machine only; there is no option to change it


def run(port: int = 8642, seconds: float = 10, browser: bool = True) -> None:
    """Serve until Ctrl-C."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()  # whoever comes before all is ready waits
    except OSError as error:
        listening.close()
        raise MatcalcError(
            f"port {port} is taken ({error.strerror}); choose another with --port, or 0 for any"
        ) from None
    address = f"http://{HOST}:{listening.getsockname()[1]}/"
    print(f"matcalc: {address} (Ctrl-C stops it)", flush=True)
    workers = Workers(seconds=seconds)
    config = uvicorn.Config(
        application(workers), log_level="warning", limit_concurrency=64, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    if browser:
        threading.Timer(0.8, webbrowser.open, (address,)).start()
    try:
        server.run(sockets=[listening])
    finally:
        workers.stop()
        listening.close()
