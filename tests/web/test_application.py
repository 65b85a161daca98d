"""The server of the page: its answers, its refusals, and that nothing brings it down."""

from __future__ import annotations

import json
import random
import re
import time
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs starlette, of the extra [web]")
pytest.importorskip("httpx2", reason="starlette's test client needs httpx2")

from starlette.testclient import TestClient

from matcalc.gallery import names, text_of
from matcalc.web.application import STATIC, application
from matcalc.web.limits import LIMITS
from matcalc.web.tasks import VIEWS

NET = text_of("two_layer")


@pytest.fixture(scope="module")
def client(workers):
    return TestClient(application(workers), base_url="http://127.0.0.1:8642")


@pytest.fixture(scope="module")
def ask(client):
    """The answer to a task."""

    def asking(task: str, **given):
        reply = client.post(f"/api/{task}", json=given)
        assert reply.status_code == 200, reply.text
        return reply.json()

    return asking


def test_the_page_and_its_files_are_served(client):
    """Each with its kind, and with the headers that keep it safe."""
    for path in [
        "/",
        *(f"/static/{name}" for name in STATIC),
        "/katex/katex.min.js",
        "/katex/katex.min.css",
    ]:
        reply = client.get(path)
        assert reply.status_code == 200, path
        assert "script-src 'self'" in reply.headers["content-security-policy"]
        assert "unsafe" not in reply.headers["content-security-policy"]
        assert reply.headers["x-content-type-options"] == "nosniff"
    assert (
        client.get("/katex/fonts/KaTeX_Main-Regular.woff2").headers["content-type"] == "font/woff2"
    )


def test_the_page_asks_nobody_else(client):
    """No address of another machine in what the browser loads; no script inside the page."""
    page = client.get("/").text
    assert not re.search(r"<script(?![^>]*src=)|<style| on\w+=| style=", page)
    for name in STATIC:
        found = re.findall(r"https?://[^\s\"'`)]+", client.get(f"/static/{name}").text)
        assert set(found) <= {"http://www.w3.org/2000/svg"}, name


