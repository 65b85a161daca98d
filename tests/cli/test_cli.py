"""The command line: every command's answer, exit code and refusal, run in this process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from matcalc.cli import main
from matcalc.gallery import names, text_of
from tests.golden import assert_golden

PAGE = Path(__file__).with_name("wrong_inputs.txt")
NET = "X : n x d\ny : n x 1\nparam w : d x 1\nr = X*w - y\nL = r'*r/2\nminimize L\n"
MODEL = """
import matcalc as mc

@mc.model
def ridge(X: "n d", w: "param d 1", y: "n 1"):
    r = X @ w - y
    return (r * r).sum() / 2

def plain(X: "n d", W: "param d h"):
    return (X @ W).sum()
"""


@pytest.fixture
def said(capsys):
    """Run a command; its exit code, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run


@pytest.fixture
def net(tmp_path, monkeypatch) -> str:
    """A network in a file of the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.mc").write_text(NET, encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    return "net.mc"


def test_a_formula_is_derived_at_once(said):
    """Shapes are inferred, and what was assumed is said beside the answer."""
    code, out, err = said("derive", "sum((X*w - y).^2)/2", "--wrt", "w")

    assert code == 0
    assert "dw = X'*" in out
    assert "assumed X : m x n, w : n x 1, y : m x 1; change with --shapes" in err


def test_declared_shapes_are_used(said):
    """With --shapes nothing is assumed."""
    code, out, err = said(
        "derive", "sum((X*w - y).^2)", "--shapes", "X: n x d, w: d, y: n", "--wrt", "w"
    )

    assert (code, err) == (0, "")
    assert "X : n x d" in out


def test_a_formula_may_begin_with_a_minus(said):
    """It is no option."""
    code, out, _ = said("derive", "-sum(log(X))", "--wrt", "X")

    assert code == 0
    assert "dX = -ones(m, n)./X" in out.replace("-1./X", "-ones(m, n)./X")


@pytest.mark.parametrize(
    ("form", "sign"),
    [
        ("text", "dw = X'*r"),
        ("latex", r"\begin{align"),
        ("tex", r"\documentclass"),
        ("markdown", "$$"),
        ("html", "<!doctype html>"),
        ("notebook", '"nbformat"'),
        ("json", '"lines"'),
    ],
)
def test_every_format_is_written(said, net, form, sign):
    """A derivation comes out in each format."""
    code, out, _ = said("derive", net, "--format", form)

    assert code == 0
    assert sign in out


def test_json_is_data(said, net):
    """Names, shapes and formulas for other programs."""
    _, out, _ = said("derive", net, "--format", "json", "--lines", "w")

    data = json.loads(out)
    assert data["gradients"] == {"w": "X'*r"}
    assert [line["name"] for line in data["lines"]] == ["dw"]


@pytest.mark.parametrize("view", ["backprop", "chain", "differential", "index", "vec"])
def test_every_view_can_be_asked_for(said, net, view):
    """In Unicode on the terminal."""
    code, out, err = said("derive", net, "--view", view)

    assert code == 0, err
    assert "X" in out


def test_some_lines_only(said, net):
    """--lines takes names of lines, or of variables for their gradients."""
    assert said("derive", net, "--lines", "dw")[1] == "dw = X'*r\n"
    assert said("derive", net, "--lines", "r, w")[1] == "r = X*w - y\ndw = X'*r\n"
    assert r"\begin" in said("derive", net, "--lines", "w", "--format", "latex")[1]


def test_layout_and_notation(said, net, tmp_path):
    """A preset by name, a notation from a file, another layout."""
    (tmp_path / "mine.toml").write_text('transpose = "T"\n', encoding="utf-8")

    assert "^{T}" in said("derive", net, "--format", "latex", "--notation", "mine.toml")[1]
    assert "numerator layout" in said("derive", net, "--layout", "numerator")[1]
    code, _, err = said("derive", net, "--notation", "nonsense")
    assert code == 2
    assert "no notation nonsense" in err


def test_an_answer_goes_to_a_file(said, net, tmp_path):
    """With -o nothing is printed but where it went."""
    code, out, err = said("derive", net, "-o", "out.txt")

    assert (code, out) == (0, "")
    assert "wrote out.txt" in err
    assert "dw = X'*r" in (tmp_path / "out.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("output", "begins"),
    [
        ("page.html", "<!doctype html>"),
        ("page.tex", r"\documentclass"),
        ("page.md", "# The gradients of"),
        ("page.ipynb", "{"),
        ("page", "# gradients have"),
    ],
)
def test_the_ending_of_the_file_is_the_format(said, net, tmp_path, output, begins):
    """Nobody wants plain text in a file called page.html."""
    assert said("derive", net, "-o", output)[0] == 0
    assert (tmp_path / output).read_text("utf-8").startswith(begins)


def test_a_closed_output_is_said(said, net, monkeypatch):
    """Where nothing can be printed, a sentence on the other stream."""
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["derive", net]) == 2


def test_standard_input(said, monkeypatch):
    """A dash reads the network from a pipe."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(NET))

    assert "dw = X'*r" in said("derive", "-")[1]


