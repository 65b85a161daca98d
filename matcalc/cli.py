"""The command line. Everything heavy is imported by the command that needs it, so `--help` is instant.

Exit codes: 0 fine, 1 something does not hold, 2 misuse or a request that cannot be served.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

EXAMPLES = """examples:
  matcalc derive "sum((X*w - y).^2)/2" --wrt w
  matcalc derive net.mc --format markdown -o net.md
  matcalc check "logdet(X'*X)" --wrt X
  matcalc verify "dw = X'*(X*w - y)" --network net.mc
  matcalc ops softmax
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line, as argparse sees it."""
    top = argparse.ArgumentParser(
        prog="matcalc",
        description="Matrix gradients, derived step by step, checked in numbers.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    derive = commands.add_parser("derive", help="derive the backward pass of a formula or network")
    _source(derive)
    _shapes(derive)
    derive.add_argument("--layout", default="denominator", choices=("denominator", "numerator", "mixed"))
    derive.add_argument("--upstream", metavar="G", help="name of what arrives at an output that is no scalar")
    derive.add_argument("--format", default="text", choices=("text", "latex", "tex", "markdown"))
    derive.add_argument("--lines", metavar="NAMES", help="only these lines, such as dW1,dZ2 (text)")
    derive.add_argument("-o", "--output", metavar="FILE", help="write to a file")
    derive.set_defaults(run=_derive)

    check = commands.add_parser("check", help="check the derivatives against differences")
    _source(check)
    _shapes(check)
    check.add_argument("--seed", type=int, default=0)
    check.add_argument("--trials", type=int, default=3)
    check.set_defaults(run=_check)

    verify = commands.add_parser("verify", help="judge one hand-written gradient")
    verify.add_argument("claim", help='such as "dW1 = X\'*(P - Y)"')
    verify.add_argument("--network", required=True, metavar="FILE", help="the network as a .mc file, or -")
    _shapes(verify)
    verify.set_defaults(run=_verify)

    ops = commands.add_parser("ops", help="list the words of the text language, or explain some")
    ops.add_argument("word", nargs="*")
    ops.set_defaults(run=_ops)
    return top


def _source(command: argparse.ArgumentParser) -> None:
    command.add_argument("what", help="a formula, a .mc file, or - for standard input")


def _shapes(command: argparse.ArgumentParser) -> None:
    command.add_argument("--wrt", metavar="NAMES", help="variables, separated by commas (default: all parameters)")
    command.add_argument("--shapes", metavar="LIST", help='such as "X: n x d, w: d, c: scalar"')
    command.add_argument("--assume", metavar="FACT", action="append", default=[], help='such as "symmetric(K)"')


def _network(arguments: argparse.Namespace, what: str) -> Any:
    """The network that a formula, a file or standard input describes."""
    import matcalc as mc
    from matcalc.language import parse_shapes

    text = what
    if what == "-":
        text = sys.stdin.read()
    elif what.endswith(".mc"):
        try:
            text = Path(what).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise mc.MatcalcError(f"cannot read {what}: {error}") from error
    symbols = parse_shapes(arguments.shapes) if arguments.shapes else None
    return mc.parse(text, symbols, assume=arguments.assume)


def _wrt(arguments: argparse.Namespace) -> list[str] | None:
    return [name.strip() for name in arguments.wrt.split(",")] if arguments.wrt else None


def _assumed(network: Any) -> list[str]:
    if not network.assumed:
        return []
    return [f"assumed {', '.join(network.assumed)}; change with --shapes"]


def _derive(arguments: argparse.Namespace) -> tuple[str, int]:
    import matcalc as mc

    network = _network(arguments, arguments.what)
    derivation = mc.derive(network, _wrt(arguments), layout=arguments.layout, upstream=arguments.upstream)
    if arguments.format == "text":
        if arguments.lines:
            names = [name.strip() for name in arguments.lines.split(",")]
            rows = [f"{line.name} = {mc.text(line.value)}" for line in map(derivation.line, names)]
            return "\n".join([*_assumed(network), *rows]), 0
        return "\n".join([*_assumed(network), derivation.to_text()]), 0
    if arguments.format == "markdown":
        return derivation.to_markdown(), 0
    return derivation.to_latex(document=arguments.format == "tex"), 0


def _check(arguments: argparse.Namespace) -> tuple[str, int]:
    import matcalc as mc

    network = _network(arguments, arguments.what)
    report = mc.check(network, _wrt(arguments), seed=arguments.seed, trials=arguments.trials)
    return "\n".join([*_assumed(network), str(report)]), 0 if report else 1


def _verify(arguments: argparse.Namespace) -> tuple[str, int]:
    import matcalc as mc

    network = _network(arguments, arguments.network)
    left, equals, right = arguments.claim.partition("=")
    name = left.strip().removeprefix("d")
    if not equals or not name:
        raise mc.ParseError("a claim reads dW1 = X'*(P - Y)", arguments.claim, 0)
    goals = [name, *(_wrt(arguments) or [])]
    verdict = mc.derive(network, goals).verify(name, right.strip())
    return "\n".join([*_assumed(network), verdict.to_text()]), 0 if verdict else 1


def _ops(arguments: argparse.Namespace) -> tuple[str, int]:
    import matcalc as mc
    from matcalc.ops import FUNCTIONS

    unknown = [word for word in arguments.word if word not in FUNCTIONS]
    if unknown:
        raise mc.UnknownNameError(f"there is no word {unknown[0]}; there are {', '.join(sorted(FUNCTIONS))}")
    words = arguments.word or sorted(FUNCTIONS)
    width = max(map(len, words))
    return "\n".join(f"{w:{width}}  {(FUNCTIONS[w].__doc__ or '').strip().splitlines()[0]}" for w in words), 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; errors are one clear paragraph, never a traceback."""
    given = parser().parse_args(arguments)
    from matcalc.errors import MatcalcError

    run: Callable[[argparse.Namespace], tuple[str, int]] = given.run
    try:
        said, code = run(given)
        if getattr(given, "output", None):
            Path(given.output).write_text(said if said.endswith("\n") else said + "\n", encoding="utf-8")
        else:
            print(said)
        return code
    except MatcalcError as error:
        print(f"matcalc: {error}", file=sys.stderr)
    except OSError as error:
        print(f"matcalc: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("matcalc: stopped", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
