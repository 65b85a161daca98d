"""Golden files: whole pages that a person would read, kept beside what produced them.

A golden file changes only when somebody means it to: `pytest --update-golden` rewrites the
files and git shows what readers will see. Files are UTF-8 with one newline at every line's end.
"""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path


def assert_golden(path: Path, text: str, *, update: bool = False) -> None:
    """Assert that `text` is what the file at `path` holds; with `update`, make it so."""
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    assert path.exists(), f"{path} does not exist yet: write it with `pytest --update-golden`"
    golden = path.read_text(encoding="utf-8")
    if text != golden:
        diff = unified_diff(
            golden.splitlines(), text.splitlines(), f"{path.name} (golden)", "now", lineterm=""
        )
        raise AssertionError(
            f"{path} is not what comes out now. If the change is meant, rewrite it with "
            "`pytest --update-golden`.\n" + "\n".join(diff)
        )
