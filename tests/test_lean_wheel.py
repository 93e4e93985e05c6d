"""What the wheel leaves out (`.ci/without_comments.py`) changes nothing that runs, and no line's number."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

from without_comments import PACKAGES, keeps_docstrings, lean, public_modules

ROOT = Path(__file__).parents[1]
MODULES = [path for folder in PACKAGES for path in sorted((ROOT / folder).rglob("*.py"))]
PUBLIC = public_modules(ROOT / "core/cozebatch")


class _Bare(ast.NodeTransformer):
    """Without strings that are statements, and without the `...` that stands for one."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        value = node.value.value if isinstance(node.value, ast.Constant) else None
        return None if value is ... or isinstance(value, str) else node


def _runs(source: str) -> tuple[str, list[int]]:
    """What is run, and on which lines."""
    tree = _Bare().visit(ast.parse(source))
    return ast.dump(tree), [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]


def _comments(source: str) -> list[str]:
    return [t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT]


def test_every_module_runs_as_before_and_every_line_keeps_its_number() -> None:
    for path in MODULES:
        source = path.read_text(encoding="utf-8")
        copy = lean(source, docstrings=False)
        assert _runs(copy) == _runs(source), path
        assert _comments(copy) == [], path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('class A(B): """Said."""\n', "class A(B): ...\n"),
        ('def f():\n    """Said."""\n', "def f():\n    ...\n"),
        ('def f():\n    """Said\n    on."""\n    return 1\n', "def f():\n\n\n    return 1\n"),
        ('名 = 1; "说明"; b = 2\n', "名 = 1; ...; b = 2\n"),
        ('a = "# 不是注释"  # 注释\n', 'a = "# 不是注释"\n'),
        ('"""Module."""\nx: int = 1\n"""Of it."""\n', "\nx: int = 1\n"),
        ('if a:\n    "only"\nelse:\n    "this"\n', "if a:\n    ...\nelse:\n    ...\n"),
    ],
)
def test_strings_and_comments_leave_no_trace(source: str, expected: str) -> None:
    assert lean(source, docstrings=False) == expected


def test_what_a_library_is_looked_up_by_stays() -> None:
    assert {"", "batch.batch", "batch.wiring", "model.events", "settings"} <= PUBLIC
    source = '"""Said."""\n'
    named = ("batch.batch", "ports.services", "settings.load")
    assert all(keeps_docstrings("cozebatch", name, source, PUBLIC) for name in named)
    model = (ROOT / "core" / "cozebatch" / "settings" / "model.py").read_text(encoding="utf-8")
    assert keeps_docstrings("cozebatch", "settings.model", model, PUBLIC)
    assert not keeps_docstrings("cozebatch", "settings.jsonc", source, PUBLIC)
    assert not keeps_docstrings("cozebatch", "journal.lock", source, PUBLIC)
    assert not keeps_docstrings("cozebatch_tui", "", source, PUBLIC)
    assert keeps_docstrings("cozebatch", "demo.__main__", "print(__doc__)\n", PUBLIC)
    assert lean('"""Said."""  # why\n', docstrings=True) == source