def test_only_files_on_the_list(client):
    """No way out of the folder."""
    for path in [
        "/static/../application.py",
        "/static/..%2fapplication.py",
        "/katex/../../api.py",
        "/katex/fonts/..%2f..%2fkatex.min.js",
        "/katex/fonts/KaTeX_../x.woff2",
        "/etc/passwd",
        "/api/",
    ]:
        assert client.get(path).status_code in (404, 405), path


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "example.org"},
        {"host": "127.0.0.1.example.org"},
        {"host": ""},
        {"origin": "http://example.org"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_strangers_are_refused(client, headers):
    """Another name, another page, another port."""
    assert client.post("/api/derive", json={"text": "sum(X)"}, headers=headers).status_code == 403


def test_requests_are_json_of_bounded_size(client):
    """Anything else is refused before it is read."""
    assert client.post("/api/derive", content="text=X").status_code == 415
    kind = {"content-type": "application/json"}
    assert client.post("/api/derive", content="{", headers=kind).status_code == 400
    assert client.post("/api/derive", content="[1]", headers=kind).status_code == 400
    assert client.post("/api/derive", content="[" * 100_000, headers=kind).status_code == 400
    assert client.post("/api/derive", content=b"x" * 2_000_000, headers=kind).status_code == 413
    assert client.post("/api/nothing", json={}).status_code == 404


@pytest.mark.parametrize("view", [v for v in VIEWS if v != "paths"])
def test_every_view_is_answered(ask, view):
    """As blocks with LaTeX."""
    found = ask("derive", text=text_of("linear_regression"), view=view)
    assert "error" not in found
    assert any(block["kind"] == "formula" for block in found["blocks"])


@pytest.mark.parametrize("name", names())
def test_the_gallery_opens(ask, name):
    """Each network derives, draws and checks."""
    for task in ("derive", "graph"):
        assert "error" not in ask(task, text=text_of(name)), (task, name)


def test_what_was_assumed_is_said(ask):
    """Inferred shapes stand beside the answer."""
    assert ask("derive", text="sum((X*w - y).^2)")["assumed"] == [
        "X : m x n",
        "w : n x 1",
        "y : m x 1",
    ]


def test_an_error_has_its_place(ask):
    """The editor underlines what the position points at."""
    text = "X : n x d\ny : n\nX*y"
    error = ask("derive", text=text)["error"]
    assert text[error["position"]] == "*"
    assert "did you mean X'*y?" in error["message"]
    assert "\n" not in error["message"]


def test_check_graph_and_export(ask):
    """The other tabs."""
    assert ask("check", text=NET)["ok"] is True
    assert ask("graph", text=NET)["svg"].startswith("<svg")
    for form, sign in [
        ("latex", "align"),
        ("tex", "documentclass"),
        ("markdown", "$$"),
        ("html", "<!doctype"),
        ("notebook", "nbformat"),
        ("text", "dW1"),
        ("json", "gradients"),
    ]:
        assert sign in ask("export", text=NET, format=form)["content"], form


def test_claims_are_judged_line_by_line(ask):
    """In marks and words, with the correction."""
    notes = "dZ2 = (P - Y)/n\ndW2 = A1'*(P - Y)\nnonsense\n# a remark\ndW1 = X*dZ1"
    found = ask("verify", text=NET, notes=notes)

    assert [line["mark"] for line in found["lines"]] == ["✓", "✗", "?", "✗"]
    assert found["lines"][1]["correction"] == "dW2 = A1'*(P - Y)/n"
    assert [line["line"] for line in found["lines"]] == [1, 2, 3, 5]
    assert found["summary"] == "1 of 4 lines hold"


def test_a_derivation_in_latex_is_judged(ask):
    """As notes: what defines, what claims, and the claims in their place."""
    notes = (
        r"Let $X \in \mathbb{R}^{n\times d}$, $w \in \mathbb{R}^d$, $L = \frac12\|Xw\|^2$." + "\n"
        r"$$\frac{\partial L}{\partial w} = X X w$$" + "\n"
        r"$$\frac{\partial L}{\partial w} = X^\top X w$$"
    )
    lines = ask("verify", notes=notes)["lines"]

    assert [line["mark"] for line in lines if line["line"] > 1] == ["✗", "✓"]
    assert lines[-2]["correction"]


def test_code_is_written_for_each_library(ask):
    """The code tab."""
    for backend in ("numpy", "jax", "torch"):
        assert "import" in ask("code", text=NET, backend=backend)["code"]


def test_wrong_settings_are_refused(ask):
    """What the page would never send gets a sentence."""
    for given in [
        {"view": "sideways"},
        {"layout": 3},
        {"notation": "x"},
        {"text": 7},
        {"text": None},
        {"detail": ["x"]},
    ]:
        assert ask("derive", **{"text": "sum(X)", **given})["error"]["message"]


def test_a_request_that_runs_too_long_is_stopped():
    """In its own process, which is replaced; the next request is answered."""
    from matcalc.web.workers import Workers

    workers = Workers(count=1, seconds=0.3)
    try:
        deep = (
            "Z0 = X\n"
            + "\n".join(f"Z{k} = tanh(Z{k - 1}*W{k} + Z{k - 1})" for k in range(1, 150))
            + "\nsum(Z149)"
        )
        began = time.monotonic()
        stopped = workers.ask("check", {"text": deep})
        assert "stopped" in stopped["error"]["message"], stopped
        assert time.monotonic() - began < 20
        workers.seconds = 8
        assert "error" not in workers.ask("derive", {"text": "sum(X)"})
    finally:
        workers.stop()


# ---------------------------------------------------------------- two hundred hostile inputs


def hostile() -> list[dict]:
    """Fuzzed text, huge exponents, deep nesting, HTML and LaTeX injection."""
    dice = random.Random(7)
    signs = "XWyZ0123456789+-*/^.'()[]{}=:;,_ \n\t\\$#%&@!?<>|~`\"éλ∂𝔸\0\ud800\u202e"
    words = [
        "sum(",
        "tr(",
        "inv(",
        "det(",
        "softmax(",
        "X",
        "W",
        "y",
        "*",
        ".*",
        "'",
        "^2",
        ")",
        " = ",
        "\n",
        " : n x d",
        "minimize ",
        "assume ",
        "ones(n,1)",
        "/n",
        "0",
        "1e999",
        "upstream G",
        "param ",
        "X(1, 2)",
        "hstack(",
        ",",
    ]
    found: list[str] = []
    found += ["".join(dice.choice(signs) for _ in range(dice.randrange(1, 400))) for _ in range(70)]
    found += ["".join(dice.choice(words) for _ in range(dice.randrange(1, 60))) for _ in range(70)]
    injections = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "X : n x d as \\href{javascript:alert(1)}{X}; sum(X)",
        "X : n x d as \\htmlClass{a}{X}; sum(X)",
        "X : n x d as </span><script>alert(1)</script>; sum(X)",
        "__import__('os').system('id')",
        "eval(1)",
        "X : n x d as \\def\\a{\\a\\a}\\a; sum(X)",
        "{{7*7}}",
        "${7*7}",
        "X : n x d as \\includegraphics{/etc/passwd}; sum(X)",
        "../../../etc/passwd",
        "%00",
        "\\input{/etc/passwd}",
    ]
    found += injections
    found += [f"2^{9 * 10**k}" for k in range(1, 8)] + [f"x^{'9' * k}" for k in (10, 100, 1000)]
    found += [
        "9" * 40_000,
        "1." + "3" * 40_000,
        "1e" + "9" * 50,
        "sum(X)^" * 3000 + "2",
        "2^2^2^2^2^2^2",
    ]
    found += [
        sign * 20_000 for sign in ("(", "-", "X'", "X*", "[", "sum(", "'", "\n", ";", "a=", "{")
    ]
    found += ["(" * 5000 + "x" + ")" * 5000, "tanh(" * 400 + "x" + ")" * 400, "X" + "'" * 40_000]
    found += ["+".join("X" for _ in range(20_000)), "*".join(f"A{k}" for k in range(3000))]
    found += [
        "S = X + X\n"
        + "\n".join(f"S{k} = S{k - 1 or ''}.*S{k - 1 or ''}" for k in range(1, 60))
        + "\nsum(S59)"
    ]
    found += [
        "kron(" * 12 + "X" + ", X)" * 12,
        "X : 999999999 x 999999999; tr(X'*X)",
        "vec(" * 60 + "X" + ")" * 60,
    ]
    found += [
        "ones(10^9, 10^9)",
        "eye(99999999999)*X",
        "X : 0 x 0; X",
        "A : n x n; A^1000000",
        "isum(i, 1, 10^12, x)",
    ]
    return [{"text": text} for text in found]