def test_a_python_file_is_run_and_that_is_said(said, net):
    """Its only network, or the one named; a function with declared shapes will do."""
    code, out, err = said("derive", "model.py")
    assert code == 0
    assert "running model.py" in err
    assert "dw = X'*r" in out

    assert "dW = " in said("derive", "model.py:plain")[1]
    code, _, err = said("derive", "model.py:missing")
    assert code == 2
    assert "defines no missing; it has ridge" in err


def test_an_error_of_a_python_file_names_its_line(said, net, tmp_path):
    """One sentence, no traceback."""
    (tmp_path / "broken.py").write_text("x = 1\ny = x + z\n", encoding="utf-8")

    code, _, err = said("derive", "broken.py")

    assert code == 2
    assert "broken.py, line 2: NameError" in err


def test_check_says_whether_it_holds(said, net):
    """Exit code 0, and how well it agrees."""
    code, out, _ = said("check", net)

    assert code == 0
    assert out.startswith("holds")


def test_one_claim_is_judged(said, net):
    """0 if it holds, 1 if not, with the correction; 2 if it cannot be read."""
    assert said("verify", "dw = X'*(X*w - y)", "--network", net)[0] == 0
    code, out, _ = said("verify", "dw = X*(X*w - y)", "--network", net)
    assert code == 1
    assert "X'*r" in out
    code, out, _ = said("verify", "dw = 2*X'*r", "--network", net)
    assert code == 1
    assert said("verify", "dw ++", "--network", net)[0] == 2
    assert said("verify", "dw = X'*r")[0] == 2


def test_the_graph_is_drawn(said, net, tmp_path):
    """The ending of the file says how."""
    assert said("draw", net, "-o", "net.svg")[0] == 0
    assert (tmp_path / "net.svg").read_text("utf-8").startswith("<svg")
    assert "digraph" in said("draw", net, "--format", "dot")[1]
    assert said("draw", net)[0] == 0


def test_the_gallery_lists_and_shows(said):
    """Every network is listed with its title; one can be derived by name."""
    out = said("gallery")[1]
    assert all(name in out for name in names())
    assert said("gallery", "attention", "--source")[1] == text_of("attention")
    assert "dQ = " in said("gallery", "attention")[1]
    code, _, err = said("gallery", "nothing")
    assert code == 2
    assert "two_layer" in err


@pytest.mark.parametrize("name", names())
def test_the_networks_of_the_gallery_hold(name):
    """Each derives, and its gradients agree with differences."""
    import matcalc as mc

    assert mc.check(mc.parse(text_of(name)), trials=1)


