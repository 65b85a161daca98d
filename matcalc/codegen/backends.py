"""The languages a plan is written in, by name."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from matcalc.codegen.languages import JaxSource, TorchSource
from matcalc.codegen.plan import Plan
from matcalc.codegen.runtime import Buffered, Compiled, JaxCompiled, TorchCompiled
from matcalc.codegen.source import Source
from matcalc.codegen.workspace import WorkspaceSource
from matcalc.errors import MatcalcError

SOURCES: dict[str, type[Source]] = {"numpy": Source, "jax": JaxSource, "torch": TorchSource}
COMPILED: dict[str, type[Compiled]] = {
    "numpy": Compiled,
    "jax": JaxCompiled,
    "torch": TorchCompiled,
}


def checked(backend: Any, workspace: bool) -> str:
    if not isinstance(backend, str) or backend not in SOURCES:
        raise MatcalcError(f"there is no backend {backend!r}; there are {', '.join(SOURCES)}")
    if workspace and backend != "numpy":
        raise MatcalcError(f"a workspace is NumPy's: {backend} allocates by itself")
    return str(backend)


def source(plan: Plan, backend: str = "numpy", workspace: bool = False) -> str:
    """The text of a module."""
    language = SOURCES[checked(backend, workspace)]
    return (WorkspaceSource if workspace else language)(plan).text()


def compiled(plan: Plan, backend: str = "numpy", workspace: bool = False) -> Compiled:
    """The function of a plan."""
    text = source(plan, backend, workspace)
    if backend != "numpy" and find_spec(backend) is None:
        raise MatcalcError(
            f"{backend} is not installed: pip install 'matcalc[{backend}]', or take the source"
        )
    entry = "value_and_gradients" if plan.gradients else "compute"
    return (Buffered if workspace else COMPILED[backend])(plan, text, entry)
