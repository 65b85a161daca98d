"""A page as a Jupyter notebook: prose and formulas in Markdown cells, the network in a code
cell."""

from __future__ import annotations

import json
from typing import Any

from matcalc.render.blocks import Page
from matcalc.render.markdown import markdown_block


def to_notebook(page: Page, code: str = "") -> str:
    """The notebook's JSON. ``code`` goes into a cell that can be run."""
    cells = [_cell("markdown", f"# {page.title}")]
    if code:
        cells.append(_cell("code", code))
    cells += [
        _cell("markdown", said) for block in page.blocks if (said := markdown_block(block, page))
    ]
    for k, cell in enumerate(cells):
        cell["id"] = f"cell-{k}"
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def _cell(kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "metadata": {},
        "source": source.splitlines(keepends=True),
    }
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell
