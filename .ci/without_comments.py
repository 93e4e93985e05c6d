"""A hook of the build: modules of the wheel come without comments, and internal ones without docstrings.

These are a fifth of the wheel, and whoever runs the program reads neither. Every line keeps its number, so that a
traceback fits the sources. What a library is looked up by stays: the docstrings of modules that define public names
(`cozebatch.__all__`), of the ports and of the settings' models. An editable install and the sdist have the sources as
they are.
"""

from __future__ import annotations

import ast
import io
import shutil
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGES = {"core/cozebatch": "cozebatch", "tui/cozebatch_tui": "cozebatch_tui"}


def lean(source: str, *, docstrings: bool) -> str:
    """The source without comments; with `docstrings` false also without strings that stand alone as a statement."""
    kept = source if docstrings else _without_strings(source)
    lines = kept.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(kept).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(lines).rstrip("\n") + "\n"


def _without_strings(source: str) -> str:
    lines = [line.encode() for line in source.split("\n")]  # `ast` counts bytes
    for string, is_needed in _strings(ast.parse(source)):
        first, last = string.lineno - 1, (string.end_lineno or string.lineno) - 1
        before, after = lines[first][: string.col_offset], lines[last][string.end_col_offset :]
        for row in range(first, last + 1):
            lines[row] = b""
        lines[first] = (before + b"..." if is_needed or before.strip() else b"") + after
    return b"\n".join(lines).decode()


def _strings(tree: ast.AST) -> Iterator[tuple[ast.Expr, bool]]:
    """Each string that is a statement, and whether its block needs something in its place."""
    for node in ast.walk(tree):
        for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
            if not isinstance(block, list):
                continue
            found = [s for s in block if isinstance(s, ast.Expr) and _is_string(s.value)]
            alone = len(found) == len(block) and not isinstance(node, ast.Module)
            yield from ((string, alone and string is found[0]) for string in found)


def _is_string(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def public_modules(package: Path) -> frozenset[str]:
    """The modules, by their names in the package, in which its public names are defined."""
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="_MODULES")], value=value):
                return frozenset({"", *ast.literal_eval(value).values()})
    raise ValueError("cozebatch/__init__.py names no _MODULES")


def keeps_docstrings(package: str, module: str, source: str, public: frozenset[str]) -> bool:
    """`module`: its name in the package. A module that reads its docstring keeps it, too; those of the settings' models
    are the descriptions in the schema, and `settings.load` defines what `settings` makes public."""
    if "__doc__" in source:
        return True
    if package != "cozebatch":
        return False
    return module in public or module.partition(".")[0] == "ports" or _of_settings(module, source)


def _of_settings(module: str, source: str) -> bool:
    return module == "settings.load" or (module.startswith("settings.") and "(SettingsModel)" in source)


class CustomBuildHook(BuildHookInterface[Any]):
    """Puts lean copies in the modules' places."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root, copies = Path(self.root), Path(self.directory) / "lean"
        public = public_modules(root / "core/cozebatch")
        for folder, package in PACKAGES.items():
            for path in sorted((root / folder).rglob("*.py")):
                place = path.relative_to(root / folder)
                name = ".".join(place.with_suffix("").parts).removesuffix("__init__").rstrip(".")
                source = path.read_text(encoding="utf-8")
                docstrings = keeps_docstrings(package, name, source, public)
                copy = copies / package / place
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(lean(source, docstrings=docstrings), encoding="utf-8")
                build_data["force_include"][str(copy)] = f"{package}/{place.as_posix()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        shutil.rmtree(Path(self.directory) / "lean", ignore_errors=True)
