"""From what was typed to a network: a formula, a file of one of our kinds, or standard input."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matcalc.errors import MatcalcError, UnknownNameError

LARGEST = 2_000_000  # characters that are read at all


def network_of(what: str, shapes: str | None = None, assume: Sequence[str] = ()) -> Any:
    """The network, expression or model that ``what`` names."""
    import matcalc as mc
    from matcalc.gallery import names, text_of

    path, _, name = what.rpartition(":") if ".py:" in what else (what, "", "")
    if path.endswith(".py"):
        _only_text(shapes, assume, path)
        return from_program(path, name)
    if path.endswith((".tex", ".md", ".ipynb")):
        return from_latex(path, shapes, assume)
    if what in names() and not Path(what).exists():
        text = text_of(what)
    elif what == "-":
        text = sys.stdin.read(LARGEST + 1)
    elif what.endswith(".mc") or _is_path(what):
        text = read_file(what)
    else:
        text = what
    if len(text) > LARGEST:
        raise MatcalcError(f"this text is longer than {LARGEST} characters")
    return mc.parse(text, symbols_of(shapes), assume=list(assume))


def symbols_of(shapes: str | None) -> Mapping[str, Any] | None:
    """``--shapes`` as a mapping."""
    from matcalc.language import parse_shapes

    return parse_shapes(shapes) if shapes else None


def read_file(path: str) -> str:
    """A text file, or one sentence that says why not."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MatcalcError(f"{path} is not a text in UTF-8 (byte {error.start})") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MatcalcError(f"cannot read {path}: {reason}") from None


def _is_path(what: str) -> bool:
    """Whether a file is meant; no formula begins like a path."""
    try:
        short = len(what) < 1000 and "\n" not in what
        return short and (what.startswith(("/", "./", "../", "~/")) or Path(what).is_file())
    except (OSError, ValueError):
        return False


def _only_text(shapes: str | None, assume: Sequence[str], path: str) -> None:
    if shapes or assume:
        raise MatcalcError(f"--shapes and --assume are for formulas; {path} declares its own")


# -- Python ---------------------------------------------------------------------------------------


def from_program(path: str, name: str) -> Any:
    """A network or model of a Python file. The file is run, and we say so."""
    print(f"matcalc: running {path}", file=sys.stderr)
    found = _run_file(path)
    if name:
        if name not in found:
            raise UnknownNameError(f"{path} defines no {name}; it has {_listed(_networks(found))}")
        return _as_network(found[name], name, path)
    networks = _networks(found)
    if len(networks) != 1:
        problem = "no network or model" if not networks else f"several: {_listed(networks)}"
        raise MatcalcError(
            f"{path} has {problem}; name one, as in {path}:{next(iter(networks), 'net')}"
        )
    [(only, value)] = networks.items()
    return _as_network(value, only, path)


def _run_file(path: str) -> dict[str, Any]:
    import runpy

    read_file(path)  # a file that cannot be read is no error of its program
    here = str(Path(path).resolve().parent)
    sys.path.insert(0, here)
    try:
        return runpy.run_path(path, run_name="matcalc_network")
    except MatcalcError as error:
        error.add_note(f"raised by {path}{_line(error, path)}")
        raise
    except SystemExit as error:
        raise MatcalcError(f"{path} ended the program with exit code {error.code}") from None
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise MatcalcError(f"{path}{_line(error, path)}: {said}") from None
    finally:
        sys.path.remove(here)


def _line(error: BaseException, path: str) -> str:
    if isinstance(error, SyntaxError) and error.lineno:
        return f", line {error.lineno}"
    lines = [
        f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(path)
    ]
    return f", line {lines[-1]}" if lines else ""


def _networks(found: Mapping[str, Any]) -> dict[str, Any]:
    """What in a program can be derived: networks and models, else functions that declare shapes."""
    import matcalc as mc

    kinds = (mc.Network, mc.Derivation)
    networks = {k: v for k, v in found.items() if isinstance(v, kinds) and not k.startswith("_")}
    return networks or {k: v for k, v in found.items() if inspect.isfunction(v) and _declares(v)}


def _declares(fn: Any) -> bool:
    return fn.__module__ == "matcalc_network" and any(
        isinstance(a, str) and k != "return" for k, a in fn.__annotations__.items()
    )


def _as_network(value: Any, name: str, path: str) -> Any:
    import matcalc as mc

    if isinstance(value, (mc.Network, mc.Node, mc.Derivation)):
        return value
    if inspect.isfunction(value):
        if _declares(value):
            return mc.model(value)
        if not inspect.signature(value).parameters:
            return _as_network(value(), name, path)
    raise MatcalcError(f"{name} of {path} is no network or model, but a {type(value).__name__}")


def _listed(networks: Mapping[str, Any]) -> str:
    from matcalc.shapes import listed

    return listed(list(networks)) or "none"


# -- LaTeX ----------------------------------------------------------------------------------------


def from_latex(path: str, shapes: str | None, assume: Sequence[str]) -> Any:
    """The forward pass of notes; the derivation comes back in their notation."""
    import matcalc as mc

    if not path.endswith(".tex"):
        raise MatcalcError(
            f"a network is read from .mc, .py or .tex, not from {path}; verify reads it"
        )
    text = read_file(path)
    network = mc.read_latex(text, shapes=symbols_of(shapes))
    network.assume(*assume)
    return network