def test_the_words_are_explained(said):
    """All of them, or some."""
    assert "softmax" in said("ops")[1]
    assert said("ops", "tr", "kron")[1].count("\n") == 2
    code, _, err = said("ops", "sofmax")
    assert code == 2
    assert "did you mean softmax?" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["derive", "missing.mc"],
        ["derive", "missing.py"],
        ["derive", ""],
        ["derive", "\0"],
        ["derive", "(" * 5000],
        ["derive", "X" * 100_000 + "("],
        ["derive", "2^99999999^9999999"],
        ["derive", "sum(X)", "--wrt", ","],
        ["derive", "sum(X)", "--shapes", "X"],
        ["derive", "sum(X)", "--assume", "nice(X)"],
        ["derive", "sum(X)", "--assume", "symmetric(Q)"],
        ["derive", "sum(X)", "-o", "/no/such/folder/x"],
        ["derive", "sum(X)", "-o", "page.pdf"],
        ["draw", "net.mc", "-o", "graph.png"],
        ["derive", "X'", "--upstream", "X"],
        ["derive", "data.ipynb"],
        ["derive", "."],
        ["derive", "sum(X)", "--of", "Q", "--view", "index"],
        ["derive", "sum(X)", "--lines", "nope"],
        ["verify", "missing.tex"],
        ["code", "missing.mc"],
        ["draw", "missing.mc"],
    ],
)
def test_misuse_is_one_paragraph(said, net, arguments):
    """Exit code 2 and a sentence, whatever is typed."""
    code, out, err = said(*arguments)

    assert code == 2
    assert out == ""
    assert err.startswith("matcalc: ")
    assert "our mistake" not in err


def test_bytes_that_are_no_text(said, net, tmp_path):
    """A binary file is refused by name."""
    (tmp_path / "bad.mc").write_bytes(b"\xff\xfe\x00")

    code, _, err = said("derive", "bad.mc")

    assert code == 2
    assert "bad.mc is not a text in UTF-8" in err


