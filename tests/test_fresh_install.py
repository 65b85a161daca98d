"""The package as a newcomer meets it: in an environment that has nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


def environment() -> dict[str, str]:
    """Ours, without what would lend a hand."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}


def test_the_readmes_first_command_works_as_it_stands(tmp_path: Path) -> None:
    """Copied into a shell, it installs, derives and prints."""
    from tests.test_house import commands_of_readme

    copy = tmp_path / "matcalc"
    skip = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, copy, ignore=skip)
    first, *_ = commands_of_readme()
    ran = subprocess.run(
        ["bash", "-c", first], cwd=copy, env=environment(), capture_output=True, encoding="utf-8"
    )
    assert ran.returncode == 0, ran.stderr
    assert "∂L/∂W₂ = A₁ᵀ ∂L/∂Z₂" in ran.stdout
    assert "relative error below" in ran.stdout


def test_an_install_without_extras_runs_every_command(tmp_path: Path) -> None:
    """`pip install .` alone derives, verifies, checks, writes code and shows the gallery."""
    home = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    subprocess.run([home / "bin" / "pip", "install", "-q", ROOT], check=True, cwd=tmp_path)
    for arguments in (
        ["derive", "two_layer"],
        ["derive", "sum((X*w - y).^2)/2", "--wrt", "w"],
        ["check", "two_layer"],
        ["verify", "dw = X'*r/n", "--network", "linear_regression"],
        ["code", "two_layer"],
        ["gallery"],
        ["gallery", "attention"],
        ["ops"],
    ):
        ran = subprocess.run(
            [home / "bin" / "matcalc", *arguments],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            encoding="utf-8",
        )
        assert ran.returncode == 0, (arguments, ran.stderr)
        assert ran.stdout
