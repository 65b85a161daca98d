"""What can be typed after ``matcalc``, as argparse sees it. Imports nothing of ours."""

from __future__ import annotations

import argparse

EXAMPLES = """examples:
  matcalc derive "sum((X*w - y).^2)/2" --wrt w
  matcalc derive net.mc --view chain --format markdown -o net.md
  matcalc derive model.py:two_layer        (runs the file)
  matcalc check "logdet(X'*X)" --wrt X
  matcalc verify homework.tex --network net.mc
  matcalc verify "dw = X'*(X*w - y)" --network net.mc
  matcalc gallery two_layer
  matcalc ops softmax

exit codes: 0 fine, 1 something does not hold, 2 misuse or a request that cannot be served
"""

SOURCE = (
    "a formula, FILE.mc, FILE.py[:name], FILE.tex, the name of a gallery network, "
    "or - for standard input"
)
FORMATS = ("text", "latex", "tex", "markdown", "html", "notebook", "json")
VIEWS = ("backprop", "chain", "differential", "index", "paths", "batch", "vec")
LAYOUTS = ("denominator", "numerator", "mixed")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="matcalc",
        description="Matrix gradients, derived step by step, checked in numbers.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=Version)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    derive = commands.add_parser("derive", help="derive the backward pass of a formula or network")
    source(derive)
    shown(derive)
    derive.add_argument(
        "--format",
        choices=FORMATS,
        help="default: from the ending of the file, else text; tex is a whole document",
    )
    output(derive)

    check = commands.add_parser("check", help="check the derivatives against differences")
    source(check)
    check.add_argument("--seed", type=int, default=0, metavar="N")
    check.add_argument("--trials", type=positive, default=3, metavar="N")

    verify = commands.add_parser("verify", help="judge a hand derivation, line by line")
    verify.add_argument(
        "what", help='FILE.tex, FILE.md, FILE.ipynb, - or one claim such as "dW1 = X\'*(P - Y)"'
    )
    verify.add_argument(
        "--network",
        metavar="NET",
        help="the network it is about: FILE.mc, FILE.py[:name], FILE.tex or a formula",
    )
    verify.add_argument(
        "--macros", metavar="FILE", help="a .tex file with \\newcommand definitions"
    )
    verify.add_argument(
        "--layout", choices=LAYOUTS, help="the layout it is written in (default: found out)"
    )
    declared(verify)
    verify.add_argument("--all", action="store_true", help="list the lines that hold, too")
    verify.add_argument(
        "--format",
        help="of a report; default: from the ending of the file, else text",
        choices=("text", "markdown", "latex", "html", "json"),
    )
    output(verify)

    export = commands.add_parser(
        "export", help="a file of named formulas: \\mcuse{dW1} inline, \\mceq{dW1} numbered"
    )
    source(export)
    export.add_argument("--layout", default="denominator", choices=LAYOUTS)
    export.add_argument("--notation", metavar="NAME|FILE", help="a preset, or a notation.toml")
    export.add_argument("--lines", metavar="NAMES", help="only these lines, such as dW1,dZ2")
    export.add_argument(
        "--upstream", metavar="G", help="name of what arrives at an output that is no scalar"
    )
    output(export)

    code = commands.add_parser("code", help="the gradients as a program")
    source(code)
    code.add_argument("--backend", default="numpy", metavar="NAME", help="default: numpy")
    code.add_argument(
        "--upstream", metavar="G", help="name of what arrives at an output that is no scalar"
    )
    output(code)

    draw = commands.add_parser("draw", help="draw the computation graph")
    source(draw)
    draw.add_argument("--grain", default="steps", choices=("steps", "operations"))
    draw.add_argument("--notation", metavar="NAME|FILE")
    draw.add_argument(
        "--format",
        choices=("svg", "tikz", "dot", "text"),
        help="default: from the ending of the file, else text",
    )
    output(draw)

    gallery = commands.add_parser("gallery", help="list the worked networks, or derive one")
    gallery.add_argument("name", nargs="?", help="the network to show")
    gallery.add_argument(
        "--source", action="store_true", help="print the network, not its derivation"
    )
    gallery.add_argument("--format", choices=FORMATS)
    shown(gallery, declaring=False)
    output(gallery)

    ops = commands.add_parser("ops", help="list the words of the text language, or explain some")
    ops.add_argument("word", nargs="*")

    serve = commands.add_parser(
        "serve", help="open the page on this machine (needs the extra [web])"
    )
    serve.add_argument("--port", type=port, default=8642, metavar="N", help="0 takes any free port")
    serve.add_argument(
        "--seconds", type=positive, default=10, metavar="N", help="the longest a request may take"
    )
    serve.add_argument("--no-browser", action="store_true", help="do not open a browser")
    return top


def source(command: argparse.ArgumentParser) -> None:
    command.add_argument("what", help=SOURCE)
    command.add_argument(
        "--wrt", metavar="NAMES", help="variables, separated by commas (default: all parameters)"
    )
    declared(command)


def declared(command: argparse.ArgumentParser) -> None:
    command.add_argument("--shapes", metavar="LIST", help='such as "X: n x d, w: d, c: scalar"')
    command.add_argument(
        "--assume",
        metavar="FACT",
        action="append",
        default=[],
        help='such as "symmetric(K)"; may be repeated',
    )


def shown(command: argparse.ArgumentParser, declaring: bool = True) -> None:
    """How a derivation is to look."""
    command.add_argument("--layout", default="denominator", choices=LAYOUTS)
    command.add_argument(
        "--view", choices=VIEWS, help="how the derivation is told (default: backprop)"
    )
    command.add_argument("--of", metavar="NAME", help="the variable that a view is about")
    command.add_argument("--detail", choices=("brief", "normal", "full"))
    command.add_argument("--notation", metavar="NAME|FILE", help="a preset, or a notation.toml")
    command.add_argument("--lines", metavar="NAMES", help="only these lines, such as dW1,dZ2")
    if declaring:
        command.add_argument(
            "--upstream", metavar="G", help="name of what arrives at an output that is no scalar"
        )


def output(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--output", metavar="FILE", help="write to a file")


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 is wanted, not {text}")
    return int(text)


def port(text: str) -> int:
    """A port of this machine."""
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text}")
    return int(text)


class Version(argparse.Action):
    """``--version``, asked of the package only when wanted."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from matcalc import __version__

        print(f"matcalc {__version__}")
        parser.exit()