def test_misuse_of_options_exits_with_two(said, capsys):
    """argparse's own refusals have the same exit code."""
    for arguments in ([], ["nonsense"], ["derive"], ["derive", "x", "--layout", "sideways"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2


def test_ctrl_c_stops_cleanly(said, monkeypatch):
    """No traceback, and the exit code shells expect."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("matcalc.cli.commands.derive", interrupted)

    code, _, err = said("derive", "x")

    assert (code, err) == (130, "matcalc: stopped\n")


def test_help_imports_nothing_heavy():
    """That is why it is instant."""
    program = (
        "import sys\nfrom matcalc.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "assert not {'sympy', 'numpy', 'lark', 'rich'} & set(sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, env=env)


# ---------------------------------------------------------------- the likeliest wrong first inputs

WRONG = [
    ("a missing transpose", ["derive", "X*y", "--shapes", "X: n x d, y: n"]),
    ("a bias that is not broadcast", ["derive", "X*W + b"]),
    ("a product of two columns", ["derive", "x*y", "--shapes", "x: n, y: n"]),
    ("brackets", ["derive", "log(det(X)"]),
    ("a transpose as on paper", ["derive", "X^T*X"]),
    ("a transpose as in Python", ["derive", "X.T*X"]),
    ("NumPy", ["derive", "np.dot(X, W)"]),
    ("LaTeX", ["derive", r"\frac{1}{2}\|Xw - y\|^2"]),
    ("a name that is not declared", ["derive", "sum(X*w)", "--wrt", "W"]),
    ("a vector where a loss is wanted", ["derive", "minimize X*w"]),
    ("a claim without its network", ["verify", "dW1 = X'*(P - Y)"]),
    ("a file that is not there", ["derive", "net.mc"]),
    ("a file without an ending that is not there", ["derive", "./network"]),
    ("a word that does not exist", ["derive", "sigmod(X)"]),
    ("shapes that contradict", ["derive", "sum(X*w)", "--shapes", "X: n x d, w: n"]),
]


def test_the_likeliest_wrong_inputs_get_a_repair(said, update_golden, tmp_path, monkeypatch):
    """Each gets one sentence in the spelling of the command line, kept as a page to read."""
    monkeypatch.chdir(tmp_path)
    parts = ["Wrong first commands, and what matcalc answers.\n"]
    for title, arguments in WRONG:
        code, out, err = said(*arguments)
        assert (code, out) == (2, ""), title
        shown = " ".join(
            f'"{a}"' if set(a) - set(".-_") and not a.isalnum() and a[0] != "-" else a
            for a in arguments
        )
        parts.append(
            f"\n== {title} ==\n\nmatcalc {shown}\n    " + "\n    ".join(err.splitlines()) + "\n"
        )
    assert_golden(PAGE, "".join(parts), update=update_golden)


# ---------------------------------------------------------------- documents, code, a fresh install

HOMEWORK = r"""
Let $X \in \mathbb{R}^{n\times d}$, $w \in \mathbb{R}^d$, $y\in\mathbb{R}^n$ and
$$ L = \frac12 \|Xw - y\|^2 $$
Then
$$ \frac{\partial L}{\partial w} = X (Xw - y) $$
and so
$$ \frac{\partial L}{\partial w} = X^\top (Xw - y) $$
"""


def test_a_document_is_judged_in_its_place(said, tmp_path, monkeypatch):
    """1 if a line is wrong, with its line; 0 if all that claims holds; 2 if nothing was judged."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homework.tex").write_text(HOMEWORK, encoding="utf-8")
    (tmp_path / "right.md").write_text(HOMEWORK.replace("= X (", r"= X^\top ("), encoding="utf-8")
    (tmp_path / "prose.tex").write_text("No formula at all.", encoding="utf-8")

    code, out, _ = said("verify", "homework.tex")
    assert code == 1
    assert "line 5" in out
    assert "line 7" not in out
    assert "line 7" in said("verify", "homework.tex", "--all")[1]
    assert "|" in said("verify", "homework.tex", "--format", "markdown")[1]
    assert json.loads(said("verify", "homework.tex", "--format", "json")[1])["equations"]
    assert said("verify", "right.md")[0] == 0
    code, _, err = said("verify", "prose.tex")
    assert code == 2
    assert "nothing in it could be judged" in err


def test_a_document_may_be_about_a_network_elsewhere(said, net, tmp_path):
    """Its names are known on the page, lines keep their numbers, and another one's are not."""
    page = "The gradient is\n$$ \\frac{\\partial L}{\\partial w} = X r $$\nrather\n"
    page += "$$ \\frac{\\partial L}{\\partial w} = X^\\top r $$\n"
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")

    code, out, _ = said("verify", "page.tex", "--network", net, "--all")
    assert code == 1
    assert out.startswith("2 equations: 1 hold, 1 wrong")
    assert "line 2: is wrong" in out
    assert "line 4: holds" in out
    code, out, _ = said("verify", "page.tex", "--network", "relu_classifier")
    assert code == 1
    assert "r (column 36) is defined nowhere" in out


def test_the_gradients_come_as_a_program(said, net, tmp_path):
    """For each library, and what is written compiles."""
    for backend in ("numpy", "jax", "torch"):
        code, out, err = said("code", net, "--backend", backend)
        assert code == 0, err
        compile(out, "backward.py", "exec")
    assert said("code", net, "--backend", "fortran")[0] == 2
    assert said("code", net, "-o", "backward.py")[0] == 0
    assert "import numpy" in (tmp_path / "backward.py").read_text("utf-8")


def test_named_formulas_are_exported(said, net, tmp_path):
    """A file that a document in TeX can quote from, with the lines and the notation asked for."""
    code, out, err = said("export", net)
    assert code == 0, err
    assert out.startswith("% needs the package amsmath")
    assert r"\csname mc:dw\endcsname" in out
    assert said("export", net, "--lines", "dw", "-o", "formulas.tex")[0] == 0
    assert r"\csname mc:L\endcsname" not in (tmp_path / "formulas.tex").read_text("utf-8")
    assert said("export", net, "--notation", "bourbaki")[0] == 2
