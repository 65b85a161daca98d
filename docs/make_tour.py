"""The tour as a notebook and as a page, from the percent script ``tour.py``.

    python docs/make_tour.py            runs every cell, writes tour.ipynb and tour.md
    python docs/make_tour.py --check    runs every cell, compares with what is there

Needs the extra [notebook]; the script is the source, the other two are generated.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SCRIPT = HERE / "tour.py"


def cells(script: str) -> list[tuple[str, str]]:
    """The cells of a percent script, each with its kind."""
    found = []
    for part in re.split(r"^# %%", script, flags=re.M)[1:]:
        mark, _, body = part.partition("\n")
        if "[markdown]" in mark:
            lines = [re.sub(r"^# ?", "", line) for line in body.strip().splitlines()]
            found.append(("markdown", "\n".join(lines)))
        else:
            found.append(("code", body.strip()))
    return found


def executed(script: str) -> dict[str, Any]:
    """The notebook with what its cells give; nothing in it depends on the machine."""
    import nbformat
    from nbclient import NotebookClient

    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook = nbformat.v4.new_notebook(metadata=metadata)
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    notebook.cells = [make[kind](source) for kind, source in cells(script)]
    NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(HERE.parent)}}
    ).execute()
    notebook.metadata = metadata  # without the version of the Python that ran it
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
    return json.loads(nbformat.writes(notebook))


def _joined(outputs: list[Any]) -> list[Any]:
    """What is printed may arrive in pieces, cut differently on every run."""
    whole: list[Any] = []
    for output in outputs:
        if output["output_type"] == "stream" and output["name"] == "stderr":
            continue
        if whole and output["output_type"] == "stream" == whole[-1]["output_type"]:
            whole[-1]["text"] += output["text"]
        else:
            whole.append(output)
    return whole


def page(notebook: dict[str, Any]) -> str:
    """The executed notebook as Markdown."""
    parts = ["<!-- generated from tour.py by make_tour.py -->"]
    for cell in notebook["cells"]:
        source = _text(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        parts += [_output(output) for output in cell["outputs"]]
    return "\n\n".join(parts) + "\n"


def _output(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return f"```text\n{_text(output['text']).rstrip()}\n```"
    data = output["data"]
    if "text/markdown" in data:
        return _quoted(_text(data["text/markdown"]))
    return f"```text\n{_text(data['text/plain']).rstrip()}\n```"


def _quoted(markdown: str) -> str:
    """A page inside a page: its headings become bold lines."""
    return re.sub(r"^#+ (.*)$", r"**\1**", markdown.strip(), flags=re.M)


def _text(said: str | list[str]) -> str:
    return said if isinstance(said, str) else "".join(said)


def main() -> int:
    notebook = executed(SCRIPT.read_text("utf-8"))
    made = {
        HERE / "tour.ipynb": json.dumps(notebook, indent=1, ensure_ascii=False) + "\n",
        HERE / "tour.md": page(notebook),
    }
    if "--check" not in sys.argv:
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
        return 0
    code = 0
    for path, text in made.items():
        there = path.read_text("utf-8") if path.exists() else ""
        if there != text:
            code = 1
            print(f"{path.name} is not what {SCRIPT.name} gives: run python docs/make_tour.py")
            print(
                "\n".join(
                    difflib.unified_diff(there.splitlines(), text.splitlines(), lineterm="", n=1)
                )
            )
    return code


if __name__ == "__main__":
    sys.exit(main())