def test_the_page_survives_hostile_input(client):
    """Two hundred: an answer each in bounded time, no stack trace, and a server that lives."""
    inputs = hostile()
    tasks = ["derive", "derive", "derive", "verify", "export", "graph"]
    extra = [{"text": NET, "notes": given["text"]} for given in inputs[140:160]]
    assert len(inputs + extra) >= 200
    for number, given in enumerate(inputs + extra):
        task = "verify" if "notes" in given else tasks[number % len(tasks)]
        content = json.dumps(given)
        began = time.monotonic()
        reply = client.post(
            f"/api/{task}", content=content, headers={"content-type": "application/json"}
        )
        taken = time.monotonic() - began
        assert taken < 10, (taken, given["text"][:80])
        assert reply.status_code in (200, 413), (reply.status_code, given["text"][:80])
        assert "Traceback" not in reply.text
        error = reply.json().get("error") or {}
        assert "our mistake" not in error.get("message", ""), (task, given["text"][:200], error)
    assert client.post("/api/derive", json={"text": "sum(X)"}).json()["variables"] == ["X"]


def test_the_limits_are_said(ask):
    """A text that is too long gets a sentence with the number."""
    assert str(LIMITS.text) in ask("derive", text="x" * (LIMITS.text + 1))["error"]["message"]


def test_no_file_of_the_page_is_forgotten():
    """What lies in the folder is what is served."""
    import matcalc.web

    folder = Path(matcalc.web.__file__).parent / "static"
    assert {file.name for file in folder.iterdir()} == set(STATIC)
