"""Every text of the package is shown somewhere: a text that nothing refers to is found here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import cozebatch
import cozebatch_tui

PACKAGES = (Path(cozebatch.__file__).parent, Path(cozebatch_tui.__file__).parent)


def modules() -> dict[str, ast.Module]:
    """Every module of the two packages by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            parts = path.relative_to(package.parent).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def is_text(value: ast.expr | None) -> bool:
    """Whether an expression is a `Text`, or a table of them."""
    if isinstance(value, ast.Dict):
        return any(is_text(inner) for inner in value.values)
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Text"


def texts(tree: ast.Module) -> Iterator[str]:
    """The names of the texts that a module holds."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_text(node.value):
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def references(module: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What a module refers to, as (module, name): its own names, what it imports, and attributes of what it imports."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.module, alias.name
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield module, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
            yield imported[node.value.id], node.attr


def unused(found: dict[str, ast.Module]) -> list[str]:
    """Texts that no module refers to."""
    used = {reference for name, tree in found.items() for reference in references(name, tree)}
    return sorted(f"{name}.{text}" for name, tree in found.items() for text in texts(tree) if (name, text) not in used)


def test_every_text_is_referred_to() -> None:
    found = modules()
    assert sum(1 for tree in found.values() for _ in texts(tree)) > 400
    assert unused(found) == []


def test_a_text_that_nothing_refers_to_is_found() -> None:
    sources = {
        "a.locale": 'A = Text("甲", "a")\nB = Text("乙", "b")\nC: Final = {1: Text("丙", "c")}',
        "a.screen": "from a import locale as words\nfrom a.locale import C\nprint(words.A)",
        "a.other": "import b\nprint(b.words.B)",
    }
    assert unused({name: ast.parse(source) for name, source in sources.items()}) == ["a.locale.B"]
