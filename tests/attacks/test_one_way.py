"""Everything that writes or removes files goes through `cozebatch.disk`; JSON from outside through `bounds`.

The exceptions are listed with their reasons; a new call has to be brought under the module or listed here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import cozebatch
import cozebatch_tui

ROOTS = [Path(module.__file__ or "").parent for module in (cozebatch, cozebatch_tui)]

CHANGING = {
    "unlink", "rmtree", "rmdir", "removedirs", "rename", "renames", "link", "symlink", "symlink_to", "hardlink_to",
    "write_text", "write_bytes", "mkdir", "makedirs", "mkstemp", "mkdtemp", "copyfile", "copy2", "copytree",
    "TemporaryDirectory", "NamedTemporaryFile", "touch", "truncate", "chmod",
}  # fmt: skip

SCRATCH = "inside a scratch folder of this process: made exclusively, with a random name, for its owner alone"
TEMPORARY = "in the system's folder for temporary files, under a random name"
ALLOWED = {
    ("tui/screen/widgets/figures.py", "truncate"): "shortens a text on the screen, no file",
    ("tui/screen/widgets/task_cards.py", "truncate"): "shortens a text on the screen, no file",
    ("engine/text_outbox.py", "write_text"): "the port that writes a title and a script into the table",
    ("demo/clips.py", "mkdir"): TEMPORARY,
    ("demo/clips.py", "mkdtemp"): TEMPORARY,
    ("demo/clips.py", "rmtree"): TEMPORARY,
    ("tui/commands/configure.py", "TemporaryDirectory"): TEMPORARY,
    ("synthesis/subtitles/prepare.py", "mkdir"): SCRATCH,
    ("synthesis/subtitles/prepare.py", "write_text"): SCRATCH,
    ("synthesis/subtitles/prepare.py", "symlink_to"): SCRATCH,
    ("synthesis/subtitles/prepare.py", "copyfile"): SCRATCH,
    ("synthesis/process/command.py", "mkdir"): SCRATCH,
    ("synthesis/process/command.py", "write_text"): SCRATCH,
    ("synthesis/draft/build.py", "write_text"): SCRATCH,
    ("synthesis/draft/media.py", "mkdir"): SCRATCH,
    ("synthesis/draft/media.py", "open_file"): SCRATCH,
    ("synthesis/draft/media.py", "link"): SCRATCH,
    ("synthesis/draft/render.py", "mkdir"): SCRATCH,
    ("synthesis/draft/render.py", "rename"): SCRATCH,
    ("synthesis/draft/render.py", "write_text"): SCRATCH,
    ("synthesis/video/stills.py", "copyfile"): SCRATCH,
    ("journal/opening.py", "chmod"): "of the journal's files, right after `refuse_links` has looked at them",
    ("synthesis/process/worker.py", "fdopen"): "the pipe to the engine",
    ("feishu/attachments.py", "truncate"): "of a file in the state folder that has no name",
    ("synthesis/download/part_file.py", "truncate"): "of a file that `disk.open_own` has opened",
}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Everything in the program's source, with the file it stands in."""
    for root, prefix in zip(ROOTS, ("", "tui/"), strict=True):
        for path in sorted(root.rglob("*.py")):
            place = prefix + path.relative_to(root).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield place, node


def changes(node: ast.AST) -> str | None:
    """The name of what changes a disk in this node: a call of that name, or `os.…` handed on to be called."""
    if isinstance(node, ast.Attribute) and node.attr in CHANGING | {"replace"} and isinstance(node.value, ast.Name):
        return node.attr if node.value.id in ("os", "shutil", "tempfile") else None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
    opens = name in ("open", "open_file", "fdopen") and opens_to_write(node)
    return name if name in CHANGING or opens else None


def opens_to_write(call: ast.Call) -> bool:
    """Whether a call of `open` has a mode that writes."""
    place = 0 if isinstance(call.func, ast.Attribute) and call.func.attr == "open" else 1
    modes = [*call.args[place : place + 1], *(word.value for word in call.keywords if word.arg == "mode")]
    texts = [node.value for node in modes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return any(set(text) <= set("rwaxbt+U") and set(text) & set("wax+") for text in texts)


def test_every_change_on_a_disk_goes_through_the_disk_module() -> None:
    found = {
        (place, name)
        for place, node in nodes()
        if not place.startswith("disk/") and (name := changes(node)) is not None
    }
    assert found == set(ALLOWED), "bring it under cozebatch.disk, or list it with the reason why not"


def test_the_check_sees_what_it_is_for() -> None:
    bad = "Path('x').open('w'); open('x', 'r+b'); open('x'); open('x', mode='ab'); Path('w').open()"
    bad += "; path.unlink(); run(os.rename, a, b); os.replace(a, b); text.replace(a, b); shutil.copyfileobj(a, b)"
    assert sorted(filter(None, map(changes, ast.walk(ast.parse(bad))))) == [
        *("open", "open", "open", "rename", "replace", "unlink")
    ]


OWN_JSON = {
    "bounds/json_values.py": "the reader itself",
    "settings/jsonc.py": "names line and column; bounded there in the same way",
    "importing/reading.py": "names line and column; bounded there in the same way",
    "importing/legacy_format.py": "reprs of Python beside JSON, in strings of a document that was bounded",
    "journal/": "what the journal itself wrote",
    "synthesis/draft/": "what pyJianYingDraft has just written",
}


def test_json_from_outside_is_read_by_the_bounded_reader() -> None:
    found = {
        place
        for place, node in nodes()
        if isinstance(node, ast.Attribute)
        and node.attr in ("loads", "load")
        and getattr(node.value, "id", "") == "json"
        and not place.startswith("demo/")
    }
    assert [place for place in sorted(found) if not any(place.startswith(known) for known in OWN_JSON)] == []
