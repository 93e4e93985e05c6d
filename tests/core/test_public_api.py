"""What a script may import from `cozebatch`, what importing it costs, and the example that the readers copy."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cozebatch

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "example.py"
HEAVY = {"anyio", "httpx", "pydantic", "lark_oapi", "starlette", "uvicorn", "sqlite3", "imageio_ffmpeg", "textual"}


def test_importing_the_package_imports_nothing_heavy_and_none_of_its_own_modules() -> None:
    script = "import sys, cozebatch\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint(HEAVY)
    assert {name for name in loaded if name.startswith("cozebatch")} == {"cozebatch"}


@pytest.mark.parametrize("name", cozebatch.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(cozebatch, name) is not None
    assert name in dir(cozebatch)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Walker'"):
        _ = cozebatch.Walker  # type: ignore[attr-defined]


def test_the_names_for_type_checkers_are_the_public_ones() -> None:
    """A name imported only for type checkers would fail at runtime."""
    tree = ast.parse(Path(cozebatch.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported = {name.name for node in imports if (node.module or "").startswith("cozebatch.") for name in node.names}
    assert imported == set(cozebatch.__all__)
    assert set(cozebatch._MODULES) == set(cozebatch.__all__)


def test_the_example_runs_three_tasks_to_their_end() -> None:
    done = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, check=True, timeout=100)
    first, *moves, last = done.stdout.splitlines()
    assert first == "executions to pay for: 3"
    assert sum(move.endswith("-> done") for move in moves) == 3
    assert last.startswith("finished ")


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_example_stands_in_the_readme_as_it_runs(readme: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks == [EXAMPLE.read_text(encoding="utf-8")]
