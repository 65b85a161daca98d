"""The server: a page, its files, and one door per task. It speaks to this machine only.

A page of somebody else's must not be able to ask anything: the name in Host must be ours (which
also stops a foreign name that resolves to 127.0.0.1), Origin must be ours where it is sent, and
requests are JSON.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from matcalc import gallery
from matcalc.notation import PRESETS
from matcalc.render import katex
from matcalc.web.limits import LIMITS
from matcalc.web.workers import Busy, Workers

OUR_NAMES = {"127.0.0.1", "localhost", "[::1]", "::1"}
TASKS = ("derive", "graph", "check", "code", "export", "verify")
KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "woff2": "font/woff2",
    "svg": "image/svg+xml",
}
SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "font-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATIC = ("index.html", "style.css", "app.js", "formulas.js", "editor.js", "icon.svg")


def application(workers: Workers) -> Starlette:
    """The page, answered by these workers."""

    async def ask(request: Request) -> Response:
        task = request.path_params["task"]
        if task not in TASKS:
            return refused(404, "there is no such task")
        given = await body_of(request)
        if isinstance(given, Response):
            return given
        try:
            return as_json(await run_in_threadpool(workers.ask, task, given))
        except Busy:
            return refused(503, "too many requests are waiting; try again in a moment")

    async def menu(request: Request) -> Response:
        shown = [
            {"name": n, "title": gallery.title_of(n), "text": gallery.text_of(n)}
            for n in gallery.names()
        ]
        return as_json(
            {"gallery": shown, "notations": list(PRESETS), "backends": ["numpy", "jax", "torch"]}
        )

    async def page(request: Request) -> Response:
        return static("index.html")

    async def file(request: Request) -> Response:
        return static(request.path_params["name"])

    async def katex_file(request: Request) -> Response:
        return katex_asset(request.path_params["name"])

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        workers.stop()

    routes = [
        Route("/", page),
        Route("/api/menu", menu),
        Route("/api/{task}", ask, methods=["POST"]),
        Route("/static/{name}", file),
        Route("/katex/{name:path}", katex_file),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.add_middleware(Guard)
    return app


class Guard:
    """Refuses strangers, and puts the safe headers on every answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sender = _with_headers(send)
        request = Request(scope)
        if reason := stranger(request):
            await PlainTextResponse(reason, 403)(scope, receive, sender)
            return
        await self.app(scope, receive, sender)


def _with_headers(send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    async def sender(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message["headers"],
                *((k.lower().encode(), v.encode()) for k, v in SAFE.items()),
            ]
        await send(message)

    return sender


def stranger(request: Request) -> str:
    """Why a request does not come from our own page; nothing if it does."""
    host = request.headers.get("host", "")
    if _name(host) not in OUR_NAMES:
        return "this server answers to 127.0.0.1 and localhost only"
    origin = request.headers.get("origin")
    if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        return "this server answers its own page only"
    if (
        request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
        and request.method != "GET"
    ):
        return "this server answers its own page only"
    return ""


def _name(host: str) -> str:
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and ":" in host else host


async def body_of(request: Request) -> dict[str, Any] | Response:
    """The request as a JSON object, read no further than it may be long."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return refused(415, "requests are JSON")
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > LIMITS.body:
            return refused(413, f"this is more than {LIMITS.body // 1000} kB: too much for a page")
    try:
        found = json.loads(read.decode("utf-8"))
    except (ValueError, RecursionError):
        return refused(400, "this is not JSON")
    if not isinstance(found, dict):
        return refused(400, "a request is a JSON object")
    return found


def refused(code: int, said: str) -> Response:
    return as_json({"error": {"message": said}}, code)


def as_json(data: Any, code: int = 200) -> Response:
    """In ASCII: half a surrogate pair, sent back to its sender, must not end the answer."""
    return Response(json.dumps(data, ensure_ascii=True), code, media_type="application/json")


def static(name: str) -> Response:
    """One of our own files, by its name in the list and nothing else."""
    if name not in STATIC:
        return PlainTextResponse("not here", 404)
    content = files("matcalc.web").joinpath("static", name).read_bytes()
    return Response(content, media_type=KINDS[name.rpartition(".")[2]])


def katex_asset(name: str) -> Response:
    """A file of KaTeX."""
    plain = name in ("katex.min.js", "katex.min.css") or (
        name.startswith("fonts/KaTeX_")
        and name.endswith(".woff2")
        and name.count("/") == 1
        and ".." not in name
    )
    try:
        content = katex.asset(name) if plain else None
    except FileNotFoundError:
        content = None
    if content is None:
        return PlainTextResponse("not here", 404)
    return Response(content, media_type=KINDS[name.rpartition(".")[2]])
