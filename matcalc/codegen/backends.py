"""The languages a plan is written in, by name."""

from __future__ import annotations

from matcalc.codegen.plan import Plan
from matcalc.codegen.runtime import Buffered, Compiled
from matcalc.codegen.source import Source
from matcalc.codegen.workspace import WorkspaceSource
from matcalc.errors import MatcalcError

BACKENDS = ("numpy",)


def writer(plan: Plan, backend: str, workspace: bool) -> Source:
    if backend not in BACKENDS:
        raise MatcalcError(f"there is no backend {backend!r}; there are {', '.join(BACKENDS)}")
    return WorkspaceSource(plan) if workspace else Source(plan)


def source(plan: Plan, backend: str = "numpy", workspace: bool = False) -> str:
    """The text of a module."""
    return writer(plan, backend, workspace).text()


def compiled(plan: Plan, backend: str = "numpy", workspace: bool = False) -> Compiled:
    """The function of a plan."""
    text = source(plan, backend, workspace)
    entry = "value_and_gradients" if plan.gradients else "compute"
    return (Buffered if workspace else Compiled)(plan, text, entry)
