"""A file that is an input of a workflow, as it stands in a task and on record: by what is in it, not by where it lies
or what Coze calls it. So the same content is recognized as paid for, wherever it lies at the next start. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text

MOST_BYTES = 512 * 1024 * 1024
"""What Coze takes in one upload (docs/coze.md)."""
MOST_FILES = 50
"""Files of one input."""

BAD: Mapping[str, Text] = MappingProxyType(
    {
        "missing": Text("找不到文件", "there is no such file"),
        "outside": Text("不在任务文件所在的文件夹里", "it is outside the task file's folder"),
        "special": Text("不是普通文件", "it is no regular file"),
        "unreadable": Text("无法读取", "it cannot be read"),
        "empty": Text("是空文件（0 字节）", "it is empty (0 bytes)"),
        "large": Text("超过扣子的上限 512 MB", "it is larger than the 512 MB that Coze takes"),
        "type": Text("类型不对", "it is of another type"),
        "words": Text("不是附件，也不是网址", "it is neither an attachment nor an address"),
        "undeclared": Text("查不到哪些输入要文件", "which inputs of the workflow take files could not be read"),
        "many": Text(f"一个输入最多 {MOST_FILES} 个文件", f"one input takes {MOST_FILES} files at most"),
    }
)
"""Why a file cannot be an input."""

_GOOD = re.compile(r"file:sha256:([0-9a-f]{64}):(\d{1,12}):(.*)")
_ATTACHED = re.compile(r"file:feishu:([0-9A-Za-z_-]{1,120}):(\d{0,12}):(.*)")
_WRONG = re.compile(r"file:bad:([a-z]+):(.*)")
MOST_NAME = 120


@dataclass(frozen=True, slots=True)
class FileRef:
    """`sha256` in hexadecimal, `size` in bytes. `bad`: a key of `BAD`; there is no content then. `token`: Feishu's own
    name of an attachment, whose content never changes and is not here yet."""

    name: str
    sha256: str = ""
    size: int = 0
    bad: str = ""
    token: str = ""

    @property
    def key(self) -> str:
        """What its content is known by."""
        return self.sha256 or (f"feishu:{self.token}" if self.token else "")

    @property
    def identity(self) -> str:
        """The same for the same content, whatever the file is called."""
        size = 0 if self.token else self.size
        return FileRef("", self.sha256, size, self.bad, self.token).to_text() if self.key else self.to_text()

    def to_text(self) -> str:
        name = clean(self.name, MOST_NAME)
        if self.token:
            return f"file:feishu:{self.token}:{self.size or ''}:{name}"
        return f"file:bad:{self.bad}:{name}" if self.bad else f"file:sha256:{self.sha256}:{self.size}:{name}"

    @property
    def error(self) -> ErrorInfo:
        """Why this row cannot be run. Nothing was paid for it."""
        why, name = BAD[self.bad], clean(self.name, MOST_NAME)
        message = Text(f"输入文件 {name} {why.zh}。没有扣费。", f"Input file {name}: {why.en}. Not charged.")
        hint = Text("改好这个任务的文件，再跑一次。", "Correct the task's file, then run it again.")
        return ErrorInfo(Category.SOURCE, message, hint=hint)


def file_refs(value: str) -> Sequence[FileRef]:
    """The files that a value names, one a line; lines that name none (addresses) are left out."""
    found = []
    for line in value.splitlines():
        if match := _GOOD.fullmatch(line):
            found.append(FileRef(match[3], match[1], int(match[2])))
        elif match := _ATTACHED.fullmatch(line):
            found.append(FileRef(match[3], size=int(match[2] or 0), token=match[1]))
        elif (match := _WRONG.fullmatch(line)) and match[1] in BAD:
            found.append(FileRef(match[2], bad=match[1]))
    return found


def as_identities(value: str) -> str:
    """The value with each file named by its content alone: equal for equal contents. Other lines stay."""
    return "\n".join(next((ref.identity for ref in file_refs(line)), line) for line in value.splitlines())


def is_all_files(value: str) -> bool:
    """Whether every line stands for a file."""
    lines = value.splitlines()
    return bool(lines) and all(file_refs(line) for line in lines)
